"""Reads a mapping file; every fault is named with file, line and what is accepted."""

import re
from pathlib import Path
from typing import Annotated, Any, Final, Literal, get_args, get_origin

import msgspec
import yaml

from crm_lookup.catalogue import PRODUCTS
from crm_lookup.importing.errors import MappingError
from crm_lookup.importing.mapping_model import Mapping

_LARGEST: Final = 1 << 20
_DEEPEST: Final = 10
_PATH: Final = re.compile(r"^(.*?)(?: - at `(?:key in )?\$(.*)`)?$", re.DOTALL)
_STEP: Final = re.compile(r"\.(\w+)|\[(\d+|\.\.\.)\]")


def load_mapping(path: Path) -> Mapping:
    """Read and check a mapping file.  Raises :class:`MappingError`."""
    try:
        if path.stat().st_size > _LARGEST:
            raise MappingError(f"{path} is larger than 1 MiB: is it the mapping file?")
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise MappingError(f"{path} cannot be read: {error}") from error
    try:
        _refuse_traps(path, text)
        root = yaml.compose(text, Loader=yaml.BaseLoader)
    except yaml.YAMLError as error:
        raise MappingError(f"{path}: {error}") from error
    if not isinstance(root, yaml.MappingNode):
        raise MappingError(f"{path}: write keys and values, the first being columns:")
    value = _plain(path, root)
    try:
        found = msgspec.convert(value, Mapping, strict=False)
    except msgspec.ValidationError as error:
        raise MappingError(_said(path, root, error)) from error
    _check(path, root, found)
    return found


def _refuse_traps(path: Path, text: str) -> None:
    """Refuse what makes a small file large or deep, before it is built."""
    depth = 0
    for event in yaml.parse(text, Loader=yaml.BaseLoader):
        if isinstance(event, yaml.AliasEvent):
            raise MappingError(f"{path}: write values out; & and * are not accepted here")
        depth += isinstance(event, yaml.CollectionStartEvent)
        depth -= isinstance(event, yaml.CollectionEndEvent)
        if depth > _DEEPEST:
            raise MappingError(f"{path}: nested more than {_DEEPEST} times; write it flat")


def _plain(path: Path, node: Any) -> Any:
    """Scalars stay words: 'yes' and 0571 mean what stands there."""
    if isinstance(node, yaml.MappingNode):
        made: dict[str, Any] = {}
        for key, value in node.value:
            line = key.start_mark.line + 1
            if not isinstance(key, yaml.ScalarNode):
                raise MappingError(f"{path}, line {line}: a key must be one word")
            if key.value in made:
                raise MappingError(f"{path}, line {line}: {key.value} stands there twice")
            made[key.value] = _plain(path, value)
        return made
    if isinstance(node, yaml.SequenceNode):
        return [_plain(path, item) for item in node.value]
    return node.value


def _said(path: Path, root: Any, error: msgspec.ValidationError) -> str:
    match = _PATH.match(str(error))
    message, where = match.groups() if match else (str(error), "")
    steps = [name or place for name, place in _STEP.findall(where or "")]
    unknown = re.search(r"unknown field `([^`]+)`", message)
    node = _node(root, [*steps, unknown[1]] if unknown else steps)
    accepted = _accepted(Mapping, steps, group=unknown is not None or "missing" in message)
    shown = ".".join(steps)
    return (
        f"{path}, line {node.start_mark.line + 1}{f', {shown}' if shown else ''}: {message}"
        f"{f'; accepted: {accepted}' if accepted else ''}"
    )


def _node(node: Any, steps: list[str]) -> Any:
    """The key or list entry that the steps lead to, as far as they lead."""
    at = node
    for step in steps:
        if isinstance(node, yaml.MappingNode):
            found = next((pair for pair in node.value if pair[0].value == step), None)
            if found is None:
                break
            at, node = found
        elif isinstance(node, yaml.SequenceNode) and step.isdecimal():
            at = node = node.value[int(step)]
        else:
            break
    return at


def _accepted(kind: Any, steps: list[str], *, group: bool = False) -> str:
    """What may stand at a place: the keys of a group, or the words of a choice."""
    if get_origin(kind) is Annotated:
        kind = get_args(kind)[0]
    if isinstance(kind, type) and issubclass(kind, msgspec.Struct):
        fields = {field.name: field.type for field in msgspec.structs.fields(kind)}
        if not steps:
            return ", ".join(fields)
        return _accepted(fields[steps[0]], steps[1:], group=group) if steps[0] in fields else ""
    parts = [part for part in get_args(kind) if part is not type(None)]
    if get_origin(kind) is tuple:
        return _accepted(parts[0], steps[1:], group=group) if steps else "a list"
    groups = [part for part in parts if hasattr(part, "__struct_fields__")]
    if groups:  # a column's name, or more about it
        return _accepted(groups[0], steps) if group or steps else "the name of a column"
    if get_origin(kind) is Literal:
        return ", ".join(parts)
    if len(parts) == 1:
        return _accepted(parts[0], steps, group=group)
    return {bool: "true, false", int: "a number"}.get(kind, "")


def _check(path: Path, root: Any, found: Mapping) -> None:
    """What types cannot say."""
    faults: list[tuple[list[str], str]] = []
    if found.columns.birth_date is not None and found.columns.birth_year is not None:
        faults.append((["columns", "birth_year"], "give birth_date or birth_year, not both"))
    for place, held in enumerate(found.holdings):
        at = ["holdings", str(place)]
        if not held.column and not (held.product and held.amount):
            faults.append((at, "name a column, or a product and the column of its amount"))
        if not held.product and (held.amount or held.opened or held.matures):
            faults.append((at, "amount, opened and matures belong to one product: name it"))
        codes = {held.product, *held.values.values()} - {""}
        if strange := sorted(codes - PRODUCTS.keys()):
            faults.append(
                (at, f"no product {', '.join(strange)}; accepted: {', '.join(PRODUCTS)}")
            )
        if not held.product and not held.separator:
            faults.append(([*at, "separator"], "a separator has at least one character"))
    purposes = [use.purpose for use in found.consents]
    for place, purpose in enumerate(purposes):
        if purpose in purposes[:place]:
            faults.append((["consents", str(place)], f"{purpose} stands there twice"))
    for steps, message in faults:
        line = _node(root, steps).start_mark.line + 1
        raise MappingError(f"{path}, line {line}, {'.'.join(steps)}: {message}")
