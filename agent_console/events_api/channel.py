"""The numbered stream of one program: what it was sent and has not acknowledged.

Pure.  Events wait in a bounded buffer until they are acknowledged, so that a program that comes
back gets what it missed.  When the buffer overflows, it is emptied and the program has to begin
anew with a ``reset``; nobody else notices.
"""

from collections import deque
from typing import Final

from agent_console.events_api.messages import ResetReason, Resume, event_frame

BUFFERED: Final = 2048
"""Events that may wait for one program."""
WINDOW: Final = 256
"""Events that are sent ahead of the last acknowledgement."""


class Channel:
    """Numbers, keeps and hands out events; ``reset`` says why a snapshot has to come first."""

    def __init__(self, stream: str, *, buffered: int = BUFFERED, window: int = WINDOW) -> None:
        self.stream = stream
        self.seq = 0
        self.acked = 0
        self.reset: ResetReason | None = "start"
        self._sent = 0
        self._buffered = buffered
        self._window = window
        self._waiting: deque[tuple[float, str]] = deque()
        """The events ``acked + 1 … seq``, each with its time."""

    def put(self, body: str, at: float) -> None:
        """Append an encoded event; ``at`` in seconds since the epoch."""
        self.seq += 1
        if self.reset is not None:
            return  # the snapshot that is due will hold its effect
        if len(self._waiting) >= self._buffered:
            self._empty("too_slow")
            return
        self._waiting.append((at, body))

    def next(self) -> str | None:
        """Return the next frame to send; ``None`` while there is none or too many are open."""
        ahead = self._sent - self.acked
        if self.reset is not None or ahead >= self._window or ahead >= len(self._waiting):
            return None
        self._sent += 1
        return event_frame(self._sent, self._waiting[ahead][1])

    def ack(self, seq: int) -> list[float] | None:
        """Forget the events up to ``seq``; return their times, ``None`` if never sent."""
        if self.reset is not None:
            return [] if seq <= self.seq else None
        if seq > self._sent:
            return None
        return [self._waiting.popleft()[0] for _ in range(self._advance(seq))]

    def connect(self, resume: Resume | None) -> bool:
        """Begin a connection; return whether it goes on where the last one ended."""
        if resume is None:
            self._empty("start")
        elif resume.stream != self.stream:
            self._empty("unknown_stream")
        elif self.reset is not None or not self.acked <= resume.seq <= self.seq:
            self._empty(self.reset or "too_old")
        else:
            for _ in range(self._advance(resume.seq)):
                self._waiting.popleft()
            self._sent = resume.seq
            return True
        return False

    def restart(self) -> int:
        """Go on after a snapshot that is sent now; return the number at which it stands."""
        self._empty(None)
        self.acked = self._sent = self.seq
        return self.seq

    def _advance(self, seq: int) -> int:
        steps = max(0, seq - self.acked)
        self.acked += steps
        return steps

    def _empty(self, reason: ResetReason | None) -> None:
        self._waiting.clear()
        self.reset = reason
