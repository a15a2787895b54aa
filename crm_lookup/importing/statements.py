"""What both storages write by, and the rows that go into each table.  Pure.

Tuples stand in the order of the columns named here.
"""

from collections.abc import Sequence
from typing import Any, Final, NamedTuple

from crm_lookup.importing.records import COLUMNS, NO_SEGMENT, Customer, Note, Plan

NOTE: Final = "unfinished_import"
"""Under this name the unfinished run stands in ``crm_meta``."""
CUSTOMER: Final = ("customer_id", "external_id", "source_mark", *COLUMNS)
_SINCE: Final = COLUMNS.index("since")

Rows = list[tuple[Any, ...]]


class Work(NamedTuple):
    """The rows of some customers, by what is to be done with them."""

    customers: Rows
    """As in ``CUSTOMER``; ``updated_at`` is known only when the transaction has begun."""
    consents: Rows
    """customer_id, purpose, at, granted, dated."""
    numbers: Rows
    """customer_id, number, kind, is_primary, relation, sealed."""
    holdings: Rows
    """customer_id, product, opened, balance, currency, matures, whole, since."""
    details: Rows
    """customer_id, id_kind, id_number, address, email."""
    changed: list[tuple[str, list[str], list[str]]]
    """customer_id, numbers and products that stay; all others of theirs go."""
    missing: Rows
    """customer_id, external_id."""


def work_of(customers: Sequence[Customer], plan: Plan) -> Work:
    """Lay out what writes the customers."""
    here = [c for c in customers if c.change != "missing"]
    known = "since" in plan.columns
    return Work(
        customers=[(c.customer_id, c.external_id, c.mark, *c.values) for c in here],
        consents=[
            (c.customer_id, s.purpose, s.at, s.granted, s.dated) for c in here for s in c.consents
        ],
        numbers=[
            (c.customer_id, n.key, n.kind, n.primary, n.relation, n.sealed)
            for c in here
            for n in c.numbers
        ],
        holdings=[
            (
                *(c.customer_id, h.product, h.opened, h.balance, h.currency, h.matures, h.whole),
                c.values[_SINCE] if known or c.change == "added" else None,
            )
            for c in here
            for h in c.holdings
        ],
        details=[
            (c.customer_id, *c.details)
            for c in here
            if c.details and (c.change == "changed" or any(c.details))
        ],
        changed=[
            (c.customer_id, [n.key for n in c.numbers], [h.product for h in c.holdings])
            for c in here
            if c.change == "changed"
        ],
        missing=[(c.customer_id, c.external_id) for c in customers if c.change == "missing"],
    )


def customer_changes(plan: Plan) -> str:
    """Return what ``ON CONFLICT (customer_id) DO UPDATE SET`` sets of a known customer."""
    changes = [
        # A row that names no segment leaves the one that was found otherwise.
        f"{name} = CASE WHEN excluded.segment_reason_en = '{NO_SEGMENT[1]}' "
        f"THEN customers.{name} ELSE excluded.{name} END"
        if name.startswith("segment")
        else f"{name} = excluded.{name}"
        for name in ("external_id", "source_mark", "updated_at", *plan.columns)
    ]
    if "status" not in plan.columns:
        # Whom a full delivery closed, and a later one holds again, is a customer again.
        changes.append(
            "status = CASE WHEN customers.source_mark IS NULL AND customers.status = 'closed' "
            "THEN excluded.status ELSE customers.status END"
        )
    return ", ".join(changes)


def detail_changes(plan: Plan) -> str:
    """Return the same of ``customer_details``."""
    return ", ".join(f"{name} = excluded.{name}" for name in plan.details)


def seal_keys(used: str | None, note: Note) -> str:
    """Return the ids of keys under which values may be sealed, if the run adds one; else nothing.

    ``used`` is what ``crm_meta`` says now: who opens the database looks there which keys it needs.
    """
    known = (used or "").split()
    if not note.sealed_under or note.sealed_under in known:
        return ""
    return " ".join((note.sealed_under, *known))
