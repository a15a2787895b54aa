"""What supervisors switched on the floor, over restarts: in SQL and in memory."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
import sqlalchemy as sa
from msgspec.structs import asdict, replace
from sqlalchemy.ext.asyncio import AsyncEngine

from agent_console.store import floor_tables as t

AnnouncementKind: TypeAlias = Literal["prompt", "typed", "recorded"]


class ClosedQueue(msgspec.Struct, frozen=True, kw_only=True):
    """A queue that takes no new callers."""

    queue: str
    reason: str
    closed_by: str
    closed_at: float


class Announcement(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can be played to every new caller; at most one is on."""

    announcement_id: str
    kind: AnnouncementKind
    title: str
    """The typed words, the name of the prompt, or what the supervisor calls the recording."""
    sound_zh: str
    """What Asterisk's ``Playback`` takes."""
    sound_en: str
    seconds: float
    """The longer of the two."""
    made_by: str
    made_at: float
    on_since: float | None = None
    on_by: str = ""
    reason: str = ""


class SqlFloorStore:
    """A :class:`agent_console.ports.FloorStore` in the hotline's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def closed(self) -> Sequence[ClosedQueue]:
        query = sa.select(t.closed_queues).order_by(t.closed_queues.c.queue)
        async with self._engine.connect() as connection:
            return [ClosedQueue(**row._mapping) for row in await connection.execute(query)]

    async def set_closed(self, queue: str, closed: ClosedQueue | None) -> None:
        """Note the queue as closed; ``None``: as open."""
        async with self._engine.begin() as connection:
            mine = t.closed_queues.c.queue == queue
            await connection.execute(sa.delete(t.closed_queues).where(mine))
            if closed is not None:
                await connection.execute(sa.insert(t.closed_queues).values(**asdict(closed)))

    async def announcements(self, limit: int = 50) -> Sequence[Announcement]:
        """Return the newest, and always the one that is on, the newest first."""
        c = t.announcements.c
        query = sa.select(t.announcements).order_by(
            c.on_since.is_(None), c.made_at.desc(), c.announcement_id
        )
        async with self._engine.connect() as connection:
            found = await connection.execute(query.limit(limit))
            return [Announcement(**row._mapping) for row in found]

    async def announcement(self, announcement_id: str) -> Announcement | None:
        query = sa.select(t.announcements).where(
            t.announcements.c.announcement_id == announcement_id
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else Announcement(**row._mapping)

    async def add_announcement(self, made: Announcement) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(sa.insert(t.announcements).values(**asdict(made)))

    async def switch(self, announcement_id: str | None, at: float, by: str, reason: str) -> None:
        """Let that one be on, and no other; ``None``: none."""
        c = t.announcements.c
        async with self._engine.begin() as connection:
            await connection.execute(
                sa.update(t.announcements).where(c.on_since.is_not(None)).values(on_since=None)
            )
            if announcement_id is not None:
                await connection.execute(
                    sa.update(t.announcements)
                    .where(c.announcement_id == announcement_id)
                    .values(on_since=at, on_by=by, reason=reason)
                )


class MemoryFloorStore:
    """The in-memory twin."""

    def __init__(self) -> None:
        self._closed: dict[str, ClosedQueue] = {}
        self._announcements: dict[str, Announcement] = {}

    async def closed(self) -> Sequence[ClosedQueue]:
        return sorted(self._closed.values(), key=lambda one: one.queue)

    async def set_closed(self, queue: str, closed: ClosedQueue | None) -> None:
        self._closed.pop(queue, None)
        if closed is not None:
            self._closed[queue] = closed

    async def announcements(self, limit: int = 50) -> Sequence[Announcement]:
        found = sorted(
            self._announcements.values(),
            key=lambda one: (one.on_since is None, -one.made_at, one.announcement_id),
        )
        return found[:limit]

    async def announcement(self, announcement_id: str) -> Announcement | None:
        return self._announcements.get(announcement_id)

    async def add_announcement(self, made: Announcement) -> None:
        self._announcements[made.announcement_id] = made

    async def switch(self, announcement_id: str | None, at: float, by: str, reason: str) -> None:
        for key, one in self._announcements.items():
            if key == announcement_id:
                changed = replace(one, on_since=at, on_by=by, reason=reason)
            else:
                changed = replace(one, on_since=None)
            self._announcements[key] = changed
