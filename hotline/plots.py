"""Today as the page's plots show it, from the figures by quarter of an hour.  Pure."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from statistics import median
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

from agent_console.report_messages import (
    Arrivals,
    Funnel,
    NodeLosses,
    SegmentOffers,
    WaitBar,
    Waiting,
)
from crm_lookup.model import Text
from cti.core.ids import QueueName
from cti.history.figures import QUARTER, Figures, GroupFigures, GroupKey, add
from cti.history.measures import NO_WAITS, Formula, Waits, service_level, waits_by

MINUTES: Final = tuple(range(0, 24 * 60, QUARTER // 60))
"""When the quarters of a day begin, in minutes after midnight.

On the day on which clocks go back, two quarters share a place; forward, four places stay empty.
"""
SAME_WEEKDAYS: Final = 8
LOW: Final = 0.1
HIGH: Final = 0.9
_BARS: Final = (0, 5, 10, 20, 30, 60, 120, 300, 600)
"""Seconds at which the bars of the waits begin."""
_SHOWN_NODES: Final = 8


class Day(NamedTuple):
    """One day's arrivals, by place in :data:`MINUTES`."""

    counts: tuple[int, ...]

    @property
    def any(self) -> bool:
        return any(self.counts)


def place_of(start: int, zone: ZoneInfo) -> int:
    """Return which quarter of its day an interval is."""
    at = datetime.fromtimestamp(start, zone)
    return (at.hour * 60 + at.minute) * 60 // QUARTER


def arrivals_of(figures: Figures, zone: ZoneInfo) -> Day:
    """Return the arrivals of the figures of one day."""
    counts = [0] * len(MINUTES)
    for key, row in figures.groups.items():
        if key.kind == "all":
            counts[place_of(key.start, zone)] += row.arrived
    return Day(tuple(counts))


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which ``share`` of them lie, between neighbours if need be."""
    ordered = sorted(values)
    place = (len(ordered) - 1) * share
    below = int(place)
    above = min(below + 1, len(ordered) - 1)
    return ordered[below] + (ordered[above] - ordered[below]) * (place - below)


def arrivals(today: Day, over: int, before: Sequence[Day]) -> Arrivals:
    """Return today beside the same weekdays before; days without any call say nothing.

    ``over`` is how many quarters of today are over.
    """
    known = [day.counts for day in before if day.any]
    each = list(zip(*known, strict=True))
    return Arrivals(
        today=tuple(n if place < over else None for place, n in enumerate(today.counts)),
        low=tuple(round(quantile(counts, LOW), 2) for counts in each),
        middle=tuple(float(median(counts)) for counts in each),
        high=tuple(round(quantile(counts, HIGH), 2) for counts in each),
        days=len(known),
    )


def waiting(
    figures: Figures,
    queue: str,
    over: int,
    zone: ZoneInfo,
    limit: Callable[[QueueName], int],
    formula: Formula,
) -> Waiting:
    """Return waiting callers and service level of today; ``queue`` empty: of all queues."""
    waited = [0] * len(MINUTES)
    for key, row in figures.queues.items():
        if queue in ("", key.queue):
            waited[place_of(key.start, zone)] += row.waiting_ms
    bars = {bar: calls for bar, calls in figures.waits.items() if queue in ("", bar.queue)}
    waits = waits_by(bars, lambda bar: place_of(bar.start, zone), limit)
    places = range(len(MINUTES))
    return Waiting(
        mean_waiting=tuple(
            round(waited[place] / (QUARTER * 1000), 3) if place < over else None
            for place in places
        ),
        service_level=tuple(
            service_level(_hour(waits, place), formula) if place < over else None
            for place in places
        ),
    )


def _hour(waits: Mapping[int, Waits], place: int) -> Waits:
    """Return the waits of the four quarters up to that place: one alone has too few calls."""
    found = [waits.get(each, NO_WAITS) for each in range(place - 3, place + 1)]
    return Waits(*(sum(counts) for counts in zip(*found, strict=True)))


def wait_bars(figures: Figures, queue: str) -> tuple[WaitBar, ...]:
    """Return how long today's callers waited; a bar holds waits above its begin, up to its end."""
    answered, abandoned = [0] * len(_BARS), [0] * len(_BARS)
    for bar, calls in figures.waits.items():
        if queue in ("", bar.queue):
            place = max((i for i, over in enumerate(_BARS) if bar.seconds > over), default=0)
            (answered if bar.outcome == "answered" else abandoned)[place] += calls
    ends = (*_BARS[1:], None)
    return tuple(
        WaitBar(over=over, upto=upto, answered=answered[i], abandoned=abandoned[i])
        for i, (over, upto) in enumerate(zip(_BARS, ends, strict=True))
    )


def funnel(figures: Figures, words: Mapping[str, Text]) -> Funnel:
    """Return what became of today's calls, and where callers hung up in the menu."""
    row = _all(figures).get(GroupKey(0, "all", ""), GroupFigures())
    sums: dict[str, tuple[int, int]] = {}
    for key, node in figures.nodes.items():
        entered, hung_up = sums.get(f"{key.flow}/{key.node}", (0, 0))
        sums[f"{key.flow}/{key.node}"] = (entered + node.entered, hung_up + node.hung_up)
    losses = sorted(
        ((name, *counts) for name, counts in sums.items() if counts[1]),
        key=lambda each: (-each[2], each[0]),
    )
    return Funnel(
        calls=row.calls,
        solved=row.solved,
        messages=row.messages,
        hung_up=row.hung_up,
        reached=row.reached,
        gave_up=row.gave_up,
        turned_away=row.turned_away,
        losses=tuple(
            NodeLosses(node=name, title=node_title(name, words), entered=entered, hung_up=gone)
            for name, entered, gone in losses[:_SHOWN_NODES]
        ),
    )


def node_title(name: str, words: Mapping[str, Text]) -> Text:
    """Return what people call a node; its id if nobody gave it a name."""
    node = name.partition("/")[2]
    return words.get(node) or Text(zh=node, en=node)


def offers(
    figures: Figures, order: Sequence[str], words: Mapping[str, Text]
) -> tuple[SegmentOffers, ...]:
    """Return what each segment said to offers today, in that order, others behind."""
    rows = {k.name: row for k, row in _all(figures).items() if k.kind == "segment"}
    told = [name for name, row in rows.items() if row.offers_presented]
    told.sort(key=lambda name: (order.index(name) if name in order else len(order), name))
    return tuple(
        SegmentOffers(
            segment=name,
            title=words.get(name) or Text(zh=name, en=name),
            presented=rows[name].offers_presented,
            accepted=rows[name].offers_accepted,
            declined=rows[name].offers_declined,
        )
        for name in told
    )


def scores(figures: Figures) -> tuple[int, ...]:
    """Return how many customers gave 1, 2, 3, 4 and 5."""
    row = _all(figures).get(GroupKey(0, "all", ""), GroupFigures())
    return row.score_1, row.score_2, row.score_3, row.score_4, row.score_5


def _all(figures: Figures) -> dict[GroupKey, GroupFigures]:
    """Return the groups' sums over the whole time, with beginning 0."""
    sums: dict[GroupKey, GroupFigures] = {}
    for key, row in figures.groups.items():
        add(sums.setdefault(key._replace(start=0), GroupFigures()), row)
    return sums
