"""Transfers, consultations, conferences: recordings, orders, pictures of Asterisk, tables."""

import asyncio
from collections.abc import Sequence
from pathlib import Path
from typing import cast

import msgspec
import pytest

from cti import control, testing
from cti.ami.client import AmiConfig
from cti.ami.framing import Message
from cti.core import calls, mermaid, transfers
from cti.core import channel_vars as cv
from cti.core import events as ev
from cti.core import records as rec
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from cti.core.resync import apply_snapshot
from cti.core.steps import end as end_call
from cti.core.world import Rules, World
from cti.engine import Engine, EngineConfig
from cti.errors import NotAllowedNowError
from cti.journal.memory import MemoryJournal

ROOT = Path(__file__).parents[2]
FIXTURES = ROOT / "tests" / "fixtures" / "ami"
ONE, TWO = AgentId("1001"), AgentId("1002")
SERVICE, VIP = QueueName("service"), QueueName("vip")
RULES = Rules(pseudonym_key=b"k" * 16, default_wrap_up=20.0)

BEGIN = ["CallQueued service", "AgentRinging 1001", "CallConnected 1001"]
OUT = ["CallCompleted 1001 agent", "WrapUpStarted 1001"]
CONSULT = ["ConsultStarted 1002", "AgentRinging 1002", "ConsultAnswered 1002"]
END_TWO = ["CallCompleted 1002 caller", "WrapUpStarted 1002", "CallEnded caller"]
EXPECTED = {
    "transfer_queue": [
        *BEGIN,
        *OUT,
        "CallTransferred queue vip",
        "CallQueued vip",
        "AgentRinging 1002",
        "CallConnected 1002",
        "CallCompleted 1002 agent",
        "WrapUpStarted 1002",
        "CallEnded caller",
    ],
    "transfer_agent": [
        *BEGIN,
        *OUT,
        "CallTransferred agent 1002",
        "AgentRinging 1002",
        "CallConnected 1002",
        *END_TWO,
    ],
    "transfer_missed": [
        *BEGIN,
        *OUT,
        "CallTransferred agent 1002",
        "AgentRinging 1002",
        "AgentMissed 1002",
        "TransferFailed 1002",
        "CallQueued service",
        "WrapUpEnded 1001",
        "AgentRinging 1001",
        "CallConnected 1001",
        "CallCompleted 1001 caller",
        "WrapUpStarted 1001",
        "CallEnded caller",
    ],
    "attended_transfer": [
        *BEGIN,
        *CONSULT,
        *OUT,
        "CallTransferred attended 1002",
        "CallConnected 1002",
        *END_TWO,
    ],
    "consult_returned": [
        *BEGIN,
        *CONSULT,
        "ConsultEnded 1002",
        "CallCompleted 1001 caller",
        "WrapUpStarted 1001",
        "CallEnded caller",
    ],
    "consult_given_up": [
        *BEGIN,
        "ConsultStarted 1002",
        "AgentRinging 1002",
        *OUT,
        "CallQueued service",
        "CallAbandoned",
        "CallEnded caller",
    ],
    "conference": [
        *BEGIN,
        *CONSULT,
        "ConferenceStarted 1002",
        "ConferenceEnded 1002",
        "CallCompleted 1001 agent",
        "WrapUpStarted 1001",
        "CallEnded caller",
    ],
    "conference_agent_leaves": [
        *BEGIN,
        *CONSULT,
        "ConferenceStarted 1002",
        *OUT,
        "CallTransferred attended 1002",
        "CallConnected 1002",
        *END_TWO,
    ],
}


def _stream(name: str, seed: int | None = None) -> list[Message]:
    return testing.messages((FIXTURES / f"{name}.ami").read_bytes(), seed)


