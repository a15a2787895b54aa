"""All calls, agents and queues at one instant, and the only place where they change.

:class:`World` accepts domain events and agents' inputs, checks them against the state tables and
collects what really happened.  What is refused is counted and changes nothing.
:mod:`cti.core.fold` decides which events a record of Asterisk means, :mod:`cti.core.resync` those
that a whole picture of Asterisk means.
"""

from collections.abc import Callable, Iterable, Mapping
from typing import Final, Literal

import msgspec

from cti.core import events as ev
from cti.core.agents import RESERVED, Agent, AgentInput, Membership, freed, step
from cti.core.calls import Call, advance, arrive
from cti.core.events import AgentState
from cti.core.ids import AgentId, CallbackId, CallId, QueueName
from cti.core.machine import IllegalTransitionError
from cti.core.pseudonym import plain_number, pseudonym
from cti.core.records import CallVars, Device, Leg

_OCCUPIED: Final = ("ringing", "on_call", "on_hold", "wrap_up")
KEPT: Final = 900.0
"""Seconds for which an ended call stays known, so that an agent can still dispose of it."""


class Rules(msgspec.Struct, frozen=True, kw_only=True):
    """What the bank decides about calls; durations in seconds."""

    pseudonym_key: bytes
    wrap_up: Mapping[QueueName, float] = {}
    """Length of the wrap-up by queue; 0 for none."""
    default_wrap_up: float = 30.0
    inbound_contexts: frozenset[str] = frozenset(
        {"from-trunk", "hotline-inbound", "hotline-note", "hotline-outside"}
    )
    """Dialplan contexts in which customers' own channels are born and live before the queue.

    A call that is refused, or given up before it is answered, shows only at its end, and there."""
    to_e164: Callable[[str], str] = plain_number
    """Turns a presented number into E.164, or ``""``."""

    def wrap_up_of(self, queue: QueueName | None) -> float:
        """Return the length of the wrap-up after a call of ``queue``."""
        return (
            self.default_wrap_up
            if queue is None
            else self.wrap_up.get(queue, self.default_wrap_up)
        )


class Trace(msgspec.Struct, kw_only=True):
    """What is known of a living call beside its journal: personal data and half-told facts."""

    channel: str = ""
    caller_number: str = ""
    hangups: set[str] = msgspec.field(default_factory=set)
    """Uniqueids of the legs whose far end asked to hang up."""
    told: CallVars | None = None
    """What its own channel's variables last said."""
    gave_up_at: int | None = None
    """Position at a ``QueueCallerAbandon`` that may also have been a time-out."""


class Wish(msgspec.Struct, frozen=True):
    """Something that a caller or the dialplan told of a callback; no part of the journal."""

    call_id: CallId
    kind: Literal["asked", "declined", "missed"]
    detail: str = ""
    """The number (``asked``), or DIALSTATUS (``missed``)."""


class Journey(msgspec.Struct, frozen=True):
    """Where a call that we place ourselves belongs."""

    journey_id: CallId
    callback_id: CallbackId


class Rejection(msgspec.Struct, frozen=True):
    """Something that the state tables, or common sense, refused."""

    what: str
    why: str


