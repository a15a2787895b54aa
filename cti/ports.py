"""What the engine needs from others; :mod:`hotline` wires the implementations in."""

from collections.abc import Sequence
from typing import Protocol, TypeVar

from cti.core.events import DomainEvent
from cti.core.ids import CustomerId

BriefT_co = TypeVar("BriefT_co", covariant=True)


class CustomerBriefs(Protocol[BriefT_co]):
    """Gives what an agent should know of a customer; the engine never looks inside a brief."""

    async def brief(self, customer_id: CustomerId) -> BriefT_co | None:
        """Return the brief, or ``None`` when there is no such customer.

        May be slow or raise: the engine applies its own deadline and pops without a brief.
        """


class Journal(Protocol):
    """The durable, append-only log of domain events; exactly one process owns it."""

    async def append(self, events: Sequence[DomainEvent]) -> int:
        """Store the events in order, durably, and return the sequence number of the last one."""

    async def read(self, after: int = 0, limit: int = 1000) -> Sequence[tuple[int, DomainEvent]]:
        """Return up to ``limit`` stored events whose sequence number is above ``after``."""

    async def tail(self, limit: int) -> Sequence[tuple[int, DomainEvent]]:
        """Return the last ``limit`` stored events, oldest first."""

    async def verify(self) -> int:
        """Check the hash chain and return the number of entries.

        Raises :class:`cti.errors.JournalDamagedError` naming the first bad sequence number.
        """
