"""The customers of one block with all that belongs to them but transactions."""

from datetime import date, timedelta
from functools import lru_cache
from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from bench.bank_data.shape import PERSONAS, BankShape, Block
from crm_lookup.keys import DataKey
from hotline.demo_bank import lists
from hotline.demo_bank.cast import luhn_digit
from hotline.demo_bank.values import segment_of, segment_reason

KEY: Final = DataKey(b"a key for the benchmark, no secret")
_DAY: Final = 86_400.0
_MOBILES: Final = len(lists.MOBILE_PREFIXES) * 10**8
_STEP: Final = 1_234_567_891
"""Coprime to the number of mobiles, so that serial numbers never meet on one number."""
_PRODUCTS: Final = (
    # product, odds for each persona in the order of PERSONAS
    ("mobile_banking", (0.9, 0.98, 0.3, 0.95, 0.9, 0.4)),
    ("term_deposit", (0.2, 0.03, 0.6, 0.3, 0.1, 0.05)),
    ("wealth", (0.15, 0.04, 0.2, 0.9, 0.1, 0.01)),
    ("fund", (0.1, 0.12, 0.05, 0.7, 0.1, 0.01)),
    ("insurance", (0.4, 0.05, 0.2, 0.3, 0.15, 0.03)),
    ("mortgage", (0.45, 0.08, 0.02, 0.2, 0.2, 0.03)),
    ("credit_card", (0.7, 0.6, 0.1, 0.7, 0.6, 0.2)),
    ("payroll", (0.8, 0.6, 0.0, 0.5, 0.1, 0.2)),
)
_TALKS: Final = tuple(dict.fromkeys(lists.TALKS))
_CITIES: Final = ("010", "021", "0755", "020", "0571", "028", "025", "027")

Column = list[Any]
Columns = dict[str, Column]
"""Column name → values, all of one length."""


class People(NamedTuple):
    """One block: the rows by table, and what was planted."""

    block: Block
    tables: dict[str, Columns]
    persona: npt.NDArray[np.int8]
    """Index into PERSONAS of each customer."""
    leaves_on: npt.NDArray[np.float64]
    """Epoch second from which dealings thin out; infinite for those who stay."""
    accounts: npt.NDArray[np.int64]
    """Serial number of each customer's current account; 2 n and 2 n + 1 are customer n's."""
    balances: npt.NDArray[np.int64]
    """Fen in the current account at the end."""
    income: npt.NDArray[np.int64]
    """Fen a month."""


def customer_id(serial: int) -> str:
    return f"B{serial:09}"


def account_id(serial: int) -> str:
    return f"AB{serial:010}"


def mobile(serial: int) -> str:
    """Return the mobile of a customer in E.164; another for each serial number."""
    place, suffix = divmod((serial * _STEP + 42) % _MOBILES, 10**8)
    return f"+86{lists.MOBILE_PREFIXES[place]}{suffix:08}"


def make_people(shape: BankShape, block: Block, *, key: DataKey = KEY) -> People:
    """Return the customers of ``block`` with numbers, accounts, cards, products and contacts."""
    rng, n = shape.rng(block, 1), block.count
    serials = np.arange(block.first, block.first + n)
    persona = rng.choice(len(PERSONAS), n, p=[p.share for p in PERSONAS]).astype(np.int8)
    leaving = rng.random(n) < np.array([p.leaving for p in PERSONAS])[persona]
    leaves_on = np.where(leaving, shape.midnight - rng.uniform(60, 120, n) * _DAY, np.inf)
    young, old = np.array([p.ages for p in PERSONAS])[persona].T
    ages = rng.integers(young, old + 1)
    wealth = np.array([p.wealth for p in PERSONAS])[persona]
    liquid = (rng.lognormal(np.log(1_200_000), 1.6, n) * wealth).astype(np.int64)
    current = (liquid * rng.uniform(0.1, 0.6, n)).astype(np.int64)
    income = np.maximum(300_000, rng.normal(900_000, 300_000, n) * wealth**0.5).astype(np.int64)
    ids = [customer_id(serial) for serial in serials.tolist()]
    tables: dict[str, Columns] = {}
    _customers(tables, shape, rng, ids, ages, liquid, persona)
    _numbers(tables, rng, ids, serials)
    held = _holdings(tables, shape, rng, ids, persona, liquid)
    _accounts(tables, shape, rng, ids, serials, current, liquid - current, income, held, key)
    _contacts(tables, shape, rng, ids)
    _work(tables, shape, shape.rng(block, 3), ids, serials)
    return People(block, tables, persona, leaves_on, serials * 2, current, income)


