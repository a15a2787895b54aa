"""The engine as a whole, on a faked link: pops, wrap-up, commands, reconnections, the journal."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from pathlib import Path
from typing import cast

import pytest

from cti import testing
from cti.ami.client import AmiConfig
from cti.ami.framing import Message
from cti.bus import EVENTS, STATUS, Subscription, agent_topic
from cti.core import events as ev
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from cti.core.world import Rules
from cti.engine import Engine, EngineConfig, QueueMembership
from cti.errors import (
    AmiUnavailableError,
    AsteriskRefusedError,
    JournalError,
    NotAllowedNowError,
    UnknownAgentError,
    UnknownCallError,
    UnknownQueueError,
)
from cti.journal.memory import MemoryJournal
from cti.pops import FRESH, PopCompleted, PopConnected, PopRaised, PopWithdrawn
from cti.views import Health

FIXTURES = Path(__file__).parents[1] / "fixtures" / "ami"
ONE = AgentId("1001")
SERVICE, VIP = QueueName("service"), QueueName("vip")


def _stream(name: str) -> list[Message]:
    return testing.messages((FIXTURES / f"{name}.ami").read_bytes())


def _until(stream: list[Message], event: str) -> tuple[list[Message], list[Message]]:
    """Split after the first message of that event."""
    place = next(i for i, m in enumerate(stream) if m.event == event) + 1
    return stream[:place], stream[place:]


class Briefs:
    """Briefs that wait for ``gate``."""

    def __init__(self) -> None:
        self.gate = asyncio.Event()
        self.gate.set()
        self.asked: list[CustomerId] = []
        self.fail = False

    async def brief(self, customer_id: CustomerId) -> str | None:
        self.asked.append(customer_id)
        await self.gate.wait()
        if self.fail:
            raise OSError("database is gone")
        return f"brief of {customer_id}"

    async def candidates(self, caller_number: str) -> list[str]:
        self.asked.append(CustomerId(caller_number))
        await self.gate.wait()
        if self.fail:
            raise OSError("database is gone")
        return [f"{who} has {caller_number}" for who in ("C1", "C2")]


class Bench:
    """An engine on a faked link, with a clock that tests set."""

    def __init__(self, **config: float) -> None:
        self.now = 1795472000.0
        self.briefs = Briefs()
        self.journal = MemoryJournal()
        self.engine = self.make(**config)

    def make(self, *, wrap_up: float = 20.0, deadline: float = 0.3) -> Engine[str]:
        return Engine(
            EngineConfig(
                ami=AmiConfig(username="cti", secret="x"),
                rules=Rules(pseudonym_key=b"k" * 16, default_wrap_up=wrap_up),
                brief_deadline=deadline,
            ),
            briefs=self.briefs,
            journal=self.journal,
            clock=lambda: self.now,
            link=testing.FakeLink,
        )

    @property
    def link(self) -> testing.FakeLink:
        return cast(testing.FakeLink, self.engine.link)

    async def boot(self) -> None:
        await self.engine.start()
        self.link.boot()
        await self.engine.wait_in_step()

    async def say(self, stream: Sequence[Message]) -> None:
        """Let Asterisk publish, set the clock to its last event, and let the engine work."""
        times = [float(m.get("Timestamp", "0")) for m in stream if m.event]
        self.now = max([self.now, *times])
        self.link.say(*stream)
        await settle()

    def paused(self) -> list[str]:
        """Return what ``QueuePause`` was sent, as the reason or ``-``."""
        fields = [dict(a.fields) for a in self.link.sent if a.name == "QueuePause"]
        return [f.get("Reason", "-") for f in fields]


async def settle() -> None:
    for _ in range(30):
        await asyncio.sleep(0)


async def drain(subscription: Subscription) -> list[object]:
    """Return what has arrived so far."""
    out: list[object] = []
    while True:
        getting = asyncio.ensure_future(cast("asyncio.Future[object]", subscription.get()))
        await settle()
        if not getting.done():
            getting.cancel()
            return out
        out.append(getting.result())


@pytest.fixture
async def bench() -> AsyncIterator[Bench]:
    bench = Bench()
    await bench.boot()
    yield bench
    await bench.engine.stop()


async def test_a_pop_is_raised_connected_and_forgotten(bench: Bench) -> None:
    ringing, after = _until(_stream("answered_caller_ends"), "AgentCalled")
    connected, after = _until(after, "AgentConnect")
    with bench.engine.bus.subscribe(agent_topic(ONE)) as agent:
        await bench.say(ringing)
        pops = [m for m in await drain(agent) if isinstance(m, PopRaised)]
        [pop] = pops
        assert (pop.caller_number, pop.dnis, pop.queue) == ("+8613800138000", "95588", SERVICE)
        assert (pop.language, pop.reason, pop.verified) == ("zh", "balance", "pin")
        assert pop.menu_path == "welcome>balance>agent"
        assert (pop.brief, pop.brief_status) == ("brief of C0000001", "ready")
        assert 0 <= pop.latency < 0.01
        assert pop.wait_time >= 0
        assert bench.engine.pop_of(ONE) == pop
        await bench.say(connected)
        [now] = [m for m in await drain(agent) if isinstance(m, PopConnected)]
        assert now.pop_id == pop.pop_id
        shown = bench.engine.pop_of(ONE)
        assert shown is not None
        assert shown.connected
        await bench.say(after)
        assert bench.engine.pop_of(ONE) is None
    presented = [e for _, e in await bench.journal.read() if isinstance(e, ev.PopPresented)]
    assert [(p.agent_id, p.sessions, p.customer_id) for p in presented] == [
        (ONE, 1, CustomerId("C0000001"))
    ]


async def test_every_page_that_shows_a_pop_is_journaled_once(bench: Bench) -> None:
    ringing, after = _until(_stream("answered_caller_ends"), "AgentCalled")
    await bench.say(ringing)
    pop = bench.engine.pop_of(ONE)
    assert pop is not None
    bench.now += 0.25
    for page, pop_id in [("a", pop.pop_id), ("a", pop.pop_id), ("b", pop.pop_id), ("b", "gone")]:
        bench.engine.pop_shown(ONE, pop_id, page)
    bench.engine.pop_shown(AgentId("1002"), pop.pop_id, "c")
    await bench.say(after)
    bench.engine.pop_shown(ONE, pop.pop_id, "d")
    await bench.engine.flush()
    shown = [e for _, e in await bench.journal.read() if isinstance(e, ev.PopShown)]
    assert [(e.agent_id, e.page, e.pages) for e in shown] == [(ONE, "a", 1), (ONE, "b", 2)]
    assert shown[0].after == pytest.approx(0.25, abs=0.05)


@pytest.mark.parametrize("until", ["AgentCalled", "AgentConnect"])
async def test_a_restart_brings_the_pop_back_under_its_name(bench: Bench, until: str) -> None:
    begun, _ = _until(_stream("answered_caller_ends"), until)
    await bench.say(begun)
    before = bench.engine.pop_of(ONE)
    assert before is not None
    await bench.engine.stop()
    stored = [e for _, e in await bench.journal.read()]

    bench.engine = bench.make()
    await bench.engine.history.start()
    await bench.engine.history.restore(bench.engine.world)
    desk = bench.engine._pops
    desk.on_event(bench.engine.world, ev.EngineResynchronised(at=bench.now, calls=1, members=1))
    await settle()
    again = bench.engine.pop_of(ONE)
    assert again is not None
    assert (again.call_id, again.connected) == (before.call_id, before.connected)
    if until == "AgentCalled":
        assert again.pop_id == before.pop_id
    await bench.engine.history.stop()
    assert sum(isinstance(e, ev.PopPresented) for e in stored) == 1
    now = [e for _, e in await bench.journal.read()]
    assert now == stored  # it was presented before


async def test_the_brief_is_fetched_when_the_call_is_queued(bench: Bench) -> None:
    joined, _ = _until(_stream("answered_caller_ends"), "QueueCallerJoin")
    await bench.say(joined)
    assert bench.briefs.asked == ["C0000001"]


async def test_what_was_fetched_long_ago_is_fetched_anew_when_the_phone_rings(
    bench: Bench,
) -> None:
    joined, after = _until(_stream("answered_caller_ends"), "QueueCallerJoin")
    await bench.say(joined)
    bench.now += FRESH + 1
    ringing, _ = _until(after, "AgentCalled")
    bench.link.say(*ringing)
    await settle()
    assert bench.briefs.asked == ["C0000001", "C0000001"]
    pop = bench.engine.pop_of(ONE)
    assert pop is not None
    assert pop.brief == "brief of C0000001"


async def test_a_brief_of_before_is_better_than_none(bench: Bench) -> None:
    joined, after = _until(_stream("answered_caller_ends"), "QueueCallerJoin")
    await bench.say(joined)
    bench.now += FRESH + 1
    bench.briefs.fail = True
    ringing, _ = _until(after, "AgentCalled")
    bench.link.say(*ringing)
    await settle()
    pop = bench.engine.pop_of(ONE)
    assert pop is not None
    assert (len(bench.briefs.asked), pop.brief) == (2, "brief of C0000001")


def _ambiguous(status: bytes = b"ambiguous") -> list[Message]:
    """Return the stream of a call from a number that several customers have, or nobody."""
    text = (FIXTURES / "answered_caller_ends.ami").read_bytes()
    text = text.replace(b"status: recognised", b"status: " + status)
    text = text.replace(b"CUSTOMER=C0000001", b"CUSTOMER=").replace(b"VERIFIED=pin", b"VERIFIED=")
    stream = testing.messages(text.replace(b"customer_id: C0000001", b"customer_id: "))
    return [m for m in stream if m.get("UserEvent") != "HotlineVerified"]


async def test_an_agent_chooses_among_the_customers_with_one_number(bench: Bench) -> None:
    ringing, after = _until(_ambiguous(), "AgentCalled")
    choice = ("C1 has +8613800138000", "C2 has +8613800138000")
    with bench.engine.bus.subscribe(agent_topic(ONE)) as agent:
        await bench.say(ringing)
        [pop] = [m for m in await drain(agent) if isinstance(m, PopRaised)]
        assert (pop.customer_id, pop.brief, pop.brief_status) == (None, None, "none")
        assert pop.candidates == choice
        for customer in ("C2", "C2", "C1"):  # the same again changes nothing
            bench.engine.choose_customer(ONE, pop.call_id, CustomerId(customer), 2)
            await settle()
        done = [m for m in await drain(agent) if isinstance(m, PopCompleted)]
    assert [m.brief for m in done] == ["brief of C2", "brief of C1"]
    shown = bench.engine.pop_of(ONE)
    assert shown is not None
    assert (shown.customer_id, shown.brief, shown.brief_status) == ("C1", "brief of C1", "ready")
    assert shown.candidates == choice
    assert shown.verified == "none"  # an agent's word proves nothing
    with pytest.raises(NotAllowedNowError, match="does not have"):
        bench.engine.choose_customer(AgentId("1002"), pop.call_id, CustomerId("C2"), 2)
    with pytest.raises(UnknownCallError):
        bench.engine.choose_customer(ONE, CallId("nobody's"), CustomerId("C2"), 2)
    await bench.say(after)
    await bench.engine.flush()
    chosen = [e for _, e in await bench.journal.read() if isinstance(e, ev.CustomerChosen)]
    assert [(e.agent_id, e.customer_id, e.candidates, e.instead_of) for e in chosen] == [
        (ONE, "C2", 2, None),
        (ONE, "C1", 2, "C2"),
    ]


async def test_an_agent_says_who_calls_from_a_number_that_nobody_has(bench: Bench) -> None:
    ringing, _ = _until(_ambiguous(b"unknown"), "AgentCalled")
    await bench.say(ringing)
    pop = bench.engine.pop_of(ONE)
    assert pop is not None
    assert (pop.customer_id, pop.candidates) == (None, ())
    bench.engine.choose_customer(ONE, pop.call_id, CustomerId("C2"), 1)
    await settle()
    shown = bench.engine.pop_of(ONE)
    assert shown is not None
    assert (shown.customer_id, shown.brief, shown.verified) == ("C2", "brief of C2", "none")


async def test_one_customer_whom_the_number_names_leaves_no_choice(bench: Bench) -> None:
    ringing, _ = _until(_ambiguous(b"recognised"), "AgentCalled")
    await bench.say(ringing)
    pop = bench.engine.pop_of(ONE)
    assert pop is not None
    with pytest.raises(NotAllowedNowError, match="no choice"):
        bench.engine.choose_customer(ONE, pop.call_id, CustomerId("C2"), 1)


async def test_who_is_known_leaves_no_choice(bench: Bench) -> None:
    ringing, _ = _until(_stream("answered_caller_ends"), "AgentCalled")
    await bench.say(ringing)
    pop = bench.engine.pop_of(ONE)
    assert pop is not None
    with pytest.raises(NotAllowedNowError, match="PIN"):
        bench.engine.choose_customer(ONE, pop.call_id, CustomerId("C2"), 2)


async def test_candidates_that_cannot_be_found_never_stop_a_pop(bench: Bench) -> None:
    bench.briefs.fail = True
    ringing, _ = _until(_ambiguous(), "AgentCalled")
    await bench.say(ringing)
    pop = bench.engine.pop_of(ONE)
    assert pop is not None
    assert (pop.brief_status, pop.candidates) == ("none", ())


async def test_a_slow_brief_follows_its_pop() -> None:
    bench = Bench(deadline=0.0)
    await bench.boot()
    bench.briefs.gate.clear()
    ringing, _ = _until(_stream("answered_caller_ends"), "AgentCalled")
    with bench.engine.bus.subscribe(agent_topic(ONE)) as agent:
        await bench.say(ringing)
        [pop] = [m for m in await drain(agent) if isinstance(m, PopRaised)]
        assert (pop.brief, pop.brief_status) == (None, "pending")
        bench.briefs.gate.set()
        [done] = [m for m in await drain(agent) if isinstance(m, PopCompleted)]
        assert (done.pop_id, done.brief) == (pop.pop_id, "brief of C0000001")
    shown = bench.engine.pop_of(ONE)
    assert shown is not None
    assert shown.brief_status == "ready"
    await bench.engine.stop()


@pytest.mark.parametrize("comes", ["before_the_answer", "in_the_wrap_up"])
async def test_a_slow_brief_leaves_the_answered_call_on_the_desk(comes: str) -> None:
    bench = Bench(deadline=0.0)
    await bench.boot()
    bench.briefs.gate.clear()
    stays = [m for m in _stream("answered_caller_ends") if m.event != "QueueMemberRemoved"]
    ringing, after = _until(stays, "AgentCalled")
    with bench.engine.bus.subscribe(agent_topic(ONE)) as agent:
        await bench.say(ringing)
        if comes == "before_the_answer":
            bench.briefs.gate.set()
            await settle()
        await bench.say(after)
        bench.briefs.gate.set()
        seen = await drain(agent)
    assert not any(isinstance(m, PopWithdrawn) for m in seen)
    assert [m.brief for m in seen if isinstance(m, PopCompleted)] == ["brief of C0000001"]
    shown = bench.engine.pop_of(ONE)
    assert shown is not None
    assert shown.connected
    await bench.engine.stop()


async def test_a_failing_brief_never_stops_a_pop(bench: Bench) -> None:
    bench.briefs.fail = True
    ringing, _ = _until(_stream("answered_caller_ends"), "AgentCalled")
    with bench.engine.bus.subscribe(agent_topic(ONE)) as agent:
        await bench.say(ringing)
        [pop] = [m for m in await drain(agent) if isinstance(m, PopRaised)]
    assert (pop.brief, pop.brief_status) == (None, "none")


@pytest.mark.parametrize(
    ("name", "causes"),
    [
        ("abandoned", ["abandoned"]),
        ("missed_then_answered", ["missed"]),
        ("busy_agent", ["missed", "missed", "missed"]),
    ],
)
async def test_a_pop_is_withdrawn(bench: Bench, name: str, causes: list[str]) -> None:
    with bench.engine.bus.subscribe(agent_topic(ONE)) as agent:
        for message in _stream(name):
            await bench.say([message])
        seen = await drain(agent)
    assert [m.cause for m in seen if isinstance(m, PopWithdrawn)] == causes
    raised = [m.pop_id for m in seen if isinstance(m, PopRaised)]
    assert len(raised) == len(set(raised)) == sum(e.event == "AgentCalled" for e in _stream(name))


async def test_a_call_that_lost_its_menu_pops_too(bench: Bench) -> None:
    ringing, _ = _until(_stream("menu_lost"), "AgentCalled")
    with bench.engine.bus.subscribe(agent_topic(ONE)) as agent:
        await bench.say(ringing)
        [pop] = [m for m in await drain(agent) if isinstance(m, PopRaised)]
    assert (pop.customer_id, pop.brief_status, pop.caller_number) == (
        None,
        "none",
        "+8613800138000",
    )


async def test_the_member_is_paused_at_once_and_unpaused_when_ready(bench: Bench) -> None:
    done, _ = _until(_stream("answered_agent_ends"), "AgentComplete")
    await bench.say(done)
    assert bench.paused() == ["wrap-up"]
    assert bench.engine.agent(ONE).wrap_up_left == pytest.approx(20.0)
    await bench.engine.ready(ONE)
    assert bench.paused() == ["wrap-up", "-"]
    assert bench.engine.agent(ONE).state == "available"


@pytest.mark.parametrize("ahead", [0.0, -3600.0, 12.0])
async def test_the_timer_ends_a_wrap_up(ahead: float) -> None:
    """Also when our clock was stepped or we are behind: Asterisk's moments alone count."""
    bench = Bench(wrap_up=0.01)
    await bench.boot()
    done, _ = _until(_stream("answered_agent_ends"), "AgentComplete")
    with bench.engine.bus.subscribe(EVENTS) as events:
        bench.link.say(*done)
        bench.now += ahead
        await settle()
        async with asyncio.timeout(5):
            async for event in events:
                if isinstance(event, ev.WrapUpStarted):
                    began = event.at
                if isinstance(event, ev.WrapUpEnded):
                    break
    assert event.ended_by == "timer"
    assert 0.01 <= event.wrap_up_time < 5.0  # what was granted, and the timer's own delay
    assert event.at == pytest.approx(began + event.wrap_up_time)
    await settle()
    assert bench.paused() == ["wrap-up", "-"]
    await bench.engine.stop()