def _told(events: Sequence[ev.DomainEvent]) -> list[str]:
    """Return the call's events from the first queue on, in short."""
    out: list[str] = []
    for e in events:
        kind = type(e).__name__
        match e:
            case ev.CallQueued():
                out.append(f"{kind} {e.queue}")
            case ev.CallTransferred():
                out.append(f"{kind} {e.kind} {e.target}")
            case ev.CallCompleted():
                out.append(f"{kind} {e.agent_id} {e.ended_by}")
            case ev.CallEnded():
                out.append(f"{kind} {e.ended_by}")
            case (
                ev.TransferFailed()
                | ev.ConsultStarted()
                | ev.ConsultAnswered()
                | ev.ConsultEnded()
                | ev.ConferenceStarted()
                | ev.ConferenceEnded()
            ):
                out.append(f"{kind} {e.target}")
            case ev.AgentRinging() | ev.AgentMissed() | ev.CallConnected() | ev.WrapUpStarted():
                out.append(f"{kind} {e.agent_id}")
            case ev.WrapUpEnded(ended_by="resync"):
                out.append(f"{kind} {e.agent_id}")
            case ev.CallAbandoned():
                out.append(kind)
    return out


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_recording_gives_exactly_these_events(name: str, seed: int) -> None:
    world = World(RULES)
    events = testing.replay(world, _stream(name, seed))
    assert _told(events) == EXPECTED[name]
    assert world.take_rejections() == []
    assert sum(isinstance(e, ev.CallArrived) for e in events) == 1
    [call] = world.calls.values()
    assert (call.state, call.ringing, call.consulted, call.wrapping) == ("ended", (), None, ())
    assert {a.state for a in world.agents.values()} == {"logged_out"}


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_the_journal_alone_rebuilds_the_call_at_every_moment(name: str) -> None:
    world, again = World(RULES), World(RULES)
    for message in _stream(name):
        again.restore(testing.replay(world, [message]))
        for call_id, call in world.calls.items():
            same = ("state", "ringing", "consulted", "wrapping", "transfers", "agent_id")
            copy = again.calls[call_id]
            assert [getattr(copy, f) for f in same] == [getattr(call, f) for f in same]
    assert again.take_rejections() == []


def test_a_call_ends_with_its_last_wrap_up() -> None:
    world = World(RULES)
    events = testing.replay(world, _stream("transfer_queue"))
    again = World(RULES)
    again.restore(
        events[: 1 + next(i for i, e in enumerate(events) if isinstance(e, ev.CallEnded))]
    )
    [call] = again.calls.values()
    assert (call.state, call.wrapping) == ("wrap_up", (ONE, TWO))
    done = {"at": call.since + 9.0, "call_id": call.call_id, "wrap_up_time": 9.0}
    first = ev.WrapUpEnded(**done, agent_id=TWO, ended_by="agent")  # type: ignore[arg-type]
    second = ev.WrapUpEnded(**done, agent_id=ONE, ended_by="timer")  # type: ignore[arg-type]
    call = calls.advance(call, first)
    assert (call.state, call.wrapping) == ("wrap_up", (ONE,))
    assert calls.advance(call, second).state == "ended"


# --- pictures of Asterisk -----------------------------------------------------------------------


def _picture(context: str, bridges: tuple[str, str, str], *, up: bool = True) -> rec.Snapshot:
    """Customer, agent 1001 and agent 1002, in these bridges."""
    told = rec.CallVars(call_id="c-1", trunk="carrier")
    names = ("trunk-carrier-01", "1001-02", "1002-03")
    contexts = (context, transfers.CONSULT_CONTEXT, "from-phone")
    legs = tuple(
        rec.Leg(
            channel=f"PJSIP/{name}",
            uniqueid=f"lab-100.{n}",
            linkedid="lab-100.0",
            context=place,
            up=up or n < 2,
            bridge=bridge,
            vars=told,
        )
        for n, (name, place, bridge) in enumerate(zip(names, contexts, bridges, strict=True))
    )
    members = tuple(
        rec.Member(queue=SERVICE, member_name=a, interface=f"PJSIP/{a}", device="in_use")
        for a in (ONE, TWO)
    )
    return rec.Snapshot(
        at=200.0, queues=(SERVICE,), members=members, waiting=(), legs=legs, server="lab"
    )


@pytest.mark.parametrize(
    ("picture", "state", "colleague"),
    [
        (_picture("hotline-wait", ("wait", "two", "two")), "consulting", "on_call"),
        (_picture("hotline-wait", ("wait", "", ""), up=False), "consulting", "ringing"),
        (_picture("hotline-conference", ("all", "all", "all")), "conference", "on_call"),
        (_picture("hotline-wait", ("one", "one", "")), "connected", "on_call"),
    ],
)
def test_an_engine_that_knows_nothing_learns_a_consultation(
    picture: rec.Snapshot, state: str, colleague: str
) -> None:
    world = World(RULES)
    apply_snapshot(world, picture)
    [call] = world.calls.values()
    assert (call.state, call.agent_id) == (state, ONE)
    assert (world.agents[ONE].state, world.agents[TWO].state) == ("on_call", colleague)
    assert world.take_rejections() == []
    known = msgspec.structs.replace(picture, at=201.0)
    kinds = {type(e) for e in apply_snapshot(world, known)}
    assert kinds <= {ev.EngineResynchronised, ev.AgentStateChanged}
    assert [c.state for c in world.calls.values()] == [state]


