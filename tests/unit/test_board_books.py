"""The checker of the board, on a made-up day told twice: as our events, and as others' books."""

import ast
import dataclasses
import random
import sys
from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from math import floor
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest

from agent_console.board_messages import picture_of
from agent_console.report_messages import DayPlots
from bench import board_books as books
from bench import board_compare, board_history, board_verdict
from bench.board_load import planted
from cti.board import BoardRules, board
from cti.core import events as ev
from cti.core.agents import Membership
from cti.core.ids import AgentId, CallId, QueueName
from cti.history.figures import Figures
from cti.history.fold import HistoryFold
from cti.history.keeper import Live
from hotline import plots, reports
from hotline.settings import Settings

BEGIN = 1_795_860_000.0
ZONE = ZoneInfo("Asia/Shanghai")
QUEUES = ("service", "vip", "nobody", "later", books.SHUT)
LIMITS = dict.fromkeys(QUEUES, 3)
AGENTS = tuple(str(3001 + n) for n in range(12))
KINDS = (
    "answered",
    "missed",
    "abandoned",
    "overflowed",
    "transferred",
    "withdrawn",
    "turned_away",
)


class Day:
    """Calls of all kinds, one after the other; at the end some still wait."""

    def __init__(self, calls: int) -> None:
        self.chance = random.Random(calls)  # noqa: S311 - a made-up day
        self.events: list[ev.DomainEvent] = []
        self.lines: list[books.Line] = []
        self.records: list[books.Record] = []
        self.customers: dict[str, books.Customer] = {}
        self.holds: dict[tuple[str, str], float] = {}
        self.notes: list[tuple[float, str]] = []
        self.free: dict[str, float] = dict.fromkeys(AGENTS, BEGIN)
        for agent in AGENTS:
            self.events.append(
                ev.AgentStateChanged(at=BEGIN, agent_id=AgentId(agent), state="available")
            )
            for queue in ("service", "vip"):
                self.line(BEGIN, "MANAGER", queue, agent, "ADDMEMBER")
        for number in range(calls):
            self.call(number, KINDS[number % len(KINDS)])
        self.end = BEGIN + calls * 2 + 30
        for number in range(3):
            call, uniqueid = self.arrive(calls + number, "waiting", self.end - 20 - number)
            self.join(call, uniqueid, "nobody", self.end - 20 - number)
        paused = AgentId(AGENTS[0])
        at = self.end - 10.4
        self.events.append(
            ev.AgentStateChanged(at=at, agent_id=paused, state="paused", reason="lunch")
        )
        self.line(at, "NONE", "NONE", paused, "PAUSEALL", "lunch")
        self.events.sort(key=lambda event: event.at)
        self.lines.sort(key=lambda line: line.at)

    def line(
        self, at: float, uniqueid: str, queue: str, agent: str, event: str, *data: str
    ) -> None:
        self.lines.append(books.Line(floor(at), uniqueid, queue, agent, event, data))

    def arrive(self, number: int, kind: str, at: float) -> tuple[CallId, str]:
        call, uniqueid, caller = (
            CallId(f"call-{number}"),
            f"hotline-1.{number}",
            f"+861391{number}",
        )
        self.events.append(
            ev.CallArrived(
                at=at,
                call_id=call,
                uniqueid=uniqueid,
                linkedid=uniqueid,
                dnis="1",
                trunk="load",
                caller_pseudonym="",
            )
        )
        self.customers[caller] = books.Customer(kind, answered=at)
        return call, uniqueid

    def join(self, call: CallId, uniqueid: str, queue: str, at: float) -> None:
        caller = f"+861391{uniqueid.rpartition('.')[2]}"
        topic = books.ABOUT[self.customers[caller].kind]
        self.events += [
            ev.CallQueued(at=at, call_id=call, queue=QueueName(queue), position=1, reason=topic)
        ]
        self.line(at, uniqueid, queue, "NONE", "ENTERQUEUE", "", caller, "1")

    def call(self, number: int, kind: str) -> None:
        at = BEGIN + 1 + number * 2 + self.chance.random()
        call, uniqueid = self.arrive(number, kind, at)
        if kind == books.TURNED_AWAY:
            shut = QueueName(books.SHUT)
            self.events.append(ev.CallTurnedAway(at=at + 0.2, call_id=call, queue=shut))
            self.ends(number, call, uniqueid, at, at + 3)
            return
        queue = {"abandoned": "nobody", "overflowed": "nobody", "withdrawn": "later"}.get(
            kind, "service"
        )
        name = QueueName(queue)
        joined = at + 0.3
        self.join(call, uniqueid, queue, joined)
        end = joined + self.chance.uniform(0.5, 5.0)
        waited = end - joined
        whole = str(floor(end) - floor(joined))
        gone = end
        if kind == "abandoned":
            self.events.append(
                ev.CallAbandoned(at=end, call_id=call, queue=name, position=1, wait_time=waited)
            )
            self.line(end, uniqueid, queue, "NONE", "ABANDON", "1", "1", whole)
        elif kind in ("overflowed", "withdrawn"):
            self.events.append(
                ev.CallLeftQueue(
                    at=end, call_id=call, queue=name, status="WITHDRAW", wait_time=waited
                )
            )
            if kind == "overflowed":
                self.line(
                    end, uniqueid, queue, "NONE", "WITHDRAW", "1", "1", whole, "overflow,service"
                )
                gone = self.serve(call, uniqueid, "service", end)
            else:
                self.line(end, uniqueid, queue, "NONE", "EXITWITHKEY", "1", "1", "1", whole)
                gone = end + 3
        else:
            gone = self.serve(call, uniqueid, queue, joined, kind, joined=True)
        self.ends(number, call, uniqueid, at, gone, gave_up=kind == "abandoned")

    def ends(
        self,
        number: int,
        call: CallId,
        uniqueid: str,
        at: float,
        gone: float,
        *,
        gave_up: bool = False,
    ) -> None:
        self.events.append(ev.CallEnded(at=gone, call_id=call, cause=16, ended_by="agent"))
        customer = self.customers[f"+861391{number}"]
        customer.over, customer.gave_up = gone, gave_up
        self.records.append(books.Record(call, at, at, gone, "ANSWERED", "", uniqueid))

    def serve(
        self,
        call: CallId,
        uniqueid: str,
        queue: str,
        at: float,
        kind: str = "",
        *,
        joined: bool = False,
    ) -> float:
        """Let an agent take the call; return when the customer is gone."""
        name = QueueName(queue)
        if not joined:
            self.join(call, uniqueid, queue, at)
        agent = min(AGENTS, key=lambda one: self.free[one])
        who = AgentId(agent)
        rings = max(at + 0.1, self.free[agent])
        if kind == "missed":
            self.rings(call, who, name, rings)
            missed = rings + 2.5
            self.events.append(
                ev.AgentMissed(at=missed, call_id=call, agent_id=who, queue=name, ring_time=2.5)
            )
            self.state(missed, who, "available")
            self.line(missed, uniqueid, queue, agent, "RINGNOANSWER", "2500")
            self.free[agent] = missed + 1
            agent = min(AGENTS, key=lambda one: self.free[one])
            who = AgentId(agent)
            rings = max(missed + 1, self.free[agent])
        self.rings(call, who, name, rings)
        connected = rings + 0.4
        self.events.append(
            ev.CallConnected(
                at=connected,
                call_id=call,
                agent_id=who,
                queue=name,
                wait_time=connected - at,
                ring_time=0.4,
            )
        )
        self.state(connected, who, "on_call", call)
        whole = str(floor(connected) - floor(at))
        self.line(connected, uniqueid, queue, agent, "CONNECT", whole, "leg", "0")
        talk = self.chance.uniform(1.0, 4.0)
        done = connected + talk
        if self.chance.random() < 0.3:
            self.events += [
                ev.CallHeld(at=connected + 0.2, call_id=call, agent_id=who),
                ev.CallResumed(at=connected + 0.7, call_id=call, agent_id=who),
            ]
            self.holds[agent, f"+861391{uniqueid.rpartition('.')[2]}"] = 0.5
        self.records.append(books.Record(call, at, at, done, "ANSWERED", agent, uniqueid))
        self.events += [
            ev.CallCompleted(
                at=done,
                call_id=call,
                agent_id=who,
                queue=name,
                talk_time=talk,
                ended_by="agent",
            ),
            ev.WrapUpStarted(at=done, call_id=call, agent_id=who, queue=name, until=done + 1),
        ]
        self.state(done, who, "wrap_up", call)
        if self.chance.random() < 0.4:
            self.events.append(
                ev.CallDisposed(at=done + 0.4, call_id=call, agent_id=who, disposition="solved")
            )
            self.notes.append((done + 0.4, agent))
        self.line(done, "NONE", "NONE", agent, "PAUSEALL", "wrap-up")
        self.events.append(
            ev.WrapUpEnded(
                at=done + 1, call_id=call, agent_id=who, wrap_up_time=1.0, ended_by="timer"
            )
        )
        self.state(done + 1, who, "available")
        self.line(done + 1, "NONE", "NONE", agent, "UNPAUSEALL")
        self.free[agent] = done + 1.5
        if kind == "transferred":
            return self.serve(call, uniqueid, "vip", done + 0.1)
        return done

    def rings(self, call: CallId, agent: AgentId, queue: QueueName, at: float) -> None:
        self.events.append(ev.AgentRinging(at=at, call_id=call, agent_id=agent, queue=queue))
        self.state(at, agent, "ringing", call)

    def state(
        self, at: float, agent: AgentId, state: ev.AgentState, call: CallId | None = None
    ) -> None:
        self.events.append(ev.AgentStateChanged(at=at, agent_id=agent, state=state, call_id=call))

    # --- the two accounts ----------------------------------------------------------------------

    def books(self) -> books.Books:
        return books.Books(
            self.lines, self.records, self.customers, self.holds, self.notes, self.end
        )

    def fold(self) -> HistoryFold:
        fold = HistoryFold(ZONE)
        for seq, event in enumerate(self.events, 1):
            fold.feed(seq, event)
        return fold

    def figures(self) -> Figures:
        return self.fold().pending

    def board(self) -> dict[str, object]:
        """Return what the product makes of the events."""
        fold = self.fold()
        figures, world = fold.pending.together(), fold.world
        world.queues.update(map(QueueName, QUEUES))
        for agent in AGENTS:
            world.set_agent(
                AgentId(agent),
                self.end,
                memberships=(Membership(QueueName("service")), Membership(QueueName("vip"))),
            )
        rules = BoardRules(limits={QueueName(q): s for q, s in LIMITS.items()})
        live = Live(BEGIN - 3600, figures, figures, figures)
        promised = Counter(
            e.queue for e in self.events if isinstance(e, ev.CallLeftQueue) and e.queue == "later"
        )
        made = picture_of(board(world, live, self.end, rules, promised))
        plain: dict[str, object] = msgspec.to_builtins(made)
        return plain


