"""The board: living state and the figures of three windows, from the journal alone."""

import itertools
from zoneinfo import ZoneInfo

import pytest

from cti.board import Board, BoardRules, board, expected_wait
from cti.core import events as ev
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from cti.core.world import Rules, World
from cti.history.figures import Figures
from cti.history.keeper import HistoryKeeper, Live
from cti.journal.memory import MemoryJournal

ZONE = ZoneInfo("Asia/Shanghai")
NOON = 1_795_492_800.0  # 2026-11-24 12:00 in Shanghai
ONE, SERVICE, VIP = AgentId("1001"), QueueName("service"), QueueName("vip")
RULES = BoardRules(limits={SERVICE: 20, VIP: 10})
_NUMBERS = itertools.count(1)


def served(at: float, wait: float, *, queue: QueueName = SERVICE) -> list[ev.DomainEvent]:
    """A call that is answered after ``wait`` seconds and talks for a minute."""
    call_id = CallId(f"call-{next(_NUMBERS)}")
    end = at + wait + 60
    return [
        arrived(call_id, at),
        ev.CallQueued(at=at, call_id=call_id, queue=queue, position=1),
        ev.AgentRinging(at=at + wait - 1, call_id=call_id, agent_id=ONE, queue=queue),
        ev.CallConnected(
            at=at + wait, call_id=call_id, agent_id=ONE, queue=queue, wait_time=wait, ring_time=1.0
        ),
        ev.CallCompleted(
            at=end, call_id=call_id, agent_id=ONE, queue=queue, talk_time=60.0, ended_by="agent"
        ),
        ev.CallEnded(at=end, call_id=call_id, cause=16, ended_by="agent"),
    ]


def arrived(call_id: CallId, at: float) -> ev.CallArrived:
    return ev.CallArrived(
        at=at,
        call_id=call_id,
        uniqueid=f"u-{call_id}",
        linkedid="l",
        dnis="95500",
        trunk="carrier",
        caller_pseudonym="",
    )


DAY = [
    *served(NOON - 13 * 3600, 5),  # yesterday
    *served(NOON - 3 * 3600, 30),
    *served(NOON - 1800, 10),
    *served(NOON - 300, 25, queue=VIP),
]


async def live_of(journal: MemoryJournal, now: float = NOON) -> tuple[HistoryKeeper, Live]:
    keeper = HistoryKeeper(journal, ZONE)
    await keeper.start()
    await keeper.figures(0, 1)
    await keeper._look_back()  # what the keeper's own task does a second later
    return keeper, await keeper.live(now)


def shown(found: Board) -> dict[tuple[str, str], tuple[int, float | None]]:
    return {
        (queue.queue, window): (measures.answered, measures.service_level)
        for queue in (found.total, *found.queues)
        for window, measures in queue.windows.items()
    }


EXPECTED = {
    ("", "today"): (3, 1 / 3),
    ("", "hour"): (2, 0.5),
    ("", "quarter"): (1, 0.0),
    ("service", "today"): (2, 0.5),
    ("service", "hour"): (1, 1.0),
    ("service", "quarter"): (0, None),
    ("vip", "today"): (1, 0.0),
    ("vip", "hour"): (1, 0.0),
    ("vip", "quarter"): (1, 0.0),
}


@pytest.mark.parametrize("cut", [0, 7, 13, len(DAY)])
async def test_each_window_counts_what_happened_in_it_wherever_a_checkpoint_lies(cut: int) -> None:
    journal = MemoryJournal()
    if cut:
        await journal.append(DAY[:cut])
        first = HistoryKeeper(journal, ZONE)
        await first.start()
        await first.stop()
        assert await journal.checkpoint() is not None
    await journal.append(DAY[cut:])
    keeper, live = await live_of(journal)
    assert shown(board(World(Rules(pseudonym_key=b"")), live, NOON, RULES)) == EXPECTED
    await keeper.stop()
    again, later = await live_of(journal)
    assert shown(board(World(Rules(pseudonym_key=b"")), later, NOON, RULES)) == EXPECTED
    await again.stop()


