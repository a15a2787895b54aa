"""The desk's fold and its numbered stream."""

import itertools

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_console.desk import Desk
from agent_console.messages import (
    ENVELOPE_DECODER,
    AgentStateChanged,
    AgentStatus,
    CallEnded,
    DeskMessage,
    OfferAnswered,
    PopCompleted,
    PopConnected,
    PopRaised,
    PopWithdrawn,
    QueueLine,
    QueueSummary,
    Resume,
    Snapshot,
    WrapUp,
    WrapUpEnded,
    WrapUpStarted,
    encode_body,
)
from tests.unit.console_kit import START, card, pop

DESK_DECODER: msgspec.json.Decoder[DeskMessage] = msgspec.json.Decoder(DeskMessage)
NOTHING = Snapshot(status=AgentStatus(state="available", since=START))
WRAP_UP = WrapUp(call_id="c1", started_at=START + 60, until=START + 90)


def queue_summary(waiting: int) -> QueueSummary:
    return QueueSummary(queues=(QueueLine(queue="service", waiting=waiting),))


def desk(*messages: DeskMessage, buffered: int = 256) -> Desk:
    made = Desk("stream", NOTHING, buffered=buffered)
    for message in messages:
        made.apply(message)
    return made


def seqs(frames: list[str] | None) -> list[int] | None:
    return None if frames is None else [ENVELOPE_DECODER.decode(f).seq for f in frames]


def test_a_call_walks_over_the_desk() -> None:
    made = desk(PopRaised(pop=pop()))
    assert made.pops == (pop(),)
    made.apply(PopCompleted(call_id="c1", customer=card()))
    assert (made.pops[0].brief, made.pops[0].customer) == ("ready", card())
    made.apply(PopConnected(call_id="c1", connected_at=START + 5))
    assert (made.pops[0].phase, made.pops[0].connected_at) == ("connected", START + 5)
    made.apply(CallEnded(call_id="c1", ended_at=START + 60))
    made.apply(WrapUpStarted(wrap_up=WRAP_UP))
    assert (made.pops[0].phase, made.wrap_up) == ("ended", WRAP_UP)
    made.apply(WrapUpEnded(call_id="c1", ended_by="timer"))
    assert made.snapshot() == NOTHING


def test_an_unknown_caller_stays_unknown() -> None:
    made = desk(PopRaised(pop=pop()), PopCompleted(call_id="c1"))
    assert (made.pops[0].brief, made.pops[0].customer) == ("unknown", None)


def test_a_withdrawn_pop_leaves_and_the_other_stays() -> None:
    made = desk(
        PopRaised(pop=pop()),
        PopRaised(pop=pop("c2")),
        PopWithdrawn(call_id="c1", reason="no_answer"),
    )
    assert made.pops == (pop("c2"),)
    assert made.pop("c1") is None


def test_news_of_a_call_that_is_not_here_changes_nothing() -> None:
    made = desk(
        PopConnected(call_id="c9", connected_at=START),
        CallEnded(call_id="c9", ended_at=START),
        PopCompleted(call_id="c9", customer=card()),
        PopWithdrawn(call_id="c9", reason="ended"),
        WrapUpStarted(wrap_up=WRAP_UP),
        WrapUpEnded(call_id="c9", ended_by="agent"),
    )
    assert made.snapshot() == msgspec.structs.replace(NOTHING, wrap_up=WRAP_UP)
    assert made.seq == 6


def test_a_fresh_picture_replaces_everything() -> None:
    made = desk(PopRaised(pop=pop()), WrapUpStarted(wrap_up=WRAP_UP))
    made.apply(NOTHING)
    assert made.snapshot() == NOTHING


def test_frames_are_numbered_and_shared_bodies_are_taken_as_they_are() -> None:
    made = desk()
    message = queue_summary(3)
    first = made.apply(message, encode_body(message))
    second = made.apply(message)
    assert ENVELOPE_DECODER.decode(first).message == message
    assert first.replace('"seq":1', '"seq":2') == second


def test_a_page_gets_what_it_missed() -> None:
    made = desk(PopRaised(pop=pop()), PopRaised(pop=pop("c2")), PopRaised(pop=pop("c3")))
    assert seqs(made.missed(Resume(stream="stream", seq=1))) == [2, 3]
    assert made.missed(Resume(stream="stream", seq=3)) == []


@pytest.mark.parametrize(
    "resume",
    [
        None,
        Resume(stream="other", seq=1),
        Resume(stream="stream", seq=4),
        Resume(stream="stream", seq=-1),
    ],
    ids=["new page", "other stream", "future", "negative"],
)
def test_a_page_that_knows_nothing_useful_gets_a_snapshot(resume: Resume | None) -> None:
    made = desk(PopRaised(pop=pop()), PopRaised(pop=pop("c2")), PopRaised(pop=pop("c3")))
    assert made.missed(resume) is None


