"""Bills, loans, deposits, limits, rates, branches; cases, answers by key, and the bank's audit."""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0007"

_ROW_ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
_BEFORE_CARDS = sa.Table(
    "cards",
    sa.MetaData(),
    sa.Column("card_id", sa.String(length=32), nullable=False),
    sa.Column("customer_id", sa.String(length=32), nullable=False),
    sa.Column("account_id", sa.String(length=32), nullable=False),
    sa.Column("number_hash", sa.String(length=64), nullable=False, comment="Keyed, hex"),
    sa.Column("tail", sa.String(length=4), nullable=False),
    sa.Column("kind", sa.String(length=24), nullable=False),
    sa.Column("status", sa.String(length=24), nullable=False),
    sa.Column("expires", sa.Date(), nullable=False),
    sa.CheckConstraint("kind IN ('debit', 'credit')", name="ck_cards_kind"),
    sa.CheckConstraint(
        "status IN ('active', 'lost', 'blocked', 'expired')", name="ck_cards_status"
    ),
    sa.ForeignKeyConstraint(
        ["account_id"],
        ["accounts.account_id"],
        name="fk_cards_account_id_accounts",
        ondelete="CASCADE",
    ),
    sa.ForeignKeyConstraint(
        ["customer_id"],
        ["customers.customer_id"],
        name="fk_cards_customer_id_customers",
        ondelete="CASCADE",
    ),
    sa.PrimaryKeyConstraint("card_id", name="pk_cards"),
    sa.UniqueConstraint("number_hash", name="uq_cards_number_hash"),
    sa.Index("ix_cards_account_id", "account_id"),
    sa.Index("ix_cards_customer_id", "customer_id"),
)
"""SQLite does not tell its checks, so the copy that Alembic makes must be told of them."""


def _own(table: str, column: str, target: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [column],
        [f"{target}.{column}"],
        name=op.f(f"fk_{table}_{column}_{target}"),
        ondelete="CASCADE",
    )


