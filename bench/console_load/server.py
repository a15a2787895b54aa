"""The console under load, as a process: the real application on uvicorn, over an engine of words.

Started by ``bench/console.py``: reads one JSON document, prints ``ready``, then obeys a line of
JSON each: ``["ring", agent, call]``, ``["end", agent, call]``, ``["news", number]`` (a summary of
the queues for every console), ``["floor", number]`` (the same frame to every plain socket),
``["usage"]`` (prints CPU seconds and resident bytes so far).
"""

import asyncio
import gc
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

import uvicorn
from sqlalchemy.ext.asyncio import create_async_engine
from starlette.routing import WebSocketRoute
from starlette.websockets import WebSocket, WebSocketDisconnect

from agent_console.app import UVICORN_OPTIONS, create_app
from agent_console.config import ConsoleConfig
from agent_console.messages import Pop, QueueLine, QueueSummary, encode_body, wrap
from agent_console.store import MemoryWorkStore, SqlUserStore
from agent_console.testing import FakeDays, FakeEngine
from hotline.roles.life import settle_memory

_PAGE = os.sysconf("SC_PAGE_SIZE")


def news(number: int) -> tuple[QueueLine, ...]:
    """A summary of eight queues that differs from the one before."""
    return tuple(
        QueueLine(queue=f"queue{n}", waiting=number + n, longest_since=time.time(), available=n)
        for n in range(8)
    )


class Floor:
    """Plain Starlette: every socket in a list, every frame in a loop."""

    def __init__(self) -> None:
        self.sockets: list[WebSocket] = []

    async def endpoint(self, socket: WebSocket) -> None:
        await socket.accept()
        self.sockets.append(socket)
        try:
            while True:
                await socket.receive_text()
        except WebSocketDisconnect:
            self.sockets.remove(socket)

    async def broadcast(self, frame: str) -> None:
        for socket in self.sockets:
            await socket.send_text(frame)


def usage() -> tuple[float, int]:
    """CPU seconds of this process so far, and what of it is in memory now (bytes)."""
    cpu = time.process_time()  # before we spend some ourselves
    gc.collect()
    resident = int(Path("/proc/self/statm").read_text().split()[1]) * _PAGE
    return cpu, resident


def pop(call_id: str) -> Pop:
    now = time.time()
    return Pop(
        call_id=call_id,
        pop_id=call_id,
        phase="ringing",
        queue="queue0",
        number="+86 138****8000",
        queued_at=now,
        raised_at=now,
    )


async def obey(line: str, engine: FakeEngine, floor: Floor) -> None:
    match json.loads(line):
        case ["ring", agent, call]:
            engine.ring(agent, pop(call))
        case ["end", agent, call]:
            engine.withdraw(agent, call, "ended")
        case ["news", number]:
            engine.set_queues(*news(number))
        case ["floor", number]:
            body = encode_body(QueueSummary(queues=news(number)))
            await floor.broadcast(wrap(number, body))
        case ["usage"]:
            print(json.dumps(usage()), flush=True)
        case other:
            raise ValueError(other)


async def run() -> None:
    job: dict[str, Any] = json.loads(sys.stdin.readline())
    engine = FakeEngine(time.time)
    for agent, call in job["standing"]:
        engine.ring(agent, pop(call))
    floor = Floor()
    database = create_async_engine(f"sqlite+aiosqlite:///{job['database']}")
    app = create_app(
        ConsoleConfig(origins=(job["origin"],), secure_cookies=False),
        engine,
        SqlUserStore(database),
        MemoryWorkStore(),
        FakeDays(time.time),
        routes=[WebSocketRoute("/floor", floor.endpoint)],
    )
    server = uvicorn.Server(
        uvicorn.Config(
            app,
            host="127.0.0.1",
            port=job["port"],
            log_config=None,
            access_log=False,
            backlog=4096,
            **UVICORN_OPTIONS,
        )
    )
    settle_memory()
    serving = asyncio.create_task(server._serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
        await asyncio.sleep(0.005)
    print("ready", flush=True)
    lines = asyncio.StreamReader()
    await asyncio.get_running_loop().connect_read_pipe(
        lambda: asyncio.StreamReaderProtocol(lines), sys.stdin
    )
    while line := await lines.readline():
        await obey(line.decode(), engine, floor)
    server.should_exit = True
    await serving
    await database.dispose()


if __name__ == "__main__":
    asyncio.run(run())