def test_a_page_that_missed_too_much_gets_a_snapshot() -> None:
    made = desk(*(PopRaised(pop=pop(f"c{n}")) for n in range(1, 6)), buffered=3)
    assert made.missed(Resume(stream="stream", seq=1)) is None
    assert seqs(made.missed(Resume(stream="stream", seq=2))) == [3, 4, 5]


def test_the_buffer_is_bounded_in_characters_too() -> None:
    made = desk()
    big = pop(number="8" * 20_000)
    for _ in range(5):
        made.apply(PopRaised(pop=big))
    assert seqs(made.missed(Resume(stream="stream", seq=2))) == [3, 4, 5]
    assert made.missed(Resume(stream="stream", seq=1)) is None
    made.apply(PopRaised(pop=pop(number="8" * 70_000)))
    assert made.missed(Resume(stream="stream", seq=5)) is None
    assert seqs(made.missed(Resume(stream="stream", seq=6))) == []


def test_only_the_newest_queue_summary_is_kept_and_pushes_no_pop_out() -> None:
    made = desk(PopRaised(pop=pop()), *(queue_summary(n) for n in range(500)), buffered=4)
    assert seqs(made.missed(Resume(stream="stream", seq=0))) == [1, 501]
    made.apply(PopWithdrawn(call_id="c1", reason="abandoned"))
    assert seqs(made.missed(Resume(stream="stream", seq=1))) == [501, 502]


def test_what_was_noted_of_an_offer_stands_until_somebody_else_is_calling() -> None:
    made = desk(
        PopRaised(pop=pop()),
        PopCompleted(call_id="c1", customer=card()),
        OfferAnswered(call_id="c1", offer_id="o1", answer="presented"),
        OfferAnswered(call_id="c1", offer_id="o1", answer="accepted"),
        OfferAnswered(call_id="gone", offer_id="o1", answer="declined"),
    )
    [shown] = made.snapshot().pops
    assert shown.answers == {"o1": "accepted"}
    made.apply(PopCompleted(call_id="c1", customer=card("李**")))
    assert made.snapshot().pops[0].answers == {"o1": "accepted"}
    other = msgspec.structs.replace(card(), customer_id="C0002")
    made.apply(PopCompleted(call_id="c1", customer=other))
    assert made.snapshot().pops[0].answers == {}


MESSAGES = st.sampled_from(
    [
        *(PopRaised(pop=pop(c)) for c in ("c1", "c2")),
        *(PopCompleted(call_id=c, customer=card()) for c in ("c1", "c2")),
        *(PopConnected(call_id=c, connected_at=START) for c in ("c1", "c2")),
        *(PopWithdrawn(call_id=c, reason="elsewhere") for c in ("c1", "c2")),
        *(CallEnded(call_id=c, ended_at=START) for c in ("c1", "c2")),
        *(OfferAnswered(call_id=c, offer_id="o1", answer="accepted") for c in ("c1", "c2")),
        OfferAnswered(call_id="c1", offer_id="o1", answer="declined"),
        PopCompleted(call_id="c1", customer=msgspec.structs.replace(card(), customer_id="C0002")),
        WrapUpStarted(wrap_up=WRAP_UP),
        WrapUpEnded(call_id="c1", ended_by="agent"),
        AgentStateChanged(status=AgentStatus(state="on_call", since=START)),
        *(queue_summary(n) for n in range(3)),
        NOTHING,
    ]
)


@given(
    messages=st.lists(MESSAGES, max_size=40),
    lost_at=st.integers(0, 40),
    buffered=st.integers(1, 12),
)
def test_a_resumed_page_knows_what_an_unbroken_one_knows(
    messages: list[DeskMessage], lost_at: int, buffered: int
) -> None:
    server = desk(buffered=buffered)
    page = desk()
    for message in messages[:lost_at]:
        server.apply(message)
        page.apply(message)
    known = server.seq
    for message in messages[lost_at:]:
        server.apply(message)
    frames = server.missed(Resume(stream="stream", seq=known))
    if frames is None:
        assert server.seq - known > buffered, "a snapshot only when the buffer is too small"
        return
    numbers = seqs(frames)
    assert numbers is not None
    assert all(a < b for a, b in itertools.pairwise([known, *numbers]))
    for frame in frames:
        page.apply(
            DESK_DECODER.decode(msgspec.json.encode(ENVELOPE_DECODER.decode(frame).message))
        )
    assert page.snapshot() == server.snapshot()
