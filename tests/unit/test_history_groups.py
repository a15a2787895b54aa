"""Figures by topic, segment and menu node: the fold, the reports, the command and their words."""

import asyncio
import json
import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from cti.core import events as ev
from cti.core.ids import AgentId, CallId, CustomerId
from cti.history.figures import Figures, GroupFigures, GroupKey, QueueKey
from cti.history.fold import HistoryFold, decode, encode
from cti.history.report import group_report, node_report
from cti.journal.sqlite import SqliteJournal
from hotline import db, reports
from hotline.report_words import NAME, WORDS, unit_of
from tests.unit.test_history_fold import NOON, ONE, SERVICE, ZONE
from tests.unit.test_history_report import arrived, run

_DOCS = Path(__file__).parents[2] / "docs" / "figures.md"
_WANG = CustomerId("C1")


def walk(
    name: str,
    at: float,
    *nodes: str,
    segment: str = "",
    served: bool = False,
    message: bool = False,
) -> Iterator[ev.DomainEvent]:
    """A caller in the menu, ten seconds a node; ``served`` by the last one."""
    call = CallId(name)
    yield arrived(call, at)
    if segment:
        yield ev.CallerRecognised(
            at=at + 1, call_id=call, status="recognised", customer_id=_WANG, segment=segment
        )
    for place, node in enumerate(nodes):
        yield ev.MenuEntered(
            at=at + 10 * place, call_id=call, flow="main", node=node, language="zh"
        )
    end = at + 10 * len(nodes)
    if served:
        yield ev.SelfServiceDone(at=end - 1, call_id=call, service="balance", outcome="ok")
    if message:
        yield ev.VoicemailLeft(at=end - 1, call_id=call, seconds=9)


def gone(name: str, at: float) -> ev.CallEnded:
    return ev.CallEnded(at=at, call_id=CallId(name), cause=16, ended_by="caller")


def talk(name: str, at: float, topic: str, *, agent: AgentId = ONE) -> Iterator[ev.DomainEvent]:
    """The caller waits 15 s, talks 60 and is told of two offers, one of them twice."""
    call = CallId(name)
    yield ev.CallQueued(at=at, call_id=call, queue=SERVICE, position=1, reason=topic)
    yield ev.AgentRinging(at=at + 5, call_id=call, agent_id=agent, queue=SERVICE)
    yield ev.CallConnected(
        at=at + 15,
        call_id=call,
        agent_id=agent,
        queue=SERVICE,
        wait_time=15.0,
        ring_time=10.0,
    )
    for kind, offer in (
        (ev.OfferPresented, "gold"),
        (ev.OfferAccepted, "gold"),
        (ev.OfferDeclined, "loan"),
    ):
        yield kind(
            at=at + 30,
            call_id=call,
            agent_id=agent,
            customer_id=_WANG,
            offer_id=offer,
            rank=1,
        )
    yield ev.CallCompleted(
        at=at + 75,
        call_id=call,
        agent_id=agent,
        queue=SERVICE,
        talk_time=60.0,
        ended_by="agent",
    )
    yield ev.WrapUpStarted(at=at + 75, call_id=call, agent_id=agent, queue=SERVICE, until=at + 105)
    yield ev.MenuEntered(at=at + 75, call_id=call, flow="survey", node="score", language="zh")
    yield ev.SurveyAnswered(at=at + 80, call_id=call, score=4)
    yield gone(name, at + 81)
    yield ev.WrapUpEnded(
        at=at + 95, call_id=call, agent_id=agent, wrap_up_time=20.0, ended_by="agent"
    )


