"""What queue_log tells of calls that went on while nobody followed them."""

from collections.abc import Sequence

import pytest
from msgspec.structs import replace

from cti import ami_events
from cti.ami.framing import Message
from cti.core import events as ev
from cti.core import records as rec
from cti.core import resync
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.world import Rules, World
from cti.history.catch_up import catch_up, end_is_missing, needed_since
from cti.history.queue_log import parse

T = 1_795_492_800.0
CALL, AGENT, QUEUE = CallId("a"), AgentId("1001"), QueueName("service")
OWN = f"hotline-{T:.0f}.1"


def line(after: float, event: str, *data: object, agent: str = "NONE") -> str:
    rest = "|".join(str(piece) for piece in data)
    return f"{T + after:.0f}|{OWN}|{QUEUE}|{agent}|{event}|{rest}\n"


ENTER = line(2, "ENTERQUEUE", "", "+8613800138000", 1)
MISS = line(10, "RINGNOANSWER", 5000, agent="1001")
CONNECT = line(14, "CONNECT", 12, f"{T:.0f}.5", 2, agent="1001")
COMPLETE = line(20, "COMPLETEAGENT", 12, 6, 1, agent="1001")
ABANDON = line(9, "ABANDON", 1, 1, 7)


def world(queued: bool = True) -> World:
    """One call, in its queue or still in the menu, and an agent who is free."""
    made = World(Rules(pseudonym_key=b"0123456789abcdef", default_wrap_up=30.0))
    made.set_agent(AGENT, T, interface="PJSIP/1001")
    made.restore(
        [
            ev.CallArrived(
                at=T,
                call_id=CALL,
                uniqueid=OWN,
                linkedid=OWN,
                dnis="95500",
                trunk="carrier",
                caller_pseudonym="p",
            ),
            ev.AgentStateChanged(at=T, agent_id=AGENT, state="available", reason="", call_id=None),
        ]
    )
    if queued:
        made.restore([ev.CallQueued(at=T + 2, call_id=CALL, queue=QUEUE, position=1)])
    return made


def picture(at: float, *, alive: bool, waits: bool = False) -> rec.Snapshot:
    leg = rec.Leg(
        channel="PJSIP/trunk-carrier-1",
        uniqueid=OWN,
        linkedid=OWN,
        up=True,
        vars=rec.CallVars(call_id=CALL, priority="20"),
    )
    place = rec.Waiting(queue=QUEUE, uniqueid=OWN, position=1, wait_time=1.0, priority=20)
    member = rec.Member(queue=QUEUE, member_name=AGENT, interface="PJSIP/1001", device="free")
    return rec.Snapshot(
        at=T + at,
        queues=(QUEUE,),
        members=(member,),
        waiting=(place,) if waits else (),
        legs=(leg,) if alive else (),
    )


def told(known: World, snapshot: rec.Snapshot, lines: Sequence[str]) -> list[ev.DomainEvent]:
    events = catch_up(known, snapshot, parse(lines)) + resync.apply_snapshot(known, snapshot)
    assert known.take_rejections() == []
    return events


def kinds(events: Sequence[ev.DomainEvent]) -> list[str]:
    return [
        type(event).__name__
        for event in events
        if not isinstance(event, ev.AgentStateChanged | ev.EngineResynchronised)
    ]


def test_a_caller_who_was_answered_and_has_gone_did_not_give_up() -> None:
    known = world()
    events = told(known, picture(30.5, alive=False), [ENTER, MISS, CONNECT, COMPLETE])
    assert kinds(events) == [
        "AgentRinging",
        "AgentMissed",
        "CallConnected",
        "CallCompleted",
        "WrapUpStarted",
        "CallEnded",
    ]
    connected = next(e for e in events if isinstance(e, ev.CallConnected))
    completed = next(e for e in events if isinstance(e, ev.CallCompleted))
    assert (connected.at, connected.wait_time) == (T + 14, 12)
    assert (completed.at, completed.talk_time, completed.ended_by) == (T + 20, 6, "agent")
    assert all(e.rebuilt for e in events if not isinstance(e, ev.EngineResynchronised))
    assert known.calls[CALL].outcome == "answered"
    assert (known.agents[AGENT].state, known.agents[AGENT].wrap_up_until) == ("wrap_up", T + 50)


def test_who_gave_up_left_when_the_line_says_and_by_themselves() -> None:
    known = world()
    events = told(known, picture(30.5, alive=False), [ENTER, ABANDON])
    assert kinds(events) == ["CallAbandoned", "CallEnded"]
    assert isinstance(events[0], ev.CallAbandoned)
    assert (events[0].at, events[0].wait_time) == (T + 9, 7)
    assert known.calls[CALL].ended_by == "caller"


def test_a_call_that_came_from_the_menu_keeps_its_moments() -> None:
    known = world(queued=False)
    events = told(known, picture(5.5, alive=True, waits=True), [ENTER])
    assert kinds(events) == ["CallQueued"]
    call = known.calls[CALL]
    assert (call.state, call.queued_at, call.priority) == ("queued", T + 2, 20)


