"""``play``: say something and go on."""

from typing import ClassVar

from ivr.flow.call import Call
from ivr.flow.model import Flow, Goto, Node, NodeId, Script, register, say


@register
class PlayNode(Node, frozen=True, kw_only=True, tag="play"):
    targets: ClassVar[tuple[str, ...]] = ("next",)

    next: NodeId

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        return (yield from say(flow, call, self.prompts)) or Goto(self.next)