LEGEND = {
    "formula": "of_offered",
    "targets": [{"queue": queue, "seconds": seconds} for queue, seconds in LIMITS.items()],
}


@pytest.fixture(scope="module")
def day() -> Day:
    return Day(140)


def differences(day: Day) -> board_compare.Comparison:
    found = board_compare.Comparison()
    board_verdict.compare_board(found, day.board(), LEGEND, day.books())
    return found


def test_board_and_books_agree_on_every_number(day: Day) -> None:
    found = differences(day)
    assert found.faults == []
    assert found.compared > 300
    happened = books.happened(day.books())
    assert all(happened[kind.replace("_", " ")] >= 20 for kind in KINDS), happened


@pytest.fixture(params=sorted(planted.FAULTS))
def fault(request: pytest.FixtureRequest) -> Iterator[str]:
    undo = planted.plant(request.param)
    yield request.param
    undo()


def test_each_wrong_fold_is_noticed(day: Day, fault: str) -> None:
    telling = {"lost": "left_queue", "late": "asa", "twice": "abandoned"}
    faults = differences(day).faults
    assert any(telling[fault] in each for each in faults), faults[:5]


def test_a_second_of_one_call_is_noticed_but_not_the_cut_of_whole_seconds(day: Day) -> None:
    made = day.books()
    talk = made.queues["service"].talks[0]
    found = board_compare.Comparison()
    found.near("wait", talk.wait + 0.9, float(talk.wait))
    assert found.faults == []
    found.near("wait", talk.wait + 1.2, float(talk.wait))
    assert len(found.faults) == 1


