"""Nodes that ask the bank's services, say what they found, and act."""

import asyncio
import datetime as dt
from collections.abc import Callable
from pathlib import Path

import msgspec
import pytest

from cti.core import user_events
from ivr.config import utc_clock
from ivr.flow import load
from ivr.flow.calendar import ALWAYS, Calendar, Moment, read_window
from ivr.flow.simulate import Line, Scenario, simulate
from ivr.ports import Answer
from ivr.testing import MemoryBank, demo_bank, services, shipped_router
from ivr.values import Money

PIN = """\
start: card
everywhere: {"0": person}
nodes:
  card:
    {kind: collect_identity, prompts: [card], next: pin, verified: NEXT, failed: person}
  pin:
    {kind: verify_pin, prompts: [pin], wrong: [wrong], unavailable: [sorry], next: NEXT,
     failed: person, no_check: person}
  person: {kind: queue, prompts: [person]}
  bye: {kind: hangup, prompts: [bye]}
"""


def walk(
    tmp_path: Path,
    nodes: str,
    keys: str,
    bank: MemoryBank,
    clock: Callable[[], Moment] = utc_clock,
) -> list[Line]:
    """Walk a flow behind the PIN; ``first`` is its first node."""
    (tmp_path / "main.yaml").write_text(PIN.replace("NEXT", "first") + nodes)
    scenario = Scenario(flow="main", caller="+8613800138000", keys=f"# 135790 {keys}")

    async def run() -> list[Line]:
        flows = load(tmp_path / "main.yaml")
        lines = simulate(
            scenario, flows, services(bank), shipped_router(), clock, lambda ids, _: " ".join(ids)
        )
        return [line async for line in lines]

    return asyncio.run(run())


def heard(lines: list[Line]) -> list[str]:
    return [line.text for line in lines if line.what == "hears"][2:]


PAGES = """\
  first:
    {kind: lookup, service: transactions, rows: 2, next: read, none: person, failed: person,
     unavailable: [sorry]}
  read: {kind: say, prompts: [list], rows: [line], next: any_more}
  any_more: {kind: branch, on: more, cases: {"yes": offer}, otherwise: bye}
  offer: {kind: menu, prompts: [more], choices: {"1": next}, failed: bye}
  next:
    {kind: lookup, service: transactions, more: true, next: read, none: bye, failed: person,
     unavailable: [sorry]}
"""


def test_pages_are_read_until_the_last(tmp_path: Path) -> None:
    bank = demo_bank()
    row = {"amount": Money(1200, "CNY")}
    bank.answers["transactions"] = Answer(rows=(row, row), cursor="p2")
    first = walk(tmp_path, PAGES, "-", bank)
    assert heard(first)[0] == "list line_zh position amount line_zh position amount"
    assert heard(first)[1] == "more"
    assert [facts.rows for _, facts in bank.requests] == [2]

    class Paging(MemoryBank):
        async def ask(self, service: str, facts: object) -> Answer:
            assert msgspec.structs.asdict(facts)["customer_id"] == "C1"  # type: ignore[type-var]
            cursor = facts.cursor  # type: ignore[attr-defined]
            return Answer(rows=(row,), cursor="" if cursor == "p2" else "p2")

    paging = Paging(**msgspec.structs.asdict(demo_bank()))
    lines = walk(tmp_path, PAGES, "1", paging)
    page = "list line_zh position amount"
    assert heard(lines) == [page, "more", page, "bye"]


def test_nothing_found_and_a_failure_are_two_ways(tmp_path: Path) -> None:
    bank = demo_bank()
    assert heard(walk(tmp_path, PAGES, "", bank)) == ["person"]
    bank.failing["transactions"] = RuntimeError("down")
    lines = walk(tmp_path, PAGES, "", bank)
    assert heard(lines) == ["sorry", "person"]
    done = user_events.ServiceDone(call_id="simulated", service="transactions", outcome="failed")
    assert Line("tells", user_events.encode(done)) in lines


LOST = """\
  first:
    {kind: lookup, service: cards_in_use, next: which, none: bye, failed: person,
     unavailable: [sorry]}
  which:
    {kind: choose, prompts: [which], row: [one], no_input: [no], invalid: [bad], next: block,
     failed: person}
  block:
    {kind: account_action, action: report_lost_card, next: done, refused: refused, failed: person,
     unavailable: [sorry]}
  done: {kind: say, sentences: [blocked], next: bye}
  refused: {kind: play, prompts: [refused], next: bye}
"""
CARDS = ({"card": "K1", "tail": "0018"}, {"card": "K2", "tail": "9921"})


