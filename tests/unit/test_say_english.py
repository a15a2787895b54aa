"""English readings against a table by hand and against a parser that reads them back."""

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr import say
from ivr.prompts import PromptCatalogue

ONES = [
    *("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"),
    *("eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen"),
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
SCALES = {"thousand": 10**3, "million": 10**6, "billion": 10**9, "trillion": 10**12}


@pytest.fixture(scope="module")
def catalogue() -> PromptCatalogue:
    return PromptCatalogue.load()


def read_back(text: str) -> int:
    """Read an English numeral; knows nothing of how ours are made."""
    words = text.replace("-", " ").split()
    sign = -1 if words[0] == "minus" else 1
    total = group = 0
    scale_before = 10**15
    for word in words[1:] if sign < 0 else words:
        if word in SCALES:
            assert SCALES[word] < scale_before
            assert 0 < group < 1000
            scale_before = SCALES[word]
            total, group = total + group * scale_before, 0
        elif word == "hundred":
            assert 0 < group < 10
            group *= 100
        elif word in TENS:
            assert group % 100 == 0
            group += 20 + 10 * TENS.index(word)
        else:
            value = ONES.index(word)
            assert group % (10 if 0 < value < 10 else 100) == 0
            group += value
    return sign * (total + group)


@pytest.mark.parametrize(
    ("n", "expected"),
    [
        (0, "zero"),
        (1, "one"),
        (15, "fifteen"),
        (21, "twenty-one"),
        (100, "one hundred"),
        (105, "one hundred five"),
        (1_015, "one thousand fifteen"),
        (12_345, "twelve thousand three hundred forty-five"),
        (1_000_000, "one million"),
        (2_000_003, "two million three"),
        (10**11, "one hundred billion"),
        (-40, "minus forty"),
    ],
)
def test_whole_numbers(catalogue: PromptCatalogue, n: int, expected: str) -> None:
    assert catalogue.spell(say.cardinal(n, "en"), "en") == expected


@pytest.mark.parametrize(
    ("minor", "currency", "expected"),
    [
        (0, "CNY", "zero yuan"),
        (1, "CNY", "one fen"),
        (55, "CNY", "fifty-five fen"),
        (100, "CNY", "one yuan"),
        (120_005, "CNY", "one thousand two hundred yuan and five fen"),
        (1_005_005, "CNY", "ten thousand fifty yuan and five fen"),
        (-20_000, "CNY", "minus two hundred yuan"),
        (101, "USD", "one US dollar and one cent"),
        (202, "USD", "two US dollars and two cents"),
        (101, "EUR", "one euro and one cent"),
        (150, "HKD", "one Hong Kong dollar and fifty cents"),
    ],
)
def test_amounts(catalogue: PromptCatalogue, minor: int, currency: str, expected: str) -> None:
    assert catalogue.spell(say.amount(minor, currency, "en"), "en") == expected


@given(st.integers(-say.MAX_CARDINAL, say.MAX_CARDINAL) | st.integers(0, 10**6))
def test_whole_numbers_read_back(catalogue: PromptCatalogue, n: int) -> None:
    assert read_back(catalogue.spell(say.cardinal(n, "en"), "en")) == n


@given(st.integers(-(10**15), 10**15) | st.integers(-(10**6), 10**6))
def test_amounts_read_back(catalogue: PromptCatalogue, minor: int) -> None:
    text = catalogue.spell(say.amount(minor, "CNY", "en"), "en")
    total = 0
    for part in text.removeprefix("minus ").split(" and "):
        count, _, unit = part.rpartition(" ")
        total += read_back(count) * {"yuan": 100, "fen": 1}[unit]
    assert (-total if text.startswith("minus ") else total) == minor


def test_digits(catalogue: PromptCatalogue) -> None:
    text = catalogue.spell(say.digits("138 01", "en"), "en")
    assert text == "one three eight, zero one"


@pytest.mark.parametrize(
    ("day", "year", "expected"),
    [
        (dt.date(2026, 3, 5), True, "March fifth twenty twenty-six"),
        (dt.date(2005, 1, 1), True, "January first two thousand five"),
        (dt.date(2000, 2, 29), True, "February twenty-ninth two thousand"),
        (dt.date(1905, 7, 31), True, "July thirty-first nineteen oh five"),
        (dt.date(1900, 12, 12), True, "December twelfth nineteen hundred"),
        (dt.date(1999, 5, 3), False, "May third"),
    ],
)
def test_dates(catalogue: PromptCatalogue, day: dt.date, year: bool, expected: str) -> None:
    assert catalogue.spell(say.date(day, "en", year=year), "en") == expected
