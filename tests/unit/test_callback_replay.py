"""A recorded callback, through the real framing and fold."""

from pathlib import Path

import pytest

from cti import ami_events, testing
from cti.core import events as ev
from cti.core import records as rec
from cti.core import user_events as ue
from cti.core.ids import CallbackId, CallId
from cti.core.world import Journey, Rules, World

STREAM = (Path(__file__).parents[1] / "fixtures" / "ami" / "callback.ami").read_bytes()
NUMBER = "+8613800138000"


@pytest.fixture(params=[None, 1, 2], ids=["whole", "cut-1", "cut-2"])
def told(request: pytest.FixtureRequest) -> tuple[World, list[ev.DomainEvent]]:
    """The events, with the engine's knowledge of which call it dialled."""
    stream = testing.messages(STREAM, request.param)
    world = World(Rules(pseudonym_key=b"a key for tests, 16+", default_wrap_up=0))
    decoded = [ami_events.decode(m, now=0.0) for m in stream if m.event]
    [dialled] = [
        CallId(r.event.call_id)
        for r in decoded
        if isinstance(r, rec.HotlineTold) and isinstance(r.event, ue.CallbackAnswered)
    ]
    [first] = [
        CallId(r.event.call_id)
        for r in decoded
        if isinstance(r, rec.HotlineTold) and isinstance(r.event, ue.CallbackAsked)
    ]
    world.journeys[dialled] = Journey(first, CallbackId("the callback"))
    return world, testing.replay(world, stream)


def test_three_calls_and_nobody_abandons(told: tuple[World, list[ev.DomainEvent]]) -> None:
    world, events = told
    assert world.take_rejections() == []
    assert len(world.calls) == 3
    assert all(call.state == "ended" for call in world.calls.values())
    assert [e for e in events if isinstance(e, ev.CallAbandoned)] == []
    first, later, called = world.calls.values()
    assert (first.outcome, later.outcome, called.outcome) == (
        "left_queue",
        "answered",
        "answered",
    )
    [left] = [e for e in events if isinstance(e, ev.CallLeftQueue)]
    assert (left.call_id, left.status) == (first.call_id, "CALLBACK")


def test_the_dialled_call_joins_the_journey_and_goes_before_all_others(
    told: tuple[World, list[ev.DomainEvent]],
) -> None:
    world, events = told
    first, _, called = world.calls.values()
    assert (called.journey_id, called.callback_id) == (first.call_id, "the callback")
    assert called.caller_pseudonym == first.caller_pseudonym != ""
    assert called.customer_id == first.customer_id
    [queued] = [e for e in events if isinstance(e, ev.CallQueued) and e.call_id == called.call_id]
    assert (queued.priority, queued.position) == (95, 1)
    assert called.verified == "none"  # who answered is not known


def test_the_number_and_the_failed_try_are_told_beside_the_journal(
    told: tuple[World, list[ev.DomainEvent]],
) -> None:
    world, events = told
    first, *_ = world.calls.values()
    asked, missed = world.wishes
    assert (asked.kind, asked.call_id, asked.detail) == ("asked", first.call_id, NUMBER)
    assert (missed.kind, missed.detail) == ("missed", "NOANSWER")
    assert missed.call_id not in world.calls
    assert NUMBER.removeprefix("+86") not in repr(events)


def test_the_agent_is_kept_free_between_reservation_and_call(
    told: tuple[World, list[ev.DomainEvent]],
) -> None:
    _, events = told
    states = [
        (e.state, e.reason)
        for e in events
        if isinstance(e, ev.AgentStateChanged) and e.agent_id == "1001"
    ]
    assert states.count(("paused", "callback")) == 2
    assert [s for s, _ in states].count("on_call") == 2
