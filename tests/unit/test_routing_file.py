"""Routing files: what a wrong one is told, and that it changes nothing."""

import os
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest
from structlog.testing import capture_logs

import dialplans
from cti.core.routing import Window
from ivr.errors import RoutingFileError
from ivr.flow.effects import Route
from ivr.routing import Known, RoutingBook, load_routing, told_conditions, told_prefer, told_step

SHIPPED = Path(dialplans.__path__[0]) / "routing.yaml"
KNOWN = Known(queues=("service", "vip"), topics=("balance", "general"), numbers=("95500", "95501"))
GOOD = """\
priority: {gold: 20}
rules:
  - id: night
    when:
      time: [22:00-06:00, 12:00-24:00]
      weekday: fri-mon
      segment: [gold]
      topic: balance
    queue: vip
    raise: 3
    escalate:
      - {after: 60, raise: 10}
      - {after: 120, queue: service}
  - id: rest
"""


def write(folder: Path, text: str) -> Path:
    file = folder / "routing.yaml"
    file.write_text(text, encoding="utf-8")
    return file


def test_the_shipped_rules_keep_what_the_menus_did() -> None:
    known = Known(queues=KNOWN.queues, topics=("fraud", "lost_card"), numbers=())
    routing = load_routing(SHIPPED, known)
    assert routing.priority == {"diamond": 30, "gold": 20, "silver": 10, "standard": 0}
    assert [(rule.when.segment, rule.queue) for rule in routing.rules] == [
        ((), "default"),
        (("diamond", "gold"), "vip"),
        ((), "default"),
    ]
    assert routing.rules[0].when.topic == ("lost_card", "fraud")
    assert routing.rules[0].priority == 60


def test_rules_are_typed(tmp_path: Path) -> None:
    night, rest = load_routing(write(tmp_path, GOOD), KNOWN).rules
    assert night.when.time == (Window(1320, 360), Window(720, 1440))
    assert night.when.weekday == ("fri", "sat", "sun", "mon")
    assert (night.queue, night.priority, night.raise_by) == ("vip", None, 3)
    assert [step.after for step in night.escalate] == [60, 120]
    assert not rest.when.given
    assert told_conditions(night.when)[-1] == "time 22:00-06:00, 12:00-24:00"
    assert told_step(night.escalate[1]) == "120 s: queue service"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("rules:", "ruels:", 2, "did you mean 'rules'?"),
        ("gold: 20", "golden: 20", 1, "did you mean 'gold'?"),
        ("gold: 20", "gold: 2000", 1, "from 0 to 1000"),
        ("queue: vip", "queue: vpi", 9, "unknown 'vpi' (did you mean 'vip'?); accepted: service"),
        ("topic: balance", "topic: balanse", 8, "did you mean 'balance'?"),
        ("segment: [gold]", "segment: [golf]", 7, "accepted: diamond, gold"),
        ("segment: [gold]", "colour: [red]", 7, "accepted: segment, topic"),
        ("22:00-06:00", "22-6", 5, "write it like 09:00-18:00"),
        ("22:00-06:00", "06:00-06:00", 5, "begins when it ends"),
        ("fri-mon", "fri-month", 6, "did you mean 'mon'?"),
        ("raise: 3", "raise: much", 10, "a whole number"),
        ("{after: 60, raise: 10}", "{after: 60}", 12, "say what happens"),
        ("{after: 60, raise: 10}", "{after: 60, callback: no}", 12, "stands alone"),
        ("{after: 60, raise: 10}", "{after: 60, voicemail: yes}", 12, "must be the last step"),
        ("{after: 120, queue: service}", "{after: 120, voicemail: no}", 13, "stands alone"),
        ("queue: service}", "queue: service, voicemail: yes}", 13, "stands alone"),
        ("after: 120", "after: 30", 13, "grow step by step"),
        ("after: 120", "after: 99999", 13, "from 0 to 7200"),
        ("id: rest", "id: night", 14, "is there twice"),
        ("id: rest", "id: The Rest", 14, "a rule needs an 'id'"),
        ("  - id: rest\n", "", 3, "add one without 'when' at the end"),
        ("  - id: rest\n", "  - id: rest\n  - id: more\n", 14, "move it to the end"),
        (GOOD, "rules: []\n", 1, "at least one rule"),
        (GOOD, "- x\n", 1, "must be a mapping"),
        (GOOD, "rules: [\n", 2, "not YAML"),
    ],
)
def test_errors_name_the_place_and_what_is_accepted(
    tmp_path: Path, old: str, new: str, line: int, words: str
) -> None:
    assert old in GOOD
    file = write(tmp_path, GOOD.replace(old, new))
    with pytest.raises(RoutingFileError) as caught:
        load_routing(file, KNOWN)
    assert str(caught.value).startswith(f"{file}:{line}: ")
    assert words in str(caught.value)


