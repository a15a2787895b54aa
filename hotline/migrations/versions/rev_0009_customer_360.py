"""Cases, notes, computed offers, failed payments, sealed details, what was looked at and imported;
and further columns of customers, numbers, holdings, interactions and transactions."""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"

_CODE = sa.String(length=24)
_CUSTOMER = sa.String(length=32)


def _customer(table: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        ["customer_id"],
        ["customers.customer_id"],
        name=f"fk_{table}_customer_id_customers",
        ondelete="CASCADE",
    )


# SQLite does not tell its checks, so the copies that Alembic makes must be told of them.
_customers = sa.Table(
    "customers",
    sa.MetaData(),
    sa.Column("customer_id", _CUSTOMER, nullable=False, comment="The bank's own id"),
    sa.Column("kind", _CODE, nullable=False),
    sa.Column("status", _CODE, nullable=False),
    sa.Column("name", sa.String(length=128), nullable=False),
    sa.Column("family_name", sa.String(length=64), nullable=False),
    sa.Column("segment", _CODE, nullable=False),
    sa.Column("segment_reason_zh", sa.String(length=256), nullable=False),
    sa.Column("segment_reason_en", sa.String(length=256), nullable=False),
    sa.Column("language", _CODE, nullable=False),
    sa.Column("birth_year", sa.Integer()),
    sa.Column("since", sa.Date(), nullable=False),
    sa.Column("relationship_manager", sa.String(length=64)),
    sa.Column("updated_at", sa.Double(), nullable=False),
    sa.CheckConstraint("kind IN ('person', 'company')", name="ck_customers_kind"),
    sa.CheckConstraint("language IN ('zh', 'en')", name="ck_customers_language"),
    sa.CheckConstraint(
        "segment IN ('diamond', 'gold', 'silver', 'standard')", name="ck_customers_segment"
    ),
    sa.CheckConstraint("status IN ('customer', 'prospect', 'closed')", name="ck_customers_status"),
    sa.PrimaryKeyConstraint("customer_id", name="pk_customers"),
)
_numbers = sa.Table(
    "customer_numbers",
    sa.MetaData(),
    sa.Column("number", sa.String(length=20), nullable=False, comment="E.164"),
    sa.Column("customer_id", _CUSTOMER, nullable=False),
    sa.Column("kind", _CODE, nullable=False),
    sa.Column("is_primary", sa.Boolean(), nullable=False),
    sa.CheckConstraint("kind IN ('mobile', 'home', 'work')", name="ck_customer_numbers_kind"),
    _customer("customer_numbers"),
    sa.PrimaryKeyConstraint("number", "customer_id", name="pk_customer_numbers"),
    sa.Index("ix_customer_numbers_customer_id", "customer_id"),
    sqlite_with_rowid=False,
)
_interactions = sa.Table(
    "interactions",
    sa.MetaData(),
    sa.Column(
        "interaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
    ),
    sa.Column("customer_id", _CUSTOMER, nullable=False),
    sa.Column("at", sa.Double(), nullable=False),
    sa.Column("channel", _CODE, nullable=False),
    sa.Column("topic", _CODE, nullable=False),
    sa.Column("summary_zh", sa.String(length=256), nullable=False),
    sa.Column("summary_en", sa.String(length=256), nullable=False),
    sa.Column("call_id", sa.String(length=36), comment="Joins a phone call to the journal"),
    sa.CheckConstraint(
        "channel IN ('phone', 'branch', 'app', 'web', 'message')", name="ck_interactions_channel"
    ),
    _customer("interactions"),
    sa.PrimaryKeyConstraint("interaction_id", name="pk_interactions"),
    sa.Index("ix_interactions_customer_id_at", "customer_id", "at"),
)
_holdings = sa.Table(
    "holdings",
    sa.MetaData(),
    sa.Column("customer_id", _CUSTOMER, nullable=False),
    sa.Column("product", _CODE, nullable=False, comment="A code of crm_lookup.catalogue"),
    sa.Column("opened", sa.Date(), nullable=False),
    _customer("holdings"),
    sa.PrimaryKeyConstraint("customer_id", "product", name="pk_holdings"),
    sqlite_with_rowid=False,
)


def upgrade() -> None:
    _widen()
    _people()
    _work()
    _books()


