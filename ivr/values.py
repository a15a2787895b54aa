"""Values that are read aloud: what the bank's services answer, and what ``say`` nodes speak."""

import datetime as dt
from decimal import Decimal
from typing import TypeAlias

import msgspec


class Money(msgspec.Struct, frozen=True):
    """An amount in minor units of an ISO 4217 currency."""

    minor: int
    currency: str


class Percent(msgspec.Struct, frozen=True):
    """A percentage, e.g. ``Percent(Decimal("3.85"))``."""

    value: Decimal


Value: TypeAlias = str | int | Money | Percent | dt.date | dt.time
"""Text is a row of digits, or a part of a prompt's id."""
