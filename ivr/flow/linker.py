"""Puts flows together: every ``sub_flow`` node is replaced by the flow that it names.

A node ``pin`` of a flow that is used at the node ``balance`` is then called ``balance.pin``; a way
to a ``return`` node leads to where the user's ``returns`` says.  Calls, lint, drawing and
simulator see the whole.
"""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Final

import msgspec

from ivr.flow.kinds.sub_flow import LinkedNode, ReturnNode, SubFlowNode
from ivr.flow.model import Flow, Node, NodeId
from ivr.flow.yaml_marks import MarkedYaml

MOST_NODES: Final = 2000
"""Nodes of a flow with all its parts."""

Place = tuple[MarkedYaml, NodeId]
"""The file in which a node stands, and its name there."""


class FlowFile(msgspec.Struct, frozen=True, kw_only=True):
    """A flow with the files that it was read from."""

    flow: Flow
    source: MarkedYaml
    places: Mapping[NodeId, Place]
    files: tuple[Path, ...]
    """The flow's own file, and those of its parts."""


def link(whole: FlowFile, part: Callable[[MarkedYaml, NodeId, str], FlowFile]) -> FlowFile:
    """Return a flow with all its parts in place.

    ``part`` reads the flow that a node of a file names.  Raises
    :class:`ivr.errors.FlowFileError`.
    """
    linker = _Linker(part)
    start = linker.put(whole, "", {}, ())
    flow = msgspec.structs.replace(
        whole.flow, start=start, nodes=linker.nodes, exits=exits(whole.flow)
    )
    files = tuple(dict.fromkeys((whole.source.path, *linker.files)))
    return FlowFile(flow=flow, source=whole.source, places=linker.places, files=files)


def exits(flow: Flow) -> frozenset[str]:
    """Return the exits of a flow."""
    return frozenset(node.exit for node in flow.nodes.values() if isinstance(node, ReturnNode))


class _Linker:
    def __init__(self, part: Callable[[MarkedYaml, NodeId, str], FlowFile]) -> None:
        self._part: Final = part
        self.nodes: dict[NodeId, Node] = {}
        self.places: dict[NodeId, Place] = {}
        self.files: list[Path] = []

    def put(
        self,
        file: FlowFile,
        prefix: str,
        returns: Mapping[str, NodeId],
        inside: tuple[str, ...],
    ) -> NodeId:
        """Add a flow's nodes under ``prefix``; return where its first node is now."""
        flow, source = file.flow, file.source
        self.files.append(source.path)

        def to(target: NodeId) -> NodeId:
            node = flow.nodes[target]
            if prefix and isinstance(node, ReturnNode):
                return returns[node.exit]
            return prefix + target

        for name, node in flow.nodes.items():
            if prefix and isinstance(node, ReturnNode):
                continue
            led = node.led(to)
            self.places[prefix + name] = (source, name)
            if not isinstance(led, SubFlowNode):
                self.nodes[prefix + name] = led
                continue
            if led.flow in (*inside, flow.name):
                raise source.error(
                    ("nodes", name, "flow"),
                    f"node {name!r}: the flow {led.flow!r} would contain itself; lead back to it "
                    "with a 'return' instead",
                )
            part = self._part(source, name, led.flow)
            self._check(source, name, led, part.flow)
            self.nodes[prefix + name] = led  # keeps the order of the files
            start = self.put(part, f"{prefix}{name}.", led.returns, (*inside, flow.name))
            self.nodes[prefix + name] = LinkedNode(
                next=start, prompts=led.prompts, topic=led.topic
            )
        if len(self.nodes) > MOST_NODES:
            raise source.error((), f"more than {MOST_NODES} nodes with all parts; use fewer")
        return to(flow.start)

    def _check(self, source: MarkedYaml, name: NodeId, node: SubFlowNode, part: Flow) -> None:
        there, given = exits(part), set(node.returns)
        listed = ", ".join(sorted(there)) or "none"
        if not there:
            raise source.error(
                ("nodes", name, "flow"),
                f"node {name!r}: the flow {part.name!r} has no 'return' node, so that no caller "
                "would come back; add one, or queue and hang up there",
            )
        if unknown := sorted(given - there):
            raise source.error(
                ("nodes", name, "returns", unknown[0]),
                f"node {name!r}: the flow {part.name!r} has no exit {unknown[0]!r}; "
                f"accepted: {listed}",
            )
        if missing := sorted(there - given):
            raise source.error(
                ("nodes", name, "returns"),
                f"node {name!r}: 'returns' does not say where the exit {missing[0]!r} leads; "
                f"name all of: {listed}",
            )
