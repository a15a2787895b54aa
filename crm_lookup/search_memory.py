"""The in-memory twin of :class:`crm_lookup.sql.search.SqlCustomerSearch`."""

from datetime import date
from typing import Literal

from msgspec.structs import replace

from crm_lookup.model import CustomerId, Text
from crm_lookup.records import CustomerRecord, NumberRecord
from crm_lookup.sql.search import MOST_FOUND, PROSPECT, family_name, new_prospect_id


class MemoryCustomerSearch:
    """Searches the records of a :class:`crm_lookup.memory.MemoryBank`, and adds to them."""

    def __init__(
        self, records: dict[CustomerId, CustomerRecord], tails: list[tuple[CustomerId, str]]
    ) -> None:
        self._records = records
        self._tails = tails

    async def search(self, *, name: str, card_tail: str, number: str) -> tuple[CustomerId, ...]:
        if not (name or number):
            return ()
        found = sorted(
            record.customer_id
            for record in self._records.values()
            if record.status != "closed"
            and name in ("", record.name)
            and (not number or any(own.number == number for own in record.numbers))
            and (not card_tail or (record.customer_id, card_tail) in self._tails)
        )
        return tuple(found[:MOST_FOUND])

    async def link_number(self, customer_id: CustomerId, number: str, *, mobile: bool) -> bool:
        record = self._records.get(customer_id)
        if record is None or record.status == "closed":
            return False
        if number and not any(own.number == number for own in record.numbers):
            kind: Literal["mobile", "home"] = "mobile" if mobile else "home"
            new = NumberRecord(number=number, kind=kind, is_primary=False)
            self._records[customer_id] = replace(record, numbers=(*record.numbers, new))
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
        del now
        customer_id = new_prospect_id()
        self._records[customer_id] = CustomerRecord(
            customer_id=customer_id,
            status="prospect",
            name=name,
            family_name=family_name(name),
            segment="standard",
            segment_reason=Text(*PROSPECT),
            language=language,
            since=today.isoformat(),
        )
        await self.link_number(customer_id, number, mobile=mobile)
        return customer_id