def _widen() -> None:
    with op.batch_alter_table("customers", copy_from=_customers) as batch_op:
        batch_op.add_column(sa.Column("gender", _CODE))
        batch_op.add_column(
            sa.Column(
                "city_code", sa.String(length=6), comment="Area code with its zero, such as 010"
            )
        )
        batch_op.add_column(
            sa.Column(
                "external_id",
                sa.String(length=64),
                comment="In the system that imports come from",
            )
        )
        batch_op.add_column(
            sa.Column(
                "source_mark", sa.String(length=32), comment="Keyed hash of the imported line"
            )
        )
        batch_op.alter_column(
            "name", type_=sa.String(length=512), nullable=False, comment="May be sealed"
        )
        batch_op.alter_column(
            "family_name",
            type_=sa.String(length=256),
            nullable=False,
            comment="What masking may show; empty for a company; may be sealed",
        )
        batch_op.create_check_constraint(
            op.f("ck_customers_gender"), "gender IN ('female', 'male')"
        )
        batch_op.create_index("ix_customers_external_id", ["external_id"], unique=True)
    # Until now the bank's own id was the only one.
    op.execute("UPDATE customers SET external_id = customer_id")
    with op.batch_alter_table("customer_numbers", copy_from=_numbers) as batch_op:
        batch_op.add_column(
            sa.Column(
                "relation",
                _CODE,
                server_default="own",
                nullable=False,
                comment="Whose telephone it is: the customer's, the household's, a company's",
            )
        )
        batch_op.add_column(
            sa.Column("sealed", sa.Text(), comment="The number, where numbers are sealed")
        )
        batch_op.alter_column(
            "number",
            type_=sa.String(length=64),
            nullable=False,
            comment="E.164, or its keyed hash if sealed",
        )
        batch_op.create_check_constraint(
            op.f("ck_customer_numbers_relation"), "relation IN ('own', 'household', 'company')"
        )
    with op.batch_alter_table("holdings", copy_from=_holdings) as batch_op:
        batch_op.add_column(
            sa.Column("balance", sa.BigInteger(), comment="Negative: the customer owes")
        )
        batch_op.add_column(sa.Column("currency", sa.String(length=3)))
        batch_op.add_column(sa.Column("matures", sa.Date()))
    with op.batch_alter_table("interactions", copy_from=_interactions) as batch_op:
        batch_op.add_column(sa.Column("agent_id", sa.String(length=64)))
        batch_op.add_column(
            sa.Column(
                "menu_path", sa.String(length=512), comment="Ids of visited nodes, joined by >"
            )
        )
        batch_op.add_column(sa.Column("satisfaction", sa.Integer(), comment="1 to 5"))
        batch_op.drop_constraint(op.f("ck_interactions_channel"), type_="check")
        batch_op.create_check_constraint(
            op.f("ck_interactions_channel"),
            "channel IN ('phone', 'branch', 'app', 'web', 'message', 'email', 'chat', 'atm')",
        )
        batch_op.create_check_constraint(
            op.f("ck_interactions_satisfaction"), "satisfaction BETWEEN 1 AND 5"
        )
    with op.batch_alter_table("transactions") as batch_op:
        batch_op.add_column(
            sa.Column(
                "channel",
                _CODE,
                server_default="other",
                nullable=False,
                comment="app, pos, atm, …",
            )
        )
        batch_op.add_column(
            sa.Column(
                "category", _CODE, server_default="other", nullable=False, comment="Of the payee"
            )
        )


