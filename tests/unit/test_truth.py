"""The comparison that the fault rounds rest on notices every kind of difference."""

from dataclasses import replace

from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from tests.asterisk.truth import Living, Member, Truth, differences, folded, told

CALL, OTHER = CallId("a"), CallId("b")
AGENT, QUEUE = AgentId("1001"), QueueName("service")
IDLE = Member(paused="", in_call=False, ringing=False)
ONE, RINGS = frozenset({"1001"}), frozenset({"1002"})
TALKING = Member(paused="", in_call=True, ringing=False)


def arrived(call_id: CallId) -> list[ev.DomainEvent]:
    return [
        ev.CallArrived(
            at=1.0,
            call_id=call_id,
            uniqueid=f"1.{call_id}",
            linkedid="",
            dnis="95500",
            trunk="carrier",
            caller_pseudonym="",
        ),
        ev.CallQueued(
            at=2.0, call_id=call_id, queue=QUEUE, position=1, priority=0, reason="general"
        ),
    ]


SIGNED_IN = ev.AgentStateChanged(
    at=0.5, agent_id=AGENT, state="available", reason="", call_id=None
)
CONNECTED: list[ev.DomainEvent] = [
    ev.CallConnected(
        at=3.0, call_id=CALL, agent_id=AGENT, queue=QUEUE, wait_time=1.0, ring_time=0.5
    ),
    ev.AgentStateChanged(at=3.0, agent_id=AGENT, state="on_call", reason="", call_id=CALL),
]
HISTORY = [SIGNED_IN, *arrived(CALL), *arrived(OTHER), *CONNECTED]
WITH_AGENT = Living(agents=ONE)
WAITING = Living(queue="service", since=2.0)
TRUE = Truth({CALL: WITH_AGENT, OTHER: WAITING}, {"1001": {"service": TALKING}}, ONE)


def test_what_agrees_has_no_difference() -> None:
    assert differences(TRUE, folded(HISTORY)) == []
    assert differences(Truth(), folded([])) == []


def test_every_missed_event_is_noticed() -> None:
    """Each event that moves the state, left out of the journal, makes a difference."""
    for number, event in enumerate(HISTORY):
        if event is SIGNED_IN:
            continue  # whatever comes later says the same
        without = HISTORY[:number] + HISTORY[number + 1 :]
        assert differences(TRUE, folded(without)), event


def test_every_change_that_asterisk_alone_knows_is_noticed() -> None:
    ours = folded(HISTORY)
    wrapping = Member(paused="wrap-up", in_call=False, ringing=False)
    calls, members = TRUE.calls, TRUE.members
    for other in (
        replace(TRUE, calls={}),
        replace(TRUE, calls={**calls, "c": WAITING}),
        replace(TRUE, calls={**calls, CALL: WAITING}),
        replace(TRUE, calls={**calls, CALL: Living()}),
        replace(TRUE, calls={**calls, CALL: Living(agents=RINGS)}),
        replace(TRUE, calls={**calls, CALL: Living(agents=ONE | RINGS)}),
        replace(TRUE, calls={**calls, CALL: Living(agents=ONE, apart=RINGS)}),
        replace(TRUE, calls={**calls, CALL: Living(agents=ONE, held=True)}),
        replace(TRUE, calls={**calls, OTHER: Living(queue="vip", since=2.0)}),
        replace(TRUE, calls={**calls, OTHER: Living(queue="service", since=9.0)}),
        replace(TRUE, calls={**calls, OTHER: replace(WAITING, priority=5)}),
        replace(TRUE, calls={**calls, OTHER: replace(WAITING, ringing=RINGS)}),
        replace(TRUE, members={}),
        replace(TRUE, members={"1001": {"service": IDLE}}),
        replace(TRUE, members={"1001": {"service": wrapping}}),
        replace(TRUE, members={**members, "1002": {"service": IDLE}}),
        replace(TRUE, engaged=frozenset()),
        replace(TRUE, engaged=ONE | RINGS),
    ):
        assert differences(other, ours), other


