"""Seals or unseals a base that holds customers already, while it is in use.

Works through the customers by their ids in short transactions.  A value that is as it should be is
left alone, so that a run that was interrupted goes on where it ended, and two runs do no harm.
"""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from typing import Any, Final

import msgspec
import sqlalchemy as sa

from crm_lookup import contact_tables as contacts
from crm_lookup import sealing, tables
from crm_lookup.errors import WrongKeyError
from crm_lookup.sealing import Sealer
from cti.journal.tables import callbacks
from hotline import db

BATCH: Final = 200
"""Customers in one transaction."""
PAUSE_SECONDS: Final = 0.01
"""Between two transactions, for those who wait to write."""

_TEXTS: Final = (
    (tables.customers, tables.customers.c.name, sealing.NAME),
    (tables.customers, tables.customers.c.family_name, sealing.FAMILY_NAME),
    (contacts.customer_details, contacts.customer_details.c.id_number, sealing.ID_NUMBER),
    (contacts.customer_details, contacts.customer_details.c.address, sealing.ADDRESS),
    (contacts.customer_details, contacts.customer_details.c.email, sealing.EMAIL),
    (contacts.customer_notes, contacts.customer_notes.c.body, sealing.NOTE),
)
_META: Final = tables.crm_meta


class Converted(msgspec.Struct, frozen=True, kw_only=True):
    customers: int
    """Looked at."""
    values: int
    """Written anew."""
    seconds: float


def convert(
    url: str,
    sealer: Sealer,
    *,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
    pause: Callable[[float], None] = time.sleep,
    batch: int = BATCH,
) -> Converted:
    """Bring every value into the form in which ``sealer`` would write it today.

    Raises :class:`WrongKeyError` for values of a key that is missing, before anything is changed.
    """
    begun = time.monotonic()
    all_customers = db.run_sync(url, lambda c: _begin(c, sealer))
    done = values = 0
    for ids in _pages(url, batch):
        values += db.run_sync(url, lambda c, ids=ids: _page(c, sealer, ids))  # type: ignore[misc] # mypy gives up on the default
        done += len(ids)
        progress(done, max(done, all_customers))
        pause(PAUSE_SECONDS)
    values += db.run_sync(url, lambda c: _callbacks(c, sealer))
    db.run_sync(url, lambda c: _set_keys(c, sealer.ids[:1] if sealer.seals else ()))
    return Converted(customers=done, values=values, seconds=time.monotonic() - begun)


def seal_base(url: str, sealer: Sealer) -> None:
    """Seal what was just written, and leave nothing of it in the file."""
    if convert(url, sealer).values and not db.is_server(url):
        scrub(url)


def used_keys(connection: sa.Connection) -> list[str]:
    """Return the ids of the keys under which values may be sealed."""
    found = connection.scalar(sa.select(_META.c.value).where(_META.c.name == "seal_keys"))
    return (found or "").split()


def scrub(url: str) -> None:
    """Remove what is left of old values in SQLite's free pages and its WAL.

    Writes the file anew and so holds up other writers for a while.  Raises ``sqlite3.Error``.
    """
    with closing(sqlite3.connect(db.sqlite_path(url), timeout=60.0, isolation_level=None)) as base:
        base.execute("VACUUM")
        base.execute("PRAGMA wal_checkpoint(TRUNCATE)")


def _begin(connection: sa.Connection, sealer: Sealer) -> int:
    used = used_keys(connection)
    if missing := [key for key in used if key not in sealer.ids]:
        raise WrongKeyError(
            f"personal data were sealed under key {', '.join(missing)}, which is not in the key "
            "file: put it back (it is backed up apart from the database)"
        )
    if sealer.seals:
        # Whoever opens the base from now on looks numbers up by their hashes, too.
        _set_keys(connection, tuple(dict.fromkeys((sealer.ids[0], *used))))
    found = connection.scalar(sa.select(sa.func.count()).select_from(tables.customers))
    return int(found or 0)


def _set_keys(connection: sa.Connection, ids: tuple[str, ...]) -> None:
    connection.execute(sa.delete(_META).where(_META.c.name == "seal_keys"))
    if ids:
        connection.execute(sa.insert(_META).values(name="seal_keys", value=" ".join(ids)))


def _pages(url: str, batch: int) -> Iterator[list[str]]:
    column, after = tables.customers.c.customer_id, ""
    while True:
        query = sa.select(column).where(column > after).order_by(column).limit(batch)
        ids = db.run_sync(url, lambda c, query=query: list(c.scalars(query)))  # type: ignore[misc] # mypy gives up on the default
        if not ids:
            return
        yield ids
        after = ids[-1]


def _page(connection: sa.Connection, sealer: Sealer, ids: list[str]) -> int:
    # Write first: SQLite then has the right to write before anything is read.
    connection.execute(
        sa.update(_META).where(_META.c.name == "seal_keys").values(value=_META.c.value)
    )
    changed = 0
    for table, column, bound in _TEXTS:
        keys = list(table.primary_key.columns)
        query = sa.select(*keys, table.c.customer_id, column).where(table.c.customer_id.in_(ids))
        for row in connection.execute(query).all():
            *key, customer_id, stored = row
            if not sealer.stale(stored):
                continue
            text = sealer.open(bound, customer_id, stored)
            where = [one == value for one, value in zip(keys, key, strict=True)]
            new: dict[Any, Any] = {column: sealer.text(bound, customer_id, text)}
            connection.execute(sa.update(table).where(*where).values(new))
            changed += 1
    return changed + _numbers(connection, sealer, ids)


def _callbacks(connection: sa.Connection, sealer: Sealer) -> int:
    """The numbers of the callbacks that are not over: a few."""
    table, changed = callbacks, 0
    query = sa.select(table.c.callback_id, table.c.number)
    for callback_id, stored in connection.execute(query).all():
        if sealer.stale(stored):
            number = sealer.open(sealing.CALLBACK, callback_id, stored)
            connection.execute(
                sa.update(table)
                .where(table.c.callback_id == callback_id, table.c.number == stored)
                .values(number=sealer.text(sealing.CALLBACK, callback_id, number))
            )
            changed += 1
    return changed


def _numbers(connection: sa.Connection, sealer: Sealer, ids: list[str]) -> int:
    table, changed = tables.customer_numbers, 0
    query = sa.select(table.c.customer_id, table.c.number, table.c.sealed).where(
        table.c.customer_id.in_(ids)
    )
    for customer_id, number, sealed in connection.execute(query).all():
        if sealed is None and not sealer.seals:
            continue
        if sealed is not None and not sealer.stale(sealed):
            continue
        key, hidden = sealer.number(customer_id, sealer.phone(customer_id, number, sealed))
        own = table.c.customer_id == customer_id
        # Somebody may have linked the number again meanwhile, in the new form.
        connection.execute(sa.delete(table).where(own, table.c.number == key, key != number))
        connection.execute(
            sa.update(table).where(own, table.c.number == number).values(number=key, sealed=hidden)
        )
        changed += 1
    return changed
