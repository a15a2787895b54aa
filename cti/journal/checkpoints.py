"""Checkpoints and figures in the journal's database, as plain functions on a connection."""

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any, Final

import msgspec

from cti.core.ids import AgentId, QueueName
from cti.errors import JournalError
from cti.history.figures import (
    LONGEST,
    PARTS,
    AgentFigures,
    AgentKey,
    Figures,
    GroupFigures,
    GroupKey,
    GroupWaitKey,
    Kind,
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


class View(msgspec.Struct, frozen=True):
    """How much detail is wanted: a month by days needs neither quarters nor single seconds."""

    spans: tuple[float, ...] = ()
    """When spans begin, in order; rows are summed up by them.  Empty: by quarters, as stored."""
    limits: Mapping[str, int] = {}
    """Seconds of each queue's service level; waits become 0 (within) or more than any limit."""
    own_limit: int = 0
    """Of other queues; 0: waits stay as they are stored."""
    kind: Kind | None = None
    """Only groups of this kind; ``None``: of every kind."""


def figures(
    connection: Connection,
    since: float,
    until: float,
    parts: Collection[Part] = PARTS,
    view: View | None = None,
) -> Figures:
    """Return the stored figures of the intervals that begin in ``[since, until)``.

    Only ``parts`` are read, the others stay empty.
    """
    out = Figures()
    view = view or View()
    begins = [at for at in view.spans if since <= at < until]
    spans = list(zip(begins, [*begins[1:], until], strict=True)) if begins else [(since, until)]
    for part in sorted(parts):
        for first, last in spans:
            within = (_whole(first), _whole(last))
            for row in _select(connection, part, within, view, together=bool(begins)):
                _MAKE[part](out, row)
    return out


def _queue_row(out: Figures, row: tuple[Any, ...]) -> None:
    start, queue, *sums = row
    made = QueueFigures(**dict(zip(_QUEUE_SUMS, sums, strict=True)))
    out.queues[QueueKey(start, QueueName(queue))] = made


def _agent_row(out: Figures, row: tuple[Any, ...]) -> None:
    start, agent, queue, *sums = row
    made = AgentFigures(**dict(zip(_AGENT_SUMS, sums, strict=True)))
    out.agents[AgentKey(start, AgentId(agent), QueueName(queue))] = made


def _group_row(out: Figures, row: tuple[Any, ...]) -> None:
    start, kind, name, *sums = row
    made = GroupFigures(**dict(zip(_GROUP_SUMS, sums, strict=True)))
    out.groups[GroupKey(start, kind, name)] = made


def _node_row(out: Figures, row: tuple[Any, ...]) -> None:
    start, flow, node, *sums = row
    made = NodeFigures(**dict(zip(_NODE_SUMS, sums, strict=True)))
    out.nodes[NodeKey(start, flow, node)] = made


def _wait_row(out: Figures, row: tuple[Any, ...]) -> None:
    out.waits[WaitKey(*row[:-1])] = row[-1]


def _group_wait_row(out: Figures, row: tuple[Any, ...]) -> None:
    out.group_waits[GroupWaitKey(*row[:-1])] = row[-1]


_MAKE: Final[dict[Part, Callable[[Figures, tuple[Any, ...]], None]]] = {
    "queues": _queue_row,
    "agents": _agent_row,
    "waits": _wait_row,
    "groups": _group_row,
    "nodes": _node_row,
    "group_waits": _group_wait_row,
}
_STORED: Final[dict[Part, tuple[str, tuple[str, ...], tuple[str, ...]]]] = {
    "queues": ("queue_intervals", QueueKey._fields[1:], _QUEUE_SUMS),
    "agents": ("agent_intervals", AgentKey._fields[1:], _AGENT_SUMS),
    "waits": ("queue_waits", WaitKey._fields[1:], ("calls",)),
    "groups": ("group_intervals", GroupKey._fields[1:], _GROUP_SUMS),
    "nodes": ("node_intervals", NodeKey._fields[1:], _NODE_SUMS),
    "group_waits": ("group_waits", GroupWaitKey._fields[1:], ("calls",)),
}
"""Table, the rest of its key, and its sums, by part."""


def _select(
    connection: Connection, part: Part, span: tuple[int, int], view: View, *, together: bool
) -> Rows:
    """Read the rows of a span; ``together`` sums them up as if all began with it."""
    table, keys, sums = _STORED[part]
    values: list[Any] = []
    shown = ["CAST(? AS BIGINT)" if together else "start"]
    values += [span[0]] if together else []
    for key in keys:
        if key == "seconds" and view.own_limit:
            cases = " ".join("WHEN ? THEN CAST(? AS INTEGER)" for _ in view.limits)
            limit = f"CASE queue {cases} ELSE CAST(? AS INTEGER) END" if cases else "?"
            shown.append(f"CASE WHEN seconds <= {limit} THEN 0 ELSE {LONGEST + 1} END")
            values += [each for pair in view.limits.items() for each in pair]
            values.append(view.own_limit)
        else:
            shown.append(key)
    where, wanted = "start >= ? AND start < ?", list[Any](span)
    if view.kind and "kind" in keys:
        where, wanted = f"{where} AND kind = ?", [*span, view.kind]
    if not together and not view.own_limit:
        query = f"SELECT {', '.join((*shown, *sums))} FROM {table} WHERE {where}"  # noqa: S608 -- constants only
        return connection.execute(query, wanted)
    places = ", ".join(str(place) for place in range(1, len(shown) + 1))
    added = (f"CAST(SUM({name}) AS BIGINT)" for name in sums)
    query = (
        f"SELECT {', '.join((*shown, *added))} FROM {table}"  # noqa: S608 -- constants only
        f" WHERE {where} GROUP BY {places}"
    )
    return connection.execute(query, [*values, *wanted])


def _whole(moment: float) -> int:
    """Return the first whole second that is not before ``moment``; ends of time are far away."""
    return math.ceil(min(max(moment, -_FAR), _FAR))
