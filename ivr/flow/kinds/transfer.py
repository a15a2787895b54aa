"""``transfer``: put the caller through to a number that the settings allow, e.g. a partner's."""

from typing import Annotated

import msgspec

from cti.core import channel_vars
from ivr.flow.call import Call
from ivr.flow.effects import End
from ivr.flow.model import Flow, Goto, Node, Script, do, register, say
from ivr.secret import Secret

TargetName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]


@register
class TransferNode(Node, frozen=True, kw_only=True, tag="transfer"):
    to: TargetName
    """Name of one of the settings' ``[[transfers]]``; if nobody answers, a person takes over."""

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        call.typed = Secret()
        if goto := (yield from say(flow, call, self.prompts)):
            return goto
        values = ((channel_vars.TRANSFER, self.to), (channel_vars.REASON, call.topic))
        yield from do(End(next="transfer", values=values))
        return None
