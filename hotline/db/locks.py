"""Who has the database open: a file lock beside it, released by the kernel with its process."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from hotline.db.url import DatabaseError, sqlite_path


@contextmanager
def in_use(url: str) -> Iterator[None]:
    """Held by each service as long as it has the database open; keeps :func:`restore` away.

    The kernel releases it when the process ends, however it ends.
    """
    path = sqlite_path(url)
    with _locked(path, fcntl.LOCK_SH):
        yield


class InUseError(Exception):
    """Another process holds the lock; callers say what that means for their task."""


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
            raise InUseError from error
        yield
    finally:
        os.close(descriptor)


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Keep all others away.  Raises :class:`InUseError` at once when somebody is there."""
    with _locked(path, fcntl.LOCK_EX):
        yield


def is_used(path: Path) -> bool:
    """Say whether any process holds the database."""
    try:
        with exclusive(path):
            return False
    except InUseError:
        return True
