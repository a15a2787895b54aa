"""A customer who calls again is first offered to the agent whom they know, on a real Asterisk.

The same stack shows that a pop survives the death of the console while the phone rings, what a
supervisor may order, and that people come and go while calls go on.
"""

import asyncio
import os
import signal
import sqlite3
import sys
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from agent_console import messages as msg
from crm_lookup.analysis.run import analyse
from cti.core import events as ev
from hotline import db
from hotline.console_client import ConsoleClient, ConsoleClientError
from hotline.demo.people import PASSWORD
from hotline.demo.site import HOST, PortPlan, Site
from hotline.demo_bank.cast import AMBIGUOUS_NUMBER, DEMO_PIN
from hotline.journal_reader import JournalReader
from hotline.selftest.desk import Desk

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

RULES = """\
rules:
  - id: known
    queue: service
    prefer: {last_agent: 7d, wait: 5}
"""
QUEUES = """
[agents]
missed_calls = 0
[[queues]]
name = "service"
ring_seconds = 60
wrap_up_seconds = 2
[[queues]]
name = "vip"
"""
CUSTOMER = "+8613800138000"


class Hall:
    """A running bank with two agents at their desks."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.journal = JournalReader(db.sqlite_path(site.settings.database_url))
        self.desks: dict[str, Desk] = {}

    async def seat(self, login: str) -> None:
        desk = Desk(ConsoleClient(HOST, self.site.plan.console))
        await desk.open(login, PASSWORD)
        self.desks[login] = desk

    async def state(self, login: str, state: str, **fields: str) -> None:
        seen = len(self.journal.refresh().events)
        await self.desks[login].client.send("set_state", state=state, **fields)
        await self.journal.wait(
            ev.AgentStateChanged,
            10,
            where=lambda e: (
                (e.agent_id, e.state) == (login, state) and e in self.journal.events[seen:]
            ),
        )

    async def ordered(self, agent_id: str, reason: str, by: str) -> None:
        """Wait until the agent is paused by somebody else."""
        await self.journal.wait(
            ev.AgentStateChanged,
            10,
            where=lambda e: (e.agent_id, e.reason, e.by) == (agent_id, reason, by),
        )

    async def phone_in(self, caller: str = CUSTOMER) -> str:
        """Let the customer ask for a person; return the call's id."""
        assert self.site.carrier is not None
        known = {e.call_id for e in self.journal.refresh().of(ev.CallArrived)}
        self.site.carrier.call("95500", caller=caller, steps=["w1", "d0"])
        arrived = await self.journal.wait(
            ev.CallArrived, 20, where=lambda e: e.call_id not in known
        )
        return arrived.call_id

    async def hang_up(self, call_id: str) -> None:
        assert self.site.carrier is not None
        self.site.carrier.hang_up_all()
        await self.journal.wait(ev.CallEnded, 10, call_id=call_id)
        if self.journal.of(ev.WrapUpStarted, call_id):
            await self.journal.wait(ev.WrapUpEnded, 10, call_id=call_id)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def hall(state_dir: Path) -> AsyncIterator[Hall]:
    rules = state_dir / "routing.yaml"
    rules.write_text(RULES)
    site = Site(
        state_dir, PortPlan.choose(45000), extra=QUEUES, more={"ivr": f'routing = "{rules}"'}
    )
    await site.prepare(50, lambda _: None)
    hall = Hall(site)
    try:
        await site.start()
        await site.ready()
        await site.start_carrier(answer_after=0.2)
        for login in ("1001", "1002"):
            await hall.seat(login)
        yield hall
    finally:
        for desk in hall.desks.values():
            await desk.close()
        await site.stop()


