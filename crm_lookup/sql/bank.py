"""Customers, accounts and PINs over a database: what is asked, and what is made of the rows.

Nothing here is held open between two calls, and nothing knows which database answers.
"""

from collections.abc import Callable
from datetime import datetime, tzinfo
from types import TracebackType
from typing import Any, Self

from crm_lookup.brief import HOME, make_brief
from crm_lookup.errors import UnknownCustomerError, WrongKeyError
from crm_lookup.keys import DataKey
from crm_lookup.model import (
    AccountBalance,
    CustomerBrief,
    CustomerId,
    Recognition,
)
from crm_lookup.numbers import NumberReader
from crm_lookup.ports import Attempt, CallContact
from crm_lookup.recognition import recognition
from crm_lookup.records import NumberMatch
from crm_lookup.sql import statements as s
from crm_lookup.sql.port import ConflictError, Database
from crm_lookup.sql.record import RECORD, record_of, record_values
from crm_lookup.sql.search import SqlCustomerSearch


async def claim_key(database: Database, key: DataKey, where: str) -> None:
    """Take the key as the data set's own if that has none yet.

    Raises :class:`WrongKeyError` when cards and PINs of the data set were written under another.
    """
    await database.write(s.CLAIM_KEY, {"value": key.check_value()})
    rows = await database.read(s.KEY_CHECK, {})
    if rows[0][0] != key.check_value():
        raise WrongKeyError(
            f"the data in {where} were written under another data key: "
            "give the key that belongs to them (it is backed up apart from the database)"
        )


class SqlBank:
    """Directory, accounts and PIN store; see :mod:`crm_lookup.ports`."""

    def __init__(
        self,
        database: Database,
        *,
        key: DataKey,
        numbers: NumberReader,
        clock: Callable[[], float],
        currency: str,
        zone: tzinfo = HOME,
    ) -> None:
        self._database = database
        self._key = key
        self._numbers = numbers
        self._clock = clock
        self._currency = currency
        self._zone = zone

    async def close(self) -> None:
        await self._database.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def search(self) -> SqlCustomerSearch:
        """Finding customers by what a caller says."""
        return SqlCustomerSearch(self._database)

    # Directory -----------------------------------------------------------------------------

    async def recognise(self, raw_number: str | None) -> Recognition:
        number = self._numbers.read(raw_number)
        if not number.e164:
            return recognition(number)
        rows = await self._database.read(
            s.BY_NUMBER, {"number": number.e164, "most": s.MOST_CANDIDATES}
        )
        return recognition(number, map(_match, rows), now=self._clock())

    async def by_card_number(self, digits: str) -> CustomerId | None:
        digits = digits.replace(" ", "").replace("-", "")
        rows = await self._database.read(s.BY_CARD, {"hash": self._key.card_hash(digits)})
        return next((CustomerId(row[0]) for row in rows), None)

    async def by_card_tail(self, raw_number: str | None, tail: str) -> CustomerId | None:
        number = self._numbers.read(raw_number)
        rows = await self._database.read(s.BY_TAIL, {"number": number.e164, "tail": tail})
        return CustomerId(rows[0][0]) if len(rows) == 1 else None

    async def segment(self, customer_id: CustomerId) -> str:
        rows = await self._database.read(s.SEGMENT, {"id": customer_id})
        return next((str(row[0]) for row in rows), "standard")

    async def brief(self, customer_id: CustomerId) -> CustomerBrief | None:
        now = self._clock()
        today = datetime.fromtimestamp(now, self._zone).date()
        rows = await self._database.read(RECORD, record_values(customer_id, now=now, today=today))
        record = record_of(customer_id, rows, today=today)
        if record is None:
            return None
        return make_brief(record, now=now, currency=self._currency, zone=self._zone)

    async def announced(self) -> str | None:
        """Return a word that is another one after each announced change of many customers."""
        rows = await self._database.read(s.ANNOUNCED, {})
        return str(rows[0][0]) if rows else None

    # Accounts ------------------------------------------------------------------------------

    async def note_agent(self, customer_id: CustomerId, agent_id: str, at: float) -> None:
        await self._database.write(s.NOTE_AGENT, {"id": customer_id, "agent": agent_id, "at": at})

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
        values = {
            **{"id": customer_id, "offer": offer_id, "response": response},
            **{"at": at, "agent": agent_id, "call": call_id},
        }
        changes = [s.NOTE_OFFER] if response == "presented" else [s.TAKE_BACK, s.NOTE_OFFER]
        await self._database.write_all([(change, values) for change in changes])

    async def note_contact(
        self, contact: CallContact, *, instead_of: CustomerId | None = None
    ) -> None:
        values = {
            "id": contact.customer_id,
            "call": contact.call_id,
            "at": contact.at,
            "topic": contact.topic,
            "zh": contact.summary.zh,
            "en": contact.summary.en,
            "agent": contact.agent_id,
            "path": contact.menu_path or None,
            "score": contact.satisfaction,
        }
        before = {"id": instead_of or "", "call": contact.call_id}
        await self._database.write_all(
            [(s.DROP_CONTACT, before), (s.CHANGE_CONTACT, values), (s.ADD_CONTACT, values)]
        )

    async def last_agent(self, customer_id: CustomerId, since: float) -> str | None:
        rows = list(await self._database.read(s.LAST_AGENT, {"id": customer_id, "since": since}))
        return str(rows[0][0]) if rows else None

    async def balances(self, customer_id: CustomerId) -> tuple[AccountBalance, ...]:
        rows = await self._database.read(s.BALANCES, {"id": customer_id})
        return tuple(_balance(*row) for row in rows)

    async def personal_digits(self, customer_id: CustomerId) -> tuple[str, ...]:
        """See :class:`crm_lookup.ports.PersonalDigits`."""
        return tuple(row[0] for row in await self._database.read(s.PERSONAL, {"id": customer_id}))

    # PINs ----------------------------------------------------------------------------------

    async def begin_attempt(
        self, customer_id: CustomerId, *, now: float, limit: int, lock_seconds: float
    ) -> Attempt:
        rows = await self._database.write(
            s.ATTEMPT,
            {"id": customer_id, "now": now, "limit": limit, "locked_until": now + lock_seconds},
        )
        for pin_hash, failures in rows:
            return Attempt(pin_hash=pin_hash, failures=failures)
        await self._database.write(s.REFUSED, {})
        known = list(await self._database.write(s.HAS_PIN, {"id": customer_id}))
        return Attempt(pin_hash="", locked=bool(known))

    async def succeed(self, customer_id: CustomerId, *, pin_hash: str | None = None) -> None:
        await self._database.write(s.SUCCEED, {"id": customer_id, "hash": pin_hash})

    async def set_pin(self, customer_id: CustomerId, pin_hash: str, *, now: float) -> None:
        try:
            await self._database.write(
                s.SET_PIN, {"id": customer_id, "hash": pin_hash, "now": now}
            )
        except ConflictError as error:
            raise UnknownCustomerError(customer_id) from error


def _balance(account_id: str, kind: Any, tail: str, currency: str, balance: int) -> AccountBalance:
    return AccountBalance(
        account_id=account_id, kind=kind, tail=tail, currency=currency, balance=balance
    )


def _match(row: Any) -> NumberMatch:
    customer_id, customer_kind, kind, is_primary, relation, called_at = row
    return NumberMatch(
        customer_id=CustomerId(customer_id),
        customer_kind=customer_kind,
        kind=kind,
        is_primary=bool(is_primary),
        relation=relation,
        called_at=called_at,
    )
