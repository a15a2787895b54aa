"""Only one process may own a journal."""

from pathlib import Path

import pytest
import sqlalchemy as sa

from cti.errors import JournalLockedError
from cti.journal.sqlite import SqliteJournal
from cti.journal.tables import metadata


async def test_a_second_owner_is_refused_until_the_first_has_closed(tmp_path: Path) -> None:
    path = tmp_path / "hotline.db"
    engine = sa.create_engine(f"sqlite:///{path}")
    metadata.create_all(engine)
    engine.dispose()
    first = SqliteJournal.open(path)
    with pytest.raises(JournalLockedError, match=r"process \d+ .*stop that"):
        SqliteJournal.open(path)
    await first.close()
    second = SqliteJournal.open(path)
    assert await second.verify() == 0
    await second.close()
