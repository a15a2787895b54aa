"""The history of the schema against the tables that the code declares."""

import re
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory

from hotline import db
from hotline.db import revisions as revisions_module
from hotline.migrations import FOLDER, METADATA
from hotline.migrations.__main__ import make_revision


def revisions() -> list[str]:
    scripts = ScriptDirectory.from_config(db.migration_config())
    return [script.revision for script in scripts.walk_revisions()]


def schema(path: Path) -> dict[str, str]:
    """Every table and index in SQLite's own words, blanks and quotes evened out.

    SQLite keeps constraints in the order in which they were written, so they are sorted.
    """
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT name, sql FROM sqlite_master WHERE sql IS NOT NULL "
            "AND name <> 'alembic_version'"
        ).fetchall()
    return {name: "\n".join(sorted(_lines(sql))) for name, sql in rows}


def _lines(sql: str) -> Iterator[str]:
    """Each column and constraint; what ADD COLUMN put behind a comma is one, too."""
    depth, line = 0, ""
    for letter in re.sub(r"\s+", " ", sql.replace('"', "")):
        depth += (letter == "(") - (letter == ")")
        if depth == (letter in "(,") and letter in "(),":
            yield line.strip()
            line = ""
        else:
            line += letter
    yield line.strip()


def test_our_own_look_at_the_history_agrees_with_alembic() -> None:
    scripts = ScriptDirectory.from_config(db.migration_config())
    assert revisions_module.head() == scripts.get_current_head()
    assert revisions_module.known() == set(revisions())


def test_a_role_starts_without_loading_alembic() -> None:
    code = "import sys, hotline.roles.console, hotline.roles.ivr; print('alembic' in sys.modules)"
    said = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert said.stdout == "False\n"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "bank.db"


@pytest.fixture
def url(path: Path) -> str:
    return f"sqlite:///{path}"


@pytest.mark.parametrize("earlier", [None, *revisions()])
def test_upgrade_from_every_revision_gives_the_declared_schema(
    path: Path, url: str, tmp_path: Path, earlier: str | None
) -> None:
    if earlier is not None:
        assert db.upgrade(url, earlier) == earlier
    assert db.upgrade(url) == db.head()
    declared = tmp_path / "declared.db"
    made = sa.create_engine(f"sqlite:///{declared}")
    for metadata in METADATA:
        metadata.create_all(made)
    made.dispose()
    assert schema(path) == schema(declared)
    assert set(schema(path)) >= {"customers", "journal", "users"}


def test_alembic_sees_no_difference(url: str) -> None:
    db.upgrade(url)
    made = db.engine(url)
    with made.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        declared = sa.MetaData()
        for metadata in METADATA:
            for table in metadata.sorted_tables:
                table.to_metadata(declared)
        differences = compare_metadata(context, declared)
    made.dispose()
    assert differences == []
    assert len(declared.tables) == len(db.TABLES)


def test_every_text_and_number_fits_postgresql() -> None:
    dialect = sa.make_url("postgresql://").get_dialect()()
    for metadata in METADATA:
        for table in metadata.sorted_tables:
            statement = str(sa.schema.CreateTable(table).compile(dialect=dialect))
            assert f"CREATE TABLE {table.name}" in statement
            assert "rowid" not in statement.lower()


def test_a_second_upgrade_does_nothing(path: Path, url: str) -> None:
    db.upgrade(url)
    before = path.stat().st_mtime_ns
    assert db.upgrade(url) == db.head()
    assert path.stat().st_mtime_ns == before


def test_a_failing_upgrade_leaves_nothing_half_made(path: Path, url: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("CREATE TABLE transactions (own INTEGER)")  # in the way, and last
    before = schema(path)
    with pytest.raises(db.DatabaseError, match="not migrated and is unchanged"):
        db.upgrade(url)
    assert schema(path) == before
    assert db.status(url).revision is None


def test_a_newer_schema_is_refused_by_name(path: Path, url: str) -> None:
    db.upgrade(url)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    with pytest.raises(db.DatabaseError, match=r"9999.*newer hotline"):
        db.upgrade(url)


def test_the_next_revision_is_written_from_the_difference(tmp_path: Path) -> None:
    folder = tmp_path / "migrations"
    (folder / "versions").mkdir(parents=True)
    for name in ("env.py", "script.py.mako"):
        source = FOLDER / name
        (folder / name).write_text(source.read_text(encoding="utf-8"), encoding="utf-8")
    made = make_revision("first tables", folder)
    assert made.name == "rev_0001_first_tables.py"
    text = made.read_text(encoding="utf-8")
    for table in ("customers", "journal", "users"):
        assert re.search(rf"op\.create_table\(\s*['\"]{table}['\"]", text)
