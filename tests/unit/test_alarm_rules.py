"""Alarm files: what is read, what a wrong one is told, and that it changes nothing."""

import os
from pathlib import Path

import pytest
from structlog.testing import capture_logs
from typer.testing import CliRunner

from hotline.alarm_rules import AlarmFileError, Known, RuleBook, load_rules, told
from hotline.alarms import alarms_file, known_to_alarms
from hotline.cli import app
from hotline.settings import Settings

KNOWN = Known(queues=("service", "vip"), reasons=("break", "lunch"))
GOOD = """\
rules:
  - id: wait
    kind: wait
    title: {zh: 等待过久, en: Long wait}
    severity: critical
    queues: [vip]
    over: 2m
    clear: 90s
  - id: level
    kind: service_level
    title: {zh: 服务水平, en: Service level}
    below: 70
    window: hour
    least: 5
    hold: 30
  - id: pause
    kind: pause
    title: {zh: 小休, en: Break}
    reasons: break
    teams: [贷款组]
    over: 1h
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "alarms.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_rules_have_no_fault_and_cover_every_kind() -> None:
    settings = Settings()
    rules = load_rules(alarms_file(settings), known_to_alarms(settings))
    assert {rule.kind for rule in rules} == {"wrap_up", "pause", "call", "wait", "service_level"}


def test_rules_are_typed(tmp_path: Path) -> None:
    wait, level, pause = load_rules(write(tmp_path, GOOD), KNOWN)
    assert (wait.raise_at, wait.clear_at, wait.quiet, wait.severity) == (120, 90, 10, "critical")
    assert (level.raise_at, level.clear_at, level.window, level.least) == (70, 75, "hour", 5)
    assert (level.hold, level.falls) == (30, True)
    assert (pause.reasons, pause.teams, pause.raise_at) == (("break",), ("贷款组",), 3600)
    assert told(level) == "below 70 % until 75 % (hour, 5 calls at least), hold 30 s, quiet 10 s"
    assert told(pause) == "over 3600 s until 3600 s"
    assert load_rules(write(tmp_path, "rules: []\n"), KNOWN) == ()


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("rules:", "ruels:", 1, "did you mean 'rules'?"),
        ("kind: wait", "kind: wiat", 3, "did you mean 'wait'?); accepted: wrap_up, pause, call"),
        ("over: 2m", "over: 2 min", 7, "like 90, 90s, 3m or 1h"),
        ("over: 1h", "over: 25h", 21, "up to 24h"),
        ("    over: 2m\n", "", 2, "over: must be a time"),
        ("clear: 90s", "clear: 3m", 8, "must not be more than 'over' (120 s)"),
        ("below: 70", "below: 170", 12, "from 0 to 100"),
        ("below: 70", "below: 70\n    clear: 60", 13, "must not be less than 'below'"),
        ("below: 70", "below: 70\n    over: 60", 13, "unknown 'over'"),
        ("window: hour", "window: week", 13, "accepted: today, hour, quarter"),
        ("least: 5", "least: 0", 14, "a whole number from 1"),
        ("queues: [vip]", "queues: [vpi]", 6, "unknown 'vpi' (did you mean 'vip'?)"),
        ("queues: [vip]", "teams: [a]", 6, "unknown 'teams'"),
        ("reasons: break", "reasons: coffee", 19, "accepted: break, lunch"),
        ("severity: critical", "severity: bad", 5, "accepted: warning, critical"),
        ("{zh: 小休, en: Break}", "Break", 18, "title must be a mapping with zh, en"),
        ("{zh: 小休, en: Break}", "{zh: 小休}", 18, "needs zh and en"),
        ("id: pause", "id: wait", 16, "rule 'wait' is there twice"),
        ("id: pause", "id: Pause!", 16, "small letters, digits"),
    ],
)
def test_a_wrong_rule_is_told_where_and_what_is_accepted(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    file = write(tmp_path, GOOD.replace(old, new, 1))
    with pytest.raises(AlarmFileError) as caught:
        load_rules(file, KNOWN)
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert words in str(caught.value)


def test_an_edit_holds_at_once_and_a_wrong_one_not_at_all(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    book = RuleBook(file, KNOWN)
    assert [rule.id for rule in book.rules()] == ["wait", "level", "pause"]
    write(tmp_path, GOOD.replace("over: 2m", "over: 300"))
    os.utime(file, ns=(1, 1))
    assert book.rules()[0].raise_at == 300
    write(tmp_path, "rules: [{id: broken}]")
    with capture_logs() as logs:
        assert book.rules()[0].raise_at == 300
        assert book.rules()[0].raise_at == 300
    assert [entry["event"] for entry in logs] == ["alarm_rules_refused"]
    file.unlink()
    assert len(book.rules()) == 3


def test_lint_and_show_say_what_holds_or_where_the_fault_is(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD.replace("reasons: break", "reasons: lunch"))
    config = tmp_path / "hotline.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n[console]\nalarms = "{file}"\n')

    def run(word: str) -> str:
        ended = CliRunner().invoke(app, ["-c", str(config), "alarms", word])
        return ended.output.replace("\n", "")

    assert "3 rules, no fault" in run("lint")
    assert "teams 贷款组" in run("show")
    write(tmp_path, GOOD.replace("queues: [vip]", "queues: [vpi]"))
    assert "alarms.yaml:6: rule 'wait', queues: unknown 'vpi'" in run("lint")
