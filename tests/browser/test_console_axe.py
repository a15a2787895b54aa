"""axe finds nothing on any page, in any state, in both languages and both themes."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from agent_console.config import WEB_DIST
from agent_console.messages import Consultation
from agent_console.store.work_model import FollowUp
from tests.browser.alarm_samples import raise_alarms
from tests.browser.board_samples import calls_behind
from tests.browser.conftest import PASSWORD, Console
from tests.browser.floor_samples import callers, people
from tests.browser.samples import ARTICLE, candidates, card, pop

pytestmark = pytest.mark.browser

AXE = Path(WEB_DIST).parent / "node_modules/axe-core/axe.min.js"
_RUN = """async () => {
  const found = await axe.run(document, {resultTypes: ['violations']})
  return found.violations.flatMap(rule => rule.nodes.map(node =>
    `${rule.id}: ${node.target.join(' ')}: ${node.failureSummary}`))
}"""


class Examiner:
    """Runs axe over the page as it stands, four times: each language with each theme."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.found: dict[str, list[str]] = {}
        self.runs = 0

    async def look(self, state: str) -> None:
        for language, theme in (("zh", "light"), ("zh", "dark"), ("en", "dark"), ("en", "light")):
            await self._set("lang", "zh-CN" if language == "zh" else "en", "language")
            await self._set("data-theme", theme, "theme")
            said = await self.page.evaluate(_RUN)
            self.runs += 1
            if said:
                self.found[f"{state}, {language}, {theme}"] = said
        await self._set("lang", "zh-CN", "language")

    def faults(self) -> str:
        """Return every fault once, with the first state that has it."""
        first: dict[str, str] = {}
        for state, said in self.found.items():
            for fault in said:
                first.setdefault(fault, state)
        return "\n".join(f"{state}: {fault}" for fault, state in first.items())

    async def _set(self, attribute: str, value: str, button: str) -> None:
        # By script: a dialog or a menu that stands open must stay open.
        await self.page.evaluate(
            """([attribute, value, button]) => {
                 if (document.documentElement.getAttribute(attribute) !== value)
                   document.querySelector(`[data-testid=${button}]`).click() }""",
            [attribute, value, button],
        )
        await expect(self.page.locator("html")).to_have_attribute(attribute, value)


@pytest.fixture
async def examiner(chromium: Browser, console: Console) -> AsyncIterator[Examiner]:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed; `make setup` installs it")
    context = await chromium.new_context(
        viewport={"width": 1280, "height": 720}, color_scheme="light", reduced_motion="reduce"
    )
    page = await context.new_page()
    await page.goto(console.url)
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    examiner = Examiner(page)
    yield examiner
    await context.close()


async def enter(page: Page, login: str) -> None:
    await page.fill("input[name=login]", login)
    await page.fill("input[name=password]", PASSWORD)
    await page.press("input[name=password]", "Enter")
    await expect(page.get_by_test_id("line")).to_have_attribute("data-line", "open")


async def test_axe_knows_a_fault(examiner: Examiner) -> None:
    await examiner.page.evaluate("document.body.append(document.createElement('button'))")
    await examiner.look("a button without words")
    assert len(examiner.found) == examiner.runs == 4
    assert all("button-name" in said[0] for said in examiner.found.values())


