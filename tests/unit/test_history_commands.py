"""`hotline calls`: reading beside the owner, moments as people write them, what is printed."""

import asyncio
import json
import shutil
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from typer.testing import CliRunner

from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from cti.errors import UnknownCallError
from cti.history.figures import Figures
from cti.history.keeper import HistoryKeeper
from cti.history.reader import HistoryReader
from cti.journal.sqlite import SqliteJournal
from hotline import db
from hotline.cli import app
from hotline.cli.moments import moment

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 3, 1, 9, 30, tzinfo=ZONE)
ONE, QUEUE = AgentId("1001"), QueueName("service")
FIRST, SECOND = CallId("aaaa-1"), CallId("aabb-2")


def events(call_id: CallId, at: float) -> list[ev.DomainEvent]:
    return [
        ev.CallArrived(
            at=at,
            call_id=call_id,
            uniqueid=f"u-{call_id}",
            linkedid="l",
            dnis="95500",
            trunk="carrier",
            caller_pseudonym="",
        ),
        ev.CallQueued(at=at + 5, call_id=call_id, queue=QUEUE, position=1),
        ev.AgentRinging(at=at + 6, call_id=call_id, agent_id=ONE, queue=QUEUE),
        ev.CallConnected(
            at=at + 8, call_id=call_id, agent_id=ONE, queue=QUEUE, wait_time=3.0, ring_time=2.0
        ),
        ev.CallCompleted(
            at=at + 68,
            call_id=call_id,
            agent_id=ONE,
            queue=QUEUE,
            talk_time=60.0,
            ended_by="agent",
        ),
        ev.CallEnded(at=at + 68, call_id=call_id, cause=16, ended_by="agent"),
        ev.CallDisposed(at=at + 70, call_id=call_id, agent_id=ONE, disposition="=1+1"),
    ]


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Settings whose database has two calls of the morning, and a checkpoint between them."""
    tmp_path = tmp_path_factory.mktemp("bank")
    file = tmp_path / "hotline.toml"
    file.write_text(f'state_dir = "{tmp_path}"\n', encoding="utf-8")
    url = f"sqlite:///{tmp_path / 'hotline.db'}"
    db.upgrade(url)

    async def fill() -> None:
        journal = SqliteJournal.open(db.sqlite_path(url))
        await journal.append(events(FIRST, NOW.timestamp()))
        keeper = HistoryKeeper(journal, ZONE)
        await keeper.start()
        await keeper.stop()
        await journal.append(events(SECOND, NOW.timestamp() + 600))
        await journal.close()

    asyncio.run(fill())
    return file


def run(config: Path, *arguments: str, status: int = 0) -> str:
    done = CliRunner().invoke(app, ["--config", str(config), "calls", *arguments])
    assert done.exit_code == status, done.output
    return done.output


SPAN = ("--since", "2026-03-01", "--until", "2026-03-02")


def test_calls_are_listed_newest_first(config: Path) -> None:
    found = json.loads(run(config, "list", *SPAN, "--json"))
    assert [call["call_id"] for call in found] == [SECOND, FIRST]
    assert found[0]["talk_time"] == 60.0
    assert "aabb-2" in run(config, "list", *SPAN, "--limit", "1")
    assert json.loads(run(config, "list", *SPAN, "--queue", "vip", "--json")) == []
    later = ("--since", "2026-03-01T09:35", "--until", "2026-03-02")
    assert [c["call_id"] for c in json.loads(run(config, "list", *later, "--json"))] == [SECOND]


def test_one_call_is_told_by_the_beginning_of_its_id(config: Path) -> None:
    words = run(config, "show", "aab")
    for part in ("joined queue service", "1001 answered", "talk with 1001 ended by agent"):
        assert part in words
    assert "1:00" in words
    assert "several calls" in run(config, "show", "aa", status=1)
    assert "hotline calls list" in run(config, "show", "zz", status=1)


def test_exports_are_whole_lines_and_no_formulas(config: Path) -> None:
    log = run(config, "export", "--format", "queue_log", *SPAN).splitlines()
    at = int(NOW.timestamp())
    assert log[:3] == [
        f"{at + 5}|u-aaaa-1|service|NONE|ENTERQUEUE|||1",
        f"{at + 8}|u-aaaa-1|service|1001|CONNECT|3||2",
        f"{at + 68}|u-aaaa-1|service|1001|COMPLETEAGENT|3|60|1",
    ]
    half = ("--since", "2026-03-01T09:30:07", "--until", "2026-03-01T09:32")
    assert run(config, "export", "--format", "queue_log", *half).splitlines() == log[1:3]
    table = run(config, "export", "--format", "csv", *SPAN)
    assert table.count("'=1+1") == 2
    lines = run(config, "export", "--format", "jsonl", *SPAN).splitlines()
    assert [json.loads(line)["type"] for line in lines[:2]] == ["CallArrived", "CallQueued"]
    assert "accepted" in run(config, "export", "--format", "xml", status=2)


def test_replay_and_verification_find_what_was_changed(config: Path, tmp_path: Path) -> None:
    whole = config.parent / "hotline.db"
    config = tmp_path / "hotline.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n', encoding="utf-8")
    shutil.copy(whole, tmp_path)
    assert json.loads(run(config, "replay", "--json"))["differences"] == []
    assert "agrees" in run(config, "replay")
    assert "14 entries checked" in run(config, "verify")
    assert "7 entries checked" in run(config, "verify", "--since", "checkpoint")
    with closing(sqlite3.connect(config.parent / "hotline.db")) as connection, connection:
        connection.execute("UPDATE queue_intervals SET answered = 5")
        connection.execute("UPDATE journal SET at = at + 1 WHERE seq = 3")
    told = json.loads(run(config, "replay", "--json", status=1))["differences"]
    assert len(told) == 1
    assert "answered=5" in told[0]
    assert "entry 3" in run(config, "verify", status=1)


def test_figures_read_from_outside_are_the_stored_ones_and_the_tail(config: Path) -> None:
    reader = HistoryReader(config.parent / "hotline.db")
    figures = reader.figures(0, 1e12, ZONE)
    assert (figures.total(QUEUE).answered, figures.agent_total(ONE).talk_ms) == (2, 120_000)
    assert figures == Figures().add(reader.replay(ZONE, lambda _: None).figures)
    with pytest.raises(UnknownCallError):
        reader.events("b")


@pytest.mark.parametrize(
    ("text", "back"),
    [
        ("now", 0),
        ("today", 9.5 * 3600),
        ("yesterday", 33.5 * 3600),
        ("90s", 90),
        ("2h", 7200),
        ("3d", 259_200),
        ("2026-03-01", 9.5 * 3600),
        ("2026-03-01T09:00", 1800),
        ("2026-03-01T01:00+00:00", 1800),
    ],
)
def test_moments(text: str, back: float) -> None:
    assert moment(text, NOW) == NOW.timestamp() - back


@pytest.mark.parametrize("text", ["", "soon", "2026-13-01", "-3d", "h"])
def test_what_is_no_moment_is_refused_with_the_accepted_forms(text: str) -> None:
    with pytest.raises(ValueError, match="accepted"):
        moment(text, NOW)
