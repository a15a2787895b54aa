"""Routing, escalation and the agents' states against a real Asterisk with real SIP calls."""

import asyncio
import json
import os
import signal
import sys
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from agent_console import messages as msg
from agent_console.store import Skill, SqlWorkStore
from agent_console.store.work_model import FollowUp
from cti.core import events as ev
from hotline import db, voicemail
from hotline.accounts import async_engine, open_users
from hotline.console_client import ConsoleClient
from hotline.demo.people import PASSWORD
from hotline.demo.site import HOST, PortPlan, Site
from hotline.journal_reader import JournalReader
from hotline.selftest.desk import Desk

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

RULES = """\
rules:
  - id: straight
    when: {dnis: "95501"}
    queue: service
    priority: 17
  - id: stairs
    queue: vip
    priority: 7
    escalate:
      - {after: 3, raise: 5}
      - {after: 8, queue: service, raise: 5}
"""
QUEUES = """
[agents]
missed_calls = 2
[[queues]]
name = "service"
ring_seconds = 5
wrap_up_seconds = 0
[[queues]]
name = "vip"
ring_seconds = 5
wrap_up_seconds = 0
"""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bank(state_dir: Path) -> AsyncIterator[Site]:
    """A running installation with rules of its own."""
    rules = state_dir / "routing.yaml"
    rules.write_text(RULES)
    made = Site(
        state_dir,
        PortPlan.choose(44000),
        extra=QUEUES,
        more={"ivr": f'routing = "{rules}"'},
    )
    await made.prepare(50, lambda _: None)
    try:
        await made.start()
        await made.ready()
        await made.start_carrier(answer_after=-1)
        yield made
    finally:
        await made.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def journal(bank: Site) -> AsyncIterator[JournalReader]:
    reader = JournalReader(db.sqlite_path(bank.settings.database_url)).refresh()
    reader.events.clear()
    yield reader
    assert bank.carrier is not None
    bank.carrier.hang_up_all()
    for arrived in reader.refresh().of(ev.CallArrived):
        await reader.wait(ev.CallEnded, 10, call_id=arrived.call_id)


async def ask_for_a_person(
    bank: Site, journal: JournalReader, dialled: str, queue: str
) -> ev.CallQueued:
    """Phone in, key 0, and return how the call was queued."""
    assert bank.carrier is not None
    known = {e.call_id for e in journal.refresh().of(ev.CallArrived)}
    bank.carrier.call(dialled, caller="+8613800138000", steps=["w1", "d0"])
    return await journal.wait(
        ev.CallQueued, 30, where=lambda e: e.call_id not in known and e.queue == queue
    )


async def test_a_caller_who_waits_climbs_and_overflows_without_being_abandoned(
    bank: Site, journal: JournalReader
) -> None:
    stairs = await ask_for_a_person(bank, journal, "95500", "vip")
    [routed] = journal.of(ev.CallRouted, stairs.call_id)
    assert (routed.rule, routed.queue, routed.priority) == ("stairs", "vip", 7)
    assert [(s.after, s.priority, s.queue) for s in routed.steps] == [
        (3, 12, None),
        (8, 17, "service"),
    ]
    assert stairs.priority == 7
    straight = await ask_for_a_person(bank, journal, "95501", "service")

    raised = await journal.wait(
        ev.CallRouted, 20, call_id=stairs.call_id, where=lambda e: e.priority == 12
    )
    assert raised.reasons == ("waited=3",)
    assert "prio: 12" in bank.exchange.process.command("queue show vip")

    moved = await journal.wait(
        ev.CallQueued, 20, call_id=stairs.call_id, where=lambda e: e.queue == "service"
    )
    assert moved.priority == 17
    assert moved.position == 1  # before who joined that queue earlier, but waits for less time
    explained = await journal.wait(
        ev.CallRouted, 5, call_id=stairs.call_id, where=lambda e: e.queue == "service"
    )
    assert explained.reasons == ("waited=8", "overflow")
    [left] = journal.of(ev.CallLeftQueue, stairs.call_id)
    assert (left.queue, left.status) == ("vip", "WITHDRAW")
    assert journal.of(ev.CallAbandoned) == []
    log = (bank.exchange.dirs.log / "queue_log").read_text()
    assert "|WITHDRAW|" in log
    assert "|ABANDON|" not in log
    assert straight.position == 1


async def test_an_edited_file_routes_the_next_call_and_a_broken_one_does_not(
    bank: Site, journal: JournalReader
) -> None:
    rules = bank.state_dir / "routing.yaml"
    rules.write_text("rules: [{id: edited, queue: service, priority: 3}]\n")
    first = await ask_for_a_person(bank, journal, "95500", "service")
    assert [e.rule for e in journal.of(ev.CallRouted, first.call_id)] == ["edited"]
    rules.write_text("rules: [{id: broken, queue: nowhere}]\n")
    second = await ask_for_a_person(bank, journal, "95500", "service")
    assert [e.rule for e in journal.of(ev.CallRouted, second.call_id)] == ["edited"]
    log = (bank.state_dir / "log" / "ivr.log").read_text()
    assert "routing_refused" in log


