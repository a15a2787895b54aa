"""After the rounds: was every customer served, and do journal and queue_log agree?"""

import asyncio
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from bench.fault_rounds.people import WANT_A_PERSON, Placed
from bench.fault_rounds.stand import Stand
from cti.core import events as ev
from cti.core.pseudonym import pseudonym
from tests.asterisk import books

TIME: Final = 2.0
"""Seconds by which a line's time may differ: both round to whole seconds."""

_END: Final = "COMPLETE"
_ENDS: Final = {"COMPLETEAGENT", "COMPLETECALLER", "ABANDON"}
_LINES: Final = _ENDS | {"ENTERQUEUE", "CONNECT", "EXITWITHTIMEOUT", "EXITEMPTY", "WITHDRAW"}


class Outcome:
    """What became of the customers."""

    def __init__(self) -> None:
        self.counts: Counter[str] = Counter()
        self.faults: list[str] = []


def served(
    placed: Iterable[Placed],
    events: Sequence[ev.DomainEvent],
    key: bytes,
    deaths: Sequence[tuple[float, float]],
) -> Outcome:
    """Judge every customer; ``deaths`` are the spans in which Asterisk was dead."""
    told = Outcome()
    calls: dict[str, list[ev.CallEvent]] = defaultdict(list)
    by_caller: dict[str, list[str]] = defaultdict(list)
    for event in events:
        if isinstance(event, ev.CallEvent):
            calls[event.call_id].append(event)
        if isinstance(event, ev.CallArrived):
            by_caller[event.caller_pseudonym].append(event.call_id)
    # Asterisk's records of a call that met no queue hold no number.
    nameless = sum(
        event.rebuilt and not event.caller_pseudonym
        for event in events
        if isinstance(event, ev.CallArrived)
    )
    for customer in placed:
        found = set(by_caller[pseudonym(customer.caller, key)])
        if not found:
            lost = any(begun - 3 <= customer.at <= over + 3 for begun, over in deaths)
            if not lost and nameless and customer.story not in WANT_A_PERSON:
                nameless -= 1
                told.counts["left before, as they wanted"] += 1
                continue
            told.counts["reached nobody: Asterisk was dead" if lost else "LOST"] += 1
            if not lost:
                told.faults.append(f"{customer.caller} ({customer.story}) is not in the journal")
            continue
        if len(found) > 1:
            told.faults.append(f"{customer.caller} is {len(found)} calls in the journal")
        history = calls[next(iter(found))]
        name = f"call {history[0].call_id[:8]} ({customer.story})"
        kinds = {type(event) for event in history}
        first, last = history[0].at, max(event.at for event in history)
        died = any(begun <= last + 3 and first <= over for begun, over in deaths)
        if ev.CallEnded not in kinds:
            told.faults.append(f"{name} has no end")
        if ev.CallConnected in kinds:
            told.counts["served by an agent"] += 1
        elif customer.story not in WANT_A_PERSON:
            told.counts["left before, as they wanted"] += 1
        elif died:
            told.counts["dropped with Asterisk"] += 1
        else:
            told.counts["DROPPED"] += 1
            told.faults.append(f"{name} was not served: {[type(e).__name__ for e in history]}")
    return told


def sent_on(events: Iterable[ev.DomainEvent]) -> dict[str, float]:
    """Return the uniqueids of calls that an agent sent on or consulted about, and their ends."""
    uniqueids, moved, ended = {}, set(), {}
    for event in events:
        match event:
            case ev.CallArrived():
                uniqueids[event.call_id] = event.uniqueid
            case ev.CallTransferred() | ev.ConsultStarted():
                moved.add(event.call_id)
            case ev.CallEnded():
                ended[event.call_id] = event.at
    return {uniqueids[call_id]: ended.get(call_id, 0.0) for call_id in moved}


