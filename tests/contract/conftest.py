"""Databases for the suites of the console's stores."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

import agent_console.store.alarm_tables
import agent_console.store.floor_tables  # noqa: F401 - both add their tables
from agent_console.store.tables import metadata
from hotline import db


@pytest.fixture(params=["memory", "sqlite", "postgresql"])
async def console_engine(
    request: pytest.FixtureRequest, tmp_path: Path
) -> AsyncIterator[AsyncEngine | None]:
    """A database with the console's tables on either server; ``None`` stands for memory alone."""
    if request.param == "memory":
        yield None
        return
    if request.param == "postgresql":
        engine = db.async_server_engine(request.getfixturevalue("postgres_url"))
    else:
        engine = create_async_engine(f"sqlite+aiosqlite:///{tmp_path / 'console.db'}")
        async with engine.begin() as connection:
            await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()
