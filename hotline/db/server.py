"""PostgreSQL as an operator sees it: reach it, migrate it, look at it, hold it.

The synchronous half of :mod:`hotline.db` for ``postgresql://…``; asyncpg is the only driver, so
that each call here runs a short event loop of its own, in a thread where one is running already.
"""

import asyncio
import threading
from collections.abc import Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any, Final, TypeVar

import asyncpg
import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from hotline.db.url import DatabaseError, server_dsn, shown

ResultT = TypeVar("ResultT")

OLDEST: Final = 13
"""The oldest version of PostgreSQL that is tried."""
CONNECT_SECONDS: Final = 5.0
STATEMENT_SECONDS: Final = 10.0
"""After which a cold query is given up."""
_CLASS: Final = 0x48544C4E
"""First half of our advisory locks' keys; the second is one of these."""
SERVICES, JOURNAL = 1, 2

_FAILED: Final = (asyncpg.PostgresError, asyncpg.InterfaceError, OSError, TimeoutError, ValueError)


def async_server_engine(
    url: str, seconds: float | None = STATEMENT_SECONDS, **options: Any
) -> AsyncEngine:
    """Return an engine for cold queries, each given up after ``seconds``.

    What the URL leaves open is read as asyncpg does.
    """
    dsn = server_dsn(url)

    async def connect() -> Any:
        return await connection(dsn, command_timeout=seconds)

    return create_async_engine("postgresql+asyncpg://", async_creator=connect, **options)


async def connection(url: str, **options: Any) -> Any:
    """Open one asyncpg connection."""
    return await asyncpg.connect(
        server_dsn(url),
        timeout=CONNECT_SECONDS,
        server_settings={"application_name": "hotline"},
        **options,
    )


def run_on_server(url: str, work: Callable[[sa.Connection], ResultT]) -> ResultT:
    """Run ``work`` in one transaction.  Raises :class:`DatabaseError`."""

    async def run() -> ResultT:
        engine = async_server_engine(url, None, poolclass=sa.pool.NullPool)
        try:
            async with engine.begin() as opened:
                return await opened.run_sync(work)
        finally:
            await engine.dispose()

    try:
        return blocking(run)
    except _FAILED as error:
        raise unreachable(url, error) from error


def blocking(work: Callable[[], Coroutine[Any, Any, ResultT]]) -> ResultT:
    """Run a coroutine to its end from code that is not async."""
    try:
        asyncio.get_running_loop()
    except RuntimeError:
        return asyncio.run(work())
    with ThreadPoolExecutor(1) as threads:
        return threads.submit(lambda: asyncio.run(work())).result()


@contextmanager
def server_in_use(url: str, patience: float) -> Iterator[None]:
    """Hold the shared lock that keeps migrations away; see :func:`hotline.db.in_use`."""
    with _Holder(url) as holder:
        if not holder.take("pg_try_advisory_lock_shared", patience):
            raise DatabaseError(
                f"{shown(url)} is being migrated: wait for that to end and start again"
            )
        yield


@contextmanager
def server_exclusive(url: str) -> Iterator[bool]:
    """Try to keep all others away, and say whether that worked."""
    with _Holder(url) as holder:
        yield holder.take("pg_try_advisory_lock", 0.0)


def unreachable(url: str, error: Exception) -> DatabaseError:
    """Return what an operator reads when the server does not do what is asked."""
    said = " ".join(str(error).split()) or type(error).__name__
    remedy = "check database.url and that the server runs"
    if isinstance(error, asyncpg.InvalidCatalogNameError):
        remedy = "create it first (docs/operations.md, PostgreSQL)"
    elif isinstance(error, asyncpg.InvalidAuthorizationSpecificationError):
        remedy = "check user and password (docs/operations.md, PostgreSQL)"
    elif isinstance(error, asyncpg.InsufficientPrivilegeError):
        remedy = "give the role what docs/operations.md (PostgreSQL) lists"
    return DatabaseError(f"{shown(url)}: {said}: {remedy}")


class _Holder:
    """A connection that holds a lock, with an event loop of its own in a thread of its own."""

    def __init__(self, url: str) -> None:
        self._url = url
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="database-lock", daemon=True
        )
        self._connection: Any = None

    def __enter__(self) -> "_Holder":
        self._thread.start()
        try:
            self._connection = self._run(connection(self._url))
        except _FAILED as error:
            self._end()
            raise unreachable(self._url, error) from error
        return self

    def __exit__(self, *_error: object) -> None:
        try:
            self._run(self._connection.close(timeout=CONNECT_SECONDS))
        except _FAILED:
            self._connection.terminate()
        self._end()

    def take(self, function: str, patience: float) -> bool:
        """Try for ``patience`` seconds."""
        return self._run(self._take(function, patience))

    async def _take(self, function: str, patience: float) -> bool:
        loop = asyncio.get_running_loop()
        until = loop.time() + patience
        query = f"SELECT {function}($1, $2)"
        while not await self._connection.fetchval(query, _CLASS, SERVICES):
            if loop.time() >= until:
                return False
            await asyncio.sleep(0.05)
        return True

    def _run(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result()

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()
