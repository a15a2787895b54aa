"""What the pool does when the server is slow, busy or gone, on a real PostgreSQL."""

import asyncio
from collections.abc import Iterator

import pytest

from crm_lookup.errors import NotReadyError, UnknownCustomerError, WrongKeyError
from crm_lookup.keys import DataKey
from crm_lookup.postgres import PostgresBank, PostgresDatabase
from crm_lookup.sql import statements as s
from crm_lookup.sql.port import ConflictError, Statement
from crm_lookup.testing import KEY, NOW, WANG, WANG_NUMBER, postgres_bank
from hotline import db
from hotline.db.private_server import PrivateServer
from tests.postgres_kit import databases, query

LOCK = 600.0


@pytest.fixture(scope="module")
def server() -> Iterator[PrivateServer]:
    """A server of this file's own, since it is stopped here."""
    with PrivateServer.start() as own:
        db.upgrade(own.url())
        yield own


async def test_a_server_that_was_restarted_is_found_again(server: PrivateServer) -> None:
    async with postgres_bank(server.url()) as bank:
        assert (await bank.recognise(WANG_NUMBER)).customer_id == WANG
        server.stop()
        with pytest.raises(NotReadyError, match="cannot serve customers"):
            await bank.recognise(WANG_NUMBER)
        with pytest.raises(NotReadyError):
            await bank.note_agent(WANG, "1001", NOW)
        server.start_again()
        assert (await bank.recognise(WANG_NUMBER)).customer_id == WANG
        await bank.note_agent(WANG, "1001", NOW)
        assert await bank.last_agent(WANG, 0.0) == "1001"


async def test_a_read_outlives_a_restart_that_nobody_noticed(server: PrivateServer) -> None:
    database = await PostgresDatabase.open(server.url())
    number = Statement("SELECT pg_backend_pid()")
    [[before]] = await database.read(number, {})
    query(server.url(), "SELECT pg_terminate_backend($1)", before)
    [[after]] = await database.read(number, {})
    assert after != before
    await database.close()


async def test_a_statement_that_takes_too_long_ends(postgres_url: str) -> None:
    database = await PostgresDatabase.open(postgres_url, statement_seconds=0.1)
    slow = Statement("SELECT pg_sleep(:seconds)", seconds="double precision")
    for call in (database.read, database.write):
        with pytest.raises(NotReadyError, match="statement timeout"):
            await call(slow, {"seconds": 30.0})
    assert [tuple(row) for row in await database.read(Statement("SELECT 1"), {})] == [(1,)]
    await database.close()


async def test_a_cancelled_look_up_leaves_the_pool_whole(postgres_url: str) -> None:
    database = await PostgresDatabase.open(postgres_url)
    slow = Statement("SELECT pg_sleep(:seconds)", seconds="double precision")
    for _ in range(20):  # more than there are connections
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(database.read(slow, {"seconds": 30.0}), 0.02)
    assert [tuple(row) for row in await database.read(Statement("SELECT 1"), {})] == [(1,)]
    await database.close()


async def test_all_changes_are_made_or_none(postgres_url: str) -> None:
    database = await PostgresDatabase.open(postgres_url)
    good = (s.CLAIM_KEY, {"value": "x"})
    bad = (s.SET_PIN, {"id": "nobody", "hash": "h", "now": NOW})
    with pytest.raises(ConflictError):
        await database.write_all([good, bad])
    assert await database.read(s.KEY_CHECK, {}) == []
    await database.close()


async def test_tries_at_a_pin_are_counted_one_by_one_by_several_processes(
    postgres_url: str,
) -> None:
    async with (
        postgres_bank(postgres_url) as one,
        await PostgresBank.open(postgres_url, key=KEY) as two,
    ):
        await one.set_pin(WANG, "hash", now=NOW)
        tries = await asyncio.gather(
            *(
                bank.begin_attempt(WANG, now=NOW, limit=5, lock_seconds=LOCK)
                for bank in (one, two) * 20
            )
        )
        assert sorted(t.failures for t in tries if not t.locked) == [1, 2, 3, 4, 5]
        assert sum(t.locked for t in tries) == 35
        with pytest.raises(UnknownCustomerError):
            await one.set_pin("nobody", "hash", now=NOW)  # type: ignore[arg-type]
    kept = query(postgres_url, "SELECT failures, locked_until FROM pins")
    assert kept == [(5, NOW + LOCK)]
    said = "SELECT value FROM crm_meta WHERE name = 'refused_pin_attempts'"
    assert query(postgres_url, said) == [("35",)]


async def test_another_key_or_no_schema_is_named(postgres_url: str) -> None:
    async with postgres_bank(postgres_url):
        pass
    with pytest.raises(WrongKeyError, match="another data key"):
        await PostgresBank.open(postgres_url, key=DataKey(b"another key" * 3))
    with databases().fresh(empty=True) as empty, pytest.raises(NotReadyError, match="db upgrade"):
        await PostgresBank.open(empty, key=KEY)
    with pytest.raises(NotReadyError, match="does not exist"):
        await PostgresBank.open(databases().server.url("no_such"), key=KEY)
