"""Walks a call through a flow without telephony: the same engine, the same rules for keys.

What a telephone would play is told as text, one :class:`Line` after the other.
"""

from collections.abc import AsyncIterator, Callable, Iterable
from typing import Final, Literal, TypeAlias

import msgspec

from cti.core import user_events
from ivr import phone
from ivr.agi import Reply
from ivr.config import Clock, Flows, IvrLimits, Router
from ivr.flow.calendar import Moment
from ivr.flow.call import Call
from ivr.flow.effects import (
    AnyEffect,
    AskBank,
    AskTime,
    CheckPin,
    Collect,
    End,
    FindPlace,
    ForgetPlace,
    Keyed,
    Play,
    ReadBalances,
    Result,
    Route,
    SetLanguage,
    SetVariables,
    Tell,
)
from ivr.flow.engine import FlowEngine
from ivr.flow.kinds.collect import CollectNode
from ivr.flow.kinds.identity import IdentityNode
from ivr.flow.kinds.pin import PinNode
from ivr.inquiries import Inquiries
from ivr.ports import IvrServices
from ivr.prompt_ids import Language, PromptId

SILENCE: Final = "-"
"""A word of the keys that stands for keying nothing."""

Spell: TypeAlias = Callable[[tuple[PromptId, ...], Language], str]
"""Writes prompts as text; :meth:`ivr.prompts.PromptCatalogue.spell` does."""


class Line(msgspec.Struct, frozen=True):
    """One thing that happened."""

    what: Literal["node", "hears", "keys", "sets", "tells", "service", "ends"]
    text: str


class Scenario(msgspec.Struct, frozen=True, kw_only=True):
    """Who phones in, and what they key."""

    flow: str
    caller: str
    """The calling number; empty if withheld."""
    keys: str = ""
    """Words separated by spaces, one for each question; ``-`` keys nothing.  Then silence."""
    language: Language = "zh"
    default_queue: str = "service"
    dnis: str = ""


async def simulate(
    scenario: Scenario,
    flows: Flows,
    services: IvrServices,
    router: Router,
    clock: Clock,
    spell: Spell,
) -> AsyncIterator[Line]:
    """Walk the call to its end.

    Raises :class:`ivr.errors.FlowError` for a flow that goes in circles, and
    :class:`ivr.prompt_errors.UnknownPromptError` for a prompt without a text.
    """
    inquiries = Inquiries(services, IvrLimits(pin_answer=0.0, lookup=2.0))
    call = Call(
        call_id="simulated",
        language=scenario.language,
        default_queue=scenario.default_queue,
        dnis=scenario.dnis,
        reader=services.reader,
    )
    engine = FlowEngine(flows.get(scenario.flow), call)
    keypad = _Keypad(scenario.keys.split())
    effect = engine.start()
    for found in engine.recognised(*await inquiries.recognise(scenario.caller)):
        for line in _told(found):
            yield line
    while not isinstance(effect, End):
        for line in _told(effect):
            yield line
        result: Result = None
        match effect:
            case Play(prompts=prompts):
                yield Line("hears", spell(prompts, call.language))
            case Collect(prompts=prompts):
                if prompts and not effect.typed:
                    yield Line("hears", spell(prompts, call.language))
                result = keypad.collect(effect)
                yield Line("keys", _keyed(engine, result))
            case CheckPin():
                result = await inquiries.check_pin(effect)
                yield Line("service", f"PIN check: {getattr(result, 'outcome', 'failed')}")
            case ReadBalances():
                result = await inquiries.balances(effect.customer_id)
                yield Line("service", f"balances of {effect.customer_id}")
            case AskBank(service=service):
                result = await inquiries.ask(effect)
                yield Line("service", f"{service}: {getattr(result, 'outcome', 'failed')}")
            case FindPlace():
                result = await inquiries.place(effect.customer_id)
                where = result.node if result else "nowhere"
                yield Line("service", f"the last call broke off: {where}")
            case ForgetPlace():
                inquiries.forget_place(effect.customer_id)
            case Route():
                result = router(effect)
                yield Line("service", f"routing: rule {result.rule}")
            case AskTime():
                result = clock()
                yield Line("service", _moment(result))
        effect = engine.answer(result)
    for line in _told(effect):
        yield line
    values = dict(effect.values)
    where = ", ".join(f"{name}={value}" for name, value in values.items())
    yield Line("ends", f"{effect.next} at node {engine.node}" + (f" ({where})" if where else ""))


def _moment(moment: Moment) -> str:
    at_work = "open" if moment.is_open else "closed"
    return f"time: {moment.at:%Y-%m-%d %a %H:%M}, {moment.day}, office {at_work}"


def _told(effect: AnyEffect) -> Iterable[Line]:
    """Tell the side effects."""
    match effect:
        case SetVariables(values=values) | End(values=values):
            for name, value in values:
                yield Line("sets", f"{name}={value}")
        case SetLanguage(language=language):
            yield Line("sets", f"CHANNEL(language)={language}")
        case Tell(event=user_events.NodeEntered(node=node)):
            yield Line("node", node)
            yield Line("tells", user_events.encode(effect.event))
        case Tell(event=event):
            yield Line("tells", user_events.encode(event))


def _keyed(engine: FlowEngine, keyed: Keyed) -> str:
    """Tell what was keyed; never a PIN or a card number."""
    node = engine.flow.nodes[engine.node]
    is_secret = isinstance(node, PinNode | IdentityNode | CollectNode)
    digits = "•" * len(keyed.digits) if is_secret else keyed.digits.reveal()
    return f"{digits or 'nothing'} ({keyed.ended})"


class _Keypad:
    """Keys words one after the other, each into one question, by the telephone's own rules."""

    def __init__(self, words: Iterable[str]) -> None:
        self._words = iter(words)
        self._left = ""

    def collect(self, effect: Collect) -> Keyed:
        """Answer a question; keys that it does not take stay for the next one."""
        script = phone.collect(effect, lambda _: 0.0)
        has_word = False
        try:
            command = next(script)
            while True:
                key = ""
                if command.words == "WAIT FOR DIGIT":
                    if not self._left and not has_word:
                        has_word = True
                        word = next(self._words, SILENCE)
                        self._left = "" if word == SILENCE else word
                    key, self._left = self._left[:1], self._left[1:]
                command = script.send(Reply(code=200, result=str(ord(key)) if key else "0"))
        except StopIteration as stop:
            keyed: Keyed = stop.value
            return keyed
