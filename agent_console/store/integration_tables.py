"""The tables of the event API: programs' tokens, webhooks, and deliveries not yet made.

Only :mod:`agent_console.store` may use them.  Times are epoch seconds (UTC); lists are JSON texts,
``NULL`` where everything is allowed.  Of a token only a hash is kept.  A webhook's secret has to
be readable, because every delivery is signed with it; a delivery's body goes when it is made.
"""

from typing import Final

import sqlalchemy as sa

from agent_console.store.tables import metadata

api_tokens: Final = sa.Table(
    "api_tokens",
    metadata,
    sa.Column("token_id", sa.String(16), primary_key=True),
    sa.Column("token_hash", sa.String(64), nullable=False),
    sa.Column("name", sa.String(120), nullable=False),
    sa.Column("scopes", sa.Text(), nullable=False),
    sa.Column("queues", sa.Text(), nullable=True),
    sa.Column("agents", sa.Text(), nullable=True),
    sa.Column("created_at", sa.Float(), nullable=False),
    sa.Column("expires_at", sa.Float(), nullable=False),
    sa.Column("revoked_at", sa.Float(), nullable=True),
    sa.Column("seen_at", sa.Float(), nullable=True),
)

api_webhooks: Final = sa.Table(
    "api_webhooks",
    metadata,
    sa.Column("webhook_id", sa.String(16), primary_key=True),
    sa.Column("url", sa.String(1000), nullable=False),
    sa.Column("secret", sa.String(128), nullable=False),
    sa.Column("kinds", sa.Text(), nullable=True),
    sa.Column("scopes", sa.Text(), nullable=False),
    sa.Column("queues", sa.Text(), nullable=True),
    sa.Column("agents", sa.Text(), nullable=True),
    sa.Column("disabled", sa.Boolean(), nullable=False, default=False),
    sa.Column("created_at", sa.Float(), nullable=False),
)

api_deliveries: Final = sa.Table(
    "api_deliveries",
    metadata,
    sa.Column("delivery_id", sa.String(32), primary_key=True),
    sa.Column(
        "webhook_id",
        sa.String(16),
        sa.ForeignKey("api_webhooks.webhook_id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("event_id", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(32), nullable=False),
    sa.Column("body", sa.Text(), nullable=False),
    sa.Column("state", sa.String(8), nullable=False),
    sa.Column("created_at", sa.Float(), nullable=False),
    sa.Column("attempts", sa.Integer(), nullable=False, default=0),
    sa.Column("next_at", sa.Float(), nullable=False),
    sa.Column("last_error", sa.String(200), nullable=False, default=""),
    sa.CheckConstraint("state IN ('pending', 'failed', 'dead')", name="state"),
    sa.Index("ix_api_deliveries_due", "webhook_id", "state", "next_at"),
)
