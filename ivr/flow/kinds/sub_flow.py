"""``sub_flow``: go through another flow and come back on one of its exits (``return`` nodes).

Flows are put together when they are read (:mod:`ivr.flow.linker`): a call sees one flow only.
"""

from collections.abc import Mapping
from typing import Annotated, ClassVar

import msgspec

from ivr.flow.call import Call
from ivr.flow.effects import End
from ivr.flow.kinds.play import PlayNode
from ivr.flow.model import Flow, Goto, Node, NodeId, Prompts, Script, do, register

FlowName = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Exit = Annotated[str, msgspec.Meta(pattern=r"^[a-z][a-z0-9_]{0,31}$")]


@register
class SubFlowNode(Node, frozen=True, kw_only=True, tag="sub_flow"):
    target_maps: ClassVar[tuple[str, ...]] = ("returns",)

    flow: FlowName
    returns: Annotated[Mapping[Exit, NodeId], msgspec.Meta(min_length=1)]
    """Where the caller goes on, by the exit of the other flow."""

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        raise NotImplementedError("a sub-flow is put in place when its flow is read")


class LinkedNode(PlayNode, frozen=True, kw_only=True, tag="sub_flow"):
    """What a ``sub_flow`` node becomes: ``next`` is the other flow's first node."""


@register
class ReturnNode(Node, frozen=True, kw_only=True, tag="return"):
    texts: ClassVar[tuple[str, ...]] = ()

    exit: Exit
    prompts: Prompts = ()

    def __post_init__(self) -> None:
        if self.prompts or self.topic:
            raise ValueError("a 'return' node has only an 'exit'; say things in the node before")

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        yield from do(End(next="hangup"))  # only in a part that runs by itself, which no call does
        return None
