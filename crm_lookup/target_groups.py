"""Finding people: a query over scores and attributes, its size, profile and expected value.

A condition is ``NAME OP VALUE``, such as ``loyalty>=70`` or ``segment=gold``; names come from a
closed list, values travel as parameters.  The caller owns the connection.
"""

import re
import sqlite3
from collections.abc import Sequence
from typing import Any, Final

import msgspec

from crm_lookup.errors import CrmError
from crm_lookup.scores import propensities

NUMBER_COLUMNS: Final = {
    **{name: f"s.{name}" for name in (
        "loyalty", "credit_risk", "conduct_risk", "attrition", "recency_days", "frequency",
        "tenure_years", "products",
    )},
    **{name: f"s.{name} / 100.0" for name in (
        "profit", "potential", "cost_to_serve", "monetary", "assets",
    )},
    "birth_year": "c.birth_year",
}  # fmt: skip
"""What can be compared with a number; money in yuan."""
WORD_COLUMNS: Final = {
    **{name: f"s.{name}" for name in (
        "value_class", "pattern", "rhythm", "contact_preference", "rfm",
    )},
    **{name: f"c.{name}" for name in (
        "segment", "kind", "status", "language", "city_code", "gender",
    )},
    "holds": "holds",
    "lacks": "lacks",
    "consent": "consent",
}  # fmt: skip
"""What can be compared with a word, by = and != only."""
MEMBER_COLUMNS: Final = (
    *("customer_id", "segment", "profit", "potential", "loyalty", "attrition"),
)
"""Of what :func:`members` returns."""
_CONDITION: Final = re.compile(r"\s*([a-z_]+)\s*(>=|<=|!=|=|>|<)\s*(\S.*?)\s*")


class QueryError(CrmError):
    """A condition cannot be understood; the message says what is accepted."""


class Group(msgspec.Struct, frozen=True, kw_only=True):
    size: int
    segments: dict[str, int]
    means: dict[str, float]
    """Of each number that can be asked for; money in yuan."""
    expected_value: float
    """Yuan a year: what could come beside the profit made; with a product, propensity alone."""


def group(
    database: sqlite3.Connection, conditions: Sequence[str], *, product: str = "", value: int = 0
) -> Group:
    """Look at all who meet every condition.

    With ``product`` the expected value is that of offering it: Σ propensity × ``value`` (yuan).
    """
    where, values = _where(conditions)
    means = ", ".join(f"avg({column})" for column in NUMBER_COLUMNS.values())
    size, hoped, *found = database.execute(
        f"SELECT count(*), sum(s.potential - s.profit) / 100.0, {means} {where}",
        values,
    ).fetchone()
    segments = database.execute(
        f"SELECT c.segment, count(*) {where} GROUP BY c.segment ORDER BY 1",
        values,
    ).fetchall()
    if product:
        rows = database.execute(f"SELECT s.propensity {where}", values)
        hoped = sum(propensities(row[0]).get(product, 0.0) for row in rows) * value
    return Group(
        size=size,
        segments=dict(segments),
        means={n: round(v or 0.0, 2) for n, v in zip(NUMBER_COLUMNS, found, strict=True)},
        expected_value=round(hoped or 0.0, 2),
    )


def patterns(database: sqlite3.Connection) -> list[str]:
    """Return the names of the behaviour patterns that the analysis found."""
    rows = database.execute("SELECT DISTINCT pattern FROM customer_scores ORDER BY 1")
    return [row[0] for row in rows if row[0]]


def members(
    database: sqlite3.Connection, conditions: Sequence[str], *, most: int = -1
) -> list[tuple[Any, ...]]:
    """Return :data:`MEMBER_COLUMNS` of each, by id; money in yuan.  ``most`` -1: all of them."""
    where, values = _where(conditions)
    return database.execute(
        f"SELECT c.customer_id, c.segment, s.profit / 100.0, s.potential / 100.0, s.loyalty, "
        f"s.attrition {where} ORDER BY c.customer_id LIMIT ?",
        [*values, most],
    ).fetchall()


def _where(conditions: Sequence[str]) -> tuple[str, list[Any]]:
    parts, values = [], []
    for text in conditions:
        part, value = _part(text)
        parts.append(part)
        values.append(value)
    joined = " AND ".join(["c.status <> 'closed'", *parts])
    return (
        "FROM customers AS c JOIN customer_scores AS s ON s.customer_id = c.customer_id "
        f"WHERE {joined}",
        values,
    )


def _part(text: str) -> tuple[str, Any]:
    match = _CONDITION.fullmatch(text)
    name, sign, value = match.groups() if match else ("", "", "")
    if name in NUMBER_COLUMNS:
        try:
            return f"{NUMBER_COLUMNS[name]} {sign} ?", float(value)
        except ValueError:
            raise QueryError(f"{text}: {name} is compared with a number") from None
    if name not in WORD_COLUMNS or sign not in ("=", "!="):
        raise QueryError(
            f"{text}: write NAME OP VALUE, such as loyalty>=70 or segment=gold; numbers: "
            f"{', '.join(NUMBER_COLUMNS)}; words (= and != only): {', '.join(WORD_COLUMNS)}"
        )
    inside = "IN" if (sign == "=") != (name == "lacks") else "NOT IN"
    if name in ("holds", "lacks"):
        return (
            f"c.customer_id {inside} (SELECT customer_id FROM holdings WHERE product = ?)",  # noqa: S608 - IN or NOT IN
            value,
        )
    if name == "consent":
        return (
            f"c.customer_id {inside} (SELECT customer_id FROM consents WHERE purpose = ? "  # noqa: S608 - the same
            "AND withdrawn_at IS NULL)",
            value,
        )
    if name == "rhythm":
        return f"instr(s.rhythm, ?) {'> 0' if sign == '=' else '= 0'}", value
    return f"{WORD_COLUMNS[name]} {sign} ?", value
