"""The shipped ``main`` menu, walked without telephony."""

from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import dialplans
from crm_lookup.model import Candidate, CustomerId, Recognition
from cti.core import user_events
from cti.core.routing import Decision
from ivr.errors import FlowEngineError, FlowLoopError
from ivr.flow import Call, Flow, FlowEngine, load
from ivr.flow.calendar import Calendar, Moment
from ivr.flow.effects import (
    AnyEffect,
    AskBank,
    AskTime,
    Balances,
    CallerClaim,
    CardClaim,
    Checked,
    CheckPin,
    Collect,
    End,
    Keyed,
    Play,
    ReadBalances,
    Result,
    Route,
    ServiceFailed,
    SetVariables,
    TailClaim,
    Tell,
)
from ivr.flow.kinds.play import PlayNode
from ivr.ports import Answer
from ivr.prompts import PromptCatalogue
from ivr.secret import Secret
from ivr.testing import PlainReader, demo_bank, shipped_router

MAIN = load(Path(dialplans.__path__[0]) / "flows", PromptCatalogue.load()).get("main")
ROUTER = shipped_router()
WANG = CustomerId("C1")
NOON = Calendar().moment(datetime(2026, 3, 2, 12, tzinfo=UTC))
AMBIGUOUS = Recognition(
    status="ambiguous",
    number="+861062660000",
    candidates=(Candidate(customer_id=WANG), Candidate(customer_id=CustomerId("C2"))),
)
RECOGNISED = Recognition(
    status="recognised", number="+8613800138000", candidates=(Candidate(customer_id=WANG),)
)
BALANCES = Balances(accounts=demo_bank().ledger[WANG])


def make(flow: Flow = MAIN) -> FlowEngine:
    return FlowEngine(
        flow,
        Call(call_id="call-1", language="zh", default_queue="service", reader=PlainReader()),
    )


def keyed(text: str) -> Keyed:
    """``12#`` is finished by ``#``, ``*`` cleared, nothing a timeout, anything else full."""
    if text.endswith("#"):
        return Keyed(digits=Secret(text[:-1]), ended="finished")
    if text == "*":
        return Keyed(ended="cleared")
    return Keyed(digits=Secret(text), ended="full" if text else "timeout")


class Walk:
    """Answers an engine's effects from a script and keeps them."""

    def __init__(
        self,
        inputs: Iterable[str],
        *,
        pins: Iterable[Checked | ServiceFailed] = (),
        balances: Balances | ServiceFailed = BALANCES,
        barge: dict[str, str] | None = None,
        recognition: Recognition | None = None,
        engine: FlowEngine | None = None,
        moment: Moment = NOON,
        router: Callable[[Route], Decision] = ROUTER,
    ) -> None:
        self.engine = engine or make()
        self.effects: list[AnyEffect] = []
        self._inputs, self._pins = iter(inputs), iter(pins)
        self._balances, self._barge = balances, barge or {}
        self._moment = moment
        self._router = router
        effect = self.engine.start()
        if recognition is not None:
            self.effects += self.engine.recognised(recognition, "gold")
        while not isinstance(effect, End):
            self.effects.append(effect)
            effect = self.engine.answer(self._answer(effect))
        self.end = effect

    def _answer(self, effect: AnyEffect) -> Result:
        match effect:
            case Collect():
                return keyed(next(self._inputs, ""))
            case Play():
                return next((k for p, k in self._barge.items() if p in effect.prompts), None)
            case CheckPin():
                return next(self._pins)
            case ReadBalances():
                return self._balances
            case Route():
                return self._router(effect)
            case AskBank():
                return Answer(outcome="none")
            case AskTime():
                return self._moment
        return None

    @property
    def heard(self) -> list[str]:
        return [p for e in self.effects if isinstance(e, Play | Collect) for p in e.prompts]

    @property
    def variables(self) -> dict[str, str]:
        pairs = [v for e in self.effects if isinstance(e, SetVariables) for v in e.values]
        return dict([*pairs, *self.end.values])

    @property
    def told(self) -> list[user_events.UserEvent]:
        return [e.event for e in self.effects if isinstance(e, Tell)]

    def found(self, kind: type[CheckPin]) -> list[CheckPin]:
        return [e for e in self.effects if isinstance(e, kind)]