async def test_a_pause_asked_for_in_wrap_up_follows_it(bench: Bench) -> None:
    done, _ = _until(_stream("answered_agent_ends"), "AgentComplete")
    await bench.say(done)
    await bench.engine.pause(ONE, "lunch")
    assert bench.engine.agent(ONE).state == "wrap_up"
    call_id = bench.engine.agent(ONE).call_id
    assert call_id is not None
    bench.engine.dispose(ONE, call_id, "solved")
    await settle()
    assert bench.paused() == ["wrap-up", "lunch"]
    assert (bench.engine.agent(ONE).state, bench.engine.agent(ONE).reason) == ("paused", "lunch")


async def test_a_wrap_up_is_extended_within_its_limit(bench: Bench) -> None:
    with pytest.raises(UnknownAgentError, match="sign in first"):
        bench.engine.extend_wrap_up(ONE, 30)
    done, _ = _until(_stream("answered_agent_ends"), "AgentComplete")
    await bench.say(done)
    until = bench.engine.extend_wrap_up(ONE, 30)
    assert until == pytest.approx(bench.now + 50)
    assert bench.engine.agent(ONE).wrap_up_until == until
    with pytest.raises(NotAllowedNowError, match="1800 s"):
        bench.engine.extend_wrap_up(ONE, 4000)
    assert bench.engine.extend_wrap_up(ONE, 1800) == pytest.approx(bench.now + 1800)
    with pytest.raises(NotAllowedNowError, match="greatest length"):
        bench.engine.extend_wrap_up(ONE, 1)


