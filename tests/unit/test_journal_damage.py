"""A journal whose end was cut or spoiled: it is noticed at the start, and the engine goes on."""

import random
import shutil
import sqlite3
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from structlog.testing import capture_logs

from cti.core import events as ev
from cti.core.ids import AgentId
from cti.core.world import Rules, World
from cti.errors import JournalDamagedError, JournalError
from cti.history.keeper import HistoryKeeper
from cti.journal.sqlite import SqliteJournal
from cti.journal.tables import metadata

T, AGENT = 1_795_492_800.0, AgentId("1001")
COUNT = 30


def event(number: int) -> ev.DomainEvent:
    return ev.AgentStateChanged(
        at=T + number,
        agent_id=AGENT,
        state="available" if number % 2 else "paused",
        reason="",
        call_id=None,
    )


@pytest.fixture
async def path(tmp_path: Path) -> Path:
    """A database with a journal; its last entries are in the write-ahead log alone."""
    living = tmp_path / "living.db"
    engine = sa.create_engine(f"sqlite:///{living}")
    metadata.create_all(engine)
    engine.dispose()
    journal = SqliteJournal.open(living)
    for number in range(COUNT):
        await journal.append([event(number)])
    copy = tmp_path / "hotline.db"
    for end in ("", "-wal"):
        shutil.copy(f"{living}{end}", f"{copy}{end}")
    await journal.close()
    return copy


async def entries(path: Path) -> tuple[int, list[str]]:
    """Open, verify and write on; return how many entries were there, and what was told."""
    with capture_logs() as told:
        journal = SqliteJournal.open(path)
        try:
            there = await journal.read(limit=1000)
            await journal.append([event(99)])
            assert (await journal.tail(1))[0][1] == event(99)
        finally:
            await journal.close()
    return len(there), [entry["event"] for entry in told]


async def test_a_write_ahead_log_that_was_cut_anywhere_costs_its_last_entries_only(
    path: Path, tmp_path: Path
) -> None:
    whole = Path(f"{path}-wal").read_bytes()
    chance = random.Random(1)  # noqa: S311 - reproducible
    counts = []
    for number in range(12):
        trial = tmp_path / f"trial{number}.db"
        shutil.copy(path, trial)
        cut = chance.randrange(len(whole) // 2, len(whole))
        Path(f"{trial}-wal").write_bytes(whole[:cut] + bytes(chance.randrange(40)))
        count, told = await entries(trial)
        assert told == [], "a whole chain, only shorter: nothing is wrong with what is there"
        counts.append(count)
        reopened = SqliteJournal.open(trial)
        assert await reopened.verify() == count + 1
        await reopened.close()
    assert len(set(counts)) > 3, "the cuts must fall into different entries"
    assert max(counts) < COUNT


@pytest.mark.parametrize(
    ("damage", "told"),
    [
        ("UPDATE journal SET body = substr(body, 1, 20)", ["damaged", "entry_unreadable"]),
        ("UPDATE journal SET body = replace(body, '1001', '1002')", ["damaged"]),
        ("UPDATE journal SET prev_hash = zeroblob(32)", ["damaged"]),
    ],
)
async def test_a_spoiled_last_entry_is_told_at_the_start(
    path: Path, damage: str, told: list[str]
) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute(f"{damage} WHERE seq = {COUNT}")
        connection.commit()
    count, words = await entries(path)
    assert words == [f"journal_{word}" for word in told]
    assert count == COUNT - ("entry_unreadable" in told)
    journal = SqliteJournal.open(path)
    with pytest.raises(JournalDamagedError, match=f"entry {COUNT} .*hotline db restore"):
        await journal.verify()
    await journal.close()


async def test_the_engine_restores_itself_beside_an_unreadable_entry(path: Path) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE journal SET body = '{' WHERE seq = ?", (COUNT,))
        connection.commit()
    journal = SqliteJournal.open(path)
    history = HistoryKeeper(journal, ZoneInfo("Asia/Shanghai"))
    await history.start()
    world = World(Rules(pseudonym_key=b"0123456789abcdef"))
    await history.restore(world)
    assert world.agents[AGENT].since == history.ended_at == T + COUNT - 2
    await history.stop()
    await journal.close()


async def test_a_database_that_is_none_any_more_says_what_to_do(path: Path) -> None:
    path.write_bytes(b"x" * 8192)
    with pytest.raises(JournalError, match="restore a backup"):
        SqliteJournal.open(path)
