"""Currencies that can be read aloud, and the split of minor units into whole and part."""

from typing import Final

import msgspec

from ivr.prompt_errors import CannotSayError

MAX_MAJOR: Final = 10**15 - 1
"""The largest number of whole units that is read."""


class Currency(msgspec.Struct, frozen=True):
    """How a currency is spoken: the stems of its pieces' ids."""

    major: str
    minor: str
    """A hundredth of the major unit."""
    tenth: str = ""
    """The unit between the two (Mandarin 角); English counts in minor units only."""


CURRENCIES: Final[dict[str, Currency]] = {
    "CNY": Currency("yuan", "fen", "jiao"),
    "HKD": Currency("hk_dollar", "hk_cent"),
    "USD": Currency("us_dollar", "us_cent"),
    "EUR": Currency("euro", "euro_cent"),
}
"""By ISO 4217 code; every stem has pieces in both languages' prompt files."""


class Money(msgspec.Struct, frozen=True):
    """An amount, taken apart for reading."""

    negative: bool
    major: int
    minor: int
    currency: Currency


def split(minor_units: int, currency: str) -> Money:
    """Take an amount apart; raises :class:`CannotSayError` when it cannot be read."""
    known = CURRENCIES.get(currency)
    if known is None:
        raise CannotSayError(
            f"no pieces for the currency {currency!r}; known are {', '.join(CURRENCIES)}"
        )
    major, minor = divmod(abs(minor_units), 100)
    if major > MAX_MAJOR:
        raise CannotSayError(
            f"{minor_units} minor units of {currency} are too much to be read aloud; "
            f"the limit is {MAX_MAJOR} whole units"
        )
    return Money(minor_units < 0, major, minor, known)
