"""Does the board say what the books of others say?  Every number, with the definitions of its own.

Imports nothing of the product either; what the figures mean is in docs/figures.md.  Counts must be
equal, durations agree within a second a call.

    python -m bench.board_verdict FOLDER     compare what bench.board_check left there
"""

import argparse
import json
import sys
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from bench.board_books import (
    HUNG_UP,
    SHUT,
    TURNED_AWAY,
    Books,
    Count,
    happened,
    open_books,
    read,
)
from bench.board_compare import SECOND, Comparison, fates, level, limits_of, mean, wait_of
from bench.board_history import compare_nodes, compare_plots, compare_quarters, compare_topics

SLOW: Final = 3.0
"""Seconds after a conversation at which a pause is too late to keep the next call off: then the
machine was too slow for the traffic, and the comparison is worth nothing."""


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
    found.same(f"{what} found_closed", numbers["found_closed"], count.found_closed)
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
    found.same(f"{what} disposed", numbers["disposed"], books.noted[agent])
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
    limits = limits_of(legend)
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
    at_work: int = sum(
        n for state, n in row["agents"].items() if state not in ("paused", "logged_out")
    )
    before: int = row["waiting"] + row["callbacks"] - row["agents"].get("available", 0)
    if not at_work:
        return None
    if before < 0:
        return 0.0
    ended, wraps = count.ended, [wrap.seconds for wrap in count.wraps]
    if not ended:
        return None
    return (before + 1) * (sum(ended) + sum(wraps)) / len(ended) / at_work


def expected_slack(row: Mapping[str, Any]) -> float:
    before: int = row["waiting"] + row["callbacks"]
    return 2 * SECOND * (before + 1)


def compare_reports(
    found: Comparison,
    queues: Sequence[Mapping[str, Any]],
    agents: Sequence[Mapping[str, Any]],
    legend: Mapping[str, Any],
    books: Books,
) -> None:
    """Compare what ``hotline report`` says of today."""
    limits = limits_of(legend)
    told = {row["queue"] for row in queues}
    busy = {q for q, count in books.queues.items() if count.offered or count.found_closed}
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
        found.same(f"report, agent {agent} disposed", row["disposed"], books.noted[agent])
        found.near(
            f"report, agent {agent} mean_talk_time", row["mean_talk_time"], mean(count.ended)
        )


def compare_fates(found: Comparison, segments: Sequence[Mapping[str, Any]], books: Books) -> None:
    """Compare what became of the calls, of all segments together."""
    became = fates(books)
    total, done = books.queue(""), happened(books)
    expected = {
        "calls": became.total(),
        **{name: became[name] for name in ("reached", "gave_up", "turned_away", "hung_up")},
        "solved": 0,
        "messages": 0,
        "offered": total.offered,
        "answered": len(total.talks),
        "abandoned": len(total.lost_waits),
        "left_queue": total.left_queue,
        "transferred": done["transferred"],
    }
    for name, count in expected.items():
        found.same(f"report, all segments, {name}", sum(row[name] for row in segments), count)


def compare_calls(found: Comparison, calls: Sequence[Mapping[str, Any]], books: Books) -> None:
    """Compare each call: its queues and agents, its wait and talk, and SIPp's own view of it."""
    by_id = {call["call_id"]: call for call in calls}
    for uniqueid in books.ended():
        records = books.records[uniqueid]
        call_id, lines = records[0].call_id, books.events.get(uniqueid, [])
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
        waits = sum(wait_of(line) for line in lines)
        found.near(f"{what} wait_time", call["wait_time"], waits, SECOND * max(1, len(joined)))
        talks = [t for q in set(joined) for t in books.queues[q].talks if t.uniqueid == uniqueid]
        talked = sum(talk.seconds or 0.0 for talk in talks)
        found.near(f"{what} talk_time", call["talk_time"], talked, SECOND * max(1, len(talks)))
        customer = books.customers.get(books.number_of.get(uniqueid, ""))
        if customer is not None and customer.over:
            length = max(r.end for r in records) - min(r.answer or r.start for r in records)
            found.near(f"{what} length at SIPp", customer.over - customer.answered, length)
            found.same(f"{what} outcome", call["outcome"], _outcome(customer.kind))
            closed = [SHUT] if customer.kind == TURNED_AWAY else []
            found.same(f"{what} found_closed", call["found_closed"], closed)
    living = [c for c in by_id.values() if c["ended_at"] is not None and c["ended_at"] <= books.at]
    found.same("calls that no book has", len(living), 0)


def _outcome(kind: str) -> str:
    told = {"abandoned": "abandoned", "waiting": "abandoned", "withdrawn": "callback"}
    return (told | {TURNED_AWAY: "menu", HUNG_UP: "menu"}).get(kind, "answered")


def compare(folder: Path, board: Mapping[str, Any] | None = None) -> Comparison:
    """Compare everything; ``board`` stands for the one in the folder, and then is all compared."""
    books, legend = open_books(folder), read(folder, "legend")
    found = Comparison()
    compare_board(found, board or read(folder, "board"), legend, books)
    if board is None:
        compare_reports(
            found, read(folder, "report-queues"), read(folder, "report-agents"), legend, books
        )
        compare_fates(found, read(folder, "report-segments"), books)
        compare_calls(found, read(folder, "calls"), books)
        compare_quarters(found, read(folder, "report-quarters"), books)
        compare_topics(found, read(folder, "report-topics"), books)
        compare_nodes(found, read(folder, "report-nodes"), books)
        compare_plots(found, read(folder, "plots"), legend, books)
    return found


def verdict(folder: Path, least: int) -> Iterator[str]:
    """Yield every fault: differences, and kinds that happened less often than ``least``."""
    books = open_books(folder)
    for kind, count in happened(books).items():
        if count < least:
            yield f"only {count} {kind}, not {least}"
    late = books.latest_pause()
    if late > SLOW:
        yield f"wrap-ups began up to {late:.1f} s late: too slow a machine for this rate"
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


def from_command_line() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--least", type=int, default=0, help="of each kind")
    arguments = parser.parse_args()
    print(json.dumps(happened(open_books(arguments.folder))))
    found = compare(arguments.folder)
    print(f"{found.compared} numbers compared, {len(found.faults)} differ")
    return 1 if show(verdict(arguments.folder, arguments.least)) or not found.compared else 0


if __name__ == "__main__":
    sys.exit(from_command_line())