@pytest.mark.parametrize(
    ("before", "between", "after"),
    [
        ("hotline-inbound", ("", "", ""), ("one", "one", "")),
        ("hotline-wait", ("wait", "", ""), ("one", "one", "")),
    ],
)
def test_a_picture_between_two_bridges_ends_no_conversation(
    before: str, between: tuple[str, str, str], after: tuple[str, str, str]
) -> None:
    """Told that they are connected, or that the consultation is over, but not bridged yet."""
    world = World(RULES)
    bridges = ("one", "one", "") if before == "hotline-inbound" else ("wait", "", "")
    apply_snapshot(world, _picture(before, bridges, up=False))
    [call] = world.calls.values()
    assert call.state == ("consulting" if before == "hotline-wait" else "connected")

    def without_two(bridges: tuple[str, str, str], at: float) -> rec.Snapshot:
        whole = _picture(before, bridges)
        return msgspec.structs.replace(whole, at=at, legs=whole.legs[:2])

    told = apply_snapshot(world, without_two(between, 201.0))
    assert [(c.state, c.agent_id) for c in world.calls.values()] == [("connected", ONE)]
    told += apply_snapshot(world, without_two(after, 202.0))
    assert [(c.state, c.attempts) for c in world.calls.values()] == [("connected", 1)]
    assert not any(isinstance(e, ev.CallCompleted | ev.CallQueued) for e in told)
    assert world.agents[ONE].state == "on_call"
    assert world.take_rejections() == []
    left = msgspec.structs.replace(without_two(("", "", ""), 203.0))
    apply_snapshot(world, msgspec.structs.replace(left, legs=left.legs[:1]))
    assert [c.state for c in world.calls.values()] == ["leaving"]


def test_a_caller_who_was_answered_but_is_not_bridged_yet_has_not_left_the_queue() -> None:
    world = World(RULES)
    whole = _picture("hotline-inbound", ("", "", ""))
    place = rec.Waiting(queue=SERVICE, uniqueid="lab-100.0", position=1, wait_time=4.0, priority=0)
    ringing = msgspec.structs.replace(whole.legs[1], up=False)
    waits = msgspec.structs.replace(whole, waiting=(place,), legs=(whole.legs[0], ringing))
    apply_snapshot(world, waits)
    assert [c.state for c in world.calls.values()] == ["ringing"]
    answered = msgspec.structs.replace(whole, at=203.0, legs=whole.legs[:2])
    told = apply_snapshot(world, answered)
    assert [(c.state, c.agent_id) for c in world.calls.values()] == [("connected", ONE)]
    assert not any(isinstance(e, ev.CallLeftQueue | ev.CallQueued) for e in told)
    assert world.take_rejections() == []


def _after(context: str, bridge: str, *, up: bool = True) -> rec.Snapshot:
    """Customer and agent 1002; agent 1001 is out."""
    whole = _picture(context, (bridge, "", bridge), up=up)
    legs = [leg for leg in whole.legs if "1001" not in leg.channel]
    return msgspec.structs.replace(whole, legs=tuple(legs))


@pytest.mark.parametrize(
    ("picture", "kind", "state"),
    [
        (_after("hotline-to-agent", "", up=False), "agent", "transferring"),
        (_after("hotline-to-agent", "both"), "agent", "connected"),
        (_after("hotline-wait", "both"), "attended", "connected"),
    ],
)
def test_a_transfer_that_nobody_saw_is_no_second_wait_in_the_queue(
    picture: rec.Snapshot, kind: str, state: str
) -> None:
    world = World(RULES)
    apply_snapshot(world, _picture("hotline-inbound", ("one", "one", "")))
    assert [(c.state, c.agent_id) for c in world.calls.values()] == [("connected", ONE)]
    told = apply_snapshot(world, msgspec.structs.replace(picture, at=300.0))
    [call] = world.calls.values()
    assert (call.state, call.transfers, call.attempts) == (state, 1, 1)
    assert [e.kind for e in told if isinstance(e, ev.CallTransferred)] == [kind]
    assert not any(isinstance(e, ev.CallQueued) for e in told)
    assert world.agents[ONE].state == "wrap_up"
    assert world.agents[TWO].state == ("ringing" if state == "transferring" else "on_call")
    assert world.take_rejections() == []
    if state == "transferring":
        apply_snapshot(world, msgspec.structs.replace(_after("hotline-to-agent", "b"), at=301.0))
        assert [(c.state, c.agent_id) for c in world.calls.values()] == [("connected", TWO)]