def books_differ(
    ours: Sequence[books.QueueLine],
    theirs: Sequence[books.QueueLine],
    deaths: Sequence[tuple[float, float]],
    moved: Mapping[str, float] | None = None,
) -> list[str]:
    """Return a sentence for each call of which the two books tell different stories.

    A call that died with Asterisk has no end in its queue_log; ours may have one.  Of ``moved``
    calls (:func:`sent_on`) app_queue learns that the agent has left when the customer hangs up at
    last, and then names whoever left the first bridge: such an end is compared without its
    moment, its place among the lines and who hung up, and is missing if Asterisk died before.
    """
    moved = moved or {}
    found = []
    calls = {line.uniqueid for line in (*ours, *theirs) if line.event in _LINES}
    mine, other = _by_call(ours), _by_call(theirs)
    for uniqueid in sorted(calls):
        left, right = mine.get(uniqueid, []), other.get(uniqueid, [])
        if uniqueid in moved:
            died = _during(moved[uniqueid], deaths)
            left, right = _moved(left, right, died), _moved(right, right, died)
        words, expected = [_words(line) for line in left], [_words(line) for line in right]
        if words == expected:
            found += [
                f"{uniqueid}: {a.event} {a.at - b.at:+d} s"
                for a, b in zip(left, right, strict=True)
                if abs(a.at - b.at) > TIME and not (uniqueid in moved and a.event == _END)
            ]
        elif words[:-1] == expected and left[-1].event in _ENDS and _during(left[-1].at, deaths):
            continue
        else:
            found.append(f"{uniqueid}: {words} in the journal, {expected} in queue_log")
    return found


def _during(at: float, deaths: Sequence[tuple[float, float]]) -> bool:
    return any(begun - 2 <= at <= over + 5 for begun, over in deaths)


def _moved(
    lines: Sequence[books.QueueLine], theirs: Sequence[books.QueueLine], died: bool
) -> list[books.QueueLine]:
    """Return the lines with the ends of conversations last, and all called the same."""
    complete = ("COMPLETEAGENT", "COMPLETECALLER")
    ends = [replace(line, event=_END) for line in lines if line.event in complete]
    if died:  # those that Asterisk still wrote
        written = [line.agent for line in theirs if line.event in complete]
        ends = [line for line in ends if line.agent in written]
    rest = [line for line in lines if line.event not in complete]
    return rest + sorted(ends, key=lambda line: line.agent)


def misses_differ(ours: Sequence[books.QueueLine], theirs: Sequence[books.QueueLine]) -> list[str]:
    """The same for phones that rang in vain (those of hung-up callers missed nothing)."""
    kind = "RINGNOANSWER"
    mine = Counter((x.uniqueid, x.agent) for x in ours if x.event == kind)
    other = Counter((x.uniqueid, x.agent) for x in theirs if x.event == kind)
    return [
        f"{uniqueid}: {agent} missed {mine[uniqueid, agent]} in the journal,"
        f" {other[uniqueid, agent]} in queue_log"
        for uniqueid, agent in sorted(mine.keys() | other.keys())
        if mine[uniqueid, agent] != other[uniqueid, agent]
    ]


def _by_call(lines: Iterable[books.QueueLine]) -> Mapping[str, list[books.QueueLine]]:
    calls: dict[str, list[books.QueueLine]] = defaultdict(list)
    for line in lines:
        if line.event in _LINES:
            calls[line.uniqueid].append(line)
    return calls


def _words(line: books.QueueLine) -> str:
    return f"{line.event} {line.queue} {line.agent}"


async def exported(stand: Stand) -> list[books.QueueLine]:
    """Our own queue_log, as ``hotline calls export`` writes it."""
    command = [sys.executable, "-m", "hotline", "--config", str(stand.site.config)]
    child = await asyncio.create_subprocess_exec(
        *command,
        *("calls", "export", "--format", "queue_log", "--since", "2d"),
        stdout=asyncio.subprocess.PIPE,
    )
    text, _ = await child.communicate()
    assert child.returncode == 0, "`hotline calls export` failed"
    return books.read_queue_log(text.decode())


async def asterisks(stand: Stand) -> list[books.QueueLine]:
    """Asterisk's own queue_log."""
    text = await asyncio.to_thread(stand.site.exchange.dirs.queue_log.read_text, "utf-8")
    return books.read_queue_log(text)
