"""The history of the schema with rows in it, on both databases, and PostgreSQL's own part."""

import asyncio
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext

from hotline import db
from hotline.db import revisions, status_server
from hotline.db.locks import exclusive
from hotline.migrations import METADATA
from tests.postgres_kit import databases, query

WORDS = {
    ("customers", "kind"): "person",
    ("customers", "status"): "customer",
    ("customers", "segment"): "gold",
    ("customers", "language"): "zh",
    ("accounts", "kind"): "savings",
    ("accounts", "status"): "open",
    ("cards", "kind"): "debit",
    ("cards", "status"): "active",
    ("consents", "purpose"): "marketing",
    ("customer_flags", "flag"): "fraud",
    ("customer_numbers", "kind"): "mobile",
    ("interactions", "channel"): "phone",
    ("offer_responses", "response"): "declined",
    ("users", "role"): "agent",
    ("users", "language"): "zh",
    ("service_cases", "kind"): "dispute",
    ("service_cases", "status"): "open",
    ("loans", "product"): "mortgage",
}
"""What the checks of the oldest schema that has them allow."""
LATER = {"agent_intervals"}
"""Tables that a revision empties on purpose."""


def history() -> list[str]:
    below = dict(revisions._history())
    found: list[str] = []
    newest: str | None = db.head()
    while newest is not None:
        found.append(newest)
        newest = below[newest]
    return found[::-1]


