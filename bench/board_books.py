"""Reckons every number of the board from the books of others, and compares.

Imports nothing of the product, so that one misreading cannot hide in both: the sources are
Asterisk's ``queue_log`` and call records, and the logs that SIPp's customers wrote; what the
figures mean is in docs/figures.md.  Counts must be equal, durations agree within a second a call.

    python -m bench.board_books FOLDER     compare what bench.board_check left there
"""

import argparse
import csv
import json
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

SECOND: Final = 1.0
"""By how much a duration of one call may differ: queue_log tells whole seconds."""
LEFT: Final = ("EXITWITHKEY", "WITHDRAW", "EXITWITHTIMEOUT", "EXITEMPTY")
MISSED: Final = ("RINGNOANSWER", "RINGCANCELED")
WRAP_UP: Final = "wrap-up"
KINDS: Final = ("answered", "abandoned", "overflowed", "missed", "withdrawn", "transferred")


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


@dataclass
class Wrap:
    """One wrap-up."""

    agent: str
    queue: str
    seconds: float


@dataclass
class Count:
    """What happened in one queue, or to one agent."""

    offered: int = 0
    missed: int = 0
    left_queue: int = 0
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
            *(float(value or 0) for value in row[1:4]),
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
        at: float,
    ) -> None:
        """``holds`` is for how long each agent held each number."""
        self.at = at
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
            queue = self.agents[agent].talks[-1].queue
            wrap = Wrap(agent, queue, at - since)
            self.agents[agent].wraps.append(wrap)
            self.queues[queue].wraps.append(wrap)
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

        queue_log's own talk time goes on while a customer is sent on by the manager.
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
                    talk.seconds = max(0.0, own[0].end - line.at)
                    number = self.number_of.get(uniqueid, "")
                    talk.held = self._holds.get((line.agent, number), 0.0)

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

    def states(self, queue: str) -> Counter[str]:
        """Return the members of a queue (or all) by state; for a moment when nobody talks."""
        found: Counter[str] = Counter()
        for agent, queues in self.members.items():
            if queues and (not queue or queue in queues):
                found["paused" if self.reasons.get(agent) else "available"] += 1
        return found


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


