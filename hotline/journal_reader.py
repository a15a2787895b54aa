"""Reading the journal from outside, while its owner writes it."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from pathlib import Path
from typing import Self, TypeVar

from cti.core.events import DECODER, DomainEvent, Event
from hotline.storage import journal_storage

EventT = TypeVar("EventT", bound=Event)


class JournalReader:
    """Reads the events in order and remembers them."""

    def __init__(self, database: str | Path) -> None:
        self._storage = journal_storage(database)
        self._seq = 0
        self.events: list[DomainEvent] = []

    def refresh(self) -> Self:
        """Read what was appended meanwhile; a journal that is not there yet is empty."""
        with closing(self._storage.look()) as connection:
            for seq, body in connection.execute(
                "SELECT seq, body FROM journal WHERE seq > ? ORDER BY seq", (self._seq,)
            ):
                self._seq = seq
                self.events.append(DECODER.decode(body))
        return self

    def of(self, kind: type[EventT], call_id: str | None = None) -> Sequence[EventT]:
        """The events of one kind so far, of one call if it is named."""
        return [
            event
            for event in self.events
            if isinstance(event, kind)
            and (call_id is None or getattr(event, "call_id", None) == call_id)
        ]

    async def wait(
        self,
        kind: type[EventT],
        seconds: float,
        *,
        call_id: str | None = None,
        where: Callable[[EventT], bool] = lambda _: True,
    ) -> EventT:
        """Wait for an event and return it.

        Raises ``TimeoutError`` that says what was waited for and what came instead.
        """
        until = time.monotonic() + seconds
        while True:
            await asyncio.to_thread(self.refresh)
            found = next((event for event in self.of(kind, call_id) if where(event)), None)
            if found is not None:
                return found
            if time.monotonic() > until:
                last = type(self.events[-1]).__name__ if self.events else "nothing"
                message = f"no {kind.__name__} within {seconds:g} s (last event: {last})"
                raise TimeoutError(message)
            await asyncio.sleep(0.05)
