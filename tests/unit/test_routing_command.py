"""``hotline routing``: lint, show and explain, as an operator types them."""

from pathlib import Path

import pytest
from click.testing import Result
from typer.testing import CliRunner

from hotline.cli import app


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "hotline.toml"
    file.write_text(
        f'state_dir = "{tmp_path}"\n[ivr]\nrouting = "{tmp_path}/routing.yaml"\n'
        '[[numbers]]\ndnis = "95500"\n[[numbers]]\ndnis = "95501"\nqueue = "vip"\n'
    )
    (tmp_path / "routing.yaml").write_text(
        "priority: {gold: 20}\nrules:\n"
        "  - id: office\n    when: {weekday: mon-fri, time: 09:00-17:00}\n    queue: vip\n"
        "    escalate: [{after: 60, queue: service, raise: 5}]\n"
        "  - id: rest\n"
    )
    return file


def run(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["--config", str(config), "routing", *words])


def test_lint_says_that_all_is_well_or_where_it_is_not(config: Path) -> None:
    fine = run(config, "lint")
    assert (fine.exit_code, "2 rules, no fault" in fine.output) == (0, True)
    rules = config.with_name("routing.yaml")
    rules.write_text(rules.read_text().replace("queue: vip", "queue: vpi"))
    wrong = run(config, "lint")
    assert wrong.exit_code == 1
    assert "routing.yaml:5: rule 'office', queue: unknown 'vpi'" in wrong.output.replace("\n", "")


def test_show_lists_the_rules(config: Path) -> None:
    shown = run(config, "show").output
    assert "office" in shown
    assert "always" in shown


def test_explain_tells_queue_and_reason(config: Path) -> None:
    told = run(config, "explain", "--segment", "gold", "--at", "2026-03-02T10:00").output
    assert "rule office: yes (weekday=mon, time=10:00, priority=gold)" in told
    assert "queue vip, priority 20" in told
    waited = run(
        config, "explain", "--segment", "gold", "--at", "2026-03-02T10:00", "--waited", "61"
    ).output
    assert "queue service, priority 25" in waited
    sunday = run(config, "explain", "--dnis", "95501", "--at", "2026-03-01T10:00").output
    assert "rule office: no, because weekday=sun" in sunday
    assert "queue vip, priority 0" in sunday


@pytest.mark.parametrize(
    ("option", "words"),
    [
        (("--topic", "pizza"), "accepted: activate_card, balance"),
        (("--segment", "golden"), "accepted: diamond, gold"),
        (("--dnis", "1"), "accepted: 95500, 95501"),
        (("--at", "noon"), "write the time like"),
    ],
)
def test_explain_refuses_what_no_caller_has(
    config: Path, option: tuple[str, str], words: str
) -> None:
    refused = run(config, "explain", *option)
    assert refused.exit_code == 1
    assert words in refused.output
