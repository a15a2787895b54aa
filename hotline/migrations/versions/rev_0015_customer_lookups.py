"""The audit of agents' searches for customers, which only grows, and finding people by name."""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"


def upgrade() -> None:
    op.create_table(
        "customer_lookups",
        sa.Column(
            "lookup_id",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            nullable=False,
        ),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("action", sa.String(length=16), nullable=False),
        sa.Column("fields", sa.String(length=64), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=True),
        sa.Column("found", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("lookup_id", name=op.f("pk_customer_lookups")),
    )
    op.create_index(op.f("ix_customer_lookups_at"), "customer_lookups", ["at"])
    op.create_index("ix_customers_name", "customers", ["name"])
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER customer_lookups_no_{what.lower()} BEFORE {what} "
                "ON customer_lookups "
                "BEGIN SELECT RAISE(ABORT, 'customer_lookups only grows'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION customer_lookups_only_grows() RETURNS trigger "
        "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'customer_lookups only grows'; END $$"
    )
    op.execute(
        "CREATE TRIGGER customer_lookups_guard BEFORE UPDATE OR DELETE ON customer_lookups "
        "FOR EACH ROW EXECUTE FUNCTION customer_lookups_only_grows()"
    )


def downgrade() -> None:
    op.drop_table("customer_lookups")
    op.drop_index("ix_customers_name", "customers")
