"""What was ordered from the bank, by whom, and what came of it: a list that only grows.

Each order leaves two lines: ``begun`` before the core hears of it and its outcome afterwards, so
that even a crash in between leaves a trace.  No card number and no PIN ever stands here.
"""

from collections.abc import Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from crm_lookup.bank.requests import Level

Outcome: TypeAlias = Literal["begun", "done", "refused", "unknown"]
"""``unknown``: the core gave no usable answer; the order may have been carried out."""


class AuditEntry(msgspec.Struct, frozen=True, kw_only=True):
    at: float
    """Epoch seconds."""
    customer_id: str | None
    channel: str
    call_id: str
    level: Level
    action: str
    """Name of the operation, e.g. ``block-card``."""
    subject: str
    """What it is about, masked."""
    key: str
    """Idempotency key: joins the lines of one order."""
    outcome: Outcome
    detail: str = ""
    """Why it was refused or is unknown."""
    case_number: str = ""


class AuditLog(Protocol):
    """Where the lines go; nothing is ever changed or taken out."""

    async def append(self, entry: AuditEntry) -> None:
        """Store durably before returning; raise whatever prevents it."""

    async def newest(
        self, *, limit: int, customer_id: str | None = None, call_id: str | None = None
    ) -> Sequence[AuditEntry]:
        """Return the newest lines, the newest first."""


class MemoryAudit:
    """The audit in a list, for tests."""

    def __init__(self) -> None:
        self.entries: list[AuditEntry] = []

    async def append(self, entry: AuditEntry) -> None:
        self.entries.append(entry)

    async def newest(
        self, *, limit: int, customer_id: str | None = None, call_id: str | None = None
    ) -> Sequence[AuditEntry]:
        found = [
            entry
            for entry in reversed(self.entries)
            if customer_id in (None, entry.customer_id) and call_id in (None, entry.call_id)
        ]
        return found[:limit]
