"""Generates docs/console-api.openapi.json from the endpoints: the console's HTTP requests.

``python -m agent_console.openapi`` writes it; a unit test fails when the file differs.  It runs in
a checkout only.
"""

import json
import re
from collections.abc import Iterable
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

import msgspec

from agent_console.app import create_app
from agent_console.config import ConsoleConfig
from agent_console.guard import Endpoint
from agent_console.messages import Problem, SessionView, SignIn
from agent_console.reference import Schema, prose
from agent_console.security import CSRF_HEADER

DOCUMENT: Final = Path(__file__).parent.parent / "docs/console-api.openapi.json"
_REF: Final = "#/components/schemas/{name}"
_PARAMETER: Final = re.compile(r"\{(\w+)\}")

_INTRODUCTION: Final = f"""\
What the console's page asks for beside its WebSocket (websocket-protocol.md). For the bank's own
programs there is the event API (event-api.md).

Sign in with `POST /api/session`: the answer sets a cookie that scripts cannot read and holds a
token. Whatever changes something carries the token as `{CSRF_HEADER}` and an `Origin` that is
exactly one of the configured ones. A body is `application/json` in UTF-8.

Times are seconds since the epoch, durations are seconds. A refusal holds a code and the key of its
words; who is not signed in gets 401, who may not do that 403.
"""


def endpoints() -> tuple[Endpoint, ...]:
    """Return every endpoint for people who are signed in."""
    absent: Any = object()  # nothing is asked, so nothing is needed
    app = create_app(
        ConsoleConfig(origins=("https://hotline.bank.example",)),
        absent,
        absent,
        absent,
        absent,
        passwords=absent,
        **dict.fromkeys(
            (
                *("groups", "board", "knowledge", "customers"),
                *("lookups", "unmasking", "reports", "alarms", "monitoring", "floor"),
                *("voices", "listens"),
            ),
            absent,
        ),
    )
    found: tuple[Endpoint, ...] = app.state.endpoints
    return found


def document() -> str:
    """Return the description as JSON text."""
    known = endpoints()
    paths: dict[str, dict[str, Any]] = {
        "/api/session": {"post": _sign_in(), "get": _who()},
        "/healthz": {"get": _open("Whether the process lives.", "health")},
        "/readyz": {"get": _open("Which part can do its work; 503 if one cannot.", "ready", 503)},
    }
    for endpoint in known:
        paths.setdefault(endpoint.path, {})[endpoint.method.lower()] = _operation(endpoint)
    described = {
        "openapi": "3.1.0",
        "info": {"title": "Hotline console", "version": "1", "description": _INTRODUCTION},
        "paths": dict(sorted(paths.items())),
        "components": {
            "securitySchemes": {
                "session": {"type": "apiKey", "in": "cookie", "name": "__Host-hotline"},
                "page": {"type": "apiKey", "in": "header", "name": CSRF_HEADER},
            },
            "schemas": _components(known),
        },
    }
    return json.dumps(described, indent=2, ensure_ascii=False) + "\n"


def main() -> None:
    """Write the document."""
    DOCUMENT.write_text(document(), encoding="utf-8")


def _components(known: Iterable[Endpoint]) -> dict[str, Schema]:
    types: list[Any] = [Problem, SignIn, SessionView]
    for endpoint in known:
        types += [kind for kind in (endpoint.body, endpoint.answer) if kind is not None]
        types += [query.kind for query in endpoint.query]
    _, found = msgspec.json.schema_components(types, ref_template=_REF)
    for schema in found.values():
        if "description" in schema:
            schema["description"] = prose(schema["description"])
    return dict(sorted(found.items()))


def _schema(kind: Any) -> Schema:
    [schema], _ = msgspec.json.schema_components([kind], ref_template=_REF)
    # Python's word for the end of a text is not that of JSON Schema.
    text = json.dumps(schema).replace(r"\\Z", "$")
    found: Schema = json.loads(text)
    return found


