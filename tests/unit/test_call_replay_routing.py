"""Recordings of a real Asterisk in which callers are sent on: last agent, overflow, orders."""

from pathlib import Path

import pytest

from cti import testing
from cti.core import events as ev
from cti.core.ids import QueueName
from cti.core.own_queue import OWN
from cti.core.world import Rules, World

FIXTURES = Path(__file__).parents[1] / "fixtures" / "ami"
SERVICE, VIP = QueueName("service"), QueueName("vip")


def replay(name: str, seed: int = 1) -> tuple[World, list[ev.DomainEvent]]:
    rules = Rules(pseudonym_key=b"k" * 16, wrap_up={SERVICE: 12.0, VIP: 34.0}, default_wrap_up=5.0)
    world = World(rules)
    recording = (FIXTURES / f"{name}.ami").read_bytes()
    return world, testing.replay(world, testing.messages(recording, seed))


def way(events: list[ev.DomainEvent]) -> list[str]:
    """Return the first caller's way through queues and phones, in short."""
    first = next(e.call_id for e in events if isinstance(e, ev.CallArrived))
    out = []
    for e in events:
        if not isinstance(e, ev.CallEvent) or e.call_id != first:
            continue
        match e:
            case ev.CallQueued():
                out.append(f"queued {e.queue} {e.priority}")
            case ev.CallLeftQueue():
                out.append(f"left {e.queue} {e.status}")
            case ev.AgentRinging() | ev.AgentMissed() | ev.CallConnected():
                out.append(f"{type(e).__name__} {e.agent_id} {e.queue}")
            case ev.CallAbandoned():
                out.append(f"abandoned {e.queue}")
            case ev.VoicemailLeft():
                out.append(f"message of {e.seconds} s")
            case ev.CallEnded():
                out.append(f"ended {e.ended_by}")
    return out


WAYS = {
    "last_agent": [
        "queued hotline-own 0",
        "AgentRinging 1002 hotline-own",
        "CallConnected 1002 hotline-own",
        "ended caller",
    ],
    "last_agent_missed": [
        "queued hotline-own 0",
        "AgentRinging 1001 hotline-own",
        "AgentMissed 1001 hotline-own",
        "left hotline-own TIMEOUT",
        "queued service 0",
        "AgentRinging 1002 service",
        "abandoned service",
        "ended caller",
    ],
    "overflowed": [
        "queued vip 7",
        "left vip WITHDRAW",
        "queued service 17",
        "abandoned service",
        "ended caller",
    ],
    "voicemail": [
        "queued service 0",
        "left service WITHDRAW",
        "message of 3 s",
        "ended caller",
    ],
    "moved_by_supervisor": [
        "queued service 0",
        "left service WITHDRAW",
        "queued vip 40",
        "AgentRinging 1002 vip",
        "CallConnected 1002 vip",
        "ended caller",
    ],
}


@pytest.mark.parametrize("seed", [1, 7])
@pytest.mark.parametrize("name", sorted(WAYS))
def test_a_caller_who_is_sent_on_stays_one_call(name: str, seed: int) -> None:
    world, events = replay(name, seed)
    assert way(events) == WAYS[name]
    assert world.take_rejections() == []
    assert {call.state for call in world.calls.values()} == {"ended"}


def test_the_wrap_up_after_the_own_agents_queue_is_that_of_the_chosen_queue() -> None:
    world, events = replay("last_agent")
    [routed] = [e for e in events if isinstance(e, ev.CallRouted)]
    assert (routed.queue, routed.reasons) == (SERVICE, ("last-agent=1002",))
    [wrapped] = [e for e in events if isinstance(e, ev.WrapUpStarted)]
    assert (wrapped.queue, wrapped.until - wrapped.at) == (OWN, 12.0)
    [call] = world.calls.values()
    assert call.served_as == SERVICE


@pytest.mark.parametrize("name", sorted(WAYS))
def test_the_journals_text_alone_rebuilds_the_call(name: str) -> None:
    world, events = replay(name)
    again = World(Rules(pseudonym_key=b"k" * 16))
    again.restore(ev.DECODER.decode(ev.ENCODER.encode(event)) for event in events)
    same = ("state", "outcome", "misses", "attempts", "agent_id", "routed", "priority", "steps")
    for call_id, call in world.calls.items():
        copy = again.calls[call_id]
        assert [getattr(copy, f) for f in same] == [getattr(call, f) for f in same]
    assert again.take_rejections() == []