def _people() -> None:
    op.create_table(
        "customer_details",
        sa.Column("customer_id", _CUSTOMER, nullable=False),
        sa.Column("id_kind", _CODE, comment="identity_card, passport, licence"),
        sa.Column("id_number", sa.String(length=512), comment="May be sealed"),
        sa.Column("address", sa.String(length=2048), comment="May be sealed"),
        sa.Column("email", sa.String(length=1024), comment="May be sealed"),
        _customer("customer_details"),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_details")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_notes",
        sa.Column("note_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("customer_id", _CUSTOMER, nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("author", sa.String(length=64), nullable=False),
        sa.Column("body", sa.Text(), nullable=False, comment="May be sealed"),
        sa.Column("call_id", sa.String(length=36)),
        _customer("customer_notes"),
        sa.PrimaryKeyConstraint("note_id", name=op.f("pk_customer_notes")),
    )
    op.create_index("ix_customer_notes_customer_id_at", "customer_notes", ["customer_id", "at"])

    op.create_table(
        "customer_offers",
        sa.Column("customer_id", _CUSTOMER, nullable=False),
        sa.Column("offer_id", _CODE, nullable=False),
        sa.Column("score", sa.Double(), nullable=False, comment="The greatest is offered first"),
        sa.Column("reason_zh", sa.String(length=256), nullable=False),
        sa.Column("reason_en", sa.String(length=256), nullable=False),
        sa.Column(
            "model",
            sa.String(length=64),
            nullable=False,
            comment="What chose it, with its version",
        ),
        sa.Column("made_at", sa.Double(), nullable=False),
        sa.Column("expires_at", sa.Double()),
        _customer("customer_offers"),
        sa.PrimaryKeyConstraint("customer_id", "offer_id", name=op.f("pk_customer_offers")),
        sqlite_with_rowid=False,
    )


def _work() -> None:
    op.create_table(
        "service_cases",
        sa.Column("case_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", _CUSTOMER, nullable=False),
        sa.Column("kind", _CODE, nullable=False),
        sa.Column("status", _CODE, nullable=False),
        sa.Column("subject_zh", sa.String(length=256), nullable=False),
        sa.Column("subject_en", sa.String(length=256), nullable=False),
        sa.Column("channel", _CODE, nullable=False),
        sa.Column("opened_at", sa.Double(), nullable=False),
        sa.Column("due_at", sa.Double()),
        sa.Column("closed_at", sa.Double()),
        sa.Column("owner", sa.String(length=64), comment="The agent or desk that works on it"),
        sa.Column("call_id", sa.String(length=36)),
        sa.CheckConstraint(
            "kind IN ('enquiry', 'complaint', 'dispute', 'fraud', 'card_loss', 'request')",
            name=op.f("ck_service_cases_kind"),
        ),
        sa.CheckConstraint(
            "status IN ('open', 'waiting', 'closed')", name=op.f("ck_service_cases_status")
        ),
        _customer("service_cases"),
        sa.PrimaryKeyConstraint("case_id", name=op.f("pk_service_cases")),
    )
    op.create_index(
        "ix_service_cases_customer_id_opened_at", "service_cases", ["customer_id", "opened_at"]
    )

    op.create_table(
        "payment_failures",
        sa.Column(
            "failure_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("customer_id", _CUSTOMER, nullable=False),
        sa.Column("account_id", sa.String(length=32)),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column("payee", sa.String(length=128), nullable=False),
        sa.Column("cause", _CODE, nullable=False),
        sa.CheckConstraint(
            "cause IN ('funds', 'limit', 'card_blocked', 'wrong_details', 'technical')",
            name=op.f("ck_payment_failures_cause"),
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name=op.f("fk_payment_failures_account_id_accounts"),
            ondelete="CASCADE",
        ),
        _customer("payment_failures"),
        sa.PrimaryKeyConstraint("failure_id", name=op.f("pk_payment_failures")),
    )
    op.create_index("ix_payment_failures_account_id", "payment_failures", ["account_id"])
    op.create_index(
        "ix_payment_failures_customer_id_at", "payment_failures", ["customer_id", "at"]
    )


def _books() -> None:
    op.create_table(
        "import_runs",
        sa.Column("run_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("source", sa.String(length=256), nullable=False, comment="Name of the file"),
        sa.Column("digest", sa.String(length=64), nullable=False, comment="SHA-256 of the file"),
        sa.Column("started_at", sa.Double(), nullable=False),
        sa.Column("finished_at", sa.Double(), nullable=False),
        sa.Column("lines", sa.BigInteger(), nullable=False),
        sa.Column("added", sa.BigInteger(), nullable=False),
        sa.Column("changed", sa.BigInteger(), nullable=False),
        sa.Column("unchanged", sa.BigInteger(), nullable=False),
        sa.Column("rejected", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("run_id", name=op.f("pk_import_runs")),
    )
    op.create_table(
        "privacy_audit",
        sa.Column(
            "audit_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column(
            "actor", sa.String(length=64), nullable=False, comment="Login, or the system's user"
        ),
        sa.Column("role", _CODE, nullable=False),
        sa.Column("action", _CODE, nullable=False),
        sa.Column("customer_id", _CUSTOMER, nullable=False),
        sa.Column("field", _CODE, nullable=False),
        sa.Column("level", _CODE, nullable=False, comment="How the customer was verified"),
        sa.Column("reason", sa.String(length=256), nullable=False),
        sa.Column("call_id", sa.String(length=64), nullable=False),
        sa.Column("outcome", _CODE, nullable=False),
        sa.CheckConstraint(
            "action IN ('unmask', 'export', 'erase')", name=op.f("ck_privacy_audit_action")
        ),
        sa.CheckConstraint(
            "level IN ('none', 'number', 'pin')", name=op.f("ck_privacy_audit_level")
        ),
        sa.CheckConstraint(
            "outcome IN ('shown', 'refused', 'done')", name=op.f("ck_privacy_audit_outcome")
        ),
        sa.PrimaryKeyConstraint("audit_id", name=op.f("pk_privacy_audit")),
    )
    op.create_index(op.f("ix_privacy_audit_customer_id"), "privacy_audit", ["customer_id"])

    if op.get_bind().dialect.name == "sqlite":
        for what in ("UPDATE", "DELETE"):
            op.execute(
                f"CREATE TRIGGER privacy_audit_no_{what.lower()} BEFORE {what} ON privacy_audit "
                "BEGIN SELECT RAISE(ABORT, 'privacy_audit only grows'); END"
            )
        return
    op.execute(
        "CREATE OR REPLACE FUNCTION privacy_audit_only_grows() RETURNS trigger "
        "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'privacy_audit only grows'; END $$"
    )
    op.execute(
        "CREATE TRIGGER privacy_audit_guard BEFORE UPDATE OR DELETE ON privacy_audit "
        "FOR EACH ROW EXECUTE FUNCTION privacy_audit_only_grows()"
    )
