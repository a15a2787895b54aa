"""What supervisors do on the floor over HTTP: who may, what is refused, and in which words."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_console.floor_messages import AgentSkills, WaitingLine
from agent_console.messages import SkillChoice
from agent_console.rest_floor import MOST_AUDIO_BYTES
from tests.unit.console_kit import Browser, Kit

WHY = {"reason": "fire drill"}
CLOSED, PLAYING = "/api/floor/closed/vip", "/api/floor/announcement"
MADE = "/api/floor/announcements"
RECORDED = f"{MADE}/recorded"


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path)
    await kit.add("wang", "1001")
    await kit.add("lead", None, role="leader")
    await kit.add("boss", None)
    async with kit.running():
        yield kit


async def seat(kit: Kit, login: str) -> Browser:
    browser = kit.browser()
    await browser.sign_in(login)
    return browser


async def refusal(browser: Browser, method: str, path: str, **options: object) -> tuple[int, str]:
    answer = await browser.http.request(method, path, **options)  # type: ignore[arg-type] # httpx's own
    return answer.status_code, answer.json()["code"]


async def test_a_queue_is_closed_for_a_reason_and_opened_again(kit: Kit) -> None:
    boss = await seat(kit, "boss")
    assert (await refusal(boss, "PUT", CLOSED, json={"reason": "x"}))[0] == 400
    assert (await boss.http.put(CLOSED, json=WHY)).status_code == 204
    assert await refusal(boss, "PUT", CLOSED, json=WHY) == (409, "not_now")
    [closed] = (await boss.http.get("/api/board")).json()["closed"]
    assert (closed["queue"], closed["reason"], closed["closed_by"]) == (
        "vip",
        "fire drill",
        "boss",
    )
    assert (await boss.http.delete(CLOSED)).status_code == 204
    assert await refusal(boss, "DELETE", CLOSED) == (409, "not_now")
    nowhere = "/api/floor/closed/nowhere"
    assert await refusal(boss, "PUT", nowhere, json=WHY) == (404, "unknown_queue")
    kit.floor.refuse_with = "engine_away"
    assert await refusal(boss, "PUT", CLOSED, json=WHY) == (503, "engine_away")


async def test_an_announcement_is_made_heard_switched_on_and_off(kit: Kit) -> None:
    boss = await seat(kit, "boss")
    view = (await boss.http.get(MADE)).json()
    assert (view["announcements"], view["voices"]) == ([], ["en"])
    typed = await boss.http.post(MADE, json={"en": "All lines are down."})
    announcement_id = typed.json()["announcement_id"]
    sound = await boss.http.get(f"{MADE}/{announcement_id}/sound", params={"language": "en"})
    assert (sound.content, sound.headers["content-type"]) == (b"RIFFen", "audio/wav")
    order = {"announcement_id": announcement_id, **WHY}
    assert (await boss.http.put(PLAYING, json=order)).status_code == 204
    assert (await boss.http.get("/api/board")).json()["playing"]["on_by"] == "boss"
    assert (await boss.http.delete(PLAYING)).status_code == 204
    assert await refusal(boss, "DELETE", PLAYING) == (409, "not_now")
    order["announcement_id"] = "nothing"
    assert await refusal(boss, "PUT", PLAYING, json=order) == (404, "unknown_announcement")
    assert await refusal(boss, "GET", f"{MADE}/nothing/sound") == (404, "unknown_announcement")


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({}, 400, "bad_request"),
        ({"zh": "  "}, 400, "bad_request"),
        ({"prompt": "all_agents_busy", "en": "and words"}, 400, "bad_request"),
        ({"prompt": "nothing"}, 409, "unknown_code"),
        ({"zh": "线路故障"}, 409, "no_voice"),
        ({"en": "x" * 501}, 400, "bad_request"),
    ],
)
async def test_a_wrong_announcement_is_refused(
    kit: Kit, body: dict[str, str], status: int, code: str
) -> None:
    boss = await seat(kit, "boss")
    assert await refusal(boss, "POST", MADE, json=body) == (status, code)


async def test_a_recording_is_taken_whole_or_not_at_all(kit: Kit) -> None:
    boss = await seat(kit, "boss")
    named = {"title": "storm", "file": "storm.mp3"}
    taken = await boss.http.post(RECORDED, params=named, content=b"RIFF....")
    assert (taken.status_code, taken.json()["kind"]) == (200, "recorded")
    assert kit.floor.acts[-1] == ("record_announcement", "storm", "storm.mp3", "8", "boss")
    bad = await refusal(boss, "POST", RECORDED, params=named, content=b"no sound")
    assert bad == (400, "bad_audio")
    for wrong in ({"title": "x"}, {"file": "x"}, {**named, "file": "../x.wav"}):
        answer = await refusal(boss, "POST", RECORDED, params=wrong, content=b"RIFF")
        assert answer == (400, "bad_request")
    big = b"R" * (MOST_AUDIO_BYTES + 1)
    assert await refusal(boss, "POST", RECORDED, params=named, content=big) == (
        413,
        "audio_too_long",
    )


async def test_who_waits_and_who_serves_is_listed(kit: Kit) -> None:
    kit.floor.callers = [
        WaitingLine(
            call_id="c1",
            queue=queue,
            position=1,
            priority=20,
            waiting_since=1.0,
            ringing=False,
            reason="balance",
            language="zh",
            verified="pin",
            segment="gold",
        )
        for queue in ("service", "vip")
    ]
    kit.floor.people = [
        AgentSkills(
            agent_id="1001",
            name="Wang",
            team="",
            skills=(SkillChoice(queue="vip", penalty=2),),
            serves=("vip",),
        )
    ]
    boss = await seat(kit, "boss")
    assert len((await boss.http.get("/api/floor/waiting")).json()) == 2
    [line] = (await boss.http.get("/api/floor/waiting", params={"queue": "vip"})).json()
    assert (line["queue"], line["segment"]) == ("vip", "gold")
    team = await boss.http.put("/api/floor/teams/1001", json={"team": " 贷款组 "})
    assert team.status_code == 204
    [person] = (await boss.http.get("/api/floor/skills")).json()
    assert (person["team"], person["skills"]) == ("贷款组", [{"queue": "vip", "penalty": 2}])
    unknown = await refusal(boss, "PUT", "/api/floor/teams/9", json={"team": "a"})
    assert unknown == (404, "unknown_agent")
    assert (await refusal(boss, "PUT", "/api/floor/teams/1001", json={"team": "a\nb"}))[0] == 400


ACTS = [
    ("PUT", CLOSED),
    ("DELETE", CLOSED),
    ("POST", MADE),
    ("POST", RECORDED),
    ("PUT", PLAYING),
    ("DELETE", PLAYING),
    ("PUT", "/api/floor/teams/1001"),
]


@pytest.mark.parametrize(("method", "path"), ACTS)
async def test_only_supervisors_act(kit: Kit, method: str, path: str) -> None:
    for login in ("wang", "lead"):
        browser = await seat(kit, login)
        assert await refusal(browser, method, path) == (403, "not_allowed")
    assert kit.floor.acts == []


async def test_leaders_look_and_agents_do_not(kit: Kit) -> None:
    lead, wang = await seat(kit, "lead"), await seat(kit, "wang")
    for path in (MADE, "/api/floor/waiting", "/api/floor/skills"):
        assert (await lead.http.get(path)).status_code == 200
        assert (await wang.http.get(path)).status_code == 403