def _operation(endpoint: Endpoint) -> dict[str, Any]:
    changes = endpoint.method != "GET"
    described: dict[str, Any] = {
        "operationId": _name(endpoint),
        "summary": endpoint.summary,
        "security": [{"session": [], **({"page": []} if changes else {})}],
    }
    parameters = [
        {
            "name": name,
            "in": "path",
            "required": True,
            "schema": {"type": "string", "minLength": 1},
        }
        for name in _PARAMETER.findall(endpoint.path)
    ]
    for query in endpoint.query:
        schema = _schema(query.kind)
        if query.many:
            schema = {"type": "array", "items": schema}
        parameters.append(
            {
                "name": query.name,
                "in": "query",
                "required": False,
                "description": query.why,
                "schema": schema,
            }
        )
    if parameters:
        described["parameters"] = parameters
    if endpoint.roles is not None:
        described["description"] = f"For: {', '.join(sorted(endpoint.roles))}."
    if endpoint.body is not None:
        described["requestBody"] = {
            "required": True,
            "content": {"application/json": {"schema": _schema(endpoint.body)}},
        }
    described["responses"] = _responses(endpoint, changes)
    return described


def _responses(endpoint: Endpoint, changes: bool) -> dict[str, Any]:
    found: dict[str, Any] = {}
    if endpoint.media_type != "application/json":
        content = {endpoint.media_type: {"schema": {"type": "string"}}}
        found["200"] = {"description": "A stream", "content": content}
    elif endpoint.answer is None:
        found["204"] = {"description": "Done"}
    else:
        content = {"application/json": {"schema": _schema(endpoint.answer)}}
        found["200"] = {"description": "The answer", "content": content}
    refused = {HTTPStatus.UNAUTHORIZED, *endpoint.problems}
    if changes or endpoint.roles is not None:
        refused.add(HTTPStatus.FORBIDDEN)
    if endpoint.query:
        refused.add(HTTPStatus.BAD_REQUEST)
    if "{" in endpoint.path:
        refused.add(HTTPStatus.NOT_FOUND)
    if endpoint.body is not None:
        refused |= {
            HTTPStatus.BAD_REQUEST,
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
        }
    for status in sorted(refused):
        found[str(status.value)] = _refusal(status)
    return found


def _refusal(status: HTTPStatus) -> dict[str, Any]:
    content = {"application/json": {"schema": {"$ref": _REF.format(name="Problem")}}}
    return {"description": status.phrase, "content": content}


def _sign_in() -> dict[str, Any]:
    statuses = (400, 401, 403, 413, 415, 429, 503)
    view = {"application/json": {"schema": {"$ref": _REF.format(name="SessionView")}}}
    return {
        "operationId": "signIn",
        "summary": "Sign in; sets the session's cookie.",
        "security": [],
        "requestBody": {
            "required": True,
            "content": {"application/json": {"schema": {"$ref": _REF.format(name="SignIn")}}},
        },
        "responses": {
            "200": {"description": "Signed in", "content": view},
            **{str(status): _refusal(HTTPStatus(status)) for status in statuses},
        },
    }


def _who() -> dict[str, Any]:
    view = {"application/json": {"schema": {"$ref": _REF.format(name="SessionView")}}}
    return {
        "operationId": "whoIsSignedIn",
        "summary": "Who is signed in.",
        "security": [],
        "responses": {
            "200": {"description": "Somebody", "content": view},
            "204": {"description": "Nobody"},
        },
    }


def _open(summary: str, name: str, *others: int) -> dict[str, Any]:
    content = {"application/json": {"schema": {"type": "object"}}}
    return {
        "operationId": name,
        "summary": summary,
        "security": [],
        "responses": {
            str(status): {"description": HTTPStatus(status).phrase, "content": content}
            for status in (200, *others)
        },
    }


def _name(endpoint: Endpoint) -> str:
    words = re.findall(r"[a-z]+", endpoint.path.removeprefix("/api/"))
    return endpoint.method.lower() + "".join(word.title() for word in words)


if __name__ == "__main__":
    main()
