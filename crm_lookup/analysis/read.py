"""The bank's rows of some customers as columns, through ADBC's SQLite driver.

Every statement joins ``analysis_todo`` over a range of ids.  Types are cast in SQL, since the
driver takes a column's type from its first rows.
"""

from pathlib import Path
from typing import Any, Final, NamedTuple, TypeAlias

import adbc_driver_sqlite.dbapi as adbc
import polars as pl

YEAR_SECONDS: Final = 365 * 86_400.0
Schema: TypeAlias = dict[str, Any]
"""Column → its type in Polars."""

BUSY_MILLISECONDS: Final = 60_000
"""How long to wait for a lock, such as the one of a checkpoint."""

_STATEMENTS: Final[dict[str, tuple[str, Schema]]] = {
    "customers": (
        """
        SELECT c.customer_id, c.kind, c.status, COALESCE(c.birth_year, 0) AS birth_year,
          CAST(strftime('%s', c.since) AS REAL) AS since
        FROM analysis_todo AS d CROSS JOIN customers AS c ON c.customer_id = d.customer_id
        WHERE d.customer_id BETWEEN ? AND ? AND c.status <> 'closed'
        """,
        {"customer_id": pl.String, "kind": pl.String, "status": pl.String, "birth_year": pl.Int64,
         "since": pl.Float64},
    ),
    "accounts": (
        """
        SELECT d.customer_id, a.kind, a.balance, COALESCE(a.credit_limit, 0) AS credit_limit
        FROM analysis_todo AS d CROSS JOIN accounts AS a ON a.customer_id = d.customer_id
        WHERE d.customer_id BETWEEN ? AND ? AND a.status <> 'closed' AND a.currency = 'CNY'
        """,
        {"customer_id": pl.String, "kind": pl.String, "balance": pl.Int64,
         "credit_limit": pl.Int64},
    ),
    "holdings": (
        """
        SELECT d.customer_id, h.product, COALESCE(h.balance, 0) AS balance
        FROM analysis_todo AS d CROSS JOIN holdings AS h ON h.customer_id = d.customer_id
        WHERE d.customer_id BETWEEN ? AND ?
        """,
        {"customer_id": pl.String, "product": pl.String, "balance": pl.Int64},
    ),
    "flags": (
        """
        SELECT d.customer_id, f.flag
        FROM analysis_todo AS d CROSS JOIN customer_flags AS f ON f.customer_id = d.customer_id
        WHERE d.customer_id BETWEEN ? AND ?
        """,
        {"customer_id": pl.String, "flag": pl.String},
    ),
    "contacts": (
        """
        SELECT d.customer_id, i.channel, CAST(i.at AS REAL) AS at
        FROM analysis_todo AS d CROSS JOIN interactions AS i ON i.customer_id = d.customer_id
        WHERE d.customer_id BETWEEN ? AND ? AND i.at > ? AND i.at <= ?
        """,
        {"customer_id": pl.String, "channel": pl.String, "at": pl.Float64},
    ),
    "failures": (
        """
        SELECT d.customer_id, CAST(p.at AS REAL) AS at
        FROM analysis_todo AS d CROSS JOIN payment_failures AS p ON p.customer_id = d.customer_id
        WHERE d.customer_id BETWEEN ? AND ? AND p.at > ? AND p.at <= ? AND p.cause = 'funds'
        """,
        {"customer_id": pl.String, "at": pl.Float64},
    ),
    "cases": (
        """
        SELECT d.customer_id, s.kind, CASE WHEN s.status = 'closed' THEN 0 ELSE 1 END AS open
        FROM analysis_todo AS d CROSS JOIN service_cases AS s ON s.customer_id = d.customer_id
        WHERE d.customer_id BETWEEN ? AND ? AND s.opened_at > ? AND s.opened_at <= ?
        """,
        {"customer_id": pl.String, "kind": pl.String, "open": pl.Int64},
    ),
    "dealings": (
        """
        SELECT d.customer_id, CAST(t.booked_at AS REAL) AS at, t.amount, t.kind, t.category,
          t.channel
        FROM analysis_todo AS d CROSS JOIN accounts AS a ON a.customer_id = d.customer_id
        CROSS JOIN transactions AS t ON t.account_id = a.account_id
        WHERE d.customer_id BETWEEN ? AND ? AND t.booked_at > ? AND t.booked_at <= ?
        """,
        {"customer_id": pl.String, "at": pl.Float64, "amount": pl.Int64, "kind": pl.String,
         "category": pl.String, "channel": pl.String},
    ),
}  # fmt: skip # one line for each statement's types


class Rows(NamedTuple):
    """One frame for each table, of the same customers."""

    customers: pl.DataFrame
    accounts: pl.DataFrame
    holdings: pl.DataFrame
    flags: pl.DataFrame
    contacts: pl.DataFrame
    failures: pl.DataFrame
    cases: pl.DataFrame
    dealings: pl.DataFrame


def read_rows(path: Path, first: str, last: str, as_of: float) -> Rows:
    """Read the year before ``as_of`` of the customers to do from ``first`` to ``last``."""
    span = (as_of - YEAR_SECONDS, as_of)
    with adbc.connect(f"{path.absolute().as_uri()}?mode=ro") as connection:
        with connection.cursor() as cursor:
            cursor.execute(f"PRAGMA busy_timeout={BUSY_MILLISECONDS}")
            pl.DataFrame(cursor.fetch_arrow())
        return Rows(
            **{
                name: _frame(connection, sql, (first, last, *span[: sql.count("?") - 2]), schema)
                for name, (sql, schema) in _STATEMENTS.items()
            }
        )


def _frame(connection: Any, sql: str, values: tuple[Any, ...], schema: Schema) -> pl.DataFrame:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return pl.DataFrame(cursor.fetch_arrow()).cast(pl.Schema(schema))