class Comparison:
    """Collects every difference in words, and how much was compared."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.compared = 0

    def same(self, what: str, board: object, books: object) -> None:
        self.compared += 1
        if board != books:
            self.faults.append(f"{what}: the board says {board}, the books {books}")

    def near(
        self, what: str, board: float | None, books: float | None, by: float = SECOND
    ) -> None:
        self.compared += 1
        if (board is None) != (books is None) or (
            board is not None and books is not None and abs(board - books) > by
        ):
            self.faults.append(f"{what}: the board says {board}, the books {books} (± {by:.3g})")

    def within(self, what: str, board: float | None, low: float | None, high: float) -> None:
        self.compared += 1
        if (board is None) != (low is None) or (
            board is not None and low is not None and not low - 1e-9 <= board <= high + 1e-9
        ):
            self.faults.append(f"{what}: the board says {board}, the books {low} to {high}")


def level(count: Count, limits: Mapping[str, int], formula: str, least: bool) -> float | None:
    """Return the least or the greatest service level that whole seconds allow."""

    def within(seconds: int, queue: str) -> bool:
        # A wait of s whole seconds may have been almost one shorter or longer.
        limit = limits[queue]
        return seconds < limit if least else seconds <= limit

    answered = len(count.talks)
    answered_within = sum(within(talk.wait, talk.queue) for talk in count.talks)
    lost = len(count.lost_waits)
    assert formula == "of_offered", f"this checker knows of_offered, not {formula}"
    return answered_within / (answered + lost) if answered + lost else None


def compare_queue(
    found: Comparison,
    what: str,
    numbers: Mapping[str, Any],
    count: Count,
    limits: Mapping[str, int],
    formula: str,
) -> None:
    """Compare one row of figures of a queue."""
    answered, lost = len(count.talks), len(count.lost_waits)
    ended = count.ended
    found.same(f"{what} offered", numbers["offered"], count.offered)
    found.same(f"{what} answered", numbers["answered"], answered)
    found.same(f"{what} abandoned", numbers["abandoned"], lost)
    found.same(f"{what} left_queue", numbers["left_queue"], count.left_queue)
    found.same(f"{what} missed", numbers["missed"], count.missed)
    rate = lost / (answered + lost) if answered + lost else None
    found.near(f"{what} abandon_rate", numbers["abandon_rate"], rate, 1e-6)
    low = level(count, limits, formula, least=True)
    high = level(count, limits, formula, least=False)
    found.within(f"{what} service_level", numbers["service_level"], low, high or 0.0)
    found.near(f"{what} asa", numbers["asa"], mean([t.wait for t in count.talks]))
    found.near(
        f"{what} mean_wait_abandoned", numbers["mean_wait_abandoned"], mean(count.lost_waits)
    )
    found.near(f"{what} mean_talk_time", numbers["mean_talk_time"], mean(ended))
    held = [talk.held for talk in count.talks if talk.seconds is not None]
    found.near(f"{what} mean_hold_time", numbers["mean_hold_time"], mean(held), 0.1)
    wraps = [wrap.seconds for wrap in count.wraps]
    found.near(f"{what} mean_wrap_up_time", numbers["mean_wrap_up_time"], mean(wraps))
    aht = (sum(ended) + sum(wraps)) / len(ended) if ended else None
    found.near(f"{what} aht", numbers["aht"], aht, 2 * SECOND)


def compare_agent(
    found: Comparison, what: str, numbers: Mapping[str, Any], agent: str, books: Books
) -> None:
    """Compare one agent's figures of the day."""
    count = books.agents.get(agent, Count())
    ended, wraps = count.ended, [wrap.seconds for wrap in count.wraps]
    found.same(f"{what} offered", numbers["offered"], count.offered)
    found.same(f"{what} answered", numbers["answered"], len(count.talks))
    found.same(f"{what} missed", numbers["missed"], count.missed)
    found.same(f"{what} completed", numbers["completed"], len(ended))
    found.same(f"{what} disposed", numbers["disposed"], 0)
    found.near(f"{what} mean_talk_time", numbers["mean_talk_time"], mean(ended))
    found.near(f"{what} mean_wrap_up_time", numbers["mean_wrap_up_time"], mean(wraps))
    aht = (sum(ended) + sum(wraps)) / len(ended) if ended else None
    found.near(f"{what} aht", numbers["aht"], aht, 2 * SECOND)
    there, paused = books.signed_in[agent], books.paused[agent]
    found.near(f"{what} signed_in_time", numbers["signed_in_time"], there, 2 * SECOND)
    found.near(f"{what} paused_time", numbers["paused_time"], paused, 2 * SECOND)
    engaged = count.rings + sum(ended) + sum(wraps)
    ready = there - paused
    slack = SECOND * (1 + 3 * count.offered) / max(ready, 1.0)
    found.near(
        f"{what} occupancy", numbers["occupancy"], engaged / ready if ready else None, slack
    )


