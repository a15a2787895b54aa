"""The transactions of one block as numpy arrays: millions of rows without an object for each."""

from typing import Final, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.bank_data.people import Columns, People, account_id
from bench.bank_data.shape import CATEGORIES, CHANNELS, PERSONAS, BankShape

_DAY: Final = 86_400.0
_TASTES: Final = 10
_SALARY, _RENT = 10, 11
_PRICES: Final = np.array(
    [9_000, 4_500, 2_500, 16_000, 90_000, 60_000, 30_000, 15_000, 500_000, 400_000]
)
"""Median fen of one payment in each of the first ten categories."""


class Dealings(NamedTuple):
    """One row for each transaction, by account and then by time."""

    customer: npt.NDArray[np.int64]
    """Place of the customer in the block."""
    account: npt.NDArray[np.int64]
    """Serial number, see :func:`bench.bank_data.people.account_id`."""
    booked_at: npt.NDArray[np.float64]
    amount: npt.NDArray[np.int64]
    balance_after: npt.NDArray[np.int64]
    category: npt.NDArray[np.int8]
    """Index into CATEGORIES."""
    channel: npt.NDArray[np.int8]
    """Index into CHANNELS."""
    payee: npt.NDArray[np.int8]
    """Index into the category's payees."""

    def columns(self) -> Columns:
        """Return them as the table ``transactions`` wants them."""
        category = self.category.tolist()
        return {
            "account_id": [account_id(serial) for serial in self.account.tolist()],
            "booked_at": self.booked_at.tolist(),
            "amount": self.amount.tolist(),
            "balance_after": self.balance_after.tolist(),
            "kind": [CATEGORIES[c][1] for c in category],
            "counterparty": [
                CATEGORIES[c][2][p] for c, p in zip(category, self.payee.tolist(), strict=True)
            ],
            "channel": [CHANNELS[c] for c in self.channel.tolist()],
            "category": [CATEGORIES[c][0] for c in category],
        }


def make_dealings(shape: BankShape, people: People) -> Dealings:
    """Return the transactions on the current accounts of the block."""
    rng = shape.rng(people.block, 2)
    n, span = people.block.count, shape.months * 30 * _DAY
    monthly = np.array([p.monthly for p in PERSONAS])[people.persona]
    counts = rng.poisson(monthly * shape.months * shape.activity)
    who = np.repeat(np.arange(n), counts)
    at = shape.midnight - rng.random(len(who)) * span
    category = _drawn(rng, people.persona[who], np.array([p.tastes for p in PERSONAS]))
    channel = _drawn(rng, people.persona[who], np.array([p.channels for p in PERSONAS]))
    amount = -(_PRICES[category] * rng.lognormal(0.0, 0.8, len(who))).astype(np.int64)
    # Whoever leaves deals less and less, and not at all after forty days.
    late = (at - people.leaves_on[who]) / (40 * _DAY)
    stays = rng.random(len(who)) > np.clip(late, 0.0, 1.0)
    who, at, category = who[stays], at[stays], category[stays]
    channel, amount = channel[stays], amount[stays]
    regular = [_regular(shape, people, rng, _SALARY), _regular(shape, people, rng, _RENT)]
    auto = CHANNELS.index("auto")
    who = np.concatenate([who, *(r[0] for r in regular)])
    at = np.concatenate([at, *(r[1] for r in regular)])
    amount = np.concatenate([amount, *(r[2] for r in regular)])
    fixed = [
        np.full(len(r[0]), c, np.int8) for r, c in zip(regular, (_SALARY, _RENT), strict=True)
    ]
    category = np.concatenate([category, *fixed]).astype(np.int8)
    channel = np.concatenate([channel, *(np.full(len(f), auto) for f in fixed)]).astype(np.int8)
    order = np.lexsort((at, who))
    who, at, amount = who[order], at[order], amount[order]
    return Dealings(
        customer=who,
        account=people.accounts[who],
        booked_at=np.floor(at),
        amount=amount,
        balance_after=_balances(who, amount, people.balances),
        category=category[order],
        channel=channel[order],
        payee=rng.integers(3, size=len(who)).astype(np.int8),
    )


def _drawn(
    rng: np.random.Generator, persona: npt.NDArray[np.int8], weights: npt.NDArray[np.int64]
) -> npt.NDArray[np.int8]:
    """One of the weighted choices for each row, by its customer's persona."""
    borders = np.cumsum(weights, axis=1) / weights.sum(axis=1, keepdims=True)
    point = rng.random(len(persona))
    chosen: npt.NDArray[np.int64] = (point[:, None] >= borders[persona]).sum(axis=1)
    return chosen.astype(np.int8)


def _regular(
    shape: BankShape, people: People, rng: np.random.Generator, category: int
) -> tuple[npt.NDArray[np.int64], npt.NDArray[np.float64], npt.NDArray[np.int64]]:
    """Salary or rent, once a month until the customer leaves."""
    n = people.block.count
    paid = np.zeros(n, bool)
    products = people.tables["holdings"]
    if category == _SALARY:
        first = people.tables["customers"]["customer_id"][0]
        base = int(first[1:])
        payroll = [
            int(c[1:]) - base
            for c, p in zip(products["customer_id"], products["product"], strict=True)
            if p == "payroll"
        ]
        paid[payroll] = True
    else:
        paid = rng.random(n) < 0.3
    day = rng.integers(30, size=n)
    who = np.repeat(np.flatnonzero(paid), shape.months)
    month = np.tile(np.arange(shape.months), int(paid.sum()))
    at = shape.midnight - (month * 30 + day[who] + 1) * _DAY + 9.5 * 3600.0
    amount = people.income[who] if category == _SALARY else -people.income[who] // 4
    stays = at < people.leaves_on[who] + 20 * _DAY
    return who[stays], at[stays].astype(np.float64), amount[stays]


def _balances(
    who: npt.NDArray[np.int64], amount: npt.NDArray[np.int64], final: npt.NDArray[np.int64]
) -> npt.NDArray[np.int64]:
    """What was left after each, so that the last leaves the account's balance."""
    if not len(who):
        return amount
    total = np.cumsum(amount)
    last = np.searchsorted(who, np.arange(len(final)), side="right") - 1
    return final[who] + total - total[np.maximum(last, 0)][who]
