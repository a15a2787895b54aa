"""The table of callbacks and its twin, and the commands that read it."""

import json
import sqlite3
from pathlib import Path

import msgspec
import pytest
from typer.testing import CliRunner

from cti.callback_postgres import PostgresCallbacks
from cti.callback_store import CallbackStore, MemoryCallbacks, SqliteCallbacks
from cti.core import events as ev
from cti.core.callbacks import Callback
from cti.core.ids import CallbackId, CallId, QueueName
from cti.errors import CallbackStoreError
from hotline import db
from hotline.cli import app

NUMBER = "+8613800138000"


def callback(name: str = "b1", **changes: object) -> Callback:
    made = Callback(
        callback_id=CallbackId(name),
        call_id=CallId("first"),
        journey_id=CallId("first"),
        queue=QueueName("service"),
        steps=(ev.Escalation(after=60, priority=5, queue=QueueName("vip")),),
        joined_at=100.0,
        asked_at=120.0,
        expires_at=9000.0,
    )
    return msgspec.structs.replace(made, **changes)


@pytest.fixture
def path(tmp_path: Path) -> Path:
    file = tmp_path / "hotline.db"
    db.upgrade(f"sqlite:///{file}")
    return file


@pytest.fixture(params=["memory", "postgres", "sqlite"])
def store(request: pytest.FixtureRequest) -> CallbackStore:
    if request.param == "memory":
        return MemoryCallbacks()
    if request.param == "postgres":
        return PostgresCallbacks(request.getfixturevalue("postgres_url"))
    return SqliteCallbacks(request.getfixturevalue("path"))


async def test_what_is_put_comes_back_in_the_order_of_asking(store: CallbackStore) -> None:
    await store.put(callback("b2", asked_at=130.0), NUMBER)
    await store.put(callback("b1"), NUMBER)
    assert [k.callback.callback_id for k in await store.all()] == ["b1", "b2"]
    [first, _] = await store.all()
    assert (first.callback, first.number, first.cancel) == (callback("b1"), NUMBER, False)


async def test_a_change_replaces_and_keeps_the_wish_to_cancel(store: CallbackStore) -> None:
    await store.put(callback(), NUMBER)
    assert await store.ask_to_cancel(CallbackId("b1"))
    await store.put(callback(state="dialling", tries=1), NUMBER)
    [kept] = await store.all()
    assert (kept.callback.tries, kept.cancel) == (1, True)
    assert list(await store.cancelled()) == ["b1"]


async def test_nothing_is_cancelled_or_removed_that_is_not_there(store: CallbackStore) -> None:
    assert not await store.ask_to_cancel(CallbackId("b1"))
    await store.remove(CallbackId("b1"))
    assert list(await store.all()) == []


async def test_a_removed_number_is_nowhere_in_the_file(path: Path) -> None:
    store = SqliteCallbacks(path)
    await store.put(callback(), NUMBER)
    await store.remove(CallbackId("b1"))
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
    assert NUMBER.encode() not in path.read_bytes()


async def test_a_missing_table_is_said_with_what_to_do(tmp_path: Path) -> None:
    with pytest.raises(CallbackStoreError, match="hotline db upgrade"):
        await SqliteCallbacks(tmp_path / "empty.db").all()


def test_the_commands_list_and_cancel(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("hotline.cli.callbacks._PATIENCE", 0.0)
    connection = sqlite3.connect(path)
    body = msgspec.json.encode(callback("abc-1")).decode()
    with connection:
        connection.execute("INSERT INTO callbacks VALUES ('abc-1', ?, ?, 0)", (body, NUMBER))
    connection.close()
    config = path.parent / "hotline.toml"
    config.write_text(f'state_dir = "{path.parent}"\n', encoding="utf-8")
    run = CliRunner()

    told = run.invoke(app, ["-c", str(config), "callbacks", "list", "--json"])
    assert told.exit_code == 0, told.output
    [line] = json.loads(told.stdout)
    assert (line["callback_id"], line["state"], line["cancelling"]) == ("abc-1", "waiting", False)
    assert NUMBER not in told.output

    table = run.invoke(app, ["-c", str(config), "callbacks", "list"])
    assert "abc-1" in table.output
    assert NUMBER not in table.output

    assert run.invoke(app, ["-c", str(config), "callbacks", "cancel", "xyz"]).exit_code == 1
    cancelled = run.invoke(app, ["-c", str(config), "callbacks", "cancel", "abc"])
    assert cancelled.exit_code == 0
    again = run.invoke(app, ["-c", str(config), "callbacks", "list", "--json"])
    assert json.loads(again.stdout)[0]["cancelling"] is True