@pytest.mark.parametrize(("keys", "card"), [("1", "K1"), ("2", "K2"), ("7 2", "K2")])
def test_the_chosen_row_is_what_the_action_is_about(tmp_path: Path, keys: str, card: str) -> None:
    bank = demo_bank()
    bank.answers["cards_in_use"] = Answer(rows=CARDS)
    bank.answers["report_lost_card"] = Answer(values={"case_number": "12"})
    lines = walk(tmp_path, LOST, keys, bank)
    service, facts = bank.requests[-1]
    assert (service, facts.values["card"], facts.customer_id) == ("report_lost_card", card, "C1")
    assert facts.key == "simulated/2"
    assert heard(lines)[-1] == "bye"
    assert heard(lines)[-2] == "blocked_zh card tail case_number"
    assert heard(lines)[0] == "which one_zh key card tail one_zh key card tail"


def test_one_card_needs_no_question_and_a_refusal_has_its_own_way(tmp_path: Path) -> None:
    bank = demo_bank()
    bank.answers["cards_in_use"] = Answer(rows=CARDS[:1])
    bank.answers["report_lost_card"] = Answer(outcome="refused")
    assert heard(walk(tmp_path, LOST, "", bank)) == ["refused", "bye"]


COLLECT = """\
  first:
    {kind: collect, name: new_pin, shortest: 6, longest: 6, prompts: [new], no_input: [no],
     invalid: [bad], next: again, failed: person}
  again:
    {kind: collect, name: again, same_as: new_pin, shortest: 6, longest: 6, prompts: [again],
     no_input: [no], invalid: [differs], next: change, failed: person}
  change:
    {kind: account_action, action: change_pin, next: bye, failed: person, unavailable: [sorry]}
"""


def test_what_is_collected_twice_must_be_the_same_and_is_never_shown(tmp_path: Path) -> None:
    bank = demo_bank()
    bank.answers["change_pin"] = Answer()
    lines = walk(tmp_path, COLLECT, "12# 204060 204061 204060", bank)
    assert heard(lines) == ["new", "bad new", "again", "differs again", "bye"]
    assert bank.requests[0][1].kept["new_pin"].reveal() == "204060"
    assert "204060" not in repr(lines) + repr(bank.requests)


OFFICE = """\
  first: {kind: branch, on: office, cases: {open: person, closed: score}, otherwise: person}
  score:
    {kind: survey, prompts: [score], no_input: [no], invalid: [bad], next: leave, failed: bye}
  leave: {kind: voicemail, prompts: [record]}
"""


@pytest.mark.parametrize(
    ("hour", "keys", "end"),
    [(9, "", "queue"), (21, "4", "voicemail"), (21, "9 5", "voicemail"), (21, "", "hangup")],
)
def test_office_hours_a_score_and_a_message(
    tmp_path: Path, hour: int, keys: str, end: str
) -> None:
    calendar = Calendar(hours={"workday": read_window("08:30-20:00"), "weekend": None})
    moment = calendar.moment(dt.datetime(2026, 3, 2, hour, tzinfo=dt.UTC))
    lines = walk(tmp_path, OFFICE, keys, demo_bank(), lambda: moment)
    assert lines[-1].text.startswith(end)
    told = [line.text for line in lines if "SurveyAnswered" in line.text]
    score = keys[-1:]
    assert told == ([f"HotlineSurveyAnswered,call_id:simulated,score:{score}"] if score else [])


def test_a_kind_of_day_without_hours_is_closed_and_an_unnamed_one_open() -> None:
    calendar = Calendar(hours={"weekend": None})
    saturday, monday = dt.datetime(2026, 3, 7, 12), dt.datetime(2026, 3, 2, 3)  # noqa: DTZ001  # the bank's own clock
    assert not calendar.moment(saturday).is_open
    assert calendar.moment(monday).is_open
    assert ALWAYS.holds(0)
    assert ALWAYS.holds(1439)


def test_a_transfer_names_one_of_the_settings(tmp_path: Path) -> None:
    lines = walk(
        tmp_path, "  first: {kind: transfer, to: insurer, prompts: [hold]}\n", "", demo_bank()
    )
    assert "HOTLINE_TRANSFER=insurer" in lines[-1].text
    assert lines[-1].text.startswith("transfer")
