"""Which storage the settings name for each part: SQLite's file or PostgreSQL.

The only place that chooses; everything else takes what it is given.
"""

from collections.abc import Coroutine
from pathlib import Path
from typing import Any

from crm_lookup.keys import DataKey
from crm_lookup.numbers import NumberReader
from crm_lookup.postgres import PostgresBank
from crm_lookup.sealing import PLAIN
from crm_lookup.sql.bank import SqlBank
from crm_lookup.sqlite import SqliteBank
from cti.callback_postgres import PostgresCallbacks
from cti.callback_store import CallbackStore, SqliteCallbacks
from cti.history.reader import HistoryReader
from cti.journal.postgres import ServerStorage
from cti.journal.sql import SqlJournal
from cti.journal.sqlite import FileStorage
from cti.journal.storage import Storage
from hotline import db
from hotline.privacy.callbacks import SealedCallbacks
from hotline.privacy.keys import open_sealer
from hotline.settings import Settings


def open_bank(settings: Settings, key: DataKey) -> Coroutine[Any, Any, SqlBank]:
    """Open the customers' database for this process."""
    url = settings.database_url
    options: dict[str, Any] = {
        "key": key,
        "numbers": NumberReader(settings.home_region),
        "zone": settings.zone,
        "sealer": open_sealer(settings),
    }
    if db.is_server(url):
        return PostgresBank.open(db.server_dsn(url), **options)
    return SqliteBank.open(db.sqlite_path(url), **options)


def journal_storage(url: str | Path) -> Storage:
    """Return where the journal lies; a path names SQLite's file.  Opens nothing."""
    if isinstance(url, Path):
        return FileStorage(url)
    if db.is_server(url):
        return ServerStorage(db.server_dsn(url), db.shown(url))
    return FileStorage(db.sqlite_path(url))


def open_journal(settings: Settings) -> SqlJournal:
    """Open the journal as its one owner; blocks."""
    return SqlJournal.open_in(journal_storage(settings.database_url))


def history(settings: Settings) -> HistoryReader:
    """Return a reader of the journal; opens nothing."""
    return HistoryReader(journal_storage(settings.database_url))


def callbacks(settings: Settings) -> CallbackStore:
    """Return the table of callbacks; opens nothing."""
    url = settings.database_url
    store: CallbackStore = (
        PostgresCallbacks(db.server_dsn(url))
        if db.is_server(url)
        else SqliteCallbacks(db.sqlite_path(url))
    )
    sealer = open_sealer(settings)
    return store if sealer is PLAIN else SealedCallbacks(store, sealer)
