"""Mandarin readings, after the usage taught in schools and heard in banks.

* Groups of four digits with 万 and 亿; zeros inside a number are read as one 零, zeros at the end
  of a group are not read: 100,500 is 十万零五百, 105,000 is 十万五千.
* 两 only at the very beginning of what is counted: 两千, 两万, 两元, but 三万二千, 二百, 二十,
  and 一元二角.
* 十 begins a number as 十五 (十五万), inside one it is 一十五 (一百一十五).
* Whole amounts end in 整; a missing 角 before 分 is read as 零 (一元零五分).
"""

import datetime as dt

from ivr.prompt_ids import PromptId
from ivr.say.money import Money
from ivr.say.pieces import MINUS, ZERO, row

_WAN = 10**4
_DAY_PARTS = (
    ("small_hours", 6),
    ("before_noon", 12),
    ("at_noon", 13),
    ("after_noon", 18),
    ("evening", 24),
)
_YI = 10**8


def cardinal(n: int, *, counted: bool = False) -> tuple[PromptId, ...]:
    """Read a whole number, |n| < 10^16; ``counted`` when a measure word follows."""
    if n < 0:
        return (MINUS, *cardinal(-n, counted=counted))
    if n == 0:
        return (ZERO,)
    if n == 2 and counted:
        return row("number_liang")
    above, rest = divmod(n, _YI)
    if not above:
        return _below_yi(rest, first=True)
    pieces = _of_unit(above, "hundred_million", first=True)
    if rest:
        gap = (ZERO,) if rest < _YI // 10 else ()
        pieces = (*pieces, *gap, *_below_yi(rest, first=False))
    return pieces


def _below_yi(n: int, *, first: bool) -> tuple[PromptId, ...]:
    above, rest = divmod(n, _WAN)
    if not above:
        return _below_wan(rest, first=first)
    pieces = _of_unit(above, "ten_thousand", first=first)
    if rest:
        gap = (ZERO,) if rest < _WAN // 10 else ()
        pieces = (*pieces, *gap, *_below_wan(rest, first=False))
    return pieces


def _of_unit(count: int, unit: str, *, first: bool) -> tuple[PromptId, ...]:
    if count == 2 and first:
        return row("number_liang", unit)
    return (*_below_yi(count, first=first), *row(unit))


def _below_wan(n: int, *, first: bool) -> tuple[PromptId, ...]:
    thousands, below_thousand = divmod(n, 1000)
    hundreds, rest = divmod(below_thousand, 100)
    pieces: list[str] = []
    if thousands:
        pieces.append("thousands_liang" if thousands == 2 and first else f"thousands_{thousands}")
    if hundreds:
        pieces.append(f"hundreds_{hundreds}")
    if rest:
        if (thousands and not hundreds) or (hundreds and rest < 10):
            pieces.append(ZERO)
        begins = first and not pieces
        pieces.append(f"number_yi_{rest}" if 10 <= rest < 20 and not begins else f"number_{rest}")
    return row(*pieces)


def amount(money: Money) -> tuple[PromptId, ...]:
    """Read an amount of money."""
    currency = money.currency
    pieces = cardinal(money.major, counted=True) if money.major else ()
    if not money.major and not money.minor:
        return (ZERO, *row(currency.major))
    if money.major:
        pieces += row(currency.major if money.minor else f"{currency.major}_whole")
    if currency.tenth:
        tenths, hundredths = divmod(money.minor, 10)
        if tenths:
            pieces += row(_coins(currency.tenth, tenths, first=not pieces))
        if hundredths:
            gap = (ZERO,) if pieces and not tenths else ()
            pieces += (*gap, *row(_coins(currency.minor, hundredths, first=not pieces)))
    elif money.minor:
        gap = (ZERO,) if pieces and money.minor < 10 else ()
        pieces += (*gap, *cardinal(money.minor, counted=not pieces), *row(currency.minor))
    return (MINUS, *pieces) if money.negative else pieces


def _coins(unit: str, count: int, *, first: bool) -> str:
    # Count and unit are one recording: "五角" is said in one breath, with its tones changed.
    return f"{unit}_liang" if count == 2 and first else f"{unit}_{count}"


def date(day: dt.date, *, year: bool) -> tuple[PromptId, ...]:
    """Read a date: 二零二六年三月五日."""
    digits = (f"number_{digit}" for digit in str(day.year))
    pieces = (*digits, "year") if year else ()
    return row(*pieces, f"month_{day.month}", f"number_{day.day}", "day")


def ordinal(n: int) -> tuple[PromptId, ...]:
    """Read a position: 第二, 第十二."""
    return (*row("ordinal"), *cardinal(n))


def percent(number: tuple[PromptId, ...]) -> tuple[PromptId, ...]:
    """Read a percentage whose number is read already: 百分之三."""
    return (*row("percent"), *number)


def time(at: dt.time) -> tuple[PromptId, ...]:
    """Read a time: 上午九点, 下午两点零五分, 凌晨零点三十分."""
    part = next(name for name, end in _DAY_PARTS if at.hour < end)
    hour = at.hour % 12 or (12 if at.hour else 0)
    pieces = row(part, "number_liang" if hour == 2 else f"number_{hour}", "oclock")
    if not at.minute:
        return pieces
    gap = (ZERO,) if at.minute < 10 else ()
    return (*pieces, *gap, *cardinal(at.minute), *row("minute"))
