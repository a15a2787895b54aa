"""Checking a caller's PIN: slow on purpose, never on the event loop, never a free guess.

A try is counted as failed *before* the hash is computed and forgiven when it proves right.  So
simultaneous calls get no extra tries, and neither does a caller whose call or our process dies
half-way.  An unknown identity, a locked customer and a wrong PIN cost the same time.

The one thing that a caller could still tell apart over several calls is ``locked``, which only a
real customer can become: the menu must say the same to ``wrong`` and ``locked``.
"""

import asyncio
import contextlib
import os
import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final, Literal, TypeAlias

import argon2
import structlog
from argon2.exceptions import InvalidHashError, VerificationError

from crm_lookup.errors import SettingError
from crm_lookup.keys import DataKey
from crm_lookup.model import CustomerId
from crm_lookup.ports import PinStore

PinOutcome: TypeAlias = Literal["ok", "wrong", "locked"]

PARAMETERS: Final = argon2.profiles.RFC_9106_LOW_MEMORY
"""argon2id with 64 MiB, three passes, four lanes: some 0.1 s and 64 MiB for each check."""

_LOWER: Final = 5
"""Steps of priority (``nice``) by which hashing stands behind the calls that go on."""

_NOBODY: Final = CustomerId("")

_log = structlog.get_logger(__name__)


class PinHasher:
    """Makes and checks PIN hashes.  Blocking: call it in a worker thread."""

    def __init__(self, key: DataKey, parameters: argon2.Parameters = PARAMETERS) -> None:
        self._key = key
        self._argon2 = argon2.PasswordHasher.from_parameters(parameters)

    def hash(self, pin: Sequence[str], *, salt: bytes | None = None) -> str:
        """Return the encoded hash; ``salt`` is for test data only."""
        return self._argon2.hash(self._key.pin_input(pin), salt=salt)

    def matches(self, pin_hash: str, pin: Sequence[str]) -> bool:
        """Say whether ``pin`` is the one behind ``pin_hash``."""
        try:
            return self._argon2.verify(pin_hash, self._key.pin_input(pin))
        except VerificationError:
            return False
        except InvalidHashError:
            _log.error("pin_hash_unreadable")
            return False

    def outdated(self, pin_hash: str) -> bool:
        """Say whether the hash was made with other parameters than today's."""
        return self._argon2.check_needs_rehash(pin_hash)


def _give_way() -> None:
    """Let this thread, and those that argon2 starts from it, yield to calls that are going on."""
    thread = threading.get_native_id()
    with contextlib.suppress(OSError):
        lower = os.getpriority(os.PRIO_PROCESS, thread) + _LOWER
        os.setpriority(os.PRIO_PROCESS, thread, min(lower, 19))


class PinChecker:
    """Checks PINs against a :class:`~crm_lookup.ports.PinStore`.

    ``limit`` consecutive failures lock a customer for ``lock_seconds``.  ``workers`` bounds how
    many hashes are computed at a time; each takes the memory that ``parameters`` say.  Weak
    ``parameters`` are for tests.
    """

    def __init__(
        self,
        store: PinStore,
        key: DataKey,
        *,
        limit: int = 5,
        lock_seconds: float = 86_400.0,
        workers: int = 2,
        parameters: argon2.Parameters = PARAMETERS,
    ) -> None:
        if limit < 1 or lock_seconds <= 0 or workers < 1:
            raise SettingError(
                f"limit ({limit}), lock_seconds ({lock_seconds}) and workers ({workers}) "
                "must be above zero"
            )
        self._store = store
        self._limit = limit
        self._lock_seconds = lock_seconds
        self._hasher = PinHasher(key, parameters)
        self._dummy = self._hasher.hash("no PIN has letters")
        self._threads = ThreadPoolExecutor(
            workers, thread_name_prefix="pin-check", initializer=_give_way
        )

    async def verify(
        self, customer_id: CustomerId | None, pin: Sequence[str], *, now: float
    ) -> PinOutcome:
        """Check ``pin``, given in a row or digit by digit.

        ``None`` stands for a caller whose identity is not known.
        ``locked`` also answers the very try that locks, and a right PIN while locked.  When the
        task is cancelled half-way (the caller hung up) the try stays counted.
        """
        attempt = await self._store.begin_attempt(
            customer_id or _NOBODY, now=now, limit=self._limit, lock_seconds=self._lock_seconds
        )
        right, renewed = await self._in_thread(attempt.pin_hash or self._dummy, pin)
        if attempt.locked:
            return "locked"
        if customer_id and right and attempt.pin_hash:
            await self._store.succeed(customer_id, pin_hash=renewed)
            return "ok"
        if attempt.pin_hash and attempt.failures >= self._limit:
            _log.warning("pin_locked", customer_id=customer_id, seconds=self._lock_seconds)
            return "locked"
        return "wrong"

    async def set_pin(self, customer_id: CustomerId, pin: str, *, now: float) -> None:
        """Give the customer a new PIN."""
        loop = asyncio.get_running_loop()
        pin_hash = await loop.run_in_executor(self._threads, self._hasher.hash, pin)
        await self._store.set_pin(customer_id, pin_hash, now=now)

    async def close(self) -> None:
        """End the worker threads; running checks are waited for off the loop."""
        await asyncio.to_thread(self._threads.shutdown)

    async def _in_thread(self, pin_hash: str, pin: Sequence[str]) -> tuple[bool, str | None]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._threads, self._check, pin_hash, pin)

    def _check(self, pin_hash: str, pin: Sequence[str]) -> tuple[bool, str | None]:
        if not self._hasher.matches(pin_hash, pin):
            return False, None
        return True, self._hasher.hash(pin) if self._hasher.outdated(pin_hash) else None