async def test_the_customer_gets_the_agent_of_the_last_call(hall: Hall) -> None:
    await hall.state("1002", "available")
    first = await hall.phone_in()
    connected = await hall.journal.wait(ev.CallConnected, 20, call_id=first)
    assert (connected.agent_id, connected.queue) == ("1002", "service")
    await hall.hang_up(first)

    # rrmemory would ask 1001 now, who was not asked yet
    await hall.state("1001", "available")
    second = await hall.phone_in()
    connected = await hall.journal.wait(ev.CallConnected, 20, call_id=second)
    assert (connected.agent_id, connected.queue) == ("1002", "hotline-own")
    [routed] = hall.journal.of(ev.CallRouted, second)
    assert (routed.queue, routed.reasons[-1]) == ("service", "last-agent=1002")
    _, popped = await hall.desks["1002"].wait(msg.PopRaised, 5, lambda m: m.pop.call_id == second)
    assert popped.pop.queue == "service"
    await hall.hang_up(second)
    [wrapped] = hall.journal.of(ev.WrapUpStarted, second)
    assert wrapped.until - wrapped.at == pytest.approx(2.0)
    log = (hall.site.exchange.dirs.log / "queue_log").read_text()
    assert "|hotline-own|1002|CONNECT|" in log


async def test_pops_carry_scores_and_what_is_said_to_an_offer_changes_the_next_one(
    hall: Hall,
) -> None:
    path = db.sqlite_path(hall.site.settings.database_url)
    await asyncio.to_thread(analyse, path, as_of=time.time())

    async def talk() -> tuple[str, msg.CustomerCard, Desk]:
        call_id = await hall.phone_in()
        answered = await hall.journal.wait(ev.CallConnected, 20, call_id=call_id)
        desk = hall.desks[answered.agent_id]
        _, raised = await desk.wait(msg.PopRaised, 5, lambda m: m.pop.call_id == call_id)
        card = raised.pop.customer
        if card is None:
            _, late = await desk.wait(msg.PopCompleted, 5, lambda m: m.call_id == call_id)
            card = late.customer
        assert card is not None
        return call_id, card, desk

    async def say(desk: Desk, call_id: str, offer_id: str, answer: str) -> None:
        await desk.client.send("answer_offer", call_id=call_id, offer_id=offer_id, answer=answer)
        kind = ev.OfferDeclined if answer == "declined" else ev.OfferAccepted
        said = await hall.journal.wait(kind, 10, call_id=call_id)
        assert (said.offer_id, said.customer_id) == (offer_id, card.customer_id)

    call_id, card, desk = await talk()
    assert card.segment == "gold"
    assert {"profit", "loyalty", "attrition"} <= {line.score for line in card.scores}
    assert all(line.reasons for line in card.scores if line.score == "loyalty")
    first = [offer.offer_id for offer in card.offers]
    assert first
    assert all(offer.reason.zh and offer.script.zh and offer.worth > 0 for offer in card.offers)
    await say(desk, call_id, first[0], "declined")
    await hall.hang_up(call_id)

    call_id, card, desk = await talk()
    second = [offer.offer_id for offer in card.offers]
    assert first[0] not in second
    if second:
        await say(desk, call_id, second[0], "accepted")
        await hall.hang_up(call_id)
        call_id, card, desk = await talk()
        assert not {first[0], second[0]} & {offer.offer_id for offer in card.offers}
    await hall.hang_up(call_id)


