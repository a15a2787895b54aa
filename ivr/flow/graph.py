"""A flow as a drawing: Mermaid text, and an SVG laid out in layers.  Pure; no other program."""

from collections.abc import Iterator
from typing import Final
from xml.sax.saxutils import escape

import msgspec

from ivr.flow.model import Flow, Node, NodeId

_WIDTH, _HEIGHT = 168, 44
_GAP_X, _GAP_Y, _MARGIN = 36, 76, 48
_SWEEPS: Final = 6
_COLOURS: Final = {
    "queue": "#d9ead3",
    "hangup": "#f4cccc",
    "verify_pin": "#fff2cc",
    "collect_identity": "#fff2cc",
    "menu": "#d0e0f5",
    "language": "#d0e0f5",
}
_OTHER: Final = "#f3f3f3"
_SEVERAL: Final = "…"


class Box(msgspec.Struct, frozen=True):
    """Where a node is drawn: its layer and its middle, in pixels."""

    layer: int
    x: float
    y: float


class Part(Node, frozen=True, kw_only=True, tag="sub_flow"):
    """A sub-flow drawn as one box; no call ever comes here."""

    arrows: tuple[tuple[str, NodeId], ...]
    """Label and target of every way out of the part."""

    def edges(self) -> Iterator[tuple[str, NodeId]]:
        yield from self.arrows


def folded(flow: Flow) -> Flow:
    """Return the flow with every sub-flow (``part.node``) as one box, to be drawn and not run.

    A part that leaves for the same node in several ways has one arrow there.
    """
    outer = {name: name.partition(".")[0] for name in flow.nodes}
    inside = {outer[name] for name in flow.nodes if outer[name] != name}
    nodes: dict[NodeId, Node] = {}
    for box in dict.fromkeys(outer.values()):
        ways: dict[NodeId, str] = {}
        for name in (name for name in flow.nodes if outer[name] == box):
            for label, target in flow.nodes[name].edges():
                if outer[target] != box:
                    ways[outer[target]] = _SEVERAL if outer[target] in ways else label
        part = Part(arrows=tuple((label, target) for target, label in ways.items()))
        nodes[box] = part if box in inside else flow.nodes[box]
    everywhere = {key: outer[target] for key, target in flow.everywhere.items()}
    return Flow(name=flow.name, start=outer[flow.start], nodes=nodes, everywhere=everywhere)


def mermaid(flow: Flow) -> str:
    """Return the flow as a Mermaid flowchart."""
    lines = ["flowchart TD", f"  _start([{_quoted(flow.name)}]) --> {_id(flow.start)}"]
    for name, node in flow.nodes.items():
        shape = f"[{_quoted(name + '<br/>' + kind_of(node))}]"
        lines.append(f"  {_id(name)}{shape}")
        for target, labels in _grouped(node).items():
            lines.append(f"  {_id(name)} -->|{_quoted(', '.join(labels))}| {_id(target)}")
    for key, target in flow.everywhere.items():
        lines.append(f"  _anywhere([everywhere]) -.->|{_quoted(key)}| {_id(target)}")
    return "\n".join(lines) + "\n"


def kind_of(node: Node) -> str:
    """Return the kind as the flow files spell it."""
    return str(node.__struct_config__.tag)


def _id(name: NodeId) -> str:
    # A prefix, since Mermaid trips over nodes that are called "end" or "default".
    return "n_" + name.replace(".", "__")


def _quoted(text: str) -> str:
    return '"' + text.replace("#", "#35;").replace('"', "#quot;") + '"'


def _grouped(node: Node) -> dict[NodeId, list[str]]:
    """Return the labels of the ways to each target, so that one arrow serves them all."""
    found: dict[NodeId, list[str]] = {}
    for label, target in node.edges():
        found.setdefault(target, []).append(label)
    return found


def layout(flow: Flow) -> dict[NodeId, Box]:
    """Put every node into the layer of its distance from the start, with few crossings.

    Nodes that only a key everywhere leads to, or nothing, follow in the last layer.
    """
    layers = _layers(flow)
    before: dict[NodeId, list[NodeId]] = {name: [] for name in flow.nodes}
    for name, node in flow.nodes.items():
        for target in _grouped(node):
            before[target].append(name)
    for sweep in range(_SWEEPS):
        place = {name: i - len(row) / 2 for row in layers for i, name in enumerate(row)}
        for row in layers if sweep % 2 == 0 else reversed(layers):
            around = {
                name: before[name] if sweep % 2 == 0 else list(_grouped(flow.nodes[name]))
                for name in row
            }
            row.sort(
                key=lambda name, around=around, place=place: (  # type: ignore[misc] # defaults bind
                    sum(place[n] for n in around[name]) / len(around[name])
                    if around[name]
                    else place[name]
                )
            )
            place.update({name: i - len(row) / 2 for i, name in enumerate(row)})
    widest = max(len(row) for row in layers)
    step = _WIDTH + _GAP_X
    return {
        name: Box(
            layer,
            _MARGIN + (widest - len(row)) * step / 2 + i * step + _WIDTH / 2,
            _MARGIN + layer * (_HEIGHT + _GAP_Y) + _HEIGHT / 2,
        )
        for layer, row in enumerate(layers)
        for i, name in enumerate(row)
    }


