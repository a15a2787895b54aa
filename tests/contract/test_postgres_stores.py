"""Several processes at once on one PostgreSQL: what SQLite's one writer gives for free."""

import asyncio
from collections.abc import AsyncIterator, Coroutine
from contextlib import AsyncExitStack
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine

from agent_console.store import Skill, SqlUserStore, SqlWorkStore, User
from crm_lookup.bank import requests as q
from crm_lookup.bank import testing as bank
from crm_lookup.bank.errors import BankUnavailableError
from crm_lookup.bank.sql import SqlAudit, SqlCore
from crm_lookup.postgres import PostgresBank
from crm_lookup.testing import FIRM, KEY, LI, NOW, WANG
from hotline import db
from hotline.menu_places import StoredPlaces
from ivr.ports import MenuPlace
from tests.postgres_kit import query

PLACE = MenuPlace(flow="main", node="cards.bill", topic="card_bill")
PERSON = User(
    login="wang",
    display_name="王静",
    role="agent",
    password_hash="x",
    created_at=NOW,
    agent_id="1",
)


@pytest.fixture
async def engines(postgres_url: str) -> AsyncIterator[tuple[AsyncEngine, AsyncEngine]]:
    """Two processes' engines, with the small bank."""
    made = db.async_server_engine(postgres_url), db.async_server_engine(postgres_url)
    async with made[0].begin() as connection:
        await connection.run_sync(bank.write_book)
    yield made
    for engine in made:
        await engine.dispose()


async def at_once(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    return await asyncio.gather(*work)


def cores(engines: tuple[AsyncEngine, AsyncEngine]) -> list[SqlCore]:
    return [SqlCore(engine, key=KEY, clock=lambda: NOW) for engine in engines]


async def test_orders_at_the_same_time_with_one_key_are_one(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    order = q.BlockCard(card_id="K1")
    receipts = await at_once(
        *(core.perform(order, bank.asker(), "k1") for core in cores(engines) * 5)
    )
    assert len({receipt.case_number for receipt in receipts}) == 1
    async with engines[0].connect() as connection:
        assert await connection.scalar(sa.text("SELECT count(*) FROM bank_cases")) == 1


async def test_an_order_that_breaks_half_way_leaves_nothing(
    engines: tuple[AsyncEngine, AsyncEngine], postgres_url: str
) -> None:
    query(postgres_url, "ALTER TABLE bank_cases ADD CONSTRAINT full_disk CHECK (case_id < 0)")
    core, _ = cores(engines)
    with pytest.raises(BankUnavailableError, match="hotline db status"):
        await core.perform(q.BlockCard(card_id="K1"), bank.asker(), "k1")
    assert query(postgres_url, "SELECT status FROM cards WHERE card_id = 'K1'") == [("active",)]
    query(postgres_url, "ALTER TABLE bank_cases DROP CONSTRAINT full_disk")
    assert (await core.perform(q.BlockCard(card_id="K1"), bank.asker(), "k1")).outcome == "done"


async def test_the_audit_is_found_by_customer_and_call(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    audit = SqlAudit(engines[1])
    desk = bank.desk(cores(engines)[0], audit=audit)
    receipt = await desk.ask(q.BlockCard(card_id="K1"), bank.asker())
    await desk.ask(q.RegisterComplaint(topic="fees"), bank.asker(None, call="call-2"))
    lines = await audit.newest(limit=10)
    assert [line.outcome for line in lines] == ["done", "begun"] * 2
    assert lines[2].case_number == receipt.case_number
    assert await audit.newest(limit=1, customer_id=WANG) == lines[2:3]
    assert await audit.newest(limit=9, call_id="call-2") == lines[:2]


async def test_the_same_answer_to_an_offer_counts_once(postgres_url: str) -> None:
    async with AsyncExitStack() as stack:
        engine = db.async_server_engine(postgres_url)
        async with engine.begin() as connection:
            await connection.run_sync(bank.write_book)
        await engine.dispose()
        banks = [
            await stack.enter_async_context(await PostgresBank.open(postgres_url, key=KEY))
            for _ in range(2)
        ]
        call: dict[str, Any] = {"at": NOW, "agent_id": "1001", "call_id": "call-1"}
        await at_once(*(one.note_offer(FIRM, "wealth", "accepted", **call) for one in banks * 4))
    said = "SELECT response, count(*) FROM offer_responses WHERE customer_id = $1 GROUP BY 1"
    assert sorted(query(postgres_url, said, FIRM)) == [("accepted", 1), ("presented", 1)]


async def test_places_skills_and_preferences_are_replaced_not_doubled(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    people = [SqlUserStore(engine) for engine in engines]
    await people[0].add_user(PERSON)
    places = [StoredPlaces(engine) for engine in engines]
    papers = [SqlWorkStore(engine) for engine in engines]
    await at_once(
        *(one.keep(LI, PLACE, now=NOW) for one in places * 4),
        *(one.set_skill(Skill(login="wang", queue="vip", penalty=1)) for one in people * 4),
        *(one.set_preferences("wang", "{}") for one in papers * 4),
    )
    assert await places[0].find(LI, since=0.0) == PLACE
    assert len(await people[0].skills("wang")) == 1
    assert await papers[1].preferences("wang") == "{}"


async def test_wrong_passwords_are_counted_one_by_one(
    engines: tuple[AsyncEngine, AsyncEngine],
) -> None:
    people = [SqlUserStore(engine) for engine in engines]
    await people[0].add_user(PERSON)
    seen = await at_once(*(one.note_failure("wang", 100, NOW + 60) for one in people * 5))
    assert sorted(person.failed_attempts for person in seen) == list(range(1, 11))
