"""Mandarin readings against a table by hand and against a parser that reads them back."""

import datetime as dt

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ivr import say
from ivr.prompt_errors import CannotSayError
from ivr.prompt_ids import PromptId
from ivr.prompts import PromptCatalogue

DIGITS = {c: n for n, c in enumerate("零一二三四五六七八九")} | {"两": 2}
SMALL = {"十": 10, "百": 100, "千": 1000}


@pytest.fixture(scope="module")
def catalogue() -> PromptCatalogue:
    return PromptCatalogue.load()


def read_back(text: str) -> int:
    """Read a Chinese numeral; knows nothing of how ours are made, and refuses bad ones."""
    assert text
    if text[0] == "负":
        return -read_back(text[1:])
    for unit, factor in (("亿", 10**8), ("万", 10**4)):
        if unit in text:
            above, _, rest = text.rpartition(unit)
            low = read_back(rest) if rest else 0
            assert low < factor
            if low and low < factor // 10:
                assert rest[0] == "零"
            return read_back(above) * factor + low
    total, last = 0, 10**4
    digit: int | None = None
    zero = False
    for position, character in enumerate(text):
        if character in SMALL:
            unit_value = SMALL[character]
            if digit is None:
                assert character == "十"
                assert position == 0
                digit = 1
            assert unit_value < last
            if unit_value * 10 < last and total:
                assert zero
            total, last, digit, zero = total + digit * unit_value, unit_value, None, False
        else:
            assert digit is None
            if character == "零":
                assert not zero
                zero = True
            else:
                digit = DIGITS[character]
    if digit is not None:
        if last > 10 and total:
            assert zero
        total += digit
    else:
        assert not zero or text == "零"
    return total


def spelled(catalogue: PromptCatalogue, pieces: tuple[PromptId, ...]) -> str:
    return catalogue.spell(pieces, "zh")


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, "零"),
        (2, "二"),
        (10, "十"),
        (15, "十五"),
        (20, "二十"),
        (22, "二十二"),
        (101, "一百零一"),
        (110, "一百一十"),
        (115, "一百一十五"),
        (200, "二百"),
        (222, "二百二十二"),
        (1_000, "一千"),
        (1_005, "一千零五"),
        (1_015, "一千零一十五"),
        (1_050, "一千零五十"),
        (2_000, "两千"),
        (2_002, "两千零二"),
        (2_222, "两千二百二十二"),
        (10_000, "一万"),
        (10_050, "一万零五十"),
        (12_000, "一万二千"),
        (20_000, "两万"),
        (22_000, "两万二千"),
        (32_000, "三万二千"),
        (100_000, "十万"),
        (100_500, "十万零五百"),
        (105_000, "十万五千"),
        (120_000, "十二万"),
        (1_005_000, "一百万五千"),
        (1_150_000, "一百一十五万"),
        (10_000_010, "一千万零一十"),
        (20_000_000, "两千万"),
        (100_000_000, "一亿"),
        (100_000_001, "一亿零一"),
        (100_150_000, "一亿零一十五万"),
        (120_000_000, "一亿二千万"),
        (200_000_000, "两亿"),
        (200_020_002, "两亿零二万零二"),
        (1_000_000_000, "十亿"),
        (1_005_000_300, "十亿零五百万零三百"),
        (1_010_000_000, "十亿一千万"),
        (100_000_000_000, "一千亿"),
        (1_000_000_000_000, "一万亿"),
        (2_000_000_050_000, "两万亿零五万"),
        (-3, "负三"),
    ],
)
def test_whole_numbers(catalogue: PromptCatalogue, n: int, expected: str) -> None:
    assert spelled(catalogue, say.cardinal(n, "zh")) == expected


def test_two_of_something_is_liang(catalogue: PromptCatalogue) -> None:
    assert spelled(catalogue, say.cardinal(2, "zh", counted=True)) == "两"
    assert spelled(catalogue, say.cardinal(-2, "zh", counted=True)) == "负两"
    assert spelled(catalogue, say.cardinal(12, "zh", counted=True)) == "十二"


