"""Writes the demo bank into an empty, migrated database: all of it or nothing."""

import json
import sqlite3
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import date, datetime
from random import Random
from typing import Any, Final
from zoneinfo import ZoneInfo

import argon2
import msgspec
import sqlalchemy as sa

from crm_lookup.bank import tables as _bank_tables  # noqa: F401 - adds its tables
from crm_lookup.keys import DataKey
from crm_lookup.pins import PARAMETERS, PinHasher
from crm_lookup.tables import metadata
from cti.journal.postgres import ServerConnection, ServerStorage
from cti.journal.storage import FAULTS, Connection, StorageFault
from hotline.db import DatabaseError, is_server, server_dsn, shown, sqlite_path
from hotline.demo_bank import cast
from hotline.demo_bank.people import TABLES, BankMaker

SEED: Final = 20260701
CUSTOMERS: Final = 3000
_BATCH: Final = 250
_SALTS: Final = 4
"""Full-strength argon2 for thousands of equal PINs would take minutes.  So each distinct PIN is
hashed under this many salts, which the customers share: no weaker parameters, the same duration
of a check, but whoever reads the file sees who has equal PINs, which in a demo is no secret."""


class DemoBankError(DatabaseError):
    """The demo bank cannot be written there; the message says what to do."""


class Seeded(msgspec.Struct, frozen=True, kw_only=True):
    created: bool
    """``False``: it was there already."""
    customers: int
    """Customers in the database."""
    seconds: float


def seed(
    url: str,
    *,
    key: DataKey,
    customers: int = CUSTOMERS,
    seed: int = SEED,
    now: float | None = None,
    progress: Callable[[int, int], None] | None = None,
    pin_parameters: argon2.Parameters = PARAMETERS,
) -> Seeded:
    """Fill the database with at least ``customers`` people and companies.

    ``progress`` is called with the customers made and wanted.  Dealings end at ``now`` (epoch
    seconds, default: this moment).  A second call does nothing.  Raises :class:`DemoBankError`
    when the database is not migrated, holds other customers or belongs to another data key.
    """
    begun = time.monotonic()
    moment = time.time() if now is None else now
    with closing(_connect(url)) as connection:
        try:
            connection.execute("BEGIN IMMEDIATE")
            found = _found(connection, key)
            if found is None:
                found = _write(
                    connection,
                    key=key,
                    customers=customers,
                    seed=seed,
                    now=moment,
                    progress=progress or (lambda _made, _wanted: None),
                    parameters=pin_parameters,
                )
                connection.execute("COMMIT")
                created = True
            else:
                connection.execute("ROLLBACK")
                created = False
        except FAULTS as error:
            raise DemoBankError(
                f"the demo bank was not written ({error}): run `hotline db upgrade` first, and "
                "check the disk"
            ) from error
    return Seeded(created=created, customers=found, seconds=time.monotonic() - begun)


def _connect(url: str) -> Connection:
    if is_server(url):
        try:
            return ServerStorage(server_dsn(url), shown(url)).connect()
        except StorageFault as error:
            raise DemoBankError(f"{shown(url)} cannot be reached ({error})") from error
    path = sqlite_path(url)
    if not path.exists():
        raise DemoBankError(f"{path} does not exist: run `hotline db upgrade` first")
    connection = sqlite3.connect(path, timeout=5.0, isolation_level=None)
    connection.execute("PRAGMA synchronous=FULL")
    connection.execute("PRAGMA foreign_keys=ON")
    return connection


def _found(connection: Connection, key: DataKey) -> int | None:
    facts = dict(connection.execute("SELECT name, value FROM crm_meta"))
    held: int = connection.execute("SELECT count(*) FROM customers").fetchone()[0]
    if facts.get("key_check", key.check_value()) != key.check_value():
        raise DemoBankError("the database belongs to another data key: use its own, or a new file")
    if "demo_bank" in facts:
        return held
    if held:
        raise DemoBankError(
            f"the database holds {held} customers that are not the demo bank's: "
            "the demo bank is written into an empty database only"
        )
    return None


