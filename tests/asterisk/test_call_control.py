"""Transfers, consultations and conferences on a real Asterisk; one call stays one call."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable

import pytest
import pytest_asyncio

from cti.ami.client import AmiConfig
from cti.core import events as ev
from cti.core.calls import Call
from cti.core.ids import AgentId, CustomerId, QueueName
from cti.core.world import Rules
from cti.engine import Engine, EngineConfig, QueueMembership
from cti.errors import NotAllowedNowError, UnknownAgentError, UnknownQueueError
from cti.journal.memory import MemoryJournal
from hotline import ports
from hotline.asterisk.secrets import load_secrets
from hotline.demo.site import HOST, Site

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(120)]

ONE, TWO = AgentId("1001"), AgentId("1002")
SERVICE, VIP = QueueName("service"), QueueName("vip")
UNKNOWN = "+8613912345678"


class Nobody:
    """No customer is known."""

    async def brief(self, customer_id: CustomerId) -> str | None:
        return None


class Room:
    """A carrier, an Asterisk, a menu, and an engine in this process."""

    def __init__(self, site: Site) -> None:
        self.site = site
        self.journal = MemoryJournal()
        self.engine = self.make()

    def make(self) -> Engine[str]:
        ami = AmiConfig(
            host=HOST,
            port=self.site.plan.ami,
            username=self.site.settings.ami.username,
            secret=load_secrets(self.site.settings).ami,
        )
        rules = Rules(pseudonym_key=b"k" * 16, default_wrap_up=60.0)
        return Engine(EngineConfig(ami=ami, rules=rules), briefs=Nobody(), journal=self.journal)

    async def until(self, what: Callable[[], bool], seconds: float = 20.0) -> None:
        limit = time.monotonic() + seconds
        while not what():
            if time.monotonic() > limit:
                calls = [(c.state, c.agent_id, c.consulted) for c in self._alive()]
                raise TimeoutError(f"calls are {calls}")
            await asyncio.sleep(0.02)

    def _alive(self) -> list[Call]:
        return [c for c in self.engine.world.calls.values() if not c.over]

    @property
    def call(self) -> Call:
        [call] = self._alive()
        return call

    def state(self, agent_id: AgentId) -> str:
        return self.engine.agent(agent_id).state

    async def connected(self) -> Call:
        """Let a customer talk to agent 1001; 1002 serves the other queue."""
        assert self.site.carrier is not None
        self.site.carrier.call("95500", caller=UNKNOWN, steps=["w1", "d0"])
        await self.until(lambda: any(c.state == "connected" for c in self._alive()))
        assert self.call.agent_id == ONE
        return self.call

    async def told(self, call: Call) -> list[str]:
        """Return the kinds of the call's events so far, in short."""
        await self.engine.flush()
        stored = await self.journal.read(limit=100_000)
        return [
            type(e).__name__
            for _, e in stored
            if isinstance(e, ev.CallEvent) and e.call_id == call.call_id
        ]

    def bridged_with_customer(self, agent_id: AgentId) -> bool:
        """Ask Asterisk itself who is in a bridge with the customer."""
        lines = self.site.exchange.process.command("core show channels concise").splitlines()
        bridges = {line.split("!")[0].rpartition("-")[0]: line.split("!")[12] for line in lines}
        own = bridges.get("PJSIP/trunk-carrier", "")
        return bool(own) and bridges.get(f"PJSIP/{agent_id}") == own


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(site: Site) -> Site:
    await site.start(("ivr",))
    assert await ports.wait_for_port(HOST, site.plan.ivr, 30)
    await site.start_carrier(answer_after=0.2)
    return site


@pytest_asyncio.fixture(loop_scope="module")
async def room(running: Site) -> AsyncIterator[Room]:
    """A room without calls, in which 1001 serves ``service`` and 1002 ``vip``."""
    made = Room(running)
    assert running.carrier is not None
    running.carrier.set_phone("1002", 0.2)
    await made.engine.start()
    await made.engine.wait_in_step()
    await made.engine.sign_in(ONE, "PJSIP/1001", [QueueMembership(SERVICE)])
    await made.engine.sign_in(TWO, "PJSIP/1002", [QueueMembership(VIP)])
    yield made
    running.carrier.hang_up_all()
    await made.until(lambda: not made._alive())
    for agent in (ONE, TWO):
        await made.engine.sign_out(agent)
    assert made.engine.health().rejected == 0
    await made.engine.stop()


