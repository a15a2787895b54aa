"""Customers, accounts and PINs in SQLite: the hot statements as prepared text.

Two connections of its own, each with its thread: reads never wait behind a PIN attempt that is
being made durable.  The text of every statement is constant, so that sqlite3 keeps it prepared.
``hotline.db`` owns the file and its schema.  Nothing here is held open between two calls.
"""

import time
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

import aiosqlite

from crm_lookup.brief import INTERACTIONS, make_brief
from crm_lookup.errors import NotReadyError, UnknownCustomerError, WrongKeyError
from crm_lookup.keys import DataKey
from crm_lookup.model import (
    AccountBalance,
    CustomerBrief,
    CustomerId,
    Interaction,
    Recognition,
    Text,
)
from crm_lookup.numbers import NumberReader
from crm_lookup.offers import HISTORY_SECONDS
from crm_lookup.ports import Attempt
from crm_lookup.recognition import recognition
from crm_lookup.records import CustomerRecord, NumberRecord
from crm_lookup.scores import COLUMNS, Scores, scores_of

MOST_CANDIDATES: Final = 20
"""A company's switchboard may stand for thousands of customers; more help nobody."""

_BY_NUMBER: Final = """
SELECT n.customer_id FROM customer_numbers AS n
JOIN customers AS c ON c.customer_id = n.customer_id
WHERE n.number = :number AND c.status <> 'closed'
ORDER BY n.customer_id LIMIT :most
"""

_BY_CARD: Final = """
SELECT k.customer_id FROM cards AS k
JOIN customers AS c ON c.customer_id = k.customer_id
WHERE k.number_hash = :hash AND k.status <> 'expired' AND c.status <> 'closed'
"""

_SEGMENT: Final = "SELECT segment FROM customers WHERE customer_id = :id"

_BALANCES: Final = """
SELECT account_id, kind, tail, currency, balance FROM accounts
WHERE customer_id = :id AND status <> 'closed' ORDER BY account_id
"""

_PERSONAL: Final = """
SELECT substr(number, 2) FROM customer_numbers WHERE customer_id = :id
UNION SELECT tail FROM accounts WHERE customer_id = :id AND status <> 'closed'
UNION SELECT CAST(birth_year AS TEXT) FROM customers
  WHERE customer_id = :id AND birth_year IS NOT NULL
"""

# One round trip for the whole brief: each row says in its first column what it is.
_RECORD: Final = """
SELECT 'customer', kind, status, name, family_name, segment, segment_reason_zh,
  segment_reason_en, language, CAST(since AS TEXT), relationship_manager, birth_year, 0.0
  FROM customers WHERE customer_id = :id
UNION ALL SELECT 'number', number, kind, '', '', '', '', '', '', '', '',
  CASE WHEN is_primary THEN 1 ELSE 0 END, 0.0
  FROM customer_numbers WHERE customer_id = :id
UNION ALL SELECT 'account', account_id, kind, tail, currency, '', '', '', '', '', '', balance, 0.0
  FROM accounts WHERE customer_id = :id AND status <> 'closed'
UNION ALL SELECT 'holding', product, '', '', '', '', '', '', '', '', '', 0, 0.0
  FROM holdings WHERE customer_id = :id
UNION ALL SELECT 'flag', flag, '', '', '', '', '', '', '', '', '', 0, since
  FROM customer_flags WHERE customer_id = :id
UNION ALL SELECT 'consent', purpose, '', '', '', '', '', '', '', '', '', 0, granted_at
  FROM consents WHERE customer_id = :id AND purpose = 'marketing' AND withdrawn_at IS NULL
UNION ALL SELECT response, offer_id, '', '', '', '', '', '', '', '', '', 0, at
  FROM offer_responses WHERE customer_id = :id AND at > :responses_since
UNION ALL SELECT * FROM (
  SELECT 'interaction', channel, summary_zh, summary_en, '', '', '', '', '', '', '', 0, at
  FROM interactions WHERE customer_id = :id ORDER BY at DESC, interaction_id DESC LIMIT :last
) AS recent
"""

