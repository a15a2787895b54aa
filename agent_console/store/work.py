"""The agents' paperwork in SQL: portable SQLAlchemy Core, nothing here is on the path of a pop."""

from collections.abc import Sequence
from typing import Any

import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncEngine

from agent_console.store import work_tables as t
from agent_console.store.tables import users
from agent_console.store.work_model import DeskCall, FollowUp


class SqlWorkStore:
    """A :class:`agent_console.ports.WorkStore` in the hotline's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def note_call(self, call: DeskCall) -> None:
        """Store the call; one that is there stays as it is."""
        if await self.call(call.agent_id, call.call_id) is not None:
            return
        try:
            async with self._engine.begin() as connection:
                await connection.execute(sa.insert(t.desk_calls).values(**asdict(call)))
        except IntegrityError:
            return  # somebody else was first, with the same call

    async def note_end(self, agent_id: str, call_id: str, ended_at: float) -> None:
        await self._change(agent_id, call_id, ended_at=ended_at)

    async def note_disposition(self, agent_id: str, call_id: str, code: str) -> None:
        await self._change(agent_id, call_id, disposition=code)

    async def note_customer(
        self, agent_id: str, call_id: str, customer_id: str, caller: str
    ) -> None:
        await self._change(agent_id, call_id, customer_id=customer_id, caller=caller)

    async def save_work(
        self, agent_id: str, call_id: str, *, seq: int, note: str, draft: str, now: float
    ) -> bool:
        """Store a version of the paperwork unless a newer one is there."""
        async with self._engine.begin() as connection:
            result = await connection.execute(
                sa.update(t.desk_calls)
                .where(_is(agent_id, call_id), t.desk_calls.c.seq < seq)
                .values(seq=seq, note=note, draft=draft, saved_at=now)
            )
        return result.rowcount > 0

    async def call(self, agent_id: str, call_id: str) -> DeskCall | None:
        query = sa.select(t.desk_calls).where(_is(agent_id, call_id))
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
        return None if row is None else DeskCall(**row._mapping)

    async def calls(self, agent_id: str, before: float, limit: int) -> Sequence[DeskCall]:
        """Return the agent's calls that were answered before that moment, newest first."""
        query = (
            sa.select(t.desk_calls)
            .where(t.desk_calls.c.agent_id == agent_id, t.desk_calls.c.connected_at < before)
            .order_by(t.desk_calls.c.connected_at.desc(), t.desk_calls.c.call_id)
            .limit(limit)
        )
        async with self._engine.connect() as connection:
            return [DeskCall(**row._mapping) for row in await connection.execute(query)]

    async def add_follow_up(self, follow_up: FollowUp) -> FollowUp:
        """Store the follow-up; return the one that is there already under the same id."""
        try:
            async with self._engine.begin() as connection:
                await connection.execute(sa.insert(t.follow_ups).values(**asdict(follow_up)))
        except IntegrityError:
            kept = await self.follow_up(follow_up.login, follow_up.follow_up_id)
            if kept is None:
                raise
            return kept
        return follow_up

    async def follow_up(self, login: str, follow_up_id: str) -> FollowUp | None:
        theirs = sa.and_(
            t.follow_ups.c.login == login, t.follow_ups.c.follow_up_id == follow_up_id
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(sa.select(t.follow_ups).where(theirs))).first()
        return None if row is None else FollowUp(**row._mapping)

    async def follow_ups(self, login: str, done_after: float) -> Sequence[FollowUp]:
        """Return those that are open, or were done after that moment; the next due comes first."""
        query = (
            sa.select(t.follow_ups)
            .where(
                t.follow_ups.c.login == login,
                sa.or_(t.follow_ups.c.done_at.is_(None), t.follow_ups.c.done_at > done_after),
            )
            .order_by(t.follow_ups.c.due_at, t.follow_ups.c.follow_up_id)
            .limit(500)
        )
        async with self._engine.connect() as connection:
            return [FollowUp(**row._mapping) for row in await connection.execute(query)]

    async def due(self, after: float, until: float) -> Sequence[FollowUp]:
        query = (
            sa.select(t.follow_ups)
            .where(
                t.follow_ups.c.done_at.is_(None),
                t.follow_ups.c.due_at > after,
                t.follow_ups.c.due_at <= until,
            )
            .order_by(t.follow_ups.c.due_at, t.follow_ups.c.follow_up_id)
        )
        async with self._engine.connect() as connection:
            return [FollowUp(**row._mapping) for row in await connection.execute(query)]

    async def change_follow_up(
        self, login: str, follow_up_id: str, *, text: str, due_at: float, done_at: float | None
    ) -> bool:
        async with self._engine.begin() as connection:
            result = await connection.execute(
                sa.update(t.follow_ups)
                .where(t.follow_ups.c.login == login, t.follow_ups.c.follow_up_id == follow_up_id)
                .values(text=text, due_at=due_at, done_at=done_at)
            )
        return result.rowcount > 0

    async def preferences(self, login: str) -> str:
        query = sa.select(t.preferences.c.body).where(t.preferences.c.login == login)
        async with self._engine.connect() as connection:
            return str(await connection.scalar(query) or "")

    async def set_preferences(self, login: str, body: str) -> None:
        person = sa.select(users.c.login).where(users.c.login == login)
        async with self._engine.begin() as connection:
            # Two pages of one person take turns.
            await connection.execute(person.with_for_update(key_share=True))
            await connection.execute(
                sa.delete(t.preferences).where(t.preferences.c.login == login)
            )
            await connection.execute(sa.insert(t.preferences).values(login=login, body=body))

    async def forget_customer(self, customer_id: str) -> int:
        """Delete what was written about the customer; return how many notes that were."""
        async with self._engine.begin() as connection:
            calls = await connection.execute(
                sa.update(t.desk_calls)
                .where(t.desk_calls.c.customer_id == customer_id)
                .values(customer_id=None, caller="", number="", note="", draft="")
            )
            promised = await connection.execute(
                sa.delete(t.follow_ups).where(t.follow_ups.c.customer_id == customer_id)
            )
        return int(calls.rowcount + promised.rowcount)

    async def _change(self, agent_id: str, call_id: str, **values: Any) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                sa.update(t.desk_calls).where(_is(agent_id, call_id)).values(**values)
            )


def _is(agent_id: str, call_id: str) -> sa.ColumnElement[bool]:
    return sa.and_(t.desk_calls.c.agent_id == agent_id, t.desk_calls.c.call_id == call_id)
