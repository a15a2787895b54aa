"""Finding customers by what a caller says, and remembering the number of one who was found.

Names are compared as they are stored: where the bank seals names, only numbers and cards find
anybody.  One text for both databases, as in :mod:`crm_lookup.sql.statements`.
"""

import secrets
from collections.abc import Callable, Mapping
from datetime import date
from typing import Any, Final, Literal, TypeAlias

from crm_lookup import sealing
from crm_lookup.changes import ANNOUNCE
from crm_lookup.model import CustomerId
from crm_lookup.sealing import PLAIN, Sealer
from crm_lookup.sql.port import Database, Statement

Keys: TypeAlias = Callable[[str], Mapping[str, str]]
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
BY_ANY_NUMBER: Final = Statement(
    f"""
SELECT DISTINCT c.customer_id, c.name FROM customer_numbers AS n
JOIN customers AS c ON c.customer_id = n.customer_id
WHERE n.number IN (:number, :sealed, :older) AND {_FITS}
ORDER BY c.customer_id LIMIT :most
""",  # noqa: S608 - our own text
    most="bigint",
)
"""Where values may be sealed; names are compared once they are open."""
IS_THERE: Final = Statement(
    "SELECT 1 FROM customers WHERE customer_id = :id AND status <> 'closed'"
)
LINK: Final = Statement("""
INSERT INTO customer_numbers (number, customer_id, kind, is_primary, relation, sealed)
SELECT :number, customer_id, :kind, FALSE, 'own', :sealed FROM customers WHERE customer_id = :id
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

    def __init__(
        self, database: Database, sealer: Sealer = PLAIN, keys: Keys | None = None
    ) -> None:
        """``keys`` gives what a number may stand under, where values may be sealed."""
        self._database = database
        self._sealer = sealer
        self._keys = keys

    async def search(self, *, name: str, card_tail: str, number: str) -> tuple[CustomerId, ...]:
        if not (name or number):
            return ()
        values = {"name": name, "tail": card_tail, "most": MOST_FOUND}
        if number and self._keys is not None:
            rows = await self._database.read(
                BY_ANY_NUMBER, {"tail": card_tail, "most": MOST_FOUND, **self._keys(number)}
            )
            rows = [
                row
                for row in rows
                if not name or self._sealer.open(sealing.NAME, row[0], row[1]) == name
            ]
        elif number:
            rows = await self._database.read(BY_NUMBER, {**values, "number": number})
        else:
            rows = await self._database.read(BY_NAME, values)
        return tuple(CustomerId(row[0]) for row in rows)

    async def link_number(self, customer_id: CustomerId, number: str, *, mobile: bool) -> bool:
        if not await self._database.read(IS_THERE, {"id": customer_id}):
            return False
        if number:
            kind = "mobile" if mobile else "home"
            values = self._own(customer_id, number, kind)
            await self._database.write_all([(LINK, values), (ANNOUNCED, {})])
        return True

    def _own(self, customer_id: CustomerId, number: str, kind: str) -> dict[str, str | None]:
        key, sealed = self._sealer.number(customer_id, number)
        return {"number": key, "sealed": sealed, "id": customer_id, "kind": kind}

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
            "name": self._sealer.text(sealing.NAME, customer_id, name),
            "family": self._sealer.text(sealing.FAMILY_NAME, customer_id, family_name(name)),
            "zh": zh,
            "en": en,
            "language": language,
            "since": today.isoformat(),
            "now": now,
        }
        changes: list[tuple[Statement, dict[str, Any]]] = [(ADD, values)]
        if number:
            kind = "mobile" if mobile else "home"
            changes.append((LINK, self._own(customer_id, number, kind)))
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