def test_what_became_of_calls_is_told_by_their_lines_and_compared(day: Day) -> None:
    told = {kind: Counter[str]() for kind in KINDS}
    made = day.books()
    for uniqueid, records in made.records.items():
        kind = made.customers[f"+861391{uniqueid.rpartition('.')[2]}"].kind
        told[kind][board_compare.fate(made.events.get(uniqueid, []))] += bool(records)
    fates = {kind: list(counts) for kind, counts in told.items()}
    assert fates == {
        **{kind: ["reached"] for kind in ("answered", "missed", "overflowed", "transferred")},
        "abandoned": ["gave_up"],
        "withdrawn": ["turned_away"],
        "turned_away": ["hung_up"],
    }
    rows = [dict.fromkeys(("calls", "reached", "gave_up", "turned_away", "hung_up"), 0)]
    rows[0] |= dict.fromkeys(("solved", "messages", "offered", "answered", "abandoned"), 0)
    rows[0] |= {"left_queue": 0, "transferred": 0}
    found = board_compare.Comparison()
    board_verdict.compare_fates(found, rows, made)
    assert (found.compared, len(found.faults)) == (12, 10)  # all but solved and messages


# --- history -----------------------------------------------------------------------------------

SETTINGS = Settings(
    queues=[{"name": name, "service_level_seconds": LIMITS[name]} for name in QUEUES]
)


