"""A private PostgreSQL for each worker, and a database of its own for each test.

The databases are copies of one that holds the whole schema; a copy takes some 30 ms.
"""

import atexit
import itertools
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import cache
from pathlib import Path
from typing import Any, Final

import pytest
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from crm_lookup import testing
from crm_lookup.postgres import PostgresBank
from hotline import db
from hotline.db.private_server import PrivateServer
from hotline.db.server import blocking, connection

_TEMPLATE = "migrated"


class Databases:
    """Makes databases on a private server."""

    def __init__(self, server: PrivateServer) -> None:
        self.server = server
        self._numbers = itertools.count(1)
        self._run(f"CREATE DATABASE {_TEMPLATE}")
        db.upgrade(server.url(_TEMPLATE))

    @contextmanager
    def fresh(self, *, empty: bool = False) -> Iterator[str]:
        """Lend a database of the newest schema, or without any; yields its URL."""
        name = f"test_{next(self._numbers)}"
        self._run(f"CREATE DATABASE {name} TEMPLATE {'template0' if empty else _TEMPLATE}")
        yield self.server.url(name)
        self._run(f"DROP DATABASE {name} WITH (FORCE)")

    def _run(self, statement: str) -> None:
        async def run() -> None:
            opened = await connection(self.server.url())
            await opened.execute(statement)
            await opened.close()

        blocking(run)


@cache
def databases() -> Databases:
    """Return this process's server, started at the first call; it ends with the process."""
    try:
        server = PrivateServer.start()
    except db.DatabaseError as error:
        pytest.fail(f"these tests need PostgreSQL: {error}")
    atexit.register(server.close)
    return Databases(server)


@asynccontextmanager
async def postgres_bank(_folder: Path) -> AsyncIterator[PostgresBank]:
    """Lend the small bank in PostgreSQL."""
    with databases().fresh() as url:
        async with testing.postgres_bank(url) as bank:
            yield bank


@asynccontextmanager
async def open_engine(
    storage: str, folder: Path, *metadata: sa.MetaData
) -> AsyncIterator[AsyncEngine]:
    """Lend an engine over fresh tables in ``sqlite`` or ``postgres``."""
    if storage == "postgres":
        with databases().fresh() as url:
            engine = db.async_server_engine(url)
            yield engine
            await engine.dispose()
        return
    engine = create_async_engine(f"sqlite+aiosqlite:///{folder / 'fresh.db'}")
    async with engine.begin() as connection:
        for tables in metadata:
            await connection.run_sync(tables.create_all)
    yield engine
    await engine.dispose()


BANKS: Final[dict[str, Callable[[Path], Any]]] = {**testing.BANKS, "postgres": postgres_bank}
"""The small bank in every storage; each takes a folder of the test's own."""


def query(url: str, text: str, *values: object) -> list[tuple[Any, ...]]:
    """Run one statement with ``$1``, and return its rows."""

    async def run() -> list[tuple[Any, ...]]:
        opened = await connection(url)
        try:
            return [tuple(row) for row in await opened.fetch(text, *values)]
        finally:
            await opened.close()

    work: Callable[[], Coroutine[Any, Any, list[tuple[Any, ...]]]] = run
    return blocking(work)
