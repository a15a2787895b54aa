"""History on real calls: what came while the engine was dead or away, and the commands over it."""

import asyncio
import json
import os
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from agent_console import messages
from cti.core import events
from hotline import db
from hotline.asterisk.locate import Install
from hotline.console_client import ConsoleClient
from hotline.demo.people import AGENTS, Employee
from hotline.demo.site import HOST, PortPlan, Site
from hotline.journal_reader import JournalReader
from hotline.selftest.desk import Desk
from hotline.supervisor import RoleProcess
from tests.asterisk import books

pytestmark = pytest.mark.timeout(400)

CALLER = "+8613800138000"
TALKS = AGENTS[:2]
SETTINGS = """
[[queues]]
name = "service"
wrap_up_seconds = 0
ring_seconds = 5

[[queues]]
name = "vip"
wrap_up_seconds = 0
ring_seconds = 5
"""


class Console:
    """The console's role, which the tests stop and start by themselves."""

    def __init__(self, site: Site) -> None:
        environ = {"HOTLINE_SUPERVISOR": str(os.getpid())}
        arguments = ["--config", str(site.config), "serve", "console"]
        log = site.state_dir / "log" / "console.log"
        self._site = site
        self._make = lambda: RoleProcess("console", arguments, environ, log)
        self.role = self._make()
        self._task: asyncio.Task[None] | None = None

    async def start(self) -> None:
        self.role = self._make()
        self._task = asyncio.create_task(self.role.run())
        await self._site.ready(90)

    async def stop(self) -> None:
        """A clean stop."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)
            self._task = None

    async def kill(self) -> None:
        """The end without warning."""
        assert self.role.pid is not None
        os.kill(self.role.pid, signal.SIGKILL)
        await self.stop()


class Bank:
    """A running installation and its journal."""

    def __init__(self, site: Site, console: Console) -> None:
        assert site.carrier is not None
        self.site = site
        self.console = console
        self.carrier = site.carrier
        self.path = db.sqlite_path(site.settings.database_url)
        self.journal = JournalReader(self.path)

    def records(self) -> list[books.CallRecord]:
        path = self.site.exchange.dirs.call_records
        if not path.exists():
            return []
        with path.open(encoding="utf-8") as file:
            return books.read_call_records(file)

    async def ended(self, count: int) -> None:
        """Wait until Asterisk has recorded the end of so many calls."""
        until = time.monotonic() + 90
        while len({record.call_id for record in self.records()}) < count:
            assert time.monotonic() < until, f"not all of {count} calls ended within 90 s"
            await asyncio.sleep(0.2)

    async def known(self, count: int) -> None:
        """Wait until the journal has the end of so many calls."""
        until = time.monotonic() + 90
        while len(self.journal.refresh().of(events.CallEnded)) < count:
            assert time.monotonic() < until, f"not all of {count} calls in the journal"
            await asyncio.sleep(0.2)

    async def some_calls(self, awake: Sequence[Employee] = TALKS) -> None:
        """Place four: one that gives up in the queue, one in the menu, two that are answered."""
        for agent in TALKS:
            self.carrier.set_phone(agent.login, -1)
        self.carrier.call("95500", caller=CALLER, steps=("w1", "d0", "w7", "h"))
        self.carrier.call("95500", caller=CALLER, steps=("w2", "h"))
        await asyncio.sleep(11)
        for agent in awake:
            self.carrier.set_phone(agent.login, 0.5)
        for _ in range(2):
            self.carrier.call("95500", caller=CALLER, steps=("w1", "d0"))

    def disagreements(self) -> Sequence[str]:
        log = self.site.exchange.dirs.queue_log.read_text(encoding="utf-8")
        nobody = books.Placed(created=0, successful=0, failed=0, mean_seconds=0.0)
        # A phone whose ringing ends with the caller missed nothing; AMI tells no such miss.
        lines = [x for x in books.read_queue_log(log) if x.event != "RINGCANCELED"]
        return books.disagreements(
            books.read_journal(self.path), lines, self.records(), nobody, "-"
        )

    async def command(self, *arguments: str) -> str:
        """Run ``hotline calls …`` and return what it prints."""
        command = [sys.executable, "-m", "hotline", "--config", str(self.site.config), "calls"]
        done = await asyncio.to_thread(
            subprocess.run, [*command, *arguments], capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr + done.stdout
        return done.stdout

    async def json(self, *arguments: str) -> Any:
        return json.loads(await self.command(*arguments, "--json"))


@asynccontextmanager
async def running(state_dir: Path) -> AsyncIterator[Bank]:
    site = Site(state_dir, PortPlan.choose(43000), extra=SETTINGS)
    console = Console(site)
    desks: list[Desk] = []
    try:
        await site.prepare(50, lambda _: None)
        await site.start(roles=("ivr",))
        await console.start()
        await site.start_carrier(answer_after=0.5, talk=2, speaks=False)
        for agent in TALKS:
            desk = Desk(ConsoleClient(HOST, site.plan.console))
            desks.append(desk)
            await desk.open(agent.login, agent.password)
            await desk.client.send("set_state", state="available")
            await desk.wait(
                messages.AgentStateChanged, 40, lambda m: m.status.state == "available"
            )
        for desk in desks:  # the members stay in Asterisk's queues
            await desk.close()
        yield Bank(site, console)
    finally:
        await console.stop()
        await site.stop()


async def test_no_call_is_missing_whoever_was_away(state_dir: Path, install: Install) -> None:
    del install
    async with running(state_dir) as bank:
        await bank.some_calls()
        await bank.ended(4)
        await bank.known(4)

        await bank.console.stop()
        await bank.some_calls()
        await bank.ended(8)
        await bank.console.start()
        await bank.known(8)

        await bank.console.kill()
        await bank.some_calls(awake=TALKS[1:])  # one phone is missed, the other answers
        await bank.ended(12)
        await bank.console.start()
        await bank.known(12)

        told = bank.journal.refresh()
        arrived = told.of(events.CallArrived)
        assert Counter(e.call_id for e in arrived) == {r.call_id: 1 for r in bank.records()}
        assert Counter(e.rebuilt for e in arrived) == {False: 4, True: 8}
        assert Counter(e.call_id for e in told.of(events.CallEnded)) == {
            e.call_id: 1 for e in arrived
        }
        queued = {e.call_id for e in told.of(events.CallQueued)}
        same = {e.caller_pseudonym for e in arrived if e.call_id in queued}
        assert len(same) == 1, "a rebuilt call has the pseudonym of its caller too"
        assert same != {""}
        assert bank.disagreements() == []
        assert any(e.rebuilt for e in told.of(events.AgentMissed))

        await bank.console.stop()
        await bank.console.start()  # nobody was away for a call: nothing comes twice
        await asyncio.sleep(3)
        assert len(bank.journal.refresh().of(events.CallArrived)) == 12

        await _commands(bank)


async def _commands(bank: Bank) -> None:
    """The commands agree with the journal while the services run."""
    told = bank.journal
    calls = await bank.json("list", "--since", "2d")
    assert len(calls) == 12
    outcomes = Counter(call["outcome"] for call in calls)
    assert outcomes == {"answered": 6, "abandoned": 3, "menu": 3}
    assert Counter(call["rebuilt"] for call in calls) == {False: 4, True: 8}
    one = next(call for call in calls if call["outcome"] == "answered" and not call["rebuilt"])
    agent = one["agents"][0]
    of_agent = await bank.json("list", "--since", "2d", "--agent", agent)
    assert {c["call_id"] for c in of_agent} == {
        e.call_id for e in told.of(events.CallConnected) if e.agent_id == agent
    }
    story = await bank.json("show", one["call_id"][:13])
    kinds = [entry["type"] for entry in story["entries"]]
    for kind in ("CallArrived", "CallerRecognised", "MenuEntered", "CallQueued", "CallConnected"):
        assert kind in kinds, f"{kind} is missing in the story"
    assert (kinds[0], kinds[-1]) == ("CallArrived", "CallEnded")
    words = await bank.command("show", one["call_id"])
    assert f"{agent} answered" in words
