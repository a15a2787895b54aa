"""The fold of the journal: figures, checkpoints anywhere, and the state behind them."""

import itertools
import random
from collections.abc import Iterator
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pytest

from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from cti.history.figures import AgentKey, Figures, QueueKey, WaitKey, day_start, quarter
from cti.history.fold import HistoryFold, decode, encode
from cti.history.keeper import HistoryKeeper
from cti.journal.memory import MemoryJournal

ZONE = ZoneInfo("Asia/Shanghai")
NOON = 1_795_492_800.0  # 2026-11-24 12:00 in Shanghai, a full hour
SERVICE, VIP = QueueName("service"), QueueName("vip")
ONE, TWO = AgentId("1001"), AgentId("1002")


def call(number: int, at: float, *, answered: bool = True) -> Iterator[ev.DomainEvent]:
    """One call that waits 12.4 s: answered after a miss, held 5 s of 65, 20 s of wrap-up."""
    call_id = CallId(f"call-{number}")
    yield ev.CallArrived(
        at=at,
        call_id=call_id,
        uniqueid=f"u-{number}",
        linkedid=f"u-{number}",
        dnis="95500",
        trunk="carrier",
        caller_pseudonym="",
    )
    yield ev.CallQueued(at=at + 10, call_id=call_id, queue=SERVICE, position=1)
    if not answered:
        yield ev.CallAbandoned(
            at=at + 40, call_id=call_id, queue=SERVICE, position=1, wait_time=30.0
        )
        yield ev.CallEnded(at=at + 40, call_id=call_id, cause=16, ended_by="caller")
        return
    yield ev.AgentRinging(at=at + 11, call_id=call_id, agent_id=TWO, queue=SERVICE)
    yield ev.AgentMissed(at=at + 20, call_id=call_id, agent_id=TWO, queue=SERVICE, ring_time=9.0)
    yield ev.AgentRinging(at=at + 20, call_id=call_id, agent_id=ONE, queue=SERVICE)
    yield ev.CallConnected(
        at=at + 22.4,
        call_id=call_id,
        agent_id=ONE,
        queue=SERVICE,
        wait_time=12.4,
        ring_time=2.4,
    )
    yield ev.CallHeld(at=at + 30, call_id=call_id, agent_id=ONE)
    yield ev.CallResumed(at=at + 35, call_id=call_id, agent_id=ONE)
    yield ev.CallCompleted(
        at=at + 87.4,
        call_id=call_id,
        agent_id=ONE,
        queue=SERVICE,
        talk_time=65.0,
        ended_by="caller",
    )
    yield ev.WrapUpStarted(
        at=at + 87.4, call_id=call_id, agent_id=ONE, queue=SERVICE, until=at + 117.4
    )
    yield ev.CallEnded(at=at + 87.5, call_id=call_id, cause=16, ended_by="caller")
    yield ev.CallDisposed(at=at + 100, call_id=call_id, agent_id=ONE, disposition="solved")
    yield ev.WrapUpEnded(
        at=at + 107.4, call_id=call_id, agent_id=ONE, wrap_up_time=20.0, ended_by="agent"
    )


def day(calls: int) -> list[ev.DomainEvent]:
    """Overlapping calls, in the order in which their events happened."""
    events = itertools.chain.from_iterable(
        call(n, NOON + 37 * n, answered=n % 4 != 3) for n in range(calls)
    )
    return sorted(events, key=lambda event: event.at)


def fold(events: list[ev.DomainEvent]) -> HistoryFold:
    made = HistoryFold(ZONE)
    for seq, event in enumerate(events, start=1):
        made.feed(seq, event)
    return made


