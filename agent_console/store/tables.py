"""The console's tables: users, their sign-in sessions and their phones.

Only :mod:`agent_console.store` may use them.  Times are epoch seconds (UTC).  A session is stored
under a hash of its token, so that a stolen database opens no session; a phone's SIP secret has to
be readable, because Asterisk's endpoint is rendered from it.
"""

from typing import Final

import sqlalchemy as sa

NAMING: Final = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s_%(referred_table_name)s",
    "pk": "pk_%(table_name)s",
}

metadata: Final = sa.MetaData(naming_convention=NAMING)

users: Final = sa.Table(
    "users",
    metadata,
    sa.Column("login", sa.String(64), primary_key=True),
    sa.Column("agent_id", sa.String(32), nullable=True, unique=True),
    sa.Column("display_name", sa.String(120), nullable=False),
    sa.Column("role", sa.String(16), nullable=False),
    sa.Column("language", sa.String(8), nullable=False),
    sa.Column("password_hash", sa.String(256), nullable=False),
    sa.Column("disabled", sa.Boolean(), nullable=False, default=False),
    sa.Column("failed_attempts", sa.Integer(), nullable=False, default=0),
    sa.Column("locked_until", sa.Float(), nullable=False, default=0.0),
    sa.Column("created_at", sa.Float(), nullable=False),
    sa.Column("team", sa.String(64), nullable=False, default="", server_default=""),
    sa.CheckConstraint("role IN ('agent', 'leader', 'supervisor', 'admin')", name="role"),
    sa.CheckConstraint("language IN ('zh', 'en')", name="language"),
)

sessions: Final = sa.Table(
    "sessions",
    metadata,
    sa.Column("session_id", sa.String(32), primary_key=True),
    sa.Column("token_hash", sa.String(64), nullable=False, unique=True),
    sa.Column(
        "login",
        sa.String(64),
        sa.ForeignKey("users.login", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("created_at", sa.Float(), nullable=False),
    sa.Column("seen_at", sa.Float(), nullable=False),
    sa.Column("expires_at", sa.Float(), nullable=False, index=True),
    sa.Column("address", sa.String(64), nullable=False, default=""),
    sa.Column("user_agent", sa.String(200), nullable=False, default=""),
)

skills: Final = sa.Table(
    "agent_skills",
    metadata,
    sa.Column(
        "login",
        sa.String(64),
        sa.ForeignKey("users.login", ondelete="CASCADE"),
        primary_key=True,
    ),
    sa.Column("queue", sa.String(32), primary_key=True),
    sa.Column("penalty", sa.Integer(), nullable=False, default=0),
)

phones: Final = sa.Table(
    "phones",
    metadata,
    sa.Column("extension", sa.String(32), primary_key=True),
    sa.Column(
        "login",
        sa.String(64),
        sa.ForeignKey("users.login", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    sa.Column("sip_secret", sa.String(128), nullable=False),
    sa.Column("created_at", sa.Float(), nullable=False),
)
