"""One suite over both journals: order, chain, and what verification finds."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from cti.errors import JournalDamagedError, JournalError
from cti.journal.chain import Row
from cti.journal.memory import MemoryJournal
from cti.journal.sqlite import SqliteJournal
from cti.journal.tables import metadata
from cti.ports import Journal


def _event(n: int) -> ev.DomainEvent:
    call_id = CallId(f"call-{n}")
    if n % 3 == 0:
        return ev.EngineResynchronised(at=float(n), server="pbx", calls=n, members=1)
    if n % 3 == 1:
        return ev.CallQueued(
            at=float(n), server="pbx", call_id=call_id, queue=QueueName("vip"), position=n
        )
    return ev.CallDisposed(
        at=n + 0.1, call_id=call_id, agent_id=AgentId("1001"), disposition="已解决 ✓"
    )


EVENTS: Sequence[ev.DomainEvent] = [_event(n) for n in range(1, 8)]


@dataclass
class Kept:
    """A journal and the means to damage it behind its back."""

    journal: Journal
    damage: Callable[[str], None]


class _MemoryDamage:
    def __init__(self, journal: MemoryJournal) -> None:
        self._rows = journal.rows

    def __call__(self, how: str) -> None:
        rows = self._rows
        if how == "change":
            rows[3] = rows[3]._replace(body=rows[3].body.replace('"position":4', '"position":1'))
        elif how == "column":
            rows[3] = rows[3]._replace(call_id="call-9")
        elif how == "remove":
            del rows[3]
        elif how == "swap":
            a, b = rows[3], rows[4]
            rows[3:5] = [b._replace(seq=4), a._replace(seq=5)]
        elif how == "cut":
            del rows[-1]


class _SqliteDamage:
    _SQL = {  # noqa: RUF012 -- a constant table of this test
        "change": ["UPDATE journal SET body = replace(body, '\"position\":4', '\"position\":1')"],
        "column": ["UPDATE journal SET call_id = 'call-9' WHERE seq = 4"],
        "remove": ["DELETE FROM journal WHERE seq = 4"],
        "swap": [
            "UPDATE journal SET seq = -4 WHERE seq = 4",
            "UPDATE journal SET seq = 4 WHERE seq = 5",
            "UPDATE journal SET seq = 5 WHERE seq = -4",
        ],
        "cut": ["DELETE FROM journal WHERE seq = (SELECT max(seq) FROM journal)"],
    }

    def __init__(self, path: Path) -> None:
        self._path = path

    def __call__(self, how: str) -> None:
        connection = sqlite3.connect(self._path)
        for sql in self._SQL[how]:
            connection.execute(sql)
        connection.commit()
        connection.close()


def _create(path: Path) -> Path:
    engine = sa.create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    return path


@pytest.fixture(params=["memory", "sqlite"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "memory":
        memory = MemoryJournal()
        yield Kept(memory, _MemoryDamage(memory))
        return
    path = _create(tmp_path / "hotline.db")
    journal = SqliteJournal.open(path)
    yield Kept(journal, _SqliteDamage(path))
    await journal.close()


async def test_events_come_back_as_they_were_in_order(kept: Kept) -> None:
    assert await kept.journal.append(EVENTS[:3]) == 3
    assert await kept.journal.append(EVENTS[3:]) == 7
    stored = await kept.journal.read()
    assert list(stored) == list(enumerate(EVENTS, start=1))
    assert [seq for seq, _ in await kept.journal.read(after=2, limit=3)] == [3, 4, 5]
    assert [seq for seq, _ in await kept.journal.tail(2)] == [6, 7]
    assert list(await kept.journal.tail(0)) == []


async def test_an_empty_journal_is_sound(kept: Kept) -> None:
    assert await kept.journal.verify() == 0
    assert list(await kept.journal.read()) == []
    assert await kept.journal.append([]) == 0


async def test_an_untouched_journal_verifies(kept: Kept) -> None:
    await kept.journal.append(EVENTS)
    assert await kept.journal.verify() == 7


@pytest.mark.parametrize(
    ("how", "seq"), [("change", 4), ("column", 4), ("remove", 4), ("swap", 4), ("cut", 7)]
)
async def test_damage_is_found_where_it_begins(kept: Kept, how: str, seq: int) -> None:
    await kept.journal.append(EVENTS)
    kept.damage(how)
    with pytest.raises(JournalDamagedError, match="hotline db restore") as caught:
        await kept.journal.verify()
    assert caught.value.seq == seq


async def test_a_reopened_journal_goes_on_with_its_chain(tmp_path: Path) -> None:
    path = _create(tmp_path / "hotline.db")
    for part in (EVENTS[:2], EVENTS[2:5], EVENTS[5:]):
        journal = SqliteJournal.open(path)
        await journal.append(part)
        await journal.close()
    journal = SqliteJournal.open(path)
    assert await journal.verify() == 7
    await journal.close()


async def test_many_waiting_appends_share_transactions_and_keep_their_order(
    tmp_path: Path,
) -> None:

    journal = SqliteJournal.open(_create(tmp_path / "hotline.db"))
    numbers = await asyncio.gather(*(journal.append([_event(n)]) for n in range(200)))
    assert list(numbers) == list(range(1, 201))
    assert [e for _, e in await journal.read()] == [_event(n) for n in range(200)]
    assert await journal.verify() == 200
    await journal.close()


async def test_a_refused_write_is_reported_and_leaves_the_chain_whole(tmp_path: Path) -> None:
    path = _create(tmp_path / "hotline.db")
    journal = SqliteJournal.open(path)
    await journal.append(EVENTS[:2])
    other = sqlite3.connect(path)
    other.execute(
        "CREATE TRIGGER full BEFORE INSERT ON journal WHEN new.seq > 3"
        " BEGIN SELECT RAISE(ABORT, 'disk full'); END"
    )
    other.commit()
    with pytest.raises(JournalError, match="disk full"):
        await journal.append(EVENTS[2:5])
    other.execute("DROP TRIGGER full")
    other.commit()
    other.close()
    assert await journal.append(EVENTS[2:5]) == 5
    assert await journal.verify() == 5
    await journal.close()
    with pytest.raises(JournalError, match="closed"):
        await journal.append(EVENTS)


async def test_a_missing_table_says_what_to_run(tmp_path: Path) -> None:
    with pytest.raises(JournalError, match="hotline db upgrade"):
        SqliteJournal.open(tmp_path / "empty.db")


async def test_rows_hold_what_their_columns_say() -> None:
    memory = MemoryJournal()
    await memory.append(EVENTS[:2])
    row: Row = memory.rows[0]
    assert (row.seq, row.type, row.call_id, row.server) == (1, "CallQueued", "call-1", "pbx")
    assert memory.rows[1].prev_hash == row.hash
