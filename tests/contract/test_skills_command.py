"""``hotline users skill`` on a real database."""

from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from hotline.cli import app


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "hotline.toml"
    file.write_text(f'state_dir = "{tmp_path / "state"}"\n')
    (tmp_path / "state").mkdir()
    assert hotline(file, "db", "upgrade").exit_code == 0
    added = hotline(
        file,
        "users",
        "add",
        "li",
        "--name",
        "Li",
        "--agent",
        "1001",
        "--password",
        "long-enough-1",
    )
    assert added.exit_code == 0, added.output
    return file


def hotline(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["-c", str(config), *words], env={"COLUMNS": "200"})


def test_a_skill_is_given_listed_changed_and_taken(config: Path) -> None:
    given = hotline(config, "users", "skill", "li", "vip", "--penalty", "2")
    assert given.stdout.strip() == "li takes calls of vip (penalty 2)"
    assert "vip/2" in hotline(config, "users", "list").stdout
    hotline(config, "users", "skill", "li", "vip")
    assert "vip/0" in hotline(config, "users", "list").stdout
    taken = hotline(config, "users", "skill", "li", "vip", "--remove")
    assert taken.stdout.strip() == "li takes no more calls of vip"
    assert "vip" not in hotline(config, "users", "list").stdout
    again = hotline(config, "users", "skill", "li", "vip", "--remove")
    assert again.stdout.strip() == "li never took calls of vip"


def test_unknown_names_are_refused(config: Path) -> None:
    queue = hotline(config, "users", "skill", "li", "vpi")
    assert queue.exit_code == 1
    assert "no such queue; accepted: service, vip" in queue.output + queue.stderr
    person = hotline(config, "users", "skill", "nobody", "vip")
    assert person.exit_code == 1
    assert "nobody" in person.output + person.stderr


def test_who_is_added_with_queues_has_skills_at_once(config: Path) -> None:
    new = ("users", "add", "wu", "--name", "Wu", "--password", "long-enough-1")
    wrong = hotline(config, *new, "--agent", "1002", "--queue", "vip/many")
    assert wrong.exit_code == 1
    assert "0 to 100" in wrong.output + wrong.stderr
    assert hotline(config, *new, "--queue", "vip").exit_code == 1  # takes no calls
    assert "wu" not in hotline(config, "users", "list").stdout
    made = hotline(config, *new, "--agent", "1002", "--queue", "vip/3", "--queue", "service")
    assert made.exit_code == 0, made.output
    assert "service/0, vip/3" in hotline(config, "users", "list").stdout


def test_somebody_is_kept_out_and_let_in_again(config: Path) -> None:
    assert hotline(config, "users", "disable", "li").stdout == "li is disabled\n"
    assert "disabled" in hotline(config, "users", "list").stdout
    assert hotline(config, "users", "enable", "li").stdout == "li may sign in again\n"
    assert "disabled" not in hotline(config, "users", "list").stdout
    nowhere = hotline(config, "users", "sessions", "li")
    assert "li is signed in nowhere" in nowhere.output + nowhere.stderr
    assert hotline(config, "users", "sign-out", "li").stdout == "li: 0 sessions ended\n"
    for words in (("disable",), ("enable",), ("sessions",), ("sign-out",)):
        assert hotline(config, "users", *words, "nobody").exit_code == 1
