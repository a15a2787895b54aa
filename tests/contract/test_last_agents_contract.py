"""What every memory of customers' last agents must do, over each implementation."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from crm_lookup.model import CustomerId
from crm_lookup.ports import LastAgents
from crm_lookup.testing import LI, WANG
from tests.postgres_kit import BANKS


@pytest.fixture(params=sorted(BANKS))
async def agents(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[LastAgents]:
    async with BANKS[request.param](tmp_path) as bank:
        yield bank


async def test_the_newest_conversation_counts(agents: LastAgents) -> None:
    assert await agents.last_agent(WANG, 0.0) is None
    await agents.note_agent(WANG, "1001", 100.0)
    await agents.note_agent(WANG, "1002", 200.0)
    await agents.note_agent(WANG, "1003", 150.0)
    assert await agents.last_agent(WANG, 199.0) == "1002"
    assert await agents.last_agent(WANG, 200.0) is None
    assert await agents.last_agent(LI, 0.0) is None


async def test_an_unknown_customer_is_ignored(agents: LastAgents) -> None:
    await agents.note_agent(CustomerId("nobody"), "1001", 100.0)
    assert await agents.last_agent(CustomerId("nobody"), 0.0) is None