def test_a_phone_that_was_answered_before_the_picture_has_the_customer() -> None:
    """The dialplan's word of it came before, too; only the bridge is still to come."""
    world = World(RULES)
    apply_snapshot(world, _picture("hotline-inbound", ("one", "one", "")))
    ringing = _after("hotline-to-agent", "", up=False)
    apply_snapshot(world, msgspec.structs.replace(ringing, at=300.0))
    assert [c.state for c in world.calls.values()] == ["transferring"]
    apply_snapshot(world, msgspec.structs.replace(_after("hotline-to-agent", ""), at=301.0))
    assert [(c.state, c.agent_id) for c in world.calls.values()] == [("connected", TWO)]
    assert world.agents[TWO].state == "on_call"
    assert world.take_rejections() == []


def test_a_colleague_who_has_the_customer_after_the_agents_end_is_no_second_wait() -> None:
    """The agent's leg was seen to go; the word that the colleague stays was not heard."""
    world = World(RULES)
    apply_snapshot(world, _picture("hotline-wait", ("wait", "two", "two")))
    [call] = world.calls.values()
    assert call.state == "consulting"
    transfers.agent_left(world, call, 250.0, "agent")
    assert [c.state for c in world.calls.values()] == ["leaving"]
    world.take()
    told = apply_snapshot(world, msgspec.structs.replace(_after("hotline-wait", "b"), at=300.0))
    [call] = world.calls.values()
    assert (call.state, call.agent_id, call.attempts) == ("connected", TWO, 1)
    assert not any(isinstance(e, ev.CallQueued) for e in told)
    assert world.take_rejections() == []


@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_picture_without_the_call_ends_it_at_any_moment(name: str) -> None:
    stream = _stream(name)
    empty = rec.Snapshot(at=2e9, queues=(), members=(), waiting=(), legs=())
    for cut in range(0, len(stream), 11):
        world = World(RULES)
        testing.replay(world, stream[:cut])
        apply_snapshot(world, empty)
        assert {c.state for c in world.calls.values()} <= {"ended"}
        assert {a.state for a in world.agents.values()} <= {"logged_out"}
        assert world.take_rejections() == []


# --- orders -------------------------------------------------------------------------------------


class NoBriefs:
    """No customer is known."""

    async def brief(self, customer_id: CustomerId) -> str | None:
        return None


async def _engine(name: str, last: str) -> tuple[Engine[str], testing.FakeLink]:
    """Return an engine that has seen a recording up to its first event ``last``."""
    ami = AmiConfig(username="cti", secret="x")
    engine: Engine[str] = Engine(
        EngineConfig(ami=ami, rules=RULES),
        briefs=NoBriefs(),
        journal=MemoryJournal(),
        clock=lambda: 1.0,
        link=testing.FakeLink,
    )
    await engine.start()
    link = cast(testing.FakeLink, engine.link)
    link.boot()
    await engine.wait_in_step()
    stream = _stream(name)
    place = next(i for i, m in enumerate(stream) if last in (m.event, m.get("UserEvent"))) + 1
    link.say(*stream[:place])
    for _ in range(30):
        await asyncio.sleep(0)
    link.sent.clear()
    link.status = (
        Message({"Event": "Status", "Channel": "PJSIP/1001-00000001", "BridgeID": "b"}, {}),
    )
    return engine, link


def _sent(link: testing.FakeLink) -> list[tuple[str, ...]]:
    out = []
    for action in link.sent:
        fields = dict(action.fields)
        if action.name == "Redirect":
            keys = ("Context", "Exten", "ExtraContext", "ExtraExten")
            out.append(("Redirect", *(fields[k] for k in keys if k in fields)))
        elif action.name == "Setvar":
            out.append(("Setvar", fields["Variable"], fields["Value"]))
        elif action.name == "Hangup":
            out.append(("Hangup",))
    return out


