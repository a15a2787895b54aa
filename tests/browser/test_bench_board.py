"""A small run of the benchmark of boards: the real engine, the real page, and a planted fault."""

import pytest

from bench import board
from tests.browser.conftest import CHROMIUM

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="no chromium on PATH; `make setup` installs it"),
]

SMALL = ("--trial", "--agents=30", "--queues=3", "--boards=4", "--rate=5", "--no-costs")


def test_a_small_run_times_every_call_on_the_screen(capsys: pytest.CaptureFixture[str]) -> None:
    assert board.main([*SMALL, "--seconds=3", "--aim=5"]) == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    assert "15 calls at 5/s, 30 agents, 3 queues, 4 boards" in said
    assert "(15 events)" in said


def test_a_board_that_lags_is_a_failure(capsys: pytest.CaptureFixture[str]) -> None:
    assert board.main([*SMALL, "--seconds=1", "--planted=1.2"]) == 1
    assert "failed: p99 is not under 1 s" in capsys.readouterr().out
