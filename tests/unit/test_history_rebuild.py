"""Calls rebuilt from Asterisk's own records: readers of both files, stories, holes filled."""

import gzip
import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from cti.core import events as ev
from cti.core.calls import advance, arrive
from cti.core.ids import AgentId, CallId, QueueName
from cti.history import away, call_records, queue_log
from cti.history.away import AwayCalls
from cti.history.rebuild import ended_calls, rebuild
from cti.history.story import story
from cti.journal.memory import MemoryJournal
from hotline.asterisk.books import AsteriskBooks, books_of
from hotline.settings.model import Settings
from hotline.settings.telephony import AsteriskSettings

T = 1_795_492_800


def record(call_id: str, start: float, end: float, number: int = 1) -> str:
    """A line of calls.csv as the rendered cdr_custom.conf writes it."""
    values = (
        call_id,
        f"{start:.6f}",
        f"{start + 1:.6f}",
        f"{end:.6f}",
        f"{end - start:.6f}",
        "0.5",
        "ANSWERED",
        f"PJSIP/trunk-carrier-0000000{number}",
        "",
        "queue",
        "Queue",
        f"{T}.{number}",
        f"{T}.{number}",
    )
    return ",".join(f'"{value}"' for value in values) + "\n"


RECORDS = [
    record("aaa", T, T + 60),
    record("bbb", T + 5, T + 30, 2),
    record("ccc", T + 8, T + 9, 3),
]

LOG = [
    f"{T}|{T}.9|NONE|NONE|QUEUESTART|\n",
    f"{T + 3}|{T}.1|service|NONE|ENTERQUEUE||+8613800138000|1\n",
    f"{T + 6}|{T}.2|vip|NONE|ENTERQUEUE||+8613800138001|2\n",
    f"{T + 10}|{T}.1|service|1001|RINGNOANSWER|5000\n",
    f"{T + 14}|{T}.1|service|1002|CONNECT|11|{T}.5|2\n",
    f"{T + 20}|{T}.2|vip|NONE|ABANDON|2|2|14\n",
    f"{T + 59}|{T}.1|service|1002|COMPLETECALLER|11|45|1\n",
]


def told(lines: Sequence[str] = LOG, records: Sequence[str] = RECORDS) -> list[ev.DomainEvent]:
    calls = ended_calls(call_records.parse(records), T, T + 100)
    return rebuild(calls, queue_log.parse(lines), server="pbx", pseudonym=lambda n: f"p{n[-4:]}")


def of(events: Sequence[ev.DomainEvent], call_id: str) -> list[ev.CallEvent]:
    return [e for e in events if isinstance(e, ev.CallEvent) and e.call_id == call_id]


def kinds(events: Sequence[ev.CallEvent]) -> list[str]:
    return [type(event).__name__ for event in events]


def test_an_answered_call_has_its_miss_its_talk_and_its_end() -> None:
    events = of(told(), "aaa")
    assert kinds(events) == [
        "CallArrived",
        "CallQueued",
        "AgentRinging",
        "AgentMissed",
        "AgentRinging",
        "CallConnected",
        "CallCompleted",
        "CallEnded",
    ]
    assert all(event.rebuilt and event.server == "pbx" for event in events)
    arrived = events[0]
    assert isinstance(arrived, ev.CallArrived)
    assert (arrived.trunk, arrived.caller_pseudonym, arrived.at) == ("carrier", "p8000", T)
    found = story(events)
    assert found is not None
    assert (found.outcome, found.agents, found.misses) == ("answered", ("1002",), 1)
    assert (found.wait_time, found.talk_time, found.ended_at) == (11.0, 45.0, T + 60)
    assert (found.ended_by, found.rebuilt) == ("caller", True)


def test_an_abandoned_call_and_one_that_saw_only_the_menu() -> None:
    gave_up, menu = story(of(told(), "bbb")), story(of(told(), "ccc"))
    assert gave_up is not None
    assert menu is not None
    assert (gave_up.outcome, gave_up.wait_time, gave_up.queues) == ("abandoned", 14.0, ("vip",))
    assert (menu.outcome, menu.queues, menu.state) == ("menu", (), "ended")


