"""One suite over every implementation of the voice menu's ports."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import argon2
import pytest

from crm_lookup import testing as crm
from crm_lookup.model import CustomerId
from crm_lookup.pins import PinChecker
from ivr.ports import IvrServices
from ivr.testing import MemoryBank, PlainReader
from tests.postgres_kit import BANKS

WEAK = argon2.Parameters(
    type=argon2.Type.ID,
    version=19,
    salt_len=8,
    hash_len=16,
    time_cost=1,
    memory_cost=8,
    parallelism=1,
)

WANG, LI = crm.WANG, crm.LI


@pytest.fixture(params=["twin", *BANKS])
async def bank(request: Any, tmp_path: Path) -> AsyncIterator[IvrServices]:
    if request.param == "twin":
        twin = MemoryBank(
            numbers={crm.WANG_NUMBER: (WANG,), crm.SHARED_NUMBER: (WANG, LI)},
            segments={WANG: "gold"},
            cards={crm.WANG_CARD: WANG},
            pin_codes={WANG: "135790"},
            ledger={WANG: crm.RECORDS[0].accounts},
        )
        yield IvrServices(
            callers=twin,
            identities=twin,
            pins=twin,
            accounts=twin,
            reader=PlainReader(),
            last_agents=twin,
        )
        return
    async with BANKS[request.param](tmp_path) as real:
        pins = PinChecker(real, crm.KEY, parameters=WEAK)
        await pins.set_pin(WANG, "135790", now=crm.NOW)
        yield IvrServices(
            callers=real,
            identities=real,
            pins=pins,
            accounts=real,
            reader=PlainReader(),
            last_agents=real,
        )
        await pins.close()


@pytest.mark.parametrize(
    ("raw", "status", "candidates"),
    [
        (crm.WANG_NUMBER, "recognised", {WANG}),
        (crm.SHARED_NUMBER, "ambiguous", {WANG, LI}),
        ("+8613900139000", "unknown", set()),
        ("", "withheld", set()),
    ],
)
async def test_a_number_names_whom_it_names(
    bank: IvrServices, raw: str, status: str, candidates: set[CustomerId]
) -> None:
    found = await bank.callers.recognise(raw)
    assert found.status == status
    assert {one.customer_id for one in found.candidates} == candidates


async def test_segments(bank: IvrServices) -> None:
    assert await bank.callers.segment(WANG) == "gold"
    assert await bank.callers.segment(LI) == "standard"
    assert await bank.callers.segment(CustomerId("nobody")) == "standard"


async def test_cards(bank: IvrServices) -> None:
    assert await bank.identities.by_card_number(crm.WANG_CARD) == WANG
    assert await bank.identities.by_card_number("4000000000000000") is None


@pytest.mark.parametrize(
    ("customer", "pin", "outcome"),
    [(WANG, "135790", "ok"), (WANG, "135791", "wrong"), (LI, "135790", "wrong")],
)
async def test_pins(bank: IvrServices, customer: CustomerId, pin: str, outcome: str) -> None:
    assert await bank.pins.verify(customer, pin, now=crm.NOW) == outcome


async def test_nobody_has_no_pin(bank: IvrServices) -> None:
    assert await bank.pins.verify(None, "135790", now=crm.NOW) == "wrong"


async def test_balances(bank: IvrServices) -> None:
    balances = await bank.accounts.balances(WANG)
    assert [account.account_id for account in balances] == ["A1", "A2", "A3"]
    assert balances[1].balance == -900_000
    assert await bank.accounts.balances(CustomerId("nobody")) == ()
