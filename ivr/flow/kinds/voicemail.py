"""``voicemail``: let the caller leave a message; the dialplan records it after the prompts."""

from cti.core import channel_vars
from ivr.flow.call import Call
from ivr.flow.effects import End
from ivr.flow.model import Flow, Goto, Node, Script, do, register, say
from ivr.secret import Secret


@register
class VoicemailNode(Node, frozen=True, kw_only=True, tag="voicemail"):
    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        call.typed = Secret()
        if goto := (yield from say(flow, call, self.prompts)):
            return goto
        yield from do(End(next="voicemail", values=((channel_vars.REASON, call.topic),)))
        return None
