"""What the engine needs from others; :mod:`hotline` wires the implementations in."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from cti.core.events import DomainEvent
from cti.core.ids import CallId, CustomerId
from cti.history.figures import Figures
from cti.journal.checkpoints import Checkpoint

BriefT_co = TypeVar("BriefT_co", covariant=True)


class CustomerBriefs(Protocol[BriefT_co]):
    """Gives what an agent should know of a customer; the engine never looks inside a brief."""

    async def brief(self, customer_id: CustomerId) -> BriefT_co | None:
        """Return the brief, or ``None`` when there is no such customer.

        May be slow or raise: the engine applies its own deadline and pops without a brief.
        """

    async def candidates(self, caller_number: str) -> Sequence[object]:
        """Return the customers who may be behind a number that several have.

        Each is something that the console shows to the agent; the engine never looks inside.
        """


class Journal(Protocol):
    """The durable, append-only log of domain events; exactly one process owns it."""

    async def append(self, events: Sequence[DomainEvent]) -> int:
        """Store the events in order, durably, and return the sequence number of the last one."""

    async def read(self, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, DomainEvent]]:
        """Return up to ``limit`` stored events whose sequence number is above ``after``."""

    async def tail(self, limit: int) -> Sequence[tuple[int, DomainEvent]]:
        """Return the last ``limit`` stored events, oldest first."""

    async def known(self, call_ids: Sequence[CallId]) -> set[CallId]:
        """Return those of the calls of which the journal has any event."""

    async def save(self, checkpoint: Checkpoint, figures: Figures, after: int) -> None:
        """Store a checkpoint and, in the same transaction, add the figures since ``after``.

        ``after`` is the number of the newest checkpoint; 0 replaces all figures.  Raises
        :class:`cti.errors.JournalError` if it is not, or the entry is missing.
        """

    async def checkpoint(self) -> Checkpoint | None:
        """Return the newest checkpoint."""

    async def figures(self, since: float, until: float) -> tuple[int, Figures]:
        """Return the newest checkpoint's number, and the figures up to it.

        Of the intervals that begin in ``[since, until)``, seconds since the epoch.
        """

    async def verify(self) -> int:
        """Check the hash chain and return the number of entries.

        Raises :class:`cti.errors.JournalDamagedError` naming the first bad sequence number.
        """


class Books(Protocol):
    """Asterisk's own records, from which calls are rebuilt that nobody followed."""

    def read(self, since: float) -> tuple[Sequence[str], Sequence[str]]:
        """Return the lines of queue_log and of the call records written since then; may block.

        Older lines may be among them, and the last line may be cut short.  Raises ``OSError``.
        """

    def recent(self, since: float) -> Sequence[str]:
        """Return the lines of queue_log written since then; may block, but not for long.

        Older lines may be among them, and the last line may be cut short.  Raises ``OSError``.
        """
