"""Finding customers by what a caller says, and remembering the number of one who was found.

Names are compared as they are stored: where the bank seals names, only numbers and cards find
anybody.  One text for both databases, as in :mod:`crm_lookup.sql.statements`.
"""

import secrets
from datetime import date
from typing import Any, Final, Literal

from crm_lookup.changes import ANNOUNCE
from crm_lookup.model import CustomerId
from crm_lookup.sql.port import Database, Statement

MOST_FOUND: Final = 20
PROSPECT: Final = ("新客户，尚未评级", "A new customer, not rated yet")

_FITS: Final = """
c.status <> 'closed' AND (:tail = '' OR EXISTS (
  SELECT 1 FROM cards AS k WHERE k.customer_id = c.customer_id AND k.tail = :tail
    AND k.status <> 'expired'))
"""
BY_NAME: Final = Statement(
    f"""
SELECT c.customer_id FROM customers AS c WHERE c.name = :name AND {_FITS}
ORDER BY c.customer_id LIMIT :most
""",  # noqa: S608 - our own text
    most="bigint",
)
BY_NUMBER: Final = Statement(
    f"""
SELECT DISTINCT c.customer_id FROM customer_numbers AS n
JOIN customers AS c ON c.customer_id = n.customer_id
WHERE n.number = :number AND (:name = '' OR c.name = :name) AND {_FITS}
ORDER BY c.customer_id LIMIT :most
""",  # noqa: S608 - our own text
    most="bigint",
)
IS_THERE: Final = Statement(
    "SELECT 1 FROM customers WHERE customer_id = :id AND status <> 'closed'"
)
LINK: Final = Statement("""
INSERT INTO customer_numbers (number, customer_id, kind, is_primary, relation)
SELECT :number, customer_id, :kind, FALSE, 'own' FROM customers WHERE customer_id = :id
ON CONFLICT (number, customer_id) DO NOTHING
""")
# Whoever keeps what was looked up a moment ago must look again.
ANNOUNCED: Final = Statement(ANNOUNCE)
ADD: Final = Statement(
    """
INSERT INTO customers (customer_id, kind, status, name, family_name, segment, segment_reason_zh,
  segment_reason_en, language, since, updated_at)
VALUES (:id, 'person', 'prospect', :name, :family, 'standard', :zh, :en, :language, date(:since),
  :now)
""",
    now="double precision",
)


class SqlCustomerSearch:
    """See :class:`crm_lookup.ports.CustomerSearch`."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def search(self, *, name: str, card_tail: str, number: str) -> tuple[CustomerId, ...]:
        if not (name or number):
            return ()
        values = {"name": name, "tail": card_tail, "most": MOST_FOUND}
        if number:
            rows = await self._database.read(BY_NUMBER, {**values, "number": number})
        else:
            rows = await self._database.read(BY_NAME, values)
        return tuple(CustomerId(row[0]) for row in rows)

    async def link_number(self, customer_id: CustomerId, number: str, *, mobile: bool) -> bool:
        if not await self._database.read(IS_THERE, {"id": customer_id}):
            return False
        if number:
            kind = "mobile" if mobile else "home"
            values = {"number": number, "id": customer_id, "kind": kind}
            await self._database.write_all([(LINK, values), (ANNOUNCED, {})])
        return True

    async def add_prospect(
        self,
        name: str,
        language: Literal["zh", "en"],
        number: str,
        *,
        mobile: bool,
        today: date,
        now: float,
    ) -> CustomerId:
        customer_id = new_prospect_id()
        zh, en = PROSPECT
        values = {
            "id": customer_id,
            "name": name,
            "family": family_name(name),
            "zh": zh,
            "en": en,
            "language": language,
            "since": today.isoformat(),
            "now": now,
        }
        changes: list[tuple[Statement, dict[str, Any]]] = [(ADD, values)]
        if number:
            kind = "mobile" if mobile else "home"
            changes.append((LINK, {"number": number, "id": customer_id, "kind": kind}))
        await self._database.write_all([*changes, (ANNOUNCED, {})])
        return customer_id


def new_prospect_id() -> CustomerId:
    """Return an id that no system of the bank gives."""
    return CustomerId(f"P-{secrets.token_hex(8)}")


def family_name(name: str) -> str:
    """Return what masking may show of a person's name; empty when that cannot be told."""
    words = name.split()
    if len(words) > 1:
        return words[-1]
    return name[:1] if name and not name.isascii() else ""
