"""Do the books agree?  Journal, queue_log, call records and SIPp's statistics, read independently.

Imports nothing of the product, so that one misreading cannot hide in both.  Every reader takes the
raw file; ``disagreements`` returns a sentence for each difference, and an empty list when every
call stands in all books with the same outcome and the same times.
"""

import csv
import json
import sqlite3
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

TOLERANCE = 1.25
"""Seconds by which times may differ: queue_log cuts off what is less than a whole second, and its
line is written some milliseconds beside the event."""

Events = Mapping[str, Sequence[Mapping[str, Any]]]


@dataclass(frozen=True)
class QueueLine:
    """One line of queue_log."""

    at: int
    uniqueid: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...]


@dataclass(frozen=True)
class CallRecord:
    """One call record; times are seconds since the epoch, 0 for none."""

    call_id: str
    start: float
    answer: float
    end: float
    disposition: str
    channel: str
    other_channel: str
    uniqueid: str


@dataclass(frozen=True)
class Placed:
    """What the caller's side counted."""

    created: int
    successful: int
    failed: int
    mean_seconds: float


def read_journal(path: Path) -> dict[str, list[dict[str, Any]]]:
    """The events of each call, in order."""
    calls: dict[str, list[dict[str, Any]]] = defaultdict(list)
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        for (body,) in connection.execute("SELECT body FROM journal ORDER BY seq"):
            event = json.loads(body)
            if event.get("call_id") and event["type"] != "AgentStateChanged":
                calls[event["call_id"]].append(event)
    return dict(calls)


def read_queue_log(text: str) -> list[QueueLine]:
    rows = (line.split("|") for line in text.splitlines())
    return [
        QueueLine(int(row[0]), row[1], row[2], row[3], row[4], tuple(row[5:]))
        for row in rows
        if len(row) > 4 and row[2] != "NONE"
    ]


def read_call_records(lines: Iterable[str]) -> list[CallRecord]:
    return [
        CallRecord(
            row[0],
            *(float(value or 0) for value in row[1:4]),
            row[6],
            row[7],
            row[8],
            row[11],
        )
        for row in csv.reader(lines)
        if row
    ]


def read_sipp(texts: Iterable[str]) -> Placed:
    """Sum the last lines of SIPp's statistics files."""
    created = successful = failed = 0
    seconds = 0.0
    for text in texts:
        last = list(csv.DictReader(text.splitlines(), delimiter=";"))[-1]
        created += int(last["TotalCallCreated"])
        successful += int(last["SuccessfulCall(C)"])
        failed += int(last["FailedCall(C)"])
        hours, minutes, whole, millionths = map(int, last["CallLength(C)"].split(":"))
        length = hours * 3600 + minutes * 60 + whole + millionths / 1e6
        seconds += length * int(last["SuccessfulCall(C)"])
    return Placed(created, successful, failed, seconds / max(successful, 1))


def disagreements(
    journal: Events,
    queue_log: Sequence[QueueLine],
    records: Sequence[CallRecord],
    placed: Placed,
    trunk: str,
) -> list[str]:
    """Every difference between the books, in words; SIPp's calls came over ``trunk``."""
    faults = []
    if placed.failed or placed.successful != placed.created:
        faults.append(f"SIPp: {placed.failed} of {placed.created} calls failed")
    by_call: dict[str, list[CallRecord]] = defaultdict(list)
    for record in records:
        by_call[record.call_id].append(record)
    faults += [f"{call}: in the call records alone" for call in by_call.keys() - journal.keys()]
    lines: dict[str, list[QueueLine]] = defaultdict(list)
    for line in queue_log:
        if line.event not in _NOT_A_CALL:
            lines[line.uniqueid].append(line)
    lengths = []
    for call_id, events in journal.items():
        arrived = _one(events, "CallArrived")
        ended = _one(events, "CallEnded")
        if arrived is None or ended is None:
            faults.append(f"{call_id}: not exactly one arrival and one end in the journal")
            continue
        if arrived["trunk"] == trunk:
            lengths.append(ended["at"] - arrived["at"])
        faults += _against_queue_log(call_id, events, lines.pop(arrived["uniqueid"], []))
        faults += _against_records(call_id, events, by_call.get(call_id, []))
    faults += [f"{uniqueid}: in queue_log alone" for uniqueid in lines]
    if len(lengths) != placed.created:
        faults.append(f"journal has {len(lengths)} calls, SIPp placed {placed.created}")
    mean = sum(lengths) / max(len(lengths), 1)
    if abs(mean - placed.mean_seconds) > TOLERANCE:
        faults.append(
            f"calls lasted {mean:.1f} s in the journal, {placed.mean_seconds:.1f} s at SIPp"
        )
    return faults


