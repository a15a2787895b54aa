"""Groups of customers for the console, off its event loop."""

import asyncio
import csv
import io
import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Final

import msgspec
import structlog

from agent_console.errors import TooManyError
from agent_console.messages import Choice
from agent_console.rest_messages import CustomerGroup, GroupExport, GroupFields, GroupWord
from crm_lookup.model import Text
from crm_lookup.offer_catalogue import load_catalogue
from crm_lookup.target_groups import MEMBER_COLUMNS, QueryError, group, members, patterns
from crm_lookup.target_words import NUMBERS, VALUES, WORDS
from hotline import db
from hotline.settings import Settings

log = structlog.get_logger(__name__)

MOST_EXPORTED: Final = 100_000
"""Customers in one file for a browser; `hotline customers segment --export` has no such limit."""

# A group is no single customer: the star stands in the place of the id.
_NOTE: Final = """
INSERT INTO privacy_audit
  (at, actor, role, action, customer_id, field, level, reason, call_id, outcome)
VALUES (?, ?, ?, 'export', '*', 'group', 'none', ?, '', 'done')
"""


def target_groups(settings: Settings) -> "SqliteGroups | None":
    """Return the groups of these settings; PostgreSQL has none so far."""
    url = settings.database_url
    if db.is_server(url):
        log.warning("target_groups_off", reason="they need SQLite so far (docs/operations.md)")
        return None
    return SqliteGroups(db.sqlite_path(url))


class SqliteGroups:
    """See :class:`agent_console.ports.TargetGroups`."""

    def __init__(
        self, path: Path, clock: Callable[[], float] = time.time, most: int = MOST_EXPORTED
    ) -> None:
        self._path = path
        self._clock = clock
        self._most = most

    async def group(self, conditions: Sequence[str], offer: str) -> CustomerGroup | None:
        return await asyncio.to_thread(self._group, conditions, offer)

    async def fields(self) -> GroupFields:
        return await asyncio.to_thread(self._fields)

    async def export(self, conditions: Sequence[str], *, by: str, role: str) -> GroupExport | None:
        return await asyncio.to_thread(self._export, conditions, by, role)

    def _group(self, conditions: Sequence[str], offer: str) -> CustomerGroup | None:
        rule = next((rule for rule in load_catalogue() if rule.id == offer), None)
        if offer and rule is None:
            return None
        product, value = (rule.product, rule.value) if rule else ("", 0)
        with closing(self._open("ro")) as database:
            try:
                found = group(database, conditions, product=product, value=value)
            except QueryError:
                return None
        return msgspec.convert(found, CustomerGroup, from_attributes=True)

    def _fields(self) -> GroupFields:
        with closing(self._open("ro")) as database:
            found = {name: Text(name, name) for name in patterns(database)}
        values = {**VALUES, "pattern": found}
        return GroupFields(
            numbers=_choices(NUMBERS),
            words=tuple(
                GroupWord(code=name, text=text, values=_choices(values.get(name, {})))
                for name, text in WORDS.items()
            ),
            offers=tuple(Choice(code=rule.id, text=rule.title) for rule in load_catalogue()),
        )

    def _export(self, conditions: Sequence[str], by: str, role: str) -> GroupExport | None:
        with closing(self._open("rw")) as database:
            try:
                rows = members(database, conditions, most=self._most + 1)
            except QueryError:
                return None
            if len(rows) > self._most:
                raise TooManyError(f"more than {self._most} customers; add a condition")
            reason = f"{len(rows)} customers: {' '.join(conditions) or 'all'}"[:256]
            with database:
                database.execute(_NOTE, (self._clock(), by[:64], role[:24], reason))
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(MEMBER_COLUMNS)
        writer.writerows(rows)
        return GroupExport(size=len(rows), csv=text.getvalue())

    def _open(self, mode: str) -> sqlite3.Connection:
        return sqlite3.connect(f"{self._path.as_uri()}?mode={mode}", uri=True, timeout=10)


def _choices(texts: Mapping[str, Text]) -> tuple[Choice, ...]:
    return tuple(Choice(code=code, text=text) for code, text in texts.items())
