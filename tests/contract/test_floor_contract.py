"""One suite over every implementation of :class:`agent_console.ports.FloorStore`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import create_async_engine

import agent_console.store.floor_tables  # noqa: F401 - adds its tables
from agent_console.ports import FloorStore
from agent_console.store import Announcement, ClosedQueue, MemoryFloorStore, SqlFloorStore
from agent_console.store.tables import metadata
from hotline import db

NOW = 1_800_000_000.0


def made(announcement_id: str, at: float) -> Announcement:
    return Announcement(
        announcement_id=announcement_id,
        kind="typed",
        title="线路故障",
        sound_zh=f"/sounds/{announcement_id}-zh",
        sound_en=f"/sounds/{announcement_id}-zh",
        seconds=4.2,
        made_by="boss",
        made_at=at,
    )


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[FloorStore]:
    if request.param == "memory":
        yield MemoryFloorStore()
        return
    if request.param == "postgresql":
        engine = db.async_server_engine(request.getfixturevalue("postgres_url"))
    else:
        engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'floor.db'}")
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
    yield SqlFloorStore(engine)
    await engine.dispose()


async def test_closed_queues_are_noted_once_and_forgotten(store: FloorStore) -> None:
    vip = ClosedQueue(queue="vip", reason="fire", closed_by="boss", closed_at=NOW)
    cards = ClosedQueue(queue="cards", reason="fire", closed_by="boss", closed_at=NOW)
    await store.set_closed("vip", vip)
    await store.set_closed("vip", vip)
    await store.set_closed("cards", cards)
    assert list(await store.closed()) == [cards, vip]
    await store.set_closed("vip", None)
    await store.set_closed("nowhere", None)
    assert list(await store.closed()) == [cards]


async def test_one_announcement_is_on_at_most_and_stands_first(store: FloorStore) -> None:
    old, new = made("a", NOW), made("b", NOW + 5)
    await store.add_announcement(old)
    await store.add_announcement(new)
    assert list(await store.announcements()) == [new, old]
    await store.switch("a", NOW + 9, "boss", "storm")
    first, second = await store.announcements()
    assert (first.announcement_id, first.on_since, first.on_by, first.reason) == (
        "a",
        NOW + 9,
        "boss",
        "storm",
    )
    assert second == new
    await store.switch("b", NOW + 10, "chief", "flood")
    assert [one.announcement_id for one in await store.announcements(1)] == ["b"]
    off = await store.announcement("a")
    assert off is not None
    assert off.on_since is None
    await store.switch(None, NOW + 11, "chief", "")
    assert {one.on_since for one in await store.announcements()} == {None}
    assert await store.announcement("nothing") is None
