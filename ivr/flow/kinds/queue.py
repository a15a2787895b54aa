"""``queue``: give the caller a person."""

from collections.abc import Mapping
from typing import Annotated

import msgspec

from cti.core import channel_vars
from ivr.flow.call import Call
from ivr.flow.effects import End, KnowCaller
from ivr.flow.model import Flow, Goto, Node, Script, do, register, say
from ivr.secret import Secret

Priority = Annotated[int, msgspec.Meta(ge=0, le=1000)]
QueueId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@register
class QueueNode(Node, frozen=True, kw_only=True, tag="queue"):
    queue: QueueId | None = None
    """Default: the queue of the number that was dialled."""
    by_segment: Mapping[str, QueueId] = {}
    """Other queues for some value segments of the recognised customer."""
    priority: Mapping[str, Priority] = {}
    """Priority in the queue by value segment; higher is served first, others get 0."""

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        call.typed = Secret()
        goto = yield from say(flow, call, self.prompts)
        if goto is not None and flow.nodes[goto.target] is not self:
            return goto
        yield from do(KnowCaller())
        queue = self.by_segment.get(call.segment) or self.queue or call.default_queue
        values = (
            (channel_vars.QUEUE, queue),
            (channel_vars.PRIORITY, str(self.priority.get(call.segment, 0))),
            (channel_vars.REASON, call.topic),
        )
        yield from do(End(next="queue", values=values))
        return None
