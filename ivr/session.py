"""One connection from Asterisk: who is it, which flow, and how it ends.

Whatever goes wrong in a flow, the caller gets a person.
"""

import asyncio
import hmac
import traceback
import uuid
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Protocol

import structlog

from cti.core import channel_vars
from ivr import callback, metrics, phone
from ivr.agi import Command, Environment, Reply, commands
from ivr.config import IvrConfig
from ivr.errors import (
    AgiProtocolError,
    AsteriskSilentError,
    CallerGoneError,
    IvrError,
)
from ivr.flow import Call, FlowEngine
from ivr.flow.effects import Play
from ivr.inquiries import Inquiries
from ivr.ports import Reader
from ivr.prompt_ids import LANGUAGES, Language, PromptId
from ivr.runner import CallRunner, set_shared

MENU_ERROR: Final = "menu_error"
"""The reason that an agent sees when the menu failed under the caller."""
MENU_FAILED: Final = PromptId("menu_failed")

_log = structlog.get_logger(__name__)


class SessionChannel(Protocol):
    """What a session needs of its connection; :class:`ivr.channel.AgiChannel` is one."""

    async def environment(self) -> Environment | None: ...

    async def run(self, row: Sequence[Command]) -> list[Reply]: ...

    async def last_words(self, row: Sequence[Command]) -> None: ...


class Arguments(NamedTuple):
    """What the dialplan hands to ``AGI()`` behind the address, in this order."""

    secret: str
    language: str
    queue: str
    """Where the caller goes if the menu names no other."""
    dnis: str
    call_id: str
    """Our key of the call; empty from a dialplan that hands none over."""
    moment: str
    """``after``: the conversation is over."""

    @classmethod
    def of(cls, environment: Environment) -> "Arguments":
        given = environment.arguments[: len(cls._fields)]
        return cls(*given, *[""] * (len(cls._fields) - len(given)))


