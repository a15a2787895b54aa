"""The state tables: legal rows, refusals that change nothing, and the diagrams."""

from typing import cast

import pytest

from cti.core import agents, calls
from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.machine import IllegalTransitionError, Table
from cti.core.pseudonym import plain_number, pseudonym
from cti.core.world import Rules, World

CALL = CallId("c1")
ONE, TWO = AgentId("1001"), AgentId("1002")
SERVICE = QueueName("service")


def _arrived() -> calls.Call:
    return calls.arrive(
        ev.CallArrived(
            at=1.0,
            call_id=CALL,
            uniqueid="u1",
            linkedid="u1",
            dnis="95588",
            trunk="t",
            caller_pseudonym="",
        )
    )


def _ringing(*agents_: AgentId) -> calls.Call:
    call = calls.advance(
        _arrived(), ev.CallQueued(at=2.0, call_id=CALL, queue=SERVICE, position=1)
    )
    for agent_id in agents_:
        event = ev.AgentRinging(at=3.0, call_id=CALL, agent_id=agent_id, queue=SERVICE)
        call = calls.advance(call, event)
    return call


def test_every_state_can_be_reached_and_every_name_in_the_table_is_an_event() -> None:
    names = {kind.__name__ for kind in ev.CallEvent.__subclasses__()}
    for machine in (calls.TABLE, agents.TABLE):
        reached = {machine.initial} | {s for row in machine.rows.values() for s in row.values()}
        assert reached == set(machine.rows)
    for row in calls.TABLE.rows.values():
        assert {symbol.partition(",")[0] for symbol in row} <= names


def test_an_illegal_event_raises_and_changes_nothing() -> None:
    call = _arrived()
    held = ev.CallHeld(at=2.0, call_id=CALL, agent_id=ONE)
    with pytest.raises(IllegalTransitionError, match="'arriving' does not accept 'CallHeld'"):
        calls.advance(call, held)
    assert call == _arrived()


def test_of_two_ringing_phones_one_may_miss() -> None:
    call = _ringing(ONE, TWO)
    missed = ev.AgentMissed(at=5.0, call_id=CALL, agent_id=ONE, queue=SERVICE, ring_time=2.0)
    call = calls.advance(call, missed)
    assert (call.state, call.ringing, call.misses) == ("ringing", ((TWO, 3.0),), 1)
    again = ev.AgentMissed(at=6.0, call_id=CALL, agent_id=TWO, queue=SERVICE, ring_time=3.0)
    call = calls.advance(call, again)
    assert (call.state, call.ringing, call.since) == ("queued", (), 6.0)


def test_a_call_ends_only_when_its_wrap_up_does() -> None:
    call = _ringing(ONE)
    for event in (
        ev.CallConnected(
            at=4.0, call_id=CALL, agent_id=ONE, queue=SERVICE, wait_time=2.0, ring_time=1.0
        ),
        ev.CallCompleted(
            at=9.0, call_id=CALL, agent_id=ONE, queue=SERVICE, talk_time=5.0, ended_by="agent"
        ),
        ev.WrapUpStarted(at=9.0, call_id=CALL, agent_id=ONE, queue=SERVICE, until=29.0),
        ev.CallEnded(at=9.1, call_id=CALL, cause=16, ended_by="agent"),
    ):
        call = calls.advance(call, event)
    assert (call.state, call.over) == ("wrap_up", True)
    done = ev.WrapUpEnded(at=20.0, call_id=CALL, agent_id=ONE, wrap_up_time=11.0, ended_by="agent")
    assert calls.advance(call, done).state == "ended"


def test_a_table_that_leads_nowhere_is_refused() -> None:
    rows = cast("dict[str, dict[str, str]]", {"a": {"go": "b"}})
    with pytest.raises(ValueError, match="'b'"):
        Table("broken", "a", rows)


def test_the_tables_print_themselves_as_mermaid() -> None:
    text = calls.TABLE.mermaid()
    assert text.startswith("stateDiagram-v2\n    [*] --> arriving\n")
    assert "    ringing --> connected: CallConnected\n" in text
    assert "    wrap_up --> ended: WrapUpEnded\n" in text
    assert "    logged_out --> available: signed_in, freed\n" in agents.TABLE.mermaid()


def test_refused_inputs_of_a_world_are_noted_and_change_nothing() -> None:
    world = World(Rules(pseudonym_key=b"k" * 16))
    assert not world.emit(ev.CallHeld(at=1.0, call_id=CALL, agent_id=ONE))
    assert not world.move(ONE, "held", 1.0)
    assert (world.take(), world.calls, world.agents) == ([], {}, {})
    assert [r.what for r in world.take_rejections()] == ["CallHeld", "held"]


def test_ended_calls_are_forgotten_after_a_while() -> None:
    world = World(Rules(pseudonym_key=b"k" * 16))
    world.emit(
        ev.CallArrived(
            at=1.0,
            call_id=CALL,
            uniqueid="u",
            linkedid="u",
            dnis="",
            trunk="",
            caller_pseudonym="",
        )
    )
    assert world.any_living
    assert [call.call_id for call in world.living()] == [CALL]
    world.emit(ev.CallEnded(at=2.0, call_id=CALL, cause=16, ended_by="caller"))
    world.forget(now=800.0)
    assert CALL in world.calls
    assert (world.any_living, world.living()) == (False, [])
    world.forget(now=1000.0)
    assert (world.calls, world.own_legs, world.traces) == ({}, {}, {})


def test_pseudonyms_are_keyed_and_stable() -> None:
    number = "+8613800138000"
    one = pseudonym(number, b"k" * 16)
    assert one == pseudonym(number, b"k" * 16)
    assert one != pseudonym(number, b"l" * 16)
    assert len(one) == 32
    assert pseudonym("", b"k" * 16) == ""
    with pytest.raises(ValueError, match="16 bytes"):
        pseudonym(number, b"short")


@pytest.mark.parametrize(
    ("presented", "plain"),
    [
        ("+86 138-0013-8000", "+8613800138000"),
        ("13800138000", "13800138000"),
        ("anonymous", ""),
        ("", ""),
        ("+", ""),
        ("１２３", ""),
    ],
)
def test_presented_numbers_are_reduced_to_digits(presented: str, plain: str) -> None:
    assert plain_number(presented) == plain
