"""Alarms over boards: what raises one, what clears it, and that none flaps."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.alarms import Alarm, AlarmBoard, AlarmRule, applied
from cti.board import AgentBoard
from cti.core import events as ev
from tests.alarm_kit import NOW, agent, board, queue, rule

LEVEL = rule("service_level", 70, 80, hold=30.0, quiet=60.0, least=10)
WAIT = rule("wait", 120, 90, quiet=10.0)


def kinds(events: list[ev.AlarmRaised | ev.AlarmCleared | ev.AlarmAcknowledged]) -> list[str]:
    return [type(event).__name__ for event in events]


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (rule("wrap_up", 180), agent("wrap_up", NOW - 181)),
        (rule("pause", 900), agent("paused", NOW - 901, reason="break")),
        (rule("pause", 900, reasons=("break",)), agent("paused", NOW - 901, reason="break")),
        (rule("call", 600), agent("on_call", NOW - 601)),
        (rule("call", 600), agent("on_hold", NOW - 5, connected_at=NOW - 601)),
        (rule("call", 600, teams=("loans",)), agent("on_call", NOW - 601)),
        (rule("call", 600, queues=("vip",)), agent("on_call", NOW - 601, queue="vip")),
        (rule("wrap_up", 180, queues=("service",)), agent("wrap_up", NOW - 181)),
    ],
)
def test_an_agent_too_long_in_a_state_is_told_once_and_cleared_with_the_state(
    made: AlarmRule, shown: AgentBoard
) -> None:
    alarms, teams = AlarmBoard(), {"1001": "loans"}
    [raised] = alarms.look(board(NOW, shown), [made], teams)
    assert isinstance(raised, ev.AlarmRaised)
    assert (raised.subject, raised.limit, raised.value) == (
        "1001",
        made.raise_at,
        made.raise_at + 1,
    )
    assert alarms.look(board(NOW + 1, shown), [made], teams) == []
    [cleared] = alarms.look(board(NOW + 5, agent("available", NOW + 4)), [made], teams)
    assert isinstance(cleared, ev.AlarmCleared)
    assert (cleared.alarm_id, cleared.stood) == (raised.alarm_id, 5.0)
    assert alarms.standing == ()


@pytest.mark.parametrize(
    ("made", "shown"),
    [
        (rule("wrap_up", 180), agent("wrap_up", NOW - 180)),
        (rule("pause", 900), agent("wrap_up", NOW - 901)),
        (rule("pause", 900, reasons=("lunch",)), agent("paused", NOW - 901, reason="break")),
        (rule("call", 600), agent("on_call", NOW - 601, connected_at=None)),
        (rule("call", 600, teams=("cards",)), agent("on_call", NOW - 601)),
        (rule("call", 600, queues=("vip",)), agent("on_call", NOW - 601, queue="service")),
    ],
)
def test_who_is_in_time_or_not_meant_is_left_alone(made: AlarmRule, shown: AgentBoard) -> None:
    assert AlarmBoard().look(board(NOW, shown), [made], {"1001": "loans"}) == []


def test_a_queue_of_the_rule_alone_is_looked_at() -> None:
    only = msgspec.structs.replace(WAIT, queues=("vip",))
    shown = board(NOW, queue("service", longest_wait=500.0), queue("vip", longest_wait=121.0))
    assert [event.subject for event in AlarmBoard().look(shown, [only], {})] == ["vip"]


def test_a_service_level_must_stay_low_to_raise_and_stay_high_to_clear() -> None:
    alarms = AlarmBoard()

    def look(at: float, level: float | None) -> list[str]:
        return kinds(alarms.look(board(NOW + at, queue(level=level)), [LEVEL], {}))

    assert look(0, 0.69) == []
    assert look(20, 0.75) == []  # well again before 30 s: the waiting begins anew
    assert look(25, 0.60) == []
    assert look(54, 0.60) == []
    assert look(55, 0.60) == ["AlarmRaised"]
    for at, level in enumerate((0.71, 0.79, 0.69, 0.75)):  # between the two nothing changes
        assert look(60 + at, level) == []
    assert look(100, 0.85) == []
    assert look(130, 0.79) == []  # and the quiet begins anew
    assert look(140, 0.85) == []
    assert look(199, 0.85) == []
    assert look(200, 0.85) == ["AlarmCleared"]


def test_few_calls_and_an_unknown_window_say_nothing() -> None:
    few = msgspec.structs.replace(LEVEL, least=21, hold=0.0)
    alarms = AlarmBoard()
    assert alarms.look(board(NOW, queue(level=0.1)), [few], {}) == []
    [raised] = alarms.look(
        board(NOW, queue(level=0.1)), [msgspec.structs.replace(few, least=20)], {}
    )
    blind = queue(level=0.1)
    del blind.windows["quarter"]
    total = queue("")
    del total.windows["quarter"]
    looking_back = msgspec.structs.replace(board(NOW + 1, blind), total=total)
    assert alarms.look(looking_back, [LEVEL], {}) == []
    assert [alarm.alarm_id for alarm in alarms.standing] == [raised.alarm_id]


@given(
    waits=st.lists(st.floats(0, 300, allow_nan=False), min_size=1, max_size=60),
)
def test_however_the_wait_moves_raising_and_clearing_alternate_and_clearing_takes_time(
    waits: list[float],
) -> None:
    alarms, told = AlarmBoard(), []
    for second, wait in enumerate(waits):
        told += alarms.look(board(NOW + second, queue(longest_wait=wait)), [WAIT], {})
    assert [type(e) for e in told[::2]] == [ev.AlarmRaised] * len(told[::2])
    assert [type(e) for e in told[1::2]] == [ev.AlarmCleared] * len(told[1::2])
    for raised, cleared in zip(told[::2], told[1::2], strict=False):
        assert cleared.at - raised.at >= WAIT.quiet
    assert len(alarms.standing) == len(told) % 2


def test_who_saw_it_first_stays_and_a_rule_that_is_gone_takes_its_alarm_along() -> None:
    alarms = AlarmBoard()
    shown = board(NOW, queue(longest_wait=200.0))
    [raised] = alarms.look(shown, [WAIT], {})
    seen = alarms.acknowledge(raised.alarm_id, "boss", NOW + 3)
    assert seen is not None
    assert alarms.acknowledge(raised.alarm_id, "wang", NOW + 4) is None
    assert alarms.acknowledge("nothing", "wang", NOW + 4) is None
    [standing] = alarms.standing
    assert (standing.acknowledged_by, standing.acknowledged_at) == ("boss", NOW + 3)
    [gone] = alarms.look(board(NOW + 9, queue(longest_wait=200.0)), [], {})
    assert isinstance(gone, ev.AlarmCleared)
    assert gone.why == "gone"


def test_events_tell_a_store_what_stands_and_a_restart_raises_nothing_twice() -> None:
    alarms, stored = AlarmBoard(), dict[str, Alarm]()

    def keep(events: list[ev.AlarmRaised | ev.AlarmCleared | ev.AlarmAcknowledged]) -> None:
        for event in events:
            after = applied(stored.get(event.alarm_id), event)
            assert after is not None
            stored[event.alarm_id] = after

    bad = queue(longest_wait=200.0)
    keep(alarms.look(board(NOW, bad), [WAIT], {}))
    [standing] = alarms.standing
    seen = alarms.acknowledge(standing.alarm_id, "boss", NOW + 1)
    assert seen is not None
    keep([seen])
    assert list(stored.values()) == list(alarms.standing)
    again = AlarmBoard(stored.values())
    assert again.look(board(NOW + 2, bad), [WAIT], {}) == []
    assert again.look(board(NOW + 3, queue()), [WAIT], {}) == []
    keep(again.look(board(NOW + 13, queue()), [WAIT], {}))
    [over] = stored.values()
    assert (over.acknowledged_by, over.cleared_at) == ("boss", NOW + 13)


def test_alarms_are_journalled_whole() -> None:
    raised = AlarmBoard().look(board(NOW, queue(longest_wait=200.0)), [WAIT], {})
    assert [ev.DECODER.decode(ev.ENCODER.encode(event)) for event in raised] == raised
