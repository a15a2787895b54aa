"""Writes customers into SQLite by short transactions; see :mod:`crm_lookup.importing.ports`."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import msgspec

from crm_lookup.changes import ANNOUNCE
from crm_lookup.errors import NotReadyError, WrongKeyError
from crm_lookup.importing.errors import ImportingError
from crm_lookup.importing.records import Customer, Known, Note, Plan
from crm_lookup.importing.statements import (
    CUSTOMER,
    NOTE,
    Rows,
    Work,
    customer_changes,
    detail_changes,
    seal_keys,
    work_of,
)
from crm_lookup.keys import DataKey

BUSY_SECONDS: Final = 60.0
"""How long a transaction waits for another writer to end."""
_PAGE: Final = 5_000

_KNOWN: Final = """
SELECT external_id, customer_id, source_mark FROM customers
WHERE external_id IN (SELECT value FROM json_each(:ids))
UNION ALL
SELECT customer_id, customer_id, NULL FROM customers
WHERE customer_id IN (SELECT value FROM json_each(:ids)) AND external_id IS NULL
"""
_TAKEN: Final = """
SELECT customer_id FROM customers WHERE customer_id IN (SELECT value FROM json_each(:ids))
"""
_PRESENT: Final = """
SELECT external_id, customer_id FROM customers
WHERE external_id > :after AND status <> 'closed' ORDER BY external_id LIMIT :most
"""
_CLOSE: Final = """
UPDATE customers SET status = 'closed', source_mark = NULL, updated_at = ?
WHERE customer_id = ? AND external_id = ?
"""
_NUMBERS_GONE: Final = """
DELETE FROM customer_numbers
WHERE customer_id = ? AND number NOT IN (SELECT value FROM json_each(?))
"""
_NUMBER: Final = """
INSERT INTO customer_numbers (customer_id, number, kind, is_primary, relation, sealed)
VALUES (?, ?, ?, ?, ?, ?)
ON CONFLICT (number, customer_id) DO UPDATE SET kind = excluded.kind,
  is_primary = excluded.is_primary, relation = excluded.relation, sealed = excluded.sealed
"""
_CONSENT: Final = """
INSERT INTO consents (customer_id, purpose, granted_at, withdrawn_at)
VALUES (?1, ?2, ?3, CASE WHEN ?4 THEN NULL ELSE ?3 END)
ON CONFLICT (customer_id, purpose) DO UPDATE SET
  granted_at = CASE WHEN ?4 AND (?5 OR consents.withdrawn_at IS NOT NULL)
    THEN ?3 ELSE consents.granted_at END,
  withdrawn_at = CASE WHEN ?4 THEN NULL
    WHEN ?5 OR consents.withdrawn_at IS NULL THEN ?3 ELSE consents.withdrawn_at END
"""
_HOLDINGS_GONE: Final = """
DELETE FROM holdings
WHERE customer_id = ? AND product NOT IN (SELECT value FROM json_each(?))
"""
_HOLDING: Final = """
INSERT INTO holdings (customer_id, product, opened, balance, currency, matures)
VALUES (?1, ?2, COALESCE(?3, ?8, (SELECT since FROM customers WHERE customer_id = ?1)),
  ?4, ?5, ?6)
ON CONFLICT (customer_id, product) DO UPDATE SET opened = COALESCE(?3, holdings.opened),
  balance = CASE WHEN ?7 THEN ?4 ELSE holdings.balance END,
  currency = CASE WHEN ?7 THEN ?5 ELSE holdings.currency END,
  matures = CASE WHEN ?7 THEN ?6 ELSE holdings.matures END
"""
_RUN: Final = """
INSERT INTO import_runs
  (source, digest, started_at, finished_at, lines, added, changed, unchanged, rejected)
VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)
"""


class SqliteSink:
    """Customers in one SQLite file, which must exist and be migrated."""

    exclusive = True

    def __init__(self, path: Path, *, key: DataKey, read_only: bool = False) -> None:
        """Raises :class:`NotReadyError`, or :class:`WrongKeyError` for data of another key."""
        mode = "ro" if read_only else "rw"
        try:
            self._database = sqlite3.connect(
                f"{path.absolute().as_uri()}?mode={mode}",
                uri=True,
                timeout=BUSY_SECONDS,
                isolation_level=None,
            )
            for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-64000"):
                self._database.execute(f"PRAGMA {pragma}")
            held = self._database.execute("SELECT value FROM crm_meta WHERE name = 'key_check'")
            found = held.fetchone()
        except sqlite3.Error as error:
            raise NotReadyError(
                f"{path} cannot take customers ({error}): run `hotline db upgrade`"
            ) from error
        if found is not None and found[0] != key.check_value():
            self._database.close()
            raise WrongKeyError(
                f"the data in {path} were written under another data key: give the key that "
                "belongs to them (it is backed up apart from the database)"
            )
        self._key = key

    def close(self) -> None:
        self._database.close()

    def known(self, external_ids: Sequence[str]) -> dict[str, Known]:
        rows = self._database.execute(_KNOWN, {"ids": _listed(external_ids)})
        found: dict[str, Known] = {}
        for external_id, customer_id, mark in rows:
            found.setdefault(external_id, Known(customer_id, mark))
        return found

    def taken(self, customer_ids: Sequence[str]) -> set[str]:
        rows = self._database.execute(_TAKEN, {"ids": _listed(customer_ids)})
        return {row[0] for row in rows}

    def present(self) -> Iterator[list[tuple[str, str]]]:
        after = ""
        while True:
            rows = self._database.execute(_PRESENT, {"after": after, "most": _PAGE}).fetchall()
            if not rows:
                return
            yield rows
            after = rows[-1][0]

    def unfinished(self) -> Note | None:
        row = self._database.execute(
            "SELECT value FROM crm_meta WHERE name = ?", (NOTE,)
        ).fetchone()
        return None if row is None else msgspec.json.decode(row[0], type=Note)

    def begin(self, note: Note) -> None:
        with self._transaction():
            self._database.execute(
                "INSERT INTO crm_meta (name, value) VALUES ('key_check', ?) "
                "ON CONFLICT (name) DO NOTHING",
                (self._key.check_value(),),
            )
            used = self._database.execute(
                "SELECT value FROM crm_meta WHERE name = 'seal_keys'"
            ).fetchone()
            if keys := seal_keys(used and used[0], note):
                self._database.execute(
                    "INSERT INTO crm_meta (name, value) VALUES ('seal_keys', ?) "
                    "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
                    (keys,),
                )
            self._note(note)

    def write(
        self, customers: Sequence[Customer], note: Note, *, clock: Callable[[], float]
    ) -> None:
        # All is laid out before the transaction begins, so that it keeps others off for less.
        work = work_of(customers, note.plan)
        steps = _statements(work, note.plan)
        try:
            with self._transaction():
                at = clock()
                write = self._database.executemany
                write(_upsert(note.plan), ((*row, at) for row in work.customers))
                for statement, rows in steps:
                    write(statement, rows)
                write(_CLOSE, ((at, *names) for names in work.missing))
                self._database.execute(ANNOUNCE)
                self._note(note)
        except sqlite3.IntegrityError as error:
            raise ImportingError(
                f"customers changed under the import ({error}): give the run up with --discard "
                "and import its file again; what is in already stays"
            ) from error

    def finish(self, note: Note, *, at: float) -> None:
        counts = note.counts
        with self._transaction():
            self._database.execute(_RUN, (
                note.source, note.digest, note.started_at, at, counts.lines, counts.added,
                counts.changed + counts.closed, counts.unchanged, counts.rejected,
            ))  # fmt: skip
            self._database.execute("DELETE FROM crm_meta WHERE name = ?", (NOTE,))

    def forget(self) -> None:
        with self._transaction():
            self._database.execute("DELETE FROM crm_meta WHERE name = ?", (NOTE,))

    def _note(self, note: Note) -> None:
        self._database.execute(
            "INSERT INTO crm_meta (name, value) VALUES (?, ?) "
            "ON CONFLICT (name) DO UPDATE SET value = excluded.value",
            (NOTE, msgspec.json.encode(note).decode()),
        )

    @contextmanager
    def _transaction(self) -> Iterator[None]:
        try:
            self._database.execute("BEGIN IMMEDIATE")
            try:
                yield
                self._database.execute("COMMIT")
            except BaseException:
                if self._database.in_transaction:  # a full disk may have ended it already
                    self._database.execute("ROLLBACK")
                raise
        except sqlite3.OperationalError as error:
            raise ImportingError(
                f"the database cannot be written now ({error}); mend that, then finish the import "
                "with --resume if `hotline customers import --status` names one"
            ) from error


def _listed(words: Sequence[str]) -> str:
    return msgspec.json.encode(words).decode()


def _statements(work: Work, plan: Plan) -> list[tuple[str, Rows]]:
    """Return what writes all but the customers' own rows, with the values of each."""
    steps: list[tuple[str, Rows]] = [(_CONSENT, work.consents)]
    if plan.numbers:
        gone: Rows = [(customer, _listed(numbers)) for customer, numbers, _ in work.changed]
        steps += [(_NUMBERS_GONE, gone), (_NUMBER, work.numbers)]
    if plan.holdings:
        gone = [(customer, _listed(products)) for customer, _, products in work.changed]
        steps += [(_HOLDINGS_GONE, gone), (_HOLDING, work.holdings)]
    if plan.details:
        steps.append((_details(plan), work.details))
    return steps


def _upsert(plan: Plan) -> str:
    return (
        f"INSERT INTO customers ({', '.join(CUSTOMER)}, updated_at) "  # noqa: S608 - our own names
        f"VALUES ({'?, ' * len(CUSTOMER)}?) "
        f"ON CONFLICT (customer_id) DO UPDATE SET {customer_changes(plan)}"
    )


def _details(plan: Plan) -> str:
    return (
        "INSERT INTO customer_details (customer_id, id_kind, id_number, address, email) "  # noqa: S608 - our own names
        f"VALUES (?, ?, ?, ?, ?) ON CONFLICT (customer_id) DO UPDATE SET {detail_changes(plan)}"
    )
