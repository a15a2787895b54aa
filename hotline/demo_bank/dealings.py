"""Some months of plausible dealings on one account.  Pure: a random generator in, rows out."""

from collections.abc import Iterator
from random import Random
from typing import Final, NamedTuple

from hotline.demo_bank import lists

DAYS: Final = 120
_DAY: Final = 86_400.0


class Dealing(NamedTuple):
    at: float
    amount: int
    """Fen; negative left the account."""
    kind: str
    counterparty: str


def daily_life(
    rng: Random, today: float, *, income: int, payroll: bool, rent: int
) -> list[Dealing]:
    """Return the dealings of a person's current account, the oldest first.

    ``today`` is the epoch second of the last midnight, ``income`` and ``rent`` fen a month.
    """
    found: list[Dealing] = []
    employer = rng.choice(lists.EMPLOYERS)
    landlord = rng.choice(lists.FAMILY_NAMES[:40]) + rng.choice(lists.GIVEN_ONE)
    payday, rent_day = rng.randrange(30), rng.randrange(30)
    for month in range(DAYS // 30):
        if payroll:
            bonus = rng.randrange(-3, 6) * income // 100
            at = today - (month * 30 + payday + 1) * _DAY + 9.5 * 3600
            found.append(Dealing(at, income + bonus, "salary", employer))
        if rent:
            at = today - (month * 30 + rent_day + 1) * _DAY + 20 * 3600
            found.append(Dealing(at, -rent, "rent", landlord))
    found.extend(_shopping(rng, today, income, count=rng.randrange(12, 36)))
    found.sort()
    return found


def card_life(rng: Random, today: float, *, limit: int, instalments: bool) -> list[Dealing]:
    """Return the dealings of a credit card whose bills but the last are paid, the oldest first."""
    found = list(_shopping(rng, today, limit // 4, count=rng.randrange(8, 24)))
    bills = [0] * (DAYS // 30 + 1)
    for dealing in found:
        bills[int((today - dealing.at) // (30 * _DAY))] += dealing.amount
    found.extend(
        Dealing(today - (month * 30 - 10) * _DAY, -bill, "repayment", "信用卡还款")
        for month, bill in enumerate(bills)
        if month and bill
    )
    if instalments:
        share = limit // 24
        found.extend(
            Dealing(today - (month * 30 + 5) * _DAY, -share, "instalment", "信用卡分期")
            for month in range(DAYS // 30)
        )
    found.sort()
    return found


def company_life(rng: Random, today: float, *, turnover: int) -> list[Dealing]:
    """Return the dealings of a company's current account."""
    found = []
    for _ in range(rng.randrange(20, 50)):
        incoming = rng.random() < 0.6
        amount = turnover * rng.randrange(1, 10) // 100
        found.append(
            Dealing(
                today - rng.random() * DAYS * _DAY,
                amount if incoming else -amount,
                "receipt" if incoming else "payment",
                rng.choice(lists.EMPLOYERS),
            )
        )
    found.sort()
    return found


def with_balances(dealings: list[Dealing], balance: int, *, floor: int) -> tuple[int, list[int]]:
    """Return the balance today and after each dealing, never below ``floor``.

    ``balance`` is what the account should hold today; it is raised where the dealings demand it.
    """
    total = lowest = 0
    for dealing in dealings:
        total += dealing.amount
        lowest = min(lowest, total)
    start = max(balance - total, floor - lowest)
    after, running = [], start
    for dealing in dealings:
        running += dealing.amount
        after.append(running)
    return running, after


def _shopping(rng: Random, today: float, monthly: int, *, count: int) -> Iterator[Dealing]:
    dearest = max(20_00, monthly // 8)
    for _ in range(count):
        price = int(8_00 + rng.random() ** 3 * dearest)
        yield Dealing(
            today - rng.random() * DAYS * _DAY, -price, "shopping", rng.choice(lists.SHOPS)
        )
