"""Listening, whispering and barging in on a real Asterisk: everybody says a tone of their own.

Two calls run at the same time; who hears whom is measured at every phone, tone by tone.
"""

import asyncio
import json
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
import pytest_asyncio

from agent_console.security import CSRF_HEADER
from hotline.asterisk.locate import Install
from hotline.console_client import ConsoleClient
from hotline.demo.people import PASSWORD, SUPERVISOR
from hotline.demo.site import HOST, PortPlan, Site
from tests.asterisk.caller import LOUD, Caller, Line, Packet, tone
from tests.asterisk.tone_phone import TonePhone, amplitude

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

HOTLINE = (sys.executable, "-m", "hotline")
TONES = {"caller": 450, "agent": 750, "boss": 1150, "other caller": 1650, "other agent": 2050}
NUMBERS = {"caller": "13912345001", "other caller": "13912345002"}
HEARD, SILENT = LOUD / 3, LOUD / 50
"""Amplitudes from which on a tone is there, and below which it is not."""
STRETCH = 40
"""Packets that are measured: 0.8 s."""

AMONG = {
    "caller": {"agent"},
    "agent": {"caller"},
    "other caller": {"other agent"},
    "other agent": {"other caller"},
}
"""Who hears whom without any supervisor."""


class Room:
    """Two calls, two agents' phones and a supervisor's, and the console over HTTP."""

    def __init__(self, site: Site, line: Line) -> None:
        self.site = site
        self.line = line
        self.http = httpx.AsyncClient(
            base_url=f"http://{HOST}:{site.plan.console}",
            headers={"Origin": f"http://{HOST}:{site.plan.console}"},
        )
        self.phones: dict[str, TonePhone] = {}
        self.callers = {
            name: Caller(line, "95500", number, ["h1", "d0", "S", "e"])
            for name, number in NUMBERS.items()
        }
        for name, caller in self.callers.items():
            caller.tone = tone(TONES[name])
        self.pages: list[ConsoleClient] = []
        self.told: list[Any] = []
        self.tasks: list[asyncio.Task[None]] = []
        self.tones = dict(TONES)

    async def open(self) -> None:
        """Let the agents come to work and both callers talk to one each."""
        secrets = {phone.extension: phone.secret for phone in self.site.phones()}
        server = (HOST, self.site.plan.sip)
        phones = [
            TonePhone(extension, secrets[extension], server, TONES[name])
            for extension, name in (("1001", "agent"), ("1002", "other agent"), ("2001", "boss"))
        ]
        await asyncio.gather(*(phone.open() for phone in phones))
        self.phones = dict(zip(("agent", "other agent", "boss"), phones, strict=True))
        session = {"login": SUPERVISOR.login, "password": PASSWORD}
        answer = (await self.http.post("/api/session", json=session)).raise_for_status()
        self.http.headers[CSRF_HEADER] = answer.json()["csrf"]
        await asyncio.gather(*(self._work(login) for login in ("1001", "1002")))
        self.tasks += [asyncio.create_task(caller.run()) for caller in self.callers.values()]
        await until(lambda: phones[0].talking and phones[1].talking, 30)
        if phones[0].caller.endswith(NUMBERS["other caller"][-3:]):  # the other one came first
            first, second = self.callers.values()
            self.callers = {"caller": second, "other caller": first}
            self.tones |= {"caller": TONES["other caller"], "other caller": TONES["caller"]}

    async def _work(self, login: str) -> None:
        page = ConsoleClient(HOST, self.site.plan.console)
        await page.sign_in(login, PASSWORD)
        await page.open()
        await page.send("set_state", state="available")
        self.pages.append(page)
        self.tasks.append(asyncio.create_task(self._read(page)))
        await self.until_agent(login, "available")

    async def _read(self, page: ConsoleClient) -> None:
        async for _, message in page.messages():
            if type(message).__name__ == "Monitored":
                self.told.append(message)

    async def until_agent(self, agent_id: str, state: str) -> None:
        """Wait until the board shows the agent so."""
        async with asyncio.timeout(20):
            while True:
                board = (await self.http.get("/api/board")).json()
                states = {row["agent_id"]: row["state"] for row in board.get("agents", ())}
                if states.get(agent_id) == state:
                    return
                await asyncio.sleep(0.05)

    def ears(self) -> dict[str, list[Packet]]:
        """Return what each has heard so far."""
        return {
            **{name: phone.heard for name, phone in self.phones.items() if phone.talking},
            **{name: caller.heard for name, caller in self.callers.items()},
        }

    async def who_hears_whom(self) -> dict[str, set[str]]:
        """Measure a stretch that begins now, at every ear."""
        ears = self.ears()
        begins = {name: len(heard) + STRETCH // 2 for name, heard in ears.items()}
        await until(lambda: all(len(ears[n]) >= b + STRETCH for n, b in begins.items()))
        found: dict[str, set[str]] = {}
        for name, begin in begins.items():
            stretch = ears[name][begin : begin + STRETCH]
            loud = {one: amplitude(stretch, hertz) for one, hertz in self.tones.items()}
            unclear = {k: v for k, v in loud.items() if SILENT <= v < HEARD}
            assert not unclear, f"{name} hears neither clearly nor not: {loud}"
            found[name] = {one for one, level in loud.items() if level >= HEARD}
        return found

    async def close(self) -> None:
        for task in self.tasks:
            task.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        for page in self.pages:
            await page.close()
        for phone in self.phones.values():
            phone.close()
        await self.http.aclose()


async def until(holds: Callable[[], bool], seconds: float = 10.0) -> None:
    limit = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < limit, "it did not happen"
        await asyncio.sleep(0.02)


@pytest_asyncio.fixture(loop_scope="module")
async def room(state_dir: Path, install: Install) -> AsyncIterator[Room]:
    del install
    site = Site(state_dir, PortPlan.choose(39300), extra="\n[monitoring]\nenabled = true\n")
    await site.prepare(50, lambda _: None)
    try:
        await site.start()
        await site.ready()
        async with Line(HOST, site.plan.sip) as line:
            made = Room(site, line)
            try:
                await made.open()
                yield made
            finally:
                await made.close()
    finally:
        await site.stop()


async def test_each_mode_is_heard_by_exactly_those_who_should(room: Room) -> None:
    boss = room.phones["boss"]
    assert await room.who_hears_whom() == AMONG
    asked = await room.http.post("/api/monitor", json={"agent_id": "1003", "mode": "listen"})
    assert (asked.status_code, asked.json()["code"]) == (409, "monitor_nobody")

    asked = await room.http.post("/api/monitor", json={"agent_id": "1001", "mode": "listen"})
    assert asked.status_code == 200, asked.text
    call_id = asked.json()["call_id"]
    await until(lambda: boss.talking)
    assert await room.who_hears_whom() == {**AMONG, "boss": {"caller", "agent"}}
    board = (await room.http.get("/api/board")).json()
    [shown] = board["monitors"]
    assert (shown["by"], shown["mode"], shown["state"]) == ("2001", "listen", "running")
    assert (board["total"]["waiting"], board["in_menu"]) == (0, 0)
    assert board["total"]["windows"]["today"]["offered"] == 2  # the supervisor is no call

    changed = await room.http.put("/api/monitor", json={"mode": "whisper"})
    assert changed.json()["mode"] == "whisper"
    assert await room.who_hears_whom() == {
        **AMONG,
        "agent": {"caller", "boss"},
        "boss": {"caller", "agent"},
    }
    assert room.told == [] or {each.mode for each in room.told} == {None}

    await room.http.put("/api/monitor", json={"mode": "barge"})
    assert await room.who_hears_whom() == {
        **AMONG,
        "agent": {"caller", "boss"},
        "caller": {"agent", "boss"},
        "boss": {"caller", "agent"},
    }
    assert [each.mode for each in room.told][-1:] == ["barge"]

    room.phones["agent"].hang_up()
    await until(lambda: not boss.talking)
    board = (await room.http.get("/api/board")).json()
    assert board["monitors"] == []
    told = await asyncio.to_thread(
        subprocess.run,
        [*HOTLINE, "--config", str(room.site.config), "calls", "show", call_id, "--json"],
        capture_output=True,
        text=True,
        check=True,
        timeout=60,
    )
    lines = [e for e in json.loads(told.stdout)["entries"] if e["type"].startswith("Monitor")]
    assert [line["what"] for line in lines] == [
        "supervisor 2001 began to listen with 1001",
        "supervisor 2001 went over to whisper with 1001",
        "supervisor 2001 went over to barge with 1001",
        "supervisor 2001 ended (barge) with 1001",
    ]
    assert lines[-1]["seconds"] == pytest.approx(lines[-1]["at"] - lines[0]["at"], abs=0.1)
