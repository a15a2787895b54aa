"""``lookup``: ask a service of the bank; what it found is for ``say`` and ``choose`` nodes."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

import msgspec

from cti.core import user_events
from ivr.bank_services import LOOKUPS, Lookup
from ivr.flow.call import Call
from ivr.flow.effects import AskBank, ServiceFailed, Tell
from ivr.flow.model import Flow, Goto, Node, NodeId, Prompts, Script, do, register, say
from ivr.ports import Answer, Facts

Rows = Annotated[int, msgspec.Meta(ge=1, le=9)]


@register
class LookupNode(Node, frozen=True, kw_only=True, tag="lookup"):
    targets: ClassVar[tuple[str, ...]] = ("next", "none", "failed")
    texts: ClassVar[tuple[str, ...]] = ("prompts", "unavailable")

    service: Lookup
    next: NodeId
    none: NodeId
    """Where the caller goes if there is nothing to tell."""
    failed: NodeId
    unavailable: Prompts
    """The apology when the service fails."""
    rows: Rows = 5
    """Rows of one page."""
    more: bool = False
    """Ask for the page after the last one."""

    @property
    def needs_pin(self) -> bool:
        """Whether only callers who showed the PIN may ask."""
        return LOOKUPS[self.service].needs_pin

    @property
    def gives(self) -> frozenset[str]:
        """Names of the values that are known afterwards."""
        return LOOKUPS[self.service].gives

    def ways(self, pin: bool) -> Iterator[tuple[str, NodeId, bool]]:
        if pin or not self.needs_pin:
            yield "next", self.next, pin
            yield "none", self.none, pin
        yield "failed", self.failed, pin

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        if self.needs_pin and (call.verified != "pin" or call.customer_id is None):
            return Goto(self.failed)  # a flow that leaves the PIN out must learn nothing
        if goto := (yield from say(flow, call, self.prompts)):
            return goto
        cursor = call.cursor if self.more else ""
        answer = yield from ask_bank(call, self.service, rows=self.rows, cursor=cursor)
        if isinstance(answer, ServiceFailed):
            return (yield from say(flow, call, self.unavailable)) or Goto(self.failed)
        call.rows, call.cursor = answer.rows, answer.cursor
        return Goto(self.next if answer.outcome == "ok" else self.none)


def ask_bank(
    call: Call, service: str, *, rows: int = 8, cursor: str = ""
) -> Script[Answer | ServiceFailed]:
    """Ask a service, tell the engine how it went, and note the values that it gave."""
    call.asked += 1
    facts = Facts(
        call_id=call.call_id,
        customer_id=call.customer_id if call.verified == "pin" else None,
        values=dict(call.facts),
        kept=dict(call.kept),
        noted=dict(call.values),
        cursor=cursor,
        rows=rows,
        key=f"{call.call_id}/{call.asked}",
    )
    answer = yield from do(AskBank(service=service, facts=facts))
    outcome = "failed" if isinstance(answer, ServiceFailed) else answer.outcome
    yield from do(
        Tell(
            event=user_events.ServiceDone(
                call_id=call.call_id,
                service=service,
                outcome="ok" if outcome == "none" else outcome,
            )
        )
    )
    if isinstance(answer, Answer):
        call.facts.update(answer.values)
    return answer
