"""Single cells as values; each reader raises :class:`ValueError` with the reason in words."""

import re
from collections.abc import Callable, Mapping
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, Final, TypeAlias

from crm_lookup.importing.words import COMPOUND_NAMES

Reader: TypeAlias = Callable[[str], Any]

_UNSEEN: Final = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufffd\ufffe\uffff\ud800-\udfff]"
)
"""Control characters, what turns the direction of a text, and what stands for broken ones."""
_FORMULA: Final = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_DATE: Final = re.compile(r"(\d{4})(?:[-/.年](\d{1,2})[-/.月](\d{1,2})日?|(\d{2})(\d{2}))")
_EMAIL: Final = re.compile(r"[^@\s]{1,64}@[^@\s.]+(\.[^@\s.]+)+")
_CITY: Final = re.compile(r"0\d{2,3}")
_EXTERNAL: Final = re.compile(r"[^\s,;|\"']{1,64}")
_ID_WEIGHTS: Final = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
_MOST_FEN: Final = 10**17


def text(longest: int) -> Reader:
    """Words that people read: no control characters, no beginning of a formula."""

    def read(cell: str) -> str:
        if len(cell) > longest:
            raise ValueError(f"is longer than {longest} characters")
        if _UNSEEN.search(cell):
            raise ValueError("holds a control character or a broken one")
        if cell.startswith(_FORMULA):
            raise ValueError(f"begins with {cell[0]} like a spreadsheet's formula")
        return cell

    return read


def external_id(cell: str) -> str:
    """Return an id as it stands there; what a spreadsheet made of a long one is refused."""
    if not cell:
        raise ValueError("is empty; every row needs one")
    if cell[0] in _FORMULA or not _EXTERNAL.fullmatch(cell) or _UNSEEN.search(cell):
        raise ValueError("is no id: 1 to 64 characters without blanks, quotes, commas, formulas")
    if re.fullmatch(r"\d(\.\d+)?[Ee]\+\d+", cell):
        raise ValueError("was rounded by a spreadsheet; export it as text")
    return cell


def choice(words: Mapping[str, str], codes: tuple[str, ...]) -> Reader:
    """One of a few codes, also in other words."""

    def read(cell: str) -> str:
        found = words.get(cell.casefold())
        if found is None:
            raise ValueError(f"is not known; accepted: {', '.join(codes)}, or list it in values")
        return found

    return read


def day(first: date, last: date, form: str = "") -> Reader:
    """A calendar day between two, as ISO text; ``form`` as in strptime, or the usual ones."""

    @lru_cache(maxsize=50_000)
    def read(cell: str) -> str:
        found = _parsed(cell, form)
        if found is None:
            raise ValueError(f"is no day{f' of the form {form}' if form else ' like 2026-06-30'}")
        if not first <= found <= last:
            raise ValueError(f"lies outside {first} to {last}")
        return found.isoformat()

    return read


def _parsed(cell: str, form: str) -> date | None:
    try:
        if form:
            return datetime.strptime(cell, form).date()  # noqa: DTZ007 - a calendar day
        match = _DATE.fullmatch(cell.split("T" if "T" in cell else " ", 1)[0])
        if match is None:
            return None
        year, month, dom, short_month, short_day = match.groups()
        return date(int(year), int(month or short_month), int(dom or short_day))
    except ValueError:
        return None


def year(first: int, last: int) -> Reader:
    def read(cell: str) -> int:
        if not re.fullmatch(r"[0-9]{4}年?", cell) or not first <= int(cell[:4]) <= last:
            raise ValueError(f"is no year from {first} to {last}")
        return int(cell[:4])

    return read


def money(unit: str) -> Reader:
    """Minor units from ``1,234.50``."""
    factor = 100 if unit == "yuan" else 1

    def read(cell: str) -> int:
        try:
            amount = Decimal(cell.replace(",", "").replace("¥", "").replace("￥", "")) * factor
            whole = int(amount)
        except (InvalidOperation, ValueError, OverflowError):
            raise ValueError("is no amount like 1234.50") from None
        if amount != whole:
            raise ValueError("has more decimals than there are fen")
        if abs(whole) > _MOST_FEN:
            raise ValueError("is larger than any amount of ours")
        return whole

    return read


def city_code(cell: str) -> str:
    if not _CITY.fullmatch(cell):
        raise ValueError("is no area code with its zero, like 010 or 0571")
    return cell


def email(cell: str) -> str:
    if len(cell) > 254 or not _EMAIL.fullmatch(cell) or _UNSEEN.search(cell):
        raise ValueError("is no e-mail address")
    if cell.startswith(_FORMULA):
        raise ValueError(f"begins with {cell[0]} like a spreadsheet's formula")
    return cell


def id_fault(kind: str, number: str) -> str:
    """Return what is wrong with the number of a document; empty if nothing."""
    if kind == "identity_card":
        if not re.fullmatch(r"[0-9]{17}[0-9X]", number):
            return "an identity card has 17 digits and a digit or X"
        total = sum(int(d) * w for d, w in zip(number, _ID_WEIGHTS, strict=False))
        if "10X98765432"[total % 11] != number[17]:
            return "the check digit does not fit: a digit was mistyped"
        return ""
    return "" if re.fullmatch(r"[0-9A-Za-z()-]{3,32}", number) else "is no number of a document"


def family_name(name: str) -> str:
    """Return the family name that a person's full name shows."""
    if "," in name:
        return name.split(",", 1)[0].strip()
    if name.isascii():
        return name.rsplit(" ", 1)[-1]
    if "·" in name:  # 买买提·阿不都拉: there is none, the first part stands for it
        return name.split("·", 1)[0]
    return name[:2] if len(name) > 2 and name[:2] in COMPOUND_NAMES else name[:1]


def shown(cell: str, personal: bool) -> str:
    """Return a value as the reject file may hold it: short, and hidden where it is personal."""
    if personal:
        return f"{cell[:1]}** ({len(cell):,} characters)" if cell else ""
    flat = _UNSEEN.sub("?", cell)
    return flat if len(flat) <= 40 else f"{flat[:40]}… ({len(cell):,} characters)"
