"""The audit of searches for customers, in SQL and in memory."""

from collections.abc import Sequence
from typing import Literal, TypeAlias

import msgspec
import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy.ext.asyncio import AsyncEngine

from agent_console.store.lookup_tables import lookups

Action: TypeAlias = Literal["search", "link", "prospect"]


class Lookup(msgspec.Struct, frozen=True, kw_only=True):
    """One search, or what came of it; holds nothing that was searched for."""

    at: float
    login: str
    role: str
    action: Action
    fields: str
    call_id: str
    customer_id: str | None = None
    found: int = 0


class SqlLookupAudit:
    """A :class:`agent_console.ports.LookupAudit` in the hotline's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def note(self, lookup: Lookup) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(sa.insert(lookups).values(**asdict(lookup)))

    async def newest(self, limit: int) -> Sequence[Lookup]:
        query = sa.select(lookups).order_by(lookups.c.lookup_id.desc()).limit(limit)
        async with self._engine.connect() as connection:
            rows = await connection.execute(query)
            return [
                Lookup(**{name: row._mapping[name] for name in Lookup.__struct_fields__})
                for row in rows
            ]


class MemoryLookupAudit:
    """The in-memory twin."""

    def __init__(self) -> None:
        self._lines: list[Lookup] = []

    async def note(self, lookup: Lookup) -> None:
        self._lines.append(lookup)

    async def newest(self, limit: int) -> Sequence[Lookup]:
        return self._lines[::-1][:limit]
