"""Hearing a call from the board in Chromium: the bar, by keyboard, in both languages; axe."""

import time
from pathlib import Path

import pytest
from msgspec.structs import replace
from playwright.async_api import Browser, Page, expect

from agent_console.config import WEB_DIST
from agent_console.messages import Monitored
from agent_console.monitor_messages import MonitorLine
from tests.browser.board_samples import LEGEND, board_picture
from tests.browser.conftest import PASSWORD, Console
from tests.browser.test_console_axe import _RUN
from tests.browser.test_console_page import SHOTS

pytestmark = pytest.mark.browser

AXE = Path(WEB_DIST).parent / "node_modules/axe-core/axe.min.js"


async def enter(page: Page, console: Console, login: str) -> None:
    await page.goto(console.url)
    await page.fill("input[name=login]", login)
    await page.fill("input[name=password]", PASSWORD)
    await page.press("input[name=password]", "Enter")
    await expect(page.get_by_test_id("line")).to_have_attribute("data-line", "open")


async def clean(page: Page) -> None:
    if AXE.is_file():
        await page.evaluate(AXE.read_text(encoding="utf-8"))
        assert await page.evaluate(_RUN) == []


async def test_a_call_is_heard_from_the_board(chromium: Browser, console: Console) -> None:
    console.board.words = replace(LEGEND, monitor_roles=("supervisor",))
    now = time.time()

    def heard(mode: str, state: str = "running") -> None:
        line = MonitorLine(
            call_id="c2",
            agent_id="1003",
            by="boss",
            mode=mode,  # type: ignore[arg-type] # one of the three
            state=state,  # type: ignore[arg-type] # one of the two
            since=now - 5,
        )
        console.board.now = replace(board_picture(now), monitors=(line,))

    context = await chromium.new_context(
        viewport={"width": 1280, "height": 720}, reduced_motion="reduce"
    )
    page = await context.new_page()
    await enter(page, console, "boss")
    await page.keyboard.press("b")
    await page.get_by_test_id("listen-1003").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("listen-1003")).to_be_enabled()
    assert console.monitoring.orders == [("start", "1003", "listen", "boss")]

    heard("listen", "ringing")
    bar = page.get_by_test_id("monitor-bar")
    await expect(bar).to_contain_text("您的话机正在振铃")
    heard("listen")
    await expect(bar).to_contain_text("双方听不到您")
    SHOTS.mkdir(exist_ok=True)
    await page.screenshot(path=SHOTS / "board-monitor-zh.png")
    await clean(page)
    page.on("dialog", lambda dialog: dialog.accept())
    await page.get_by_test_id("monitor-listen").focus()
    await page.keyboard.press("ArrowRight")
    await expect(page.get_by_test_id("monitor-whisper")).to_be_enabled()
    heard("whisper")
    await expect(page.get_by_test_id("monitor-whisper")).to_be_checked()
    await page.get_by_test_id("monitor-barge").click(force=True)
    heard("barge")
    await page.get_by_test_id("language").click()
    await expect(bar).to_contain_text("and the customer hear you")
    await expect(page.get_by_test_id("monitor-barge")).to_be_checked()
    await page.screenshot(path=SHOTS / "board-monitor-en.png")
    await clean(page)
    await page.get_by_test_id("monitor-stop").click()
    console.board.now = board_picture(now)
    await expect(bar).to_have_count(0)
    assert [each[0] for each in console.monitoring.orders] == ["start", "change", "change", "stop"]
    assert [each[2] for each in console.monitoring.orders[1:3]] == ["whisper", "barge"]
    await context.close()


async def test_the_agent_is_told(chromium: Browser, console: Console) -> None:
    context = await chromium.new_context(reduced_motion="reduce")
    page = await context.new_page()
    await enter(page, console, "1001")
    sign = page.get_by_test_id("monitored")
    console.engine.tell("1001", Monitored(call_id="c", mode="barge"))
    await expect(sign).to_contain_text("客户也能听到")
    await clean(page)
    console.engine.tell("1001", Monitored(call_id="c", mode=None))
    await expect(sign).to_be_empty()
    await context.close()
