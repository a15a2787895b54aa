"""Seals the number to dial of a callback on its way to the table, bound to the callback's id."""

from collections.abc import Sequence

import msgspec

from crm_lookup.sealing import CALLBACK, Sealer
from cti.callback_store import CallbackStore, Kept
from cti.core.callbacks import Callback
from cti.core.ids import CallbackId


class SealedCallbacks:
    """A :class:`cti.callback_store.CallbackStore` in front of another."""

    def __init__(self, store: CallbackStore, sealer: Sealer) -> None:
        self._store = store
        self._sealer = sealer

    async def all(self) -> Sequence[Kept]:
        return [
            msgspec.structs.replace(
                kept,
                number=self._sealer.open(CALLBACK, kept.callback.callback_id, kept.number),
            )
            for kept in await self._store.all()
        ]

    async def put(self, callback: Callback, number: str) -> None:
        sealed = self._sealer.text(CALLBACK, callback.callback_id, number)
        await self._store.put(callback, sealed)

    async def remove(self, callback_id: CallbackId) -> None:
        await self._store.remove(callback_id)

    async def cancelled(self) -> Sequence[CallbackId]:
        return await self._store.cancelled()

    async def ask_to_cancel(self, callback_id: CallbackId) -> bool:
        return await self._store.ask_to_cancel(callback_id)
