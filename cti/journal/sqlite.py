"""The journal in SQLite.

WAL with ``synchronous=FULL``, so that a returned :meth:`SqliteJournal.append` survives a power
cut.  A lock file beside the database keeps a second process out.
"""

import fcntl
import os
import sqlite3
import time
from pathlib import Path
from typing import Final, TextIO

from cti.errors import JournalLockedError
from cti.journal.sql import SqlJournal

_BUSY: Final = 5.0


class FileStorage:
    """The SQLite file at ``path``; see :class:`cti.journal.storage.Storage`."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened yet."""
        self._path = path
        self.name = str(path)

    def connect(self) -> sqlite3.Connection:
        """Open a connection that may write."""
        connection = sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)
        connection.execute("PRAGMA busy_timeout = 5000")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        return connection

    def look(self) -> sqlite3.Connection:
        """Open a connection that cannot write."""
        uri = f"{self._path.absolute().as_uri()}?mode=ro"
        return sqlite3.connect(
            uri, uri=True, timeout=_BUSY, isolation_level=None, check_same_thread=False
        )

    def own(self) -> tuple[sqlite3.Connection, TextIO]:
        """Open the writing connection and take the lock."""
        lock = _take_lock(self._path)
        try:
            return self.connect(), lock
        except BaseException:
            lock.close()
            raise


class SqliteJournal(SqlJournal):
    """Open with :meth:`open`; only one process at a time may."""

    @classmethod
    def open(cls, path: Path) -> "SqliteJournal":
        """Open the journal in the file at ``path``; raises as :meth:`SqlJournal.open_in` does."""
        return cls.open_in(FileStorage(path))


def _take_lock(path: Path) -> TextIO:
    """Lock ``<database>.journal.lock``; the kernel frees it however the owner dies."""
    lock = Path(f"{path}.journal.lock").open("a+", encoding="utf-8")  # noqa: SIM115 -- held while open
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        lock.seek(0)
        owner = lock.read().strip() or "unknown"
        lock.close()
        raise JournalLockedError(
            f"the journal in {path} belongs to another running process ({owner}); stop that"
            " `hotline serve` first"
        ) from None
    lock.seek(0)
    lock.truncate()
    lock.write(f"process {os.getpid()} since {time.strftime('%Y-%m-%dT%H:%M:%SZ', time.gmtime())}")
    lock.flush()
    return lock
