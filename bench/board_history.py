"""Do the plots of today, and the reports by quarter, topic and menu node, say what the books say?

Imports nothing of the product.  queue_log cuts its moments off to whole seconds: what happened
within a second of a quarter's edge may be in either quarter, so that a count lies between what
certainly and what possibly happened in it.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, NamedTuple
from zoneinfo import ZoneInfo

from bench.board_books import ABOUT, HUNG_UP, LEFT, LISTENING, TURNED_AWAY, Books
from bench.board_compare import SECOND, Comparison, fate, fates, limits_of, mean, wait_of

QUARTER: Final = 900
HOUR: Final = 3600
_EDGE: Final = 0.2
"""Seconds by which a call record's moment and the engine's may differ."""
_ENTRY: Final = "main/welcome"
"""The node at which the main number's menu begins."""
_STRAIGHT: Final = {topic: f"straight_{topic}/person" for topic in sorted(set(ABOUT.values()))}
"""The one node of each other number's menu, by its topic."""
_COUNTED: Final = {
    "ENTERQUEUE": "offered",
    "CONNECT": "answered",
    "ABANDON": "abandoned",
    **dict.fromkeys(LEFT, "left_queue"),
}
"""Lines of queue_log, and the figure in which each counts."""
_BANK: Final = ZoneInfo("Asia/Shanghai")
"""The clocks of a run, which sets none."""


class Wait(NamedTuple):
    """One caller's wait, as queue_log tells it."""

    queue: str
    at: int
    """When it ended."""
    seconds: int
    outcome: str
    """``answered``, ``abandoned`` or ``left_queue``."""


def inside(at: float, start: float, length: float = QUARTER) -> tuple[bool, bool]:
    """Tell whether a whole second certainly, and possibly, lies in a span."""
    return start <= at < start + length - 1, start - 1 <= at < start + length


def compare_quarters(found: Comparison, rows: Sequence[Mapping[str, Any]], books: Books) -> None:
    """Compare the counts of each queue in each quarter."""
    told: Counter[tuple[str, str]] = Counter()
    for row in rows:
        start = datetime.fromisoformat(row["start"]).timestamp()
        lines = [line for line in books.lines if line.queue == row["queue"]]
        what = f"report, {row['queue']}, {row['start']},"
        found.same(f"{what} begins a quarter", start % QUARTER, 0.0)
        for name in dict.fromkeys(_COUNTED.values()):
            places = [inside(ln.at, start) for ln in lines if _COUNTED.get(ln.event) == name]
            low, high = (sum(place[i] for place in places) for i in (0, 1))
            found.within(f"{what} {name}", row[name], low, high)
            told[row["queue"], name] += row[name]
    for queue in {line.queue for line in books.lines} - {"NONE"}:
        events = Counter(_COUNTED.get(ln.event, "") for ln in books.lines if ln.queue == queue)
        for name in dict.fromkeys(_COUNTED.values()):
            what = f"report, {queue}, all quarters, {name}"
            found.same(what, told[queue, name], events[name])


def compare_topics(found: Comparison, rows: Sequence[Mapping[str, Any]], books: Books) -> None:
    """Compare what became of calls, and what queues did, by what the calls were about.

    Calls that never joined a queue have no topic.
    """
    became: dict[str, Counter[str]] = defaultdict(Counter)
    counts: dict[str, Counter[str]] = defaultdict(Counter)
    waits: dict[str, list[int]] = defaultdict(list)
    for uniqueid, lines in books.events.items():
        topic = _topic(books, uniqueid)
        counts[topic].update(filter(None, (_COUNTED.get(line.event) for line in lines)))
        waits[topic] += [wait_of(line) for line in lines if line.event == "CONNECT"]
    for uniqueid in set(books.ended()) & books.events.keys():
        became[_topic(books, uniqueid)][fate(books.events[uniqueid])] += 1
    by_topic = {row["topic"]: row for row in rows}
    found.same("topics in the report", set(by_topic), set(counts))
    for topic, row in by_topic.items():
        what = f"report, topic {topic},"
        found.same(f"{what} calls", row["calls"], sum(became[topic].values()))
        for name in ("reached", "gave_up", "turned_away", "hung_up", "solved", "messages"):
            found.same(f"{what} {name}", row[name], became[topic][name])
        for name in dict.fromkeys(_COUNTED.values()):
            found.same(f"{what} {name}", row[name], counts[topic][name])
        found.near(f"{what} asa", row["asa"], mean(waits[topic]))


def _topic(books: Books, uniqueid: str) -> str:
    """Return what a call was about that joined a queue."""
    return ABOUT[books.customers[books.number_of[uniqueid]].kind]


def compare_nodes(found: Comparison, rows: Sequence[Mapping[str, Any]], books: Books) -> None:
    """Compare where callers came in the menu, and where they left it."""
    by_node = {row["node"]: row for row in rows}
    here = [c for c in books.customers.values() if 0 < c.answered <= books.at]
    joined = {
        books.number_of[uniqueid] for uniqueid in books.events if uniqueid in books.number_of
    }
    for topic, node in _STRAIGHT.items():
        came = [c for c in here if ABOUT.get(c.kind) == topic]
        row = by_node.pop(node, Counter())
        found.same(f"report, {node}, entered", row["entered"], len(came))
        queued = sum(
            ABOUT.get(customer.kind) == topic
            for number, customer in books.customers.items()
            if number in joined
        )
        found.same(f"report, {node}, queued", row["queued"], queued)
        left = sum(c.kind == TURNED_AWAY and 0 < c.over <= books.at for c in came)
        found.same(f"report, {node}, hung_up", row["hung_up"], left)
    menu = [c for c in here if c.kind in (LISTENING, HUNG_UP)]
    found.same(f"report, {_ENTRY}, entered", by_node.get(_ENTRY, Counter())["entered"], len(menu))
    left = sum(0 < customer.over <= books.at for customer in menu)
    found.same("report, nodes of the menu, hung_up", _sum(by_node, "hung_up"), left)
    for name in ("queued", "solved", "services"):
        found.same(f"report, nodes of the menu, {name}", _sum(by_node, name), 0)


