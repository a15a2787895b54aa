"""Asking the bank's services: deadlines, failures, and a PIN answer whose timing tells nothing.

Failures are logged by the kind of error only: a message might quote a number or a card.
"""

import asyncio
import math
import time
from collections.abc import Coroutine
from typing import Any, TypeVar

import structlog

from crm_lookup.bank.errors import BankTooSlowError
from crm_lookup.model import CustomerId, Recognition
from cti.core.ids import AgentId
from ivr import metrics
from ivr.config import IvrLimits
from ivr.flow.effects import (
    AskBank,
    Balances,
    CallerClaim,
    CardClaim,
    Checked,
    CheckPin,
    ServiceFailed,
    TailClaim,
)
from ivr.ports import Answer, IvrServices, MenuPlace

T = TypeVar("T")
_log = structlog.get_logger(__name__)
_UNKNOWN = Recognition(status="unknown")


class Inquiries:
    """The services of one server, shared by all its calls."""

    def __init__(self, services: IvrServices, limits: IvrLimits) -> None:
        self._services = services
        self._limits = limits
        self._unfinished: set[asyncio.Task[Any]] = set()

    async def recognise(self, raw_number: str) -> tuple[Recognition, str]:
        """Return who the number names and their segment (empty if unknown); never raises."""
        callers, recognition = self._services.callers, _UNKNOWN
        try:
            async with asyncio.timeout(self._limits.lookup):
                recognition = await callers.recognise(raw_number)
                customer = recognition.customer_id
                segment = "" if customer is None else await callers.segment(customer)
        except TimeoutError:
            metrics.LOOKUPS.labels("timeout").inc()
            _log.warning("caller_lookup_too_slow", seconds=self._limits.lookup)
            return recognition, ""
        except Exception as error:  # noqa: BLE001  # whatever it is, the call goes on
            metrics.LOOKUPS.labels("failed").inc()
            _log.error("caller_lookup_failed", error=type(error).__name__)
            return recognition, ""
        metrics.LOOKUPS.labels(recognition.status).inc()
        return recognition, segment

    async def check_pin(self, effect: CheckPin) -> Checked | ServiceFailed:
        """Check a PIN; the answer comes after a whole multiple of ``limits.pin_answer``.

        The check itself is never cancelled: hanging up or waiting long must not save a try.
        """
        loop = asyncio.get_running_loop()
        started = loop.time()
        check = self._behind(self._verify(effect))
        result: Checked | ServiceFailed
        try:
            async with asyncio.timeout(self._limits.pin):
                result = await asyncio.shield(check)
            metrics.SERVICES.labels("pin", result.outcome).inc()
        except Exception as error:  # noqa: BLE001  # any failure: an apology and a person
            self._failed("pin", error)
            result = ServiceFailed(service="pin")
        if self._limits.pin_answer > 0:
            elapsed = loop.time() - started
            steps = math.ceil(elapsed / self._limits.pin_answer)
            await asyncio.sleep(steps * self._limits.pin_answer - elapsed)
        if isinstance(result, Checked) and result.customer_id is not None:
            segment = await self._segment(result.customer_id)
            return Checked(outcome="ok", customer_id=result.customer_id, segment=segment)
        return result

    async def balances(self, customer_id: CustomerId) -> Balances | ServiceFailed:
        """Read the customer's accounts."""
        try:
            async with asyncio.timeout(self._limits.accounts):
                accounts = await self._services.accounts.balances(customer_id)
        except Exception as error:  # noqa: BLE001  # any failure: an apology and a person
            self._failed("balance", error)
            return ServiceFailed(service="balance")
        metrics.SERVICES.labels("balance", "ok").inc()
        return Balances(accounts=accounts)

    async def last_agent(self, customer_id: CustomerId, within: float) -> AgentId | None:
        """Return the agent of the customer's last call, at most ``within`` seconds ago."""
        try:
            async with asyncio.timeout(self._limits.lookup):
                found = await self._services.last_agents.last_agent(
                    customer_id, time.time() - within
                )
        except Exception as error:  # noqa: BLE001  # the call goes on without a preference
            self._failed("last_agent", error)
            return None
        return None if found is None else AgentId(found)

    async def place(self, customer_id: CustomerId) -> MenuPlace | None:
        """Return where the customer's last call broke off, if it did lately."""
        places, kept = self._services.places, self._limits.resume
        if places is None or not kept:
            return None
        try:
            async with asyncio.timeout(self._limits.lookup):
                return await places.find(customer_id, since=time.time() - kept)
        except Exception as error:  # noqa: BLE001  # the call goes on without the offer
            self._failed("place", error)
            return None

    def forget_place(self, customer_id: CustomerId) -> None:
        """Forget it, in the background."""
        if (places := self._services.places) is not None:
            self._behind(self._quietly(places.forget(customer_id)))

    def keep_place(self, customer_id: CustomerId, place: MenuPlace) -> None:
        """Note, in the background, that a customer's call broke off."""
        if (places := self._services.places) is not None and self._limits.resume:
            self._behind(self._quietly(places.keep(customer_id, place, now=time.time())))

    async def settle(self, seconds: float) -> None:
        """Wait for what goes on in the background, ``seconds`` at most."""
        if self._unfinished:
            await asyncio.wait(self._unfinished, timeout=seconds)

    async def ask(self, effect: AskBank) -> Answer | ServiceFailed:
        """Ask one of the bank's services."""
        service = effect.service
        try:
            async with asyncio.timeout(self._limits.accounts):
                if self._services.bank is None:
                    raise LookupError(service)
                answer = await self._services.bank.ask(service, effect.facts)
        except Exception as error:  # noqa: BLE001  # any failure: an apology and a person
            self._failed(service, error)
            return ServiceFailed(service=service)
        metrics.SERVICES.labels(service, answer.outcome).inc()
        return answer

    async def _verify(self, effect: CheckPin) -> Checked:
        match effect.claim:
            case CardClaim(digits):
                customer = await self._services.identities.by_card_number(digits.reveal())
            case TailClaim(tail, number):
                # Asked also without a number, so that the claim costs the same.
                customer = await self._services.identities.by_card_tail(number, tail.reveal())
            case CallerClaim(customer):
                pass
            case _:
                customer = None
        pin = effect.pin.one_by_one()
        outcome = await self._services.pins.verify(customer, pin, now=time.time())
        if outcome == "ok" and customer is None:
            outcome = "wrong"  # a claim that names nobody is never right
        return Checked(outcome=outcome, customer_id=customer if outcome == "ok" else None)

    async def _segment(self, customer_id: CustomerId) -> str:
        try:
            async with asyncio.timeout(self._limits.lookup):
                return await self._services.callers.segment(customer_id)
        except Exception as error:  # noqa: BLE001  # the call goes on without a priority
            self._failed("segment", error)
            return ""

    def _failed(self, service: str, error: Exception) -> None:
        too_slow = isinstance(error, TimeoutError | BankTooSlowError)
        outcome = "timeout" if too_slow else "failed"
        metrics.SERVICES.labels(service, outcome).inc()
        _log.error("service_failed", service=service, error=type(error).__name__)

    def _behind(self, work: Coroutine[Any, Any, T]) -> asyncio.Task[T]:
        task = asyncio.create_task(work)
        self._unfinished.add(task)
        task.add_done_callback(self._finished)
        return task

    async def _quietly(self, work: Coroutine[Any, Any, None]) -> None:
        try:
            await work
        except Exception as error:  # noqa: BLE001  # at worst the next offer is missing
            self._failed("place", error)

    def _finished(self, task: asyncio.Task[Any]) -> None:
        self._unfinished.discard(task)
        if not task.cancelled():
            task.exception()  # taken, so that asyncio does not report it as never retrieved