def test_a_callback_step_is_read_told_and_refused_where_nobody_offers_callbacks(
    tmp_path: Path,
) -> None:
    file = write(tmp_path, GOOD.replace("raise: 10}", "callback: yes}"))
    night = load_routing(file, KNOWN).rules[0]
    assert (night.escalate[0].callback, night.escalate[1].queue) == (True, "service")
    assert told_step(night.escalate[0]) == "60 s: offered a callback"
    with pytest.raises(RoutingFileError, match=r":12: .*no queue offers callbacks"):
        load_routing(file, msgspec.structs.replace(KNOWN, callbacks=False))


def wanted(segment: str) -> Route:
    return Route(
        segment=segment,
        topic="general",
        verified="none",
        language="zh",
        dnis="95500",
        default_queue="service",
    )


def edit(file: Path, text: str, stamp: int) -> None:
    file.write_text(text, encoding="utf-8")
    os.utime(file, ns=(stamp, stamp))


def test_an_edit_is_taken_and_a_broken_one_refused(tmp_path: Path) -> None:
    file = write(tmp_path, GOOD)
    known = [KNOWN]
    book = RoutingBook(file, lambda: known[0], now=lambda: datetime(2026, 3, 2, 12, tzinfo=UTC))
    assert book.route(wanted("gold")).queue == "service"
    edit(file, "rules: [{id: all, queue: vip}]\n", 1)
    assert book.route(wanted("gold")).queue == "vip"
    edit(file, "rules: [{id: all, queue: vpi}]\n", 2)
    with capture_logs() as logs:
        assert book.route(wanted("gold")).queue == "vip"
        assert book.route(wanted("gold")).queue == "vip"
    refused = [line for line in logs if line["event"] == "routing_refused"]
    assert len(refused) == 1
    assert f"{file}:1: " in refused[0]["error"]
    file.unlink()
    assert book.route(wanted("gold")).queue == "vip"
    edit(file, "rules: [{id: back, queue: service}]\n", 3)
    assert book.route(wanted("gold")).rule == "back"
    edit(file, "rules: [{id: loans, when: {topic: loan}}, {id: rest}]\n", 4)
    assert book.route(wanted("gold")).rule == "back"
    known[0] = Known(queues=KNOWN.queues, topics=("loan",))  # a menu was edited meanwhile
    edit(file, "rules: [{id: loans, when: {topic: loan}}, {id: rest}]\n", 5)
    assert book.route(wanted("gold")).rule == "rest"


def test_a_preference_is_read_and_told(tmp_path: Path) -> None:
    text = "rules: [{id: known, prefer: {last_agent: 36h, wait: 15}}]"
    [rule] = load_routing(write(tmp_path, text)).rules
    assert rule.prefer is not None
    assert (rule.prefer.within, rule.prefer.wait) == (36 * 3600, 15)
    assert told_prefer(rule.prefer) == "first the agent of the last 1.5 d, for 15 s"


@pytest.mark.parametrize(
    ("prefer", "told"),
    [
        ("{wait: 20}", "like 7d, 12h or 30m"),
        ("{last_agent: 7}", "like 7d, 12h or 30m"),
        ("{last_agent: 7d, wait: 4}", "5 to 60 seconds"),
        ("{last_agent: 7d, wait: 61}", "0 to 60"),
        ("{last_agnt: 7d}", "did you mean 'last_agent'"),
    ],
)
def test_a_wrong_preference_is_refused(tmp_path: Path, prefer: str, told: str) -> None:
    with pytest.raises(RoutingFileError, match=told):
        load_routing(write(tmp_path, f"rules: [{{id: known, prefer: {prefer}}}]"))
