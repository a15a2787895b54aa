"""The command line as an operator meets it."""

import json
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hotline.cli import app


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "hotline.toml"
    file.write_text(f'state_dir = "{tmp_path / "state"}"\n[ami]\nsecret = "very-secret-word"\n')
    return file


@pytest.fixture(autouse=True)
def _logging_untouched(monkeypatch: pytest.MonkeyPatch) -> None:
    """A command run inside the tests must not set up logging for all tests after it."""
    monkeypatch.setattr("hotline.logs.configure_logging", lambda *_: None)


def hotline(*words: str | Path, typed: str = "") -> Result:
    return CliRunner().invoke(app, [str(word) for word in words], input=typed)


def words(result: Result) -> str:
    return " ".join((result.output + result.stderr).split())


@pytest.mark.parametrize(
    "command",
    [
        ["serve"], ["demo"], ["doctor"], ["selftest"], ["asterisk", "render"],
        ["asterisk", "start"], ["asterisk", "stop"], ["asterisk", "console"], ["db", "upgrade"],
        ["db", "status"], ["db", "backup"], ["db", "restore"], ["config", "show"],
        ["users", "add"], ["users", "list"], ["users", "passwd"], ["users", "disable"],
        ["prompts", "status"], ["prompts", "script"], ["prompts", "derive"], ["prompts", "render"],
    ],
)  # fmt: skip
def test_every_command_teaches(command: list[str]) -> None:
    result = hotline(*command, "--help")
    assert result.exit_code == 0
    assert "Usage:" in result.output
    assert len(words(result)) > 150


def test_faulty_settings_are_one_clear_message(tmp_path: Path) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text("[console]\nprot = 1\n")
    result = hotline("-c", file, "config", "show")
    assert result.exit_code == 1
    assert "console.prot: unknown key; accepted: alarms, allowed_origins" in words(result)
    assert "Traceback" not in words(result)


def test_secrets_are_hidden(config: Path) -> None:
    for arguments in (["config", "show"], ["config", "show", "--json"]):
        result = hotline("-c", config, *arguments)
        assert result.exit_code == 0
        assert "very-secret-word" not in result.output
    assert json.loads(hotline("-c", config, "config", "show", "--json").stdout)["console"]


def test_the_password_of_the_database_is_hidden(tmp_path: Path) -> None:
    file = tmp_path / "hotline.toml"
    file.write_text('[database]\nurl = "postgresql://u:geheim@h/d?password=geheim"\n')
    for arguments in (["show"], ["show", "--json"]):
        result = hotline("-c", file, "config", *arguments)
        assert "geheim" not in result.output
        assert "postgresql://u:***@h/d" in result.output


def test_serve_refuses_a_database_that_is_not_up_to_date(config: Path) -> None:
    result = hotline("-c", config, "serve", "ivr")
    assert result.exit_code == 1
    assert "run `hotline db upgrade`" in words(result)


def test_a_database_is_made_looked_at_backed_up_and_restored(config: Path, tmp_path: Path) -> None:
    assert hotline("-c", config, "db", "status").exit_code == 1
    assert hotline("-c", config, "db", "upgrade").exit_code == 0
    status = hotline("-c", config, "db", "status", "--json")
    assert status.exit_code == 0
    assert json.loads(status.stdout)["ready"] is True
    copy = tmp_path / "copy.db"
    assert hotline("-c", config, "db", "backup", copy).exit_code == 0
    again = hotline("-c", config, "db", "backup", copy)
    assert again.exit_code == 1
    assert "exists already" in words(again)
    with sqlite3.connect(tmp_path / "state/hotline.db") as changed:
        changed.execute("DELETE FROM users")
    changed.close()
    refused = hotline("-c", config, "db", "restore", copy, typed="n\n")
    assert refused.exit_code == 1
    assert hotline("-c", config, "db", "restore", copy, "--yes").exit_code == 0


def test_people_are_added_listed_and_kept_out(config: Path) -> None:
    hotline("-c", config, "db", "upgrade")
    add = ["-c", config, "users", "add", "1001", "--name", "李晓明", "--agent", "1001"]
    made = hotline(*add, "--extension", "1001", "--password", "a-good-password")
    assert made.exit_code == 0
    assert "phone 1001: SIP secret " in words(made)
    twice = hotline(*add, "--password", "a-good-password")
    assert twice.exit_code == 1
    assert "taken" in words(twice)
    weak = hotline("-c", config, "users", "add", "x", "--name", "X", "--password", "short")
    assert weak.exit_code == 1
    assert "at least" in words(weak)
    bad = hotline(*add, "--extension", "10;1", "--password", "a-good-password")
    assert "2 to 8 digits" in words(bad)
    assert hotline("-c", config, "users", "disable", "1001").exit_code == 0
    assert "disabled" in words(hotline("-c", config, "users", "list"))
    missing = hotline("-c", config, "users", "disable", "nobody")
    assert missing.exit_code == 1
    assert "users list" in words(missing)


def test_an_external_asterisk_is_not_ours_to_start(config: Path) -> None:
    config.write_text(config.read_text() + "[asterisk]\nmode = 'external'\n")
    result = hotline("-c", config, "asterisk", "start")
    assert result.exit_code == 1
    assert "external" in words(result)