async def test_an_agents_pages_have_no_fault(
    examiner: Examiner, console: Console, tmp_path: Path
) -> None:
    page, look = examiner.page, examiner.look
    await page.press("input[name=login]", "Enter")
    await look("sign-in")
    await enter(page, "1001")
    console.engine.state("1001", "available")
    await look("waiting for a call, nothing done yet")
    await page.get_by_test_id("pause").click()
    await look("reasons for a pause")
    await page.keyboard.press("Escape")

    console.engine.ring("1001", pop())
    await expect(page.get_by_test_id("loading")).to_be_visible()
    await look("ringing, not known yet")
    console.engine.complete("1001", "c1", card())
    console.engine.connect("1001", "c1")
    await expect(page.get_by_test_id("pop")).to_have_attribute("data-phase", "connected")
    await _work(page)
    await page.get_by_test_id("personal-phone").get_by_role("button").click()
    await expect(page.get_by_test_id("personal-phone").get_by_role("textbox")).to_be_visible()
    await look("on call, follow-up being written, answers noted, a reason asked for")
    await page.get_by_test_id("personal-phone").get_by_role("textbox").press("Escape")
    await expect(page.get_by_test_id("personal-phone").get_by_role("textbox")).to_have_count(0)
    await page.locator(".follow-form button[type=submit]").click()
    console.engine.state("1002", "available")
    await page.keyboard.press("x")
    await expect(page.get_by_test_id("targets").locator("[data-row]")).to_have_count(2)
    await look("choosing to whom the call goes")
    await page.keyboard.press("Escape")
    asked = Consultation(agent_id="1002", asked_by="1001", answered=True)
    console.engine.consultation("1001", "c1", asked)
    await expect(page.get_by_test_id("consult-conference")).to_be_visible()
    await look("a colleague is asked")
    console.engine.consultation("1001", "c1", None)
    console.engine.hang_up("1001", "c1")
    await expect(page.get_by_test_id("ready")).to_be_visible()
    await page.locator("[data-key-target=outcome]").fill("回电")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("outcome")).to_contain_text("已保存")
    await look("wrap-up, searching an outcome")
    unknown: dict[str, Any] = {"number": "", "brief": "unknown", "verified": "none"}
    console.engine.ring("1001", pop("c2", **unknown))
    await expect(page.get_by_role("heading", name="未识别的来电")).to_be_visible()
    console.engine.connect("1001", "c2")
    await expect(page.locator("[data-key-target=find]")).to_be_enabled()
    await page.keyboard.press("Escape")
    await page.keyboard.press("s")
    await page.keyboard.type("王小明")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("found")).to_be_visible()
    await look("two calls, one of nobody we know, somebody found")
    console.engine.withdraw("1001", "c2")
    console.engine.ring("1001", pop("c2", brief="unknown", candidates=candidates()))
    await expect(page.get_by_test_id("candidates")).to_be_visible()
    await look("candidates to choose among")
    console.engine.withdraw("1001", "c2")
    await page.keyboard.press("Escape")
    await page.keyboard.press("?")
    await look("the sheet of keys")
    await page.keyboard.press("Escape")
    console.engine.end_wrap_up("1001")
    await page.get_by_test_id("nav-day").click()
    await expect(page.get_by_test_id("own-calls")).to_be_visible()
    promise = FollowUp(
        follow_up_id="f9", login="1001", kind="task", text="寄送", due_at=1.0, created_at=1.0
    )
    await console.work.add_follow_up(promise)
    await console.leave_message(tmp_path, 60)
    await page.reload()
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    await expect(page.get_by_test_id("due")).to_be_visible()
    await page.get_by_test_id("voice-play").click()
    await expect(page.get_by_test_id("voice").get_by_role("slider")).to_be_visible()
    await look("the day, something due, a message being heard")
    await page.keyboard.press("k")
    await expect(page.get_by_test_id("hits")).to_contain_text("信用卡年费减免")
    await page.get_by_role("button", name="信用卡年费减免").click()
    await expect(page.get_by_test_id("article")).to_contain_text("6 万元")
    await look("an article")
    await console.stop()
    await expect(page.get_by_test_id("line")).to_have_attribute(
        "data-line", re.compile("lost|connecting")
    )
    await look("the server is away")
    assert examiner.faults() == ""


async def _work(page: Page) -> None:
    await page.get_by_test_id("note").fill("客户询问年费减免")
    await page.keyboard.press("Escape")
    await page.keyboard.press("a")
    await page.keyboard.press("2")
    await page.keyboard.press("d")
    await page.keyboard.press("3")
    await page.keyboard.press("l")
    await page.locator("details.score summary").first.click()
    await page.locator(".favour").first.click()
    await page.keyboard.press("f")
    await page.locator(".follow-form .line-field").first.fill("寄送说明")
    await page.locator(".soon button").nth(1).click()
    await expect(page.locator(".told")).to_have_count(3)