@lru_cache(maxsize=256)
def _reason(segment: str, band: int) -> tuple[str, str]:
    text = segment_reason(segment, band)
    return text.zh, text.en


def _customers(
    tables: dict[str, Columns],
    shape: BankShape,
    rng: np.random.Generator,
    ids: Column,
    ages: npt.NDArray[np.int64],
    liquid: npt.NDArray[np.int64],
    persona: npt.NDArray[np.int8],
) -> None:
    n = len(ids)
    family = [
        lists.FAMILY_NAMES[i]
        for i in (rng.random(n) ** 2 * len(lists.FAMILY_NAMES)).astype(int).tolist()
    ]
    given = [lists.GIVEN_TWO[i] for i in rng.integers(len(lists.GIVEN_TWO), size=n).tolist()]
    segments = [segment_of(amount) for amount in liquid.tolist()]
    borders = np.array([1_000_000, 5_000_000, 20_000_000, 100_000_000, 600_000_000])
    floors = np.concatenate(([0], borders))[np.searchsorted(borders, liquid, side="right")]
    reasons = [_reason(s, b) for s, b in zip(segments, floors.tolist(), strict=True)]
    managers = rng.integers(len(lists.MANAGERS), size=n).tolist()
    since = rng.integers(30, 20 * 365, n)
    tables["customers"] = {
        "customer_id": ids,
        "kind": ["person"] * n,
        "status": ["prospect" if p < 0.02 else "customer" for p in rng.random(n).tolist()],
        "name": [a + b for a, b in zip(family, given, strict=True)],
        "family_name": family,
        "segment": segments,
        "segment_reason_zh": [zh for zh, _ in reasons],
        "segment_reason_en": [en for _, en in reasons],
        "language": ["en" if p < 0.02 else "zh" for p in rng.random(n).tolist()],
        "birth_year": (shape.today.year - ages).tolist(),
        "gender": ["female" if p < 0.5 else "male" for p in rng.random(n).tolist()],
        "city_code": [_CITIES[i] for i in rng.integers(len(_CITIES), size=n).tolist()],
        "since": _days(shape, since),
        "relationship_manager": [
            lists.MANAGERS[m] if s in ("gold", "diamond") else None
            for m, s in zip(managers, segments, strict=True)
        ],
        "updated_at": [shape.midnight] * n,
        "external_id": ids,
    }
    marketing = rng.random(n) < 0.72
    granted = [c for c, yes in zip(ids, marketing.tolist(), strict=True) if yes]
    tables["consents"] = {
        "customer_id": ids + granted,
        "purpose": ["recording"] * n + ["marketing"] * len(granted),
        "granted_at": [shape.midnight - 400 * _DAY] * (n + len(granted)),
    }
    complaining = rng.random(n) < 0.02
    flagged = [c for c, yes in zip(ids, complaining.tolist(), strict=True) if yes]
    tables["customer_flags"] = {
        "customer_id": flagged,
        "flag": ["complaint"] * len(flagged),
        "since": [shape.midnight - 5 * _DAY] * len(flagged),
    }


def _numbers(
    tables: dict[str, Columns],
    rng: np.random.Generator,
    ids: Column,
    serials: npt.NDArray[np.int64],
) -> None:
    """A mobile each; one in twenty shares a home line with the customer before."""
    own = [mobile(serial) for serial in serials.tolist()]
    shared = np.flatnonzero(rng.random(len(ids)) < 0.05)
    shared = shared[shared > 0].tolist()
    lines = [f"+86106{serials[i] % 10**7:07}" for i in shared]
    owners = [ids[i] for i in shared] + [ids[i - 1] for i in shared]
    tables["customer_numbers"] = {
        "number": own + lines + lines,
        "customer_id": ids + owners,
        "kind": ["mobile"] * len(ids) + ["home"] * len(owners),
        "is_primary": [True] * len(ids) + [False] * len(owners),
        "relation": ["own"] * len(ids) + ["household"] * len(owners),
    }


