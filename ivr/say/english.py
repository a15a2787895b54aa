"""English readings, in the American way: "one thousand two hundred five", "March fifth".

``and`` stands only between whole units and minor units: "one yuan and five fen".
"""

import datetime as dt

from ivr.prompt_ids import PromptId
from ivr.say.money import Money
from ivr.say.pieces import MINUS, ZERO, row

_SCALES = ((10**12, "trillion"), (10**9, "billion"), (10**6, "million"), (10**3, "thousand"))


def cardinal(n: int) -> tuple[PromptId, ...]:
    """Read a whole number, |n| < 10^15."""
    if n < 0:
        return (MINUS, *cardinal(-n))
    if n == 0:
        return (ZERO,)
    pieces: list[str] = []
    for scale, unit in _SCALES:
        count, n = divmod(n, scale)
        if count:
            pieces += (*_below_thousand(count), unit)
    return row(*pieces, *_below_thousand(n))


def _below_thousand(n: int) -> list[str]:
    hundreds, rest = divmod(n, 100)
    pieces = [f"hundreds_{hundreds}"] if hundreds else []
    return [*pieces, f"number_{rest}"] if rest else pieces


def amount(money: Money) -> tuple[PromptId, ...]:
    """Read an amount of money with singular and plural units."""
    currency = money.currency
    pieces: tuple[PromptId, ...] = ()
    if money.major or not money.minor:
        pieces = (*cardinal(money.major), *_unit(currency.major, money.major))
    if money.minor:
        link = row("and") if pieces else ()
        pieces += (*link, *cardinal(money.minor), *_unit(currency.minor, money.minor))
    return (MINUS, *pieces) if money.negative else pieces


def _unit(stem: str, count: int) -> tuple[PromptId, ...]:
    return row(f"{stem}_one" if count == 1 else stem)


def date(day: dt.date, *, year: bool) -> tuple[PromptId, ...]:
    """Read a date: "March fifth, twenty twenty-six"."""
    return row(f"month_{day.month}", f"day_{day.day}", *(_year(day.year) if year else ()))


def _year(year: int) -> tuple[str, ...]:
    century, rest = divmod(year, 100)
    if century % 10 == 0 and rest < 10:
        return tuple(cardinal(year))
    if rest == 0:
        return (*cardinal(century), "hundred")
    if rest < 10:
        return (*cardinal(century), "number_oh", f"number_{rest}")
    return (*cardinal(century), f"number_{rest}")


def ordinal(n: int) -> tuple[PromptId, ...]:
    """Read a position: the pieces of the days of a month serve up to 31."""
    tens, ones = divmod(n, 10)
    if n <= 31:
        return row(f"day_{n}")
    return row(f"number_{tens}0", f"day_{ones}") if ones else row(f"ordinal_{n}")


def percent(number: tuple[PromptId, ...]) -> tuple[PromptId, ...]:
    """Read a percentage whose number is read already."""
    return (*number, *row("percent"))


def time(at: dt.time) -> tuple[PromptId, ...]:
    """Read a time: "nine oh five a.m."; noon and midnight are "twelve"."""
    half = "before_noon" if at.hour < 12 else "after_noon"
    hour = row(f"number_{at.hour % 12 or 12}")
    if not at.minute:
        return (*hour, *row(half))
    minute = cardinal(at.minute)
    if at.minute < 10:
        minute = (*row("number_oh"), *minute)
    return (*hour, *minute, *row(half))
