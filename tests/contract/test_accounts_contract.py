"""What the quick reading of balances must do, over each implementation."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_lookup.model import AccountBalance, CustomerId
from crm_lookup.ports import Balances
from crm_lookup.testing import LI, WANG
from tests.postgres_kit import BANKS


@pytest.fixture(params=sorted(BANKS))
async def accounts(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Balances]:
    async with BANKS[request.param](tmp_path) as bank:
        yield bank


async def test_balances_come_in_a_fixed_order_without_closed_accounts(
    accounts: Balances,
) -> None:
    balances = await accounts.balances(WANG)
    assert [(b.account_id, b.kind, b.currency, b.balance) for b in balances] == [
        ("A1", "current", "CNY", 31_000_050),
        ("A2", "credit_card", "CNY", -900_000),
        ("A3", "savings", "USD", 12_345),
    ]
    assert isinstance(balances[0], AccountBalance)
    assert balances[0].tail == "0015"


async def test_who_has_no_account_has_no_balance(accounts: Balances) -> None:
    assert await accounts.balances(LI) == ()
    assert await accounts.balances(CustomerId("nobody")) == ()