def test_one_call_counts_where_it_happened() -> None:
    figures = fold(list(call(1, NOON))).take()
    start = int(NOON)
    row = figures.queues[QueueKey(start, SERVICE)]
    assert (row.offered, row.answered, row.abandoned, row.missed) == (1, 1, 0, 1)
    assert (row.wait_answered_ms, row.talk_ms, row.hold_ms) == (12_400, 65_000, 5_000)
    assert (row.wrap_up_ms, row.completed, row.wrapped_up) == (20_000, 1, 1)
    one = figures.agents[AgentKey(start, ONE, SERVICE)]
    assert (one.offered, one.answered, one.missed, one.disposed) == (1, 1, 0, 1)
    assert (one.ring_ms, one.talk_ms, one.hold_ms, one.wrap_up_ms) == (
        2_400,
        65_000,
        5_000,
        20_000,
    )
    two = figures.agents[AgentKey(start, TWO, SERVICE)]
    assert (two.offered, two.answered, two.missed, two.ring_ms) == (1, 0, 1, 9_000)
    assert figures.waits == {WaitKey(start, SERVICE, "answered", 13): 1}


@pytest.mark.parametrize("kind", ["agent", "attended"])
def test_a_colleague_who_takes_over_is_no_second_answer_of_the_queue(
    kind: Literal["agent", "attended"],
) -> None:
    first = [one for one in call(1, NOON) if one.at < NOON + 87]
    who: dict[str, Any] = {"at": NOON + 60, "call_id": CallId("call-1")}
    talk = ev.CallCompleted(agent_id=ONE, queue=SERVICE, talk_time=37.6, ended_by="agent", **who)
    sent = ev.CallTransferred(agent_id=ONE, kind=kind, target=TWO, **who)
    taken = ev.CallConnected(agent_id=TWO, queue=SERVICE, wait_time=0.0, ring_time=3.0, **who)
    figures = fold([*first, talk, sent, taken]).take()
    start = int(NOON)
    row = figures.queues[QueueKey(start, SERVICE)]
    assert (row.offered, row.answered, row.completed, row.wait_answered_ms) == (1, 1, 1, 12_400)
    assert figures.waits == {WaitKey(start, SERVICE, "answered", 13): 1}
    assert sum(each.answered for each in figures.agents.values()) == 2
    assert figures.agents[AgentKey(start, TWO, SERVICE)].ring_ms == 12_000
    assert {each.answered for each in figures.groups.values() if each.answered} == {1}


def test_an_abandoned_call_counts_in_the_quarter_of_its_end() -> None:
    figures = fold(list(call(1, NOON + 880, answered=False))).take()
    joined, gone = QueueKey(int(NOON), SERVICE), QueueKey(int(NOON) + 900, SERVICE)
    assert figures.queues[joined].offered == 1
    assert figures.queues[joined].abandoned == 0
    assert figures.queues[gone].abandoned == 1
    assert figures.queues[gone].wait_abandoned_ms == 30_000


def test_who_found_a_queue_closed_counts_there_and_was_never_offered() -> None:
    arrived, *_ = call(1, NOON)
    turned = ev.CallTurnedAway(at=NOON + 2, call_id=arrived.call_id, queue=SERVICE)
    row = fold([arrived, turned]).take().queues[QueueKey(int(NOON), SERVICE)]
    assert (row.found_closed, row.offered, row.left_queue) == (1, 0, 0)


def test_service_level_counts_for_any_limit() -> None:
    figures = fold(day(40)).take()
    assert figures.total(SERVICE).answered == 30
    assert figures.within(SERVICE, 12) == 0
    assert figures.within(SERVICE, 13) == 30
    assert figures.within(SERVICE, 30, "abandoned") == 10
    assert figures.within(VIP, 3600) == 0


@pytest.mark.parametrize("seed", range(5))
def test_checkpoints_anywhere_change_nothing(seed: int) -> None:
    events = day(150)
    assert len(events) > 1024, "ended calls must be swept on the way"
    whole = fold(events)
    rng = random.Random(seed)  # noqa: S311 -- places to cut, no secret
    cuts = sorted(rng.sample(range(1, len(events)), 6))
    stored, part = Figures(), HistoryFold(ZONE)
    for seq, event in enumerate(events, start=1):
        part.feed(seq, event)
        part.feed(seq, event)  # an entry that is read twice counts once
        if seq in cuts:
            stored.add(part.take())
            state = decode(encode(part.state()))
            assert state is not None
            part = HistoryFold(ZONE, state)
    assert stored.add(part.take()) == whole.take()
    assert part.state() == whole.state()


