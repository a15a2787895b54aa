"""Connections to the customers in PostgreSQL, through asyncpg.

A pool, so that nobody waits behind anybody's durable write.  asyncpg keeps the constant texts
prepared on each connection.  A server that went away is found again by itself: reads are tried
once more on a fresh connection, changes are not (they may have happened).
"""

import asyncio
import time
from collections.abc import Callable, Coroutine, Mapping, Sequence
from datetime import tzinfo
from typing import Any, Final, Self, TypeVar

import asyncpg

from crm_lookup.brief import HOME
from crm_lookup.errors import NotReadyError
from crm_lookup.keys import DataKey
from crm_lookup.numbers import NumberReader
from crm_lookup.sealing import PLAIN, Sealer
from crm_lookup.sql.bank import SqlBank, claim_key, claim_seal
from crm_lookup.sql.port import ConflictError, Statement

ResultT = TypeVar("ResultT")

CONNECTIONS: Final = 8
"""At most, for each process."""
STATEMENT_SECONDS: Final = 5.0
"""After which the server gives a statement up; the client does a second later."""
CONNECT_SECONDS: Final = 3.0

_TRIES: Final = 10
"""Of a transaction that others' changes came between."""

_LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
)
_STOPPED: Final = (asyncpg.AdminShutdownError, asyncpg.CrashShutdownError)
_FAILED: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)


class PostgresDatabase:
    """A :class:`crm_lookup.sql.port.Database` over one PostgreSQL database."""

    def __init__(self, pool: Any) -> None:
        """Use :meth:`open`."""
        self._pool = pool
        self._changes: set[asyncio.Task[Any]] = set()

    @classmethod
    async def open(cls, dsn: str, *, statement_seconds: float = STATEMENT_SECONDS) -> Self:
        """Open a pool on ``postgresql://…``; raises :class:`NotReadyError`."""
        try:
            pool = await asyncpg.create_pool(
                dsn,
                min_size=2,
                max_size=CONNECTIONS,
                timeout=CONNECT_SECONDS,
                command_timeout=statement_seconds + 1.0,
                reset=_leave,
                server_settings={
                    "application_name": "hotline",
                    "statement_timeout": str(int(statement_seconds * 1000)),
                    "idle_in_transaction_session_timeout": "10000",
                },
            )
        except (*_FAILED, ValueError) as error:
            raise _not_ready(error) from error
        return cls(pool)

    async def read(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Any]:
        """See :meth:`crm_lookup.sql.port.Database.read`."""
        try:
            return await self._fetch(statement, values)
        except (*_LOST, *_STOPPED):
            await self._pool.expire_connections()
        except _FAILED as error:
            raise _not_ready(error) from error
        try:
            return await self._fetch(statement, values)
        except _FAILED as error:
            raise _not_ready(error) from error

    async def write(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Any]:
        """See :meth:`crm_lookup.sql.port.Database.write`."""
        return await self._to_its_end(self._fetch(statement, values))

    async def write_all(self, changes: Sequence[tuple[Statement, Mapping[str, Any]]]) -> None:
        """See :meth:`crm_lookup.sql.port.Database.write_all`."""
        await self._to_its_end(self._change_all(changes))

    async def close(self) -> None:
        """See :meth:`crm_lookup.sql.port.Database.close`."""
        if self._changes:
            await asyncio.wait(self._changes, timeout=CONNECT_SECONDS)
        try:
            await asyncio.wait_for(self._pool.close(), CONNECT_SECONDS)
        except _FAILED:
            self._pool.terminate()

    async def _to_its_end(self, change: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Carry out a change even if the caller hangs up: a try at a PIN counts all the same."""
        task = asyncio.ensure_future(change)
        self._changes.add(task)
        task.add_done_callback(self._ended)
        try:
            return await asyncio.shield(task)
        except asyncpg.IntegrityConstraintViolationError as error:
            raise ConflictError(str(error)) from error
        except _FAILED as error:
            await self._pool.expire_connections()
            raise _not_ready(error) from error

    def _ended(self, task: "asyncio.Task[Any]") -> None:
        self._changes.discard(task)
        if not task.cancelled():
            task.exception()  # whoever still waits gets it, too

    async def _change_all(self, changes: Sequence[tuple[Statement, Mapping[str, Any]]]) -> None:
        """Serializable, as SQLite's one writer is: what a statement looked for stays true."""
        for tries in range(1, _TRIES + 1):
            try:
                async with (
                    self._pool.acquire(timeout=CONNECT_SECONDS) as connection,
                    connection.transaction(isolation="serializable"),
                ):
                    for statement, values in changes:
                        await connection.fetch(statement.dollars, *statement.values(values))
                    return
            except asyncpg.SerializationError:
                if tries == _TRIES:
                    raise

    async def _fetch(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Any]:
        async with self._pool.acquire(timeout=CONNECT_SECONDS) as connection:
            rows: Sequence[Any] = await connection.fetch(
                statement.dollars, *statement.values(values)
            )
            return rows


class PostgresBank(SqlBank):
    """Directory, accounts and PIN store over one PostgreSQL database."""

    @classmethod
    async def open(
        cls,
        dsn: str,
        *,
        key: DataKey,
        numbers: NumberReader | None = None,
        clock: Callable[[], float] = time.time,
        currency: str = "CNY",
        zone: tzinfo = HOME,
        sealer: Sealer = PLAIN,
    ) -> Self:
        """Open the database at ``postgresql://…``, which must be migrated.

        Raises :class:`NotReadyError` and :class:`WrongKeyError` as
        :meth:`crm_lookup.sqlite.SqliteBank.open` does.
        """
        database = await PostgresDatabase.open(dsn)
        try:
            await claim_key(database, key, "the database")
            sealed = await claim_seal(database, sealer, "the database")
        except BaseException:
            await database.close()
            raise
        return cls(
            database,
            key=key,
            numbers=numbers or NumberReader(),
            clock=clock,
            currency=currency,
            zone=zone,
            sealer=sealer,
            sealed=sealed,
        )


async def _leave(_connection: Any) -> None:
    """Nothing: no statement here leaves anything behind, and a reset costs a round trip."""


def _not_ready(error: Exception) -> NotReadyError:
    said = str(error) or type(error).__name__
    return NotReadyError(
        f"PostgreSQL cannot serve customers ({said}): see `hotline db status`; "
        "`hotline db upgrade` makes the tables"
    )
