"""An agent's state follows the phone, pauses and memberships that Asterisk reports."""

from pathlib import Path

import pytest

from cti import testing
from cti.ami.framing import Message
from cti.core import events as ev
from cti.core.agents import RESERVED, TABLE, Agent, step
from cti.core.events import AgentState
from cti.core.ids import AgentId
from cti.core.machine import IllegalTransitionError
from cti.core.world import Rules, World

FIXTURES = Path(__file__).parents[1] / "fixtures" / "ami"
ONE = AgentId("1001")


def _member(event: str, at: float, queue: str = "service", **headers: str) -> Message:
    known = {
        "Event": event,
        "Timestamp": str(at),
        "Queue": queue,
        "MemberName": "1001",
        "Interface": "PJSIP/1001",
        "Penalty": "0",
        "Status": "1",
        "Paused": "0",
        "PausedReason": "",
    }
    return Message(known | headers, {})


class Play:
    """A world in which 1001 has signed in to one queue."""

    def __init__(self) -> None:
        self.world = World(Rules(pseudonym_key=b"k" * 16, default_wrap_up=20.0))
        self.say(_member("QueueMemberAdded", 1.0))

    def say(self, *messages: Message) -> list[ev.DomainEvent]:
        return testing.replay(self.world, messages)

    @property
    def agent(self) -> Agent:
        return self.world.agents[ONE]


@pytest.mark.parametrize(("reason", "after"), [("meeting", "meeting"), (RESERVED, "")])
def test_a_pause_behind_a_call_and_its_wrap_up_survives_our_restart(
    reason: str, after: str
) -> None:
    states: list[tuple[AgentState, str]] = [
        ("available", ""),
        ("paused", reason),
        ("ringing", ""),
        ("on_call", ""),
        ("wrap_up", "wrap-up"),
    ]
    world = World(Rules(pseudonym_key=b"k" * 16))
    world.restore(
        ev.AgentStateChanged(at=float(at), agent_id=ONE, state=state, reason=why)
        for at, (state, why) in enumerate(states)
    )
    assert (world.agents[ONE].state, world.agents[ONE].pause_reason) == ("wrap_up", after)
    world.restore([ev.AgentStateChanged(at=9.0, agent_id=ONE, state="available")])
    assert world.agents[ONE].pause_reason == ""


def test_a_busy_phone_is_a_call_of_ones_own() -> None:
    play = Play()
    [busy] = play.say(_member("QueueMemberStatus", 2.0, Status="2"))
    assert isinstance(busy, ev.AgentStateChanged)
    assert (busy.state, busy.call_id, busy.at) == ("on_call", None, 2.0)
    [free] = play.say(_member("QueueMemberStatus", 3.0, Status="1"))
    assert isinstance(free, ev.AgentStateChanged)
    assert free.state == "available"


def test_an_unreachable_phone_ends_it_too() -> None:
    play = Play()
    play.say(_member("QueueMemberStatus", 2.0, Status="2"))
    play.say(_member("QueueMemberStatus", 3.0, Status="5"))
    assert (play.agent.state, play.agent.device) == ("available", "unreachable")


def test_pauses_in_several_queues_are_one_pause() -> None:
    play = Play()
    play.say(_member("QueueMemberAdded", 1.5, queue="vip"))
    pauses = [
        _member("QueueMemberPause", 2.0, queue=q, Paused="1", PausedReason="lunch")
        for q in ("service", "vip")
    ]
    [paused] = play.say(*pauses)
    assert isinstance(paused, ev.AgentStateChanged)
    assert (paused.state, paused.reason) == ("paused", "lunch")
    [changed] = play.say(_member("QueueMemberPause", 3.0, Paused="1", PausedReason="training"))
    assert isinstance(changed, ev.AgentStateChanged)
    assert (changed.reason, play.agent.since) == ("training", 2.0)
    unpaused = [_member("QueueMemberPause", 4.0, queue=q) for q in ("service", "vip")]
    assert len(play.say(*unpaused)) == 1
    assert play.agent.state == "available"


def test_the_last_membership_decides_who_is_signed_in() -> None:
    play = Play()
    play.say(_member("QueueMemberAdded", 1.5, queue="vip"))
    assert play.say(_member("QueueMemberRemoved", 2.0)) == []
    [gone] = play.say(_member("QueueMemberRemoved", 3.0, queue="vip"))
    assert isinstance(gone, ev.AgentStateChanged)
    assert gone.state == "logged_out"


def test_a_new_penalty_is_noted() -> None:
    play = Play()
    play.say(_member("QueueMemberPenalty", 2.0, Penalty="7"))
    assert [(m.queue, m.penalty) for m in play.agent.memberships] == [("service", 7)]


def test_signing_out_in_a_call_ends_with_the_call_and_without_wrap_up() -> None:
    play = Play()
    stream = testing.messages((FIXTURES / "answered_agent_ends.ami").read_bytes())
    place = next(i for i, m in enumerate(stream) if m.event == "AgentConnect") + 1
    play.say(*stream[:place])
    removed = next(m for m in stream if m.event == "QueueMemberRemoved")
    play.say(removed)
    assert play.agent.call_id is not None
    events = play.say(*stream[place:])
    assert not any(isinstance(e, ev.WrapUpStarted) for e in events)
    assert play.agent.state == "logged_out"


def test_a_pause_during_a_call_holds_from_the_end_of_its_wrap_up() -> None:
    play = Play()
    stream = testing.messages((FIXTURES / "answered_agent_ends.ami").read_bytes())
    place = next(i for i, m in enumerate(stream) if m.event == "AgentConnect") + 1
    end = next(i for i, m in enumerate(stream) if m.event == "AgentComplete") + 1
    play.say(*stream[:place])
    at = float(stream[place - 1].get("Timestamp"))
    play.say(_member("QueueMemberPause", at + 1, Paused="1", PausedReason="lunch"))
    assert (play.agent.state, play.agent.pause_reason) == ("on_call", "lunch")
    play.say(*stream[place:end])
    play.say(_member("QueueMemberPause", at + 4, Paused="1", PausedReason="wrap-up"))
    assert (play.agent.state, play.agent.pause_reason) == ("wrap_up", "lunch")
    play.world.end_wrap_up(ONE, at + 24, "timer")
    assert (play.agent.state, play.agent.reason) == ("paused", "lunch")


def test_somebody_else_may_end_a_wrap_up_in_asterisk() -> None:
    play = Play()
    stream = testing.messages((FIXTURES / "answered_agent_ends.ami").read_bytes())
    end = next(i for i, m in enumerate(stream) if m.event == "AgentComplete") + 1
    play.say(*stream[:end])
    at = float(stream[end - 1].get("Timestamp"))
    # A status report that still says "not paused" is older than our pause, and ends nothing.
    assert play.say(_member("QueueMemberStatus", at)) == []
    ended, _ = play.say(_member("QueueMemberPause", at + 5))
    assert isinstance(ended, ev.WrapUpEnded)
    assert ended.ended_by == "supervisor"
    assert ended.wrap_up_time == pytest.approx(5.0)


def test_an_illegal_input_raises_and_changes_nothing() -> None:
    agent = Agent(agent_id=ONE, since=1.0)
    with pytest.raises(IllegalTransitionError, match="'logged_out' does not accept 'held'"):
        step(agent, "held", 2.0)
    assert (agent.state, agent.since) == (TABLE.initial, 1.0)
