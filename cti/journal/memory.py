"""The journal in memory, for tests and trials: the same behaviour, nothing durable."""

from collections.abc import Sequence

import msgspec

from cti.core.events import DomainEvent
from cti.core.ids import CallId
from cti.errors import JournalDamagedError, JournalError
from cti.history.figures import Figures
from cti.journal.chain import GENESIS, Row, check, decode, make_row
from cti.journal.checkpoints import Checkpoint


class MemoryJournal:
    """A list of chained rows; ``rows`` may be looked at, and damaged, by tests."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: list[Row] = []
        self._head = (0, GENESIS)
        self._checkpoint: Checkpoint | None = None
        self._figures = Figures()

    async def append(self, events: Sequence[DomainEvent]) -> int:
        """Store the events in order and return the number of the last one."""
        for event in events:
            seq, prev = self._head
            row = make_row(seq + 1, prev, event)
            self.rows.append(row)
            self._head = (row.seq, row.hash)
        return self._head[0]

    async def read(self, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, DomainEvent]]:
        """Return up to ``limit`` events above ``after``."""
        return [(r.seq, decode(r)) for r in self.rows if r.seq > after][:limit]

    async def tail(self, limit: int) -> Sequence[tuple[int, DomainEvent]]:
        """Return the last ``limit`` events, oldest first."""
        return [(r.seq, decode(r)) for r in self.rows[-limit:]] if limit > 0 else []

    async def known(self, call_ids: Sequence[CallId]) -> set[CallId]:
        """Return those of the calls of which the journal has any event."""
        return {c for c in call_ids if any(row.call_id == c for row in self.rows)}

    async def save(self, checkpoint: Checkpoint, figures: Figures, after: int) -> None:
        """Store a checkpoint and the figures since the one at entry ``after`` (0: since ever)."""
        last = self._checkpoint.seq if self._checkpoint is not None else 0
        row = next((r for r in self.rows if r.seq == checkpoint.seq), None)
        if row is None or after not in (0, last):
            raise JournalError("the checkpoint does not fit the journal; fold it again")
        if after == 0:
            self._figures = Figures()
        self._figures.add(figures)
        self._checkpoint = msgspec.structs.replace(checkpoint, head=row.hash)

    async def checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint."""
        return self._checkpoint

    async def figures(self, since: float, until: float) -> tuple[int, Figures]:
        """Return the newest checkpoint's number, and the figures up to it of these intervals."""
        last = self._checkpoint.seq if self._checkpoint is not None else 0
        return last, Figures().add(self._figures.between(since, until))

    async def verify(self) -> int:
        """Check the chain and return the number of entries."""
        last = check(self.rows)
        if last != self._head:
            raise JournalDamagedError(last[0] + 1, "is missing")
        return last[0]
