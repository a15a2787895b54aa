"""Signing in and out: passwords, lock-out, rate limit, sessions behind a cookie.

Whoever is refused learns nothing: a wrong password, an unknown login, a locked and a disabled
account all look and last the same.
"""

import asyncio
import secrets
from typing import Final, Literal, NoReturn, TypeAlias

import msgspec
import structlog

from agent_console import metrics
from agent_console.accounts import Passwords, is_weak
from agent_console.config import ConsoleConfig
from agent_console.errors import ConsoleError
from agent_console.messages import Me
from agent_console.ports import Clock, UserStore
from agent_console.security import RateLimit, token_hash
from agent_console.store.model import Session, User

Refusal: TypeAlias = Literal["wrong", "too_many"]
_TOUCH_EVERY_S: Final = 30.0

log = structlog.get_logger(__name__)


class SignInRefusedError(ConsoleError):
    """Nobody was signed in; ``kind`` says what the page may know of it."""

    def __init__(self, kind: Refusal) -> None:
        super().__init__(f"sign-in refused ({kind}); check the name and password, or wait")
        self.kind: Refusal = kind


class Visitor(msgspec.Struct, frozen=True, kw_only=True):
    """A signed-in browser."""

    token: str
    session: Session
    user: User

    @property
    def me(self) -> Me:
        """The person, as the page may see them."""
        user = self.user
        return Me(
            login=user.login,
            display_name=user.display_name,
            role=user.role,
            language=user.language,
            agent_id=user.agent_id,
        )


class SignIns:
    """Opens, finds and ends sessions."""

    def __init__(
        self, config: ConsoleConfig, users: UserStore, passwords: Passwords, clock: Clock
    ) -> None:
        self._config = config
        self._users = users
        self._passwords = passwords
        self._clock = clock
        self._seen: set[str] = set()
        self._noting: asyncio.Task[None] | None = None
        self._failures = RateLimit(config.address_failures, config.address_refill_s)

    async def sign_in(self, login: str, password: str, address: str, user_agent: str) -> Visitor:
        """Check the password and open a session.

        Raises :class:`SignInRefusedError`, or :class:`agent_console.errors.TooBusyError` when
        too many sign-ins wait already.
        """
        now = self._clock()
        if not self._failures.spend(address, now):
            self._refused("too_many", None, address)
        user = await self._users.user(login)
        right = await self._passwords.matches(user.password_hash if user else None, password)
        if user is None or user.disabled or now < user.locked_until:
            self._refused("wrong", user, address)
        if not right:
            await self._users.note_failure(
                login, self._config.failed_sign_ins, now + self._config.lock_s
            )
            self._refused("wrong", user, address)
        self._failures.refund(address, now)
        await self._welcome(user, password)
        visitor = await self._open(user, address, user_agent)
        metrics.SIGN_INS.labels(outcome="ok").inc()
        log.info("signed_in", login=login, session=visitor.session.session_id)
        return visitor

    async def identify(self, token: str | None) -> Visitor | None:
        """Return whose cookie this is, and keep their session alive."""
        if not token:
            return None
        now = self._clock()
        found = await self._users.session(token_hash(token), now)
        if found is None:
            return None
        session, user = found
        if now - session.seen_at >= _TOUCH_EVERY_S:
            self._seen.add(session.session_id)
            if self._noting is None:
                self._noting = asyncio.create_task(self._note_seen())
        return Visitor(token=token, session=session, user=user)

    async def _note_seen(self) -> None:
        """Keep alive whoever was seen: many who come at once, as after a restart, in one write."""
        try:
            while self._seen:
                seen, self._seen = self._seen, set()
                await self.keep_alive(sorted(seen))
        except Exception:
            log.exception("sessions_not_kept_alive")
        finally:
            self._noting = None

    async def stop(self) -> None:
        """Wait until it is noted who was seen."""
        if self._noting is not None:
            await self._noting

    async def keep_alive(self, session_ids: list[str]) -> None:
        """Note that the sessions are in use."""
        await self._users.touch(
            session_ids,
            self._clock(),
            idle_s=self._config.idle_timeout_s,
            lifetime_s=self._config.session_lifetime_s,
        )

    def expiry(self, opened_at: float, now: float) -> float:
        """Return when a session that is in use now expires."""
        return min(opened_at + self._config.session_lifetime_s, now + self._config.idle_timeout_s)

    async def end(self, session_id: str) -> None:
        """End the session."""
        await self._users.end_session(session_id)
        log.info("signed_out", session=session_id)

    async def _welcome(self, user: User, password: str) -> None:
        if self._passwords.is_outdated(user.password_hash) and not is_weak(password):
            await self._users.set_password(user.login, await self._passwords.hash(password))
        elif user.failed_attempts or user.locked_until:
            await self._users.note_success(user.login)

    async def _open(self, user: User, address: str, user_agent: str) -> Visitor:
        now = self._clock()
        token = secrets.token_urlsafe(32)
        session = Session(
            session_id=secrets.token_hex(8),
            token_hash=token_hash(token),
            login=user.login,
            created_at=now,
            seen_at=now,
            expires_at=self.expiry(now, now),
            address=address,
            user_agent=user_agent[:200],
        )
        await self._users.open_session(session)
        return Visitor(token=token, session=session, user=user)

    def _refused(self, kind: Refusal, user: User | None, address: str) -> NoReturn:
        metrics.SIGN_INS.labels(outcome=kind).inc()
        # A name that nobody has may be a password typed into the wrong field: never log it.
        log.warning("sign_in_refused", kind=kind, login=user and user.login, address=address)
        raise SignInRefusedError(kind)
