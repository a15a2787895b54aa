"""``hotline customers lookup`` as an operator meets it, on a small demo bank."""

import json
from pathlib import Path

import argon2
import pytest
from typer.testing import CliRunner, Result

from crm_lookup.keys import DataKey
from hotline import db
from hotline.asterisk.secrets import load_secrets
from hotline.cli import app
from hotline.demo_bank import seed
from hotline.demo_bank.cast import AMBIGUOUS_NUMBER, DEMO_CUSTOMERS
from hotline.settings import load_settings


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("lookup")
    file = folder / "hotline.toml"
    file.write_text(f'state_dir = "{folder / "state"}"\n')
    settings = load_settings(file)
    db.upgrade(settings.database_url)
    key = DataKey(bytes.fromhex(load_secrets(settings).lookup))
    cheap = argon2.profiles.CHEAPEST
    seed(settings.database_url, key=key, customers=30, pin_parameters=cheap)
    return file


def lookup(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["-c", str(config), "customers", "lookup", *words])


@pytest.mark.parametrize(
    ("number", "expected"),
    [
        ("95588", "short service number"),
        ("1001", "internal telephone"),
        ("anonymous", "withheld"),
        ("hello", "malformed"),
        ("12345678901", "implausible"),
        ("+14155552671", "(US, international)"),
        ("400-820-8820转12", "400 or 800 number"),
        ("010 6234 5678", "fixed line"),
        ("13700137000", "no customer has this number"),
    ],
)
def test_every_kind_of_number_is_explained(config: Path, number: str, expected: str) -> None:
    result = lookup(config, number)
    assert result.exit_code == 0
    assert expected in result.stdout


def test_one_customer_is_shown_masked(config: Path) -> None:
    known = DEMO_CUSTOMERS[0]
    result = lookup(config, known.number.removeprefix("+86"))
    assert result.exit_code == 0
    for shown in ("own mobile; primary number", "王**", "+86 138****8000", "calls about", "gold"):
        assert shown in result.stdout
    for hidden in (known.name, known.number[-11:], known.card):
        assert hidden not in result.stdout


def test_programs_get_everything(config: Path) -> None:
    found = json.loads(lookup(config, AMBIGUOUS_NUMBER, "--json").stdout)
    assert (found["status"], found["number"]["kind"]) == ("ambiguous", "fixed")
    assert [one["customer_id"] for one in found["candidates"]] == ["C10000004", "C10000005"]
    assert found["candidates"][0]["reasons"][0] == {"zh": "家庭电话", "en": "household line"}
    assert [brief["name"] for brief in found["briefs"]] == ["陈**", "陈**"]
    (brief,) = json.loads(lookup(config, DEMO_CUSTOMERS[0].number, "--json").stdout)["briefs"]
    assert {need["need"] for need in brief["needs"]} >= {"failed_payment", "repeated_call"}
    assert all(need["reason"]["zh"] and need["facts"] for need in brief["needs"])


def test_an_unknown_language_is_refused(config: Path) -> None:
    assert lookup(config, "95588", "--language", "ko").exit_code == 2
    assert "多位客户" in lookup(config, AMBIGUOUS_NUMBER, "--language", "zh").stdout