def upgrade() -> None:
    with op.batch_alter_table("cards", copy_from=_BEFORE_CARDS) as batch_op:
        batch_op.drop_constraint(op.f("ck_cards_status"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_cards_status"),
            "status IN ('inactive', 'active', 'lost', 'blocked', 'expired')",
        )
    _dealings()
    _public()
    _orders()


def _dealings() -> None:
    op.create_table(
        "card_bills",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("statement_on", sa.Date(), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("minimum", sa.BigInteger(), nullable=False),
        sa.Column("paid", sa.BigInteger(), nullable=False),
        _own("card_bills", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("account_id", "statement_on", name=op.f("pk_card_bills")),
    )
    op.create_table(
        "loans",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("product", sa.String(length=24), nullable=False),
        sa.Column("due_on", sa.Date(), nullable=False),
        sa.Column("due_amount", sa.BigInteger(), nullable=False),
        sa.Column("overdue", sa.BigInteger(), nullable=False),
        sa.Column("ends_on", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "product IN ('mortgage', 'consumer_loan')", name=op.f("ck_loans_product")
        ),
        _own("loans", "account_id", "accounts"),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_loans")),
    )
    op.create_table(
        "deposits",
        sa.Column("deposit_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("tail", sa.String(length=4), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("principal", sa.BigInteger(), nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False, comment="Millionths a year"),
        sa.Column("months", sa.Integer(), nullable=False),
        sa.Column("opened_on", sa.Date(), nullable=False),
        sa.Column("matures_on", sa.Date(), nullable=False),
        sa.Column("at_maturity", sa.String(length=24), nullable=False),
        sa.CheckConstraint(
            "at_maturity IN ('renew', 'pay_out')", name=op.f("ck_deposits_at_maturity")
        ),
        _own("deposits", "customer_id", "customers"),
        sa.PrimaryKeyConstraint("deposit_id", name=op.f("pk_deposits")),
    )
    op.create_index(op.f("ix_deposits_customer_id"), "deposits", ["customer_id"])
    op.create_table(
        "transfer_limits",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("channel", sa.String(length=24), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("single", sa.BigInteger(), nullable=False),
        sa.Column("daily", sa.BigInteger(), nullable=False),
        sa.CheckConstraint(
            "channel IN ('app', 'web', 'phone', 'atm')", name=op.f("ck_transfer_limits_channel")
        ),
        _own("transfer_limits", "customer_id", "customers"),
        sa.PrimaryKeyConstraint("customer_id", "channel", name=op.f("pk_transfer_limits")),
    )
    op.create_table(
        "card_orders",
        sa.Column("order_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("card_id", sa.String(length=32), nullable=True),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("stage", sa.String(length=24), nullable=False),
        sa.Column("ordered_on", sa.Date(), nullable=False),
        sa.Column("expected_on", sa.Date(), nullable=False),
        sa.CheckConstraint("kind IN ('debit', 'credit')", name=op.f("ck_card_orders_kind")),
        sa.CheckConstraint(
            "stage IN ('received', 'in_production', 'sent', 'delivered', 'activated')",
            name=op.f("ck_card_orders_stage"),
        ),
        _own("card_orders", "card_id", "cards"),
        _own("card_orders", "customer_id", "customers"),
        sa.PrimaryKeyConstraint("order_id", name=op.f("pk_card_orders")),
    )
    op.create_index(op.f("ix_card_orders_customer_id"), "card_orders", ["customer_id"])


def _public() -> None:
    op.create_table(
        "exchange_rates",
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("units", sa.Integer(), nullable=False),
        sa.Column("home", sa.String(length=3), nullable=False),
        sa.Column("buy", sa.BigInteger(), nullable=False),
        sa.Column("sell", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("currency", name=op.f("pk_exchange_rates")),
    )
    op.create_table(
        "deposit_rates",
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("months", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("rate", sa.Integer(), nullable=False, comment="Millionths a year"),
        sa.Column("since", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("currency", "months", name=op.f("pk_deposit_rates")),
    )
    hours = [
        sa.Column(f"{day}_{what}", sa.String(length=5), nullable=True)
        for day in ("weekdays", "saturday", "sunday")
        for what in ("open", "close")
    ]
    op.create_table(
        "branches",
        sa.Column("branch_code", sa.String(length=12), nullable=False),
        sa.Column("city_code", sa.String(length=6), nullable=False),
        sa.Column("name_zh", sa.String(length=128), nullable=False),
        sa.Column("name_en", sa.String(length=128), nullable=False),
        sa.Column("address_zh", sa.String(length=256), nullable=False),
        sa.Column("address_en", sa.String(length=256), nullable=False),
        sa.Column("phone", sa.String(length=20), nullable=False),
        *hours,
        sa.PrimaryKeyConstraint("branch_code", name=op.f("pk_branches")),
    )
    op.create_index(op.f("ix_branches_city_code"), "branches", ["city_code"])


def _orders() -> None:
    op.create_table(
        "bank_cases",
        sa.Column("case_id", _ROW_ID, nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False, comment="Name of the operation"),
        sa.Column(
            "customer_id",
            sa.String(length=32),
            nullable=True,
            comment="Who asked, if that was known",
        ),
        sa.Column(
            "subject", sa.String(length=64), nullable=False, comment="Card, account or topic"
        ),
        sa.Column("detail", sa.Text(), nullable=False, comment="JSON; no card number, no PIN"),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("channel", sa.String(length=24), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_bank_cases")),
    )
    op.create_index(op.f("ix_bank_cases_customer_id"), "bank_cases", ["customer_id"])
    op.create_table(
        "bank_answers",
        sa.Column("order_key", sa.String(length=64), nullable=False),
        sa.Column("fingerprint", sa.String(length=64), nullable=False),
        sa.Column(
            "answer", sa.Text(), nullable=False, comment="JSON, given again for the same key"
        ),
        sa.Column("at", sa.Double(), nullable=False),
        sa.PrimaryKeyConstraint("order_key", name=op.f("pk_bank_answers")),
    )
    op.create_table(
        "bank_audit",
        sa.Column("audit_id", _ROW_ID, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=True),
        sa.Column("channel", sa.String(length=24), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("level", sa.String(length=24), nullable=False),
        sa.Column("action", sa.String(length=24), nullable=False),
        sa.Column("subject", sa.String(length=128), nullable=False, comment="Masked"),
        sa.Column("key", sa.String(length=64), nullable=False),
        sa.Column("outcome", sa.String(length=24), nullable=False),
        sa.Column("detail", sa.String(length=128), nullable=False),
        sa.Column("case_number", sa.String(length=24), nullable=False),
        sa.CheckConstraint("level IN ('none', 'number', 'pin')", name=op.f("ck_bank_audit_level")),
        sa.CheckConstraint(
            "outcome IN ('begun', 'done', 'refused', 'unknown')",
            name=op.f("ck_bank_audit_outcome"),
        ),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_bank_audit")),
    )
    op.create_index(op.f("ix_bank_audit_call_id"), "bank_audit", ["call_id"])
    op.create_index(op.f("ix_bank_audit_customer_id"), "bank_audit", ["customer_id"])
    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER bank_audit_no_{what.lower()} BEFORE {what} ON bank_audit "
                "BEGIN SELECT RAISE(ABORT, 'bank_audit only grows'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION bank_audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
        "$$ BEGIN RAISE EXCEPTION 'bank_audit only grows'; END $$"
    )
    op.execute(
        "CREATE TRIGGER bank_audit_guard BEFORE UPDATE OR DELETE ON bank_audit "
        "FOR EACH ROW EXECUTE FUNCTION bank_audit_only_grows()"
    )
