"""Verification of a stored journal: its hash chain, and the checkpoints that have seen it."""

from collections.abc import Callable, Iterator
from typing import Final

from cti.errors import JournalDamagedError
from cti.journal import checkpoints
from cti.journal.chain import GENESIS, Row, check
from cti.journal.storage import Connection, Rows

_ROWS: Final = (
    "SELECT seq, at, server, call_id, type, body, prev_hash, hash FROM journal"
    " WHERE seq > ? ORDER BY seq"
)
_HASH: Final = "SELECT hash FROM journal WHERE seq = ?"
_LAST: Final = "SELECT coalesce(max(seq), 0) FROM journal"
_STEP: Final = 5000
_END: Final = 10_000
"""Entries that every start looks at: a tenth of a second."""


def verify(
    connection: Connection,
    *,
    from_checkpoint: bool = False,
    progress: Callable[[int], None] = lambda _: None,
) -> tuple[int, int]:
    """Check the entries, and return the number of the last one and how many were checked.

    ``from_checkpoint`` trusts what stands before the newest checkpoint.  ``progress`` gets the
    number of entries checked so far.  Raises :class:`cti.errors.JournalDamagedError` at the first
    entry that does not fit.
    """
    connection.execute("BEGIN")  # one picture, while the owner goes on writing
    try:
        seq, head = 0, GENESIS
        if from_checkpoint and (last := checkpoints.newest(connection)) is not None:
            seq, head = last.seq, last.head
            found = connection.execute(_HASH, (seq,)).fetchone()
            if found is None:
                raise JournalDamagedError(seq, "is missing")
            if found[0] != head:
                raise JournalDamagedError(seq, "is another than the checkpoint has seen")
        first = seq
        seen = checkpoints.anchors(connection, seq)
        rows = _watched(connection.execute(_ROWS, (seq,)), seen, first, progress)
        seq, head = check(rows, seq, head)
        if seen and max(seen) > seq:
            raise JournalDamagedError(seq + 1, "is missing")
        progress(seq - first)
        return seq, seq - first
    finally:
        connection.execute("ROLLBACK")


def check_end(connection: Connection, most: int = _END) -> None:
    """Check the newest entries, back to the newest checkpoint or ``most`` of them.

    Quick enough for every start.  Raises :class:`cti.errors.JournalDamagedError`.
    """
    last = connection.execute(_LAST).fetchone()[0]
    seen = checkpoints.anchors(connection, max(0, last - most))
    if seen and max(seen) > last:
        raise JournalDamagedError(last + 1, "is missing")
    first = max([max(0, last - most), *seen])
    found = connection.execute(_HASH, (first,)).fetchone()
    if first and found is None:
        raise JournalDamagedError(first, "is missing")
    if found is not None and seen.get(first, found[0]) != found[0]:
        raise JournalDamagedError(first, "is another than the checkpoint has seen")
    rows = (Row(*values) for values in connection.execute(_ROWS, (first,)))
    check(rows, first, found[0] if found else GENESIS)


def _watched(
    stored: Rows,
    seen: dict[int, bytes],
    first: int,
    progress: Callable[[int], None],
) -> Iterator[Row]:
    for values in stored:
        row = Row(*values)
        if seen.get(row.seq, row.hash) != row.hash:
            raise JournalDamagedError(row.seq, "is another than the checkpoint has seen")
        if row.seq % _STEP == 0:
            progress(row.seq - first)
        yield row
