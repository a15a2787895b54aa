"""The tables of the embedded ledger beyond accounts, cards and transactions; see
:mod:`crm_lookup.tables` for the conventions.

``bank_audit`` only grows: the database itself refuses to change or delete a line.
"""

from typing import Final

import sqlalchemy as sa

from crm_lookup.tables import CODE, ID, ROW_ID, customer_column, metadata, one_of

_HOUR: Final = sa.String(5)


def _account(*, primary_key: bool = True) -> sa.Column[str]:
    return sa.Column(
        "account_id",
        ID,
        sa.ForeignKey("accounts.account_id", ondelete="CASCADE"),
        primary_key=primary_key,
        nullable=False,
    )


card_bills = sa.Table(
    "card_bills",
    metadata,
    _account(),
    sa.Column("statement_on", sa.Date, primary_key=True),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("minimum", sa.BigInteger, nullable=False),
    sa.Column("paid", sa.BigInteger, nullable=False),
)

loans = sa.Table(
    "loans",
    metadata,
    _account(),
    sa.Column("product", CODE, nullable=False),
    sa.Column("due_on", sa.Date, nullable=False),
    sa.Column("due_amount", sa.BigInteger, nullable=False),
    sa.Column("overdue", sa.BigInteger, nullable=False),
    sa.Column("ends_on", sa.Date, nullable=False),
    one_of("product", "mortgage", "consumer_loan"),
)