@pytest.fixture(params=["sqlite", "postgres"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path / 'bank.db'}"
        return
    with databases().fresh(empty=True) as url:
        yield url


def fill(connection: sa.Connection) -> dict[str, int]:
    """Put one row into each table that :data:`WORDS` and :data:`PLAIN` know; return what is in."""
    held = sa.MetaData()
    held.reflect(connection)
    for table in held.sorted_tables:
        if table.name in PLAIN or any(name == table.name for name, _ in WORDS):
            connection.execute(table.insert().values(row_of(table)))
    return counts(connection)


PLAIN = {
    "crm_meta", "holdings", "pins", "transactions", "journal", "phones", "callbacks",
    "last_agents", "queue_intervals", "desk_calls", "follow_ups", "preferences", "menu_places",
    "loans", "exchange_rates",
    "bank_cases", "customer_notes", "segment_history", "customer_details",
}  # fmt: skip


def row_of(table: sa.Table) -> dict[str, Any]:
    return {
        column.name: value_of(table, column)
        for column in table.columns
        if not column.nullable and column.server_default is None
    }


def value_of(table: sa.Table, column: sa.Column[Any]) -> Any:
    word = WORDS.get((table.name, column.name))
    if word is not None:
        return word
    match column.type:
        case sa.Boolean():
            return True
        case sa.Date():
            return date(2020, 2, 29)
        case sa.LargeBinary():
            return b"\x00" * 32
        case sa.String():
            return "x1"
        case _:
            return 1


def counts(connection: sa.Connection) -> dict[str, int]:
    held = sa.MetaData()
    held.reflect(connection)
    found = {
        table.name: connection.scalar(sa.select(sa.func.count()).select_from(table)) or 0
        for table in held.sorted_tables
    }
    return {name: n for name, n in found.items() if n and name != "alembic_version"}


@pytest.mark.parametrize("earlier", history()[:-1])
def test_rows_of_every_earlier_revision_come_through(empty: str, earlier: str) -> None:
    assert db.upgrade(empty, earlier) == earlier
    before = db.run_sync(empty, fill)
    assert len(before) >= 15
    assert db.upgrade(empty) == db.head()
    after = db.run_sync(empty, counts)
    assert {name: after.get(name) for name in before if name not in LATER} == {
        name: n for name, n in before.items() if name not in LATER
    }
    assert db.status(empty).ready


def test_alembic_sees_no_difference_on_postgresql(postgres_url: str) -> None:
    def compare(connection: sa.Connection) -> list[Any]:
        declared = sa.MetaData()
        for metadata in METADATA:
            for table in metadata.sorted_tables:
                table.to_metadata(declared)
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        changes = compare_metadata(context, declared)
        # Comments are for readers; SQLite has none, so that revisions do not keep them up.
        return [c for c in changes if not _is_comment(c)]

    assert db.run_sync(postgres_url, compare) == []


def _is_comment(change: Any) -> bool:
    inner = change[0] if isinstance(change, list) else change
    return "comment" in inner[0]


def test_what_only_grows_refuses_changes_on_both(empty: str) -> None:
    db.upgrade(empty)
    db.run_sync(
        empty,
        lambda connection: connection.execute(
            sa.text(
                "INSERT INTO bank_audit (at, channel, call_id, level, action, subject, key, "
                "outcome, detail, case_number) "
                "VALUES (1, 'x', 'x', 'pin', 'x', 'x', 'x', 'done', 'x', '')"
            )
        ),
    )
    for change in ("UPDATE bank_audit SET subject = 'y'", "DELETE FROM bank_audit"):
        with pytest.raises(sa.exc.DBAPIError, match="bank_audit only grows"):
            db.run_sync(empty, lambda connection, text=change: connection.execute(sa.text(text)))


def test_a_failing_upgrade_leaves_nothing_half_made_on_postgresql() -> None:
    with databases().fresh(empty=True) as url:
        query(url, "CREATE TABLE transactions (own integer)")
        with pytest.raises(db.DatabaseError, match="not migrated and is unchanged"):
            db.upgrade(url)
        found = db.status(url)
        assert (found.revision, found.tables) == (None, {"transactions": 0})


def test_status_of_a_server(postgres_url: str) -> None:
    found = db.status(postgres_url)
    assert found.ready
    assert found.path is None
    assert int(found.version.split(".")[0]) >= 13
    assert set(found.tables) >= db.TABLES
    assert "fsync" in found.risk  # the tests' own server syncs nothing, and says so
    assert not found.in_use
    with db.in_use(postgres_url):
        assert db.status(postgres_url).in_use
    assert not db.status(postgres_url).in_use


def test_a_service_and_a_migration_keep_each_other_away(
    postgres_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.db.migrate._LOCK_PATIENCE", 0.0)
    monkeypatch.setattr("hotline.db.locks.PATIENCE", 0.0)
    with db.in_use(postgres_url), db.in_use(postgres_url):  # several services share it
        query(postgres_url, "UPDATE alembic_version SET version_num = '0001'")
        with pytest.raises(db.DatabaseError, match="a service runs on it"):
            db.upgrade(postgres_url)
    with (
        exclusive(postgres_url),
        pytest.raises(db.DatabaseError, match="being migrated"),
        db.in_use(postgres_url),
    ):
        pytest.fail("the database was opened")


async def test_two_upgrades_at_once_make_one_schema() -> None:
    with databases().fresh(empty=True) as url:
        made = await asyncio.gather(*(asyncio.to_thread(db.upgrade, url) for _ in range(2)))
        assert made == [db.head()] * 2
        assert db.status(url).ready


def test_a_newer_schema_is_refused_by_name_on_postgresql(postgres_url: str) -> None:
    query(postgres_url, "UPDATE alembic_version SET version_num = '9999'")
    for call in (db.upgrade, db.require_current):
        with pytest.raises(db.DatabaseError, match=r"9999.*newer hotline"):
            call(postgres_url)


def test_an_unfit_server_is_named(postgres_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(status_server, "OLDEST", 99)
    found = db.status(postgres_url)
    assert not found.ready
    assert "too old: use 99 or newer" in found.integrity
    with databases().fresh(empty=True) as url, pytest.raises(db.DatabaseError, match="too old"):
        db.upgrade(url)


def test_backup_and_restore_name_postgresqls_own_commands(
    postgres_url: str, tmp_path: Path
) -> None:
    with pytest.raises(db.DatabaseError, match=r"pg_dump --format=custom --file=\S+monday"):
        db.backup(postgres_url, tmp_path / "monday")
    with pytest.raises(db.DatabaseError, match=r"pg_restore .*--single-transaction \S+monday"):
        db.restore(tmp_path / "monday", postgres_url)


@pytest.mark.parametrize(
    "url",
    [
        "postgresql://u:geheim@127.0.0.1:1/d",
        "postgresql+asyncpg://u:geheim@127.0.0.1:1/d",
        "postgresql://u@127.0.0.1:1/d?password=geheim",
        "postgresql://u:geheim@127.0.0.1:port/d",
        "mysql://u:geheim@127.0.0.1:1/d",
    ],
)
def test_a_password_is_never_shown(url: str) -> None:
    with pytest.raises(db.DatabaseError) as caught:
        db.upgrade(url)
    assert "geheim" not in str(caught.value)
    assert "geheim" not in db.shown(url)
