"""What the FastAGI port makes of what a stranger says, and of how it leaves."""

import asyncio
from ipaddress import ip_network

import pytest

from ivr.agi.protocol import LARGEST_ENVIRONMENT, LONGEST_LINE
from ivr.config import IvrConfig, IvrLimits
from ivr.flow import FlowSet
from ivr.strangers import Strangers, judge
from ivr.testing import shipped_router

HELLO = b"agi_network: yes\nagi_network_script: main\nagi_arg_1: s3cret\nagi_arg_2: zh\n\n"


@pytest.mark.parametrize(
    ("said", "verdict"),
    [
        (b"", "more"),
        (b"agi", "more"),
        (HELLO[:-1], "more"),
        (HELLO, "trusted"),
        (HELLO + b"200 result=1\n", "trusted"),
        (HELLO.replace(b"\n", b"\r\n"), "trusted"),
        (HELLO.replace(b"s3cret", b"guess"), "secret"),
        (HELLO.replace(b"s3cret", b"s3cret2"), "secret"),
        (HELLO.replace(b"s3cret", b""), "secret"),
        (b"agi_arg_10: s3cret\nagi_arg_2: s3cret\n\n", "secret"),
        (b"agi_network: yes\n\nagi_arg_1: guess\n\n", "secret"),
        (b"agi_\n\n", "secret"),
        (b"GET / HTTP/1.1\r\n", "garbage"),
        (b"\x16\x03\x01", "garbage"),
        (b"\n", "garbage"),
        (b"agi_a: b\nagi_b: " + b"x" * LONGEST_LINE, "garbage"),
        (b"agi_a: b\n" * (LARGEST_ENVIRONMENT // 9), "more"),
        (b"agi_a: b\n" * (LARGEST_ENVIRONMENT // 9 + 1), "garbage"),
    ],
)
def test_a_stranger_is_judged_by_all_that_it_said(said: bytes, verdict: str) -> None:
    assert judge(said, b"s3cret") == verdict


def test_nothing_is_trusted_before_its_last_byte() -> None:
    assert {judge(HELLO[:length], b"s3cret") for length in range(len(HELLO))} == {"more"}


class Line(asyncio.Transport):
    """A connection from an address."""

    def __init__(self, address: str = "127.0.0.1") -> None:
        super().__init__({"peername": (address, 4573)} if address else {})
        self.aborted = False

    def abort(self) -> None:
        self.aborted = True


class Door:
    """Strangers, and what became of them."""

    def __init__(self, **limits: float) -> None:
        config = IvrConfig(
            host="127.0.0.1",
            port=0,
            secret="s3cret",
            allow=(ip_network("127.0.0.0/8"),),
            flows=FlowSet({}),
            route=shipped_router(),
            limits=IvrLimits(**limits),  # type: ignore[arg-type]
        )
        self.causes: list[str] = []
        self.welcomed: list[tuple[asyncio.Transport, bytes]] = []
        self.strangers = Strangers(
            config, self.causes.append, lambda line, said, _: self.welcomed.append((line, said))
        )

    def connect(self, line: Line) -> asyncio.Protocol:
        protocol = self.strangers.next()
        protocol.connection_made(line)
        return protocol


async def test_who_shows_the_secret_is_handed_over_with_all_that_it_said() -> None:
    door, line = Door(), Line()
    protocol = door.connect(line)
    protocol.data_received(HELLO[:20])
    protocol.data_received(HELLO[20:] + b"HANGUP\n")
    assert door.welcomed == [(line, HELLO + b"HANGUP\n")]
    protocol.connection_lost(None)  # that is the session's affair
    assert (line.aborted, door.causes) == (False, [])


@pytest.mark.parametrize(
    ("address", "cause"), [("", "closed"), ("10.0.0.1", "address"), ("::1", "address")]
)
async def test_a_foreign_peer_is_not_heard(address: str, cause: str) -> None:
    door, line = Door(), Line(address)
    protocol = door.connect(line)
    protocol.data_received(HELLO)
    assert (line.aborted, door.causes, door.welcomed) == (True, [cause], [])


async def test_a_crowd_pushes_out_the_oldest_and_never_who_has_shown_the_secret() -> None:
    door, lines = Door(strangers=2), [Line() for _ in range(4)]
    door.connect(lines[0]).data_received(HELLO)
    for line in lines[1:]:
        door.connect(line)
    assert [line.aborted for line in lines] == [False, True, False, False]
    assert door.causes == ["crowd"]


async def test_only_strangers_use_up_the_pace_and_those_beyond_it_are_hurried() -> None:
    door = Door(connections=1, hurry=0.0, handshake=60.0)
    for _ in range(10):
        door.connect(Line()).data_received(HELLO)
    patient = [Line(), Line()]
    hurried = [Line(), Line(), Line()]
    for line in [*patient, *hurried]:
        door.connect(line)
    late = Line()
    door.connect(late).data_received(HELLO)  # the pace is used up, but this is a call
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    assert [line.aborted for line in patient] == [False, False]
    assert [line.aborted for line in hurried] == [True, True, True]
    assert door.causes == ["pace"] * 3
    assert len(door.welcomed) == 11
    door.strangers.close()
    assert all(line.aborted for line in patient)
    assert not late.aborted


async def test_a_closed_door_lets_nobody_in() -> None:
    door, line = Door(), Line()
    door.strangers.close()
    door.connect(line).data_received(HELLO)
    assert line.aborted
    assert door.welcomed == []


@pytest.mark.parametrize("way", ["eof_received", "connection_lost"])
async def test_who_leaves_before_is_counted_once(way: str) -> None:
    door, line = Door(), Line()
    protocol = door.connect(line)
    protocol.data_received(b"agi_network: yes\n")
    protocol.eof_received() if way == "eof_received" else None
    protocol.connection_lost(None)
    assert door.causes == ["closed"]
    assert line.aborted
