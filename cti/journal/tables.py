"""The journal's tables.  Alembic creates it in production; tests may create it from ``metadata``.

Rows are only ever appended.  ``seq`` is given by the single owner of the journal, starts at 1 and
has no holes; ``hash`` covers ``prev_hash``, ``seq`` and ``body`` (see :mod:`cti.journal.chain`).
The columns beside ``body`` repeat parts of it, so that cold queries can use an index;
verification compares them with the body.

Beside it stand what is folded from it: checkpoints, and the figures up to the newest checkpoint.
A checkpoint and the figures up to it are written in one transaction.
"""

from typing import Final

import sqlalchemy as sa

from cti.history.figures import AgentFigures, GroupFigures, NodeFigures, QueueFigures

metadata: Final = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

journal: Final = sa.Table(
    "journal",
    metadata,
    sa.Column(
        "seq",
        sa.BigInteger().with_variant(sa.Integer, "sqlite"),
        primary_key=True,
        autoincrement=False,
    ),
    sa.Column("at", sa.Float(53), nullable=False),
    sa.Column("server", sa.Text, nullable=False),
    sa.Column("call_id", sa.Text, nullable=True),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("prev_hash", sa.LargeBinary(32), nullable=False),
    sa.Column("hash", sa.LargeBinary(32), nullable=False),
    sa.Index(None, "call_id"),
    sa.Index(None, "at"),
)
"""``at``: seconds since the epoch (UTC); ``body``: the event as canonical JSON, UTF-8."""


def _seq() -> sa.BigInteger:
    return sa.BigInteger().with_variant(sa.Integer, "sqlite")


journal_checkpoints: Final = sa.Table(
    "journal_checkpoints",
    metadata,
    sa.Column("seq", _seq(), primary_key=True, autoincrement=False),
    sa.Column("at", sa.Float(53), nullable=False),
    sa.Column("head", sa.LargeBinary(32), nullable=False),
    sa.Column("format", sa.Integer, nullable=False),
    sa.Column("state", sa.LargeBinary, nullable=True),
)
"""``head``: the hash of entry ``seq``, so that entries cut off the end are noticed; ``state``: the
fold's state after it, kept for the newest ones only."""

_COUNT: Final = sa.BigInteger


def _counts(*names: str) -> list[sa.Column[int]]:
    return [sa.Column(name, _COUNT, nullable=False) for name in names]


queue_intervals: Final = sa.Table(
    "queue_intervals",
    metadata,
    sa.Column("start", _COUNT, primary_key=True, autoincrement=False),
    sa.Column("queue", sa.Text, primary_key=True),
    *_counts(*QueueFigures.__struct_fields__),
)
"""Figures of a queue by quarter of an hour; see :class:`cti.history.figures.QueueFigures`."""

agent_intervals: Final = sa.Table(
    "agent_intervals",
    metadata,
    sa.Column("start", _COUNT, primary_key=True, autoincrement=False),
    sa.Column("agent_id", sa.Text, primary_key=True),
    sa.Column("queue", sa.Text, primary_key=True),
    *_counts(*AgentFigures.__struct_fields__),
)
"""Figures of an agent by quarter of an hour; see :class:`cti.history.figures.AgentFigures`."""

queue_waits: Final = sa.Table(
    "queue_waits",
    metadata,
    sa.Column("start", _COUNT, primary_key=True, autoincrement=False),
    sa.Column("queue", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, primary_key=True),
    sa.Column("seconds", sa.Integer, primary_key=True, autoincrement=False),
    *_counts("calls"),
)
"""How long callers waited, as a histogram; see :class:`cti.history.figures.WaitKey`."""

group_intervals: Final = sa.Table(
    "group_intervals",
    metadata,
    sa.Column("start", _COUNT, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    *_counts(*GroupFigures.__struct_fields__),
)
"""Figures of a topic or segment, or of all calls, by quarter of an hour; see
:class:`cti.history.figures.GroupFigures`."""

node_intervals: Final = sa.Table(
    "node_intervals",
    metadata,
    sa.Column("start", _COUNT, primary_key=True, autoincrement=False),
    sa.Column("flow", sa.Text, primary_key=True),
    sa.Column("node", sa.Text, primary_key=True),
    *_counts(*NodeFigures.__struct_fields__),
)
"""Figures of a menu's node by quarter of an hour; see
:class:`cti.history.figures.NodeFigures`."""

group_waits: Final = sa.Table(
    "group_waits",
    metadata,
    sa.Column("start", _COUNT, primary_key=True, autoincrement=False),
    sa.Column("kind", sa.Text, primary_key=True),
    sa.Column("name", sa.Text, primary_key=True),
    sa.Column("queue", sa.Text, primary_key=True),
    sa.Column("outcome", sa.Text, primary_key=True),
    sa.Column("seconds", sa.Integer, primary_key=True, autoincrement=False),
    *_counts("calls"),
)
"""How long callers of a topic or segment waited; see
:class:`cti.history.figures.GroupWaitKey`."""

callbacks: Final = sa.Table(
    "callbacks",
    metadata,
    sa.Column("callback_id", sa.Text, primary_key=True),
    sa.Column("body", sa.Text, nullable=False),
    sa.Column("number", sa.Text, nullable=False),
    sa.Column("cancel", sa.Integer, nullable=False),
)
"""Callbacks that are not over.  ``body``: :class:`cti.core.callbacks.Callback` as JSON;
``number``: the number to dial, which is nowhere else and goes with the row; ``cancel``: 1 when an
operator wants it cancelled."""
