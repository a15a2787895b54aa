"""Edits of flow files while calls run: taken when they are good, refused when not."""

import asyncio
import os
from pathlib import Path

import pytest
import structlog

from ivr.errors import FlowFileError, UnknownFlowError
from ivr.flow.book import RETRY_POLLS, FlowBook
from ivr.flow.lint import Known
from ivr.prompt_ids import Language

GOOD = "start: a\nnodes:\n  a: {kind: play, prompts: [hello], next: b}\n  b: {kind: queue}\n"


class Texts:
    def __init__(self, *recorded: str) -> None:
        self.recorded = set(recorded)

    def has_text(self, prompt_id: str, language: Language) -> bool:
        return prompt_id != "unwritten"

    def has_recording(self, prompt_id: str, language: Language) -> bool:
        return prompt_id in self.recorded

    def slots(self, sentence: str, language: Language) -> frozenset[str] | None:
        return None if sentence == "unwritten" else frozenset({"tail"})


@pytest.fixture
def texts() -> Texts:
    return Texts("hello", "bye")


@pytest.fixture
def book(tmp_path: Path, texts: Texts) -> FlowBook:
    (tmp_path / "main.yaml").write_text(GOOD)
    return FlowBook(tmp_path, lambda: Known(prompts=texts, queues=["service"]))


def test_a_good_edit_is_for_new_calls_and_the_old_object_stays_whole(
    tmp_path: Path, book: FlowBook
) -> None:
    old = book.get("main")
    assert book.refresh() == []
    (tmp_path / "main.yaml").write_text(GOOD.replace("hello", "bye"))
    assert book.refresh() == ["main"]
    assert list(old.nodes["a"].prompt_ids()) == ["hello"]
    assert list(book.get("main").nodes["a"].prompt_ids()) == ["bye"]
    assert book.refresh() == []


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("kind: queue", "kind: quue", "main.yaml:4: node 'b': unknown kind 'quue'"),
        ("[hello]", "[never]", "main.yaml:3: node 'a': prompt 'never' has no recording in en"),
        ("kind: queue", "kind: queue, queue: x", "the settings have no queue 'x'"),
        (GOOD, "", "the file is empty"),
    ],
)
def test_a_broken_edit_is_refused_once_by_name_and_the_old_one_stays(
    tmp_path: Path, book: FlowBook, old: str, new: str, words: str
) -> None:
    before = book.get("main")
    (tmp_path / "main.yaml").write_text(GOOD.replace(old, new))
    with structlog.testing.capture_logs() as logs:
        for _ in range(3 * RETRY_POLLS):
            assert book.refresh() == []
    assert [entry["event"] for entry in logs] == ["flow_refused"]
    assert words in logs[0]["error"]
    assert book.get("main") is before


def test_what_was_refused_for_a_recording_is_taken_when_that_is_there(
    tmp_path: Path, book: FlowBook, texts: Texts
) -> None:
    (tmp_path / "main.yaml").write_text(GOOD.replace("hello", "late"))
    assert book.refresh() == []
    texts.recorded.add("late")
    assert [book.refresh() for _ in range(RETRY_POLLS)].count(["main"]) == 1


def test_a_touched_file_is_no_edit_and_a_deleted_one_keeps_its_flow(
    tmp_path: Path, book: FlowBook
) -> None:
    file, before = tmp_path / "main.yaml", book.get("main")
    os.utime(file, (1, 1))
    assert book.refresh() == []
    file.unlink()
    assert book.refresh() == []
    assert book.get("main") is before


def test_a_new_file_is_a_new_flow_with_its_topics(tmp_path: Path, book: FlowBook) -> None:
    topics = book.topics()
    assert list(topics) == ["fraud", "general", "lost_card"]
    with pytest.raises(UnknownFlowError):
        book.get("second")
    (tmp_path / "second.yaml").write_text(GOOD.replace("kind: queue", "kind: queue, topic: loans"))
    assert book.refresh() == ["second"]
    assert book.get("second").name == "second"
    assert "loans" in topics
    assert len(topics) == 4


def test_a_start_needs_flows_that_load(tmp_path: Path, texts: Texts) -> None:
    known = Known(prompts=texts)
    with pytest.raises(FlowFileError, match="no flow files"):
        FlowBook(tmp_path, lambda: known)
    (tmp_path / "main.yaml").write_text(GOOD.replace("hello", "unwritten"))
    with pytest.raises(FlowFileError, match="no text in en"):
        FlowBook(tmp_path, lambda: known)
    (tmp_path / "main.yaml").write_text(GOOD.replace("hello", "unrecorded"))
    with structlog.testing.capture_logs() as logs:
        FlowBook(tmp_path, lambda: known)
    assert [entry["event"] for entry in logs] == ["flow_fault", "flow_fault"]


async def test_the_watcher_looks_again_and_again(tmp_path: Path, book: FlowBook) -> None:
    watching = asyncio.create_task(book.watch(0.001))
    (tmp_path / "main.yaml").write_text(GOOD.replace("hello", "bye"))
    async with asyncio.timeout(20):
        while list(book.get("main").nodes["a"].prompt_ids()) != ["bye"]:  # noqa: ASYNC110  # nothing tells
            await asyncio.sleep(0)
    watching.cancel()
    with pytest.raises(asyncio.CancelledError):
        await watching
