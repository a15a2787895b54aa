"""``choose``: let the caller pick one of the rows that a look-up found, with the keys 1 to 9.

The values of the row go to the facts of the call.  One row needs no question.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final

from ivr.flow.call import Call
from ivr.flow.effects import Collect
from ivr.flow.kinds.say import SentenceName, filled
from ivr.flow.model import Flow, Goto, NodeId, Prompts, Question, Script, register
from ivr.secret import Secret
from ivr.values import Value

MOST_CHOICES: Final = 9


@register
class ChooseNode(Question, frozen=True, kw_only=True, tag="choose"):
    targets: ClassVar[tuple[str, ...]] = ("next", "failed")
    spoken: ClassVar[tuple[str, ...]] = ("row",)

    next: NodeId
    row: tuple[SentenceName, ...]
    """Said for each row; ``{key}`` is the number of the key for it."""

    def ways(self, pin: bool) -> Iterator[tuple[str, NodeId, bool]]:
        yield "next", self.next, pin
        yield "failed", self.failed, pin

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        rows = call.rows[:MOST_CHOICES]
        if not rows:
            return Goto(self.failed)
        if len(rows) == 1:
            call.facts.update(rows[0])
            return Goto(self.next)
        offered: Prompts = ()
        for key, row in enumerate(rows, start=1):
            offered += filled(call, self.row, {**call.facts, "key": key, **row})

        def accept(digits: Secret) -> Mapping[str, Value] | None:
            key = digits.reveal()
            place = int(key) if key.isdecimal() else 0
            return rows[place - 1] if 1 <= place <= len(rows) else None

        def collect(prompts: Prompts, typed: Secret) -> Collect:
            return Collect(
                prompts=prompts + offered,
                most=1,
                wait=self.wait,
                between=self.between,
                keys="0123456789",
                finish="",
                typed=typed,
            )

        chosen: Mapping[str, Value] | Goto = yield from self.ask(flow, call, collect, accept)
        if isinstance(chosen, Goto):
            return chosen
        call.facts.update(chosen)
        return Goto(self.next)
