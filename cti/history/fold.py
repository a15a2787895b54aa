"""The fold of the journal: the living state at its end, and the figures on the way.

Pure.  The same events give the same state and figures, whether folded at once or in pieces with a
checkpoint between: everything that the fold remembers is in :class:`State`.
"""

from typing import Final
from zoneinfo import ZoneInfo

import msgspec

from cti.core import events as ev
from cti.core.agents import Agent
from cti.core.calls import Call
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.steps import WAITING
from cti.core.world import Rules, World
from cti.history.figures import (
    QUARTER,
    AgentFigures,
    AgentKey,
    Figures,
    QueueFigures,
    QueueKey,
    milliseconds,
    quarter,
    split,
)
from cti.history.groups import GroupCounter, Trace

FORMAT: Final = 4
"""Goes up when the state or the meaning of a figure changes; older checkpoints are then void."""

STATE_SUM: Final[dict[ev.AgentState, str]] = {
    "available": "available_ms",
    "ringing": "engaged_ms",
    "on_call": "engaged_ms",
    "on_hold": "engaged_ms",
    "wrap_up": "engaged_ms",
    "paused": "paused_ms",
}
"""The sum to which the time in a state belongs; signed out counts nowhere."""

LONGEST_STATE: Final = 86_400.0
"""Seconds of one state that count at most: nobody works longer, and a clock may jump by years."""

MOST_BEHIND: Final = 300.0
"""Seconds by which an event may be older than the one before it because the engine is behind: its
own timers end at once what Asterisk has long gone beyond.  No time is then counted twice; what is
older still comes from a clock that was set back."""

_FORGET_EVERY: Final = 512
"""Events between two sweeps of ended calls: by number, so that a replay sweeps alike."""


class State(msgspec.Struct, kw_only=True):
    """All that the fold needs to go on after entry ``seq``."""

    seq: int = 0
    at: float = 0.0
    """Time of that entry."""
    calls: tuple[Call, ...] = ()
    agents: tuple[Agent, ...] = ()
    held: dict[CallId, float] = {}
    """Since when calls are on hold."""
    wrapping: dict[AgentId, QueueName] = {}
    """For which queue agents are in wrap-up."""
    states: dict[AgentId, tuple[ev.AgentState, float]] = {}
    """In which state agents are, and since when."""
    kinds: dict[str, int] = {}
    """How many events of each kind there were."""
    traces: dict[CallId, Trace] = {}
    """Where in the menu calls are, and what was offered."""


