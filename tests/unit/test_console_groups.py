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


async def test_a_supervisor_learns_what_can_be_asked_for(kit: Kit) -> None:
    boss = await signed_in(kit, "boss")
    fields = (await boss.http.get("/api/groups/fields")).json()
    assert [each["code"] for each in fields["numbers"]] == ["loyalty"]
    assert fields["words"][0]["values"][0]["text"]["en"] == "Gold"


async def test_an_export_is_taken_under_ones_own_name(kit: Kit) -> None:
    boss = await signed_in(kit, "boss")
    found = await boss.http.post("/api/groups/export", json={"where": ["loyalty>=70"]})
    assert found.json() == {"size": 1, "csv": "customer_id,segment\r\nC1,gold\r\n"}
    assert kit.groups.exports == [("boss", "supervisor", "loyalty>=70")]
    for where, status in ((["shoe_size>40"], 400), (["x"] * 21, 400), ([], 409)):
        refused = await boss.http.post("/api/groups/export", json={"where": where})
        assert refused.status_code == status
    assert len(kit.groups.exports) == 1


async def test_an_agent_exports_nothing(kit: Kit) -> None:
    wang = await signed_in(kit, "wang")
    refused = await wang.http.post("/api/groups/export", json={"where": ["loyalty>=70"]})
    assert refused.status_code == 403
    assert (await wang.http.get("/api/groups/fields")).status_code == 403
    assert kit.groups.exports == []


async def test_an_agent_is_refused(kit: Kit) -> None:
    wang = await signed_in(kit, "wang")
    refused = await wang.http.get("/api/groups", params={"where": "loyalty>=70"})
    assert refused.status_code == 403
