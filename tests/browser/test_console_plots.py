"""Plots, reports and the turning wall in Chromium: sizes, languages, tables, files, keys."""

from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from cti.history.figures import Figures
from tests.browser.conftest import Console
from tests.browser.test_console_axe import AXE, Examiner
from tests.browser.test_console_board import _TOO_WIDE, shoot

pytestmark = pytest.mark.browser

_CARDS = ("arrivals", "waiting", "waits", "funnel", "offers", "scores")
_DRAWN = """() => [...document.querySelectorAll('.plot canvas')].map(canvas => {
  const pixels = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data
  let drawn = 0
  for (let at = 3; at < pixels.length; at += 4) drawn += pixels[at] > 0
  return drawn
})"""


@pytest.fixture
async def page(boss_page: Page) -> Page:
    return boss_page


async def turn_to(page: Page, name: str) -> None:
    """Press the board's key until that page of it is there."""
    for _ in range(3):
        await page.keyboard.press("b")
        if await page.evaluate("location.hash") == f"#/{name}":
            return
    raise AssertionError(name)


async def test_the_plots_fit_and_are_drawn(page: Page) -> None:
    await turn_to(page, "plots")
    for name in _CARDS:
        await expect(page.get_by_test_id(f"plot-{name}")).to_be_visible()
    for width, height in ((1280, 720), (1440, 900)):
        await page.set_viewport_size({"width": width, "height": height})
        for language in ("zh", "en"):
            for theme in ("light", "dark"):
                await shoot(page, f"plots-{width}x{height}-{language}-{theme}")
                await page.get_by_test_id("theme").click()
            assert await page.evaluate(_TOO_WIDE) == []
            assert await page.evaluate("document.documentElement.scrollHeight") == height
            await page.get_by_test_id("language").click()
    drawn = await page.evaluate(_DRAWN)
    assert len(drawn) == 3
    assert min(drawn) > 500, "a plot is empty"
    await expect(page.get_by_test_id("plot-arrivals")).to_contain_text("最近 8 个相同星期几")


async def test_every_plot_is_also_a_table(page: Page) -> None:
    await turn_to(page, "plots")
    for name in _CARDS:
        await page.get_by_test_id(f"table-{name}").click()
        table = page.get_by_test_id(f"plot-{name}").locator("table")
        assert await table.locator("tbody tr").count() >= 4
    rows = page.get_by_test_id("plot-arrivals").locator("tbody tr")
    await expect(rows).to_have_count(96)
    await expect(rows.nth(95).locator("td").first).to_have_text("–")
    assert await page.evaluate(_TOO_WIDE) == []
    await page.get_by_test_id("plots-queue").select_option("vip")
    await expect(page.get_by_test_id("plot-waits").locator("tbody tr")).to_have_count(9)


async def test_an_empty_day_says_so(page: Page, console: Console) -> None:
    console.figures.stored = Figures()
    await turn_to(page, "plots")
    for name in _CARDS:
        await expect(page.get_by_test_id(f"plot-{name}").locator(".plot-empty")).to_be_visible()
    await shoot(page, "plots-empty-zh")
    await turn_to(page, "reports")
    await expect(page.get_by_text("该期间没有数据")).to_be_visible()
    await expect(page.get_by_test_id("file-csv")).to_be_disabled()