async def test_disposing_ends_the_wrap_up_unless_told_otherwise(bench: Bench) -> None:
    done, _ = _until(_stream("answered_agent_ends"), "AgentComplete")
    await bench.say(done)
    call_id = bench.engine.agent(ONE).call_id
    assert call_id is not None
    with pytest.raises(NotAllowedNowError, match="did not have"):
        bench.engine.dispose(AgentId("1002"), call_id, "solved")
    with pytest.raises(NotAllowedNowError, match="printable"):
        bench.engine.dispose(ONE, call_id, "a\nb")
    with pytest.raises(UnknownCallError):
        bench.engine.dispose(ONE, CallId("none"), "solved")
    bench.engine.dispose(ONE, call_id, "callback", ready=False)
    assert bench.engine.agent(ONE).state == "wrap_up"
    bench.engine.dispose(ONE, call_id, "solved")
    assert bench.engine.agent(ONE).state == "available"
    await bench.engine.flush()
    disposed = [
        e.disposition for _, e in await bench.journal.read() if isinstance(e, ev.CallDisposed)
    ]
    assert disposed == ["callback", "solved"]


async def test_sign_in_asks_for_exactly_these_queues(bench: Bench) -> None:
    signed_in = [m for m in _stream("resync") if m.event == "QueueMemberAdded"][:2]
    signing = asyncio.create_task(
        bench.engine.sign_in(
            ONE, "PJSIP/1001", [QueueMembership(SERVICE, 0), QueueMembership(VIP, 1)]
        )
    )
    await settle()
    assert not signing.done()  # Asterisk has accepted, but its events are not there yet
    await bench.say(signed_in)
    await signing
    added = [dict(a.fields) for a in bench.link.sent if a.name == "QueueAdd"]
    assert [(f["Queue"], f["Penalty"], f["MemberName"]) for f in added] == [
        ("service", "0", "1001"),
        ("vip", "1", "1001"),
    ]
    view = bench.engine.agent(ONE)
    assert (view.state, [m.queue for m in view.queues]) == ("available", ["service", "vip"])
    with pytest.raises(NotAllowedNowError, match="in use by agent 1001"):
        await bench.engine.sign_in(AgentId("1002"), "PJSIP/1001", [QueueMembership(VIP)])
    with pytest.raises(UnknownQueueError, match="nowhere"):
        await bench.engine.sign_in(ONE, "PJSIP/1001", [QueueMembership(QueueName("nowhere"))])
    with pytest.raises(UnknownQueueError, match="no queue"):
        await bench.engine.sign_in(ONE, "PJSIP/1001", [])