def _holdings(
    tables: dict[str, Columns],
    shape: BankShape,
    rng: np.random.Generator,
    ids: Column,
    persona: npt.NDArray[np.int8],
    liquid: npt.NDArray[np.int64],
) -> dict[str, npt.NDArray[np.bool_]]:
    held = {product: rng.random(len(ids)) < np.array(odds)[persona] for product, odds in _PRODUCTS}
    opened = _days(shape, rng.integers(1, 1800, len(ids)))
    columns: Columns = {name: [] for name in ("customer_id", "product", "opened", "balance")}
    for product, having in held.items():
        who = np.flatnonzero(having)
        columns["customer_id"] += [ids[i] for i in who.tolist()]
        columns["product"] += [product] * len(who)
        columns["opened"] += [opened[i] for i in who.tolist()]
        kept = product in ("term_deposit", "wealth", "fund")
        columns["balance"] += (liquid[who] // 2).tolist() if kept else [None] * len(who)
    columns["currency"] = [None if b is None else "CNY" for b in columns["balance"]]
    tables["holdings"] = columns
    return held


def _accounts(
    tables: dict[str, Columns],
    shape: BankShape,
    rng: np.random.Generator,
    ids: Column,
    serials: npt.NDArray[np.int64],
    current: npt.NDArray[np.int64],
    saved: npt.NDArray[np.int64],
    income: npt.NDArray[np.int64],
    held: dict[str, npt.NDArray[np.bool_]],
    key: DataKey,
) -> None:
    """A current account each, with a card; then savings, or a credit card with its bill."""
    n = len(ids)
    card = held["credit_card"]
    owed = (income * rng.random(n) ** 2).astype(np.int64)
    accounts = [account_id(s) for s in (serials * 2).tolist()]
    seconds = [account_id(s) for s in (serials * 2 + 1).tolist()]
    digits = [f"622204{s:09}" for s in serials.tolist()]
    numbers = [d + luhn_digit(d) for d in digits]
    opened = _days(shape, rng.integers(30, 3000, n))
    tables["accounts"] = {
        "account_id": accounts + seconds,
        "customer_id": ids + ids,
        "kind": ["current"] * n + ["credit_card" if c else "savings" for c in card.tolist()],
        "tail": [number[-4:] for number in numbers] + [f"{s % 10_000:04}" for s in serials],
        "currency": ["CNY"] * 2 * n,
        "balance": current.tolist() + np.where(card, -owed, saved).tolist(),
        "credit_limit": [None] * n
        + [(i * 2 if c else None) for i, c in zip(income.tolist(), card.tolist(), strict=True)],
        "status": ["open"] * 2 * n,
        "opened": opened + opened,
    }
    tables["cards"] = {
        "card_id": [f"KB{s:010}" for s in serials.tolist()],
        "customer_id": ids,
        "account_id": accounts,
        "number_hash": [key.card_hash(number) for number in numbers],
        "tail": [number[-4:] for number in numbers],
        "kind": ["debit"] * n,
        "status": ["active"] * n,
        "expires": [(shape.today + timedelta(days=900)).isoformat()] * n,
    }
    billed = np.flatnonzero(card).tolist()
    due = rng.integers(-3, 25, len(billed)).tolist()
    tables["card_bills"] = {
        "account_id": [seconds[i] for i in billed],
        "statement_on": [(shape.today - timedelta(days=20 - d)).isoformat() for d in due],
        "due_on": [(shape.today + timedelta(days=d)).isoformat() for d in due],
        "amount": owed[billed].tolist(),
        "minimum": (owed[billed] // 10).tolist(),
        "paid": np.where(rng.random(len(billed)) < 0.5, owed[billed], 0).tolist(),
    }


def _contacts(
    tables: dict[str, Columns], shape: BankShape, rng: np.random.Generator, ids: Column
) -> None:
    who = np.repeat(np.arange(len(ids)), rng.poisson(2.5, len(ids))).tolist()
    talks = [_TALKS[i] for i in rng.integers(len(_TALKS), size=len(who)).tolist()]
    tables["interactions"] = {
        "customer_id": [ids[i] for i in who],
        "at": (shape.midnight - rng.random(len(who)) * 180 * _DAY).tolist(),
        "channel": [talk[0] for talk in talks],
        "topic": [talk[1] for talk in talks],
        "summary_zh": [talk[2] for talk in talks],
        "summary_en": [talk[3] for talk in talks],
    }
    cases = np.flatnonzero(rng.random(len(ids)) < 0.05).tolist()
    tables["service_cases"] = {
        "case_id": [f"S{ids[i]}" for i in cases],
        "customer_id": [ids[i] for i in cases],
        "kind": ["complaint"] * len(cases),
        "status": ["open"] * len(cases),
        "subject_zh": ["转账未到账"] * len(cases),
        "subject_en": ["A transfer did not arrive"] * len(cases),
        "channel": ["phone"] * len(cases),
        "opened_at": (shape.midnight - rng.random(len(cases)) * 20 * _DAY).tolist(),
    }


def _work(
    tables: dict[str, Columns],
    shape: BankShape,
    rng: np.random.Generator,
    ids: Column,
    serials: npt.NDArray[np.int64],
) -> None:
    """What customers call about: failed payments, deposits, cards on their way; menu paths.

    With a generator of its own, so that it changes nothing of what an analysis is to find.
    """
    n = len(ids)
    said = tables["interactions"]
    asked = rng.random(len(said["at"]))
    said["menu_path"] = [
        "welcome>language>main_menu>cards.bill" if channel == "phone" else None
        for channel in said["channel"]
    ]
    said["satisfaction"] = [
        1 + int(a * 15) if channel == "phone" and a < 1 / 3 else None
        for channel, a in zip(said["channel"], asked.tolist(), strict=True)
    ]
    failed = np.flatnonzero(rng.random(n) < 0.05).tolist()
    tables["payment_failures"] = {
        "customer_id": [ids[i] for i in failed],
        "account_id": [account_id(int(serials[i]) * 2) for i in failed],
        "at": (shape.midnight - rng.random(len(failed)) * 30 * _DAY).tolist(),
        "amount": (rng.random(len(failed)) * 90_000).astype(np.int64).tolist(),
        "currency": ["CNY"] * len(failed),
        "payee": ["国家电网电费"] * len(failed),
        "cause": ["funds"] * len(failed),
    }
    kept = np.flatnonzero(rng.random(n) < 0.15).tolist()
    ends = rng.integers(1, 365, len(kept)).tolist()
    tables["deposits"] = {
        "deposit_id": [f"DB{int(serials[i]):010}" for i in kept],
        "customer_id": [ids[i] for i in kept],
        "tail": [f"{int(serials[i]) % 10_000:04}" for i in kept],
        "currency": ["CNY"] * len(kept),
        "principal": [5_000_000] * len(kept),
        "rate": [9_500] * len(kept),
        "months": [12] * len(kept),
        "opened_on": [(shape.today - timedelta(days=365 - d)).isoformat() for d in ends],
        "matures_on": [(shape.today + timedelta(days=d)).isoformat() for d in ends],
        "at_maturity": ["pay_out"] * len(kept),
    }
    waiting = np.flatnonzero(rng.random(n) < 0.03).tolist()
    tables["card_orders"] = {
        "order_id": [f"OB{int(serials[i]):010}" for i in waiting],
        "customer_id": [ids[i] for i in waiting],
        "kind": ["debit"] * len(waiting),
        "stage": ["sent"] * len(waiting),
        "ordered_on": [(shape.today - timedelta(days=6)).isoformat()] * len(waiting),
        "expected_on": [(shape.today + timedelta(days=4)).isoformat()] * len(waiting),
    }


def _days(shape: BankShape, ago: npt.NDArray[np.int64]) -> Column:
    """The days so many days before ``today``, as ISO dates."""
    last = shape.today.toordinal()
    known = {int(d): date.fromordinal(last - int(d)).isoformat() for d in np.unique(ago)}
    return [known[d] for d in ago.tolist()]
