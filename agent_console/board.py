"""Brings the live board to everybody who watches: one picture is taken, all get the same bytes.

Pictures are whole, so that a watcher who was too slow, or came back, needs nothing but the next.
Nobody watching costs nothing.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Final

import structlog
from msgspec.structs import replace

from agent_console.board_messages import BoardPicture
from agent_console.messages import ENCODER
from agent_console.ports import BoardSource, Clock, UserStore

log = structlog.get_logger(__name__)

EVERY_S: Final = 0.5
"""Between two pictures; with the second half for its way, an event is seen within a second."""
_QUIET_S: Final = 5.0
"""A watcher hears at least so often, so that proxies and pages know that the line lives."""


class BoardFeed:
    """Takes pictures as long as somebody watches."""

    def __init__(
        self, source: BoardSource, users: UserStore, clock: Clock, every_s: float = EVERY_S
    ) -> None:
        self._source = source
        self._users = users
        self._clock = clock
        self._every = every_s
        self._watchers: dict[object, str] = {}
        """Session of each."""
        self._ended: frozenset[str] = frozenset()
        self._news = asyncio.Condition()
        self._number = 0
        self._frame = b""
        self._last: BoardPicture | None = None
        self._task: asyncio.Task[None] | None = None

    @property
    def watchers(self) -> int:
        """How many watch now."""
        return len(self._watchers)

    async def stop(self) -> None:
        """End all watching."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        async with self._news:
            self._ended = frozenset(self._watchers.values())
            self._news.notify_all()

    async def frames(self, session_id: str) -> AsyncIterator[bytes]:
        """Yield server-sent events until the session ends; slow readers skip pictures."""
        me = object()
        self._watchers[me] = session_id
        if self._task is None:
            self._task = asyncio.create_task(self._take(), name="board")
        seen = 0
        try:
            while True:
                await self._wait(seen, session_id)
                if session_id in self._ended:
                    yield b"event: ended\ndata:\n\n"
                    return
                frame = self._frame if self._number > seen else b": quiet\n\n"
                seen = self._number
                yield frame
        finally:
            del self._watchers[me]

    async def _wait(self, seen: int, session_id: str) -> None:
        """Return when there is a newer picture, the session ended, or nothing came for long."""
        with suppress(TimeoutError):
            async with asyncio.timeout(_QUIET_S), self._news:
                while self._number <= seen and session_id not in self._ended:
                    await self._news.wait()

    async def _take(self) -> None:
        """Take pictures until nobody has watched for a while."""
        while self._watchers:
            try:
                await self._look()
            except Exception:
                log.exception("board_failed")
            await asyncio.sleep(self._every)
        self._task = None
        self._last, self._frame = None, b""

    async def _look(self) -> None:
        sessions = frozenset(self._watchers.values())
        living = await self._users.living(sessions, self._clock())
        picture = await self._source.picture()
        frame = b"event: away\ndata:\n\n"
        if picture is not None:
            frame = b"data: " + ENCODER.encode(picture) + b"\n\n"
        async with self._news:
            self._ended = sessions - living
            if picture is None or self._last is None or not _same(picture, self._last):
                self._number += 1
                self._frame, self._last = frame, picture
            self._news.notify_all()


def _same(one: BoardPicture, other: BoardPicture) -> bool:
    """Say whether nothing but the moment differs."""
    return one == replace(other, at=one.at)
