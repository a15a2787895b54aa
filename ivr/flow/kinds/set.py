"""``set``: note something about the call for later ``branch`` nodes on ``value``; no word."""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from ivr.flow.call import Call
from ivr.flow.model import Flow, Goto, Node, NodeId, Script, register

Name = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Value = Annotated[str, msgspec.Meta(max_length=80)]


@register
class SetNode(Node, frozen=True, kw_only=True, tag="set"):
    targets: ClassVar[tuple[str, ...]] = ("next",)
    texts: ClassVar[tuple[str, ...]] = ()

    next: NodeId
    values: Annotated[Mapping[Name, Value], msgspec.Meta(min_length=1)]

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        call.values.update(self.values)
        yield from ()
        return Goto(self.next)
