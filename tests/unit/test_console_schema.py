"""The generated files say what the messages are."""

import json
from pathlib import Path

import msgspec
import pytest

from agent_console import messages as m
from agent_console import schema

OUTPUTS = schema.outputs()


@pytest.mark.parametrize("path", OUTPUTS, ids=lambda path: path.name)
def test_the_generated_file_is_up_to_date(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == OUTPUTS[path], (
        "run `python -m agent_console.schema` and commit what it writes"
    )


def test_every_error_and_state_has_words_in_both_languages() -> None:
    words = schema.ROOT / "agent_console/web/src/i18n"
    keys = [f"error.{code}" for code in m.ErrorCode.__args__]  # type: ignore[attr-defined]
    keys += [f"state.{state}" for state in m.AgentState.__args__]  # type: ignore[attr-defined]
    keys += [f"verified.{level}" for level in m.VerifiedLevel.__args__]  # type: ignore[attr-defined]
    keys += [f"segment.{name}" for name in m.Segment.__args__]  # type: ignore[attr-defined]
    for language in ("zh", "en"):
        text = (words / f"{language}.ts").read_text(encoding="utf-8")
        assert [key for key in keys if f"'{key}'" not in text] == []


def test_the_schema_knows_every_message() -> None:
    document = json.loads(OUTPUTS[schema.JSON_SCHEMA])
    definitions = document["$defs"]
    for name in ("Welcome", "PopRaised", "Hello", "Dispose", "CustomerCard"):
        assert definitions[name]["type"] == "object"
    assert definitions["PopRaised"]["properties"]["type"] == {"enum": ["pop_raised"]}


def test_a_wrapped_body_is_an_envelope() -> None:
    message = m.Pong(now=5.0)
    frame = m.wrap(7, m.encode_body(message))
    assert m.ENVELOPE_DECODER.decode(frame) == m.Envelope(seq=7, message=message)
    assert frame == msgspec.json.encode(m.Envelope(seq=7, message=message)).decode()