async def test_commands_tell_what_to_do_when_they_fail(bench: Bench) -> None:
    with pytest.raises(UnknownAgentError, match="sign in first"):
        await bench.engine.pause(ONE, "lunch")
    await bench.engine.sign_out(ONE)  # nothing to do
    await bench.say(_until(_stream("abandoned"), "QueueMemberAdded")[0])
    for reason in ("wrap-up", "", "a\r\nAction: Originate", "x" * 81):
        with pytest.raises(NotAllowedNowError, match="choose another"):
            await bench.engine.pause(ONE, reason)
    bench.link.refusals["QueuePause"] = "Interface not found"
    with pytest.raises(UnknownAgentError, match="sign out and in again"):
        await bench.engine.pause(ONE, "lunch")
    bench.link.refusals["QueuePause"] = "Something new"
    with pytest.raises(AsteriskRefusedError, match="Something new"):
        await bench.engine.pause(ONE, "lunch")
    bench.link.break_down()
    with pytest.raises(AmiUnavailableError):
        await bench.engine.pause(ONE, "lunch")


async def test_health_and_status_follow_the_connection(bench: Bench) -> None:
    assert bench.engine.health().ami == "in_step"
    with bench.engine.bus.subscribe(STATUS) as status:
        bench.link.break_down("frozen")
        [down] = await drain(status)
        assert isinstance(down, Health)
        assert (down.ami, "overloaded" in down.detail) == ("down", True)
        bench.link.boot()
        [up] = await drain(status)
        assert isinstance(up, Health)
        assert (up.ami, up.detail) == ("in_step", "")


