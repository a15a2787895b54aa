"""Eight weeks of a busy bank as figures, and the console's reports over them."""

import math
import random
from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from crm_lookup.model import Text
from cti.core.ids import AgentId, QueueName
from cti.history.figures import (
    AgentKey,
    Figures,
    GroupKey,
    GroupWaitKey,
    Kind,
    NodeKey,
    Part,
    QueueKey,
)
from cti.journal.checkpoints import View
from hotline.report_pages import HistoryReports
from hotline.settings import Settings

ZONE: Final = ZoneInfo("Asia/Shanghai")
WORDS: Final = {
    "queues": {
        "service": Text(zh="普通客服", en="Customer service"),
        "vip": Text(zh="贵宾专线", en="Priority line"),
    },
    "topics": {
        "cards": Text(zh="信用卡账单", en="Credit card bill"),
        "loans": Text(zh="贷款业务", en="Loans"),
        "lost": Text(zh="卡片挂失", en="Lost card"),
    },
    "nodes": {
        "main_menu": Text(zh="主菜单", en="Main menu"),
        "balance": Text(zh="余额播报", en="Balance read out"),
        "cards.bill": Text(zh="账单查询", en="Card bill"),
        "pin": Text(zh="密码验证", en="PIN check"),
        "agent": Text(zh="转人工", en="Agent"),
    },
}
_SEGMENTS: Final = (("diamond", 1), ("gold", 4), ("silver", 8), ("standard", 20), ("", 6))
_TOPICS: Final = (("cards", 10), ("loans", 6), ("lost", 3))


class StoredFigures:
    """A :class:`hotline.reports.FigureReader` over figures in memory."""

    def __init__(self, stored: Figures | Callable[[], Figures]) -> None:
        """``stored`` may be made when it is first asked for."""
        self.stored = stored
        self.asked: list[tuple[float, float]] = []

    def figures(
        self,
        since: float,
        until: float,
        zone: ZoneInfo,
        parts: Collection[Part],
        view: View | None = None,
    ) -> Figures:
        """Return the figures of the intervals that begin in the span."""
        del zone, view
        self.asked.append((since, until))
        if not isinstance(self.stored, Figures):
            self.stored = self.stored()
        found = Figures()
        for part in parts:
            rows = getattr(self.stored, part).items()
            setattr(found, part, {k: v for k, v in rows if since <= k.start < until})
        return found


def quiet_settings() -> Settings:
    """Return settings of a bank in Shanghai."""
    return Settings(time_zone="Asia/Shanghai")


def made_reports(clock: Callable[[], float], reader: StoredFigures) -> HistoryReports:
    """Return reports over these figures."""
    return HistoryReports(reader, quiet_settings(), WORDS, clock)


def busy_clock(now: float) -> Callable[[], float]:
    """Return a clock that stands at twenty to four in the afternoon of that day."""
    at = datetime.fromtimestamp(now, ZONE).replace(hour=15, minute=40, second=0, microsecond=0)
    return at.timestamp


