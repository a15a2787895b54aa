"""What every search for customers must do, over each storage of the small bank."""

from collections.abc import AsyncIterator
from datetime import date
from pathlib import Path

import pytest
import sqlalchemy as sa

import agent_console.store.lookup_tables  # noqa: F401 - adds its table
from agent_console.ports import LookupAudit
from agent_console.store import Lookup, MemoryLookupAudit, SqlLookupAudit
from agent_console.store.tables import metadata
from crm_lookup.model import CustomerId
from crm_lookup.testing import NOW, SHARED_NUMBER, WANG, WANG_NUMBER, Bank
from tests.postgres_kit import BANKS, open_engine

NEW = "+8613912345678"


@pytest.fixture(params=sorted(BANKS))
async def bank(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bank]:
    async with BANKS[request.param](tmp_path) as bank:
        yield bank


async def find(bank: Bank, name: str = "", tail: str = "", number: str = "") -> list[CustomerId]:
    return list(await bank.search.search(name=name, card_tail=tail, number=number))


async def test_name_number_and_card_narrow_each_other(bank: Bank) -> None:
    assert await find(bank, number=WANG_NUMBER) == [WANG]
    brief = await bank.brief(WANG)
    assert brief is not None
    name = "王小明" if await find(bank, name="王小明") else ""
    shared = await find(bank, number=SHARED_NUMBER)
    assert len(shared) > 1
    assert await find(bank, number=WANG_NUMBER, tail="0015") == [WANG]
    assert await find(bank, number=WANG_NUMBER, tail="9999") == []
    assert await find(bank, number=WANG_NUMBER, name="没有此人") == []
    assert await find(bank, tail="0015") == []
    assert await find(bank, name="%") == []
    assert name in ("", "王小明")


async def test_a_prospect_is_found_and_recognised_from_then_on(
    bank: Bank, request: pytest.FixtureRequest
) -> None:
    made = await bank.search.add_prospect(
        "赵新", "zh", NEW, mobile=True, today=date(2026, 6, 21), now=NOW
    )
    assert made.startswith("P-")
    # Sealed names are found with a number only.
    sealed = "sealed" in request.node.name
    assert await find(bank, name="赵新", number=NEW if sealed else "") == [made]
    assert await find(bank, name="赵旧", number=NEW) == []
    known = await bank.recognise(NEW)
    assert (known.status, known.candidates[0].customer_id) == ("recognised", made)
    brief = await bank.brief(made)
    assert brief is not None
    assert (brief.name, brief.segment, brief.customer_since) == ("赵**", "standard", "2026-06-21")
    nameless = await bank.search.add_prospect(
        "John Smith", "en", "", mobile=False, today=date(2026, 6, 21), now=NOW
    )
    brief = await bank.brief(nameless)
    assert brief is not None
    assert brief.name == "S**"


async def test_a_number_is_linked_once_and_only_to_somebody(bank: Bank) -> None:
    for _ in range(2):
        assert await bank.search.link_number(WANG, NEW, mobile=True)
    assert [c.customer_id for c in (await bank.recognise(NEW)).candidates] == [WANG]
    assert await bank.search.link_number(WANG, "", mobile=False)
    for nobody in ("nobody", "C9"):
        assert not await bank.search.link_number(CustomerId(nobody), NEW, mobile=True)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def audit(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LookupAudit]:
    if request.param == "memory":
        yield MemoryLookupAudit()
        return
    async with open_engine(request.param, tmp_path, metadata) as engine:
        yield SqlLookupAudit(engine)
        if request.param == "postgres":  # a migrated one
            with pytest.raises(sa.exc.DBAPIError, match="only grows"):
                async with engine.begin() as connection:
                    await connection.execute(sa.text("DELETE FROM customer_lookups"))


async def test_the_audit_keeps_who_searched(audit: LookupAudit) -> None:
    first = Lookup(
        at=NOW, login="wang", role="agent", action="search", fields="name", call_id="c1", found=2
    )
    second = Lookup(
        **{"at": NOW + 1, "login": "wang", "role": "agent", "action": "link"},
        **{"fields": "", "call_id": "c1", "customer_id": "C1"},
    )
    await audit.note(first)
    await audit.note(second)
    assert list(await audit.newest(10)) == [second, first]
    assert list(await audit.newest(1)) == [second]
