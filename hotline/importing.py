"""Imports of customers as the settings want them: folder, key, storage."""

from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Literal

from crm_lookup.errors import CrmError
from crm_lookup.importing.checking import CLOSE_AT_MOST, Rules
from crm_lookup.importing.ports import CustomerSink
from crm_lookup.importing.records import Note
from crm_lookup.importing.sqlite import SqliteSink
from crm_lookup.keys import DataKey
from crm_lookup.numbers import NumberReader
from hotline import db
from hotline.asterisk.secrets import load_secrets
from hotline.privacy.keys import open_sealer
from hotline.settings import Settings


def import_folder(settings: Settings) -> Path:
    """Return where stages lie and which import runs is known."""
    return settings.state_dir / "imports"


def import_rules(
    settings: Settings,
    *,
    missing: Literal["keep", "close"] = "keep",
    close_at_most: float = CLOSE_AT_MOST,
    dry_run: bool = False,
) -> Rules:
    return Rules(
        key=_key(settings),
        numbers=NumberReader(settings.home_region),
        zone=settings.zone,
        missing=missing,
        close_at_most=close_at_most,
        dry_run=dry_run,
        sealing=open_sealer(settings),
    )


@contextmanager
def open_sink(settings: Settings, *, read_only: bool = False) -> Iterator[CustomerSink]:
    """The storage of these settings; the schema must be up to date, and stays so meanwhile."""
    url = settings.database_url
    db.require_current(url)
    with db.in_use(url), closing(_sink(url, _key(settings), read_only=read_only)) as sink:
        yield sink


def _sink(url: str, key: DataKey, *, read_only: bool) -> CustomerSink:
    if db.is_server(url):
        from crm_lookup.importing.postgres import PostgresSink

        return PostgresSink(db.server_dsn(url), key=key)
    return SqliteSink(db.sqlite_path(url), key=key, read_only=read_only)


def unfinished_import(settings: Settings) -> Note | None:
    """Return the import that was interrupted; ``None`` also where there is no database yet."""
    try:
        with open_sink(settings, read_only=True) as sink:
            return sink.unfinished()
    except (CrmError, db.DatabaseError):
        return None


def _key(settings: Settings) -> DataKey:
    return DataKey(bytes.fromhex(load_secrets(settings).lookup))