async def test_orders_name_contexts_of_the_dialplan() -> None:
    engine, link = await _engine("transfer_agent", "AgentConnect")
    engine.control._until = _at_once
    await engine.control.transfer_to_queue(ONE, VIP, "loans")
    await engine.control.transfer_to_agent(ONE, TWO)
    await engine.control.consult(ONE, TWO)
    assert _sent(link) == [
        ("Setvar", "__" + cv.REASON, "loans"),
        ("Redirect", "hotline-to-queue", "vip"),
        ("Setvar", "__" + cv.TARGET, "1002"),
        ("Redirect", "hotline-to-agent", "1002"),
        ("Setvar", "__" + cv.TARGET, "1002"),
        ("Setvar", "__" + cv.CUSTOMER_CHANNEL, "PJSIP/trunk-carrier-00000003"),
        ("Setvar", cv.PARTNER, "PJSIP/1001-00000001"),
        ("Redirect", "hotline-wait", "customer", "hotline-consult", "1002"),
    ]
    plan = (ROOT / "dialplans" / "transfer.conf.j2").read_text()
    for context in (
        transfers.TO_QUEUE_CONTEXT,
        transfers.TO_AGENT_CONTEXT,
        transfers.WAIT_CONTEXT,
        transfers.CONSULT_CONTEXT,
        transfers.CONFERENCE_CONTEXT,
    ):
        assert f"[{context}]" in plan
    await engine.stop()


async def _at_once(_: object) -> None:
    """Do not wait: the faked Asterisk tells nothing."""


async def test_a_conference_waits_until_the_two_are_bridged(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(control, "_BETWEEN", 0.0)
    engine, link = await _engine("conference", "HotlineAgentAnswered")
    engine.control._until = _at_once
    link.status = ()
    with pytest.raises(NotAllowedNowError, match="being connected"):
        await engine.control.conference(ONE)
    assert _sent(link) == []
    link.status = (Message({"Event": "Status", "BridgeID": "b"}, {}),)
    await engine.control.conference(ONE)
    assert _sent(link) == [("Redirect", "hotline-conference", "customer")]
    await engine.stop()


@pytest.mark.parametrize(
    ("order", "match"),
    [("complete_transfer", "consults nobody"), ("cancel_consult", "consults nobody")],
)
async def test_orders_that_do_not_fit_send_nothing(order: str, match: str) -> None:
    engine, link = await _engine("transfer_agent", "AgentConnect")
    with pytest.raises(NotAllowedNowError, match=match):
        await getattr(engine.control, order)(ONE)
    with pytest.raises(NotAllowedNowError, match="no call now"):
        await engine.control.transfer_to_queue(TWO, VIP)
    with pytest.raises(NotAllowedNowError, match="printable"):
        await engine.control.transfer_to_queue(ONE, VIP, "a\nb")
    assert _sent(link) == []
    await engine.stop()


def test_words_after_the_customers_end_mean_nothing() -> None:
    world = World(RULES)
    testing.replay(world, _stream("attended_transfer"))
    [call] = world.calls.values()
    late = testing.replay(
        world, [m for m in _stream("attended_transfer") if m.get("UserEvent") in _WORDS]
    )
    assert (late, world.calls[CallId(call.call_id)]) == ([], call)


_WORDS = ("HotlineTransferred", "HotlineConsultStarted", "HotlineAgentAnswered")


def test_the_page_of_state_machines_is_up_to_date() -> None:
    page = (ROOT / "docs" / "state-machines.md").read_text(encoding="utf-8")
    assert page == mermaid.page(), "run: python -m cti.core.mermaid > docs/state-machines.md"


def test_an_agents_hang_up_counts_even_if_the_customers_channel_is_told_first() -> None:
    world = World(RULES)
    stream = testing.messages((FIXTURES / "transfer_agent.ami").read_bytes())
    end = next(
        n for n, m in enumerate(stream) if "CallConnected 1002" in _connections(stream[: n + 1])
    )
    testing.replay(world, stream[: end + 1])
    [call] = [c for c in world.calls.values() if not c.over]
    world.trace(call.call_id).hangups.add(world.agent(TWO, 0.0).leg_uniqueid)
    world.take()
    end_call(world, call, call.connected_at or 0.0, 16)
    told = [e for e in world.take() if isinstance(e, ev.CallCompleted | ev.CallEnded)]
    assert [e.ended_by for e in told] == ["agent", "agent"]


def _connections(stream: Sequence[Message]) -> list[str]:
    events = testing.replay(World(RULES), stream)
    return [f"CallConnected {e.agent_id}" for e in events if isinstance(e, ev.CallConnected)]
