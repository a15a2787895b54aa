"""The live board in Chromium: sizes, languages, the wall, a telephone, drilling, orders."""

import time

import pytest
from msgspec.structs import replace
from playwright.async_api import Page, expect

from cti.core import events as ev
from tests.browser.alarm_samples import all_well, raise_alarms
from tests.browser.board_samples import board_picture, calls_behind, row
from tests.browser.conftest import Console
from tests.browser.test_console_page import SHOTS

pytestmark = pytest.mark.browser

_TOO_WIDE = """() => [...document.querySelectorAll('body *')]
  .filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1 && !e.closest('.unseen'))
  .filter(e => !['auto', 'scroll'].includes(getComputedStyle(e).overflowX)
               && getComputedStyle(e).display !== 'inline')
  .map(e => e.className || e.tagName)"""


@pytest.fixture
async def page(boss_page: Page) -> Page:
    await boss_page.keyboard.press("b")
    await expect(boss_page.get_by_test_id("board-queues")).to_be_visible()
    return boss_page


async def shoot(page: Page, name: str) -> None:
    SHOTS.mkdir(exist_ok=True)
    await page.screenshot(path=SHOTS / f"{name}.png")


async def test_the_board_fits_and_shows_what_happens_at_once(page: Page, console: Console) -> None:
    for width, height in ((1280, 720), (1440, 900)):
        await page.set_viewport_size({"width": width, "height": height})
        for language in ("zh", "en"):
            await shoot(page, f"board-{width}x{height}-{language}")
            assert await page.evaluate(_TOO_WIDE) == []
            assert await page.evaluate("document.documentElement.scrollHeight") == height
            await page.get_by_test_id("language").click()
    service = page.locator("tr[data-queue=service]")
    await expect(service).to_contain_text("普通客服")
    await expect(service.locator(".level")).to_have_attribute("data-mood", "near")
    await expect(page.locator("tr[data-queue=loans] .level")).to_have_attribute("data-mood", "bad")
    await expect(page.locator("tr[data-queue=loans]")).to_have_attribute("data-unserved", "true")
    picture = board_picture(time.time())
    queues = (row("service", 0.9, waiting=9, longest_wait=3.0), *picture.queues[1:])
    console.board.now = replace(picture, queues=queues)
    await expect(service.locator(".strong")).to_have_text("9", timeout=1000)
    await page.get_by_test_id("window-quarter").check(force=True)
    await expect(service.locator(".level")).to_have_text("100%")
    console.board.now = None
    await expect(page.get_by_test_id("board")).to_have_attribute("data-line", "away")
    await expect(page.get_by_role("status").filter(has_text="话务引擎未连接")).to_be_visible()


async def test_each_number_leads_to_its_calls(page: Page, console: Console) -> None:
    console.board.behind = calls_behind(time.time())
    await page.locator("tr[data-queue=service] td:nth-child(8) button").click()
    calls = page.get_by_test_id("board-calls")
    await expect(calls.locator("tbody tr")).to_have_count(24)
    since, *asked = console.board.asked[-1]
    assert asked == ["service", None, "abandoned", 100]
    assert time.time() - 86_400 <= since <= time.time()
    await shoot(page, "board-calls-zh")
    assert await page.evaluate(_TOO_WIDE) == []
    console.board.behind = []
    await page.get_by_test_id("board-agents").get_by_role("button", name="陈思远").click()
    await expect(calls).to_contain_text("该时段没有通话")
    assert console.board.asked[-1][1:3] == (None, "1001")
    await calls.get_by_role("button", name="关闭").click()
    await expect(calls).to_have_count(0)


async def test_callers_who_found_a_queue_closed_are_told_of(page: Page, console: Console) -> None:
    found = page.locator("[data-figure=found_closed]")
    await expect(found).to_have_count(0)
    picture = board_picture(time.time())
    shut, total = (
        replace(one, windows={n: replace(w, found_closed=4) for n, w in one.windows.items()})
        for one in (row("service", 0.9), picture.total)
    )
    await console.board.floor.close_queue("service", "消防演习", "boss")
    console.board.now = replace(picture, total=total, queues=(shut, *picture.queues[1:]))
    console.board.behind = calls_behind(time.time())[:4]
    await expect(found).to_have_text("4 人遇关闭")
    await found.click()
    await expect(page.get_by_test_id("board-calls")).to_contain_text("遇队列关闭")
    assert console.board.asked[-1][1:4] == ("service", None, "found_closed")
    for language in ("zh", "en"):
        await shoot(page, f"board-found-closed-{language}")
        assert await page.evaluate(_TOO_WIDE) == []
        await page.get_by_test_id("language").click()
    await page.get_by_test_id("totals").get_by_role("button", name="4").click()
    await expect(page.get_by_test_id("board-calls")).to_contain_text("遇队列关闭 · 今日")
    assert console.board.asked[-1][1:4] == (None, None, "found_closed")
    await page.set_viewport_size({"width": 390, "height": 844})
    await shoot(page, "board-found-closed-phone-zh")
    assert await page.evaluate(_TOO_WIDE) == []


async def test_a_supervisor_orders_from_the_board(page: Page, console: Console) -> None:
    await page.get_by_test_id("order-1001").select_option("paused:lunch")
    await page.get_by_test_id("order-1006").select_option("available")
    await expect(page.get_by_test_id("order-1006")).to_have_value("")
    orders = console.engine.commands
    while len(orders) < 2:
        await page.evaluate("() => new Promise(requestAnimationFrame)")
    assert orders == [
        ("order_state", "1001", "paused", "lunch", "boss"),
        ("order_state", "1006", "available", "", "boss"),
    ]


