"""The JSON Schema of flow files, made from the typed model, for editors."""

import inspect
import sys
from typing import Any, Final

import msgspec

import ivr.flow.kinds  # noqa: F401  # importing registers the kinds of nodes
from ivr.flow.loader import NODE_NAME
from ivr.flow.model import KINDS, Key

_REF: Final = "#/$defs/{name}"


def schema() -> dict[str, Any]:
    """Return the schema (draft 2020-12)."""
    (keys,), definitions = msgspec.json.schema_components([dict[Key, str]], ref_template=_REF)
    _, found = msgspec.json.schema_components(KINDS.values(), ref_template=_REF)
    definitions.update(found)
    for kind in KINDS.values():
        text = inspect.getdoc(sys.modules[kind.__module__]) or ""
        definitions[kind.__name__]["description"] = " ".join(text.split("\n\n")[0].split())
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "A voice menu of the hotline",
        "type": "object",
        "additionalProperties": False,
        "required": ["start", "nodes"],
        "properties": {
            "start": {"type": "string", "description": "Name of the first node."},
            "everywhere": {
                **keys,
                "description": "Keys that mean the same in every node, and the nodes for them.",
            },
            "nodes": {
                "type": "object",
                "minProperties": 1,
                "propertyNames": {"pattern": NODE_NAME.pattern},
                "additionalProperties": {
                    "type": "object",
                    "required": ["kind"],
                    "properties": {"kind": {"enum": sorted(KINDS)}},
                    "allOf": [
                        {
                            "if": {"properties": {"kind": {"const": name}}},
                            "then": {"$ref": _REF.format(name=kind.__name__)},
                        }
                        for name, kind in sorted(KINDS.items())
                    ],
                },
            },
        },
        "$defs": dict(sorted(definitions.items())),
    }


def schema_text() -> str:
    """Return the schema as it is written to ``dialplans/flows/flow.schema.json``."""
    return msgspec.json.format(msgspec.json.encode(schema()), indent=2).decode() + "\n"
