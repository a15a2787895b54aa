"""Closed queues and announcements: in Asterisk's variables, in the routing, and in the journal."""

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.ami_actions import Action
from cti.core import events as ev
from cti.core import user_events as ue
from cti.core.ids import QueueName
from cti.core.routing import Conditions, Facts, Routing, Rule, decide
from cti.doors import decoded, encoded
from cti.errors import (
    AmiUnavailableError,
    AsteriskRefusedError,
    NotAllowedNowError,
    QueueClosedError,
    UnknownQueueError,
)
from cti.testing import FakeLink
from tests.unit.test_engine import SERVICE, VIP, Bench, settle

CLOSED, ZH, EN = "HOTLINE_CLOSED", "HOTLINE_ANNOUNCE_zh", "HOTLINE_ANNOUNCE_en"


@pytest.fixture
async def bench() -> Iterator[Bench]:
    bench = Bench()
    await bench.engine.start()
    link(bench).boot()
    await bench.engine.wait_in_step()
    link(bench).sent.clear()
    yield bench
    await bench.engine.stop()


def link(bench: Bench) -> FakeLink:
    found = bench.engine.link
    assert isinstance(found, FakeLink)
    return found


def told(bench: Bench) -> list[tuple[str, str]]:
    """Return the global variables that Asterisk was told, in order."""

    def fields(action: Action) -> dict[str, str]:
        return dict(action.fields)

    return [
        (fields(action)["Variable"], fields(action)["Value"])
        for action in link(bench).sent
        if action.name == "Setvar" and "Channel" not in fields(action)
    ]


async def events(bench: Bench) -> list[ev.DomainEvent]:
    await bench.engine.flush()
    kinds = (ev.QueueClosed, ev.QueueOpened, ev.AnnouncementSwitchedOn, ev.AnnouncementSwitchedOff)
    return [e for _, e in await bench.journal.tail(100) if isinstance(e, kinds)]


async def test_queues_close_and_open_with_who_and_why(bench: Bench) -> None:
    doors, world = bench.engine.doors, bench.engine.world
    await doors.close(world, VIP, "fire drill", "boss")
    await doors.close(world, SERVICE, "fire drill", "boss")
    await doors.open(VIP, "chief")
    assert told(bench) == [(CLOSED, ",vip,"), (CLOSED, ",service,vip,"), (CLOSED, ",service,")]
    assert doors.closed == {SERVICE}
    first, _, opened = await events(bench)
    assert isinstance(first, ev.QueueClosed)
    assert (first.queue, first.reason, first.by) == (VIP, "fire drill", "boss")
    assert isinstance(opened, ev.QueueOpened)
    assert (opened.queue, opened.by) == (VIP, "chief")


async def test_an_announcement_is_told_by_language_and_taken_back(bench: Bench) -> None:
    doors = bench.engine.doors
    await doors.announce("a1", {"zh": "/sounds/a1-zh", "en": "/sounds/a1-en"}, "storm", "boss")
    await doors.silence("a1", "boss")
    assert told(bench) == [(ZH, "/sounds/a1-zh"), (EN, "/sounds/a1-en"), (ZH, ""), (EN, "")]
    assert [type(event).__name__ for event in await events(bench)] == [
        "AnnouncementSwitchedOn",
        "AnnouncementSwitchedOff",
    ]


async def test_each_fresh_picture_tells_asterisk_everything_again(bench: Bench) -> None:
    doors = bench.engine.doors
    doors.restore([VIP], {"zh": "/sounds/a1-zh"})
    link(bench).break_down()
    await settle()
    link(bench).boot()
    await settle()
    assert told(bench) == [(CLOSED, ",vip,"), (ZH, "/sounds/a1-zh"), (EN, "")]
    assert await events(bench) == []


