"""The bank's services as the settings wire them, and the commands that look at them."""

import asyncio
import json
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from crm_lookup.bank import requests as q
from crm_lookup.bank import testing as bank
from crm_lookup.bank.desk import BankDesk
from crm_lookup.bank.errors import BankUnavailableError
from crm_lookup.bank.records import CoreHealth
from crm_lookup.bank.reference_server import app as reference
from crm_lookup.bank.testing import asker
from crm_lookup.errors import SettingError
from crm_lookup.testing import KEY, WANG
from hotline import db
from hotline.banking import CoreWatch, check_core, open_audit, open_desk
from hotline.cli import app
from hotline.doctor import examine
from hotline.settings import Settings, load_settings
from tests.web_kit import served


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "hotline.toml"
    file.write_text(f'state_dir = "{tmp_path / "state"}"\n')
    db.upgrade(load_settings(file, environ={}).database_url)
    return file


@pytest.fixture(autouse=True)
def _logging_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotline.logs.configure_logging", lambda *_: None)


def with_core(config: Path, url: str, **more: object) -> Path:
    lines = [f"{name} = {json.dumps(str(value))}" for name, value in more.items()]
    text = "\n".join(["[bank]", 'kind = "http"', f'url = "{url}"', *lines])
    config.write_text(config.read_text() + text + "\n")
    return config


def settings_of(config: Path) -> Settings:
    return load_settings(config, environ={})


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(config), *words])


def core_at_work(token: str = "") -> AbstractAsyncContextManager[str]:
    return served(reference(bank.memory_core(), token=token))


async def ordered(settings: Settings) -> None:
    async with open_desk(settings, KEY, pins=bank.PlainPins(), personal=_Nobody()) as desk:
        await desk.ask(q.RegisterComplaint(topic="fees"), asker(None, call="call-7"))
        with pytest.raises(Exception, match="no such card"):
            await desk.ask(q.BlockCard(card_id="K1"), asker(WANG))


class _Nobody:
    async def personal_digits(self, customer_id: Any) -> tuple[str, ...]:
        return ()


def test_the_embedded_core_is_checked(config: Path) -> None:
    result = run(config, "bank", "check")
    assert result.exit_code == 0
    assert "embedded: the embedded ledger, 0 accounts" in result.output
    found = json.loads(run(config, "bank", "check", "--json").output)
    assert (found["kind"], found["ok"]) == ("embedded", True)


async def test_a_core_over_http_is_checked_with_its_token(config: Path, tmp_path: Path) -> None:
    (tmp_path / "token").write_text("s3cret\n")
    async with core_at_work("s3cret") as url:
        with_core(config, url, token_file=tmp_path / "token")
        result = await asyncio.to_thread(run, config, "bank", "check", "--json")
        found = json.loads(result.output)
        assert (found["kind"], found["ok"]) == ("http", True)
        (tmp_path / "token").write_text("other\n")
        result = await asyncio.to_thread(run, config, "bank", "check")
        assert result.exit_code == 1
        assert "bank.token_file" in result.output
    result = await asyncio.to_thread(run, config, "bank", "check")
    assert result.exit_code == 1
    assert "cannot be reached" in result.output
    findings = await asyncio.to_thread(lambda: list(examine(settings_of(config))))
    (finding,) = (f for f in findings if f.name == "Bank services")
    assert (finding.level, finding.remedy) == ("fault", "`hotline bank check` after mending it")


@pytest.mark.parametrize("text", [None, "", "two words", "é"])
def test_a_token_that_cannot_be_used_is_named(
    config: Path, tmp_path: Path, text: str | None
) -> None:
    if text is not None:
        (tmp_path / "token").write_text(text, encoding="utf-8")
    with_core(config, "http://127.0.0.1:1", token_file=tmp_path / "token")
    with pytest.raises(SettingError, match=r"bank\.token_file"):
        check_core(settings_of(config))
    result = run(config, "bank", "check")
    assert result.exit_code == 1
    assert "bank.token_file" in result.stderr


def test_the_audit_is_listed(config: Path) -> None:
    assert "nothing was ordered yet" in run(config, "bank", "audit", "list").stderr
    asyncio.run(ordered(settings_of(config)))
    lines = run(config, "bank", "audit", "list", "--json").stdout.splitlines()
    found = [json.loads(line) for line in lines]
    assert [(one["action"], one["outcome"]) for one in found] == [
        ("block-card", "refused"),
        ("block-card", "begun"),
        ("register-complaint", "done"),
        ("register-complaint", "begun"),
    ]
    assert found[0]["detail"] == "no_such_card"
    only = run(config, "bank", "audit", "list", "--json", "--call", "call-7").stdout
    assert len(only.splitlines()) == 2
    assert len(run(config, "bank", "audit", "list", "--json", "--limit", "1").stdout.split()) == 1
    assert "begun" in run(config, "bank", "audit", "list", "--customer", WANG).output


def test_without_a_database_the_next_step_is_told(tmp_path: Path) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text(f'state_dir = "{tmp_path / "none"}"\n')
    for words in (("check",), ("audit", "list")):
        result = run(file, "bank", *words)
        assert result.exit_code == 1
        assert "hotline db upgrade" in result.stderr


async def test_orders_over_http_are_audited_here(config: Path) -> None:
    async with core_at_work() as url:
        settings = settings_of(with_core(config, url))
        async with open_desk(settings, KEY, pins=bank.PlainPins(), personal=_Nobody()) as desk:
            receipt = await desk.ask(q.BlockCard(card_id="K1"), asker())
            assert (await desk.balances(WANG))[0].account_id == "A1"
    async with open_audit(settings) as audit:
        (done,) = await audit.newest(limit=1)
    assert (done.action, done.outcome, done.case_number) == (
        *("block-card", "done"),
        receipt.case_number,
    )


class Moody(BankDesk):
    """A desk whose core is as the test says."""

    well = True

    def __init__(self) -> None:
        pass

    async def health(self) -> CoreHealth:
        return CoreHealth(ok=self.well, detail="as told")


async def test_the_watch_tells_what_the_core_said_last() -> None:
    desk = Moody()
    watch = CoreWatch(desk)
    for well in (True, False, True):
        desk.well = well
        await watch.look()
        assert watch.is_well is well


async def test_a_core_that_is_gone_is_an_error_and_not_silence(config: Path) -> None:
    async with core_at_work() as url:
        settings = settings_of(with_core(config, url, deadline=0.5))
    async with open_desk(settings, KEY, pins=bank.PlainPins(), personal=_Nobody()) as desk:
        begun = asyncio.get_running_loop().time()
        with pytest.raises(BankUnavailableError):
            await desk.balances(WANG)
        assert asyncio.get_running_loop().time() - begun < 2.0
