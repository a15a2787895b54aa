"""The endpoint ``/api/events/v1``: between a WebSocket, the pure session and the streams."""

import asyncio
import contextlib
from collections import deque
from typing import Any, Final

import structlog
from sqlalchemy.exc import SQLAlchemyError
from starlette.websockets import WebSocket, WebSocketDisconnect

from agent_console.events_api import messages as m
from agent_console.events_api import metrics
from agent_console.events_api.lines import Line, Lines
from agent_console.events_api.ports import IntegrationStore
from agent_console.events_api.session import Acknowledge, Answer, Close, Enter, Session, Step
from agent_console.events_api.tokens import Gate, bearer
from agent_console.ports import Clock
from agent_console.security import client_address
from agent_console.store.integration_model import ApiToken

log = structlog.get_logger(__name__)

PATH: Final = "/api/events/v1"
MOST_CONNECTIONS: Final = 256
_CLOSE_WITHIN_S: Final = 2.0
_SWEEP_S: Final = 0.5


class Socket:
    """One program's connection."""

    def __init__(self, websocket: WebSocket, server: "EventSockets") -> None:
        self._websocket = websocket
        self._server = server
        self._session = Session(bearer(websocket.headers.get("authorization")), server.clock())
        self._answers: deque[str] = deque()
        self._news = asyncio.Event()
        self._stopped: asyncio.Future[m.CloseCode | None] = (
            asyncio.get_running_loop().create_future()
        )
        self._line: Line | None = None

    def wake(self) -> None:
        """Look for something to send."""
        self._news.set()

    def close(self, code: m.CloseCode) -> None:
        """End the connection; what still waits is not sent."""
        self._session.close(code)
        if not self._stopped.done():
            self._stopped.set_result(code)

    def tick(self, now: float) -> None:
        """Notice that time has passed."""
        step = self._session.tick(now)
        if isinstance(step, Close):
            self.close(step.code)

    async def run(self) -> None:
        """Serve the program until either side ends the connection."""
        tasks = [asyncio.create_task(self._read()), asyncio.create_task(self._write())]
        either: list[asyncio.Future[Any]] = [*tasks, self._stopped]
        try:
            await asyncio.wait(either, return_when=asyncio.FIRST_COMPLETED)
        finally:
            if self._line is not None:
                self._server.lines.leave(self._line, self, self._server.clock())
            for task in tasks:
                task.cancel()
            results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception) and not isinstance(result, WebSocketDisconnect):
                log.error("event_api_socket_failed", exc_info=result)
        code = self._stopped.result() if self._stopped.done() else None
        if code is not None:
            metrics.CLOSES.labels(code=str(code)).inc()
            # The program may be gone or stuck; either way the connection ends here.
            with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
                async with asyncio.timeout(_CLOSE_WITHIN_S):
                    await self._websocket.close(code)

    async def _write(self) -> None:
        while not self._stopped.done():  # else it would take frames from who came after it
            if self._answers:
                frame: str | None = self._answers.popleft()
            else:
                frame = None if self._line is None else self._server.lines.next(self._line)
            if frame is not None:
                await self._websocket.send_text(frame)
                continue
            self._news.clear()
            await self._news.wait()

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            frame = message.get("bytes") or b"" if text is None else text
            step = self._session.receive(frame, self._server.clock())
            if step is not None:
                await self._do(step)

    async def _do(self, step: Step) -> None:
        match step:
            case Enter(token, hello):
                await self._enter(token, hello)
            case Acknowledge(seq):
                self._acknowledge(seq)
            case Answer():
                self._say(m.Pong(now=self._server.clock()))
            case Close(code):
                self.close(code)

    async def _enter(self, text: str, hello: m.Hello) -> None:
        token = await self._server.admit(text, client_address(self._websocket))
        if token is None:
            self.close(4401)
            return
        joined = self._server.lines.join(token, hello, self)
        if joined is None:
            self.close(4429)
            return
        self._line, resumed = joined
        grant = token.grant
        self._say(
            m.Welcome(
                version=m.VERSION,
                stream=self._line.channel.stream,
                resumed=resumed,
                seq=self._line.channel.seq,
                now=self._server.clock(),
                scopes=tuple(sorted(grant.scopes)),
                queues=None if grant.queues is None else tuple(sorted(grant.queues)),
                agents=None if grant.agents is None else tuple(sorted(grant.agents)),
            )
        )

    def _acknowledge(self, seq: int) -> None:
        times = self._line.channel.ack(seq) if self._line is not None else None
        if times is None:
            self.close(4400)
            return
        now = self._server.clock()
        for at in times:
            metrics.ACK_LAG.observe(max(0.0, now - at))
        self.wake()  # the window may have opened

    def _say(self, message: m.ServerMessage) -> None:
        self._answers.append(m.ENCODER.encode(message).decode())
        self.wake()


class EventSockets:
    """Accepts programs' WebSockets and looks after them."""

    def __init__(self, store: IntegrationStore, lines: Lines, clock: Clock) -> None:
        self.lines = lines
        self.clock = clock
        self._store = store
        self._gate = Gate(store)
        self._sockets: set[Socket] = set()

    async def endpoint(self, websocket: WebSocket) -> None:
        """Serve one WebSocket.

        There is no Origin check: nothing that a browser sends by itself lets anybody in.
        """
        if websocket.url.query or len(self._sockets) >= MOST_CONNECTIONS:
            # A token in an address ends up in the logs of proxies: such programs must not work.
            await websocket.close()
            return
        socket = Socket(websocket, self)  # takes the token: once accepted the headers are gone
        await websocket.accept()
        self._sockets.add(socket)
        metrics.CONNECTIONS.set(len(self._sockets))
        try:
            await socket.run()
        finally:
            self._sockets.discard(socket)
            metrics.CONNECTIONS.set(len(self._sockets))

    async def admit(self, text: str, address: str) -> ApiToken | None:
        """Return the token if it is good."""
        now = self.clock()
        token = await self._gate.admit(text, address, now)
        if token is not None:
            with contextlib.suppress(SQLAlchemyError):  # a busy database keeps nobody out
                await self._store.note_token_used(token.token_id, now)
            log.info("event_api_connected", token=token.token_id, name=token.name)
        return token

    async def watch(self) -> None:
        """End connections whose token was revoked or expired; runs until cancelled."""
        while True:
            await asyncio.sleep(_SWEEP_S)
            try:
                await self.look()
            except Exception:
                # A failing database closes nobody's connection.
                log.exception("event_api_watch_failed")

    async def look(self) -> None:
        """Look once."""
        now = self.clock()
        for socket in list(self._sockets):
            socket.tick(now)
        self.lines.sweep(now)
        seated = self.lines.seated_tokens()
        if seated:
            living = await self._store.living_tokens(seated, now)
            self.lines.close_tokens(seated - living)
