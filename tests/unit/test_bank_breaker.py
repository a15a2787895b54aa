"""The circuit breaker as a table."""

import itertools

from crm_lookup.bank.breaker import TRANSITIONS, Breaker


def failed(breaker: Breaker, times: int, now: float = 0.0) -> Breaker:
    for _ in range(times):
        breaker.failed(now)
    return breaker


def test_it_opens_after_so_many_failures_in_a_row() -> None:
    breaker = failed(Breaker(limit=3, rest=10.0), 2)
    breaker.succeeded(0.0)
    failed(breaker, 2)
    assert breaker.state == "closed"
    assert breaker.admit(0.0)
    failed(breaker, 1, now=1.0)
    assert breaker.state == "open"
    assert not breaker.admit(10.9)
    assert breaker.wait(1.0) == 10.0


def test_one_probe_after_the_rest_decides() -> None:
    breaker = failed(Breaker(limit=1, rest=10.0), 1)
    assert [breaker.admit(10.0) for _ in range(3)] == [True, False, False]
    breaker.failed(11.0)
    assert breaker.state == "open"
    assert not breaker.admit(20.9)
    assert breaker.admit(21.0)
    breaker.succeeded(21.5)
    assert breaker.state == "closed"
    assert all(breaker.admit(21.5) for _ in range(3))
    failed(breaker, 1, now=22.0)
    assert breaker.state == "open"


def test_late_answers_do_not_close_it() -> None:
    breaker = failed(Breaker(limit=2, rest=10.0), 2)
    breaker.succeeded(1.0)
    failed(breaker, 1, now=9.0)  # nor does a late failure make the rest longer
    assert breaker.state == "open"
    assert breaker.admit(10.0)


def test_it_never_sticks() -> None:
    """Whatever came before, a core that is well again is asked again."""
    for steps in itertools.product("sfa", repeat=6):
        breaker, now = Breaker(limit=2, rest=1.0), 0.0
        for step in steps:
            now += 0.3
            if step == "a":
                breaker.admit(now)
            elif step == "s":
                breaker.succeeded(now)
            else:
                breaker.failed(now)
        if breaker.state == "half_open":
            breaker.succeeded(now)
        assert breaker.state == "closed" or breaker.admit(now + 1.1), steps


def test_every_state_can_be_left() -> None:
    for state in {before for before, _ in TRANSITIONS}:
        assert {after for (before, _), after in TRANSITIONS.items() if before == state} - {state}