async def test_events_during_a_resynchronisation_are_applied_after_the_picture() -> None:
    bench = Bench()
    stream = _stream("resync")
    place = next(i for i, m in enumerate(stream) if m.action_id == "ch-2")
    bench.link.channels = tuple(m for m in stream if m.action_id == "ch-2" and m.event)
    bench.link.queues = tuple(m for m in stream if m.action_id == "qs-2" and m.event)
    before = [m for m in stream[:place] if m.event]
    bench.link.clock = str(float(before[-1].get("Timestamp")) + 0.001)
    await bench.engine.start()
    bench.link.boot()
    # All of them arrive before the picture: the old ones are in it, the new ones are not.
    await bench.say(before[-3:] + stream[place:])
    states = sorted(c.state for c in bench.engine.snapshot().calls)
    assert states == ["connected"]
    assert bench.engine.health().rejected == 0
    events = [e for _, e in await bench.journal.read()]
    assert sum(isinstance(e, ev.CallConnected) for e in events) == 1
    assert sum(isinstance(e, ev.CallAbandoned) for e in events) == 1
    await bench.engine.stop()


def _shown(stream: list[Message]) -> tuple[Message, ...]:
    """The channels that have answered, as ``CoreShowChannels`` lists them, in one bridge."""
    up = [m for m in stream if m.event == "Newstate" and m.get("ChannelState") == "6"]
    return tuple(
        Message(
            {**m.headers, "Event": "CoreShowChannel", "BridgeId": "b"},
            {"ChanVariable": list(m.all("ChanVariable"))},
        )
        for m in up
    )