def compare_board(
    found: Comparison, board: Mapping[str, Any], legend: Mapping[str, Any], books: Books
) -> None:
    """Compare every number of the board."""
    limits: dict[str, int] = defaultdict(lambda: 20)
    limits |= {target["queue"]: target["seconds"] for target in legend["targets"]}
    callbacks: Counter[str] = Counter()
    for uniqueid, lines in books.events.items():
        done = books.customers.get(books.number_of.get(uniqueid, ""))
        # Who keyed the way out, did not come back to the queue and was then hung up on.
        promised = lines[-1].event == "EXITWITHKEY"
        if promised and done is not None and 0 < done.over <= books.at and not done.gave_up:
            callbacks[lines[-1].queue] += 1
    for row in (board["total"], *board["queues"]):
        name = row["queue"]
        what = f"queue {name}" if name else "all queues"
        waits = [since for queue, since in books.waiting.values() if name in ("", queue)]
        found.same(f"{what} waiting", row["waiting"], len(waits))
        longest = books.at - min(waits) if waits else 0.0
        found.near(f"{what} longest_wait", row["longest_wait"], longest)
        kept = callbacks[name] if name else sum(callbacks.values())
        found.same(f"{what} callbacks", row["callbacks"], kept)
        states = {k: v for k, v in row["agents"].items() if k != "logged_out"}
        found.same(f"{what} agents", states, dict(books.states(name)))
        for window, numbers in row["windows"].items():
            count = books.queue(name)
            compare_queue(found, f"{what}, {window},", numbers, count, limits, legend["formula"])
        if name:
            expected = _expected(row, books.queue(name))
            found.near(
                f"{what} expected_wait", row["expected_wait"], expected, expected_slack(row)
            )
    found.same("windows", sorted(board["total"]["windows"]), ["hour", "quarter", "today"])
    listening = [c for c in books.customers.values() if c.kind == "listening"]
    there = [c for c in listening if c.answered <= books.at and not 0 < c.over <= books.at]
    found.same("in the menu", board["in_menu"], len(there))
    working = {agent for agent, queues in books.members.items() if queues}
    working |= {agent for agent, count in books.agents.items() if count.talks}
    found.same("agents", sorted(row["agent_id"] for row in board["agents"]), sorted(working))
    for row in board["agents"]:
        agent = row["agent_id"]
        reason = books.reasons.get(agent, "")
        state = "paused" if reason else "available"
        found.same(f"agent {agent} state", (row["state"], row["reason"]), (state, reason))
        queues = set(books.members[agent])
        found.same(f"agent {agent} queues", set(row["queues"]), queues)
        compare_agent(found, f"agent {agent}", row["today"], agent, books)


def _expected(row: Mapping[str, Any], count: Count) -> float | None:
    """Return the wait of who joins now: everybody at work ends a conversation each so often."""
    at_work = sum(n for state, n in row["agents"].items() if state not in ("paused", "logged_out"))
    before = row["waiting"] + row["callbacks"] - row["agents"].get("available", 0)
    if not at_work:
        return None
    if before < 0:
        return 0.0
    ended, wraps = count.ended, [wrap.seconds for wrap in count.wraps]
    if not ended:
        return None
    return (before + 1) * (sum(ended) + sum(wraps)) / len(ended) / at_work


def expected_slack(row: Mapping[str, Any]) -> float:
    return 2 * SECOND * (row["waiting"] + row["callbacks"] + 1)


def compare_reports(
    found: Comparison,
    queues: Sequence[Mapping[str, Any]],
    agents: Sequence[Mapping[str, Any]],
    legend: Mapping[str, Any],
    books: Books,
) -> None:
    """Compare what ``hotline report`` says of today."""
    limits: dict[str, int] = defaultdict(lambda: 20)
    limits |= {target["queue"]: target["seconds"] for target in legend["targets"]}
    told = {row["queue"] for row in queues}
    busy = {q for q, count in books.queues.items() if count.offered}
    found.same("queues in the report", told, busy)
    for row in queues:
        name = row["queue"]
        compare_queue(found, f"report, {name},", row, books.queue(name), limits, legend["formula"])
    for row in agents:
        agent = row["agent"]
        count = books.agents.get(agent, Count())
        found.same(f"report, agent {agent} answered", row["answered"], len(count.talks))
        found.same(f"report, agent {agent} missed", row["missed"], count.missed)
        found.same(f"report, agent {agent} completed", row["completed"], len(count.ended))
        found.near(
            f"report, agent {agent} mean_talk_time", row["mean_talk_time"], mean(count.ended)
        )


