"""Flows that are put together from parts: names, ways back, faults, and edits while calls run."""

from pathlib import Path

import pytest

from ivr.errors import FlowFileError, UnknownFlowError
from ivr.flow import graph, load
from ivr.flow.book import FlowBook
from ivr.flow.lint import Known, lint
from ivr.flow.loader import read_flow

MAIN = """\
start: hello
everywhere: {"0": person}
nodes:
  hello: {kind: play, prompts: [hello], next: first}
  first: {kind: sub_flow, flow: ask, topic: cards, returns: {yes: second, no: person}}
  second: {kind: sub_flow, flow: ask, returns: {yes: end, no: first}}
  person: {kind: queue}
  end: {kind: hangup}
"""
ASK = """\
start: question
nodes:
  question:
    kind: menu
    prompts: [question]
    no_input: [again]
    invalid: [again]
    choices: {"1": good, "2": inner}
    failed: bad
  inner: {kind: sub_flow, flow: deep, returns: {back: question}}
  good: {kind: return, exit: "yes"}
  bad: {kind: return, exit: "no"}
"""
DEEP = """\
start: x
nodes:
  x: {kind: play, prompts: [deep], next: y}
  y: {kind: return, exit: back}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    for name, text in (("main", MAIN), ("ask", ASK), ("deep", DEEP)):
        (tmp_path / f"{name}.yaml").write_text(text)
    return tmp_path


def test_every_use_of_a_part_has_nodes_and_ways_back_of_its_own(folder: Path) -> None:
    flow = load(folder).get("main")
    assert set(flow.nodes) == {
        *("hello", "first", "second", "person", "end"),
        *("first.question", "first.inner", "first.inner.x"),
        *("second.question", "second.inner", "second.inner.x"),
    }
    assert dict(flow.nodes["first"].edges()) == {"next": "first.question"}
    assert dict(flow.nodes["first.question"].edges()) == {
        "failed": "person",
        "1": "second",
        "2": "first.inner",
    }
    assert dict(flow.nodes["second.question"].edges())["failed"] == "first"
    assert dict(flow.nodes["first.inner.x"].edges()) == {"next": "first.question"}
    assert flow.nodes["first"].topic == "cards"
    assert not flow.exits
    assert "first__question" in graph.mermaid(flow)


def test_no_call_begins_with_a_part(folder: Path) -> None:
    flows = load(folder)
    with pytest.raises(UnknownFlowError, match="part of other flows"):
        flows.get("ask")
    assert flows.flows["ask"].exits == {"yes", "no"}


def test_faults_of_a_part_are_found_in_its_own_file_and_once(folder: Path) -> None:
    (folder / "deep.yaml").write_text(
        DEEP.replace("next: y", "next: z") + "  z: {kind: queue, queue: q}\n"
    )
    faults = lint(read_flow(folder / "main.yaml"), Known(queues=["service"]))
    queue = [fault for fault in faults if fault.rule == "unknown-queue"]
    assert [(Path(fault.file).name, fault.line, fault.node) for fault in queue] == [
        ("deep.yaml", 5, "z")
    ]


@pytest.mark.parametrize(
    ("name", "old", "new", "words"),
    [
        ("main", "flow: ask, topic", "flow: asks, topic", "no flow 'asks' beside this one"),
        ("main", "{yes: second, no: person}", "{yes: second}", "where the exit 'no' leads"),
        ("main", "no: first}", "no: first, maybe: end}", "has no exit 'maybe'"),
        ("main", "flow: ask, returns", "flow: main, returns", "would contain itself"),
        ("deep", "{kind: return, exit: back}", "{kind: queue}", "has no 'return' node"),
        ("deep", "start: x", 'start: x\neverywhere: {"0": x}', "takes 'everywhere' from its user"),
        ("deep", "exit: back", "exit: back, prompts: [x]", "has only an 'exit'"),
    ],
)
def test_wrong_parts_are_named(folder: Path, name: str, old: str, new: str, words: str) -> None:
    file = folder / f"{name}.yaml"
    text = file.read_text()
    assert old in text
    file.write_text(text.replace(old, new, 1))
    with pytest.raises(FlowFileError, match=words):
        load(folder)


def test_an_edited_part_is_an_edit_of_every_flow_that_uses_it(folder: Path) -> None:
    book = FlowBook(folder, Known)
    before = book.get("main")
    (folder / "deep.yaml").write_text(DEEP.replace("[deep]", "[deeper]"))
    assert set(book.refresh()) == {"main", "ask", "deep"}
    assert list(book.get("main").nodes["first.inner.x"].prompt_ids()) == ["deeper"]
    assert list(before.nodes["first.inner.x"].prompt_ids()) == ["deep"]
    (folder / "deep.yaml").write_text("start: nowhere")
    assert book.refresh() == []
    assert list(book.get("main").nodes["first.inner.x"].prompt_ids()) == ["deeper"]
