"""What the event API stores: who may read, where to send, and what is still to be sent.

Times are epoch seconds (UTC).
"""

from typing import Literal, TypeAlias

import msgspec

Scope: TypeAlias = Literal["pops", "calls", "agents", "alarms", "floor", "customer", "numbers"]
DeliveryState: TypeAlias = Literal["pending", "failed", "dead"]


class Grant(msgspec.Struct, frozen=True, kw_only=True):
    """What a program may see; ``None`` means all, now and in future."""

    scopes: frozenset[Scope]
    queues: frozenset[str] | None = frozenset()
    agents: frozenset[str] | None = frozenset()


class ApiToken(msgspec.Struct, frozen=True, kw_only=True):
    """A program's right to read events."""

    token_id: str
    """Names the token in lists and logs; opens nothing."""
    token_hash: str
    """SHA-256 of the secret part, in hexadecimal."""
    name: str
    grant: Grant
    created_at: float
    expires_at: float
    revoked_at: float | None = None
    seen_at: float | None = None
    """When it last opened a connection."""

    def alive(self, now: float) -> bool:
        """Say whether the token opens anything at ``now``."""
        return self.revoked_at is None and now < self.expires_at


class Webhook(msgspec.Struct, frozen=True, kw_only=True):
    """An address to which events are sent."""

    webhook_id: str
    url: str
    secret: str
    """``whsec_`` and the key in base64."""
    grant: Grant
    created_at: float
    kinds: frozenset[str] | None = None
    """Kinds of events that are sent; ``None``: all that the grant allows."""
    disabled: bool = False


class Delivery(msgspec.Struct, frozen=True, kw_only=True):
    """One event that one webhook has not taken yet."""

    delivery_id: str
    webhook_id: str
    event_id: str
    kind: str
    body: str
    """The JSON that is signed and sent."""
    created_at: float
    next_at: float
    """When to try (again)."""
    state: DeliveryState = "pending"
    """``pending``: never tried; ``failed``: will be tried again; ``dead``: given up."""
    attempts: int = 0
    last_error: str = ""
