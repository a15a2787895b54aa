"""Builds what small made-up banks hold, for trials and tests: yuan, one line for each thing.

The values stand with their users; what is alike in all such banks stands here.
"""

from typing import Literal

from crm_lookup.bank import records as r
from crm_lookup.model import Text

HOME = "CNY"


def bill(account_id: str, tail: str, amount: int, statement_on: str, due_on: str) -> r.CardBill:
    """Return an open bill; a tenth of it is the minimum."""
    return r.CardBill(
        account_id=account_id,
        tail=tail,
        currency=HOME,
        amount=amount,
        minimum=amount // 10,
        paid=0,
        statement_on=statement_on,
        due_on=due_on,
        status="open",
    )


def mortgage(account_id: str, tail: str, outstanding: int, due_on: str, due_amount: int) -> r.Loan:
    """Return a mortgage of which nothing is overdue; it ends twenty years after ``due_on``."""
    return r.Loan(
        account_id=account_id,
        tail=tail,
        product="mortgage",
        currency=HOME,
        outstanding=outstanding,
        due_on=due_on,
        due_amount=due_amount,
        overdue=0,
        ends_on=f"{int(due_on[:4]) + 20}{due_on[4:]}",
    )


def deposit(
    deposit_id: str,
    tail: str,
    principal: int,
    rate: int,
    opened_on: str,
    matures_on: str,
    at_maturity: Literal["renew", "pay_out"],
) -> r.Deposit:
    """Return a deposit of whole years."""
    return r.Deposit(
        deposit_id=deposit_id,
        tail=tail,
        currency=HOME,
        principal=principal,
        rate=rate,
        months=12 * (int(matures_on[:4]) - int(opened_on[:4])),
        opened_on=opened_on,
        matures_on=matures_on,
        at_maturity=at_maturity,
    )


def limit(
    channel: Literal["app", "web", "phone", "atm"], single: int, daily: int
) -> r.TransferLimit:
    """Return how much may be transferred on one way."""
    return r.TransferLimit(channel=channel, currency=HOME, single=single, daily=daily)


def exchange_rates(at: float) -> tuple[r.ExchangeRate, ...]:
    """Return the rates of two currencies."""
    return tuple(
        r.ExchangeRate(currency=currency, units=100, home=HOME, buy=buy, sell=sell, at=at)
        for currency, buy, sell in (("EUR", 77_801, 78_350), ("USD", 71_632, 71_930))
    )


def deposit_rates(since: str) -> tuple[r.DepositRate, ...]:
    """Return the rates of two terms."""
    return tuple(
        r.DepositRate(currency=HOME, months=months, rate=rate, since=since)
        for months, rate in ((0, 500), (12, 9_500))
    )


def chaoyang(closes: str) -> r.Branch:
    """Return a branch that is open on Saturdays, too."""
    return r.Branch(
        branch_code="1001",
        city_code="010",
        name=Text("朝阳支行", "Chaoyang branch"),
        address=Text("朝阳区建国路 1 号", "1 Jianguo Road, Chaoyang"),
        phone="+861065010001",
        weekdays=r.Hours(opens="09:00", closes=closes),
        saturday=r.Hours(opens="09:30", closes="16:00"),
        sunday=None,
    )
