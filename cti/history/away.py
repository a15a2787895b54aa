"""Fills the hole that our own absence leaves in the journal, from Asterisk's records."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from cti import metrics
from cti.core.events import CallArrived, DomainEvent
from cti.errors import CtiError
from cti.history import call_records, queue_log
from cti.history.queue_log import QueueLine
from cti.history.rebuild import ended_calls, rebuild
from cti.ports import Books, Journal

_log = structlog.get_logger(__name__)

_SETTLE: Final = 1.0
"""Seconds after which Asterisk has surely written the records of the calls that ended before."""
_SLACK: Final = 60.0
"""Seconds before the absence in which a crash may have lost events; what is known is left out."""
_LONGEST: Final = 4 * 3600.0
"""Seconds before the absence from which a call that ended in it may have lines."""


class AwayCalls:
    """Rebuilds the calls that began and ended while the engine was away; each call once."""

    def __init__(
        self,
        journal: Journal,
        books: Books | None,
        put: Callable[[DomainEvent], None],
        flush: Callable[[], Awaitable[None]],
        pseudonym: Callable[[str], str],
    ) -> None:
        """``put`` hands an event to the journal, ``flush`` returns when all are durable."""
        self._journal = journal
        self._books = books
        self._put = put
        self._flush = flush
        self._pseudonym = pseudonym
        self._since: float | None = None
        self._busy = asyncio.Lock()

    def away_since(self, at: float) -> None:
        """The engine follows Asterisk no longer, since ``at`` (seconds since the epoch)."""
        self._since = at if self._since is None else min(self._since, at)

    async def lines(self, since: float) -> Sequence[QueueLine]:
        """Return the lines of queue_log since then; none, and a word in the log, if it fails."""
        if self._books is None:
            return []
        books = self._books
        try:
            return await asyncio.to_thread(lambda: list(queue_log.parse(books.recent(since))))
        except OSError as error:
            _log.warning("queue_log_not_read", error=str(error))
            return []

    async def fill(self, until: float, server: str) -> None:
        """Rebuild what ended until ``until``, when the engine was in step again.

        What fails is logged and tried again after the next absence.
        """
        if self._books is None or self._since is None:
            return
        async with self._busy:
            since = self._since
            if since is None:
                return
            await asyncio.sleep(_SETTLE)
            try:
                events = await self._missing(self._books, since, until, server)
            except (OSError, CtiError) as error:
                _log.warning("calls_not_rebuilt", error=str(error))
                return
            if self._since == since:
                self._since = None
            for event in events:
                self._put(event)
            calls = sum(isinstance(event, CallArrived) for event in events)
            if calls:
                metrics.REBUILT.inc(calls)
                _log.info("calls_rebuilt", calls=calls, away=round(until - since, 1))

    async def _missing(
        self, books: Books, since: float, until: float, server: str
    ) -> Sequence[DomainEvent]:
        lines, records = await asyncio.to_thread(books.read, since - _LONGEST)
        calls = await asyncio.to_thread(
            lambda: ended_calls(call_records.parse(records), since - _SLACK, until)
        )
        await self._flush()
        for known in await self._journal.known(list(calls)):
            del calls[known]
        if not calls:
            return []
        return await asyncio.to_thread(
            lambda: rebuild(
                calls, queue_log.parse(lines), server=server, pseudonym=self._pseudonym
            )
        )
