"""Closed queues and announcements, used by :mod:`agent_console.store`; the journal audits."""

from typing import Final

import sqlalchemy as sa

from agent_console.store.tables import metadata

closed_queues: Final = sa.Table(
    "closed_queues",
    metadata,
    sa.Column("queue", sa.String(32), primary_key=True),
    sa.Column("reason", sa.String(200), nullable=False),
    sa.Column("closed_by", sa.String(64), nullable=False),
    sa.Column("closed_at", sa.Double(), nullable=False),
)

announcements: Final = sa.Table(
    "announcements",
    metadata,
    sa.Column("announcement_id", sa.String(32), primary_key=True),
    sa.Column("kind", sa.String(16), nullable=False),
    sa.Column("title", sa.String(500), nullable=False),
    sa.Column("sound_zh", sa.String(400), nullable=False),
    sa.Column("sound_en", sa.String(400), nullable=False),
    sa.Column("seconds", sa.Double(), nullable=False),
    sa.Column("made_by", sa.String(64), nullable=False),
    sa.Column("made_at", sa.Double(), nullable=False, index=True),
    sa.Column("on_since", sa.Double(), nullable=True),
    sa.Column("on_by", sa.String(64), nullable=False),
    sa.Column("reason", sa.String(200), nullable=False),
)
