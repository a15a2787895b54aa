"""Who has the database open.

A file lock beside SQLite's file, released by the kernel with its process; in PostgreSQL an
advisory lock, released by the server with its connection.
"""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hotline.db.server import server_exclusive, server_in_use
from hotline.db.url import DatabaseError, is_server, sqlite_path

PATIENCE: Final = 30.0
"""Seconds for which a service that starts waits for a migration or restore to end."""


class InUseError(Exception):
    """Another process holds the lock; callers say what that means for their task."""


@contextmanager
def in_use(url: str) -> Iterator[None]:
    """Held by each service as long as it has the database open; keeps :func:`restore` away.

    The kernel releases it when the process ends, however it ends.
    """
    if is_server(url):
        with server_in_use(url, PATIENCE):
            yield
        return
    path = sqlite_path(url)
    deadline = time.monotonic() + PATIENCE
    with _lock_file(path) as descriptor:
        while not _taken(descriptor, fcntl.LOCK_SH):
            if time.monotonic() > deadline:
                raise DatabaseError(
                    f"{path} is being migrated or restored: wait for that to end and start again"
                )
            time.sleep(0.05)
        yield


@contextmanager
def exclusive(url: str) -> Iterator[None]:
    """Keep all others away.  Raises :class:`InUseError` at once when somebody is there."""
    if is_server(url):
        with server_exclusive(url) as alone:
            if not alone:
                raise InUseError
            yield
        return
    with _lock_file(sqlite_path(url)) as descriptor:
        if not _taken(descriptor, fcntl.LOCK_EX):
            raise InUseError
        yield


def is_used(url: str) -> bool:
    """Say whether any process holds the database."""
    if is_server(url):
        with server_exclusive(url) as alone:
            return not alone
    with _lock_file(sqlite_path(url)) as descriptor:
        return not _taken(descriptor, fcntl.LOCK_EX)


@contextmanager
def _lock_file(path: Path) -> Iterator[int]:
    lock = path.with_name(path.name + ".lock")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(lock, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise DatabaseError(
            f"{lock}: {error.strerror}: run this as the user that runs hotline"
        ) from error
    try:
        yield descriptor
    finally:
        os.close(descriptor)  # and with it the lock


def _taken(descriptor: int, kind: int) -> bool:
    try:
        fcntl.flock(descriptor, kind | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
