"""The durable journal in SQLite.

One thread owns the writing connection.  Whatever waits when it becomes free goes into one
transaction (group commit): one fsync serves many appends.  WAL with ``synchronous=FULL``, so that
a returned :meth:`SqliteJournal.append` survives a power cut.  A lock file beside the database
keeps a second process out.
"""

import asyncio
import fcntl
import os
import queue
import sqlite3
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple, TextIO

from cti.core.events import DomainEvent
from cti.errors import JournalDamagedError, JournalError, JournalLockedError
from cti.journal.chain import GENESIS, Row, check, decode, make_row

_COLUMNS: Final = "seq, at, server, call_id, type, body, prev_hash, hash"
_INSERT: Final = f"INSERT INTO journal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 -- constants only
_READ: Final = f"SELECT {_COLUMNS} FROM journal WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 -- constants only
_TAIL: Final = f"SELECT {_COLUMNS} FROM journal ORDER BY seq DESC LIMIT ?"  # noqa: S608 -- constants only
_ALL: Final = f"SELECT {_COLUMNS} FROM journal ORDER BY seq"  # noqa: S608 -- constants only
_GROUP: Final = 5000
"""Events in one transaction at most."""


class _Append(NamedTuple):
    events: Sequence[DomainEvent]
    future: "asyncio.Future[int]"
    loop: asyncio.AbstractEventLoop


class SqliteJournal:
    """Open with :meth:`open`; only one process at a time may."""

    def __init__(self, path: Path, lock: TextIO, connection: sqlite3.Connection) -> None:
        """Use :meth:`open`."""
        self._path = path
        self._lock = lock
        self._connection = connection
        rows = connection.execute(_TAIL, (1,)).fetchall()
        last = Row(*rows[0]) if rows else None
        self._head = (last.seq, last.hash) if last is not None else (0, GENESIS)
        self._jobs: queue.SimpleQueue[_Append | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._closed = False
        self._thread.start()

    @classmethod
    def open(cls, path: Path) -> "SqliteJournal":
        """Open the journal in the database at ``path``, whose tables exist already.

        Raises :class:`cti.errors.JournalLockedError` if another process owns it and
        :class:`cti.errors.JournalError` if the table is missing or the file cannot be opened.
        """
        lock = _take_lock(path)
        try:
            connection = _connect(path)
            connection.execute("SELECT 1 FROM journal LIMIT 1")
            return cls(path, lock, connection)
        except sqlite3.Error as error:
            lock.close()
            raise JournalError(
                f"the journal in {path} cannot be opened ({error}); run `hotline db upgrade`"
            ) from error

    async def append(self, events: Sequence[DomainEvent]) -> int:
        """Store the events in order; when this returns they are on the disk.

        Raises :class:`cti.errors.JournalError` if the database refuses; nothing is stored then.
        """
        if self._closed:
            raise JournalError("the journal is closed; open it again")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self._jobs.put(_Append(tuple(events), future, loop))
        return await future

    async def read(self, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, DomainEvent]]:
        """Return up to ``limit`` stored events above ``after``."""
        rows = await asyncio.to_thread(self._select, _READ, (after, limit))
        return [(row.seq, decode(row)) for row in rows]

    async def tail(self, limit: int) -> Sequence[tuple[int, DomainEvent]]:
        """Return the last ``limit`` stored events, oldest first."""
        rows = await asyncio.to_thread(self._select, _TAIL, (limit,))
        return [(row.seq, decode(row)) for row in reversed(rows)]

    async def verify(self) -> int:
        """Check the whole chain and return the number of entries.

        Rows cut off at the end are found as long as this process has seen them.
        """
        head = self._head
        last = await asyncio.to_thread(self._check)
        if last[0] < head[0]:
            raise JournalDamagedError(last[0] + 1, "is missing")
        return last[0]

    async def close(self) -> None:
        """Write what waits, close the database and give the lock back."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._lock.close()

    def _select(self, sql: str, parameters: tuple[int, ...]) -> list[Row]:
        connection = _connect(self._path)
        try:
            return [Row(*row) for row in connection.execute(sql, parameters)]
        finally:
            connection.close()

    def _check(self) -> tuple[int, bytes]:
        connection = _connect(self._path)
        try:
            rows: Iterator[Row] = (Row(*row) for row in connection.execute(_ALL))
            return check(rows)
        finally:
            connection.close()

    def _work(self) -> None:
        """Run in the journal's own thread until ``None`` comes."""
        open_for_work = True
        while open_for_work:
            job = self._jobs.get()
            group: list[_Append] = []
            size = 0
            while True:
                if job is None:
                    open_for_work = False
                    break
                group.append(job)
                size += len(job.events)
                if size >= _GROUP:
                    break
                try:
                    job = self._jobs.get_nowait()
                except queue.Empty:
                    break
            if group:
                self._commit(group)
        self._connection.close()

    def _commit(self, group: list[_Append]) -> None:
        seq, prev = self._head
        rows: list[Row] = []
        last: list[int] = []
        try:
            for job in group:
                for event in job.events:
                    row = make_row(seq + 1, prev, event)
                    seq, prev = row.seq, row.hash
                    rows.append(row)
                last.append(seq)
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                self._connection.executemany(_INSERT, rows)
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
                raise
        except Exception as error:  # noqa: BLE001 -- the thread must live; the caller gets it
            if self._committed_after_all(seq, prev):
                self._head = (seq, prev)
                for job, number in zip(group, last, strict=True):
                    _settle(job, number=number)
                return
            refused = JournalError(
                f"the journal could not be written ({error}); see `hotline doctor`"
            )
            for job in group:
                _settle(job, error=refused)
            return
        self._head = (seq, prev)
        for job, number in zip(group, last, strict=True):
            _settle(job, number=number)

    def _committed_after_all(self, seq: int, head: bytes) -> bool:
        """Say whether a transaction whose end failed is in the database all the same."""
        try:
            rows = self._connection.execute(_TAIL, (1,)).fetchall()
        except sqlite3.Error:
            return False
        return bool(rows) and (rows[0][0], rows[0][7]) == (seq, head)


def _settle(job: _Append, number: int = 0, error: Exception | None = None) -> None:
    def settle() -> None:
        if job.future.done():
            return
        if error is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(number)

    if not job.loop.is_closed():
        job.loop.call_soon_threadsafe(settle)


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False)
    connection.execute("PRAGMA busy_timeout = 5000")
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    return connection


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