def compare_calls(found: Comparison, calls: Sequence[Mapping[str, Any]], books: Books) -> None:
    """Compare each call: its queues and agents, its wait and talk, and SIPp's own view of it."""
    by_id = {call["call_id"]: call for call in calls}
    for uniqueid, records in books.records.items():
        call_id = records[0].call_id
        lines = books.events.get(uniqueid, [])
        if not call_id or max(r.end for r in records) > books.at:
            continue
        call = by_id.pop(call_id, None)
        if call is None:
            found.faults.append(f"call {call_id}: in the call records alone")
            continue
        what = f"call {call_id}"
        joined = [line.queue for line in lines if line.event == "ENTERQUEUE"]
        connects = [line for line in lines if line.event == "CONNECT"]
        found.same(f"{what} queues", call["queues"], list(dict.fromkeys(joined)))
        agents = list(dict.fromkeys(line.agent for line in connects))
        found.same(f"{what} agents", call["agents"], agents)
        waits = sum(_wait(line) for line in lines)
        found.near(f"{what} wait_time", call["wait_time"], waits, SECOND * max(1, len(joined)))
        talks = [t for q in set(joined) for t in books.queues[q].talks if t.uniqueid == uniqueid]
        talked = sum(talk.seconds or 0.0 for talk in talks)
        found.near(f"{what} talk_time", call["talk_time"], talked, SECOND * max(1, len(talks)))
        customer = books.customers.get(books.number_of.get(uniqueid, ""))
        if customer is not None and customer.over:
            length = max(r.end for r in records) - min(r.answer or r.start for r in records)
            found.near(f"{what} length at SIPp", customer.over - customer.answered, length)
            found.same(f"{what} outcome", call["outcome"], _outcome(customer.kind))
    living = [c for c in by_id.values() if c["ended_at"] is not None and c["ended_at"] <= books.at]
    found.same("calls that no book has", len(living), 0)


def _wait(line: Line) -> int:
    match line.event:
        case "CONNECT":
            return int(line.data[0])
        case "ABANDON":
            return int(line.data[2])
        case "EXITWITHKEY" | "WITHDRAW" | "EXITWITHTIMEOUT":
            return int(line.data[-1] if line.event == "EXITWITHKEY" else line.data[2])
    return 0


def _outcome(kind: str) -> str:
    return {"abandoned": "abandoned", "waiting": "abandoned", "withdrawn": "callback"}.get(
        kind, "answered"
    )


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
    }


def _read(folder: Path, name: str) -> Any:
    return json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))


def open_books(folder: Path) -> Books:
    """Read what a run left in the folder."""
    board = _read(folder, "board")
    return Books(
        read_queue_log((folder / "queue_log").read_text(encoding="utf-8")),
        read_records((folder / "calls.csv").read_text(encoding="utf-8")),
        read_customers(folder / "sipp"),
        read_holds((folder / "holds.log").read_text(encoding="utf-8")),
        board["at"],
    )


def compare(folder: Path, board: Mapping[str, Any] | None = None) -> Comparison:
    """Compare everything; ``board`` stands for the one in the folder, and then is all compared."""
    books, legend = open_books(folder), _read(folder, "legend")
    found = Comparison()
    compare_board(found, board or _read(folder, "board"), legend, books)
    if board is None:
        compare_reports(
            found, _read(folder, "report-queues"), _read(folder, "report-agents"), legend, books
        )
        compare_calls(found, _read(folder, "calls"), books)
    return found


def verdict(folder: Path, least: int) -> Iterator[str]:
    """Yield every fault: differences, and kinds that happened less often than ``least``."""
    books = open_books(folder)
    for kind, count in happened(books).items():
        if count < least:
            yield f"only {count} {kind}, not {least}"
    yield from compare(folder).faults


def show(faults: Iterable[str], most: int = 40) -> int:
    """Print the faults and return how many there are."""
    count = 0
    for fault in faults:
        count += 1
        if count <= most:
            print(f"✗ {fault}")
    if count > most:
        print(f"✗ … and {count - most} more")
    return count


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--least", type=int, default=0, help="of each kind")
    arguments = parser.parse_args()
    print(json.dumps(happened(open_books(arguments.folder))))
    found = compare(arguments.folder)
    print(f"{found.compared} numbers compared, {len(found.faults)} differ")
    return 1 if show(verdict(arguments.folder, arguments.least)) or not found.compared else 0


if __name__ == "__main__":
    sys.exit(main())
