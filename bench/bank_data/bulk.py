"""Transactions of a whole bank into SQLite as Arrow columns: no Python object for each."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import adbc_driver_sqlite.dbapi as adbc
import numpy as np
import numpy.typing as npt
import polars as pl

from bench.bank_data.dealings import Dealings, make_dealings
from bench.bank_data.people import make_people
from bench.bank_data.shape import CATEGORIES, CHANNELS, BankShape

_TABLES: Final = (
    *("customers", "consents", "customer_flags", "holdings", "accounts"),
    *("interactions", "service_cases"),
)
"""What the analysis reads, besides transactions."""


class Planted(NamedTuple):
    """One entry for each customer, in the order of their ids."""

    persona: npt.NDArray[np.int8]
    leaves: npt.NDArray[np.bool_]
    payroll: npt.NDArray[np.bool_]


def fill_for_analysis(
    path: Path, shape: BankShape, *, progress: Callable[[int], None] = lambda _customers: None
) -> Planted:
    """Write what the analysis reads into an empty, migrated database; fast, not crash-safe."""
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA journal_mode=OFF")
        connection.execute("DROP INDEX ix_transactions_account_id_booked_at")
    planted = []
    with adbc.connect(str(path), autocommit=True) as connection:
        for pragma in ("journal_mode=OFF", "synchronous=OFF", "foreign_keys=OFF"):
            _run(connection, f"PRAGMA {pragma}")
        for block in shape.blocks():
            people = make_people(shape, block)
            for name in _TABLES:
                columns = people.tables[name]
                if columns and len(next(iter(columns.values()))):
                    _append(connection, name, pl.DataFrame(columns, infer_schema_length=None))
            _append(connection, "transactions", _frame(make_dealings(shape, people)))
            held = people.tables["holdings"]
            pairs = zip(held["customer_id"], held["product"], strict=True)
            paid = np.zeros(block.count, bool)
            paid[[int(c[1:]) - block.first for c, product in pairs if product == "payroll"]] = True
            planted.append(Planted(people.persona, np.isfinite(people.leaves_on), paid))
            progress(block.first + block.count)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA synchronous=OFF")
        connection.execute("PRAGMA cache_size=-400000")
        connection.execute(
            "CREATE INDEX ix_transactions_account_id_booked_at "
            "ON transactions (account_id, booked_at)"
        )
        connection.execute("PRAGMA journal_mode=WAL")
    return Planted(*(np.concatenate(parts) for parts in zip(*planted, strict=True)))


def _frame(made: Dealings) -> pl.DataFrame:
    names = [f"{category}" for category, _, _ in CATEGORIES]
    payees = [payee for _, _, some in CATEGORIES for payee in some]
    each = len(CATEGORIES[0][2])
    return pl.DataFrame(
        {
            "account_id": made.account,
            "booked_at": made.booked_at,
            "amount": made.amount,
            "balance_after": made.balance_after,
            "kind": _words([kind for _, kind, _ in CATEGORIES], made.category),
            "counterparty": _words(payees, made.category.astype(np.int64) * each + made.payee),
            "channel": _words(list(CHANNELS), made.channel),
            "category": _words(names, made.category),
        }
    ).with_columns(
        pl.format("AB{}", pl.col("account_id").cast(pl.String).str.zfill(10)).alias("account_id")
    )


def _words(words: list[str], places: npt.NDArray[Any]) -> pl.Series:
    return pl.Series(words, dtype=pl.String).gather(places)


def _append(connection: Any, table: str, frame: pl.DataFrame) -> None:
    with connection.cursor() as cursor:
        cursor.adbc_ingest(table, frame, mode="append")


def _run(connection: Any, statement: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement)
        pl.DataFrame(cursor.fetch_arrow())
