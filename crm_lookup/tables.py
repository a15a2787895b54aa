"""The tables of customers, accounts and PINs (SQLAlchemy Core), portable to PostgreSQL.

Owns the schema only; :mod:`crm_lookup.sql` owns the hot statements, ``hotline/migrations`` the
history.  Money is integer minor units, timestamps are epoch seconds (UTC), dates are calendar
dates in the bank's time zone.  Card numbers and PINs never stand here in clear; where the bank
wants it, names, numbers and what :mod:`crm_lookup.contact_tables` adds are sealed as well.
"""

from typing import Final

import sqlalchemy as sa

metadata = sa.MetaData(
    naming_convention={
        "ix": "ix_%(column_0_label)s",
        "uq": "uq_%(table_name)s_%(column_0_name)s",
        "ck": "ck_%(table_name)s_%(constraint_name)s",
        "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
        "pk": "pk_%(table_name)s",
    }
)

ID: Final = sa.String(32)
CODE: Final = sa.String(24)
ROW_ID: Final = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
"""SQLite numbers rows by itself only in a column declared exactly INTEGER."""


def one_of(column: str, *values: str) -> sa.CheckConstraint:
    """Return the check that a column holds one of ``values``."""
    listed = ", ".join(f"'{value}'" for value in values)
    return sa.CheckConstraint(f"{column} IN ({listed})", name=column)


def customer_column(*, primary_key: bool = False, index: bool = False) -> sa.Column[str]:
    """Return the column that names the customer and goes with them."""
    return sa.Column(
        "customer_id",
        ID,
        sa.ForeignKey("customers.customer_id", ondelete="CASCADE"),
        primary_key=primary_key,
        index=index,
        nullable=False,
    )


crm_meta = sa.Table(
    "crm_meta",
    metadata,
    sa.Column("name", sa.String(64), primary_key=True),
    sa.Column("value", sa.Text, nullable=False),
    comment="Facts about the data set: the check value of its key, how it was seeded",
)

customers = sa.Table(
    "customers",
    metadata,
    sa.Column("customer_id", ID, primary_key=True, comment="The bank's own id"),
    sa.Column("kind", CODE, nullable=False),
    sa.Column("status", CODE, nullable=False),
    sa.Column("name", sa.String(512), nullable=False, comment="May be sealed"),
    sa.Column(
        "family_name",
        sa.String(256),
        nullable=False,
        comment="What masking may show; empty for a company; may be sealed",
    ),
    sa.Column("segment", CODE, nullable=False),
    sa.Column("segment_reason_zh", sa.String(256), nullable=False),
    sa.Column("segment_reason_en", sa.String(256), nullable=False),
    sa.Column("language", CODE, nullable=False),
    sa.Column("birth_year", sa.Integer),
    sa.Column("gender", CODE),
    sa.Column("city_code", sa.String(6), comment="Area code with its zero, such as 010"),
    sa.Column("since", sa.Date, nullable=False),
    sa.Column("relationship_manager", sa.String(64)),
    sa.Column("updated_at", sa.Double, nullable=False),
    sa.Column("external_id", sa.String(64), comment="In the system that imports come from"),
    sa.Column("source_mark", sa.String(32), comment="Keyed hash of the imported line"),
    sa.Index("ix_customers_name", "name"),
    sa.Index("ix_customers_external_id", "external_id", unique=True),
    one_of("kind", "person", "company"),
    one_of("gender", "female", "male"),
    one_of("status", "customer", "prospect", "closed"),
    one_of("segment", "diamond", "gold", "silver", "standard"),
    one_of("language", "zh", "en"),
)

customer_numbers = sa.Table(
    "customer_numbers",
    metadata,
    sa.Column(
        "number", sa.String(64), primary_key=True, comment="E.164, or its keyed hash if sealed"
    ),
    customer_column(primary_key=True, index=True),
    sa.Column("kind", CODE, nullable=False),
    sa.Column("is_primary", sa.Boolean, nullable=False),
    sa.Column(
        "relation",
        CODE,
        nullable=False,
        server_default="own",
        comment="Whose telephone it is: the customer's, the household's, a company's",
    ),
    sa.Column("sealed", sa.Text, comment="The number, where numbers are sealed"),
    one_of("kind", "mobile", "home", "work"),
    one_of("relation", "own", "household", "company"),
    sqlite_with_rowid=False,  # the look-up by number finds its row in the index itself
)

consents = sa.Table(
    "consents",
    metadata,
    customer_column(primary_key=True),
    sa.Column("purpose", CODE, primary_key=True),
    sa.Column("granted_at", sa.Double, nullable=False),
    sa.Column("withdrawn_at", sa.Double),
    one_of("purpose", "marketing", "recording", "analysis"),
    sqlite_with_rowid=False,
)

accounts = sa.Table(
    "accounts",
    metadata,
    sa.Column("account_id", ID, primary_key=True),
    customer_column(index=True),
    sa.Column("kind", CODE, nullable=False),
    sa.Column("tail", sa.String(4), nullable=False, comment="Last four digits, read to people"),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("balance", sa.BigInteger, nullable=False, comment="Negative: the customer owes"),
    sa.Column("credit_limit", sa.BigInteger),
    sa.Column("status", CODE, nullable=False),
    sa.Column("opened", sa.Date, nullable=False),
    one_of("kind", "current", "savings", "credit_card", "loan"),
    one_of("status", "open", "frozen", "closed"),
)