async def test_a_checkpoint_on_the_way_counts_nothing_twice() -> None:
    journal = MemoryJournal()
    await journal.append(DAY[:6])
    keeper, _ = await live_of(journal, NOON - 7200)
    for event in DAY[6:]:
        await journal.append([event])
        await keeper.live(NOON - 100)
        await keeper._save()
    found = board(World(Rules(pseudonym_key=b"")), await keeper.live(NOON), NOON, RULES)
    assert shown(found) == EXPECTED
    tomorrow = await keeper.live(NOON + 86_400)
    assert not tomorrow.today
    assert tomorrow.hour is not None
    assert not tomorrow.hour
    await keeper.stop()


def test_living_callers_and_agents_stand_on_the_board() -> None:
    world = World(Rules(pseudonym_key=b""))
    menu, waiting = CallId("m"), CallId("w")
    world.restore(
        [
            arrived(menu, NOON - 20),
            ev.MenuEntered(at=NOON - 19, call_id=menu, flow="main", node="main", language="zh"),
            arrived(waiting, NOON - 50),
            ev.CallQueued(at=NOON - 40, call_id=waiting, queue=SERVICE, position=1),
            ev.AgentStateChanged(at=NOON - 90, agent_id=ONE, state="paused", reason="lunch"),
        ]
    )
    live = Live(NOON - 43_200, Figures(), None, None)
    found = board(world, live, NOON, RULES, {VIP: 2})
    assert found.in_menu == 1
    service, vip = found.queues
    assert (service.waiting, service.longest_wait, vip.callbacks) == (1, 40.0, 2)
    assert (found.total.waiting, found.total.callbacks) == (1, 2)
    assert set(found.total.windows) == {"today"}
    [agent] = found.agents
    assert (agent.state, agent.reason, agent.today.paused_time) == ("paused", "lunch", 90.0)
    assert agent.today.occupancy is None


@pytest.mark.parametrize(
    ("waiting", "agents", "handling", "expected"),
    [
        (0, {}, 60.0, None),
        (0, {"paused": 3}, 60.0, None),
        (0, {"available": 1}, None, 0.0),
        (1, {"available": 2}, 60.0, 0.0),
        (0, {"on_call": 2}, 60.0, 30.0),
        (3, {"on_call": 2, "wrap_up": 2}, 60.0, 60.0),
        (3, {"on_call": 2}, None, None),
    ],
)
def test_the_expected_wait(
    waiting: int,
    agents: dict[ev.AgentState, int],
    handling: float | None,
    expected: float | None,
) -> None:
    assert expected_wait(waiting, agents, handling) == expected


@pytest.mark.parametrize(("known", "tier"), [("gold", "gold"), ("", None), ("=evil", None)])
def test_an_agents_row_has_the_tier_of_the_present_call(known: str, tier: str | None) -> None:
    world = World(Rules(pseudonym_key=b""))
    call = CallId("c")
    about = {"call_id": call, "agent_id": ONE, "queue": SERVICE}
    world.restore(
        [
            arrived(call, NOON - 50),
            ev.CallerRecognised(
                at=NOON - 49,
                call_id=call,
                status="recognised",
                customer_id=CustomerId("C1"),
                segment=known,
            ),
            ev.CallQueued(at=NOON - 40, call_id=call, queue=SERVICE, position=1),
            ev.CallConnected(at=NOON - 30, wait_time=10.0, ring_time=2.0, **about),
            ev.AgentStateChanged(at=NOON - 30, agent_id=ONE, state="on_call", call_id=call),
        ]
    )
    [agent] = board(world, Live(NOON - 43_200, Figures(), None, None), NOON, RULES).agents
    assert (agent.segment, agent.connected_at) == (tier, NOON - 30)