deposits = sa.Table(
    "deposits",
    metadata,
    sa.Column("deposit_id", ID, primary_key=True),
    customer_column(index=True),
    sa.Column("tail", sa.String(4), nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("principal", sa.BigInteger, nullable=False),
    sa.Column("rate", sa.Integer, nullable=False, comment="Millionths a year"),
    sa.Column("months", sa.Integer, nullable=False),
    sa.Column("opened_on", sa.Date, nullable=False),
    sa.Column("matures_on", sa.Date, nullable=False),
    sa.Column("at_maturity", CODE, nullable=False),
    one_of("at_maturity", "renew", "pay_out"),
)

transfer_limits = sa.Table(
    "transfer_limits",
    metadata,
    customer_column(primary_key=True),
    sa.Column("channel", CODE, primary_key=True),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("single", sa.BigInteger, nullable=False),
    sa.Column("daily", sa.BigInteger, nullable=False),
    one_of("channel", "app", "web", "phone", "atm"),
)

card_orders = sa.Table(
    "card_orders",
    metadata,
    sa.Column("order_id", ID, primary_key=True),
    customer_column(index=True),
    sa.Column("card_id", ID, sa.ForeignKey("cards.card_id", ondelete="CASCADE")),
    sa.Column("kind", CODE, nullable=False),
    sa.Column("stage", CODE, nullable=False),
    sa.Column("ordered_on", sa.Date, nullable=False),
    sa.Column("expected_on", sa.Date, nullable=False),
    one_of("kind", "debit", "credit"),
    one_of("stage", "received", "in_production", "sent", "delivered", "activated"),
)

exchange_rates = sa.Table(
    "exchange_rates",
    metadata,
    sa.Column("currency", sa.String(3), primary_key=True),
    sa.Column("units", sa.Integer, nullable=False),
    sa.Column("home", sa.String(3), nullable=False),
    sa.Column("buy", sa.BigInteger, nullable=False),
    sa.Column("sell", sa.BigInteger, nullable=False),
    sa.Column("at", sa.Double, nullable=False),
)

deposit_rates = sa.Table(
    "deposit_rates",
    metadata,
    sa.Column("currency", sa.String(3), primary_key=True),
    sa.Column("months", sa.Integer, primary_key=True, autoincrement=False),
    sa.Column("rate", sa.Integer, nullable=False, comment="Millionths a year"),
    sa.Column("since", sa.Date, nullable=False),
)

branches = sa.Table(
    "branches",
    metadata,
    sa.Column("branch_code", sa.String(12), primary_key=True),
    sa.Column("city_code", sa.String(6), nullable=False, index=True),
    sa.Column("name_zh", sa.String(128), nullable=False),
    sa.Column("name_en", sa.String(128), nullable=False),
    sa.Column("address_zh", sa.String(256), nullable=False),
    sa.Column("address_en", sa.String(256), nullable=False),
    sa.Column("phone", sa.String(20), nullable=False),
    sa.Column("weekdays_open", _HOUR),
    sa.Column("weekdays_close", _HOUR),
    sa.Column("saturday_open", _HOUR),
    sa.Column("saturday_close", _HOUR),
    sa.Column("sunday_open", _HOUR),
    sa.Column("sunday_close", _HOUR),
)

bank_cases = sa.Table(
    "bank_cases",
    metadata,
    sa.Column("case_id", ROW_ID, primary_key=True),
    sa.Column("kind", CODE, nullable=False, comment="Name of the operation"),
    sa.Column("customer_id", ID, index=True, comment="Who asked, if that was known"),
    sa.Column("subject", sa.String(64), nullable=False, comment="Card, account or topic"),
    sa.Column("detail", sa.Text, nullable=False, comment="JSON; no card number, no PIN"),
    sa.Column("opened_at", sa.Double, nullable=False),
    sa.Column("channel", CODE, nullable=False),
    sa.Column("call_id", sa.String(64), nullable=False),
)

bank_answers = sa.Table(
    "bank_answers",
    metadata,
    sa.Column("order_key", sa.String(64), primary_key=True),
    sa.Column("fingerprint", sa.String(64), nullable=False),
    sa.Column("answer", sa.Text, nullable=False, comment="JSON, given again for the same key"),
    sa.Column("at", sa.Double, nullable=False),
)

bank_audit = sa.Table(
    "bank_audit",
    metadata,
    sa.Column("audit_id", ROW_ID, primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("customer_id", ID, index=True),
    sa.Column("channel", CODE, nullable=False),
    sa.Column("call_id", sa.String(64), nullable=False, index=True),
    sa.Column("level", CODE, nullable=False),
    sa.Column("action", CODE, nullable=False),
    sa.Column("subject", sa.String(128), nullable=False, comment="Masked"),
    sa.Column("key", sa.String(64), nullable=False),
    sa.Column("outcome", CODE, nullable=False),
    sa.Column("detail", sa.String(128), nullable=False),
    sa.Column("case_number", sa.String(24), nullable=False),
    one_of("level", "none", "number", "pin"),
    one_of("outcome", "begun", "done", "refused", "unknown"),
)

AUDIT_GUARDS: Final = tuple(
    f"CREATE TRIGGER bank_audit_no_{what.lower()} BEFORE {what} ON bank_audit "
    "BEGIN SELECT RAISE(ABORT, 'bank_audit only grows'); END"
    for what in ("UPDATE", "DELETE")
)
"""SQLite's words; on PostgreSQL see :data:`POSTGRESQL_GUARDS`."""

POSTGRESQL_GUARDS: Final = (
    "CREATE OR REPLACE FUNCTION bank_audit_only_grows() RETURNS trigger LANGUAGE plpgsql AS "
    "$$ BEGIN RAISE EXCEPTION 'bank_audit only grows'; END $$",
    "CREATE TRIGGER bank_audit_guard BEFORE UPDATE OR DELETE ON bank_audit "
    "FOR EACH ROW EXECUTE FUNCTION bank_audit_only_grows()",
)


def _guard(statements: tuple[str, ...], dialect: str) -> None:
    for statement in statements:
        ddl = sa.DDL(statement).execute_if(dialect=dialect)  # type: ignore[no-untyped-call] # SQLAlchemy's
        sa.event.listen(bank_audit, "after_create", ddl)


_guard(AUDIT_GUARDS, "sqlite")
_guard(POSTGRESQL_GUARDS, "postgresql")
