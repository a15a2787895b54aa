"""The hash chain: rows from events, and the check that nobody changed them."""

import hashlib
from collections.abc import Iterable
from typing import Final, NamedTuple

import msgspec

from cti.core.events import DECODER, CallEvent, DomainEvent
from cti.errors import JournalDamagedError

GENESIS: Final = bytes(32)
"""``prev_hash`` of the first row."""

_CANONICAL: Final = msgspec.json.Encoder(order="sorted")


class Row(NamedTuple):
    """One row, in the order of the table's columns."""

    seq: int
    at: float
    server: str
    call_id: str | None
    type: str
    body: str
    prev_hash: bytes
    hash: bytes


def digest(prev_hash: bytes, seq: int, body: str) -> bytes:
    """Return SHA-256 over the previous hash, the number of the row and its canonical body."""
    return hashlib.sha256(prev_hash + seq.to_bytes(8, "big") + body.encode()).digest()


def make_row(seq: int, prev_hash: bytes, event: DomainEvent) -> Row:
    """Return the row that follows ``prev_hash``."""
    body = _CANONICAL.encode(event).decode()
    return Row(seq, *_columns(event), body, prev_hash, digest(prev_hash, seq, body))


def _columns(event: DomainEvent) -> tuple[float, str, str | None, str]:
    call_id = event.call_id if isinstance(event, CallEvent) else None
    return event.at, event.server, call_id, type(event).__name__


def decode(row: Row) -> DomainEvent:
    """Return the event of a row."""
    event: DomainEvent = DECODER.decode(row.body)
    return event


def check(rows: Iterable[Row], seq: int = 0, head: bytes = GENESIS) -> tuple[int, bytes]:
    """Check rows that follow ``(seq, head)`` and return the number and hash of the last one.

    Raises :class:`cti.errors.JournalDamagedError` at the first row that does not fit.
    """
    for row in rows:
        if row.seq != seq + 1:
            raise JournalDamagedError(seq + 1, "is missing")
        if row.prev_hash != head:
            raise JournalDamagedError(row.seq, "does not follow the entry before it")
        if digest(row.prev_hash, row.seq, row.body) != row.hash:
            raise JournalDamagedError(row.seq, "was changed")
        try:
            event = decode(row)
        except msgspec.MsgspecError:
            raise JournalDamagedError(row.seq, "cannot be read") from None
        if _columns(event) != (row.at, row.server, row.call_id, row.type):
            raise JournalDamagedError(row.seq, "has columns that contradict its body")
        seq, head = row.seq, row.hash
    return seq, head
