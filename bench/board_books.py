"""What the books of others say happened: Asterisk's queue_log and call records, SIPp's logs.

Imports nothing of the product, so that one misreading cannot hide in both;
:mod:`bench.board_verdict` compares.
"""

import csv
import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

LEFT: Final = ("EXITWITHKEY", "WITHDRAW", "EXITWITHTIMEOUT", "EXITEMPTY")
MISSED: Final = ("RINGNOANSWER", "RINGCANCELED")
WRAP_UP: Final = "wrap-up"
SHUT: Final = "shut"
"""The queue that was closed before the calls came; only customers of ``TURNED_AWAY`` want it."""
TURNED_AWAY: Final = "turned_away"
LISTENING: Final = "listening"
HUNG_UP: Final = "hung_up"
"""Kinds of customers who only listen to the menu: to the end of the run, or for a while."""
ABOUT: Final = {
    **dict.fromkeys(("answered", "abandoned", "waiting", TURNED_AWAY), "accounts"),
    **dict.fromkeys(("overflowed", "missed", "withdrawn", "transferred"), "cards"),
}
"""What the menus of the numbers that each kind dials say that a call is about."""
CUT: Final = 0.5
"""Seconds that queue_log's moments, which are whole, lack on average."""


@dataclass(frozen=True)
class Line:
    """One line of queue_log."""

    at: int
    uniqueid: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...]


@dataclass(frozen=True)
class Record:
    """One call record; times are seconds since the epoch, 0 for none."""

    call_id: str
    start: float
    answer: float
    end: float
    disposition: str
    other: str
    """The agent's phone, or empty."""
    uniqueid: str


@dataclass
class Customer:
    """What SIPp wrote of one customer."""

    kind: str
    answered: float = 0.0
    over: float = 0.0
    gave_up: bool = False


@dataclass
class Talk:
    """One conversation."""

    uniqueid: str
    queue: str
    agent: str
    at: int
    wait: int
    ring: int
    seconds: float | None = None
    """``None`` while it lasts."""
    held: float = 0.0
    over: float = 0.0
    """When it ended; 0 while it lasts."""


@dataclass
class Wrap:
    """One wrap-up: for as long as Asterisk kept the agent paused for it."""

    talk: Talk
    since: int
    seconds: int

    @property
    def late(self) -> float:
        """How long after the conversation the pause began; 0 if nobody wrote when that ended."""
        return max(0.0, self.since + CUT - self.talk.over) if self.talk.over else 0.0


@dataclass
class Count:
    """What happened in one queue, or to one agent."""

    offered: int = 0
    missed: int = 0
    left_queue: int = 0
    found_closed: int = 0
    lost_waits: list[int] = field(default_factory=list)
    rings: float = 0.0
    talks: list[Talk] = field(default_factory=list)
    wraps: list[Wrap] = field(default_factory=list)

    @property
    def ended(self) -> list[float]:
        return [talk.seconds for talk in self.talks if talk.seconds is not None]

    def add(self, other: "Count") -> None:
        self.offered += other.offered
        self.missed += other.missed
        self.left_queue += other.left_queue
        self.found_closed += other.found_closed
        self.rings += other.rings
        self.lost_waits += other.lost_waits
        self.talks += other.talks
        self.wraps += other.wraps


def read_queue_log(text: str) -> list[Line]:
    rows = (line.split("|") for line in text.splitlines())
    return [
        Line(int(row[0]), row[1], row[2], row[3], row[4], tuple(row[5:]))
        for row in rows
        if len(row) > 4
    ]


def read_records(text: str) -> list[Record]:
    return [
        Record(
            row[0],
            float(row[1] or 0),
            float(row[2] or 0),
            float(row[3] or 0),
            row[6],
            row[8].removeprefix("PJSIP/").rpartition("-")[0] if row[8] else "",
            row[11],
        )
        for row in csv.reader(text.splitlines())
        if row
    ]


def read_holds(text: str) -> dict[tuple[str, str], float]:
    """Return for how many seconds each agent's phone held each number."""
    held: dict[tuple[str, str], float] = defaultdict(float)
    for line in text.splitlines():
        agent, number, began, ended = line.split("|")
        held[agent, number] += float(ended) - float(began)
    return dict(held)


def read_notes(text: str) -> list[tuple[float, str]]:
    """Return when which agent noted an outcome."""
    rows = (line.split("|") for line in text.splitlines())
    return [(float(at), agent) for agent, at in rows]


