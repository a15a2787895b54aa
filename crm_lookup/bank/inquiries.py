"""The embedded ledger's inquiries: one statement for each, over :mod:`crm_lookup.bank.tables`."""

from collections.abc import Awaitable, Callable
from datetime import date
from typing import Any, Final, TypeAlias

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncConnection

from crm_lookup import tables as ct
from crm_lookup.bank import records as r
from crm_lookup.bank import requests as q
from crm_lookup.bank import rules
from crm_lookup.bank import tables as t
from crm_lookup.bank.errors import BankRefusedError
from crm_lookup.bank.requests import Request
from crm_lookup.model import AccountBalance, CustomerId, Text

Customer: TypeAlias = CustomerId | None
_a = ct.accounts.c


async def answer(
    connection: AsyncConnection, inquiry: Request[Any], customer: Customer, today: date
) -> Any:
    """Answer any inquiry about ``customer``; ``today`` decides what is overdue."""
    return await _ANSWERS[type(inquiry)](connection, inquiry, customer, today)


async def own_account(connection: AsyncConnection, customer: Customer, account_id: str) -> None:
    """Refuse an account that is closed or not the customer's."""
    query = sa.select(_a.account_id).where(
        _a.account_id == account_id, _a.customer_id == customer, _a.status != "closed"
    )
    if (await connection.execute(query)).first() is None:
        raise BankRefusedError("no_such_account", rules.NO_ACCOUNT)


async def _accounts(
    connection: AsyncConnection, _inquiry: q.AccountInquiry, customer: Customer, _today: date
) -> r.Accounts:
    query = (
        sa.select(_a.account_id, _a.kind, _a.tail, _a.currency, _a.balance)
        .where(_a.customer_id == customer, _a.status != "closed")
        .order_by(_a.account_id)
    )
    rows = await connection.execute(query)
    return r.Accounts(accounts=tuple(AccountBalance(**row._mapping) for row in rows))


_TRANSACTION: Final = tuple(
    name for name in r.Transaction.__struct_fields__ if name in ct.transactions.c
)


async def _transactions(
    connection: AsyncConnection, inquiry: q.TransactionInquiry, customer: Customer, _today: date
) -> r.TransactionPage:
    tr = ct.transactions.c
    query = (
        sa.select(*(tr[name] for name in _TRANSACTION), _a.currency)
        .join_from(ct.transactions, ct.accounts)
        .where(_a.customer_id == customer, _a.status != "closed")
        .order_by(tr.booked_at.desc(), tr.transaction_id.desc())
        .limit(inquiry.limit + 1)
    )
    if inquiry.account_id is not None:
        await own_account(connection, customer, inquiry.account_id)
        query = query.where(tr.account_id == inquiry.account_id)
    if inquiry.after is not None:
        at, number = rules.read_cursor(inquiry.after)
        query = query.where(
            sa.or_(tr.booked_at < at, sa.and_(tr.booked_at == at, tr.transaction_id < number))
        )
    rows = (await connection.execute(query)).all()
    page = rows[: inquiry.limit]
    last = page[-1] if len(rows) > len(page) else None
    return r.TransactionPage(
        transactions=tuple(
            r.Transaction(**{**row._mapping, "transaction_id": str(row.transaction_id)})
            for row in page
        ),
        next=None if last is None else rules.cursor(last.booked_at, last.transaction_id),
    )


async def _card_bills(
    connection: AsyncConnection, _inquiry: q.CardBillInquiry, customer: Customer, today: date
) -> r.CardBills:
    b = t.card_bills.c
    query = (
        sa.select(*t.card_bills.c, _a.tail, _a.currency)
        .join_from(t.card_bills, ct.accounts)
        .where(_a.customer_id == customer, _a.status != "closed")
        .order_by(b.account_id, b.statement_on.desc())
    )
    last: dict[str, r.CardBill] = {}
    for row in await connection.execute(query):
        if row.account_id not in last:
            status: r.BillStatus = "overdue" if row.due_on < today else "open"
            last[row.account_id] = r.CardBill(
                account_id=row.account_id,
                tail=row.tail,
                currency=row.currency,
                amount=row.amount,
                minimum=row.minimum,
                paid=row.paid,
                statement_on=row.statement_on.isoformat(),
                due_on=row.due_on.isoformat(),
                status="paid" if row.paid >= row.amount else status,
            )
    return r.CardBills(bills=tuple(last.values()))


async def _loans(
    connection: AsyncConnection, _inquiry: q.LoanInquiry, customer: Customer, _today: date
) -> r.Loans:
    query = (
        sa.select(*t.loans.c, _a.tail, _a.currency, _a.balance)
        .join_from(t.loans, ct.accounts)
        .where(_a.customer_id == customer, _a.status != "closed")
        .order_by(t.loans.c.account_id)
    )
    return r.Loans(
        loans=tuple(
            r.Loan(
                account_id=row.account_id,
                tail=row.tail,
                product=row.product,
                currency=row.currency,
                outstanding=-row.balance,
                due_on=row.due_on.isoformat(),
                due_amount=row.due_amount,
                overdue=row.overdue,
                ends_on=row.ends_on.isoformat(),
            )
            for row in await connection.execute(query)
        )
    )