def test_a_call_that_nobody_saw_arrive_is_told_from_its_beginning() -> None:
    known = World(Rules(pseudonym_key=b"0123456789abcdef"))
    snapshot = picture(12.5, alive=True, waits=True)
    assert needed_since(known, snapshot) == T - 1
    events = told(known, snapshot, [ENTER, MISS])
    assert kinds(events) == ["CallArrived", "CallQueued", "AgentRinging", "AgentMissed"]
    assert [e.at for e in events if isinstance(e, ev.CallEvent)] == [T, T + 2, T + 5, T + 10]


@pytest.mark.parametrize("times", [1, 2])
def test_what_is_known_does_not_come_twice(times: int) -> None:
    known = world()
    for _ in range(times):
        events = told(known, picture(12.5, alive=True, waits=True), [ENTER, MISS])
    assert kinds(events) == (["AgentRinging", "AgentMissed"] if times == 1 else [])
    lines = [ENTER, MISS, CONNECT, COMPLETE]
    for _ in range(times):
        events = told(known, picture(30.5, alive=False), lines)
    expected = ["CallConnected", "CallCompleted", "WrapUpStarted", "CallEnded"]
    assert kinds(events) == (expected if times == 1 else [])
    assert known.calls[CALL].misses == 1


def test_the_second_of_the_picture_is_left_to_the_events_after_it() -> None:
    known = world()
    events = catch_up(known, picture(14.9, alive=True), parse([ENTER, CONNECT]))
    assert events == []
    assert known.calls[CALL].state == "queued"


def test_of_a_call_that_is_gone_the_pictures_own_second_counts() -> None:
    known = world()
    by_caller = COMPLETE.replace("COMPLETEAGENT", "COMPLETECALLER")
    lines = [ENTER, MISS, CONNECT, by_caller]
    completed = [
        e
        for e in told(known, picture(20.1, alive=False), lines)
        if isinstance(e, ev.CallCompleted)
    ]
    assert [e.ended_by for e in completed] == ["caller"]


def test_what_the_picture_shows_of_its_own_second_is_told_by_the_lines() -> None:
    known = world()
    events = told(known, picture(9.2, alive=True), [ENTER, ABANDON])  # about to be hung up
    assert kinds(events) == ["CallAbandoned"]
    known = world()
    told(known, connected_picture(held=None), [ENTER, CONNECT])
    by_caller = COMPLETE.replace("COMPLETEAGENT", "COMPLETECALLER")
    events = told(known, picture(20.1, alive=True), [ENTER, CONNECT, by_caller])
    assert [e.ended_by for e in events if isinstance(e, ev.CallCompleted)] == ["caller"]


@pytest.mark.parametrize(("agent_there", "completed"), [(True, False), (False, True)])
def test_a_customer_who_waits_for_a_consulting_agent_is_not_done(
    agent_there: bool, completed: bool
) -> None:
    """app_queue wrote the end in the picture's second, but after it."""
    known = world()
    known.restore(
        [
            ev.CallConnected(
                at=T + 14, call_id=CALL, agent_id=AGENT, queue=QUEUE, wait_time=12.0, ring_time=2.0
            )
        ]
    )
    whole = picture(20.4, alive=True)
    own = replace(whole.legs[0], context="hotline-wait")
    theirs = rec.CallVars(call_id=CALL)
    agent = rec.Leg(
        channel="PJSIP/1001-2", uniqueid=f"hotline-{T:.0f}.2", linkedid=OWN, up=True, vars=theirs
    )
    shown = replace(whole, legs=(own, agent) if agent_there else (own,))
    events = catch_up(known, shown, parse([ENTER, CONNECT, COMPLETE]))
    assert any(isinstance(event, ev.CallCompleted) for event in events) == completed


def test_a_phone_that_has_just_ceased_to_ring_has_missed_the_call() -> None:
    waits = picture(10.2, alive=True, waits=True)
    phone = rec.Leg(
        channel="PJSIP/1001-2",
        uniqueid=f"hotline-{T:.0f}.2",
        linkedid=OWN,
        vars=rec.CallVars(call_id=CALL),
    )
    known = world()
    events = told(known, replace(waits, legs=(*waits.legs, phone)), [ENTER, MISS])
    assert kinds(events) == ["AgentRinging"]  # its end comes with the events after the picture
    known = world()
    for expected in (["AgentRinging", "AgentMissed"], []):
        assert kinds(told(known, waits, [ENTER, MISS])) == expected
    assert known.calls[CALL].misses == 1


@pytest.mark.parametrize(
    ("at", "alive", "lines", "missing"),
    [
        (20.1, False, [ENTER, CONNECT], True),
        (20.1, False, [ENTER, CONNECT, COMPLETE], False),
        (20.1, True, [ENTER, CONNECT], False),
    ],
)
def test_an_end_that_queue_log_does_not_tell_yet_is_waited_for(
    at: float, alive: bool, lines: Sequence[str], missing: bool
) -> None:
    known = world()
    assert not end_is_missing(known, picture(at, alive=alive), [])
    told(known, connected_picture(held=None), [ENTER, CONNECT])
    assert known.calls[CALL].state == "connected"
    assert end_is_missing(known, picture(at, alive=alive), list(parse(lines))) is missing


