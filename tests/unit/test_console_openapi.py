"""The console's HTTP requests do what their description says, whatever is asked."""

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext, suppress
from pathlib import Path
from typing import Any

import httpx
import hypothesis
import schemathesis
from schemathesis.checks import CHECKS, load_all_checks

from agent_console import openapi
from agent_console.desk_log import desk_call
from agent_console.knowledge.files import read, stored
from agent_console.store import FollowUp
from tests.unit.console_kit import ORIGIN, Browser, Kit, pop

ENDLESS = "/api/board/stream"
SESSION = "/api/session"
"""Signing in is limited for each address, and signing out would end the run."""
ASKED = {schemathesis.GenerationMode.POSITIVE: 8, schemathesis.GenerationMode.NEGATIVE: 5}
"""Requests of each kind to each operation."""
ONLY_REFUSED = {
    "DELETE /api/sessions/{session_id}",
    "DELETE /api/users/{login}/sessions/{session_id}",
    "POST /api/alarms/{alarm_id}/acknowledgement",
    "DELETE /api/floor/announcement",
    "DELETE /api/floor/closed/{queue}",
    "POST /api/calls/{call_id}/unmask",
    "POST /api/floor/announcements",
    "POST /api/floor/announcements/recorded",
    "PUT /api/floor/announcement",
    "PUT /api/floor/closed/{queue}",
    "PUT /api/floor/teams/{agent_id}",
    "GET /api/floor/announcements/{announcement_id}/sound",
    "GET /api/follow-ups/{follow_up_id}/message",
    "POST /api/groups/export",
    "PUT /api/knowledge/articles/{article_id}",
}
"""What cannot be asked rightly by chance; tests of their own ask for it."""
THERE = {"call_id": "c1", "article_id": "card-loss", "login": "wang", "follow_up_id": "f1"}
ARTICLES = Path(__file__).parents[2] / "hotline/demo/knowledge.yaml"


def as_somebody_knows() -> dict[str, Any]:
    """Return the description for somebody who has credentials and knows some names."""
    described: dict[str, Any] = json.loads(openapi.document())
    del described["components"]["securitySchemes"]
    known = described["components"]["schemas"]["CallerChoice"]["properties"]["customer_id"]
    known["enum"] = ["C0001", "nobody"]
    for path in described["paths"].values():
        for operation in path.values():
            operation.pop("security", None)
            for parameter in operation.get("parameters", ()):
                if parameter["name"] == "where":
                    parameter["schema"] = {"enum": [["loyalty>=70"], ["x"]]}
                elif parameter["name"] == "version":
                    parameter["schema"]["maximum"] = 1
                elif parameter["in"] == "path":
                    known = THERE.get(parameter["name"], "none")
                    parameter["schema"] = {"type": "string", "enum": [known, "no-such"]}
    return described


load_all_checks()
CHECKED = CHECKS.get_by_names(
    [
        "not_a_server_error",
        "status_code_conformance",
        "content_type_conformance",
        "response_schema_conformance",
        "negative_data_rejection",
    ]
)


class Bench:
    """A console with an agent and an administrator, asked in one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop, kit: Kit) -> None:
        self._loop = loop
        self._kit = kit
        self._browsers: dict[str, Browser] = {}
        self.statuses: dict[str, set[int]] = {}
        self.asked = 0

    def ask(self, case: schemathesis.Case) -> None:
        """Send the request as both, and check the answers."""
        for login in ("wang", "root"):
            answer = self._loop.run_until_complete(self._send(case, login))
            self.asked += 1
            self.statuses.setdefault(f"{case.method} {case.path}", set()).add(answer.status_code)
            case.validate_response(answer, checks=CHECKED)

    async def _send(self, case: schemathesis.Case, login: str) -> httpx.Response:
        self._kit.clock.advance(60)  # no limit of requests is what is tried here
        if login not in self._browsers:
            self._browsers[login] = self._kit.browser()
            await self._browsers[login].sign_in(login)
        sent = case.as_transport_kwargs(base_url=ORIGIN)
        http = self._browsers[login].http
        headers = {**dict(sent.get("headers") or {}), "x-csrf-token": http.headers["x-csrf-token"]}
        return await http.request(
            sent["method"],
            sent["url"],
            params=sent.get("params"),
            headers=headers,
            json=sent.get("json"),
            content=sent.get("data"),
        )


@contextmanager
def console(folder: Path) -> Iterator[Bench]:
    """A console with a call, some articles and a promise."""

    async def furnish(kit: Kit) -> None:
        await kit.add("wang", "1001")
        await kit.add("root", None, role="admin")
        kit.engine.ring("1001", pop("c1", verified="none", brief="unknown"))
        kit.engine.connect("1001", "c1")
        wang = kit.browser()
        await wang.sign_in("wang")
        async with wang.page() as page:  # the desk stands as long as the console
            await page.read()
        promise = FollowUp(
            follow_up_id="f1", login="wang", kind="task", text="x", due_at=1.0, created_at=1.0
        )
        await kit.work.add_follow_up(promise)
        await kit.work.note_call(desk_call("1001", pop("c1"), kit.clock()))
        for article_id, draft in read(ARTICLES).items():
            article = stored(article_id, draft, None, by="root", now=kit.clock())
            assert article is not None
            await kit.knowledge.save(article)

    with asyncio.Runner() as runner:
        kit = Kit(folder, session_lifetime_s=1e9, idle_timeout_s=1e9)
        running = kit.running()
        runner.run(running.__aenter__())
        try:
            runner.run(furnish(kit))
            yield Bench(runner.get_loop(), kit)
        finally:
            runner.run(running.__aexit__(None, None, None))


def test_whatever_is_asked_the_answer_is_as_described(tmp_path: Path) -> None:
    schema = schemathesis.openapi.from_dict(as_somebody_knows())
    with console(tmp_path) as bench:
        for found in schema.get_all_operations():
            operation = found.ok()
            if operation.path in (ENDLESS, SESSION):
                continue
            for mode, examples in ASKED.items():

                @hypothesis.settings(
                    max_examples=examples,
                    deadline=None,
                    derandomize=True,
                    database=None,
                    phases=[hypothesis.Phase.generate],
                    suppress_health_check=list(hypothesis.HealthCheck),
                )
                @hypothesis.given(case=operation.as_strategy(generation_mode=mode))
                def check(case: schemathesis.Case) -> None:
                    bench.ask(case)

                wrong = mode is schemathesis.GenerationMode.NEGATIVE
                with suppress(hypothesis.errors.Unsatisfiable) if wrong else nullcontext():
                    check()  # nothing can be wrong where there is nothing to say
        statuses = bench.statuses
        assert bench.asked > 400
    never = {
        label
        for label, seen in statuses.items()
        if not seen & {200, 204} and label not in ONLY_REFUSED
    }
    assert never == set(), "some operation was only ever refused, so its answer was not checked"


def test_the_document_is_up_to_date() -> None:
    assert openapi.DOCUMENT.read_text(encoding="utf-8") == openapi.document(), (
        "run `python -m agent_console.openapi` and commit what it writes"
    )


def test_every_route_is_described_once() -> None:
    described = json.loads(openapi.document())
    names = [
        operation["operationId"]
        for path in described["paths"].values()
        for operation in path.values()
    ]
    assert len(names) == len(set(names))
    wanted = {(e.path, e.method.lower()) for e in openapi.endpoints()}
    there = {(path, method) for path, methods in described["paths"].items() for method in methods}
    assert wanted <= there
