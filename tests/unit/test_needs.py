"""What customers probably call about: each rule at its borders, and what holds for all."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lookup.model import CustomerId, Interaction, OpenCase, Text
from crm_lookup.needs import MOST, RULES, probable_needs
from crm_lookup.records import (
    Bill,
    CardOrder,
    CustomerRecord,
    LastPlace,
    LoanDue,
    Maturing,
    PaymentFailure,
)

NOW = datetime(2026, 6, 21, 9, 30, tzinfo=UTC).timestamp()
TODAY = date(2026, 6, 21)
DAY = 86_400.0


def record(**changes: Any) -> CustomerRecord:
    fields: dict[str, Any] = {
        "customer_id": CustomerId("C1"),
        "name": "王芳",
        "family_name": "王",
        "segment": "standard",
        "segment_reason": Text("普通", "standard"),
        "since": "2020-01-02",
    }
    return CustomerRecord(**(fields | changes))


def day(ahead: int) -> str:
    return (TODAY + timedelta(days=ahead)).isoformat()


def bill(ahead: int, *, paid: int = 0) -> Bill:
    return Bill(tail="0015", due_on=day(ahead), amount=90_000, minimum=9_000, paid=paid)


def order(stage: Any, ahead: int) -> CardOrder:
    return CardOrder(
        order_id="O1", kind="debit", stage=stage, ordered_on=day(-8), expected_on=day(ahead)
    )


def call(days: float, topic: str = "cards", channel: Any = "phone") -> Interaction:
    return Interaction(
        at=NOW - days * DAY, channel=channel, summary=Text("来电", "call"), topic=topic
    )


def case(days: float, due: float | None = None, kind: Any = "dispute") -> OpenCase:
    return OpenCase(
        case_id="S1",
        kind=kind,
        status="open",
        subject=Text("争议", "a dispute"),
        opened_at=NOW - days * DAY,
        due_at=due,
    )


def failure(days: float) -> PaymentFailure:
    return PaymentFailure(at=NOW - days * DAY, payee="国家电网", cause="funds")


def held(ahead: int, *, renews: bool = False) -> Maturing:
    return Maturing(product="term_deposit", tail="0077", matures_on=day(ahead), renews=renews)


def loan(ahead: int, overdue: int = 0) -> LoanDue:
    return LoanDue(tail="0099", product="mortgage", due_on=day(ahead), overdue=overdue)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, []),
        ({"bills": (bill(7),)}, [("due_bill", 48)]),
        ({"bills": (bill(8),)}, []),
        ({"bills": (bill(0),)}, [("due_bill", 76)]),
        ({"bills": (bill(-1),)}, [("due_bill", 84)]),
        ({"bills": (bill(-31),)}, []),
        ({"bills": (bill(0, paid=9_000),)}, [("due_bill", 51)]),
        ({"bills": (bill(0, paid=90_000),)}, []),
        ({"bills": (bill(5), bill(1))}, [("due_bill", 72)]),  # the nearer one alone
        ({"loans": (loan(20, overdue=1),)}, [("loan_overdue", 86)]),
        ({"loans": (loan(2),)}, [("loan_due", 40)]),
        ({"loans": (loan(8),)}, []),
        ({"card_orders": (order("sent", 2),)}, [("card_delivery", 62)]),
        ({"card_orders": (order("in_production", -1),)}, [("card_delivery", 79)]),
        ({"card_orders": (order("delivered", -5),)}, [("card_activation", 66)]),
        ({"card_orders": (order("delivered", -61),)}, []),
        ({"failures": (failure(0.1),)}, [("failed_payment", 88)]),
        ({"failures": (failure(7.9),)}, [("failed_payment", 53)]),
        ({"failures": (failure(8.1),)}, []),
        ({"interactions": (call(1),)}, [("repeated_call", 52)]),
        ({"interactions": (call(1), call(3))}, [("repeated_call", 66)]),
        ({"interactions": (call(1, channel="branch"), call(9))}, []),
        ({"cases": (case(3),)}, [("open_case", 69)]),
        ({"cases": (case(99),)}, [("open_case", 58)]),
        ({"cases": (case(3, due=NOW - 1),)}, [("open_case", 82)]),
        ({"maturing": (held(3),)}, [("maturing", 53)]),
        ({"maturing": (held(3, renews=True),)}, [("maturing", 35)]),
        ({"maturing": (held(15),)}, []),
        (
            {"place": LastPlace(at=NOW - 300, topic="cards", node="cards.bill")},
            [("broken_off", 80)],
        ),
        ({"place": LastPlace(at=NOW - 7300, topic="cards", node="x")}, [("broken_off", 64)]),
        ({"place": LastPlace(at=NOW - DAY - 1, topic="cards", node="x")}, []),
        ({"pin_locked_until": NOW + 90}, [("pin_locked", 90)]),
        ({"pin_locked_until": NOW}, []),
        ({"flags": ("fraud",)}, [("suspected_fraud", 78)]),
        ({"flags": ("complaint",)}, [("complaint", 57)]),
        ({"flags": ("complaint",), "cases": (case(3, kind="complaint"),)}, [("open_case", 69)]),
        ({"flags": ("collections",)}, [("overdue_debt", 60)]),
    ],
)
def test_what_is_probable(changes: dict[str, Any], expected: list[tuple[str, int]]) -> None:
    found = probable_needs(record(**changes), now=NOW, zone=UTC)
    assert [(need.need, need.weight) for need in found] == expected


def test_reasons_are_in_words_with_their_facts() -> None:
    found = {
        need.need: need
        for need in probable_needs(
            record(
                bills=(bill(2),),
                card_orders=(order("sent", 1),),
                failures=(failure(1.5),),
                interactions=(call(1, "card_bill"), call(3, "card_bill"), call(4, "rates")),
            ),
            now=NOW,
            zone=UTC,
        )
    }
    due = found["due_bill"]
    assert due.reason.en == "the bill of the card ending in 0015 is due (2026-06-23, in 2 days)"
    assert due.reason.zh == "尾号 0015 的信用卡账单还款日将到（2026-06-23，2 天后）"
    assert due.facts == {
        "tail": "0015",
        "due_on": "2026-06-23",
        "days_left": 2,
        "minimum_paid": "no",
    }
    sent = found["card_delivery"].reason.en
    assert sent == "the debit card of 2026-06-13 is sent, expected on 2026-06-22"
    failed = found["failed_payment"].reason.en
    assert failed == "a payment to 国家电网 failed 1 day ago: not enough money"
    again = found["repeated_call"]
    assert again.reason.en == "called twice in 7 days about “Card bill”, last 1 day ago"
    assert (again.topic, again.facts["calls"]) == ("card_bill", 2)


def test_the_banks_day_is_the_bank_s() -> None:
    late = datetime(2026, 6, 20, 23, 30, tzinfo=UTC).timestamp()
    owed = record(bills=(bill(0),))
    there = probable_needs(owed, now=late, zone=UTC)
    assert there[0].facts["days_left"] == 1


tails = st.sampled_from(["0015", "0077"])
days = st.integers(-40, 40)
records = st.builds(
    record,
    bills=st.lists(
        st.builds(
            Bill,
            tail=tails,
            due_on=days.map(day),
            amount=st.integers(12_345_678, 12_345_699),
            minimum=st.just(1_234_567),
            paid=st.sampled_from([0, 1_234_567, 98_765_432]),
        ),
        max_size=3,
    ).map(tuple),
    loans=st.lists(
        st.builds(
            LoanDue,
            tail=tails,
            product=st.sampled_from(["mortgage", "consumer_loan", "other"]),
            due_on=days.map(day),
            overdue=st.sampled_from([0, 12_345_678]),
        ),
        max_size=3,
    ).map(tuple),
    card_orders=st.lists(
        st.builds(
            order, st.sampled_from(["received", "in_production", "sent", "delivered"]), days
        ),
        max_size=3,
    ).map(tuple),
    failures=st.lists(st.builds(failure, st.floats(0, 40)), max_size=3).map(tuple),
    interactions=st.lists(
        st.builds(
            call,
            st.floats(-1, 40),
            st.sampled_from(["", "cards", "unheard_of"]),
            st.sampled_from(["phone", "app"]),
        ),
        max_size=6,
    ).map(tuple),
    cases=st.lists(
        st.builds(case, st.floats(0, 99), st.none() | st.floats(NOW - 9, NOW + 9)), max_size=3
    ).map(tuple),
    maturing=st.lists(st.builds(held, days, renews=st.booleans()), max_size=3).map(tuple),
    flags=st.lists(
        st.sampled_from(["fraud", "complaint", "collections"]), unique=True, max_size=3
    ).map(tuple),
    pin_locked_until=st.none() | st.floats(NOW - 9, NOW + 9_999),
)


@settings(max_examples=40)
@given(records, st.data())
def test_every_need_is_ranked_explained_and_independent_of_order(
    known: CustomerRecord, data: st.DataObject
) -> None:
    found = probable_needs(known, now=NOW, zone=UTC)
    assert len(found) <= MOST
    weights = [need.weight for need in found]
    assert weights == sorted(weights, reverse=True)
    assert all(1 <= weight <= 100 for weight in weights)
    assert len({need.need for need in found}) == len(found)
    for need in found:
        for text in (need.title, need.reason):
            assert text.zh
            assert text.en.isprintable()
        assert need.facts
        assert need.topic
        told = f"{need.title} {need.reason} {need.facts}"
        assert "12345" not in told.replace(",", "")  # no amount, neither whole nor begun
    mixed = {
        name: tuple(data.draw(st.permutations(getattr(known, name))))
        for name in ("bills", "loans", "card_orders", "failures", "cases", "maturing", "flags")
    }
    assert probable_needs(msgspec.structs.replace(known, **mixed), now=NOW, zone=UTC) == found


def test_every_rule_can_be_met() -> None:
    everything = record(
        bills=(bill(0),),
        loans=(loan(0), loan(1, overdue=5)),
        card_orders=(order("sent", 1), order("delivered", -1)),
        failures=(failure(1),),
        interactions=(call(1),),
        cases=(case(1),),
        maturing=(held(1),),
        flags=("fraud", "complaint"),
        place=LastPlace(at=NOW - 60, topic="cards", node="x"),
        pin_locked_until=NOW + 60,
    )
    found = probable_needs(everything, now=NOW, zone=UTC, most=99)
    assert len(found) >= len(RULES)
