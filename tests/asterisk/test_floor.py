"""What supervisors do with queues and callers, on a real Asterisk: closed queues, announcements,
moved callers and changed skills, and what callers hear of it.
"""

import asyncio
import os
import signal
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

import dialplans
from agent_console import messages as msg
from agent_console.store import Skill
from cti.core import events as ev
from hotline import db
from hotline.accounts import open_users
from hotline.console_client import ConsoleClient
from hotline.demo.people import PASSWORD, SUPERVISOR
from hotline.demo.site import HOST, PortPlan, Site
from hotline.journal_reader import JournalReader
from hotline.selftest.desk import Desk
from ivr.prompts import PromptCatalogue
from tests.asterisk.caller import Caller, Line
from tests.asterisk.rest import Supervisor, supervisor
from tests.hearing import Ear, prompt_sounds

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]

RECORDED = Path(dialplans.__path__[0]) / "sounds/zh/hotline/all_agents_busy.flac"
"""What the supervisor uploads: a recording that the tests' ear knows."""
TYPED = '线路故障；请勿挂机 $(false) "5 分钟" 后再拨。'
VOICE = """\
import sys
import soundfile
words, out = sys.argv[1:]
assert words == {words!r}, words
soundfile.write(out, *soundfile.read({spoken!r}))
"""
"""The bank's voice: knows one sentence, whose sound the tests' ear knows."""
SPOKEN = RECORDED.with_name("agents_closed.flac")
RULES = "rules: [{id: all, queue: default}]\n"
QUEUES = """
[[queues]]
name = "service"
wrap_up_seconds = 0
members = ["1003"]
[[queues]]
name = "vip"
wrap_up_seconds = 0
members = ["1003"]
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bank(state_dir: Path) -> AsyncIterator[Site]:
    rules = state_dir / "routing.yaml"
    rules.write_text(RULES)
    voice = state_dir / "voice.py"
    voice.write_text(VOICE.format(words=TYPED, spoken=str(SPOKEN)), encoding="utf-8")
    speaks = f"voice_zh = '{sys.executable} {voice} {{text}} {{out}}'\n"
    made = Site(
        state_dir,
        PortPlan.choose(48000),
        extra=f"{QUEUES}\n[announcements]\n{speaks}",
        more={"ivr": f'routing = "{rules}"'},
    )
    await made.prepare(50, lambda _: None)
    async with open_users(made.settings) as users:
        await users.set_skill(Skill(login="1002", queue="vip"))
    try:
        await made.start()
        await made.ready()
        await made.start_carrier(answer_after=0.2)
        yield made
    finally:
        await made.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def journal(bank: Site) -> AsyncIterator[JournalReader]:
    reader = JournalReader(db.sqlite_path(bank.settings.database_url)).refresh()
    reader.events.clear()
    yield reader
    async with supervisor(bank) as boss:  # also when the test broke off
        for closed in (await boss.get("/api/board"))["closed"]:
            await boss.send("DELETE", f"/api/floor/closed/{closed['queue']}")
    assert bank.carrier is not None
    bank.carrier.hang_up_all()
    for arrived in reader.refresh().of(ev.CallArrived):
        await reader.wait(ev.CallEnded, 10, call_id=arrived.call_id)


def heard(caller: Caller) -> list[str]:
    """Name the prompts that the caller heard, in their order."""
    catalogue, sounds, texts = PromptCatalogue.load(), {}, {}
    for name, sound in prompt_sounds().items():
        language, prompt = name.split("/")
        if prompt == "queue_closed":  # begins like agents_closed; no menu plays it
            continue
        sounds[name] = sound
        texts[name] = f"{language} {catalogue.text(prompt, language)}"  # type: ignore[arg-type]
    return [one.prompt for one in Ear(sounds, texts).listen(caller.sound()) if one.prompt]


def globals_of(bank: Site) -> str:
    return bank.exchange.process.command("dialplan show globals")


async def ask_for_a_person(bank: Site, journal: JournalReader, number: str) -> ev.CallQueued:
    """Phone in, key 0, and return how the call was queued."""
    assert bank.carrier is not None
    known = {event.call_id for event in journal.refresh().of(ev.CallArrived)}
    bank.carrier.call(number, caller="+8613800138000", steps=["w1", "d0"])
    return await journal.wait(ev.CallQueued, 30, where=lambda e: e.call_id not in known)


async def test_a_queue_closed_while_a_caller_is_in_the_menu_and_over_restarts(
    bank: Site, journal: JournalReader
) -> None:
    async with supervisor(bank) as boss, Line(HOST, bank.plan.sip) as line:
        caller = asyncio.create_task(line.call("95500", "+8613900139000", ["t", "d0", "h9"]))
        inside = await journal.wait(ev.MenuEntered, 30)
        await boss.send("PUT", "/api/floor/closed/service", {"reason": "fire drill"})
        line.told.set()
        away = await journal.wait(ev.CallTurnedAway, 30, call_id=inside.call_id)
        offered = await journal.wait(
            ev.MenuEntered, 10, call_id=inside.call_id, where=lambda e: e.node == "closed"
        )
        assert (away.queue, offered.flow) == ("service", "main")
        assert heard(await caller)[-2:] == ["zh/agents_closed", "zh/agents_closed_2"]
        assert journal.of(ev.CallQueued) == []
        closed = await journal.wait(ev.QueueClosed, 5)
        assert (closed.queue, closed.reason, closed.by) == ("service", "fire drill", "2001")
        twice = await boss.http.put("/api/floor/closed/service", json={"reason": "once more"})
        assert (twice.status_code, twice.json()["code"]) == (409, "not_now")

        # Both die: what is closed stays closed, here and in Asterisk.
        assert "HOTLINE_CLOSED=,service," in globals_of(bank)
        for part in ("asterisk", "console"):
            os.kill(bank.pids()[part] or 0, signal.SIGKILL)
    await journal.wait(ev.EngineResynchronised, 60, where=lambda e: e.at > closed.at)
    await bank.ready()
    async with supervisor(bank) as boss:
        [still] = (await boss.get("/api/board"))["closed"]
        assert (still["queue"], still["closed_by"]) == ("service", "2001")
        rows = {row["queue"]: row["windows"] for row in (await boss.get("/api/board"))["queues"]}
        assert rows["service"]["today"]["found_closed"] == 1
        for queue, found in (("service", [inside.call_id]), ("vip", [])):
            behind = await boss.get("/api/board/calls", queue=queue, outcome="found_closed")
            assert [call["call_id"] for call in behind] == found
        async with asyncio.timeout(10):
            while "HOTLINE_CLOSED=,service," not in globals_of(bank):
                await asyncio.to_thread(journal.refresh)
        await boss.send("DELETE", "/api/floor/closed/service")
        assert "HOTLINE_CLOSED=\n" in globals_of(bank)
    assert (await journal.wait(ev.QueueOpened, 5)).by == "2001"


async def test_who_comes_without_the_menu_meets_the_closed_queue_too(
    bank: Site, journal: JournalReader
) -> None:
    async with supervisor(bank) as boss, Line(HOST, bank.plan.sip) as line:
        await boss.send("PUT", "/api/floor/closed/service", {"reason": "no menu"})
        os.kill(bank.pids()["ivr"] or 0, signal.SIGSTOP)  # frozen: the dialplan's own way
        try:
            caller = await line.call("95500", "+8613900139000", ["h7"])
        finally:
            os.kill(bank.pids()["ivr"] or 0, signal.SIGCONT)
        assert heard(caller)[:2] == ["zh/agents_closed", "zh/leave_message"]
        await journal.wait(ev.CallTurnedAway, 10, where=lambda e: e.queue == "service")
        assert journal.of(ev.CallQueued) == []
        await boss.send("DELETE", "/api/floor/closed/service")


async def test_every_new_caller_hears_the_announcement_first_until_it_is_off(
    bank: Site, journal: JournalReader
) -> None:
    async with supervisor(bank) as boss, Line(HOST, bank.plan.sip) as line:
        made = await boss.http.post(
            "/api/floor/announcements/recorded",
            params={"title": "fire", "file": RECORDED.name},
            content=RECORDED.read_bytes(),
        )
        assert made.status_code == 200, made.text
        announcement_id = made.json()["announcement_id"]
        sound = await boss.http.get(
            f"/api/floor/announcements/{announcement_id}/sound", params={"language": "en"}
        )
        assert sound.content.startswith(b"RIFF")
        broken = await boss.http.post(
            "/api/floor/announcements/recorded",
            params={"title": "x", "file": "x.wav"},
            content=b"no sound at all",
        )
        assert (broken.status_code, broken.json()["code"]) == (400, "bad_audio")
        order = {"announcement_id": announcement_id, "reason": "all lines down"}
        await boss.send("PUT", "/api/floor/announcement", order)
        first = await line.call("95500", "+8613900139000", ["h10"])
        assert heard(first)[:2] == ["zh/all_agents_busy", "zh/welcome"]
        assert (await boss.get("/api/board"))["playing"]["reason"] == "all lines down"
        await boss.send("DELETE", "/api/floor/announcement")
        second = await line.call("95500", "+8613900139000", ["h3"])
        assert heard(second)[0] == "zh/welcome"
    on = await journal.wait(ev.AnnouncementSwitchedOn, 5)
    off = await journal.wait(ev.AnnouncementSwitchedOff, 5)
    assert (on.announcement_id, on.reason, on.by) == (announcement_id, "all lines down", "2001")
    assert (off.announcement_id, off.by) == (announcement_id, "2001")


async def test_typed_words_are_spoken_and_the_next_caller_hears_them(
    bank: Site, journal: JournalReader
) -> None:
    async with supervisor(bank) as boss, Line(HOST, bank.plan.sip) as line:
        assert (await boss.get("/api/floor/announcements"))["voices"] == ["zh"]
        unknown = await boss.http.post("/api/floor/announcements", json={"zh": "别的话"})
        assert (unknown.status_code, unknown.json()["code"]) == (409, "no_voice")
        made = await boss.http.post("/api/floor/announcements", json={"zh": TYPED})
        assert made.status_code == 200, made.text
        order = {"announcement_id": made.json()["announcement_id"], "reason": "storm"}
        await boss.send("PUT", "/api/floor/announcement", order)
        for number, welcome in (("95500", "zh/welcome"), ("95501", "en/welcome")):
            caller = await line.call(number, "+8613900139000", ["h12"])
            assert heard(caller)[:2] == ["zh/agents_closed", welcome]
        await boss.send("DELETE", "/api/floor/announcement")
    await journal.wait(ev.AnnouncementSwitchedOff, 5)


async def seat(bank: Site, login: str) -> Desk:
    desk = Desk(ConsoleClient(HOST, bank.plan.console))
    await desk.open(login, PASSWORD)
    return desk


async def lined_up(boss: Supervisor, queue: str) -> list[tuple[str, int]]:
    rows = await boss.get("/api/floor/waiting", queue=queue)
    return [(row["call_id"], row["priority"]) for row in rows]


async def test_a_moved_call_reaches_the_other_queues_agent_and_priorities_reorder(
    bank: Site, journal: JournalReader
) -> None:
    chief, agent = await seat(bank, SUPERVISOR.login), await seat(bank, "1002")
    try:
        async with supervisor(bank) as boss:
            first = await ask_for_a_person(bank, journal, "95500")
            second = await ask_for_a_person(bank, journal, "95500")
            assert await lined_up(boss, "service") == [(first.call_id, 0), (second.call_id, 0)]
            await chief.client.send("move_call", call_id=second.call_id, priority=50)
            await chief.wait(msg.Accepted, 10)
            assert await lined_up(boss, "service") == [(second.call_id, 50), (first.call_id, 0)]

            await boss.send("PUT", "/api/floor/closed/vip", {"reason": "full"})
            await chief.client.send("move_call", call_id=second.call_id, queue="vip")
            _, refused = await chief.wait(msg.Failed, 10)
            assert refused.code == "queue_closed"
            await boss.send("DELETE", "/api/floor/closed/vip")

            await agent.client.send("set_state", state="available")
            await chief.client.send("move_call", call_id=second.call_id, queue="vip")
            connected = await journal.wait(ev.CallConnected, 30, call_id=second.call_id)
            assert (connected.agent_id, connected.queue) == ("1002", "vip")
            moved = [e for e in journal.of(ev.CallRouted, second.call_id) if e.queue == "vip"]
            assert [e.reasons for e in moved] == [("supervisor=2001",)]
            assert await lined_up(boss, "vip") == []

            # Skills hold at once, also in the middle of a call.
            skills = [{"queue": "service", "penalty": 1}]
            await chief.client.send("order_skills", agent_id="1002", skills=skills)
            changed = await journal.wait(ev.AgentSkillsChanged, 10)
            assert (changed.agent_id, changed.skills, changed.by) == (
                "1002",
                ("service/1",),
                "2001",
            )
            await chief.wait(msg.Accepted, 10, lambda m: m.ref == 4)
            rows = {row["agent_id"]: row for row in await boss.get("/api/floor/skills")}
            assert rows["1002"]["skills"] == skills
            assert rows["1002"]["serves"] == ["service"]
    finally:
        await chief.close()
        await agent.close()
