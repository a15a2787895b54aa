"""What happened to known calls while nobody followed, told by Asterisk's queue_log.

A picture shows only how things stand: a caller who was answered and has gone looks like one who
gave up.  The lines of queue_log are turned into the records that the missed AMI events would have
been, before the picture is applied.  Pure.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Final

from cti.core import events as ev
from cti.core import records as rec
from cti.core import user_events as ue
from cti.core.calls import Call
from cti.core.fold import apply
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.resync import begin_unknown
from cti.core.steps import TALKING, WAITING
from cti.core.transfers import CONSULTED
from cti.core.world import World
from cti.history.queue_log import QueueLine

_LEFT: Final = {"EXITWITHTIMEOUT": "TIMEOUT", "EXITEMPTY": "LEAVEEMPTY", "WITHDRAW": "WITHDRAW"}
_COMPLETED: Final = ("COMPLETECALLER", "COMPLETEAGENT")
_ENDS: Final = (*_COMPLETED, "ABANDON", *_LEFT)
_MARGIN: Final = 1.0
"""Seconds: queue_log writes whole ones."""


def needed_since(world: World, snapshot: rec.Snapshot) -> float | None:
    """Return from when on queue_log can tell something new; ``None``: no call is alive."""
    began = [call.arrived_at for call in world.calls.values() if not call.over]
    began += [
        leg.born(snapshot.at)
        for call_id, legs in snapshot.by_call().items()
        for leg in legs[:1]
        if call_id not in world.calls
    ]
    return min(began) - _MARGIN if began else None


def catch_up(
    world: World, snapshot: rec.Snapshot, lines: Iterable[QueueLine]
) -> list[ev.DomainEvent]:
    """Apply what ``lines`` tell beyond what ``world`` knows, and return what that changed.

    ``lines`` must hold all lines of the calls that live.  Of the picture's own second those count
    whose effect it shows; the others are left to it and to the events after it.
    """
    out: list[ev.DomainEvent] = []
    world.rebuilding = True
    try:
        begin_unknown(world, snapshot)
        out += world.take()
        reader = _Reader(world, snapshot)
        for line in _older(snapshot, list(lines)):
            for record in reader.records(line):
                out += apply(world, record)
    finally:
        world.rebuilding = False
    return out


def end_is_missing(world: World, snapshot: rec.Snapshot, lines: Iterable[QueueLine]) -> bool:
    """Whether a conversation is over by the picture, and ``lines`` do not tell who ended it.

    app_queue writes that line beside the hang-up (``handle_hangup`` in app_queue.c), so that it
    may be some milliseconds younger than the picture.  A customer whom an agent sent on has none
    in time.
    """
    there = {leg.uniqueid for leg in snapshot.legs}
    gone = {
        call.uniqueid
        for call in world.calls.values()
        if call.state in TALKING and not call.transfers and call.uniqueid not in there
    }
    if not gone:
        return False
    told = {line.uniqueid for line in lines if line.event in _COMPLETED and line.uniqueid in gone}
    return told != gone


def _older(snapshot: rec.Snapshot, lines: Sequence[QueueLine]) -> Sequence[QueueLine]:
    """Return the lines that were written before the picture was taken."""
    second = math.floor(snapshot.at)
    shown = _Shown(snapshot)
    ends = {line.uniqueid: n for n, line in enumerate(lines) if shown.end_of(line)}
    return [
        line
        for n, line in enumerate(lines)
        if line.at < second or n <= ends.get(line.uniqueid, -1) or shown.miss_of(line)
    ]


class _Shown:
    """Which ends and misses a picture shows, seen from the lines that tell them."""

    def __init__(self, snapshot: rec.Snapshot) -> None:
        self._there = {leg.uniqueid for leg in snapshot.legs}
        self._waiting = {place.uniqueid for place in snapshot.waiting}
        shared = Counter(leg.bridge for leg in snapshot.legs if leg.bridge)
        self._together = {leg.uniqueid for leg in snapshot.legs if shared[leg.bridge] > 1}
        interfaces = {m.member_name: m.interface.removesuffix("/n") for m in snapshot.members}
        self._interfaces: Mapping[str, str] = {str(name): i for name, i in interfaces.items()}
        phones = [
            (own.uniqueid, leg.channel.rpartition("-")[0], leg.up)
            for own, *others in snapshot.by_call().values()
            for leg in others
        ]
        self._ringing = {(uniqueid, phone) for uniqueid, phone, up in phones if not up}
        self._answered = {(uniqueid, phone) for uniqueid, phone, up in phones if up}
        self._aside = {leg.uniqueid for leg in snapshot.legs if leg.context in CONSULTED}

    def end_of(self, line: QueueLine) -> bool:
        """Whether the customer is gone, or at least where the line says that they left."""
        if line.uniqueid not in self._there:
            return True
        if line.event in _COMPLETED and line.uniqueid in self._aside:
            # While the agent's phone is there, the customer only waits for it.
            return (line.uniqueid, self._phone(line)) not in self._answered
        return line.event in _ENDS and line.uniqueid not in (self._waiting | self._together)

    def miss_of(self, line: QueueLine) -> bool:
        """Whether the phone that rang in vain has ceased to ring for this call."""
        rings = (line.uniqueid, self._phone(line)) in self._ringing
        return line.event == "RINGNOANSWER" and not rings

    def _phone(self, line: QueueLine) -> str:
        return self._interfaces.get(line.agent, "")


class _Reader:
    """Turns lines into records, and leaves out what is known."""

    def __init__(self, world: World, snapshot: rec.Snapshot) -> None:
        self._world = world
        self._calls = {c.uniqueid: c.call_id for c in world.calls.values() if not c.over}
        self._legs = {leg.uniqueid: leg for leg in snapshot.legs}
        self._priorities = {w.uniqueid: str(w.priority) for w in snapshot.waiting}
        self._interfaces = {m.member_name: m.interface for m in snapshot.members}
        self._joins: Counter[str] = Counter()
        self._misses: Counter[str] = Counter()
        calls = [world.calls[call_id] for call_id in self._calls.values()]
        self._known_joins = {c.uniqueid: c.attempts for c in calls}
        self._known_misses = {c.uniqueid: c.misses for c in calls}

    def records(self, line: QueueLine) -> Sequence[rec.Record]:
        """Return what ``line`` means, or nothing if it is known or of no interest."""
        call_id = self._calls.get(line.uniqueid)
        if call_id is None:
            return ()
        call = self._world.calls[call_id]
        if line.event == "ENTERQUEUE":
            self._joins[line.uniqueid] += 1
            if self._joins[line.uniqueid] <= self._known_joins[line.uniqueid]:
                return ()
        if line.event == "RINGNOANSWER":
            self._misses[line.uniqueid] += 1
            if self._misses[line.uniqueid] <= self._known_misses[line.uniqueid]:
                return ()
        if self._joins[line.uniqueid] < self._known_joins[line.uniqueid]:
            return ()  # of an earlier queue
        meaning = _MEANINGS.get(line.event)
        return meaning(self, line, call, self._leg(line, call_id)) if meaning else ()

    def _leg(self, line: QueueLine, call_id: CallId) -> rec.Leg:
        """Return the customer's channel, also of one that is gone."""
        living = self._legs.get(line.uniqueid)
        if living is not None:
            return living
        priority = self._priorities.get(line.uniqueid, "")
        variables = rec.CallVars(call_id=call_id, priority=priority)
        trace = self._world.trace(call_id)
        return rec.Leg(channel=trace.channel, uniqueid=line.uniqueid, linkedid="", vars=variables)

    def _interface(self, line: QueueLine) -> str:
        agent_id = AgentId(line.agent)
        known = self._world.agents.get(agent_id)
        return self._interfaces.get(agent_id) or (known.interface if known else "")

    def joined(self, line: QueueLine, call: Call, leg: rec.Leg) -> Sequence[rec.Record]:
        del call
        position = int(line.number(2))
        queue = QueueName(line.queue)
        return (rec.CallerJoined(at=line.at, leg=leg, queue=queue, position=position),)

    def missed(self, line: QueueLine, call: Call, leg: rec.Leg) -> Sequence[rec.Record]:
        if call.state not in WAITING:
            return ()
        rung, agent_id = line.number(0) / 1000, AgentId(line.agent)
        queue, interface = QueueName(line.queue), self._interface(line)
        missed = rec.MemberMissed(
            at=line.at,
            leg=leg,
            queue=queue,
            interface=interface,
            member_name=agent_id,
            ring_time=rung,
        )
        if any(agent_id == ringing for ringing, _ in call.ringing):
            return (missed,)
        called = rec.MemberCalled(
            at=max(line.at - rung, call.queued_at or 0.0),
            leg=leg,
            agent_leg=rec.Leg(channel="", uniqueid="", linkedid=""),
            queue=queue,
            interface=interface,
            member_name=agent_id,
        )
        return called, missed

    def connected(self, line: QueueLine, call: Call, leg: rec.Leg) -> Sequence[rec.Record]:
        if call.state not in WAITING:
            return ()
        uniqueid = line.data[1] if len(line.data) > 1 else ""
        return (
            rec.MemberConnected(
                at=line.at,
                leg=leg,
                agent_leg=rec.Leg(channel="", uniqueid=uniqueid, linkedid=""),
                queue=QueueName(line.queue),
                interface=self._interface(line),
                member_name=AgentId(line.agent),
            ),
        )

    def completed(self, line: QueueLine, call: Call, leg: rec.Leg) -> Sequence[rec.Record]:
        del call
        return (
            rec.MemberCompleted(
                at=line.at,
                leg=leg,
                queue=QueueName(line.queue),
                interface=self._interface(line),
                member_name=AgentId(line.agent),
                talk_time=line.number(1),
                reason="caller" if line.event == "COMPLETECALLER" else "agent",
            ),
        )

    def gave_up(self, line: QueueLine, call: Call, leg: rec.Leg) -> Sequence[rec.Record]:
        if call.state not in WAITING:
            return ()
        place, queue = int(line.number(0)), QueueName(line.queue)
        return (
            rec.HangupRequested(at=line.at, leg=leg),
            rec.CallerGaveUp(at=line.at, leg=leg, queue=queue, position=place),
        )

    def left(self, line: QueueLine, call: Call, leg: rec.Leg) -> Sequence[rec.Record]:
        status = _LEFT[line.event]
        told = ue.QueueLeft(call_id=call.call_id, queue=line.queue, status=status)
        return (rec.HotlineTold(at=line.at, leg=leg, event=told),)


_Meaning = Callable[[_Reader, QueueLine, Call, rec.Leg], Sequence[rec.Record]]
_MEANINGS: Final[dict[str, _Meaning]] = {
    "ENTERQUEUE": _Reader.joined,
    "RINGNOANSWER": _Reader.missed,
    "CONNECT": _Reader.connected,
    "COMPLETECALLER": _Reader.completed,
    "COMPLETEAGENT": _Reader.completed,
    "ABANDON": _Reader.gave_up,
    "EXITWITHTIMEOUT": _Reader.left,
    "EXITEMPTY": _Reader.left,
    "WITHDRAW": _Reader.left,
}
