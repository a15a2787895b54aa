"""``queue``: give the caller a person; where they wait, the routing rules decide."""

from typing import Annotated

import msgspec

from cti.core import channel_vars, user_events
from cti.core.own_queue import address
from cti.core.routing import encode_steps
from ivr.flow.call import Call
from ivr.flow.effects import End, KnowCaller, Route, Tell
from ivr.flow.model import Flow, Goto, Node, Script, do, register, say
from ivr.secret import Secret

QueueId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@register
class QueueNode(Node, frozen=True, kw_only=True, tag="queue"):
    queue: QueueId | None = None
    """Insist on this queue; the rules then give only the priority.  Default: the rules decide."""

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        call.typed = Secret()
        goto = yield from say(flow, call, self.prompts)
        if goto is not None and flow.nodes[goto.target] is not self:
            return goto
        yield from do(KnowCaller())
        decision = yield from do(
            Route(
                segment=call.segment,
                topic=call.topic,
                verified=call.verified,
                language=call.language,
                dnis=call.dnis,
                default_queue=call.default_queue,
                forced_queue=self.queue,
                customer_id=call.customer_id,
            )
        )
        routed = user_events.Routed(
            call_id=call.call_id,
            rule=decision.rule,
            queue=decision.queue,
            priority=decision.priority,
            reasons=",".join(decision.reasons),
            steps=encode_steps(decision.steps),
        )
        yield from do(Tell(event=routed))
        values: tuple[tuple[str, str], ...] = (
            (channel_vars.QUEUE, decision.queue),
            (channel_vars.PRIORITY, str(decision.priority)),
            (channel_vars.REASON, call.topic),
        )
        if decision.agent is not None and decision.prefer is not None:
            values += (
                (channel_vars.PREFER, str(address(decision.agent))),
                (channel_vars.PREFER_WAIT, f"{decision.prefer.wait:.0f}"),
            )
        yield from do(End(next="queue", values=values))
        return None
