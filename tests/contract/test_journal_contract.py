"""One suite over both journals: order, chain, and what verification finds."""

import asyncio
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest
import sqlalchemy as sa

from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from cti.errors import JournalDamagedError, JournalError
from cti.history.figures import AgentKey, Figures, GroupKey, GroupWaitKey, QueueKey
from cti.history.measures import waits_by
from cti.journal import checkpoints
from cti.journal.chain import Row
from cti.journal.checkpoints import Checkpoint, View
from cti.journal.memory import MemoryJournal
from cti.journal.postgres import ServerStorage
from cti.journal.sql import SqlJournal
from cti.journal.sqlite import FileStorage, SqliteJournal
from cti.journal.storage import Storage
from cti.journal.tables import metadata
from cti.journal.verify import verify
from cti.ports import Journal
from tests.postgres_kit import databases


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


class _SqlDamage:
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

    def __init__(self, storage: Storage) -> None:
        self._storage = storage

    def __call__(self, how: str) -> None:
        with closing(self._storage.connect()) as connection:
            for sql in self._SQL[how]:
                connection.execute(sql)


def _create(path: Path) -> Path:
    engine = sa.create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    return path


@contextmanager
def _storage(name: str, folder: Path) -> Iterator[Storage]:
    """Lend a database with the journal's tables."""
    if name == "sqlite":
        yield FileStorage(_create(folder / "hotline.db"))
        return
    with databases().fresh() as url:
        yield ServerStorage(url)


@pytest.fixture(params=["sqlite", "postgres"])
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Storage]:
    with _storage(request.param, tmp_path) as made:
        yield made


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def kept(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Kept]:
    if request.param == "memory":
        memory = MemoryJournal()
        yield Kept(memory, _MemoryDamage(memory))
        return
    with _storage(request.param, tmp_path) as made:
        journal = SqlJournal.open_in(made)
        yield Kept(journal, _SqlDamage(made))
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


async def test_a_reopened_journal_goes_on_with_its_chain(storage: Storage) -> None:
    for part in (EVENTS[:2], EVENTS[2:5], EVENTS[5:]):
        journal = SqlJournal.open_in(storage)
        await journal.append(part)
        await journal.close()
    journal = SqlJournal.open_in(storage)
    assert await journal.verify() == 7
    await journal.close()


async def test_many_waiting_appends_share_transactions_and_keep_their_order(
    storage: Storage,
) -> None:

    journal = SqlJournal.open_in(storage)
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


def _checkpoint(seq: int) -> Checkpoint:
    return Checkpoint(seq=seq, at=seq * 10_000.0, format=1, state=f"state {seq}".encode())


def _figures(answered: int) -> Figures:
    figures = Figures()
    figures.queue(QueueKey(900, QueueName("vip"))).answered = answered
    figures.queue(QueueKey(1800, QueueName("vip"))).talk_ms = 1
    figures.agent(AgentKey(900, AgentId("1001"), QueueName("vip"))).answered = answered
    figures.waited(900, QueueName("vip"), "answered", 7.0)
    return figures


async def test_figures_are_added_with_their_checkpoint(kept: Kept) -> None:
    journal = kept.journal
    assert await journal.checkpoint() is None
    await journal.append(EVENTS)
    await journal.save(_checkpoint(2), _figures(3), 0)
    await journal.save(_checkpoint(5), _figures(4), 2)
    found = await journal.checkpoint()
    assert found is not None
    assert (found.seq, found.state, len(found.head)) == (5, b"state 5", 32)
    assert await journal.figures(0, 10_000) == (5, _figures(3).add(_figures(4)))
    assert (await journal.figures(1800, 1801))[1] == _figures(0).between(1800, 1801).add(
        _figures(0).between(1800, 1801)
    )


async def test_a_coarser_view_has_the_same_sums(storage: Storage) -> None:
    journal = SqlJournal.open_in(storage)
    await journal.append(EVENTS)
    vip = QueueName("vip")
    figures = _figures(3)
    for name, start, seconds in (("a", 900, 5), ("a", 1800, 20), ("b", 1800, 40)):
        figures.group(GroupKey(start, "topic", name)).offered += 1
        figures.group(GroupKey(start, "segment", name)).offered += 1
        key = GroupWaitKey(start, "topic", name, vip, "answered", seconds)
        figures.group_waits[key] = 2
    await journal.save(_checkpoint(5), figures, 0)
    await journal.close()
    with closing(storage.look()) as connection:
        fine = checkpoints.figures(connection, 0, 10_000, view=View())
        assert fine == figures
        view = View(spans=(0.0, 1800.0), limits={"vip": 20}, own_limit=10, kind="topic")
        coarse = checkpoints.figures(connection, 0, 10_000, view=view)
        own = checkpoints.figures(connection, 0, 10_000, view=View(own_limit=10))
    assert coarse.together().queues == figures.together().queues
    assert {key: row.offered for key, row in coarse.groups.items()} == {
        GroupKey(0, "topic", "a"): 1,
        GroupKey(1800, "topic", "a"): 1,
        GroupKey(1800, "topic", "b"): 1,
    }
    limit = {vip: 20}.__getitem__
    for got, judge in ((coarse, limit), (own, lambda _: 10)):
        assert waits_by(got.group_waits, lambda bar: bar.name, judge) == waits_by(
            figures.group_waits, lambda bar: bar.name, judge
        )
        assert all(type(key.start) is int for key in got.group_waits)