async def follow_up_of(bank: Site, call_id: str) -> FollowUp:
    """Wait until some agent has a follow-up of the call."""
    engine = async_engine(bank.settings)
    try:
        async with open_users(bank.settings) as users:
            logins = [user.login for user in await users.users() if user.agent_id]
        work, until = SqlWorkStore(engine), time.monotonic() + 10
        while True:
            for login in logins:
                for task in await work.follow_ups(login, 0.0):
                    if task.call_id == call_id:
                        return task
            assert time.monotonic() < until, "nobody got the message"
            await asyncio.sleep(0.1)
    finally:
        await engine.dispose()


async def test_a_caller_who_waits_too_long_leaves_a_message(
    bank: Site, journal: JournalReader
) -> None:
    assert bank.carrier is not None
    rules = bank.state_dir / "routing.yaml"
    rules.write_text(
        "rules: [{id: late, queue: service, escalate: [{after: 1, voicemail: yes}]}]\n"
    )
    queued = await ask_for_a_person(bank, journal, "95500", "service")
    routed = await journal.wait(
        ev.CallRouted, 10, call_id=queued.call_id, where=lambda e: "voicemail" in e.reasons
    )
    assert routed.reasons == ("waited=1", "voicemail")
    assert journal.of(ev.CallAbandoned, queued.call_id) == []
    folder = voicemail.folder(bank.settings)
    until = time.monotonic() + 40
    while not [m for m in voicemail.messages(folder) if m.bytes > 8000]:
        assert time.monotonic() < until, "nothing is recorded"
        await asyncio.sleep(0.2)
    bank.carrier.hang_up_all()  # hanging up keeps what was said
    left = await journal.wait(ev.VoicemailLeft, 10, call_id=queued.call_id)
    task = await follow_up_of(bank, queued.call_id)
    assert (task.kind, task.due_at - left.at) == ("callback", 3600.0)
    [message] = voicemail.messages(folder)
    assert message.call_id == queued.call_id
    assert abs(message.seconds - left.seconds) < 3
    command = [sys.executable, "-m", "hotline", "-c", str(bank.config), "voicemail"]
    listed = await asyncio.create_subprocess_exec(
        *command, "list", "--json", stdout=asyncio.subprocess.PIPE
    )
    [row] = json.loads((await listed.communicate())[0])
    assert (row["call_id"], row["queue"]) == (queued.call_id, "service")
    gone = await asyncio.create_subprocess_exec(*command, "delete", queued.call_id)
    assert await gone.wait() == 0
    assert voicemail.messages(folder) == []


async def test_skills_become_memberships_with_penalties(
    bank: Site, journal: JournalReader
) -> None:
    async with open_users(bank.settings) as users:
        await users.set_skill(Skill(login="1002", queue="vip", penalty=3))
    desk = await console(bank, "1002")
    try:
        await desk.client.send("set_state", state="available")
        await journal.wait(ev.AgentStateChanged, 10, where=lambda e: e.agent_id == "1002")
        assert "penalty 3" in bank.exchange.process.command("queue show vip")
        assert "1002" not in bank.exchange.process.command("queue show service")
        await desk.client.send("set_state", state="paused", reason="break")
        await journal.wait(ev.AgentStateChanged, 10, where=lambda e: e.state == "paused")
    finally:
        await desk.close()


async def console(bank: Site, login: str = "1001") -> Desk:
    desk = Desk(ConsoleClient(HOST, bank.plan.console))
    await desk.open(login, PASSWORD)
    return desk


def is_missed(status: msg.AgentStatus) -> bool:
    return (status.state, status.reason) == ("paused", "missed-calls")


async def test_an_agent_who_misses_two_calls_is_paused_and_stays_so_over_restarts(
    bank: Site, journal: JournalReader
) -> None:
    rules = bank.state_dir / "routing.yaml"
    rules.write_text("rules: [{id: all, queue: service}]\n")
    desk = await console(bank)
    try:
        await desk.client.send("set_state", state="available")
        await journal.wait(ev.AgentStateChanged, 10, where=lambda e: e.state == "available")
        await ask_for_a_person(bank, journal, "95500", "service")
        paused = await journal.wait(ev.AgentStateChanged, 40, where=lambda e: e.state == "paused")
        assert (paused.agent_id, paused.reason, paused.by) == ("1001", "missed-calls", "policy")
        assert len(journal.of(ev.AgentMissed)) == 2
        await desk.wait(msg.AgentStateChanged, 5, lambda m: is_missed(m.status))
    finally:
        await desk.close()

    # Our side dies.
    journal.refresh().events.clear()
    os.kill(bank.pids()["console"] or 0, signal.SIGKILL)
    await journal.wait(ev.EngineResynchronised, 30)
    await assert_paused(bank)

    # Asterisk dies; its callers are gone, its members are not.
    journal.refresh().events.clear()
    os.kill(bank.pids()["asterisk"] or 0, signal.SIGKILL)
    await journal.wait(ev.EngineResynchronised, 30)
    await assert_paused(bank)
    assert "missed-calls" in bank.exchange.process.command("queue show service")


async def assert_paused(bank: Site) -> None:
    await bank.ready()
    desk = await console(bank)
    try:
        _, snapshot = await desk.wait(msg.Snapshot, 5)
        assert is_missed(snapshot.status)
    finally:
        await desk.close()
