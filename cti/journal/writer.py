"""Hands events to the journal without ever making the engine wait."""

import asyncio
import time
from typing import Final, Literal

import structlog

from cti import metrics
from cti.core.events import DomainEvent
from cti.errors import CtiError
from cti.ports import Journal

_log = structlog.get_logger(__name__)

_BATCH: Final = 1000
_BEHIND: Final = 2000
"""Waiting events from which the journal counts as being behind."""
_RETRY: Final = 0.5
_LAST_CHANCE: Final = 5.0
"""Seconds for the last events at the end."""


class JournalWriter:
    """An ordered queue in front of the journal; what the journal refuses is tried again."""

    def __init__(self, journal: Journal) -> None:
        """Call :meth:`start` from the event loop."""
        self._journal = journal
        self._waiting: list[DomainEvent] = []
        self._wake = asyncio.Event()
        self._drained = asyncio.Event()
        self._drained.set()
        self._task: asyncio.Task[None] | None = None
        self._broken = False

    def start(self) -> None:
        """Begin to write."""
        self._task = asyncio.create_task(self._run(), name="journal-writer")

    def put(self, event: DomainEvent) -> None:
        """Queue one event."""
        self._waiting.append(event)
        self._drained.clear()
        self._wake.set()

    @property
    def waiting(self) -> int:
        """How many events are not yet durable."""
        return len(self._waiting)

    @property
    def status(self) -> Literal["ok", "behind", "broken"]:
        """``broken``: the last write failed and is being repeated."""
        if self._broken:
            return "broken"
        return "behind" if len(self._waiting) > _BEHIND else "ok"

    async def flush(self) -> None:
        """Return when everything queued so far is durable."""
        await self._drained.wait()

    async def stop(self) -> None:
        """Write what waits, for a few seconds at most, and stop."""
        if self._task is None:
            return
        try:
            async with asyncio.timeout(_LAST_CHANCE):
                await self._drained.wait()
        except TimeoutError:
            _log.error("journal_events_lost", events=len(self._waiting))
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)

    async def _run(self) -> None:
        while True:
            await self._wake.wait()
            self._wake.clear()
            while self._waiting:
                await self._write(self._waiting[:_BATCH])
            self._drained.set()

    async def _write(self, batch: list[DomainEvent]) -> None:
        metrics.JOURNAL_WAITING.set(len(self._waiting))
        started = time.perf_counter()
        try:
            await self._journal.append(batch)
        except CtiError as error:
            self._broken = True
            _log.error("journal_write_failed", error=str(error), waiting=len(self._waiting))
            await asyncio.sleep(_RETRY)
            return
        self._broken = False
        del self._waiting[: len(batch)]
        metrics.JOURNAL_APPEND.observe(time.perf_counter() - started)
        metrics.JOURNAL_WAITING.set(len(self._waiting))
