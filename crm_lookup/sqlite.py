"""Connections to the customers in SQLite.

Two connections of its own, each with its thread: reads never wait behind a PIN attempt that is
being made durable.  The text of every statement is constant, so that sqlite3 keeps it prepared.
``hotline.db`` owns the file and its schema.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import tzinfo
from pathlib import Path
from typing import Any, Final, Self

import aiosqlite

from crm_lookup.brief import HOME
from crm_lookup.errors import NotReadyError
from crm_lookup.keys import DataKey
from crm_lookup.numbers import NumberReader
from crm_lookup.sealing import PLAIN, Sealer
from crm_lookup.sql.bank import SqlBank, claim_key, claim_seal
from crm_lookup.sql.port import ConflictError, Statement

_PRAGMAS: Final = "PRAGMA busy_timeout=5000; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"


class SqliteDatabase:
    """A :class:`crm_lookup.sql.port.Database` over one SQLite file."""

    def __init__(
        self, path: Path, reads: aiosqlite.Connection, writes: aiosqlite.Connection
    ) -> None:
        """Use :meth:`open`."""
        self._path = path
        self._reads = reads
        self._writes = writes
        self._writing = asyncio.Lock()  # a statement must not slip into another's transaction

    @classmethod
    async def open(cls, path: Path) -> Self:
        """Open the file, which must exist.  Raises :class:`NotReadyError`."""
        uri = _uri(path)
        opened: list[aiosqlite.Connection] = []
        try:
            for _ in range(2):
                connection = await aiosqlite.connect(uri, uri=True, isolation_level=None)
                opened.append(connection)
                await connection.executescript(_PRAGMAS)
            reads, writes = opened
            await reads.execute_fetchall("PRAGMA query_only=ON")
        except aiosqlite.Error as error:
            await _close(opened)
            raise _not_ready(path, error) from error
        except BaseException:
            await _close(opened)
            raise
        return cls(path, reads, writes)

    async def read(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Any]:
        """See :meth:`crm_lookup.sql.port.Database.read`."""
        # execute_fetchall is one hop to the connection's thread; a cursor would be three.
        try:
            return await self._reads.execute_fetchall(statement.text, values)  # type: ignore[return-value] # a list, whatever is declared
        except aiosqlite.Error as error:
            raise _not_ready(self._path, error) from error

    async def write(self, statement: Statement, values: Mapping[str, Any]) -> Sequence[Any]:
        """See :meth:`crm_lookup.sql.port.Database.write`."""
        async with self._writing:
            return await self._change(statement.text, values)

    async def write_all(self, changes: Sequence[tuple[Statement, Mapping[str, Any]]]) -> None:
        """See :meth:`crm_lookup.sql.port.Database.write_all`."""
        async with self._writing:
            await self._change("BEGIN IMMEDIATE", {})
            try:
                for statement, values in changes:
                    await self._change(statement.text, values)
                await self._change("COMMIT", {})
            except BaseException:
                if self._writes.in_transaction:
                    await self._writes.rollback()
                raise

    async def close(self) -> None:
        """See :meth:`crm_lookup.sql.port.Database.close`."""
        await _close([self._reads, self._writes])

    async def _change(self, text: str, values: Mapping[str, Any]) -> Sequence[Any]:
        try:
            return await self._writes.execute_fetchall(text, values)  # type: ignore[return-value] # a list, whatever is declared
        except aiosqlite.IntegrityError as error:
            raise ConflictError(str(error)) from error
        except aiosqlite.Error as error:
            raise _not_ready(self._path, error) from error


class SqliteBank(SqlBank):
    """Directory, accounts and PIN store over one SQLite file."""

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        key: DataKey,
        numbers: NumberReader | None = None,
        clock: Callable[[], float] = time.time,
        currency: str = "CNY",
        zone: tzinfo = HOME,
        sealer: Sealer = PLAIN,
    ) -> Self:
        """Open the database file, which must exist and be migrated.

        Raises :class:`NotReadyError` when it is not, :class:`WrongKeyError` when its cards and
        PINs were written under another key.  An empty data set takes the key as its own.
        """
        database = await SqliteDatabase.open(path)
        try:
            await claim_key(database, key, str(path))
            sealed = await claim_seal(database, sealer, str(path))
        except BaseException:
            await database.close()
            raise
        return cls(
            database,
            key=key,
            numbers=numbers or NumberReader(),
            clock=clock,
            currency=currency,
            sealer=sealer,
            sealed=sealed,
            zone=zone,
        )


def _not_ready(path: Path, error: Exception) -> NotReadyError:
    return NotReadyError(
        f"{path} cannot serve customers ({error}): run `hotline db upgrade`, "
        "or `hotline db status` to see what it holds"
    )


def _uri(path: Path) -> str:
    # mode=rw: a mistyped path must not leave an empty database behind.
    return path.absolute().as_uri() + "?mode=rw"


async def _close(connections: Iterable[aiosqlite.Connection]) -> None:
    for connection in connections:
        await connection.close()