def some() -> list[ev.DomainEvent]:
    """One caller of each fate."""
    return [
        *walk("solved", NOON, "menu", "balance", segment="gold", served=True),
        gone("solved", NOON + 20),
        *walk("left", NOON + 100, "menu"),
        gone("left", NOON + 104),
        *walk("message", NOON + 200, "menu", "message", message=True),
        gone("message", NOON + 220),
        *walk("reached", NOON + 300, "menu", "agent", segment="gold"),
        *talk("reached", NOON + 320, "cards"),
        *walk("lost", NOON + 890, "menu"),
        ev.CallQueued(
            at=NOON + 895, call_id=CallId("lost"), queue=SERVICE, position=1, reason="cards"
        ),
        ev.CallAbandoned(
            at=NOON + 925, call_id=CallId("lost"), queue=SERVICE, position=1, wait_time=30.0
        ),
        gone("lost", NOON + 925),
    ]


def fold(events: list[ev.DomainEvent]) -> Figures:
    made = HistoryFold(ZONE)
    for seq, event in enumerate(events, start=1):
        made.feed(seq, event)
    return made.take()


def total(figures: Figures, kind: str, name: str) -> GroupFigures:
    return figures.together().groups[GroupKey(0, kind, name)]  # type: ignore[arg-type] # a kind


def test_every_call_has_one_fate() -> None:
    row = total(fold(some()), "all", "")
    assert (row.arrived, row.calls) == (5, 5)
    assert (row.solved, row.messages, row.hung_up) == (1, 1, 1)
    assert (row.reached, row.gave_up, row.turned_away) == (1, 1, 0)
    assert row.calls == sum(
        getattr(row, name)
        for name in ("solved", "messages", "hung_up", "reached", "gave_up", "turned_away")
    )


def test_topics_and_segments_have_what_their_calls_had() -> None:
    figures = fold(some())
    cards = total(figures, "topic", "cards")
    assert (cards.offered, cards.answered, cards.abandoned) == (2, 1, 1)
    assert (cards.wait_answered_ms, cards.wait_abandoned_ms) == (15_000, 30_000)
    assert (cards.talk_ms, cards.wrap_up_ms, cards.score_4) == (60_000, 20_000, 1)
    gold, nobody = total(figures, "segment", "gold"), total(figures, "segment", "")
    assert (gold.solved, gold.reached, nobody.hung_up, nobody.gave_up) == (1, 1, 1, 1)
    assert (gold.offers_presented, gold.offers_accepted, gold.offers_declined) == (2, 1, 1)
    assert nobody.offers_presented == 0
    [topic] = group_report(
        figures,
        "topic",
        by="whole",
        zone=ZONE,
        since=NOON,
        limit=lambda _: 20,
        formula="of_offered",
    )
    assert (topic.name, topic.measures.service_level, topic.measures.mean_score) == (
        *("cards", 0.5, 4.0),
    )


def test_nodes_say_where_callers_went_and_where_they_hung_up() -> None:
    figures = fold(some())
    lines = node_report(figures, by="whole", zone=ZONE, since=NOON)
    by_name = {line.name: line.measures for line in lines}
    menu = by_name["main/menu"]
    assert (menu.entered, menu.went_on, menu.queued, menu.hung_up) == (5, 3, 1, 1)
    assert menu.mean_time == (10 + 4 + 10 + 10 + 5) / 5
    assert menu.hang_up_rate == 1 / 5
    balance = by_name["main/balance"]
    assert (balance.services, balance.solved, balance.hung_up) == (1, 1, 0)
    assert by_name["main/agent"].queued == 1
    survey = by_name["survey/score"]
    assert (survey.entered, survey.hung_up) == (1, 0), "who was served has not hung up unserved"
    assert [
        line.name
        for line in node_report(figures, by="whole", zone=ZONE, since=NOON, flows={"survey"})
    ] == ["survey/score"]


def test_waiting_counts_in_each_quarter_that_it_touches() -> None:
    figures = fold(some())
    first, second = (figures.queues[QueueKey(int(NOON) + s, SERVICE)] for s in (0, 900))
    assert (first.waiting_ms, second.waiting_ms) == (20_000, 25_000)


