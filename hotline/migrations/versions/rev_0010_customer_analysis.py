"""Scores, runs of the analysis, history of segments."""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0011"


def upgrade() -> None:
    op.add_column("offer_responses", sa.Column("segment", sa.String(length=24), nullable=True))
    op.create_table(
        "analysis_runs",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=True),
        sa.Column("as_of", sa.Double(), nullable=False),
        sa.Column("customers", sa.Integer(), nullable=False),
        sa.Column("marks", sa.Text(), nullable=False),
        sa.Column("yardsticks", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_analysis_runs")),
    )
    op.create_table(
        "analysis_todo",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_analysis_todo_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_analysis_todo")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_scores",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("as_of", sa.Double(), nullable=False),
        sa.Column("profit", sa.BigInteger(), nullable=False),
        sa.Column("potential", sa.BigInteger(), nullable=False),
        sa.Column("cost_to_serve", sa.BigInteger(), nullable=False),
        sa.Column("loyalty", sa.Integer(), nullable=False),
        sa.Column("credit_risk", sa.Integer(), nullable=False),
        sa.Column("conduct_risk", sa.Integer(), nullable=False),
        sa.Column("attrition", sa.Double(), nullable=False),
        sa.Column("recency_days", sa.Integer(), nullable=False),
        sa.Column("frequency", sa.Double(), nullable=False),
        sa.Column("monetary", sa.BigInteger(), nullable=False),
        sa.Column("rfm", sa.String(length=3), nullable=False),
        sa.Column("tenure_years", sa.Double(), nullable=False),
        sa.Column("assets", sa.BigInteger(), nullable=False),
        sa.Column("products", sa.Integer(), nullable=False),
        sa.Column("contact_preference", sa.String(length=24), nullable=False),
        sa.Column(
            "pattern",
            sa.String(length=24),
            nullable=False,
        ),
        sa.Column("rhythm", sa.String(length=32), nullable=False),
        sa.Column("value_class", sa.String(length=24), nullable=False),
        sa.Column("propensity", sa.String(length=256), nullable=False),
        sa.Column("why", sa.String(length=1024), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_customer_scores_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_scores")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("customer_scores", schema=None) as batch_op:
        batch_op.create_index("ix_customer_scores_as_of", ["as_of"], unique=False)

    op.create_table(
        "segment_history",
        sa.Column("move_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("before", sa.String(length=24), nullable=False),
        sa.Column("after", sa.String(length=24), nullable=False),
        sa.Column("reason_zh", sa.String(length=256), nullable=False),
        sa.Column("reason_en", sa.String(length=256), nullable=False),
        sa.Column("definition", sa.String(length=16), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_segment_history_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("move_id", name=op.f("pk_segment_history")),
    )
    with op.batch_alter_table("segment_history", schema=None) as batch_op:
        batch_op.create_index(
            "ix_segment_history_customer_id_at", ["customer_id", "at"], unique=False
        )
