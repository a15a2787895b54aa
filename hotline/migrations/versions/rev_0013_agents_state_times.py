"""How long agents were free, engaged and paused.

The figures are folded from the journal anew, since their meaning changed: the table starts empty.
"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"

_SUMS = (
    *("offered", "answered", "missed", "completed", "wrapped_up", "disposed", "ring_ms"),
    *("talk_ms", "hold_ms", "wrap_up_ms", "available_ms", "engaged_ms", "paused_ms"),
)


def upgrade() -> None:
    op.drop_table("agent_intervals")
    op.create_table(
        "agent_intervals",
        sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False),
        sa.Column("agent_id", sa.Text(), nullable=False),
        sa.Column("queue", sa.Text(), nullable=False),
        *(sa.Column(name, sa.BigInteger(), nullable=False) for name in _SUMS),
        sa.PrimaryKeyConstraint("start", "agent_id", "queue", name=op.f("pk_agent_intervals")),
    )