class Session:
    """Serves one connection."""

    def __init__(
        self,
        channel: SessionChannel,
        config: IvrConfig,
        inquiries: Inquiries,
        reader: Reader,
        *,
        admit: Callable[[], bool],
        refused: Callable[[str], None],
    ) -> None:
        self._channel = channel
        self._config = config
        self._inquiries = inquiries
        self._reader = reader
        self._admit = admit
        self._refused = refused
        self._asked = Arguments("", "", "", "", "", "")
        self._call: Call | None = None
        self._runner: CallRunner | None = None
        self._flow_label = "unknown"

    async def serve(self) -> None:
        """Serve the connection; raises only :class:`asyncio.CancelledError`, after diverting."""
        try:
            environment = await self._channel.environment()
        except (AgiProtocolError, AsteriskSilentError) as error:
            self._refused("garbage" if isinstance(error, AgiProtocolError) else "idle")
            return
        if environment is None:
            self._refused("closed")
            return
        self._asked = Arguments.of(environment)
        if not self._is_trusted():
            self._refused("secret")
        elif not self._admit():
            self._refused("full")
        else:
            await self._serve_call(environment)

    def _is_trusted(self) -> bool:
        shown = self._asked.secret.encode("utf-8", "surrogateescape")
        return hmac.compare_digest(shown, self._config.secret.encode())

    async def _serve_call(self, environment: Environment) -> None:
        end = "lost"
        log = _log
        try:
            call_id = self._asked.call_id or await self._call_id()
            log = log.bind(call_id=call_id)
            with structlog.contextvars.bound_contextvars(call_id=call_id):
                if environment.script == callback.SCRIPT:
                    self._flow_label = callback.SCRIPT
                    end = await self._ask_for_number(environment)
                    return
                end = await self._run_flow(environment, call_id)
        except CallerGoneError:
            end = "caller_hung_up"
            self._keep_place()
        except asyncio.CancelledError:
            end = "diverted"
            await self._to_queue(self._call.topic if self._call else "general")
            raise
        except (AgiProtocolError, AsteriskSilentError) as error:
            log.error("asterisk_lost", error=str(error))  # noqa: TRY400  # no trace needed
            self._keep_place()
        except Exception as error:  # noqa: BLE001  # whatever it is, the caller gets a person
            end = "crashed"
            log.error("flow_crashed", **describe(error))  # noqa: TRY400  # a trace may hold digits
            await self._apologise()
        finally:
            self._count(end)
            log.info("menu_left", end=end)

    def _count(self, end: str) -> None:
        metrics.CALLS.labels(self._flow_label, end).inc()
        runner = self._runner
        if runner is None:  # no menu: a number for a callback, or a failure before it
            return
        if end in ("hangup", "caller_hung_up"):
            outcome = "contained" if runner.served else "unserved"
        else:
            outcome = "message" if end == "voicemail" else "person"
        metrics.OUTCOMES.labels(self._flow_label, outcome).inc()
        if end == "caller_hung_up" and not runner.served:
            metrics.DROPPED.labels(self._flow_label, runner.node).inc()

    def _keep_place(self) -> None:
        """Note for the caller's next call where this one broke off."""
        call = self._call
        if call and call.place and call.customer_id and call.verified == "pin":
            self._inquiries.keep_place(call.customer_id, call.place)

    async def _call_id(self) -> str:
        """Read our key of the call; make one for a dialplan that set none."""
        found = (await self._channel.run([commands.get_variable(channel_vars.CALL_ID)]))[-1].data
        if found:
            return found
        made = str(uuid.uuid4())
        await self._channel.run([set_shared(channel_vars.CALL_ID, made)])
        return made

    async def _run_flow(self, environment: Environment, call_id: str) -> str:
        flow = self._config.flows.get(environment.script)
        self._flow_label = flow.name
        self._call = call = Call(
            call_id=call_id,
            language=self._language(),
            default_queue=self._asked.queue,
            dnis=self._asked.dnis,
            reader=self._reader,
        )
        _log.info("menu_entered", flow=flow.name, language=call.language)
        runner = CallRunner(
            self._channel,
            FlowEngine(flow, call),
            self._inquiries,
            self._config.limits,
            lambda prompt: self._length(call.language, prompt),
            self._config.route,
            self._config.clock,
        )
        if self._asked.moment == "after":  # who called is known by then, better than by number
            return await runner.run(None)
        self._runner = runner
        return await runner.run(environment.caller_number)

    async def _ask_for_number(self, environment: Environment) -> str:
        """Serve a caller who left the queue for a callback: ``HOTLINE_NEXT`` comes last."""
        language = self._language()
        script = callback.ask(
            environment.caller_number,
            language,
            self._config.callback,
            lambda prompt: self._length(language, prompt),
        )
        try:
            command = next(script)
            while True:
                command = script.send((await self._channel.run([command]))[-1])
        except StopIteration as stop:
            number: str = stop.value
        verdict = commands.set_variable(channel_vars.NEXT, "callback" if number else "queue")
        noted = commands.set_variable(channel_vars.CALLBACK_NUMBER, number)
        await self._channel.run([noted, verdict] if number else [verdict])
        return "callback" if number else "queue"

    def _language(self) -> Language:
        wanted = self._asked.language
        return next((one for one in LANGUAGES if one == wanted), self._config.default_language)

    def _length(self, language: Language, prompt: str) -> float:
        return self._config.lengths.get((language, prompt), self._config.limits.unknown_prompt)

    async def _apologise(self) -> None:
        """Tell the caller that a person comes, if that can still be said, and send them there."""
        try:
            length = self._length(self._language(), MENU_FAILED)
            script = phone.play(Play(prompts=(MENU_FAILED,), keys=""), lambda _: length)
            await self._channel.run([next(script)])
        except (IvrError, OSError) as error:
            _log.info("apology_failed", error=type(error).__name__)
        await self._to_queue(MENU_ERROR)

    async def _to_queue(self, reason: str) -> None:
        path = self._call.menu_path if self._call else ""
        await self._channel.last_words(
            [
                set_shared(channel_vars.MENU_PATH, path),
                set_shared(channel_vars.REASON, reason),
                set_shared(channel_vars.NEXT, "queue"),
            ]
        )


def describe(error: BaseException) -> dict[str, str]:
    """Describe an error for the log without the values that it touched.

    Foreign messages and local variables may hold digits; our own messages are written not to.
    """
    frames = traceback.extract_tb(error.__traceback__)[-4:]
    return {
        "error": type(error).__name__,
        "message": str(error) if isinstance(error, IvrError) else "",
        "at": " < ".join(f"{frame.name}:{frame.lineno}" for frame in reversed(frames)),
    }
