"""The journal in memory, for tests and trials: the same behaviour, nothing durable."""

from collections.abc import Sequence

from cti.core.events import DomainEvent
from cti.errors import JournalDamagedError
from cti.journal.chain import GENESIS, Row, check, decode, make_row


class MemoryJournal:
    """A list of chained rows; ``rows`` may be looked at, and damaged, by tests."""

    def __init__(self) -> None:
        """Start empty."""
        self.rows: list[Row] = []
        self._head = (0, GENESIS)

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

    async def verify(self) -> int:
        """Check the chain and return the number of entries."""
        last = check(self.rows)
        if last != self._head:
            raise JournalDamagedError(last[0] + 1, "is missing")
        return last[0]
