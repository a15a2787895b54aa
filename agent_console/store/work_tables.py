"""The tables of the agents' paperwork: calls at desks, follow-ups, preferences.

Only :mod:`agent_console.store` may use them.  Notes are personal data: they name the customer
whose call it was, and go with :meth:`agent_console.ports.WorkStore.forget_customer`.
"""

from typing import Final

import sqlalchemy as sa

from agent_console.store.tables import metadata

desk_calls: Final = sa.Table(
    "desk_calls",
    metadata,
    sa.Column("agent_id", sa.String(32), primary_key=True),
    sa.Column("call_id", sa.String(64), primary_key=True),
    sa.Column("queue", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(64), nullable=False),
    sa.Column("verified", sa.String(16), nullable=False),
    sa.Column("caller", sa.String(160), nullable=False),
    sa.Column("number", sa.String(32), nullable=False),
    sa.Column("customer_id", sa.String(32), nullable=True, index=True),
    sa.Column("connected_at", sa.Double(), nullable=False),
    sa.Column("ended_at", sa.Double(), nullable=True),
    sa.Column("disposition", sa.String(64), nullable=False),
    sa.Column("seq", sa.BigInteger(), nullable=False),
    sa.Column("note", sa.Text(), nullable=False),
    sa.Column("draft", sa.Text(), nullable=False),
    sa.Column("saved_at", sa.Double(), nullable=True),
    sa.Index(None, "agent_id", "connected_at"),
)

follow_ups: Final = sa.Table(
    "follow_ups",
    metadata,
    sa.Column("follow_up_id", sa.String(64), primary_key=True),
    sa.Column(
        "login", sa.String(64), sa.ForeignKey("users.login", ondelete="CASCADE"), nullable=False
    ),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("text", sa.Text(), nullable=False),
    sa.Column("due_at", sa.Double(), nullable=False),
    sa.Column("created_at", sa.Double(), nullable=False),
    sa.Column("done_at", sa.Double(), nullable=True),
    sa.Column("call_id", sa.String(64), nullable=True),
    sa.Column("customer_id", sa.String(32), nullable=True, index=True),
    sa.Column("caller", sa.String(160), nullable=False),
    sa.Index(None, "login", "due_at"),
)

preferences: Final = sa.Table(
    "preferences",
    metadata,
    sa.Column(
        "login",
        sa.String(64),
        sa.ForeignKey("users.login", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("body", sa.Text(), nullable=False),
)
"""``body``: :class:`agent_console.rest_messages.Preferences` as JSON."""
