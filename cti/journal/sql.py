"""The durable journal over a database that :mod:`cti.journal.storage` describes.

One thread owns the writing connection.  Whatever waits when it becomes free goes into one
transaction (group commit): one fsync serves many appends.
"""

import asyncio
import queue
import sqlite3
import threading
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from typing import Final, NamedTuple, Self, TypeVar

import msgspec
import structlog

from cti.core.events import DomainEvent
from cti.core.ids import CallId
from cti.errors import JournalDamagedError, JournalError
from cti.history.figures import Figures
from cti.journal import checkpoints
from cti.journal.chain import GENESIS, Row, decode, make_row
from cti.journal.checkpoints import Checkpoint
from cti.journal.storage import (
    FAULTS,
    Connection,
    Lock,
    Storage,
    StorageFault,
    is_missing,
)
from cti.journal.verify import check_end, verify

_log = structlog.get_logger(__name__)

ResultT = TypeVar("ResultT")

_COLUMNS: Final = "seq, at, server, call_id, type, body, prev_hash, hash"
_INSERT: Final = f"INSERT INTO journal ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 -- constants only
_READ: Final = f"SELECT {_COLUMNS} FROM journal WHERE seq > ? ORDER BY seq LIMIT ?"  # noqa: S608 -- constants only
_TAIL: Final = f"SELECT {_COLUMNS} FROM journal ORDER BY seq DESC LIMIT ?"  # noqa: S608 -- constants only
_KNOWN: Final = "SELECT 1 FROM journal WHERE call_id = ? LIMIT 1"
_SEEN: Final = "SELECT seq, head FROM journal_checkpoints ORDER BY seq DESC LIMIT 1"
_VERIFY: Final = "`hotline calls verify` checks every entry"
_RESTORE: Final = "keep the file as evidence and restore a backup with `hotline db restore`"
_GROUP: Final = 5000
"""Events in one transaction at most."""


class _Append(NamedTuple):
    events: Sequence[DomainEvent]
    future: "asyncio.Future[int]"
    loop: asyncio.AbstractEventLoop


class _Save(NamedTuple):
    checkpoint: Checkpoint
    figures: Figures
    after: int
    future: "asyncio.Future[int]"
    loop: asyncio.AbstractEventLoop


