"""Consoles without browsers that resume as the page does, and remember what they were shown."""

import asyncio
import contextlib
import json
import time

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.typing import Origin

from agent_console.messages import (
    ENCODER,
    ENVELOPE_DECODER,
    Hello,
    PopRaised,
    QueueSummary,
    Resume,
    Snapshot,
    Welcome,
)
from agent_console.security import csrf_token

_RETRY_S = 0.1
_DIALLING = 64
"""Consoles that open a connection at the same time, as a kernel's queue would have it."""


class Console:
    """One agent's page."""

    def __init__(self, port: int, token: str, agent: str, gate: asyncio.Semaphore) -> None:
        self.agent = agent
        self._port = port
        self._token = token
        self._gate = gate
        self._socket: ClientConnection | None = None
        self._stream = ""
        self._seq = 0
        self._told: set[str] = set()
        """Calls whose pops stand on the page."""
        self.shown: set[str] = set()
        self.doubled: list[str] = []
        self.greeted_at = 0.0
        self.greetings = 0
        self.resumed = 0
        self.news_at = 0.0
        self.news = -1

    @property
    def is_open(self) -> bool:
        """Whether the server has greeted this page since its line last broke."""
        return self._socket is not None

    async def live(self) -> None:
        """Stay connected until cancelled."""
        while True:
            try:
                await self._visit()
            except (OSError, WebSocketException, ConnectionError, asyncio.IncompleteReadError):
                await asyncio.sleep(_RETRY_S)
            finally:
                self._socket = None

    def drop(self) -> None:
        """Break the line without a word."""
        socket, self._socket = self._socket, None
        if socket is not None:
            socket.transport.abort()

    async def _visit(self) -> None:
        async with self._gate:
            ticket = await self._ticket()
            socket = await connect(
                f"ws://127.0.0.1:{self._port}/ws",
                origin=Origin(f"http://127.0.0.1:{self._port}"),
                compression=None,
                ping_interval=None,
                close_timeout=1,
                proxy=None,
            )
            resume = Resume(stream=self._stream, seq=self._seq) if self._stream else None
            await socket.send(ENCODER.encode(Hello(ticket=ticket, resume=resume)).decode())
        beating = asyncio.create_task(_beat(socket))
        try:
            async for frame in socket:
                self._take(str(frame), socket)
        finally:
            beating.cancel()

    def _take(self, frame: str, socket: ClientConnection) -> None:
        envelope = ENVELOPE_DECODER.decode(frame)
        match envelope.message:
            case Welcome(stream=stream, resumed=resumed):
                if stream != self._stream:
                    self._told.clear()
                self._stream, self._socket = stream, socket
                self.greeted_at, self.greetings = time.monotonic(), self.greetings + 1
                self.resumed += resumed
            case Snapshot(pops=pops):
                self._told = {pop.call_id for pop in pops}
                self.shown |= self._told
            case PopRaised(pop=pop):
                if pop.call_id in self._told or envelope.seq <= self._seq:
                    self.doubled.append(pop.call_id)
                self._told.add(pop.call_id)
                self.shown.add(pop.call_id)
            case QueueSummary(queues=queues) if queues:
                self.news, self.news_at = queues[0].waiting, time.monotonic()
            case _:
                pass
        self._seq = max(self._seq, envelope.seq)
        if isinstance(envelope.message, Welcome | Snapshot):
            self._seq = envelope.seq

    async def _ticket(self) -> str:
        host = f"127.0.0.1:{self._port}"
        request = (
            f"POST /api/socket-ticket HTTP/1.1\r\nHost: {host}\r\nOrigin: http://{host}\r\n"
            f"Cookie: hotline={self._token}\r\nx-csrf-token: {csrf_token(self._token)}\r\n"
            "Content-Length: 0\r\nConnection: close\r\n\r\n"
        )
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(request.encode())
            answer = await reader.read()
        finally:
            writer.close()
        head, _, body = answer.partition(b"\r\n\r\n")
        if b" 200 " not in head[:20]:
            raise ConnectionError(head[:80].decode(errors="replace"))
        ticket: str = json.loads(body)["ticket"]
        return ticket


async def _beat(socket: ClientConnection) -> None:
    with contextlib.suppress(ConnectionClosed):
        while True:
            await asyncio.sleep(30.0)
            await socket.send('{"type":"ping"}')


class Listener:
    """A plain socket that notes when the newest frame came."""

    def __init__(self, port: int, gate: asyncio.Semaphore) -> None:
        self._port = port
        self._gate = gate
        self.is_open = False
        self.news = -1
        self.news_at = 0.0

    async def live(self) -> None:
        """Listen until cancelled."""
        async with self._gate:
            socket = await connect(
                f"ws://127.0.0.1:{self._port}/floor",
                compression=None,
                ping_interval=None,
                close_timeout=1,
                proxy=None,
            )
        self.is_open = True
        async for frame in socket:
            message = ENVELOPE_DECODER.decode(str(frame)).message
            if isinstance(message, QueueSummary):
                self.news, self.news_at = message.queues[0].waiting, time.monotonic()


def gate() -> asyncio.Semaphore:
    """How many may dial at once."""
    return asyncio.Semaphore(_DIALLING)