OK = Checked(outcome="ok", customer_id=WANG, segment="gold")
WRONG = Checked(outcome="wrong")
LOCKED = Checked(outcome="locked")


def test_silence_leads_to_a_person_in_mandarin() -> None:
    walk = Walk([])
    assert walk.end.next == "queue"
    assert walk.heard.count("main_menu") == 3
    assert walk.heard.count("no_input") == 2
    assert walk.heard[-1] == "transfer_to_agent"
    assert walk.variables == {
        "HOTLINE_MENU_PATH": (
            "welcome>language>part_of_day>afternoon>main_menu>agent>office>agent_now"
        ),
        "HOTLINE_LANGUAGE": "zh",
        "HOTLINE_QUEUE": "service",
        "HOTLINE_PRIORITY": "0",
        "HOTLINE_REASON": "general",
    }


@pytest.mark.parametrize(("key", "language"), [("", "zh"), ("1", "zh"), ("9", "en"), ("5", "zh")])
def test_the_language_is_chosen(key: str, language: str) -> None:
    walk = Walk([key, "0"])
    assert walk.variables["HOTLINE_LANGUAGE"] == language
    assert walk.engine.call.language == language


def test_a_balance_by_calling_number_and_pin() -> None:
    walk = Walk(["", "1", "#", "135790", "0"], pins=[OK], recognition=RECOGNISED)
    assert walk.found(CheckPin) == [CheckPin(claim=CallerClaim(WANG), pin=Secret("135790"))]
    assert walk.heard[-10:] == [
        "balance_current",
        "0018_1234567_CNY_zh",
        "owed_credit_card",
        "9921_980_CNY_zh",
        "main_menu",
        *(f"main_menu_{n}" for n in range(2, 6)),
        "transfer_to_agent",
    ]
    assert walk.variables["HOTLINE_CUSTOMER"] == "C1"
    assert walk.variables["HOTLINE_VERIFIED"] == "pin"
    assert (walk.variables["HOTLINE_QUEUE"], walk.variables["HOTLINE_PRIORITY"]) == ("vip", "20")
    assert user_events.ServiceDone(call_id="call-1", service="balance", outcome="ok") in walk.told


def test_a_card_number_is_a_claim_and_the_pin_names_the_customer() -> None:
    other = Checked(outcome="ok", customer_id=CustomerId("C2"), segment="diamond")
    walk = Walk(
        ["", "1", "6222020000000018#", "246810", "0"], pins=[other], recognition=RECOGNISED
    )
    assert walk.found(CheckPin)[0].claim == CardClaim(Secret("6222020000000018"))
    assert walk.variables["HOTLINE_CUSTOMER"] == "C2"
    assert walk.variables["HOTLINE_PRIORITY"] == "30"


@pytest.mark.parametrize(
    ("recognition", "number"),
    [(AMBIGUOUS, "+861062660000"), (RECOGNISED, "+8613800138000"), (None, "")],
)
def test_four_digits_are_a_claim_about_the_calling_number(
    recognition: Recognition | None, number: str
) -> None:
    walk = Walk(["", "1", "0018#", "135790", "0"], pins=[OK], recognition=recognition)
    assert walk.found(CheckPin)[0].claim == TailClaim(Secret("0018"), number)
    assert walk.variables["HOTLINE_CUSTOMER"] == "C1"
    assert "0018" not in repr(walk.found(CheckPin)[0])


@pytest.mark.parametrize("digits", ["001", "00180", "62220200000"])
def test_other_lengths_are_asked_for_again(digits: str) -> None:
    walk = Walk(["", "1", f"{digits}#", "0"])
    assert walk.heard.count("enter_card_number") == 2
    assert walk.found(CheckPin) == []


def test_the_second_balance_needs_no_second_pin() -> None:
    walk = Walk(["", "1", "#", "135790", "1", "0"], pins=[OK])
    assert len(walk.found(CheckPin)) == 1
    assert walk.heard.count("balance_current") == 2


def test_three_wrong_pins_lead_to_a_person() -> None:
    walk = Walk(["", "1", "#", "111111", "222222", "333333"], pins=[WRONG] * 3)
    assert walk.heard.count("details_do_not_match") == 2
    assert walk.heard[-2:] == ["too_many_tries", "transfer_to_agent"]
    assert walk.end.next == "queue"
    assert walk.variables["HOTLINE_REASON"] == "balance"
    assert "HOTLINE_VERIFIED" not in walk.variables


