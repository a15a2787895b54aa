"""What bench.ivr prints of its measurements."""

import pytest

from bench import ivr
from bench.ivr_load import knee
from bench.lookup import percentiles

SIDES = ("plain", "ours")
RATES = (20.0, 40.0, 80.0)


def step(side: str, rate: float, failed: int = 0, *, void: bool = False) -> knee.Step:
    return {
        "side": side,
        "rate": rate,
        "calls": 1000,
        "failed": failed,
        "most_at_once": 250,
        "mean_seconds": 20.1,
        "sipp_cores": 0.1,
        "void": void,
        "cpu_ms_per_call": {"asterisk": 30.0},
    }


def test_all_that_was_measured_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    waits = percentiles([0.001] * 98 + [0.002, 0.003])
    kept = {
        "first_command": {"ours": waits, "control": waits},
        "amount": ivr.compose(20),
        "steps": [
            *(step("plain", 10), step("plain", 20), step("plain", 30, 9), step("plain", 30, 8)),
            *(step("ours", 10), step("ours", 20, 9), step("ours", 20, 9)),
        ],
        "many": step("ours", 11),
    }
    assert ivr.show(kept)
    told = capsys.readouterr().out
    assert "first AGI command, ours     p50 1.00 ms, p99 3.00 ms" in told
    assert "knee of plain: 20/s passed, 30/s failed" in told
    assert "knee of ours: 10/s passed, 20/s failed\nratio: 0.50 (aim 0.9)" in told
    assert "together: ours      11/s" in told
    assert not ivr.show({"many": step("ours", 11, failed=1)})


@pytest.mark.parametrize(("plain", "ours"), [(61, 61), (61, 33), (33, 61), (500, 61), (500, 500)])
def test_the_search_ends_at_what_each_side_can_carry(plain: float, ours: float) -> None:
    carries = {"plain": plain, "ours": ours}
    steps: list[knee.Step] = []
    while wanted := knee.next_step(steps, SIDES, RATES):
        side, rate = wanted
        assert len(steps) < 24
        steps.append(step(side, rate, 0 if rate <= carries[side] else 50))
    found = {side: knee.knee(steps, side) for side in SIDES}
    for side, limit in carries.items():
        low, high, _ = found[side]
        assert low is not None
        assert low <= limit
        if limit > max(RATES):
            assert (low, high) == (80.0, None)
        else:
            assert high is not None
            assert high > limit
            assert high - low <= max(1, knee.WITHIN * high)
    share = knee.ratio(found["ours"], found["plain"])
    if plain > max(RATES):
        assert share is None, "the knee of the plain dialplan was not reached"
    else:
        assert share is not None
        assert share[0] == pytest.approx(min(ours, 80) / plain, abs=0.08)
        assert share[1]


def test_one_hiccup_is_no_limit_and_a_failure_is_tried_once_more() -> None:
    steps = [step("plain", 20, 9)]
    assert knee.next_step(steps, ["plain"], RATES) == ("plain", 20)
    steps.append(step("plain", 20))
    assert knee.next_step(steps, ["plain"], RATES) == ("plain", 40)
    assert knee.passed(step("plain", 20, 1))
    assert not knee.passed(step("plain", 20, 2))
    assert not knee.passed({**step("plain", 20), "calls": 0}), "nothing was placed"


def test_a_step_in_which_sipp_was_too_busy_ends_the_search_and_is_no_knee(
    capsys: pytest.CaptureFixture[str],
) -> None:
    steps = [step("plain", 20), step("plain", 40, void=True), step("ours", 20), step("ours", 40)]
    assert knee.next_step(steps, ["plain"], RATES) is None
    assert ivr.show({"steps": steps})
    told = capsys.readouterr().out
    assert "knee of plain: not reached; void at 40/s, SIPp was too busy" in told
    assert "knee of ours: not reached; 40/s passed" in told
    assert "ratio: unknown" in told


def test_a_side_that_never_got_through_fails_the_run() -> None:
    assert not ivr.show({"steps": [step("plain", 20), *[step("ours", 20, 1000)] * 2]})
