"""The records of reports and of the day's plots; the one place of their spelling.

The conventions of :mod:`agent_console.messages` hold; docs/figures.md defines every figure.  Days
and times of day are those of the bank's clocks, not of the browser's.
"""

from typing import Annotated, Literal, TypeAlias

import msgspec

from agent_console.board_messages import ServiceLevelFormula
from agent_console.messages import Record
from crm_lookup.model import Text

ReportWhat: TypeAlias = Literal["queues", "agents", "topics", "segments", "nodes"]
ReportSpan: TypeAlias = Literal["quarter", "hour", "day", "week", "month", "whole"]
ReportFormat: TypeAlias = Literal["csv", "xlsx"]
ReportUnit: TypeAlias = Literal["count", "share", "seconds", "number"]
Day = Annotated[str, msgspec.Meta(pattern=r"^\d{4}-\d{2}-\d{2}$")]


class ReportOrder(Record, frozen=True, kw_only=True):
    """What a report is to show: whole days of the bank's clocks, the last one included."""

    what: ReportWhat
    first: Day
    last: Day
    by: ReportSpan
    queue: str = ""
    """Only this queue; reports of queues and agents know it."""


class ReportColumn(Record, frozen=True, kw_only=True):
    """One figure: its name as in docs/figures.md, its words, and how its values are to be read."""

    name: str
    title: Text
    unit: ReportUnit


class ReportLine(Record, frozen=True, kw_only=True):
    """The figures of one queue, agent, topic, segment or node over one span."""

    start: str
    """When the span began: ``2026-03-02T09:15``."""
    name: str
    """Its id; a node as ``menu/node``; empty: unknown."""
    title: Text
    """What the bank calls it."""
    values: tuple[float | None, ...]
    """By column; ``null``: nothing happened from which to take it."""


class ReportTable(Record, frozen=True, kw_only=True):
    """Answer of ``GET /api/reports``."""

    columns: tuple[ReportColumn, ...]
    lines: tuple[ReportLine, ...]
    size: int
    """How many lines there are; the answer holds the newest thousand, a file all."""
    formula: ServiceLevelFormula


class Arrivals(Record, frozen=True, kw_only=True):
    """Calls that arrived, by quarter of an hour of the day."""

    today: tuple[int | None, ...]
    """``null`` for quarters that are not over."""
    low: tuple[float, ...]
    """Of the same weekdays before: a tenth of them had fewer."""
    middle: tuple[float, ...]
    high: tuple[float, ...]
    """A tenth of them had more."""
    days: int
    """How many same weekdays with calls there were, of the last eight; 0: the band is empty."""


class Waiting(Record, frozen=True, kw_only=True):
    """Of each quarter of an hour of today."""

    mean_waiting: tuple[float | None, ...]
    """How many callers waited on average; counted when their waits end."""
    service_level: tuple[float | None, ...]
    """Of the hour up to the quarter's end."""


class WaitBar(Record, frozen=True, kw_only=True):
    """Calls of today that waited ``over`` to ``upto`` seconds."""

    over: int
    upto: int | None
    """``null``: no limit."""
    answered: int
    abandoned: int


class NodeLosses(Record, frozen=True, kw_only=True):
    """A node of the menu at which callers hung up."""

    node: str
    title: Text
    entered: int
    hung_up: int


class Funnel(Record, frozen=True, kw_only=True):
    """What became of today's calls that ended."""

    calls: int
    solved: int
    messages: int
    hung_up: int
    reached: int
    gave_up: int
    turned_away: int
    losses: tuple[NodeLosses, ...]
    """Where callers hung up in the menu; the most first."""


class SegmentOffers(Record, frozen=True, kw_only=True):
    """What a segment's customers said to offers today."""

    segment: str
    title: Text
    presented: int
    accepted: int
    declined: int


class DayPlots(Record, frozen=True, kw_only=True):
    """Answer of ``GET /api/plots``: today as pictures show it, up to now."""

    at: float
    day: str
    minutes: tuple[int, ...]
    """When each quarter of the day begins: minutes after midnight."""
    arrivals: Arrivals
    waiting: Waiting
    waits: tuple[WaitBar, ...]
    funnel: Funnel
    offers: tuple[SegmentOffers, ...]
    scores: tuple[int, ...]
    """How many customers gave 1, 2, 3, 4 and 5 today."""
    scores_before: tuple[int, ...]
    """The same of the four weeks before."""
    formula: ServiceLevelFormula