async def test_who_hung_up_is_known_though_the_picture_is_younger() -> None:
    bench = Bench()
    await bench.boot()
    talk, end = _until(_stream("answered_caller_ends"), "Unhold")
    await bench.say(talk)
    bench.link.break_down()
    end = [m for m in end if m.event]
    assert [m.event for m in end[:3]] == ["HangupRequest", "AgentComplete", "Hangup"]
    bench.link.channels = _shown(talk)
    member = next(m for m in reversed(talk) if m.event == "QueueMemberStatus")
    as_listed = {**member.headers, "Event": "QueueMember"}
    bench.link.queues = (*bench.link.queues, Message(as_listed, {}))
    bench.link.clock = str(float(end[1].get("Timestamp")) + 0.0001)
    bench.link.boot()
    await bench.say(end)
    told = [e for _, e in await bench.journal.read()]
    assert [e.ended_by for e in told if isinstance(e, ev.CallCompleted)] == ["caller"]
    assert [e.ended_by for e in told if isinstance(e, ev.CallEnded)] == ["caller"]
    await bench.engine.stop()


async def test_a_stale_wrap_up_pause_is_lifted_after_a_restart() -> None:
    bench = Bench(wrap_up=5.0)
    stream = _stream("resync")
    bench.link.queues = tuple(m for m in stream if m.action_id == "qs-2" and m.event)
    bench.now = 1795472800.0  # a minute after the pause of 1002 began
    bench.link.clock = str(bench.now)
    await bench.boot()
    assert bench.engine.agent(AgentId("1002")).state == "available"  # with the picture, not after
    sent = [dict(a.fields) for a in bench.link.sent if a.name == "QueuePause"]
    assert sent == [{"Interface": "PJSIP/1002", "Paused": "false"}]
    await bench.engine.stop()


