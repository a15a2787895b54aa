"""Where calls broke off: one suite over the twin and the database."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from crm_lookup import testing as crm
from crm_lookup.bank import testing as bank
from crm_lookup.model import CustomerId
from crm_lookup.tables import menu_places, metadata
from hotline.menu_places import KEPT_SECONDS, StoredPlaces
from ivr.ports import MenuPlace, Places
from ivr.testing import MemoryPlaces
from tests.postgres_kit import open_engine

WANG, LI, NOBODY = crm.WANG, crm.LI, CustomerId("nobody")
BILL = MenuPlace(flow="main", node="cards.bill", topic="card_bill")
PAGE = MenuPlace(flow="main", node="transactions.next_page", topic="transactions", cursor="MTo")


@pytest.fixture(params=["twin", "sqlite", "postgres"])
async def places(request: Any, tmp_path: Path) -> AsyncIterator[Places]:
    if request.param == "twin":
        yield MemoryPlaces()
        return
    async with open_engine(request.param, tmp_path, metadata) as engine:
        async with engine.begin() as connection:
            await connection.run_sync(crm.write_bank)
        yield StoredPlaces(engine)


async def test_the_newest_place_of_each_customer_counts(places: Places) -> None:
    await places.keep(WANG, BILL, now=100.0)
    await places.keep(WANG, PAGE, now=200.0)
    await places.keep(LI, BILL, now=200.0)
    assert await places.find(WANG, since=150.0) == PAGE
    assert await places.find(LI, since=150.0) == BILL


async def test_an_old_one_is_not_found_and_a_forgotten_one_neither(places: Places) -> None:
    await places.keep(WANG, BILL, now=100.0)
    assert await places.find(WANG, since=100.0) is None
    assert await places.find(WANG, since=99.0) == BILL
    await places.forget(WANG)
    assert await places.find(WANG, since=0.0) is None
    await places.forget(WANG)


async def test_the_database_keeps_it_over_a_restart_and_lets_old_ones_go(tmp_path: Path) -> None:
    file = bank.make_database(tmp_path / "bank.db")

    async def rows() -> int:
        async with engine.connect() as connection:
            return (
                await connection.scalar(sa.select(sa.func.count()).select_from(menu_places)) or 0
            )

    for customer, now in ((WANG, 100.0), (LI, 200.0 + KEPT_SECONDS), (NOBODY, 150.0)):
        engine = create_async_engine(f"sqlite+aiosqlite:///{file}")
        await StoredPlaces(engine).keep(customer, PAGE, now=now)
        await engine.dispose()
    engine = create_async_engine(f"sqlite+aiosqlite:///{file}")
    assert await StoredPlaces(engine).find(LI, since=0.0) == PAGE
    assert await StoredPlaces(engine).find(WANG, since=0.0) is None
    assert await rows() == 1
    await engine.dispose()