async def test_an_agent_chooses_who_of_the_household_calls_and_the_timeline_grows(
    hall: Hall,
) -> None:
    began = time.time()
    call_id = await hall.phone_in(AMBIGUOUS_NUMBER)
    answered = await hall.journal.wait(ev.CallConnected, 20, call_id=call_id)
    desk = hall.desks[answered.agent_id]
    _, raised = await desk.wait(msg.PopRaised, 5, lambda m: m.pop.call_id == call_id)
    assert (raised.pop.customer, raised.pop.verified) == (None, "none")
    candidates = raised.pop.candidates
    assert [(one.customer_id, one.name) for one in candidates] == [
        ("C10000004", "陈**"),
        ("C10000005", "陈**"),
    ]
    assert candidates[0].reasons[0].zh == "家庭电话"
    chosen = candidates[1].customer_id
    await desk.client.send("choose_customer", call_id=call_id, customer_id=chosen)
    _, done = await desk.wait(msg.PopCompleted, 5, lambda m: m.call_id == call_id)
    assert done.customer is not None
    assert done.customer.customer_id == chosen
    noted = await hall.journal.wait(ev.CustomerChosen, 10, call_id=call_id)
    assert (noted.agent_id, noted.customer_id, noted.candidates) == (
        answered.agent_id,
        chosen,
        2,
    )
    await hall.hang_up(call_id)

    call_id = await hall.phone_in(AMBIGUOUS_NUMBER)
    answered = await hall.journal.wait(ev.CallConnected, 20, call_id=call_id)
    desk = hall.desks[answered.agent_id]
    _, raised = await desk.wait(msg.PopRaised, 5, lambda m: m.pop.call_id == call_id)
    # Who has just called stands first now, and calls again.
    first = raised.pop.candidates[0]
    assert (first.customer_id, first.reasons[-1].en) == (chosen, "called within the last 24 hours")
    assert first.need is not None
    assert first.need.en.startswith("called once in 7 days")
    await desk.client.send("choose_customer", call_id=call_id, customer_id=chosen)
    _, done = await desk.wait(msg.PopCompleted, 5, lambda m: m.call_id == call_id)
    assert done.customer is not None
    newest = done.customer.interactions[0]
    assert newest.at > began
    assert newest.summary.en == "Called about general enquiry: talked with an agent"
    assert "agent_now" in done.customer.menu_paths[0].path
    await hall.hang_up(call_id)


async def test_a_tail_and_the_pin_tell_who_of_the_household_calls(hall: Hall) -> None:
    assert hall.site.carrier is not None
    path = db.sqlite_path(hall.site.settings.database_url)
    with closing(sqlite3.connect(path)) as database:
        [(tail,)] = database.execute(
            "SELECT tail FROM cards WHERE customer_id = 'C10000004' AND kind = 'debit' LIMIT 1"
        ).fetchall()
    known = {e.call_id for e in hall.journal.refresh().of(ev.CallArrived)}
    steps = ["w4", "d1", "w3", "d1", "w3", f"d{tail}#", "w3", f"d{DEMO_PIN}#"]
    hall.site.carrier.call("95500", caller=AMBIGUOUS_NUMBER, steps=steps)
    arrived = await hall.journal.wait(ev.CallArrived, 20, where=lambda e: e.call_id not in known)
    proved = await hall.journal.wait(ev.CallerVerified, 40, call_id=arrived.call_id)
    assert (proved.customer_id, proved.level) == ("C10000004", "pin")
    [recognised] = hall.journal.of(ev.CallerRecognised, arrived.call_id)
    assert (recognised.status, recognised.customer_id) == ("ambiguous", None)
    await hall.hang_up(arrived.call_id)


async def test_an_agent_who_is_paused_is_not_waited_for(hall: Hall) -> None:
    await hall.state("1002", "paused", reason="break")
    call_id = await hall.phone_in()
    connected = await hall.journal.wait(ev.CallConnected, 20, call_id=call_id)
    assert (connected.agent_id, connected.queue) == ("1001", "service")
    assert connected.wait_time < 3
    assert [e.queue for e in hall.journal.of(ev.CallQueued, call_id)] == ["service"]
    await hall.hang_up(call_id)