async def test_reports_are_chosen_sorted_and_taken_away(page: Page, tmp_path: Path) -> None:
    await turn_to(page, "reports")
    table = page.get_by_test_id("report-table")
    await expect(table.locator("tbody tr").first).to_be_visible()
    await page.get_by_test_id("what-segments").check(force=True)
    await page.get_by_test_id("period").select_option("week")
    await page.get_by_test_id("by").select_option("whole")
    await expect(table.locator("tbody tr")).to_have_count(5)
    await expect(table).to_contain_text("钻石客户")
    await table.get_by_role("button", name="自助解决", exact=True).click()
    solved = await table.locator("tbody tr td:nth-child(4)").all_inner_texts()
    counts = [int(text.replace(",", "")) for text in solved]
    assert counts == sorted(counts, reverse=True) != [0] * 5
    for width, height in ((1280, 720), (1440, 900)):
        await page.set_viewport_size({"width": width, "height": height})
        for language in ("zh", "en"):
            await shoot(page, f"reports-{width}x{height}-{language}")
            assert await page.evaluate(_TOO_WIDE) == []
            assert await page.evaluate("document.documentElement.scrollHeight") == height
            await page.get_by_test_id("language").click()
    for form, beginning in (("csv", "时段,客户等级".encode()), ("xlsx", b"PK")):
        async with page.expect_download() as taken:
            await page.get_by_test_id(f"file-{form}").click()
        file = tmp_path / (await taken.value).suggested_filename
        await (await taken.value).save_as(file)
        assert file.name.startswith("segments-")
        assert file.read_bytes().removeprefix(b"\xef\xbb\xbf").startswith(beginning)
    await page.get_by_test_id("what-nodes").check(force=True)
    await page.get_by_test_id("by").select_option("quarter")
    await expect(page.get_by_test_id("report-size")).to_contain_text("最新 1,000 行")
    await page.get_by_test_id("first").fill("2020-01-01")
    await expect(page.locator(".failure")).to_contain_text("时间范围过长")
    await page.reload()
    await expect(page.get_by_test_id("by")).to_have_value("quarter")


async def test_the_wall_turns_its_pages(page: Page) -> None:
    await page.clock.install()
    await page.set_viewport_size({"width": 1920, "height": 1080})
    await page.keyboard.press("b")
    await page.get_by_test_id("wall").click()
    wall, progress = page.get_by_test_id("wall-view"), page.get_by_test_id("wall-progress")
    await expect(wall).to_have_attribute("data-page", "board")
    await page.clock.run_for(21_000)
    await expect(wall).to_have_attribute("data-page", "arrivals")
    await page.keyboard.press(" ")
    await page.clock.run_for(60_000)
    await expect(wall).to_have_attribute("data-page", "arrivals")
    await expect(page.get_by_test_id("wall-pause")).to_contain_text("已暂停")
    for name in ("arrivals", "waits", "menu", "people"):
        await expect(wall).to_have_attribute("data-page", name)
        await expect(page.locator(".plot").first).to_be_visible()
        await shoot(page, f"wall-{name}-zh")
        assert await page.evaluate(_TOO_WIDE) == []
        smallest = await page.evaluate(
            """() => Math.min(...[...document.querySelectorAll('.plot *')]
              .filter(e => [...e.childNodes].some(n => n.nodeType === 3 && n.data.trim()))
              .filter(e => e.offsetParent !== null)
              .map(e => parseFloat(getComputedStyle(e).fontSize)))"""
        )
        assert smallest >= 22, "five metres away 22 px of 1080 are the least"
        await page.keyboard.press("ArrowRight")
    await expect(wall).to_have_attribute("data-page", "board")
    await page.keyboard.press(" ")
    await page.clock.run_for(5_000)
    assert 3 <= int(await progress.get_attribute("value") or 0) <= 7
    await page.keyboard.press("Escape")
    await expect(wall).to_have_count(0)


async def test_on_a_telephone_plots_and_reports_stand_in_a_row(page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    for name in ("plots", "reports"):
        await turn_to(page, name)
        await expect(page.get_by_test_id(name).locator(".panel").first).to_be_visible()
        await page.evaluate("() => new Promise(requestAnimationFrame)")
        await shoot(page, f"{name}-phone-zh")
        assert await page.evaluate("document.documentElement.scrollWidth") == 390


async def test_axe_finds_nothing(page: Page, console: Console) -> None:
    if not AXE.is_file():
        pytest.skip("axe-core is not installed; `make setup` installs it")
    await page.evaluate(AXE.read_text(encoding="utf-8"))
    examiner = Examiner(page)
    await turn_to(page, "plots")
    await expect(page.get_by_test_id("plot-scores")).to_be_visible()
    await page.get_by_test_id("table-arrivals").click()
    await examiner.look("the plots, one as a table")
    await turn_to(page, "reports")
    await expect(page.get_by_test_id("report-table")).to_be_visible()
    await examiner.look("a report")
    assert examiner.faults() == ""
