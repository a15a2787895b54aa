"""``resume``: offer callers whose last call broke off to go on where it did.

Who was lost in a node with ``resume`` prompts, or later in the same part of the menu, is offered
these.  Only callers who have shown the PIN hear anything of it.
"""

from collections.abc import Iterator
from typing import ClassVar, Final

from ivr.flow.call import Call
from ivr.flow.effects import Collect, FindPlace, ForgetPlace
from ivr.flow.model import Flow, Goto, NodeId, Prompts, Question, Script, do, register
from ivr.ports import MenuPlace
from ivr.secret import Secret

GO_ON: Final = "1"
OTHER: Final = "2"


@register
class ResumeNode(Question, frozen=True, kw_only=True, tag="resume"):
    targets: ClassVar[tuple[str, ...]] = ("next", "failed")
    texts: ClassVar[tuple[str, ...]] = (*Question.texts, "other")

    next: NodeId
    """Where callers go who do not want to, or have nothing to go on with."""
    other: Prompts
    """Said after the offer: what the key 2 does."""

    def ways(self, pin: bool) -> Iterator[tuple[str, NodeId, bool]]:
        yield "next", self.next, pin
        if pin:
            yield "failed", self.failed, pin

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        customer = call.customer_id
        if call.verified != "pin" or customer is None:
            return Goto(self.next)
        place = yield from do(FindPlace(customer_id=customer))
        if place is None or not (offer := _offered(flow, call, place)):
            return Goto(self.next)

        def collect(prompts: Prompts, typed: Secret) -> Collect:
            return Collect(
                prompts=prompts + offer + self.other,
                most=1,
                wait=self.wait,
                between=self.between,
                finish="",
                typed=typed,
            )

        # The offer was not known when they keyed: what was typed ahead belongs to what follows.
        ahead = call.take_typed()
        chosen: str | Goto = yield from self.ask(flow, call, collect, _accept)
        call.typed = ahead
        yield from do(ForgetPlace(customer_id=customer))
        if isinstance(chosen, Goto):
            return chosen
        if chosen == OTHER:
            return Goto(self.next)
        call.topic, call.cursor = place.topic, place.cursor
        return Goto(place.node)


def _accept(digits: Secret) -> str | None:
    return key if (key := digits.reveal()) in (GO_ON, OTHER) else None


def _offered(flow: Flow, call: Call, place: MenuPlace) -> Prompts:
    """Return the offer, if the place still exists and is not where the caller goes anyway."""
    node = flow.nodes.get(place.node)
    if node is None or place.flow != flow.name:
        return ()
    if place.topic == call.topic and not place.cursor:
        return ()
    return node.resume