def test_a_phone_that_rang_when_the_caller_gave_up_missed_nothing() -> None:
    lines = [*LOG[:5], f"{T + 19}|{T}.2|vip|1001|RINGCANCELED|3000\n", *LOG[5:]]
    assert kinds(of(told(lines), "bbb")) == [
        "CallArrived",
        "CallQueued",
        "AgentRinging",
        "CallAbandoned",
        "CallEnded",
    ]


@pytest.mark.parametrize("cut", range(len(LOG) + 1))
def test_with_lines_missing_the_story_stays_legal_and_ends(cut: int) -> None:
    events = of(told(LOG[:cut]), "aaa")
    found = story(events)
    assert found is not None
    assert (found.state, found.ended_at) == ("ended", T + 60)
    assert kinds(events).count("CallEnded") == 1
    if cut >= 5:
        assert found.agents == ("1002",)


def test_what_ended_outside_the_absence_is_left_alone() -> None:
    records = list(call_records.parse(RECORDS))
    assert set(ended_calls(records, T + 20, T + 40)) == {"bbb"}


def test_readers_leave_out_what_is_cut_or_foreign() -> None:
    whole = "".join(RECORDS)
    for size in range(len(whole)):
        found = list(call_records.parse(whole[:size].splitlines(keepends=True)))
        assert [r.call_id for r in found] == ["aaa", "bbb", "ccc"][: whole[:size].count("\n")]
    text = "".join(LOG)
    for size in range(len(text)):
        lines = list(queue_log.parse(text[:size].splitlines(keepends=True)))
        assert len(lines) == text[:size].count("\n")
    assert list(queue_log.parse(["no line\n", "x|y|z\n", "\n"])) == []
    assert list(call_records.parse(["\n", '"a","b"\n', '"","1","","2"\n'])) == []


def test_a_line_of_queue_log_survives_reading_and_writing() -> None:
    for line, parsed in zip(LOG, queue_log.parse(LOG), strict=True):
        assert queue_log.text_of(parsed) == line.rstrip("\n")


def test_a_talk_with_a_colleague_stands_in_no_queues_log() -> None:
    call_id, one, two, queue = CallId("a"), AgentId("1001"), AgentId("1002"), QueueName("q")
    talk = {"call_id": call_id, "queue": queue, "wait_time": 1.0, "ring_time": 1.0}
    over = {"call_id": call_id, "queue": queue, "talk_time": 1.0, "ended_by": "agent"}
    arrived = ev.CallArrived(
        at=T,
        call_id=call_id,
        uniqueid="1.1",
        linkedid="",
        dnis="95500",
        trunk="",
        caller_pseudonym="",
    )
    call, log, found = arrive(arrived), queue_log.QueueLog(), []
    for event in (
        ev.CallQueued(at=T, call_id=call_id, queue=queue, position=1),
        ev.AgentRinging(at=T, call_id=call_id, agent_id=one, queue=queue),
        ev.CallConnected(at=T, agent_id=one, **talk),
        ev.CallCompleted(at=T, agent_id=one, **over),
        ev.CallTransferred(at=T, call_id=call_id, agent_id=one, kind="agent", target=two),
        ev.CallConnected(at=T, agent_id=two, **talk),
        ev.CallCompleted(at=T, agent_id=two, **over),
        ev.CallQueued(at=T, call_id=call_id, queue=queue, position=1),
        ev.CallConnected(at=T, agent_id=two, **talk),
        ev.CallCompleted(at=T, agent_id=two, **over),
    ):
        line = log.line(call, event)
        found += [] if line is None else [f"{line.event} {line.agent}"]
        call = advance(call, event)
    served = ["ENTERQUEUE NONE", "CONNECT 1001", "COMPLETEAGENT 1001"]
    assert found == [*served, *(words.replace("1001", "1002") for words in served)]


