"""Reads flow files into the model; every error names file, line, node and what is accepted."""

import difflib
import re
from collections.abc import Container, Iterable
from pathlib import Path
from typing import Final, Literal, get_args, get_origin, get_type_hints

import msgspec

import ivr.flow.kinds  # noqa: F401  # importing registers the kinds of nodes
from ivr.errors import FlowFileError
from ivr.flow.linker import FlowFile, link
from ivr.flow.model import KINDS, Flow, FlowSet, Key, Node
from ivr.flow.yaml_marks import MarkedYaml, Path_, Plain

_TOP: Final = ("start", "nodes", "everywhere")
_WHERE: Final = re.compile(r" - at (`key` in )?`\$([^`]*)`$")
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+)\]|\[\.\.\.\]")
NODE_NAME: Final = re.compile(r"^[A-Za-z][A-Za-z0-9_-]{0,39}$")


def load(path: Path, prompts: Container[str] | None = None) -> FlowSet:
    """Load one flow file, or every ``*.yaml`` of a folder.

    With ``prompts`` (ids that exist in every language) unknown prompt ids are refused too.
    Raises :class:`FlowFileError`.
    """
    files = sorted(path.glob("*.yaml")) if path.is_dir() else [path]
    if not files:
        raise FlowFileError(f"{path}: no flow files (*.yaml) in this folder; put one there")
    return FlowSet({file.stem: load_flow(file, prompts) for file in files})


def load_flow(file: Path, prompts: Container[str] | None = None) -> Flow:
    """Load one flow; its name is the file's name without ``.yaml``."""
    return read_flow(file, prompts).flow


def read_flow(file: Path, prompts: Container[str] | None = None) -> FlowFile:
    """Load one flow with its sub-flows, which stand beside it, and keep where each part stands.

    Raises :class:`FlowFileError`.
    """

    def part(source: MarkedYaml, node: str, name: str) -> FlowFile:
        beside = file.with_name(f"{name}.yaml")
        if not beside.is_file():
            known = sorted(other.stem for other in file.parent.glob("*.yaml") if other != file)
            raise source.error(
                ("nodes", node, "flow"),
                f"node {node!r}: no flow {name!r} beside this one{_meant(name, known)}; "
                f"accepted: {_listed(known) or 'none'}",
            )
        read = _read_one(beside, prompts)
        if read.flow.everywhere:
            raise read.source.error(
                ("everywhere",),
                "a flow that is used as a part takes 'everywhere' from its user; remove it here",
            )
        return read

    return link(_read_one(file, prompts), part)


def _read_one(file: Path, prompts: Container[str] | None) -> FlowFile:
    """Load one file; its ``sub_flow`` nodes are not in place yet."""
    source = MarkedYaml(file)
    top = source.data
    if not isinstance(top, dict):
        raise source.error((), f"a flow is a mapping with {_listed(_TOP)}")
    for name in top:
        if name not in _TOP:
            raise source.error((name,), f"unknown key {name!r}; accepted: {_listed(_TOP)}")
    raw_nodes = top.get("nodes")
    if not isinstance(raw_nodes, dict) or not raw_nodes:
        raise source.error(("nodes",), "'nodes' must map node names to nodes")
    nodes = {name: _node(source, name, raw) for name, raw in raw_nodes.items()}
    everywhere = _keys(source, top.get("everywhere", {}))
    start = top.get("start")
    if not isinstance(start, str):
        raise source.error(("start",), "'start' must name the first node")
    _check_target(source, ("start",), "'start'", start, nodes)
    for key, target in everywhere.items():
        _check_target(source, ("everywhere", key), f"'everywhere', key {key}", target, nodes)
    for name, node in nodes.items():
        _check_node(source, name, node, nodes, prompts)
    flow = Flow(name=file.stem, start=start, nodes=nodes, everywhere=everywhere)
    places = {name: (source, name) for name in nodes}
    return FlowFile(flow=flow, source=source, places=places, files=(file,))


