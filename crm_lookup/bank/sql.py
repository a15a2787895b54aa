"""The embedded ledger: a core and the audit in the hotline's own database.

Portable SQLAlchemy Core, as nothing here is on the path of a pop.  An order, its case and its
answer are written in one transaction, which begins by claiming the order's key: a crash leaves all
or nothing, and whoever asks again with the key gets the first answer.
"""

import json
import math
import time
from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, tzinfo
from typing import Any, Final, NamedTuple, TypeVar, cast

import msgspec
import sqlalchemy as sa
from msgspec.structs import asdict
from sqlalchemy.exc import IntegrityError, SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from crm_lookup import tables as ct
from crm_lookup.bank import inquiries, rules
from crm_lookup.bank import records as r
from crm_lookup.bank import requests as q
from crm_lookup.bank import tables as t
from crm_lookup.bank.audit import AuditEntry
from crm_lookup.bank.errors import BankRefusedError, BankUnavailableError
from crm_lookup.bank.memory import fingerprint
from crm_lookup.bank.operations import operation_of
from crm_lookup.bank.requests import Asker, Order, Request
from crm_lookup.keys import DataKey

ReplyT = TypeVar("ReplyT")

_TRIES: Final = 3
ANSWERS_KEPT: Final = 30 * 86_400.0
"""Seconds for which a repeated order gets its first answer; keys belong to one call each."""
_PRUNE_EVERY: Final = 3_600.0
_FAILED: Final = "the embedded ledger failed ({}): see `hotline db status`"


class _Found(NamedTuple):
    card_id: str
    tail: str
    status: r.CardStatus


