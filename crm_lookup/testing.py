"""A small bank with known answers in each storage, for tests of this and other packages."""

from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final, TypeAlias

import asyncpg
import msgspec
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import create_async_engine

from crm_lookup import (
    analysis_tables,  # noqa: F401 - adds its tables to the others
    contact_tables,
    sealing,
    tables,
)
from crm_lookup.bank import tables as ledger
from crm_lookup.keys import DataKey
from crm_lookup.memory import MemoryBank
from crm_lookup.model import AccountBalance, CustomerId, Interaction, OpenCase, Text
from crm_lookup.postgres import PostgresBank
from crm_lookup.records import (
    Bill,
    CardOrder,
    CustomerRecord,
    LastPlace,
    LoanDue,
    Maturing,
    NumberRecord,
    PaymentFailure,
)
from crm_lookup.sealing import PLAIN, Sealer, SealKey
from crm_lookup.sql.bank import SqlBank
from crm_lookup.sqlite import SqliteBank

Bank: TypeAlias = MemoryBank | SqlBank

NOW: Final = 1_782_000_000.0  # in June 2026
KEY: Final = DataKey(b"a key for the tests only, no secret")
SEAL_KEY: Final = SealKey(b"the small bank's sealing key ----")
WANG, LI, FIRM, CLOSED = (CustomerId(i) for i in ("C1", "C2", "C3", "C9"))
WANG_NUMBER, SHARED_NUMBER = "+8613800138000", "+861062345678"
WANG_CARD, LOST_CARD, CLOSED_CARD = "6222020000000015", "6222020000000023", "6222020000000031"


def _account(account_id: str, kind: Any, balance: int, currency: str = "CNY") -> AccountBalance:
    return AccountBalance(
        account_id=account_id, kind=kind, tail="0015", currency=currency, balance=balance
    )


def _case(case_id: str, days: int, due: float | None, status: Any = "open") -> OpenCase:
    return OpenCase(
        **{"case_id": case_id, "kind": "complaint", "status": status, "due_at": due},
        subject=Text("费用争议", "a disputed fee"),
        opened_at=NOW - days * 86400.0,
    )


def _said(days: int, what: str) -> Interaction:
    return Interaction(
        at=NOW - days * 86400.0,
        channel="phone",
        summary=Text("询问", what),
        topic="card_bill",
        menu_path="welcome>cards.bill" if days == 2 else "",
        satisfaction=days if days < 4 else None,
    )


RECORDS: Final = (
    CustomerRecord(
        customer_id=WANG,
        name="王芳",
        family_name="王",
        segment="gold",
        segment_reason=Text("资产高", "large assets"),
        birth_year=1985,
        id_number="11010519850123002X",
        address="上海市浦东新区世纪大道100号",
        email="wangfang@example.com",
        since="2015-03-02",
        relationship_manager="李雷",
        numbers=(
            NumberRecord(
                number=SHARED_NUMBER, kind="home", is_primary=False, relation="household"
            ),
            NumberRecord(number=WANG_NUMBER),
        ),
        accounts=(
            _account("A1", "current", 31_000_050),
            _account("A2", "credit_card", -900_000),
            _account("A3", "savings", 12_345, "USD"),
        ),
        holdings=("credit_card", "current"),
        flags=("collections",),
        marketing_consent=True,
        interactions=tuple(_said(day, f"{day} days ago") for day in range(1, 6)),
        declined=(("wealth", NOW - 10.0), ("fund", NOW - 20.0)),
        cases=(_case("K2", 3, NOW + 86400.0), _case("K1", 9, None, "waiting")),
        bills=(Bill(tail="0015", due_on="2026-06-23", amount=90_000, minimum=9_000, paid=1_000),),
        loans=(LoanDue(tail="0015", product="mortgage", due_on="2026-07-01", overdue=0),),
        card_orders=(
            CardOrder(
                order_id="O1",
                kind="debit",
                stage="sent",
                ordered_on="2026-06-10",
                expected_on="2026-06-20",
            ),
        ),
        failures=(PaymentFailure(at=NOW - 90_000.0, payee="国家电网电费", cause="funds"),),
        maturing=(Maturing(product="term_deposit", tail="0077", matures_on="2026-06-30"),),
        place=LastPlace(at=NOW - 1800.0, topic="balance", node="balance"),
        pin_locked_until=NOW + 600.0,
    ),
    CustomerRecord(
        customer_id=LI,
        name="Smith, John",
        family_name="Smith",
        segment="standard",
        segment_reason=Text("普通", "ordinary"),
        language="en",
        since="2024-12-31",
        numbers=(NumberRecord(number=SHARED_NUMBER, kind="home", relation="household"),),
    ),
    CustomerRecord(
        customer_id=FIRM,
        kind="company",
        name="北京示例科技有限公司",
        family_name="",
        segment="silver",
        segment_reason=Text("对公", "a company"),
        since="2019-01-01",
        marketing_consent=True,
    ),
    CustomerRecord(
        customer_id=CLOSED,
        status="closed",
        name="赵四",
        family_name="赵",
        segment="standard",
        segment_reason=Text("已销户", "closed"),
        since="2010-01-01",
        numbers=(NumberRecord(number=WANG_NUMBER),),
    ),
)
CARDS: Final = {WANG_CARD: WANG, LOST_CARD: WANG, CLOSED_CARD: CLOSED}


