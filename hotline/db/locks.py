"""Who has the database open: a file lock beside it, released by the kernel with its process."""

import fcntl
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from hotline.db.url import DatabaseError, sqlite_path

PATIENCE: Final = 30.0
"""Seconds for which a service that starts waits for a migration or restore to end."""


class InUseError(Exception):
    """Another process holds the lock; callers say what that means for their task."""


@contextmanager
def in_use(url: str) -> Iterator[None]:
    """Held by each service as long as it has the database open; keeps :func:`restore` away.

    The kernel releases it when the process ends, however it ends.
    """
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
def exclusive(path: Path) -> Iterator[None]:
    """Keep all others away.  Raises :class:`InUseError` at once when somebody is there."""
    with _lock_file(path) as descriptor:
        if not _taken(descriptor, fcntl.LOCK_EX):
            raise InUseError
        yield


def is_used(path: Path) -> bool:
    """Say whether any process holds the database."""
    with _lock_file(path) as descriptor:
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
