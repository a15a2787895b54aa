"""What stands in a PostgreSQL database, and whether its server is fit for us."""

import msgspec
import sqlalchemy as sa

from hotline.db.server import OLDEST

_NAMES = sa.text(
    "SELECT c.relname FROM pg_class AS c "
    "WHERE c.relkind IN ('r', 'p') AND c.relnamespace = current_schema()::regnamespace "
    "ORDER BY c.relname"
)


class ServerStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What one look at the database says."""

    version: str
    revision: str | None
    tables: dict[str, int]
    size: int
    fault: str
    """Why it cannot be used; empty if it can."""
    risk: str
    """What a power cut would cost; empty if nothing."""


def look(connection: sa.Connection) -> ServerStatus:
    """Look at an open database; counts every row."""
    names = [row[0] for row in connection.execute(_NAMES)]
    quote = connection.dialect.identifier_preparer.quote
    counted = {
        name: connection.scalar(sa.text(f"SELECT count(*) FROM {quote(name)}"))  # noqa: S608 - a name that the database itself gave
        or 0
        for name in names
    }
    revision = None
    if "alembic_version" in counted:
        revision = connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
    size = connection.scalar(sa.text("SELECT pg_database_size(current_database())"))
    return ServerStatus(
        version=str(connection.scalar(sa.text("SHOW server_version"))),
        revision=revision,
        tables=counted,
        size=int(size or 0),
        fault=unfit(connection),
        risk=risk_of(connection),
    )


def unfit(connection: sa.Connection) -> str:
    """Say what keeps us from using this server; empty if nothing does."""
    number = int(connection.scalar(sa.text("SHOW server_version_num")) or 0)
    if number // 10_000 < OLDEST:
        return f"PostgreSQL {number // 10_000} is too old: use {OLDEST} or newer"
    encoding = connection.scalar(sa.text("SHOW server_encoding"))
    if encoding != "UTF8":
        return f"the database's encoding is {encoding}: create it with ENCODING 'UTF8'"
    order = connection.scalar(
        sa.text("SELECT datcollate FROM pg_database WHERE datname = current_database()")
    )
    if str(order).split(".")[0] not in {"C", "POSIX"}:
        # Ids are looked for by their beginning, and listed, in the order of their bytes.
        return f"the database sorts as {order}: create it with LOCALE 'C' TEMPLATE template0"
    return ""


def risk_of(connection: sa.Connection) -> str:
    """Say how this server could lose what it has confirmed; empty if it cannot."""
    settings = ("fsync", "full_page_writes", "synchronous_commit")
    off = [name for name in settings if connection.scalar(sa.text(f"SHOW {name}")) == "off"]
    return f"the server runs with {', '.join(off)} = off" if off else ""
