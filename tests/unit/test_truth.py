"""The comparison that the fault rounds rest on notices every kind of difference."""

from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from tests.asterisk.truth import Member, Truth, differences, folded

CALL, OTHER = CallId("a"), CallId("b")
AGENT, QUEUE = AgentId("1001"), QueueName("service")
IDLE = Member(paused="", in_call=False, ringing=False)
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
TRUE = Truth({"service": 1}, {"1001": {"service": TALKING}})


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
    for other in (
        Truth({}, TRUE.members),
        Truth({"service": 1, "vip": 1}, TRUE.members),
        Truth(TRUE.waiting, {}),
        Truth(TRUE.waiting, {"1001": {"service": IDLE}}),
        Truth(TRUE.waiting, {"1001": {"service": wrapping}}),
        Truth(TRUE.waiting, {**TRUE.members, "1002": {"service": IDLE}}),
    ):
        assert differences(other, ours), other


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
