"""Carries out what people ask for over their WebSocket, and says how it went."""

import asyncio

import structlog

from agent_console import metrics
from agent_console.config import ConsoleConfig
from agent_console.connection import failed
from agent_console.errors import CommandRefusedError
from agent_console.hub import Hub
from agent_console.messages import (
    Accepted,
    AnswerOffer,
    ChooseCustomer,
    Command,
    Consult,
    Dispose,
    ErrorCode,
    ExtendWrapUp,
    Failed,
    HangUp,
    Order,
    Ready,
    SetState,
    SettleConsultation,
    Transfer,
)
from agent_console.overrides import Overrides
from agent_console.ports import EnginePort
from agent_console.tickets import Pass

log = structlog.get_logger(__name__)


class Commands:
    """Checks a command against the catalogue and the desk, then gives it to the engine."""

    def __init__(self, config: ConsoleConfig, engine: EnginePort, hub: Hub) -> None:
        self._engine = engine
        self._hub = hub
        self._timeout_s = config.command_timeout_s
        self._extend_s = config.catalogue.extend_wrap_up_s
        self._pause_reasons = {choice.code for choice in config.catalogue.pause_reasons}
        self._overrides = Overrides(engine, self._pause_reasons)
        self._dispositions = {each.code: each for each in config.catalogue.dispositions}

    async def run(self, holder: Pass, command: Command) -> Accepted | Failed:
        """Carry out the command; the answer repeats its number."""
        code, why = await self._attempt(holder, command)
        kind = type(command).__name__
        metrics.COMMANDS.labels(kind=kind, outcome=code or "ok").inc()
        if code is None:
            return Accepted(ref=command.ref)
        log.info("command_refused", kind=kind, code=code, why=why, agent=holder.me.agent_id)
        return failed(code, command.ref)

    async def _attempt(self, holder: Pass, command: Command) -> tuple[ErrorCode | None, str]:
        """Return the code of a refusal and, for the log, the engine's words for it."""
        agent_id = holder.me.agent_id
        try:
            async with asyncio.timeout(self._timeout_s):
                if isinstance(command, Order):
                    return await self._overrides.execute(holder.me, command), ""
                if agent_id is None:
                    return "not_an_agent", ""
                return await self._execute(agent_id, holder, command), ""
        except CommandRefusedError as refused:
            return refused.code, str(refused)
        except TimeoutError:
            return "engine_away", "no answer in time"
        except Exception:
            # Whatever broke in the engine, the agent's page must live and hear of it.
            log.exception("command_failed", kind=type(command).__name__, agent=agent_id)
            return "internal", ""

    async def _execute(self, agent_id: str, holder: Pass, command: Command) -> ErrorCode | None:
        match command:
            case SetState(state="available"):
                await self._engine.set_available(agent_id)
            case SetState(reason=reason):
                if reason not in self._pause_reasons:
                    return "unknown_code"
                await self._engine.pause(agent_id, reason)
            case Ready():
                await self._engine.ready(agent_id)
            case ExtendWrapUp():
                await self._engine.extend_wrap_up(agent_id, self._extend_s)
            case Dispose(call_id=call_id, code=code):
                chosen = self._dispositions.get(code)
                if chosen is None:
                    return "unknown_code"
                pop = self._hub.call(holder.me, call_id)
                if pop is None:
                    return "unknown_call"
                if chosen.queues and pop.queue not in chosen.queues:
                    return "unknown_code"
                await self._engine.dispose(agent_id, call_id, code)
            case ChooseCustomer():
                return await self._choose_customer(agent_id, holder, command)
            case AnswerOffer():
                return await self._answer_offer(agent_id, holder, command)
            case HangUp() | Transfer() | Consult() | SettleConsultation():
                return await self._control(agent_id, holder, command)
        return None

    async def _control(
        self,
        agent_id: str,
        holder: Pass,
        command: HangUp | Transfer | Consult | SettleConsultation,
    ) -> ErrorCode | None:
        call_id = command.call_id
        if self._hub.call(holder.me, call_id) is None:
            return "unknown_call"
        match command:
            case HangUp():
                await self._engine.leave_call(agent_id, call_id)
            case Transfer(queue=queue, agent_id=target, reason=reason):
                if (queue is None) == (target is None):
                    return "bad_message"
                await self._engine.transfer(
                    agent_id, call_id, queue=queue, target=target, reason=reason
                )
            case Consult(agent_id=target):
                await self._engine.consult(agent_id, call_id, target)
            case SettleConsultation(how=how):
                await self._engine.settle_consultation(agent_id, call_id, how)
        return None

    async def _choose_customer(
        self, agent_id: str, holder: Pass, command: ChooseCustomer
    ) -> ErrorCode | None:
        pop = self._hub.call(holder.me, command.call_id)
        if pop is None:
            return "unknown_call"
        if command.customer_id not in {each.customer_id for each in pop.candidates}:
            return "unknown_code"
        await self._engine.choose_customer(
            agent_id, command.call_id, command.customer_id, len(pop.candidates)
        )
        return None

    async def _answer_offer(
        self, agent_id: str, holder: Pass, command: AnswerOffer
    ) -> ErrorCode | None:
        pop = self._hub.call(holder.me, command.call_id)
        if pop is None or pop.customer is None:
            return "unknown_call"
        offers = [offer.offer_id for offer in pop.customer.offers]
        if command.offer_id not in offers:
            return "unknown_code"
        await self._engine.answer_offer(
            agent_id,
            command.call_id,
            pop.customer.customer_id,
            command.offer_id,
            offers.index(command.offer_id) + 1,
            command.answer,
        )
        return None
