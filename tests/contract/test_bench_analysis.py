"""The benchmark of the analysis reports nothing of a bank that is too small."""

from pathlib import Path

import pytest

from bench import analysis


def test_it_refuses_below_its_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    bank = ["--bank", str(tmp_path / "bank.db")]
    assert analysis.main([*bank, "--customers", "300", "--transactions", "1000"]) == 1
    assert "too few" in capsys.readouterr().out
    assert "ratio" not in capsys.readouterr().out


def test_a_measured_run_says_what_it_looked_at(tmp_path: Path) -> None:
    shape = analysis.BankShape(customers=300, activity=analysis.ACTIVITY)
    path = tmp_path / "bank.db"
    planted = analysis._bank(path, shape)
    assert len(planted.persona) == 300
    full = analysis.run(path, shape.midnight)
    assert (full.kind, full.customers) == ("full", 300)
    assert full.peak > 50 * 2**20
    assert analysis.deal_again(path, shape, 3) == 3
    part = analysis.run(path, shape.midnight)
    assert (part.kind, part.customers) == ("incremental", 3)
