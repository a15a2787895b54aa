"""How records of messages become reference text; the protocols' documents are made with it."""

import ast
import inspect
import itertools
import textwrap
import typing
from typing import Any

import msgspec

Schema = dict[str, Any]


def prose(text: str) -> str:
    """Return a docstring as Markdown on one line."""
    return " ".join(text.split()).replace("``", "`").replace("`None`", "`null`")


def ts_type(schema: Schema) -> str:
    """Return the TypeScript type of a field's JSON Schema."""
    if "$ref" in schema:
        return str(schema["$ref"]).rpartition("/")[2]
    if "anyOf" in schema:
        return " | ".join(ts_type(option) for option in schema["anyOf"])
    if "enum" in schema:
        return " | ".join(_literal(value) for value in schema["enum"])
    match schema["type"]:
        case "array":
            item = ts_type(schema["items"])
            return f"readonly ({item})[]" if " " in item else f"readonly {item}[]"
        case "object":
            return f"Readonly<Record<string, {ts_type(schema['additionalProperties'])}>>"
        case "integer" | "number":
            return "number"
        case plain:
            return str(plain)


def _literal(value: object) -> str:
    return "null" if value is None else f"'{value}'"


def section(kind: type[msgspec.Struct], schema: Schema) -> list[str]:
    """Return the lines of Markdown that describe one kind of message."""
    tag = kind.__struct_config__.tag
    lines = [f"### {f'`{tag}`' if isinstance(tag, str) else kind.__name__}", ""]
    paragraphs = inspect.cleandoc(kind.__doc__ or "").split("\n\n")
    for paragraph in paragraphs:
        lines += [*textwrap.wrap(prose(paragraph), 99), ""]
    documented = field_docs(kind)
    rows = []
    for field, value in schema["properties"].items():
        if field == "type" and isinstance(tag, str):
            continue
        shape = ts_type(value).replace("readonly ", "").replace("|", "\\|")
        if len(shape) > 160:
            shape = "one of the messages of the server"
        rows.append(f"| `{field}` | {shape} | {prose(documented.get(field, ''))} |")
    if rows:
        lines += ["| field | type | meaning |", "|---|---|---|", *rows, ""]
    return lines


def field_docs(kind: type[msgspec.Struct]) -> dict[str, str]:
    """Return the strings that stand under the fields of a record in the source."""
    tree = ast.parse(inspect.getsource(kind))
    body = typing.cast("ast.ClassDef", tree.body[0]).body
    return {
        field.target.id: inspect.cleandoc(text.value.value)
        for field, text in itertools.pairwise(body)
        if isinstance(field, ast.AnnAssign)
        and isinstance(field.target, ast.Name)
        and isinstance(text, ast.Expr)
        and isinstance(text.value, ast.Constant)
        and isinstance(text.value.value, str)
    }
