"""Making users: passwords (argon2id) and the SIP secrets of their phones.

Hashing takes some 50 ms and 64 MiB on purpose, so it runs in a worker thread, and only a few at
a time: a burst of sign-ins must neither stall the pops nor eat the machine's memory.
"""

import asyncio
import secrets
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Final

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from agent_console.errors import TooBusyError, WeakPasswordError
from agent_console.ports import UserStore
from agent_console.store.model import Language, Phone, Role, User

MINIMUM_PASSWORD_LENGTH: Final = 10
MAXIMUM_PASSWORD_LENGTH: Final = 256
_SECRET_BYTES: Final = 24


class Passwords:
    """Hashes and checks passwords in worker threads."""

    def __init__(
        self, hasher: PasswordHasher | None = None, *, threads: int = 2, waiting: int = 32
    ) -> None:
        self._hasher = hasher or PasswordHasher()
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="argon2")
        self._free = threads + waiting
        self._decoy = self._hasher.hash(secrets.token_urlsafe())

    async def hash(self, password: str) -> str:
        """Return the encoded hash of a new password.

        Raises :class:`WeakPasswordError` when it is shorter than
        :data:`MINIMUM_PASSWORD_LENGTH`.
        """
        if is_weak(password):
            raise WeakPasswordError(MINIMUM_PASSWORD_LENGTH)
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self._hasher.hash, password)

    async def matches(self, password_hash: str | None, password: str) -> bool:
        """Say whether the password is right; ``None`` (no such user) takes as long as any.

        Raises :class:`TooBusyError` when too many checks wait already.
        """
        if self._free <= 0:
            raise TooBusyError
        self._free -= 1
        try:
            loop = asyncio.get_running_loop()
            right = await loop.run_in_executor(
                self._pool, self._verify, password_hash or self._decoy, password
            )
        finally:
            self._free += 1
        return right and password_hash is not None

    def is_outdated(self, password_hash: str) -> bool:
        """Say whether the hash was made with weaker parameters than today's."""
        return self._hasher.check_needs_rehash(password_hash)

    def close(self) -> None:
        """End the worker threads once they have finished what they do."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _verify(self, password_hash: str, password: str) -> bool:
        if len(password) > MAXIMUM_PASSWORD_LENGTH:
            return False
        try:
            return self._hasher.verify(password_hash, password)
        except (VerificationError, InvalidHashError):
            return False


def is_weak(password: str) -> bool:
    """Say whether the password is too short to be stored."""
    return len(password) < MINIMUM_PASSWORD_LENGTH


def new_sip_secret() -> str:
    """Return a fresh random secret for a phone."""
    return secrets.token_urlsafe(_SECRET_BYTES)


async def create_user(
    store: UserStore,
    passwords: Passwords,
    *,
    login: str,
    display_name: str,
    role: Role,
    password: str,
    now: float,
    agent_id: str | None = None,
    language: Language = "zh",
    extensions: Sequence[str] = (),
) -> User:
    """Store a new user with a phone per extension, each with a fresh SIP secret.

    Raises :class:`UserExistsError` when the login, the agent id or an extension is taken, and
    :class:`WeakPasswordError`; nothing is stored then.
    """
    user = User(
        login=login,
        display_name=display_name,
        role=role,
        agent_id=agent_id,
        language=language,
        password_hash=await passwords.hash(password),
        created_at=now,
    )
    phones = [
        Phone(extension=extension, login=login, sip_secret=new_sip_secret(), created_at=now)
        for extension in extensions
    ]
    await store.add_user(user, phones)
    return user
