"""The only SQL of the console: users, sessions, paperwork, the event API, and in-memory twins."""

from agent_console.store.alarms import MemoryAlarmStore, SqlAlarmStore
from agent_console.store.floor import (
    Announcement,
    ClosedQueue,
    MemoryFloorStore,
    SqlFloorStore,
)
from agent_console.store.integrations import SqlIntegrationStore
from agent_console.store.integrations_memory import MemoryIntegrationStore
from agent_console.store.knowledge import SqlKnowledgeStore
from agent_console.store.knowledge_memory import MemoryKnowledgeStore
from agent_console.store.knowledge_model import Found, StoredArticle
from agent_console.store.lookups import Lookup, MemoryLookupAudit, SqlLookupAudit
from agent_console.store.memory import MemoryUserStore
from agent_console.store.model import Language, Phone, Role, Session, Skill, User
from agent_console.store.sql import SqlUserStore
from agent_console.store.work import SqlWorkStore
from agent_console.store.work_memory import MemoryWorkStore
from agent_console.store.work_model import DeskCall, FollowUp

__all__ = [
    "Announcement",
    "ClosedQueue",
    "DeskCall",
    "FollowUp",
    "Found",
    "Language",
    "Lookup",
    "MemoryAlarmStore",
    "MemoryFloorStore",
    "MemoryIntegrationStore",
    "MemoryKnowledgeStore",
    "MemoryLookupAudit",
    "MemoryUserStore",
    "MemoryWorkStore",
    "Phone",
    "Role",
    "Session",
    "Skill",
    "SqlAlarmStore",
    "SqlFloorStore",
    "SqlIntegrationStore",
    "SqlKnowledgeStore",
    "SqlLookupAudit",
    "SqlUserStore",
    "SqlWorkStore",
    "StoredArticle",
    "User",
]
