"""The listening server over real sockets: strangers, limits, and a clean stop."""

import asyncio
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path
from typing import TypeAlias

import msgspec
import pytest

import dialplans
from ivr.config import IvrConfig, IvrLimits
from ivr.flow import load
from ivr.server import IvrServer
from ivr.testing import demo_bank, services, shipped_router

HELLO = (
    b"agi_network: yes\nagi_network_script: main\nagi_callerid: unknown\n"
    b"agi_arg_1: s3cret\nagi_arg_2: zh\nagi_arg_3: service\n\n"
)
CONFIG = IvrConfig(
    host="127.0.0.1",
    port=0,
    secret="s3cret",
    allow=(ip_network("127.0.0.0/8"),),
    flows=load(Path(dialplans.__path__[0]) / "flows"),
    route=shipped_router(),
)
Peer: TypeAlias = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Servers:
    """Starts servers and stops what is left of them."""

    def __init__(self) -> None:
        self.started: list[IvrServer] = []
        self.peers: list[Peer] = []

    async def start(self, config: IvrConfig = CONFIG, **limits: float) -> IvrServer:
        changed = msgspec.structs.replace(IvrLimits(), **limits)
        server = IvrServer(msgspec.structs.replace(config, limits=changed), services(demo_bank()))
        await server.start()
        self.started.append(server)
        return server

    async def connect(self, server: IvrServer, first: bytes = b"") -> Peer:
        peer = await asyncio.open_connection("127.0.0.1", server.port)
        peer[1].write(first)
        self.peers.append(peer)
        return peer


@pytest.fixture
async def servers() -> AsyncIterator[Servers]:
    made = Servers()
    yield made
    for _, writer in made.peers:
        writer.close()
    for server in made.started:
        await server.stop(0)


async def rest(peer: Peer) -> bytes:
    """Read until the server closes; an abort counts as a close."""
    try:
        async with asyncio.timeout(5):
            return await peer[0].read()
    except ConnectionError:
        return b""


async def test_a_call_gets_its_first_command(servers: Servers) -> None:
    server = await servers.start()
    reader, _ = await servers.connect(server, HELLO)
    assert await reader.readline() == b'SET VARIABLE "TIMEOUT(absolute)" "4.00"\n'
    assert server.calls == 1


async def test_one_byte_at_a_time_is_read_too(servers: Servers) -> None:
    server = await servers.start()
    reader, writer = await servers.connect(server)
    for number in range(len(HELLO)):
        writer.write(HELLO[number : number + 1])
        await writer.drain()
    assert (await reader.readline()).startswith(b"SET VARIABLE")


async def test_a_probe_that_closes_at_once_leaves_nothing(servers: Servers) -> None:
    server = await servers.start()
    for _ in range(50):
        peer = await servers.connect(server)
        peer[1].write_eof()
        assert await rest(peer) == b""
    assert server.calls == 0


@pytest.mark.parametrize(
    "first",
    [
        b"GET / HTTP/1.1\r\n\r\n",
        b"\x00" * 9000,
        HELLO.replace(b"s3cret", b"guess"),
        b"agi_network: yes\n\n",
    ],
)
async def test_what_is_not_our_asterisk_is_closed(servers: Servers, first: bytes) -> None:
    server = await servers.start()
    assert await rest(await servers.connect(server, first)) == b""
    assert server.calls == 0


async def test_a_silent_peer_is_closed(servers: Servers) -> None:
    server = await servers.start(handshake=0.05)
    assert await rest(await servers.connect(server, b"agi_network: yes\n")) == b""


async def test_a_foreign_address_is_closed(servers: Servers) -> None:
    closed = msgspec.structs.replace(CONFIG, allow=(ip_network("10.0.0.0/8"),))
    server = await servers.start(closed)
    assert await rest(await servers.connect(server, HELLO)) == b""


async def test_a_full_server_closes_further_calls_and_keeps_the_others(servers: Servers) -> None:
    server = await servers.start(sessions=1)
    first = await servers.connect(server, HELLO)
    await first[0].readline()
    assert await rest(await servers.connect(server, HELLO)) == b""
    first[1].write(b"200 result=1\n")
    assert await first[0].readline() == b'GET VARIABLE "HOTLINE_CALL_ID"\n'


