"""The tables of the knowledge base.  Only :mod:`agent_console.store` may use them."""

from typing import Final

import sqlalchemy as sa

from agent_console.store.tables import metadata

_TEXTS: Final = ("title_zh", "title_en", "body_zh", "body_en", "script_zh", "script_en")

articles: Final = sa.Table(
    "kb_articles",
    metadata,
    sa.Column("article_id", sa.String(64), primary_key=True),
    sa.Column("version", sa.Integer(), primary_key=True, autoincrement=False),
    sa.Column("newest", sa.Boolean(), nullable=False, index=True),
    sa.Column("department", sa.String(32), nullable=False),
    sa.Column("audience", sa.String(16), nullable=False),
    sa.Column("topics", sa.Text(), nullable=False),
    *(sa.Column(name, sa.Text(), nullable=False) for name in _TEXTS),
    sa.Column("changed_at", sa.Double(), nullable=False),
    sa.Column("changed_by", sa.String(64), nullable=False),
    sa.Column("archived", sa.Boolean(), nullable=False),
)
"""``topics``: with a space before, between and after.  All versions stay."""

terms: Final = sa.Table(
    "kb_terms",
    metadata,
    sa.Column("term", sa.String(40), primary_key=True),
    sa.Column("article_id", sa.String(64), primary_key=True, index=True),
    sa.Column("weight", sa.Double(), nullable=False),
)
"""The full-text index over the newest versions; see :mod:`agent_console.knowledge.terms`."""

editors: Final = sa.Table(
    "kb_editors",
    metadata,
    sa.Column(
        "login",
        sa.String(64),
        sa.ForeignKey("users.login", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("department", sa.String(32), primary_key=True),
)
