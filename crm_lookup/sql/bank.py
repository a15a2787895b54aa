"""Customers, accounts and PINs over a database: what is asked, and what is made of the rows.

Nothing here is held open between two calls, and nothing knows which database answers.
"""

from collections.abc import Callable, Iterable
from types import TracebackType
from typing import Any, Self

from crm_lookup.brief import CASES, INTERACTIONS, make_brief
from crm_lookup.errors import UnknownCustomerError, WrongKeyError
from crm_lookup.keys import DataKey
from crm_lookup.model import (
    AccountBalance,
    CustomerBrief,
    CustomerId,
    Interaction,
    OpenCase,
    Recognition,
    Text,
)
from crm_lookup.numbers import NumberReader
from crm_lookup.offers import HISTORY_SECONDS
from crm_lookup.ports import Attempt
from crm_lookup.recognition import recognition
from crm_lookup.records import CustomerRecord, NumberRecord
from crm_lookup.scores import Scores, scores_of
from crm_lookup.sql import statements as s
from crm_lookup.sql.port import ConflictError, Database


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
    ) -> None:
        self._database = database
        self._key = key
        self._numbers = numbers
        self._clock = clock
        self._currency = currency

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

    # Directory -----------------------------------------------------------------------------

    async def recognise(self, raw_number: str | None) -> Recognition:
        number = self._numbers.read(raw_number)
        if not number.e164:
            return recognition(number)
        rows = await self._database.read(
            s.BY_NUMBER, {"number": number.e164, "most": s.MOST_CANDIDATES}
        )
        return recognition(number, (CustomerId(row[0]) for row in rows))

    async def by_card_number(self, digits: str) -> CustomerId | None:
        digits = digits.replace(" ", "").replace("-", "")
        rows = await self._database.read(s.BY_CARD, {"hash": self._key.card_hash(digits)})
        return next((CustomerId(row[0]) for row in rows), None)

    async def segment(self, customer_id: CustomerId) -> str:
        rows = await self._database.read(s.SEGMENT, {"id": customer_id})
        return next((str(row[0]) for row in rows), "standard")

    async def brief(self, customer_id: CustomerId) -> CustomerBrief | None:
        now = self._clock()
        rows = await self._database.read(
            s.RECORD,
            {
                **{"id": customer_id, "responses_since": now - HISTORY_SECONDS},
                **{"last": INTERACTIONS, "cases": CASES},
            },
        )
        scored = await self._database.read(s.SCORES, {"id": customer_id})
        record = _record(customer_id, rows, next((scores_of(row) for row in scored), None))
        return None if record is None else make_brief(record, now=now, currency=self._currency)

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


def _record(
    customer_id: CustomerId, rows: Iterable[Any], scores: Scores | None
) -> CustomerRecord | None:
    parts: dict[str, list[Any]] = {}
    for row in rows:
        parts.setdefault(row[0], []).append(row)
    found = parts.get("customer")
    if found is None:
        return None
    _, kind, status, name, family_name, segment, zh, en, language, since, manager, born, _ = found[
        0
    ]
    said = {
        response: tuple(
            (row[1], row[12])
            for row in sorted(parts.get(response, ()), key=lambda row: (-row[12], row[1]))
        )
        for response in ("declined", "accepted", "presented")
    }
    return CustomerRecord(
        customer_id=customer_id,
        kind=kind,
        status=status,
        name=name,
        family_name=family_name,
        segment=segment,
        segment_reason=Text(zh, en),
        language=language,
        birth_year=born,
        since=since,
        relationship_manager=manager,
        numbers=tuple(
            NumberRecord(number=row[1], kind=row[2], is_primary=bool(row[11]))
            for row in sorted(parts.get("number", ()))
        ),
        accounts=tuple(
            _balance(row[1], row[2], row[3], row[4], row[11])
            for row in sorted(parts.get("account", ()))
        ),
        holdings=tuple(sorted(row[1] for row in parts.get("holding", ()))),
        flags=tuple(sorted(row[1] for row in parts.get("flag", ()))),
        marketing_consent="consent" in parts,
        interactions=tuple(
            Interaction(
                at=row[12], channel=row[1], summary=Text(row[2], row[3]), satisfaction=row[11]
            )
            for row in parts.get("interaction", ())
        ),
        cases=tuple(
            OpenCase(
                **{"case_id": row[1], "kind": row[2], "status": row[3]},
                subject=Text(row[4], row[5]),
                opened_at=row[12],
                due_at=None if row[11] is None else float(row[11]),
            )
            for row in parts.get("case", ())
        ),
        **said,
        scores=scores,
    )