async def test_figures_are_counted_once(kept: Kept) -> None:
    await kept.journal.append(EVENTS)
    await kept.journal.save(_checkpoint(5), _figures(3), 0)
    for seq, after in ((6, 2), (6, 4), (9, 5)):  # told before, unknown, not in the journal
        with pytest.raises(JournalError):
            await kept.journal.save(_checkpoint(seq), _figures(3), after)
    assert await kept.journal.figures(0, 10_000) == (5, _figures(3))
    await kept.journal.save(_checkpoint(4), _figures(1), 0)  # from the beginning, anew
    assert await kept.journal.figures(0, 10_000) == (4, _figures(1))


async def test_known_calls_are_told(kept: Kept) -> None:
    await kept.journal.append(EVENTS)
    asked = [CallId("call-1"), CallId("call-3"), CallId("call-4"), CallId("call-77")]
    assert await kept.journal.known(asked) == {"call-1", "call-4"}


async def test_entries_cut_off_before_the_start_are_noticed_for_ever(storage: Storage) -> None:
    journal = SqlJournal.open_in(storage)
    await journal.append(EVENTS[:5])
    await journal.save(_checkpoint(5), Figures(), 0)
    await journal.close()
    _SqlDamage(storage)("cut")
    journal = SqlJournal.open_in(storage)
    with pytest.raises(JournalDamagedError) as caught:
        await journal.verify()
    assert caught.value.seq == 5
    assert await journal.append(EVENTS[5:]) == 7, "lost entries are not written over"
    with pytest.raises(JournalDamagedError) as caught:
        await journal.verify()
    assert caught.value.seq == 5
    await journal.close()


async def test_verification_from_a_checkpoint_reads_only_what_follows(storage: Storage) -> None:
    journal = SqlJournal.open_in(storage)
    await journal.append(EVENTS)
    await journal.save(_checkpoint(5), Figures(), 0)
    await journal.close()
    seen: list[int] = []
    with closing(storage.connect()) as connection:
        assert verify(connection) == (7, 7)
        assert verify(connection, from_checkpoint=True, progress=seen.append) == (7, 2)
        assert seen == [2]
        connection.execute("UPDATE journal SET body = replace(body, 'vip', 'pip') WHERE seq = 1")
        assert verify(connection, from_checkpoint=True) == (7, 2)
        with pytest.raises(JournalDamagedError) as caught:
            verify(connection)
        assert caught.value.seq == 1
        connection.execute("UPDATE journal_checkpoints SET head = ? WHERE seq = 5", (b"\0",))
        with pytest.raises(JournalDamagedError, match="checkpoint") as caught:
            verify(connection, from_checkpoint=True)
        assert caught.value.seq == 5


async def test_a_rewritten_end_does_not_match_its_checkpoint(storage: Storage) -> None:
    """Somebody replaces the last entries by a new chain that is sound in itself."""
    journal = SqlJournal.open_in(storage)
    await journal.append(EVENTS)
    await journal.save(_checkpoint(7), Figures(), 0)
    await journal.close()
    with closing(storage.connect()) as connection:
        connection.execute("DELETE FROM journal WHERE seq > 5")
        anchors = connection.execute("SELECT * FROM journal_checkpoints").fetchall()
        connection.execute("DELETE FROM journal_checkpoints")
    forged = SqlJournal.open_in(storage)
    assert await forged.append([_event(70), _event(71)]) == 7
    await forged.close()
    with closing(storage.connect()) as connection:
        assert verify(connection) == (7, 7), "the forgery is sound without its checkpoint"
        connection.executemany("INSERT INTO journal_checkpoints VALUES (?, ?, ?, ?, ?)", anchors)
        with pytest.raises(JournalDamagedError, match="checkpoint") as caught:
            verify(connection)
        assert caught.value.seq == 7


async def test_old_checkpoints_leave_one_anchor_a_day(storage: Storage) -> None:
    journal = SqlJournal.open_in(storage)
    await journal.append([_event(n) for n in range(1, 31)])
    for seq in range(1, 31):  # 10,000 s apart: more than three days
        await journal.save(_checkpoint(seq), Figures(), seq - 1)
    await journal.close()
    with closing(storage.connect()) as connection:
        rows = connection.execute(
            "SELECT seq, CASE WHEN state IS NULL THEN 0 ELSE 1 END FROM journal_checkpoints"
            " ORDER BY seq"
        ).fetchall()
        assert rows == [(8, 0), (17, 0), (25, 0), (28, 0), (29, 1), (30, 1)]
        assert set(checkpoints.anchors(connection, 20)) == {25, 28, 29, 30}
