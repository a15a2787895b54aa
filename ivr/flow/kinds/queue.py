"""``queue``: give the caller a person; where they wait, the routing rules decide."""

from typing import Annotated, ClassVar, Final

import msgspec

from cti.core import channel_vars, user_events
from cti.core.own_queue import address
from cti.core.routing import encode_steps
from ivr.flow.call import Call
from ivr.flow.effects import End, KnowCaller, Play, Route, Tell
from ivr.flow.model import Flow, Goto, Node, NodeId, Script, do, register, say
from ivr.prompt_ids import PromptId
from ivr.secret import Secret

QUEUE_CLOSED: Final = PromptId("agents_closed")
LEAVE_MESSAGE: Final = PromptId("leave_message")

QueueId = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}$")]


@register
class QueueNode(Node, frozen=True, kw_only=True, tag="queue"):
    targets: ClassVar[tuple[str, ...]] = ("closed",)

    queue: QueueId | None = None
    """Insist on this queue; the rules then give only the priority.  Default: the rules decide."""
    closed: NodeId = NodeId("")
    """Where the caller goes when a supervisor has closed the queue; default: the caller hears so
    and is asked for a message."""

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
        if decision.closed:
            yield from do(
                Tell(event=user_events.TurnedAway(call_id=call.call_id, queue=decision.queue))
            )
            return (yield from self._turned_away(call))
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

    def _turned_away(self, call: Call) -> Script[Goto | None]:
        if self.closed:
            return Goto(self.closed)
        yield from do(Play(prompts=(QUEUE_CLOSED, LEAVE_MESSAGE), keys=""))
        yield from do(End(next="voicemail", values=((channel_vars.REASON, call.topic),)))
        return None
