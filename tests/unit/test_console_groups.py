"""Supervisors may ask for groups of customers, agents may not."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.unit.console_kit import Browser, Kit


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path / "dist")
    await kit.add("wang", "1001")
    await kit.add("boss", None)
    async with kit.running():
        yield kit


async def signed_in(kit: Kit, login: str) -> Browser:
    made = kit.browser()
    await made.sign_in(login)
    return made


async def test_a_supervisor_sees_a_group_as_a_whole(kit: Kit) -> None:
    boss = await signed_in(kit, "boss")
    found = await boss.http.get("/api/groups", params={"where": "loyalty>=70", "offer": "wealth"})
    assert found.status_code == 200
    assert found.json() == {
        "size": 3,
        "segments": {"gold": 3},
        "means": {"loyalty": 80.0},
        "expected_value": 12.5,
    }
    for wrong in (["shoe_size>40"], ["loyalty>=70"] * 21):
        refused = await boss.http.get("/api/groups", params={"where": wrong})
        assert refused.status_code == 400


async def test_an_agent_is_refused(kit: Kit) -> None:
    wang = await signed_in(kit, "wang")
    refused = await wang.http.get("/api/groups", params={"where": "loyalty>=70"})
    assert refused.status_code == 403
