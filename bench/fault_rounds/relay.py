"""A relay between engine and AMI: it can cut the line, lose an event, and notes each boot."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import Final

_END: Final = b"\r\n\r\n"
_BOOTED: Final = b"Event: FullyBooted"


def _nobody(_: bytes) -> None:
    pass


class Relay:
    """Listens on a port of its own and passes whole messages on from Asterisk."""

    def __init__(self, host: str, port: int, target: int) -> None:
        self._host, self._port, self._target = host, port, target
        self._server: asyncio.Server | None = None
        self._lines: set[asyncio.StreamWriter] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self.shut = False
        """Whether new connections are refused."""
        self._lose: tuple[bytes, ...] = ()
        self.lost = 0
        """Messages that did not arrive."""
        self.sent: Callable[[bytes], None] = _nobody
        """Hears what the engine sends, in pieces."""
        self.heard: Callable[[bytes], None] = _nobody
        """Hears each message of Asterisk."""
        self.booted_at = 0.0
        """When the last ``FullyBooted`` went by, seconds of the monotonic clock."""

    async def start(self) -> None:
        self._server = await asyncio.start_server(self._serve, self._host, self._port)

    async def stop(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    def cut(self) -> None:
        """Break every connection now; new ones are let through."""
        for line in list(self._lines):
            line.transport.abort()

    def lose(self, *parts: bytes) -> None:
        """Lose the next message of Asterisk that holds all of these."""
        self._lose = parts

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.shut:
            writer.transport.abort()
            return
        try:
            far_reader, far_writer = await asyncio.open_connection(
                self._host, self._target, limit=1 << 20
            )
        except OSError:
            writer.transport.abort()
            return
        self._lines |= {writer, far_writer}
        ways = [self._pass_on(reader, far_writer), self._pass_messages(far_reader, writer)]
        tasks = {asyncio.create_task(way) for way in ways}
        self._tasks |= tasks
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
        for line in (writer, far_writer):
            self._lines.discard(line)
            line.transport.abort()
        await asyncio.gather(*tasks, return_exceptions=True)
        self._tasks -= tasks

    async def _pass_on(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError):
            while data := await reader.read(65536):
                self.sent(data)
                writer.write(data)

    async def _pass_messages(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            writer.write(await reader.readuntil(b"\r\n"))  # the banner
            while True:
                message = await reader.readuntil(_END)
                if message.startswith(_BOOTED):
                    self.booted_at = time.monotonic()
                if self._lose and all(part in message for part in self._lose):
                    self.lost += 1
                    self._lose = ()
                    continue
                self.heard(message)
                writer.write(message)
