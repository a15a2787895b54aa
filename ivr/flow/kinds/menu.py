"""``menu``: one key, one way."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from ivr.flow.call import Call
from ivr.flow.effects import Collect
from ivr.flow.model import Flow, Goto, Key, NodeId, Prompts, Question, Script, register
from ivr.secret import Secret


@register
class MenuNode(Question, frozen=True, kw_only=True, tag="menu"):
    target_maps: ClassVar[tuple[str, ...]] = ("choices",)
    inaudible: ClassVar[tuple[str, ...]] = (*Question.inaudible, "choices")

    choices: Annotated[Mapping[Key, NodeId], msgspec.Meta(min_length=1)]
    repeat: Key = "*"
    """The key with which the caller hears the menu again."""

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        return (yield from self.ask(flow, call, self._collect, self._accept))

    def _collect(self, prompts: Prompts, typed: Secret) -> Collect:
        # A '#' that is no choice is ignored: many press it after an earlier input.
        keys = "0123456789*" + ("#" if "#" in self.choices else "")
        return Collect(
            prompts=prompts,
            most=1,
            wait=self.wait,
            between=self.between,
            keys=keys,
            finish="",
            clear="" if self.repeat in self.choices else self.repeat,
            typed=typed,
        )

    def _accept(self, digits: Secret) -> Goto | None:
        target = self.choices.get(digits.reveal())
        return None if target is None else Goto(target)