class SqlCore:
    """A :class:`crm_lookup.ports.BankCore` over the tables of this package.

    ``zone`` is the bank's, for what is due today.  The engine stays the caller's.
    """

    def __init__(
        self,
        engine: AsyncEngine,
        *,
        key: DataKey,
        zone: tzinfo = UTC,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._engine = engine
        self._key = key
        self._zone = zone
        self._clock = clock
        self._pruned_at = -math.inf

    async def perform(self, request: Request[ReplyT], by: Asker, key: str) -> ReplyT:
        """See :class:`crm_lookup.ports.BankCore`."""
        try:
            if isinstance(request, Order):
                return cast(ReplyT, await self._order(request, by, key))
            async with self._engine.connect() as connection:
                return cast(
                    ReplyT,
                    await inquiries.answer(connection, request, by.customer_id, self._today()),
                )
        except SQLAlchemyError as error:
            raise BankUnavailableError(_FAILED.format(type(error).__name__)) from error

    async def health(self) -> r.CoreHealth:
        begun = time.monotonic()
        try:
            async with self._engine.connect() as connection:
                count = await connection.scalar(
                    sa.select(sa.func.count()).select_from(ct.accounts)
                )
                await connection.execute(sa.select(t.bank_answers.c.order_key).limit(1))
        except SQLAlchemyError as error:
            detail = (
                f"the embedded ledger failed ({type(error).__name__}): see `hotline db status`"
            )
            return r.CoreHealth(ok=False, detail=detail, seconds=time.monotonic() - begun)
        return r.CoreHealth(
            ok=True,
            detail=f"the embedded ledger, {count:,} accounts",
            seconds=time.monotonic() - begun,
        )

    async def close(self) -> None:
        """Nothing of our own is open."""

    def _today(self) -> date:
        return datetime.fromtimestamp(self._clock(), self._zone).date()

    async def _order(self, order: Order[Any], by: Asker, key: str) -> r.Receipt:
        mark = fingerprint(self._key, order, by)
        await self._prune()
        for _ in range(_TRIES):
            async with self._engine.begin() as connection:
                if await self._claim(connection, key, mark):
                    receipt = await self._carry_out(connection, order, by)
                    await connection.execute(
                        sa.update(t.bank_answers)
                        .where(t.bank_answers.c.order_key == key)
                        .values(answer=msgspec.json.encode(receipt).decode())
                    )
                    return receipt
            async with self._engine.connect() as connection:
                query = sa.select(t.bank_answers.c.fingerprint, t.bank_answers.c.answer)
                row = (
                    await connection.execute(query.where(t.bank_answers.c.order_key == key))
                ).first()
            if row is None:
                continue  # the other one gave up in between
            if row.fingerprint != mark:
                raise BankRefusedError("key_reused", rules.KEY_REUSED)
            return msgspec.json.decode(row.answer, type=r.Receipt)
        raise BankUnavailableError("somebody else carries out the same order: ask again")

    async def _prune(self) -> None:
        """Forget answers that nobody will ask for again, now and then."""
        now = self._clock()
        if now - self._pruned_at < _PRUNE_EVERY:
            return
        self._pruned_at = now
        old = t.bank_answers.c.at < now - ANSWERS_KEPT
        async with self._engine.begin() as connection:
            await connection.execute(sa.delete(t.bank_answers).where(old))

    async def _claim(self, connection: AsyncConnection, key: str, mark: str) -> bool:
        """Take the key for this transaction; ``False`` if somebody had it before."""
        values = {"order_key": key, "fingerprint": mark, "answer": "", "at": self._clock()}
        try:
            await connection.execute(sa.insert(t.bank_answers).values(**values))
        except IntegrityError:
            await connection.rollback()
            return False
        return True

    async def _carry_out(
        self, connection: AsyncConnection, order: Order[Any], by: Asker
    ) -> r.Receipt:
        detail: dict[str, Any]
        match order:
            case q.BlockCard(card_id=None, card_number=number):
                theirs = ct.cards.c.number_hash == self._key.card_hash(number or "")
                card = await self._turn(connection, theirs, rules.emergency_status)
                subject = "" if card is None else card.card_id
                tail = (number or "")[-4:]
                detail = {"reason": order.reason, "verified": False}
                return await self._receipt(connection, order, by, "done", subject, detail, tail)
            case q.BlockCard(card_id=card_id):
                card = await self._own_card(connection, by, card_id or "", rules.lost_status)
                detail = {"reason": order.reason, "verified": True}
                return await self._receipt(
                    connection, order, by, "done", card.card_id, detail, card.tail
                )
            case q.ActivateCard(card_id=card_id):
                card = await self._own_card(connection, by, card_id, rules.activated_status)
                await connection.execute(
                    sa.update(t.card_orders)
                    .where(t.card_orders.c.card_id == card_id)
                    .values(stage="activated")
                )
                return await self._receipt(connection, order, by, "done", card_id, {}, card.tail)
            case q.RequestStatement(account_id=account_id):
                await inquiries.own_account(connection, by.customer_id, account_id)
                detail = {
                    "first_day": order.first_day,
                    "last_day": order.last_day,
                    "delivery": order.delivery,
                }
                return await self._receipt(connection, order, by, "accepted", account_id, detail)
            case q.RegisterComplaint(topic=topic):
                detail = {"wants_call": order.wants_call}
                return await self._receipt(connection, order, by, "accepted", topic, detail)
        raise BankRefusedError("bad_request", f"{operation_of(order).name} is not for a core")

    async def _own_card(
        self,
        connection: AsyncConnection,
        by: Asker,
        card_id: str,
        rule: Callable[[r.CardStatus], r.CardStatus],
    ) -> _Found:
        theirs = sa.and_(ct.cards.c.card_id == card_id, ct.cards.c.customer_id == by.customer_id)
        card = await self._turn(connection, theirs, rule)
        if card is None:
            raise BankRefusedError("no_such_card", rules.NO_CARD)
        return card

    async def _turn(
        self,
        connection: AsyncConnection,
        which: sa.ColumnElement[bool],
        rule: Callable[[r.CardStatus], r.CardStatus],
    ) -> _Found | None:
        query = sa.select(ct.cards.c.card_id, ct.cards.c.tail, ct.cards.c.status).where(which)
        row = (await connection.execute(query.with_for_update())).first()
        card = None if row is None else _Found(*row)
        # Written even if there is no such card, so that a report takes as long for every number.
        status = "blocked" if card is None else rule(card.status)
        await connection.execute(sa.update(ct.cards).where(which).values(status=status))
        return card

    async def _receipt(
        self,
        connection: AsyncConnection,
        order: Order[Any],
        by: Asker,
        outcome: Any,
        subject: str,
        detail: dict[str, Any],
        tail: str = "",
    ) -> r.Receipt:
        now = self._clock()
        case_id = await connection.scalar(
            sa.insert(t.bank_cases)
            .values(
                kind=operation_of(order).name,
                customer_id=by.customer_id,
                subject=subject,
                detail=json.dumps(detail),
                opened_at=now,
                channel=by.channel,
                call_id=by.call_id,
            )
            .returning(t.bank_cases.c.case_id)
        )
        return r.Receipt(
            case_number=rules.case_number(cast(int, case_id)), outcome=outcome, at=now, tail=tail
        )


class SqlAudit:
    """An :class:`crm_lookup.bank.audit.AuditLog` that the database itself keeps from changes."""

    def __init__(self, engine: AsyncEngine) -> None:
        self._engine = engine

    async def append(self, entry: AuditEntry) -> None:
        async with self._engine.begin() as connection:
            await connection.execute(sa.insert(t.bank_audit).values(**asdict(entry)))

    async def newest(
        self, *, limit: int, customer_id: str | None = None, call_id: str | None = None
    ) -> Sequence[AuditEntry]:
        columns = [column for column in t.bank_audit.c if column.name != "audit_id"]
        query = sa.select(*columns).order_by(t.bank_audit.c.audit_id.desc()).limit(limit)
        if customer_id is not None:
            query = query.where(t.bank_audit.c.customer_id == customer_id)
        if call_id is not None:
            query = query.where(t.bank_audit.c.call_id == call_id)
        async with self._engine.connect() as connection:
            return [AuditEntry(**row._mapping) for row in await connection.execute(query)]
