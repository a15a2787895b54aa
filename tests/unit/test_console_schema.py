"""The generated files say what the messages are."""

import json
import re
from pathlib import Path
from typing import get_args

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
    keys = [f"error.{code}" for code in get_args(m.ProblemCode)]
    keys += [f"state.{state}" for state in m.AgentState.__args__]  # type: ignore[attr-defined]
    keys += [f"verified.{level}" for level in m.VerifiedLevel.__args__]  # type: ignore[attr-defined]
    keys += [f"segment.{name}" for name in m.Segment.__args__]  # type: ignore[attr-defined]
    for language in ("zh", "en"):
        text = (words / f"{language}.ts").read_text(encoding="utf-8")
        assert [key for key in keys if f"'{key}'" not in text] == []
        told = set(re.findall(r"^  'error\.(\w+)': '.+',$", text, flags=re.MULTILINE))
        # "offline" is what the page says when no server answers.
        assert told == {*get_args(m.ProblemCode), "offline"}


def test_every_code_that_is_refused_with_is_known() -> None:
    """Mypy says so, too; this reads the code that runs."""
    said: set[str] = set()
    for file in (schema.ROOT / "agent_console").glob("**/*.py"):
        text = file.read_text(encoding="utf-8")
        said |= set(re.findall(r"""(?:refuse|RefusedError)\(\s*[\w.]+,\s*"(\w+)""", text))
        said |= set(re.findall(r"""\(HTTPStatus\.\w+, "(\w+)"\)""", text))
    assert len(said) > 20
    assert said <= set(get_args(m.ProblemCode))


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
