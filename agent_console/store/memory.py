"""The in-memory twin of :class:`agent_console.store.sql.SqlUserStore`, for tests and trials."""

from collections.abc import Collection, Sequence

from msgspec.structs import replace

from agent_console.errors import UnknownUserError, UserExistsError
from agent_console.store.model import Language, Phone, Session, Skill, User


class MemoryUserStore:
    """A :class:`agent_console.ports.UserStore` that forgets everything at exit."""

    def __init__(self) -> None:
        self._users: dict[str, User] = {}
        self._sessions: dict[str, Session] = {}
        self._phones: dict[str, Phone] = {}
        self._skills: dict[tuple[str, str], Skill] = {}

    async def add_user(self, user: User, phones: Sequence[Phone] = ()) -> None:
        agent_ids = {known.agent_id for known in self._users.values()} - {None}
        if user.login in self._users or user.agent_id in agent_ids:
            raise UserExistsError(f"login {user.login!r} or agent id {user.agent_id!r}")
        self._refuse_taken_extensions(phones)
        self._users[user.login] = user
        self._phones |= {phone.extension: phone for phone in phones}

    async def add_phone(self, phone: Phone) -> None:
        self._known(phone.login)
        self._refuse_taken_extensions((phone,))
        self._phones[phone.extension] = phone

    async def user(self, login: str) -> User | None:
        return self._users.get(login)

    async def users(self) -> Sequence[User]:
        return sorted(self._users.values(), key=lambda user: user.login)

    async def phones(self) -> Sequence[Phone]:
        return sorted(self._phones.values(), key=lambda phone: phone.extension)

    async def skills(self, login: str | None = None) -> Sequence[Skill]:
        found = sorted(self._skills.items())
        return [skill for _, skill in found if login in (None, skill.login)]

    async def set_skill(self, skill: Skill) -> None:
        self._known(skill.login)
        self._skills[skill.login, skill.queue] = skill

    async def remove_skill(self, login: str, queue: str) -> bool:
        self._known(login)
        return self._skills.pop((login, queue), None) is not None

    async def set_password(self, login: str, password_hash: str) -> None:
        self._users[login] = replace(
            self._known(login), password_hash=password_hash, failed_attempts=0, locked_until=0.0
        )

    async def set_disabled(self, login: str, disabled: bool) -> None:
        self._users[login] = replace(self._known(login), disabled=disabled)
        if disabled:
            await self.end_sessions_of(login)

    async def disabled_agents(self) -> frozenset[str]:
        disabled = (user for user in self._users.values() if user.disabled)
        return frozenset(user.agent_id for user in disabled if user.agent_id is not None)

    async def set_language(self, login: str, language: Language) -> None:
        self._users[login] = replace(self._known(login), language=language)

    async def set_team(self, login: str, team: str) -> None:
        self._users[login] = replace(self._known(login), team=team)

    async def note_failure(self, login: str, limit: int, locked_until: float) -> User:
        user = self._known(login)
        failed = user.failed_attempts + 1
        if failed >= limit:
            user = replace(user, failed_attempts=0, locked_until=locked_until)
        else:
            user = replace(user, failed_attempts=failed)
        self._users[login] = user
        return user

    async def note_success(self, login: str) -> None:
        self._users[login] = replace(self._known(login), failed_attempts=0, locked_until=0.0)

    async def open_session(self, session: Session) -> None:
        self._known(session.login)
        self._sessions[session.session_id] = session

    async def session(self, token_hash: str, now: float) -> tuple[Session, User] | None:
        for session in self._sessions.values():
            user = self._users[session.login]
            if session.token_hash == token_hash and now < session.expires_at and not user.disabled:
                return session, user
        return None

    async def sessions(self, now: float) -> Sequence[Session]:
        return [session for session in self._sessions.values() if now < session.expires_at]

    async def sessions_of(self, login: str, now: float) -> Sequence[Session]:
        alive = [s for s in self._sessions.values() if s.login == login and now < s.expires_at]
        return sorted(alive, key=lambda session: session.created_at)

    async def living(self, session_ids: Collection[str], now: float) -> frozenset[str]:
        return frozenset(
            session.session_id
            for session in self._sessions.values()
            if session.session_id in session_ids
            and now < session.expires_at
            and not self._users[session.login].disabled
        )

    async def touch(
        self, session_ids: Collection[str], now: float, *, idle_s: float, lifetime_s: float
    ) -> None:
        for session_id in session_ids:
            session = self._sessions.get(session_id)
            if session is not None and now < session.expires_at:
                self._sessions[session_id] = replace(
                    session,
                    seen_at=now,
                    expires_at=min(session.created_at + lifetime_s, now + idle_s),
                )

    async def end_session(self, session_id: str) -> None:
        self._sessions.pop(session_id, None)

    async def end_sessions_of(self, login: str) -> Sequence[str]:
        ended = [s.session_id for s in self._sessions.values() if s.login == login]
        for session_id in ended:
            del self._sessions[session_id]
        return sorted(ended)

    async def sweep(self, now: float) -> int:
        stale = [s.session_id for s in self._sessions.values() if s.expires_at <= now]
        for session_id in stale:
            del self._sessions[session_id]
        return len(stale)

    def _known(self, login: str) -> User:
        if login not in self._users:
            raise UnknownUserError(login)
        return self._users[login]

    def _refuse_taken_extensions(self, phones: Sequence[Phone]) -> None:
        for phone in phones:
            if phone.extension in self._phones:
                raise UserExistsError(f"extension {phone.extension!r}")