async def test_a_wrap_up_survives_a_restart_of_the_engine() -> None:
    bench = Bench()
    await bench.boot()
    done, _ = _until(_stream("answered_agent_ends"), "AgentComplete")
    await bench.say(done)
    before = bench.engine.agent(ONE)
    await bench.engine.stop()
    bench.engine = bench.make()
    member = {
        "Event": "QueueMember",
        "Queue": "service",
        "Name": "1001",
        "Location": "PJSIP/1001",
        "Status": "1",
        "Paused": "1",
        "PausedReason": "wrap-up",
        "LastPause": str(int(bench.now)),
    }
    bench.link.queues = (*bench.link.queues, Message(member, {}))
    bench.link.clock = str(bench.now)
    await bench.boot()
    after = bench.engine.agent(ONE)
    assert (after.state, after.call_id, after.wrap_up_until) == (
        "wrap_up",
        before.call_id,
        before.wrap_up_until,
    )
    assert bench.paused() == []
    await bench.engine.ready(ONE)
    assert bench.paused() == ["-"]
    await bench.engine.stop()


async def test_everything_is_in_the_journal_in_the_order_of_the_bus(bench: Bench) -> None:
    with bench.engine.bus.subscribe(EVENTS, size=1000) as events:
        await bench.say(_stream("missed_then_answered"))
        seen = await drain(events)
    await bench.engine.flush()
    stored = [e for _, e in await bench.journal.read()]
    assert stored[-len(seen) :] == seen
    assert len(seen) > 20
    assert await bench.journal.verify() == len(stored)


