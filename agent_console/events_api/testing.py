"""A receiver of webhooks without a network, for tests."""

import asyncio

from agent_console.events_api.sender import Outcome


class FakePoster:
    """Keeps what is posted; answers as told, by address."""

    def __init__(self) -> None:
        self.posted: list[tuple[str, str, bytes]] = []
        """Address, message id and body."""
        self.answers: dict[str, Outcome] = {}
        self.closed = False
        self._news = asyncio.Event()

    async def post(self, url: str, secret: str, message_id: str, body: bytes) -> Outcome:
        del secret
        self.posted.append((url, message_id, body))
        self._news.set()
        return self.answers.get(url, Outcome(True, "HTTP 200"))

    async def wait(self, count: int) -> None:
        """Return when so many were posted."""
        while len(self.posted) < count:
            self._news.clear()
            await self._news.wait()

    async def close(self) -> None:
        self.closed = True
