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
_COMPLETED: Final = {"COMPLETEAGENT", "COMPLETECALLER"}
_ENDS: Final = _COMPLETED | {"ABANDON"}
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
    Where the dialplan bridges such a customer anew, a masquerade gives the channel another
    uniqueid for app_queue (``handle_masquerade`` in app_queue.c): the end then stands under a
    uniqueid that never joined a queue, and counts for a moved call which lacks just that end.
    """
    moved = moved or {}
    found = []
    theirs = _under_their_own(ours, theirs, moved)
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


def _under_their_own(
    ours: Sequence[books.QueueLine],
    theirs: Sequence[books.QueueLine],
    moved: Mapping[str, float],
) -> Sequence[books.QueueLine]:
    """Return Asterisk's lines, with the ends that a masquerade renamed under their call again."""
    joined = {line.uniqueid for line in theirs if line.event == "ENTERQUEUE"}
    lacking = {
        uniqueid: _ends(ours, uniqueid) - _ends(theirs, uniqueid) for uniqueid in sorted(moved)
    }

    def renamed(line: books.QueueLine) -> books.QueueLine:
        if line.event not in _COMPLETED or line.uniqueid in joined:
            return line
        end = (line.queue, line.agent)
        fits = [u for u, ends in lacking.items() if ends[end] > 0 and moved[u] >= line.at - TIME]
        if not fits:
            return line
        own = min(fits, key=lambda uniqueid: moved[uniqueid] - line.at)
        lacking[own][end] -= 1
        return replace(line, uniqueid=own)

    return [renamed(line) for line in theirs]


def _ends(lines: Iterable[books.QueueLine], uniqueid: str) -> Counter[tuple[str, str]]:
    return Counter(
        (line.queue, line.agent)
        for line in lines
        if line.uniqueid == uniqueid and line.event in _COMPLETED
    )


def _during(at: float, deaths: Sequence[tuple[float, float]]) -> bool:
    return any(begun - 2 <= at <= over + 5 for begun, over in deaths)


def _moved(
    lines: Sequence[books.QueueLine], theirs: Sequence[books.QueueLine], died: bool
) -> list[books.QueueLine]:
    """Return the lines with the ends of conversations last, and all called the same."""
    ends = [replace(line, event=_END) for line in lines if line.event in _COMPLETED]
    if died:  # those that Asterisk still wrote
        written = Counter(line.agent for line in theirs if line.event in _COMPLETED)
        kept = []
        for line in ends:
            if written[line.agent]:
                written[line.agent] -= 1
                kept.append(line)
        ends = kept
    rest = [line for line in lines if line.event not in _COMPLETED]
    unwritten = died and not any(line.event == "ABANDON" for line in theirs)
    if unwritten and rest and rest[-1].event == "ABANDON":  # it waited anew, and died there
        rest.pop()
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
