"""Customers, accounts and PINs over a database: what is asked, and what is made of the rows.

Nothing here is held open between two calls, and nothing knows which database answers.
"""

from collections.abc import Callable
from datetime import datetime, tzinfo
from types import TracebackType
from typing import Any, Self

from crm_lookup import sealing
from crm_lookup.brief import HOME, make_brief
from crm_lookup.errors import UnknownCustomerError, WrongKeyError
from crm_lookup.keys import DataKey
from crm_lookup.model import (
    AccountBalance,
    CustomerBrief,
    CustomerId,
    Held,
    Recognition,
)
from crm_lookup.numbers import NumberReader
from crm_lookup.ports import Attempt, CallContact
from crm_lookup.recognition import recognition
from crm_lookup.records import NumberMatch
from crm_lookup.sealing import PLAIN, Sealer
from crm_lookup.sql import statements as s
from crm_lookup.sql.port import ConflictError, Database
from crm_lookup.sql.record import RECORD, record_of, record_values
from crm_lookup.sql.search import SqlCustomerSearch
from crm_lookup.unmasking import Look


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


async def claim_seal(database: Database, sealer: Sealer, where: str) -> bool:
    """Note under which key values are sealed; say whether some may be.

    Raises :class:`WrongKeyError` when a key is missing under which values were sealed.
    """
    rows = list(await database.read(s.SEAL_KEYS, {}))
    used = rows[0][0].split() if rows else []
    if missing := [key for key in used if key not in sealer.ids]:
        sealer.renew()
        missing = [key for key in used if key not in sealer.ids]
    if missing:
        raise WrongKeyError(
            f"personal data in {where} were sealed under key {', '.join(missing)}, which is not "
            "in the key file: put it back (it is backed up apart from the database)"
        )
    if sealer.seals and sealer.ids[0] not in used:
        used = [sealer.ids[0], *used]
        await database.write(s.SET_SEAL_KEYS, {"value": " ".join(used)})
    return bool(used)


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
        sealer: Sealer = PLAIN,
        sealed: bool = False,
    ) -> None:
        """``sealed``: some values may be sealed, so that numbers are found by hashes as well."""
        self._database = database
        self._key = key
        self._numbers = numbers
        self._clock = clock
        self._currency = currency
        self._zone = zone
        self._sealer = sealer
        self._sealed = sealed
        self._by_number = s.BY_ANY_NUMBER if sealed else s.BY_NUMBER
        self._by_tail = s.BY_ANY_TAIL if sealed else s.BY_TAIL

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
        keys = self._keys if self._sealed else None
        return SqlCustomerSearch(self._database, self._sealer, keys)

    # Directory -----------------------------------------------------------------------------

    async def recognise(self, raw_number: str | None) -> Recognition:
        number = self._numbers.read(raw_number)
        if not number.e164:
            return recognition(number)
        values = {**self._keys(number.e164), "most": s.MOST_CANDIDATES}
        rows = await self._database.read(self._by_number, values)
        return recognition(number, map(_match, rows), now=self._clock())

    async def by_card_number(self, digits: str) -> CustomerId | None:
        digits = digits.replace(" ", "").replace("-", "")
        rows = await self._database.read(s.BY_CARD, {"hash": self._key.card_hash(digits)})
        return next((CustomerId(row[0]) for row in rows), None)

    async def by_card_tail(self, raw_number: str | None, tail: str) -> CustomerId | None:
        number = self._numbers.read(raw_number)
        values = {**self._keys(number.e164), "tail": tail}
        rows = await self._database.read(self._by_tail, values)
        return CustomerId(rows[0][0]) if len(rows) == 1 else None

    async def segment(self, customer_id: CustomerId) -> str:
        rows = await self._database.read(s.SEGMENT, {"id": customer_id})
        return next((str(row[0]) for row in rows), "standard")

    async def brief(self, customer_id: CustomerId) -> CustomerBrief | None:
        now = self._clock()
        today = datetime.fromtimestamp(now, self._zone).date()
        rows = await self._database.read(RECORD, record_values(customer_id, now=now, today=today))
        record = record_of(customer_id, rows, today=today, sealer=self._sealer)
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
        rows = await self._database.read(s.PERSONAL, {"id": customer_id})
        return tuple(
            self._sealer.phone(customer_id, value, sealed).removeprefix("+")
            for value, sealed in rows
        )

    # Looking at what is masked -------------------------------------------------------------

    async def held(self, customer_id: CustomerId) -> Held | None:
        """See :class:`crm_lookup.unmasking.PersonalData`."""
        rows = list(await self._database.read(s.HELD, {"id": customer_id}))
        if not rows:
            return None
        name, family_name, birth_year, id_number, address, email, number, sealed = rows[0]

        def opened(column: str, stored: str | None) -> str:
            return self._sealer.open(column, customer_id, stored) if stored else ""

        return Held(
            name=opened(sealing.NAME, name),
            family_name=opened(sealing.FAMILY_NAME, family_name),
            phone=self._sealer.phone(customer_id, number, sealed) if number else "",
            id_number=opened(sealing.ID_NUMBER, id_number),
            address=opened(sealing.ADDRESS, address),
            email=opened(sealing.EMAIL, email),
            birth_year=birth_year or "",
        )

    async def note_look(self, look: Look) -> None:
        """See :class:`crm_lookup.unmasking.LookAudit`."""
        await self._database.write(
            s.NOTE_LOOK,
            {
                "at": look.at,
                "actor": look.actor,
                "role": look.role,
                "action": look.action,
                "customer": look.customer_id,
                "field": look.field,
                "level": look.level,
                "reason": look.reason,
                "call": look.call_id,
                "outcome": look.outcome,
            },
        )

    def _keys(self, e164: str) -> dict[str, str]:
        """What a number may stand under, as the statements of the open base name it."""
        if not self._sealed:
            return {"number": e164}
        found = self._sealer.found_by(e164)
        return {"number": e164, "sealed": found[1], "older": found[-1]}

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
