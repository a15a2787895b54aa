"""From numbers and their owners to a recognition; masking; the offer rules; the brief."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crm_lookup.brief import make_brief
from crm_lookup.catalogue import PRODUCTS, balance_band, product_name
from crm_lookup.errors import SettingError
from crm_lookup.keys import DataKey
from crm_lookup.masking import masked_card, masked_name, masked_phone
from crm_lookup.model import AccountBalance, CustomerId, Interaction, Recognition, Text
from crm_lookup.numbers import CallerNumber
from crm_lookup.offer_catalogue import load_catalogue
from crm_lookup.recognition import recognition
from crm_lookup.records import CustomerRecord, Flag, NumberMatch, NumberRecord

NOW = 1_782_000_000.0  # in June 2026
A, B = CustomerId("A"), CustomerId("B")
NUMBER = CallerNumber(kind="mobile", e164="+8613800138000", region="CN")


def matches(*customers: CustomerId, **changes: Any) -> list[NumberMatch]:
    return [NumberMatch(customer_id=one, **changes) for one in customers]


def test_one_owner_is_recognised() -> None:
    found = recognition(NUMBER, matches(A, called_at=NOW - 90_000), now=NOW)
    assert (found.status, found.number, found.customer_id) == ("recognised", NUMBER.e164, A)
    assert [reason.en for reason in found.candidates[0].reasons] == [
        "own mobile",
        "primary number",
        "called 1 day ago",
    ]


def test_several_owners_are_never_guessed_apart() -> None:
    found = recognition(NUMBER, matches(B, A, B))
    assert (found.status, found.customer_id) == ("ambiguous", None)
    assert [one.customer_id for one in found.candidates] == [A, B]


def test_candidates_come_in_the_order_of_their_reasons() -> None:
    known = [
        *matches(CustomerId("firm"), relation="company", kind="work"),
        *matches(CustomerId("itself"), customer_kind="company", kind="work"),
        *matches(CustomerId("lately"), relation="household", called_at=NOW - 60),
        *matches(CustomerId("before"), relation="household", called_at=NOW - 9 * 86_400),
        *matches(CustomerId("second"), is_primary=False),
        *matches(CustomerId("never"), relation="household"),
    ]
    found = recognition(NUMBER, known, now=NOW)
    told = [(one.customer_id, [r.en for r in one.reasons]) for one in found.candidates]
    assert told == [
        ("itself", ["the company itself", "primary number"]),
        ("second", ["own mobile"]),
        (
            "lately",
            ["a mobile of the household", "primary number", "called within the last 24 hours"],
        ),
        ("before", ["a mobile of the household", "primary number", "called 9 days ago"]),
        ("never", ["a mobile of the household", "primary number"]),
        ("firm", ["company switchboard", "primary number"]),
    ]
    assert recognition(NUMBER, reversed(known), now=NOW) == found
    assert all(not reason.zh.isascii() for one in found.candidates for reason in one.reasons)


@pytest.mark.parametrize(
    ("kind", "status"),
    [
        ("withheld", "withheld"),
        ("invalid", "invalid"),
        ("extension", "unknown"),
        ("service", "unknown"),
    ],
)
def test_what_has_no_owner(kind: str, status: str) -> None:
    found = recognition(CallerNumber(kind=kind))  # type: ignore[arg-type]  # parametrised
    assert found == Recognition(status=status)  # type: ignore[arg-type]  # parametrised


def test_nobody_has_the_number() -> None:
    assert recognition(NUMBER) == Recognition(status="unknown", number="+8613800138000")


# Masking -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("name", "family", "shown"),
    [
        ("王芳", "王", "王**"),
        ("欧阳小明", "欧阳", "欧阳**"),
        ("Smith, John", "Smith", "S**"),
        ("北京示例科技有限公司", "", "北京**"),
        ("", "", "**"),
    ],
)
def test_names_are_masked(name: str, family: str, shown: str) -> None:
    assert masked_name(name, family) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+8613800138000", "+86 138****8000"),
        ("+861062345678", "+86 10****5678"),
        ("+85291234567", "+852 ****4567"),
        ("+14155552671", "+1 41****2671"),
        ("+2905123", "+290 ****"),
        ("+378800000", "+378 ****00"),
        ("", ""),
        ("nonsense", "****"),
    ],
)
def test_phones_are_masked(number: str, shown: str) -> None:
    assert masked_phone(number) == shown


@given(st.from_regex(r"\+[1-9][0-9]{7,14}", fullmatch=True))
def test_at_least_four_digits_of_a_phone_stay_hidden(number: str) -> None:
    shown = [letter for letter in masked_phone(number) if letter.isdigit()]
    assert len(shown) <= len(number) - 1 - 4


def test_a_card_shows_its_tail() -> None:
    assert masked_card("6222020000000015") == "**** 0015"


# The data key ------------------------------------------------------------------------------


def test_the_key_separates_purposes_and_shows_itself_nowhere() -> None:
    key, other = DataKey(b"k" * 32), DataKey(b"o" * 32)
    assert key.card_hash("135790") != key.pin_input("135790").hex()
    assert key.card_hash("135790") != other.card_hash("135790")
    assert key.check_value() != other.check_value()
    assert "k" * 5 not in repr(key)


def test_a_short_key_is_refused() -> None:
    with pytest.raises(SettingError, match="openssl rand"):
        DataKey(b"short")


# Offers ------------------------------------------------------------------------------------


def account(kind: str, balance: int, currency: str = "CNY") -> AccountBalance:
    return AccountBalance(
        account_id=kind,
        kind=kind,  # type: ignore[arg-type]  # parametrised
        tail="0001",
        currency=currency,
        balance=balance,
    )


def record(**changes: object) -> CustomerRecord:
    fields: dict[str, object] = {
        "customer_id": A,
        "name": "王芳",
        "family_name": "王",
        "segment": "standard",
        "segment_reason": Text("普通", "standard"),
        "birth_year": 1990,
        "since": "2020-01-02",
        "marketing_consent": True,
        "holdings": ("mobile_banking",),
    }
    return CustomerRecord(**(fields | changes))  # type: ignore[arg-type]  # checked by the tests


QUIET = 90 * 86_400.0
"""Of the offer `wealth`, in seconds."""


def offers(**changes: object) -> list[str]:
    return [offer.offer_id for offer in make_brief(record(**changes), now=NOW).offers]


WAN = 1_000_000
RICH = (account("savings", 50 * WAN),)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"holdings": ()}, ["mobile_banking"]),
        ({"accounts": RICH}, ["wealth", "term_deposit"]),
        ({"accounts": (account("savings", 50 * WAN, "USD"),)}, []),
        (
            {"accounts": RICH, "segment": "gold"},
            ["relationship_manager", "wealth", "term_deposit"],
        ),
        (
            {"accounts": RICH, "segment": "gold", "relationship_manager": "李雷"},
            ["wealth", "term_deposit"],
        ),
        ({"holdings": ("mobile_banking", "payroll")}, ["credit_card", "consumer_loan"]),
        ({"holdings": ("mobile_banking", "payroll"), "birth_year": 2012}, []),
        ({"holdings": ("mobile_banking", "payroll"), "birth_year": None}, []),
        ({"accounts": (account("credit_card", -6000_00),)}, ["instalment"]),
        ({"accounts": (account("credit_card", -4000_00),)}, []),
        ({"kind": "company"}, ["payroll_service"]),
        ({"holdings": ("mobile_banking", "wealth")}, ["fund"]),
        ({"holdings": ("mobile_banking", "mortgage")}, ["insurance"]),
    ],
)
def test_who_is_offered_what(changes: dict[str, object], expected: list[str]) -> None:
    assert offers(**changes) == expected


def test_no_offers_without_consent() -> None:
    assert offers(accounts=RICH, marketing_consent=False) == []


@pytest.mark.parametrize("flag", ["complaint", "fraud"])
def test_no_offers_during_a_complaint_or_fraud_case(flag: Flag) -> None:
    assert offers(accounts=RICH, flags=(flag,)) == []


def test_no_credit_in_collections() -> None:
    chosen = offers(
        holdings=("payroll",), accounts=(account("credit_card", -WAN),), flags=("collections",)
    )
    assert chosen == ["mobile_banking"]


def test_a_declined_offer_rests_for_its_quiet_period() -> None:
    fresh = (("wealth", NOW - QUIET + 1),)
    old = (("wealth", NOW - QUIET),)
    assert offers(accounts=RICH, declined=fresh) == ["term_deposit"]
    assert offers(accounts=RICH, declined=old) == ["wealth", "term_deposit"]


def test_every_rule_speaks_both_languages() -> None:
    assert len({rule.id for rule in load_catalogue()}) == len(load_catalogue())
    shown = make_brief(record(holdings=(), accounts=RICH, segment="diamond"), now=NOW).offers
    assert len(shown) == 3
    for offer in shown:
        for text in (offer.title, offer.reason):
            assert text.zh
            assert not text.zh.isascii()
            assert text.en.isprintable()


# The brief ---------------------------------------------------------------------------------


def test_the_brief_is_masked_and_complete() -> None:
    interactions = tuple(
        Interaction(at=NOW - n, channel="app", summary=Text(f"第{n}", f"no {n}")) for n in range(7)
    )
    brief = make_brief(
        record(
            numbers=(
                NumberRecord(number="+861062345678", kind="home", is_primary=False),
                NumberRecord(number="+8613800138000"),
            ),
            accounts=RICH,
            holdings=("current", "strange"),
            interactions=interactions,
            flags=("complaint",),
            relationship_manager="李雷",
        ),
        now=NOW,
    )
    assert (brief.name, brief.phone) == ("王**", "+86 138****8000")
    assert brief.products == (PRODUCTS["current"], Text("strange", "strange"))
    assert brief.balance_band == Text("20–100 万元", "CNY 200,000–1 million")
    assert [item.summary.en for item in brief.interactions] == [f"no {n}" for n in range(5)]
    assert (brief.flags, brief.relationship_manager) == (("complaint",), "李雷")
    assert "芳" not in str(brief)


def test_a_brief_without_a_number_or_account() -> None:
    brief = make_brief(record(), now=NOW)
    assert (brief.phone, brief.balance_band.en) == ("", "below CNY 10,000")


@pytest.mark.parametrize(
    ("fen", "zh"),
    [
        (0, "1 万元以下"),
        (WAN - 1, "1 万元以下"),
        (WAN, "1–5 万元"),
        (600 * WAN - 1, "100–600 万元"),
        (600 * WAN, "600 万元以上"),
    ],
)
def test_bands_have_exact_borders(fen: int, zh: str) -> None:
    assert balance_band(fen).zh == zh


def test_products_have_names() -> None:
    assert product_name("mortgage") == Text("住房贷款", "Mortgage")
