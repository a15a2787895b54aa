"""The published schema and document say what the messages are."""

import json

import pytest

from agent_console.events_api import messages as m
from agent_console.events_api import schema

OUTPUTS = schema.outputs()


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.name)
def test_the_generated_file_is_up_to_date(path: "schema.Path") -> None:
    assert path.read_text(encoding="utf-8") == OUTPUTS[path], (
        "run `python -m agent_console.events_api.schema` and commit what it writes"
    )


def test_every_kind_has_a_scope_and_a_place_in_the_schema() -> None:
    definitions = json.loads(OUTPUTS[schema.JSON_SCHEMA])["$defs"]
    kinds = {d["properties"]["kind"]["enum"][0] for d in definitions.values() if _is_event(d)}
    assert kinds == {*m.SCOPE_OF, "test"}
    document = OUTPUTS[schema.DOCUMENT]
    assert all(f"### `{kind}`" in document for kind in kinds)
    assert all(f"| {code} |" in document for code in m.CloseCode.__args__)  # type: ignore[attr-defined]


def _is_event(definition: dict[str, object]) -> bool:
    properties = definition.get("properties")
    return isinstance(properties, dict) and "kind" in properties
