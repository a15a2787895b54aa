"""Alarms that stand and stood, used by :mod:`agent_console.store`; the journal tells the same."""

from typing import Final

import sqlalchemy as sa

from agent_console.store.tables import metadata

alarms: Final = sa.Table(
    "alarms",
    metadata,
    sa.Column("alarm_id", sa.String(128), primary_key=True),
    sa.Column("rule", sa.String(64), nullable=False),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("severity", sa.String(16), nullable=False),
    sa.Column("subject", sa.String(64), nullable=False),
    sa.Column("value", sa.Double(), nullable=False),
    sa.Column("limit", sa.Double(), nullable=False),
    sa.Column("raised_at", sa.Double(), nullable=False, index=True),
    sa.Column("acknowledged_at", sa.Double(), nullable=True),
    sa.Column("acknowledged_by", sa.String(64), nullable=False),
    sa.Column("cleared_at", sa.Double(), nullable=True, index=True),
)