def read_customers(folder: Path) -> dict[str, Customer]:
    """Return SIPp's customers by their number."""
    found: dict[str, Customer] = {}
    for log in sorted(folder.glob("*/calls.log")):
        for line in log.read_text(encoding="utf-8").splitlines():
            kind, number, what, seconds, part = line.split("|")
            at = float(seconds) + float(part) / 1e6
            customer = found.setdefault(number, Customer(kind))
            if what == "answered":
                customer.answered = at
            else:
                customer.over, customer.gave_up = at, what == "gave up"
    return found


class Books:
    """Everything up to one moment."""

    def __init__(
        self,
        queue_log: Sequence[Line],
        records: Sequence[Record],
        customers: Mapping[str, Customer],
        holds: Mapping[tuple[str, str], float],
        notes: Sequence[tuple[float, str]],
        at: float,
    ) -> None:
        """``holds`` is for how long each agent held each number, ``notes`` who noted when."""
        self.at = at
        self.noted = Counter(agent for moment, agent in notes if moment <= at)
        self._holds = holds
        self.lines = [line for line in queue_log if line.at <= at]
        self.records: dict[str, list[Record]] = defaultdict(list)
        for record in records:
            self.records[record.uniqueid].append(record)
        self.customers = customers
        self.queues: dict[str, Count] = defaultdict(Count)
        self.agents: dict[str, Count] = defaultdict(Count)
        self.number_of: dict[str, str] = {}
        """The caller of each uniqueid."""
        self.waiting: dict[str, tuple[str, int]] = {}
        """Queue and beginning, by uniqueid."""
        self.members: dict[str, set[str]] = defaultdict(set)
        """The queues of each agent who is signed in."""
        self.reasons: dict[str, str] = {}
        """Why agents are paused now."""
        self.signed_in: dict[str, float] = defaultdict(float)
        self.paused: dict[str, float] = defaultdict(float)
        self._since: dict[tuple[str, str], int] = {}
        self.events: dict[str, list[Line]] = defaultdict(list)
        """The lines of each call."""
        for line in self.lines:
            self._take(line)
        self.queues[SHUT].found_closed = sum(
            each.kind == TURNED_AWAY and 0 < each.answered <= at for each in customers.values()
        )
        for (what, agent), since in list(self._since.items()):
            if what in ("signed in", "paused"):
                self._lasted(what, agent, since, self.at)
        self._measure_talks()

    # --- one line after the other --------------------------------------------------------------

    def _take(self, line: Line) -> None:
        queue, agent, at = self.queues[line.queue], self.agents[line.agent], line.at
        if line.uniqueid not in ("", "NONE", "MANAGER", "REALTIME"):
            self.events[line.uniqueid].append(line)
        match line.event:
            case "ENTERQUEUE":
                queue.offered += 1
                self.number_of[line.uniqueid] = line.data[1]
                self.waiting[line.uniqueid] = (line.queue, at)
            case "CONNECT":
                talk = Talk(
                    line.uniqueid,
                    line.queue,
                    line.agent,
                    at,
                    int(line.data[0]),
                    int(line.data[2] or 0),
                )
                queue.talks.append(talk)
                agent.talks.append(talk)
                agent.offered += 1
                agent.rings += talk.ring
                self.waiting.pop(line.uniqueid, None)
            case "ABANDON":
                queue.lost_waits.append(int(line.data[2]))
                self.waiting.pop(line.uniqueid, None)
            case event if event in LEFT:
                queue.left_queue += 1
                self.waiting.pop(line.uniqueid, None)
            case event if event in MISSED:
                queue.missed += 1
                agent.missed += 1
                agent.offered += 1
                agent.rings += int(line.data[0]) / 1000
            case "ADDMEMBER":
                if not self.members[line.agent]:
                    self._since["signed in", line.agent] = at
                self.members[line.agent].add(line.queue)
            case "REMOVEMEMBER":
                self.members[line.agent].discard(line.queue)
                if not self.members[line.agent]:
                    self._end("signed in", line.agent, at)
            case "PAUSEALL":
                self._pause(line.agent, line.data[0] if line.data else "", at)
            case "UNPAUSEALL":
                self._pause(line.agent, "", at)

    def _pause(self, agent: str, reason: str, at: int) -> None:
        before = self.reasons.get(agent, "")
        if reason == before:
            return
        if before == WRAP_UP:
            since = self._since.pop(("wrap-up", agent))
            wrap = Wrap(self.agents[agent].talks[-1], since, at - since)
            self.agents[agent].wraps.append(wrap)
            self.queues[wrap.talk.queue].wraps.append(wrap)
        elif before:
            self._end("paused", agent, at)
        if reason:
            self._since["wrap-up" if reason == WRAP_UP else "paused", agent] = at
        self.reasons[agent] = reason

    def _end(self, what: str, agent: str, at: int) -> None:
        self._lasted(what, agent, self._since.pop((what, agent), at), at)

    def _lasted(self, what: str, agent: str, since: float, at: float) -> None:
        (self.signed_in if what == "signed in" else self.paused)[agent] += at - since

    def _measure_talks(self) -> None:
        """A conversation ends with the agent's leg, which only the call records tell.

        queue_log's own talk time goes on while a customer is sent on by the manager.  When the
        conversation began only queue_log tells, in whole seconds.
        """
        for uniqueid, lines in self.events.items():
            legs = sorted(
                (r for r in self.records.get(uniqueid, ()) if r.other and r.end <= self.at),
                key=lambda record: record.end,
            )
            for line in lines:
                if line.event != "CONNECT":
                    continue
                talk = next(
                    t
                    for t in self.queues[line.queue].talks
                    if (t.uniqueid, t.at, t.agent) == (uniqueid, line.at, line.agent)
                )
                own = [
                    leg
                    for leg in legs
                    if leg.other == line.agent
                    and leg.end >= line.at - 1
                    and leg.disposition == "ANSWERED"
                ]
                if own:
                    talk.seconds = max(0.0, own[0].end - line.at - CUT)
                    number = self.number_of.get(uniqueid, "")
                    talk.held = self._holds.get((line.agent, number), 0.0)
                    talk.over = own[0].end

    # --- what comes of it ----------------------------------------------------------------------

    def queue(self, name: str) -> Count:
        """Return one queue, or, without a name, all together."""
        if name:
            return self.queues.get(name, Count())
        total = Count()
        for queue, count in self.queues.items():
            if queue != "NONE":
                total.add(count)
        return total

    def ended(self) -> list[str]:
        """Return the uniqueids of the customers' calls that have ended."""
        return [
            uniqueid
            for uniqueid, records in self.records.items()
            if records[0].call_id and max(record.end for record in records) <= self.at
        ]

    def latest_pause(self) -> float:
        """Return the most seconds by which a pause for a wrap-up came after the conversation."""
        wraps = (wrap for count in self.agents.values() for wrap in count.wraps)
        return max((wrap.late for wrap in wraps), default=0.0)

    def states(self, queue: str) -> Counter[str]:
        """Return the members of a queue (or all) by state; for a moment when nobody talks."""
        found: Counter[str] = Counter()
        for agent, queues in self.members.items():
            if queues and (not queue or queue in queues):
                found["paused" if self.reasons.get(agent) else "available"] += 1
        return found


