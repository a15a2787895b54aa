"""The banks in which :mod:`bench.lookup` looks customers up: made, counted, opened, chilled."""

import os
import sqlite3
from collections.abc import Awaitable, Callable, Iterator
from contextlib import closing
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final, Self, TypeAlias

import sqlalchemy as sa

import crm_lookup.bank.tables
import crm_lookup.contact_tables  # noqa: F401 - both add their tables to the others
from bench.bank_data import BankShape, fill_sqlite
from bench.bank_data.people import Columns
from bench.bank_data.write import ORDER, blocks_of_rows
from crm_lookup import tables
from crm_lookup.keys import DataKey
from crm_lookup.postgres import PostgresBank, PostgresDatabase
from crm_lookup.sql.bank import SqlBank
from crm_lookup.sql.port import Database
from crm_lookup.sqlite import SqliteBank, SqliteDatabase
from hotline import db
from hotline.db.private_server import PrivateServer
from hotline.db.server import blocking, connection

Counts: TypeAlias = dict[str, int]
"""Table → rows, counted by the database."""

_LEAST: Final = {
    "customers": 1.0,
    "customer_numbers": 1.0,
    "accounts": 2.0,
    "cards": 1.0,
    "holdings": 1.0,
    "interactions": 2.0,
    "customer_scores": 1.0,
    "service_cases": 0.02,
    "payment_failures": 0.02,
    "card_bills": 0.2,
    "deposits": 0.05,
    "card_orders": 0.01,
}
"""Table → rows for each customer, at least."""

_NOW: Final = BankShape(customers=1).midnight
"""The moment up to which the banks know something."""

# The analysis needs transactions, of which the brief reads none: its result is made up here.
_SCORES: Final = """
INSERT INTO customer_scores (customer_id, as_of, profit, potential, cost_to_serve, loyalty,
  credit_risk, conduct_risk, attrition, recency_days, frequency, monetary, rfm, tenure_years,
  assets, products, contact_preference, pattern, rhythm, value_class, propensity, why)
SELECT customer_id, updated_at, 120000, 80000, 9000, 70, 20, 10, 0.1, 3, 12.5, 250000, '545', 4.5,
  900000, 3, 'app', 'app_shopper', 'salary rent', 'keep', 'wealth:40,fund:20', ''
FROM customers
"""


class CountError(RuntimeError):
    """A bank does not hold what was asked for: figures from it would say nothing."""


def check(counts: Counts, customers: int) -> Counts:
    """Return the counts; raises :class:`CountError` when a table holds too little."""
    for table, each in _LEAST.items():
        if counts.get(table, 0) < customers * each or (
            table == "customers" and counts[table] != customers
        ):
            raise CountError(
                f"{table} holds {counts.get(table, 0):,} rows for {customers:,} customers"
            )
    return {table: counts[table] for table in _LEAST}


class SqliteBanks:
    """One file for each size, in a folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Nothing to give back."""

    def make(self, shape: BankShape) -> Counts:
        """Make the bank unless it is there, and return its counts."""
        path = self._file(shape.customers)
        if not path.exists():
            part = path.with_suffix(".part")
            part.unlink(missing_ok=True)
            db.upgrade(f"sqlite:///{part}")
            fill_sqlite(part, shape)
            with closing(sqlite3.connect(part)) as opened:
                opened.execute("PRAGMA synchronous=OFF")
                opened.execute(_SCORES)
                opened.commit()
                opened.execute("ANALYZE")
                opened.execute("PRAGMA wal_checkpoint(TRUNCATE)")
            part.rename(path)
        with closing(sqlite3.connect(path)) as opened:
            counts = {
                table: opened.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own names
                for table in _LEAST
            }
        os.sync()  # so that its pages can be dropped
        return check(counts, shape.customers)

    async def open(self, size: int, *, key: DataKey) -> tuple[Database, SqlBank]:
        path = self._file(size)
        bank = await SqliteBank.open(path, key=key, clock=lambda: _NOW)
        return await SqliteDatabase.open(path), bank

    def warm(self, size: int) -> None:
        """Read the file once, so that it is in the page cache: it may have been dropped before."""
        with self._file(size).open("rb", buffering=0) as file:
            while file.read(1 << 22):
                pass

    def chill(self, size: int) -> bool:
        """Drop the file from the page cache."""
        file = self._file(size)
        for path in (file, Path(f"{file}-wal"), Path(f"{file}-shm")):
            if path.exists():
                descriptor = os.open(path, os.O_RDONLY)
                os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
                os.close(descriptor)
        return True

    def _file(self, size: int) -> Path:
        return self._folder / f"lookup-{size}.db"


class PostgresBanks:
    """One database for each size, on a private server with the memory of a small one."""

    def __init__(self) -> None:
        self._server: PrivateServer | None = None

    def __enter__(self) -> Self:
        self._server = PrivateServer.start(shared_buffers="256MB")
        return self

    def __exit__(self, *_: object) -> None:
        if self._server is not None:
            self._server.close()

    def make(self, shape: BankShape) -> Counts:
        """Make the bank and return its counts."""
        url = self._url(shape.customers)
        _run(self._server_url(), lambda c: c.execute(f"CREATE DATABASE bank_{shape.customers}"))
        db.upgrade(url)
        for rows in blocks_of_rows(shape):
            _run(url, partial(_copy, blocks=rows))
        _run(url, lambda c: c.execute(_SCORES))
        _run(url, lambda c: c.execute("VACUUM ANALYZE"))
        counts = {}
        for table in _LEAST:
            count = f"SELECT count(*) FROM {table}"  # noqa: S608 - our own names
            counts[table] = _run(url, partial(_one, query=count))
        return check(counts, shape.customers)

    async def open(self, size: int, *, key: DataKey) -> tuple[Database, SqlBank]:
        url = self._url(size)
        bank = await PostgresBank.open(url, key=key, clock=lambda: _NOW)
        return await PostgresDatabase.open(url), bank

    def warm(self, _size: int) -> None:
        """It was just written: it is."""

    def chill(self, _size: int) -> bool:
        """A server keeps pages of its own, which only its end would drop."""
        return False

    def _server_url(self) -> str:
        if self._server is None:
            raise RuntimeError("enter the context first: it starts the server")
        return self._server.url()

    def _url(self, size: int) -> str:
        if self._server is None:
            raise RuntimeError("enter the context first: it starts the server")
        return self._server.url(f"bank_{size}")


def _run(url: str, act: Callable[[Any], Awaitable[Any]]) -> Any:
    async def run() -> Any:
        opened = await connection(url)
        try:
            return await act(opened)
        finally:
            await opened.close()

    return blocking(run)


async def _copy(opened: Any, blocks: dict[str, Columns]) -> None:
    for table in ORDER:
        columns = blocks.get(table, {})
        if columns:
            await opened.copy_records_to_table(
                table, columns=list(columns), records=_records(table, columns)
            )


async def _one(opened: Any, query: str) -> Any:
    return await opened.fetchval(query)


def _records(table: str, columns: Columns) -> Iterator[tuple[Any, ...]]:
    """Rows with dates as PostgreSQL's driver wants them."""
    kinds = tables.metadata.tables[table].c
    typed = [
        [None if value is None else date.fromisoformat(value) for value in values]
        if isinstance(kinds[name].type, sa.Date)
        else values
        for name, values in columns.items()
    ]
    return zip(*typed, strict=True)
