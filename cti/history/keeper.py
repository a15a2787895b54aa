"""Keeps the fold of the journal beside the running engine, and its checkpoints in the journal.

Reads what is durable, so that a checkpoint never knows more than the journal.  Live figures are
the stored intervals plus what was folded since: the same numbers that history will show.
"""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Final, NamedTuple
from zoneinfo import ZoneInfo

import structlog

from cti import metrics
from cti.core.world import World
from cti.errors import CtiError, JournalError
from cti.history.figures import MINUTE, Figures, day_start
from cti.history.fold import FORMAT, HistoryFold, StateEncoder, decode, restore
from cti.history.windows import HOUR, Windows
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
_LEAD: Final = 3600.0
"""So much longer the look back is, so that conversations are known from their beginning."""
_TWO_KEEPERS: Final = "another process keeps this history; stop one of the two"


class Live(NamedTuple):
    """Sums up to this moment, each as one interval that begins at 0."""

    since: float
    """When today began."""
    today: Figures
    hour: Figures | None
    """The last sixty minutes; ``None`` while a start still looks back."""
    quarter: Figures | None
    """The last fifteen minutes."""


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
        self._day, self._day_start = Figures(), 0.0
        """Today's figures up to the newest checkpoint, and when that day began."""
        self._recent: HistoryFold | None = None
        """Folds by minutes for the windows; none until the last hour was looked back."""
        self._windows = Windows()
        self._encoder = StateEncoder()
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
            return await self._figures(since, until)

    async def live(self, now: float) -> Live:
        """Return the figures of today and of the last hour, up to now; cheap each second.

        Raises :class:`cti.errors.JournalError`.
        """
        await self.catch_up()
        async with self._busy:
            begin = day_start(now, self._zone)
            if begin != self._day_start:
                seq, stored = await self._journal.figures(begin, float("inf"))
                if seq != self._saved:
                    raise JournalError(_TWO_KEEPERS)
                self._day, self._day_start = stored.board().together(), begin
            pending = self._fold.pending.board().between(begin, float("inf"))
            today = Figures().add(self._day).add(pending.together())
            if self._recent is None:
                return Live(begin, today, None, None)
            return Live(begin, today, *self._windows.sums(now))

    async def _figures(self, since: float, until: float) -> Figures:
        seq, stored = await self._journal.figures(since, until)
        if seq != self._saved:
            raise JournalError(_TWO_KEEPERS)
        return stored.add(self._fold.pending.between(since, until))

    async def catch_up(self) -> None:
        """Fold everything that is durable now."""
        async with self._busy:
            while entries := await self._journal.read(self._fold.seq, _READ):
                for seq, event in entries:
                    self._fold.feed(seq, event)
                    if self._recent is not None:
                        self._recent.feed(seq, event)
                if self._recent is not None:
                    self._windows.add(self._recent.take())
                metrics.HISTORY_FOLDED.set(self._fold.seq)
                if self._fold.seq - self._saved >= _CHECKPOINT_ENTRIES:
                    await self._store()
                if len(entries) < _READ:
                    break

    async def _follow(self) -> None:
        while True:
            if await self._try(self.catch_up):
                self._complete = True
                if self._recent is None:
                    await self._try(self._look_back)
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
        encoded = self._encoder.encode(state)
        checkpoint = Checkpoint(seq=state.seq, at=state.at, format=FORMAT, state=encoded)
        figures = self._fold.take()
        try:
            await self._journal.save(checkpoint, figures, self._saved)
        except BaseException:
            self._fold.pending.add(figures)
            raise
        self._saved = state.seq
        if self._day_start:
            self._day.add(figures.board().between(self._day_start, float("inf")).together())

    async def _look_back(self) -> None:
        """Fold the last two hours by minutes, so that the last one is right; then follow."""
        fold = HistoryFold(self._zone, interval=MINUTE, by_call=False)
        fold.seq = await self._before(self.ended_at - HOUR - _LEAD)
        self._windows = Windows()
        while True:
            async with self._busy:
                entries = await self._journal.read(fold.seq, _READ)
                for seq, event in entries:
                    if seq <= self._fold.seq:
                        fold.feed(seq, event)
                self._windows.add(fold.take())
                if fold.seq >= self._fold.seq or not entries:
                    self._recent = fold
                    return
            await asyncio.sleep(0)

    async def _before(self, at: float) -> int:
        """Return the number of the last entry before that moment, found by halving."""
        low, high = 0, self._fold.seq
        while low < high:
            middle = (low + high + 1) // 2
            found = await self._journal.read(middle - 1, 1)
            if found and found[0][1].at < at:
                low = middle
            else:
                high = middle - 1
        return low

    def _now(self) -> float:
        return self._monotonic() if self._monotonic else asyncio.get_running_loop().time()