async def test_an_agent_who_does_not_answer_loses_the_caller_to_the_queue(hall: Hall) -> None:
    assert hall.site.carrier is not None
    await hall.state("1002", "available")
    hall.site.carrier.set_phone("1001", -1)  # the last agent now
    try:
        call_id = await hall.phone_in()
        missed = await hall.journal.wait(ev.AgentMissed, 20, call_id=call_id)
        assert (missed.agent_id, missed.queue) == ("1001", "hotline-own")
        left = await hall.journal.wait(ev.CallLeftQueue, 10, call_id=call_id)
        assert (left.queue, left.status) == ("hotline-own", "TIMEOUT")
        assert left.wait_time == pytest.approx(5, abs=1.5)
        queued = await hall.journal.wait(
            ev.CallQueued, 10, call_id=call_id, where=lambda e: e.queue == "service"
        )
        assert queued.position == 1
    finally:
        hall.site.carrier.set_phone("1001", 0.2)
        await hall.hang_up(call_id)


async def test_a_pop_stands_on_the_page_again_after_the_console_died(hall: Hall) -> None:
    assert hall.site.carrier is not None
    hall.site.carrier.set_phone("1001", -1)
    hall.site.carrier.set_phone("1002", -1)
    call_id = await hall.phone_in("+8613912345678")
    ringing = await hall.journal.wait(ev.AgentRinging, 20, call_id=call_id)
    desk = hall.desks[ringing.agent_id]
    _, raised = await desk.wait(msg.PopRaised, 5, lambda m: m.pop.call_id == call_id)
    await desk.client.send("shown", pop_id=raised.pop.pop_id, page="page1")
    shown = await hall.journal.wait(ev.PopShown, 5, call_id=call_id)
    assert (shown.agent_id, shown.page, shown.pages) == (ringing.agent_id, "page1", 1)

    os.kill(hall.site.pids()["console"] or 0, signal.SIGKILL)
    await asyncio.gather(*(d.close() for d in hall.desks.values()))
    await hall.site.ready()
    back = time.monotonic()
    await hall.seat(ringing.agent_id)
    _, picture = await hall.desks[ringing.agent_id].wait(msg.Snapshot, 5, lambda m: bool(m.pops))
    assert time.monotonic() - back < 2.0
    [pop] = picture.pops
    assert (pop.call_id, pop.pop_id, pop.phase) == (call_id, raised.pop.pop_id, "ringing")
    assert hall.journal.refresh().of(ev.AgentMissed, call_id) == []  # it rings on
    presented = hall.journal.of(ev.PopPresented, call_id)
    assert [(e.agent_id, e.sessions) for e in presented] == [(ringing.agent_id, 1)]
    hall.site.carrier.set_phone("1001", 0.2)
    hall.site.carrier.set_phone("1002", 0.2)
    await hall.hang_up(call_id)
    await hall.seat("1002" if ringing.agent_id == "1001" else "1001")


async def test_a_supervisor_moves_a_caller_and_calls_an_agent_back(hall: Hall) -> None:
    await hall.seat("2001")
    boss = hall.desks["2001"].client
    for agent in ("1001", "1002"):
        await boss.send("order_state", agent_id=agent, state="paused", reason="lunch")
        await hall.ordered(agent, "lunch", "2001")
    call_id = await hall.phone_in("+8613912345678")
    await hall.journal.wait(ev.CallQueued, 20, call_id=call_id)
    await boss.send("move_call", call_id=call_id, queue="vip", priority=40)
    moved = await hall.journal.wait(
        ev.CallQueued, 10, call_id=call_id, where=lambda e: e.queue == "vip"
    )
    assert moved.priority == 40
    [told] = [e for e in hall.journal.of(ev.CallRouted, call_id) if e.queue == "vip"]
    assert told.reasons == ("supervisor=2001",)
    assert hall.journal.of(ev.CallAbandoned, call_id) == []

    await boss.send("order_skills", agent_id="1002", skills=[{"queue": "vip", "penalty": 2}])
    changed = await hall.journal.wait(ev.AgentSkillsChanged, 10)
    assert (changed.agent_id, changed.skills, changed.by) == ("1002", ("vip/2",), "2001")
    await boss.send("order_state", agent_id="1002", state="available")
    connected = await hall.journal.wait(ev.CallConnected, 20, call_id=call_id)
    assert (connected.agent_id, connected.queue) == ("1002", "vip")
    assert hall.site.carrier is not None
    hall.site.carrier.hang_up_all()
    await hall.journal.wait(ev.WrapUpStarted, 10, call_id=call_id)
    await boss.send("order_wrap_up_end", agent_id="1002")
    ended = await hall.journal.wait(ev.WrapUpEnded, 10, call_id=call_id)
    assert ended.ended_by == "supervisor"
    assert ended.wrap_up_time < 20


