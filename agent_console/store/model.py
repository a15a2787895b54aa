"""The records that the console stores: users, sign-in sessions and phones.

Times are epoch seconds (UTC).
"""

from typing import Literal, TypeAlias

import msgspec

Role: TypeAlias = Literal["agent", "leader", "supervisor", "admin"]
Language: TypeAlias = Literal["zh", "en"]


class User(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who may sign in."""

    login: str
    display_name: str
    role: Role
    password_hash: str
    """Encoded argon2id hash with its parameters."""
    created_at: float
    agent_id: str | None = None
    """Also the ``member_name`` in the queues; ``None`` for somebody who takes no calls."""
    language: Language = "zh"
    disabled: bool = False
    failed_attempts: int = 0
    """Wrong passwords since the last right one, or since the last lock ended."""
    locked_until: float = 0.0
    team: str = ""
    """Groups agents on the board and in alarms; free text."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """One signed-in browser."""

    session_id: str
    """Names the session in lists and revocations; opens nothing."""
    token_hash: str
    """SHA-256 of the secret in the cookie, in hexadecimal."""
    login: str
    created_at: float
    seen_at: float
    expires_at: float
    address: str = ""
    user_agent: str = ""


class Skill(msgspec.Struct, frozen=True, kw_only=True):
    """A user takes calls of ``queue``; who has a lower penalty is asked first."""

    login: str
    queue: str
    penalty: int = 0


class Phone(msgspec.Struct, frozen=True, kw_only=True):
    """One SIP endpoint of a user, as Asterisk's configuration needs it."""

    extension: str
    """Name of the endpoint and of its authentication: ``PJSIP/<extension>``."""
    login: str
    sip_secret: str
    created_at: float
