"""The one history of the database's schema, over the tables of all packages.

Revisions go forward only; each is a module in ``versions/``.  After changing a table make one with
``python -m hotline.migrations "what changes"``.
"""

from pathlib import Path
from typing import Final

import sqlalchemy as sa

import agent_console.store.alarm_tables
import agent_console.store.floor_tables
import agent_console.store.knowledge_tables
import agent_console.store.lookup_tables
import agent_console.store.tables
import agent_console.store.work_tables
import crm_lookup.analysis_tables
import crm_lookup.bank.tables
import crm_lookup.contact_tables  # noqa: F401 - these add their tables to those of a package
import cti.journal.tables
from crm_lookup import tables as crm_tables

FOLDER: Final = Path(__file__).parent

METADATA: Final[tuple[sa.MetaData, ...]] = (
    crm_tables.metadata,
    cti.journal.tables.metadata,
    agent_console.store.tables.metadata,
)
"""Every table that the database must hold."""
