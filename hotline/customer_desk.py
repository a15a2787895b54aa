"""Customers for an agent whose caller nobody knows, from the bank's data."""

from collections.abc import Callable
from datetime import datetime, tzinfo
from typing import Literal

from agent_console.messages import CandidateCard
from crm_lookup.model import CustomerId
from crm_lookup.numbers import NumberReader
from crm_lookup.sql.bank import SqlBank


class BankCustomerDesk:
    """See :class:`agent_console.ports.CustomerDesk`."""

    def __init__(
        self, bank: SqlBank, numbers: NumberReader, zone: tzinfo, clock: Callable[[], float]
    ) -> None:
        self._bank = bank
        self._numbers = numbers
        self._zone = zone
        self._clock = clock

    async def search(self, *, name: str, card_tail: str, number: str) -> tuple[CandidateCard, ...]:
        e164 = self._numbers.read(number).e164 if number else ""
        if number and not e164:
            return ()
        found = await self._bank.search.search(name=name, card_tail=card_tail, number=e164)
        cards = [await self.card(customer_id) for customer_id in found]
        return tuple(card for card in cards if card is not None)

    async def card(self, customer_id: str) -> CandidateCard | None:
        brief = await self._bank.brief(CustomerId(customer_id))
        if brief is None:
            return None
        return CandidateCard(
            customer_id=customer_id, name=brief.name, phone=brief.phone, segment=brief.segment
        )

    async def link_number(self, customer_id: str, number: str) -> bool:
        return await self._bank.search.link_number(
            CustomerId(customer_id), number, mobile=self._is_mobile(number)
        )

    async def add_prospect(self, name: str, language: Literal["zh", "en"], number: str) -> str:
        now = self._clock()
        return await self._bank.search.add_prospect(
            name,
            language,
            number,
            mobile=self._is_mobile(number),
            today=datetime.fromtimestamp(now, self._zone).date(),
            now=now,
        )

    def _is_mobile(self, number: str) -> bool:
        return self._numbers.read(number).kind == "mobile"