def test_going_back_to_the_menu_gives_no_further_tries() -> None:
    walk = Walk(
        ["", "1", "#", "111111", "0"],
        pins=[WRONG],
    )
    assert walk.engine.call.pin_failures == 1
    assert walk.end.next == "queue"


@pytest.mark.parametrize(
    "recognition", [RECOGNISED, AMBIGUOUS, Recognition(status="unknown"), None]
)
@pytest.mark.parametrize("outcome", [WRONG, LOCKED, Checked(outcome="ok", customer_id=None)])
@pytest.mark.parametrize("claim", ["#", "0018#"])
def test_nothing_audible_depends_on_who_was_recognised(
    recognition: Recognition | None, outcome: Checked, claim: str
) -> None:
    inputs = ["", "1", claim, "111111", "222222", "333333"]
    plain = Walk(inputs, pins=[WRONG] * 3)
    walk = Walk(inputs, pins=[outcome] * 3, recognition=recognition)
    audible = [e for e in walk.effects if isinstance(e, Play | Collect)]
    assert audible == [e for e in plain.effects if isinstance(e, Play | Collect)]
    assert walk.end.next == plain.end.next


@pytest.mark.parametrize(
    "inputs",
    [["0"], ["", "0"], ["", "1", "0"], ["", "1", "0#"], ["", "1", "#", "0"], ["", "1", "#", "0#"]],
)
def test_zero_is_a_person_everywhere(inputs: list[str]) -> None:
    walk = Walk(inputs)
    assert walk.engine.node == "agent_now"
    assert walk.heard[-1] == "transfer_to_agent"


@pytest.mark.parametrize("prompt", ["welcome", "balance_current"])
def test_zero_in_a_prompt_is_a_person(prompt: str) -> None:
    walk = Walk(["", "1", "#", "135790"], pins=[OK], barge={prompt: "0"})
    assert walk.engine.node == "agent_now"
    assert walk.engine.call.path[-4] in ("welcome", "balance")


def test_a_key_in_a_prompt_is_the_first_of_the_next_input() -> None:
    walk = Walk(["9", "0"], barge={"welcome": "9"})
    first = next(e for e in walk.effects if isinstance(e, Collect))
    assert first.typed == Secret("9")


def test_star_repeats_the_menu_but_not_for_ever() -> None:
    walk = Walk(["", *["*"] * 20])
    assert walk.heard.count("main_menu") == 8
    assert walk.end.next == "queue"


def test_invalid_choices_are_told() -> None:
    walk = Walk(["", "8", "#", "9"])
    assert walk.heard.count("invalid_choice") == 2
    assert walk.engine.node == "agent_now"


@pytest.mark.parametrize("short", ["123#", "1234567"])
def test_a_short_card_number_is_invalid(short: str) -> None:
    walk = Walk(["", "1", short, "0"])
    assert "invalid_choice" in walk.heard
    assert not walk.found(CheckPin)


def test_a_failed_pin_check_is_an_apology_and_a_person() -> None:
    walk = Walk(["", "1", "#", "135790"], pins=[ServiceFailed(service="pin")])
    assert walk.heard[-2:] == ["service_unavailable", "transfer_to_agent"]
    assert walk.engine.node == "agent_now"


def test_failed_accounts_are_an_apology_and_a_person() -> None:
    failed = ServiceFailed(service="balance")
    walk = Walk(["", "1", "#", "135790"], pins=[OK], balances=failed)
    assert walk.heard[-2:] == ["service_unavailable", "transfer_to_agent"]
    assert walk.engine.node == "agent_now"
    assert walk.variables["HOTLINE_VERIFIED"] == "pin"
    done = user_events.ServiceDone(call_id="call-1", service="balance", outcome="failed")
    assert done in walk.told


def test_a_customer_without_accounts_is_told_so() -> None:
    walk = Walk(["", "1", "#", "135790", "0"], pins=[OK], balances=Balances(accounts=()))
    assert "no_accounts" in walk.heard


def test_a_flow_without_a_pin_opens_no_account() -> None:
    nodes = {**MAIN.nodes, "main_menu": PlayNode(next="balance")}
    flow = Flow(name="bad", start="welcome", nodes=nodes, everywhere=MAIN.everywhere)
    walk = Walk([], engine=make(flow), recognition=RECOGNISED)
    assert not any(isinstance(e, ReadBalances) for e in walk.effects)
    assert walk.end.next == "queue"


