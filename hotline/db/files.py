"""Backup while the services run, and restore while they do not."""

import os
import sqlite3
import tempfile
import time
from contextlib import closing, suppress
from pathlib import Path

from hotline.db.locks import InUseError, exclusive
from hotline.db.migrate import refuse_newer, revision_of
from hotline.db.status import fault_in
from hotline.db.url import DatabaseError, is_server, raw_connection, shown, sqlite_path


def backup(url: str, target: Path) -> int:
    """Write a consistent copy to ``target`` while the services go on; return its bytes.

    The copy appears under its name only when it is complete, checked and on disk.  Raises
    :class:`DatabaseError` when ``target`` exists or the database is missing or damaged.
    """
    _files_only(url, "backup", f"pg_dump --format=custom --file={target} --dbname=")
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
    _files_only(
        url, "restore", f"pg_restore --clean --if-exists --single-transaction {source} --dbname="
    )
    path = sqlite_path(url)
    source = source.absolute()
    if not source.is_file():
        raise DatabaseError(f"{source} does not exist: name a file made by `hotline db backup`")
    try:
        with exclusive(url):
            copy = _checked_copy(source, path.parent, "restore")
            try:
                revision = revision_of(f"sqlite:///{copy}")
                if revision is None:
                    raise DatabaseError(f"{source} is no backup of ours: it holds no schema")
                refuse_newer(source, revision)
                aside = _set_aside(path, time.time() if now is None else now)
                os.replace(copy, path)
            finally:
                copy.unlink(missing_ok=True)
            _sync_folder(path.parent)
    except InUseError as error:
        raise DatabaseError(
            f"{path} is in use by a running service: stop hotline, then restore"
        ) from error
    return aside


def _files_only(url: str, what: str, command: str) -> None:
    """Name PostgreSQL's own command, which knows roles, versions and what is written meanwhile."""
    if is_server(url):
        raise DatabaseError(
            f"hotline db {what} copies SQLite's file; for PostgreSQL run: {command}'{shown(url)}'"
        )


def _checked_copy(source: Path, folder: Path, what: str) -> Path:
    """Copy a database into a temporary file of ``folder``, checked and on disk."""
    folder.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(prefix=".hotline-db-", suffix=".part", dir=folder)
    os.close(descriptor)
    copy = Path(name)
    try:
        with (
            closing(raw_connection(source)) as origin,
            closing(raw_connection(copy)) as destination,
        ):
            origin.backup(destination)
            destination.execute("PRAGMA journal_mode=DELETE")  # one file, nothing beside it
            fault = fault_in(destination)
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
    with suppress(sqlite3.Error), closing(raw_connection(path)) as connection:
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
