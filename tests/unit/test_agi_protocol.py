"""The AGI codec: every split, every form of reply, nothing unbounded."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ivr.agi import AgiProtocol, Command, Environment, HungUp, PeerClosed, Reply
from ivr.agi.protocol import LARGEST_ENVIRONMENT, LONGEST_LINE, MOST_LINES
from ivr.errors import AgiProtocolError

ENVIRONMENT = (
    b"agi_network: yes\nagi_network_script: main\n"
    b"agi_request: agi://127.0.0.1:4573/main\nagi_channel: PJSIP/carrier-00000001\n"
    b"agi_callerid: +8613800138000\nagi_callingpres: 0\nagi_arg_1: s3cret\nagi_arg_2: zh\n"
    b"agi_arg_3: service\nagi_calleridname: \xe7\x8e\x8b\xe8\x8a\xb3: x\n\n"
)
ANSWERS = (
    b"200 result=1\n",
    b"200 result=49 endpos=12345\n",
    b"100 result=0 Trying...\n200 result=1 (a (b) c)\n",
    b'200 result=1 (speech) endpos=0 results=1 score0=90 text0="two words" grammar0=yes\n',
    b"HANGUP\n520-Invalid command syntax.  Proper usage follows:\n"
    b" Usage: WAIT FOR DIGIT <timeout>\n\n 200 result=1\n510 not the end\n"
    b"520 End of proper usage.\n",
    b"520 Invalid command syntax.  Proper usage not available.\n",
    b"510 Invalid or unknown command\n",
    b"511 Command Not Permitted on a dead channel or intercept routine\r\n",
)


def read(cuts: list[int]) -> list[object]:
    """Hold the whole conversation, every message cut at ``cuts`` (modulo its length)."""
    protocol = AgiProtocol()
    events: list[object] = []
    for number, message in enumerate((ENVIRONMENT, *ANSWERS)):
        if number:
            protocol.send(Command("NOOP"))
        for piece in split(message, cuts):
            protocol.receive(piece)
        while (event := protocol.next_event()) is not None:
            events.append(event)
        assert not protocol.pending
    protocol.receive_eof()
    while (event := protocol.next_event()) is not None:
        events.append(event)
    return events


def split(data: bytes, cuts: list[int]) -> list[bytes]:
    borders = [0, *sorted({cut % len(data) for cut in cuts}), len(data)]
    return [data[a:b] for a, b in pairwise(borders)]


WHOLE = read([])


def test_the_whole_conversation_is_read() -> None:
    environment, *rest = WHOLE
    assert isinstance(environment, Environment)
    assert environment.script == "main"
    assert environment.arguments == ("s3cret", "zh", "service")
    assert environment.caller_number == "+8613800138000"
    assert environment.get("calleridname") == "王芳: x"
    assert [(r.code, r.result) for r in rest[:4] if isinstance(r, Reply)] == [
        (200, "1"),
        (200, "49"),
        (200, "1"),
        (200, "1"),
    ]
    assert isinstance(rest[4], HungUp)
    assert isinstance(rest[5], Reply)
    assert rest[5].code == 520
    assert "Usage: WAIT FOR DIGIT" in rest[5].text
    assert "510 not the end" in rest[5].text
    assert [r.code for r in rest[6:9] if isinstance(r, Reply)] == [520, 510, 511]
    assert isinstance(rest[9], PeerClosed)


def test_replies_give_keys_data_and_fields() -> None:
    replies = [event for event in WHOLE if isinstance(event, Reply)]
    assert replies[1].key == "1"
    assert replies[1].fields["endpos"] == "12345"
    assert replies[2].data == "a (b) c"
    assert replies[3].data == "speech"
    assert replies[3].fields["text0"] == "two words"
    assert replies[3].fields["grammar0"] == "yes"
    assert [reply.is_dead for reply in replies] == [False] * (len(replies) - 1) + [True]


@given(st.lists(st.integers(0, 500), max_size=30))
def test_every_split_reads_the_same(cuts: list[int]) -> None:
    assert read(cuts) == WHOLE


def test_byte_by_byte_reads_the_same() -> None:
    assert read(list(range(500))) == WHOLE


def test_one_command_at_a_time() -> None:
    protocol = AgiProtocol()
    protocol.receive(ENVIRONMENT)
    protocol.send(Command("NOOP"))
    with pytest.raises(AgiProtocolError, match="still running"):
        protocol.send(Command("NOOP"))


@given(st.binary(max_size=400))
def test_garbage_raises_only_protocol_errors(data: bytes) -> None:
    protocol = AgiProtocol()
    try:
        protocol.receive(data)
    except AgiProtocolError:
        return
    while (event := protocol.next_event()) is not None:
        assert isinstance(event, Environment)


@given(st.binary(max_size=400))
def test_garbage_after_the_environment_raises_only_protocol_errors(data: bytes) -> None:
    protocol = AgiProtocol()
    protocol.receive(ENVIRONMENT)
    protocol.send(Command("NOOP"))
    try:
        protocol.receive(data)
    except AgiProtocolError:
        return
    assert protocol.state in ("commands", "usage")


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\n",
        b"\x16\x03\x01\x02\x00\n",
        b"agi_x" * (LONGEST_LINE // 5 + 1),
        b"200 result=1\n",
        b"HANGUP\n",
        (b"agi_x: " + b"y" * 4000 + b"\n") * (LARGEST_ENVIRONMENT // 4000 + 1),
    ],
    ids=["http", "tls", "long line", "reply first", "hangup first", "large environment"],
)
def test_what_is_not_asterisk_is_refused(data: bytes) -> None:
    with pytest.raises(AgiProtocolError):
        AgiProtocol().receive(data)


def test_a_reply_without_a_command_is_refused() -> None:
    protocol = AgiProtocol()
    protocol.receive(ENVIRONMENT)
    with pytest.raises(AgiProtocolError, match="without a command"):
        protocol.receive(b"200 result=1\n")


def test_an_endless_usage_text_is_refused() -> None:
    protocol = AgiProtocol()
    protocol.receive(ENVIRONMENT)
    protocol.send(Command("NOOP"))
    with pytest.raises(AgiProtocolError, match="does not end"):
        protocol.receive(b"520-Usage\n" + (b"words " * 500 + b"\n") * 12)


@pytest.mark.parametrize("line", [b"words\n", b"HANGUP\n", b"100 result=0 Trying...\n", b"\n"])
def test_a_peer_that_goes_on_and_on_is_refused(line: bytes) -> None:
    protocol = AgiProtocol()
    protocol.receive(ENVIRONMENT)
    protocol.send(Command("NOOP"))
    protocol.receive(b"520-Usage\n" if line in (b"words\n", b"\n") else b"")
    protocol.receive(line * (MOST_LINES - 1))
    with pytest.raises(AgiProtocolError, match="lines in a row"):
        protocol.receive(2 * line)


def test_a_long_conversation_is_no_flood() -> None:
    protocol = AgiProtocol()
    protocol.receive(ENVIRONMENT)
    for _ in range(3 * MOST_LINES):
        protocol.send(Command("NOOP"))
        protocol.receive(b"200 result=1\n")
        while protocol.next_event() is not None:
            pass
    assert not protocol.pending


def test_a_flood_of_hang_ups_is_one_event() -> None:
    protocol = AgiProtocol()
    protocol.receive(ENVIRONMENT)
    protocol.receive(b"HANGUP\n" * 200)
    assert isinstance(protocol.next_event(), Environment)
    assert isinstance(protocol.next_event(), HungUp)
    assert protocol.next_event() is None


def test_no_command_before_the_environment() -> None:
    with pytest.raises(AgiProtocolError, match="before the environment"):
        AgiProtocol().send(Command("NOOP"))


def test_end_of_file_at_once_is_an_event() -> None:
    protocol = AgiProtocol()
    protocol.receive_eof()
    assert isinstance(protocol.next_event(), PeerClosed)
    assert protocol.next_event() is None
    with pytest.raises(AgiProtocolError):
        protocol.receive(b"x")


@pytest.mark.parametrize(
    ("lines", "number"),
    [
        (b"agi_callerid: unknown\n", ""),
        (b"agi_callerid: 10086\nagi_callingpres: 3\n", "10086"),
        (b"agi_callerid: 10086\nagi_callingpres: 35\n", ""),
        (b"agi_callerid: 10086\nagi_callingpres: 67\n", ""),
        (b"agi_callingpres: 0\n", ""),
    ],
)
def test_a_withheld_number_is_not_used(lines: bytes, number: str) -> None:
    protocol = AgiProtocol()
    protocol.receive(lines + b"\n")
    environment = protocol.next_event()
    assert isinstance(environment, Environment)
    assert environment.caller_number == number