def test_consultations_and_conferences_are_compared_in_every_field() -> None:
    colleague = AgentId("1002")
    at_work = {"1001": {"service": TALKING}, "1002": {"vip": IDLE}}
    between = {"call_id": CALL, "agent_id": AGENT, "target": colleague}
    began = [*HISTORY, ev.ConsultStarted(at=4.0, **between)]
    rings: list[ev.DomainEvent] = [
        *began,
        ev.AgentRinging(at=4.0, call_id=CALL, agent_id=colleague, queue=QUEUE),
        ev.AgentStateChanged(at=4.0, agent_id=colleague, state="ringing", call_id=CALL),
    ]
    answered: list[ev.DomainEvent] = [
        *rings,
        ev.ConsultAnswered(at=5.0, **between),
        ev.AgentStateChanged(at=5.0, agent_id=colleague, state="on_call", call_id=CALL),
    ]
    joined = [*answered, ev.ConferenceStarted(at=6.0, **between)]
    both = ONE | RINGS

    def true(of: Living, engaged: frozenset[str]) -> Truth:
        return Truth({CALL: of, OTHER: WAITING}, at_work, engaged)

    pictures = {
        "rings": (true(Living(ringing=RINGS), ONE), rings),
        "answered": (true(Living(apart=both), both), answered),
        "joined": (true(Living(agents=both), both), joined),
    }
    for name, (picture, _) in pictures.items():
        for other, (_, events) in pictures.items():
            assert bool(differences(picture, folded(events))) == (name != other), (name, other)


def test_the_reason_of_a_pause_counts() -> None:
    paused = ev.AgentStateChanged(
        at=1.0, agent_id=AGENT, state="paused", reason="lunch", call_id=None
    )
    ours = folded([SIGNED_IN, paused])

    def because(reason: str) -> Truth:
        return Truth({}, {"1001": {"service": Member(reason, in_call=False, ringing=False)}})

    assert differences(because("lunch"), ours) == []
    assert differences(because("meeting"), ours)
    assert differences(because("wrap-up"), ours)


def test_asterisks_words_are_read() -> None:
    """As ``QueueStatus`` and ``Status`` give them: a talk on hold, and one who waits."""

    def leg(channel: str, call: str, bridge: str = "", state: str = "6") -> dict[str, list[str]]:
        number = channel.rpartition("-")[2]
        return {
            "Event": ["Status"],
            "Channel": [channel],
            "ChannelState": [state],
            "Uniqueid": [f"1.{number}"],
            "BridgeID": [bridge],
            "ChanVariable": ["HOTLINE_DNIS=95500", f"HOTLINE_CALL_ID={call}"],
            "Variable": ["CHANNEL(onhold)=1" if channel.endswith("-5") else ""],
        }

    def member(name: str, status: str) -> dict[str, list[str]]:
        return {
            "Event": ["QueueMember"],
            "Queue": ["service"],
            "Name": [name],
            "Location": [f"PJSIP/{name}"],
            "Status": [status],
            "InCall": ["1" if status == "2" else "0"],
            "Paused": ["0"],
            "PausedReason": [""],
        }

    waits = {
        "Event": ["QueueEntry"],
        "Queue": ["service"],
        "Uniqueid": ["1.7"],
        "Wait": ["3"],
        "Priority": ["20"],
    }
    channels = [
        leg("PJSIP/trunk-a-5", "a", "x"),
        leg("PJSIP/1001-6", "a", "x"),
        leg("PJSIP/trunk-a-7", "b"),
        leg("PJSIP/1002-8", "b", state="5"),
    ]
    read = told([member("1001", "2"), member("1002", "6"), waits], channels, now=10.0)
    assert read.engaged == ONE
    assert read.calls == {
        "a": Living(agents=ONE, held=True),
        "b": Living(queue="service", since=7.0, priority=20, ringing=RINGS),
    }
    assert read.members["1001"]["service"].in_call
    assert read.members["1002"]["service"].ringing
