"""Who may connect to the menu's port: addresses, pace, and what is said of those refused."""

from ipaddress import ip_network

import pytest
import structlog
from hypothesis import given
from hypothesis import strategies as st

from ivr.admission import BURST_SECONDS, LOG_EVERY, MOST_ADDRESSES, Pace, Refusals, is_allowed
from ivr.config import IvrConfig
from ivr.flow import FlowSet
from ivr.testing import shipped_router

CONFIG = IvrConfig(
    host="127.0.0.1",
    port=0,
    secret="s3cret",
    allow=(ip_network("127.0.0.0/8"), ip_network("fd00::/8")),
    flows=FlowSet({}),
    route=shipped_router(),
)


@pytest.mark.parametrize(
    ("address", "allowed"),
    [
        ("127.0.0.1", True),
        ("::ffff:127.0.0.1", True),
        ("fd00::1%eth0", True),
        ("10.0.0.1", False),
        ("::1", False),
    ],
)
def test_the_allow_list(address: str, allowed: bool) -> None:
    assert is_allowed(address, CONFIG) is allowed


def test_a_burst_and_then_the_rate() -> None:
    pace = Pace(10)
    assert [pace.allows("a", 100.0) for _ in range(21)] == [True] * 20 + [False]
    assert [pace.allows("a", 100.125) for _ in range(2)] == [True, False]
    assert sum(pace.allows("a", 101.125) for _ in range(30)) == 10
    assert pace.allows("b", 101.125)  # another address has a pace of its own


@given(st.lists(st.floats(0, 2), max_size=60), st.floats(0.5, 20))
def test_no_more_than_the_rate_and_one_burst_ever_pass(pauses: list[float], rate: float) -> None:
    pace, now, passed = Pace(rate), 0.0, 0
    for pause in pauses:
        now += pause
        passed += pace.allows("a", now)
    assert passed <= max(1.0, rate * BURST_SECONDS) + rate * now + 1e-6


def test_a_flood_of_addresses_is_not_remembered_for_ever() -> None:
    pace = Pace(1)
    for number in range(3 * MOST_ADDRESSES):
        pace.allows(str(number), 0.0)
    assert len(pace._left) == MOST_ADDRESSES


def test_what_was_no_stranger_is_given_back() -> None:
    pace = Pace(1)
    for _ in range(100):
        assert pace.allows("a", 0.0)
        pace.give_back("a")
    pace.give_back("a")  # never more than the burst
    pace.give_back("unknown")
    assert [pace.allows("a", 0.0) for _ in range(3)] == [True, True, False]


def test_an_attack_does_not_fill_the_log() -> None:
    now = 50.0
    refusals = Refusals(lambda: now)
    with structlog.testing.capture_logs() as logged:
        for _ in range(1000):
            refusals.note("secret")
        refusals.note("garbage")
        now += LOG_EVERY
        refusals.note("secret")
    assert [(line["cause"], line["count"]) for line in logged] == [
        ("secret", 1),
        ("garbage", 1),
        ("secret", 1000),
    ]