async def test_agents_are_found_sorted_filtered_and_grouped(page: Page) -> None:
    table = page.get_by_test_id("board-agents")
    rows = table.locator("tr[data-agent]")
    await table.get_by_role("button", name="接通").click()
    await expect(rows.first).to_have_attribute("data-agent", "1010")
    await table.get_by_role("button", name="接通").click()  # the other way round
    await expect(rows.first).to_have_attribute("data-agent", "1001")
    await table.get_by_role("button", name="客户等级").click()
    await expect(rows.first.locator(".tier-chip")).to_have_text("钻石客户")
    agents = page.locator(".board-agents")
    await agents.get_by_label("班组", exact=True).select_option("贷款组")
    await agents.get_by_label("状态", exact=True).select_option("on_hold")
    await expect(rows).to_have_count(0)
    await expect(agents).to_contain_text("没有符合条件的坐席")
    await agents.get_by_label("状态", exact=True).select_option("")
    await expect(rows).to_have_count(4)
    await agents.get_by_label("班组", exact=True).select_option("")
    await agents.get_by_test_id("by-team").check()
    await expect(table.locator("tbody[data-team]")).to_have_count(3)
    await expect(table.locator("tbody[data-team='贷款组'] .agent-team")).to_contain_text("4 人")
    for language in ("zh", "en"):
        await shoot(page, f"board-teams-{language}")
        assert await page.evaluate(_TOO_WIDE) == []
        await page.get_by_test_id("language").click()
    await page.get_by_placeholder("按姓名或工号查找").fill("林小")
    await expect(rows).to_have_count(1)
    await expect(table).to_contain_text("振铃")


async def test_a_wall_and_a_telephone(page: Page) -> None:
    await page.set_viewport_size({"width": 1920, "height": 1080})
    await page.get_by_test_id("wall").click()
    await expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    await expect(page.get_by_test_id("sign-out")).to_be_hidden()
    await shoot(page, "board-wall-zh")
    assert await page.evaluate(_TOO_WIDE) == []
    await page.keyboard.press("Escape")
    await expect(page.locator("html")).to_have_attribute("data-theme", "light")
    await page.set_viewport_size({"width": 390, "height": 844})
    await page.get_by_test_id("board").scroll_into_view_if_needed()
    await shoot(page, "board-phone-zh")
    assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_alarms_stand_on_the_board_and_are_seen_by_somebody(
    page: Page, console: Console
) -> None:
    await expect(page.get_by_test_id("alarms")).to_have_count(0)
    await raise_alarms(console)
    strip = page.get_by_test_id("alarms")
    await expect(strip.locator("li.alarm")).to_have_count(3, timeout=1000)
    first = strip.locator("li.alarm").first
    await expect(first).to_contain_text("紧急")
    await expect(first).to_contain_text("客户等待过久 普通客服")
    await expect(page.get_by_test_id("alarm-log")).to_contain_text("4")
    for language in ("zh", "en"):
        await shoot(page, f"board-alarms-{language}")
        assert await page.evaluate(_TOO_WIDE) == []
        await page.get_by_test_id("language").click()
    await first.get_by_test_id("acknowledge").click()
    await expect(strip.locator("li.alarm").first).to_contain_text("话后处理超时 张伟")
    assert [
        (e.subject, e.by) for e in console.recorded if isinstance(e, ev.AlarmAcknowledged)
    ] == [("service", "boss")]
    await page.get_by_test_id("alarm-log").click()
    listed = page.get_by_test_id("alarm-list").locator("li")
    await expect(listed).to_have_count(4)
    await expect(listed.filter(has_text="客户等待过久")).to_contain_text("boss 已知悉")
    await expect(listed.filter(has_text="贷款业务")).to_contain_text("41%（限值 70%）")
    await shoot(page, "board-alarm-list-zh")
    assert await page.evaluate(_TOO_WIDE) == []
    await all_well(console)
    await expect(strip).to_have_count(0)
    await expect(listed.filter(has_text="普通客服")).to_contain_text("持续", timeout=7000)
    await page.locator("tr[data-queue=service] td:nth-child(8) button").click()
    await expect(page.get_by_test_id("alarm-list")).to_have_count(0)


async def test_an_alarm_sounds_only_for_those_who_want_it(page: Page, console: Console) -> None:
    await page.evaluate(
        """() => { window.tones = 0
             const make = AudioContext.prototype.createOscillator
             AudioContext.prototype.createOscillator = function () {
               window.tones += 1; return make.call(this) } }"""
    )
    await raise_alarms(console)
    await expect(page.get_by_test_id("alarms")).to_be_visible()
    assert await page.evaluate("window.tones") == 0
    await all_well(console)
    await page.get_by_test_id("alarm-log").click()
    await page.get_by_test_id("alarm-sound").check()
    heard = await page.evaluate("window.tones")
    assert heard == 2  # so sounds it
    await expect(page.get_by_test_id("alarms")).to_have_count(0)
    await raise_alarms(console)
    await expect(page.get_by_test_id("alarms")).to_be_visible()
    assert await page.evaluate("window.tones") == heard + 3