def _node(source: MarkedYaml, name: str, raw: Plain) -> Node:
    at: Path_ = ("nodes", name)
    if not NODE_NAME.match(name):
        raise source.error(
            at, f"node {name!r}: a name is a letter and up to 39 letters, digits, _ or -"
        )
    if not isinstance(raw, dict):
        raise source.error(at, f"node {name!r} must be a mapping with at least 'kind'")
    kind = raw.get("kind")
    if not isinstance(kind, str) or kind not in KINDS:
        said = f"unknown kind {kind!r}" if kind else "'kind' is missing"
        raise source.error((*at, "kind"), f"node {name!r}: {said}; accepted: {_listed(KINDS)}")
    accepted = [field.name for field in msgspec.structs.fields(KINDS[kind])]
    for field in raw:
        if field != "kind" and field not in accepted:
            raise source.error(
                (*at, field),
                f"node {name!r}: {kind!r} has no field {field!r}"
                f"{_meant(field, accepted)}; accepted: {_listed(sorted(accepted))}",
            )
    try:
        return msgspec.convert(raw, KINDS[kind], strict=False)
    except msgspec.ValidationError as error:
        problem, path = _located(str(error))
        where = f", field {path[0]!r}" if path else ""
        values = _accepted(KINDS[kind], path)
        raise source.error((*at, *path), f"node {name!r}{where}: {problem}{values}") from error


def _keys(source: MarkedYaml, raw: Plain) -> dict[str, str]:
    try:
        return msgspec.convert(raw, dict[Key, str], strict=False)
    except msgspec.ValidationError as error:
        raise source.error(
            ("everywhere",), f"'everywhere' must map keys (0-9, *, #) to nodes: {error}"
        ) from error


def _check_node(
    source: MarkedYaml,
    name: str,
    node: Node,
    nodes: dict[str, Node],
    prompts: Container[str] | None,
) -> None:
    for label, target in node.edges():
        at = node.place(label)
        _check_target(source, ("nodes", name, *at), f"node {name!r}, {_listed(at)}", target, nodes)
    if prompts is None:
        return
    for field in node.texts:
        for number, prompt in enumerate(getattr(node, field)):
            if prompt not in prompts:
                raise source.error(
                    ("nodes", name, field, number),
                    f"node {name!r}, field {field!r}: no prompt {prompt!r}; add its text to every "
                    "file in dialplans/prompts and render it, or name another",
                )


def _check_target(
    source: MarkedYaml, at: Path_, who: str, target: str, nodes: dict[str, Node]
) -> None:
    if target not in nodes:
        raise source.error(
            at, f"{who}: no node {target!r}{_meant(target, nodes)}; accepted: {_listed(nodes)}"
        )


def _located(message: str) -> tuple[str, Path_]:
    """Split msgspec's message into the problem and the path of the value."""
    match = _WHERE.search(message)
    if match is None:
        missing = re.search(r"missing required field `(\w+)`", message)
        return message, (missing[1],) if missing else ()
    steps: list[str | int] = []
    for step in _STEP.finditer(match[2]):
        if step[1]:
            steps.append(step[1])
        elif step[2]:
            steps.append(int(step[2]))
        else:
            break  # inside a mapping: msgspec does not say at which key
    key = "a key of it: " if match[1] else ""
    return key + message[: match.start()], tuple(steps)


def _accepted(kind: type[Node], path: Path_) -> str:
    """Name the values of a field that takes one of a few."""
    if not path or not isinstance(path[0], str):
        return ""
    found = list(_literals(get_type_hints(kind).get(path[0])))
    return f"; accepted: {_listed(found)}" if found else ""


def _literals(hint: object) -> Iterable[str]:
    if get_origin(hint) is Literal:
        yield from map(str, get_args(hint))
    else:
        for inner in get_args(hint):
            yield from _literals(inner)


def _meant(name: str, known: Iterable[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {close[0]!r}?)" if close else ""


def _listed(names: Iterable[object]) -> str:
    return ", ".join(map(str, names))