# An ended lock starts the count anew; the last allowed try locks at once.
_ATTEMPT: Final = """
UPDATE pins SET
  failures = CASE WHEN locked_until IS NULL THEN failures + 1 ELSE 1 END,
  locked_until = CASE
    WHEN (CASE WHEN locked_until IS NULL THEN failures + 1 ELSE 1 END) >= :limit
    THEN :locked_until END
WHERE customer_id = :id AND (locked_until IS NULL OR locked_until <= :now)
RETURNING pin_hash, failures
"""
_HAS_PIN: Final = "SELECT 1 FROM pins WHERE customer_id = :id"
# Unknown and locked customers cost a durable write as well, so that no duration tells them apart.
_REFUSED: Final = """
INSERT INTO crm_meta (name, value) VALUES ('refused_pin_attempts', '1')
ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(crm_meta.value AS INTEGER) + 1 AS VARCHAR)
"""
_SUCCEED: Final = """
UPDATE pins SET failures = 0, locked_until = NULL, pin_hash = COALESCE(:hash, pin_hash)
WHERE customer_id = :id
"""
_SET_PIN: Final = """
INSERT INTO pins (customer_id, pin_hash, failures, changed_at) VALUES (:id, :hash, 0, :now)
ON CONFLICT (customer_id) DO UPDATE SET pin_hash = excluded.pin_hash, failures = 0,
  locked_until = NULL, changed_at = excluded.changed_at
"""
_CLAIM_KEY: Final = """
INSERT INTO crm_meta (name, value) VALUES ('key_check', :value) ON CONFLICT (name) DO NOTHING
"""
_KEY_CHECK: Final = "SELECT value FROM crm_meta WHERE name = 'key_check'"

_SCORES: Final = f"SELECT {', '.join(COLUMNS)} FROM customer_scores WHERE customer_id = :id"  # noqa: S608 - our own names

# Who answers was asked: every answer counts as presented, too.
_NOTE_OFFER: Final = """
INSERT INTO offer_responses (customer_id, offer_id, at, response, agent_id, call_id, segment)
SELECT c.customer_id, :offer, :at, r.response, :agent, :call, c.segment
FROM customers AS c, (SELECT 'presented' AS response UNION SELECT :response) AS r
WHERE c.customer_id = :id AND NOT EXISTS (
  SELECT 1 FROM offer_responses AS o WHERE o.customer_id = c.customer_id
    AND o.offer_id = :offer AND o.call_id = :call AND o.response = r.response)
"""
_TAKE_BACK: Final = """
DELETE FROM offer_responses WHERE customer_id = :id AND offer_id = :offer AND call_id = :call
  AND response IN ('accepted', 'declined') AND response <> :response
"""

_NOTE_AGENT: Final = """
INSERT INTO last_agents (customer_id, agent_id, at)
SELECT customer_id, :agent, :at FROM customers WHERE customer_id = :id
ON CONFLICT (customer_id) DO UPDATE SET agent_id = excluded.agent_id, at = excluded.at
WHERE excluded.at >= last_agents.at
"""
_LAST_AGENT: Final = "SELECT agent_id FROM last_agents WHERE customer_id = :id AND at > :since"

_PRAGMAS: Final = "PRAGMA busy_timeout=5000; PRAGMA synchronous=FULL; PRAGMA foreign_keys=ON;"


