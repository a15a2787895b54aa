"""How writers of many customers tell the other processes that what they keep is out of date."""

from typing import Final

ANNOUNCE: Final = """
INSERT INTO crm_meta (name, value) VALUES ('changes', '1')
ON CONFLICT (name) DO UPDATE SET value = CAST(CAST(crm_meta.value AS BIGINT) + 1 AS VARCHAR)
"""
"""To be run in the transaction of the changes; the same in SQLite and PostgreSQL."""

ANNOUNCED: Final = "SELECT value FROM crm_meta WHERE name = 'changes'"
"""Another value than before: something was changed."""
