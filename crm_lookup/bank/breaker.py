"""When a failing core is left alone: a circuit breaker as a table, without clock and I/O.

Closed: everything passes.  After ``limit`` failures in a row it opens: nothing passes for ``rest``
seconds.  Then it is half-open: one request goes through as a probe; its success closes, its
failure opens again.
"""

from typing import Final, Literal, TypeAlias

State: TypeAlias = Literal["closed", "open", "half_open"]
Event: TypeAlias = Literal["succeeded", "failed", "failed_again", "rested"]

TRANSITIONS: Final[dict[tuple[State, Event], State]] = {
    ("closed", "succeeded"): "closed",
    ("closed", "failed"): "closed",
    ("closed", "failed_again"): "open",
    ("open", "rested"): "half_open",
    ("open", "succeeded"): "open",  # an answer to what was asked before it opened
    ("open", "failed"): "open",
    ("open", "failed_again"): "open",
    ("half_open", "succeeded"): "closed",
    ("half_open", "failed"): "open",
    ("half_open", "failed_again"): "open",
}
"""``failed_again``: the failure that reaches the limit."""


class Breaker:
    """The state of one core; ``now`` is any clock that only goes forward, in seconds."""

    def __init__(self, *, limit: int = 5, rest: float = 10.0) -> None:
        self.state: State = "closed"
        self._limit = limit
        self._rest = rest
        self._failures = 0
        self._opened_at = 0.0
        self._probing = False

    def admit(self, now: float) -> bool:
        """Say whether a request may pass now; tell its end by one of the other methods."""
        if self.state == "open" and now - self._opened_at >= self._rest:
            self._go("rested", now)
        if self.state == "closed":
            return True
        if self.state == "half_open" and not self._probing:
            self._probing = True
            return True
        return False

    def succeeded(self, now: float) -> None:
        """The core answered, with whatever answer."""
        if self.state != "open":
            self._failures = 0
        self._go("succeeded", now)

    def failed(self, now: float) -> None:
        """The core gave no usable answer."""
        self._failures += 1
        self._go("failed_again" if self._failures >= self._limit else "failed", now)

    def wait(self, now: float) -> float:
        """Return the seconds until a probe may pass; 0 unless open."""
        return max(0.0, self._opened_at + self._rest - now) if self.state == "open" else 0.0

    def _go(self, event: Event, now: float) -> None:
        before, self.state = self.state, TRANSITIONS[self.state, event]
        if self.state == "open" and before != "open":
            self._opened_at = now
        if self.state != before:
            self._probing = False