cards = sa.Table(
    "cards",
    metadata,
    sa.Column("card_id", ID, primary_key=True),
    customer_column(index=True),
    sa.Column(
        "account_id",
        ID,
        sa.ForeignKey("accounts.account_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("number_hash", sa.String(64), nullable=False, unique=True, comment="Keyed, hex"),
    sa.Column("tail", sa.String(4), nullable=False),
    sa.Column("kind", CODE, nullable=False),
    sa.Column("status", CODE, nullable=False),
    sa.Column("expires", sa.Date, nullable=False),
    one_of("kind", "debit", "credit"),
    one_of("status", "inactive", "active", "lost", "blocked", "expired"),
)

transactions = sa.Table(
    "transactions",
    metadata,
    sa.Column("transaction_id", ROW_ID, primary_key=True),
    sa.Column(
        "account_id",
        ID,
        sa.ForeignKey("accounts.account_id", ondelete="CASCADE"),
        nullable=False,
    ),
    sa.Column("booked_at", sa.Double, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False, comment="Negative: left the account"),
    sa.Column("balance_after", sa.BigInteger, nullable=False),
    sa.Column("kind", CODE, nullable=False, comment="salary, rent, shopping, instalment, …"),
    sa.Column("counterparty", sa.String(128), nullable=False),
    sa.Column("channel", CODE, nullable=False, server_default="other", comment="app, pos, atm, …"),
    sa.Column("category", CODE, nullable=False, server_default="other", comment="Of the payee"),
    sa.Index("ix_transactions_account_id_booked_at", "account_id", "booked_at"),
)

pins = sa.Table(
    "pins",
    metadata,
    customer_column(primary_key=True),
    sa.Column("pin_hash", sa.String(256), nullable=False, comment="argon2id, encoded form"),
    sa.Column("failures", sa.Integer, nullable=False, server_default="0"),
    sa.Column("locked_until", sa.Double),
    sa.Column("changed_at", sa.Double, nullable=False),
    sa.CheckConstraint("failures >= 0", name="failures"),
)

interactions = sa.Table(
    "interactions",
    metadata,
    sa.Column("interaction_id", ROW_ID, primary_key=True),
    customer_column(),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("channel", CODE, nullable=False),
    sa.Column("topic", CODE, nullable=False),
    sa.Column("summary_zh", sa.String(256), nullable=False),
    sa.Column("summary_en", sa.String(256), nullable=False),
    sa.Column("call_id", sa.String(36), comment="Joins a phone call to the journal"),
    sa.Column("agent_id", sa.String(64)),
    sa.Column("menu_path", sa.String(512), comment="Ids of visited nodes, joined by >"),
    sa.Column("satisfaction", sa.Integer, comment="1 to 5"),
    sa.Index("ix_interactions_customer_id_at", "customer_id", "at"),
    one_of("channel", "phone", "branch", "app", "web", "message", "email", "chat", "atm"),
    sa.CheckConstraint("satisfaction BETWEEN 1 AND 5", name="satisfaction"),
)

last_agents = sa.Table(
    "last_agents",
    metadata,
    customer_column(primary_key=True),
    sa.Column("agent_id", sa.String(64), nullable=False),
    sa.Column("at", sa.Double, nullable=False),
    sqlite_with_rowid=False,
)

menu_places = sa.Table(
    "menu_places",
    metadata,
    customer_column(primary_key=True),
    sa.Column("at", sa.Double, nullable=False, comment="When the call broke off"),
    sa.Column("flow", sa.String(64), nullable=False),
    sa.Column("node", sa.String(255), nullable=False),
    sa.Column("topic", sa.String(64), nullable=False),
    sa.Column("position", sa.String(255), nullable=False, comment="The page that was being read"),
    sqlite_with_rowid=False,
)

holdings = sa.Table(
    "holdings",
    metadata,
    customer_column(primary_key=True),
    sa.Column("product", CODE, primary_key=True, comment="A code of crm_lookup.catalogue"),
    sa.Column("opened", sa.Date, nullable=False),
    sa.Column("balance", sa.BigInteger, comment="Negative: the customer owes"),
    sa.Column("currency", sa.String(3)),
    sa.Column("matures", sa.Date),
    sqlite_with_rowid=False,
)

customer_flags = sa.Table(
    "customer_flags",
    metadata,
    customer_column(primary_key=True),
    sa.Column("flag", CODE, primary_key=True),
    sa.Column("since", sa.Double, nullable=False),
    one_of("flag", "complaint", "fraud", "collections"),
    sqlite_with_rowid=False,
)

offer_responses = sa.Table(
    "offer_responses",
    metadata,
    sa.Column("response_id", ROW_ID, primary_key=True),
    customer_column(),
    sa.Column("offer_id", CODE, nullable=False, comment="A code of crm_lookup.offers"),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("response", CODE, nullable=False),
    sa.Column("agent_id", sa.String(64)),
    sa.Column("call_id", sa.String(36)),
    sa.Column("segment", CODE, comment="Of the customer at that moment"),
    sa.Index("ix_offer_responses_customer_id_at", "customer_id", "at"),
    one_of("response", "presented", "accepted", "declined"),
)
