"""Keeps the fold of the journal beside the running engine, and its checkpoints in the journal.

Reads what is durable, so that a checkpoint never knows more than the journal.  Live figures are
the stored intervals plus what was folded since: the same numbers that history will show.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final
from zoneinfo import ZoneInfo

import structlog

from cti import metrics
from cti.core.world import World
from cti.errors import CtiError, JournalError
from cti.history.figures import Figures
from cti.history.fold import FORMAT, HistoryFold, decode, encode, restore
from cti.journal.checkpoints import Checkpoint
from cti.ports import Journal

_log = structlog.get_logger(__name__)

_READ: Final = 200
"""Entries folded at once: some milliseconds, between which pops have their turn."""
_CATCH_UP: Final = 50_000
"""A longer way from the checkpoint to the end is gone beside the work, not before it."""
_TAIL: Final = 20_000
"""Entries of the end from which the engine restores itself meanwhile."""
_PERIOD: Final = 1.0
_CHECKPOINT_SECONDS: Final = 10.0
_CHECKPOINT_ENTRIES: Final = 5_000


class HistoryKeeper:
    """Call :meth:`start`, then :meth:`restore`; :meth:`stop` stores a last checkpoint."""

    def __init__(
        self, journal: Journal, zone: ZoneInfo, monotonic: Callable[[], float] | None = None
    ) -> None:
        """``monotonic`` gives seconds; default: the event loop's clock."""
        self._journal = journal
        self._zone = zone
        self._monotonic = monotonic
        self._fold = HistoryFold(zone)
        self._saved = 0
        """Number of the newest checkpoint."""
        self._saved_at = 0.0
        self._complete = False
        self.ended_at = 0.0
        """When the journal's last event happened before :meth:`start`; 0 if it was empty."""
        self._busy = asyncio.Lock()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Go on from the newest checkpoint, and follow the journal from now on.

        Raises :class:`cti.errors.JournalError`.
        """
        checkpoint = await self._journal.checkpoint()
        state = decode(checkpoint.state) if checkpoint and checkpoint.format == FORMAT else None
        if checkpoint is not None and state is not None:
            self._fold = HistoryFold(self._zone, state)
            self._saved = checkpoint.seq
        elif checkpoint is not None:
            _log.warning("history_folded_anew", format=checkpoint.format)
        self._saved_at = self._now()
        end = (await self._journal.tail(10))[-1:]  # the very last may be unreadable
        last, self.ended_at = (end[0][0], end[0][1].at) if end else (0, 0.0)
        behind = last - self._fold.seq
        if behind <= _CATCH_UP:
            self._complete = await self._try(self.catch_up)
        else:
            _log.info("history_catches_up", entries=behind)
        self._task = asyncio.create_task(self._follow(), name="history")

    async def restore(self, world: World) -> None:
        """Put the calls and agents at the journal's end into an empty world."""
        if self._complete:
            restore(world, self._fold.state())
            return
        world.restore(event for _, event in await self._journal.tail(_TAIL))
        world.take()
        world.take_rejections()  # calls whose beginning lies before the tail

    async def stop(self) -> None:
        """Fold what is left, store a checkpoint and stop."""
        if self._task is None:
            return
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)
        self._task = None
        if not self._complete or await self._try(self.catch_up):
            await self._try(self._save)

    async def figures(self, since: float, until: float) -> Figures:
        """Return the figures of the intervals that begin in ``[since, until)``, up to now."""
        await self.catch_up()
        async with self._busy:
            seq, stored = await self._journal.figures(since, until)
            if seq != self._saved:
                raise JournalError("another process keeps this history; stop one of the two")
            return stored.add(self._fold.pending.between(since, until))

    async def catch_up(self) -> None:
        """Fold everything that is durable now."""
        async with self._busy:
            while entries := await self._journal.read(self._fold.seq, _READ):
                for seq, event in entries:
                    self._fold.feed(seq, event)
                metrics.HISTORY_FOLDED.set(self._fold.seq)
                if self._fold.seq - self._saved >= _CHECKPOINT_ENTRIES:
                    await self._store()
                if len(entries) < _READ:
                    break

    async def _follow(self) -> None:
        while True:
            if await self._try(self.catch_up):
                self._complete = True
                if self._now() - self._saved_at >= _CHECKPOINT_SECONDS:
                    await self._try(self._save)
            await asyncio.sleep(_PERIOD)

    async def _try(self, work: Callable[[], Awaitable[None]]) -> bool:
        """Say whether the work was done: calls must go on also where figures cannot."""
        try:
            await work()
        except CtiError as error:
            _log.warning("history_fold_failed", error=str(error))
        except Exception:  # noqa: BLE001 -- a fault in figures must stop neither calls nor pops
            _log.exception("history_fold_failed", entry=self._fold.seq)
        else:
            return True
        return False

    async def _save(self) -> None:
        async with self._busy:
            await self._store()

    async def _store(self) -> None:
        self._saved_at = self._now()
        if self._fold.seq == self._saved:
            return
        state = self._fold.state()
        checkpoint = Checkpoint(seq=state.seq, at=state.at, format=FORMAT, state=encode(state))
        figures = self._fold.take()
        try:
            await self._journal.save(checkpoint, figures, self._saved)
        except BaseException:
            self._fold.pending.add(figures)
            raise
        self._saved = state.seq

    def _now(self) -> float:
        return self._monotonic() if self._monotonic else asyncio.get_running_loop().time()
