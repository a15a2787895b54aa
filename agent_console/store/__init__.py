"""The only SQL of the console: users, phones, sessions, and the in-memory twin for tests."""

from agent_console.store.memory import MemoryUserStore
from agent_console.store.model import Language, Phone, Role, Session, User
from agent_console.store.sql import SqlUserStore

__all__ = ["Language", "MemoryUserStore", "Phone", "Role", "Session", "SqlUserStore", "User"]
