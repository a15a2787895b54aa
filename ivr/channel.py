"""One FastAGI connection: bytes in and out of the codec, with deadlines and the guard.

Before a command ``TIMEOUT(absolute)`` is refreshed: Asterisk takes the caller back when we do not
send the next one in time.  A call runs some fifty commands, so that each costs as little as can
be: no task, no stream and no timer of its own.
"""

import asyncio
from collections.abc import Sequence
from typing import Final, cast

from ivr import metrics
from ivr.agi import AgiProtocol, Command, Environment, HungUp, PeerClosed, Reply, commands
from ivr.config import IvrLimits
from ivr.errors import (
    AgiProtocolError,
    AgiReplyError,
    AsteriskSilentError,
    CallerGoneError,
)

_LAST_WORDS: Final = 2.0
"""Seconds for Asterisk to read our last commands after we closed our side."""


class AgiChannel(asyncio.Protocol):
    """Runs AGI commands on one connection, one at a time."""

    def __init__(self, limits: IvrLimits) -> None:
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._transport: asyncio.Transport | None = None
        self._protocol = AgiProtocol()
        self._guarded_until = 0.0
        self._waiter: asyncio.Future[None] | None = None
        self._fault: AgiProtocolError | None = None
        self._deadline: float | None = None
        """When the wait for Asterisk ends."""
        self._timer: asyncio.TimerHandle | None = None
        self._lost: asyncio.Future[None] = self._loop.create_future()
        self._deaf = False

    # What the connection does ----------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)

    def take_over(self, transport: asyncio.Transport, said: bytes) -> None:
        """Go on with a connection that another protocol began, and that has said so much."""
        transport.set_protocol(self)
        self.connection_made(transport)
        self.data_received(said)

    def data_received(self, data: bytes) -> None:
        if self._deaf or self._fault is not None:
            return
        try:
            self._protocol.receive(data)
        except AgiProtocolError as error:
            self._fault = error
            if self._transport is not None:
                self._transport.pause_reading()  # whatever else it sends is not read
        self._wake()

    def eof_received(self) -> None:
        self._close_codec()

    def connection_lost(self, error: Exception | None) -> None:
        self._close_codec()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if not self._lost.done():
            self._lost.set_result(None)

    def _close_codec(self) -> None:
        if self._protocol.state != "closed" and self._fault is None:
            self._protocol.receive_eof()
        self._wake()

    def _wake(self) -> None:
        if self._waiter is not None and not self._waiter.done():
            self._waiter.set_result(None)

    # What the session asks for ---------------------------------------------------------------

    async def environment(self) -> Environment | None:
        """Read what Asterisk says first; ``None`` if the peer closed before it was complete.

        Raises :class:`AgiProtocolError` for garbage and :class:`AsteriskSilentError` for a peer
        that is too slow.
        """
        self._wait_at_most(self._limits.handshake)
        event = await self._next("no complete AGI environment in time")
        return event if isinstance(event, Environment) else None

    async def run(self, row: Sequence[Command]) -> list[Reply]:
        """Refresh the guard, run the commands one after the other and return their replies.

        Only the last command may take time.  Raises :class:`CallerGoneError`,
        :class:`AgiReplyError` when Asterisk refuses a command, and
        :class:`AsteriskSilentError`.
        """
        await self._refresh(sum(command.takes for command in row))
        return [await self._run_one(command) for command in row]

    async def _refresh(self, takes: float) -> None:
        """Make sure that the guard covers ``takes`` seconds and its slack from now, and not more.

        A key that cut a long prompt short leaves too much: a freeze would hold the caller for the
        rest of it.  Keys that follow each other quickly leave enough of the last refresh: saving
        it halves the time in which no command runs, and in which Asterisk would drop a key.
        """
        needed = self._loop.time() + takes + self._limits.guard
        if abs(self._guarded_until - needed) > self._limits.guard / 4:
            await self._run_one(commands.set_timeout(self._limits.guard + takes))
            self._guarded_until = needed

    async def _run_one(self, command: Command) -> Reply:
        started = self._loop.time()
        data = self._protocol.send(command)
        if self._transport is None or self._transport.is_closing():
            raise CallerGoneError
        self._transport.write(data)
        self._wait_at_most(command.takes + self._limits.reply)
        reply = await self._reply(command)
        if not command.takes:
            metrics.COMMAND_SECONDS.observe(self._loop.time() - started)
        return reply

    async def last_words(self, row: Sequence[Command]) -> None:
        """Send commands without waiting for replies, interrupting what may still run, and close.

        A command that is interrupted by the next one may answer nothing at all (``STREAM FILE``),
        so that replies cannot be counted here.  Commands that arrive together are all read only
        because the end of file follows them.  Never raises for a broken connection.
        """
        if self._transport is None or self._transport.is_closing():
            return
        self._deaf = True  # what Asterisk still answers is read: closing over it would reset
        guarded = [commands.set_timeout(self._limits.guard), *row]
        self._transport.write(b"".join(command.encode() for command in guarded))
        if self._transport.can_write_eof():
            self._transport.write_eof()
        await asyncio.wait({self._lost}, timeout=_LAST_WORDS)

    async def close(self) -> None:
        """Close the connection; the dialplan goes on."""
        if self._transport is None:
            return
        self._transport.close()
        if not self._lost.done():
            await asyncio.wait({self._lost}, timeout=_LAST_WORDS)
            self._transport.abort()

    def abort(self) -> None:
        """Close the connection at once."""
        if self._transport is not None:
            self._transport.abort()

    # Waiting ---------------------------------------------------------------------------------

    async def _reply(self, command: Command) -> Reply:
        event = await self._next("no reply to {}; is Asterisk alive?", command.words)
        if not isinstance(event, Reply):
            raise CallerGoneError
        if event.is_dead:
            raise CallerGoneError
        if not event.is_ok:
            raise AgiReplyError(
                f"Asterisk refused {command.words} with {event.code} {event.text[:200]!r}; "
                "check the arguments and that the module is loaded"
            )
        return event

    async def _next(
        self, complaint: str, about: str = ""
    ) -> Environment | Reply | HungUp | PeerClosed:
        try:
            while (event := self._protocol.next_event()) is None:
                if self._fault is not None:
                    raise self._fault
                if self._protocol.state == "closed":
                    raise CallerGoneError
                self._waiter = self._loop.create_future()
                try:
                    await self._waiter
                except TimeoutError:
                    raise AsteriskSilentError(complaint.format(about)) from None
                finally:
                    self._waiter = None
        finally:
            self._deadline = None
        return event

    def _wait_at_most(self, seconds: float) -> None:
        """Set the deadline of the next wait.

        One timer looks after all waits of the connection: it is armed for the first, and again
        for the then current one when it fires.  A wait may so end up to one reply's time late.
        """
        now = self._loop.time()
        self._deadline = now + seconds
        if self._timer is None:
            self._timer = self._loop.call_at(self._next_look(now), self._look)

    def _next_look(self, now: float) -> float:
        soonest = now + self._limits.reply
        return soonest if self._deadline is None else min(soonest, self._deadline)

    def _look(self) -> None:
        now = self._loop.time()
        self._timer = None
        if self._deadline is None:
            return  # nobody waits; the next wait arms it again
        if now >= self._deadline and self._waiter is not None and not self._waiter.done():
            self._waiter.set_exception(TimeoutError())
            return
        self._timer = self._loop.call_at(max(self._next_look(now), now + 0.01), self._look)
