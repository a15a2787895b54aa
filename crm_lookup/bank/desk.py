"""The counter between a caller and the bank's core: who may, how long, and the audit.

Orders run in a task of their own: whoever hangs up or waits too long stops waiting, the order and
its audit go on.
"""

import asyncio
import time
from collections.abc import Callable, Coroutine
from typing import Any, Final, TypeVar, cast

import msgspec
import structlog

from crm_lookup.bank import requests as q
from crm_lookup.bank.audit import AuditEntry, AuditLog
from crm_lookup.bank.errors import (
    AuditError,
    BankRefusedError,
    BankTooSlowError,
    BankUnavailableError,
)
from crm_lookup.bank.operations import operation_of
from crm_lookup.bank.records import CoreHealth, Receipt
from crm_lookup.bank.requests import Asker, Order, Request
from crm_lookup.errors import SettingError
from crm_lookup.keys import DataKey
from crm_lookup.model import AccountBalance, CustomerId
from crm_lookup.pin_rules import is_weak
from crm_lookup.ports import BankCore, PersonalDigits, PinSetter

T = TypeVar("T")
ReplyT = TypeVar("ReplyT")
_log = structlog.get_logger(__name__)

_RANK: Final = {"none": 0, "number": 1, "pin": 2}
MOST_ORDERS: Final = 10
"""Different orders of one kind in one call; the next is refused."""
MOST_BLIND_BLOCKS: Final = 3
"""Different card numbers that one call may block without a PIN."""


