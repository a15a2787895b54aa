"""The console's view of :class:`cti.engine.Engine`: an :class:`agent_console.ports.EnginePort`.

Its events become messages for desks, and agents' commands become the engine's.  Delivery is direct
(:class:`ConsoleBus`), so that the journal learns how many pages a pop really reached.
"""

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, Final

import msgspec
import structlog

from agent_console import messages as m
from agent_console.cti_pops import WITHDRAWN, queue_line, wire_pop
from agent_console.errors import CommandRefusedError
from agent_console.ports import Addressed, Clock, Feed, Listener, Resynchronised
from cti import errors as cti_errors
from cti import pops
from cti.bus import EVENTS, LocalBus
from cti.core import events as ev
from cti.core.agents import Membership
from cti.core.ids import AgentId, CallId
from cti.engine import Engine
from cti.views import queue_view

log = structlog.get_logger(__name__)

_QUEUES_EVERY_S: Final = 0.25
"""Queue summaries are gathered for so long."""


class ConsoleBus(LocalBus):
    """The engine's bus, with a tap through which every message reaches the console at once.

    ``publish`` counts the pages that the tap reached among the subscribers.
    """

    def __init__(self) -> None:
        """Start without a tap."""
        super().__init__()
        self._tap: Callable[[object], int] | None = None

    def tap(self, tap: Callable[[object], int] | None) -> None:
        """Hand every message of agents' topics and of :data:`cti.bus.EVENTS` to ``tap``."""
        self._tap = tap

    def publish(self, topic: str, message: object) -> int:
        """Hand ``message`` to the tap and to the topic's subscribers."""
        reached = 0
        if self._tap is not None and (topic == EVENTS or not isinstance(message, ev.Event)):
            try:
                reached = self._tap(message)
            except Exception:
                # Whatever breaks in a page's message, the engine must go on.
                log.exception("console_delivery_failed", message=type(message).__name__)
        return reached + super().publish(topic, message)


class Duty(msgspec.Struct, frozen=True, kw_only=True):
    """Where an agent takes calls: on which phone, in which queues."""

    interface: str
    """For instance ``PJSIP/1001``."""
    queues: Sequence[Membership]


Duties = Callable[[str], Awaitable[Duty | None]]
"""Returns the duty of an agent id; ``None`` if the agent has no phone or no queue."""


