"""The file of outcomes: what is shipped, what a bank may write, what is refused and how."""

from pathlib import Path

import pytest

from agent_console.dispositions import DispositionsError, read
from agent_console.messages import Dispose
from tests.unit.console_kit import Kit, pop


def test_the_shipped_outcomes_have_words_and_groups() -> None:
    found = read()
    groups = {group.code for group in found.groups}
    assert {each.group for each in found.dispositions} == groups
    assert all(each.text.zh and each.text.en for each in (*found.groups, *found.dispositions))
    assert len(found.dispositions) > 15
    by_code = {each.code: each for each in found.dispositions}
    assert by_code["appointment"].queues == ("vip",)
    assert by_code["solved"].queues == ()


def written(folder: Path, text: str) -> Path:
    file = folder / "own.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_a_group_lends_its_queues_to_its_outcomes(tmp_path: Path) -> None:
    text = """
groups:
  - {code: a, zh: 甲, en: A, queues: [vip], outcomes: [{code: x, zh: 一, en: X},
     {code: y, zh: 二, en: Y, queues: [service], words: [why]}]}
"""
    outcomes = read(written(tmp_path, text)).dispositions
    assert [(each.code, each.group, each.queues) for each in outcomes] == [
        ("x", "a", ("vip",)),
        ("y", "a", ("service",)),
    ]


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("groups: []", "length"),
        ("nothing: 1", "nothing"),
        ("groups: [{code: a, zh: 甲, en: A, outcomes: []}]", "length"),
        ("groups: [{code: A b, zh: 甲, en: A, outcomes: [{code: x, zh: 一, en: X}]}]", "code"),
        ("groups: [{code: a, zh: 甲, outcomes: [{code: x, zh: 一, en: X}]}]", "en"),
        (
            "groups: [{code: a, zh: 甲, en: A, outcomes: [{code: x, zh: 一, en: X},"
            " {code: x, zh: 一, en: X}]}]",
            "twice",
        ),
        ("groups: [", "own.yaml"),
    ],
)
def test_a_wrong_file_is_named_with_what_is_wrong(tmp_path: Path, text: str, why: str) -> None:
    file = written(tmp_path, text)
    with pytest.raises(DispositionsError, match=why) as caught:
        read(file)
    assert str(file) in str(caught.value)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(DispositionsError, match=r"none\.yaml"):
        read(tmp_path / "none.yaml")


async def test_an_outcome_of_another_queue_is_refused(tmp_path: Path) -> None:
    kit = Kit(tmp_path)
    await kit.add("wang", "1001")
    async with kit.running():
        wang = kit.browser()
        await wang.sign_in("wang")
        async with wang.page() as page:
            await page.read_all(2)
            kit.engine.ring("1001", pop(queue="service"))
            kit.engine.connect("1001", "c1")
            kit.engine.hang_up("1001", "c1")
            await page.read_all(7)
            page.send(Dispose(ref=1, call_id="c1", code="appointment"))
            assert (await page.read()).message.code == "unknown_code"  # type: ignore[union-attr]
            kit.engine.end_wrap_up("1001")
            kit.engine.ring("1001", pop("c2", queue="vip"))
            kit.engine.connect("1001", "c2")
            kit.engine.hang_up("1001", "c2")
            await page.read_all(9)
            page.send(Dispose(ref=2, call_id="c2", code="appointment"))
            for _ in range(2):
                await page.read()
    assert ("dispose", "1001", "c2", "appointment") in kit.engine.commands
