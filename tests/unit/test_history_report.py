"""Reports: measures from sums, lines by span, and the files for spreadsheets."""

import asyncio
import csv
import json
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from python_calamine import CalamineWorkbook
from typer.testing import CliRunner

from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from cti.history.figures import Figures, QueueKey
from cti.history.fold import HistoryFold
from cti.history.measures import FORMULAS, Waits, service_level
from cti.history.report import Span, agent_report, queue_report, span_starts, start_of
from cti.journal.sqlite import SqliteJournal
from hotline import db
from hotline.cli import app
from hotline.tables import write_csv, write_xlsx

ZONE = ZoneInfo("Asia/Shanghai")
NINE = datetime(2026, 3, 2, 9, 0, tzinfo=ZONE)  # a Monday
ONE, SERVICE, VIP = AgentId("1001"), QueueName("service"), QueueName("vip")


def test_the_four_formulas_differ_in_what_they_do_with_those_who_gave_up() -> None:
    waits = Waits(answered=80, answered_within=60, abandoned=20, abandoned_within=5)
    assert {name: service_level(waits, name) for name in FORMULAS} == {
        "of_answered": 60 / 80,
        "of_offered": 60 / 100,
        "short_abandons_left_out": 60 / 95,
        "short_abandons_served": 65 / 100,
    }
    nobody = Waits(0, 0, 0, 0)
    assert all(service_level(nobody, name) is None for name in FORMULAS)
    only_short = Waits(answered=0, answered_within=0, abandoned=3, abandoned_within=3)
    assert service_level(only_short, "short_abandons_left_out") is None


@pytest.mark.parametrize(
    ("span", "begins"),
    [
        ("quarter", "2026-03-05T10:45"),
        ("hour", "2026-03-05T10:00"),
        ("day", "2026-03-05T00:00"),
        ("week", "2026-03-02T00:00"),
        ("month", "2026-03-01T00:00"),
    ],
)
def test_spans_begin_on_the_clocks_of_the_zone(span: Span, begins: str) -> None:
    at = datetime(2026, 3, 5, 10, 59, 59, tzinfo=ZONE)
    assert start_of(span, at) == datetime.fromisoformat(begins).replace(tzinfo=ZONE)


def test_spans_are_told_by_their_beginnings() -> None:
    since, until = NINE.timestamp(), NINE.replace(month=4, day=2).timestamp()

    def told(by: Span) -> list[str]:
        starts = span_starts(by, since, until, ZONE)
        return [f"{datetime.fromtimestamp(at, ZONE):%m-%d %H}" for at in starts]

    assert told("month") == ["03-02 09", "04-01 00"]
    assert told("week")[:3] == ["03-02 09", "03-09 00", "03-16 00"]
    assert told("day")[:2] == ["03-02 09", "03-03 00"]
    assert len(told("day")) == 32
    assert told("whole") == ["03-02 09"]
    assert told("hour") == told("quarter") == []


def figures() -> Figures:
    made = Figures()
    for hours, queue, waits in ((0, SERVICE, (5, 30)), (1, SERVICE, (10,)), (24, VIP, (25,))):
        start = int(NINE.timestamp()) + hours * 3600
        row = made.queue(QueueKey(start, queue))
        for seconds in waits:
            row.offered += 1
            row.answered += 1
            row.completed += 1
            row.wait_answered_ms += seconds * 1000
            row.talk_ms += 60_000
            made.waited(start, queue, "answered", seconds)
    return made


def report(**options: object) -> list[tuple[str, str, int, float | None]]:
    lines = queue_report(
        figures(),
        zone=ZONE,
        since=NINE.timestamp(),
        limit={SERVICE: 20, VIP: 30}.__getitem__,
        formula="of_offered",
        **options,  # type: ignore[arg-type] # as the test says
    )
    return [
        (f"{line.start:%d %H}", line.name, line.measures.answered, line.measures.service_level)
        for line in lines
    ]


def test_lines_are_by_span_and_queue_each_with_its_own_limit() -> None:
    assert report(by="hour") == [
        ("02 09", "service", 2, 0.5),
        ("02 10", "service", 1, 1.0),
        ("03 09", "vip", 1, 1.0),
    ]
    assert report(by="day", queues={SERVICE}) == [("02 00", "service", 3, 2 / 3)]
    assert report(by="whole", together=True) == [("02 09", "", 4, 0.75)]


def state(at: float, to: ev.AgentState) -> ev.AgentStateChanged:
    return ev.AgentStateChanged(at=NINE.timestamp() + at, agent_id=ONE, state=to)


def test_time_in_a_state_counts_in_each_quarter_that_it_touches() -> None:
    fold = HistoryFold(ZONE)
    changes = (
        state(0, "available"),
        state(300, "ringing"),
        state(310, "on_call"),
        state(1000, "wrap_up"),
        state(1030, "paused"),
        state(1630, "available"),
        state(1800, "logged_out"),
        state(9000, "available"),
    )
    for seq, event in enumerate(changes, start=1):
        fold.feed(seq, event)
    rows = agent_report(fold.pending, by="quarter", zone=ZONE, since=0)
    times = [(f"{r.start:%H:%M}", r.measures.signed_in_time, r.measures.paused_time) for r in rows]
    assert times == [("09:00", 900.0, 0.0), ("09:15", 900.0, 600.0)]
    assert rows[0].measures.occupancy == 600 / 900
    assert rows[1].measures.occupancy == 130 / 300


