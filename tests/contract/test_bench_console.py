"""The benchmark of consoles reports nothing of too few, and says what it drove."""

import pytest

from bench import console


@pytest.mark.parametrize("few", [("--consoles", "999"), ("--pops", "9999"), ("--drops", "1")])
def test_it_refuses_below_its_counts(
    few: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert console.main([*few]) == 1
    said = capsys.readouterr().out
    assert "too few" in said
    assert "memory" not in said


def test_a_small_run_says_what_it_drove(capsys: pytest.CaptureFixture[str]) -> None:
    small = ("--trial", "--consoles=20", "--pops=300", "--drops=30", "--broadcasts=2")
    assert console.main([*small]) == 0, capsys.readouterr().out
    said = capsys.readouterr().out
    assert "all 20 consoles back" in said
    assert "310 pops over 30 broken lines and the kill: 0 lost, 0 doubled, 0 on another" in said


def test_it_notices_what_it_looks_for(tmp_path_factory: pytest.TempPathFactory) -> None:
    hall = console.Hall(tmp_path_factory.mktemp("hall"), 3, seed=1)
    hall.rung = {"a": "0", "b": "1"}
    hall.consoles[0].shown = {"a", "b"}
    assert hall.lost() == ["b"]
    assert hall.strayed() == 1
