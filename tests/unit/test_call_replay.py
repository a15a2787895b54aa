"""Recordings of a real Asterisk, through the real framing and fold, give exactly these events."""

import random
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from cti import ami_events, testing
from cti.ami.framing import Framer, Message
from cti.core import agents as agent_machine
from cti.core import calls as call_machine
from cti.core import events as ev
from cti.core.fold import apply
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from cti.core.resync import apply_snapshot
from cti.core.world import Rules, World

FIXTURES = Path(__file__).parents[1] / "fixtures" / "ami"
KEY = b"a key for tests, 16+"
NAMES = sorted(path.stem for path in FIXTURES.glob("*.ami"))
ONE = AgentId("1001")
SERVICE = QueueName("service")


def _world(wrap_up: float = 20.0) -> World:
    return World(Rules(pseudonym_key=KEY, default_wrap_up=wrap_up))


def _messages(name: str, seed: int | None = None) -> list[Message]:
    return testing.messages((FIXTURES / f"{name}.ami").read_bytes(), seed)


def _replay(name: str, seed: int = 1) -> tuple[World, list[ev.DomainEvent]]:
    world = _world()
    return world, testing.replay(world, _messages(name, seed))


def _told(events: Sequence[ev.DomainEvent]) -> list[str]:
    """Return the events in short: kind, then what tells one from another."""
    out = []
    for e in events:
        match e:
            case ev.AgentStateChanged():
                out.append(f"{e.agent_id} {e.state}")
            case ev.CallCompleted() | ev.CallEnded():
                out.append(f"{type(e).__name__} {e.ended_by}")
            case ev.CallLeftQueue():
                out.append(f"CallLeftQueue {e.status}")
            case ev.WrapUpEnded():
                out.append(f"WrapUpEnded {e.ended_by}")
            case _:
                out.append(type(e).__name__)
    return out


MENU = [
    "CallArrived",
    "CallerRecognised",
    "MenuEntered",
    "CallerVerified",
    "SelfServiceDone",
    "CallQueued",
]
RING = ["AgentRinging", "1001 ringing"]
ANSWER = ["CallConnected", "1001 on_call"]
SIGN_OUT = ["WrapUpEnded agent", "1001 logged_out"]
EXPECTED = {
    "answered_caller_ends": [
        "1001 available",
        *MENU,
        *RING,
        *ANSWER,
        "CallHeld",
        "1001 on_hold",
        "CallResumed",
        "1001 on_call",
        "CallCompleted caller",
        "WrapUpStarted",
        "1001 wrap_up",
        "CallEnded caller",
        *SIGN_OUT,
    ],
    "answered_agent_ends": [
        "1001 available",
        *MENU,
        *RING,
        *ANSWER,
        "CallCompleted agent",
        "WrapUpStarted",
        "1001 wrap_up",
        "CallEnded agent",
        *SIGN_OUT,
    ],
    "abandoned": [
        "1001 available",
        *MENU,
        *RING,
        "CallAbandoned",
        "1001 available",
        "CallEnded caller",
        "1001 logged_out",
    ],
    "missed_then_answered": [
        "1001 available",
        *MENU,
        *RING,
        "AgentMissed",
        "1001 available",
        *RING,
        *ANSWER,
        "CallCompleted agent",
        "WrapUpStarted",
        "1001 wrap_up",
        "CallEnded agent",
        *SIGN_OUT,
    ],
    "left_on_timeout": [
        "1001 available",
        *MENU,
        *RING,
        "AgentMissed",
        "1001 available",
        "CallLeftQueue TIMEOUT",
        "CallEnded system",
        "1001 logged_out",
    ],
    "menu_lost": [
        "1001 available",
        "CallArrived",
        "MenuLost",
        "CallQueued",
        *RING,
        *ANSWER,
        "CallCompleted agent",
        "WrapUpStarted",
        "1001 wrap_up",
        "CallEnded agent",
        *SIGN_OUT,
    ],
    "busy_agent": [
        "1001 available",
        *MENU,
        *(3 * [*RING, "AgentMissed", "1001 available"]),
        "CallLeftQueue TIMEOUT",
        "CallEnded system",
        "1001 logged_out",
    ],
}


