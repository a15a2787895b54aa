"""A busy board as the browser tests show it."""

from typing import Any, Final

from agent_console.board_messages import (
    AgentNumbers,
    AgentRow,
    BoardLegend,
    BoardPicture,
    CallLine,
    QueueNumbers,
    QueueRow,
    QueueTarget,
)
from agent_console.messages import AgentState, Segment
from agent_console.testing import queue_numbers, queue_row
from crm_lookup.model import Text

TITLES: Final = {
    "service": Text("普通客服", "Customer service"),
    "vip": Text("贵宾专线", "Priority line"),
    "loans": Text("贷款业务", "Loans"),
    "cards": Text("信用卡", "Credit cards"),
}
NAMES: Final = {
    "1001": "陈思远", "1002": "林小雨", "1003": "王建国", "1004": "李娜", "1005": "张伟",
    "1006": "刘洋", "1007": "赵敏", "1008": "孙丽", "1009": "周杰", "1010": "吴芳",
}  # fmt: skip
LEGEND: Final = BoardLegend(
    formula="of_offered",
    names=NAMES,
    teams={who: "贷款组" if int(who) % 2 else "信用卡组" for who in list(NAMES)[:8]},
    targets=tuple(
        QueueTarget(queue=queue, title=title, percent=80, seconds=20)
        for queue, title in TITLES.items()
    ),
)
_STATES: Final[tuple[AgentState, ...]] = (
    *("available", "ringing", "on_call", "on_hold", "wrap_up", "paused", "logged_out"),
)

_TIERS: Final[tuple[Segment | None, ...]] = ("gold", "diamond", None, "standard", "silver")


def numbers(answered: int, level: float) -> QueueNumbers:
    return queue_numbers(
        offered=answered + 60,
        answered=answered,
        abandoned=57,
        left_queue=3,
        found_closed=0,
        service_level=level,
        asa=24.0,
        abandon_rate=57 / (answered + 57),
        mean_talk_time=190.0,
        mean_wrap_up_time=28.0,
        aht=218.0,
    )


def row(queue: str, level: float, **changes: Any) -> QueueRow:
    windows = {
        "today": numbers(361, level),
        "hour": numbers(40, level),
        "quarter": numbers(9, 1.0),
    }
    return queue_row(queue, windows=windows, **changes)


def agent(place: int, agent_id: str, now: float) -> AgentRow:
    state = _STATES[place % len(_STATES)]
    with_call = state in ("ringing", "on_call", "on_hold", "wrap_up")
    return AgentRow(
        agent_id=agent_id,
        state=state,
        reason="lunch" if state == "paused" else "",
        since=now - 65 * (place + 1),
        queues=("service", "vip"),
        call_id=f"c{place}" if with_call else None,
        queue="service" if with_call else None,
        segment=_TIERS[place % len(_TIERS)] if with_call else None,
        today=AgentNumbers(
            offered=40,
            answered=30 + place,
            missed=place % 3,
            completed=30,
            disposed=29,
            mean_talk_time=180.0,
            mean_wrap_up_time=20.0,
            aht=200.0 + place,
            signed_in_time=9000.0,
            paused_time=400.0,
            occupancy=0.5 + place / 40,
        ),
    )


def board_picture(now: float) -> BoardPicture:
    return BoardPicture(
        at=now,
        in_menu=7,
        total=row(
            "",
            0.78,
            waiting=4,
            longest_wait=47.0,
            callbacks=1,
            agents={"available": 6, "on_call": 5},
        ),
        queues=(
            row(
                "service",
                0.74,
                waiting=3,
                longest_wait=47.0,
                agents={"on_call": 5, "wrap_up": 2, "paused": 1},
                expected_wait=95.0,
            ),
            row("vip", 0.92, callbacks=1, agents={"available": 2}, expected_wait=0.0),
            row("loans", 0.41, waiting=1, longest_wait=12.0),
            row("cards", 0.86, agents={"available": 4}, expected_wait=0.0),
        ),
        agents=tuple(agent(place, agent_id, now) for place, agent_id in enumerate(NAMES)),
    )


def calls_behind(now: float) -> list[CallLine]:
    outcomes = ("answered", "abandoned", "left_queue", "menu", "callback", "")
    return [
        CallLine(
            call_id=f"call-{place}",
            arrived_at=now - 60 * place,
            outcome=outcomes[place % len(outcomes)],
            queues=("service",),
            agents=("1001",) if place % len(outcomes) == 0 else (),
            wait_time=12.0 + place,
            talk_time=99.0 if place % len(outcomes) == 0 else 0.0,
            disposition="",
        )
        for place in range(24)
    ]
