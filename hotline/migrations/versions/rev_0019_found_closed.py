"""How many callers found a queue closed.

The figures are folded anew from the journal: the format of the checkpoints went up with them.
"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"


def upgrade() -> None:
    with op.batch_alter_table("queue_intervals") as batch_op:
        batch_op.add_column(
            sa.Column("found_closed", sa.BigInteger(), nullable=False, server_default="0")
        )
    with op.batch_alter_table("queue_intervals") as batch_op:
        batch_op.alter_column("found_closed", server_default=None)


def downgrade() -> None:
    op.drop_column("queue_intervals", "found_closed")
