"""From a connection to the first AGI command: ours beside a server that does nothing else."""

import asyncio
import multiprocessing
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from hotline.asterisk.secrets import load_secrets
from hotline.demo.site import HOST, Site

PAUSE: Final = 0.01
"""Seconds between two connections; they come one after the other, as calls do."""


def environment(secret: str, flow: str) -> bytes:
    """What Asterisk says first."""
    return (
        f"agi_network: yes\nagi_network_script: {flow}\nagi_request: agi://{HOST}/{flow}\n"
        "agi_channel: PJSIP/trunk-load-00000001\nagi_language: zh\nagi_type: PJSIP\n"
        "agi_uniqueid: 1700000000.1\nagi_version: 22.10.1\nagi_callerid: +8613812345678\n"
        "agi_calleridname: unknown\nagi_callingpres: 0\nagi_callingani2: 0\nagi_callington: 0\n"
        "agi_callingtns: 0\nagi_dnid: 95500\nagi_rdnis: unknown\nagi_context: hotline-inbound\n"
        "agi_extension: menu\nagi_priority: 4\nagi_enhanced: 0.0\nagi_accountcode: \n"
        f"agi_threadid: 1\nagi_arg_1: {secret}\nagi_arg_2: zh\nagi_arg_3: service\n"
        "agi_arg_4: 95500\n\n"
    ).encode()


def _echo(ready: Any) -> None:
    """Serve the control: answer each environment with one command, and no more."""

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\n\n")
        writer.write(b'SET VARIABLE "TIMEOUT(absolute)" "4.00"\n')
        await reader.read()
        writer.close()

    async def main() -> None:
        server = await asyncio.start_server(serve, HOST, 0, backlog=512)
        ready.send(server.sockets[0].getsockname()[1])
        await server.serve_forever()

    asyncio.run(main())


@contextmanager
def echo_server() -> Iterator[int]:
    """Run the control in a process of its own; give its port."""
    here, there = multiprocessing.Pipe()
    child = multiprocessing.get_context("spawn").Process(target=_echo, args=(there,), daemon=True)
    child.start()
    try:
        assert here.poll(20), "the control did not start"
        yield here.recv()
    finally:
        child.terminate()
        child.join()


async def once(port: int, said: bytes) -> float:
    """Connect, say who calls, and take the first command; return the seconds."""
    begun = time.perf_counter()
    reader, writer = await asyncio.open_connection(HOST, port)
    writer.write(said)
    line = await reader.readline()
    took = time.perf_counter() - begun
    assert line.startswith(b"SET VARIABLE"), f"no first command, but {line!r}"
    writer.close()
    await writer.wait_closed()
    return took


async def measure(site: Site, rounds: int, flow: str) -> tuple[list[float], list[float]]:
    """Return ours and the control's, in seconds, measured in turn."""
    said = environment(load_secrets(site.settings).ivr, flow)
    ours, control = [], []
    with echo_server() as port:
        for _ in range(rounds):
            ours.append(await once(site.plan.ivr, said))
            await asyncio.sleep(PAUSE)
            control.append(await once(port, said))
            await asyncio.sleep(PAUSE)
    return ours, control
