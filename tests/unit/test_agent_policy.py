"""Agents who let calls ring in vain, and orders that others give to agents."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from cti import testing
from cti.ami.client import AmiConfig
from cti.ami.framing import Message
from cti.core import events as ev
from cti.core.ids import AgentId, QueueName
from cti.core.world import Rules, World
from cti.engine import Engine, EngineConfig, QueueMembership
from cti.journal.memory import MemoryJournal

FIXTURE = Path(__file__).parents[1] / "fixtures" / "ami" / "missed_then_answered.ami"
ONE = AgentId("1001")


class Nobody:
    """Knows no customer."""

    async def brief(self, customer_id: str) -> None:
        return None


class Bench:
    """An engine on a faked link."""

    def __init__(self, missed_calls: int) -> None:
        self.journal = MemoryJournal()
        self.engine: Engine[None] = Engine(
            EngineConfig(
                ami=AmiConfig(username="cti", secret="x"),
                rules=Rules(pseudonym_key=b"k" * 16),
                missed_calls=missed_calls,
            ),
            briefs=Nobody(),
            journal=self.journal,
            clock=lambda: 1.0,
            link=testing.FakeLink,
        )
        assert isinstance(self.engine.link, testing.FakeLink)
        self.link = self.engine.link

    def missed_once(self) -> None:
        """Play a recorded call up to where 1001 has missed it; calls differ by their id."""
        stream = testing.messages(FIXTURE.read_bytes())
        end = next(i for i, m in enumerate(stream) if m.event == "AgentRingNoAnswer") + 1
        self.link.say(*stream[:end])

    def missed_again(self) -> None:
        stream = testing.messages(FIXTURE.read_bytes())
        called = next(m for m in stream if m.event == "AgentCalled")
        missed = next(m for m in stream if m.event == "AgentRingNoAnswer")
        self.link.say(called, missed)

    def paused(self, reason: str) -> None:
        """Asterisk says that it paused the member."""
        self.link.say(
            Message(
                {
                    "Event": "QueueMemberPause",
                    "Queue": "service",
                    "MemberName": "1001",
                    "Interface": "PJSIP/1001",
                    "Status": "1",
                    "Paused": "1" if reason else "0",
                    "PausedReason": reason,
                },
                {},
            )
        )

    def pauses(self) -> list[str]:
        fields = [dict(a.fields) for a in self.link.sent if a.name == "QueuePause"]
        return [f.get("Reason", "-") for f in fields]

    async def states(self) -> list[ev.AgentStateChanged]:
        await self.engine.flush()
        return [e for _, e in await self.journal.read() if isinstance(e, ev.AgentStateChanged)]


async def settle() -> None:
    import asyncio

    for _ in range(30):
        await asyncio.sleep(0)


async def boot(missed_calls: int) -> Bench:
    bench = Bench(missed_calls)
    await bench.engine.start()
    bench.link.boot()
    await bench.engine.wait_in_step()
    return bench


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    made = await boot(2)
    yield made
    await made.engine.stop()


async def test_the_second_miss_in_a_row_pauses_and_says_why(bench: Bench) -> None:
    bench.missed_once()
    await settle()
    assert bench.pauses() == []
    bench.missed_again()
    await settle()
    assert bench.pauses() == ["missed-calls"]
    bench.paused("missed-calls")
    await settle()
    state = (await bench.states())[-1]
    assert (state.state, state.reason, state.by) == ("paused", "missed-calls", "policy")


async def test_coming_back_begins_a_new_count(bench: Bench) -> None:
    bench.missed_once()
    bench.missed_again()
    bench.paused("missed-calls")
    await settle()
    bench.paused("")
    await settle()
    assert bench.engine.agent(ONE).state == "available"
    bench.missed_again()
    await settle()
    assert bench.pauses() == ["missed-calls"]


async def test_zero_never_pauses() -> None:
    bench = await boot(0)
    bench.missed_once()
    bench.missed_again()
    await settle()
    await bench.engine.stop()
    assert bench.pauses() == []


async def test_who_ordered_a_state_stands_in_its_event(bench: Bench) -> None:
    bench.missed_once()
    await settle()
    pausing = bench.engine.pause(ONE, "meeting", by="2001")
    bench.paused("meeting")
    await pausing
    bench.paused("")
    await settle()
    state = (await bench.states())[-2]
    assert (state.state, state.reason, state.by) == ("paused", "meeting", "2001")
    assert (await bench.states())[-1].by == ""


async def test_an_agents_own_wish_undoes_an_order_that_still_waits(bench: Bench) -> None:
    bench.missed_once()
    await settle()
    bench.engine.world.order(ONE, "paused", "2001")
    bench.engine.world.order(ONE, "paused", "")
    bench.paused("lunch")
    await settle()
    assert (await bench.states())[-1].by == ""


def test_misses_survive_a_restart_of_the_engine() -> None:
    world = World(Rules(pseudonym_key=b"k" * 16))
    missed = testing.replay(world, _two_misses())
    again = World(Rules(pseudonym_key=b"k" * 16))
    again.restore(missed)
    assert world.agents[ONE].misses == again.agents[ONE].misses == 2


def _two_misses() -> list[Message]:
    stream = testing.messages(FIXTURE.read_bytes())
    end = next(i for i, m in enumerate(stream) if m.event == "AgentRingNoAnswer") + 1
    called = next(m for m in stream if m.event == "AgentCalled")
    return [*stream[:end], called, stream[end - 1]]


async def test_signing_in_takes_the_penalties(bench: Bench) -> None:
    queues = [
        QueueMembership(queue=QueueName("service"), penalty=0),
        QueueMembership(queue=QueueName("vip"), penalty=3),
    ]
    bench.engine.world.queues |= {m.queue for m in queues}
    signing = bench.engine.sign_in(ONE, "PJSIP/1001", queues, by="2001")
    for m in queues:
        bench.link.say(
            Message(
                {
                    "Event": "QueueMemberAdded",
                    "Queue": m.queue,
                    "MemberName": "1001",
                    "Interface": "PJSIP/1001",
                    "Penalty": str(m.penalty),
                    "Status": "1",
                },
                {},
            )
        )
    await signing
    added = [dict(a.fields) for a in bench.link.sent if a.name == "QueueAdd"]
    assert [(f["Queue"], f["Penalty"]) for f in added] == [("service", "0"), ("vip", "3")]
    assert [s.by for s in await bench.states()] == ["2001"]