def _sum(rows: Mapping[str, Mapping[str, Any]], name: str) -> int:
    return sum(row[name] for row in rows.values())


def compare_plots(
    found: Comparison, plots: Mapping[str, Any], legend: Mapping[str, Any], books: Books
) -> None:
    """Compare today's plots of all queues."""
    midnight = datetime.fromisoformat(plots["day"]).replace(tzinfo=_BANK).timestamp()
    quarters = [midnight + 60 * minutes for minutes in plots["minutes"]]
    over = sum(start + QUARTER <= plots["at"] for start in quarters)
    waits = list(_waits(books))
    known = [count is not None for count in plots["arrivals"]["today"]]
    found.same("arrivals, quarters that are over", sum(known), over)
    for place, start in enumerate(quarters[:over]):
        what = f"in the quarter from minute {plots['minutes'][place]}"
        low, high = _arrived(books, start)
        found.within(f"arrivals {what}", plots["arrivals"]["today"][place], low, high)
        waited, slack = _waited(waits, start)
        shown = plots["waiting"]["mean_waiting"][place]
        found.near(f"mean waiting {what}", shown, waited / QUARTER, slack / QUARTER + 0.001)
        least, most = _level(waits, start + QUARTER - HOUR, limits_of(legend))
        level = plots["waiting"]["service_level"][place]
        if least is not None or level is not None:
            found.within(f"service level {what}", level, least, most)
    for bar in plots["waits"]:
        for name in ("answered", "abandoned"):
            low, high = _in_bar((w for w in waits if w.outcome == name), bar)
            what = f"waits over {bar['over']} s, {name}"
            found.within(what, bar[name], low, high)
    became, funnel = fates(books), plots["funnel"]
    found.same("funnel, calls", funnel["calls"], became.total())
    for name in ("solved", "messages", "hung_up", "reached", "gave_up", "turned_away"):
        found.same(f"funnel, {name}", funnel[name], became[name])
    lost = sum(loss["hung_up"] for loss in funnel["losses"])
    found.same("funnel, hung up at its nodes", lost, became["hung_up"])
    found.same("scores", (sum(plots["scores"]), len(plots["offers"])), (0, 0))


def _arrived(books: Books, start: float) -> tuple[int, int]:
    """Return how many calls certainly and possibly arrived in a quarter."""
    begun = [min(r.start for r in rows) for rows in books.records.values() if rows[0].call_id]
    low = sum(start + _EDGE <= at < start + QUARTER - _EDGE for at in begun)
    high = sum(start - _EDGE <= at < start + QUARTER + _EDGE for at in begun)
    return low, high


def _waits(books: Books) -> Iterator[Wait]:
    for line in books.lines:
        if line.event in ("CONNECT", "ABANDON", *LEFT):
            yield Wait(line.queue, line.at, wait_of(line), _COUNTED[line.event])


def _waited(waits: Iterable[Wait], start: float) -> tuple[float, float]:
    """Return for how many seconds callers waited in a quarter, and by how much that may differ."""
    total = slack = 0.0
    for wait in waits:
        shared = min(wait.at, start + QUARTER) - max(wait.at - wait.seconds, start)
        total += max(0.0, shared)
        slack += SECOND * (shared > -2)
    return total, slack


def _level(
    waits: Iterable[Wait], start: float, limits: Mapping[str, int]
) -> tuple[float | None, float]:
    """Return between which values the service level of an hour lies; none if nothing happened."""
    sure = Counter[str]()
    perhaps = Counter[str]()
    for wait in waits:
        certain, possible = inside(wait.at, start, HOUR)
        if not possible or wait.outcome == "left_queue":
            continue
        limit = limits[wait.queue]
        kind = "lost"
        if wait.outcome == "answered":
            kind = "good" if wait.seconds < limit else "bad" if wait.seconds > limit else "either"
        (sure if certain else perhaps)[kind] += 1
    if not sure.total() and not perhaps.total():
        return None, 0.0
    not_good = sure["bad"] + sure["lost"] + perhaps["bad"] + perhaps["lost"]
    low = sure["good"] / max(1, sure["good"] + not_good + sure["either"] + perhaps["either"])
    good = sure["good"] + sure["either"] + perhaps["good"] + perhaps["either"]
    return low, good / max(1, good + sure["bad"] + sure["lost"])


def _in_bar(waits: Iterable[Wait], bar: Mapping[str, Any]) -> tuple[int, int]:
    """Return how many waits certainly and possibly belong to a bar.

    A wait of *n* whole seconds in queue_log is *n* or *n* + 1 when it is rounded up.
    """
    low = high = 0
    for wait in waits:
        places = [_holds(bar, seconds) for seconds in (wait.seconds, wait.seconds + 1)]
        low += all(places)
        high += any(places)
    return low, high


def _holds(bar: Mapping[str, Any], seconds: int) -> bool:
    above: bool = seconds > bar["over"] or bar["over"] == 0
    return above and (bar["upto"] is None or seconds <= bar["upto"])
