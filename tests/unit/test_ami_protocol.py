"""Answers find their action; what was not answered is never repeated."""

import asyncio
from typing import Any, cast

import pytest

from cti.ami.client import AmiClient, AmiConfig, Backoff
from cti.ami.framing import Message
from cti.ami.protocol import AmiProtocol
from cti.ami_actions import QUEUE_STATUS, queue_pause
from cti.errors import AmiActionRefusedError, AmiOutcomeUnknownError, AmiUnavailableError

BANNER = b"Asterisk Call Manager/11.0.0\r\n"


class Wire:
    """A transport that keeps what is written."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.aborted = False

    def write(self, data: bytes) -> None:
        self.sent.append(data.decode())

    def is_closing(self) -> bool:
        return self.aborted

    def abort(self) -> None:
        self.aborted = True

    def close(self) -> None:
        self.aborted = True


class Manager:
    """What panoramisk's ``Manager`` is to its protocol."""

    def __init__(self) -> None:
        self.lost = 0
        self.awaiting_actions: list[Any] = []

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost += 1


def _open() -> tuple[AmiProtocol, Wire, Manager, list[Message]]:
    events: list[Message] = []
    protocol, wire, manager = AmiProtocol(events.append), Wire(), Manager()
    protocol.connection_made(cast(asyncio.BaseTransport, wire))
    protocol.factory = manager
    protocol.data_received(BANNER)
    return protocol, wire, manager, events


def _id(sent: str) -> str:
    return sent.split("ActionID: ")[1].split("\r\n")[0]


async def test_answers_are_matched_by_their_id_in_any_order() -> None:
    protocol, wire, _, events = _open()
    first = protocol.request("QueuePause", [("Interface", "a")])
    second = protocol.request("QueuePause", [("Interface", "b")])
    for n, word in ((1, "Error"), (0, "Success")):
        answer = f"Response: {word}\r\nActionID: {_id(wire.sent[n])}\r\nMessage: m{n}\r\n\r\n"
        protocol.data_received(answer.encode())
    assert (await first).success
    assert (await first).text == "m0"
    assert not (await second).success
    assert events == []


async def test_a_list_is_collected_while_events_pass_by() -> None:
    protocol, wire, _, events = _open()
    answer = protocol.request("QueueStatus", [])
    a = _id(wire.sent[0])
    protocol.data_received(
        f"Response: Success\r\nActionID: {a}\r\nEventList: start\r\n\r\n"
        f"Event: QueueParams\r\nQueue: service\r\nActionID: {a}\r\n\r\n"
        "Event: Newstate\r\nUniqueid: 1.1\r\n\r\n"
        f"Event: QueueStatusComplete\r\nActionID: {a}\r\nEventList: Complete\r\n\r\n".encode()
    )
    reply = await answer
    assert reply.success
    assert [m.get("Queue") for m in reply.items] == ["service"]
    assert [m.event for m in events] == ["Newstate"]


async def test_a_lost_connection_reports_every_open_action_and_repeats_none() -> None:
    protocol, wire, manager, _ = _open()
    answer = protocol.request("Originate", [("Channel", "PJSIP/1001")])
    login = protocol.send({"Action": "Login", "Username": "u", "Secret": "s"})
    protocol.connection_lost(None)
    with pytest.raises(AmiOutcomeUnknownError, match="Originate"):
        await answer
    assert not (await login).success
    assert manager.lost == 1
    assert manager.awaiting_actions == []
    with pytest.raises(AmiUnavailableError):
        protocol.request("Originate", [])
    assert len(wire.sent) == 2


async def test_a_refused_value_sends_nothing() -> None:
    protocol, wire, _, _ = _open()
    with pytest.raises(AmiActionRefusedError):
        protocol.request("QueuePause", [("Reason", "x\r\nAction: Originate")])
    assert wire.sent == []


async def test_an_unreadable_stream_is_dropped() -> None:
    protocol = AmiProtocol(lambda _: None)
    wire = Wire()
    protocol.connection_made(cast(asyncio.BaseTransport, wire))
    protocol.data_received(b"220 mail.example.org ESMTP\r\n")
    assert wire.aborted
    assert protocol.cause == "protocol"


async def test_closing_by_the_manager_does_not_ask_it_to_reconnect() -> None:
    protocol, _, manager, _ = _open()
    answer = protocol.request("Ping", [])
    protocol.close()
    protocol.connection_lost(None)
    assert manager.lost == 0
    with pytest.raises(AmiOutcomeUnknownError):
        await answer


async def test_without_a_connection_a_request_says_where_it_looked() -> None:
    client = AmiClient(
        AmiConfig(host="192.0.2.1", username="u", secret="s"),
        on_event=lambda _: None,
        on_ready=lambda: None,
        on_down=lambda _: None,
    )
    with pytest.raises(AmiUnavailableError, match=r"192\.0\.2\.1:5038"):
        await client.request(QUEUE_STATUS)


def test_a_secret_with_a_line_break_is_refused_at_once() -> None:
    with pytest.raises(AmiActionRefusedError):
        AmiClient(
            AmiConfig(username="u", secret="s\r\nAction: Ping"),
            on_event=lambda _: None,
            on_ready=lambda: None,
            on_down=lambda _: None,
        )


def test_pauses_double_to_a_limit_with_jitter_and_start_over() -> None:
    middle = Backoff(0.1, 5.0, jitter=lambda: 0.5)
    assert [middle.next() for _ in range(8)] == [0.1, 0.2, 0.4, 0.8, 1.6, 3.2, 5.0, 5.0]
    middle.reset()
    assert middle.next() == 0.1
    assert Backoff(1.0, 5.0, jitter=lambda: 0.0).next() == 0.75
    assert Backoff(1.0, 5.0, jitter=lambda: 1.0).next() == 1.25


def test_commands_are_spelled_as_asterisk_wants_them() -> None:
    action = queue_pause("PJSIP/1001", "lunch")
    assert action.name == "QueuePause"
    assert dict(action.fields) == {
        "Interface": "PJSIP/1001",
        "Paused": "true",
        "Reason": "lunch",
    }
