"""Writes customers into PostgreSQL: a batch comes by COPY into temporary tables, and from there
by set into the customers' own; see :mod:`crm_lookup.importing.ports`.
"""

import asyncio
from collections.abc import Callable, Coroutine, Iterator, Sequence
from datetime import date
from typing import Any, Final, TypeVar

import asyncpg
import msgspec

from crm_lookup.changes import ANNOUNCE
from crm_lookup.errors import NotReadyError, WrongKeyError
from crm_lookup.importing.errors import ImportingError
from crm_lookup.importing.records import Customer, Known, Note, Plan
from crm_lookup.importing.statements import (
    CUSTOMER,
    NOTE,
    Rows,
    customer_changes,
    detail_changes,
    seal_keys,
    work_of,
)
from crm_lookup.keys import DataKey

T = TypeVar("T")

_PAGE: Final = 5_000
_DATES: Final = {"import_customers": ("since",), "import_holdings": ("opened", "matures", "since")}
_TABLES: Final = {
    "import_customers": CUSTOMER,
    "import_consents": ("customer_id", "purpose", "at", "granted", "dated"),
    "import_numbers": ("customer_id", "number", "kind", "is_primary", "relation", "sealed"),
    "import_holdings": (
        *("customer_id", "product", "opened", "balance", "currency", "matures"),
        *("whole", "since"),
    ),
    "import_details": ("customer_id", "id_kind", "id_number", "address", "email"),
    "import_changed": ("customer_id", "numbers", "products"),
    "import_missing": ("customer_id", "external_id"),
}
"""Temporary tables, in the order and with the columns of :class:`statements.Work`."""
_TYPES: Final = {
    "at": "double precision",
    **dict.fromkeys(("since", "opened", "matures"), "date"),
    **dict.fromkeys(("granted", "dated", "is_primary", "whole"), "boolean"),
    **dict.fromkeys(("numbers", "products"), "text[]"),
    "birth_year": "integer",
    "balance": "bigint",
}

_KNOWN: Final = """
SELECT external_id, customer_id, source_mark FROM customers WHERE external_id = ANY($1::text[])
UNION ALL
SELECT customer_id, customer_id, NULL FROM customers
WHERE customer_id = ANY($1::text[]) AND external_id IS NULL
"""
_PRESENT: Final = """
SELECT external_id, customer_id FROM customers
WHERE external_id > $1 AND status <> 'closed' ORDER BY external_id LIMIT $2
"""
_CONSENTS: Final = (
    """
UPDATE consents AS old SET
  granted_at = CASE WHEN new.granted AND (new.dated OR old.withdrawn_at IS NOT NULL)
    THEN new.at ELSE old.granted_at END,
  withdrawn_at = CASE WHEN new.granted THEN NULL
    WHEN new.dated OR old.withdrawn_at IS NULL THEN new.at ELSE old.withdrawn_at END
FROM import_consents AS new
WHERE old.customer_id = new.customer_id AND old.purpose = new.purpose
""",
    """
INSERT INTO consents (customer_id, purpose, granted_at, withdrawn_at)
SELECT customer_id, purpose, at, CASE WHEN granted THEN NULL ELSE at END FROM import_consents
ON CONFLICT DO NOTHING
""",
)
_NUMBERS: Final = (
    """
DELETE FROM customer_numbers AS old USING import_changed AS new
WHERE old.customer_id = new.customer_id AND old.number <> ALL (new.numbers)
""",
    """
INSERT INTO customer_numbers (customer_id, number, kind, is_primary, relation, sealed)
SELECT customer_id, number, kind, is_primary, relation, sealed FROM import_numbers
ON CONFLICT (number, customer_id) DO UPDATE SET kind = excluded.kind,
  is_primary = excluded.is_primary, relation = excluded.relation, sealed = excluded.sealed
""",
)
_HOLDINGS: Final = (
    """
DELETE FROM holdings AS old USING import_changed AS new
WHERE old.customer_id = new.customer_id AND old.product <> ALL (new.products)
""",
    """
UPDATE holdings AS old SET opened = COALESCE(new.opened, old.opened),
  balance = CASE WHEN new.whole THEN new.balance ELSE old.balance END,
  currency = CASE WHEN new.whole THEN new.currency ELSE old.currency END,
  matures = CASE WHEN new.whole THEN new.matures ELSE old.matures END
FROM import_holdings AS new
WHERE old.customer_id = new.customer_id AND old.product = new.product
""",
    """
INSERT INTO holdings (customer_id, product, opened, balance, currency, matures)
SELECT new.customer_id, new.product, COALESCE(new.opened, new.since, c.since), new.balance,
  new.currency, new.matures
FROM import_holdings AS new JOIN customers AS c ON c.customer_id = new.customer_id
ON CONFLICT DO NOTHING
""",
)
_CLOSE: Final = """
UPDATE customers AS old SET status = 'closed', source_mark = NULL, updated_at = $1
FROM import_missing AS new
WHERE old.customer_id = new.customer_id AND old.external_id = new.external_id
"""
_SET_NOTE: Final = """
INSERT INTO crm_meta (name, value) VALUES ($1, $2)
ON CONFLICT (name) DO UPDATE SET value = excluded.value
"""


