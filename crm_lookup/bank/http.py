"""A bank's own core over HTTP, as docs/bank-services.openapi.json describes it.

Every question ends within the deadline, in an answer or a typed error.  What may be sent again is
sent again: inquiries, and orders under their idempotency key.  A core that keeps failing is left
alone for a while (:mod:`crm_lookup.bank.breaker`).
"""

import asyncio
import random
import ssl
import time
from collections.abc import Callable
from pathlib import Path
from typing import Final, TypeVar, cast

import httpx
import msgspec
import structlog

from crm_lookup.bank import wire
from crm_lookup.bank.breaker import Breaker
from crm_lookup.bank.errors import (
    BankBrokenError,
    BankLoginError,
    BankRefusedError,
    BankRestingError,
    BankTooSlowError,
    BankUnavailableError,
)
from crm_lookup.bank.operations import operation_of
from crm_lookup.bank.records import CoreHealth
from crm_lookup.bank.requests import Asker, Request
from crm_lookup.errors import SettingError

T = TypeVar("T")
ReplyT = TypeVar("ReplyT")
_log = structlog.get_logger(__name__)

_PAUSE: Final = 0.1
"""Seconds before the second try; doubled each time, and shaken so that callers do not march."""
_CHECK: Final = "see `hotline bank check`"


class HttpLimits(msgspec.Struct, frozen=True, kw_only=True):
    """Times in seconds."""

    deadline: float = 3.5
    """From the question to the answer, all tries together."""
    attempt: float = 1.5
    """One try."""
    connect: float = 1.0
    tries: int = 3
    failures: int = 5
    """Failed tries in a row before the core is left alone."""
    rest: float = 10.0
    """For how long."""