_NOT_A_CALL = frozenset(
    {"ADDMEMBER", "REMOVEMEMBER", "PAUSE", "UNPAUSE", "PENALTY", "CONFIGRELOAD", "QUEUESTART"}
    | {"PAUSEALL", "UNPAUSEALL"}
)

_SAME = {
    "CallQueued": ("ENTERQUEUE",),
    "CallConnected": ("CONNECT",),
    "CallCompleted": ("COMPLETECALLER", "COMPLETEAGENT"),
    "CallAbandoned": ("ABANDON",),
    "AgentMissed": ("RINGNOANSWER", "RINGCANCELED"),
}


def _against_queue_log(
    call_id: str, events: Sequence[Mapping[str, Any]], lines: Sequence[QueueLine]
) -> Iterable[str]:
    told = Counter(event["type"] for event in events)
    written = Counter(line.event for line in lines)
    for kind, names in _SAME.items():
        count = sum(written[name] for name in names)
        if told[kind] != count:
            yield f"{call_id}: {told[kind]} {kind} in the journal, {count} in queue_log"
    known = {name for names in _SAME.values() for name in names}
    yield from (f"{call_id}: {name} in queue_log" for name in written.keys() - known)
    connected, line = _one(events, "CallConnected"), _line(lines, "CONNECT")
    if connected and line:
        if (connected["queue"], connected["agent_id"]) != (line.queue, line.agent):
            yield f"{call_id}: {line.agent} of {line.queue} answered in queue_log"
        yield from _differ(call_id, "wait", connected["wait_time"], float(line.data[0]))
        yield from _differ(call_id, "answer", connected["at"], line.at)
    completed = _one(events, "CallCompleted")
    line = _line(lines, "COMPLETECALLER") or _line(lines, "COMPLETEAGENT")
    if completed and line:
        yield from _differ(call_id, "talk", completed["talk_time"], float(line.data[1]))
        by = "caller" if line.event == "COMPLETECALLER" else "agent"
        if completed["ended_by"] != by:
            yield f"{call_id}: ended by {completed['ended_by']} in the journal, {by} in queue_log"


def _against_records(
    call_id: str, events: Sequence[Mapping[str, Any]], records: Sequence[CallRecord]
) -> Iterable[str]:
    arrived, ended = _one(events, "CallArrived"), _one(events, "CallEnded")
    if not records or arrived is None or ended is None:
        yield f"{call_id}: no call record"
        return
    if {record.uniqueid for record in records} != {arrived["uniqueid"]}:
        yield f"{call_id}: another uniqueid in the call records"
    yield from _differ(call_id, "start", arrived["at"], min(r.start for r in records))
    yield from _differ(call_id, "end", ended["at"], max(r.end for r in records))
    connected, completed = _one(events, "CallConnected"), _one(events, "CallCompleted")
    agents = [
        r for r in records if r.disposition == "ANSWERED" and r.other_channel.startswith("PJSIP/")
    ]
    if bool(connected) != bool(agents):
        yield f"{call_id}: answered by {len(agents)} agents in the call records"
    if connected and agents:
        agent = agents[-1].other_channel.removeprefix("PJSIP/").rpartition("-")[0]
        if agent != connected["agent_id"]:
            yield f"{call_id}: {agent} answered in the call records"
        if completed:
            gone = completed["at"]
            yield from _differ(call_id, "agent's end", gone, agents[-1].end)


def _differ(call_id: str, what: str, journal: float, other: float) -> Iterable[str]:
    if abs(journal - other) > TOLERANCE:
        yield f"{call_id}: {what} is {journal:.1f} in the journal, {other:.1f} elsewhere"


def _one(events: Sequence[Mapping[str, Any]], kind: str) -> Mapping[str, Any] | None:
    found = [event for event in events if event["type"] == kind]
    return found[0] if len(found) == 1 else None


def _line(lines: Sequence[QueueLine], event: str) -> QueueLine | None:
    return next((line for line in lines if line.event == event), None)
