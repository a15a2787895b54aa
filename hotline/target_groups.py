"""Groups of customers for the console, off its event loop."""

import asyncio
import sqlite3
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

import msgspec

from agent_console.rest_messages import CustomerGroup
from crm_lookup.offer_catalogue import load_catalogue
from crm_lookup.target_groups import QueryError, group


class SqliteGroups:
    """See :class:`agent_console.ports.TargetGroups`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    async def group(self, conditions: Sequence[str], offer: str) -> CustomerGroup | None:
        return await asyncio.to_thread(self._group, conditions, offer)

    def _group(self, conditions: Sequence[str], offer: str) -> CustomerGroup | None:
        rule = next((rule for rule in load_catalogue() if rule.id == offer), None)
        if offer and rule is None:
            return None
        product, value = (rule.product, rule.value) if rule else ("", 0)
        with closing(sqlite3.connect(f"{self._path.as_uri()}?mode=ro", uri=True)) as database:
            try:
                found = group(database, conditions, product=product, value=value)
            except QueryError:
                return None
        return msgspec.convert(found, CustomerGroup, from_attributes=True)
