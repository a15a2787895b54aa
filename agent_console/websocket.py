"""The thin adapter between a WebSocket, the pure :class:`Connection` and the hub."""

import asyncio
import contextlib
import types
from collections.abc import Coroutine, Generator
from typing import Final

import structlog
from starlette.websockets import WebSocket, WebSocketDisconnect

from agent_console import metrics
from agent_console.commands import Commands
from agent_console.config import ConsoleConfig
from agent_console.connection import Close, Connection, Note, Open, Reply, Run
from agent_console.hub import Hub
from agent_console.messages import CloseCode
from agent_console.ports import Clock
from agent_console.security import origin_allowed
from agent_console.tickets import Pass, Tickets

log = structlog.get_logger(__name__)

_CLOSE_WITHIN_S: Final = 2.0


class Outbox:
    """Frames that wait for one page; bounded in number and in bytes."""

    __slots__ = ("_bytes", "_frames", "_most_bytes", "_most_frames")

    def __init__(self, most_frames: int, most_bytes: int) -> None:
        self._most_frames = most_frames
        self._most_bytes = most_bytes
        self._frames: list[str] = []
        self._bytes = 0

    def put(self, frame: str) -> bool:
        """Append the frame; ``False`` if the page is too slow for it."""
        if len(self._frames) >= self._most_frames or self._bytes >= self._most_bytes:
            return False
        self._frames.append(frame)
        self._bytes += len(frame)
        return True

    def get(self) -> str | None:
        """Return the next frame, if there is one."""
        if not self._frames:
            return None
        frame = self._frames.pop(0)
        self._bytes -= len(frame)
        return frame


class Socket:
    """One page's connection, and its seat at the hub.

    A page that is quiet costs one task, which reads; another one writes only while frames wait
    because the line is full.
    """

    __slots__ = (
        *("_clock", "_close_code", "_commands", "_connection", "_holder", "_hub", "_outbox"),
        *("_reading", "_websocket", "_writing"),
    )

    def __init__(
        self,
        websocket: WebSocket,
        config: ConsoleConfig,
        hub: Hub,
        tickets: Tickets,
        commands: Commands,
        clock: Clock,
    ) -> None:
        self._websocket = websocket
        self._hub = hub
        self._commands = commands
        self._clock = clock
        self._outbox = Outbox(config.slow_frames, config.slow_bytes)
        self._connection = Connection(tickets.redeem, clock())
        self._reading: asyncio.Task[object] | None = asyncio.current_task()
        self._writing: asyncio.Task[None] | None = None
        self._close_code: CloseCode | None = None
        self._holder: Pass | None = None

    def offer(self, frame: str) -> None:
        """Queue the frame, or end the connection of a page that reads too slowly."""
        if self._close_code is not None or self._reading is None:
            return
        if not self._outbox.put(frame):
            self.close(4408)
            return
        metrics.FRAMES.inc()
        if self._writing is None:
            self._write_at_once()

    def close(self, code: CloseCode) -> None:
        """End the connection; what still waits is not sent."""
        if self._close_code is None and self._reading is not None:
            self._close_code = code
            if asyncio.current_task() is not self._reading:
                self._reading.cancel()

    def tick(self) -> None:
        """Notice that time has passed."""
        for step in self._connection.tick(self._clock()):
            if isinstance(step, Close):
                self.close(step.code)

    async def run(self) -> None:
        """Serve the page until either side ends the connection; by the task that made this."""
        reading = self._reading
        try:
            await self._read()
        except WebSocketDisconnect:
            pass
        except asyncio.CancelledError:
            # Our own close interrupts the reading; whatever else cancels us goes on its way.
            if self._close_code is None or (reading is not None and reading.uncancel() > 0):
                raise
        except Exception:
            log.exception("console_socket_failed")
        finally:
            self._reading = None
            if self._holder is not None:
                self._hub.leave(self, self._holder)
            self._connection.closed()
            if self._writing is not None:
                self._writing.cancel()
                await asyncio.gather(self._writing, return_exceptions=True)
        await self._say_goodbye()

    async def _say_goodbye(self) -> None:
        if self._close_code is None:
            return
        metrics.CLOSES.labels(code=str(self._close_code)).inc()
        # The peer may be gone or stuck; either way the connection ends here.
        with contextlib.suppress(RuntimeError, WebSocketDisconnect, TimeoutError):
            async with asyncio.timeout(_CLOSE_WITHIN_S):
                await self._websocket.close(self._close_code)

    def _write_at_once(self) -> None:
        """Send what waits now, as far as the line takes it; a task sends the rest.

        A task for each frame would cost as much as the frame.
        """
        writing = self._write()
        try:
            waits_for = writing.send(None)
        except StopIteration:
            return
        self._writing = asyncio.create_task(finish(writing, waits_for))

    async def _write(self) -> None:
        """Send what waits; a line that is broken ends the reading, too."""
        try:
            while (frame := self._outbox.get()) is not None:
                await self._websocket.send_text(frame)
        except WebSocketDisconnect:
            pass
        except Exception:
            log.exception("console_frame_unsent")
        finally:
            self._writing = None

    async def _read(self) -> None:
        while True:
            message = await self._websocket.receive()
            if message["type"] == "websocket.disconnect":
                return
            text = message.get("text")
            frame = message.get("bytes") or b"" if text is None else text
            for step in self._connection.receive(frame, self._clock()):
                if self._close_code is not None:
                    return
                match step:
                    case Close(code):
                        self.close(code)
                    case Open(holder, resume):
                        self._holder = holder
                        self._hub.join(self, holder, resume)
                    case Reply(reply) if self._holder is not None:
                        self.offer(self._hub.answer(self._holder, reply))
                    case Note(shown) if self._holder is not None:
                        self._hub.shown(self._holder, shown)
                    case Run(command) if self._holder is not None:
                        reply = await self._commands.run(self._holder, command)
                        self.offer(self._hub.answer(self._holder, reply))
            if self._close_code is not None:
                return


async def finish(begun: Coroutine[object, object, None], waits_for: object) -> None:
    """Go on with a coroutine that was begun without a task and now waits for something."""
    await _rest(begun, waits_for)


@types.coroutine
def _rest(
    begun: Coroutine[object, object, None], waits_for: object
) -> Generator[object, object, None]:
    try:
        while True:
            try:
                got = yield waits_for
            except BaseException as error:  # noqa: BLE001 - it is the other coroutine's to handle
                waits_for = begun.throw(error)
            else:
                waits_for = begun.send(got)
    except StopIteration:
        return


class SocketServer:
    """Accepts pages' WebSockets."""

    def __init__(
        self, config: ConsoleConfig, hub: Hub, tickets: Tickets, commands: Commands, clock: Clock
    ) -> None:
        self._config = config
        self._hub = hub
        self._tickets = tickets
        self._commands = commands
        self._clock = clock
        self._sockets: set[Socket] = set()

    async def endpoint(self, websocket: WebSocket) -> None:
        """Serve one WebSocket; a foreign page's is refused before it opens."""
        if not origin_allowed(websocket.headers, self._config.origins):
            log.warning("foreign_origin_refused", origin=websocket.headers.get("origin", "")[:200])
            await websocket.close()
            return
        await websocket.accept()
        socket = Socket(
            websocket, self._config, self._hub, self._tickets, self._commands, self._clock
        )
        self._sockets.add(socket)
        try:
            await socket.run()
        finally:
            self._sockets.discard(socket)

    def tick(self) -> None:
        """Notice that time has passed, for all connections."""
        for socket in list(self._sockets):
            socket.tick()