def test_a_clock_that_jumps_by_years_costs_a_day_at_most() -> None:
    fold = HistoryFold(ZONE, interval=60)
    fold.feed(1, ev.AgentStateChanged(at=1.0, agent_id=ONE, state="available"))
    fold.feed(2, state(0, "paused"))
    assert len(fold.pending.agents) == 1440
    assert fold.pending.agent_total(ONE).available_ms == 86_400_000


def test_texts_become_no_formulas_and_times_are_times(tmp_path: Path) -> None:
    header, rows = ("start", "queue", "share"), [(NINE, "=1+1", 0.5), (NINE, "", None)]
    write_csv(tmp_path / "t.csv", header, rows)
    written = (tmp_path / "t.csv").read_text(encoding="utf-8-sig")
    assert list(csv.reader(written.splitlines())) == [
        ["start", "queue", "share"],
        ["2026-03-02T09:00:00+08:00", "'=1+1", "0.500"],
        ["2026-03-02T09:00:00+08:00", "", ""],
    ]
    write_xlsx(tmp_path / "t.xlsx", header, rows, shares={"share"})
    sheet = CalamineWorkbook.from_path(str(tmp_path / "t.xlsx")).get_sheet_by_index(0)
    assert sheet.to_python()[1] == [NINE.replace(tzinfo=None), "=1+1", 0.5]
    assert {file.name for file in tmp_path.iterdir()} == {"t.csv", "t.xlsx"}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings with a journal in which one caller was answered after 3 s and one gave up."""
    folder = tmp_path_factory.mktemp("bank")
    file = folder / "hotline.toml"
    file.write_text(f'state_dir = "{folder}"\n', encoding="utf-8")
    url = f"sqlite:///{folder / 'hotline.db'}"
    db.upgrade(url)
    at, one, two = NINE.timestamp(), CallId("a"), CallId("b")
    story = [
        *(arrived(call, at) for call in (one, two)),
        *(ev.CallQueued(at=at, call_id=c, queue=SERVICE, position=1) for c in (one, two)),
        ev.AgentRinging(at=at + 1, call_id=one, agent_id=ONE, queue=SERVICE),
        ev.CallConnected(
            at=at + 3, call_id=one, agent_id=ONE, queue=SERVICE, wait_time=3.0, ring_time=2.0
        ),
        ev.CallAbandoned(at=at + 50, call_id=two, queue=SERVICE, position=1, wait_time=50.0),
        ev.CallCompleted(
            at=at + 63,
            call_id=one,
            agent_id=ONE,
            queue=SERVICE,
            talk_time=60.0,
            ended_by="agent",
        ),
    ]

    async def fill() -> None:
        journal = SqliteJournal.open(db.sqlite_path(url))
        await journal.append(story)
        await journal.close()

    asyncio.run(fill())
    return file


def arrived(call_id: CallId, at: float) -> ev.CallArrived:
    return ev.CallArrived(
        at=at,
        call_id=call_id,
        uniqueid=f"u-{call_id}",
        linkedid="l",
        dnis="95500",
        trunk="carrier",
        caller_pseudonym="",
    )


def run(config: Path, *arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["--config", str(config), "report", *arguments])
    assert done.exit_code == status, done.output
    return done.output


SPAN = ("--since", "2026-03-02", "--until", "2026-03-03")


def test_the_command_shows_queues_and_agents(config: Path, tmp_path: Path) -> None:
    [line] = json.loads(run(config, "queues", *SPAN, "--json"))
    assert (line["start"], line["queue"]) == ("2026-03-02T00:00:00+08:00", "service")
    assert (line["offered"], line["answered"], line["abandoned"]) == (2, 1, 1)
    assert (line["service_level"], line["asa"], line["aht"]) == (0.5, 3.0, 60.0)
    [other] = json.loads(run(config, "queues", *SPAN, "--formula", "of_answered", "--json"))
    assert other["service_level"] == 1.0
    [agent] = json.loads(run(config, "agents", *SPAN, "--by", "week", "--json"))
    assert (agent["agent"], agent["answered"], agent["mean_talk_time"]) == ("1001", 1, 60.0)
    assert "50.0%" in run(config, "queues", *SPAN)
    assert "nothing happened" in run(
        config, "queues", "--since", "2026-01-01", "--until", "2026-02-01"
    )
    run(config, "agents", *SPAN, "--csv", str(tmp_path / "a.csv"))
    assert "1001" in (tmp_path / "a.csv").read_text(encoding="utf-8-sig")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("queues", "--by", "year"), "accepted"),
        (("queues", "--formula", "best"), "of_offered"),
        (("queues", "--queue", "nowhere"), "there are"),
        (("agents", "--since", "soon"), "accepted"),
        (("queues", *SPAN[:2], "--until", "2026-03-01"), "before"),
    ],
)
def test_what_cannot_be_reported_is_said(
    config: Path, arguments: tuple[str, ...], words: str
) -> None:
    assert words in run(config, *arguments, status=2)