@pytest.fixture(scope="module")
def long_day() -> Day:
    return Day(700)  # more than two quarters of an hour


def report(day: Day, what: reports.What, by: reports.Span) -> list[dict[str, Any]]:
    asked = reports.Asked(what, 0.0, day.end, by, "of_offered")
    columns, rows = reports.table(day.figures(), SETTINGS, asked)
    header = ("start", what.removesuffix("s"), *columns)
    return [msgspec.to_builtins(dict(zip(header, row, strict=True))) for row in rows]


def plotted(day: Day) -> dict[str, Any]:
    today = day.figures()
    over = plots.place_of(int(day.end), ZONE)
    limit = reports.limits(SETTINGS)
    made = DayPlots(
        at=day.end,
        day=datetime.fromtimestamp(day.end, ZONE).date().isoformat(),
        minutes=plots.MINUTES,
        arrivals=plots.arrivals(plots.arrivals_of(today, ZONE), over, ()),
        waiting=plots.waiting(today, "", over, ZONE, limit, "of_offered"),
        waits=plots.wait_bars(today, ""),
        funnel=plots.funnel(today, {}),
        offers=plots.offers(today, (), {}),
        scores=plots.scores(today),
        scores_before=(0, 0, 0, 0, 0),
        formula="of_offered",
    )
    found: dict[str, Any] = msgspec.to_builtins(made)
    return found


def of_history(day: Day) -> board_compare.Comparison:
    found, made = board_compare.Comparison(), day.books()
    board_history.compare_quarters(found, report(day, "queues", "quarter"), made)
    board_history.compare_topics(found, report(day, "topics", "whole"), made)
    drawn = plotted(day)
    # These calls came without a menu, so that no node lost them.
    drawn["funnel"]["losses"] = [{"hung_up": drawn["funnel"]["hung_up"]}]
    board_history.compare_plots(found, drawn, LEGEND, made)
    return found


def test_plots_and_reports_agree_with_the_books(long_day: Day) -> None:
    found = of_history(long_day)
    assert found.faults == []
    assert found.compared > 100
    drawn = plotted(long_day)
    assert len([n for n in drawn["arrivals"]["today"] if n]) == 1
    assert [n for n in drawn["waiting"]["service_level"] if n is not None]