def test_a_state_of_another_program_is_no_state() -> None:
    assert decode(b'{"seq": "many"}') is None
    assert decode(b"") is None


@pytest.mark.parametrize(
    ("zone", "begins"),
    [("Asia/Shanghai", NOON), ("Asia/Kathmandu", NOON), ("UTC", NOON)],
)
def test_quarters_follow_the_clocks_of_the_zone(zone: str, begins: float) -> None:
    assert quarter(begins, ZoneInfo(zone)) == begins
    assert quarter(begins + 899.9, ZoneInfo(zone)) == begins
    assert quarter(begins + 900, ZoneInfo(zone)) == begins + 900


def test_days_begin_at_midnight_of_the_zone() -> None:
    assert day_start(NOON, ZONE) == NOON - 12 * 3600
    assert day_start(NOON, ZoneInfo("UTC")) == NOON - 4 * 3600


async def test_live_figures_are_those_of_the_whole_journal() -> None:
    journal, events = MemoryJournal(), day(60)
    await journal.append(events[:300])
    keeper = HistoryKeeper(journal, ZONE)
    await keeper.start()
    await keeper.stop()  # stores a checkpoint at 300
    assert (stored := await journal.checkpoint()) is not None
    assert stored.seq == 300
    again = HistoryKeeper(journal, ZONE)
    await again.start()
    await journal.append(events[300:])
    assert await again.figures(0, 1e12) == fold(events).take()
    world = HistoryFold(ZONE).world
    await again.restore(world)
    assert world.calls == fold(events).world.calls
    await again.stop()
    assert (await journal.figures(0, 1e12))[1] == fold(events).take()


async def test_a_checkpoint_of_an_older_program_is_folded_anew() -> None:
    journal, events = MemoryJournal(), day(10)
    await journal.append(events)
    first = HistoryKeeper(journal, ZONE)
    await first.start()
    await first.stop()
    stored = await journal.checkpoint()
    assert stored is not None
    old = type(stored)(seq=stored.seq, at=stored.at, format=0, state=b"{}")
    await journal.save(old, Figures(), stored.seq)
    second = HistoryKeeper(journal, ZONE)
    await second.start()
    await second.stop()
    assert (await journal.figures(0, 1e12))[1] == fold(events).take()


async def test_a_fault_in_the_figures_stops_no_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    journal = MemoryJournal()
    await journal.append(list(call(1, NOON))[:4])

    def broken(*_: object) -> None:
        raise ZeroDivisionError

    monkeypatch.setattr(HistoryFold, "_count", broken)
    keeper = HistoryKeeper(journal, ZONE)
    await keeper.start()
    world = HistoryFold(ZONE).world
    await keeper.restore(world)
    assert world.calls[CallId("call-1")].state == "queued"
    await keeper.stop()


def test_time_in_states_never_overlaps_when_the_engine_is_behind() -> None:
    fold = HistoryFold(ZoneInfo("Asia/Shanghai"))
    begin = 1_795_860_000.0
    told: tuple[tuple[float, ev.AgentState], ...] = (
        *((0.0, "available"), (10.0, "on_call"), (20.0, "wrap_up")),
        (35.0, "available"),  # our timer, fired late
        *((25.0, "ringing"), (26.0, "on_call"), (30.0, "wrap_up"), (41.0, "available")),
        (41.0, "logged_out"),
    )
    for seq, (after, state) in enumerate(told, 1):
        fold.feed(seq, ev.AgentStateChanged(at=begin + after, agent_id=AgentId("1"), state=state))
    [row] = fold.pending.together().agents.values()
    assert row.available_ms + row.engaged_ms + row.paused_ms == 41_000
