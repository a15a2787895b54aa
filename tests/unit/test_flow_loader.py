"""Flow files: what a wrong one is told."""

from pathlib import Path

import pytest

from ivr.errors import FlowFileError, UnknownFlowError
from ivr.flow import Flow, load
from ivr.flow.kinds.menu import MenuNode

GOOD = """\
start: hello
everywhere: {"0": person}
nodes:
  hello:
    kind: menu
    prompts: [welcome]
    wait: 5
    choices:
      1: person
      "9": bye
    failed: person
  person:
    kind: queue
    queue: vip
  bye:
    kind: hangup
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "test.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_flow_is_typed(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    flow = load(tmp_path).get("test")
    assert isinstance(flow, Flow)
    hello = flow.nodes["hello"]
    assert isinstance(hello, MenuNode)
    assert hello.wait == 5.0
    assert dict(hello.edges()) == {"failed": "person", "1": "person", "9": "bye"}
    assert list(hello.prompt_ids()) == ["welcome"]


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("kind: hangup", "kind: hangop", 16, "node 'bye': unknown kind 'hangop'; accepted: "),
        ("    kind: hangup\n", "    topic: x\n", 15, "'kind' is missing"),
        ("    wait: 5\n", "    wiat: 5\n", 7, "did you mean 'wait'?"),
        ("wait: 5", "wait: soon", 7, "node 'hello', field 'wait': Expected `float`"),
        ("wait: 5", "wait: 500", 7, "<= 30"),
        ("    failed: person\n", "", 4, "missing required field `failed`"),
        ("1: person", "1: persn", 9, "no node 'persn' (did you mean 'person'?); accepted: hello"),
        ("1: person", "12: person", 8, "node 'hello', field 'choices'"),
        ("failed: person", "failed: nobody", 11, "node 'hello', failed: no node 'nobody'"),
        ("start: hello", "start: helo", 1, "'start': no node 'helo'"),
        ("start: hello\n", "", 1, "'start' must name the first node"),
        ('"0": person', '"0": nobody', 2, "'everywhere', key 0: no node 'nobody'"),
        ('"0": person', '"zero": person', 2, "must map keys"),
        ("everywhere:", "anywhere:", 2, "accepted: start, nodes, everywhere"),
        ("prompts: [welcome]", "prompts: welcome", 6, "Expected `array`, got `str`"),
        ("prompts: [welcome]", "prompts: [welcom]", 6, "no prompt 'welcom'"),
        ("queue: vip", "queue: v i p", 14, "node 'person', field 'queue'"),
        ("queue: vip", "priority: 3", 14, "'queue' has no field 'priority'"),
        ("  bye:\n", "  person:\n", 15, "'person' is there twice"),
        ("  bye:\n", "  9bye:\n", 15, "a name is a letter"),
        ("    kind: hangup\n", "    kind: [hangup\n", 17, "not YAML"),
        (GOOD, "", 1, "the file is empty"),
        (GOOD, "- x\n", 1, "a flow is a mapping"),
        (GOOD, "start: x\n", 1, "'nodes' must map"),
        (GOOD, "&a [*a]\n", 1, "nested too deeply"),
    ],
)
def test_errors_name_the_place_and_what_is_accepted(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    file = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(FlowFileError) as caught:
        load(file, {"welcome"})
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert words in str(caught.value)


def test_a_language_that_is_none_names_the_languages(tmp_path: Path) -> None:
    node = '  hello:\n    kind: language\n    choices: {"9": de}\n    next: hello\n'
    file = write(tmp_path, "start: hello\nnodes:\n" + node)
    with pytest.raises(FlowFileError, match=r":5: node 'hello', field 'choices'.*: zh, en$"):
        load(file)


def test_files_that_cannot_be_read(tmp_path: Path) -> None:
    with pytest.raises(FlowFileError, match="no flow files"):
        load(tmp_path)
    with pytest.raises(FlowFileError, match="cannot be read"):
        load(tmp_path / "none.yaml")
    (tmp_path / "latin.yaml").write_bytes(b"start: \xe9\n")
    with pytest.raises(FlowFileError, match="UTF-8"):
        load(tmp_path)


def test_an_unknown_flow_names_the_known_ones(tmp_path: Path) -> None:
    write(tmp_path, GOOD)
    with pytest.raises(UnknownFlowError, match="loaded: test"):
        load(tmp_path).get("other")