async def _deposits(
    connection: AsyncConnection, _inquiry: q.DepositInquiry, customer: Customer, _today: date
) -> r.Deposits:
    d = t.deposits.c
    query = (
        sa.select(*(column for column in d if column.name != "customer_id"))
        .where(d.customer_id == customer)
        .order_by(d.matures_on, d.deposit_id)
    )
    return r.Deposits(
        deposits=tuple(
            r.Deposit(
                **{
                    **row._mapping,
                    "opened_on": row.opened_on.isoformat(),
                    "matures_on": row.matures_on.isoformat(),
                }
            )
            for row in await connection.execute(query)
        )
    )


async def _transfer_limits(
    connection: AsyncConnection,
    _inquiry: q.TransferLimitInquiry,
    customer: Customer,
    _today: date,
) -> r.TransferLimits:
    c = t.transfer_limits.c
    query = (
        sa.select(c.channel, c.currency, c.single, c.daily)
        .where(c.customer_id == customer)
        .order_by(c.channel)
    )
    rows = await connection.execute(query)
    return r.TransferLimits(limits=tuple(r.TransferLimit(**row._mapping) for row in rows))


async def _cards(
    connection: AsyncConnection, _inquiry: q.CardInquiry, customer: Customer, _today: date
) -> r.Cards:
    c = ct.cards.c
    query = (
        sa.select(c.card_id, c.account_id, c.tail, c.kind, c.status)
        .where(c.customer_id == customer, c.status != "expired")
        .order_by(c.card_id)
    )
    rows = await connection.execute(query)
    return r.Cards(cards=tuple(r.Card(**row._mapping) for row in rows))


async def _card_orders(
    connection: AsyncConnection, _inquiry: q.CardOrderInquiry, customer: Customer, _today: date
) -> r.CardOrders:
    o = t.card_orders.c
    query = (
        sa.select(o.order_id, o.kind, o.stage, o.ordered_on, o.expected_on, ct.cards.c.tail)
        .select_from(t.card_orders.outerjoin(ct.cards, ct.cards.c.card_id == o.card_id))
        .where(o.customer_id == customer)
        .order_by(o.ordered_on.desc(), o.order_id.desc())
    )
    return r.CardOrders(
        orders=tuple(
            r.CardOrder(
                order_id=row.order_id,
                kind=row.kind,
                stage=row.stage,
                ordered_on=row.ordered_on.isoformat(),
                expected_on=row.expected_on.isoformat(),
                tail=row.tail or "",
            )
            for row in await connection.execute(query)
        )
    )


async def _exchange_rates(
    connection: AsyncConnection, inquiry: q.ExchangeRateInquiry, _customer: Customer, _today: date
) -> r.ExchangeRates:
    query = sa.select(t.exchange_rates).order_by(t.exchange_rates.c.currency)
    if inquiry.currency is not None:
        query = query.where(t.exchange_rates.c.currency == inquiry.currency)
    rows = await connection.execute(query)
    return r.ExchangeRates(rates=tuple(r.ExchangeRate(**row._mapping) for row in rows))


async def _deposit_rates(
    connection: AsyncConnection, inquiry: q.DepositRateInquiry, _customer: Customer, _today: date
) -> r.DepositRates:
    query = (
        sa.select(t.deposit_rates)
        .where(t.deposit_rates.c.currency == inquiry.currency)
        .order_by(t.deposit_rates.c.months)
    )
    return r.DepositRates(
        rates=tuple(
            r.DepositRate(**{**row._mapping, "since": row.since.isoformat()})
            for row in await connection.execute(query)
        )
    )


async def _branches(
    connection: AsyncConnection, inquiry: q.BranchInquiry, _customer: Customer, _today: date
) -> r.Branches:
    b = t.branches.c
    query = sa.select(t.branches).order_by(b.branch_code)
    if inquiry.city_code is not None:
        query = query.where(b.city_code == inquiry.city_code)
    if inquiry.branch_code is not None:
        query = query.where(b.branch_code == inquiry.branch_code)
    return r.Branches(
        branches=tuple(
            r.Branch(
                branch_code=row.branch_code,
                city_code=row.city_code,
                name=Text(row.name_zh, row.name_en),
                address=Text(row.address_zh, row.address_en),
                phone=row.phone,
                weekdays=_hours(row.weekdays_open, row.weekdays_close),
                saturday=_hours(row.saturday_open, row.saturday_close),
                sunday=_hours(row.sunday_open, row.sunday_close),
            )
            for row in await connection.execute(query)
        )
    )


def _hours(opens: str | None, closes: str | None) -> r.Hours | None:
    return r.Hours(opens=opens, closes=closes) if opens and closes else None


_Answer: TypeAlias = Callable[[AsyncConnection, Any, Customer, date], Awaitable[Any]]

_ANSWERS: Final[dict[type[Request[Any]], _Answer]] = {
    q.AccountInquiry: _accounts,
    q.TransactionInquiry: _transactions,
    q.CardBillInquiry: _card_bills,
    q.LoanInquiry: _loans,
    q.DepositInquiry: _deposits,
    q.TransferLimitInquiry: _transfer_limits,
    q.CardInquiry: _cards,
    q.CardOrderInquiry: _card_orders,
    q.ExchangeRateInquiry: _exchange_rates,
    q.DepositRateInquiry: _deposit_rates,
    q.BranchInquiry: _branches,
}