@pytest.mark.parametrize("seed", [1, 2, 3])
@pytest.mark.parametrize("name", sorted(EXPECTED))
def test_a_recording_gives_exactly_these_events(name: str, seed: int) -> None:
    world, events = _replay(name, seed)
    assert _told(events) == EXPECTED[name]
    assert world.take_rejections() == []
    assert {c.state for c in world.calls.values()} == {"ended"}
    assert {a.state for a in world.agents.values()} == {"logged_out"}


def test_the_details_of_an_answered_call() -> None:
    world, events = _replay("answered_caller_ends")
    [call] = world.calls.values()
    by_type = {type(e): e for e in events}
    arrived = by_type[ev.CallArrived]
    assert isinstance(arrived, ev.CallArrived)
    assert (arrived.uniqueid, arrived.dnis, arrived.trunk, arrived.server) == (
        "lab-1795472414.2",
        "95588",
        "carrier",
        "lab",
    )
    assert len(arrived.caller_pseudonym) == 32
    assert "13800138000" not in msgspec.json.encode(events).decode()
    assert world.trace(call.call_id).caller_number == "+8613800138000"
    entered = by_type[ev.MenuEntered]
    assert isinstance(entered, ev.MenuEntered)
    assert entered.language == "zh"  # not the header ``Language: en`` of the channel
    queued = by_type[ev.CallQueued]
    assert isinstance(queued, ev.CallQueued)
    assert (queued.queue, queued.position, queued.priority, queued.reason) == (
        "service",
        1,
        20,
        "balance",
    )
    connected = by_type[ev.CallConnected]
    assert isinstance(connected, ev.CallConnected)
    assert connected.wait_time == pytest.approx(1.019, abs=0.001)
    assert connected.ring_time == pytest.approx(1.018, abs=0.001)
    completed = by_type[ev.CallCompleted]
    assert isinstance(completed, ev.CallCompleted)
    assert completed.talk_time == pytest.approx(3.494, abs=0.001)
    started = by_type[ev.WrapUpStarted]
    assert isinstance(started, ev.WrapUpStarted)
    assert started.until == pytest.approx(completed.at + 20.0)
    assert (call.customer_id, call.verified) == (CustomerId("C0000001"), "pin")
    assert call.menu_path == "welcome>balance>agent"
    assert (call.outcome, call.ended_by, call.cause, call.misses) == (
        "answered",
        "caller",
        16,
        0,
    )


def test_events_come_in_the_order_of_asterisks_clock_within_a_call() -> None:
    for name in EXPECTED:
        _, events = _replay(name)
        times = [e.at for e in events if isinstance(e, ev.CallEvent)]
        assert times == sorted(times), name


def test_no_wrap_up_frees_the_agent_at_once() -> None:
    world = _world(wrap_up=0.0)
    events = testing.replay(world, _messages("answered_agent_ends"))
    told = _told(events)
    assert told[told.index("CallCompleted agent") + 1] == "1001 available"
    assert not any(isinstance(e, ev.WrapUpStarted) for e in events)


def test_a_withheld_number_has_no_pseudonym() -> None:
    world, events = _replay("resync")
    arrived = [e for e in events if isinstance(e, ev.CallArrived)]
    assert [bool(e.caller_pseudonym) for e in arrived] == [True, False]
    assert world.trace(arrived[1].call_id).caller_number == "anonymous"


def test_the_journal_alone_rebuilds_the_calls() -> None:
    world, events = _replay("missed_then_answered")
    again = _world()
    again.restore(events)
    [call], [copy] = world.calls.values(), again.calls.values()
    same = ("state", "outcome", "misses", "attempts", "agent_id", "ended_by", "customer_id")
    assert [getattr(copy, f) for f in same] == [getattr(call, f) for f in same]
    assert again.agents[ONE].state == "logged_out"
    assert again.take_rejections() == []


# --- snapshots ------------------------------------------------------------------------------