def happened(books: Books) -> dict[str, int]:
    """Count, by the books alone, what happened how often."""
    events = Counter(line.event for line in books.lines)
    sent_on = sum(
        max(0, sum(line.event == "CONNECT" for line in lines) - 1)
        for lines in books.events.values()
    )
    return {
        "answered": events["CONNECT"],
        "abandoned": events["ABANDON"],
        "overflowed": sum(
            line.event == "WITHDRAW" and line.data[-1].startswith("overflow")
            for line in books.lines
        ),
        "transferred": sent_on,
        "missed": sum(events[name] for name in MISSED),
        "withdrawn": events["EXITWITHKEY"],
        "disposed": sum(books.noted.values()),
        "turned away": books.queues[SHUT].found_closed,
        "hung up": sum(
            each.kind == HUNG_UP and 0 < each.over <= books.at for each in books.customers.values()
        ),
    }


def read(folder: Path, name: str) -> Any:
    """Return a JSON document of a run."""
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def open_books(folder: Path) -> Books:
    """Read what a run left in the folder."""
    board = read(folder, "board")
    return Books(
        read_queue_log((folder / "queue_log").read_text(encoding="utf-8")),
        read_records((folder / "calls.csv").read_text(encoding="utf-8")),
        read_customers(folder / "sipp"),
        read_holds((folder / "holds.log").read_text(encoding="utf-8")),
        read_notes((folder / "notes.log").read_text(encoding="utf-8")),
        board["at"],
    )
