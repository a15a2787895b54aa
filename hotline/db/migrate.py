"""Brings the schema forward through ``hotline/migrations``; needs no ``alembic.ini``."""

import os
import sqlite3
import time
from pathlib import Path
from typing import TYPE_CHECKING, Final

import sqlalchemy as sa

from hotline.db.locks import InUseError, exclusive
from hotline.db.revisions import head, known
from hotline.db.server import run_on_server
from hotline.db.status_server import unfit
from hotline.db.url import DatabaseError, engine, is_server, place, sqlite_path
from hotline.migrations import FOLDER

if TYPE_CHECKING:
    from alembic.config import Config

_LOCK_PATIENCE: Final = 30.0
_TABLE: Final = "alembic_version"
"""Where Alembic notes the revision."""


def upgrade(url: str, revision: str = "head") -> str:
    """Bring the schema to ``revision`` in one transaction, and return what it now is.

    Creates the file and its folder when needed.  Does nothing when nothing is to be done, so that
    it may run at every start.  Raises :class:`DatabaseError` when a service runs on an older
    schema, or when the database was made by a newer program.
    """
    wanted = head() if revision == "head" else revision
    deadline = time.monotonic() + _LOCK_PATIENCE
    while True:
        current = revision_of(url)
        refuse_newer(place(url), current)
        if current == wanted:
            return wanted
        try:
            with exclusive(url):
                return _migrate_server(url, wanted) if is_server(url) else _migrate(url, wanted)
        except InUseError as error:
            # Another process may be migrating right now: then this one has nothing left to do.
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"{place(url)} has schema {current or 'none'} and needs {wanted}, but a "
                    "service runs on it: stop hotline, then run `hotline db upgrade`"
                ) from error
            time.sleep(0.1)


def require_current(url: str) -> None:
    """Raise :class:`DatabaseError` unless the schema is the one that this program needs."""
    current = revision_of(url)
    refuse_newer(place(url), current)
    if current != head():
        raise DatabaseError(
            f"{place(url)} has schema {current or 'none'} and needs {head()}: "
            "run `hotline db upgrade`"
        )


def migration_config() -> "Config":
    """Return Alembic's configuration; ``attributes["connection"]`` must be set to run it."""
    from alembic.config import Config

    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def _migrate_server(url: str, wanted: str) -> str:
    from alembic import command
    from alembic.util import CommandError

    config = migration_config()

    def migrate(connection: sa.Connection) -> None:
        fault = unfit(connection)
        if fault:
            raise DatabaseError(f"{place(url)}: {fault}")
        config.attributes["connection"] = connection
        command.upgrade(config, wanted)

    try:
        run_on_server(url, migrate)
    except (sa.exc.DBAPIError, CommandError) as error:
        raise DatabaseError(f"{place(url)} was not migrated and is unchanged: {error}") from error
    return wanted


def _migrate(url: str, wanted: str) -> str:
    path = sqlite_path(url)
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    from alembic import command
    from alembic.util import CommandError

    config = migration_config()
    made = engine(url, immediate=True)
    try:
        with made.connect() as connection:
            raw = connection.connection.driver_connection
            assert isinstance(raw, sqlite3.Connection)  # noqa: S101 - what engine() makes
            raw.execute("PRAGMA journal_mode=WAL")
            # A table that a revision copies anew would take its dependent rows with it.
            raw.execute("PRAGMA foreign_keys=OFF")
            with connection.begin():
                config.attributes["connection"] = connection
                command.upgrade(config, wanted)
                broken = connection.exec_driver_sql("PRAGMA foreign_key_check").fetchone()
                if broken is not None:
                    raise DatabaseError(
                        f"{path}: the migration would leave broken references in table "
                        f"{broken[0]}; nothing was changed. Keep a backup and report this"
                    )
    except (sa.exc.DatabaseError, CommandError) as error:
        raise DatabaseError(f"{path} was not migrated and is unchanged: {error}") from error
    finally:
        made.dispose()
    return wanted


def revision_of(url: str) -> str | None:
    """Return the schema's revision, ``None`` for a missing or empty database."""
    if is_server(url):
        return run_on_server(url, revision_in)
    path = sqlite_path(url)
    if not path.exists() or path.stat().st_size == 0:
        return None
    made = engine(url)
    try:
        with made.connect() as connection:
            return revision_in(connection)
    except sa.exc.DatabaseError as error:
        raise DatabaseError(
            f"{path} cannot be read ({error.orig}): check the path, or restore a backup with "
            "`hotline db restore`"
        ) from error
    finally:
        made.dispose()


def revision_in(connection: sa.Connection) -> str | None:
    """Return the revision that an open database is at."""
    if not sa.inspect(connection).has_table(_TABLE):
        return None
    row = connection.exec_driver_sql(f"SELECT version_num FROM {_TABLE}").first()  # noqa: S608 -- a constant
    return None if row is None else str(row[0])


def refuse_newer(where: Path | str, revision: str | None) -> None:
    """Raise :class:`DatabaseError` for a revision that this program does not know."""
    if revision is None:
        return
    if revision not in known():
        raise DatabaseError(
            f"{where} has schema {revision}, which this program does not know: it was made by a "
            "newer hotline; install that version"
        )
