"""One-use, short-lived tickets that let a signed-in page open its WebSocket.

A ticket travels in the first message, never in a URL, so that no proxy's log holds one.  Pure:
``now`` is an argument.
"""

import secrets
from typing import Final

import msgspec

from agent_console.messages import Me

TICKET_LIFETIME_S: Final = 20.0
_MOST_OPEN: Final = 10_000


class Pass(msgspec.Struct, frozen=True, kw_only=True):
    """Who stands behind a ticket, and until when their session lives."""

    session_id: str
    me: Me
    created_at: float
    """When the session was opened."""
    expires_at: float


class Tickets:
    """The tickets that were given out and not used yet."""

    def __init__(self, lifetime_s: float = TICKET_LIFETIME_S) -> None:
        self.lifetime_s = lifetime_s
        self._open: dict[str, tuple[float, Pass]] = {}

    def __len__(self) -> int:
        """Return how many tickets are kept."""
        return len(self._open)

    def issue(self, holder: Pass, now: float) -> str:
        """Return a new ticket; the oldest one dies when far too many are open."""
        self._drop_expired(now)
        if len(self._open) >= _MOST_OPEN:
            del self._open[next(iter(self._open))]
        ticket = secrets.token_urlsafe(32)
        self._open[ticket] = (now + self.lifetime_s, holder)
        return ticket

    def redeem(self, ticket: str, now: float) -> Pass | None:
        """Use up the ticket and return its holder; ``None`` if it is not good."""
        expires_at, holder = self._open.pop(ticket, (0.0, None))
        return holder if now < expires_at else None

    def revoke(self, session_id: str) -> None:
        """Make the session's tickets worthless."""
        theirs = [t for t, (_, holder) in self._open.items() if holder.session_id == session_id]
        for ticket in theirs:
            del self._open[ticket]

    def _drop_expired(self, now: float) -> None:
        while self._open:
            ticket, (expires_at, _) = next(iter(self._open.items()))
            if now < expires_at:
                return
            del self._open[ticket]
