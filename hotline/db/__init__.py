"""The database as an operator sees it: migrate, look at, back up, restore.

Owns URLs, SQLite's file and the locks.  The customers', journal's and console's statements live in
their packages, each with connections of its own.  The calls take URLs: ``sqlite:///…`` or
``postgresql://…``.  Everything here blocks: call it at start-up or from a thread.
"""

from collections.abc import Callable
from typing import Final, TypeVar

import sqlalchemy as sa

from hotline.db.files import backup, restore
from hotline.db.locks import in_use
from hotline.db.migrate import migration_config, require_current, upgrade
from hotline.db.revisions import head
from hotline.db.server import async_server_engine, run_on_server
from hotline.db.status import DatabaseStatus, status
from hotline.db.url import DatabaseError, engine, is_server, place, server_dsn, shown, sqlite_path
from hotline.migrations import METADATA

ResultT = TypeVar("ResultT")

TABLES: Final = frozenset(name for metadata in METADATA for name in metadata.tables)
"""Names of all tables that the schema must hold."""


def run_sync(url: str, work: Callable[[sa.Connection], ResultT]) -> ResultT:
    """Run ``work`` in one transaction on either database, and return what it returns."""
    if is_server(url):
        return run_on_server(url, work)
    made = engine(url)
    try:
        with made.begin() as connection:
            return work(connection)
    finally:
        made.dispose()


__all__ = [
    "TABLES",
    "DatabaseError",
    "DatabaseStatus",
    "async_server_engine",
    "backup",
    "engine",
    "head",
    "in_use",
    "is_server",
    "migration_config",
    "place",
    "require_current",
    "restore",
    "run_sync",
    "server_dsn",
    "shown",
    "sqlite_path",
    "status",
    "upgrade",
]
