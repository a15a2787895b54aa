"""Carries out what the flow engine wants, over a telephone channel and the bank's services."""

import asyncio
from collections.abc import Coroutine, Sequence
from typing import Any, Final, Protocol, TypeVar

import msgspec
import structlog

from crm_lookup.model import Recognition
from cti.core import channel_vars, user_events
from cti.core.routing import Decision, preferring
from ivr import metrics, phone
from ivr.agi import Command, Reply, commands
from ivr.config import Clock, IvrLimits, Router
from ivr.flow import FlowEngine
from ivr.flow.effects import (
    AnyEffect,
    AskBank,
    AskTime,
    CheckPin,
    Collect,
    End,
    FindPlace,
    ForgetPlace,
    KnowCaller,
    NextAct,
    Play,
    ReadBalances,
    Result,
    Route,
    SetLanguage,
    SetVariables,
    Tell,
)
from ivr.inquiries import Inquiries
from ivr.phone import Length, PhoneScript
from ivr.prompt_ids import PromptId

T = TypeVar("T")
PLEASE_WAIT: Final = PromptId("please_wait")
_log = structlog.get_logger(__name__)

_NOT_INHERITED: Final = frozenset({channel_vars.NEXT})


class Channel(Protocol):
    """What the runner needs of a telephone channel; :class:`ivr.channel.AgiChannel` is one."""

    async def run(self, row: Sequence[Command]) -> list[Reply]:
        """Run a row of commands, of which only the last may take time."""


class CallRunner:
    """Drives one call from the first effect to the last."""

    def __init__(
        self,
        channel: Channel,
        engine: FlowEngine,
        inquiries: Inquiries,
        limits: IvrLimits,
        length: Length,
        router: Router,
        clock: Clock,
    ) -> None:
        self._channel = channel
        self._engine = engine
        self._inquiries = inquiries
        self._limits = limits
        self._length = length
        self._router = router
        self._clock = clock
        self._row: list[Command] = []
        """Commands that take no time; they are run before the next one that does."""
        self._lookup: asyncio.Task[tuple[Recognition, str]] | None = None
        self.served = 0
        """Services that were done for the caller."""

    @property
    def node(self) -> str:
        """The node where the caller is, or was last."""
        return self._engine.node

    async def run(self, raw_number: str | None) -> NextAct:
        """Run the flow to its end; the caller's number, if given, is looked up meanwhile.

        Raises what the channel raises, and whatever goes wrong in the flow.
        """
        if raw_number is not None:
            self._lookup = asyncio.create_task(self._inquiries.recognise(raw_number))
        try:
            effect = self._engine.start()
            while not isinstance(effect, End):
                result = await self._carry_out(effect)
                self._take_lookup()
                effect = self._engine.answer(result)
            await self._end(effect)
            return effect.next
        finally:
            if self._lookup is not None:
                self._lookup.cancel()

    async def _carry_out(self, effect: AnyEffect) -> Result:
        match effect:
            case Play():
                return await self._phone(phone.play(effect, self._length))
            case Collect():
                return await self._phone(phone.collect(effect, self._length))
            case CheckPin():
                return await self._with_filler(self._inquiries.check_pin(effect))
            case ReadBalances():
                return await self._with_filler(self._inquiries.balances(effect.customer_id))
            case AskBank():
                return await self._with_filler(self._inquiries.ask(effect))
            case FindPlace():
                return await self._inquiries.place(effect.customer_id)
            case ForgetPlace():
                self._inquiries.forget_place(effect.customer_id)
            case Route():
                return await self._route(effect)
            case AskTime():
                return self._clock()
            case KnowCaller():
                if self._lookup is not None:
                    await self._lookup
            case _:
                self._note(effect)
        return None

    async def _route(self, wanted: Route) -> Decision:
        row, self._row = [*self._row, commands.get_variable(channel_vars.CLOSED_QUEUES)], []
        closed = (await self._channel.run(row))[-1].data or ""
        names = frozenset(name for name in closed.split(",") if name)
        decision = self._router(msgspec.structs.replace(wanted, closed=names))
        if decision.prefer is None or wanted.customer_id is None:
            return decision
        agent = await self._inquiries.last_agent(wanted.customer_id, decision.prefer.within)
        return preferring(decision, agent)

    def _note(self, effect: AnyEffect) -> None:
        """Put effects that take no time into the next row of commands."""
        match effect:
            case SetVariables(values=values):
                self._row += [set_shared(name, value) for name, value in values]
            case SetLanguage(language=language):
                self._row.append(commands.set_variable("CHANNEL(language)", language))
            case Tell(event=event):
                self._row.append(commands.user_event(user_events.encode(event)))
                if isinstance(event, user_events.NodeEntered):
                    metrics.NODES.labels(event.flow, event.node).inc()
                elif isinstance(event, user_events.ServiceDone) and event.outcome == "ok":
                    self.served += 1
            case _:
                raise TypeError(f"no driver for {type(effect).__name__}; teach CallRunner")

    async def _phone(self, script: PhoneScript[T]) -> T:
        try:
            command = next(script)
            while True:
                row, self._row = [*self._row, command], []
                reply = (await self._channel.run(row))[-1]
                self._notice_missing(command, reply)
                command = script.send(reply)
        except StopIteration as stop:
            result: T = stop.value
            return result

    async def _with_filler(self, work: Coroutine[Any, Any, T]) -> T:
        """Wait for a service; the caller hears that it goes on, and the guard is kept fresh."""
        task = asyncio.create_task(work)
        loop = asyncio.get_running_loop()
        filler_at = loop.time() + self._limits.filler_after
        try:
            await self._refresh()
            while not task.done():
                patience = min(filler_at - loop.time(), self._limits.guard / 2)
                await asyncio.wait({task}, timeout=max(0.0, patience))
                if task.done():
                    break
                if loop.time() >= filler_at:
                    await self._phone(
                        phone.play(Play(prompts=(PLEASE_WAIT,), keys=""), self._length)
                    )
                    filler_at = loop.time() + self._limits.filler_every
                else:
                    await self._refresh()
            return await task
        finally:
            task.cancel()

    async def _refresh(self) -> None:
        row, self._row = self._row, []
        await self._channel.run(row)

    async def _end(self, end: End) -> None:
        """Say the last words: ``HOTLINE_NEXT`` stands at the very end."""
        ended = user_events.MenuEnded(call_id=self._engine.call.call_id, next=end.next)
        await self._channel.run(
            [
                *self._row,
                *(set_shared(name, value) for name, value in end.values),
                commands.user_event(user_events.encode(ended)),
                set_shared(channel_vars.NEXT, end.next),
            ]
        )

    def _take_lookup(self) -> None:
        if self._lookup is not None and self._lookup.done():
            recognition, segment = self._lookup.result()
            self._lookup = None
            for effect in self._engine.recognised(recognition, segment):
                self._note(effect)

    def _notice_missing(self, command: Command, reply: Reply) -> None:
        if not reply.is_missing:
            return
        prompt = command.arguments[0]
        metrics.MISSING_PROMPTS.labels(prompt).inc()
        _log.error("prompt_missing", prompt=prompt, language=self._engine.call.language)


def set_shared(name: str, value: str) -> Command:
    """Set one of our variables; later legs of the call inherit it (``__``), except the verdict."""
    return commands.set_variable(name if name in _NOT_INHERITED else f"__{name}", value)