def test_each_wrong_fold_is_noticed_in_plots_and_reports(long_day: Day, fault: str) -> None:
    telling = {
        "lost": {"left_queue"},
        "late": {"waits over", "service level"},
        "twice": {"abandoned", "waits over", "service level"},
    }
    faults = of_history(long_day).faults
    for words in telling[fault]:
        assert any(words in each for each in faults), (words, faults[:5])


@pytest.mark.parametrize(
    ("where", "words"),
    [
        (("arrivals", "today"), "arrivals in the quarter"),
        (("waiting", "mean_waiting"), "mean waiting"),
        (("waiting", "service_level"), "service level"),
    ],
)
def test_a_wrong_value_of_a_plot_is_noticed(
    long_day: Day, where: tuple[str, str], words: str
) -> None:
    drawn = plotted(long_day)
    line = drawn[where[0]][where[1]] = list(drawn[where[0]][where[1]])
    place = next(i for i, value in enumerate(line) if value)
    line[place] += -0.2 if where[1] == "service_level" else 1
    found = board_compare.Comparison()
    board_history.compare_plots(found, drawn, LEGEND, long_day.books())
    assert any(words in fault for fault in found.faults), found.faults


def test_a_whole_second_at_an_edge_may_belong_to_either_quarter() -> None:
    assert [board_history.inside(at, 900.0) for at in (898, 899, 900, 1798, 1799, 1800)] == [
        (False, False),
        (False, True),
        (True, True),
        (True, True),
        (False, True),
        (False, False),
    ]


def test_nodes_are_told_by_who_dialled_what() -> None:
    kinds = ("answered", "abandoned", books.TURNED_AWAY, "missed", books.HUNG_UP, books.LISTENING)
    customers = {
        f"+86{n}": books.Customer(kind, answered=10.0, over=0.0 if n == 5 else 20.0)
        for n, kind in enumerate(kinds)
    }
    queued = [
        books.Line(11, f"u{n}", "service", "NONE", "ENTERQUEUE", ("", f"+86{n}", "1"))
        for n in (0, 1, 3)
    ]
    made = books.Books(queued, [], customers, {}, [], 30.0)

    def row(node: str, entered: int, queued: int, hung_up: int) -> dict[str, Any]:
        counts = {"entered": entered, "queued": queued, "hung_up": hung_up}
        return {"node": node, **counts, "solved": 0, "services": 0}

    rows = [
        row("straight_accounts/person", 3, 2, 1),
        row("straight_cards/person", 1, 1, 0),
        row("main/welcome", 2, 0, 0),
        row("main/language", 2, 0, 1),
    ]
    found = board_compare.Comparison()
    board_history.compare_nodes(found, rows, made)
    assert found.faults == []
    for wrong, name in (
        (0, "entered"),
        (0, "hung_up"),
        (1, "queued"),
        (2, "entered"),
        (3, "solved"),
    ):
        changed = [dict(each) for each in rows]
        changed[wrong][name] += 1
        found = board_compare.Comparison()
        board_history.compare_nodes(found, changed, made)
        assert len(found.faults) == 1, (wrong, name, found.faults)


def test_a_machine_that_is_too_slow_is_found_out(day: Day) -> None:
    """The engine's pause came after the queue's own wrapuptime: callers may have slipped in."""
    assert day.books().latest_pause() < 1
    late = Day(24)
    pauses = ("PAUSEALL", "UNPAUSEALL")
    late.lines = [
        dataclasses.replace(line, at=line.at + 4) if line.event in pauses else line
        for line in late.lines
    ]
    assert late.books().latest_pause() > board_verdict.SLOW


def test_the_checker_imports_nothing_of_the_product() -> None:
    ours = (books, board_compare, board_history, board_verdict)
    known = {*sys.stdlib_module_names, *(module.__name__ for module in ours)}
    for module in ours:
        tree = ast.parse(Path(module.__file__).read_text(encoding="utf-8"))
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.module in known or (node.module or "").partition(".")[0] in known
            elif isinstance(node, ast.Import):
                assert {alias.name.partition(".")[0] for alias in node.names} <= known