def _write(
    connection: Connection,
    *,
    key: DataKey,
    customers: int,
    seed: int,
    now: float,
    progress: Callable[[int, int], None],
    parameters: argon2.Parameters,
) -> int:
    today = datetime.fromtimestamp(now, ZoneInfo("Asia/Shanghai")).date()
    maker = BankMaker(seed=seed, key=key, now=now, today=today)
    with ThreadPoolExecutor(1) as beside:  # argon2 leaves the interpreter free for the people
        hashing = beside.submit(_pin_hashes, key, parameters, seed)
        made = _write_people(connection, maker, customers, progress)
        hashes = hashing.result()
    own_pins = {known.customer_id: known.pin for known in cast.DEMO_CUSTOMERS}
    people = connection.execute(
        "SELECT customer_id FROM customers WHERE kind = 'person' ORDER BY customer_id"
    ).fetchall()
    connection.executemany(
        "INSERT INTO pins (customer_id, pin_hash, failures, changed_at) VALUES (?, ?, 0, ?)",
        (
            (customer_id, hashes[own_pins.get(customer_id, cast.DEMO_PIN)][n % _SALTS], now)
            for n, (customer_id,) in enumerate(people)
        ),
    )
    note = json.dumps({"seed": seed, "customers": made, "at": now})
    connection.executemany(
        "INSERT INTO crm_meta (name, value) VALUES (?, ?) ON CONFLICT (name) DO NOTHING",
        (("key_check", key.check_value()), ("demo_bank", note)),
    )
    progress(made, made)
    return made


def _write_people(
    connection: Connection,
    maker: BankMaker,
    wanted: int,
    progress: Callable[[int, int], None],
) -> int:
    made = 0
    for table, rows_of_all in maker.public().items():
        _insert(connection, table, rows_of_all)
    maker.add_cast()
    while True:
        rows = maker.take()
        made += len(rows["customers"])
        for table in TABLES:
            _insert(connection, table, rows[table])
        progress(min(made, wanted), wanted)
        if made >= wanted:
            return made
        for _ in range(min(_BATCH, wanted - made)):
            maker.add_random()


def _insert(connection: Connection, table: str, rows: list[dict[str, Any]]) -> None:
    if not rows:
        return
    columns = list(rows[0])
    statement = (
        f"INSERT INTO {table} ({', '.join(columns)}) "  # noqa: S608 - names from the code
        f"VALUES ({', '.join('?' * len(columns))})"
    )
    takers: list[Callable[[Any], Any]] = [_as_it_is] * len(columns)
    if isinstance(connection, ServerConnection):  # SQLite has neither dates nor truth values
        kinds = metadata.tables[table].columns
        takers = [_TAKERS.get(type(kinds[name].type), _as_it_is) for name in columns]
    connection.executemany(
        statement,
        (
            tuple(take(row[name]) for take, name in zip(takers, columns, strict=True))
            for row in rows
        ),
    )


def _as_it_is(value: Any) -> Any:
    return value


def _day(value: Any) -> Any:
    return date.fromisoformat(value) if isinstance(value, str) else value


_TAKERS: Final[dict[type, Callable[[Any], Any]]] = {sa.Date: _day, sa.Boolean: bool}


def _pin_hashes(
    key: DataKey, parameters: argon2.Parameters, seed: int
) -> dict[str, tuple[str, ...]]:
    rng = Random(seed)  # noqa: S311 - the demo's salts are as public as its PINs
    hasher = PinHasher(key, parameters)
    pins = {cast.DEMO_PIN, *(known.pin for known in cast.DEMO_CUSTOMERS)}
    return {
        pin: tuple(hasher.hash(pin, salt=rng.randbytes(16)) for _ in range(_SALTS))
        for pin in sorted(pins)
    }
