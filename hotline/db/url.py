"""Database URLs and engines; the root of the errors of :mod:`hotline.db`."""

import sqlite3
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

BUSY_SECONDS: Final = 5.0
"""How long a statement waits for another process that is writing."""


class DatabaseError(Exception):
    """The database cannot be used as asked; the message says what to do next."""


def sqlite_path(url: str) -> Path:
    """Return the file that ``sqlite:////absolute`` or ``sqlite:///relative`` names.

    Raises :class:`DatabaseError` for any other URL.
    """
    try:
        parsed = sa.make_url(url)
    except sa.exc.ArgumentError as error:
        raise DatabaseError(
            f"{_shown(url)} is no database URL: write sqlite:////var/lib/hotline/hotline.db"
        ) from error
    if parsed.get_backend_name() != "sqlite":
        raise DatabaseError(
            f"{_shown(url)}: only SQLite is supported so far: write sqlite:///PATH"
        )
    if not parsed.database or parsed.database == ":memory:":
        raise DatabaseError("the database must be a file: several processes share it")
    return Path(parsed.database).absolute()


def engine(url: str, *, immediate: bool = False) -> sa.Engine:
    """Return an engine for cold work whose transactions are real ones, DDL included.

    ``immediate`` transactions take the right to write at once.
    """
    made = sa.create_engine(f"sqlite:///{sqlite_path(url)}", poolclass=sa.pool.NullPool)

    @sa.event.listens_for(made, "connect")
    def configure(connection: sqlite3.Connection, _record: Any) -> None:
        # sqlite3 would otherwise commit before DDL and begin only before DML.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={int(BUSY_SECONDS * 1000)}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @sa.event.listens_for(made, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE" if immediate else "BEGIN")

    return made


def raw_connection(path: Path) -> sqlite3.Connection:
    """Open an existing file in autocommit mode."""
    return sqlite3.connect(
        path.as_uri() + "?mode=rw", uri=True, timeout=BUSY_SECONDS, isolation_level=None
    )


def _shown(url: str) -> str:
    """The URL without its password."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return repr(url)
