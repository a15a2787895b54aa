"""A small bank with known answers in each core, for tests of this and other packages.

王芳 (``WANG``) has everything, ``LI`` nothing.  Days are around :data:`crm_lookup.testing.NOW`.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Final

import msgspec
import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from crm_lookup import tables as ct
from crm_lookup.bank import records as r
from crm_lookup.bank import sample
from crm_lookup.bank import tables as t
from crm_lookup.bank.audit import AuditLog, MemoryAudit
from crm_lookup.bank.desk import BankDesk
from crm_lookup.bank.memory import BankBook, CustomerBook, MemoryCore
from crm_lookup.bank.requests import Asker
from crm_lookup.bank.sql import SqlAudit, SqlCore
from crm_lookup.memory import MemoryBank
from crm_lookup.model import AccountBalance, CustomerId, Text
from crm_lookup.ports import BankCore, PinSetter
from crm_lookup.testing import CARDS, KEY, LI, NOW, RECORDS, WANG, write_record

ACTIVE_CARD, NEW_CARD, FOREIGN_CARD = "K1", "K2", "K9"
NEW_NUMBER = "6222020000000064"
ACTIVE_NUMBER, EXPIRED_NUMBER, NO_NUMBER = (
    "6222020000000049",
    "6222020000000056",
    "6222020000099999",
)
TRANSACTIONS: Final = 23
ACCOUNTS: Final = (
    *RECORDS[0].accounts,
    AccountBalance(
        account_id="A4", kind="loan", tail="7788", currency="CNY", balance=-123_456_789
    ),
)


def asker(customer: CustomerId | None = WANG, *, call: str = "call-1") -> Asker:
    """Somebody on the telephone; who is named has shown the PIN."""
    return Asker(customer_id=customer, level="pin" if customer else "none", call_id=call)


def _transaction(number: int) -> r.Transaction:
    # Three each were booked in the same second, so that only the id tells them apart.
    return r.Transaction(
        transaction_id=str(number),
        account_id="A2" if number % 5 == 0 else "A1",
        booked_at=NOW - 86_400.0 * 100 + number // 3 * 3_600.0,
        amount=-1_000 - number,
        currency="CNY",
        balance_after=50_000_000 - number,
        kind="shopping",
        counterparty=f"商户 {number}",
    )


def book() -> BankBook:
    """Return a fresh bank; changing it changes no other."""
    return BankBook(
        customers={
            WANG: CustomerBook(
                accounts=ACCOUNTS,
                transactions=tuple(_transaction(number) for number in range(1, TRANSACTIONS + 1)),
                bills=(sample.bill("A2", "0015", 900_000, "2026-06-05", "2026-06-25"),),
                loans=(sample.mortgage("A4", "7788", 123_456_789, "2026-07-01", 654_321),),
                deposits=(
                    sample.deposit(
                        "D1", "3301", 5_000_000, 14_500, "2026-01-15", "2027-01-15", "renew"
                    ),
                    sample.deposit(
                        "D2", "3302", 10_000_000, 16_500, "2024-08-01", "2026-08-01", "pay_out"
                    ),
                ),
                limits=(
                    sample.limit("app", 5_000_000, 20_000_000),
                    sample.limit("phone", 500_000, 1_000_000),
                ),
                cards=(
                    r.Card(
                        card_id="K1", account_id="A1", tail="0049", kind="debit", status="active"
                    ),
                    r.Card(
                        card_id="K2",
                        account_id="A2",
                        tail="0064",
                        kind="credit",
                        status="inactive",
                    ),
                    r.Card(
                        card_id="K3", account_id="A1", tail="0056", kind="debit", status="expired"
                    ),
                ),
                card_orders=(
                    r.CardOrder(
                        order_id="O1",
                        kind="credit",
                        stage="delivered",
                        ordered_on="2026-06-01",
                        expected_on="2026-06-10",
                        tail="0064",
                    ),
                    r.CardOrder(
                        order_id="O2",
                        kind="debit",
                        stage="in_production",
                        ordered_on="2026-06-15",
                        expected_on="2026-06-28",
                    ),
                ),
            ),
            LI: CustomerBook(),
        },
        card_numbers={ACTIVE_NUMBER: "K1", NEW_NUMBER: "K2", EXPIRED_NUMBER: "K3"},
        exchange_rates=sample.exchange_rates(NOW),
        deposit_rates=(
            *sample.deposit_rates("2026-05-20"),
            r.DepositRate(currency="USD", months=12, rate=28_000, since="2026-05-20"),
        ),
        branches=(
            sample.chaoyang("17:00"),
            r.Branch(
                branch_code="2101",
                city_code="021",
                name=Text("浦东支行", "Pudong branch"),
                address=Text("浦东新区世纪大道 8 号", "8 Century Avenue, Pudong"),
                phone="+862158010001",
                weekdays=r.Hours(opens="09:00", closes="17:30"),
                saturday=None,
                sunday=None,
            ),
        ),
    )


def write_book(connection: sa.Connection) -> None:
    """Write the small bank into empty tables."""
    day = date.fromisoformat
    nothing: tuple[()] = ()
    for record in RECORDS:
        accounts = ACCOUNTS if record.customer_id == WANG else record.accounts
        bare = msgspec.structs.replace(  # what the ledger holds comes from the book
            record,
            accounts=accounts,
            maturing=nothing,
            card_orders=nothing,
            bills=nothing,
            loans=nothing,
            place=None,
        )
        write_record(connection, bare)
    bank = book()
    hashes = {card_id: KEY.card_hash(number) for number, card_id in bank.card_numbers.items()}
    wang = bank.customers[WANG]
    own = {"customer_id": WANG}
    for card in wang.cards:
        values = own | asdict(card) | {"number_hash": hashes[card.card_id]}
        connection.execute(ct.cards.insert().values(values | {"expires": date(2030, 1, 31)}))
    for transaction in wang.transactions:
        values = {k: v for k, v in asdict(transaction).items() if k != "currency"}
        values["transaction_id"] = int(transaction.transaction_id)
        connection.execute(ct.transactions.insert().values(values))
    hidden = values | {"transaction_id": 999, "account_id": "A0"}  # of the closed account
    connection.execute(ct.transactions.insert().values(hidden))
    for bill in wang.bills:
        connection.execute(
            t.card_bills.insert().values(
                account_id=bill.account_id,
                statement_on=day(bill.statement_on),
                due_on=day(bill.due_on),
                amount=bill.amount,
                minimum=bill.minimum,
                paid=bill.paid,
            )
        )
    for loan in wang.loans:
        connection.execute(
            t.loans.insert().values(
                account_id=loan.account_id,
                product=loan.product,
                due_on=day(loan.due_on),
                due_amount=loan.due_amount,
                overdue=loan.overdue,
                ends_on=day(loan.ends_on),
            )
        )
    for deposit in wang.deposits:
        days = {"opened_on": day(deposit.opened_on), "matures_on": day(deposit.matures_on)}
        connection.execute(t.deposits.insert().values(own | asdict(deposit) | days))
    for limit in wang.limits:
        connection.execute(t.transfer_limits.insert().values(own | asdict(limit)))
    for order in wang.card_orders:
        connection.execute(
            t.card_orders.insert().values(
                own
                | {
                    "order_id": order.order_id,
                    "card_id": NEW_CARD if order.tail else None,
                    "kind": order.kind,
                    "stage": order.stage,
                    "ordered_on": day(order.ordered_on),
                    "expected_on": day(order.expected_on),
                }
            )
        )
    for rate in bank.exchange_rates:
        connection.execute(t.exchange_rates.insert().values(asdict(rate)))
    for paid in bank.deposit_rates:
        connection.execute(
            t.deposit_rates.insert().values(asdict(paid) | {"since": day(paid.since)})
        )
    for branch in bank.branches:
        connection.execute(t.branches.insert().values(_branch_row(branch)))


def _branch_row(branch: r.Branch) -> dict[str, str | None]:
    row: dict[str, str | None] = {
        "branch_code": branch.branch_code,
        "city_code": branch.city_code,
        "name_zh": branch.name.zh,
        "name_en": branch.name.en,
        "address_zh": branch.address.zh,
        "address_en": branch.address.en,
        "phone": branch.phone,
    }
    for name in ("weekdays", "saturday", "sunday"):
        hours: r.Hours | None = getattr(branch, name)
        row[f"{name}_open"] = hours.opens if hours else None
        row[f"{name}_close"] = hours.closes if hours else None
    return row


def make_database(path: Path) -> Path:
    """Make a SQLite file with the small bank; return its path."""
    engine = sa.create_engine(f"sqlite:///{path}")
    ct.metadata.create_all(engine)
    with engine.begin() as connection:
        connection.exec_driver_sql("PRAGMA journal_mode=WAL")
        write_book(connection)
    engine.dispose()
    return path


@asynccontextmanager
async def sql_core(path: Path) -> AsyncIterator[SqlCore]:
    """Open a core over a file of :func:`make_database`."""
    async with _engine(path) as engine:
        yield SqlCore(engine, key=KEY, clock=lambda: NOW)


@asynccontextmanager
async def sql_audit(path: Path) -> AsyncIterator[SqlAudit]:
    """Open the audit in a file of :func:`make_database`."""
    async with _engine(path) as engine:
        yield SqlAudit(engine)


@asynccontextmanager
async def _engine(path: Path) -> AsyncIterator[AsyncEngine]:
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", connect_args={"timeout": 5})
    try:
        yield engine
    finally:
        await engine.dispose()


class PlainPins:
    """Keeps new PINs in clear, for tests alone."""

    def __init__(self) -> None:
        self.pins: dict[CustomerId, str] = {}

    async def set_pin(self, customer_id: CustomerId, pin: str, *, now: float) -> None:
        del now
        self.pins[customer_id] = pin


def memory_core() -> MemoryCore:
    """Return a fresh core with the small bank."""
    return MemoryCore(book(), key=KEY, clock=lambda: NOW)


def desk(
    core: BankCore | None = None,
    *,
    audit: AuditLog | None = None,
    pins: PinSetter | None = None,
    deadline: float = 4.0,
) -> BankDesk:
    """Return a desk over ``core``, by default over the small bank in memory."""
    return BankDesk(
        core or memory_core(),
        audit=audit or MemoryAudit(),
        key=KEY,
        pins=pins or PlainPins(),
        personal=MemoryBank(RECORDS, cards=CARDS, key=KEY),
        clock=lambda: NOW,
        deadline=deadline,
    )