async def test_a_supervisors_pages_have_no_fault(examiner: Examiner, console: Console) -> None:
    page, look = examiner.page, examiner.look
    console.engine.state("1001", "paused", "lunch")
    await enter(page, "boss")
    await look("takes no calls")
    await page.keyboard.press("g")
    await page.get_by_test_id("add-condition").click()
    await page.locator(".condition input").fill(str(time.localtime().tm_year))
    await look("conditions")
    await page.get_by_test_id("group-search").click()
    await expect(page.get_by_test_id("group-size")).to_have_text("18,420")
    await look("a group")
    await page.locator(".condition select").first.select_option("city_code")
    await page.locator(".condition input").fill("010")
    await page.get_by_test_id("group-search").click()
    await expect(page.get_by_role("alert").filter(has_text="不正确")).to_be_visible()
    await look("a refusal, and what was found is old")
    await page.locator(".condition select").first.select_option("rfm")
    await page.locator(".condition input").fill("111")
    await page.get_by_test_id("group-search").click()
    await expect(page.get_by_text("没有符合所有条件的客户")).to_be_visible()
    await look("nobody found")
    await page.keyboard.press("Escape")
    await page.keyboard.press("b")
    console.board.behind = calls_behind(time.time())
    await page.locator("tr[data-queue=service] td:nth-child(8) button").click()
    await expect(page.get_by_test_id("board-calls").locator("tbody tr")).to_have_count(24)
    await look("the board, and calls behind a number")
    await raise_alarms(console)
    await expect(page.get_by_test_id("alarms")).to_be_visible()
    await page.get_by_test_id("acknowledge").first.click()
    await page.get_by_test_id("alarm-log").click()
    await expect(page.get_by_test_id("alarm-list").locator("li")).to_have_count(4)
    await look("the board with alarms, and their list")
    console.board.floor.callers = callers(time.time())
    console.board.floor.people = people()
    await page.get_by_test_id("nav-floor").click()
    await expect(page.get_by_test_id("waiting").locator("tbody tr")).to_have_count(3)
    await page.locator("li[data-queue=vip] button").click()
    await page.get_by_test_id("skills").locator("li button").first.click()
    await page.get_by_test_id("words-en").fill("All lines are down.")
    await page.get_by_test_id("make").click()
    await page.locator("li[data-announcement] button").first.click()
    await look("the floor: a queue to close, skills to change, an announcement to switch on")
    await (
        page.get_by_test_id("confirm")
        .nth(1)
        .locator("xpath=..")
        .get_by_role("textbox")
        .fill("storm")
    )
    await page.get_by_test_id("confirm").nth(1).click()
    await expect(page.get_by_test_id("playing")).to_be_visible()
    await look("the floor with an announcement that is on")
    assert examiner.faults() == ""


async def test_an_administrators_pages_have_no_fault(examiner: Examiner, console: Console) -> None:
    page, look = examiner.page, examiner.look
    await enter(page, "root")
    await page.keyboard.press("u")
    await page.locator("[data-login='1001']").click()
    await expect(page.get_by_test_id("writes")).to_be_visible()
    await look("somebody who is not signed in")
    await page.get_by_test_id("own-sessions").click()
    await expect(page.get_by_test_id("sessions").locator("li")).to_have_count(1)
    await look("one's own sign-ins")
    await page.keyboard.press("k")
    await page.get_by_role("button", name=ARTICLE.title_zh).click()
    await page.get_by_test_id("article-history").click()
    await expect(page.get_by_test_id("versions").locator("li")).to_have_count(1)
    await look("an article's history")
    await page.keyboard.press("w")
    await page.fill("[name=title_zh]", "新的标题")
    fields = {name: getattr(ARTICLE, name) for name in ARTICLE.__struct_fields__}
    assert await console.knowledge.save(type(ARTICLE)(**(fields | {"version": 2})))
    await page.get_by_test_id("article-save").click()
    await expect(page.locator(".article-theirs")).to_be_visible()
    await look("an article that somebody else has changed")
    assert examiner.faults() == ""
