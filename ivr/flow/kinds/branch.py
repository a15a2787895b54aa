"""``branch``: go on by what is known of the call, without a word.

What depends on the person must not be heard before the PIN; ``hotline flow lint`` sees to it.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, Literal, get_args

from cti.core.events import VerifiedLevel
from ivr.flow.call import Call
from ivr.flow.effects import KnowCaller
from ivr.flow.model import Flow, Goto, Node, NodeId, Script, do, register
from ivr.prompt_ids import LANGUAGES

_CLOSED: Final[dict[str, tuple[str, ...]]] = {
    "verified": get_args(VerifiedLevel),
    "language": LANGUAGES,
}
"""Words that a case of these may be; the others take any."""


@register
class BranchNode(Node, frozen=True, kw_only=True, tag="branch"):
    targets: ClassVar[tuple[str, ...]] = ("otherwise",)
    inaudible: ClassVar[tuple[str, ...]] = (*Node.inaudible, "cases")

    on: Literal["segment", "verified", "language", "topic"]
    cases: Mapping[str, NodeId]
    otherwise: NodeId

    def __post_init__(self) -> None:
        accepted = _CLOSED.get(self.on)
        for case in self.cases:
            if accepted is not None and case not in accepted:
                raise ValueError(f"{self.on} is never {case!r}; accepted: {', '.join(accepted)}")

    @property
    def is_personal(self) -> bool:
        """Whether the way depends on who was recognised."""
        return self.on in ("segment", "verified")

    def edges(self) -> Iterator[tuple[str, NodeId]]:
        yield from self.cases.items()
        yield "otherwise", self.otherwise

    def place(self, label: str) -> tuple[str | int, ...]:
        return ("cases", label) if label in self.cases else (label,)

    def ways(self, pin: bool) -> Iterator[tuple[str, NodeId, bool]]:
        if self.on != "verified":
            yield from super().ways(pin)
            return
        for level in ("pin",) if pin else ("none", "number"):
            yield level, self.cases.get(level, self.otherwise), pin

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        if self.is_personal:
            yield from do(KnowCaller())
        known: str = getattr(call, self.on)
        return Goto(self.cases.get(known, self.otherwise))