class SqliteBank:
    """Directory, accounts and PIN store over one SQLite file; see :mod:`crm_lookup.ports`."""

    def __init__(
        self,
        reads: aiosqlite.Connection,
        writes: aiosqlite.Connection,
        *,
        key: DataKey,
        numbers: NumberReader,
        clock: Callable[[], float],
        currency: str,
    ) -> None:
        self._reads = reads
        self._writes = writes
        self._key = key
        self._numbers = numbers
        self._clock = clock
        self._currency = currency

    @classmethod
    async def open(
        cls,
        path: Path,
        *,
        key: DataKey,
        numbers: NumberReader | None = None,
        clock: Callable[[], float] = time.time,
        currency: str = "CNY",
    ) -> Self:
        """Open the database file, which must exist and be migrated.

        Raises :class:`NotReadyError` when it is not, :class:`WrongKeyError` when its cards and
        PINs were written under another key.  An empty data set takes the key as its own.
        """
        uri = _uri(path)
        opened: list[aiosqlite.Connection] = []
        try:
            for _ in range(2):
                connection = await aiosqlite.connect(uri, uri=True, isolation_level=None)
                opened.append(connection)
                await connection.executescript(_PRAGMAS)
            reads, writes = opened
            await writes.execute_fetchall(_CLAIM_KEY, {"value": key.check_value()})
            rows = list(await writes.execute_fetchall(_KEY_CHECK))
            if rows[0][0] != key.check_value():
                raise WrongKeyError(
                    f"the data in {path} were written under another data key: "
                    "give the key that belongs to them (it is backed up apart from the database)"
                )
            await reads.execute_fetchall("PRAGMA query_only=ON")
        except aiosqlite.Error as error:
            await _close(opened)
            raise NotReadyError(
                f"{path} cannot serve customers ({error}): run `hotline db upgrade`, "
                "or `hotline db status` to see what it holds"
            ) from error
        except BaseException:
            await _close(opened)
            raise
        return cls(
            reads,
            writes,
            key=key,
            numbers=numbers or NumberReader(),
            clock=clock,
            currency=currency,
        )

    async def close(self) -> None:
        await _close([self._reads, self._writes])

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
        rows = await self._select(_BY_NUMBER, {"number": number.e164, "most": MOST_CANDIDATES})
        return recognition(number, (CustomerId(row[0]) for row in rows))

    async def by_card_number(self, digits: str) -> CustomerId | None:
        digits = digits.replace(" ", "").replace("-", "")
        rows = await self._select(_BY_CARD, {"hash": self._key.card_hash(digits)})
        return next((CustomerId(row[0]) for row in rows), None)

    async def segment(self, customer_id: CustomerId) -> str:
        rows = await self._select(_SEGMENT, {"id": customer_id})
        return next((str(row[0]) for row in rows), "standard")

    async def brief(self, customer_id: CustomerId) -> CustomerBrief | None:
        now = self._clock()
        rows = await self._select(
            _RECORD,
            {"id": customer_id, "responses_since": now - HISTORY_SECONDS, "last": INTERACTIONS},
        )
        scored = await self._select(_SCORES, {"id": customer_id})
        record = _record(customer_id, rows, next((scores_of(row) for row in scored), None))
        return None if record is None else make_brief(record, now=now, currency=self._currency)

    # Accounts ------------------------------------------------------------------------------

    async def note_agent(self, customer_id: CustomerId, agent_id: str, at: float) -> None:
        await self._writes.execute_fetchall(
            _NOTE_AGENT, {"id": customer_id, "agent": agent_id, "at": at}
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
        values = {
            **{"id": customer_id, "offer": offer_id, "response": response},
            **{"at": at, "agent": agent_id, "call": call_id},
        }
        if response != "presented":
            await self._writes.execute_fetchall(_TAKE_BACK, values)
        await self._writes.execute_fetchall(_NOTE_OFFER, values)

    async def last_agent(self, customer_id: CustomerId, since: float) -> str | None:
        rows = list(
            await self._reads.execute_fetchall(_LAST_AGENT, {"id": customer_id, "since": since})
        )
        return str(rows[0][0]) if rows else None

    async def balances(self, customer_id: CustomerId) -> tuple[AccountBalance, ...]:
        rows = await self._select(_BALANCES, {"id": customer_id})
        return tuple(_balance(*row) for row in rows)

    async def personal_digits(self, customer_id: CustomerId) -> tuple[str, ...]:
        """See :class:`crm_lookup.ports.PersonalDigits`."""
        return tuple(row[0] for row in await self._select(_PERSONAL, {"id": customer_id}))

    # PINs ----------------------------------------------------------------------------------

    async def begin_attempt(
        self, customer_id: CustomerId, *, now: float, limit: int, lock_seconds: float
    ) -> Attempt:
        rows = await self._writes.execute_fetchall(
            _ATTEMPT,
            {"id": customer_id, "now": now, "limit": limit, "locked_until": now + lock_seconds},
        )
        for pin_hash, failures in rows:
            return Attempt(pin_hash=pin_hash, failures=failures)
        await self._writes.execute_fetchall(_REFUSED)
        known = list(await self._writes.execute_fetchall(_HAS_PIN, {"id": customer_id}))
        return Attempt(pin_hash="", locked=bool(known))

    async def succeed(self, customer_id: CustomerId, *, pin_hash: str | None = None) -> None:
        await self._writes.execute_fetchall(_SUCCEED, {"id": customer_id, "hash": pin_hash})

    async def set_pin(self, customer_id: CustomerId, pin_hash: str, *, now: float) -> None:
        try:
            await self._writes.execute_fetchall(
                _SET_PIN, {"id": customer_id, "hash": pin_hash, "now": now}
            )
        except aiosqlite.IntegrityError as error:
            raise UnknownCustomerError(customer_id) from error

    async def _select(self, statement: str, values: Mapping[str, Any]) -> Iterable[Any]:
        # execute_fetchall is one hop to the connection's thread; a cursor would be three.
        return await self._reads.execute_fetchall(statement, values)


def _uri(path: Path) -> str:
    # mode=rw: a mistyped path must not leave an empty database behind.
    return path.absolute().as_uri() + "?mode=rw"


async def _close(connections: Iterable[aiosqlite.Connection]) -> None:
    for connection in connections:
        await connection.close()


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
            Interaction(at=row[12], channel=row[1], summary=Text(row[2], row[3]))
            for row in parts.get("interaction", ())
        ),
        **said,
        scores=scores,
    )
