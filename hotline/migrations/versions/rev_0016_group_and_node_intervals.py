"""Figures by topic, segment and menu node, and the time that callers waited in queues.

The figures are folded anew from the journal: the format of the checkpoints went up with them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"

_GROUP_SUMS = (
    *("arrived", "calls", "solved", "messages", "hung_up", "reached", "gave_up", "turned_away"),
    *("offered", "answered", "abandoned", "left_queue", "transferred", "completed"),
    *("wrapped_up", "wait_answered_ms", "wait_abandoned_ms", "talk_ms", "hold_ms", "wrap_up_ms"),
    *("offers_presented", "offers_accepted", "offers_declined"),
    *("score_1", "score_2", "score_3", "score_4", "score_5"),
)
_NODE_SUMS = ("entered", "services", "went_on", "queued", "solved", "hung_up", "time_ms")


def _count(name: str) -> sa.Column[int]:
    return sa.Column(name, sa.BigInteger(), nullable=False)


def _start() -> sa.Column[int]:
    return sa.Column("start", sa.BigInteger(), autoincrement=False, nullable=False)


def _text(name: str) -> sa.Column[str]:
    return sa.Column(name, sa.Text(), nullable=False)


def upgrade() -> None:
    with op.batch_alter_table("queue_intervals") as batch_op:
        batch_op.add_column(
            sa.Column("waiting_ms", sa.BigInteger(), nullable=False, server_default="0")
        )
    with op.batch_alter_table("queue_intervals") as batch_op:
        batch_op.alter_column("waiting_ms", server_default=None)
    op.create_table(
        "group_intervals",
        _start(),
        _text("kind"),
        _text("name"),
        *(_count(name) for name in _GROUP_SUMS),
        sa.PrimaryKeyConstraint("start", "kind", "name", name=op.f("pk_group_intervals")),
    )
    op.create_table(
        "node_intervals",
        _start(),
        _text("flow"),
        _text("node"),
        *(_count(name) for name in _NODE_SUMS),
        sa.PrimaryKeyConstraint("start", "flow", "node", name=op.f("pk_node_intervals")),
    )
    op.create_table(
        "group_waits",
        _start(),
        *(_text(name) for name in ("kind", "name", "queue", "outcome")),
        sa.Column("seconds", sa.Integer(), autoincrement=False, nullable=False),
        _count("calls"),
        sa.PrimaryKeyConstraint(
            *("start", "kind", "name", "queue", "outcome", "seconds"),
            name=op.f("pk_group_waits"),
        ),
    )


def downgrade() -> None:
    op.drop_table("group_waits")
    op.drop_table("node_intervals")
    op.drop_table("group_intervals")
    op.drop_column("queue_intervals", "waiting_ms")
