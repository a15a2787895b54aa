"""The flow linter: each fault is found where it stands, and good flows have none."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

import dialplans
from hotline.cli import app
from ivr.flow.lint import Finding, Known, lint
from ivr.flow.loader import read_flow
from ivr.flow.texts import CatalogueTexts
from ivr.prompt_ids import Language
from ivr.prompts import PromptCatalogue

MAIN = Path(dialplans.__path__[0]) / "flows" / "main.yaml"
QUEUES = ("service", "vip")


class Texts:
    """Knows the prompts ``a`` … ``d``; ``late`` has no recording and ``half`` no English text."""

    def has_text(self, prompt_id: str, language: Language) -> bool:
        return prompt_id in {"a", "b", "c", "d", "late"} or (prompt_id, language) == ("half", "zh")

    def has_recording(self, prompt_id: str, language: Language) -> bool:
        return prompt_id != "late"

    def slots(self, sentence: str, language: Language) -> frozenset[str] | None:
        return None if sentence == "unwritten" else frozenset({"tail"})


def faults(folder: Path, text: str) -> list[Finding]:
    file = folder / "test.yaml"
    file.write_text(text, encoding="utf-8")
    return lint(read_flow(file), Known(prompts=Texts(), queues=QUEUES))


def named(folder: Path, text: str) -> list[tuple[str, str, int]]:
    return [(fault.rule, fault.node, fault.line) for fault in faults(folder, text)]


GOOD = """\
start: hello
everywhere: {"0": person}
nodes:
  hello:
    kind: menu
    prompts: [a]
    no_input: [b]
    invalid: [c]
    choices: {"1": news}
    failed: person
  news: {kind: play, prompts: [d], next: hello}
  person:
    kind: queue
    queue: vip
"""


def test_a_good_flow_and_the_shipped_one_have_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD) == []
    known = Known(prompts=CatalogueTexts(PromptCatalogue.load()), queues=QUEUES)
    assert lint(read_flow(MAIN), known) == []


@pytest.mark.parametrize(
    ("old", "new", "fault"),
    [
        ("  person:\n", "  lost: {kind: hangup}\n  person:\n", ("unreachable", "lost", 12)),
        ("queue: vip", "queue: vpi", ("unknown-queue", "person", 14)),
        ("prompts: [a]", "prompts: []", ("silent-question", "hello", 4)),
        ("    no_input: [b]\n", "", ("no-no-input", "hello", 4)),
        ("    invalid: [c]\n", "", ("no-invalid", "hello", 4)),
        ("prompts: [d]", "prompts: [d, late]", ("no-recording", "news", 11)),
        ("invalid: [c]", "invalid: [c, half]", ("no-text", "hello", 8)),
        ("failed: person", "failed: hello", ("endless-loop", "hello", 4)),
    ],
)
def test_each_fault_is_found_where_it_stands(
    tmp_path: Path, old: str, new: str, fault: tuple[str, str, int]
) -> None:
    assert old in GOOD
    assert set(named(tmp_path, GOOD.replace(old, new))) == {fault}


def test_one_try_needs_no_words_for_a_second(tmp_path: Path) -> None:
    text = GOOD.replace("    no_input: [b]\n    invalid: [c]\n", "    tries: 1\n")
    assert faults(tmp_path, text) == []


def test_a_dead_end_is_told_with_its_circle(tmp_path: Path) -> None:
    text = (
        "start: a\nnodes:\n  a: {kind: play, prompts: [a], next: b}\n"
        "  b: {kind: play, prompts: [b], next: a}\n"
    )
    found = faults(tmp_path, text)
    assert [(f.rule, f.node) for f in found] == [
        ("dead-end", "a"),
        ("endless-loop", "a"),
        ("dead-end", "b"),
    ]
    assert "(a > b > a)" in found[1].problem
    assert str(found[0]).startswith(f"{tmp_path / 'test.yaml'}:3: node 'a': no way leads")


PIN = """\
start: {start}
nodes:
  who: {{kind: collect_identity, prompts: [a], tries: 1, next: pin, verified: fork, failed: out}}
  pin:
    kind: verify_pin
    prompts: [a]
    tries: 1
    wrong: [a]
    unavailable: [a]
    next: fork
    failed: out
    no_check: out
  fork:
    kind: branch
    on: {on}
    cases: {cases}
    otherwise: plain
  gold: {{kind: play, prompts: [{gold}], next: high}}
  plain: {{kind: play, prompts: [a], next: low}}
  high: {{kind: queue, prompts: [b], queue: vip, topic: rich}}
  low: {{kind: queue, prompts: [b], queue: service}}
  out: {{kind: queue}}
