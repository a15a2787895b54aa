"""Alarms in SQL and in memory."""

from collections.abc import Iterable, Sequence

import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy.ext.asyncio import AsyncEngine

from agent_console.store.alarm_tables import alarms as t
from cti.alarms import Alarm


class SqlAlarmStore:
    """A :class:`agent_console.ports.AlarmStore` in the hotline's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def save(self, alarms: Iterable[Alarm]) -> None:
        """Store the alarms as they are now, together."""
        rows = [asdict(alarm) for alarm in alarms]
        if not rows:
            return
        async with self._engine.begin() as connection:
            ids = [row["alarm_id"] for row in rows]
            await connection.execute(sa.delete(t).where(t.c.alarm_id.in_(ids)))
            await connection.execute(sa.insert(t), rows)

    async def standing(self) -> Sequence[Alarm]:
        return await self._read(t.c.cleared_at.is_(None), limit=10_000)

    async def newest(self, limit: int) -> Sequence[Alarm]:
        return await self._read(sa.true(), limit)

    async def sweep(self, before: float) -> int:
        """Forget what was cleared before then; the journal keeps it."""
        async with self._engine.begin() as connection:
            result = await connection.execute(sa.delete(t).where(t.c.cleared_at < before))
        return result.rowcount

    async def _read(self, which: sa.ColumnElement[bool], limit: int) -> list[Alarm]:
        query = sa.select(t).where(which).order_by(t.c.raised_at.desc(), t.c.alarm_id).limit(limit)
        async with self._engine.connect() as connection:
            return [Alarm(**row._mapping) for row in await connection.execute(query)]


class MemoryAlarmStore:
    """The in-memory twin."""

    def __init__(self) -> None:
        self._alarms: dict[str, Alarm] = {}

    async def save(self, alarms: Iterable[Alarm]) -> None:
        self._alarms |= {alarm.alarm_id: alarm for alarm in alarms}

    async def standing(self) -> Sequence[Alarm]:
        return [alarm for alarm in self._newest() if alarm.cleared_at is None]

    async def newest(self, limit: int) -> Sequence[Alarm]:
        return self._newest()[:limit]

    async def sweep(self, before: float) -> int:
        gone = [a for a in self._alarms.values() if (a.cleared_at or before) < before]
        for alarm in gone:
            del self._alarms[alarm.alarm_id]
        return len(gone)

    def _newest(self) -> list[Alarm]:
        return sorted(self._alarms.values(), key=lambda a: (-a.raised_at, a.alarm_id))