class HistoryFold:
    """Feed it the journal in order; look at ``world`` and take the figures."""

    def __init__(
        self,
        zone: ZoneInfo,
        state: State | None = None,
        interval: int = QUARTER,
        *,
        by_call: bool = True,
    ) -> None:
        """Go on after ``state``; intervals (seconds) and days follow the clocks of ``zone``.

        Without ``by_call`` topics, segments and nodes are not counted.
        """
        state = state or State()
        self.zone = zone
        self._interval = interval
        self.seq, self.at = state.seq, state.at
        self.world = World(Rules(pseudonym_key=b""))  # folds stored events: needs no key
        restore(self.world, state)
        self._held = dict(state.held)
        self._wrapping = dict(state.wrapping)
        self._states = dict(state.states)
        self._kinds = dict(state.kinds)
        self._figures = Figures()
        self._groups = GroupCounter(self.world, state.traces) if by_call else None

    @property
    def pending(self) -> Figures:
        """The figures since :meth:`take`; do not change them."""
        return self._figures

    def take(self) -> Figures:
        """Return the figures since the last call and begin anew."""
        taken, self._figures = self._figures, Figures()
        return taken

    def state(self) -> State:
        """Return everything to go on from here."""
        return State(
            seq=self.seq,
            at=self.at,
            calls=tuple(self.world.calls.values()),
            agents=tuple(self.world.agents.values()),
            held=dict(self._held),
            wrapping=dict(self._wrapping),
            states=dict(self._states),
            kinds=dict(self._kinds),
            traces=dict(self._groups.traces) if self._groups else {},
        )

    def feed(self, seq: int, event: ev.DomainEvent) -> None:
        """Fold the next entry; entries that were folded before change nothing."""
        if seq <= self.seq:
            return
        self.seq, self.at = seq, max(self.at, event.at)
        name = type(event).__name__
        self._kinds[name] = self._kinds.get(name, 0) + 1
        handed = isinstance(event, ev.CallConnected) and self._handed_over(event.call_id)
        self.world.restore((event,))
        self.world.take_rejections()
        start = quarter(event.at, self.zone, self._interval)
        if handed and isinstance(event, ev.CallConnected):
            self._taken_over(start, event)
        else:
            if self._groups is not None and isinstance(event, ev.CallEvent):
                self._groups.count(start, event, self._figures, self._held)
            self._count(start, event)
        if seq % _FORGET_EVERY == 0:
            self.world.forget(self.at)
            if self._groups is not None:
                self._groups.forget()

    def _count(self, start: int, event: ev.DomainEvent) -> None:
        match event:
            case ev.CallQueued():
                self._queue(start, event.queue).offered += 1
            case ev.CallTurnedAway():
                self._queue(start, event.queue).found_closed += 1
            case ev.CallLeftQueue():
                self._queue(start, event.queue).left_queue += 1
                self._waited(event.queue, event.at, event.wait_time)
            case ev.CallAbandoned():
                row = self._queue(start, event.queue)
                row.abandoned += 1
                row.wait_abandoned_ms += milliseconds(event.wait_time)
                self._figures.waited(start, event.queue, "abandoned", event.wait_time)
                self._waited(event.queue, event.at, event.wait_time)
            case ev.AgentRinging():
                self._agent(start, event.agent_id, event.queue).offered += 1
            case ev.AgentMissed():
                self._queue(start, event.queue).missed += 1
                agent = self._agent(start, event.agent_id, event.queue)
                agent.missed += 1
                agent.ring_ms += milliseconds(event.ring_time)
            case ev.CallConnected():
                row = self._queue(start, event.queue)
                row.answered += 1
                row.wait_answered_ms += milliseconds(event.wait_time)
                self._figures.waited(start, event.queue, "answered", event.wait_time)
                self._waited(event.queue, event.at, event.wait_time)
                agent = self._agent(start, event.agent_id, event.queue)
                agent.answered += 1
                agent.ring_ms += milliseconds(event.ring_time)
            case ev.CallHeld():
                self._held.setdefault(event.call_id, event.at)
            case ev.CallResumed():
                self._resumed(start, event.call_id, event.agent_id, event.at)
            case ev.CallCompleted():
                self._resumed(start, event.call_id, event.agent_id, event.at)
                row, agent = self._both(start, event.agent_id, event.queue)
                row.completed += 1
                agent.completed += 1
                row.talk_ms += milliseconds(event.talk_time)
                agent.talk_ms += milliseconds(event.talk_time)
            case ev.CallEnded():
                self._held.pop(event.call_id, None)
            case ev.WrapUpStarted():
                self._wrapping[event.agent_id] = event.queue
            case ev.WrapUpEnded():
                queue = self._wrapping.pop(event.agent_id, QueueName(""))
                row, agent = self._both(start, event.agent_id, queue)
                row.wrapped_up += 1
                agent.wrapped_up += 1
                row.wrap_up_ms += milliseconds(event.wrap_up_time)
                agent.wrap_up_ms += milliseconds(event.wrap_up_time)
            case ev.CallDisposed():
                queue = self._queue_of(event.call_id)
                self._agent(start, event.agent_id, queue).disposed += 1
            case ev.AgentStateChanged():
                self._state_ended(event.agent_id, event.at)
                _, before = self._states.get(event.agent_id, ("logged_out", event.at))
                late = 0.0 < before - event.at < MOST_BEHIND
                self._states[event.agent_id] = (event.state, before if late else event.at)

    def _handed_over(self, call_id: CallId) -> bool:
        """Say whether a colleague had the call until now: no queue answers it once more."""
        call = self.world.calls.get(call_id)
        return call is not None and call.connected_at is not None and call.state not in WAITING

    def _taken_over(self, start: int, event: ev.CallConnected) -> None:
        agent = self._agent(start, event.agent_id, event.queue)
        agent.answered += 1
        agent.ring_ms += milliseconds(event.ring_time)

    def _waited(self, queue: QueueName, at: float, wait_time: float) -> None:
        """Count the time of a wait that ends now, in each interval that it touches."""
        since = at - min(max(wait_time, 0.0), LONGEST_STATE)
        for start, seconds in split(since, at, self.zone, self._interval):
            self._queue(start, queue).waiting_ms += milliseconds(seconds)

    def _state_ended(self, agent_id: AgentId, at: float) -> None:
        """Count the time in the state that ends now, in each quarter that it touches."""
        state, since = self._states.get(agent_id, ("logged_out", at))
        name = STATE_SUM.get(state)
        if name is None:
            return
        for start, seconds in split(max(since, at - LONGEST_STATE), at, self.zone, self._interval):
            row = self._agent(start, agent_id, QueueName(""))
            setattr(row, name, getattr(row, name) + milliseconds(seconds))

    def _resumed(self, start: int, call_id: CallId, agent_id: AgentId, at: float) -> None:
        since = self._held.pop(call_id, None)
        if since is None:
            return
        row, agent = self._both(start, agent_id, self._queue_of(call_id))
        row.hold_ms += milliseconds(at - since)
        agent.hold_ms += milliseconds(at - since)

    def _queue_of(self, call_id: CallId) -> QueueName:
        call = self.world.calls.get(call_id)
        return (call.queue if call is not None else None) or QueueName("")

    def _queue(self, start: int, queue: QueueName) -> QueueFigures:
        return self._figures.queue(QueueKey(start, queue))

    def _agent(self, start: int, agent_id: AgentId, queue: QueueName) -> AgentFigures:
        return self._figures.agent(AgentKey(start, agent_id, queue))

    def _both(
        self, start: int, agent_id: AgentId, queue: QueueName
    ) -> tuple[QueueFigures, AgentFigures]:
        return self._queue(start, queue), self._agent(start, agent_id, queue)


