"""The benchmark of imports reports nothing of a file that is too small, and counts what it did."""

from pathlib import Path

import pytest

from bench import imports


@pytest.mark.parametrize("few", [("--customers", "1000"), ("--kills", "2")])
def test_it_refuses_below_its_counts(
    few: tuple[str, str], capsys: pytest.CaptureFixture[str]
) -> None:
    assert imports.main([*few]) == 1
    said = capsys.readouterr().out
    assert "too few" in said
    assert "ratio" not in said


def test_a_measured_import_says_what_it_read_back(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    imports.report_size(tmp_path, imports.BankShape(customers=1_200))
    said = capsys.readouterr().out
    assert "read back: 1,200 customers" in said
    assert "PIN attempts during the import" in said
    assert "the same file again: 0 added, 0 changed" in said
    assert "12 of them changed" in said