def _pictures() -> list[tuple[int, Message, list[Message], list[Message]]]:
    """Return the three pictures in the recording: place, response, channels and queues."""
    stream = _messages("resync")
    out = []
    for n in "123":
        channels = [m for m in stream if m.action_id == f"ch-{n}" and m.event]
        queues = [m for m in stream if m.action_id == f"qs-{n}" and m.event]
        place = next(i for i, m in enumerate(stream) if m.action_id == f"ch-{n}")
        out.append((place, stream[place], channels, queues))
    return out


def _at(stream: Sequence[Message]) -> float:
    return max(float(m.get("Timestamp", "0")) for m in stream if m.event)


def test_a_picture_of_a_state_that_is_known_changes_nothing() -> None:
    stream = _messages("resync")
    for place, _, channels, queues in _pictures():
        world = _world()
        testing.replay(world, stream[:place])
        picture = ami_events.snapshot(_at(stream[:place]) + 0.01, "lab", channels, queues)
        calls = {c.call_id: c.state for c in world.calls.values()}
        events = apply_snapshot(world, picture)
        kinds = [type(e) for e in events if not isinstance(e, ev.AgentStateChanged)]
        assert kinds == [ev.EngineResynchronised]
        assert {c.call_id: c.state for c in world.calls.values()} == calls
        assert world.living() == [c for c in world.calls.values() if not c.over]
        assert world.agents[AgentId("1002")].state == "wrap_up"  # adopted: nobody ran its timer


def test_an_engine_that_knows_nothing_learns_everything_from_a_picture() -> None:
    _, _, channels, queues = _pictures()[1]
    world = _world()
    events = apply_snapshot(world, ami_events.snapshot(1795472740.0, "lab", channels, queues))
    states = sorted((c.state, c.caller_pseudonym != "") for c in world.calls.values())
    assert states == [("connected", True), ("queued", False)]
    assert all(e.rebuilt for e in events if not isinstance(e, ev.EngineResynchronised))
    agent = world.agents[ONE]
    assert (agent.state, [m.queue for m in agent.memberships]) == ("on_call", ["service", "vip"])
    stale = world.agents[AgentId("1002")]
    assert (stale.state, stale.wrap_up_until) == ("wrap_up", 1795472735 + 20.0)
    assert world.take_rejections() == []
    # …and goes on with live events as if it had been there.
    place = _pictures()[1][0]
    more = testing.replay(world, _messages("resync")[place:])
    assert [t for t in _told(more) if t.startswith("Call")] == [
        "CallAbandoned",
        "CallEnded caller",
    ]


def test_a_ringing_phone_is_learnt_from_a_picture() -> None:
    _, _, channels, queues = _pictures()[0]
    world = _world()
    apply_snapshot(world, ami_events.snapshot(1795472738.0, "lab", channels, queues))
    ringing = [c for c in world.calls.values() if c.state == "ringing"]
    assert [a for a, _ in ringing[0].ringing] == [ONE]
    assert world.agents[ONE].state == "ringing"


def test_calls_and_agents_that_are_gone_end_as_rebuilt() -> None:
    place = _pictures()[2][0]
    world = _world()
    testing.replay(world, _messages("resync")[:place])
    events = apply_snapshot(world, ami_events.snapshot(1795472750.0, "lab", [], []))
    assert {c.state for c in world.calls.values()} == {"ended"}
    assert {a.state for a in world.agents.values()} == {"logged_out"}
    told = _told(events)
    assert "CallAbandoned" in told
    assert "CallCompleted system" in told
    assert all(e.rebuilt for e in events[:-1])


# --- streams that no Asterisk would send ----------------------------------------------------


def _spoil(stream: list[Message], rng: random.Random) -> list[Message]:
    """Reorder neighbours, repeat and lose messages, and cut the end off."""
    out = []
    for message in stream:
        if rng.random() < 0.15:
            continue
        out.append(message)
        if rng.random() < 0.1:
            out.append(rng.choice(out))
    for _ in range(rng.randrange(6)):
        if len(out) > 2:
            i = rng.randrange(len(out) - 1)
            out[i], out[i + 1] = out[i + 1], out[i]
    return out[: rng.randrange(1, len(out) + 1)] if out else out


