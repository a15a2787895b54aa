"""One console connection as a pure state machine: frames and time in, things to do out.

No sockets and no clock; :mod:`agent_console.websocket` drives it.  The first message must be
``hello`` with a good ticket; until then nothing but a close goes out.
"""

from collections.abc import Callable
from typing import Final, Literal, TypeAlias

import msgspec

from agent_console.messages import (
    CLIENT_DECODER,
    MAX_MESSAGE_BYTES,
    CloseCode,
    Command,
    ErrorCode,
    Failed,
    Hello,
    Ping,
    Pong,
    Resume,
    ServerMessage,
    Shown,
)
from agent_console.tickets import Pass

HEARTBEAT_S: Final = 10.0
SILENCE_S: Final = 150.0
"""A page that said nothing for so long is gone.

Browsers slow the timers of a hidden page down to one a minute, so this is far above the heartbeat;
a broken line is noticed sooner by the WebSocket's own pings.
"""
HELLO_WITHIN_S: Final = 5.0
BURST: Final = 40
"""Messages that a page may send at once; they come back at :data:`MESSAGES_PER_S`."""
MESSAGES_PER_S: Final = 5.0


class Reply(msgspec.Struct, frozen=True):
    """Send this to this page only."""

    message: ServerMessage


class Open(msgspec.Struct, frozen=True):
    """The ticket was good: join the desk and bring the page up to date."""

    identity: Pass
    resume: Resume | None


class Run(msgspec.Struct, frozen=True):
    """Carry out the agent's command and answer it."""

    command: Command


class Note(msgspec.Struct, frozen=True):
    """A pop stands on the page."""

    shown: Shown


class Close(msgspec.Struct, frozen=True):
    """End the connection."""

    code: CloseCode


Step: TypeAlias = Reply | Open | Run | Note | Close
State: TypeAlias = Literal["waiting", "open", "closed"]
Redeem: TypeAlias = Callable[[str, float], Pass | None]


def failed(code: ErrorCode, ref: int | None = None) -> Failed:
    """Return the refusal of a command."""
    return Failed(ref=ref, code=code, text_key=f"error.{code}")


class Connection:
    """What one page said so far, and what follows from it."""

    __slots__ = (
        *("_allowance", "_heard_at", "_opened_at", "_redeem", "_refilled_at"),
        "state",
    )

    def __init__(self, redeem: Redeem, now: float) -> None:
        self._redeem = redeem
        self._opened_at = now
        self._heard_at = now
        self._allowance = float(BURST)
        self._refilled_at = now
        self.state: State = "waiting"

    def receive(self, frame: str | bytes, now: float) -> list[Step]:
        """Take one frame of the page."""
        if self.state == "closed":
            return []
        self._heard_at = now
        if not self._spend(now):
            return [self._close(4429)]
        if isinstance(frame, bytes) or len(frame) > MAX_MESSAGE_BYTES:
            return [self._close(4400)]
        try:
            message = CLIENT_DECODER.decode(frame)
        except (msgspec.DecodeError, UnicodeError):
            if self.state == "waiting":
                return [self._close(4400)]
            return [Reply(failed("bad_message"))]
        if self.state == "waiting":
            return [self._greet(message, now)]
        match message:
            case Hello():
                return [self._close(4400)]
            case Ping():
                return [Reply(Pong(now=now))]
            case Shown():
                return [Note(message)]
            case command:
                return [Run(command)]

    def tick(self, now: float) -> list[Step]:
        """Notice that time has passed."""
        if self.state == "waiting" and now - self._opened_at >= HELLO_WITHIN_S:
            return [self._close(4401)]
        if self.state == "open" and now - self._heard_at >= SILENCE_S:
            return [self._close(4409)]
        return []

    def closed(self) -> None:
        """Notice that the connection is gone."""
        self.state = "closed"

    def _greet(self, message: object, now: float) -> Step:
        if not isinstance(message, Hello):
            return self._close(4400)
        identity = self._redeem(message.ticket, now)
        if identity is None:
            return self._close(4401)
        self.state = "open"
        return Open(identity, message.resume)

    def _close(self, code: CloseCode) -> Close:
        self.state = "closed"
        return Close(code)

    def _spend(self, now: float) -> bool:
        grown = (now - self._refilled_at) * MESSAGES_PER_S
        self._allowance = min(float(BURST), self._allowance + max(0.0, grown))
        self._refilled_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True
