"""What keeps strangers out: response headers, Origin allow-list, CSRF tokens, rate limits."""

import hashlib
import hmac
import ipaddress
from collections import OrderedDict
from collections.abc import Collection, Iterable
from typing import Final

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import HTTPConnection
from starlette.types import ASGIApp, Message, Receive, Scope, Send

CSRF_HEADER: Final = "x-csrf-token"
_MOST_KEYS: Final = 10_000


def security_headers(origins: Iterable[str]) -> dict[str, str]:
    """Return the headers of every response.

    Older Safari does not count a WebSocket of the same host as ``'self'``, so the sockets'
    addresses are spelled out.  Nothing is loaded from elsewhere and no inline code or style runs.
    """
    sockets = " ".join(
        origin.replace("http", "ws", 1) for origin in origins if origin.startswith("http")
    )
    policy = (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        "media-src 'self'",
        f"connect-src 'self' {sockets}".strip(),
        "manifest-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
        "require-trusted-types-for 'script'",
        "trusted-types 'none'",
    )
    headers = {
        "content-security-policy": "; ".join(policy),
        "x-content-type-options": "nosniff",
        "x-frame-options": "DENY",
        "referrer-policy": "no-referrer",
        "permissions-policy": "microphone=(self), camera=(), geolocation=(), payment=(), usb=()",
        "cross-origin-opener-policy": "same-origin",
        "cross-origin-resource-policy": "same-origin",
    }
    if all(origin.startswith("https:") for origin in origins):
        headers["strict-transport-security"] = "max-age=31536000"
    return headers


class HeadersMiddleware:
    """Adds the security headers; answers that set no caching are not stored."""

    def __init__(self, app: ASGIApp, headers: dict[str, str]) -> None:
        self._app = app
        self._headers = headers

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and dress the response."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def dressed(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers.update(self._headers)
                headers.setdefault("cache-control", "no-store")
            await send(message)

        await self._app(scope, receive, dressed)


def origin_allowed(headers: Headers, origins: Collection[str]) -> bool:
    """Say whether the request comes from one of our own pages.

    The comparison is exact on purpose: no origin, ``null``, another letter case and a longer name
    are all refused.
    """
    sent = headers.getlist("origin")
    return len(sent) == 1 and sent[0] in origins


def csrf_token(session_token: str) -> str:
    """Return the token that a page must send back; a page of another site cannot know it."""
    return hashlib.sha256(b"csrf:" + session_token.encode()).hexdigest()


def csrf_matches(headers: Headers, session_token: str) -> bool:
    """Say whether the request carries the session's CSRF token."""
    sent = headers.get(CSRF_HEADER, "").encode()
    return hmac.compare_digest(sent, csrf_token(session_token).encode())


def token_hash(session_token: str) -> str:
    """Return what the database holds of a session's token (256 random bits, so no salt)."""
    return hashlib.sha256(session_token.encode()).hexdigest()


def client_address(connection: HTTPConnection) -> str:
    """Return the peer's address; a proxy's forwarded one only where the server trusts it."""
    return connection.client.host if connection.client else ""


def is_loopback(address: str) -> bool:
    """Say whether the address is this machine itself."""
    try:
        return ipaddress.ip_address(address).is_loopback
    except ValueError:
        return False


class RateLimit:
    """A token bucket per key; keys that have not been seen for longest are forgotten first."""

    def __init__(self, burst: int, refill_s: float, most_keys: int = _MOST_KEYS) -> None:
        self._burst = float(burst)
        self._refill_s = refill_s
        self._most_keys = most_keys
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def spend(self, key: str, now: float) -> bool:
        """Take one token of the key; ``False`` if there is none."""
        level = self._level(key, now)
        if level < 1:
            return False
        self._store(key, level - 1, now)
        return True

    def refund(self, key: str, now: float) -> None:
        """Give back a token that should not have been counted."""
        self._store(key, min(self._burst, self._level(key, now) + 1), now)

    def _level(self, key: str, now: float) -> float:
        level, at = self._buckets.get(key, (self._burst, now))
        return min(self._burst, level + max(0.0, now - at) / self._refill_s)

    def _store(self, key: str, level: float, now: float) -> None:
        self._buckets[key] = (level, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > self._most_keys:
            self._buckets.popitem(last=False)
