"""Checkpoints and figures in the journal's database, as plain functions on a connection."""

import math
from collections.abc import Iterable
from typing import Final

import msgspec

from cti.core.ids import AgentId, QueueName
from cti.errors import JournalError
from cti.history.figures import (
    AgentFigures,
    AgentKey,
    Figures,
    QueueFigures,
    QueueKey,
    WaitKey,
)
from cti.journal.storage import Connection, Rows

_KEPT_STATES: Final = 2
"""Newest checkpoints that keep their state: one more than needed."""
_DAY: Final = 86400
_FAR: Final = 1e15


class Checkpoint(msgspec.Struct, frozen=True, kw_only=True):
    """The fold's state after entry ``seq``; ``head`` is the hash of that entry."""

    seq: int
    at: float
    format: int
    state: bytes
    head: bytes = b""
    """Filled in by the journal."""


def _upsert(table: str, keys: tuple[str, ...], sums: tuple[str, ...]) -> str:
    columns = (*keys, *sums)
    added = ", ".join(f"{name} = {table}.{name} + excluded.{name}" for name in sums)
    return (
        f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({', '.join('?' * len(columns))})"  # noqa: S608 -- constants only
        f" ON CONFLICT ({', '.join(keys)}) DO UPDATE SET {added}"
    )


_QUEUE_SUMS: Final = QueueFigures.__struct_fields__
_AGENT_SUMS: Final = AgentFigures.__struct_fields__
_ADD_QUEUE: Final = _upsert("queue_intervals", ("start", "queue"), _QUEUE_SUMS)
_ADD_AGENT: Final = _upsert("agent_intervals", ("start", "agent_id", "queue"), _AGENT_SUMS)
_ADD_WAIT: Final = _upsert("queue_waits", ("start", "queue", "outcome", "seconds"), ("calls",))
_NEWEST: Final = (
    "SELECT seq, at, format, state, head FROM journal_checkpoints WHERE state IS NOT NULL"
    " ORDER BY seq DESC LIMIT 1"
)
_HASH: Final = "SELECT hash FROM journal WHERE seq = ?"
_INSERT: Final = (
    "INSERT INTO journal_checkpoints (seq, at, head, format, state) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (seq) DO UPDATE SET format = excluded.format, state = excluded.state"
)
_TABLES: Final = ("queue_intervals", "agent_intervals", "queue_waits")


def newest(connection: Connection) -> Checkpoint | None:
    """Return the newest checkpoint that has a state."""
    row = connection.execute(_NEWEST).fetchone()
    if row is None:
        return None
    seq, at, form, state, head = row
    return Checkpoint(seq=seq, at=at, format=form, state=state, head=head)


def anchors(connection: Connection, after: int = 0) -> dict[int, bytes]:
    """Return number and hash of every entry above ``after`` that a checkpoint has seen."""
    rows = connection.execute(
        "SELECT seq, head FROM journal_checkpoints WHERE seq > ? ORDER BY seq", (after,)
    )
    return dict(rows.fetchall())


def save(connection: Connection, checkpoint: Checkpoint, figures: Figures, after: int) -> None:
    """Store a checkpoint and add the figures since the one at ``after``, inside a transaction.

    ``after`` 0 begins anew: all figures are replaced.  Raises :class:`JournalError` if ``after``
    is not the newest checkpoint, since the figures would be counted twice or not at all.
    """
    last = newest(connection)
    if after == 0:
        for table in _TABLES:
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 -- constants only
        connection.execute("UPDATE journal_checkpoints SET state = NULL")
    elif last is None or last.seq != after:
        raise JournalError(
            f"the newest checkpoint is {last.seq if last else 'missing'}, not {after}; restart"
            " `hotline serve`, which folds the journal again"
        )
    head = connection.execute(_HASH, (checkpoint.seq,)).fetchone()
    if head is None:
        raise JournalError(
            f"entry {checkpoint.seq} is not in the journal; see `hotline calls verify`"
        )
    connection.executemany(
        _ADD_QUEUE,
        [(*k, *(getattr(v, n) for n in _QUEUE_SUMS)) for k, v in figures.queues.items()],
    )
    connection.executemany(
        _ADD_AGENT,
        [(*k, *(getattr(v, n) for n in _AGENT_SUMS)) for k, v in figures.agents.items()],
    )
    connection.executemany(_ADD_WAIT, [(*k, calls) for k, calls in figures.waits.items()])
    connection.execute(
        _INSERT,
        (checkpoint.seq, checkpoint.at, head[0], checkpoint.format, checkpoint.state),
    )
    _thin_out(connection)


def _thin_out(connection: Connection) -> None:
    """Keep the newest states, and of older checkpoints the last of each day, without its state."""
    rows = connection.execute(
        "SELECT seq, at FROM journal_checkpoints WHERE seq NOT IN (SELECT seq FROM"
        " journal_checkpoints WHERE state IS NOT NULL ORDER BY seq DESC LIMIT ?) ORDER BY seq",
        (_KEPT_STATES,),
    ).fetchall()
    daily = {int(at // _DAY): seq for seq, at in rows}
    kept = set(daily.values())
    connection.executemany(
        "DELETE FROM journal_checkpoints WHERE seq = ?",
        [(seq,) for seq, _ in rows if seq not in kept],
    )
    connection.executemany(
        "UPDATE journal_checkpoints SET state = NULL WHERE seq = ?", [(seq,) for seq in kept]
    )


def figures(connection: Connection, since: float, until: float) -> Figures:
    """Return the stored figures of the intervals that begin in ``[since, until)``."""
    out = Figures()
    span = (_whole(since), _whole(until))
    for start, queue, *sums in _select(connection, "queue_intervals", "queue", _QUEUE_SUMS, span):
        out.queues[QueueKey(start, QueueName(queue))] = QueueFigures(
            **dict(zip(_QUEUE_SUMS, sums, strict=True))
        )
    for start, agent, queue, *sums in _select(
        connection, "agent_intervals", "agent_id, queue", _AGENT_SUMS, span
    ):
        out.agents[AgentKey(start, AgentId(agent), QueueName(queue))] = AgentFigures(
            **dict(zip(_AGENT_SUMS, sums, strict=True))
        )
    for start, queue, outcome, seconds, calls in _select(
        connection, "queue_waits", "queue, outcome, seconds", ("calls",), span
    ):
        out.waits[WaitKey(start, QueueName(queue), outcome, seconds)] = calls
    return out


def _select(
    connection: Connection,
    table: str,
    keys: str,
    sums: Iterable[str],
    span: tuple[int, int],
) -> Rows:
    return connection.execute(
        f"SELECT start, {keys}, {', '.join(sums)} FROM {table}"  # noqa: S608 -- constants only
        " WHERE start >= ? AND start < ?",
        span,
    )


def _whole(moment: float) -> int:
    """Return the first whole second that is not before ``moment``; ends of time are far away."""
    return math.ceil(min(max(moment, -_FAR), _FAR))
