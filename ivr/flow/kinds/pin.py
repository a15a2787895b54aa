"""``verify_pin``: the caller proves the claim.

A wrong PIN, a locked customer and a claim that names nobody are heard alike: the same words, the
same number of tries, the same time (the driver's part).
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar

import msgspec

from cti.core import channel_vars, user_events
from ivr.flow.call import Call
from ivr.flow.effects import (
    CallerClaim,
    Checked,
    CheckPin,
    Collect,
    ServiceFailed,
    SetVariables,
    Tell,
)
from ivr.flow.model import Flow, Goto, NodeId, Prompts, Question, Script, do, register, say
from ivr.secret import Secret


@register
class PinNode(Question, frozen=True, kw_only=True, tag="verify_pin"):
    targets: ClassVar[tuple[str, ...]] = ("next", "failed", "no_check")
    texts: ClassVar[tuple[str, ...]] = ("prompts", "no_input", "invalid", "wrong", "unavailable")

    next: NodeId
    length: Annotated[int, msgspec.Meta(ge=4, le=12)] = 6
    wrong: Prompts
    """Said before the PIN is asked for again; must not say what was wrong."""
    unavailable: Prompts
    """The apology when the PIN cannot be checked now."""
    no_check: NodeId
    """Where the caller goes after that apology."""

    def ways(self, pin: bool) -> Iterator[tuple[str, NodeId, bool]]:
        yield "next", self.next, True
        if not pin:
            yield "failed", self.failed, False
            yield "no_check", self.no_check, False

    def quiet(self, pin: bool) -> Iterable[str]:
        return ("next",) if pin else ("failed",)

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        if call.verified == "pin":
            return Goto(self.next)
        said: Prompts = ()
        while call.pin_failures < self.tries:
            pin: Secret | Goto = yield from self.ask(flow, call, self._collect, self._accept, said)
            if isinstance(pin, Goto):
                return pin
            claim = call.claim or CallerClaim(None)
            checked = yield from do(CheckPin(claim=claim, pin=pin))
            if isinstance(checked, ServiceFailed):
                return (yield from say(flow, call, self.unavailable)) or Goto(self.no_check)
            if (yield from self._take(call, checked)):
                return Goto(self.next)
            call.pin_failures += 1
            said = self.wrong
        return Goto(self.failed)

    def _take(self, call: Call, checked: Checked) -> Script[bool]:
        """Note the outcome, tell it, and say whether the caller is verified now."""
        is_ok = checked.outcome == "ok" and checked.customer_id is not None
        if is_ok:
            call.customer_id, call.verified = checked.customer_id, "pin"
            call.segment, call.claim = checked.segment, None
            values = (
                (channel_vars.CUSTOMER, str(checked.customer_id)),
                (channel_vars.VERIFIED, "pin"),
            )
            yield from do(SetVariables(values=values))
        yield from do(
            Tell(
                event=user_events.Verified(
                    call_id=call.call_id,
                    outcome=checked.outcome,
                    customer_id=checked.customer_id or "",
                    level=call.verified,
                    segment=checked.segment if is_ok else "",
                )
            )
        )
        return is_ok

    def _collect(self, prompts: Prompts, typed: Secret) -> Collect:
        return Collect(
            prompts=prompts,
            most=self.length,
            wait=self.wait,
            between=self.between,
            typed=typed,
        )

    def _accept(self, digits: Secret) -> Secret | None:
        return digits if len(digits) == self.length else None
