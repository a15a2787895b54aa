"""Notes, follow-ups, own calls and figures over HTTP, as an agent's page asks for them."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent_console.messages import FollowUpDue
from agent_console.rest_messages import OwnDay
from tests.unit.console_kit import Browser, Kit, card, pop
from tests.unit.socket_kit import START

SHUT: dict[str, Any] = {"follow_up": None}


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path / "dist")
    await kit.add("wang", "1001")
    await kit.add("li", "1002")
    await kit.add("boss", None)
    async with kit.running():
        yield kit


@pytest.fixture
async def wang(kit: Kit) -> Browser:
    return await browser(kit, "wang")


async def browser(kit: Kit, login: str) -> Browser:
    made = kit.browser()
    await made.sign_in(login)
    return made


async def answered(kit: Kit, call_id: str = "c1", agent: str = "1001") -> None:
    kit.engine.ring(agent, pop(call_id))
    kit.engine.complete(agent, call_id, card())
    kit.engine.connect(agent, call_id)
    await kit.app.state.desk_log.settled()


async def save(person: Browser, seq: int, note: str, call_id: str = "c1", **more: Any) -> Any:
    body = {"seq": seq, "note": note, **SHUT, **more}
    return await person.http.put(f"/api/calls/{call_id}/work", json=body)


async def test_a_note_is_stored_version_by_version(kit: Kit, wang: Browser) -> None:
    await answered(kit)
    assert (await wang.http.get("/api/calls/c1/work")).json()["seq"] == 0
    draft = {"kind": "callback", "text": "周五", "due_at": START + 5}
    first = await save(wang, 1, "客户咨询年费", follow_up=draft)
    assert (first.status_code, first.json()["saved_at"]) == (200, START)
    again = await save(wang, 1, "客户咨询年费", follow_up=draft)
    assert again.status_code == 200, "an answer that was lost is asked for again"
    stale = await save(wang, 1, "another tab's words")
    assert (stale.status_code, stale.json()["code"]) == (409, "newer_work")
    kept = (await wang.http.get("/api/calls/c1/work")).json()
    assert (kept["seq"], kept["note"], kept["follow_up"]) == (1, "客户咨询年费", draft)
    assert (await save(wang, 2, "")).json()["note"] == ""


async def test_a_note_can_be_written_while_the_phone_still_rings(kit: Kit, wang: Browser) -> None:
    async with wang.page() as page:
        await page.read_all(2)
        kit.engine.ring("1001", pop())
        await page.read_all(2)
        assert (await save(wang, 1, "heard of it before")).status_code == 200
        kit.engine.connect("1001", "c1")
        await kit.app.state.desk_log.settled()
    assert (await wang.http.get("/api/calls/c1/work")).json()["note"] == "heard of it before"


async def test_nobody_reads_or_writes_anothers_note(kit: Kit, wang: Browser) -> None:
    await answered(kit)
    await save(wang, 1, "secret")
    li, boss = await browser(kit, "li"), await browser(kit, "boss")
    for person in (li, boss):
        assert (await person.http.get("/api/calls/c1/work")).status_code == 404
        assert (await save(person, 9, "mine")).status_code == 404
        listed = await person.http.get("/api/calls")
        assert "secret" not in listed.text
    assert (await wang.http.get("/api/calls/c1/work")).json()["note"] == "secret"
    assert (await save(wang, 1, "x", "never-was")).json()["code"] == "unknown_call"


@pytest.mark.parametrize(
    "body",
    [
        {"seq": -1, "note": "", **SHUT},
        {"seq": 1, "note": "x" * 8001, **SHUT},
        {"seq": 1, "note": "", "follow_up": None, "extra": 1},
        {"seq": 1, "note": "", "follow_up": {"kind": "party", "text": "", "due_at": None}},
        [],
    ],
)
async def test_paperwork_of_another_shape_is_refused(kit: Kit, wang: Browser, body: Any) -> None:
    await answered(kit)
    response = await wang.http.put("/api/calls/c1/work", json=body)
    assert (response.status_code, response.json()["code"]) == (400, "bad_request")


async def test_the_history_says_how_each_call_went(kit: Kit, wang: Browser) -> None:
    await answered(kit)
    await save(wang, 1, "done")
    kit.clock.advance(60)
    kit.engine.hang_up("1001", "c1")
    await kit.engine.dispose("1001", "c1", "solved")
    kit.engine.end_wrap_up("1001")
    await answered(kit, "c2")
    calls = (await wang.http.get("/api/calls")).json()
    assert [call["call_id"] for call in calls] == ["c2", "c1"]
    assert calls[1] == {
        "call_id": "c1",
        "caller": "王**",
        "number": "+86 138****8000",
        "customer_id": "C0001",
        "queue": "service",
        "reason": "balance",
        "verified": "number",
        "connected_at": START,
        "ended_at": START + 60,
        "disposition": "solved",
        "note": "done",
        "follow_ups": 0,
    }
    older = await wang.http.get("/api/calls", params={"before": START + 1, "limit": 1})
    assert [call["call_id"] for call in older.json()] == ["c1"]
    assert (await wang.http.get("/api/calls", params={"limit": 0})).status_code == 400


async def test_a_promise_is_made_once_kept_and_counted(kit: Kit, wang: Browser) -> None:
    await answered(kit)
    order = {"key": "k" * 16, "kind": "callback", "text": "回电", "due_at": START, "call_id": "c1"}
    made = (await wang.http.post("/api/follow-ups", json=order)).json()
    assert made["caller"] == "王**"
    assert (await wang.http.post("/api/follow-ups", json=order)).json() == made
    assert (await wang.http.get("/api/follow-ups")).json() == [made]
    kit.days.figures["1001"] = OwnDay(since=START, answered=7)
    day = (await wang.http.get("/api/day")).json()
    assert (day["answered"], day["follow_ups_due"]) == (7, 1)
    assert (await wang.http.get("/api/calls")).json()[0]["follow_ups"] == 1

    path = f"/api/follow-ups/{made['follow_up_id']}"
    change = {"text": "回电", "due_at": START + 9, "done": True}
    li = await browser(kit, "li")
    assert (await li.http.put(path, json=change)).status_code == 404
    done = (await wang.http.put(path, json=change)).json()
    assert (done["done_at"], done["due_at"]) == (START, START + 9)
    kit.clock.advance(10)
    assert (await wang.http.put(path, json=change)).json()["done_at"] == START
    assert (await wang.http.get("/api/day")).json()["follow_ups_due"] == 0
    undone = (await wang.http.put(path, json={**change, "done": False})).json()
    assert undone["done_at"] is None


async def test_a_promise_about_anothers_call_is_refused(kit: Kit, wang: Browser) -> None:
    await answered(kit)
    li = await browser(kit, "li")
    order = {"key": "k" * 16, "kind": "task", "text": "", "due_at": START, "call_id": "c1"}
    assert (await li.http.post("/api/follow-ups", json=order)).status_code == 404
    own = {**order, "call_id": None}
    assert (await li.http.post("/api/follow-ups", json=own)).json()["caller"] == ""
    theirs = (await wang.http.post("/api/follow-ups", json=own)).json()
    assert [f["follow_up_id"] for f in (await wang.http.get("/api/follow-ups")).json()] == [
        theirs["follow_up_id"]
    ], "the same key of another person is another promise"


async def test_preferences_follow_the_person(kit: Kit, wang: Browser) -> None:
    assert (await wang.http.get("/api/preferences")).json() == {"favourites": [], "notify": False}
    liked = {"favourites": ["solved"], "notify": True}
    assert (await wang.http.put("/api/preferences", json=liked)).status_code == 204
    other = await browser(kit, "wang")
    assert (await other.http.get("/api/preferences")).json() == liked
    assert (await (await browser(kit, "li")).http.get("/api/preferences")).json() != liked


async def test_the_team_is_shown_with_names_and_states(kit: Kit, wang: Browser) -> None:
    kit.engine.state("1002", "paused", "lunch")
    team = (await wang.http.get("/api/team")).json()
    assert team == [
        {"agent_id": "1002", "name": "Li", "state": "paused", "since": START, "reason": "lunch"}
    ]


async def test_everything_needs_a_session_and_the_csrf_token(kit: Kit, wang: Browser) -> None:
    stranger = kit.browser()
    for path in ("/api/calls", "/api/day", "/api/team", "/api/follow-ups", "/api/preferences"):
        assert (await stranger.http.get(path)).status_code == 401
    await answered(kit)
    del wang.http.headers["x-csrf-token"]
    assert (await save(wang, 1, "x")).json()["code"] == "csrf"
    wang.http.headers["origin"] = "https://hotline.test.evil.example"
    assert (await save(wang, 1, "x")).json()["code"] == "foreign_origin"


async def test_what_was_promised_is_told_when_it_is_due(kit: Kit, wang: Browser) -> None:
    order = {
        "key": "key-of-a-page-1",
        "kind": "callback",
        "text": "周五回电",
        "due_at": START + 10,
    }
    made = (await wang.http.post("/api/follow-ups", json={**order, "call_id": None})).json()
    li = await browser(kit, "li")
    async with wang.page() as one, wang.page() as two, li.page() as other:
        for page in (one, two, other):
            await page.read_all(2)
        await kit.look()
        kit.clock.advance(9)
        await kit.look()
        assert await one.is_quiet()
        kit.clock.advance(2)
        await kit.look()
        told = [(await page.read()).message for page in (one, two)]
        await kit.look()
        assert await one.is_quiet()
        assert await other.is_quiet()
    assert told[0] == told[1]
    assert isinstance(told[0], FollowUpDue)
    assert (told[0].follow_up_id, told[0].text) == (made["follow_up_id"], "周五回电")