class PostgresSink:
    """Customers in one PostgreSQL database, which must be migrated.

    Everything runs in an event loop of its own: use it outside of any other.
    """

    exclusive = False

    def __init__(self, dsn: str, *, key: DataKey) -> None:
        """``dsn`` as asyncpg takes it.

        Raises :class:`NotReadyError`, or :class:`WrongKeyError` for data of another key.
        """
        self._key = key
        self._runner = asyncio.Runner()
        try:
            self._server: asyncpg.Connection = self._runner.run(asyncpg.connect(dsn))
            try:
                found = self._run(
                    self._server.fetchval("SELECT value FROM crm_meta WHERE name = 'key_check'")
                )
                self._run(self._prepare())
            except BaseException:
                self._runner.run(self._server.close())
                raise
        except (asyncpg.PostgresError, OSError, ImportingError) as error:
            self._runner.close()
            raise NotReadyError(
                f"the database cannot take customers ({error}): check database.url, and run "
                "`hotline db upgrade`"
            ) from error
        if found is not None and found != key.check_value():
            self.close()
            raise WrongKeyError(
                "the data in this database were written under another data key: give the key that "
                "belongs to them (it is backed up apart from the database)"
            )

    def close(self) -> None:
        self._runner.run(self._server.close())
        self._runner.close()

    def known(self, external_ids: Sequence[str]) -> dict[str, Known]:
        found: dict[str, Known] = {}
        for external_id, customer_id, mark in self._run(
            self._server.fetch(_KNOWN, list(external_ids))
        ):
            found.setdefault(external_id, Known(customer_id, mark))
        return found

    def taken(self, customer_ids: Sequence[str]) -> set[str]:
        statement = "SELECT customer_id FROM customers WHERE customer_id = ANY($1::text[])"
        return {row[0] for row in self._run(self._server.fetch(statement, list(customer_ids)))}

    def present(self) -> Iterator[list[tuple[str, str]]]:
        after = ""
        while rows := self._run(self._server.fetch(_PRESENT, after, _PAGE)):
            yield [(row[0], row[1]) for row in rows]
            after = rows[-1][0]

    def unfinished(self) -> Note | None:
        value = self._run(
            self._server.fetchval("SELECT value FROM crm_meta WHERE name = $1", NOTE)
        )
        return None if value is None else msgspec.json.decode(value, type=Note)

    def begin(self, note: Note) -> None:
        async def begin() -> None:
            async with self._server.transaction():
                await self._server.execute(
                    "INSERT INTO crm_meta (name, value) VALUES ('key_check', $1) "
                    "ON CONFLICT (name) DO NOTHING",
                    self._key.check_value(),
                )
                used = await self._server.fetchval(
                    "SELECT value FROM crm_meta WHERE name = 'seal_keys' FOR UPDATE"
                )
                if keys := seal_keys(used, note):
                    await self._server.execute(_SET_NOTE, "seal_keys", keys)
                await self._note(note)

        self._run(begin())

    def write(
        self, customers: Sequence[Customer], note: Note, *, clock: Callable[[], float]
    ) -> None:
        async def write() -> None:
            work = work_of(customers, note.plan)
            async with self._server.transaction():
                for table, rows in zip(_TABLES, work, strict=True):
                    await self._server.copy_records_to_table(
                        table, records=_dated(table, rows), columns=_TABLES[table]
                    )
                at = clock()
                await self._server.execute(_upsert(note.plan), at)
                for statement in _steps(note.plan):
                    await self._server.execute(statement)
                await self._server.execute(_CLOSE, at)
                await self._server.execute(ANNOUNCE)
                await self._note(note)

        self._run(write())

    def finish(self, note: Note, *, at: float) -> None:
        counts = note.counts

        async def finish() -> None:
            async with self._server.transaction():
                await self._server.execute(
                    "INSERT INTO import_runs (source, digest, started_at, finished_at, lines, "
                    "added, changed, unchanged, rejected) "
                    "VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)",
                    *(note.source, note.digest, note.started_at, at, counts.lines, counts.added),
                    *(counts.changed + counts.closed, counts.unchanged, counts.rejected),
                )
                await self._server.execute("DELETE FROM crm_meta WHERE name = $1", NOTE)

        self._run(finish())

    def forget(self) -> None:
        self._run(self._server.execute("DELETE FROM crm_meta WHERE name = $1", NOTE))

    async def _prepare(self) -> None:
        for table, columns in _TABLES.items():
            listed = ", ".join(f"{name} {_TYPES.get(name, 'text')}" for name in columns)
            await self._server.execute(
                f"CREATE TEMPORARY TABLE {table} ({listed}) ON COMMIT DELETE ROWS"
            )

    async def _note(self, note: Note) -> None:
        await self._server.execute(_SET_NOTE, NOTE, msgspec.json.encode(note).decode())

    def _run(self, what: Coroutine[Any, Any, T]) -> T:
        try:
            return self._runner.run(what)
        except asyncpg.IntegrityConstraintViolationError as error:
            raise ImportingError(
                f"customers changed under the import ({error}): give the run up with --discard "
                "and import its file again; what is in already stays"
            ) from error
        except (asyncpg.PostgresError, asyncpg.InterfaceError, OSError) as error:
            raise ImportingError(
                f"the database cannot be used now ({error}); mend that, then finish the import "
                "with --resume if `hotline customers import --status` names one"
            ) from error


