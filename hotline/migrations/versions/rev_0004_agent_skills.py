"""The queues whose calls an agent takes, and in which order agents are asked."""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_table(
        "agent_skills",
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("queue", sa.String(length=32), nullable=False),
        sa.Column("penalty", sa.Integer(), nullable=False),
        sa.ForeignKeyConstraint(
            ["login"],
            ["users.login"],
            name=op.f("fk_agent_skills_login_users"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("login", "queue", name=op.f("pk_agent_skills")),
    )


def downgrade() -> None:
    op.drop_table("agent_skills")
