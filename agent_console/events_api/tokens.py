"""Tokens of programs: how they are made and checked.

A token is ``hl_<token id>_<secret>``.  The id finds the row; of the secret (256 random bits, so no
salt) only a hash is stored, and hashes are compared in constant time.  Tokens travel in a header
or in the first message, never in an address, and are never logged.
"""

import hashlib
import hmac
import re
import secrets
from typing import Final

import structlog

from agent_console.events_api.ports import IntegrationStore
from agent_console.security import RateLimit
from agent_console.store.integration_model import ApiToken, Grant

log = structlog.get_logger(__name__)

_FORM: Final = re.compile(r"hl_([0-9a-f]{12})_([A-Za-z0-9_-]{43})")
_NOBODY: Final = hashlib.sha256(b"").hexdigest()
FAILURES: Final = 10
"""So many wrong tokens of one address are looked at at once; each comes back in ``REFILL_S``."""
REFILL_S: Final = 6.0


def new_token(name: str, grant: Grant, *, now: float, lifetime_s: float) -> tuple[str, ApiToken]:
    """Return a new token's text, which is shown once, and the record to store."""
    token_id, secret = secrets.token_hex(6), secrets.token_urlsafe(32)
    record = ApiToken(
        token_id=token_id,
        token_hash=_hash(secret),
        name=name,
        grant=grant,
        created_at=now,
        expires_at=now + lifetime_s,
    )
    return f"hl_{token_id}_{secret}", record


def matches(token: ApiToken | None, secret: str) -> bool:
    """Say whether the secret is the token's; takes as long when there is no such token."""
    stored = _NOBODY if token is None else token.token_hash
    same = hmac.compare_digest(stored.encode(), _hash(secret).encode())
    return same and token is not None


class Gate:
    """Lets programs with a good token in, and slows down who tries others."""

    def __init__(self, store: IntegrationStore) -> None:
        self._store = store
        self._tries = RateLimit(FAILURES, REFILL_S)

    async def admit(self, text: str, address: str, now: float) -> ApiToken | None:
        """Return the living token with this text, or ``None``."""
        if not self._tries.spend(address, now):
            log.warning("event_api_too_many_failures", address=address)
            return None
        form = _FORM.fullmatch(text)
        token = await self._store.token(form[1]) if form else None
        good = matches(token, form[2] if form else "")
        if token is None or not good or not token.alive(now):
            log.warning("event_api_token_refused", address=address)
            return None
        self._tries.refund(address, now)
        return token


def bearer(header: str | None) -> str | None:
    """Return the token of an ``Authorization`` header; empty if it holds something else."""
    if header is None:
        return None
    scheme, _, token = header.partition(" ")
    return token.strip() if scheme.lower() == "bearer" else ""


def _hash(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
