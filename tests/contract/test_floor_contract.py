"""One suite over every implementation of :class:`agent_console.ports.FloorStore`."""

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine

from agent_console.ports import FloorStore
from agent_console.store import Announcement, ClosedQueue, MemoryFloorStore, SqlFloorStore

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


@pytest.fixture
def store(console_engine: AsyncEngine | None) -> FloorStore:
    return MemoryFloorStore() if console_engine is None else SqlFloorStore(console_engine)


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