async def test_what_asterisk_refuses_or_never_got_changes_nothing(bench: Bench) -> None:
    doors, world = bench.engine.doors, bench.engine.world
    with pytest.raises(UnknownQueueError):
        await doors.close(world, QueueName("nowhere"), "x", "boss")
    link(bench).refusals["Setvar"] = "no"
    with pytest.raises(AsteriskRefusedError):
        await doors.close(world, VIP, "x", "boss")
    link(bench).refusals.clear()
    link(bench).break_down()
    with pytest.raises(AmiUnavailableError):
        await doors.close(world, VIP, "x", "boss")
    doors.restore([QueueName(f"q{number:030}") for number in range(40)], {})
    with pytest.raises(NotAllowedNowError):
        await doors.close(world, VIP, "x", "boss")
    assert VIP not in doors.closed
    assert await events(bench) == []


async def test_nobody_is_sent_into_a_closed_queue(bench: Bench) -> None:
    await bench.engine.doors.close(bench.engine.world, VIP, "x", "boss")
    bench.engine.world.restore(
        [
            ev.CallArrived(
                at=bench.now,
                call_id="c1",  # type: ignore[arg-type] # a NewType of str
                uniqueid="u",
                linkedid="u",
                dnis="95500",
                trunk="carrier",
                caller_pseudonym="",
            ),
            ev.CallQueued(at=bench.now, call_id="c1", queue=SERVICE, position=1),  # type: ignore[arg-type] # the same
        ]
    )
    with pytest.raises(QueueClosedError):
        await bench.engine.move_call("c1", VIP, None, "boss")  # type: ignore[arg-type] # the same


@given(st.frozensets(st.from_regex(r"[a-z][a-z0-9_-]{0,31}", fullmatch=True), max_size=20))
def test_names_survive_their_coding_and_none_is_found_in_another(names: frozenset[str]) -> None:
    queues = frozenset(QueueName(name) for name in names)
    text = encoded(queues)
    assert decoded(text) == queues
    assert all((f",{name}," in text) == (name in names) for name in (*names, "vi", "vip", "ip"))


RULES = Routing(
    rules=(
        Rule(id="gold", when=Conditions(segment=("gold",)), queue="vip", closed="default"),
        Rule(id="cards", when=Conditions(topic=("card",)), queue="cards"),
        Rule(id="rest"),
    )
)


def facts(closed: set[str], **changes: object) -> Facts:
    at = datetime(2026, 3, 2, 12, tzinfo=UTC)
    shut = frozenset(QueueName(queue) for queue in closed)
    return Facts(default_queue=SERVICE, at=at, closed=shut, **changes)  # type: ignore[arg-type] # a shorthand


@pytest.mark.parametrize(
    ("closed", "known", "queue", "away"),
    [
        (set(), {"segment": "gold", "verified": "pin"}, "vip", False),
        ({"vip"}, {"segment": "gold", "verified": "pin"}, "service", False),
        ({"vip", "service"}, {"segment": "gold", "verified": "pin"}, "vip", True),
        ({"service"}, {"segment": "gold", "verified": "pin"}, "vip", False),
        ({"cards"}, {"topic": "card"}, "cards", True),
        ({"service"}, {}, "service", True),
        ({"vip"}, {}, "service", False),
    ],
)
def test_a_closed_queue_is_replaced_as_its_rule_says_or_turns_callers_away(
    closed: set[str], known: dict[str, str], queue: str, away: bool
) -> None:
    decision = decide(RULES, facts(closed, **known))
    assert (decision.queue, decision.closed) == (queue, away)


@pytest.mark.parametrize("verified", ["none", "number"])
@given(closed=st.sets(st.sampled_from(["vip", "service", "cards"])), topic=st.sampled_from("ab"))
def test_without_the_pin_a_number_learns_nothing_from_a_closed_queue(
    verified: str, closed: set[str], topic: str
) -> None:
    topic = {"a": "card", "b": "general"}[topic]
    away = {
        segment: decide(
            RULES, facts(closed, segment=segment, verified=verified, topic=topic)
        ).closed
        for segment in ("", "gold", "standard")
    }
    assert len(set(away.values())) == 1


def test_every_word_of_the_menu_and_the_dialplan_is_understood() -> None:
    def all_of(kind: type[ue.UserEvent]) -> set[type[ue.UserEvent]]:
        return {one for sub in kind.__subclasses__() for one in {sub, *all_of(sub)}}

    assert set(ue.KINDS.values()) == all_of(ue.UserEvent)
