"""The database as an operator sees it: migrate, look at, back up, restore.

Owns URLs, the file and its locks.  The customers', journal's and console's statements live in
their packages, each with connections of its own.  SQLite for now; the calls take URLs, so that a
server database can join.  Everything here blocks: call it at start-up or from a thread.
"""

from typing import Final

from hotline.db.files import backup, restore
from hotline.db.locks import in_use
from hotline.db.migrate import migration_config, require_current, upgrade
from hotline.db.revisions import head
from hotline.db.status import DatabaseStatus, status
from hotline.db.url import DatabaseError, engine, sqlite_path
from hotline.migrations import METADATA

TABLES: Final = frozenset(name for metadata in METADATA for name in metadata.tables)
"""Names of all tables that the schema must hold."""

__all__ = [
    "TABLES",
    "DatabaseError",
    "DatabaseStatus",
    "backup",
    "engine",
    "head",
    "in_use",
    "migration_config",
    "require_current",
    "restore",
    "sqlite_path",
    "status",
    "upgrade",
]
