"""The engine: follows Asterisk, keeps the state, and tells whoever subscribed.

The AMI reader only puts messages into a queue; one task takes them out, applies them to the state
and hands the domain events to the pops, the wrap-ups, the bus and the journal, in this order.
Commands go to Asterisk; the state changes when Asterisk says that it did.
"""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from typing import Final, Generic, Literal, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import structlog

from cti import ami_events, commands, metrics, views
from cti.agent_policy import MissedCalls
from cti.ami.client import AmiClient, AmiConfig
from cti.ami.framing import Message
from cti.bus import EVENTS, STATUS, Bus, LocalBus, agent_topic
from cti.control import CallControl
from cti.core import events as ev
from cti.core import fold, records, resync
from cti.core.agents import Agent, Membership
from cti.core.ids import AgentId, CallId
from cti.core.pseudonym import pseudonym
from cti.core.world import Rules, World
from cti.errors import AmiError, CommandError
from cti.escalation import EVERY, Escalations
from cti.history.away import AwayCalls
from cti.history.figures import Figures
from cti.history.keeper import HistoryKeeper
from cti.journal.writer import JournalWriter
from cti.link import Link, take_picture
from cti.pops import PopDesk, PopRaised
from cti.ports import Books, CustomerBriefs, Journal
from cti.wrap_up import WrapUps

_log = structlog.get_logger(__name__)

BriefT = TypeVar("BriefT")
QueueMembership = Membership

