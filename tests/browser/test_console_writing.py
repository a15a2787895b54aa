"""Pages for those in charge, in a real Chromium: who is signed in where, and writing knowledge."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, expect

from agent_console.accounts import create_user
from tests.browser.conftest import PASSWORD, Console, cheap
from tests.browser.samples import ARTICLE
from tests.browser.test_console_page import SHOTS, sign_in

pytestmark = pytest.mark.browser


@asynccontextmanager
async def seat(chromium: Browser, console: Console, login: str) -> AsyncIterator[Page]:
    """A browser of its own in which ``login`` is signed in."""
    context = await chromium.new_context(
        viewport={"width": 1280, "height": 720}, color_scheme="light", reduced_motion="reduce"
    )
    page = await context.new_page()
    await page.goto(console.url)
    await sign_in(page, login, PASSWORD)
    await expect(page.get_by_test_id("line")).to_have_attribute("data-line", "open")
    yield page
    await context.close()


async def shoot(page: Page, name: str) -> None:
    """Keep the page as it is in both languages, themes and sizes; nothing may stick out."""
    SHOTS.mkdir(exist_ok=True)
    for language, theme, width, height in (
        ("zh", "light", 1280, 720),
        ("en", "dark", 1280, 720),
        ("en", "light", 1440, 900),
        ("zh", "dark", 1440, 900),
    ):
        await page.set_viewport_size({"width": width, "height": height})
        for attribute, value, button in (
            ("lang", "zh-CN" if language == "zh" else "en", "language"),
            ("data-theme", theme, "theme"),
        ):
            if await page.locator("html").get_attribute(attribute) != value:
                await page.get_by_test_id(button).click()
            await expect(page.locator("html")).to_have_attribute(attribute, value)
        too_wide = await page.evaluate(
            """() => [...document.querySelectorAll('.page, .top, main, .panel, .panel-body')]
                 .filter(each => each.scrollWidth > each.clientWidth + 1)
                 .map(each => each.className)"""
        )
        assert too_wide == [], (language, theme, width)
        await page.screenshot(path=SHOTS / f"{name}-{language}-{theme}-{width}.png")
    for button in ("language", "theme"):
        if button == "theme":
            await page.get_by_test_id(button).click()
    await page.set_viewport_size({"width": 1280, "height": 720})


async def test_a_supervisor_signs_an_agent_out(chromium: Browser, console: Console) -> None:
    async with seat(chromium, console, "1001") as agent, seat(chromium, console, "boss") as boss:
        await boss.keyboard.press("u")
        await expect(boss.locator('[data-login="1001"]')).to_contain_text("1 个浏览器")
        await expect(boss.locator('[data-login="1002"]')).to_contain_text("未登录")
        await boss.keyboard.type("1001")
        await boss.keyboard.press("ArrowDown")
        await boss.keyboard.press("Enter")
        line = boss.get_by_test_id("sessions").locator("li")
        await expect(line).to_contain_text("Chrome · Linux")
        await shoot(boss, "people")
        end = boss.get_by_test_id("end-session")
        await end.click()
        await expect(agent.get_by_test_id("line")).to_have_attribute("data-line", "open")
        asked = time.monotonic()
        await end.click()
        await expect(agent.locator("input[name=login]")).to_be_visible()
        assert time.monotonic() - asked < 2
        await expect(line).to_have_count(0)
        await expect(boss.locator('[data-login="1001"]')).to_contain_text("未登录")
        # An administrator's browsers are shown, and are not a supervisor's to end.
        async with seat(chromium, console, "root"):
            await boss.locator("[data-key-target=people]").fill("root")
            await boss.locator("[data-login=root]").click()
            await expect(line).to_have_count(1)
            await expect(boss.get_by_test_id("end-session")).to_have_count(0)


async def test_agents_end_their_own_other_browsers(chromium: Browser, console: Console) -> None:
    async with seat(chromium, console, "1001") as here, seat(chromium, console, "1001") as there:
        await here.get_by_test_id("own-sessions").click()
        await expect(here.get_by_test_id("sessions").locator("li")).to_have_count(2)
        await expect(here.get_by_test_id("persons")).to_have_count(0)
        await expect(here.get_by_test_id("end-session")).to_have_count(1)
        await here.get_by_test_id("end-session").click()
        await here.get_by_test_id("end-session").click()
        await expect(there.locator("input[name=login]")).to_be_visible()
        await expect(here.get_by_test_id("sessions").locator("li")).to_have_count(1)


async def test_an_administrator_gives_rights_and_an_editor_writes(
    chromium: Browser, console: Console
) -> None:
    async with seat(chromium, console, "root") as root:
        await root.keyboard.press("u")
        await root.locator('[data-login="1001"]').click()
        await root.get_by_test_id("writes").get_by_role("combobox").fill("cards")
        await root.keyboard.press("Enter")
        await expect(root.get_by_test_id("writes").locator(".chip")).to_have_text("cards")
    assert list(await console.knowledge.departments_of("1001")) == ["cards"]
    async with seat(chromium, console, "1001") as page:
        await page.keyboard.press("k")
        await expect(page.get_by_test_id("article-new")).to_be_visible()
        await page.keyboard.press("Escape")
        await page.keyboard.press("i")
        await page.keyboard.type("失卡补办")  # the first field has the focus
        await page.fill("[name=title_en]", "Replacing a Lost Card")
        await expect(page.locator("[name=article-id]")).to_have_value("replacing-a-lost-card")
        await page.fill("[name=body_zh]", "挂失后七个工作日内寄出新卡。")
        await page.get_by_text("信用卡账单").click()
        await page.reload()
        # What was typed is there again, and was not stored.
        await expect(page.locator("[name=title_zh]")).to_have_value("失卡补办")
        assert await console.knowledge.article("replacing-a-lost-card") is None
        await shoot(page, "article-form")
        await page.locator("[name=title_zh]").focus()
        await page.keyboard.press("Control+Enter")
        await expect(page.get_by_test_id("article")).to_contain_text("七个工作日")
        kept = await console.knowledge.article("replacing-a-lost-card")
        assert kept is not None
        assert (kept.version, kept.changed_by, kept.topics) == (1, "1001", ("card",))
        assert kept.body_en == ""

        await page.keyboard.press("w")
        await page.fill("[name=body_zh]", "挂失后五个工作日内寄出新卡。")
        theirs = {"version": 2, "body_zh": "可在网点当场领取。", "changed_by": "root"}
        changed = {name: getattr(kept, name) for name in kept.__struct_fields__} | theirs
        assert await console.knowledge.save(type(kept)(**changed))
        await page.get_by_test_id("article-save").click()
        await expect(page.locator(".article-refused")).to_contain_text("对方的版本")
        await expect(page.locator(".article-theirs")).to_contain_text("当场领取")
        await page.get_by_role("button", name="保留我的版本").click()
        await page.get_by_test_id("article-save").click()
        await expect(page.get_by_test_id("article")).to_contain_text("五个工作日")

        await page.get_by_test_id("article-history").click()
        lines = page.get_by_test_id("versions").locator("li")
        await expect(lines).to_have_count(3)
        await lines.nth(2).get_by_role("button").click()
        await expect(page.get_by_test_id("article")).to_contain_text("七个工作日")
        await shoot(page, "article-history")
        await page.get_by_test_id("article-edit").click()
        await page.get_by_test_id("article-save").click()
        await expect(page.get_by_test_id("article")).to_have_attribute("data-version", "4")
        await page.get_by_test_id("article-archive").click()
        await page.get_by_test_id("article-archive").click()
        await expect(page.get_by_test_id("article")).to_contain_text("已归档")
        await expect(page.get_by_test_id("hits")).not_to_contain_text("失卡补办")
        await page.get_by_test_id("archived").check()
        await expect(page.get_by_test_id("hits")).to_contain_text("失卡补办")
        await shoot(page, "article-archived")


async def test_who_keeps_no_department_only_reads(chromium: Browser, console: Console) -> None:
    async with seat(chromium, console, "1002") as page:
        await page.keyboard.press("k")
        await page.get_by_role("button", name=ARTICLE.title_zh).click()
        await expect(page.get_by_test_id("article")).to_be_visible()
        await expect(page.get_by_test_id("article-history")).to_be_visible()
        for button in ("article-new", "article-edit", "article-archive", "archived"):
            await expect(page.get_by_test_id(button)).to_have_count(0)


async def test_the_head_has_room_for_somebody_with_every_page_and_a_phone(
    chromium: Browser, console: Console
) -> None:
    await create_user(
        console.users,
        cheap(),
        login="lead",
        display_name="欧阳思远",
        role="admin",
        password=PASSWORD,
        now=time.time(),
        agent_id="1009",
    )
    async with seat(chromium, console, "lead") as page:
        console.engine.state("1009", "paused", "training")
        await page.get_by_test_id("language").click()
        await expect(page.get_by_test_id("state")).to_contain_text("Paused")
        for width in (1280, 1440):
            await page.set_viewport_size({"width": width, "height": 720})
            assert await page.evaluate("document.querySelector('.page').scrollWidth") == width
            box = await page.get_by_test_id("sign-out").bounding_box()
            assert box is not None
            assert box["x"] + box["width"] <= width
