"""One FastAGI connection: bytes in and out of the codec, with deadlines and the guard.

Before a command ``TIMEOUT(absolute)`` is refreshed: Asterisk takes the caller back when we do not
send the next one in time.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

from ivr import metrics
from ivr.agi import AgiProtocol, Command, Environment, HungUp, PeerClosed, Reply, commands
from ivr.config import IvrLimits
from ivr.errors import (
    AgiReplyError,
    AsteriskSilentError,
    CallerGoneError,
)

_CHUNK: Final = 16384
_LAST_WORDS: Final = 2.0
"""Seconds for Asterisk to read our last commands after we closed our side."""


class AgiChannel:
    """Runs AGI commands on one connection, one at a time."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: IvrLimits
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._protocol = AgiProtocol()
        self._guarded_until = 0.0

    async def environment(self) -> Environment | None:
        """Read what Asterisk says first; ``None`` if the peer closed before it was complete.

        Raises :class:`AgiProtocolError` for garbage and :class:`AsteriskSilentError` for a peer
        that is too slow.
        """
        try:
            async with asyncio.timeout(self._limits.handshake):
                event = await self._next()
        except TimeoutError:
            raise AsteriskSilentError("no complete AGI environment in time") from None
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
        needed = asyncio.get_running_loop().time() + takes + self._limits.guard
        if abs(self._guarded_until - needed) > self._limits.guard / 4:
            await self._run_one(commands.set_timeout(self._limits.guard + takes))
            self._guarded_until = needed

    async def _run_one(self, command: Command) -> Reply:
        loop = asyncio.get_running_loop()
        started = loop.time()
        patience = command.takes + self._limits.reply
        self._writer.write(self._protocol.send(command))
        try:
            async with asyncio.timeout(patience):
                await self._drain()
                reply = await self._reply(command)
        except TimeoutError:
            raise AsteriskSilentError(
                f"no reply to {command.words} within {patience:.0f} s; is Asterisk alive?"
            ) from None
        if not command.takes:
            metrics.COMMAND_SECONDS.observe(loop.time() - started)
        return reply

    async def last_words(self, row: Sequence[Command]) -> None:
        """Send commands without waiting for replies, interrupting what may still run, and close.

        A command that is interrupted by the next one may answer nothing at all (``STREAM FILE``),
        so that replies cannot be counted here.  Commands that arrive together are all read only
        because the end of file follows them.  Never raises for a broken connection.
        """
        guarded = [commands.set_timeout(self._limits.guard), *row]
        try:
            self._writer.write(b"".join(command.encode() for command in guarded))
            if self._writer.can_write_eof():
                self._writer.write_eof()
            async with asyncio.timeout(_LAST_WORDS):
                while await self._reader.read(_CHUNK):
                    pass  # what Asterisk still answers; closing over unread bytes resets
        except (TimeoutError, OSError):
            return

    async def close(self) -> None:
        """Close the connection; the dialplan goes on."""
        self._writer.close()
        try:
            async with asyncio.timeout(_LAST_WORDS):
                await self._writer.wait_closed()
        except (TimeoutError, OSError):
            self._writer.transport.abort()

    async def _reply(self, command: Command) -> Reply:
        event = await self._next()
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

    async def _next(self) -> Environment | Reply | HungUp | PeerClosed:
        while (event := self._protocol.next_event()) is None:
            try:
                data = await self._reader.read(_CHUNK)
            except OSError:
                data = b""
            if data:
                self._protocol.receive(data)
            elif self._protocol.state == "closed":
                raise CallerGoneError
            else:
                self._protocol.receive_eof()
        return event

    async def _drain(self) -> None:
        try:
            await self._writer.drain()
        except OSError:
            raise CallerGoneError from None
