"""One program's connection as a pure state machine: frames and time in, steps out."""

from typing import Final, Literal, TypeAlias

import msgspec

from agent_console.events_api.messages import (
    CLIENT_DECODER,
    MAX_CLIENT_BYTES,
    Ack,
    CloseCode,
    Hello,
    Ping,
)

HELLO_WITHIN_S: Final = 5.0
BURST: Final = 200
"""Messages that a program may send at once; they come back at :data:`MESSAGES_PER_S`."""
MESSAGES_PER_S: Final = 50.0


class Enter(msgspec.Struct, frozen=True):
    """Check the token, then join."""

    token: str
    hello: Hello


class Acknowledge(msgspec.Struct, frozen=True):
    """The program dealt with everything up to here."""

    seq: int


class Answer(msgspec.Struct, frozen=True):
    """Send a ``pong``."""


class Close(msgspec.Struct, frozen=True):
    """End the connection."""

    code: CloseCode


Step: TypeAlias = Enter | Acknowledge | Answer | Close


class Session:
    """What one connection said so far, and what follows from it."""

    def __init__(self, header_token: str | None, now: float) -> None:
        self._header_token = header_token
        self._opened_at = now
        self._allowance = float(BURST)
        self._refilled_at = now
        self.state: Literal["waiting", "open", "closed"] = "waiting"

    def receive(self, frame: str | bytes, now: float) -> Step | None:
        """Take one frame of the program."""
        if self.state == "closed":
            return None
        if not self._spend(now):
            return self.close(4429)
        if isinstance(frame, bytes) or len(frame) > MAX_CLIENT_BYTES:
            return self.close(4400)
        try:
            message = CLIENT_DECODER.decode(frame)
        except (msgspec.DecodeError, UnicodeError):
            return self.close(4400)
        match message:
            case Hello() if self.state == "waiting":
                return self._enter(message)
            case Ack(seq=seq) if self.state == "open":
                return Acknowledge(seq)
            case Ping() if self.state == "open":
                return Answer()
            case _:
                return self.close(4400)

    def tick(self, now: float) -> Step | None:
        """Notice that time has passed."""
        if self.state == "waiting" and now - self._opened_at >= HELLO_WITHIN_S:
            return self.close(4408)
        return None

    def close(self, code: CloseCode) -> Close:
        """End the session."""
        self.state = "closed"
        return Close(code)

    def _enter(self, hello: Hello) -> Step:
        token = hello.token if self._header_token is None else self._header_token
        if not token or (self._header_token is not None and hello.token is not None):
            return self.close(4401)
        self.state = "open"
        return Enter(token, hello)

    def _spend(self, now: float) -> bool:
        grown = max(0.0, now - self._refilled_at) * MESSAGES_PER_S
        self._allowance = min(float(BURST), self._allowance + grown)
        self._refilled_at = now
        if self._allowance < 1:
            return False
        self._allowance -= 1
        return True
