"""``collect_identity``: whom does the caller claim to be?  A card number, its last four digits, or
``#`` alone.

The four digits tell apart the customers who share the calling number; everybody may key them, is
asked in the same words and hears the same afterwards.  Nothing is looked up here: whether the
claim names anybody is found out together with the PIN, so that neither words nor timing tell which
cards exist, who was recognised, or that several were.
"""

from collections.abc import Iterable, Iterator
from typing import Annotated, ClassVar, Final

import msgspec

from ivr.flow.call import Call
from ivr.flow.effects import CallerClaim, CardClaim, Claim, Collect, KnowCaller, TailClaim
from ivr.flow.model import Flow, Goto, NodeId, Prompts, Question, Script, do, register
from ivr.secret import Secret

TAIL: Final = 4
"""Digits of a card's tail."""
CardLength = Annotated[int, msgspec.Meta(ge=8, le=24)]


@register
class IdentityNode(Question, frozen=True, kw_only=True, tag="collect_identity"):
    targets: ClassVar[tuple[str, ...]] = ("next", "verified", "failed")

    next: NodeId
    verified: NodeId
    """Where a caller goes who has already shown the PIN in this call."""
    shortest: CardLength = 12
    longest: CardLength = 19
    tail: bool = False
    """Whether the last four digits of a card are enough from a number of its owner."""

    def ways(self, pin: bool) -> Iterator[tuple[str, NodeId, bool]]:
        if pin:
            yield "verified", self.verified, True
        else:
            yield "next", self.next, False
            yield "failed", self.failed, False

    def quiet(self, pin: bool) -> Iterable[str]:
        return ("verified",) if pin else ("failed",)

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        if call.verified == "pin":
            return Goto(self.verified)

        def accept(digits: Secret) -> Claim | None:
            if not digits:
                return CallerClaim(call.recognition.customer_id if call.recognition else None)
            if self.tail and len(digits) == TAIL:
                known = call.recognition.number if call.recognition else ""
                return TailClaim(digits, known)
            return CardClaim(digits) if len(digits) >= self.shortest else None

        yield from do(KnowCaller())
        claim: Claim | Goto = yield from self.ask(flow, call, self._collect, accept)
        if isinstance(claim, Goto):
            return claim
        call.claim = claim
        return Goto(self.next)

    def _collect(self, prompts: Prompts, typed: Secret) -> Collect:
        return Collect(
            prompts=prompts,
            most=self.longest,
            wait=self.wait,
            between=self.between,
            typed=typed,
        )
