"""The table of callbacks in PostgreSQL.

A deleted number is gone from every query at once, and from the server's files with its next
vacuum and log rotation.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final

import asyncpg
import msgspec

from cti.callback_store import Kept
from cti.core.callbacks import Callback
from cti.core.ids import CallbackId
from cti.errors import CallbackStoreError

CONNECT_SECONDS: Final = 3.0
STATEMENT_SECONDS: Final = 10.0
_ENCODER: Final = msgspec.json.Encoder()
_DECODER: Final = msgspec.json.Decoder(Callback)

_ALL: Final = "SELECT body, number, cancel FROM callbacks"
_PUT: Final = (
    "INSERT INTO callbacks (callback_id, body, number, cancel) VALUES ($1, $2, $3, 0)"
    " ON CONFLICT (callback_id) DO UPDATE SET body = excluded.body, number = excluded.number"
)
_REMOVE: Final = "DELETE FROM callbacks WHERE callback_id = $1"
_CANCELLED: Final = "SELECT callback_id FROM callbacks WHERE cancel = 1"
_CANCEL: Final = "UPDATE callbacks SET cancel = 1 WHERE callback_id = $1"
_FAILED: Final = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    OSError,
    TimeoutError,
    msgspec.MsgspecError,
)


class PostgresCallbacks:
    """See :class:`cti.callback_store.CallbackStore`; any process may open it."""

    def __init__(self, dsn: str) -> None:
        """Nothing is opened before the first use."""
        self._dsn = dsn

    async def all(self) -> Sequence[Kept]:
        """Return every callback that is not over, in the order of asking."""
        async with self._connection() as connection:
            kept = [
                Kept(callback=_DECODER.decode(body), number=number, cancel=bool(cancel))
                for body, number, cancel in await connection.fetch(_ALL)
            ]
        return sorted(kept, key=lambda k: k.callback.asked_at)

    async def put(self, callback: Callback, number: str) -> None:
        """Store a new callback or a changed one, durably."""
        body = _ENCODER.encode(callback).decode()
        async with self._connection() as connection:
            await connection.execute(_PUT, callback.callback_id, body, number)

    async def remove(self, callback_id: CallbackId) -> None:
        """Delete the row."""
        async with self._connection() as connection:
            await connection.execute(_REMOVE, callback_id)

    async def cancelled(self) -> Sequence[CallbackId]:
        """Return those that an operator wants cancelled."""
        async with self._connection() as connection:
            return [CallbackId(row[0]) for row in await connection.fetch(_CANCELLED)]

    async def ask_to_cancel(self, callback_id: CallbackId) -> bool:
        """Let the engine cancel it soon; say whether there is such a callback."""
        async with self._connection() as connection:
            said: str = await connection.execute(_CANCEL, callback_id)
        return said == "UPDATE 1"

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        """Lend a fresh connection: the table is used now and then only."""
        try:
            connection = await asyncpg.connect(
                self._dsn,
                timeout=CONNECT_SECONDS,
                command_timeout=STATEMENT_SECONDS,
                server_settings={"application_name": "hotline"},
            )
            try:
                yield connection
            finally:
                await connection.close(timeout=CONNECT_SECONDS)
        except _FAILED as error:
            raise CallbackStoreError(
                f"the table of callbacks cannot be used ({error}); see `hotline db status`"
            ) from error
