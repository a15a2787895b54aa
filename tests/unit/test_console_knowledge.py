"""The knowledge base over HTTP: who reads, who writes, versions, scripts for a call."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent_console.knowledge.files import read, stored
from tests.unit.console_kit import Browser, Kit

ARTICLES = Path(__file__).parents[2] / "hotline/demo/knowledge.yaml"
BASE = "/api/knowledge"
LOAN = f"{BASE}/articles/loan-early-repayment"


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path)
    await kit.add("wang", "1001")
    await kit.add("boss", None)
    await kit.add("root", None, role="admin")
    for article_id, draft in read(ARTICLES).items():
        article = stored(article_id, draft, None, by="root", now=kit.clock())
        assert article is not None
        assert await kit.knowledge.save(article)
    async with kit.running():
        yield kit


async def seat(kit: Kit, login: str) -> Browser:
    browser = kit.browser()
    await browser.sign_in(login)
    return browser


async def get(browser: Browser, path: str, **query: str) -> Any:
    answer = await browser.http.get(path, params=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


async def test_agents_find_articles_and_scripts(kit: Kit) -> None:
    wang = await seat(kit, "wang")
    [hit] = await get(wang, BASE, q="违约金")
    assert hit["article_id"] == "loan-early-repayment"
    assert "违约金" in hit["snippet"]["zh"]
    assert hit["has_script"]
    assert [h["article_id"] for h in await get(wang, BASE, q="compensation")] == []
    [script] = await get(wang, f"{BASE}/scripts", topic="complaint")
    assert script["script"]["en"].startswith("I am sorry")
    assert await get(wang, f"{BASE}/scripts") == []
    article = await get(wang, LOAN)
    assert (article["version"], article["may_write"], article["topics"]) == (1, False, ["loans"])
    assert await get(wang, f"{BASE}/rights") == {"departments": [], "everywhere": False}


async def test_what_is_for_leaders_does_not_exist_for_agents(kit: Kit) -> None:
    wang, boss = await seat(kit, "wang"), await seat(kit, "boss")
    path = f"{BASE}/articles/compensation-rules"
    for target in (path, f"{path}/versions", f"{path}?version=1", f"{BASE}/articles/no-such"):
        assert (await wang.http.get(target)).status_code == 404
    assert (await get(boss, path))["audience"] == "leaders"
    assert [h["article_id"] for h in await get(boss, BASE, q="补偿权限")] == ["compensation-rules"]


async def test_only_the_departments_editors_write_and_nobody_overwrites(kit: Kit) -> None:
    wang, root = await seat(kit, "wang"), await seat(kit, "root")
    await kit.knowledge.set_editor("wang", "loans", True)
    draft = {
        "department": "loans",
        "version": 1,
        "topics": ["loans"],
        "title_zh": "提前还款新规",
        "body_zh": "违约金取消",
    }
    answer = await wang.http.put(LOAN, json=draft)
    assert answer.status_code == 200
    changed = answer.json()
    assert (changed["version"], changed["changed_by"], changed["may_write"]) == (2, "wang", True)
    assert changed["title"] == {"zh": "提前还款新规", "en": "提前还款新规"}
    stale = await root.http.put(LOAN, json=draft)
    assert (stale.status_code, stale.json()["code"]) == (409, "newer_article")
    moved = {**draft, "version": 2, "department": "cards"}
    assert (await wang.http.put(LOAN, json=moved)).status_code == 403
    cards = f"{BASE}/articles/card-loss"
    stolen = {**draft, "version": 1}
    assert (await wang.http.put(cards, json=stolen)).status_code == 403
    assert (await wang.http.delete(f"{cards}?version=1")).status_code == 403
    same = await wang.http.put(LOAN, json={**draft, "version": 2})
    assert (same.status_code, same.json()["version"]) == (200, 2)
    versions = await get(wang, f"{LOAN}/versions")
    assert [(v["version"], v["changed_by"]) for v in versions] == [(2, "wang"), (1, "root")]
    first = await get(wang, LOAN, version="1")
    assert first["title"]["en"] == "Repaying a mortgage early"

    assert (await wang.http.delete(f"{LOAN}?version=1")).status_code == 409
    assert (await wang.http.delete(f"{LOAN}?version=2")).status_code == 204
    assert await get(wang, BASE, q="违约金") == []
    assert (await get(wang, LOAN))["archived"]


async def test_what_was_archived_is_found_by_those_who_may_write_it(kit: Kit) -> None:
    wang, li, root = await seat(kit, "wang"), await seat(kit, "boss"), await seat(kit, "root")
    await kit.knowledge.set_editor("wang", "loans", True)
    for article in ("loan-early-repayment", "card-loss"):
        assert (await root.http.delete(f"{BASE}/articles/{article}?version=1")).status_code == 204

    async def found(person: Browser, words: str) -> list[str]:
        hits = await get(person, BASE, q=words, which="archived")
        return [hit["article_id"] for hit in hits]

    assert await found(wang, "提前还款") == ["loan-early-repayment"]
    assert await found(wang, "repaying") == ["loan-early-repayment"]
    assert await found(wang, "挂失") == [], "another department's"
    assert await found(root, "挂失") == ["card-loss"]
    assert sorted(await found(root, "")) == ["card-loss", "loan-early-repayment"]
    assert await found(root, "?") == []
    assert await found(li, "") == []


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("Bad_Name", {"department": "loans", "title_zh": "x"}, 404),
        ("new", {"department": "loans"}, 400),
        ("new", {"department": "loans", "title_zh": "x" * 201}, 400),
        ("new", {"department": "LOANS", "title_zh": "x"}, 400),
        ("new", {"department": "loans", "title_zh": "x", "topics": ["a b"]}, 400),
        ("new", {"department": "loans", "title_zh": "x", "version": 3}, 409),
    ],
)
async def test_what_makes_no_article_is_refused(
    kit: Kit, path: str, body: dict[str, Any], status: int
) -> None:
    root = await seat(kit, "root")
    answer = await root.http.put(f"{BASE}/articles/{path}", json=body)
    assert answer.status_code == status


async def test_queries_out_of_bounds_are_refused(kit: Kit) -> None:
    wang = await seat(kit, "wang")
    for query in ("q=" + "x" * 201, "limit=0", "limit=51", "topic=No%20", "limit=x"):
        assert (await wang.http.get(f"{BASE}?{query}")).status_code == 400


async def test_an_editor_gets_the_texts_as_they_were_written(kit: Kit) -> None:
    wang, root = await seat(kit, "wang"), await seat(kit, "root")
    path = f"{LOAN}/draft"
    assert (await wang.http.get(path)).status_code == 403
    await kit.knowledge.set_editor("wang", "loans", True)
    first = await get(wang, path)
    assert first["version"] == 1
    only_chinese = {**first, "title_en": "", "body_en": "", "script_en": ""}
    assert (await wang.http.put(LOAN, json=only_chinese)).status_code == 200
    newest = await get(wang, path)
    # Reading fills a language that is missing from the other one; writing must not.
    assert (newest["version"], newest["title_en"]) == (2, "")
    back = await get(wang, path, version="1")
    assert back == {**first, "version": 2}
    assert (await wang.http.put(LOAN, json=back)).json()["version"] == 3
    assert (await wang.http.get(f"{path}?version=9")).status_code == 404
    assert (await root.http.get(f"{BASE}/articles/none/draft")).status_code == 404


async def test_administrators_say_who_writes(kit: Kit) -> None:
    wang, boss, root = [await seat(kit, login) for login in ("wang", "boss", "root")]
    path = f"{BASE}/editors/wang"
    for other in (wang, boss):
        assert (await other.http.get(f"{BASE}/editors")).status_code == 403
        assert (await other.http.put(path, json={"departments": ["loans"]})).status_code == 403
    given = await root.http.put(path, json={"departments": ["loans", "cards"]})
    assert given.status_code == 204
    assert (await get(wang, f"{BASE}/rights"))["departments"] == ["cards", "loans"]
    assert (await root.http.put(path, json={"departments": ["cards"]})).status_code == 204
    assert await get(root, f"{BASE}/editors") == [{"login": "wang", "department": "cards"}]
    assert "cards" in (await get(root, f"{BASE}/rights"))["departments"]
    nobody = await root.http.put(f"{BASE}/editors/nobody", json={"departments": []})
    assert (nobody.status_code, nobody.json()["code"]) == (404, "unknown_user")
    assert (await root.http.put(path, json={"departments": ["Loans"]})).status_code == 400
