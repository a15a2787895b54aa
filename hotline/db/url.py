"""Database URLs and engines; the root of the errors of :mod:`hotline.db`."""

import sqlite3
from pathlib import Path
from typing import Any, Final

import sqlalchemy as sa

BUSY_SECONDS: Final = 5.0
"""How long a statement waits for another process that is writing."""


class DatabaseError(Exception):
    """The database cannot be used as asked; the message says what to do next."""


def is_server(url: str) -> bool:
    """Say whether the URL names a PostgreSQL database, and not a file.

    Raises :class:`DatabaseError` for a URL that is neither.
    """
    return _parsed(url).get_backend_name() == "postgresql"


def server_dsn(url: str) -> str:
    """Return the URL of a PostgreSQL database as asyncpg wants it.

    Host, port, user and password that it does not name come from ``PGHOST`` and so on and from
    ``~/.pgpass``, TLS from ``?sslmode=verify-full&sslrootcert=…``.
    """
    if not is_server(url):
        raise DatabaseError(f"{shown(url)} names no PostgreSQL database")
    return "postgresql://" + url.split("://", 1)[1]


def sqlite_path(url: str) -> Path:
    """Return the file that ``sqlite:////absolute`` or ``sqlite:///relative`` names.

    Raises :class:`DatabaseError` for any other URL.
    """
    parsed = _parsed(url)
    if parsed.get_backend_name() != "sqlite":
        raise DatabaseError(
            f"{shown(url)}: this works with SQLite only so far; docs/operations.md (PostgreSQL) "
            "lists what runs on a server"
        )
    return Path(parsed.database or "").absolute()


def place(url: str) -> str:
    """Return the file, or the server's URL without its password, for messages."""
    return shown(url) if is_server(url) else str(sqlite_path(url))


def _parsed(url: str) -> sa.URL:
    try:
        parsed = sa.make_url(url)
    except (sa.exc.ArgumentError, ValueError) as error:
        raise DatabaseError(
            f"{shown(url)} is no database URL: write sqlite:////var/lib/hotline/hotline.db "
            "or postgresql://USER@HOST/DATABASE"
        ) from error
    name = parsed.get_backend_name()
    if name not in {"sqlite", "postgresql"}:
        raise DatabaseError(
            f"{shown(url)}: only SQLite and PostgreSQL are supported: write sqlite:///PATH "
            "or postgresql://USER@HOST/DATABASE"
        )
    if name == "sqlite" and (not parsed.database or parsed.database == ":memory:"):
        raise DatabaseError("the database must be a file: several processes share it")
    if name == "postgresql" and not parsed.database:
        raise DatabaseError(
            f"{shown(url)} names no database: write postgresql://USER@HOST/DATABASE"
        )
    return parsed


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


def shown(url: str) -> str:
    """The URL without its password."""
    try:
        parsed = sa.make_url(url)
        hidden = {name: "***" for name in parsed.query if "password" in name}
        return parsed.update_query_dict(hidden).render_as_string(hide_password=True)
    except (sa.exc.ArgumentError, ValueError):
        return repr(url.split("@")[-1])
