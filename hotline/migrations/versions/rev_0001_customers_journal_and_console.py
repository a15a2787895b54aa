"""Customers, journal and console."""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None


def upgrade() -> None:
    op.create_table(
        "crm_meta",
        sa.Column("name", sa.String(length=64), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("name", name=op.f("pk_crm_meta")),
        comment="Facts about the data set: the check value of its key, how it was seeded",
    )
    op.create_table(
        "customers",
        sa.Column(
            "customer_id", sa.String(length=32), nullable=False, comment="The bank's own id"
        ),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("name", sa.String(length=128), nullable=False),
        sa.Column(
            "family_name",
            sa.String(length=64),
            nullable=False,
            comment="What masking may show; empty for a company",
        ),
        sa.Column("segment", sa.String(length=24), nullable=False),
        sa.Column("segment_reason_zh", sa.String(length=256), nullable=False),
        sa.Column("segment_reason_en", sa.String(length=256), nullable=False),
        sa.Column("language", sa.String(length=24), nullable=False),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("since", sa.Date(), nullable=False),
        sa.Column("relationship_manager", sa.String(length=64), nullable=True),
        sa.Column("updated_at", sa.Double(), nullable=False),
        sa.CheckConstraint("kind IN ('person', 'company')", name=op.f("ck_customers_kind")),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_customers_language")),
        sa.CheckConstraint(
            "segment IN ('diamond', 'gold', 'silver', 'standard')",
            name=op.f("ck_customers_segment"),
        ),
        sa.CheckConstraint(
            "status IN ('customer', 'prospect', 'closed')", name=op.f("ck_customers_status")
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customers")),
    )
    op.create_table(
        "accounts",
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column(
            "tail", sa.String(length=4), nullable=False, comment="Last four digits, read to people"
        ),
        sa.Column("currency", sa.String(length=3), nullable=False),
        sa.Column(
            "balance", sa.BigInteger(), nullable=False, comment="Negative: the customer owes"
        ),
        sa.Column("credit_limit", sa.BigInteger(), nullable=True),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("opened", sa.Date(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('current', 'savings', 'credit_card', 'loan')", name=op.f("ck_accounts_kind")
        ),
        sa.CheckConstraint(
            "status IN ('open', 'frozen', 'closed')", name=op.f("ck_accounts_status")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_accounts_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("account_id", name=op.f("pk_accounts")),
    )
    with op.batch_alter_table("accounts", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_accounts_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "consents",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("purpose", sa.String(length=24), nullable=False),
        sa.Column("granted_at", sa.Double(), nullable=False),
        sa.Column("withdrawn_at", sa.Double(), nullable=True),
        sa.CheckConstraint(
            "purpose IN ('marketing', 'recording', 'analysis')", name=op.f("ck_consents_purpose")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_consents_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", "purpose", name=op.f("pk_consents")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_flags",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("flag", sa.String(length=24), nullable=False),
        sa.Column("since", sa.Double(), nullable=False),
        sa.CheckConstraint(
            "flag IN ('complaint', 'fraud', 'collections')", name=op.f("ck_customer_flags_flag")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_customer_flags_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", "flag", name=op.f("pk_customer_flags")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "customer_numbers",
        sa.Column("number", sa.String(length=20), nullable=False, comment="E.164"),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("is_primary", sa.Boolean(), nullable=False),
        sa.CheckConstraint(
            "kind IN ('mobile', 'home', 'work')", name=op.f("ck_customer_numbers_kind")
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_customer_numbers_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("number", "customer_id", name=op.f("pk_customer_numbers")),
        sqlite_with_rowid=False,
    )
    with op.batch_alter_table("customer_numbers", schema=None) as batch_op:
        batch_op.create_index(
            batch_op.f("ix_customer_numbers_customer_id"), ["customer_id"], unique=False
        )

    op.create_table(
        "holdings",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column(
            "product",
            sa.String(length=24),
            nullable=False,
            comment="A code of crm_lookup.catalogue",
        ),
        sa.Column("opened", sa.Date(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_holdings_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", "product", name=op.f("pk_holdings")),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "interactions",
        sa.Column(
            "interaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("channel", sa.String(length=24), nullable=False),
        sa.Column("topic", sa.String(length=24), nullable=False),
        sa.Column("summary_zh", sa.String(length=256), nullable=False),
        sa.Column("summary_en", sa.String(length=256), nullable=False),
        sa.Column(
            "call_id",
            sa.String(length=36),
            nullable=True,
            comment="Joins a phone call to the journal",
        ),
        sa.CheckConstraint(
            "channel IN ('phone', 'branch', 'app', 'web', 'message')",
            name=op.f("ck_interactions_channel"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_interactions_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("interaction_id", name=op.f("pk_interactions")),
    )
    with op.batch_alter_table("interactions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_interactions_customer_id_at", ["customer_id", "at"], unique=False
        )

    op.create_table(
        "offer_responses",
        sa.Column(
            "response_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column(
            "offer_id", sa.String(length=24), nullable=False, comment="A code of crm_lookup.offers"
        ),
        sa.Column("at", sa.Double(), nullable=False),
        sa.Column("response", sa.String(length=24), nullable=False),
        sa.Column("agent_id", sa.String(length=64), nullable=True),
        sa.Column("call_id", sa.String(length=36), nullable=True),
        sa.CheckConstraint(
            "response IN ('presented', 'accepted', 'declined')",
            name=op.f("ck_offer_responses_response"),
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_offer_responses_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("response_id", name=op.f("pk_offer_responses")),
    )
    with op.batch_alter_table("offer_responses", schema=None) as batch_op:
        batch_op.create_index(
            "ix_offer_responses_customer_id_at", ["customer_id", "at"], unique=False
        )

    op.create_table(
        "pins",
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column(
            "pin_hash", sa.String(length=256), nullable=False, comment="argon2id, encoded form"
        ),
        sa.Column("failures", sa.Integer(), server_default="0", nullable=False),
        sa.Column("locked_until", sa.Double(), nullable=True),
        sa.Column("changed_at", sa.Double(), nullable=False),
        sa.CheckConstraint("failures >= 0", name=op.f("ck_pins_failures")),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_pins_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_pins")),
    )
    op.create_table(
        "cards",
        sa.Column("card_id", sa.String(length=32), nullable=False),
        sa.Column("customer_id", sa.String(length=32), nullable=False),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("number_hash", sa.String(length=64), nullable=False, comment="Keyed, hex"),
        sa.Column("tail", sa.String(length=4), nullable=False),
        sa.Column("kind", sa.String(length=24), nullable=False),
        sa.Column("status", sa.String(length=24), nullable=False),
        sa.Column("expires", sa.Date(), nullable=False),
        sa.CheckConstraint("kind IN ('debit', 'credit')", name=op.f("ck_cards_kind")),
        sa.CheckConstraint(
            "status IN ('active', 'lost', 'blocked', 'expired')", name=op.f("ck_cards_status")
        ),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name=op.f("fk_cards_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.ForeignKeyConstraint(
            ["customer_id"],
            ["customers.customer_id"],
            name=op.f("fk_cards_customer_id_customers"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("card_id", name=op.f("pk_cards")),
        sa.UniqueConstraint("number_hash", name=op.f("uq_cards_number_hash")),
    )
    with op.batch_alter_table("cards", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_cards_account_id"), ["account_id"], unique=False)
        batch_op.create_index(batch_op.f("ix_cards_customer_id"), ["customer_id"], unique=False)

    op.create_table(
        "transactions",
        sa.Column(
            "transaction_id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False
        ),
        sa.Column("account_id", sa.String(length=32), nullable=False),
        sa.Column("booked_at", sa.Double(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False, comment="Negative: left the account"),
        sa.Column("balance_after", sa.BigInteger(), nullable=False),
        sa.Column(
            "kind",
            sa.String(length=24),
            nullable=False,
            comment="salary, rent, shopping, instalment, …",
        ),
        sa.Column("counterparty", sa.String(length=128), nullable=False),
        sa.ForeignKeyConstraint(
            ["account_id"],
            ["accounts.account_id"],
            name=op.f("fk_transactions_account_id_accounts"),
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("transaction_id", name=op.f("pk_transactions")),
    )
    with op.batch_alter_table("transactions", schema=None) as batch_op:
        batch_op.create_index(
            "ix_transactions_account_id_booked_at", ["account_id", "booked_at"], unique=False
        )

    op.create_table(
        "journal",
        sa.Column(
            "seq",
            sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
            autoincrement=False,
            nullable=False,
        ),
        sa.Column("at", sa.Float(precision=53), nullable=False),
        sa.Column("server", sa.Text(), nullable=False),
        sa.Column("call_id", sa.Text(), nullable=True),
        sa.Column("type", sa.Text(), nullable=False),
        sa.Column("body", sa.Text(), nullable=False),
        sa.Column("prev_hash", sa.LargeBinary(length=32), nullable=False),
        sa.Column("hash", sa.LargeBinary(length=32), nullable=False),
        sa.PrimaryKeyConstraint("seq", name=op.f("pk_journal")),
    )
    with op.batch_alter_table("journal", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_journal_at"), ["at"], unique=False)
        batch_op.create_index(batch_op.f("ix_journal_call_id"), ["call_id"], unique=False)

    op.create_table(
        "users",
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("agent_id", sa.String(length=32), nullable=True),
        sa.Column("display_name", sa.String(length=120), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("language", sa.String(length=8), nullable=False),
        sa.Column("password_hash", sa.String(length=256), nullable=False),
        sa.Column("disabled", sa.Boolean(), nullable=False),
        sa.Column("failed_attempts", sa.Integer(), nullable=False),
        sa.Column("locked_until", sa.Float(), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.CheckConstraint("language IN ('zh', 'en')", name=op.f("ck_users_language")),
        sa.CheckConstraint(
            "role IN ('agent', 'leader', 'supervisor', 'admin')", name=op.f("ck_users_role")
        ),
        sa.PrimaryKeyConstraint("login", name=op.f("pk_users")),
        sa.UniqueConstraint("agent_id", name=op.f("uq_users_agent_id")),
    )
    op.create_table(
        "phones",
        sa.Column("extension", sa.String(length=32), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("sip_secret", sa.String(length=128), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.ForeignKeyConstraint(
            ["login"], ["users.login"], name=op.f("fk_phones_login_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("extension", name=op.f("pk_phones")),
    )
    with op.batch_alter_table("phones", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_phones_login"), ["login"], unique=False)

    op.create_table(
        "sessions",
        sa.Column("session_id", sa.String(length=32), nullable=False),
        sa.Column("token_hash", sa.String(length=64), nullable=False),
        sa.Column("login", sa.String(length=64), nullable=False),
        sa.Column("created_at", sa.Float(), nullable=False),
        sa.Column("seen_at", sa.Float(), nullable=False),
        sa.Column("expires_at", sa.Float(), nullable=False),
        sa.Column("address", sa.String(length=64), nullable=False),
        sa.Column("user_agent", sa.String(length=200), nullable=False),
        sa.ForeignKeyConstraint(
            ["login"], ["users.login"], name=op.f("fk_sessions_login_users"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("session_id", name=op.f("pk_sessions")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_sessions_token_hash")),
    )
    with op.batch_alter_table("sessions", schema=None) as batch_op:
        batch_op.create_index(batch_op.f("ix_sessions_expires_at"), ["expires_at"], unique=False)
        batch_op.create_index(batch_op.f("ix_sessions_login"), ["login"], unique=False)