@pytest.mark.parametrize(
    ("minor", "expected"),
    [
        (0, "零元"),
        (1, "一分"),
        (2, "两分"),
        (10, "一角"),
        (20, "两角"),
        (22, "两角二分"),
        (55, "五角五分"),
        (100, "一元整"),
        (105, "一元零五分"),
        (120, "一元二角"),
        (200, "两元整"),
        (202, "两元零二分"),
        (222, "两元二角二分"),
        (1_000, "十元整"),
        (1_050, "十元五角"),
        (1_200, "十二元整"),
        (123_456, "一千二百三十四元五角六分"),
        (120_000, "一千二百元整"),
        (1_005_005, "一万零五十元零五分"),
        (2_000_000, "两万元整"),
        (2_100_010, "两万一千元一角"),
        (10_000_000_001, "一亿元零一分"),
        (-10_050, "负一百元五角"),
        (-1, "负一分"),
        (10**13, "一千亿元整"),
    ],
)
def test_amounts(catalogue: PromptCatalogue, minor: int, expected: str) -> None:
    assert spelled(catalogue, say.amount(minor, "CNY", "zh")) == expected


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [
        (120_050, "USD", "一千二百美元五十美分"),
        (10_005, "USD", "一百美元零五美分"),
        (200, "EUR", "两欧元整"),
        (0, "USD", "零美元"),
        (2, "USD", "两美分"),
        (350, "HKD", "三港元五十港仙"),
        (1_200_000, "HKD", "一万二千港元整"),
    ],
)
def test_foreign_money(
    catalogue: PromptCatalogue, minor: int, currency: str, expected: str
) -> None:
    assert spelled(catalogue, say.amount(minor, currency, "zh")) == expected


@given(st.integers(-say.MAX_CARDINAL, say.MAX_CARDINAL) | st.integers(0, 10**6))
@example(10**15 - 1)
@example(10**8 + 10**7)
def test_whole_numbers_read_back(catalogue: PromptCatalogue, n: int) -> None:
    text = spelled(catalogue, say.cardinal(n, "zh"))
    assert read_back(text) == n
    assert "零零" not in text
    assert "两" not in text[2 if n < 0 else 1 :]


@given(st.integers(-(10**15), 10**15) | st.integers(-(10**6), 10**6))
def test_amounts_read_back(catalogue: PromptCatalogue, minor: int) -> None:
    text = spelled(catalogue, say.amount(minor, "CNY", "zh"))
    rest = text.removeprefix("负").removesuffix("整")
    total = 0
    for unit, factor in (("元", 100), ("角", 10), ("分", 1)):
        if unit in rest:
            count, _, rest = rest.partition(unit)
            total += read_back(count.removeprefix("零") or "零") * factor
    assert not rest
    assert (-total if text.startswith("负") else total) == minor
    assert text.endswith("整") == (minor % 100 == 0 and minor != 0)


def test_digits_use_yao(catalogue: PromptCatalogue) -> None:
    text = spelled(catalogue, say.digits("138-0013 8001", "zh"))
    assert text == "幺三八，零零幺三，八零零幺"


@pytest.mark.parametrize(
    ("day", "year", "expected"),
    [
        (dt.date(2026, 3, 5), True, "二零二六年三月五日"),
        (dt.date(2010, 12, 31), True, "二零一零年十二月三十一日"),
        (dt.date(1999, 10, 10), False, "十月十日"),
    ],
)
def test_dates(catalogue: PromptCatalogue, day: dt.date, year: bool, expected: str) -> None:
    assert spelled(catalogue, say.date(day, "zh", year=year)) == expected


@pytest.mark.parametrize("language", ["zh", "en"])
def test_what_cannot_be_read_is_refused(language: str) -> None:
    assert language in ("zh", "en")
    lang = "zh" if language == "zh" else "en"
    with pytest.raises(CannotSayError, match="too large"):
        say.cardinal(say.MAX_CARDINAL + 1, lang)
    with pytest.raises(CannotSayError, match="too much"):
        say.amount(-(10**17), "CNY", lang)
    with pytest.raises(CannotSayError, match="known are CNY"):
        say.amount(1, "XXX", lang)
    with pytest.raises(CannotSayError, match="not '\\*'"):
        say.digits("12*", lang)
    with pytest.raises(CannotSayError, match="from 1000 on"):
        say.date(dt.date(999, 1, 1), lang)
