"""The in-memory twin of :mod:`crm_lookup.sql`, for tests and trials; the same contract."""

import time
from collections.abc import Callable, Iterable

import msgspec

from crm_lookup.brief import make_brief
from crm_lookup.errors import UnknownCustomerError
from crm_lookup.keys import DataKey
from crm_lookup.model import (
    AccountBalance,
    CustomerBrief,
    CustomerId,
    Held,
    Interaction,
    Recognition,
)
from crm_lookup.numbers import NumberReader
from crm_lookup.ports import Attempt, CallContact
from crm_lookup.recognition import recognition
from crm_lookup.records import CustomerRecord, NumberMatch
from crm_lookup.search_memory import MemoryCustomerSearch


class _Pin(msgspec.Struct):
    pin_hash: str
    failures: int = 0
    locked_until: float | None = None


class MemoryBank:
    """Directory, accounts and PIN store in dictionaries.

    ``cards`` maps clear card numbers to their owners; only their keyed hashes are kept.
    """

    def __init__(
        self,
        records: Iterable[CustomerRecord] = (),
        *,
        cards: dict[str, CustomerId] | None = None,
        key: DataKey,
        numbers: NumberReader | None = None,
        clock: Callable[[], float] = time.time,
        currency: str = "CNY",
    ) -> None:
        self._records = {record.customer_id: record for record in records}
        self._key = key
        self._cards = {key.card_hash(n): owner for n, owner in (cards or {}).items()}
        self._tails = [(owner, n[-4:]) for n, owner in (cards or {}).items()]
        self._numbers = numbers or NumberReader()
        self._clock = clock
        self._currency = currency
        self._pins: dict[CustomerId, _Pin] = {}
        self._said: dict[tuple[CustomerId, str, str], dict[str, float]] = {}
        """Customer, offer and call → response → when."""
        self._contacts: dict[CustomerId, dict[str, Interaction]] = {}
        self._last_agents: dict[CustomerId, tuple[str, float]] = {}

    async def recognise(self, raw_number: str | None) -> Recognition:
        number = self._numbers.read(raw_number)
        if not number.e164:
            return recognition(number)
        matches = [
            NumberMatch(
                customer_id=record.customer_id,
                customer_kind=record.kind,
                kind=own.kind,
                is_primary=own.is_primary,
                relation=own.relation,
                called_at=next((i.at for i in record.interactions if i.channel == "phone"), None),
            )
            for record in self._records.values()
            for own in record.numbers
            if own.number == number.e164 and record.status != "closed"
        ]
        return recognition(number, matches, now=self._clock())

    @property
    def search(self) -> MemoryCustomerSearch:
        """Finding customers by what a caller says."""
        return MemoryCustomerSearch(self._records, self._tails)

    async def by_card_tail(self, raw_number: str | None, tail: str) -> CustomerId | None:
        found = await self.recognise(raw_number)
        owners = {
            owner
            for owner, digits in self._tails
            if digits == tail and any(owner == one.customer_id for one in found.candidates)
        }
        return owners.pop() if len(owners) == 1 else None

    async def by_card_number(self, digits: str) -> CustomerId | None:
        digits = digits.replace(" ", "").replace("-", "")
        owner = self._cards.get(self._key.card_hash(digits))
        if owner is None or self._records[owner].status == "closed":
            return None
        return owner

    async def segment(self, customer_id: CustomerId) -> str:
        record = self._records.get(customer_id)
        return "standard" if record is None else record.segment

    async def brief(self, customer_id: CustomerId) -> CustomerBrief | None:
        record = self._records.get(customer_id)
        if record is None:
            return None
        return make_brief(record, now=self._clock(), currency=self._currency)

    async def held(self, customer_id: CustomerId) -> Held | None:
        brief = await self.brief(customer_id)
        found: Held | None = None if brief is None else brief.held
        return found

    async def balances(self, customer_id: CustomerId) -> tuple[AccountBalance, ...]:
        record = self._records.get(customer_id)
        return () if record is None else record.accounts

    async def personal_digits(self, customer_id: CustomerId) -> tuple[str, ...]:
        record = self._records.get(customer_id)
        if record is None:
            return ()
        return (
            *(number.number.removeprefix("+") for number in record.numbers),
            *(account.tail for account in record.accounts),
            *(str(year) for year in (record.birth_year,) if year is not None),
        )

    async def note_agent(self, customer_id: CustomerId, agent_id: str, at: float) -> None:
        known = self._last_agents.get(customer_id, ("", float("-inf")))
        if customer_id in self._records and at >= known[1]:
            self._last_agents[customer_id] = (agent_id, at)

    async def note_contact(
        self, contact: CallContact, *, instead_of: CustomerId | None = None
    ) -> None:
        for customer_id in {contact.customer_id, instead_of}:
            record = self._records.get(customer_id or CustomerId(""))
            if record is None:
                continue
            ids = self._contacts.setdefault(record.customer_id, {})
            before = ids.pop(contact.call_id, None)
            kept = [said for said in record.interactions if said is not before]
            if customer_id == contact.customer_id:
                ids[contact.call_id] = said = Interaction(
                    at=contact.at if before is None else before.at,
                    channel="phone",
                    summary=contact.summary,
                    topic=contact.topic,
                    menu_path=contact.menu_path,
                    satisfaction=contact.satisfaction,
                )
                kept.append(said)
            kept.sort(key=lambda said: -said.at)
            self._records[record.customer_id] = msgspec.structs.replace(
                record, interactions=tuple(kept)
            )

    async def note_offer(
        self,
        customer_id: CustomerId,
        offer_id: str,
        response: str,
        *,
        at: float,
        agent_id: str,
        call_id: str,
    ) -> None:
        if customer_id not in self._records:
            return
        key = (customer_id, offer_id, call_id)
        for wanted in dict.fromkeys(("presented", response)):
            said = self._said.setdefault(key, {})
            if wanted != "presented":
                for other in {"accepted", "declined"} - {wanted}:
                    self._replace(customer_id, other, drop=(offer_id, said.pop(other, None)))
            if wanted not in said:
                said[wanted] = at
                self._replace(customer_id, wanted, add=(offer_id, at))

    def _replace(
        self,
        customer_id: CustomerId,
        response: str,
        *,
        add: tuple[str, float] | None = None,
        drop: tuple[str, float | None] | None = None,
    ) -> None:
        record = self._records[customer_id]
        kept = [pair for pair in getattr(record, response) if pair != drop]
        kept = sorted([*kept, *([add] if add else [])], key=lambda pair: (-pair[1], pair[0]))
        self._records[customer_id] = msgspec.structs.replace(record, **{response: tuple(kept)})

    async def last_agent(self, customer_id: CustomerId, since: float) -> str | None:
        agent, at = self._last_agents.get(customer_id, ("", since))
        return agent if at > since else None

    async def begin_attempt(
        self, customer_id: CustomerId, *, now: float, limit: int, lock_seconds: float
    ) -> Attempt:
        pin = self._pins.get(customer_id)
        if pin is None:
            return Attempt(pin_hash="")
        if pin.locked_until is not None:
            if pin.locked_until > now:
                return Attempt(pin_hash="", locked=True)
            pin.failures, pin.locked_until = 0, None
        pin.failures += 1
        if pin.failures >= limit:
            pin.locked_until = now + lock_seconds
        return Attempt(pin_hash=pin.pin_hash, failures=pin.failures)

    async def succeed(self, customer_id: CustomerId, *, pin_hash: str | None = None) -> None:
        pin = self._pins[customer_id]
        pin.failures, pin.locked_until = 0, None
        pin.pin_hash = pin_hash or pin.pin_hash

    async def set_pin(self, customer_id: CustomerId, pin_hash: str, *, now: float) -> None:
        if customer_id not in self._records:
            raise UnknownCustomerError(customer_id)
        self._pins[customer_id] = _Pin(pin_hash)
