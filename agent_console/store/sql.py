"""The console's users, sessions and phones in SQL; the only SQL of the console.

Portable SQLAlchemy Core: nothing here is on the path of a pop.  The schema itself comes from the
migrations in :mod:`hotline.migrations`.
"""

from collections.abc import Collection, Sequence
from typing import Any

import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy.exc import IntegrityError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from agent_console.errors import UnknownUserError, UserExistsError
from agent_console.store import tables as t
from agent_console.store.model import Language, Phone, Session, Skill, User


class SqlUserStore:
    """A :class:`agent_console.ports.UserStore` in the hotline's database."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def add_user(self, user: User, phones: Sequence[Phone] = ()) -> None:
        """Store the user and the phones together, or nothing."""
        try:
            async with self._engine.begin() as connection:
                await connection.execute(sa.insert(t.users).values(**asdict(user)))
                for phone in phones:
                    await connection.execute(sa.insert(t.phones).values(**asdict(phone)))
        except IntegrityError as error:
            raise UserExistsError(
                f"login {user.login!r}, agent id {user.agent_id!r} or an extension"
            ) from error

    async def add_phone(self, phone: Phone) -> None:
        async with self._engine.begin() as connection:
            await self._known(connection, phone.login)
            try:
                await connection.execute(sa.insert(t.phones).values(**asdict(phone)))
            except IntegrityError as error:
                raise UserExistsError(f"extension {phone.extension!r}") from error

    async def user(self, login: str) -> User | None:
        async with self._engine.connect() as connection:
            query = sa.select(t.users).where(t.users.c.login == login)
            row = (await connection.execute(query)).first()
        return None if row is None else _user(row)

    async def users(self) -> Sequence[User]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(sa.select(t.users).order_by(t.users.c.login))
            return [_user(row) for row in rows]

    async def phones(self) -> Sequence[Phone]:
        async with self._engine.connect() as connection:
            rows = await connection.execute(sa.select(t.phones).order_by(t.phones.c.extension))
            return [Phone(**row._mapping) for row in rows]

    async def skills(self, login: str | None = None) -> Sequence[Skill]:
        """Return the skills of one user, or of all, by login and queue."""
        query = sa.select(t.skills).order_by(t.skills.c.login, t.skills.c.queue)
        if login is not None:
            query = query.where(t.skills.c.login == login)
        async with self._engine.connect() as connection:
            return [Skill(**row._mapping) for row in await connection.execute(query)]

    async def set_skill(self, skill: Skill) -> None:
        """Store a skill, or its new penalty."""
        theirs = sa.and_(t.skills.c.login == skill.login, t.skills.c.queue == skill.queue)
        async with self._engine.begin() as connection:
            await self._known(connection, skill.login, alone=True)
            await connection.execute(sa.delete(t.skills).where(theirs))
            await connection.execute(sa.insert(t.skills).values(**asdict(skill)))

    async def remove_skill(self, login: str, queue: str) -> bool:
        """Take a skill away; say whether it was there."""
        theirs = sa.and_(t.skills.c.login == login, t.skills.c.queue == queue)
        async with self._engine.begin() as connection:
            await self._known(connection, login)
            result = await connection.execute(sa.delete(t.skills).where(theirs))
        return result.rowcount > 0

    async def set_password(self, login: str, password_hash: str) -> None:
        await self._change(login, password_hash=password_hash, failed_attempts=0, locked_until=0.0)

    async def set_disabled(self, login: str, disabled: bool) -> None:
        """Let the user in or keep them out; keeping out also ends their sessions."""
        await self._change(login, disabled=disabled)
        if disabled:
            await self.end_sessions_of(login)

    async def disabled_agents(self) -> frozenset[str]:
        query = sa.select(t.users.c.agent_id).where(
            t.users.c.disabled.is_(sa.true()), t.users.c.agent_id.is_not(None)
        )
        async with self._engine.connect() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def set_language(self, login: str, language: Language) -> None:
        await self._change(login, language=language)

    async def set_team(self, login: str, team: str) -> None:
        await self._change(login, team=team)

    async def note_failure(self, login: str, limit: int, locked_until: float) -> User:
        """Count a wrong password; the ``limit``-th one locks the user and starts anew."""
        failed = t.users.c.failed_attempts + 1
        async with self._engine.begin() as connection:
            await connection.execute(
                sa.update(t.users)
                .where(t.users.c.login == login)
                .values(
                    failed_attempts=sa.case((failed >= limit, 0), else_=failed),
                    locked_until=sa.case(
                        (failed >= limit, locked_until), else_=t.users.c.locked_until
                    ),
                )
            )
            return await self._known(connection, login)

    async def note_success(self, login: str) -> None:
        await self._change(login, failed_attempts=0, locked_until=0.0)

    async def open_session(self, session: Session) -> None:
        async with self._engine.begin() as connection:
            await self._known(connection, session.login)
            await connection.execute(sa.insert(t.sessions).values(**asdict(session)))

    async def session(self, token_hash: str, now: float) -> tuple[Session, User] | None:
        """Return the living session with this token and its user, who is not disabled."""
        query = (
            sa.select(t.sessions)
            .join(t.users, t.users.c.login == t.sessions.c.login)
            .where(t.sessions.c.token_hash == token_hash)
            .where(_alive(now))
        )
        async with self._engine.connect() as connection:
            row = (await connection.execute(query)).first()
            if row is None:
                return None
            session = Session(**row._mapping)
            return session, await self._known(connection, session.login)

    async def sessions(self, now: float) -> Sequence[Session]:
        query = sa.select(t.sessions).where(t.sessions.c.expires_at > now)
        async with self._engine.connect() as connection:
            return [Session(**row._mapping) for row in await connection.execute(query)]

    async def sessions_of(self, login: str, now: float) -> Sequence[Session]:
        query = (
            sa.select(t.sessions)
            .where(t.sessions.c.login == login, t.sessions.c.expires_at > now)
            .order_by(t.sessions.c.created_at)
        )
        async with self._engine.connect() as connection:
            return [Session(**row._mapping) for row in await connection.execute(query)]

    async def living(self, session_ids: Collection[str], now: float) -> frozenset[str]:
        """Return those of the sessions that are neither ended, expired nor of a disabled user."""
        query = (
            sa.select(t.sessions.c.session_id)
            .join(t.users, t.users.c.login == t.sessions.c.login)
            .where(t.sessions.c.session_id.in_(session_ids))
            .where(_alive(now))
        )
        async with self._engine.connect() as connection:
            return frozenset((await connection.execute(query)).scalars())

    async def touch(
        self, session_ids: Collection[str], now: float, *, idle_s: float, lifetime_s: float
    ) -> None:
        """Note that the sessions are in use; none outlives ``lifetime_s`` or comes back."""
        ends, idles = t.sessions.c.created_at + lifetime_s, now + idle_s
        async with self._engine.begin() as connection:
            await connection.execute(
                sa.update(t.sessions)
                .where(t.sessions.c.session_id.in_(session_ids), t.sessions.c.expires_at > now)
                .values(seen_at=now, expires_at=sa.case((ends < idles, ends), else_=idles))
            )

    async def end_session(self, session_id: str) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(
                sa.delete(t.sessions).where(t.sessions.c.session_id == session_id)
            )

    async def end_sessions_of(self, login: str) -> Sequence[str]:
        """End all sessions of the user and return their ids."""
        theirs = t.sessions.c.login == login
        async with self._engine.begin() as connection:
            query = sa.select(t.sessions.c.session_id).where(theirs)
            ended = sorted((await connection.execute(query)).scalars())
            await connection.execute(sa.delete(t.sessions).where(theirs))
        return ended

    async def sweep(self, now: float) -> int:
        """Delete expired sessions and return how many there were."""
        async with self._engine.begin() as connection:
            result = await connection.execute(
                sa.delete(t.sessions).where(t.sessions.c.expires_at <= now)
            )
        return result.rowcount

    async def _known(
        self, connection: AsyncConnection, login: str, *, alone: bool = False
    ) -> User:
        """Return the user; ``alone`` holds off other changes of theirs until the end."""
        query = sa.select(t.users).where(t.users.c.login == login)
        if alone:
            query = query.with_for_update(key_share=True)
        row = (await connection.execute(query)).first()
        if row is None:
            raise UnknownUserError(login)
        return _user(row)

    async def _change(self, login: str, **values: Any) -> None:
        async with self._engine.begin() as connection:
            result = await connection.execute(
                sa.update(t.users).where(t.users.c.login == login).values(**values)
            )
        if result.rowcount == 0:
            raise UnknownUserError(login)


def _alive(now: float) -> sa.ColumnElement[bool]:
    return sa.and_(t.sessions.c.expires_at > now, t.users.c.disabled.is_(sa.false()))


def _user(row: sa.Row[Any]) -> User:
    return User(**row._mapping)