def restore(world: World, state: State) -> None:
    """Put the calls and agents of ``state`` into an empty world."""
    for call in state.calls:
        world.put(call)
    for agent in state.agents:
        world.agents[agent.agent_id] = agent


_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(State)


def encode(state: State) -> bytes:
    """Return the state as JSON."""
    return _ENCODER.encode(state)


class StateEncoder:
    """Encodes one state after the other; calls that did not change since the last cost no time.

    An ended call stays in the state for a quarter of an hour: at ten calls a second nine thousand.
    """

    def __init__(self) -> None:
        """Know no call yet."""
        self._known: dict[CallId, tuple[Call, msgspec.Raw]] = {}

    def encode(self, state: State) -> bytes:
        """Return what :func:`encode` returns."""
        before, self._known = self._known, {}
        for call in state.calls:
            known = before.get(call.call_id)
            if known is None or known[0] is not call:
                known = call, msgspec.Raw(_ENCODER.encode(call))
            self._known[call.call_id] = known
        encoded = tuple(raw for _, raw in self._known.values())
        return _ENCODER.encode(msgspec.structs.replace(state, calls=encoded))


def decode(stored: bytes) -> State | None:
    """Return a stored state; ``None`` if this program cannot read it."""
    try:
        return _DECODER.decode(stored)
    except msgspec.MsgspecError:
        return None
