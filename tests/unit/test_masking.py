"""Who sees how much, over many random people: nothing hidden ever shows."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Final

import pytest

from crm_lookup import masking
from crm_lookup.masking import FIELDS, LEVELS, VIEWERS, Field, amount, may_ask, view

PEOPLE: Final = 100_000
_HAN: Final = "伟芳娜秀英敏静丽强磊军洋勇艳杰娟涛明超霞平刚桂兰玉龙"
_FAMILIES: Final = ("王", "李", "张", "欧阳", "司马", "Smith", "O'Neil")
_PLACES: Final = ("上海市", "北京市", "广东省", "内蒙古")
_CHARS: Final = "abcdefghijklmnopqrstuvwxyz0123456789"


def _digits(rng: random.Random, count: int) -> str:
    return f"{int(rng.random() * 10**count):0{count}d}"


def _pick(rng: random.Random, letters: str, least: int, most: int) -> str:
    many = least + int(rng.random() * (most - least + 1))
    return "".join(rng.choices(letters, k=many))


def _name(rng: random.Random) -> tuple[str, str, str]:
    family = rng.choice(_FAMILIES)
    return family + _pick(rng, _HAN, 1, 3), family + _pick(rng, _HAN, 1, 9), family


def _phone(rng: random.Random) -> tuple[str, str, str]:
    head, tail = f"+861{rng.randrange(30, 99)}", _digits(rng, 4)
    return head + _digits(rng, 4) + tail, head + _digits(rng, 4) + tail, ""


def _id_number(rng: random.Random) -> tuple[str, str, str]:
    tail = _digits(rng, 1) + rng.choice("0123456789X")
    return _digits(rng, 16) + tail, _digits(rng, rng.randint(6, 18)) + tail, ""


def _card(rng: random.Random) -> tuple[str, str, str]:
    tail = _digits(rng, 4)
    return _digits(rng, rng.randint(8, 15)) + tail, _digits(rng, rng.randint(8, 15)) + tail, ""


def _address(rng: random.Random) -> tuple[str, str, str]:
    if rng.random() < 0.3:
        return f"{rng.randrange(999)} Canary Road", f"{rng.randrange(9)} B", ""
    place = rng.choice(_PLACES)
    return place + _pick(rng, _HAN, 6, 20) + "1号", place + _pick(rng, _HAN, 6, 40), ""


def _email(rng: random.Random) -> tuple[str, str, str]:
    first, ending = rng.choice(_CHARS), rng.choice((".com", ".cn", ".org"))
    made = [
        f"{first}{_pick(rng, _CHARS, 1, 12)}@{_pick(rng, _CHARS, 1, 12)}{ending}" for _ in "ab"
    ]
    return made[0], made[1], ""


def _year(rng: random.Random) -> tuple[str, str, str]:
    century = rng.choice(("19", "20"))
    return century + _digits(rng, 2), century + _digits(rng, 2), ""


# Of each field: a value, another one whose visible part is the same, and the family name.
MAKERS: Final[dict[Field, Callable[[random.Random], tuple[str, str, str]]]] = {
    "name": _name,
    "phone": _phone,
    "id_number": _id_number,
    "card": _card,
    "account": _card,
    "address": _address,
    "email": _email,
    "birth_year": _year,
}


def test_nothing_hidden_shows_for_many_people_at_every_level() -> None:
    """What is hidden may be anything, of any length: the text on the page stays the same."""
    rng = random.Random(20261128)  # noqa: S311 - the same people every time
    fulls = hidden = masks = 0
    for number in range(PEOPLE):
        viewer = VIEWERS[number % len(VIEWERS)]
        for field, make in MAKERS.items():
            value, twin, family = make(rng)
            told = {"hidden": "****", "full": value}
            for level in LEVELS:
                shown = view(field, value, viewer=viewer, level=level, family_name=family)
                allowed = amount(field, viewer, level)
                if allowed == "masked" and allowed not in told:
                    told[allowed] = view(
                        field, twin, viewer=viewer, level=level, family_name=family
                    )
                    assert value not in shown
                assert shown == told[allowed], (field, viewer, level)
                fulls += allowed == "full"
                hidden += allowed == "hidden"
                masks += allowed == "masked"
    assert fulls > PEOPLE / 2
    assert hidden > PEOPLE
    assert masks > PEOPLE * 10


@pytest.mark.parametrize("field", FIELDS)
@pytest.mark.parametrize("level", LEVELS)
def test_whoever_is_not_known_sees_the_least(field: Field, level: str) -> None:
    least = view(field, "canary-canary", viewer="none", level=level)
    assert "canary-canary" not in least
    for viewer in ("", "root", "AGENT"):
        assert view(field, "canary-canary", viewer=viewer, level=level) == least
        assert not may_ask(field, viewer, level)
    for viewer in VIEWERS:
        assert amount(field, viewer, "forged") == "hidden"
        assert not may_ask(field, viewer, "forged")


def test_more_proof_and_more_right_never_show_less() -> None:
    steps = ("hidden", "masked", "full")
    for field in FIELDS:
        for viewer in VIEWERS:
            shown = [steps.index(amount(field, viewer, level)) for level in LEVELS]
            asked = [may_ask(field, viewer, level) for level in LEVELS]
            assert shown == sorted(shown)
            assert asked == sorted(asked)
        for level in LEVELS:
            people = ("agent", "leader", "supervisor")
            assert [may_ask(field, who, level) for who in people] == sorted(
                may_ask(field, who, level) for who in people
            )


def test_cards_and_accounts_are_never_given_out_and_nobody_who_runs_machines_asks() -> None:
    for level in LEVELS:
        for viewer in VIEWERS:
            assert not may_ask("card", viewer, level)
            assert not may_ask("account", viewer, level)
        assert not any(may_ask(field, "admin", level) for field in FIELDS)
        assert not any(may_ask(field, "none", level) for field in FIELDS)


@pytest.mark.parametrize(
    ("field", "value", "shown"),
    [
        ("id_number", "11010519491231002X", "****2X"),
        ("id_number", "E1234", "****"),
        ("address", "上海市浦东新区世纪大道100号", "上海市****"),
        ("address", "12 Baker Street, London", "****"),
        ("email", "xiaoming@mail.example.com", "x****@****.com"),
        ("email", "a@b.cn", "****"),
        ("email", "no address", "****"),
        ("birth_year", "1949", "19**"),
        ("account", "6222020000000015", "**** 0015"),
    ],
)
def test_masked_forms(field: Field, value: str, shown: str) -> None:
    assert masking.masked(field, value) == shown


def test_the_document_holds_the_table_of_the_code() -> None:
    text = (Path(__file__).parents[2] / "docs/privacy.md").read_text(encoding="utf-8")
    assert masking.table() in text, "put the output of crm_lookup.masking.table() there"
