"""The private file in which a whole import is checked before the database changes.

It is an SQLite file of its own, readable by the service's user only, in the folder of imports: the
hotline's database is not written, and not locked, while it grows.  It is thrown away when the run
is finished; what stands in it is as it will stand in the database, sealed where that is sealed.
"""

import fcntl
import os
import sqlite3
import uuid
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final

import msgspec

from crm_lookup.importing.errors import BusyError, ImportingError
from crm_lookup.importing.records import Customer

_SUFFIX: Final = ".stage"
_SCHEMA: Final = """
CREATE TABLE seen (external_id TEXT PRIMARY KEY, line INTEGER NOT NULL) WITHOUT ROWID;
CREATE TABLE work (place INTEGER PRIMARY KEY, customer BLOB NOT NULL);
"""
_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Customer).decode


@contextmanager
def only_import(folder: Path) -> Iterator[None]:
    """Keep other imports away while this one runs; the kernel lets go with the process.

    Raises :class:`BusyError` when another one runs.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise BusyError("another import is running; wait until it has ended") from error
        yield
    finally:
        os.close(descriptor)


def is_running(folder: Path) -> bool:
    """Say whether an import runs now."""
    try:
        descriptor = os.open(folder / "lock", os.O_RDWR | os.O_CLOEXEC)
    except FileNotFoundError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def clear(folder: Path, keep: str = "") -> None:
    """Remove the stages of runs that were killed, but for the one called ``keep``."""
    for path in folder.glob(f"*{_SUFFIX}*"):
        if not keep or not path.name.startswith(keep):
            with suppress(FileNotFoundError):
                path.unlink()


class Stage:
    """A stage that is being filled, or one that is read again."""

    def __init__(self, path: Path, database: sqlite3.Connection) -> None:
        self.path = path
        self._database = database
        self.staged = 0

    @classmethod
    def make(cls, folder: Path) -> "Stage":
        """Make an empty one."""
        path = folder / f"{uuid.uuid4().hex}{_SUFFIX}"
        os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
        database = sqlite3.connect(path, isolation_level=None)
        # A stage that is not complete is worth nothing: no journal, one sync at the end.
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "cache_size=-32000"):
            database.execute(f"PRAGMA {pragma}")
        database.executescript(_SCHEMA)
        database.execute("BEGIN")
        return cls(path, database)

    @classmethod
    def reopen(cls, path: Path) -> "Stage":
        """Open a complete one.  Raises :class:`ImportingError` when it is gone or damaged."""
        try:
            database = sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, isolation_level=None)
            stage = cls(path, database)
            [(stage.staged,)] = database.execute("SELECT COALESCE(max(place), 0) FROM work")
        except sqlite3.Error as error:
            raise ImportingError(
                f"the stage {path} of the unfinished import cannot be read ({error}): give the "
                "run up with --discard and import its file again; what is in already stays"
            ) from error
        return stage

    def lines_of(self, external_ids: Sequence[str]) -> dict[str, int]:
        """Return the lines on which those of the ids stood that were seen before."""
        return dict(
            self._database.execute(
                "SELECT external_id, line FROM seen "
                "WHERE external_id IN (SELECT value FROM json_each(?))",
                (msgspec.json.encode(external_ids).decode(),),
            ).fetchall()
        )

    def see(self, lines: dict[str, int]) -> None:
        """Note on which line each id stands."""
        self._database.executemany("INSERT INTO seen VALUES (?, ?)", lines.items())

    def add(self, customers: Sequence[Customer]) -> None:
        """Append customers."""
        first = self.staged + 1
        self._database.executemany(
            "INSERT INTO work VALUES (?, ?)",
            ((place, _encode(customer)) for place, customer in enumerate(customers, first)),
        )
        self.staged += len(customers)

    def seal(self) -> None:
        """Put everything on disk, so that it survives a power cut as the database does."""
        self._database.execute("COMMIT")
        for place in (self.path, self.path.parent):
            descriptor = os.open(place, os.O_RDONLY | os.O_CLOEXEC)
            try:
                os.fsync(descriptor)
            finally:
                os.close(descriptor)

    def take(self, after: int, most: int) -> list[Customer]:
        """Return at most so many customers behind a place."""
        try:
            rows = self._database.execute(
                "SELECT customer FROM work WHERE place > ? ORDER BY place LIMIT ?", (after, most)
            )
            return [_decode(blob) for (blob,) in rows]
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise ImportingError(
                f"the stage {self.path} is damaged ({error}): give the run up with --discard and "
                "import its file again; what is in already stays"
            ) from error

    def close(self) -> None:
        self._database.close()

    def remove(self) -> None:
        """Throw it away."""
        self.close()
        self.path.unlink(missing_ok=True)
