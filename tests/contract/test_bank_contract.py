"""What every bank core must do; the same for memory, the embedded ledger and the HTTP adapter."""

import asyncio
import functools
import sqlite3
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager, closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

import pytest

from crm_lookup.bank import records as r
from crm_lookup.bank import requests as q
from crm_lookup.bank import testing as bank
from crm_lookup.bank.errors import BankRefusedError, BankUnavailableError
from crm_lookup.bank.http import HttpCore, HttpLimits
from crm_lookup.bank.reference_server import app
from crm_lookup.bank.sql import SqlCore
from crm_lookup.bank.testing import asker
from crm_lookup.ports import BankCore
from crm_lookup.testing import KEY, LI, NOW, WANG
from tests.postgres_kit import open_engine
from tests.web_kit import served

PATIENT: Final = HttpLimits(deadline=30.0, attempt=20.0, connect=10.0)  # the machine is shared
BOOK: Final = bank.book()
WANGS: Final = BOOK.customers[WANG]


@asynccontextmanager
async def memory(_folder: Path) -> AsyncIterator[BankCore]:
    yield bank.memory_core()


@asynccontextmanager
async def embedded(folder: Path) -> AsyncIterator[BankCore]:
    async with bank.sql_core(fresh_database(folder)) as core:
        yield core


@asynccontextmanager
async def on_postgres(folder: Path) -> AsyncIterator[BankCore]:
    async with open_engine("postgres", folder) as engine:
        async with engine.begin() as connection:
            await connection.run_sync(bank.write_book)
        yield SqlCore(engine, key=KEY, clock=lambda: NOW)


@asynccontextmanager
async def over_http(folder: Path) -> AsyncIterator[BankCore]:
    """The adapter, a real server on a real socket, and the embedded ledger behind it."""
    async with embedded(folder) as behind, served(app(behind, token="s3cret")) as url:
        core = HttpCore(url, token="s3cret", limits=PATIENT)
        yield core
        await core.close()


def fresh_database(folder: Path) -> Path:
    path = folder / "bank.db"
    path.write_bytes(_database())
    return path


@functools.cache
def _database() -> bytes:
    """Made once and copied: thirty tables take longer than a test."""
    with TemporaryDirectory() as scratch:
        return bank.make_database(Path(scratch) / "bank.db").read_bytes()


CORES: Final[dict[str, Callable[[Path], AbstractAsyncContextManager[BankCore]]]] = {
    "memory": memory,
    "embedded": embedded,
    "postgres": on_postgres,
    "http": over_http,
}