@asynccontextmanager
async def memory_bank(_folder: Path) -> AsyncIterator[MemoryBank]:
    yield MemoryBank(RECORDS, cards=CARDS, key=KEY, clock=lambda: NOW)


@asynccontextmanager
async def sqlite_bank(folder: Path) -> AsyncIterator[SqliteBank]:
    async with _sqlite_bank(folder / "bank.db", PLAIN) as bank:
        yield bank


@asynccontextmanager
async def _sqlite_bank(path: Path, sealer: Sealer) -> AsyncIterator[SqliteBank]:
    engine = sa.create_engine(f"sqlite:///{path}")
    tables.metadata.create_all(engine)
    with engine.begin() as connection:
        write_bank(connection, sealer)
    engine.dispose()
    async with await SqliteBank.open(path, key=KEY, clock=lambda: NOW, sealer=sealer) as bank:
        yield bank


@asynccontextmanager
async def postgres_bank(dsn: str) -> AsyncIterator[PostgresBank]:
    """Fill a database that holds the schema, and open it."""
    engine = create_async_engine(
        "postgresql+asyncpg://", async_creator=lambda: asyncpg.connect(dsn)
    )
    async with engine.begin() as connection:
        await connection.run_sync(write_bank)
    await engine.dispose()
    async with await PostgresBank.open(dsn, key=KEY, clock=lambda: NOW) as bank:
        yield bank


@asynccontextmanager
async def sealed_bank(folder: Path) -> AsyncIterator[SqliteBank]:
    """Lend the same bank with all personal data sealed."""
    async with _sqlite_bank(folder / "sealed.db", Sealer([SEAL_KEY], seals=True)) as bank:
        yield bank


BANKS: Final[dict[str, Callable[[Path], Any]]] = {
    "memory": memory_bank,
    "sqlite": sqlite_bank,
    "sealed": sealed_bank,
}
"""Those that need nothing but a folder; :func:`postgres_bank` needs a server."""


def write_bank(connection: sa.Connection, sealer: Sealer = PLAIN) -> None:
    """Write the small bank into tables that are there."""
    for record in RECORDS:
        write_record(connection, record, sealer)
    for number, owner in CARDS.items():
        connection.execute(
            tables.cards.insert().values(
                card_id=number[-4:],
                customer_id=owner,
                account_id="A1",
                number_hash=KEY.card_hash(number),
                tail=number[-4:],
                kind="debit",
                status="lost" if number == LOST_CARD else "active",
                expires=date(2030, 1, 31),
            )
        )


def write_record(
    connection: sa.Connection, record: CustomerRecord, sealer: Sealer = PLAIN
) -> None:
    """Write one customer with everything that belongs to them."""
    own = {"customer_id": record.customer_id}
    connection.execute(
        tables.customers.insert().values(
            own
            | {
                "kind": record.kind,
                "status": record.status,
                "name": sealer.text(sealing.NAME, record.customer_id, record.name),
                "family_name": sealer.text(
                    sealing.FAMILY_NAME, record.customer_id, record.family_name
                ),
                "segment": record.segment,
                "segment_reason_zh": record.segment_reason.zh,
                "segment_reason_en": record.segment_reason.en,
                "language": record.language,
                "birth_year": record.birth_year,
                "since": date.fromisoformat(record.since),
                "relationship_manager": record.relationship_manager,
                "updated_at": NOW,
            }
        )
    )
    for table, values in _rows(record, sealer):
        connection.execute(table.insert().values(own | values))
    for table, values in _ledger_rows(record):
        connection.execute(table.insert().values(values))


