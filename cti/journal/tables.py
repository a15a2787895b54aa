"""The journal's table.  Alembic creates it in production; tests may create it from ``metadata``.

Rows are only ever appended.  ``seq`` is given by the single owner of the journal, starts at 1 and
has no holes; ``hash`` covers ``prev_hash``, ``seq`` and ``body`` (see :mod:`cti.journal.chain`).
The columns beside ``body`` repeat parts of it, so that cold queries can use an index;
verification compares them with the body.
"""

from typing import Final

import sqlalchemy as sa

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
