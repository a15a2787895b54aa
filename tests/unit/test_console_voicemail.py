"""Who may hear what a caller left, in which parts, and what the audit knows of it."""

import wave
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent_console.rest_voicemail import NOTED_FOR_S
from agent_console.store import FollowUp
from agent_console.store.work_model import message_follow_up
from tests.unit.console_kit import Browser, Kit
from tests.unit.socket_kit import START

MESSAGE = message_follow_up("c9")
PATH = f"/api/follow-ups/{MESSAGE}/message"


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path / "dist")
    await kit.add("wang", "1001")
    await kit.add("li", "1002")
    await kit.add("boss", None)
    path = tmp_path / "c9.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(range(250)) * 160)
    kit.voices.files["c9"] = path
    await promise(kit, MESSAGE, customer_id="C0001")
    async with kit.running():
        yield kit


async def promise(kit: Kit, follow_up_id: str, **changes: Any) -> None:
    fields: dict[str, Any] = {
        "login": "wang",
        "kind": "callback",
        "text": "Voicemail of 2 s",
        "due_at": START + 60,
        "created_at": START,
        "call_id": "c9",
    }
    await kit.work.add_follow_up(FollowUp(follow_up_id=follow_up_id, **{**fields, **changes}))


async def browser(kit: Kit, login: str) -> Browser:
    made = kit.browser()
    await made.sign_in(login)
    return made


async def test_the_owner_hears_it_whole_and_in_parts_and_the_audit_knows(kit: Kit) -> None:
    wang = await browser(kit, "wang")
    [line] = (await wang.http.get("/api/follow-ups")).json()
    assert line["message_s"] == 2.5
    whole = await wang.http.get(PATH)
    assert (whole.status_code, whole.headers["content-type"]) == (200, "audio/wav")
    assert whole.content == kit.voices.files["c9"].read_bytes()
    assert whole.headers["accept-ranges"] == "bytes"
    assert whole.headers["cache-control"] == "no-store"
    part = await wang.http.get(PATH, headers={"range": "bytes=100-199"})
    assert (part.status_code, part.content) == (206, whole.content[100:200])
    assert part.headers["content-range"] == f"bytes 100-199/{len(whole.content)}"
    beyond = await wang.http.get(PATH, headers={"range": "bytes=999999-"})
    assert beyond.status_code == 416
    [look] = kit.looks.looks
    assert (look.actor, look.role, look.field, look.outcome) == (
        "wang",
        "agent",
        "voicemail",
        "shown",
    )
    assert (look.customer_id, look.call_id, look.at) == ("C0001", "c9", START)
    kit.clock.advance(NOTED_FOR_S)
    await wang.http.get(PATH, headers={"range": "bytes=100-199"})
    assert len(kit.looks.looks) == 2


async def test_nobody_else_hears_it(kit: Kit) -> None:
    for login in ("li", "boss"):
        refused = await (await browser(kit, login)).http.get(PATH)
        assert (refused.status_code, refused.json()["code"]) == (404, "unknown_follow_up")
    assert (await kit.browser().http.get(PATH)).status_code == 401
    assert kit.looks.looks == []


async def test_a_promise_about_the_same_call_is_no_right_to_hear_it(kit: Kit) -> None:
    await promise(kit, "made-by-hand")
    wang = await browser(kit, "wang")
    refused = await wang.http.get("/api/follow-ups/made-by-hand/message")
    assert (refused.status_code, refused.json()["code"]) == (404, "no_value")
    lines = (await wang.http.get("/api/follow-ups")).json()
    assert sorted(line["message_s"] is None for line in lines) == [False, True]


async def test_a_message_that_was_deleted_is_no_longer_offered(kit: Kit) -> None:
    del kit.voices.files["c9"]
    wang = await browser(kit, "wang")
    [line] = (await wang.http.get("/api/follow-ups")).json()
    assert line["message_s"] is None
    assert (await wang.http.get(PATH)).status_code == 404
    assert kit.looks.looks == []


async def test_without_a_line_in_the_audit_nothing_is_heard(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def full(_look: object) -> None:
        raise OSError("the disk is full")

    monkeypatch.setattr(kit.looks, "note_look", full)
    wang = await browser(kit, "wang")
    with pytest.raises(OSError, match="full"):
        await wang.http.get(PATH)
