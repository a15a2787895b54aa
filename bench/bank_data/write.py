"""Puts blocks into an empty, migrated SQLite database: fast, and not safe against a power cut."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

from bench.bank_data.dealings import make_dealings
from bench.bank_data.people import KEY, Columns, make_people
from bench.bank_data.shape import BankShape
from crm_lookup.keys import DataKey

ORDER = (
    *("customers", "customer_numbers", "consents", "customer_flags", "holdings", "accounts"),
    *("cards", "card_bills", "interactions", "service_cases", "transactions"),
    *("payment_failures", "deposits", "card_orders"),
)
"""Tables in an order in which their rows can be written."""


def blocks_of_rows(
    shape: BankShape, *, key: DataKey = KEY, transactions: bool = False
) -> Iterator[dict[str, Columns]]:
    """Yield the rows of one block after the other, by table."""
    for block in shape.blocks():
        people = make_people(shape, block, key=key)
        if transactions:
            people.tables["transactions"] = make_dealings(shape, people).columns()
        yield people.tables


def fill_sqlite(
    path: Path,
    shape: BankShape,
    *,
    key: DataKey = KEY,
    transactions: bool = False,
    progress: Callable[[int], None] = lambda _rows: None,
) -> dict[str, int]:
    """Write the bank, and return the rows of each table, counted by the database."""
    with closing(sqlite3.connect(path, isolation_level=None)) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF"):
            connection.execute(f"PRAGMA {pragma}")
        connection.execute("PRAGMA cache_size=-400000")
        connection.execute("BEGIN")
        written = 0
        for tables in blocks_of_rows(shape, key=key, transactions=transactions):
            for table in ORDER:
                written += _insert(connection, table, tables.get(table, {}))
            progress(written)
        connection.execute(
            "INSERT INTO crm_meta (name, value) VALUES ('key_check', ?)", (key.check_value(),)
        )
        connection.execute("COMMIT")
        connection.execute("ANALYZE")
        connection.execute("PRAGMA journal_mode=WAL")
        return {
            table: connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - our own names
            for table in ORDER
        }


def _insert(connection: sqlite3.Connection, table: str, columns: Columns) -> int:
    rows: Any = list(zip(*columns.values(), strict=True))
    if rows:
        marks = ", ".join("?" * len(columns))
        connection.executemany(
            f"INSERT INTO {table} ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - our own names
            rows,
        )
    return len(rows)
