"""What the tests of every WebSocket share: a clock, and the far end of a socket in memory."""

import asyncio
from collections.abc import Sequence
from typing import Any, Self

import msgspec
from starlette.types import ASGIApp

START = 1_800_000_000.0


class FakeClock:
    """A clock that stands until it is moved."""

    def __init__(self, now: float = START) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now

    def advance(self, seconds: float) -> None:
        self.now += seconds


class FarEnd:
    """The client's end of a WebSocket, straight onto an ASGI application."""

    def __init__(
        self,
        app: ASGIApp,
        path: str,
        headers: Sequence[tuple[str, str]] = (),
        scope: dict[str, Any] | None = None,
    ) -> None:
        """``scope`` changes the ASGI scope of the connection."""
        self._app = app
        said = [(name.encode(), value.encode()) for name, value in headers]
        self._scope = {
            "type": "websocket",
            "path": path,
            "raw_path": path.encode(),
            "query_string": b"",
            "root_path": "",
            "headers": [(b"host", b"hotline.test"), *said],
            "subprotocols": [],
            "client": ("127.0.0.1", 5000),
            "server": ("hotline.test", 443),
            "scheme": "wss",
        } | (scope or {})
        self._to_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._from_app: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._task: asyncio.Future[None] | None = None
        self.reading = asyncio.Event()
        """Cleared, the application's sends block, as those to a stuck client do."""
        self.reading.set()
        self.frames: list[str] = []
        """What was read."""

    async def __aenter__(self) -> Self:
        self._task = asyncio.ensure_future(self._run())
        self._to_app.put_nowait({"type": "websocket.connect"})
        self.opening = await self._from_app.get()
        return self

    async def __aexit__(self, *exc: object) -> None:
        assert self._task is not None
        self.reading.set()
        self._to_app.put_nowait({"type": "websocket.disconnect", "code": 1001})
        async with asyncio.timeout(5):
            await self._task

    def send(self, message: msgspec.Struct) -> None:
        self.send_text(msgspec.json.encode(message).decode())

    def send_text(self, text: str) -> None:
        self._to_app.put_nowait({"type": "websocket.receive", "text": text})

    async def read_text(self) -> str:
        """Return the next frame; fail when the server closes instead."""
        frame = await self._next()
        assert frame["type"] == "websocket.send", frame
        self.frames.append(frame["text"])
        return self.frames[-1]

    async def closed_with(self) -> int:
        """Read on until the server closes, and return its code."""
        while (frame := await self._next())["type"] != "websocket.close":
            pass
        return int(frame["code"])

    async def is_quiet(self) -> bool:
        """Say whether nothing comes, after all tasks had their turn."""
        for _ in range(20):
            await asyncio.sleep(0)
        return self._from_app.empty()

    async def _run(self) -> None:
        await self._app(self._scope, self._to_app.get, self._take)

    async def _next(self) -> dict[str, Any]:
        async with asyncio.timeout(5):
            return await self._from_app.get()

    async def _take(self, message: Any) -> None:
        if message["type"] == "websocket.send":
            await self.reading.wait()
        self._from_app.put_nowait(message)