@lru_cache(maxsize=2)
def busy_weeks(now: float) -> Figures:
    """Return figures of today and of four days before, and the arrivals of eight weeks before."""
    made = Figures()
    today = datetime.fromtimestamp(now, ZONE).replace(hour=0, minute=0, second=0, microsecond=0)
    rng = random.Random(8)  # noqa: S311 -- a repeatable bank
    for n in range(1, 9):
        _day(made, today - timedelta(weeks=n), 96, 1.0 + rng.random() * 0.25, rng, whole=False)
    for n in range(1, 5):
        _day(made, today - timedelta(days=n), 96, 1.0 + rng.random() * 0.25, rng)
    _day(made, today, int((now - today.timestamp()) // 900), 1.15, rng)
    return made


def _day(
    made: Figures,
    day: datetime,
    quarters: int,
    busy: float,
    rng: random.Random,
    *,
    whole: bool = True,
) -> None:
    for place in range(quarters):
        hour = place / 4
        shape = math.exp(-((hour - 10.5) ** 2) / 5) + 0.8 * math.exp(-((hour - 15.5) ** 2) / 8)
        calls = max(0, round(busy * (2 + 60 * shape) + rng.gauss(0, 3)))
        start = int((day + timedelta(minutes=15 * place)).timestamp())
        if whole:
            _quarter(made, start, calls, shape, rng)
        else:
            made.group(GroupKey(start, "all", "")).arrived += calls


def _quarter(made: Figures, start: int, calls: int, shape: float, rng: random.Random) -> None:
    made.group(GroupKey(start, "all", "")).arrived += calls
    for _ in range(calls):
        segment, topic = _one(_SEGMENTS, rng), _one(_TOPICS, rng)
        groups: tuple[tuple[Kind, str], ...] = (("all", ""), ("segment", segment))
        fate = rng.random()
        made.node(NodeKey(start, "main", "main_menu")).entered += 1
        if fate < 0.42:
            _menu(made, start, groups, rng)
            continue
        made.node(NodeKey(start, "main", "main_menu")).went_on += 1
        agent_node = made.node(NodeKey(start, "main", "agent"))
        agent_node.entered += 1
        agent_node.queued += 1
        _queue(made, start, (*groups, ("topic", topic)), shape, rng)


def _menu(
    made: Figures, start: int, groups: tuple[tuple[Kind, str], ...], rng: random.Random
) -> None:
    solved = rng.random() < 0.7
    node = rng.choice(("balance", "cards.bill") if solved else ("main_menu", "pin", "cards.bill"))
    row = made.node(NodeKey(start, "main", node))
    row.entered += node != "main_menu"
    row.services += solved
    row.solved += solved
    row.hung_up += not solved
    row.time_ms += 18_000
    for kind, name in groups:
        group = made.group(GroupKey(start, kind, name))
        group.calls += 1
        group.solved += solved
        group.hung_up += not solved


def _queue(
    made: Figures,
    start: int,
    groups: tuple[tuple[Kind, str], ...],
    shape: float,
    rng: random.Random,
) -> None:
    wait = rng.expovariate(1 / (6 + 30 * shape))
    lost = wait > 60 and rng.random() < 0.5
    queue = QueueName("vip" if groups[1][1] in ("diamond", "gold") else "service")
    made.waited(start, queue, "abandoned" if lost else "answered", wait)
    wait_ms, talk_ms = round(wait * 1000), round(rng.gauss(190, 30) * 1000)
    row = made.queue(QueueKey(start, queue))
    row.offered += 1
    row.waiting_ms += wait_ms
    sums = {"offered": 1, "calls": 1}
    if lost:
        row.abandoned += 1
        row.wait_abandoned_ms += wait_ms
        sums |= {"abandoned": 1, "gave_up": 1, "wait_abandoned_ms": wait_ms}
    else:
        row.answered += 1
        row.wait_answered_ms += wait_ms
        row.completed += 1
        row.talk_ms += talk_ms
        agent = made.agent(AgentKey(start, AgentId(f"100{rng.randrange(1, 7)}"), queue))
        agent.offered += 1
        agent.answered += 1
        agent.completed += 1
        agent.talk_ms += talk_ms
        sums |= {"answered": 1, "reached": 1, "completed": 1, "wait_answered_ms": wait_ms}
        sums |= {"talk_ms": talk_ms} | _answers(groups[1][1], rng)
    for kind, name in groups:
        group = made.group(GroupKey(start, kind, name))
        for field, more in sums.items():
            setattr(group, field, getattr(group, field) + more)
        if kind != "all":
            outcome = "abandoned" if lost else "answered"
            key = GroupWaitKey(start, kind, name, queue, outcome, math.ceil(wait))
            made.group_waits[key] = made.group_waits.get(key, 0) + 1


def _answers(segment: str, rng: random.Random) -> dict[str, int]:
    said: dict[str, int] = {}
    if segment and rng.random() < 0.3:
        accepted = rng.random() < {"diamond": 0.5, "gold": 0.4, "silver": 0.25}.get(segment, 0.15)
        said["offers_presented"] = 1
        said["offers_accepted" if accepted else "offers_declined"] = 1
    if rng.random() < 0.25:
        said[f"score_{rng.choices((1, 2, 3, 4, 5), (3, 4, 10, 33, 50))[0]}"] = 1
    return said


def _one(weighted: tuple[tuple[str, int], ...], rng: random.Random) -> str:
    names, weights = zip(*weighted, strict=True)
    found: str = rng.choices(names, weights)[0]
    return found