def test_rotated_books_are_read_oldest_first(tmp_path: Path) -> None:
    log, csv = tmp_path / "queue_log", tmp_path / "calls.csv"
    with gzip.open(tmp_path / "queue_log-20261122.gz", "wt") as packed:
        packed.write(LOG[1])
    (tmp_path / "queue_log-20261123").write_text(LOG[2])
    (tmp_path / "queue_log_of_somebody").write_text(LOG[5])
    log.write_text(LOG[4])
    csv.write_text(RECORDS[0])
    for age, name in enumerate(("queue_log", "queue_log-20261123", "queue_log-20261122.gz")):
        os.utime(tmp_path / name, (T + 100 - age, T + 100 - age))
    os.utime(csv, (T + 100, T + 100))
    books = AsteriskBooks(log, csv)
    assert books.read(T) == ([LOG[1], LOG[2], LOG[4]], [RECORDS[0]])
    assert books.read(T + 99)[0] == []  # the files changed later, but every line is older
    assert books.read(T + 10)[0] == [LOG[4]]
    assert AsteriskBooks(tmp_path / "none", tmp_path / "neither").read(0) == ([], [])


def test_recent_lines_are_found_from_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = tmp_path / "queue_log"
    books = AsteriskBooks(log, tmp_path / "calls.csv")
    assert books.recent(T) == []
    lines = [f"{T + i}|{T}.{i}|service|NONE|ENTERQUEUE||+8613800138000|1\n" for i in range(900)]
    log.write_text("".join(lines))
    for block in (100, 5_000, 10_000_000):
        monkeypatch.setattr("hotline.asterisk.books._BLOCK", block)
        assert books.recent(T + 897) == lines[897:]
        assert books.recent(T + 100) == lines[100:]
        assert books.recent(T - 5) == lines
    rotated = tmp_path / "queue_log-20261123"
    rotated.write_text(LOG[1].replace(f"{T + 3}", f"{T - 3}"))
    for age, file in enumerate((log, rotated)):
        os.utime(file, (T + 900 - age, T + 900 - age))
    assert books.recent(T - 5)[0].startswith(f"{T - 3}|"), "it was rotated since"
    assert books.recent(T + 5)[0] == lines[5]


def test_a_foreign_asterisk_has_no_books_here(tmp_path: Path) -> None:
    ours = Settings(state_dir=tmp_path)
    foreign = Settings(state_dir=tmp_path, asterisk=AsteriskSettings(mode="external"))
    assert books_of(ours) is not None
    assert books_of(foreign) is None


class Books:
    """Books in memory; ``broken`` cannot be read."""

    broken = False

    def read(self, since: float) -> tuple[Sequence[str], Sequence[str]]:
        del since
        if self.broken:
            raise OSError("disk is gone")
        return LOG, RECORDS


async def test_holes_are_filled_once_and_known_calls_left_alone(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(away, "_SETTLE", 0.0)
    journal, books, put = MemoryJournal(), Books(), list[ev.DomainEvent]()

    async def flush() -> None:
        await journal.append(put)
        put.clear()

    put.append(
        ev.CallArrived(
            at=T + 5,
            call_id=CallId("bbb"),
            uniqueid=f"{T}.2",
            linkedid="",
            dnis="",
            trunk="",
            caller_pseudonym="",
        )
    )
    calls = AwayCalls(journal, books, put.append, flush, lambda _: "")
    await calls.fill(T + 100, "pbx")
    assert len(put) == 1, "who was not away has nothing to rebuild"
    calls.away_since(T)
    books.broken = True
    await calls.fill(T + 100, "pbx")
    assert len(put) == 1
    books.broken = False
    await calls.fill(T + 100, "pbx")  # the absence was not forgotten
    assert {e.call_id for e in put if isinstance(e, ev.CallEvent)} == {"aaa", "ccc"}
    calls.away_since(T)
    await calls.fill(T + 200, "pbx")
    assert put == [], "a second look finds every call in the journal"
    assert len([r for r in journal.rows if r.type == "CallArrived"]) == 3