class HttpCore:
    """A :class:`crm_lookup.ports.BankCore` somewhere else.

    ``url`` is what stands before ``/v1/``; ``token`` is shown as a bearer token.  ``context``
    trusts what it should trust; see :func:`tls_context`.
    """

    def __init__(
        self,
        url: str,
        *,
        token: str = "",
        context: ssl.SSLContext | None = None,
        limits: HttpLimits | None = None,
        transport: httpx.AsyncBaseTransport | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        headers = {"Accept": "application/json", "Content-Type": "application/json"}
        if token:
            headers["Authorization"] = f"Bearer {token}"
        self._url = url.rstrip("/")
        self._limits = limits = limits or HttpLimits()
        self._clock = clock
        self.breaker: Final = Breaker(limit=limits.failures, rest=limits.rest)
        self._client = httpx.AsyncClient(
            headers=headers,
            verify=True if context is None else context,
            timeout=httpx.Timeout(limits.attempt, connect=limits.connect),
            follow_redirects=False,
            trust_env=False,  # a proxy of the environment must not see the customers
            transport=transport,
        )

    async def perform(self, request: Request[ReplyT], by: Asker, key: str) -> ReplyT:
        """See :class:`crm_lookup.ports.BankCore`."""
        operation = operation_of(request)
        if operation.local:
            raise BankRefusedError("bad_request", f"{operation.name} is not for a core")
        body = msgspec.json.encode(wire.Question(asker=by, request=request))
        headers = {wire.KEY_HEADER: key} if operation.is_order else {}
        content = await self._ask("POST", wire.PREFIX + operation.name, body, headers)
        return cast(ReplyT, _decoded(content, operation.reply))

    async def health(self) -> CoreHealth:
        """Ask once, past a resting breaker."""
        begun = self._clock()
        try:
            async with asyncio.timeout(self._limits.attempt):
                content = await self._attempt("GET", wire.HEALTH, None, {})
            found = _decoded(content, wire.Health)
            ok, detail = found.ok, found.detail or "it says that it is not well"
        except (BankRefusedError, BankUnavailableError) as error:
            ok, detail = False, str(error)
        except TimeoutError:
            ok, detail = False, f"no answer within {self._limits.attempt:g} s: look at the core"
        return CoreHealth(ok=ok, detail=f"{self._url}: {detail}", seconds=self._clock() - begun)

    async def close(self) -> None:
        await self._client.aclose()

    async def _ask(self, method: str, path: str, body: bytes, headers: dict[str, str]) -> bytes:
        try:
            async with asyncio.timeout(self._limits.deadline):
                return await self._with_retries(method, path, body, headers)
        except TimeoutError as error:
            raise BankTooSlowError(
                f"{self._url} did not answer within {self._limits.deadline:g} s: {_CHECK}"
            ) from error

    async def _with_retries(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> bytes:
        for attempt in range(1, self._limits.tries + 1):
            try:
                return await self._guarded(method, path, body, headers)
            except (BankBrokenError, BankLoginError, BankRestingError):
                raise  # would be the same again
            except BankUnavailableError as error:
                _log.warning("bank_try_failed", attempt=attempt, error=type(error).__name__)
                if attempt == self._limits.tries:
                    raise
            await asyncio.sleep(_PAUSE * 2 ** (attempt - 1) * random.uniform(0.5, 1.5))  # noqa: S311 - no secret
        raise SettingError("limits.tries must be above zero")

    async def _guarded(
        self, method: str, path: str, body: bytes, headers: dict[str, str]
    ) -> bytes:
        """One try, if the breaker lets it pass; tells the breaker how it ended."""
        if not self.breaker.admit(self._clock()):
            raise BankRestingError(
                f"{self._url} failed too often and is left alone for another "
                f"{self.breaker.wait(self._clock()):.0f} s: {_CHECK}"
            )
        try:
            async with asyncio.timeout(self._limits.attempt):
                content = await self._attempt(method, path, body, headers)
        except BankRefusedError:
            self.breaker.succeeded(self._clock())
            raise
        except asyncio.CancelledError:
            # The deadline ran out, or nobody waits: a slow core is a failing one.
            self.breaker.failed(self._clock())
            raise
        except TimeoutError as error:
            self.breaker.failed(self._clock())
            raise BankTooSlowError(
                f"{self._url} did not answer within {self._limits.attempt:g} s: {_CHECK}"
            ) from error
        except BaseException:
            self.breaker.failed(self._clock())
            raise
        self.breaker.succeeded(self._clock())
        return content

    async def _attempt(
        self, method: str, path: str, body: bytes | None, headers: dict[str, str]
    ) -> bytes:
        try:
            async with self._client.stream(
                method, self._url + path, content=body, headers=headers
            ) as response:
                content = await self._read(response)
        except httpx.TimeoutException as error:
            raise BankTooSlowError(f"{self._url} is too slow: {_CHECK}") from error
        except (httpx.HTTPError, httpx.StreamError, OSError) as error:
            raise BankUnavailableError(
                f"{self._url} cannot be reached ({type(error).__name__}): {_CHECK}"
            ) from error
        if response.status_code == 200:
            return content
        raise _problem(self._url, response.status_code, content)

    async def _read(self, response: httpx.Response) -> bytes:
        parts, size = [], 0
        async for part in response.aiter_bytes():
            size += len(part)
            if size > wire.MOST_BYTES:
                raise BankBrokenError(f"{self._url} sent more than {wire.MOST_BYTES:,} bytes")
            parts.append(part)
        return b"".join(parts)


def tls_context(authority: Path | None) -> ssl.SSLContext:
    """Return a context that trusts the system's certificates, or those in ``authority`` alone.

    Raises :class:`SettingError` for a file that is no certificate.
    """
    try:
        return ssl.create_default_context(cafile=authority)
    except OSError as error:
        raise SettingError(f"{authority}: {error}: name a readable PEM file") from error


def _problem(url: str, status: int, content: bytes) -> BankRefusedError | BankUnavailableError:
    if status in (401, 407) or (status == 403 and not _is_problem(content)):
        return BankLoginError(f"{url} refuses us ({status}): set bank.token_file right")
    if status >= 500 or status in (408, 429):
        return BankUnavailableError(f"{url} answered {status}: {_CHECK}")
    if not _is_problem(content):
        return BankBrokenError(
            f"{url} answered {status} without a reason: compare it with "
            "docs/bank-services.openapi.json"
        )
    problem = msgspec.json.decode(content, type=wire.Problem)
    return BankRefusedError(problem.reason, problem.message or problem.reason)


def _is_problem(content: bytes) -> bool:
    try:
        msgspec.json.decode(content, type=wire.Problem)
    except (msgspec.DecodeError, UnicodeDecodeError):
        return False
    return True


def _decoded(content: bytes, kind: type[T]) -> T:
    try:
        return msgspec.json.decode(content, type=kind)
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        # Its message could quote a value; which field it was is safe and enough.
        where = str(error).partition(" - at ")[2] or "`$`"
        raise BankBrokenError(
            f"the core's answer is no {kind.__name__} (at {where}): compare it with "
            "docs/bank-services.openapi.json"
        ) from None
