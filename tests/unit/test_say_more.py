"""Positions, percentages and times, against tables by hand and read back."""

import datetime as dt
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import say
from ivr.prompt_errors import CannotSayError
from ivr.prompt_ids import Language
from ivr.prompts import PromptCatalogue

CATALOGUE = PromptCatalogue.load()


def spelled(pieces: tuple[str, ...], language: Language) -> str:
    return CATALOGUE.spell(pieces, language)  # type: ignore[arg-type] # ids are text


@pytest.mark.parametrize(
    ("n", "zh", "en"),
    [
        (1, "第一", "first"),
        (2, "第二", "second"),
        (12, "第十二", "twelfth"),
        (31, "第三十一", "thirty-first"),
        (40, "第四十", "fortieth"),
        (99, "第九十九", "ninety ninth"),
    ],
)
def test_positions(n: int, zh: str, en: str) -> None:
    assert spelled(say.ordinal(n, "zh"), "zh") == zh
    assert spelled(say.ordinal(n, "en"), "en") == en


@pytest.mark.parametrize("n", [0, -1, 100])
def test_positions_outside_are_refused(n: int) -> None:
    with pytest.raises(CannotSayError, match="1 to 99"):
        say.ordinal(n, "zh")


@pytest.mark.parametrize(
    ("value", "zh", "en"),
    [
        ("1.45", "百分之一点四五", "one point four five percent"),
        ("0.35", "百分之零点三五", "zero point three five percent"),
        ("3", "百分之三", "three percent"),
        ("12.50", "百分之十二点五零", "twelve point five zero percent"),
        ("-0.1", "百分之负零点一", "minus zero point one percent"),
    ],
)
def test_percentages(value: str, zh: str, en: str) -> None:
    assert spelled(say.percent(Decimal(value), "zh"), "zh") == zh
    assert spelled(say.percent(Decimal(value), "en"), "en") == en


@pytest.mark.parametrize("value", ["NaN", "Infinity", "1.1234567", "1e16"])
def test_percentages_that_cannot_be_read(value: str) -> None:
    with pytest.raises(CannotSayError, match="cannot be read"):
        say.percent(Decimal(value), "en")


@pytest.mark.parametrize(
    ("at", "zh", "en"),
    [
        ("09:00", "上午九点", "nine a.m."),
        ("14:05", "下午两点零五分", "two oh five p.m."),
        ("17:30", "下午五点三十分", "five thirty p.m."),
        ("22:15", "晚上十点十五分", "ten fifteen p.m."),
        ("12:00", "中午十二点", "twelve p.m."),
        ("00:30", "凌晨零点三十分", "twelve thirty a.m."),
    ],
)
def test_times(at: str, zh: str, en: str) -> None:
    time = dt.time.fromisoformat(at)
    assert spelled(say.time(time, "zh"), "zh") == zh
    assert spelled(say.time(time, "en"), "en") == en


NUMERALS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}


def small(text: str) -> int:
    """Read 0 to 59 back."""
    tens, ten, ones = text.lstrip("零").partition("十") if "十" in text else ("", "", text[-1])
    return (NUMERALS[tens] if tens else 1 if ten else 0) * 10 + (NUMERALS[ones] if ones else 0)


@given(st.times())
def test_every_minute_of_the_day_is_read_as_one_reads_it_back(at: dt.time) -> None:
    text = spelled(say.time(at, "zh"), "zh")
    part, clock = text[:2], text[2:]
    hour_text, _, minute_text = clock.partition("点")
    hour = small(hour_text)
    if part in ("下午", "晚上"):
        hour += 12
    assert (hour, small(minute_text[:-1]) if minute_text else 0) == (at.hour, at.minute)
    english = say.time(at, "en")
    assert english[-1] == ("before_noon" if at.hour < 12 else "after_noon")


@given(st.decimals(min_value=0, max_value=99, places=2))
def test_every_rate_is_read_digit_by_digit(rate: Decimal) -> None:
    words = say.percent(rate, "zh")
    at = words.index("point")  # type: ignore[arg-type]
    assert "".join(word[-1] for word in words[at + 1 :]) == f"{rate:.2f}".partition(".")[2]
