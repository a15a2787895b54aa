"""``hangup``: say goodbye and end the call."""

from ivr.flow.call import Call
from ivr.flow.effects import End
from ivr.flow.model import Flow, Goto, Node, Script, do, register, say


@register
class HangupNode(Node, frozen=True, kw_only=True, tag="hangup"):
    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        if goto := (yield from say(flow, call, self.prompts)):
            return goto
        yield from do(End(next="hangup"))
        return None
