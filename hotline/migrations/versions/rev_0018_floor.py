"""Queues that supervisors closed, and announcements for every new caller."""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"


def upgrade() -> None:
    op.create_table(
        "closed_queues",
        sa.Column("queue", sa.String(length=32), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.Column("closed_by", sa.String(length=64), nullable=False),
        sa.Column("closed_at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("queue", name=op.f("pk_closed_queues")),
    )
    op.create_table(
        "announcements",
        sa.Column("announcement_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=16), nullable=False),
        sa.Column("title", sa.String(length=500), nullable=False),
        sa.Column("sound_zh", sa.String(length=400), nullable=False),
        sa.Column("sound_en", sa.String(length=400), nullable=False),
        sa.Column("seconds", sa.Double(), nullable=False),
        sa.Column("made_by", sa.String(length=64), nullable=False),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("on_since", sa.Double(), nullable=True),
        sa.Column("on_by", sa.String(length=64), nullable=False),
        sa.Column("reason", sa.String(length=200), nullable=False),
        sa.PrimaryKeyConstraint("announcement_id", name=op.f("pk_announcements")),
    )
    op.create_index(op.f("ix_announcements_made_at"), "announcements", ["made_at"])


def downgrade() -> None:
    op.drop_table("announcements")
    op.drop_table("closed_queues")
