"""The console's users as the command line and the demo make them."""

import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import TypeVar

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from agent_console.accounts import Passwords, create_user
from agent_console.store import (
    Role,
    SqlAlarmStore,
    SqlIntegrationStore,
    SqlKnowledgeStore,
    SqlUserStore,
)
from hotline import db
from hotline.settings import Settings

StoreT = TypeVar("StoreT")


def async_engine(settings: Settings) -> AsyncEngine:
    """An engine for the console's (cold) queries."""
    if db.is_server(settings.database_url):
        return db.async_server_engine(settings.database_url, pool_pre_ping=True)
    path = db.sqlite_path(settings.database_url)
    engine = create_async_engine(f"sqlite+aiosqlite:///{path}", connect_args={"timeout": 5})

    @sa.event.listens_for(engine.sync_engine, "connect")
    def configure(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "busy_timeout=5000"):
            cursor.execute(f"PRAGMA {pragma}")
        cursor.close()

    return engine


@asynccontextmanager
async def _opened(
    settings: Settings, store: Callable[[AsyncEngine], StoreT]
) -> AsyncIterator[StoreT]:
    """A store of these settings' database; the schema must be up to date."""
    db.require_current(settings.database_url)
    engine = async_engine(settings)
    try:
        yield store(engine)
    finally:
        await engine.dispose()


def open_users(settings: Settings) -> AbstractAsyncContextManager[SqlUserStore]:
    """The user store of these settings; the schema must be up to date."""
    return _opened(settings, SqlUserStore)


def open_integrations(settings: Settings) -> AbstractAsyncContextManager[SqlIntegrationStore]:
    """The event API's store of these settings; the schema must be up to date."""
    return _opened(settings, SqlIntegrationStore)


def open_alarms(settings: Settings) -> AbstractAsyncContextManager[SqlAlarmStore]:
    """The alarms of these settings; the schema must be up to date."""
    return _opened(settings, SqlAlarmStore)


def open_knowledge(settings: Settings) -> AbstractAsyncContextManager[SqlKnowledgeStore]:
    """The knowledge base of these settings; the schema must be up to date."""
    return _opened(settings, SqlKnowledgeStore)


async def add_user(
    store: SqlUserStore,
    login: str,
    name: str,
    role: Role,
    password: str,
    agent_id: str | None = None,
    extensions: Sequence[str] = (),
) -> None:
    """Store a new user with phones.  Raises :class:`agent_console.errors.ConsoleError`."""
    passwords = Passwords()
    try:
        await create_user(
            store,
            passwords,
            login=login,
            display_name=name,
            role=role,
            password=password,
            now=time.time(),
            agent_id=agent_id,
            extensions=extensions,
        )
    finally:
        passwords.close()


async def set_password(store: SqlUserStore, login: str, password: str) -> None:
    """Replace a password and end the sessions that were opened with the old one.

    Raises :class:`agent_console.errors.ConsoleError`.
    """
    passwords = Passwords()
    try:
        await store.set_password(login, await passwords.hash(password))
        await store.end_sessions_of(login)
    finally:
        passwords.close()