@pytest.fixture(params=CORES)
async def core(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[BankCore]:
    async with CORES[request.param](tmp_path) as opened:
        yield opened


async def reason(core: BankCore, request: Any, by: q.Asker, key: str = "") -> str:
    with pytest.raises(BankRefusedError) as refused:
        await core.perform(request, by, key)
    return refused.value.reason


async def cards(core: BankCore) -> dict[str, r.CardStatus]:
    found = await core.perform(q.CardInquiry(), asker(), "")
    return {card.card_id: card.status for card in found.cards}


# Inquiries -------------------------------------------------------------------------------------

SIMPLE: Final[tuple[tuple[q.Request[Any], Any], ...]] = (
    (q.AccountInquiry(), r.Accounts(accounts=WANGS.accounts)),
    (q.CardBillInquiry(), r.CardBills(bills=WANGS.bills)),
    (q.LoanInquiry(), r.Loans(loans=WANGS.loans)),
    (q.DepositInquiry(), r.Deposits(deposits=WANGS.deposits[::-1])),
    (q.TransferLimitInquiry(), r.TransferLimits(limits=WANGS.limits)),
    (q.CardInquiry(), r.Cards(cards=WANGS.cards[:2])),
    (q.CardOrderInquiry(), r.CardOrders(orders=WANGS.card_orders[::-1])),
    (q.ExchangeRateInquiry(), r.ExchangeRates(rates=BOOK.exchange_rates)),
    (q.ExchangeRateInquiry(currency="USD"), r.ExchangeRates(rates=BOOK.exchange_rates[1:])),
    (q.DepositRateInquiry(), r.DepositRates(rates=BOOK.deposit_rates[:2])),
    (q.DepositRateInquiry(currency="USD"), r.DepositRates(rates=BOOK.deposit_rates[2:])),
    (q.BranchInquiry(), r.Branches(branches=BOOK.branches)),
    (q.BranchInquiry(city_code="021"), r.Branches(branches=BOOK.branches[1:])),
    (q.BranchInquiry(branch_code="1001"), r.Branches(branches=BOOK.branches[:1])),
    (q.BranchInquiry(branch_code="9"), r.Branches(branches=())),
)


@pytest.mark.parametrize(("inquiry", "answer"), SIMPLE)
async def test_inquiries_are_answered(
    core: BankCore, inquiry: q.Request[Any], answer: Any
) -> None:
    assert await core.perform(inquiry, asker(), "") == answer


@pytest.mark.parametrize("customer", [LI, "C404"])
@pytest.mark.parametrize("inquiry", [pair[0] for pair in SIMPLE[:7]])
async def test_who_has_nothing_gets_nothing_of_others(
    core: BankCore, inquiry: q.Request[Any], customer: Any
) -> None:
    answer = await core.perform(inquiry, asker(customer), "")
    assert [getattr(answer, field) for field in answer.__struct_fields__] == [()]


# Transactions ----------------------------------------------------------------------------------


async def pages(core: BankCore, **asked: Any) -> list[r.TransactionPage]:
    found, after = [], None
    while True:
        page = await core.perform(q.TransactionInquiry(after=after, **asked), asker(), "")
        found.append(page)
        if (after := page.next) is None:
            return found


@pytest.mark.parametrize("limit", [1, 4, 5, 23, 50])
async def test_transactions_come_page_by_page_the_newest_first(core: BankCore, limit: int) -> None:
    found = await pages(core, limit=limit)
    numbers = [int(one.transaction_id) for page in found for one in page.transactions]
    assert numbers == list(range(bank.TRANSACTIONS, 0, -1))
    assert [len(page.transactions) for page in found[:-1]] == [limit] * (len(found) - 1)
    first = found[0].transactions[0]
    assert first == next(o for o in WANGS.transactions if o.transaction_id == "23")


async def test_transactions_of_one_account(core: BankCore) -> None:
    found = await pages(core, limit=3, account_id="A2")
    shown = [one for page in found for one in page.transactions]
    assert [one.transaction_id for one in shown] == ["20", "15", "10", "5"]
    assert {one.account_id for one in shown} == {"A2"}


async def test_foreign_and_closed_accounts_have_no_transactions(core: BankCore) -> None:
    for by, account in ((asker(), "A0"), (asker(), "X1"), (asker(LI), "A1")):
        inquiry = q.TransactionInquiry(account_id=account)
        assert await reason(core, inquiry, by) == "no_such_account"
    assert (await core.perform(q.TransactionInquiry(), asker(LI), "")).transactions == ()


@pytest.mark.parametrize("cursor", ["", "x", "MTpuYW46MQ", "MTpuYW4", "MToxOjE6MQ", "%%%", "é"])
async def test_what_is_no_cursor_is_refused(core: BankCore, cursor: str) -> None:
    assert await reason(core, q.TransactionInquiry(after=cursor), asker()) == "bad_cursor"


# Orders ----------------------------------------------------------------------------------------


async def test_a_lost_card_is_blocked_at_once(core: BankCore) -> None:
    receipt = await core.perform(q.BlockCard(card_id=bank.ACTIVE_CARD), asker(), "k1")
    assert receipt.outcome == "done"
    assert receipt.tail == "0049"
    assert len(receipt.case_number) == 9
    assert receipt.case_number.isdigit()
    assert await cards(core) == {"K1": "lost", "K2": "inactive"}


async def test_an_emergency_block_needs_only_the_number(core: BankCore) -> None:
    stranger = asker(None)
    receipt = await core.perform(q.BlockCard(card_number=bank.ACTIVE_NUMBER), stranger, "k1")
    assert (receipt.outcome, receipt.tail) == ("done", "0049")
    assert await cards(core) == {"K1": "blocked", "K2": "inactive"}


async def test_an_emergency_block_tells_nothing_about_numbers(core: BankCore) -> None:
    stranger = asker(None)
    numbers = (bank.ACTIVE_NUMBER, bank.NO_NUMBER, bank.EXPIRED_NUMBER, bank.ACTIVE_NUMBER)
    receipts = [
        await core.perform(q.BlockCard(card_number=number), stranger, f"k{n}")
        for n, number in enumerate(numbers)
    ]
    assert {(one.outcome, len(one.case_number)) for one in receipts} == {("done", 9)}
    assert [one.tail for one in receipts] == [number[-4:] for number in numbers]
    assert len({one.case_number for one in receipts}) == len(numbers)


async def test_what_is_lost_stays_lost(core: BankCore) -> None:
    await core.perform(q.BlockCard(card_id=bank.ACTIVE_CARD), asker(), "k1")
    await core.perform(q.BlockCard(card_number=bank.ACTIVE_NUMBER), asker(None), "k2")
    assert (await cards(core))["K1"] == "lost"
    await core.perform(q.BlockCard(card_id=bank.ACTIVE_CARD), asker(), "k3")
    assert (await cards(core))["K1"] == "lost"


async def test_a_new_card_is_activated_once(core: BankCore) -> None:
    receipt = await core.perform(q.ActivateCard(card_id=bank.NEW_CARD), asker(), "k1")
    assert (receipt.outcome, receipt.tail) == ("done", "0064")
    assert (await cards(core))["K2"] == "active"
    orders = await core.perform(q.CardOrderInquiry(), asker(), "")
    assert [one.stage for one in orders.orders] == ["in_production", "activated"]
    order = q.ActivateCard(card_id=bank.NEW_CARD)
    assert await reason(core, order, asker(), "k2") == "card_not_inactive"


@pytest.mark.parametrize("status", ["lost", "blocked"])
async def test_a_blocked_card_is_not_woken_by_activation(core: BankCore, status: str) -> None:
    block = (
        q.BlockCard(card_id=bank.NEW_CARD)
        if status == "lost"
        else q.BlockCard(card_number=bank.NEW_NUMBER)
    )
    await core.perform(block, asker(), "k1")
    order = q.ActivateCard(card_id=bank.NEW_CARD)
    assert await reason(core, order, asker(), "k2") == "card_not_inactive"
    assert (await cards(core))["K2"] == status


@pytest.mark.parametrize(
    ("order", "by", "why"),
    [
        (q.BlockCard(card_id="K1"), asker(LI), "no_such_card"),
        (q.BlockCard(card_id="K9"), asker(), "no_such_card"),
        (q.BlockCard(card_id="K3"), asker(), "card_not_usable"),
        (q.ActivateCard(card_id="K2"), asker(LI), "no_such_card"),
        (q.ActivateCard(card_id="K1"), asker(), "card_not_inactive"),
    ],
)
async def test_refused_orders_change_nothing(
    core: BankCore, order: Any, by: q.Asker, why: str
) -> None:
    before = await cards(core)
    assert await reason(core, order, by, "k1") == why
    assert await cards(core) == before


STATEMENT: Final = q.RequestStatement(
    account_id="A1", first_day="2026-01-01", last_day="2026-03-31"
)


async def test_statements_and_complaints_are_taken_on(core: BankCore) -> None:
    statement = await core.perform(STATEMENT, asker(), "k1")
    complaint = await core.perform(q.RegisterComplaint(topic="queue"), asker(None), "k2")
    assert (statement.outcome, complaint.outcome) == ("accepted", "accepted")
    assert statement.case_number != complaint.case_number
    assert await reason(core, STATEMENT, asker(LI), "k3") == "no_such_account"


ORDERS: Final = (
    q.BlockCard(card_id="K1"),
    q.BlockCard(card_number=bank.ACTIVE_NUMBER),
    q.ActivateCard(card_id="K2"),
    STATEMENT,
    q.RegisterComplaint(topic="fees"),
)


@pytest.mark.parametrize("order", ORDERS)
async def test_the_same_key_gives_the_first_answer(core: BankCore, order: Any) -> None:
    first = await core.perform(order, asker(), "k1")
    assert await core.perform(order, asker(), "k1") == first
    other = await core.perform(q.RegisterComplaint(topic="other"), asker(), "k2")
    assert other.case_number != first.case_number


async def test_the_same_key_for_another_order_is_refused(core: BankCore) -> None:
    await core.perform(q.BlockCard(card_id="K1"), asker(), "k1")
    assert await reason(core, q.BlockCard(card_id="K2"), asker(), "k1") == "key_reused"
    assert await reason(core, q.BlockCard(card_id="K1"), asker(LI), "k1") == "key_reused"
    assert (await cards(core))["K2"] == "inactive"


async def test_a_refused_order_leaves_its_key_free(core: BankCore) -> None:
    assert await reason(core, q.BlockCard(card_id="K9"), asker(), "k1") == "no_such_card"
    assert (await core.perform(q.BlockCard(card_id="K1"), asker(), "k1")).outcome == "done"


async def test_it_is_well(core: BankCore) -> None:
    health = await core.health()
    assert health.ok
    assert health.detail


# The embedded ledger alone ---------------------------------------------------------------------


async def test_orders_at_the_same_time_with_one_key_are_one(tmp_path: Path) -> None:
    path = fresh_database(tmp_path)
    async with bank.sql_core(path) as one, bank.sql_core(path) as two:
        order = q.BlockCard(card_id="K1")
        receipts = await asyncio.gather(
            *(core.perform(order, asker(), "k1") for core in (one, two) * 5)
        )
    assert len({receipt.case_number for receipt in receipts}) == 1


async def test_the_answer_outlives_a_restart(tmp_path: Path) -> None:
    path = fresh_database(tmp_path)
    async with bank.sql_core(path) as core:
        first = await core.perform(q.BlockCard(card_id="K1"), asker(), "k1")
    async with bank.sql_core(path) as core:
        assert await core.perform(q.BlockCard(card_id="K1"), asker(), "k1") == first


async def test_an_order_that_breaks_half_way_leaves_nothing(tmp_path: Path) -> None:
    path = fresh_database(tmp_path)
    with closing(sqlite3.connect(path)) as other:
        other.execute(
            "CREATE TRIGGER full BEFORE INSERT ON bank_cases BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
        async with bank.sql_core(path) as core:
            with pytest.raises(BankUnavailableError, match="hotline db status"):
                await core.perform(q.BlockCard(card_id="K1"), asker(), "k1")
            assert await cards(core) == {"K1": "active", "K2": "inactive"}
            other.execute("DROP TRIGGER full")
            assert (await core.perform(q.BlockCard(card_id="K1"), asker(), "k1")).outcome == "done"


async def test_the_audit_only_grows_and_is_found_by_customer_and_call(tmp_path: Path) -> None:
    path = fresh_database(tmp_path)
    async with bank.sql_core(path) as core, bank.sql_audit(path) as audit:
        desk = bank.desk(core, audit=audit)
        receipt = await desk.ask(q.BlockCard(card_id="K1"), asker())
        await desk.ask(q.RegisterComplaint(topic="fees"), asker(None, call="call-2"))
        lines = await audit.newest(limit=10)
        assert [(line.action, line.outcome) for line in lines] == [
            ("register-complaint", "done"),
            ("register-complaint", "begun"),
            ("block-card", "done"),
            ("block-card", "begun"),
        ]
        assert lines[2].case_number == receipt.case_number
        assert await audit.newest(limit=1, customer_id=WANG) == lines[2:3]
        assert await audit.newest(limit=9, call_id="call-2") == lines[:2]
    with closing(sqlite3.connect(path)) as other:
        for statement in ("UPDATE bank_audit SET customer_id = 'C2'", "DELETE FROM bank_audit"):
            with pytest.raises(sqlite3.IntegrityError, match="only grows"):
                other.execute(statement)


async def test_nothing_secret_reaches_the_file(tmp_path: Path) -> None:
    path = fresh_database(tmp_path)
    async with bank.sql_core(path) as core, bank.sql_audit(path) as audit:
        desk = bank.desk(core, audit=audit)
        await desk.ask(q.BlockCard(card_number=bank.ACTIVE_NUMBER), asker(None))
        await desk.ask(q.BlockCard(card_number=bank.NO_NUMBER), asker(None))
        await desk.ask(q.ChangePin(new_pin="482917"), asker())
    written = b"".join(file.read_bytes() for file in tmp_path.iterdir())
    for secret in (bank.ACTIVE_NUMBER, bank.NO_NUMBER, "482917"):
        assert secret.encode() not in written
    assert "…0049".encode() in written
