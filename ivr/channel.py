"""One FastAGI connection: bytes in and out of the codec, with deadlines and the guard.

Every row of commands begins with ``TIMEOUT(absolute)``: Asterisk takes the caller back when we do
not send the next row in time.
"""

import asyncio
import math
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
    """Runs AGI commands on one connection, one row at a time."""

    def __init__(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, limits: IvrLimits
    ) -> None:
        self._reader = reader
        self._writer = writer
        self._limits = limits
        self._protocol = AgiProtocol()

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
        """Refresh the guard, send the commands in a row and return their replies.

        Only the last command may take time.  Raises :class:`CallerGoneError`,
        :class:`AgiReplyError` when Asterisk refuses a command, and
        :class:`AsteriskSilentError`.
        """
        takes = sum(command.takes for command in row)
        guarded = [commands.set_timeout(self._limits.guard + math.ceil(takes)), *row]
        self._writer.write(self._protocol.send(guarded))
        started = asyncio.get_running_loop().time()
        try:
            async with asyncio.timeout(takes + self._limits.reply):
                await self._drain()
                replies = [await self._reply(command) for command in guarded]
        except TimeoutError:
            raise AsteriskSilentError(
                f"no reply to {row[-1].words if row else 'SET VARIABLE'} within "
                f"{takes + self._limits.reply:.0f} s; is Asterisk alive?"
            ) from None
        if not takes:
            elapsed = asyncio.get_running_loop().time() - started
            metrics.COMMAND_SECONDS.observe(elapsed / len(guarded))
        return replies[1:]

    async def last_words(self, row: Sequence[Command]) -> None:
        """Send commands without waiting for replies, interrupting what may still run, and close.

        A command that is interrupted by the next one may answer nothing at all (``STREAM FILE``),
        so that replies cannot be counted here.  Never raises for a broken connection.
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
