"""Reports for the command line and the page alike: which figures, read from where, as a table."""

from collections.abc import Callable, Collection, Sequence
from typing import Any, Final, NamedTuple, Protocol, get_args
from zoneinfo import ZoneInfo

from cti.core.ids import AgentId, QueueName
from cti.history.figures import Figures, Kind, Part
from cti.history.measures import (
    AgentMeasures,
    Formula,
    GroupMeasures,
    NodeMeasures,
    QueueMeasures,
)
from cti.history.report import (
    Span,
    agent_report,
    group_report,
    node_report,
    queue_report,
    span_starts,
)
from cti.journal.checkpoints import View
from hotline.report_words import What
from hotline.settings import Settings

SPANS: Final[tuple[Span, ...]] = get_args(Span)
_OWN_LIMIT: Final = 20
"""Seconds of the service level of a queue that the settings do not name."""


class FigureReader(Protocol):
    """Where figures come from; :class:`cti.history.reader.HistoryReader` is one."""

    def figures(
        self,
        since: float,
        until: float,
        zone: ZoneInfo,
        parts: Collection[Part],
        view: View | None = None,
    ) -> Figures: ...


class Asked(NamedTuple):
    """What a report is to show."""

    what: What
    since: float
    until: float
    by: Span
    formula: Formula
    queues: Collection[str] = ()
    """Only these; empty: all."""
    names: Collection[str] = ()
    """Only these agents, topics, segments or menus; empty: all."""
    together: bool = False
    """One line for all queues."""


class Table(NamedTuple):
    """A report; each row begins with the start of its span and a name."""

    columns: tuple[str, ...]
    """Names of the figures, from the third column on."""
    rows: list[tuple[Any, ...]]


_PARTS: Final[dict[What, frozenset[Part]]] = {
    "queues": frozenset({"queues", "waits"}),
    "agents": frozenset({"agents"}),
    "topics": frozenset({"groups", "group_waits"}),
    "segments": frozenset({"groups", "group_waits"}),
    "nodes": frozenset({"nodes"}),
}
_KINDS: Final[dict[What, Kind]] = {"topics": "topic", "segments": "segment"}
COLUMNS: Final[dict[What, tuple[str, ...]]] = {
    "queues": QueueMeasures.__struct_fields__,
    "agents": AgentMeasures.__struct_fields__,
    "topics": GroupMeasures.__struct_fields__,
    "segments": GroupMeasures.__struct_fields__,
    "nodes": NodeMeasures.__struct_fields__,
}


def read(reader: FigureReader, settings: Settings, asked: Asked) -> Figures:
    """Return the figures that the report needs; blocks."""
    view = View(
        spans=span_starts(asked.by, asked.since, asked.until, settings.zone),
        limits={queue.name: queue.service_level_seconds for queue in settings.queues},
        own_limit=_OWN_LIMIT,
        kind=_KINDS.get(asked.what),
    )
    return reader.figures(asked.since, asked.until, settings.zone, _PARTS[asked.what], view)


def table(figures: Figures, settings: Settings, asked: Asked) -> Table:
    """Return the report."""
    columns = COLUMNS[asked.what]
    rows = [
        (line.start, line.name, *(getattr(line.measures, name) for name in columns))
        for line in _lines(figures, settings, asked)
    ]
    return Table(columns, rows)


def limits(settings: Settings) -> Callable[[QueueName], int]:
    """Return the function that gives the seconds of a queue's service level."""
    known = {queue.name: queue.service_level_seconds for queue in settings.queues}
    return lambda queue: known.get(queue, _OWN_LIMIT)


def _lines(figures: Figures, settings: Settings, asked: Asked) -> Sequence[Any]:
    queues = [QueueName(name) for name in asked.queues] or None
    zone, since, by = settings.zone, asked.since, asked.by
    names = asked.names or None
    match asked.what:
        case "queues":
            return queue_report(
                figures,
                by=by,
                zone=zone,
                since=since,
                limit=limits(settings),
                formula=asked.formula,
                queues=queues,
                together=asked.together,
            )
        case "agents":
            agents = [AgentId(name) for name in asked.names] or None
            return agent_report(
                figures, by=by, zone=zone, since=since, agents=agents, queues=queues
            )
        case "nodes":
            return node_report(figures, by=by, zone=zone, since=since, flows=names)
        case _:
            return group_report(
                figures,
                "topic" if asked.what == "topics" else "segment",
                by=by,
                zone=zone,
                since=since,
                limit=limits(settings),
                formula=asked.formula,
                names=names,
            )


def span_of(by: str) -> Span | None:
    """Return the span with that name, if there is one."""
    return next((span for span in SPANS if span == by), None)
