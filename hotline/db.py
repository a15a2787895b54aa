"""The database as an operator sees it: migrate, look at, back up, restore.

Owns URLs, the file and its locks.  The customers', journal's and console's statements live in
their packages, each with connections of its own.  SQLite for now; the calls take URLs, so that a
server database can join.  Everything here blocks: call it at start-up or from a thread.
"""

import fcntl
import os
import sqlite3
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError

from hotline.migrations import FOLDER, METADATA

_BUSY_SECONDS: Final = 5.0
_LOCK_PATIENCE: Final = 30.0


class DatabaseError(Exception):
    """The database cannot be used as asked; the message says what to do next."""


class DatabaseStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a database."""

    path: Path
    exists: bool
    revision: str | None = None
    """``None``: no schema yet."""
    head: str
    """The revision that this program needs."""
    tables: dict[str, int] = msgspec.field(default_factory=dict)
    """Rows of each table."""
    size: int = 0
    """Bytes of the file and its write-ahead log."""
    integrity: str = "ok"
    """``ok`` or the first fault that SQLite found."""
    in_use: bool = False
    """A service holds the database open."""

    @property
    def ready(self) -> bool:
        return self.exists and self.revision == self.head and self.integrity == "ok"


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


def engine(url: str) -> sa.Engine:
    """Return an engine for cold work whose transactions are real ones, DDL included."""
    made = sa.create_engine(f"sqlite:///{sqlite_path(url)}", poolclass=sa.pool.NullPool)

    @sa.event.listens_for(made, "connect")
    def configure(connection: sqlite3.Connection, _record: Any) -> None:
        # sqlite3 would otherwise commit before DDL and begin only before DML.
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout={int(_BUSY_SECONDS * 1000)}")
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")

    @sa.event.listens_for(made, "begin")
    def begin(connection: sa.Connection) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    return made


def head() -> str:
    """Return the newest revision that this program knows."""
    found = ScriptDirectory.from_config(migration_config()).get_current_head()
    assert found is not None  # noqa: S101 - a wheel without its migrations cannot work at all
    return found


def upgrade(url: str, revision: str = "head") -> str:
    """Bring the schema to ``revision`` in one transaction, and return what it now is.

    Creates the file and its folder when needed.  Does nothing when nothing is to be done, so that
    it may run at every start.  Raises :class:`DatabaseError` when a service runs on an older
    schema, or when the database was made by a newer program.
    """
    path = sqlite_path(url)
    wanted = head() if revision == "head" else revision
    deadline = time.monotonic() + _LOCK_PATIENCE
    while True:
        current = _revision(path)
        _refuse_newer(path, current)
        if current == wanted:
            return wanted
        try:
            with _exclusive(path):
                return _migrate(url, path, wanted)
        except _InUseError as error:
            # Another process may be migrating right now: then this one has nothing left to do.
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"{path} has schema {current or 'none'} and needs {wanted}, but a service "
                    "runs on it: stop hotline, then run `hotline db upgrade`"
                ) from error
            time.sleep(0.1)


def status(url: str) -> DatabaseStatus:
    """Return what stands in the database; reads every page to check its integrity."""
    path = sqlite_path(url)
    if not path.exists():
        return DatabaseStatus(path=path, exists=False, head=head())
    revision: str | None = None
    tables: dict[str, int] = {}
    try:
        with closing(_connect(path)) as connection:
            names = [
                row[0]
                for row in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' "
                    "AND name NOT LIKE 'sqlite_%' ORDER BY name"
                )
            ]
            for name in names:
                quoted = name.replace('"', '""')
                count = connection.execute(f'SELECT count(*) FROM "{quoted}"')  # noqa: S608 - a name that the database itself gave
                tables[name] = count.fetchone()[0]
            revision = _revision(path)
            integrity = _fault(connection)
    except sqlite3.DatabaseError as error:
        integrity = str(error)
    wal = path.with_name(path.name + "-wal")
    return DatabaseStatus(
        path=path,
        exists=True,
        revision=revision,
        head=head(),
        tables=tables,
        size=path.stat().st_size + (wal.stat().st_size if wal.exists() else 0),
        integrity=integrity,
        in_use=_is_used(path),
    )


def backup(url: str, target: Path) -> int:
    """Write a consistent copy to ``target`` while the services go on; return its bytes.

    The copy appears under its name only when it is complete, checked and on disk.  Raises
    :class:`DatabaseError` when ``target`` exists or the database is missing or damaged.
    """
    path = sqlite_path(url)
    target = target.absolute()
    if target.exists():
        raise DatabaseError(f"{target} exists already: name a file that does not")
    if not path.exists():
        raise DatabaseError(f"{path} does not exist: there is nothing to back up")
    copy = _checked_copy(path, target.parent, "back up")
    try:
        os.link(copy, target)  # unlike a rename, refuses to replace what came meanwhile
    except FileExistsError as error:
        raise DatabaseError(f"{target} exists already: name a file that does not") from error
    finally:
        copy.unlink()
    _sync_folder(target.parent)
    return target.stat().st_size


def restore(source: Path, url: str, *, now: float | None = None) -> Path | None:
    """Put the backup ``source`` in the database's place; return where the old file now lies.

    ``now`` (epoch seconds) names the old file.  Raises :class:`DatabaseError` and changes nothing
    when the source is missing, damaged, from a newer program or not ours, or while services run.
    An older backup is accepted: run :func:`upgrade` afterwards.
    """
    path = sqlite_path(url)
    source = source.absolute()
    if not source.is_file():
        raise DatabaseError(f"{source} does not exist: name a file made by `hotline db backup`")
    try:
        with _exclusive(path):
            copy = _checked_copy(source, path.parent, "restore")
            try:
                revision = _revision(copy)
                if revision is None:
                    raise DatabaseError(f"{source} is no backup of ours: it holds no schema")
                _refuse_newer(source, revision)
                aside = _set_aside(path, time.time() if now is None else now)
                os.replace(copy, path)
            finally:
                copy.unlink(missing_ok=True)
            _sync_folder(path.parent)
    except _InUseError as error:
        raise DatabaseError(
            f"{path} is in use by a running service: stop hotline, then restore"
        ) from error
    return aside


@contextmanager
def in_use(url: str) -> Iterator[None]:
    """Held by each service as long as it has the database open; keeps :func:`restore` away.

    The kernel releases it when the process ends, however it ends.
    """
    path = sqlite_path(url)
    with _locked(path, fcntl.LOCK_SH):
        yield


# Locks -------------------------------------------------------------------------------------


class _InUseError(Exception):
    pass


@contextmanager
def _locked(path: Path, kind: int) -> Iterator[None]:
    lock = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DatabaseError(
            f"{lock}: {error.strerror}: run this as the user that runs hotline"
        ) from error
    try:
        try:
            fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise _InUseError from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def _exclusive(path: Path) -> Iterator[None]:
    with _locked(path, fcntl.LOCK_EX):
        yield


def _is_used(path: Path) -> bool:
    try:
        with _exclusive(path):
            return False
    except _InUseError:
        return True


# Migration ---------------------------------------------------------------------------------


def migration_config() -> Config:
    """Return Alembic's configuration; ``attributes["connection"]`` must be set to run it."""
    config = Config()
    config.set_main_option("script_location", str(FOLDER).replace("%", "%%"))
    return config


