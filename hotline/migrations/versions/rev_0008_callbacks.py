"""Callbacks that are not over, with the number to dial."""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0006"


def upgrade() -> None:
    op.create_table(
        "callbacks",
        sa.Column("callback_id", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("number", sa.Text(), nullable=False),
        sa.Column("cancel", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("callback_id", name=op.f("pk_callbacks")),
    )


def downgrade() -> None:
    op.drop_table("callbacks")
