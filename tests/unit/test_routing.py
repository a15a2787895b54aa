"""Where callers go and why: the rules as pure data."""

from datetime import datetime
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cti.core.events import Escalation
from cti.core.ids import AgentId, QueueName
from cti.core.own_queue import OWN, address, membership
from cti.core.routing import (
    Conditions,
    Escalate,
    Facts,
    Prefer,
    Routing,
    Rule,
    Window,
    decide,
    decode_steps,
    due,
    encode_steps,
    preferring,
    remaining,
)

SHANGHAI = ZoneInfo("Asia/Shanghai")
MONDAY_NOON = datetime(2026, 3, 2, 12, 0, tzinfo=SHANGHAI)
SERVICE, VIP = QueueName("service"), QueueName("vip")


def facts(**changes: object) -> Facts:
    return Facts(**{"default_queue": SERVICE, "at": MONDAY_NOON, **changes})  # type: ignore[arg-type] # a shorthand of the tests


RULES = Routing(
    priority={"gold": 20, "standard": 0},
    rules=(
        Rule(id="nights", when=Conditions(time=(Window(1320, 360),)), queue="night", priority=5),
        Rule(
            id="verified-cards",
            when=Conditions(topic=("card",), verified=("pin",), weekday=("mon", "tue")),
            queue="cards",
            raise_by=3,
        ),
        Rule(
            id="gold",
            when=Conditions(segment=("gold",)),
            queue="vip",
            escalate=(
                Escalate(after=60, raise_by=10),
                Escalate(after=120, queue=SERVICE),
                Escalate(after=180, priority=5),
            ),
        ),
        Rule(id="rest"),
    ),
)


def test_the_first_rule_that_fits_decides_and_says_why_others_did_not() -> None:
    decision = decide(RULES, facts(segment="gold"))
    assert (decision.rule, decision.queue, decision.priority) == ("gold", "vip", 20)
    assert decision.reasons == ("segment=gold", "priority=gold")
    assert [(t.rule, t.failed) for t in decision.tried] == [
        ("nights", "time=12:00"),
        ("verified-cards", "topic=general"),
    ]


def test_all_conditions_of_a_rule_must_hold() -> None:
    wanted = facts(topic="card", verified="pin", segment="gold")
    assert decide(RULES, wanted).queue == "cards"
    assert decide(RULES, wanted).priority == 23
    assert decide(RULES, facts(topic="card", verified="number")).rule == "rest"
    wednesday = datetime(2026, 3, 4, 12, 0, tzinfo=SHANGHAI)
    late = decide(RULES, facts(topic="card", verified="pin", at=wednesday))
    assert late.rule == "rest"
    assert late.tried[1].failed == "weekday=wed"


@pytest.mark.parametrize(
    ("clock", "rule"),
    [
        ((21, 59), "rest"),
        ((22, 0), "nights"),
        ((0, 0), "nights"),
        ((5, 59), "nights"),
        ((6, 0), "rest"),
    ],
)
def test_a_window_may_cross_midnight(clock: tuple[int, int], rule: str) -> None:
    at = MONDAY_NOON.replace(hour=clock[0], minute=clock[1])
    assert decide(RULES, facts(at=at)).rule == rule


def test_the_default_queue_is_that_of_the_number() -> None:
    decision = decide(RULES, facts(default_queue=VIP))
    assert (decision.queue, decision.priority) == ("vip", 0)
    assert decision.reasons == ("queue=default",)


def test_a_menu_may_insist_on_a_queue() -> None:
    decision = decide(RULES, facts(segment="gold", forced_queue=QueueName("fraud")))
    assert (decision.rule, decision.queue, decision.priority) == ("gold", "fraud", 20)
    assert "queue=forced" in decision.reasons


def test_without_a_rule_a_caller_still_gets_a_queue() -> None:
    decision = decide(Routing(rules=()), facts())
    assert (decision.queue, decision.priority, decision.reasons) == ("service", 0, ("no-rule",))


def test_an_escalation_is_worked_out_and_never_lowers() -> None:
    steps = decide(RULES, facts(segment="gold")).steps
    assert steps == (
        Escalation(after=60, priority=30),
        Escalation(after=120, priority=30, queue=SERVICE),
    )
    assert due(steps, 59.9) is None
    assert due(steps, 60) == steps[0]
    assert remaining(steps, steps[0]) == steps[1:]


def test_steps_that_became_due_together_are_taken_as_one() -> None:
    steps = (
        Escalation(after=10, priority=1, queue=VIP),
        Escalation(after=20, priority=2),
        Escalation(after=30, priority=3),
    )
    assert due(steps, 25) == Escalation(after=20, priority=2, queue=VIP)
    assert remaining(steps, Escalation(after=20, priority=2)) == steps[2:]


STEPS = st.lists(
    st.builds(
        Escalation,
        after=st.integers(1, 7200).map(float),
        priority=st.integers(0, 1000),
        queue=st.none() | st.from_regex(r"\A[a-z0-9][a-z0-9_-]{0,31}\Z").map(QueueName),
    ),
    max_size=5,
).map(tuple)


@given(STEPS)
@settings(max_examples=50, deadline=None)
def test_steps_survive_the_way_through_asterisk(steps: tuple[Escalation, ...]) -> None:
    assert decode_steps(encode_steps(steps)) == steps


@pytest.mark.parametrize("text", ["x", "1.2", "1.x.service", "-"])
def test_steps_that_nobody_wrote_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"values to unpack|invalid literal"):
        decode_steps(text)


def test_the_last_agent_is_named_only_where_the_rule_wants_it() -> None:
    rule = Rule(id="known", prefer=Prefer(within=7 * 86400, wait=20))
    decision = decide(Routing(rules=(rule,)), facts())
    assert decision.agent is None
    assert preferring(decision, None) == decision
    known = preferring(decision, AgentId("1001"))
    assert (known.agent, known.queue, known.reasons[-1]) == ("1001", SERVICE, "last-agent=1001")
    plain = decide(RULES, facts())
    assert preferring(plain, AgentId("1001")) == plain


def test_every_agent_has_an_address_that_asterisk_can_compare() -> None:
    assert membership(AgentId("1001")).queue == OWN
    names = ["1001", "01001", "0", "1", "999999999", "1000000000", "li", "王静", "li.xiaoming"]
    addresses = [address(AgentId(name)) for name in names]
    assert addresses[0] == 1001
    assert len(set(addresses)) == len(names)
    assert all(0 < a < 2**31 for a in addresses)