def _migrate(url: str, path: Path, wanted: str) -> str:
    if not path.exists():
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    config = migration_config()
    made = engine(url)
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


def _revision(path: Path) -> str | None:
    if not path.exists() or path.stat().st_size == 0:
        return None
    made = engine(f"sqlite:///{path}")
    try:
        with made.connect() as connection:
            return MigrationContext.configure(connection).get_current_revision()
    except sa.exc.DatabaseError as error:
        raise DatabaseError(
            f"{path} cannot be read ({error.orig}): check the path, or restore a backup with "
            "`hotline db restore`"
        ) from error
    finally:
        made.dispose()


def _refuse_newer(path: Path, revision: str | None) -> None:
    if revision is None:
        return
    try:
        ScriptDirectory.from_config(migration_config()).get_revision(revision)
    except CommandError as error:
        raise DatabaseError(
            f"{path} has schema {revision}, which this program does not know: it was made by a "
            "newer hotline; install that version"
        ) from error


# Files -------------------------------------------------------------------------------------


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        path.as_uri() + "?mode=rw", uri=True, timeout=_BUSY_SECONDS, isolation_level=None
    )


def _fault(connection: sqlite3.Connection) -> str:
    first = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if first != "ok":
        return first
    orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
    return "ok" if orphan is None else f"table {orphan[0]}: a row refers to a missing {orphan[2]}"


def _checked_copy(source: Path, folder: Path, what: str) -> Path:
    """Copy a database into a temporary file of ``folder``, checked and on disk."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".hotline-db-", suffix=".part", dir=folder)
    os.close(descriptor)
    copy = Path(name)
    try:
        with closing(_connect(source)) as origin, closing(_connect(copy)) as destination:
            origin.backup(destination)
            destination.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            fault = _fault(destination)
        if fault != "ok":
            raise DatabaseError(f"cannot {what}: {source} is damaged ({fault})")
        with copy.open("rb") as file:
            os.fsync(file.fileno())
    except sqlite3.Error as error:
        copy.unlink()
        raise DatabaseError(f"cannot {what}: {source}: {error}") from error
    except BaseException:
        copy.unlink()
        raise
    return copy


def _set_aside(path: Path, now: float) -> Path | None:
    if not path.exists():
        return None
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime(now))
    aside = path.with_name(f"{path.name}.before-restore-{stamp}")
    if aside.exists():
        raise DatabaseError(f"{aside} exists already: wait a second and restore again")
    with suppress(sqlite3.Error), closing(_connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=DELETE")  # folds the log into the file
    # A log that could not be folded belongs to the old file; beside the new one it would ruin it.
    for suffix in ("-wal", "-shm"):
        beside = path.with_name(path.name + suffix)
        if beside.exists():
            os.replace(beside, aside.with_name(aside.name + suffix))
    os.link(path, aside)
    return aside


def _sync_folder(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_CLOEXEC)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _shown(url: str) -> str:
    """The URL without its password."""
    try:
        return sa.make_url(url).render_as_string(hide_password=True)
    except sa.exc.ArgumentError:
        return repr(url)


TABLES: Final = frozenset(name for metadata in METADATA for name in metadata.tables)
"""Names of all tables that the schema must hold."""
