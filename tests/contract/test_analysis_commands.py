"""The commands over a small bank, from the analysis to a target group."""

import json
from datetime import date
from pathlib import Path

import pytest
from typer.testing import CliRunner

from bench.bank_data import BankShape, fill_sqlite
from hotline import db
from hotline.cli import app
from hotline.settings import load_settings


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "hotline.toml"
    file.write_text(f'state_dir = "{tmp_path}"\n', encoding="utf-8")
    return file


def run(config: Path, *words: str) -> str:
    done = CliRunner().invoke(app, ["-c", str(config), "customers", *words])
    assert done.exit_code == 0, done.output
    return done.output


def test_from_the_analysis_to_a_target_group(config: Path, tmp_path: Path) -> None:
    settings = load_settings(config, environ={})
    db.upgrade(settings.database_url)
    shape = BankShape(customers=120, activity=0.1)
    fill_sqlite(db.sqlite_path(settings.database_url), shape, transactions=True)
    early = CliRunner().invoke(app, ["-c", str(config), "customers", "scores", "B000000001"])
    assert early.exit_code == 1
    assert "hotline customers analyse" in early.output

    day = date.isoformat(shape.today)
    assert "full run: 120 customers" in run(config, "analyse", "--as-of", day)
    assert "incremental run: 0 customers" in run(config, "analyse", "--as-of", day)
    found = json.loads(run(config, "scores", "B000000001", "--json"))
    assert found["reasons"]["loyalty"]
    assert "loyalty" in run(config, "scores", "B000000001")
    assert "would move" in run(config, "segments", "apply", "--what-if")
    assert "moved" in run(config, "segments", "apply")
    assert "4 segments, no fault" in run(config, "segments", "lint").replace("\n", "")
    assert "10 offers, no fault" in run(config, "offers", "lint").replace("\n", "")
    assert "presented" in run(config, "offers", "report")
    listed = tmp_path / "group.csv"
    run(config, "segment", "--where", "loyalty>=1", "--offer", "wealth", "--export", str(listed))
    lines = listed.read_text(encoding="utf-8").splitlines()
    assert lines[0].startswith("customer_id,segment,profit")
    assert len(lines) > 100
