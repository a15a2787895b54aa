"""Everything held of one customer: collected for an export, or removed.

What stays after an erasure is what the law makes a bank keep: that a case was opened, what was
ordered and who looked (``bank_cases``, the audits, the journal), under the customer's id alone.
The journal is never changed, so that its hash chain still verifies: it holds ids and pseudonyms,
and the key of the pseudonyms is replaced, so that nobody can tie them to a number any more.
"""

import asyncio
import json
import os
import sqlite3
import time
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date
from pathlib import Path
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from agent_console.store import SqlWorkStore
from agent_console.store.integration_tables import api_deliveries
from crm_lookup import sealing, tables
from crm_lookup.bank.tables import bank_cases
from crm_lookup.changes import ANNOUNCE
from crm_lookup.errors import CrmError
from crm_lookup.masking import masked_name
from crm_lookup.sealing import Sealer
from cti.journal.tables import journal
from hotline import db, voicemail
from hotline.accounts import async_engine
from hotline.asterisk.secrets import renew_pseudonyms
from hotline.migrations import METADATA
from hotline.privacy.audit import note
from hotline.privacy.keys import open_sealer
from hotline.settings import Settings
from hotline.storage import callbacks

SCHEMA: Final = "hotline.customer/1"
"""Raised when the shape of an export changes."""
CANCEL_SECONDS: Final = 8.0
"""For the engine to carry out the cancellation of callbacks."""

_SEALED: Final = {
    ("customers", "name"): sealing.NAME,
    ("customers", "family_name"): sealing.FAMILY_NAME,
    ("customer_details", "id_number"): sealing.ID_NUMBER,
    ("customer_details", "address"): sealing.ADDRESS,
    ("customer_details", "email"): sealing.EMAIL,
    ("customer_notes", "body"): sealing.NOTE,
}
_SECRET: Final = {("pins", "pin_hash"), ("cards", "number_hash"), ("customers", "source_mark")}
"""What proves or finds somebody and tells them nothing; an export leaves it out."""


class NoCustomerError(CrmError):
    def __init__(self, customer_id: str) -> None:
        super().__init__(f"there is no customer {customer_id!r}: the id is the bank's own")


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What an erasure removed."""

    rows: int
    """Of the customer's own tables."""
    notes: int
    """Of agents: texts about calls, follow-ups."""
    voicemails: int
    callbacks: int
    kept: dict[str, int]
    """Rows that stay under the customer's id, by table."""


def collect(settings: Settings, customer_id: str, *, reason: str) -> dict[str, Any]:
    """Return everything held of a customer, and note in the audit that it was taken.

    Raises :class:`NoCustomerError`.
    """
    sealer = open_sealer(settings)

    def work(connection: sa.Connection) -> dict[str, Any]:
        note(connection, "export", customer_id, reason)
        _require(connection, customer_id)
        held = {
            table.name: [_opened(table.name, row, sealer) for row in rows]
            for table, rows in _held(connection, customer_id)
        }
        calls = _calls(connection, customer_id)
        held["journal"] = [
            json.loads(body)
            for call_id in calls
            for body in connection.scalars(
                sa.select(journal.c.body)
                .where(journal.c.call_id == call_id)
                .order_by(journal.c.seq)
            )
        ]
        return {"calls": calls, "held": held}

    found = db.run_sync(settings.database_url, work)
    calls = set(found["calls"])
    found["held"]["voicemails"] = [
        {"call_id": each.call_id, "left_at": each.left_at, "seconds": round(each.seconds, 1)}
        for each in voicemail.messages(voicemail.folder(settings))
        if each.call_id in calls
    ]
    found["held"]["callbacks"] = [
        {"number": kept.number, **msgspec.to_builtins(kept.callback)}
        for kept in asyncio.run(callbacks(settings).all())
        if kept.callback.customer_id == customer_id
    ]
    return {
        "schema": SCHEMA,
        "customer_id": customer_id,
        "exported_at": time.time(),
        "held": found["held"],
    }


def write_export(file: Path, export: dict[str, Any]) -> None:
    """Write an export readable by its owner alone.  Raises ``OSError``, also if it is there."""
    descriptor = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w", encoding="utf-8") as out:
        json.dump(export, out, ensure_ascii=False, indent=1)
        out.write("\n")


def erase(settings: Settings, customer_id: str, *, reason: str) -> Erased:
    """Remove a customer; can be run again after an interruption.

    Raises :class:`NoCustomerError` when nothing but what is kept is there.
    """
    url = settings.database_url
    calls = db.run_sync(url, lambda c: _find(c, customer_id))
    cancelled = asyncio.run(_cancel(settings, customer_id))
    voices = 0
    for call_id in calls:
        for path in voicemail.folder(settings).glob(f"{call_id}.*"):
            path.unlink(missing_ok=True)
            voices += path.suffix == ".wav"
    notes = asyncio.run(_forget(settings, customer_id))
    rows, kept = db.run_sync(url, lambda c: _erase(c, customer_id, reason))
    return Erased(rows=rows, notes=notes, voicemails=voices, callbacks=cancelled, kept=kept)


def _find(connection: sa.Connection, customer_id: str) -> list[str]:
    _require(connection, customer_id)
    return _calls(connection, customer_id)