def _layers(flow: Flow) -> list[list[NodeId]]:
    depth = {flow.start: 0}
    waiting = [flow.start]
    for name in waiting:
        for target in _grouped(flow.nodes[name]):
            if target not in depth:
                depth[target] = depth[name] + 1
                waiting.append(target)
    last = max(depth.values()) + 1
    rows: list[list[NodeId]] = [[] for _ in range(last + 1)]
    for name in flow.nodes:
        rows[depth.get(name, last)].append(name)
    return [row for row in rows if row]


def svg(flow: Flow) -> str:
    """Return the drawing as an SVG document."""
    boxes = layout(flow)
    right = max(box.x for box in boxes.values()) + _WIDTH / 2
    bottom = max(box.y for box in boxes.values()) + _HEIGHT / 2
    keys = ", ".join(f"{key} → {target}" for key, target in flow.everywhere.items())
    title = f"{flow.name}" + (f"   (everywhere: {keys})" if keys else "")
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{right + 2 * _MARGIN:.0f}" '
        f'height="{bottom + _MARGIN:.0f}" font-family="sans-serif" font-size="12">',
        '<defs><marker id="to" viewBox="0 0 8 8" refX="8" refY="4" markerWidth="7" '
        'markerHeight="7" orient="auto"><path d="M0 0 L8 4 L0 8 z" fill="#555"/></marker></defs>',
        '<rect width="100%" height="100%" fill="white"/>',
        f'<text x="{_MARGIN}" y="26" font-size="15" font-weight="bold">{escape(title)}</text>',
    ]
    for name, node in flow.nodes.items():
        targets = _grouped(node)
        for number, (target, labels) in enumerate(targets.items()):
            shift = 14 * (number - (len(targets) - 1) / 2)
            parts.append(_arrow(boxes[name], boxes[target], ", ".join(labels), shift, right))
    for name, node in flow.nodes.items():
        parts.append(_box(boxes[name], name, kind_of(node), is_start=name == flow.start))
    return "\n".join([*parts, "</svg>"]) + "\n"


def _box(box: Box, name: NodeId, kind: str, *, is_start: bool) -> str:
    width = "2.5" if is_start else "1"
    return (
        f'<g><rect x="{box.x - _WIDTH / 2:.1f}" y="{box.y - _HEIGHT / 2:.1f}" width="{_WIDTH}" '
        f'height="{_HEIGHT}" rx="6" fill="{_COLOURS.get(kind, _OTHER)}" stroke="#555" '
        f'stroke-width="{width}"/>'
        f'<text x="{box.x:.1f}" y="{box.y - 3:.1f}" text-anchor="middle" font-weight="bold">'
        f"{escape(name if len(name) <= 22 else name[:21] + '…')}</text>"
        f'<text x="{box.x:.1f}" y="{box.y + 13:.1f}" text-anchor="middle" fill="#555">'
        f"{escape(kind)}</text></g>"
    )


def _arrow(a: Box, b: Box, label: str, shift: float, right: float) -> str:
    """Draw down to a later layer, across within one, and back round the right-hand side.

    ``shift`` (pixels) sets the arrows of one node apart.
    """
    if b.layer > a.layer:
        x1, y1, x2, y2 = a.x + shift, a.y + _HEIGHT / 2, b.x, b.y - _HEIGHT / 2
        bend = (y2 - y1) / 2
        curve = f"{x1:.1f} {y1 + bend:.1f} {x2:.1f} {y2 - bend:.1f}"
        text_x, text_y = x1 + (x2 - x1) * 0.35, y1 + (y2 - y1) * 0.35 + 4
    elif b.layer == a.layer and a is not b:
        side = _WIDTH / 2 if b.x > a.x else -_WIDTH / 2
        x1, y1, x2, y2 = a.x + side, a.y, b.x - side, b.y
        dip = 0 if abs(x2 - x1) <= _GAP_X + 1 else _HEIGHT
        curve = f"{x1:.1f} {y1 + dip:.1f} {x2:.1f} {y2 + dip:.1f}"
        text_x, text_y = min(x1, x2) + 4, y1 - 5 + dip * 0.7
    else:
        x1, y1 = a.x + _WIDTH / 2, a.y + shift / 3
        x2, y2 = b.x + _WIDTH / 2, b.y + (12 if a is b else 6)
        out = right + _MARGIN + 4 * (a.layer - b.layer) if a is not b else x1 + 30
        curve = f"{out:.1f} {y1:.1f} {out:.1f} {y2:.1f}"
        text_x, text_y = x1 + 8, y1 - 4
    return (
        f'<path d="M{x1:.1f} {y1:.1f} C{curve} {x2:.1f} {y2:.1f}" fill="none" stroke="#555" '
        'marker-end="url(#to)"/>'
        f'<text x="{text_x:.1f}" y="{text_y:.1f}" fill="#224" paint-order="stroke" '
        f'stroke="white" stroke-width="3">{escape(label)}</text>'
    )