def test_a_callback_that_we_dialled_is_no_arrival() -> None:
    call = ev.CallArrived(
        at=NOON,
        call_id=CallId("back"),
        uniqueid="u",
        linkedid="l",
        dnis="",
        trunk="carrier",
        caller_pseudonym="",
        callback_id="cb",  # type: ignore[arg-type] # an id
    )
    assert not fold([call, gone("back", NOON + 5)]).groups


def test_older_routes_tell_the_segment_too() -> None:
    call = CallId("old")
    figures = fold(
        [
            arrived(call, NOON),
            ev.CallRouted(
                at=NOON, call_id=call, rule="r", queue=SERVICE, priority=1,
                reasons=("segment=silver",),
            ),
            ev.CallQueued(at=NOON, call_id=call, queue=SERVICE, position=1),
        ]
    )  # fmt: skip
    assert total(figures, "segment", "silver").offered == 1


@pytest.mark.parametrize("seed", range(3))
def test_checkpoints_anywhere_change_nothing(seed: int) -> None:
    events = sorted(
        (
            event
            for n in range(60)
            for event in (
                *walk(f"c{n}", NOON + 31 * n, "menu", "agent", segment="gold"),
                *talk(f"c{n}", NOON + 31 * n + 20, "cards" if n % 2 else "loans"),
            )
        ),
        key=lambda event: event.at,
    )
    rng = random.Random(seed)  # noqa: S311 -- places to cut, no secret
    cuts = set(rng.sample(range(1, len(events)), 6))
    stored, part = Figures(), HistoryFold(ZONE)
    for seq, event in enumerate(events, start=1):
        part.feed(seq, event)
        if seq in cuts:
            stored.add(part.take())
            part = HistoryFold(ZONE, decode(encode(part.state())))
    assert stored.add(part.take()) == fold(events)


def test_what_boards_need_not_is_left_out_on_demand() -> None:
    made = HistoryFold(ZONE, by_call=False)
    for seq, event in enumerate(some(), start=1):
        made.feed(seq, event)
    assert made.pending.queues
    assert not (made.pending.groups)
    assert not (made.pending.nodes)
    assert not (made.pending.group_waits)
    assert set(fold(some()).board().rows()[0]) == set(made.pending.queues)


def test_every_figure_has_words_a_unit_and_a_definition() -> None:
    columns = {name for names in reports.COLUMNS.values() for name in names}
    assert columns == set(WORDS)
    assert set(NAME) == set(reports.COLUMNS)
    told = _DOCS.read_text(encoding="utf-8")
    assert [name for name in sorted(columns) if f"`{name}`" not in told] == []
    assert {unit_of(name) for name in columns} == {"count", "share", "seconds", "number"}


def test_the_command_reports_topics_segments_and_nodes(tmp_path: Path) -> None:
    config = tmp_path / "hotline.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n', encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'hotline.db'}"
    db.upgrade(url)

    async def fill() -> None:
        journal = SqliteJournal.open(db.sqlite_path(url))
        await journal.append(some())
        await journal.close()

    asyncio.run(fill())
    span = ("--since", "2026-11-24", "--until", "2026-11-25", "--json")
    [cards] = json.loads(run(config, "topics", *span))
    assert (cards["topic"], cards["offered"], cards["service_level"]) == ("cards", 2, 0.5)
    rows = {row["segment"]: row for row in json.loads(run(config, "segments", *span))}
    assert rows["gold"]["acceptance_rate"] == 0.5
    assert rows[""]["calls"] == 3
    assert [r["segment"] for r in json.loads(run(config, "segments", *span, "--segment", "gold"))]
    nodes = json.loads(run(config, "nodes", *span, "--by", "quarter"))
    assert {"main/menu", "survey/score"} <= {row["node"] for row in nodes}
    shown = run(config, "segments", *span[:-1])
    assert "unknown" in shown
    assert "50.0%" in shown
    assert "4.00" in run(config, "topics", *span[:-1])
    run(config, "nodes", *span[:-1], "--xlsx", str(tmp_path / "n.xlsx"))
    assert (tmp_path / "n.xlsx").stat().st_size > 1000
