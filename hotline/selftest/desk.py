"""The scripted agent of the self-test: a console that remembers every message."""

import asyncio
import contextlib
import time
from collections.abc import Callable
from typing import TypeVar

from agent_console.messages import ServerMessage
from hotline.console_client import ConsoleClient

MessageT = TypeVar("MessageT")


class Desk:
    """Signs in, collects what the console shows, and sends commands."""

    def __init__(self, client: ConsoleClient) -> None:
        self.client = client
        self.seen: list[tuple[float, ServerMessage]] = []
        self._news = asyncio.Event()
        self._reading: asyncio.Task[None] | None = None

    async def open(self, login: str, password: str) -> None:
        """Sign in and begin to read."""
        await self.client.sign_in(login, password)
        await self.client.open()
        self._reading = asyncio.create_task(self._read())

    async def wait(
        self,
        kind: type[MessageT],
        seconds: float,
        where: Callable[[MessageT], bool] = lambda _: True,
    ) -> tuple[float, MessageT]:
        """Return the first such message, seen already or to come, and when it arrived.

        Raises ``TimeoutError`` naming the kind.
        """
        until = time.monotonic() + seconds
        while True:
            self._news.clear()
            for arrived, message in self.seen:
                if isinstance(message, kind) and where(message):
                    return arrived, message
            left = until - time.monotonic()
            if left <= 0 or (self._reading is not None and self._reading.done()):
                message_text = f"the console showed no {kind.__name__} within {seconds:g} s"
                raise TimeoutError(message_text)
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._news.wait(), min(left, 0.5))

    async def ended(self) -> None:
        """Wait until the connection has ended."""
        if self._reading is not None:
            await asyncio.wait([self._reading])

    async def close(self) -> None:
        """Close the console."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        await self.client.close()

    async def _read(self) -> None:
        async for arrived, message in self.client.messages():
            self.seen.append((arrived, message))
            self._news.set()
