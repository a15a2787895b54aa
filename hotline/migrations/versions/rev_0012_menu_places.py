"""Where customers' calls broke off in the menu."""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0010"


def upgrade() -> None:
    op.create_table(
        "menu_places",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Double(), nullable=False, comment="When the call broke off"),
        sa.Column("flow", sa.String(length=64), nullable=False),
        sa.Column("node", sa.String(length=255), nullable=False),
        sa.Column("topic", sa.String(length=64), nullable=False),
        sa.Column(
            "position",
            sa.String(length=255),
            nullable=False,
            comment="The page that was being read",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_menu_places_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_menu_places")),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("menu_places")
