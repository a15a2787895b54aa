"""The only SQL of the console: users, phones, sessions, the event API, and in-memory twins."""

from agent_console.store.integrations import SqlIntegrationStore
from agent_console.store.integrations_memory import MemoryIntegrationStore
from agent_console.store.memory import MemoryUserStore
from agent_console.store.model import Language, Phone, Role, Session, Skill, User
from agent_console.store.sql import SqlUserStore

__all__ = [
    "Language",
    "MemoryIntegrationStore",
    "MemoryUserStore",
    "Phone",
    "Role",
    "Session",
    "Skill",
    "SqlIntegrationStore",
    "SqlUserStore",
    "User",
]
