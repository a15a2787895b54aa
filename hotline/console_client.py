"""A console without a browser: signs in, opens the WebSocket, reads messages.

The self-test and the load tests use it to see what an agent's page would see, and when.
"""

import asyncio
import contextlib
import http.client
import json
import time
from collections.abc import AsyncIterator
from types import TracebackType
from typing import Any, Self

import msgspec
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import (
    ConnectionClosed,
    ConnectionClosedError,
    WebSocketException,
)
from websockets.typing import Origin

from agent_console.messages import ENCODER, ENVELOPE_DECODER, Hello, ServerMessage, SessionView
from agent_console.security import CSRF_HEADER


class ConsoleClientError(Exception):
    """The console refused; the message holds the status and the answer."""


class ConsoleClient:
    """One signed-in agent."""

    def __init__(self, host: str, port: int) -> None:
        self._host = host
        self._port = port
        self._origin = f"http://{host}:{port}"
        self._cookie = ""
        self._csrf = ""
        self._socket: ClientConnection | None = None
        self._ref = 0

    @property
    def close_code(self) -> int | None:
        """The code with which the WebSocket was closed; ``None`` while it is open."""
        return None if self._socket is None else self._socket.close_code

    async def sign_in(self, login: str, password: str) -> SessionView:
        """Sign in over HTTP.  Raises :class:`ConsoleClientError`."""
        body = await self._post("/api/session", {"login": login, "password": password})
        view = msgspec.json.decode(body, type=SessionView)
        self._csrf = view.csrf
        return view

    async def open(self) -> None:
        """Open the WebSocket with a fresh ticket."""
        ticket = json.loads(await self._post("/api/socket-ticket", None))["ticket"]
        try:
            self._socket = await connect(
                f"ws://{self._host}:{self._port}/ws", origin=Origin(self._origin), compression=None
            )
        except WebSocketException as error:
            raise ConsoleClientError(f"/ws: {error}") from error
        await self._socket.send(ENCODER.encode(Hello(ticket=ticket)).decode())

    async def messages(self) -> AsyncIterator[tuple[float, ServerMessage]]:
        """Yield ``(epoch seconds of arrival, message)`` until the connection closes."""
        if self._socket is None:
            message = "open() comes first"
            raise ConsoleClientError(message)
        with contextlib.suppress(ConnectionClosedError):  # a console that was killed says no word
            async for frame in self._socket:
                arrived = time.time()
                yield arrived, ENVELOPE_DECODER.decode(frame).message

    async def send(self, kind: str, **fields: Any) -> int:
        """Send a command, e.g. ``send("set_state", state="available")``; return its ``ref``.

        Raises :class:`ConsoleClientError`, also when the console has gone.
        """
        if self._socket is None:
            message = "open() comes first"
            raise ConsoleClientError(message)
        self._ref += 1
        try:
            await self._socket.send(json.dumps({"type": kind, "ref": self._ref, **fields}))
        except ConnectionClosed as error:
            raise ConsoleClientError(f"{kind} was not sent: {error}") from error
        return self._ref

    async def close(self) -> None:
        """Close the WebSocket; the session stays."""
        if self._socket is not None:
            await self._socket.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        await self.close()

    async def _post(self, path: str, document: Any) -> bytes:
        return await asyncio.to_thread(self._post_now, path, document)

    def _post_now(self, path: str, document: Any) -> bytes:
        headers = {"Origin": self._origin, "Content-Type": "application/json"}
        if self._cookie:
            headers["Cookie"] = self._cookie
        if self._csrf:
            headers[CSRF_HEADER] = self._csrf
        connection = http.client.HTTPConnection(self._host, self._port, timeout=10)
        try:
            body = json.dumps(document) if document is not None else "{}"
            connection.request("POST", path, body, headers)
            response = connection.getresponse()
            answer = response.read()
            if response.status >= 300:
                message = f"{path}: {response.status} {answer.decode(errors='replace')[:200]}"
                raise ConsoleClientError(message)
            cookie = response.headers.get("set-cookie")
            if cookie:
                self._cookie = cookie.partition(";")[0]
            return answer
        except http.client.HTTPException as error:  # killed while it answered
            raise ConsoleClientError(f"{path}: {error!r}") from error
        finally:
            connection.close()
