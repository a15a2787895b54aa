"""A caller whom nobody knows: search by right, masked, limited and audited; link; new prospect."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from agent_console.rest_customers import SEARCHES
from tests.unit.console_kit import Browser, Kit, card, pop

SEARCH = "/api/customers/search"


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path)
    await kit.add("wang", "1001")
    await kit.add("li", "1002")
    await kit.add("boss", None)
    async with kit.running():
        yield kit


@pytest.fixture
async def wang(kit: Kit) -> Browser:
    browser = kit.browser()
    await browser.sign_in("wang")
    return browser


async def ring(kit: Kit, browser: Browser, **changes: object) -> None:
    """Let a stranger's call ring at the desk, which a page shows."""
    async with browser.page() as page:
        await page.read_all(2)
        kit.engine.ring("1001", pop("c1", **{"verified": "none", "brief": "unknown", **changes}))
        await page.read()


async def test_an_agent_searches_for_the_caller_whom_they_have(kit: Kit, wang: Browser) -> None:
    query = {"name": "王小明", "call_id": "c1"}
    assert (await wang.http.post(SEARCH, json=query)).status_code == 403
    await ring(kit, wang)
    answer = await wang.http.post(SEARCH, json=query)
    assert answer.status_code == 200
    [found] = answer.json()
    assert (found["customer_id"], found["name"]) == ("C0001", "王**")
    assert "王小明" not in answer.text
    other = kit.browser()
    await other.sign_in("li")
    assert (await other.http.post(SEARCH, json=query)).status_code == 403
    [line] = await kit.lookups.newest(10)
    assert (line.login, line.fields, line.call_id, line.found) == ("wang", "name", "c1", 1)


async def test_supervisors_search_without_a_call(kit: Kit) -> None:
    boss = kit.browser()
    await boss.sign_in("boss")
    answer = await boss.http.post(SEARCH, json={"number": "13800138000", "card_tail": "0015"})
    assert [each["customer_id"] for each in answer.json()] == ["C0001"]
    assert (await kit.lookups.newest(1))[0].fields == "card_tail,number"


@pytest.mark.parametrize(
    "query",
    [
        {},
        {"name": "王"},
        {"card_tail": "0015"},
        {"name": "王小明", "card_tail": "15"},
        {"name": "x" * 81},
        {"name": "王小明", "sql": "1"},
    ],
)
async def test_what_would_find_too_many_is_refused(kit: Kit, query: dict[str, str]) -> None:
    boss = kit.browser()
    await boss.sign_in("boss")
    assert (await boss.http.post(SEARCH, json=query)).status_code == 400
    assert list(await kit.lookups.newest(1)) == []


async def test_searches_are_limited_for_each_person(kit: Kit, wang: Browser) -> None:
    await ring(kit, wang)
    query = {"name": "没有此人", "call_id": "c1"}
    for _ in range(SEARCHES):
        assert (await wang.http.post(SEARCH, json=query)).json() == []
    limited = await wang.http.post(SEARCH, json=query)
    assert (limited.status_code, limited.json()["code"]) == (429, "too_many_searches")
    kit.clock.advance(7)
    assert (await wang.http.post(SEARCH, json=query)).status_code == 200


async def test_the_call_is_linked_and_its_number_remembered(kit: Kit, wang: Browser) -> None:
    path = "/api/calls/c1/customer"
    assert (await wang.http.post(path, json={"customer_id": "C0001"})).status_code == 404
    await ring(kit, wang)
    assert (await wang.http.post(path, json={"customer_id": "nobody"})).status_code == 404
    answer = await wang.http.post(path, json={"customer_id": "C0001"})
    assert answer.json()["customer_id"] == "C0001"
    assert kit.engine.commands[-1] == ("choose_customer", "1001", "c1", "C0001", "0")
    assert kit.customers.linked == [("C0001", kit.engine.caller)]
    once = {"customer_id": "C0001", "remember": False}
    assert (await wang.http.post(path, json=once)).status_code == 200
    assert len(kit.customers.linked) == 1
    kit.engine.refuse_with = "not_now"
    assert (await wang.http.post(path, json={"customer_id": "C0001"})).status_code == 409
    assert len(kit.customers.linked) == 1


async def test_who_is_no_customer_becomes_a_prospect(kit: Kit, wang: Browser) -> None:
    await ring(kit, wang)
    path = "/api/calls/c1/prospect"
    assert (await wang.http.post(path, json={"name": "  "})).status_code == 400
    answer = await wang.http.post(path, json={"name": "赵新", "language": "zh"})
    assert answer.status_code == 200
    made = answer.json()["customer_id"]
    assert kit.engine.commands[-1] == ("choose_customer", "1001", "c1", made, "0")
    assert kit.customers.linked == [(made, kit.engine.caller)]
    assert [line.action for line in await kit.lookups.newest(10)] == ["prospect"]


@pytest.mark.parametrize("verified", ["number", "pin"])
async def test_who_is_known_cannot_be_somebody_else(
    kit: Kit, wang: Browser, verified: str
) -> None:
    await ring(kit, wang, verified=verified, brief="ready", customer=card())
    for path, body in (("customer", {"customer_id": "C0002"}), ("prospect", {"name": "赵新"})):
        answer = await wang.http.post(f"/api/calls/c1/{path}", json=body)
        assert answer.status_code == 409
    assert kit.customers.linked == []