def test_an_earlier_queue_says_nothing_of_the_present_one() -> None:
    known = world()
    left = ev.CallLeftQueue(at=T + 4, call_id=CALL, queue=QUEUE, status="TIMEOUT", wait_time=2)
    again = ev.CallQueued(at=T + 5, call_id=CALL, queue=QUEUE, position=1)
    known.restore([left, again])
    lines = [ENTER, line(4, "EXITWITHTIMEOUT", 1, 1, 2), line(5, "ENTERQUEUE", "", "", 1)]
    assert kinds(told(known, picture(8.5, alive=True, waits=True), lines)) == []
    assert known.calls[CALL].attempts == 2


def test_a_phone_that_was_just_answered_has_not_missed_the_call() -> None:
    """The picture falls between the answer and ``AgentConnect``."""
    known = world()
    rings = ev.AgentRinging(at=T + 3, call_id=CALL, agent_id=AGENT, queue=QUEUE)
    ringing = ev.AgentStateChanged(at=T + 3, agent_id=AGENT, state="ringing", call_id=CALL)
    known.restore([rings, ringing])
    waits = picture(6, alive=True, waits=True)
    answered = rec.Leg(
        channel="PJSIP/1001-2",
        uniqueid=f"hotline-{T:.0f}.2",
        linkedid=OWN,
        up=True,
        vars=rec.CallVars(call_id=CALL),
    )
    kinds = [type(e) for e in told(known, replace(waits, legs=(*waits.legs, answered)), [])]
    assert kinds == [ev.EngineResynchronised]
    assert known.calls[CALL].ringing == ((AGENT, T + 3),)
    gone = [type(e) for e in told(known, replace(waits, at=T + 7), [])]
    assert ev.AgentMissed in gone


def test_without_living_calls_no_line_is_needed() -> None:
    nobody = World(Rules(pseudonym_key=b"0123456789abcdef"))
    assert needed_since(nobody, picture(1, alive=False)) is None
    assert needed_since(world(), picture(9, alive=False)) == T - 1


def connected_picture(*, held: bool | None) -> rec.Snapshot:
    """The customer and the agent share a bridge."""
    base = picture(30.5, alive=True)
    own = replace(base.legs[0], bridge="b", held=held)
    phone = rec.Leg(
        channel="PJSIP/1001-2",
        uniqueid=f"{T:.0f}.5",
        linkedid=OWN,
        up=True,
        bridge="b",
        vars=rec.CallVars(call_id=CALL),
    )
    return replace(base, legs=(own, phone))


def test_a_hold_that_began_or_ended_meanwhile_is_taken_over() -> None:
    known = world()
    assert kinds(told(known, connected_picture(held=True), [ENTER, CONNECT])) == [
        "CallConnected",
        "CallHeld",
    ]
    assert (known.calls[CALL].state, known.agents[AGENT].state) == ("on_hold", "on_hold")
    assert kinds(told(known, connected_picture(held=None), [ENTER, CONNECT])) == []
    assert kinds(told(known, connected_picture(held=False), [ENTER, CONNECT])) == ["CallResumed"]
    assert (known.calls[CALL].state, known.agents[AGENT].state) == ("connected", "on_call")


def test_a_phone_that_rings_ends_a_wrap_up_that_nobody_saw() -> None:
    """Asterisk gave the agent a call while no engine was there to pause the member."""
    known = world()
    other = CallId("b")
    ringing = rec.Leg(
        channel="PJSIP/1001-4",
        uniqueid=f"{T:.0f}.7",
        linkedid="",
        vars=rec.CallVars(call_id=other),
    )
    own = rec.Leg(
        channel="PJSIP/trunk-carrier-3",
        uniqueid=f"{T:.0f}.6",
        linkedid="",
        up=True,
        vars=rec.CallVars(call_id=other),
    )
    place = rec.Waiting(queue=QUEUE, uniqueid=own.uniqueid, position=1, wait_time=9.0)
    snapshot = replace(picture(30.5, alive=False), legs=(own, ringing), waiting=(place,))
    events = told(known, snapshot, [ENTER, CONNECT, COMPLETE])
    told_of = [e for e in events if isinstance(e, ev.WrapUpStarted | ev.WrapUpEnded)]
    assert [type(e).__name__ for e in told_of] == ["WrapUpStarted", "WrapUpEnded"]
    assert known.agents[AGENT].state == "ringing"
    assert known.calls[CALL].state == "ended", "no wrap-up keeps the call any more"


def test_asterisk_tells_who_holds() -> None:
    def status(value: str) -> Message:
        return Message.of(f"Event: Status\r\nUniqueid: {OWN}\r\nVariable: CHANNEL(onhold)={value}")

    def shown(value: str) -> bool | None:
        channel = Message.of(f"Event: CoreShowChannel\r\nChannel: PJSIP/1-1\r\nUniqueid: {OWN}")
        return ami_events.snapshot(T, "", [channel], [], [status(value)]).legs[0].held

    assert [shown("1"), shown("0"), shown("")] == [True, False, None]
