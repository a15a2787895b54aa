"""The journal's database in PostgreSQL.

asyncpg behind the few blocking calls that :mod:`cti.journal.storage` names, each connection with
an event loop in a thread of its own, so that the same plain functions serve both databases.  The
owner's lock is an advisory one on the writing connection: the server frees it when that ends.
"""

import asyncio
import re
import threading
import uuid
from collections.abc import Coroutine, Iterable, Iterator, Sequence
from functools import cache
from typing import Any, Final, TypeVar

import asyncpg

from cti.errors import JournalLockedError
from cti.journal.storage import StorageFault

ResultT = TypeVar("ResultT")

CONNECT_SECONDS: Final = 3.0
STATEMENT_SECONDS: Final = 30.0
"""For one statement, or one batch of rows."""
LOCK: Final = (0x48544C4E, 2)
"""The advisory lock of the journal's owner; :mod:`hotline.db.server` holds those beside it."""
GHOST_SECONDS: Final = 3.0
"""For a connection of ours that was lost to go, and with it the lock."""
_BATCH: Final = 1000
_FAILED: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    ValueError,
)
_LOST: Final = (
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
)
_TRANSACTION: Final = {
    "BEGIN": "BEGIN ISOLATION LEVEL REPEATABLE READ",
    "BEGIN IMMEDIATE": "BEGIN",
    "COMMIT": "COMMIT",
    "ROLLBACK": "ROLLBACK",
}
_OWNER: Final = """
SELECT a.pid, a.application_name, coalesce(host(a.client_addr), 'this machine'), a.backend_start
FROM pg_locks AS l JOIN pg_stat_activity AS a ON a.pid = l.pid
WHERE l.locktype = 'advisory' AND l.classid = $1::bigint::oid AND l.objid = $2::bigint::oid
  AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""


@cache
def dollars(sql: str) -> str:
    """Return the statement with ``$1``, ``$2``, … for each ``?``."""
    parts = sql.split("?")
    return parts[0] + "".join(f"${n}{part}" for n, part in enumerate(parts[1:], 1))


class ServerConnection:
    """A :class:`cti.journal.storage.Connection` on PostgreSQL; one thread at a time."""

    def __init__(self, dsn: str, name: str) -> None:
        """Connect.  Raises :class:`StorageFault`."""
        self._loop = asyncio.SelectorEventLoop()
        self._thread = threading.Thread(
            target=self._loop.run_forever, name="journal-server", daemon=True
        )
        self._thread.start()
        self.raw: Any = None
        try:
            self.raw = self.run(
                asyncpg.connect(
                    dsn,
                    timeout=CONNECT_SECONDS,
                    command_timeout=STATEMENT_SECONDS,
                    server_settings={
                        "application_name": name,
                        "tcp_keepalives_idle": "10",
                        "tcp_keepalives_interval": "5",
                        "tcp_keepalives_count": "3",
                    },
                )
            )
        except BaseException:
            self._end()
            raise
        # self.raw is asyncpg's own connection; use it in :meth:`run` only.

    @property
    def in_transaction(self) -> bool:
        """See :class:`cti.journal.storage.Connection`."""
        return bool(self.raw.is_in_transaction())

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> "ServerRows":
        """Run one statement; rows of a transaction are fetched by the thousand."""
        control = _TRANSACTION.get(sql)
        if control is not None:
            self.run(self.raw.execute(control))
            return ServerRows(self)
        text = dollars(sql)
        if not text.lstrip().startswith(("SELECT", "WITH")):
            said = self.run(self.raw.execute(text, *parameters))
            number = re.search(r"(\d+)$", said)
            return ServerRows(self, rowcount=int(number[1]) if number else -1)
        if self.in_transaction:
            return ServerRows(self, self.run(_cursor(self.raw, text, parameters)))
        return ServerRows(self, ready=self.run(self.raw.fetch(text, *parameters)))

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object:
        """Run one statement for each row, in one go."""
        return self.run(self.raw.executemany(dollars(sql), rows))

    def close(self) -> None:
        """Give the connection back, whatever state it is in."""
        if self._loop.is_closed():
            return
        try:
            self.run(self.raw.close(timeout=CONNECT_SECONDS))
        except StorageFault:
            self._loop.call_soon_threadsafe(self.raw.terminate)
        self._end()

    def run(self, work: Coroutine[Any, Any, ResultT]) -> ResultT:
        """Wait for asyncpg.  Raises :class:`StorageFault`."""
        try:
            return asyncio.run_coroutine_threadsafe(work, self._loop).result()
        except _FAILED as error:
            gone = self.raw is None or self.raw.is_closed()
            raise StorageFault(
                " ".join(str(error).split()) or type(error).__name__,
                missing=isinstance(error, asyncpg.UndefinedTableError),
                lost=gone or isinstance(error, _LOST),
            ) from error

    def _end(self) -> None:
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()


class ServerRows:
    """See :class:`cti.journal.storage.Rows`."""

    def __init__(
        self,
        connection: ServerConnection,
        cursor: Any = None,
        ready: Sequence[Any] = (),
        rowcount: int = -1,
    ) -> None:
        self.rowcount = rowcount
        self._connection = connection
        self._cursor = cursor
        self._rows = self._all(ready)

    def fetchone(self) -> Any:
        """Return the next row."""
        return next(self._rows, None)

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""
        return list(self._rows)

    def __iter__(self) -> Iterator[Any]:
        """Yield the rows that are left."""
        return self._rows

    def _all(self, ready: Sequence[Any]) -> Iterator[Any]:
        yield from map(tuple, ready)
        while self._cursor is not None:
            batch = self._connection.run(self._cursor.fetch(_BATCH))
            yield from map(tuple, batch)
            if len(batch) < _BATCH:
                return


async def _take(connection: Any, patience: float) -> bool:
    loop = asyncio.get_running_loop()
    until = loop.time() + patience
    while not await connection.fetchval("SELECT pg_try_advisory_lock($1, $2)", *LOCK):
        if loop.time() >= until:
            return False
        await asyncio.sleep(0.05)
    return True


async def _cursor(connection: Any, text: str, parameters: Sequence[Any]) -> Any:
    return await connection.cursor(text, *parameters)


class ServerStorage:
    """The database at ``postgresql://…``; ``name`` stands for it in messages."""

    def __init__(self, dsn: str, name: str = "PostgreSQL") -> None:
        """Nothing is opened yet."""
        self._dsn = dsn
        self.name = name
        self._own_name = f"hotline journal {uuid.uuid4().hex[:12]}"

    def connect(self) -> ServerConnection:
        """Open a connection that may write."""
        return ServerConnection(self._dsn, "hotline")

    def look(self) -> ServerConnection:
        """Open a connection for somebody who only reads."""
        return self.connect()

    def own(self) -> tuple[ServerConnection, ServerConnection]:
        """Open the writing connection and take the lock, which ends with it.

        A connection of ours that the server has not missed yet is ended first.
        """
        opened = ServerConnection(self._dsn, self._own_name)
        try:
            raw, connection = opened.run, opened.raw
            # What the journal has confirmed must be on the disk, whatever the database's default.
            raw(
                connection.execute(
                    "SELECT set_config('synchronous_commit', 'on', false)"
                    " WHERE current_setting('synchronous_commit') = 'off'"
                )
            )
            ghosts = raw(
                connection.fetch(
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                    " WHERE application_name = $1 AND pid <> pg_backend_pid()"
                    " AND datname = current_database()",
                    self._own_name,
                )
            )
            if not raw(_take(connection, GHOST_SECONDS if ghosts else 0.0)):
                rows = raw(connection.fetch(_OWNER, *LOCK))
                raise JournalLockedError(
                    f"the journal in {self.name} belongs to another running process"
                    f" ({_owner(rows)}); stop that `hotline serve` first"
                )
        except BaseException:
            opened.close()
            raise
        return opened, opened


def _owner(rows: Sequence[Any]) -> str:
    if not rows:
        return "unknown"
    pid, name, address, since = rows[0]
    return f"{name}, from {address}, server process {pid}, since {since:%Y-%m-%dT%H:%M:%SZ}"
