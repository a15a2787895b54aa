"""One connection as a state machine: greeting, commands, silence, floods."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from agent_console.connection import (
    BURST,
    HELLO_WITHIN_S,
    MESSAGES_PER_S,
    SILENCE_S,
    Close,
    Connection,
    Open,
    Reply,
    Run,
    failed,
)
from agent_console.messages import (
    MAX_MESSAGE_BYTES,
    Dispose,
    ExtendWrapUp,
    Hello,
    Ping,
    Pong,
    Ready,
    Resume,
    SetState,
)
from agent_console.tickets import TICKET_LIFETIME_S, Tickets
from tests.unit.console_kit import START, pass_of


def text(message: msgspec.Struct) -> str:
    return msgspec.json.encode(message).decode()


def greeted() -> Connection:
    tickets = Tickets()
    connection = Connection(tickets.redeem, START)
    connection.receive(text(Hello(ticket=tickets.issue(pass_of("1001"), START))), START)
    return connection


def test_a_good_ticket_opens_once() -> None:
    tickets = Tickets()
    ticket = tickets.issue(pass_of("1001"), START)
    resume = Resume(stream="s", seq=7)
    hello = text(Hello(ticket=ticket, resume=resume))
    first, second = Connection(tickets.redeem, START), Connection(tickets.redeem, START)
    assert first.receive(hello, START) == [Open(pass_of("1001"), resume)]
    assert second.receive(hello, START) == [Close(4401)]
    assert (first.state, second.state) == ("open", "closed")


def test_a_late_or_revoked_or_invented_ticket_opens_nothing() -> None:
    tickets = Tickets()
    late = tickets.issue(pass_of("1001"), START)
    assert tickets.redeem(late, START + TICKET_LIFETIME_S) is None
    revoked = tickets.issue(pass_of("1001", "s1"), START)
    kept = tickets.issue(pass_of("1002", "s2"), START)
    tickets.revoke("s1")
    assert tickets.redeem(revoked, START) is None
    assert tickets.redeem(kept, START) == pass_of("1002", "s2")
    assert tickets.redeem("invented", START) is None


def test_expired_tickets_are_not_kept() -> None:
    tickets = Tickets(lifetime_s=1)
    old = tickets.issue(pass_of("1001"), START)
    tickets.issue(pass_of("1001"), START + 1)
    assert len(tickets) == 1
    assert tickets.redeem(old, START) is None


@pytest.mark.parametrize(
    "frame",
    [text(Ping()), text(Ready(ref=1)), "{}", "nonsense", "", "\ud800", b"\x00", "[]"],
)
def test_nothing_but_hello_opens(frame: str | bytes) -> None:
    connection = Connection(Tickets().redeem, START)
    assert connection.receive(frame, START) == [Close(4400)]
    assert connection.receive(text(Hello(ticket="x")), START) == []


def test_a_second_hello_breaks_the_protocol() -> None:
    assert greeted().receive(text(Hello(ticket="x")), START) == [Close(4400)]


def test_a_page_that_never_greets_is_closed() -> None:
    connection = Connection(Tickets().redeem, START)
    assert connection.tick(START + HELLO_WITHIN_S - 0.1) == []
    assert connection.tick(START + HELLO_WITHIN_S) == [Close(4401)]


def test_pings_are_answered_and_keep_the_line() -> None:
    connection = greeted()
    later = START + SILENCE_S - 1
    assert connection.receive(text(Ping()), later) == [Reply(Pong(now=later))]
    assert connection.tick(later + SILENCE_S - 1) == []
    assert connection.tick(later + SILENCE_S) == [Close(4409)]
    assert connection.tick(later + SILENCE_S) == []


@pytest.mark.parametrize(
    "command",
    [
        SetState(ref=1, state="paused", reason="lunch"),
        Ready(ref=2),
        ExtendWrapUp(ref=3),
        Dispose(ref=4, call_id="c1", code="solved"),
    ],
)
def test_commands_are_handed_on(
    command: SetState | Ready | ExtendWrapUp | Dispose,
) -> None:
    assert greeted().receive(text(command), START) == [Run(command)]


@pytest.mark.parametrize(
    "frame",
    [
        "nonsense",
        "{}",
        json.dumps({"type": "become_admin", "ref": 1}),
        json.dumps({"type": "set_state", "ref": 1, "state": "on_call"}),
        json.dumps({"type": "dispose", "ref": 1, "call_id": 5, "code": "x"}),
    ],
)
def test_an_unreadable_message_is_refused_and_the_line_lives(frame: str) -> None:
    connection = greeted()
    assert connection.receive(frame, START) == [Reply(failed("bad_message"))]
    assert connection.state == "open"


def test_bytes_and_giants_close() -> None:
    assert greeted().receive(b"{}", START) == [Close(4400)]
    assert greeted().receive(" " * (MAX_MESSAGE_BYTES + 1), START) == [Close(4400)]


def test_a_flood_is_closed_and_a_steady_page_is_not() -> None:
    steady = greeted()
    for n in range(500):
        steps = steady.receive(text(Ping()), START + n / MESSAGES_PER_S)
        assert isinstance(steps[0], Reply)
    flood = greeted()
    steps = [flood.receive(text(Ping()), START)[0] for _ in range(BURST - 1)]
    assert all(isinstance(step, Reply) for step in steps)
    assert flood.receive(text(Ping()), START) == [Close(4429)]


@given(frames=st.lists(st.one_of(st.text(), st.binary()), max_size=8))
def test_no_noise_raises_or_opens(frames: list[str | bytes]) -> None:
    connection = Connection(Tickets().redeem, START)
    for frame in frames:
        assert not any(isinstance(s, Open | Run) for s in connection.receive(frame, START))
    assert connection.state == ("closed" if frames else "waiting")
