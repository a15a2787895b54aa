"""Checkpoints and figures in the journal's database, as plain functions on a connection."""

import math
from collections.abc import Callable, Collection, Iterable
from typing import Final, TypeAlias

import msgspec

from cti.core.ids import AgentId, QueueName
from cti.errors import JournalError
from cti.history.figures import (
    PARTS,
    AgentFigures,
    AgentKey,
    Figures,
    GroupFigures,
    GroupKey,
    GroupWaitKey,
    NodeFigures,
    NodeKey,
    Part,
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
_GROUP_SUMS: Final = GroupFigures.__struct_fields__
_NODE_SUMS: Final = NodeFigures.__struct_fields__
_ADD_QUEUE: Final = _upsert("queue_intervals", ("start", "queue"), _QUEUE_SUMS)
_ADD_AGENT: Final = _upsert("agent_intervals", ("start", "agent_id", "queue"), _AGENT_SUMS)
_ADD_WAIT: Final = _upsert("queue_waits", ("start", "queue", "outcome", "seconds"), ("calls",))
_ADD_GROUP: Final = _upsert("group_intervals", ("start", "kind", "name"), _GROUP_SUMS)
_ADD_NODE: Final = _upsert("node_intervals", ("start", "flow", "node"), _NODE_SUMS)
_ADD_GROUP_WAIT: Final = _upsert("group_waits", GroupWaitKey._fields, ("calls",))
_NEWEST: Final = (
    "SELECT seq, at, format, state, head FROM journal_checkpoints WHERE state IS NOT NULL"
    " ORDER BY seq DESC LIMIT 1"
)
_HASH: Final = "SELECT hash FROM journal WHERE seq = ?"
_INSERT: Final = (
    "INSERT INTO journal_checkpoints (seq, at, head, format, state) VALUES (?, ?, ?, ?, ?)"
    " ON CONFLICT (seq) DO UPDATE SET format = excluded.format, state = excluded.state"
)
_TABLES: Final = (
    *("queue_intervals", "agent_intervals", "queue_waits"),
    *("group_intervals", "node_intervals", "group_waits"),
)


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
    connection.executemany(
        _ADD_GROUP,
        [(*k, *(getattr(v, n) for n in _GROUP_SUMS)) for k, v in figures.groups.items()],
    )
    connection.executemany(
        _ADD_NODE,
        [(*k, *(getattr(v, n) for n in _NODE_SUMS)) for k, v in figures.nodes.items()],
    )
    connection.executemany(
        _ADD_GROUP_WAIT, [(*k, calls) for k, calls in figures.group_waits.items()]
    )
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


def figures(
    connection: Connection, since: float, until: float, parts: Collection[Part] = PARTS
) -> Figures:
    """Return the stored figures of the intervals that begin in ``[since, until)``.

    Only ``parts`` are read, the others stay empty.
    """
    out = Figures()
    span = (_whole(since), _whole(until))
    for part in sorted(parts):
        _READ[part](connection, span, out)
    return out


_Span: TypeAlias = tuple[int, int]


def _read_queues(connection: Connection, span: _Span, out: Figures) -> None:
    for start, queue, *sums in _select(connection, "queue_intervals", "queue", _QUEUE_SUMS, span):
        row = QueueFigures(**dict(zip(_QUEUE_SUMS, sums, strict=True)))
        out.queues[QueueKey(start, QueueName(queue))] = row


def _read_agents(connection: Connection, span: _Span, out: Figures) -> None:
    for start, agent, queue, *sums in _select(
        connection, "agent_intervals", "agent_id, queue", _AGENT_SUMS, span
    ):
        row = AgentFigures(**dict(zip(_AGENT_SUMS, sums, strict=True)))
        out.agents[AgentKey(start, AgentId(agent), QueueName(queue))] = row


def _read_waits(connection: Connection, span: _Span, out: Figures) -> None:
    for start, queue, outcome, seconds, calls in _select(
        connection, "queue_waits", "queue, outcome, seconds", ("calls",), span
    ):
        out.waits[WaitKey(start, QueueName(queue), outcome, seconds)] = calls


def _read_groups(connection: Connection, span: _Span, out: Figures) -> None:
    for start, kind, name, *sums in _select(
        connection, "group_intervals", "kind, name", _GROUP_SUMS, span
    ):
        row = GroupFigures(**dict(zip(_GROUP_SUMS, sums, strict=True)))
        out.groups[GroupKey(start, kind, name)] = row


def _read_nodes(connection: Connection, span: _Span, out: Figures) -> None:
    for start, flow, node, *sums in _select(
        connection, "node_intervals", "flow, node", _NODE_SUMS, span
    ):
        row = NodeFigures(**dict(zip(_NODE_SUMS, sums, strict=True)))
        out.nodes[NodeKey(start, flow, node)] = row


def _read_group_waits(connection: Connection, span: _Span, out: Figures) -> None:
    names = ", ".join(GroupWaitKey._fields[1:])
    for *key, calls in _select(connection, "group_waits", names, ("calls",), span):
        out.group_waits[GroupWaitKey(*key)] = calls


_READ: Final[dict[Part, Callable[[Connection, _Span, Figures], None]]] = {
    "queues": _read_queues,
    "agents": _read_agents,
    "waits": _read_waits,
    "groups": _read_groups,
    "nodes": _read_nodes,
    "group_waits": _read_group_waits,
}


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
