"""Hostile peers on the FastAGI port: live calls go on, and nothing is left behind."""

import asyncio
import os
import time
from collections.abc import AsyncIterator
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest

import dialplans
from ivr.config import IvrConfig, IvrLimits
from ivr.flow import load
from ivr.server import IvrServer
from ivr.testing import demo_bank, services, shipped_router
from tests.hostile_peers import PEERS, attack

HELLO = (
    b"agi_network: yes\nagi_network_script: main\nagi_callerid: unknown\n"
    b"agi_arg_1: s3cret\nagi_arg_2: zh\nagi_arg_3: service\n\n"
)


@pytest.fixture
async def server() -> AsyncIterator[IvrServer]:
    config = IvrConfig(
        host="127.0.0.1",
        port=0,
        secret="s3cret",
        allow=(ip_network("127.0.0.0/8"),),
        flows=load(Path(dialplans.__path__[0]) / "flows"),
        route=shipped_router(),
        limits=msgspec.structs.replace(IvrLimits(), connections=1e6, handshake=1.0, reply=1.0),
    )
    running = IvrServer(config, services(demo_bank()))
    await running.start()
    yield running
    await running.stop(0)


def descriptors() -> int:
    return len(os.listdir("/proc/self/fd"))


async def quiet(server: IvrServer, tasks: int, files: int) -> bool:
    """Wait until nothing of the attack is left; tell whether that came true."""
    for _ in range(200):
        left = (server.calls, len(asyncio.all_tasks()), descriptors())
        if left[0] == 0 and left[1] <= tasks and left[2] <= files:
            return True
        await asyncio.sleep(0.05)
    return False


async def test_hostile_peers_leave_nothing_behind(server: IvrServer) -> None:
    tasks, files = len(asyncio.all_tasks()), descriptors()
    done = await attack(server.port, 12 * len(PEERS), HELLO)
    assert set(done.values()) == {12}
    left = await quiet(server, tasks, files)
    assert left, (len(asyncio.all_tasks()), tasks, descriptors(), files)
    begun = time.process_time()
    await asyncio.sleep(0.5)
    assert time.process_time() - begun < 0.25  # nothing spins on an end of file


async def test_a_live_call_goes_on_under_attack(server: IvrServer) -> None:
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    writer.write(HELLO)
    attacking = asyncio.create_task(attack(server.port, 5 * len(PEERS), HELLO, seed=2))
    commands = 0
    while commands < 40 or not attacking.done():
        line = await asyncio.wait_for(reader.readline(), 10)
        assert line, "the live call was lost"
        commands += 1
        if line.startswith(b"STREAM FILE"):
            await asyncio.sleep(0.05)
        writer.write(b"200 result=0 endpos=1\n" if commands % 40 else b"200 result=42 endpos=1\n")
        if b"HOTLINE_NEXT" in line:
            break
    await attacking
    assert commands >= 40
    writer.close()
    await writer.wait_closed()
