"""What is PostgreSQL's own about the journal: its one owner, and a server that goes away."""

import asyncio
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from cti.errors import JournalError, JournalLockedError
from cti.history.figures import Figures
from cti.history.keeper import HistoryKeeper
from cti.history.reader import HistoryReader
from cti.journal.checkpoints import Checkpoint
from cti.journal.postgres import ServerStorage
from cti.journal.sql import SqlJournal
from cti.journal.storage import Storage, StorageFault
from hotline import db
from hotline.db.private_server import PrivateServer
from hotline.storage import journal_storage
from tests.postgres_kit import databases, query

ZONE = ZoneInfo("Asia/Shanghai")
T = 1_795_492_800.0
ONE, QUEUE = AgentId("1001"), QueueName("service")


def event(number: int) -> ev.DomainEvent:
    return ev.EngineResynchronised(at=T + number, server="pbx", calls=number, members=1)


def call(call_id: str, at: float) -> list[ev.DomainEvent]:
    name = CallId(call_id)
    return [
        ev.CallArrived(
            at=at,
            call_id=name,
            uniqueid=f"u-{name}",
            linkedid="l",
            dnis="95500",
            trunk="carrier",
            caller_pseudonym="",
        ),
        ev.CallQueued(at=at + 5, call_id=name, queue=QUEUE, position=1),
        ev.AgentRinging(at=at + 6, call_id=name, agent_id=ONE, queue=QUEUE),
        ev.CallConnected(
            at=at + 8, call_id=name, agent_id=ONE, queue=QUEUE, wait_time=3.0, ring_time=2.0
        ),
        ev.CallEnded(at=at + 68, call_id=name, cause=16, ended_by="agent"),
    ]


@pytest.fixture
def storage(postgres_url: str) -> ServerStorage:
    return ServerStorage(postgres_url)


def own_pid(url: str) -> int:
    found = "SELECT pid FROM pg_stat_activity WHERE application_name LIKE 'hotline journal %'"
    [(pid,)] = query(url, found + " AND datname = current_database()")
    return int(pid)


async def test_a_second_owner_is_refused_until_the_first_has_gone(postgres_url: str) -> None:
    first = SqlJournal.open_in(ServerStorage(postgres_url, "the bank's server"))
    with pytest.raises(JournalLockedError, match=r"bank's server .*server process \d+.*stop that"):
        SqlJournal.open_in(ServerStorage(postgres_url, "the bank's server"))
    await first.close()
    second = SqlJournal.open_in(ServerStorage(postgres_url))
    assert await second.verify() == 0
    await second.close()


async def test_a_lost_connection_loses_no_event_and_keeps_others_out(
    postgres_url: str, storage: ServerStorage
) -> None:
    journal = SqlJournal.open_in(storage)
    for number in range(3):
        await journal.append([event(number)])
        query(postgres_url, "SELECT pg_terminate_backend($1)", own_pid(postgres_url))
    assert await journal.append([event(3)]) == 4
    with pytest.raises(JournalLockedError):
        SqlJournal.open_in(ServerStorage(postgres_url))
    query(postgres_url, "SELECT pg_terminate_backend($1)", own_pid(postgres_url))
    at_4 = Checkpoint(seq=4, at=T, format=1, state=b"s")
    await journal.save(at_4, Figures(), 0)
    assert await journal.verify() == 4
    assert [e for _, e in await journal.read()] == [event(number) for number in range(4)]
    await journal.close()


async def test_who_wrote_while_the_connection_was_lost_is_noticed(
    postgres_url: str, storage: ServerStorage
) -> None:
    journal = SqlJournal.open_in(storage)
    await journal.append([event(0)])
    query(postgres_url, "SELECT pg_terminate_backend($1)", own_pid(postgres_url))
    other = SqlJournal.open_in(ServerStorage(postgres_url))
    with pytest.raises(JournalError, match="belongs to another running process"):
        await journal.append([event(1)])
    assert await other.append([event(7)]) == 2
    await other.close()
    with pytest.raises(JournalError, match="somebody else wrote"):
        await journal.append([event(1)])
    await journal.close()


