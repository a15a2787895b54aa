"""The tables beside those of :mod:`crm_lookup.tables`: what people work on and write down, what is
sealed first of all, what was looked at, what was imported; the same conventions.

``privacy_audit`` only grows: the database itself refuses to change or delete a line.
"""

from typing import Final

import sqlalchemy as sa

from crm_lookup.tables import CODE, ID, ROW_ID, customer_column, metadata, one_of

customer_details = sa.Table(
    "customer_details",
    metadata,
    customer_column(primary_key=True),
    sa.Column("id_kind", CODE, comment="identity_card, passport, licence"),
    sa.Column("id_number", sa.String(512), comment="May be sealed"),
    sa.Column("address", sa.String(2048), comment="May be sealed"),
    sa.Column("email", sa.String(1024), comment="May be sealed"),
    sqlite_with_rowid=False,
)

service_cases = sa.Table(
    "service_cases",
    metadata,
    sa.Column("case_id", ID, primary_key=True),
    customer_column(),
    sa.Column("kind", CODE, nullable=False),
    sa.Column("status", CODE, nullable=False),
    sa.Column("subject_zh", sa.String(256), nullable=False),
    sa.Column("subject_en", sa.String(256), nullable=False),
    sa.Column("channel", CODE, nullable=False),
    sa.Column("opened_at", sa.Double, nullable=False),
    sa.Column("due_at", sa.Double),
    sa.Column("closed_at", sa.Double),
    sa.Column("owner", sa.String(64), comment="The agent or desk that works on it"),
    sa.Column("call_id", sa.String(36)),
    sa.Index("ix_service_cases_customer_id_opened_at", "customer_id", "opened_at"),
    one_of("kind", "enquiry", "complaint", "dispute", "fraud", "card_loss", "request"),
    one_of("status", "open", "waiting", "closed"),
)

customer_notes = sa.Table(
    "customer_notes",
    metadata,
    sa.Column("note_id", ROW_ID, primary_key=True),
    customer_column(),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("author", sa.String(64), nullable=False),
    sa.Column("body", sa.Text, nullable=False, comment="May be sealed"),
    sa.Column("call_id", sa.String(36)),
    sa.Index("ix_customer_notes_customer_id_at", "customer_id", "at"),
)

customer_offers = sa.Table(
    "customer_offers",
    metadata,
    customer_column(primary_key=True),
    sa.Column("offer_id", CODE, primary_key=True),
    sa.Column("score", sa.Double, nullable=False, comment="The greatest is offered first"),
    sa.Column("reason_zh", sa.String(256), nullable=False),
    sa.Column("reason_en", sa.String(256), nullable=False),
    sa.Column("model", sa.String(64), nullable=False, comment="What chose it, with its version"),
    sa.Column("made_at", sa.Double, nullable=False),
    sa.Column("expires_at", sa.Double),
    sqlite_with_rowid=False,
)

payment_failures = sa.Table(
    "payment_failures",
    metadata,
    sa.Column("failure_id", ROW_ID, primary_key=True),
    customer_column(),
    sa.Column("account_id", ID, sa.ForeignKey("accounts.account_id", ondelete="CASCADE")),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("amount", sa.BigInteger, nullable=False),
    sa.Column("currency", sa.String(3), nullable=False),
    sa.Column("payee", sa.String(128), nullable=False),
    sa.Column("cause", CODE, nullable=False),
    sa.Index("ix_payment_failures_customer_id_at", "customer_id", "at"),
    sa.Index("ix_payment_failures_account_id", "account_id"),
    one_of("cause", "funds", "limit", "card_blocked", "wrong_details", "technical"),
)

privacy_audit = sa.Table(
    "privacy_audit",
    metadata,
    sa.Column("audit_id", ROW_ID, primary_key=True),
    sa.Column("at", sa.Double, nullable=False),
    sa.Column("actor", sa.String(64), nullable=False, comment="Login, or the system's user"),
    sa.Column("role", CODE, nullable=False),
    sa.Column("action", CODE, nullable=False),
    sa.Column("customer_id", ID, nullable=False, index=True),
    sa.Column("field", CODE, nullable=False),
    sa.Column("level", CODE, nullable=False, comment="How the customer was verified"),
    sa.Column("reason", sa.String(256), nullable=False),
    sa.Column("call_id", sa.String(64), nullable=False),
    sa.Column("outcome", CODE, nullable=False),
    one_of("action", "unmask", "export", "erase"),
    one_of("level", "none", "number", "pin"),
    one_of("outcome", "shown", "refused", "done"),
)

import_runs = sa.Table(
    "import_runs",
    metadata,
    sa.Column("run_id", ROW_ID, primary_key=True),
    sa.Column("source", sa.String(256), nullable=False, comment="Name of the file"),
    sa.Column("digest", sa.String(64), nullable=False, comment="SHA-256 of the file"),
    sa.Column("started_at", sa.Double, nullable=False),
    sa.Column("finished_at", sa.Double, nullable=False),
    sa.Column("lines", sa.BigInteger, nullable=False),
    sa.Column("added", sa.BigInteger, nullable=False),
    sa.Column("changed", sa.BigInteger, nullable=False),
    sa.Column("unchanged", sa.BigInteger, nullable=False),
    sa.Column("rejected", sa.BigInteger, nullable=False),
)

GUARDS: Final = {
    "sqlite": tuple(
        f"CREATE TRIGGER privacy_audit_no_{what.lower()} BEFORE {what} ON privacy_audit "
        "BEGIN SELECT RAISE(ABORT, 'privacy_audit only grows'); END"
        for what in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION privacy_audit_only_grows() RETURNS trigger "
        "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'privacy_audit only grows'; END $$",
        "CREATE TRIGGER privacy_audit_guard BEFORE UPDATE OR DELETE ON privacy_audit "
        "FOR EACH ROW EXECUTE FUNCTION privacy_audit_only_grows()",
    ),
}
"""By dialect, what keeps the audit from changes."""

for _dialect, _statements in GUARDS.items():
    for _statement in _statements:
        _ddl = sa.DDL(_statement).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call] # SQLAlchemy's
        sa.event.listen(privacy_audit, "after_create", _ddl)
