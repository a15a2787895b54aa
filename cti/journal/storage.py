"""Where a journal's rows lie: what its plain functions need of a database, for SQLite as it is.

Statements are written once, with ``?`` and in words that SQLite and PostgreSQL share; a
:class:`sqlite3.Connection` in autocommit mode is a :class:`Connection` as it stands, and
:class:`cti.journal.postgres.ServerConnection` does the same for PostgreSQL.
"""

import sqlite3
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, Final, Protocol


class StorageFault(Exception):  # noqa: N818 -- beside sqlite3.Error, whose part it plays
    """A server's database refused or could not be reached."""

    def __init__(self, message: str, *, missing: bool = False, lost: bool = False) -> None:
        """Say what happened."""
        super().__init__(message)
        self.missing = missing
        """A table is not there."""
        self.lost = lost
        """The connection is of no more use."""


FAULTS: Final = (sqlite3.Error, StorageFault)
"""What a connection raises."""


def is_missing(error: Exception) -> bool:
    """Say whether the fault is that the schema is not there."""
    if isinstance(error, StorageFault):
        return error.missing
    return isinstance(error, sqlite3.OperationalError) and "no such" in str(error)


class Rows(Protocol):
    """What a statement gave."""

    @property
    def rowcount(self) -> int:
        """How many rows were changed."""

    def fetchone(self) -> Any:
        """Return the next row as a tuple, ``None`` after the last."""

    def fetchall(self) -> list[Any]:
        """Return the rows that are left."""

    def __iter__(self) -> Iterator[Any]: ...


class Connection(Protocol):
    """A connection in autocommit mode; raises one of :data:`FAULTS`.

    ``BEGIN`` opens a transaction that sees one picture, ``BEGIN IMMEDIATE`` one that writes.
    """

    @property
    def in_transaction(self) -> bool: ...

    def execute(self, sql: str, parameters: Sequence[Any] = (), /) -> Rows: ...

    def executemany(self, sql: str, rows: Iterable[Sequence[Any]], /) -> object: ...

    def close(self) -> None: ...


class Lock(Protocol):
    """Held as long as the journal is open."""

    def close(self) -> None: ...


class Storage(Protocol):
    """One journal's database."""

    @property
    def name(self) -> str:
        """For messages; without a password."""

    def connect(self) -> Connection:
        """Open a connection that may write."""

    def look(self) -> Connection:
        """Open a connection for somebody who only reads; never creates anything."""

    def own(self) -> tuple[Connection, Lock]:
        """Open the one writing connection, with the lock that keeps other owners out.

        Raises :class:`cti.errors.JournalLockedError`.
        """
