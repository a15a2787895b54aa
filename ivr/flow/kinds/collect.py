"""``collect``: take digits, e.g. a new PIN, and keep them for a later action; never shown."""

from typing import Annotated, ClassVar

import msgspec

from ivr.flow.call import Call
from ivr.flow.effects import Collect
from ivr.flow.kinds.set import Name
from ivr.flow.model import Flow, Goto, NodeId, Prompts, Question, Script, register
from ivr.secret import Secret

Length = Annotated[int, msgspec.Meta(ge=1, le=24)]


@register
class CollectNode(Question, frozen=True, kw_only=True, tag="collect"):
    targets: ClassVar[tuple[str, ...]] = ("next", "failed")

    name: Name
    """Under which the digits are kept."""
    next: NodeId
    shortest: Length
    longest: Length
    same_as: Name | None = None
    """The digits must be those that were kept under this name; else ``invalid`` is said."""

    def __post_init__(self) -> None:
        if self.shortest > self.longest:
            raise ValueError("'shortest' is more than 'longest'; swap them")

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        def accept(digits: Secret) -> Secret | None:
            right = self.same_as is None or call.kept.get(self.same_as) == digits
            return digits if len(digits) >= self.shortest and right else None

        found: Secret | Goto = yield from self.ask(flow, call, self._collect, accept)
        if isinstance(found, Goto):
            return found
        call.kept[self.name] = found
        return Goto(self.next)

    def _collect(self, prompts: Prompts, typed: Secret) -> Collect:
        return Collect(
            prompts=prompts,
            most=self.longest,
            wait=self.wait,
            between=self.between,
            typed=typed,
        )