class SqlJournal:
    """Open with :meth:`open`; only one process at a time may."""

    def __init__(self, storage: Storage, lock: Lock, connection: Connection) -> None:
        """Use :meth:`open_in`."""
        self._storage = storage
        self._lock = lock
        self._connection = connection
        self._head = _head(connection)
        self._jobs: queue.SimpleQueue[_Append | _Save | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, name="journal", daemon=True)
        self._closed = False
        self._unreadable: set[int] = set()
        self._thread.start()

    @classmethod
    def open_in(cls, storage: Storage) -> Self:
        """Open the journal in a database whose tables exist already.

        Raises :class:`cti.errors.JournalLockedError` if another process owns it and
        :class:`cti.errors.JournalError` if a table is missing or the database cannot be opened.
        """
        lock: Lock | None = None
        connection: Connection | None = None
        try:
            connection, lock = storage.own()
            connection.execute("SELECT 1 FROM journal LIMIT 1")
            connection.execute("SELECT 1 FROM journal_checkpoints LIMIT 1")
            _look_at_end(connection)
            return cls(storage, lock, connection)
        except FAULTS as error:
            if connection is not None and lock is not None:
                connection.close()
                lock.close()
            remedy = "run `hotline db upgrade`" if is_missing(error) else _RESTORE
            raise JournalError(
                f"the journal in {storage.name} cannot be opened ({error}); {remedy}"
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
        return self._readable(rows)

    async def known(self, call_ids: Sequence[CallId]) -> set[CallId]:
        """Return those of the calls of which the journal has any event."""

        def look(connection: Connection) -> set[CallId]:
            found = (connection.execute(_KNOWN, (call_id,)).fetchone() for call_id in call_ids)
            return {c for c, row in zip(call_ids, found, strict=True) if row is not None}

        return await asyncio.to_thread(self._reading, look)

    async def save(self, checkpoint: Checkpoint, figures: Figures, after: int) -> None:
        """Store a checkpoint and the figures since the one at entry ``after`` (0: since ever).

        Raises :class:`cti.errors.JournalError`; nothing is stored then.
        """
        if self._closed:
            raise JournalError("the journal is closed; open it again")
        loop = asyncio.get_running_loop()
        future: asyncio.Future[int] = loop.create_future()
        self._jobs.put(_Save(checkpoint, figures, after, future, loop))
        await future

    async def checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint."""
        return await asyncio.to_thread(self._reading, checkpoints.newest)

    async def figures(self, since: float, until: float) -> tuple[int, Figures]:
        """Return the newest checkpoint's number, and the figures up to it of these intervals."""

        def read(connection: Connection) -> tuple[int, Figures]:
            connection.execute("BEGIN")  # one picture of both
            last = checkpoints.newest(connection)
            return last.seq if last else 0, checkpoints.figures(connection, since, until)

        return await asyncio.to_thread(self._reading, read)

    async def tail(self, limit: int) -> Sequence[tuple[int, DomainEvent]]:
        """Return the last ``limit`` stored events, oldest first."""
        rows = await asyncio.to_thread(self._select, _TAIL, (limit,))
        return self._readable(reversed(rows))

    def _readable(self, rows: Iterable[Row]) -> Sequence[tuple[int, DomainEvent]]:
        """Decode the rows; what cannot be read is told once and left out: calls must go on."""
        found = []
        for row in rows:
            try:
                found.append((row.seq, decode(row)))
            except msgspec.MsgspecError:
                if row.seq not in self._unreadable:
                    self._unreadable.add(row.seq)
                    _log.error("journal_entry_unreadable", seq=row.seq, next_step=_VERIFY)
        return found

    async def verify(self) -> int:
        """Check the whole chain and return the number of entries.

        Rows cut off at the end are found as long as this process, or a checkpoint, has seen them.
        """
        head = self._head
        last = await asyncio.to_thread(self._reading, lambda c: verify(c)[0])
        if last < head[0]:
            raise JournalDamagedError(last + 1, "is missing")
        return last

    async def close(self) -> None:
        """Write what waits, close the database and give the lock back."""
        if self._closed:
            return
        self._closed = True
        self._jobs.put(None)
        await asyncio.to_thread(self._thread.join)
        self._lock.close()

    def _select(self, sql: str, parameters: tuple[int, ...]) -> list[Row]:
        return self._reading(lambda c: [Row(*row) for row in c.execute(sql, parameters)])

    def _reading(self, work: Callable[[Connection], ResultT]) -> ResultT:
        connection = self._storage.look()
        try:
            return work(connection)
        except FAULTS as error:
            raise JournalError(
                f"the journal could not be read ({error}); see `hotline doctor`"
            ) from error
        finally:
            connection.close()

    def _work(self) -> None:
        """Run in the journal's own thread until ``None`` comes."""
        open_for_work = True
        while open_for_work:
            job = self._jobs.get()
            group: list[_Append] = []
            size = 0
            while isinstance(job, _Append):
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
            if isinstance(job, _Save):
                self._save(job)
            open_for_work = job is not None
        self._connection.close()

    def _save(self, job: _Save) -> None:
        def save() -> None:
            self._in_transaction(
                lambda: checkpoints.save(self._connection, job.checkpoint, job.figures, job.after)
            )

        try:
            try:
                save()
            except StorageFault as error:
                if not error.lost:
                    raise
                self._connect_again()
                kept = checkpoints.newest(self._connection)
                if kept is None or kept.seq != job.checkpoint.seq:
                    save()
        except JournalError as error:
            _settle(job, error=error)
        except Exception as error:  # noqa: BLE001 -- the thread must live; the caller gets it
            _settle(job, error=JournalError(f"no checkpoint could be stored ({error})"))
        else:
            _settle(job, number=job.checkpoint.seq)

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
            self._store(rows, (seq, prev))
        except Exception as error:  # noqa: BLE001 -- the thread must live; the caller gets it
            refused = JournalError(
                f"the journal could not be written ({error}); see `hotline doctor`"
            )
            for job in group:
                _settle(job, error=refused)
            return
        self._head = (seq, prev)
        for job, number in zip(group, last, strict=True):
            _settle(job, number=number)

    def _store(self, rows: list[Row], head: tuple[int, bytes]) -> None:
        """Insert the rows that end with ``head``, over one loss of the connection."""

        def insert() -> None:
            self._in_transaction(lambda: self._connection.executemany(_INSERT, rows))

        try:
            insert()
        except StorageFault as error:
            if not error.lost:
                raise
            self._connect_again()
            there = _head(self._connection)
            if there == head:
                return  # committed after all
            if there != self._head:
                raise JournalError(
                    "somebody else wrote to the journal while the connection was lost; "
                    "restart `hotline serve`"
                ) from error
            insert()
        except sqlite3.Error:
            if not self._committed_after_all(*head):
                raise

    def _in_transaction(self, work: Callable[[], object]) -> None:
        self._connection.execute("BEGIN IMMEDIATE")
        try:
            work()
            self._connection.execute("COMMIT")
        except BaseException:
            with suppress(*FAULTS):  # a lost connection has rolled back by itself
                if self._connection.in_transaction:
                    self._connection.execute("ROLLBACK")
            raise

    def _connect_again(self) -> None:
        """Take the lock on a fresh connection; changes nothing where that fails."""
        lost = self._connection
        self._connection, self._lock = self._storage.own()
        lost.close()
        _log.warning("journal_connected_again")

    def _committed_after_all(self, seq: int, head: bytes) -> bool:
        """Say whether a transaction whose end failed is in the database all the same."""
        try:
            rows = self._connection.execute(_TAIL, (1,)).fetchall()
        except FAULTS:
            return False
        return bool(rows) and (rows[0][0], rows[0][7]) == (seq, head)


def _settle(job: _Append | _Save, number: int = 0, error: Exception | None = None) -> None:
    def settle() -> None:
        if job.future.done():
            return
        if error is not None:
            job.future.set_exception(error)
        else:
            job.future.set_result(number)

    if not job.loop.is_closed():
        job.loop.call_soon_threadsafe(settle)


def _head(connection: Connection) -> tuple[int, bytes]:
    """Return number and hash of the last entry, also of one that was cut off.

    New entries must not take the place of lost ones: the hole stays, and verification names it.
    """
    rows = connection.execute(_TAIL, (1,)).fetchall()
    last = (int(rows[0][0]), bytes(rows[0][7])) if rows else (0, GENESIS)
    seen = connection.execute(_SEEN).fetchone()
    if seen is not None and seen[0] > last[0]:
        _log.error("journal_entries_missing", last=last[0], seen=seen[0])
        return int(seen[0]), bytes(seen[1])
    return last


def _look_at_end(connection: Connection) -> None:
    """Tell at once of a damaged end; the engine works on, for calls matter more than history."""
    try:
        check_end(connection)
    except JournalDamagedError as error:
        _log.error("journal_damaged", error=str(error), next_step=_VERIFY)
