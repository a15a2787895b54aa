"""Generates docs/bank-services.openapi.json from the records: what a bank's own core must serve.

``python -m crm_lookup.bank.openapi`` writes it; a unit test fails when the file differs.  It runs
in a checkout only.
"""

import json
from pathlib import Path
from typing import Any, Final

import msgspec

from crm_lookup.bank import wire
from crm_lookup.bank.operations import Operation
from crm_lookup.bank.requests import Request

DOCUMENT: Final = Path(__file__).parents[2] / "docs/bank-services.openapi.json"
_REF: Final = "#/components/schemas/{name}"

_INTRODUCTION: Final = """\
What a bank's core system serves, so that the hotline's menu can answer its customers.

Money is integer minor units (fen, cents) of an ISO 4217 currency; rates are millionths; days are
ISO dates of the bank's time zone, times are epoch seconds.

The hotline has checked that the asker may ask (the level that each operation needs is shown);
`asker` says on whose behalf it asks. Orders carry an `Idempotency-Key`: the same key with the same
body gives the first answer again, also after a restart; with another body it is refused
(`key_reused`). The hotline asks again after a time-out or a 5xx, with the same key.

Telephone PINs never travel: they are kept and changed in the hotline.
"""


def document() -> str:
    """Return the description as JSON text."""
    types: list[Any] = [wire.Problem, wire.Health]
    for operation in wire.REMOTE:
        types += [wire.question_type(operation), operation.reply]
    _, components = msgspec.json.schema_components(types, ref_template=_REF)
    for schema in components.values():
        if "description" in schema:
            schema["description"] = _prose(schema["description"])
    described = {
        "openapi": "3.1.0",
        "info": {
            "title": "Bank services for the hotline",
            "version": "1",
            "description": _INTRODUCTION,
        },
        "security": [{"token": []}],
        "paths": {
            wire.HEALTH: {"get": _health()},
            **{wire.PREFIX + o.name: {"post": _post(o)} for o in wire.REMOTE},
        },
        "components": {
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
            "schemas": dict(sorted(components.items())),
        },
    }
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def _post(operation: Operation) -> dict[str, Any]:
    text = _prose(operation.request.__doc__ or "")
    if operation.request.level is Request.level:
        text += f" Level: `{operation.request.needs}`."
    described: dict[str, Any] = {
        "operationId": operation.name,
        "tags": ["orders" if operation.is_order else "inquiries"],
        "description": text,
        "requestBody": _content(wire.question_type(operation).__name__, required=True),
        "responses": {
            "200": {"description": "The answer", **_content(operation.reply.__name__)},
            "4XX": {"description": "The bank says no", **_content("Problem")},
            "5XX": {"description": "Not now; ask again with the same key"},
        },
    }
    if operation.is_order:
        described["parameters"] = [
            {
                "name": wire.KEY_HEADER,
                "in": "header",
                "required": True,
                "schema": {"type": "string", "pattern": "^[0-9a-f]{32}$"},
            }
        ]
    return described


def _prose(text: str) -> str:
    """Docstrings are wrapped and marked up for the code."""
    return " ".join(text.split()).replace("``", "`")


def _health() -> dict[str, Any]:
    return {
        "operationId": "health",
        "tags": ["health"],
        "description": "Whether the core can serve now; `detail` is for the operator.",
        "responses": {"200": {"description": "It answers", **_content("Health")}},
    }


def _content(name: str, *, required: bool = False) -> dict[str, Any]:
    found: dict[str, Any] = {
        "content": {"application/json": {"schema": {"$ref": _REF.format(name=name)}}}
    }
    return found | {"required": True} if required else found


if __name__ == "__main__":
    DOCUMENT.write_text(document(), encoding="utf-8")