class BankDesk:
    """A :class:`~crm_lookup.ports.BankAccounts` over any core.

    ``deadline`` is in seconds, from the question to the answer or the error.
    """

    def __init__(
        self,
        core: BankCore,
        *,
        audit: AuditLog,
        key: DataKey,
        pins: PinSetter,
        personal: PersonalDigits,
        clock: Callable[[], float] = time.time,
        deadline: float = 4.0,
    ) -> None:
        if deadline <= 0:
            raise SettingError(f"deadline ({deadline}) must be above zero")
        self._core = core
        self._audit = audit
        self._key = key
        self._pins = pins
        self._personal = personal
        self._clock = clock
        self._deadline = deadline
        self._unfinished: set[asyncio.Task[Any]] = set()

    async def ask(self, request: Request[ReplyT], by: Asker) -> ReplyT:
        """See :meth:`crm_lookup.ports.BankAccounts.ask`."""
        if isinstance(request, Order):
            return cast(ReplyT, await self._in_time(self._order(request, by)))
        self._demand_level(request, by)
        return await self._in_time(self._core.perform(request, by, ""))

    async def balances(self, customer_id: CustomerId) -> tuple[AccountBalance, ...]:
        """Return the accounts of a customer who has shown the PIN already."""
        by = Asker(customer_id=customer_id, level="pin", call_id="")
        return (await self.ask(q.AccountInquiry(), by)).accounts

    async def health(self) -> CoreHealth:
        """Ask the core how it is, within the deadline."""
        try:
            return await self._in_time(self._core.health())
        except BankUnavailableError as error:
            return CoreHealth(ok=False, detail=str(error), seconds=self._deadline)

    async def close(self, patience: float = 2.0) -> None:
        """Let running orders end for ``patience`` seconds; the core stays open."""
        if self._unfinished:
            await asyncio.wait(self._unfinished, timeout=patience)
        left = tuple(self._unfinished)
        for task in left:
            task.cancel()
        await asyncio.gather(*left, return_exceptions=True)

    async def _in_time(self, work: Coroutine[Any, Any, T]) -> T:
        task = asyncio.create_task(work)
        self._unfinished.add(task)
        task.add_done_callback(self._finished)
        await asyncio.wait({task}, timeout=self._deadline)
        if not task.done():
            raise BankTooSlowError(
                f"the bank's core did not answer within {self._deadline:g} s: see `hotline bank "
                "check`"
            )
        return task.result()

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._unfinished.discard(task)
        if not task.cancelled():
            task.exception()  # taken, so that asyncio does not report it as never retrieved

    def _demand_level(self, request: Request[Any], by: Asker) -> None:
        needed = request.level()
        known = needed == "none" or by.customer_id is not None
        if _RANK[by.level] < _RANK[needed] or not known:
            raise BankRefusedError(
                "not_verified",
                f"{operation_of(request).name} needs the level {needed!r} and the customer: "
                "verify the PIN first",
            )

    async def _order(self, order: Order[Any], by: Asker) -> Any:
        name = operation_of(order).name
        if not by.call_id:
            raise BankRefusedError("bad_request", "an order needs the call_id that it belongs to")
        entry = AuditEntry(
            at=self._clock(),
            customer_id=by.customer_id,
            channel=by.channel,
            call_id=by.call_id,
            level=by.level,
            action=name,
            subject=order.shown(),
            key=self._key.order_key(by.call_id, name, order.subject()),
            outcome="begun",
        )
        try:
            await self._audit.append(entry)
        except Exception as error:
            _log.error("bank_audit_failed", error=type(error).__name__)
            raise AuditError(
                "the order was not passed on, because the audit cannot be written: look at the "
                "disk and at `hotline db status`"
            ) from error
        end: dict[str, str] = {"outcome": "unknown", "detail": "cancelled"}
        try:
            receipt = await self._carry_out(order, by, entry.key)
        except BankRefusedError as error:
            end = {"outcome": "refused", "detail": error.reason}
            raise
        except Exception as error:
            end = {"outcome": "unknown", "detail": type(error).__name__}
            raise
        else:
            end = {"outcome": "done", "case_number": receipt.case_number}
            return receipt
        finally:
            await self._close_entry(entry, end)

    async def _carry_out(self, order: Order[Any], by: Asker, key: str) -> Receipt:
        self._demand_level(order, by)
        if isinstance(order, q.BlockCard) and not q.is_block_subject(order):
            raise BankRefusedError("bad_request", "a card number has 12 to 19 digits")
        await self._refuse_too_many(order, by, key)
        if isinstance(order, q.ChangePin):
            return await self._change_pin(order, by)
        return cast(Receipt, await self._core.perform(order, by, key))

    async def _refuse_too_many(self, order: Order[Any], by: Asker, key: str) -> None:
        is_blind = isinstance(order, q.BlockCard) and order.card_id is None
        lines = await self._audit.newest(limit=200, call_id=by.call_id)
        action = operation_of(order).name
        if any(line.key == key and line.outcome == "done" for line in lines):
            return  # the same once more
        others = {
            line.key
            for line in lines
            if line.action == action and line.outcome == "begun" and line.key != key
        }
        if len(others) >= (MOST_BLIND_BLOCKS if is_blind else MOST_ORDERS):
            raise BankRefusedError("too_many", f"too many orders {action!r} in one call")

    async def _change_pin(self, order: q.ChangePin, by: Asker) -> Receipt:
        customer = by.customer_id
        if customer is None:  # _demand_level lets nobody come so far
            raise BankRefusedError("not_verified", "whose PIN? verify the customer first")
        if is_weak(order.new_pin, personal=await self._personal.personal_digits(customer)):
            raise BankRefusedError("weak_pin", "the PIN is too easy to guess: choose another")
        now = self._clock()
        await self._pins.set_pin(customer, order.new_pin, now=now)
        return Receipt(case_number="", outcome="done", at=now)

    async def _close_entry(self, entry: AuditEntry, end: dict[str, str]) -> None:
        try:
            await self._audit.append(
                msgspec.structs.replace(entry, at=self._clock(), **cast(Any, end))
            )
        except Exception as error:  # noqa: BLE001 # the order is done; its first line stands
            _log.error("bank_audit_incomplete", key=entry.key, error=type(error).__name__)
