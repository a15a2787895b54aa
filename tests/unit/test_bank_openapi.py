"""The description that a bank builds its core from is the one that we speak."""

import json
import re
from typing import Any, get_args

from crm_lookup.bank import openapi, wire
from crm_lookup.bank.errors import Reason


def test_the_document_is_current() -> None:
    written = openapi.DOCUMENT.read_text(encoding="utf-8")
    assert written == openapi.document(), "run `python -m crm_lookup.bank.openapi`"


def test_every_reference_leads_somewhere_and_every_schema_is_used() -> None:
    described: dict[str, Any] = json.loads(openapi.document())
    named = set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(described)))
    assert named == set(described["components"]["schemas"])


def test_orders_demand_their_key_and_no_pin_travels() -> None:
    text = openapi.document()
    paths = json.loads(text)["paths"]
    for operation in wire.REMOTE:
        post = paths[wire.PREFIX + operation.name]["post"]
        headers = [one["name"] for one in post.get("parameters", ()) if one["required"]]
        assert headers == ([wire.KEY_HEADER] if operation.is_order else [])
    assert len(paths) == len(wire.REMOTE) + 1
    assert "new_pin" not in text


def test_every_refusal_has_its_status() -> None:
    assert set(wire.STATUS) == set(get_args(Reason))
    assert all(400 <= status < 500 for status in wire.STATUS.values())
    assert not {401, 407, 408, 429} & set(wire.STATUS.values())