def test_a_circle_without_a_question_is_an_error() -> None:
    nodes = {"a": PlayNode(next="b"), "b": PlayNode(next="a")}
    with pytest.raises(FlowLoopError, match="goes round"):
        Walk([], engine=make(Flow(name="bad", start="a", nodes=nodes)))


def test_the_engine_refuses_to_be_driven_out_of_order() -> None:
    engine = make()
    with pytest.raises(FlowEngineError, match=r"start\(\)"):
        engine.answer(None)
    engine.start()
    with pytest.raises(FlowEngineError, match="twice"):
        engine.start()
    walk = Walk(["", "0"])
    with pytest.raises(FlowEngineError):
        walk.engine.answer(None)


def test_a_late_recognition_does_not_replace_the_pin() -> None:
    walk = Walk(["", "1", "#", "135790", "0"], pins=[OK])
    late = Recognition(
        status="recognised", number="+1", candidates=(Candidate(customer_id=CustomerId("C9")),)
    )
    effects = walk.engine.recognised(late, "diamond")
    assert [type(effect) for effect in effects] == [Tell]
    assert walk.engine.call.customer_id == WANG


def test_the_menu_path_stays_short() -> None:
    call = make().call
    for number in range(200):
        call.enter(f"node_{number}", "main", is_item=False)
    assert len(call.menu_path) <= 255
    assert call.menu_path.endswith("node_199")


def test_digits_are_never_shown() -> None:
    shown = repr(CheckPin(claim=CardClaim(Secret("6222020000000018")), pin=Secret("135790")))
    assert "135790" not in shown
    assert "6222" not in shown
    assert "135790" not in repr(keyed("135790"))


KEYS = st.sampled_from(
    ["", "0", "1", "5", "9", "*", "#", "0#", "12", "135790", "6222020000000018#"]
)


@settings(max_examples=40)
@given(
    st.lists(KEYS, max_size=40),
    st.lists(
        st.sampled_from([OK, WRONG, LOCKED]), min_size=3, max_size=3
    ),  # more tries has no call
)
def test_whatever_is_keyed_the_call_ends_with_a_person(
    inputs: list[str], pins: list[Checked]
) -> None:
    walk = Walk(inputs, pins=pins)
    assert walk.end.next == "queue"
    assert walk.engine.ended


@given(
    st.lists(KEYS, max_size=30),
    st.sampled_from([WRONG, LOCKED]),
    st.sampled_from([RECOGNISED, AMBIGUOUS]),
)
def test_without_the_pin_every_call_sounds_like_an_unknown_one(
    inputs: list[str], outcome: Checked, found: Recognition
) -> None:
    unknown = Walk(inputs, pins=[WRONG] * 30, recognition=Recognition(status="withheld"))
    known = Walk(inputs, pins=[outcome] * 30, recognition=found)
    assert known.heard == unknown.heard
    assert known.end.next == unknown.end.next


def shut(*queues: str) -> Callable[[Route], Decision]:
    """The shipped rules while these queues are closed."""
    closed = frozenset(queues)
    return lambda wanted: ROUTER(msgspec.structs.replace(wanted, closed=closed))


def test_a_closed_queue_leads_to_what_the_flow_offers() -> None:
    walk = Walk(["", "0", "2"], router=shut("service", "vip"))
    assert walk.end.next == "voicemail"
    closed = ["agents_closed", "agents_closed_2", "agents_closed_3"]
    assert walk.heard[-4:] == [*closed, "leave_message"]
    away = [e.queue for e in walk.told if isinstance(e, user_events.TurnedAway)]
    assert away == ["service"]
    assert not [e for e in walk.told if isinstance(e, user_events.Routed)]


def test_a_closed_queue_without_an_offer_asks_for_a_message() -> None:
    bare = msgspec.structs.replace(MAIN.nodes["agent_now"], closed="")
    flow = msgspec.structs.replace(MAIN, nodes={**MAIN.nodes, "agent_now": bare})
    walk = Walk(["", "0"], engine=make(flow), router=shut("service"))
    assert walk.end.next == "voicemail"
    assert walk.heard[-2:] == ["agents_closed", "leave_message"]