class CtiEngine:
    """Adapts the engine, whose bus has to be the :class:`ConsoleBus` given here."""

    def __init__(self, engine: Engine[Any], bus: ConsoleBus, duties: Duties, clock: Clock) -> None:
        if engine.bus is not bus:
            raise ValueError("give the engine this very bus: Engine(..., bus=bus)")
        self._engine = engine
        self._bus = bus
        self._duties = duties
        self._clock = clock
        self._listener: Listener | None = None
        self._with_agent: dict[str, set[str]] = {}
        """Calls on agents' desks that the agents answered."""
        self._queues: m.QueueSummary | None = None
        self._queue_timer: asyncio.TimerHandle | None = None

    # --- what pages see ------------------------------------------------------------------------

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Follow the engine; one listener at a time."""
        self._listener = listener
        self._bus.tap(self._take)

        def stop() -> None:
            self._bus.tap(None)
            self._listener = None
            if self._queue_timer is not None:
                self._queue_timer.cancel()
                self._queue_timer = None

        return stop

    def picture(self, agent_id: str) -> m.Snapshot:
        """Return what stands on the agent's desk now."""
        now = self._clock()
        agent = self._engine.world.agent(AgentId(agent_id), now)
        status = _status(agent.state, agent.since, agent.reason)
        wrap_up = None
        if agent.state == "wrap_up" and agent.call_id and agent.wrap_up_until is not None:
            wrap_up = self._wrap_up(agent_id, agent.call_id)
        shown = self._engine.pop_of(AgentId(agent_id))
        stand: tuple[m.Pop, ...] = ()
        if shown is not None:
            call = self._engine.world.calls.get(shown.call_id)
            over = wrap_up is not None and wrap_up.call_id == shown.call_id
            stand = (wire_pop(shown, call, self._number(shown), ended=over),)
            if shown.connected:
                self._with_agent.setdefault(agent_id, set()).add(shown.call_id)
        return m.Snapshot(status=status, pops=stand, wrap_up=wrap_up, queues=self.queues().queues)

    def queues(self) -> m.QueueSummary:
        """Return all queues as they are now."""
        now, world = self._clock(), self._engine.world
        names = sorted(name for name in world.queues if name)
        return m.QueueSummary(
            queues=tuple(queue_line(queue_view(world, name, now), now) for name in names)
        )

    # --- commands ------------------------------------------------------------------------------

    async def sign_out(self, agent_id: str) -> None:
        """Take the agent out of the queues."""
        with _refusals():
            await self._engine.sign_out(AgentId(agent_id))

    async def set_available(self, agent_id: str) -> None:
        """Sign the agent in where needed, and end a pause."""
        with _refusals():
            await self._sign_in(agent_id)
            await self._engine.ready(AgentId(agent_id))

    async def pause(self, agent_id: str, reason: str) -> None:
        """Sign the agent in where needed, and pause them."""
        with _refusals():
            await self._sign_in(agent_id)
            await self._engine.pause(AgentId(agent_id), reason)

    async def ready(self, agent_id: str) -> None:
        """End the agent's wrap-up now."""
        with _refusals():
            await self._engine.ready(AgentId(agent_id))

    async def extend_wrap_up(self, agent_id: str, seconds: float) -> None:
        """Lengthen the agent's wrap-up."""
        with _refusals():
            self._engine.extend_wrap_up(AgentId(agent_id), seconds)

    async def dispose(self, agent_id: str, call_id: str, code: str) -> None:
        """Note how the call ended; the wrap-up goes on."""
        with _refusals():
            self._engine.dispose(AgentId(agent_id), CallId(call_id), code, ready=False)

    async def _sign_in(self, agent_id: str) -> None:
        if self._engine.world.agent(AgentId(agent_id), self._clock()).memberships:
            return
        duty = await self._duties(agent_id)
        if duty is None:
            raise CommandRefusedError("no_duty", f"agent {agent_id} has no phone or no queue")
        await self._engine.sign_in(AgentId(agent_id), duty.interface, duty.queues)

    # --- the way of a message ------------------------------------------------------------------

    def _take(self, message: object) -> int:
        if self._listener is None:
            return 0
        if isinstance(message, ev.Event):
            self._note_queues()
        return sum(self._listener(item) for item in self._translate(message))

    def _translate(self, message: object) -> Iterator[Feed]:
        match message:
            case pops.PopRaised(agent_id=agent, call_id=call_id):
                call = self._engine.world.calls.get(call_id)
                pop = wire_pop(message, call, self._number(message))
                yield Addressed(agent_id=agent, message=m.PopRaised(pop=pop))
            case pops.PopCompleted(agent_id=agent, call_id=call_id, brief=brief):
                card = None if brief is None else m.card_of(brief)
                done = m.PopCompleted(call_id=call_id, customer=card)
                yield Addressed(agent_id=agent, message=done)
            case pops.PopConnected(agent_id=agent, call_id=call_id, at=at):
                self._with_agent.setdefault(agent, set()).add(call_id)
                answered = m.PopConnected(call_id=call_id, connected_at=at)
                yield Addressed(agent_id=agent, message=answered)
            case pops.PopWithdrawn(agent_id=agent, call_id=call_id, cause=cause):
                gone = m.PopWithdrawn(call_id=call_id, reason=WITHDRAWN[cause])
                yield Addressed(agent_id=agent, message=gone)
            case ev.CallCompleted(agent_id=agent, call_id=call_id, at=at):
                yield Addressed(agent_id=agent, message=m.CallEnded(call_id=call_id, ended_at=at))
            case ev.AgentStateChanged():
                yield from self._agent_changed(message)
            case ev.WrapUpStarted() | ev.WrapUpExtended() | ev.CallDisposed():
                wrap_up = self._wrap_up(message.agent_id, message.call_id)
                if wrap_up is not None:
                    yield Addressed(
                        agent_id=message.agent_id, message=m.WrapUpStarted(wrap_up=wrap_up)
                    )
            case ev.WrapUpEnded(agent_id=agent, call_id=call_id, ended_by=ended_by):
                self._with_agent.get(agent, set()).discard(call_id)
                over = m.WrapUpEnded(call_id=call_id, ended_by=ended_by)
                yield Addressed(agent_id=agent, message=over)
            case ev.EngineResynchronised():
                yield Resynchronised()

    def _agent_changed(self, event: ev.AgentStateChanged) -> Iterator[Feed]:
        status = _status(event.state, event.at, event.reason)
        yield Addressed(agent_id=event.agent_id, message=m.AgentStateChanged(status=status))
        # Without a wrap-up (or after a transfer) no other event clears the desk.
        answered = self._with_agent.get(event.agent_id, set())
        for call_id in answered - {event.call_id or ""}:
            answered.discard(call_id)
            gone = m.PopWithdrawn(call_id=call_id, reason="ended")
            yield Addressed(agent_id=event.agent_id, message=gone)

    def _wrap_up(self, agent_id: str, call_id: str) -> m.WrapUp | None:
        agent = self._engine.world.agent(AgentId(agent_id), self._clock())
        if agent.call_id != call_id or agent.wrap_up_until is None:
            return None
        call = self._engine.world.calls.get(CallId(call_id))
        since = agent.since if agent.wrap_up_since is None else agent.wrap_up_since
        return m.WrapUp(
            call_id=call_id,
            started_at=since,
            until=agent.wrap_up_until,
            disposition="" if call is None else call.disposition,
        )

    def _number(self, pop: pops.PopRaised[Any]) -> str:
        return self._engine.world.rules.to_e164(pop.caller_number)

    def _note_queues(self) -> None:
        if self._queue_timer is None:
            loop = asyncio.get_running_loop()
            self._queue_timer = loop.call_later(_QUEUES_EVERY_S, self._tell_queues)

    def _tell_queues(self) -> None:
        self._queue_timer = None
        summary = self.queues()
        if self._listener is not None and summary != self._queues:
            self._queues = summary
            self._listener(Addressed(agent_id=None, message=summary))


def _status(state: ev.AgentState, since: float, reason: str) -> m.AgentStatus:
    # The engine also gives the wrap-up's pause a reason, which tells people nothing.
    return m.AgentStatus(state=state, since=since, reason=reason if state == "paused" else "")


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (cti_errors.AmiError, cti_errors.AsteriskRefusedError) as error:
        raise CommandRefusedError("engine_away", str(error)) from error
    except cti_errors.UnknownCallError as error:
        raise CommandRefusedError("unknown_call", str(error)) from error
    except cti_errors.CommandError as error:
        raise CommandRefusedError("not_now", str(error)) from error
