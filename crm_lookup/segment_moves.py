"""Moving customers between segments: what a change of definitions would do, and doing it."""

import hashlib
import sqlite3
from collections import Counter
from collections.abc import Iterator
from typing import Any, Final

import msgspec

from crm_lookup.changes import ANNOUNCE
from crm_lookup.model import Text
from crm_lookup.segments import SegmentRule, segment_of

_CHUNK: Final = 5_000
_LOOKED_AT: Final = """
SELECT c.customer_id, c.segment, c.kind, s.assets, s.profit, s.potential, s.loyalty,
  s.credit_risk, s.conduct_risk
FROM customers AS c JOIN customer_scores AS s ON s.customer_id = c.customer_id
WHERE c.status = 'customer' AND c.customer_id > ? ORDER BY c.customer_id LIMIT ?
"""
_MOVE: Final = """
UPDATE customers SET segment = ?, segment_reason_zh = ?, segment_reason_en = ?
WHERE customer_id = ?
"""
_HISTORY: Final = """
INSERT INTO segment_history (customer_id, at, before, after, reason_zh, reason_en, definition)
VALUES (?, ?, ?, ?, ?, ?, ?)
"""


class Move(msgspec.Struct, frozen=True, kw_only=True):
    customer_id: str
    before: str
    after: str
    reason: Text


class Moves(msgspec.Struct, frozen=True, kw_only=True):
    """What applying definitions means for the whole base."""

    customers: int
    moves: dict[tuple[str, str], int]
    """Before and after → customers, those who stay among them."""
    cost_before: int
    cost_after: int
    """Yuan a year."""


def preview(database: sqlite3.Connection, rules: tuple[SegmentRule, ...]) -> Moves:
    """Count who would move where, and what it would cost; changes nothing."""
    return _counted(rules, (move for chunk in _chunks(database, rules) for move in chunk))


def apply(database: sqlite3.Connection, rules: tuple[SegmentRule, ...], *, now: float) -> Moves:
    """Move the customers, and note each move in their history; safe to stop and repeat."""
    definition = definition_of(rules)
    seen: list[Move] = []
    for chunk in _chunks(database, rules):
        moved = [move for move in chunk if move.before != move.after]
        seen += chunk
        database.execute("BEGIN IMMEDIATE")
        try:
            database.executemany(
                _MOVE, [(m.after, m.reason.zh, m.reason.en, m.customer_id) for m in moved]
            )
            database.executemany(
                _HISTORY,
                [
                    (m.customer_id, now, m.before, m.after, m.reason.zh, m.reason.en, definition)
                    for m in moved
                ],
            )
            if moved:
                database.execute(ANNOUNCE)
        except BaseException:
            database.execute("ROLLBACK")
            raise
        database.execute("COMMIT")
    return _counted(rules, iter(seen))


def definition_of(rules: tuple[SegmentRule, ...]) -> str:
    """Return a short name for these definitions, another for others."""
    return hashlib.sha256(msgspec.json.encode(rules)).hexdigest()[:12]


def _chunks(database: sqlite3.Connection, rules: tuple[SegmentRule, ...]) -> Iterator[list[Move]]:
    names = ("assets", "profit", "potential", "loyalty", "credit_risk", "conduct_risk")
    last = ""
    while rows := database.execute(_LOOKED_AT, (last, _CHUNK)).fetchall():
        last = rows[-1][0]
        found = []
        for customer_id, before, kind, *values in rows:
            customer: dict[str, Any] = {"kind": kind, **dict(zip(names, values, strict=True))}
            after, reason = segment_of(rules, customer)
            found.append(Move(customer_id=customer_id, before=before, after=after, reason=reason))
        yield found


def _counted(rules: tuple[SegmentRule, ...], moves: Iterator[Move]) -> Moves:
    cost: dict[str, int] = {rule.segment: rule.cost for rule in rules}
    counts = Counter((move.before, move.after) for move in moves)
    return Moves(
        customers=sum(counts.values()),
        moves=dict(counts),
        cost_before=sum(cost[before] * n for (before, _), n in counts.items()),
        cost_after=sum(cost[after] * n for (_, after), n in counts.items()),
    )
