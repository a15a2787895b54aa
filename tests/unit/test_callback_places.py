"""Whose turn it is: callbacks and callers in one order, for any mixture of them."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cti.core import events as ev
from cti.core.agents import Agent, Membership
from cti.core.callbacks import (
    TABLE,
    Callback,
    apply,
    overtaken,
    place_of,
    place_of_call,
    turns,
)
from cti.core.calls import Call
from cti.core.ids import AgentId, CallbackId, CallId, QueueName
from cti.core.machine import IllegalTransitionError

SERVICE, VIP = QueueName("service"), QueueName("vip")
NOW = 1000.0
QUEUES = st.sampled_from((SERVICE, VIP))


def callback(number: int = 0, **changes: object) -> Callback:
    made = Callback(
        callback_id=CallbackId(f"b{number}"),
        call_id=CallId(f"first-{number}"),
        journey_id=CallId(f"first-{number}"),
        queue=SERVICE,
        joined_at=100.0,
        asked_at=130.0,
        expires_at=9999.0,
    )
    return msgspec.structs.replace(made, **changes)


def caller(number: int = 0, **changes: object) -> Call:
    made = Call(
        call_id=CallId(f"c{number}"),
        state="queued",
        since=200.0,
        arrived_at=200.0,
        queue=SERVICE,
        waiting_since=200.0,
    )
    return msgspec.structs.replace(made, **changes)


def agent(number: int = 0, *queues: QueueName, **changes: object) -> Agent:
    made = Agent(
        agent_id=AgentId(f"a{number}"),
        state="available",
        since=50.0 + number,
        memberships=tuple(Membership(q) for q in queues or (SERVICE,)),
        device="free",
    )
    return msgspec.structs.replace(made, **changes)


def test_the_only_free_agent_goes_to_the_callback_that_joined_first() -> None:
    early, late = callback(1, joined_at=10.0), callback(2, joined_at=20.0)
    [turn] = turns([late, early], [caller()], [agent()], NOW)
    assert turn.callback == early


def test_a_caller_who_joined_before_takes_the_agent() -> None:
    assert turns([callback()], [caller(waiting_since=99.0)], [agent()], NOW) == []
    assert len(turns([callback()], [caller(waiting_since=99.0)], [agent(1), agent(2)], NOW)) == 1


def test_a_higher_priority_goes_first_on_both_sides() -> None:
    assert turns([callback()], [caller(priority=10)], [agent()], NOW) == []
    [turn] = turns([callback(priority=10)], [caller(waiting_since=1.0)], [agent()], NOW)
    assert turn.agent_id == "a0"


def test_the_steps_of_the_wait_hold_for_a_callback_too() -> None:
    waits = callback(
        steps=(
            ev.Escalation(after=60, priority=5),
            ev.Escalation(after=300, priority=9, queue=VIP),
        )
    )
    assert waits.standing(120.0) == (SERVICE, 0)
    assert waits.standing(160.0) == (SERVICE, 5)
    assert waits.standing(500.0) == (VIP, 9)


@pytest.mark.parametrize(
    "busy",
    [
        agent(state="paused"),
        agent(state="on_call"),
        agent(pause_reason="callback"),
        agent(device="unreachable"),
        agent(device="in_use"),
        agent(0, VIP),
    ],
)
def test_an_agent_who_cannot_be_rung_is_not_reserved(busy: Agent) -> None:
    assert turns([callback()], [], [busy], NOW) == []


def test_the_lowest_penalty_then_the_longest_idle_agent_is_reserved() -> None:
    second = agent(1, memberships=(Membership(SERVICE, 5),))
    [turn] = turns([callback()], [], [second, agent(3), agent(2)], NOW)
    assert turn.agent_id == "a2"


CALLBACKS = st.lists(st.tuples(st.integers(0, 3), st.floats(0, 900), QUEUES), max_size=6).map(
    lambda rows: [
        callback(i, priority=p, joined_at=since, queue=q) for i, (p, since, q) in enumerate(rows)
    ]
)
CALLERS = st.lists(
    st.tuples(
        st.integers(0, 3), st.floats(0, 900), QUEUES, st.sampled_from(("queued", "ringing"))
    ),
    max_size=6,
).map(
    lambda rows: [
        caller(i, priority=p, waiting_since=since, queue=q, state=state)
        for i, (p, since, q, state) in enumerate(rows)
    ]
)
AGENTS = st.lists(st.sets(QUEUES, min_size=1), max_size=6).map(
    lambda rows: [agent(i, *sorted(queues)) for i, queues in enumerate(rows)]
)


@given(CALLBACKS, CALLERS, AGENTS)
def test_nobody_is_served_out_of_turn(
    callbacks: list[Callback], callers: list[Call], agents: list[Agent]
) -> None:
    given_turns = turns(callbacks, callers, agents, NOW)
    chosen = [t.callback for t in given_turns]
    by_id = {a.agent_id: a for a in agents}
    assert len({t.agent_id for t in given_turns}) == len(given_turns)
    assert len({c.callback_id for c in chosen}) == len(chosen)
    for turn in given_turns:
        assert turn.callback.queue in {m.queue for m in by_id[turn.agent_id].memberships}
    # Whoever is left out had nobody, or stands behind all of the same queue who were chosen.
    for left in [c for c in callbacks if c not in chosen]:
        for other in chosen:
            if other.queue == left.queue:
                assert place_of(other, NOW) <= place_of(left, NOW)


@given(CALLBACKS, CALLERS, st.integers(0, 6))
def test_in_one_queue_the_best_places_get_the_free_agents(
    callbacks: list[Callback], callers: list[Call], free: int
) -> None:
    callbacks = [msgspec.structs.replace(c, queue=SERVICE) for c in callbacks]
    waiting = [
        (place_of_call(c), 0, c.call_id)
        for c in (msgspec.structs.replace(c, queue=SERVICE) for c in callers)
        if c.state == "queued"
    ] + [(place_of(c, NOW), 1, c.callback_id) for c in callbacks]
    served = {key for _, _, key in sorted(waiting)[:free]}
    found = turns(
        callbacks,
        [msgspec.structs.replace(c, queue=SERVICE) for c in callers],
        [agent(i) for i in range(free)],
        NOW,
    )
    assert {t.callback.callback_id for t in found} == served & {c.callback_id for c in callbacks}


@given(CALLBACKS, CALLERS)
def test_an_overtaken_callback_is_the_best_one_ahead(
    callbacks: list[Callback], callers: list[Call]
) -> None:
    for call in callers:
        found = overtaken(callbacks, call, NOW)
        ahead = [
            c
            for c in callbacks
            if c.queue == call.queue and place_of(c, NOW) < place_of_call(call)
        ]
        assert (found is None) == (not ahead)
        if found is not None:
            assert place_of(found, NOW) == min(place_of(c, NOW) for c in ahead)


DIALLED = ev.CallbackDialled(
    at=500.0,
    call_id=CallId("first-0"),
    callback_id=CallbackId("b0"),
    attempt=1,
    dial_call_id=CallId("d1"),
    agent_id=AgentId("a0"),
)
KEYS = {"at": 600.0, "call_id": CallId("first-0"), "callback_id": CallbackId("b0")}
EVENTS = (
    DIALLED,
    ev.CallbackMissed(attempt=1, status="BUSY", next_try=900.0, **KEYS),  # type: ignore[arg-type]
    ev.CallbackAnswered(dial_call_id=CallId("d1"), **KEYS),  # type: ignore[arg-type]
    ev.CallbackFailed(attempt=1, status="BUSY", **KEYS),  # type: ignore[arg-type]
    ev.CallbackExpired(**KEYS),  # type: ignore[arg-type]
    ev.CallbackCancelled(cause="operator", **KEYS),  # type: ignore[arg-type]
)


@given(st.lists(st.sampled_from(EVENTS), max_size=12))
def test_whatever_is_told_the_state_is_legal_and_an_end_is_an_end(
    told: list[ev.CallbackEvent],
) -> None:
    now = callback()
    dialled = 0
    for event in told:
        before = now
        try:
            now = apply(before, event)
        except IllegalTransitionError:
            assert now is before
            continue
        assert not before.over
        assert now.state in TABLE.rows
        dialled += isinstance(event, ev.CallbackDialled)
        if isinstance(event, ev.CallbackAnswered | ev.CallbackMissed):
            assert before.state == "dialling"
    assert now.tries <= dialled


def test_a_missed_try_waits_for_the_next() -> None:
    missed = apply(apply(callback(), DIALLED), EVENTS[1])
    assert (missed.state, missed.tries, missed.not_before) == ("waiting", 1, 900.0)