async def test_a_broken_journal_is_tried_again_and_loses_nothing(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cti.journal.writer._RETRY", 0.0)
    real, failures = bench.journal.append, [2]

    async def append(events: Sequence[ev.DomainEvent]) -> int:
        if failures[0]:
            failures[0] -= 1
            raise JournalError("disk full")
        return await real(events)

    monkeypatch.setattr(bench.journal, "append", append)
    await bench.say(_stream("abandoned"))
    await bench.engine.flush()
    kinds = [type(e).__name__ for _, e in await bench.journal.read()]
    assert kinds.count("CallAbandoned") == 1
    assert failures == [0]
    assert bench.engine.health().journal == "ok"


async def test_events_that_contradict_the_state_lead_to_a_fresh_picture(bench: Bench) -> None:
    stream = _stream("missed_then_answered")
    missed = next(m for m in stream if m.event == "AgentRingNoAnswer")
    joined, _ = _until(stream, "QueueCallerJoin")
    await bench.say([*joined, missed])  # it never rang
    assert bench.engine.health().rejected == 1
    pictures = [a.name for a in bench.link.sent].count("CoreShowChannels")
    assert pictures == 2
    # Asterisk says that it has no call at all, and the state follows.
    assert bench.engine.snapshot().calls == ()
    assert bench.engine.health().ami == "in_step"
    await bench.say([missed])
    assert [a.name for a in bench.link.sent].count("CoreShowChannels") == 2  # not in a loop


async def test_a_supervisor_may_end_a_wrap_up(bench: Bench) -> None:
    done, _ = _until(_stream("answered_agent_ends"), "AgentComplete")
    await bench.say(done)
    await bench.engine.ready(ONE, by="supervisor")
    await bench.engine.flush()
    ended = [e for _, e in await bench.journal.read() if isinstance(e, ev.WrapUpEnded)]
    assert [e.ended_by for e in ended] == ["supervisor"]


async def test_views_show_waiting_calls_and_agents(bench: Bench) -> None:
    joined, _ = _until(_stream("answered_caller_ends"), "QueueCallerJoin")
    await bench.say(joined)
    assert bench.link.hurried
    bench.now += 7.0
    picture = bench.engine.snapshot()
    service = next(q for q in picture.queues if q.queue == SERVICE)
    assert (service.waiting, service.agents) == (1, {"available": 1})
    assert service.longest_wait == pytest.approx(7.0, abs=0.01)
    [call] = picture.calls
    assert (call.state, call.priority, call.customer_id) == ("queued", 20, "C0000001")
    assert call.wait_time == pytest.approx(7.0, abs=0.01)
