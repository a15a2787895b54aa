"""Who searched for customers: a table that only grows, used by :mod:`agent_console.store`."""

from typing import Final

import sqlalchemy as sa

from agent_console.store.tables import metadata

lookups: Final = sa.Table(
    "customer_lookups",
    metadata,
    sa.Column(
        "lookup_id",
        sa.BigInteger().with_variant(sa.Integer(), "sqlite"),
        primary_key=True,
    ),
    sa.Column("at", sa.Double(), nullable=False, index=True),
    sa.Column("login", sa.String(64), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("action", sa.String(16), nullable=False),
    sa.Column("fields", sa.String(64), nullable=False),
    sa.Column("call_id", sa.String(64), nullable=False),
    sa.Column("customer_id", sa.String(32), nullable=True),
    sa.Column("found", sa.Integer(), nullable=False),
)
"""``action``: ``search``, ``link`` or ``prospect``; ``fields``: what was given, not its values."""

GUARDS: Final = {
    "sqlite": tuple(
        f"CREATE TRIGGER customer_lookups_no_{what.lower()} BEFORE {what} ON customer_lookups "
        "BEGIN SELECT RAISE(ABORT, 'customer_lookups only grows'); END"
        for what in ("UPDATE", "DELETE")
    ),
    "postgresql": (
        "CREATE OR REPLACE FUNCTION customer_lookups_only_grows() RETURNS trigger "
        "LANGUAGE plpgsql AS $$ BEGIN RAISE EXCEPTION 'customer_lookups only grows'; END $$",
        "CREATE TRIGGER customer_lookups_guard BEFORE UPDATE OR DELETE ON customer_lookups "
        "FOR EACH ROW EXECUTE FUNCTION customer_lookups_only_grows()",
    ),
}
for _dialect, _statements in GUARDS.items():
    for _statement in _statements:
        _ddl = sa.DDL(_statement).execute_if(dialect=_dialect)  # type: ignore[no-untyped-call] # SQLAlchemy's
        sa.event.listen(lookups, "after_create", _ddl)