def test_spoilt_streams_stay_legal_and_converge_after_a_picture() -> None:
    place, _, channels, queues = _pictures()[1]
    recorded = [m for name in NAMES if name != "resync" for m in _messages(name) if m.event]
    recorded += [m for m in _messages("resync")[:place] if m.event]  # then the picture is taken
    picture = ami_events.snapshot(1795472740.0, "lab", channels, queues)
    for seed in range(60):
        world = _world()
        rng = random.Random(seed)  # noqa: S311 -- reproducible test data, no secret
        for message in _spoil(recorded, rng):
            record = ami_events.decode(message, 0.0)
            if record is not None:
                apply(world, record)
        for call in world.calls.values():
            assert call.state in call_machine.TABLE.rows
            if call.state not in ("transferring", "consulting"):
                assert bool(call.ringing) == (call.state == "ringing")
        for agent in world.agents.values():
            assert agent.state in agent_machine.TABLE.rows
        world.take_rejections()
        apply_snapshot(world, picture)
        alive = sorted((c.state, c.queue) for c in world.calls.values() if not c.over)
        assert alive == [("connected", SERVICE), ("queued", SERVICE)], seed
        assert world.agents[ONE].state == "on_call", seed
        connected = next(c for c in world.calls.values() if c.state == "connected")
        assert world.agents[ONE].call_id == connected.call_id
        assert world.agents[AgentId("1002")].state == "wrap_up"


def test_a_stream_cut_at_any_message_loses_nothing_before_the_cut() -> None:
    stream = _messages("missed_then_answered")
    _, whole = _replay("missed_then_answered")
    for cut in range(len(stream)):
        events = testing.replay(_world(), stream[:cut])
        assert events == whole[: len(events)]


def test_a_call_that_was_wrongly_thought_to_be_over_comes_back() -> None:
    place, _, channels, queues = _pictures()[1]
    stream = _messages("resync")
    world = _world()
    events = testing.replay(world, stream[:place])
    last = _messages("resync")[-20:]
    gone = [m for m in last if m.event == "Hangup"]
    events += testing.replay(world, gone)
    ended = [c for c in world.calls.values() if c.state == "ended"]
    assert len(ended) == 1
    picture = ami_events.snapshot(1795472760.0, "lab", channels, queues)
    events += apply_snapshot(world, picture)
    assert world.calls[ended[0].call_id].state == "queued"
    again = _world()
    again.restore(events)
    assert again.calls[ended[0].call_id].state == "queued"
    assert again.take_rejections() == []


def test_malformed_events_are_named_and_nothing_else() -> None:
    stream = Framer()
    stream.feed(b"Asterisk Call Manager/11.0.0\r\n")
    hostile = (
        b"Event: Hangup\r\nChannel: x\r\n\r\n"
        b"Event: Hangup\r\nUniqueid: 1.1\r\nCause: nan\r\n\r\n"
        b"Event: QueueCallerJoin\r\nUniqueid: 1.1\r\nPosition: first\r\n\r\n"
        b"Event: UserEvent\r\nUserEvent: HotlineVerified\r\nUniqueid: 1.1\r\n\r\n"
        b"Event: QueueMemberStatus\r\nQueue: service\r\n\r\n"
    )
    for message in stream.feed(hostile):
        with pytest.raises(ami_events.MalformedEventError):
            ami_events.decode(message, 0.0)


def test_a_user_event_cannot_speak_for_another_call() -> None:
    world = _world()
    stream = _messages("answered_agent_ends")
    for message in stream:
        if message.get("UserEvent") == "HotlineVerified":
            message.headers["call_id"] = "00000000-0000-4000-8000-000000000000"
    events = testing.replay(world, stream)
    assert not any(isinstance(e, ev.CallerVerified) for e in events)
    [refused] = world.take_rejections()
    assert refused.what == "Verified"
    assert CallId("00000000-0000-4000-8000-000000000000") not in world.calls
