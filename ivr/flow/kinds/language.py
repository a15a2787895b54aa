"""``language``: let the caller choose a language; no key or another key keeps the number's own."""

from collections.abc import Mapping
from typing import ClassVar

from cti.core import channel_vars
from ivr.flow.call import Call
from ivr.flow.effects import Collect, SetLanguage, SetVariables
from ivr.flow.model import Flow, Goto, Key, Node, NodeId, Script, Seconds, do, register
from ivr.prompt_ids import Language


@register
class LanguageNode(Node, frozen=True, kw_only=True, tag="language"):
    targets: ClassVar[tuple[str, ...]] = ("next",)

    next: NodeId
    choices: Mapping[Key, Language]
    wait: Seconds = 4.0

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        keyed = yield from do(
            Collect(
                prompts=self.prompts,
                most=1,
                wait=self.wait,
                between=self.wait,
                keys="0123456789*",
                finish="",
                clear="",
                typed=call.take_typed(),
            )
        )
        key = keyed.digits.reveal()
        if key in flow.everywhere:
            return Goto(flow.everywhere[key])
        call.language = self.choices.get(key, call.language)
        yield from do(SetLanguage(language=call.language))
        yield from do(SetVariables(values=((channel_vars.LANGUAGE, call.language),)))
        return Goto(self.next)
