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
