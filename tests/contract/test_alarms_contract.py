"""One suite over every implementation of :class:`agent_console.ports.AlarmStore`, and teams."""

from pathlib import Path

import pytest
from msgspec.structs import replace
from sqlalchemy.ext.asyncio import AsyncEngine
from typer.testing import CliRunner, Result

from agent_console.ports import AlarmStore
from agent_console.store import MemoryAlarmStore, SqlAlarmStore
from cti.alarms import Alarm
from hotline.cli import app

NOW = 1_800_000_000.0
ALARM = Alarm(
    alarm_id="wait:vip:1",
    rule="wait",
    kind="wait",
    severity="critical",
    subject="vip",
    value=130.5,
    limit=120.0,
    raised_at=NOW,
)


@pytest.fixture
def store(console_engine: AsyncEngine | None) -> AlarmStore:
    return MemoryAlarmStore() if console_engine is None else SqlAlarmStore(console_engine)


async def test_an_alarm_is_kept_as_it_is_now(store: AlarmStore) -> None:
    other = replace(ALARM, alarm_id="wait:service:2", subject="service", raised_at=NOW + 5)
    await store.save([ALARM, other])
    await store.save([])
    assert list(await store.standing()) == [other, ALARM]
    seen = replace(ALARM, acknowledged_at=NOW + 9, acknowledged_by="boss")
    await store.save([seen])
    assert list(await store.newest(10)) == [other, seen]
    over = replace(seen, cleared_at=NOW + 20)
    await store.save([over])
    assert list(await store.standing()) == [other]
    assert list(await store.newest(1)) == [other]
    assert await store.sweep(NOW + 20) == 0
    assert await store.sweep(NOW + 21) == 1
    assert list(await store.newest(10)) == [other]


def hotline(config: Path, *words: str) -> Result:
    return CliRunner().invoke(app, ["-c", str(config), *words], env={"COLUMNS": "200"})


def test_the_commands_list_alarms_and_put_people_into_teams(tmp_path: Path) -> None:
    config = tmp_path / "hotline.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n')
    assert hotline(config, "db", "upgrade").exit_code == 0
    assert "none so far" in hotline(config, "alarms", "list").output
    person = ("users", "add", "li", "--name", "Li", "--agent", "1001")
    assert hotline(config, *person, "--password", "long-enough-1").exit_code == 0
    assert hotline(config, "users", "team", "li", "贷款组").stdout == "li is in team 贷款组\n"
    assert "贷款组" in hotline(config, "users", "list").stdout
    assert hotline(config, "users", "team", "li", "").stdout == "li is in no team\n"
    assert "贷款组" not in hotline(config, "users", "list").stdout
    assert hotline(config, "users", "team", "nobody", "a").exit_code == 1
    assert hotline(config, "users", "team", "li", "a\nb").exit_code == 1


def test_the_list_says_what_stood_and_who_saw_it(tmp_path: Path) -> None:
    import asyncio

    from hotline.accounts import open_alarms
    from hotline.settings import load_settings

    config = tmp_path / "hotline.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n')
    assert hotline(config, "db", "upgrade").exit_code == 0

    async def fill() -> None:
        async with open_alarms(load_settings(config)) as store:
            seen = replace(ALARM, acknowledged_at=NOW + 9, acknowledged_by="boss")
            await store.save([seen])

    asyncio.run(fill())
    listed = hotline(config, "alarms", "list").output
    assert "130.5 s" in listed
    assert "boss 2027-01-15" in listed
    assert "stands" in listed
