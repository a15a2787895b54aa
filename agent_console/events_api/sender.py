"""Sends one signed body to one address: bounded in time and size, follows no redirect."""

import asyncio
import socket
import ssl
from collections.abc import Awaitable, Callable, Sequence
from typing import Final, Protocol

import httpx
import msgspec

from agent_console.errors import WebhookRefusedError
from agent_console.events_api import signing
from agent_console.events_api.targets import Policy, Target, choose, read_url
from agent_console.ports import Clock

TIMEOUT_S: Final = 10.0
"""For the whole of one attempt."""
CONNECT_S: Final = 5.0
MOST_ANSWER_BYTES: Final = 65_536
"""An answer is not read any further."""

Resolve = Callable[[str, int], Awaitable[Sequence[str]]]


class Outcome(msgspec.Struct, frozen=True):
    """What became of one attempt."""

    ok: bool
    detail: str
    """Status or reason, for people."""
    gone: bool = False
    """The receiver wants nothing more (410), or may not be sent to."""


class Poster(Protocol):
    """Sends webhooks; :class:`agent_console.events_api.testing.FakePoster` keeps them."""

    async def post(self, url: str, secret: str, message_id: str, body: bytes) -> Outcome:
        """Make one attempt; never raises for what the other side does."""

    async def close(self) -> None:
        """Let go of connections."""


async def resolve(host: str, port: int) -> Sequence[str]:
    """Return the host's addresses.  Raises ``OSError``."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return [str(entry[4][0]) for entry in found]


class HttpPoster:
    """Sends over HTTP."""

    def __init__(
        self,
        policy: Policy,
        clock: Clock,
        *,
        authority: str | None = None,
        resolver: Resolve = resolve,
        timeout_s: float = TIMEOUT_S,
    ) -> None:
        """``authority``: PEM file with the certificates to trust; default: the system's."""
        self._policy = policy
        self._clock = clock
        self._resolve = resolver
        self._timeout_s = timeout_s
        self._client = httpx.AsyncClient(
            verify=ssl.create_default_context(cafile=authority),
            follow_redirects=False,
            trust_env=False,
            timeout=httpx.Timeout(timeout_s, connect=CONNECT_S),
            # A kept connection is found by its address, not by the name that its certificate was
            # checked for: none is kept.
            limits=httpx.Limits(max_connections=64, max_keepalive_connections=0),
            headers={"user-agent": "hotline-webhooks/1", "accept-encoding": "identity"},
        )

    async def post(self, url: str, secret: str, message_id: str, body: bytes) -> Outcome:
        try:
            async with asyncio.timeout(self._timeout_s):
                return await self._post(url, secret, message_id, body)
        except WebhookRefusedError as error:
            return Outcome(False, str(error))
        except (httpx.TimeoutException, TimeoutError):
            return Outcome(False, f"no answer within {self._timeout_s:g} s")
        except (httpx.HTTPError, OSError, UnicodeError) as error:
            # A message of TLS or HTTP may quote what the receiver sent; keep it short.
            return Outcome(False, f"{type(error).__name__}: {error}"[:200])

    async def close(self) -> None:
        await self._client.aclose()

    async def _post(self, url: str, secret: str, message_id: str, body: bytes) -> Outcome:
        target = read_url(url, self._policy)
        found = await self._resolve(target.host, target.port)
        addresses = choose(target, found, self._policy)
        for address in addresses[:-1]:
            try:
                return await self._send(target, address, secret, message_id, body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._send(target, addresses[-1], secret, message_id, body)

    async def _send(
        self, target: Target, address: str, secret: str, message_id: str, body: bytes
    ) -> Outcome:
        parsed = httpx.URL(target.url)
        headers = {
            **signing.headers(secret, message_id, body, self._clock()),
            "host": parsed.netloc.decode("ascii"),
            "content-type": "application/json",
        }
        request = self._client.build_request(
            "POST",
            parsed.copy_with(host=address),
            content=body,
            headers=headers,
            extensions={"sni_hostname": target.host},  # the certificate is the name's
        )
        response = await self._client.send(request, stream=True)
        try:
            seen = 0
            async for chunk in response.aiter_raw():
                seen += len(chunk)
                if seen > MOST_ANSWER_BYTES:
                    break
        finally:
            await response.aclose()
        status = response.status_code
        return Outcome(200 <= status < 300, f"HTTP {status}", gone=status == 410)