async def test_a_transfer_to_another_queue_starts_the_wrap_up(room: Room) -> None:
    call = await room.connected()
    await room.engine.control.transfer_to_queue(ONE, VIP, "loans")
    assert room.state(ONE) == "wrap_up"
    await room.until(lambda: room.call.state == "connected" and room.call.agent_id == TWO)
    assert (room.call.call_id, room.call.queue, room.call.reason) == (call.call_id, VIP, "loans")
    assert (room.call.attempts, room.call.transfers) == (2, 1)
    assert room.bridged_with_customer(TWO)
    assert room.state(ONE) == "wrap_up"


async def test_a_phone_that_holds_and_resumes(room: Room) -> None:
    assert room.site.carrier is not None
    room.site.carrier.set_hold("1001", 2)
    try:
        call = await room.connected()
        await room.until(lambda: room.call.state == "on_hold", 8)
        assert room.state(ONE) == "on_hold"
        await room.until(lambda: room.call.state == "connected", 8)
        assert room.state(ONE) == "on_call"
    finally:
        room.site.carrier.set_hold("1001", 0)
    kinds = await room.told(call)
    assert (kinds.count("CallHeld"), kinds.count("CallResumed")) == (1, 1)


async def test_a_transfer_to_an_agent(room: Room) -> None:
    call = await room.connected()
    await room.engine.control.transfer_to_agent(ONE, TWO)
    assert room.state(ONE) == "wrap_up"
    await room.until(lambda: room.call.state == "connected" and room.call.agent_id == TWO)
    assert room.call.call_id == call.call_id
    assert room.bridged_with_customer(TWO)
    await room.engine.control.hang_up(TWO)
    await room.until(lambda: not room._alive())
    assert room.state(TWO) == "wrap_up"
    assert room.engine.world.calls[call.call_id].ended_by == "agent"


async def test_an_agent_who_does_not_answer_gives_the_customer_back(room: Room) -> None:
    assert room.site.carrier is not None
    room.site.carrier.set_phone("1002", -1)
    call = await room.connected()
    await room.engine.control.transfer_to_agent(ONE, TWO)
    room.engine.dispose(ONE, call.call_id, "done")  # free for the customer who comes back
    await room.until(lambda: room.call.agent_id == ONE and room.call.attempts == 2, 40)
    await room.until(lambda: room.call.state == "connected", 20)
    kinds = await room.told(call)
    assert kinds.count("TransferFailed") == 1
    assert room.bridged_with_customer(ONE)


async def test_an_attended_transfer(room: Room) -> None:
    call = await room.connected()
    await room.engine.control.consult(ONE, TWO)
    with pytest.raises(NotAllowedNowError, match="not answered yet"):
        await room.engine.control.complete_transfer(ONE)
    await room.until(lambda: room.call.consult_answered)
    assert not room.bridged_with_customer(ONE)
    assert (room.call.state, room.state(ONE), room.state(TWO)) == (
        "consulting",
        "on_call",
        "on_call",
    )
    await room.engine.control.complete_transfer(ONE)
    await room.until(lambda: room.call.state == "connected" and room.call.agent_id == TWO)
    assert room.call.call_id == call.call_id
    await room.until(lambda: room.bridged_with_customer(TWO), 3)
    assert room.state(ONE) == "wrap_up"


async def test_a_consultation_ends_with_the_agent_back(room: Room) -> None:
    await room.connected()
    await room.engine.control.consult(ONE, TWO)
    await room.until(lambda: room.call.consult_answered)
    await room.engine.control.cancel_consult(ONE)
    await room.until(lambda: room.call.state == "connected")
    assert (room.call.agent_id, room.state(TWO)) == (ONE, "available")
    await room.until(lambda: room.bridged_with_customer(ONE), 3)
    await room.engine.control.hang_up(ONE)
    await room.until(lambda: not room._alive())


