"""``say``: read values aloud, in sentences that stand in the prompt files of each language.

A sentence's slots are filled with what the bank's services found; ``rows`` are said for every row
of the last look-up, with its position as ``{position}``.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from ivr.flow.call import Call
from ivr.flow.model import Flow, Goto, Node, NodeId, Prompts, Script, register, say
from ivr.values import Value

SentenceName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,63}$")]


@register
class SayNode(Node, frozen=True, kw_only=True, tag="say"):
    targets: ClassVar[tuple[str, ...]] = ("next",)
    spoken: ClassVar[tuple[str, ...]] = ("sentences", "rows")

    next: NodeId
    sentences: tuple[SentenceName, ...] = ()
    """Said once."""
    rows: tuple[SentenceName, ...] = ()
    """Said for each row."""

    def __post_init__(self) -> None:
        if not (self.sentences or self.rows):
            raise ValueError("a 'say' node needs 'sentences' or 'rows'; 'play' says plain prompts")

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        prompts = self.prompts + filled(call, self.sentences, call.facts)
        for position, row in enumerate(call.rows, start=1):
            prompts += filled(call, self.rows, {**call.facts, "position": position, **row})
        return (yield from say(flow, call, prompts)) or Goto(self.next)


def filled(call: Call, sentences: tuple[str, ...], values: Mapping[str, Value]) -> Prompts:
    """Return the prompts of sentences, filled with values."""
    return tuple(
        piece
        for sentence in sentences
        for piece in call.reader.sentence(sentence, call.language, **values)
    )
