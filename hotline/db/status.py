"""What stands in a database, and whether it is sound."""

import sqlite3
from contextlib import closing
from pathlib import Path

import msgspec

from hotline.db.locks import is_used
from hotline.db.migrate import revision_of
from hotline.db.revisions import head
from hotline.db.server import run_on_server
from hotline.db.status_server import look
from hotline.db.url import DatabaseError, is_server, raw_connection, shown, sqlite_path


class DatabaseStatus(msgspec.Struct, frozen=True, kw_only=True):
    """What stands in a database."""

    path: Path | None = None
    """The file; ``None`` for a server."""
    place: str
    """The file, or the server's URL without its password."""
    version: str = ""
    """Of the server."""
    exists: bool
    """The file is there, or the server answers."""
    revision: str | None = None
    """``None``: no schema yet."""
    head: str
    """The revision that this program needs."""
    tables: dict[str, int] = msgspec.field(default_factory=dict)
    """Rows of each table."""
    size: int = 0
    """Bytes of the file and its write-ahead log, or of the server's database."""
    integrity: str = "ok"
    """``ok`` or the first fault that SQLite found, or what makes a server unfit."""
    risk: str = ""
    """How the server could lose what it confirmed; empty if it cannot."""
    in_use: bool = False
    """A service holds the database open."""

    @property
    def ready(self) -> bool:
        return self.exists and self.revision == self.head and self.integrity == "ok"


def status(url: str) -> DatabaseStatus:
    """Return what stands in the database; reads every page to check its integrity."""
    if is_server(url):
        return _server_status(url)
    path = sqlite_path(url)
    if not path.exists():
        return DatabaseStatus(path=path, place=str(path), exists=False, head=head())
    revision: str | None = None
    tables: dict[str, int] = {}
    try:
        with closing(raw_connection(path)) as connection:
            names = [
                row[0]
                for row in connection.execute(
                    "SELECT name FROM sqlite_master WHERE type = 'table' "
                    "AND name NOT LIKE 'sqlite_%' ORDER BY name"
                )
            ]
            for name in names:
                quoted = name.replace('"', '""')
                count = connection.execute(f'SELECT count(*) FROM "{quoted}"')  # noqa: S608 - a name that the database itself gave
                tables[name] = count.fetchone()[0]
            revision = revision_of(url)
            integrity = fault_in(connection)
    except sqlite3.DatabaseError as error:
        integrity = str(error)
    wal = path.with_name(path.name + "-wal")
    return DatabaseStatus(
        path=path,
        place=str(path),
        exists=True,
        revision=revision,
        head=head(),
        tables=tables,
        size=path.stat().st_size + (wal.stat().st_size if wal.exists() else 0),
        integrity=integrity,
        in_use=is_used(url),
    )


def _server_status(url: str) -> DatabaseStatus:
    try:
        found = run_on_server(url, look)
        used = is_used(url)
    except DatabaseError as error:
        return DatabaseStatus(place=shown(url), exists=False, head=head(), integrity=str(error))
    return DatabaseStatus(
        place=shown(url),
        version=found.version,
        exists=True,
        revision=found.revision,
        head=head(),
        tables=found.tables,
        size=found.size,
        integrity=found.fault or "ok",
        risk=found.risk,
        in_use=used,
    )


def fault_in(connection: sqlite3.Connection) -> str:
    """Return ``ok`` or the first fault in pages, indexes or references."""
    first = str(connection.execute("PRAGMA integrity_check(1)").fetchone()[0])
    if first != "ok":
        return first
    orphan = connection.execute("PRAGMA foreign_key_check").fetchone()
    return "ok" if orphan is None else f"table {orphan[0]}: a row refers to a missing {orphan[2]}"