_RETRY_PICTURE: Final = 0.5
_REPAIR_EVERY: Final = 10.0
"""Seconds between resynchronisations that refused events cause, at least."""
_HOUSEKEEPING: Final = 60.0
_SETTLE: Final = 2.0
"""Seconds that a command waits for the events that show its effect."""


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the engine; durations in seconds."""

    ami: AmiConfig
    rules: Rules
    server: str = ""
    """Name of the Asterisk (its ``systemname``) until its first event tells it."""
    brief_deadline: float = 0.3
    """How long a pop waits for its brief when the phone rings already."""
    longest_wrap_up: float = 1800.0
    """Up to where an agent may extend a wrap-up, from its beginning."""
    zone: ZoneInfo = ZoneInfo("Asia/Shanghai")
    """Clocks of the intervals in which figures are summed."""
    missed_calls: int = 2
    """An agent who missed so many calls in a row is paused; 0: never."""


class _Ready(msgspec.Struct, frozen=True):
    pass


class _Down(msgspec.Struct, frozen=True):
    cause: str


class _Picture(msgspec.Struct, frozen=True):
    snapshot: records.Snapshot


class Engine(Generic[BriefT]):
    """The CTI engine of one Asterisk."""

    def __init__(
        self,
        config: EngineConfig,
        *,
        briefs: CustomerBriefs[BriefT],
        journal: Journal,
        books: Books | None = None,
        bus: Bus | None = None,
        clock: Callable[[], float] = time.time,
        link: Callable[..., Link] = AmiClient,
    ) -> None:
        """``clock`` gives seconds since the epoch; it should agree with Asterisk's.

        ``books`` are Asterisk's own records, from which calls are rebuilt that began and ended
        while we were away.  ``link`` makes the connection; :class:`cti.testing.FakeLink` needs
        no Asterisk.
        """
        self._config = config
        self._clock = clock
        self.bus: Bus = bus if bus is not None else LocalBus()
        self.world = World(config.rules)
        self.world.server = config.server
        self._journal = journal
        self._writer = JournalWriter(journal)
        self.history = HistoryKeeper(journal, config.zone)
        self._away = AwayCalls(
            journal, books, self._writer.put, self._writer.flush, self._pseudonym
        )
        self.link: Link = link(
            config.ami,
            on_event=self._put,
            on_ready=lambda: self._put(_Ready()),
            on_down=lambda cause: self._put(_Down(cause)),
        )
        self._pops = PopDesk(briefs, self.bus, clock, self._record, deadline=config.brief_deadline)
        self._wrap_ups = WrapUps(self.link.post, clock, self._wrap_up_over)
        self._escalations = Escalations(self.link.post, clock, self._record)
        self._missed_calls = MissedCalls(self.link.post, config.missed_calls)
        self.control = CallControl(self.link, self.world, self._until)
        """Transfers, consultations, conferences."""
        self._inbox: asyncio.Queue[Message | _Ready | _Down | _Picture] = asyncio.Queue()
        self._held: list[Message] | None = None
        """Events that wait for the picture of Asterisk; ``None`` when in step."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._picture: asyncio.Task[None] | None = None
        self._ready = False
        self._down_cause = "not connected yet"
        self._rejected = 0
        self._last_repair = float("-inf")
        self._in_step = asyncio.Event()
        self._unspread: deque[ev.DomainEvent] = deque()
        self._spreading = False
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []

    # --- life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Restore what the journal tells, and begin to connect; returns at once."""
        await self.history.start()
        await self.history.restore(self.world)
        self._away.away_since(self.history.ended_at)
        self._writer.start()
        self._spawn(self._apply_all(), "cti-apply")
        self._spawn(self._keep_house(), "cti-housekeeping")
        self._spawn(self._escalate(), "cti-escalation")
        await self.link.start()

    async def stop(self) -> None:
        """Disconnect and write the last events; Asterisk and its calls go on."""
        await self.link.stop()
        self._wrap_ups.stop()
        await self._pops.stop()
        for task in list(self._tasks):
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self._writer.stop()
        await self.history.stop()
        metrics.CONNECTED.set(0)

    async def wait_in_step(self) -> None:
        """Return when the state equals Asterisk's."""
        await self._in_step.wait()

    async def flush(self) -> None:
        """Return when every event so far is durable in the journal."""
        await self._writer.flush()

    async def figures(self, since: float, until: float) -> Figures:
        """Return the figures of the quarters of an hour that begin in ``[since, until)``.

        They are those of the journal, up to now.  Raises :class:`cti.errors.JournalError`.
        """
        await self.flush()
        return await self.history.figures(since, until)

    def _pseudonym(self, presented: str) -> str:
        rules = self._config.rules
        return pseudonym(rules.to_e164(presented), rules.pseudonym_key)

    def _spawn(self, work: Coroutine[object, object, None], name: str) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name=name)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task

    # --- what others see ----------------------------------------------------------------------

    def snapshot(self) -> views.Snapshot:
        """Return agents, queues and calls as they are now."""
        return views.snapshot(self.world, self._clock())

    def agent(self, agent_id: AgentId) -> views.AgentView:
        """Return one agent; logged out if never seen."""
        now = self._clock()
        return views.agent_view(self.world.agent(agent_id, now), now)

    def pop_of(self, agent_id: AgentId) -> PopRaised[BriefT] | None:
        """Return the pop that the agent's console should show now, e.g. after a page reload."""
        return self._pops.pop_of(agent_id)

    def health(self) -> views.Health:
        """Return how the engine itself is."""
        ami = "in_step" if self._in_step.is_set() else "connected" if self._ready else "down"
        return views.Health(
            ami=ami,  # type: ignore[arg-type] # one of the three literals
            detail="" if self._ready else _ADVICE.get(self._down_cause, self._down_cause),
            asterisk=self.world.server,
            journal=self._writer.status,
            journal_waiting=self._writer.waiting,
            rejected=self._rejected,
        )

    # --- commands -----------------------------------------------------------------------------

    async def sign_in(
        self, agent_id: AgentId, interface: str, queues: Sequence[QueueMembership], by: str = ""
    ) -> None:
        """Make the agent, on this phone, a member of exactly these queues.

        ``by`` names who orders it, if not the agent; so in the other commands.
        Raises :class:`cti.errors.CommandError` or :class:`cti.errors.AmiError`.
        """
        self.world.order(agent_id, "available", by)
        await commands.sign_in(self.link, self.world, agent_id, interface, queues)
        wanted = {m.queue for m in queues}
        await self._until(lambda: {m.queue for m in self._agent(agent_id).memberships} == wanted)

    async def sign_out(self, agent_id: AgentId, by: str = "") -> None:
        """End all memberships; a call that runs goes on."""
        self.world.order(agent_id, "logged_out", by)
        await commands.sign_out(self.link, self.world, agent_id)
        await self._until(lambda: not self._agent(agent_id).memberships)

    async def pause(self, agent_id: AgentId, reason: str, by: str = "") -> None:
        """Give the agent no more calls; during a call or wrap-up this holds from its end."""
        self.world.order(agent_id, "paused", by)
        await commands.pause(self.link, self.world, agent_id, reason)
        await self._until(lambda: bool(self._agent(agent_id).pause_reason))

    async def ready(self, agent_id: AgentId, by: str = "") -> None:
        """End the agent's wrap-up or pause; nothing happens if there is none."""
        now = self._clock()
        self.world.order(agent_id, "available", by)
        with self._changes():
            who: Literal["agent", "supervisor"] = "supervisor" if by else "agent"
            wrapped_up = commands.end_wrap_up(self.world, agent_id, now, who)
        if not wrapped_up:
            await commands.end_pause(self.link, self.world, agent_id)
        await self._until(lambda: not self._agent(agent_id).pause_reason)

    def extend_wrap_up(self, agent_id: AgentId, seconds: float) -> float:
        """Let the wrap-up run longer and return when it ends now (seconds since the epoch)."""
        with self._changes():
            return commands.extend_wrap_up(
                self.world, agent_id, seconds, self._config.longest_wrap_up, self._clock()
            )

    def dispose(
        self, agent_id: AgentId, call_id: CallId, disposition: str, *, ready: bool = True
    ) -> None:
        """Note what became of the call; with ``ready`` this also ends the agent's wrap-up."""
        with self._changes():
            now = self._clock()
            commands.dispose(self.world, agent_id, call_id, disposition, now)
            if ready and self.world.agent(agent_id, now).call_id == call_id:
                self.world.end_wrap_up(agent_id, now, "agent")

    def _agent(self, agent_id: AgentId) -> Agent:
        return self.world.agent(agent_id, self._clock())

    async def _until(self, predicate: Callable[[], bool]) -> None:
        """Wait until Asterisk's events show what it has accepted; a short while at most."""
        if predicate():
            return
        waiter = (predicate, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(_SETTLE):
                await waiter[1]
        except TimeoutError:
            _log.warning("cti_command_not_seen")
        finally:
            self._waiters.remove(waiter)

    # --- the way of an event ------------------------------------------------------------------

    def _put(self, item: Message | _Ready | _Down | _Picture) -> None:
        self._inbox.put_nowait(item)

    async def _apply_all(self) -> None:
        while True:
            item = await self._inbox.get()
            metrics.PENDING.set(self._inbox.qsize())
            try:
                self._take(item)
            except Exception:  # noqa: BLE001 -- one bad message must not end the engine
                _log.exception("cti_apply_failed", item=type(item).__name__)

    def _take(self, item: Message | _Ready | _Down | _Picture) -> None:
        match item:
            case Message():
                if self._held is not None:
                    self._held.append(item)
                else:
                    self._apply(item)
            case _Ready():
                self._ready = True
                self._take_picture()
            case _Down():
                self._ready = False
                self._held = None
                self._away.away_since(self._clock())
                self._down_cause = item.cause
                self._set_in_step(False)
            case _Picture():
                self._apply_picture(item.snapshot)

    def _apply(self, message: Message, not_before: float = 0.0) -> None:
        now = self._clock()
        try:
            record = ami_events.decode(message, now)
        except ami_events.MalformedEventError as error:
            metrics.MALFORMED.inc()
            _log.warning("ami_event_malformed", error=str(error))
            return
        if record is not None and record.at >= not_before:
            self._spread(fold.apply(self.world, record))

    def _record(self, event: ev.DomainEvent) -> None:
        with self._changes():
            self.world.emit(event)

    @contextmanager
    def _changes(self) -> Iterator[None]:
        """Spread what the block does to the world, also if it raises."""
        try:
            yield
        finally:
            self._spread(self.world.take())

    def _spread(self, events: Sequence[ev.DomainEvent]) -> None:
        self._unspread.extend(events)
        if self._spreading:
            return  # a pop or wrap-up made a further event; it has its turn in the loop below
        self._spreading = True
        try:
            self._spread_all()
        finally:
            self._spreading = False
        self.link.hurry(any(not call.over for call in self.world.calls.values()))
        for predicate, future in self._waiters:
            if not future.done() and predicate():
                future.set_result(None)

    def _spread_all(self) -> None:
        while self._unspread:
            event = self._unspread.popleft()
            metrics.EVENTS.labels(type(event).__name__).inc()
            self._pops.on_event(self.world, event)
            self._wrap_ups.on_event(self.world, event)
            self._escalations.on_event(self.world, event)
            self._missed_calls.on_event(self.world, event)
            self.bus.publish(EVENTS, event)
            if isinstance(event, ev.AgentStateChanged | ev.WrapUpExtended):
                self.bus.publish(agent_topic(event.agent_id), event)
            self._writer.put(event)
        for refused in self.world.take_rejections():
            self._rejected += 1
            metrics.REJECTED.labels(refused.what).inc()
            _log.warning("cti_event_refused", what=refused.what, why=refused.why)
            self._repair()

    def _wrap_up_over(self, agent_id: AgentId) -> None:
        with self._changes():
            self.world.end_wrap_up(agent_id, self._clock(), "timer")

    # --- keeping in step ----------------------------------------------------------------------

    def _take_picture(self) -> None:
        self._held = self._held or []
        if self._picture is not None:
            self._picture.cancel()
        self._picture = self._spawn(self._draw(), "cti-resync")

    async def _draw(self) -> None:
        while self._ready:
            try:
                picture = await take_picture(self.link, self.world.server, self._clock)
            except (AmiError, CommandError, ami_events.MalformedEventError) as error:
                _log.warning("cti_resync_failed", error=str(error))
                await asyncio.sleep(_RETRY_PICTURE)
            else:
                self._put(_Picture(picture))
                return

    def _apply_picture(self, snapshot: records.Snapshot) -> None:
        if not self._ready:
            return
        metrics.RESYNCS.inc()
        self._spread(resync.apply_snapshot(self.world, snapshot))
        self._wrap_ups.reconcile(self.world, snapshot)
        held, self._held = self._held or [], None
        for message in held:
            # What is older than the picture is in it already.
            self._apply(message, not_before=snapshot.at)
        self._set_in_step(True)
        self._spawn(self._away.fill(snapshot.at, self.world.server), "cti-rebuild")

    def _repair(self) -> None:
        """Take a fresh picture, because the state and Asterisk's events contradict each other."""
        now = time.monotonic()
        if self._in_step.is_set() and now - self._last_repair > _REPAIR_EVERY:
            self._last_repair = now
            self._take_picture()

    def _set_in_step(self, in_step: bool) -> None:
        metrics.CONNECTED.set(int(in_step))
        if in_step == self._in_step.is_set():
            return
        if in_step:
            self._in_step.set()
        else:
            self._in_step.clear()
        self.bus.publish(STATUS, self.health())

    async def _escalate(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if self._in_step.is_set():
                try:
                    self._escalations.look(self.world)
                except Exception:  # noqa: BLE001 -- the next second looks again
                    _log.exception("escalation_failed")

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(_HOUSEKEEPING)
            self.world.forget(self._clock())


_ADVICE: Final = {
    "closed": "Asterisk closed the connection; it is being restored",
    "frozen": "Asterisk did not answer for 2 s; is it overloaded or stopped?",
    "login_refused": "Asterisk refused our account; check [ami] in the settings and manager.conf",
    "protocol": "the port speaks no AMI; check host and port in the settings",
}
