"""Where the callbacks that are not over are kept, with the numbers to dial.

The number is direct personal data: it stands in this table only and goes with the row when the
callback is over.  The engine writes; the command line reads, and may ask for a cancellation.
"""

import asyncio
import sqlite3
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final, Protocol, TypeVar

import msgspec

from cti.core.callbacks import Callback
from cti.core.ids import CallbackId
from cti.errors import CallbackStoreError

ResultT = TypeVar("ResultT")
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Callback)

_ALL: Final = "SELECT body, number, cancel FROM callbacks"
_PUT: Final = (
    "INSERT INTO callbacks (callback_id, body, number, cancel) VALUES (?, ?, ?, 0)"
    " ON CONFLICT (callback_id) DO UPDATE SET body = excluded.body, number = excluded.number"
)
_REMOVE: Final = "DELETE FROM callbacks WHERE callback_id = ?"
_CANCELLED: Final = "SELECT callback_id FROM callbacks WHERE cancel = 1"
_CANCEL: Final = "UPDATE callbacks SET cancel = 1 WHERE callback_id = ?"


class Kept(msgspec.Struct, frozen=True, kw_only=True):
    """One row."""

    callback: Callback
    number: str
    """In E.164."""
    cancel: bool = False
    """Whether an operator wants it cancelled."""


class CallbackStore(Protocol):
    """What the engine needs; every method raises :class:`cti.errors.CallbackStoreError`."""

    async def all(self) -> Sequence[Kept]:
        """Return every callback that is not over, in the order of asking."""

    async def put(self, callback: Callback, number: str) -> None:
        """Store a new callback or a changed one; when this returns it is on the disk."""

    async def remove(self, callback_id: CallbackId) -> None:
        """Delete the row and the number; nothing happens if it is not there."""

    async def cancelled(self) -> Sequence[CallbackId]:
        """Return those that an operator wants cancelled."""

    async def ask_to_cancel(self, callback_id: CallbackId) -> bool:
        """Let the engine cancel it soon; say whether there is such a callback."""


class MemoryCallbacks:
    """The twin for tests: nothing survives the process, unless the object does."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: dict[CallbackId, Kept] = {}

    async def all(self) -> Sequence[Kept]:
        """Return every callback."""
        return sorted(self.rows.values(), key=lambda kept: kept.callback.asked_at)

    async def put(self, callback: Callback, number: str) -> None:
        """Store one."""
        old = self.rows.get(callback.callback_id)
        cancel = old is not None and old.cancel
        self.rows[callback.callback_id] = Kept(callback=callback, number=number, cancel=cancel)

    async def remove(self, callback_id: CallbackId) -> None:
        """Forget one."""
        self.rows.pop(callback_id, None)

    async def cancelled(self) -> Sequence[CallbackId]:
        """Return those that are to be cancelled."""
        return [callback_id for callback_id, kept in self.rows.items() if kept.cancel]

    async def ask_to_cancel(self, callback_id: CallbackId) -> bool:
        """Mark one."""
        kept = self.rows.get(callback_id)
        if kept is not None:
            self.rows[callback_id] = msgspec.structs.replace(kept, cancel=True)
        return kept is not None


class SqliteCallbacks:
    """The table ``callbacks`` of the database at ``path``; any process may open it."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened before the first use."""
        self._path = path

    async def all(self) -> Sequence[Kept]:
        """Return every callback that is not over, in the order of asking."""

        def read(connection: sqlite3.Connection) -> list[Kept]:
            rows = connection.execute(_ALL).fetchall()
            kept = [
                Kept(callback=_DECODER.decode(body), number=number, cancel=bool(cancel))
                for body, number, cancel in rows
            ]
            return sorted(kept, key=lambda k: k.callback.asked_at)

        return await self._run(read)

    async def put(self, callback: Callback, number: str) -> None:
        """Store a new callback or a changed one, durably."""
        body = _ENCODER.encode(callback).decode()
        await self._run(lambda c: c.execute(_PUT, (callback.callback_id, body, number)))

    async def remove(self, callback_id: CallbackId) -> None:
        """Delete the row, and overwrite what it held."""

        def delete(connection: sqlite3.Connection) -> None:
            connection.execute("PRAGMA secure_delete = ON")
            connection.execute(_REMOVE, (callback_id,))

        await self._run(delete)

    async def cancelled(self) -> Sequence[CallbackId]:
        """Return those that an operator wants cancelled."""
        return await self._run(
            lambda c: [CallbackId(row[0]) for row in c.execute(_CANCELLED).fetchall()]
        )

    async def ask_to_cancel(self, callback_id: CallbackId) -> bool:
        """Let the engine cancel it soon; say whether there is such a callback."""
        return await self._run(lambda c: c.execute(_CANCEL, (callback_id,)).rowcount == 1)

    async def _run(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        return await asyncio.to_thread(self._work, work)

    def _work(self, work: Callable[[sqlite3.Connection], ResultT]) -> ResultT:
        try:
            with closing(sqlite3.connect(self._path, timeout=10.0)) as connection:
                connection.execute("PRAGMA synchronous = FULL")
                with connection:
                    return work(connection)
        except (sqlite3.Error, msgspec.MsgspecError) as error:
            raise CallbackStoreError(
                f"the table of callbacks cannot be used ({error}); run `hotline db upgrade`"
            ) from error
