"""Reading numbers, money, digits and dates aloud: from a value to a row of prompt ids.

Pure functions; nothing here knows texts, files or telephony.  The texts of the pieces are in the
prompt catalogue (:mod:`ivr.prompts`), and :func:`spell` writes a row of pieces as a sentence.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from decimal import Decimal
from typing import Final

from ivr.prompt_errors import CannotSayError
from ivr.prompt_ids import Language, PromptId
from ivr.say import english, mandarin
from ivr.say.money import MAX_MAJOR, split
from ivr.say.pieces import MINUS, PAUSE, SEPARATORS, row

__all__ = [
    "MAX_CARDINAL",
    "MAX_ORDINAL",
    "amount",
    "cardinal",
    "date",
    "digits",
    "ordinal",
    "percent",
    "spell",
    "time",
]

MAX_CARDINAL: Final = MAX_MAJOR
"""The largest absolute value that is read, 10^15 - 1 (also of an amount's whole units)."""

MAX_ORDINAL: Final = 99
"""The last position in a list that is read."""

_MOST_DECIMALS: Final = 6

_JOINS: Final[dict[Language, str]] = {"zh": "", "en": " "}


def amount(minor: int, currency: str, language: Language) -> tuple[PromptId, ...]:
    """Read an amount of money.

    ``minor`` is in the currency's minor units (fen, cents), ``currency`` an ISO 4217
    code.  Raises :class:`CannotSayError` for a currency without pieces or an amount of more than
    10^15 - 1 whole units.
    """
    money = split(minor, currency)
    return mandarin.amount(money) if language == "zh" else english.amount(money)


def cardinal(n: int, language: Language, *, counted: bool = False) -> tuple[PromptId, ...]:
    """Read a whole number; ``counted`` when a measure word follows (两笔, not 二笔).

    Raises :class:`CannotSayError` outside -(10^15 - 1) … 10^15 - 1.
    """
    if abs(n) > MAX_CARDINAL:
        raise CannotSayError(f"{n} is too large to be read aloud; the limit is {MAX_CARDINAL}")
    if language == "zh":
        return mandarin.cardinal(n, counted=counted)
    return english.cardinal(n)


def digits(text: str, language: Language) -> tuple[PromptId, ...]:
    """Read the digits of a phone, card or case number one by one (in Mandarin 1 is 幺).

    Spaces and hyphens become short pauses.  Raises :class:`CannotSayError` for other characters.
    """
    pieces: list[PromptId] = []
    for character in text.strip(SEPARATORS):
        if character in SEPARATORS:
            if pieces[-1] != PAUSE:
                pieces.append(PAUSE)
        elif character in "0123456789":
            yao = language == "zh" and character == "1"
            pieces += row("digit_yao" if yao else f"number_{character}")
        else:
            raise CannotSayError(
                f"only digits, spaces and hyphens can be read digit by digit, not {character!r}"
            )
    return tuple(pieces)


def date(day: dt.date, language: Language, *, year: bool = True) -> tuple[PromptId, ...]:
    """Read a calendar date, with its year unless ``year`` is false.

    Raises :class:`CannotSayError` for a year before 1000.
    """
    if day.year < 1000:
        raise CannotSayError(f"the year {day.year} cannot be read aloud; give one from 1000 on")
    return mandarin.date(day, year=year) if language == "zh" else english.date(day, year=year)


def ordinal(n: int, language: Language) -> tuple[PromptId, ...]:
    """Read a position in a list: 第二, second.

    Raises :class:`CannotSayError` outside 1 … 99.
    """
    if not 1 <= n <= MAX_ORDINAL:
        raise CannotSayError(f"position {n} cannot be read aloud; accepted: 1 to {MAX_ORDINAL}")
    return mandarin.ordinal(n) if language == "zh" else english.ordinal(n)


def percent(value: Decimal, language: Language) -> tuple[PromptId, ...]:
    """Read a percentage with its decimals as they are written: 百分之三点八五.

    Raises :class:`CannotSayError` for more than six decimals, a value that is no number, or one
    of 10^15 and more.
    """
    exponent = value.as_tuple().exponent
    if not isinstance(exponent, int) or -exponent > _MOST_DECIMALS or abs(value) > MAX_CARDINAL:
        raise CannotSayError(
            f"{value} percent cannot be read aloud; give a number with at most "
            f"{_MOST_DECIMALS} decimals"
        )
    whole, _, decimals = f"{abs(value):f}".partition(".")
    number = cardinal(int(whole), language)
    if decimals:
        number += row("point", *(f"number_{digit}" for digit in decimals))
    if value < 0:
        number = (MINUS, *number)
    return mandarin.percent(number) if language == "zh" else english.percent(number)


def time(at: dt.time, language: Language) -> tuple[PromptId, ...]:
    """Read a time of day to the minute, by the twelve-hour clock: 下午两点零五分."""
    return mandarin.time(at) if language == "zh" else english.time(at)


def spell(
    pieces: Sequence[PromptId], language: Language, text_of: Callable[[PromptId], str]
) -> str:
    """Write the sentence that the recordings of ``pieces`` say one after the other."""
    sentence = _JOINS[language].join(text_of(piece) for piece in pieces)
    return sentence.replace(" ,", ",")
