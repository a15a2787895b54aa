"""Calls that began and ended while nobody followed, told from Asterisk's own records.

Pure.  What comes out is marked ``rebuilt`` and is a legal story for the call's table; menu,
customer and wrap-up are not in those records and stay unknown.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Final, cast

import msgspec

from cti.core import events as ev
from cti.core.calls import Call, advance, arrive
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.machine import IllegalTransitionError
from cti.history.call_records import CallRecord
from cti.history.queue_log import QueueLine

_NORMAL_CLEARING: Final = 16
_TRUNK: Final = "PJSIP/trunk-"
_LEFT: Final = {
    "EXITWITHTIMEOUT": "TIMEOUT",
    "EXITEMPTY": "LEAVEEMPTY",
    "EXITWITHKEY": "",
    "WITHDRAW": "WITHDRAW",
}
_COMPLETED: Final[Mapping[str, ev.Party]] = {
    "COMPLETECALLER": "caller",
    "COMPLETEAGENT": "agent",
    "BLINDTRANSFER": "agent",
    "ATTENDEDTRANSFER": "agent",
}


def ended_calls(
    records: Iterable[CallRecord], since: float, until: float
) -> dict[CallId, list[CallRecord]]:
    """Return the records of the calls that ended in ``[since, until]``, by call."""
    calls: dict[CallId, list[CallRecord]] = defaultdict(list)
    for record in records:
        calls[CallId(record.call_id)].append(record)
    return {
        call_id: own
        for call_id, own in calls.items()
        if since <= max(record.end for record in own) <= until
    }


def rebuild(
    calls: Mapping[CallId, Sequence[CallRecord]],
    lines: Iterable[QueueLine],
    *,
    server: str = "",
    pseudonym: Callable[[str], str] = lambda _: "",
) -> list[ev.DomainEvent]:
    """Return the events of the calls, call after call in the order of their beginning.

    ``pseudonym`` turns a caller's number as presented into its pseudonym.
    """
    by_uniqueid: dict[str, list[QueueLine]] = defaultdict(list)
    for line in lines:
        by_uniqueid[line.uniqueid].append(line)
    out: list[ev.DomainEvent] = []
    for call_id, own in sorted(calls.items(), key=lambda item: min(r.start for r in item[1])):
        first = min(own, key=lambda r: r.start)
        written = by_uniqueid.get(first.uniqueid, [])
        told = _Story(call_id, own, first, server).tell(written, pseudonym)
        out += cast(list[ev.DomainEvent], told)  # all kinds of call events are domain events
    return out


class _Story:
    """One call; keeps only the events that its table allows."""

    def __init__(
        self, call_id: CallId, records: Sequence[CallRecord], first: CallRecord, server: str
    ) -> None:
        self.first = first
        self.server = server
        self.call_id = call_id
        self.at = first.start
        self.end = max(record.end for record in records)
        self.call: Call | None = None
        self.events: list[ev.CallEvent] = []

    def tell(
        self, lines: Sequence[QueueLine], pseudonym: Callable[[str], str]
    ) -> list[ev.CallEvent]:
        number = next((line.data[1] for line in lines if _has_number(line)), "")
        trunk = ""
        if self.first.channel.startswith(_TRUNK):
            trunk = self.first.channel.removeprefix(_TRUNK).rpartition("-")[0]
        arrived = ev.CallArrived(
            at=self.at,
            call_id=self.call_id,
            server=self.server,
            rebuilt=True,
            uniqueid=self.first.uniqueid,
            linkedid=self.first.linkedid,
            dnis="",
            trunk=trunk,
            caller_pseudonym=pseudonym(number) if number else "",
        )
        self.call = arrive(arrived)
        self.events.append(arrived)
        for line in lines:
            self.at = min(max(self.at, line.at), self.end)
            for event in self._events(line):
                self._add(event)
        self._close()
        return self.events

    def _close(self) -> None:
        """Fill in what the records leave out at the end."""
        assert self.call is not None  # noqa: S101 -- set by tell()
        call, at = self.call, self.end
        queue = call.queue or QueueName("")
        if call.state in ("queued", "ringing"):
            waited = call.wait_time(at)
            self._add(
                ev.CallAbandoned(
                    at=at, call_id=call.call_id, queue=queue, position=0, wait_time=waited
                )
            )
        elif call.state == "connected" and call.agent_id is not None:
            self._add(
                ev.CallCompleted(
                    at=at,
                    call_id=call.call_id,
                    agent_id=call.agent_id,
                    queue=queue,
                    talk_time=max(0.0, at - (call.connected_at or at)),
                    ended_by="system",
                )
            )
        by: ev.Party = "caller"
        if self.call.completed_by is not None:
            by = self.call.completed_by
        self._add(ev.CallEnded(at=at, call_id=call.call_id, cause=_NORMAL_CLEARING, ended_by=by))

    def _add(self, event: ev.CallEvent) -> None:
        assert self.call is not None  # noqa: S101 -- set by tell()
        event = msgspec.structs.replace(event, rebuilt=True, server=self.server)
        try:
            self.call = advance(self.call, event)
        except IllegalTransitionError:
            return  # e.g. a phone whose ringing ended because another answered
        self.events.append(event)

    def _events(self, line: QueueLine) -> Iterator[ev.CallEvent]:
        assert self.call is not None  # noqa: S101 -- set by tell()
        at, call_id = self.at, self.call_id
        queue, agent = QueueName(line.queue), AgentId(line.agent)
        match line.event:
            case "ENTERQUEUE":
                position = int(line.number(2))
                yield ev.CallQueued(at=at, call_id=call_id, queue=queue, position=position)
            case "RINGCANCELED":  # the caller gave up; the agent missed nothing
                yield ev.AgentRinging(at=at, call_id=call_id, agent_id=agent, queue=queue)
            case "RINGNOANSWER":
                rung = line.number(0) / 1000
                if self.call.state in ("queued", "ringing"):
                    yield ev.AgentRinging(at=at, call_id=call_id, agent_id=agent, queue=queue)
                    yield ev.AgentMissed(
                        at=at, call_id=call_id, agent_id=agent, queue=queue, ring_time=rung
                    )
            case "CONNECT":
                ring = line.number(2)
                if self.call.state in ("queued", "ringing"):
                    yield ev.AgentRinging(at=at, call_id=call_id, agent_id=agent, queue=queue)
                yield ev.CallConnected(
                    at=at,
                    call_id=call_id,
                    agent_id=agent,
                    queue=queue,
                    wait_time=line.number(0),
                    ring_time=ring,
                )
            case "COMPLETECALLER" | "COMPLETEAGENT" | "BLINDTRANSFER" | "ATTENDEDTRANSFER":
                talked = max(0.0, at - (self.call.connected_at or at))
                if line.event.startswith("COMPLETE"):
                    talked = line.number(1)
                yield ev.CallCompleted(
                    at=at,
                    call_id=call_id,
                    agent_id=agent,
                    queue=queue,
                    talk_time=talked,
                    ended_by=_COMPLETED[line.event],
                )
            case "ABANDON":
                position, waited = int(line.number(0)), line.number(2)
                yield ev.CallAbandoned(
                    at=at, call_id=call_id, queue=queue, position=position, wait_time=waited
                )
            case "EXITWITHTIMEOUT" | "EXITEMPTY" | "EXITWITHKEY" | "WITHDRAW":
                yield ev.CallLeftQueue(
                    at=at,
                    call_id=call_id,
                    queue=queue,
                    status=_LEFT[line.event],
                    wait_time=self.call.wait_time(at),
                )


def _has_number(line: QueueLine) -> bool:
    return line.event == "ENTERQUEUE" and len(line.data) > 1