def _rows(record: CustomerRecord, sealer: Sealer) -> Iterator[tuple[sa.Table, dict[str, Any]]]:
    day = date(2020, 1, 1)
    for number in record.numbers:
        key, sealed = sealer.number(record.customer_id, number.number)
        yield (
            tables.customer_numbers,
            msgspec.structs.asdict(number) | {"number": key, "sealed": sealed},
        )
    if record.id_number:
        bound = (sealing.ID_NUMBER, sealing.ADDRESS, sealing.EMAIL)
        texts = (record.id_number, record.address, record.email)
        yield (
            contact_tables.customer_details,
            {"id_kind": "identity_card"}
            | {
                column.rpartition(".")[2]: sealer.text(column, record.customer_id, text)
                for column, text in zip(bound, texts, strict=True)
            },
        )
    for account in record.accounts:
        values = msgspec.structs.asdict(account) | {"status": "open", "opened": day}
        yield tables.accounts, values
        if account.account_id == "A1":  # a twin that nobody may see
            yield tables.accounts, values | {"account_id": "A0", "status": "closed"}
    for code in record.holdings:
        yield tables.holdings, {"product": code, "opened": day}
    for flag in record.flags:
        yield tables.customer_flags, {"flag": flag, "since": NOW}
    withdrawn = None if record.marketing_consent else NOW
    yield (
        tables.consents,
        {"purpose": "marketing", "granted_at": 1.0, "withdrawn_at": withdrawn},
    )
    for said in record.interactions:
        yield (
            tables.interactions,
            {
                "at": said.at,
                "channel": said.channel,
                "topic": said.topic,
                "summary_zh": said.summary.zh,
                "summary_en": said.summary.en,
                "menu_path": said.menu_path or None,
                "satisfaction": said.satisfaction,
            },
        )
    for case in record.cases:
        values = msgspec.structs.asdict(case)
        subject = values.pop("subject")
        values |= {"subject_zh": subject.zh, "subject_en": subject.en, "channel": "phone"}
        yield contact_tables.service_cases, values
        twin = {"case_id": f"{case.case_id}x", "status": "closed"}  # that nobody is shown
        yield contact_tables.service_cases, values | twin
    for response in ("declined", "accepted", "presented"):
        for offer_id, at in getattr(record, response):
            yield tables.offer_responses, {"offer_id": offer_id, "at": at, "response": response}
    for failure in record.failures:
        money = {"amount": 12_000, "currency": "CNY"}
        yield contact_tables.payment_failures, msgspec.structs.asdict(failure) | money
    for held in record.maturing:
        yield ledger.deposits, _deposit(held)
        yield ledger.deposits, _deposit(held) | {"deposit_id": "D9", "matures_on": day}
    for order in record.card_orders:
        dates = {"ordered_on": _day(order.ordered_on), "expected_on": _day(order.expected_on)}
        yield ledger.card_orders, msgspec.structs.asdict(order) | dates
    if record.place is not None:
        place = msgspec.structs.asdict(record.place)
        yield tables.menu_places, place | {"flow": "main", "position": ""}
    if record.pin_locked_until is not None:
        pin = {"pin_hash": "", "changed_at": 1.0, "locked_until": record.pin_locked_until}
        yield tables.pins, pin


def _ledger_rows(record: CustomerRecord) -> Iterator[tuple[sa.Table, dict[str, Any]]]:
    """What hangs on accounts: the bill of the card A2, the loan that A1 stands for."""
    for bill in record.bills:
        due, old = _day(bill.due_on), date(2026, 1, 3)
        values = msgspec.structs.asdict(bill) | {"account_id": "A2", "due_on": due}
        del values["tail"]
        yield ledger.card_bills, values | {"statement_on": date(2026, 6, 3)}
        yield ledger.card_bills, values | {"statement_on": old, "due_on": old, "amount": 1}
    for loan in record.loans:
        values = msgspec.structs.asdict(loan)
        del values["tail"]
        terms = {"due_on": _day(loan.due_on), "due_amount": 5_000, "ends_on": date(2040, 1, 1)}
        yield ledger.loans, values | {"account_id": "A1"} | terms


def _deposit(held: Maturing) -> dict[str, Any]:
    return {
        "deposit_id": "D1",
        "tail": held.tail,
        "currency": "CNY",
        "principal": 5_000_000,
        "rate": 9_500,
        "months": 12,
        "opened_on": date(2025, 6, 30),
        "matures_on": _day(held.matures_on),
        "at_maturity": "renew" if held.renews else "pay_out",
    }


def _day(text: str) -> date:
    return date.fromisoformat(text)
