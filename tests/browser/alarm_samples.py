"""Alarms as the browser tests show them: a queue's critical one, and two agents'."""

import time

from cti.alarms import AlarmRule, Words
from tests.alarm_kit import agent, board, queue, rule
from tests.browser.conftest import Console


def sample_rules() -> list[AlarmRule]:
    return [
        rule(
            "wait",
            120,
            90,
            severity="critical",
            title=Words("客户等待过久", "A customer waits long"),
        ),
        rule("wrap_up", 180, title=Words("话后处理超时", "Too long in wrap-up")),
        rule("service_level", 70, 80, title=Words("服务水平下降", "Service level falls")),
    ]


async def raise_alarms(console: Console) -> None:
    """Let a caller wait long, two agents wrap up long, and a service level be low."""
    now = time.time()
    console.rules = sample_rules()
    console.live = board(
        now,
        queue("service", longest_wait=157.0),
        queue("loans", level=0.41),
        agent("wrap_up", now - 214, "1005"),
        agent("wrap_up", now - 195, "1001"),
    )
    await console.alarms.look()


async def all_well(console: Console) -> None:
    """Let the caller be answered and the agents be free."""
    console.live = board(time.time(), queue("service"), queue("loans", level=0.9))
    await console.alarms.look()