async def hotline_users(hall: Hall, *words: str) -> str:
    """Run ``hotline users``; return what it prints."""
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotline", "-c", str(hall.site.config), "users", *words),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    told, _ = await child.communicate()
    assert child.returncode == 0, told.decode()
    return told.decode()


async def asterisk_says(hall: Hall, command: str, word: str, there: bool, seconds: float) -> float:
    """Wait until the answer holds the word, or no longer does; return how long that took."""
    began = time.monotonic()
    while (word in await asyncio.to_thread(hall.site.exchange.process.command, command)) != there:
        assert time.monotonic() - began < seconds, f"{command}: {word} {there}"
        await asyncio.sleep(0.05)
    return time.monotonic() - began


async def test_people_come_and_go_while_calls_go_on(hall: Hall) -> None:
    def channels() -> set[str]:
        lines = hall.site.exchange.process.command("core show channels concise").splitlines()
        return {line.split("!")[0] for line in lines if "!Up!" in line}

    if "2001" not in hall.desks:
        await hall.seat("2001")
    boss = hall.desks["2001"].client
    await boss.send("order_state", agent_id="1001", state="available")
    await asterisk_says(hall, "queue show service", "PJSIP/1001", True, 5)
    call_id = await hall.phone_in("+8613912345678")
    connected = await hall.journal.wait(ev.CallConnected, 20, call_id=call_id)
    assert connected.agent_id == "1001"
    talking = await asyncio.to_thread(channels)
    assert len(talking) == 2

    told = await hotline_users(
        hall,
        *("add", "1050", "--name", "New", "--agent", "1050", "--extension", "1050"),
        *("--queue", "vip/3", "--password", "long enough 1"),
    )
    secret = told.rpartition("SIP secret ")[2].strip()
    assert await asterisk_says(hall, "pjsip show endpoints", "1050/1050", True, 5) < 5
    assert secret in (hall.site.exchange.dirs.etc / "pjsip.conf").read_text()
    newcomer = Desk(ConsoleClient(HOST, hall.site.plan.console))
    await newcomer.open("1050", "long enough 1")
    await newcomer.client.send("set_state", state="available")
    await asterisk_says(hall, "queue show vip", "PJSIP/1050", True, 5)
    await newcomer.close()

    await hotline_users(hall, "disable", "1001")
    began = time.monotonic()
    await asyncio.wait_for(hall.desks["1001"].ended(), 5)
    assert time.monotonic() - began < 1.0
    assert hall.desks["1001"].client.close_code == 4401
    await asterisk_says(hall, "queue show", "PJSIP/1001", False, 2)
    await asterisk_says(hall, "pjsip show endpoints", "1001/1001", False, 5)
    with pytest.raises(ConsoleClientError, match="401"):
        await ConsoleClient(HOST, hall.site.plan.console).sign_in("1001", PASSWORD)

    assert await asyncio.to_thread(channels) == talking
    assert hall.journal.refresh().of(ev.CallEnded, call_id) == []
    assert hall.site.carrier is not None
    hall.site.carrier.hang_up_all()
    ended = await hall.journal.wait(ev.CallEnded, 10, call_id=call_id)
    assert ended.at - connected.at > 2
    await hotline_users(hall, "enable", "1001")
    await asterisk_says(hall, "pjsip show endpoints", "1001/1001", True, 5)
