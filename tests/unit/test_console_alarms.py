"""The console's alarms: looked for, told to everybody, acknowledged, kept over a restart."""

from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace
from structlog.testing import capture_logs

from agent_console.alarms import AlarmDesk
from agent_console.store import MemoryAlarmStore
from cti.alarms import Alarm, AlarmEvent
from cti.board import Board
from cti.core import events as ev
from tests.alarm_kit import agent, board, queue, rule
from tests.unit.console_kit import Browser, Kit

WAIT = rule("wait", 120, 90)
CALL = rule("call", 600, severity="critical", teams=("loans",))


class Broken(MemoryAlarmStore):
    """A store whose database is away while ``away``."""

    away = False

    async def save(self, alarms: "Sequence[Alarm]") -> None:  # type: ignore[override]
        if self.away:
            raise OSError("the disk is full")
        await super().save(alarms)


class Bank:
    """A console with alarms over boards that the test sets."""

    def __init__(self, folder: Path) -> None:
        self.store = Broken()
        self.recorded: list[AlarmEvent] = []
        self.rules = [WAIT, CALL]
        self.shown: Board | None = None
        self.kit = Kit(folder, alarms=self.desk)
        self.alarms = self.kit.alarms

    def desk(self, kit: Kit) -> AlarmDesk:
        async def look() -> Board | None:
            return self.shown

        return AlarmDesk(
            look, lambda: self.rules, kit.users, self.store, self.recorded.append, kit.clock
        )

    async def look(self, *parts: object) -> None:
        self.shown = board(self.kit.clock(), *parts) if parts else None  # type: ignore[arg-type]
        assert self.alarms is not None
        await self.alarms.look()

    def told(self) -> list[tuple[str, str]]:
        return [(type(event).__name__, event.subject) for event in self.recorded]


@pytest.fixture
async def bank(tmp_path: Path) -> AsyncIterator[Bank]:
    bank = Bank(tmp_path)
    await bank.kit.add("wang", "1001")
    await bank.kit.users.set_team("wang", "loans")
    await bank.kit.add("lead", None, role="leader")
    await bank.kit.add("boss", None)
    async with bank.kit.running():
        yield bank


async def seat(bank: Bank, login: str) -> Browser:
    browser = bank.kit.browser()
    await browser.sign_in(login)
    return browser


async def test_an_alarm_is_raised_seen_by_one_and_cleared(bank: Bank) -> None:
    bad = queue(longest_wait=130.0)
    await bank.look(bad, agent("on_call", bank.kit.clock() - 601))
    assert bank.told() == [("AlarmRaised", "service"), ("AlarmRaised", "1001")]
    assert bank.alarms is not None
    assert [line.agent_id for line in bank.alarms.standing()] == ["1001", None]  # critical first
    lead, boss = await seat(bank, "lead"), await seat(bank, "boss")
    [critical, other] = bank.alarms.standing()
    path = f"/api/alarms/{critical.alarm_id}/acknowledgement"
    assert (await lead.http.post(path)).status_code == 204
    late = await boss.http.post(path)
    assert (late.status_code, late.json()["code"]) == (409, "alarm_not_open")
    assert (await boss.http.post("/api/alarms/nothing/acknowledgement")).status_code == 409
    assert [line.alarm_id for line in bank.alarms.standing()] == [
        other.alarm_id,
        critical.alarm_id,
    ]
    seen = bank.recorded[-1]
    assert isinstance(seen, ev.AlarmAcknowledged)
    assert (seen.by, seen.at, seen.alarm_id) == ("lead", bank.kit.clock(), critical.alarm_id)
    bank.kit.clock.now += 60
    await bank.look(queue(), agent("available", bank.kit.clock()))
    assert sorted(bank.told()[3:]) == [("AlarmCleared", "1001"), ("AlarmCleared", "service")]
    assert bank.alarms.standing() == ()
    listed = (await boss.http.get("/api/alarms")).json()
    assert {line["agent_id"]: line["acknowledged_by"] for line in listed} == {
        "1001": "lead",
        None: "",
    }
    assert {line["cleared_at"] for line in listed} == {bank.kit.clock()}
    assert len((await boss.http.get("/api/alarms", params={"limit": "1"})).json()) == 1


async def test_agents_and_strangers_are_refused(bank: Bank) -> None:
    wang = await seat(bank, "wang")
    assert (await wang.http.get("/api/alarms")).status_code == 403
    assert (await wang.http.post("/api/alarms/x/acknowledgement")).status_code == 403
    assert (await bank.kit.browser().http.get("/api/alarms")).status_code == 401


async def test_what_stands_outlives_a_restart_of_the_console(bank: Bank) -> None:
    bad = queue(longest_wait=130.0)
    await bank.look(bad)
    assert bank.alarms is not None
    [line] = bank.alarms.standing()
    assert await bank.alarms.acknowledge(line.alarm_id, "boss")
    bank.alarms = bank.desk(bank.kit)
    await bank.look(bad)
    assert bank.told() == [("AlarmRaised", "service"), ("AlarmAcknowledged", "service")]
    [again] = bank.alarms.standing()
    assert (again.alarm_id, again.acknowledged_by) == (line.alarm_id, "boss")


async def test_nothing_changes_while_the_engine_cannot_tell_and_edited_rules_hold(
    bank: Bank,
) -> None:
    bad = queue(longest_wait=130.0)
    await bank.look(bad)
    await bank.look()
    assert bank.alarms is not None
    assert len(bank.alarms.standing()) == 1
    bank.rules = [replace(WAIT, raise_at=500.0, clear_at=400.0)]
    await bank.look(bad)
    assert bank.told() == [("AlarmRaised", "service"), ("AlarmCleared", "service")]


async def test_what_the_database_refused_is_stored_later(bank: Bank) -> None:
    bank.store.away = True
    with pytest.raises(OSError, match="full"):
        await bank.look(queue(longest_wait=130.0))
    assert bank.told() == [("AlarmRaised", "service")]
    assert await bank.store.standing() == []
    bank.store.away = False
    await bank.look(queue(longest_wait=130.0))
    assert [alarm.subject for alarm in await bank.store.standing()] == ["service"]


async def test_it_looks_by_itself_until_it_is_stopped(bank: Bank) -> None:
    looks = 0

    async def look() -> Board | None:
        nonlocal looks
        looks += 1
        if looks == 2:
            raise RuntimeError("once")
        if looks == 4:
            desk._task.cancel()  # type: ignore[union-attr]
        return None

    desk = AlarmDesk(
        look, list, bank.kit.users, bank.store, bank.recorded.append, bank.kit.clock, 0.001
    )
    with capture_logs() as logs:
        desk.start()
        task = desk._task
        assert task is not None
        while not task.done():
            await bank_turn()
        await desk.stop()
    assert [entry["event"] for entry in logs] == ["alarms_not_looked_at"]
    assert looks == 4


async def bank_turn() -> None:
    """Let other tasks run."""
    import asyncio

    await asyncio.sleep(0)