async def test_a_crowd_of_strangers_keeps_no_call_out_for_long(servers: Servers) -> None:
    server = await servers.start(strangers=5, handshake=0.2)
    crowd = [await servers.connect(server) for _ in range(10)]
    for peer in crowd:
        assert await rest(peer) == b""
    reader, _ = await servers.connect(server, HELLO)
    assert (await reader.readline()).startswith(b"SET VARIABLE")


async def test_half_open_connections_keep_no_call_out(servers: Servers) -> None:
    server = await servers.start(strangers=5, handshake=60)
    crowd = [await servers.connect(server, b"agi_network: yes\n") for _ in range(5)]
    reader, _ = await servers.connect(server, HELLO)
    assert (await reader.readline()).startswith(b"SET VARIABLE")
    assert await rest(crowd[0]) == b""  # the oldest made room


async def test_strangers_at_the_address_of_asterisk_keep_no_call_out(servers: Servers) -> None:
    server = await servers.start(connections=2, hurry=0.1, handshake=60)
    call = await servers.connect(server, HELLO)
    await call[0].readline()
    crowd = [await servers.connect(server, b"agi_network: yes\n") for _ in range(12)]
    reader, _ = await servers.connect(server, HELLO)
    assert (await reader.readline()).startswith(b"SET VARIABLE")
    for peer in crowd[4:]:  # those within the pace have their usual time
        assert await rest(peer) == b""
    assert not crowd[0][0].at_eof()
    call[1].write(b"200 result=1\n")  # whoever is in is not disturbed
    assert await call[0].readline() == b'GET VARIABLE "HOTLINE_CALL_ID"\n'


async def test_calls_do_not_count_as_strangers(servers: Servers) -> None:
    server = await servers.start(connections=1, hurry=0.05)
    for _ in range(6):
        call = await servers.connect(server, HELLO)
        assert (await call[0].readline()).startswith(b"SET VARIABLE")
    assert server.calls == 6
    stranger = await servers.connect(server, b"agi_network: yes\n")
    with pytest.raises(TimeoutError):  # it is not hurried
        async with asyncio.timeout(0.3):
            await stranger[0].read()


async def test_a_vanished_caller_ends_the_session(servers: Servers) -> None:
    server = await servers.start()
    reader, writer = await servers.connect(server, HELLO)
    await reader.readline()
    writer.write(b"200 result=1\nHANGUP\n")
    await rest((reader, writer))
    assert server.calls == 0


async def test_an_asterisk_that_answers_nothing_is_given_up(servers: Servers) -> None:
    server = await servers.start(reply=0.05)
    peer = await servers.connect(server, HELLO)
    assert b"HOTLINE_NEXT" not in await rest(peer)
    assert server.calls == 0


async def test_a_call_that_ends_while_the_server_stops_is_not_cut(servers: Servers) -> None:
    server = await servers.start()
    reader, writer = await servers.connect(server, HELLO)
    await reader.readline()
    stopping = asyncio.create_task(server.stop(30))
    said = b""
    while b"HOTLINE_NEXT" not in said:
        key = 48 if said.startswith(b"STREAM FILE") else 1  # asks for a person
        writer.write(b"200 result=%d\n" % key)
        said = await reader.readline()
        assert said, "the call was cut"
    assert said == b'SET VARIABLE "HOTLINE_NEXT" "queue"\n'
    writer.write(b"200 result=1\n")
    assert await rest((reader, writer)) == b""
    async with asyncio.timeout(5):
        await stopping


async def test_a_stop_sends_running_calls_to_the_queue(servers: Servers) -> None:
    server = await servers.start()
    peer = await servers.connect(server, HELLO)
    await peer[0].readline()
    stopping = asyncio.create_task(server.stop(0.05))
    said = await peer[0].readuntil(b'"HOTLINE_NEXT" "queue"\n')
    assert b'"__HOTLINE_REASON" "general"' in said
    assert await peer[0].read() == b""
    peer[1].close()
    await stopping
    with pytest.raises(OSError, match="onnect"):
        await asyncio.open_connection("127.0.0.1", server.port)