"""


def pin_flow(start: str, gold: str, on: str = "segment", cases: str = "{gold: gold}") -> str:
    return PIN.format(start=start, gold=gold, on=on, cases=cases)


def test_after_the_pin_a_branch_may_be_heard(tmp_path: Path) -> None:
    assert faults(tmp_path, pin_flow("who", gold="d")) == []


@pytest.mark.parametrize(("on", "case"), [("segment", "gold"), ("verified", "number")])
def test_before_the_pin_nothing_may_be_heard_of_who_was_recognised(
    tmp_path: Path, on: str, case: str
) -> None:
    cases = f"{{{case}: gold}}"
    loud = named(tmp_path, pin_flow("fork", gold="d", on=on, cases=cases))
    assert ("heard-before-pin", "fork", 15) in loud
    quiet = named(tmp_path, pin_flow("fork", gold="a", on=on, cases=cases))
    assert not [rule for rule, _, _ in quiet if rule == "heard-before-pin"]


def test_words_behind_words_are_compared_too(tmp_path: Path) -> None:
    text = pin_flow("fork", gold="a").replace("prompts: [b], queue: vip", "prompts: [c]")
    assert ("heard-before-pin", "fork", 15) in named(tmp_path, text)


def test_what_is_noted_of_a_person_cannot_be_heard_later(tmp_path: Path) -> None:
    text = """\
start: fork
nodes:
  fork: {kind: branch, on: segment, cases: {gold: rich}, otherwise: poor}
  rich: {kind: set, values: {who: rich}, next: hello}
  poor: {kind: set, values: {who: poor}, next: hello}
  hello: {kind: play, prompts: [a], next: later}
  later: {kind: branch, on: value, value: who, cases: {rich: loud}, otherwise: end}
  loud: {kind: play, prompts: [b], next: end}
  end: {kind: hangup}
"""
    assert named(tmp_path, text) == [("heard-before-pin", "fork", 3)]
    topics = (
        text.replace("set, values: {who: rich}", "play, topic: rich")
        .replace("set, values: {who: poor}", "play, topic: poor")
        .replace("on: value, value: who", "on: topic")
    )
    assert named(tmp_path, topics) == [("heard-before-pin", "fork", 3)]
    assert named(tmp_path, topics.replace("topic: rich", "topic: poor")) == []


def test_a_branch_on_what_everybody_may_know_is_free(tmp_path: Path) -> None:
    text = pin_flow("fork", gold="d", on="language", cases="{en: gold}")
    assert "heard-before-pin" not in {rule for rule, _, _ in named(tmp_path, text)}


def test_an_account_before_the_pin_is_a_fault(tmp_path: Path) -> None:
    text = (
        "start: money\nnodes:\n"
        "  money:\n    kind: account_action\n    action: balance\n    unavailable: [a]\n"
        "    next: end\n    failed: end\n  end: {kind: hangup}\n"
    )
    assert named(tmp_path, text) == [("account-before-pin", "money", 4)]


def test_the_command_names_all_faults_of_all_files(tmp_path: Path) -> None:
    (tmp_path / "a.yaml").write_text("start: x\nnodes: {x: {kind: nothing}}\n")
    (tmp_path / "b.yaml").write_text("start: x\nnodes: {x: {kind: queue, queue: nowhere}}\n")
    settings = tmp_path / "hotline.toml"
    settings.write_text(f'state_dir = "{tmp_path}"\n[ivr]\nflows = "{tmp_path}"\n')
    found = CliRunner().invoke(app, ["--config", str(settings), "flow", "lint"])
    assert found.exit_code == 1
    assert f"{tmp_path / 'a.yaml'}:2: node 'x': unknown kind 'nothing'" in found.output
    assert f"{tmp_path / 'b.yaml'}:2: node 'x': the settings have no queue" in found.output
    fine = CliRunner().invoke(app, ["--config", str(settings), "flow", "lint", str(MAIN)])
    assert (fine.exit_code, fine.output) == (0, "1 flows, no fault\n")