async def test_a_refused_write_is_reported_and_leaves_the_chain_whole(
    postgres_url: str, storage: ServerStorage
) -> None:
    journal = SqlJournal.open_in(storage)
    await journal.append([event(0)])
    query(postgres_url, "ALTER TABLE journal ADD CONSTRAINT disk_full CHECK (seq < 3)")
    with pytest.raises(JournalError, match="disk_full"):
        await journal.append([event(1), event(2)])
    query(postgres_url, "ALTER TABLE journal DROP CONSTRAINT disk_full")
    assert await journal.append([event(1), event(2)]) == 3
    assert await journal.verify() == 3
    await journal.close()


@pytest.fixture
def server() -> Iterator[PrivateServer]:
    with PrivateServer.start() as own:
        db.upgrade(own.url())
        yield own


async def test_a_server_that_went_away_and_came_back(server: PrivateServer) -> None:
    journal = SqlJournal.open_in(ServerStorage(server.url()))
    await journal.append([event(0)])
    server.stop()  # as a crash would
    for _ in range(2):
        with pytest.raises(JournalError, match="could not be written"):
            await journal.append([event(1)])
    server.start_again()
    numbers = await asyncio.gather(*(journal.append([event(n)]) for n in range(1, 50)))
    assert list(numbers) == list(range(2, 51))
    assert await journal.verify() == 50
    await journal.close()


async def test_a_missing_schema_or_server_says_what_to_do() -> None:
    with (
        databases().fresh(empty=True) as empty,
        pytest.raises(JournalError, match="hotline db upgrade"),
    ):
        SqlJournal.open_in(ServerStorage(empty))
    with pytest.raises(JournalError, match="does not exist"):
        SqlJournal.open_in(ServerStorage(databases().server.url("no_such")))


def test_long_results_come_by_the_thousand(storage: ServerStorage) -> None:
    series = "SELECT n FROM generate_series(1, ?) AS n"
    with closing(storage.connect()) as connection:
        assert len(connection.execute(series, (2500,)).fetchall()) == 2500
        connection.execute("BEGIN")
        rows = connection.execute(series, (2500,))
        assert rows.fetchone() == (1,)
        assert [n for (n,) in rows] == list(range(2, 2501))
        assert connection.in_transaction
        connection.execute("ROLLBACK")
        with pytest.raises(StorageFault, match="no_such") as caught:
            connection.execute("SELECT 1 FROM no_such")
        assert caught.value.missing
        assert not caught.value.lost


async def test_history_reads_the_same_from_both(postgres_url: str, tmp_path: Path) -> None:
    urls = f"sqlite:///{tmp_path / 'hotline.db'}", postgres_url
    db.upgrade(urls[0])
    told = []
    for url in urls:
        journal = SqlJournal.open_in(journal_storage(url))
        await journal.append(call("aaaa-1", T))
        keeper = HistoryKeeper(journal, ZONE)
        await keeper.start()
        await keeper.stop()
        await journal.append(call("aabb-2", T + 600))
        told.append(await asyncio.to_thread(_told, journal_storage(url)))
        await journal.close()
    assert told[0] == told[1]
    assert told[0][0] == 10


def _told(storage: Storage) -> list[object]:
    reader = HistoryReader(storage)
    replay = reader.replay(ZONE, lambda _: None)
    assert replay.checkpoint == 5
    return [
        reader.last(),
        reader.events("aab"),
        list(reader.calls(T, T + 3600)),
        list(reader.calls(T, T + 3600, queue=QueueName("vip"))),
        list(reader.journal(T + 5, T + 606)),
        reader.figures(T, T + 3600, ZONE),
        replay.figures,
        replay.differences,
        reader.verify(from_checkpoint=True, progress=lambda _: None),
        reader.verify(from_checkpoint=False, progress=lambda _: None),
    ]
