"""What bench.ivr prints of its measurements."""

import pytest

from bench import ivr
from bench.lookup import percentiles


def step(side: str, rate: float, failed: int = 0) -> dict[str, object]:
    return {
        "side": side,
        "rate": rate,
        "calls": 1000,
        "failed": failed,
        "most_at_once": 250,
        "mean_seconds": 20.1,
        "sipp_cores": 0.1,
        "void": False,
        "cpu_ms_per_call": {"asterisk": 30.0},
    }


def test_all_that_was_measured_is_told(capsys: pytest.CaptureFixture[str]) -> None:
    waits = percentiles([0.001] * 98 + [0.002, 0.003])
    kept = {
        "first_command": {"ours": waits, "control": waits},
        "amount": ivr.compose(20),
        "steps": [step("plain", 10), step("plain", 20), step("ours", 10), step("ours", 20, 9)],
        "many": step("ours", 11),
    }
    assert ivr.show(kept)
    told = capsys.readouterr().out
    assert "first AGI command, ours     p50 1.00 ms, p99 3.00 ms" in told
    assert "knee, calls a second: plain 20, ours 10\nratio: 0.50 (aim 0.9)" in told
    assert "together: ours      11/s" in told
    assert not ivr.show({"many": step("ours", 11, failed=1)})
