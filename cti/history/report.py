"""Tables of history: a line of figures for each span of time and queue, agent, topic …  Pure."""

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from typing import Generic, Literal, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from cti.core.ids import AgentId, QueueName
from cti.history.figures import (
    AgentFigures,
    Figures,
    GroupFigures,
    GroupKey,
    GroupWaitKey,
    Kind,
    NodeFigures,
    QueueFigures,
    QueueKey,
    WaitKey,
    add,
)
from cti.history.measures import (
    NO_WAITS,
    AgentMeasures,
    Formula,
    GroupMeasures,
    NodeMeasures,
    QueueMeasures,
    agent_measures,
    group_measures,
    node_measures,
    queue_measures,
    waits_by,
)

Span: TypeAlias = Literal["quarter", "hour", "day", "week", "month", "whole"]
MeasuresT = TypeVar("MeasuresT", QueueMeasures, AgentMeasures, GroupMeasures, NodeMeasures)


class Line(msgspec.Struct, Generic[MeasuresT], frozen=True, kw_only=True):
    """The measures of one queue, agent … over one span that begins at ``start``."""

    start: datetime
    """With the time zone of the report."""
    name: str
    """Queue, agent, topic, segment, or ``flow/node``; empty: all together, or unknown."""
    measures: MeasuresT


def start_of(span: Span, at: datetime) -> datetime:
    """Return when the span in which ``at`` lies began, on the clocks of its zone.

    Weeks begin on Monday.
    """
    hour = at.replace(minute=0, second=0, microsecond=0)
    midnight = hour.replace(hour=0, fold=0)
    match span:
        case "quarter":
            return hour.replace(minute=at.minute // 15 * 15)
        case "hour":
            return hour
        case "day":
            return midnight
        case "week":
            return midnight - timedelta(days=at.weekday())
        case "month":
            return midnight.replace(day=1)
        case "whole":
            return at


def span_starts(by: Span, since: float, until: float, zone: ZoneInfo) -> tuple[float, ...]:
    """Return when each span that touches ``[since, until)`` begins, but not before ``since``.

    Spans shorter than a day are none: their figures are kept as finely as they are stored.
    """
    if by in ("quarter", "hour"):
        return ()
    found, at = [since], start_of(by, datetime.fromtimestamp(since, zone))
    while by != "whole":
        match by:
            case "day":
                at += timedelta(days=1)
            case "week":
                at += timedelta(weeks=1)
            case _:
                at = (at + timedelta(days=32)).replace(day=1)
        if at.timestamp() >= until:
            break
        found.append(at.timestamp())
    return tuple(found)


def queue_report(
    figures: Figures,
    *,
    by: Span,
    zone: ZoneInfo,
    since: float,
    limit: Callable[[QueueName], int],
    formula: Formula,
    queues: Collection[QueueName] | None = None,
    together: bool = False,
) -> list[Line[QueueMeasures]]:
    """Return a line for each span and queue in which something happened, in order.

    ``limit`` gives the seconds of a queue's service level; ``queues`` keeps some only; with
    ``together`` each span has one line for all of them, each judged by its own limit.
    """
    place = _placer(by, zone, since)
    sums: dict[tuple[datetime, str], QueueFigures] = {}

    def wanted(queue: QueueName) -> bool:
        return queues is None or queue in queues

    def line(key: QueueKey | WaitKey) -> tuple[datetime, str]:
        return place(key.start), "" if together else key.queue

    for key, row in figures.queues.items():
        if wanted(key.queue):
            add(sums.setdefault(line(key), QueueFigures()), row)
    bars = {bar: calls for bar, calls in figures.waits.items() if wanted(bar.queue)}
    waits = waits_by(bars, line, limit)
    return [
        Line(
            start=start,
            name=name,
            measures=queue_measures(row, waits.get((start, name), NO_WAITS), formula),
        )
        for (start, name), row in sorted(sums.items())
    ]


def agent_report(
    figures: Figures,
    *,
    by: Span,
    zone: ZoneInfo,
    since: float,
    agents: Collection[AgentId] | None = None,
    queues: Collection[QueueName] | None = None,
) -> list[Line[AgentMeasures]]:
    """Return a line for each span and agent in which something happened, in order.

    ``queues`` counts only what agents did for these.
    """
    place = _placer(by, zone, since)
    sums: dict[tuple[datetime, str], AgentFigures] = {}
    for key, row in figures.agents.items():
        if (agents is None or key.agent_id in agents) and (queues is None or key.queue in queues):
            add(sums.setdefault((place(key.start), key.agent_id), AgentFigures()), row)
    return [
        Line(start=start, name=name, measures=agent_measures(row))
        for (start, name), row in sorted(sums.items())
    ]


def group_report(
    figures: Figures,
    kind: Kind,
    *,
    by: Span,
    zone: ZoneInfo,
    since: float,
    limit: Callable[[QueueName], int],
    formula: Formula,
    names: Collection[str] | None = None,
) -> list[Line[GroupMeasures]]:
    """Return a line for each span and topic or segment in which something happened, in order.

    ``limit`` and ``formula`` as of :func:`queue_report`; ``names`` keeps some only.
    """
    place = _placer(by, zone, since)
    sums: dict[tuple[datetime, str], GroupFigures] = {}

    def wanted(key: GroupKey | GroupWaitKey) -> bool:
        return key.kind == kind and (names is None or key.name in names)

    for key, row in figures.groups.items():
        if wanted(key):
            add(sums.setdefault((place(key.start), key.name), GroupFigures()), row)
    bars = {bar: calls for bar, calls in figures.group_waits.items() if wanted(bar)}
    waits = waits_by(bars, lambda bar: (place(bar.start), bar.name), limit)
    return [
        Line(
            start=start,
            name=name,
            measures=group_measures(row, waits.get((start, name), NO_WAITS), formula),
        )
        for (start, name), row in sorted(sums.items())
    ]


def node_report(
    figures: Figures,
    *,
    by: Span,
    zone: ZoneInfo,
    since: float,
    flows: Collection[str] | None = None,
) -> list[Line[NodeMeasures]]:
    """Return a line for each span and menu node that was entered or left, in order.

    ``flows`` keeps the nodes of some menus only.
    """
    place = _placer(by, zone, since)
    sums: dict[tuple[datetime, str], NodeFigures] = {}
    for key, row in figures.nodes.items():
        if flows is None or key.flow in flows:
            name = f"{key.flow}/{key.node}"
            add(sums.setdefault((place(key.start), name), NodeFigures()), row)
    return [
        Line(start=start, name=name, measures=node_measures(row))
        for (start, name), row in sorted(sums.items())
    ]


def _placer(by: Span, zone: ZoneInfo, since: float) -> Callable[[int], datetime]:
    """Return the function that says in which span an interval lies; each is worked out once."""
    whole = datetime.fromtimestamp(since, zone)
    known: dict[int, datetime] = {}

    def place(start: int) -> datetime:
        if by == "whole":
            return whole
        if start not in known:
            known[start] = start_of(by, datetime.fromtimestamp(start, zone))
        return known[start]

    return place