class World:
    """The living state; single-threaded, no I/O, no clock."""

    def __init__(self, rules: Rules) -> None:
        """Start empty: a snapshot of Asterisk fills it."""
        self.rules = rules
        self.calls: dict[CallId, Call] = {}
        self._living: dict[CallId, None] = {}
        """Those of the calls that are not over, oldest first: few, where ``calls`` are many."""
        self.agents: dict[AgentId, Agent] = {}
        self.queues: set[QueueName] = set()
        self.traces: dict[CallId, Trace] = {}
        self.own_legs: dict[str, CallId] = {}
        self.server = ""
        self.rebuilding = False
        """Whether events are concluded from a snapshot rather than seen."""
        self.orders: dict[AgentId, tuple[AgentState, str]] = {}
        """Who ordered which state of an agent, until Asterisk says that it began."""
        self.journeys: dict[CallId, Journey] = {}
        """The calls that begin when a customer answers our callback."""
        self.wishes: list[Wish] = []
        """What was told of callbacks and nobody has taken up yet."""
        self.monitor_legs: dict[str, CallId] = {}
        """The call that each supervisor's leg hears."""
        self.monitors_asked: dict[str, ev.MonitorStarted] = {}
        """The supervisors whose own phone still rings, by their leg; ``at`` is when it began."""
        self._out: list[ev.DomainEvent] = []
        self._rejected: list[Rejection] = []

    def take(self) -> list[ev.DomainEvent]:
        """Return the events since the last call, oldest first."""
        out, self._out = self._out, []
        return out

    def take_rejections(self) -> list[Rejection]:
        """Return what was refused since the last call."""
        out, self._rejected = self._rejected, []
        return out

    def reject(self, what: str, why: str) -> None:
        """Note that something was refused."""
        self._rejected.append(Rejection(what, why))

    def emit(self, event: ev.DomainEvent) -> bool:
        """Let ``event`` happen if the call's table allows it; say whether it did."""
        if isinstance(event, ev.CallEvent):
            try:
                self._apply_to_call(event)
            except IllegalTransitionError as error:
                self.reject(type(event).__name__, str(error))
                return False
        # Nobody else has seen the event yet: it is completed in place, for a copy would cost more.
        if self.rebuilding:
            msgspec.structs.force_setattr(event, "rebuilt", True)
        if self.server and not event.server:
            msgspec.structs.force_setattr(event, "server", self.server)
        self._out.append(event)
        return True

    def _apply_to_call(self, event: ev.CallEvent) -> None:
        if isinstance(event, ev.CallArrived):
            known = self.calls.get(event.call_id)
            revived = known is not None and known.over and (event.rebuilt or self.rebuilding)
            if known is not None and not revived:
                raise IllegalTransitionError("call", known.state, "CallArrived")
            self.put(arrive(event))
            return
        call = self.calls.get(event.call_id)
        if call is None and isinstance(event, ev.CallbackEvent):
            return  # the call in which it was asked for ended long ago
        if call is None:
            raise IllegalTransitionError("call", "unknown", type(event).__name__)
        self._keep(advance(call, event))
        if isinstance(event, ev.MonitorEvent):
            if isinstance(event, ev.MonitorEnded):
                self.monitor_legs.pop(event.monitor_id, None)
            else:
                self.monitor_legs[event.monitor_id] = event.call_id

    def put(self, call: Call) -> None:
        """Take over a call as it is: one that begins, or that is known from a checkpoint."""
        self._keep(call)
        self.own_legs[call.uniqueid] = call.call_id
        for monitor in call.monitors:
            self.monitor_legs[monitor.monitor_id] = call.call_id

    def _keep(self, call: Call) -> None:
        self.calls[call.call_id] = call
        if call.over:
            self._living.pop(call.call_id, None)
        else:
            self._living[call.call_id] = None

    @property
    def any_living(self) -> bool:
        """Whether any customer is there."""
        return bool(self._living)

    def living(self) -> list[Call]:
        """Return the calls that are not over, oldest first."""
        return [self.calls[call_id] for call_id in self._living]

    def move(self, agent_id: AgentId, symbol: AgentInput, at: float, **changes: object) -> bool:
        """Put ``symbol`` into the agent's table; say whether it was legal.

        A call that comes ends a wrap-up that should have kept it off.
        """
        if symbol in ("offered", "answered"):
            self.end_wrap_up(agent_id, at, "resync")
        before = self.agent(agent_id, at)
        try:
            after = step(before, symbol, at, **changes)
        except IllegalTransitionError as error:
            self.reject(symbol, str(error))
            return False
        self.agents[agent_id] = after
        if (after.state, after.reason, after.call_id) != (
            before.state,
            before.reason,
            before.call_id,
        ):
            self.emit(
                ev.AgentStateChanged(
                    at=at,
                    agent_id=agent_id,
                    state=after.state,
                    reason=after.reason,
                    call_id=after.call_id,
                    by=self._ordered_by(agent_id, after.state),
                )
            )
        return True

    def order(self, agent_id: AgentId, state: AgentState, by: str) -> None:
        """Note that somebody else than the agent wants the agent in ``state``."""
        self.orders.pop(agent_id, None)
        known = self.agents.get(agent_id)
        if by and (known is None or known.state != state):
            self.orders[agent_id] = (state, by)

    def _ordered_by(self, agent_id: AgentId, state: AgentState) -> str:
        wanted, by = self.orders.get(agent_id, (None, ""))
        if state != wanted:
            return ""
        del self.orders[agent_id]
        return by

    def set_agent(self, agent_id: AgentId, at: float, **changes: object) -> Agent:
        """Change fields that are not part of the state table."""
        agent = msgspec.structs.replace(self.agent(agent_id, at), **changes)
        self.agents[agent_id] = agent
        return agent

    def free(self, agent_id: AgentId, at: float, *, device: Device | None = None) -> None:
        """Let go of the agent's call or wrap-up; what waits for the agent decides the state."""
        if device is not None:
            self.set_agent(agent_id, at, device=device)
        self.move(agent_id, freed(self.agent(agent_id, at)), at)

    def agent(self, agent_id: AgentId, at: float) -> Agent:
        """Return the agent, as logged out if never seen."""
        return self.agents.get(agent_id) or Agent(agent_id=agent_id, since=at)

    def trace(self, call_id: CallId) -> Trace:
        """Return what is known of the call beside its journal."""
        known = self.traces.get(call_id)
        if known is None:
            known = self.traces[call_id] = Trace()
        return known

    def arrived(self, leg: Leg, at: float) -> Call:
        """Begin the call whose own channel is ``leg``."""
        call_id = CallId(leg.vars.call_id)
        number = self.rules.to_e164(leg.caller_num)
        journey = self.journeys.get(call_id)
        self.emit(
            ev.CallArrived(
                at=at,
                call_id=call_id,
                uniqueid=leg.uniqueid,
                linkedid=leg.linkedid,
                dnis=leg.vars.dnis or leg.exten,
                trunk=leg.vars.trunk,
                caller_pseudonym=pseudonym(number, self.rules.pseudonym_key),
                journey_id=journey.journey_id if journey is not None else None,
                callback_id=journey.callback_id if journey is not None else None,
            )
        )
        self.trace(call_id).told = None
        return self.refresh(call_id, leg)

    def refresh(self, call_id: CallId, leg: Leg) -> Call:
        """Take over what the call's own channel says beside events."""
        trace = self.trace(call_id)
        trace.channel = leg.channel
        trace.caller_number = trace.caller_number or leg.caller_num
        call, v = self.calls[call_id], leg.vars
        if v is trace.told:
            return call
        trace.told = v
        level = v.verified if v.verified in ("none", "number", "pin") else call.verified
        call = msgspec.structs.replace(
            call,
            language=v.language or call.language,
            reason=v.reason or call.reason,
            menu_path=v.menu_path or call.menu_path,
            customer_id=v.customer or call.customer_id,
            verified=level,
        )
        self.calls[call_id] = call
        return call

    def start_wrap_up(self, call: Call, agent_id: AgentId, at: float) -> None:
        """After a conversation: start the wrap-up if the queue has one, else free the agent."""
        length = self.rules.wrap_up_of(call.served_as)
        if call.queue is None or length <= 0 or not self.agent(agent_id, at).memberships:
            self.free(agent_id, at)
            return
        until = at + length
        self.emit(
            ev.WrapUpStarted(
                at=at, call_id=call.call_id, agent_id=agent_id, queue=call.queue, until=until
            )
        )
        self.move(
            agent_id,
            "wrapping",
            at,
            call_id=call.call_id,
            queue=call.queue,
            leg_uniqueid="",
            wrap_up_since=at,
            wrap_up_until=until,
        )

    def end_wrap_up(
        self,
        agent_id: AgentId,
        at: float,
        ended_by: Literal["agent", "timer", "supervisor", "resync"],
    ) -> None:
        """End the agent's wrap-up; nothing happens if none runs."""
        agent = self.agent(agent_id, at)
        if agent.state != "wrap_up":
            return
        if agent.call_id in self.calls:
            since = agent.wrap_up_since if agent.wrap_up_since is not None else agent.since
            self.emit(
                ev.WrapUpEnded(
                    at=at,
                    call_id=CallId(agent.call_id or ""),
                    agent_id=agent_id,
                    wrap_up_time=max(0.0, at - since),
                    ended_by=ended_by,
                )
            )
        self.free(agent_id, at)

    def extend_wrap_up(self, agent_id: AgentId, until: float, at: float) -> None:
        """Let the agent's wrap-up run until ``until``."""
        agent = self.agent(agent_id, at)
        if agent.call_id in self.calls:
            self.emit(
                ev.WrapUpExtended(
                    at=at, call_id=CallId(agent.call_id or ""), agent_id=agent_id, until=until
                )
            )
        self.set_agent(agent_id, at, wrap_up_until=until)

    def restore(self, events: Iterable[ev.DomainEvent]) -> None:
        """Fold stored events into an empty world; a snapshot must follow."""
        for event in events:
            if isinstance(event, ev.CallEvent):
                try:
                    self._apply_to_call(event)
                except IllegalTransitionError as error:
                    self.reject("restore", str(error))
            match event:
                case ev.AgentMissed():
                    known = self.agent(event.agent_id, event.at)
                    self.set_agent(event.agent_id, event.at, misses=known.misses + 1)
                case ev.CallConnected():
                    self.set_agent(event.agent_id, event.at, misses=0)
                case ev.AgentStateChanged():
                    if event.state in ("logged_out", "paused"):
                        self.set_agent(event.agent_id, event.at, misses=0)
                    reason = event.reason if event.state == "paused" else ""
                    if event.state in _OCCUPIED:  # a pause goes on behind a call and its wrap-up
                        behind = self.agent(event.agent_id, event.at).pause_reason
                        reason = "" if behind == RESERVED else behind
                    self.set_agent(
                        event.agent_id,
                        event.at,
                        state=event.state,
                        since=event.at,
                        call_id=event.call_id,
                        pause_reason=reason,
                        memberships=() if event.state == "logged_out" else (_UNKNOWN,),
                    )
                case ev.WrapUpExtended():
                    self.set_agent(event.agent_id, event.at, wrap_up_until=event.until)
                case ev.WrapUpStarted():
                    self.set_agent(
                        event.agent_id,
                        event.at,
                        queue=event.queue,
                        wrap_up_since=event.at,
                        wrap_up_until=event.until,
                    )

    def forget(self, now: float) -> None:
        """Drop the calls that ended long ago."""
        old = [
            c.call_id
            for c in self.calls.values()
            if c.state == "ended" and now - (c.ended_at or c.since) > KEPT
        ]
        for call_id in old:
            self.own_legs.pop(self.calls.pop(call_id).uniqueid, None)
            self.traces.pop(call_id, None)


_UNKNOWN: Final = Membership(QueueName(""))
"""Stands for memberships that the snapshot after a restore will tell."""
