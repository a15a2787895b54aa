"""The programs' streams: hands every event to those that may see it.

Works in the event loop and never waits for a program.  A stream outlives its connection for a
while, so that a program that comes back misses nothing.
"""

import secrets
from collections.abc import Callable
from typing import Final, Protocol

import structlog

from agent_console.events_api import grants, metrics
from agent_console.events_api import messages as m
from agent_console.events_api.channel import Channel
from agent_console.store.integration_model import ApiToken, Grant, Scope

log = structlog.get_logger(__name__)

KEPT_S: Final = 600.0
"""Seconds for which the stream of a program that went away is kept."""
NAMES_PER_TOKEN: Final = 8
MOST_LINES: Final = 256


class Seat(Protocol):
    """A connection."""

    def wake(self) -> None:
        """Look for something to send; must not block."""

    def close(self, code: m.CloseCode) -> None:
        """End the connection; must not block."""


class Line:
    """One program's stream and, while there is one, its connection."""

    def __init__(self, token: ApiToken, client: str) -> None:
        self.token = token
        self.client = client
        self.channel = Channel(secrets.token_hex(8))
        self.seat: Seat | None = None
        self.left_at = 0.0

    @property
    def grant(self) -> Grant:
        return self.token.grant


class Lines:
    """All streams."""

    def __init__(self, standing: Callable[[], tuple[m.Pop, ...]]) -> None:
        """``standing`` gives the pops that stand now."""
        self._standing = standing
        self._lines: dict[tuple[str, str], Line] = {}

    def publish(self, event: m.Event, now: float) -> None:
        """Hand the event to the streams of all programs that may see it."""
        bodies: dict[frozenset[Scope], str] = {}
        for line in self._lines.values():
            if not grants.allowed(line.grant, event):
                continue
            personal = line.grant.scopes & grants.PERSONAL
            if personal not in bodies:
                seen = grants.redacted(event, personal)
                bodies[personal] = m.ENCODER.encode(seen).decode()
            line.channel.put(bodies[personal], now)
            if line.seat is not None:
                line.seat.wake()

    def join(self, token: ApiToken, hello: m.Hello, seat: Seat) -> tuple[Line, bool] | None:
        """Seat a program; return its stream and whether it goes on, ``None`` if there is no room.

        A connection with the same token and name that is still there is closed.
        """
        key = (token.token_id, hello.client)
        line = self._lines.get(key)
        if line is None:
            if not self._room(token):
                return None
            line = self._lines[key] = Line(token, hello.client)
        elif line.seat is not None:
            line.seat.close(4409)
        line.seat = seat
        return line, line.channel.connect(hello.resume)

    def leave(self, line: Line, seat: Seat, now: float) -> None:
        """Free the seat, unless another connection has it already."""
        if line.seat is seat:
            line.seat, line.left_at = None, now

    def next(self, line: Line) -> str | None:
        """Return the next frame for the program, a ``reset`` where one is due."""
        reason = line.channel.reset
        if reason is None:
            return line.channel.next()
        metrics.RESETS.labels(reason=reason).inc()
        pops = tuple(
            grants.redacted_pop(pop, line.grant.scopes)
            for pop in self._standing()
            if grants.pop_allowed(line.grant, pop)
        )
        reset = m.Reset(seq=line.channel.restart(), reason=reason, pops=pops)
        return m.ENCODER.encode(reset).decode()

    def seated_tokens(self) -> frozenset[str]:
        """Return the ids of the tokens of everybody who is connected."""
        return frozenset(k[0] for k, line in self._lines.items() if line.seat is not None)

    def close_tokens(self, token_ids: frozenset[str]) -> None:
        """End the connections of tokens that are no longer good, and forget their streams."""
        for key, line in list(self._lines.items()):
            if key[0] in token_ids:
                del self._lines[key]
                if line.seat is not None:
                    line.seat.close(4401)

    def close_all(self) -> None:
        """End all connections because the server goes down."""
        for line in self._lines.values():
            if line.seat is not None:
                line.seat.close(4503)

    def sweep(self, now: float) -> None:
        """Forget the streams of programs that did not come back."""
        for key, line in list(self._lines.items()):
            if line.seat is None and now - line.left_at >= KEPT_S:
                del self._lines[key]

    def _room(self, token: ApiToken) -> bool:
        own = [key for key in self._lines if key[0] == token.token_id]
        if len(own) < NAMES_PER_TOKEN and len(self._lines) < MOST_LINES:
            return True
        # An abandoned stream makes room: first one of the same token, the longest gone.
        empty = [k for k, line in self._lines.items() if line.seat is None]
        empty = [k for k in empty if k in own] if len(own) >= NAMES_PER_TOKEN else empty
        if not empty:
            return False
        del self._lines[min(empty, key=lambda k: self._lines[k].left_at)]
        return True
