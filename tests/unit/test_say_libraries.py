"""Readings against other libraries: cn2an reads the Mandarin back, num2words says the English.

They know nothing of our pieces, so that a mistake in our own parsers (in the tests beside this)
cannot hide the same mistake in what callers hear.
"""

import datetime as dt
import re
from decimal import Decimal

import cn2an
from hypothesis import example, given
from hypothesis import strategies as st
from num2words import num2words

from ivr import say
from ivr.prompt_ids import Language
from ivr.prompts import PromptCatalogue

CATALOGUE = PromptCatalogue.load()
WHOLE = st.integers(-(10**15) + 1, 10**15 - 1) | st.integers(-(10**6), 10**6)
DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))


def spelled(pieces: tuple[str, ...], language: Language) -> str:
    return CATALOGUE.spell(pieces, language)  # type: ignore[arg-type] # ids are text


def read(chinese: str) -> int:
    """Read a Chinese numeral; a zero that stands before an empty place is allowed as in money."""
    number = cn2an.cn2an(chinese.removeprefix("零") or "零", "smart")
    assert number == int(number)
    return int(number)


def said(number: int | Decimal, kind: str = "cardinal") -> str:
    """Say a number in English as num2words does, without its commas, hyphens and 'and'."""
    return plain(num2words(number, to=kind))


def plain(words: str) -> str:
    return re.sub(r"[-, ]+", " ", words).replace(" and ", " ")


@given(WHOLE)
@example(100_150_000)
@example(1_005_000_300)
def test_whole_numbers(n: int) -> None:
    assert read(spelled(say.cardinal(n, "zh"), "zh")) == n
    assert plain(spelled(say.cardinal(n, "en"), "en")) == said(n)


@given(WHOLE)
@example(10_000_000_001)
@example(1_005_005)
@example(20)
def test_amounts(minor: int) -> None:
    rest = spelled(say.amount(minor, "CNY", "zh"), "zh").removesuffix("整")
    sign = -1 if rest.startswith("负") else 1
    rest, total = rest.removeprefix("负"), 0
    for unit, factor in (("元", 100), ("角", 10), ("分", 1)):
        if unit in rest:
            count, _, rest = rest.partition(unit)
            total += read(count) * factor
    assert not rest
    assert sign * total == minor
    yuan, fen = divmod(abs(minor), 100)
    parts = [f"{said(yuan)} yuan"] if yuan or not fen else []
    parts += [f"{said(fen)} fen"] if fen else []
    english = plain(spelled(say.amount(minor, "CNY", "en"), "en"))
    assert english == ("minus " if minor < 0 else "") + " ".join(parts)


@given(DAYS)
@example(dt.date(2000, 2, 29))
@example(dt.date(1905, 7, 31))
def test_dates(day: dt.date) -> None:
    read_back = cn2an.transform(spelled(say.date(day, "zh"), "zh"), "cn2an")
    assert read_back == f"{day.year}年{day.month}月{day.day}日"
    english = plain(spelled(say.date(day, "en"), "en"))
    assert english == f"{day:%B} {said(day.day, 'ordinal')} {said(day.year, 'year')}"


@given(st.integers(1, say.MAX_ORDINAL))
def test_positions(n: int) -> None:
    chinese = spelled(say.ordinal(n, "zh"), "zh")
    assert chinese[0] == "第"
    assert read(chinese[1:]) == n
    assert plain(spelled(say.ordinal(n, "en"), "en")) == said(n, "ordinal")


@given(st.decimals(min_value=-99, max_value=99, places=2))
@example(Decimal("3.85"))
@example(Decimal("-0.10"))
def test_percentages(rate: Decimal) -> None:
    chinese = spelled(say.percent(rate, "zh"), "zh").removeprefix("百分之")
    assert Decimal(str(cn2an.cn2an(chinese, "smart"))) == rate
    digits = " ".join(said(int(digit)) for digit in f"{abs(rate):.2f}".partition(".")[2])
    sign = "minus " if rate < 0 else ""
    english = spelled(say.percent(rate, "en"), "en")
    assert plain(english) == f"{sign}{said(int(abs(rate)))} point {digits} percent"


@given(st.times())
def test_times(at: dt.time) -> None:
    hour, _, minute = spelled(say.time(at, "zh"), "zh")[2:].partition("点")
    assert read(hour) % 12 == at.hour % 12
    assert (read(minute.removesuffix("分")) if minute else 0) == at.minute
    words = [said(at.hour % 12 or 12)]
    if at.minute:
        words += ["oh"] if at.minute < 10 else []
        words.append(said(at.minute))
    english = plain(spelled(say.time(at, "en"), "en"))
    assert english == " ".join([*words, "a.m." if at.hour < 12 else "p.m."])