def _require(connection: sa.Connection, customer_id: str) -> None:
    here = tables.customers.c.customer_id
    if connection.scalar(sa.select(here).where(here == customer_id)) is None:
        raise NoCustomerError(customer_id)


def _held(connection: sa.Connection, customer_id: str) -> Iterator[tuple[sa.Table, Sequence[Any]]]:
    """The rows of every table that names the customer, or an account of theirs."""
    own = sa.select(tables.accounts.c.account_id).where(
        tables.accounts.c.customer_id == customer_id
    )
    for table in (table for metadata in METADATA for table in metadata.sorted_tables):
        if "customer_id" in table.c:
            where: Any = table.c.customer_id == customer_id
        elif "account_id" in table.c:
            where = table.c.account_id.in_(own)
        else:
            continue
        rows = connection.execute(sa.select(table).where(where)).all()
        if rows:
            yield table, rows


def _opened(table: str, row: Any, sealer: Sealer) -> dict[str, Any]:
    values = {k: v for k, v in row._mapping.items() if (table, k) not in _SECRET}
    for name, value in values.items():
        column = _SEALED.get((table, name))
        if column is not None and value:
            values[name] = sealer.open(column, values["customer_id"], value)
        elif isinstance(value, date):
            values[name] = value.isoformat()
    if table == "customer_numbers":
        sealed = values.pop("sealed")
        values["number"] = sealer.phone(values["customer_id"], values["number"], sealed)
    return values


def _calls(connection: sa.Connection, customer_id: str) -> list[str]:
    """The customer's calls, as the journal and the timeline know them."""
    named, told = _named(customer_id), tables.interactions.c
    queries = (
        sa.select(journal.c.call_id).where(journal.c.body.contains(named, autoescape=True)),
        sa.select(told.call_id).where(told.customer_id == customer_id),
    )
    found = {call_id for query in queries for call_id in connection.scalars(query)}
    return sorted(call_id for call_id in found if call_id)


def _named(customer_id: str) -> str:
    return f'"customer_id":{json.dumps(customer_id)}'


async def _cancel(settings: Settings, customer_id: str) -> int:
    """Let the engine cancel the customer's callbacks; where none runs, remove them."""
    store = callbacks(settings)

    async def left() -> list[Any]:
        return [
            kept.callback.callback_id
            for kept in await store.all()
            if kept.callback.customer_id == customer_id
        ]

    waiting = await left()
    for callback_id in waiting:
        await store.ask_to_cancel(callback_id)
    until = time.monotonic() + CANCEL_SECONDS
    while await left() and time.monotonic() < until:  # noqa: ASYNC110 - another process acts
        await asyncio.sleep(0.2)
    for callback_id in await left():
        await store.remove(callback_id)
    return len(waiting)


async def _forget(settings: Settings, customer_id: str) -> int:
    engine = async_engine(settings)
    if engine.dialect.name == "sqlite":
        sa.event.listen(engine.sync_engine, "connect", _overwrite)
    try:
        return await SqlWorkStore(engine).forget_customer(customer_id)
    finally:
        await engine.dispose()


def _overwrite(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
    """Let SQLite overwrite what it deletes."""
    cursor = connection.cursor()
    cursor.execute("PRAGMA secure_delete=ON")
    cursor.close()


def _erase(connection: sa.Connection, customer_id: str, reason: str) -> tuple[int, dict[str, int]]:
    if connection.dialect.name == "sqlite":
        connection.exec_driver_sql("PRAGMA secure_delete=ON")
    note(connection, "erase", customer_id, reason)
    connection.execute(
        sa.update(bank_cases)
        .where(bank_cases.c.customer_id == customer_id)
        .values(subject="", detail="{}")
    )
    body = api_deliveries.c.body
    connection.execute(
        sa.delete(api_deliveries).where(body.contains(_named(customer_id), autoescape=True))
    )
    before = {table.name: len(rows) for table, rows in _held(connection, customer_id)}
    connection.execute(
        sa.delete(tables.customers).where(tables.customers.c.customer_id == customer_id)
    )
    kept = {table.name: len(rows) for table, rows in _held(connection, customer_id)}
    connection.exec_driver_sql(ANNOUNCE)
    return sum(before.values()) - sum(kept.values()), kept


def shred(settings: Settings) -> None:
    """Replace the key of the pseudonyms, and leave nothing in SQLite's log."""
    renew_pseudonyms(settings)
    if not db.is_server(settings.database_url):
        path = db.sqlite_path(settings.database_url)
        with closing(sqlite3.connect(path, timeout=60.0, isolation_level=None)) as base:
            base.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def described(settings: Settings, customer_id: str) -> str:
    """Return the masked name of a customer, to be confirmed.  Raises `NoCustomerError`."""
    sealer, own = open_sealer(settings), tables.customers.c
    query = sa.select(own.name, own.family_name).where(own.customer_id == customer_id)
    row = db.run_sync(settings.database_url, lambda c: c.execute(query).first())
    if row is None:
        raise NoCustomerError(customer_id)
    name = sealer.open(sealing.NAME, customer_id, row[0])
    return masked_name(name, sealer.open(sealing.FAMILY_NAME, customer_id, row[1]))
