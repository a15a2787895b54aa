"""The demo bank's known people and numbers, for the demo, the self-test and the tests."""

from typing import Final, Literal

import msgspec

DEMO_PIN: Final = "246810"
"""The telephone PIN of every demo customer but 王芳."""


class DemoCustomer(msgspec.Struct, frozen=True, kw_only=True):
    customer_id: str
    name: str
    family_name: str
    number: str
    """E.164."""
    card: str
    """Sixteen digits, Luhn-valid."""
    pin: str
    segment: Literal["diamond", "gold", "silver", "standard"]
    language: Literal["zh", "en"] = "zh"
    balance: int
    """Fen in the current account, the first that is read out."""


DEMO_CUSTOMERS: Final = (
    DemoCustomer(
        customer_id="C10000001",
        name="王芳",
        family_name="王",
        number="+8613800138000",
        card="6222020000000015",
        pin="135790",
        segment="gold",
        balance=12_345_678,
    ),
    DemoCustomer(
        customer_id="C10000002",
        name="李建国",
        family_name="李",
        number="+8613900139000",
        card="6222020000000023",
        pin=DEMO_PIN,
        segment="diamond",
        balance=288_888_800,
    ),
    DemoCustomer(
        customer_id="C10000003",
        name="John Smith",
        family_name="Smith",
        number="+8618600186000",
        card="6222020000000031",
        pin=DEMO_PIN,
        segment="standard",
        language="en",
        balance=4_680_050,
    ),
)
"""Three people with everything that a trial call needs."""

AMBIGUOUS_NUMBER: Final = "+861062660000"
"""A couple's home line: two customers have it."""

UNKNOWN_NUMBER: Final = "+8613700137000"
"""A valid number that no demo customer has."""

RESERVED: Final = frozenset(
    (*(c.number for c in DEMO_CUSTOMERS), AMBIGUOUS_NUMBER, UNKNOWN_NUMBER)
)


def luhn_digit(digits: str) -> str:
    """Return the digit that makes ``digits`` followed by it Luhn-valid."""
    doubled = (int(d) * (2 - i % 2) for i, d in enumerate(reversed(digits)))
    return str(-sum(n - 9 if n > 9 else n for n in doubled) % 10)