def _upsert(plan: Plan) -> str:
    columns = ", ".join(CUSTOMER)
    return (
        f"INSERT INTO customers ({columns}, updated_at) "  # noqa: S608 - our own names
        f"SELECT {columns}, $1 FROM import_customers "
        f"ON CONFLICT (customer_id) DO UPDATE SET {customer_changes(plan)}"
    )


def _steps(plan: Plan) -> list[str]:
    steps = [*_CONSENTS]
    if plan.numbers:
        steps += _NUMBERS
    if plan.holdings:
        steps += _HOLDINGS
    if plan.details:
        steps.append(
            "INSERT INTO customer_details (customer_id, id_kind, id_number, address, email) "  # noqa: S608 - our own names
            "SELECT customer_id, id_kind, id_number, address, email FROM import_details "
            f"ON CONFLICT (customer_id) DO UPDATE SET {detail_changes(plan)}"
        )
    return steps


def _dated(table: str, rows: Rows) -> Rows:
    """Stages hold days as text, which COPY does not turn into days."""
    places = [_TABLES[table].index(name) for name in _DATES.get(table, ())]
    if not places:
        return rows
    made = []
    for row in rows:
        cells = list(row)
        for place in places:
            if cells[place] is not None:
                cells[place] = date.fromisoformat(cells[place])
        made.append(tuple(cells))
    return made