async def test_a_colleague_who_does_not_answer_costs_nothing(room: Room) -> None:
    assert room.site.carrier is not None
    room.site.carrier.set_phone("1002", -1)
    await room.connected()
    await room.engine.control.consult(ONE, TWO)
    await room.until(lambda: room.state(TWO) == "ringing")
    await room.engine.control.cancel_consult(ONE)
    await room.until(lambda: room.call.state == "connected")
    await room.until(lambda: room.bridged_with_customer(ONE), 3)
    assert room.state(TWO) == "available"


async def test_an_agent_who_hangs_up_too_early_loses_no_customer(room: Room) -> None:
    assert room.site.carrier is not None
    room.site.carrier.set_phone("1002", -1)
    await room.connected()
    await room.engine.control.consult(ONE, TWO)
    await room.until(lambda: room.state(TWO) == "ringing")
    await room.engine.control.hang_up(ONE)
    await room.until(lambda: room.call.state == "queued")
    assert (room.call.attempts, room.state(ONE), room.state(TWO)) == (2, "wrap_up", "available")


async def test_a_conference_which_either_agent_may_leave(room: Room) -> None:
    call = await room.connected()
    await room.engine.control.consult(ONE, TWO)
    await room.until(lambda: room.call.consult_answered)
    await room.engine.control.conference(ONE)
    await room.until(
        lambda: room.bridged_with_customer(ONE) and room.bridged_with_customer(TWO), 3
    )
    assert room.call.state == "conference"
    await room.engine.control.hang_up(ONE)
    await room.until(lambda: room.call.state == "connected" and room.call.agent_id == TWO)
    assert room.bridged_with_customer(TWO)
    assert room.call.call_id == call.call_id
    kinds = await room.told(call)
    assert kinds.count("CallArrived") == kinds.count("ConferenceStarted") == 1


async def test_a_conference_without_the_colleague_goes_on(room: Room) -> None:
    await room.connected()
    await room.engine.control.consult(ONE, TWO)
    await room.until(lambda: room.call.consult_answered)
    await room.engine.control.conference(ONE)
    await room.engine.control.cancel_consult(ONE)
    await room.until(lambda: room.call.state == "connected")
    assert (room.call.agent_id, room.state(TWO)) == (ONE, "available")
    assert room.bridged_with_customer(ONE)


async def test_an_engine_that_comes_back_finds_the_consultation(room: Room) -> None:
    call = await room.connected()
    await room.engine.control.consult(ONE, TWO)
    await room.until(lambda: room.call.consult_answered)
    await room.engine.stop()
    room.journal = MemoryJournal()  # nothing is remembered: Asterisk alone tells
    room.engine = room.make()
    await room.engine.start()
    await room.engine.wait_in_step()
    assert (room.call.call_id, room.call.state, room.call.consulted) == (
        call.call_id,
        "consulting",
        TWO,
    )
    await room.engine.control.complete_transfer(ONE)
    await room.until(lambda: room.call.state == "connected" and room.call.agent_id == TWO)


async def test_what_is_not_possible_changes_nothing(room: Room) -> None:
    control = room.engine.control
    with pytest.raises(NotAllowedNowError, match="no call now"):
        await control.transfer_to_queue(ONE, VIP)
    call = await room.connected()
    with pytest.raises(UnknownQueueError):
        await control.transfer_to_queue(ONE, QueueName("loans"))
    with pytest.raises(UnknownAgentError):
        await control.transfer_to_agent(ONE, AgentId("1006"))
    with pytest.raises(NotAllowedNowError, match="the same agent"):
        await control.consult(ONE, ONE)
    with pytest.raises(NotAllowedNowError, match="consults nobody"):
        await control.conference(ONE)
    with pytest.raises(NotAllowedNowError, match="printable"):
        await control.transfer_to_queue(ONE, VIP, "a\r\nAction: Logoff")
    assert (room.call, room.bridged_with_customer(ONE)) == (call, True)
