"""The roles that docs/operations.md has an administrator make: enough, and no more."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import pytest
from typer.testing import CliRunner

from crm_lookup.postgres import PostgresBank
from crm_lookup.testing import KEY, NOW, WANG, postgres_bank
from cti.core import events as ev
from cti.errors import JournalError
from cti.journal.postgres import ServerStorage
from cti.journal.sql import SqlJournal
from hotline import db
from hotline.cli import app
from tests.postgres_kit import databases, query


class Roles(NamedTuple):
    """URLs of the three who have to do with the database."""

    root: str
    admin: str
    services: str


@pytest.fixture(scope="module")
def roles() -> Iterator[Roles]:
    """Do what the page says, under another name than that of the tests' own role."""
    page = Path("docs/operations.md").read_text(encoding="utf-8")
    block = page[page.index("    CREATE ROLE hotline_owner") : page.index("The services can then")]
    first, second = block.replace("hotline", "bank").split("\\c bank")
    server = databases().server
    root = server.url("bank")
    for url, part in ((server.url(), first), (root, second)):
        for statement in part.split(";"):
            lines = [line.split("--")[0] for line in statement.splitlines()]
            if "".join(lines).strip():
                query(url, "\n".join(lines))
    as_role = root.replace("//hotline@", "//{}@")
    yield Roles(root, as_role.format("bank_admin"), as_role.format("bank"))
    query(server.url(), "DROP DATABASE bank WITH (FORCE)")
    for role in ("bank_admin", "bank_owner", "bank"):
        query(server.url(), f"DROP ROLE {role}")


async def test_the_services_work_and_cannot_change_the_schema(roles: Roles) -> None:
    with pytest.raises(db.DatabaseError, match="permission denied"):
        db.upgrade(roles.services)
    assert db.upgrade(roles.admin) == db.head()
    assert db.status(roles.services).ready
    with db.in_use(roles.services):
        async with (
            postgres_bank(roles.services) as bank,
            await PostgresBank.open(roles.services, key=KEY) as second,
        ):
            await bank.set_pin(WANG, "hash", now=NOW)
            await second.begin_attempt(WANG, now=NOW, limit=5, lock_seconds=60.0)
            assert await bank.brief(WANG) is not None
        journal = SqlJournal.open_in(ServerStorage(roles.services))
        event = ev.EngineResynchronised(at=NOW, server="pbx", calls=0, members=0)
        assert await journal.append([event]) == 1
        with pytest.raises(JournalError, match="hotline journal"):
            SqlJournal.open_in(ServerStorage(roles.services))
        await journal.close()
    for statement in ("DROP TABLE pins", "CREATE TABLE own (a int)", "TRUNCATE journal"):
        with pytest.raises(Exception, match=r"must be owner|permission denied"):
            query(roles.services, statement)


@pytest.mark.parametrize("command", [["analyse"], ["scores", "C1"], ["segments", "history", "C1"]])
def test_what_needs_sqlite_so_far_says_so(
    postgres_url: str, tmp_path: Path, command: list[str]
) -> None:
    config = tmp_path / "hotline.toml"
    config.write_text(f'state_dir = "{tmp_path}"\n[database]\nurl = "{postgres_url}"\n')
    done = CliRunner().invoke(app, ["-c", str(config), "customers", *command])
    assert done.exit_code == 1
    assert "SQLite only so far" in " ".join(done.output.split())
