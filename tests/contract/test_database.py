"""Status, backup and restore of the database file, as an operator uses them."""

import os
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from hotline import db
from hotline.db.locks import exclusive


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state" / "bank.db"


@pytest.fixture
def url(path: Path) -> str:
    url = f"sqlite:///{path}"
    db.upgrade(url)
    return url


def write(path: Path, name: str, value: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("INSERT OR REPLACE INTO crm_meta VALUES (?, ?)", (name, value))
        connection.commit()


def read(path: Path, name: str) -> str | None:
    with closing(sqlite3.connect(path)) as connection:
        row = connection.execute("SELECT value FROM crm_meta WHERE name = ?", (name,)).fetchone()
    return None if row is None else str(row[0])


def test_status_of_a_missing_database_creates_nothing(tmp_path: Path) -> None:
    status = db.status(f"sqlite:///{tmp_path / 'none.db'}")
    assert (status.exists, status.revision, status.ready) == (False, None, False)
    assert list(tmp_path.iterdir()) == []


def test_status_counts_rows_and_knows_the_revision(path: Path, url: str) -> None:
    write(path, "a", "1")
    status = db.status(url)
    assert status.ready
    assert status.revision == status.head
    assert status.tables["crm_meta"] == 1
    assert set(status.tables) >= db.TABLES
    assert status.size > 0
    assert not status.in_use
    with db.in_use(url):
        assert db.status(url).in_use


def test_status_names_damage(path: Path, url: str) -> None:
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[4096:] = os.urandom(len(content) - 4096)
    path.write_bytes(content)
    status = db.status(url)
    assert status.exists
    assert status.integrity != "ok"
    assert not status.ready


def test_the_file_is_for_its_owner_only(path: Path, url: str) -> None:
    assert db.status(url).ready
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("mysql://u:geheim@h/d", "only SQLite and PostgreSQL"),
        ("postgresql://u:geheim@h", "names no database"),
        ("postgresql://u:geheim@127.0.0.1:1/d", "check database.url"),
        ("not a url", "no database URL"),
        ("sqlite://", "must be a file"),
    ],
)
def test_bad_urls_say_what_to_write(url: str, said: str) -> None:
    with pytest.raises(db.DatabaseError, match=said) as caught:
        db.upgrade(url)
    assert "geheim" not in str(caught.value)


def test_backup_while_in_use_and_restore(path: Path, url: str, tmp_path: Path) -> None:
    write(path, "state", "old")
    target = tmp_path / "backups" / "monday.db"
    with closing(sqlite3.connect(path)) as held, db.in_use(url):
        held.execute("BEGIN IMMEDIATE")
        held.execute("INSERT INTO crm_meta VALUES ('uncommitted', '1')")
        assert db.backup(url, target) == target.stat().st_size > 0
        held.execute("ROLLBACK")
    assert [file.name for file in target.parent.iterdir()] == ["monday.db"]
    assert read(target, "uncommitted") is None
    write(path, "state", "new")
    aside = db.restore(target, url, now=0.0)
    assert aside == path.with_name("bank.db.before-restore-19700101-000000")
    assert read(path, "state") == "old"
    assert read(aside, "state") == "new"
    assert db.status(url).ready


def test_backup_never_overwrites(path: Path, url: str, tmp_path: Path) -> None:
    target = tmp_path / "precious"
    target.write_text("mine")
    with pytest.raises(db.DatabaseError, match="exists already"):
        db.backup(url, target)
    assert target.read_text() == "mine"


def test_backup_of_nothing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(db.DatabaseError, match="nothing to back up"):
        db.backup(f"sqlite:///{tmp_path / 'none.db'}", tmp_path / "target.db")
    assert list(tmp_path.iterdir()) == []


def test_restore_is_refused_while_a_service_runs(path: Path, url: str, tmp_path: Path) -> None:
    target = tmp_path / "copy.db"
    db.backup(url, target)
    write(path, "state", "live")
    with db.in_use(url), pytest.raises(db.DatabaseError, match="stop hotline"):
        db.restore(target, url)
    assert read(path, "state") == "live"


def test_restore_refuses_what_is_no_sound_backup_of_ours(
    path: Path, url: str, tmp_path: Path
) -> None:
    write(path, "state", "live")
    noise = tmp_path / "noise.db"
    noise.write_bytes(os.urandom(20_000))
    foreign = tmp_path / "foreign.db"
    with closing(sqlite3.connect(foreign)) as connection:
        connection.execute("CREATE TABLE other (a)")
    newer = tmp_path / "newer.db"
    db.backup(url, newer)
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    for source, said in (
        (tmp_path / "missing.db", "does not exist"),
        (noise, "cannot restore"),
        (foreign, "no backup of ours"),
        (newer, "newer hotline"),
    ):
        with pytest.raises(db.DatabaseError, match=said):
            db.restore(source, url)
    assert read(path, "state") == "live"
    assert not [file for file in path.parent.iterdir() if "restore" in file.name]
    assert not list(path.parent.glob(".hotline-db-*"))


def test_restore_over_a_ruined_database(path: Path, url: str, tmp_path: Path) -> None:
    write(path, "state", "saved")
    target = tmp_path / "copy.db"
    db.backup(url, target)
    path.write_bytes(b"ruined" * 1000)
    path.with_name(path.name + "-wal").write_bytes(b"stale log" * 100)
    aside = db.restore(target, url)
    assert aside is not None
    assert aside.read_bytes().startswith(b"ruined")
    assert read(path, "state") == "saved"


def test_upgrade_is_refused_while_a_service_runs_on_an_old_schema(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.db.migrate._LOCK_PATIENCE", 0.0)
    url = f"sqlite:///{tmp_path / 'bank.db'}"
    with db.in_use(url), pytest.raises(db.DatabaseError, match="a service runs on it"):
        db.upgrade(url)


def test_a_current_schema_can_be_demanded(url: str, tmp_path: Path) -> None:
    db.require_current(url)
    missing = tmp_path / "none.db"
    with pytest.raises(db.DatabaseError, match="hotline db upgrade"):
        db.require_current(f"sqlite:///{missing}")
    assert not missing.exists()


def test_a_reader_does_not_wait_for_a_writer(path: Path, url: str) -> None:
    reading = db.engine(url)
    with closing(sqlite3.connect(path, isolation_level=None)) as writer:
        writer.execute("BEGIN IMMEDIATE")
        with reading.connect() as connection:
            count = connection.exec_driver_sql("SELECT count(*) FROM customers").scalar()
        writer.execute("ROLLBACK")
    reading.dispose()
    assert count == 0


def test_a_service_does_not_start_during_a_restore(
    path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("hotline.db.locks.PATIENCE", 0.0)
    with (
        exclusive(url),
        pytest.raises(db.DatabaseError, match="being migrated or restored"),
        db.in_use(url),
    ):
        pytest.fail("the database was opened")
    with db.in_use(url), db.in_use(url):  # several services share it
        assert db.status(url).in_use
