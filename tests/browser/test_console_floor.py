"""The page on which supervisors act: queues, announcements, waiting callers, skills."""

import time
from pathlib import Path

import pytest
from playwright.async_api import Page, expect

from agent_console.messages import SkillChoice
from agent_console.testing_floor import FakeFloor
from tests.browser.conftest import Console
from tests.browser.floor_samples import callers, people
from tests.browser.test_console_board import _TOO_WIDE, shoot

pytestmark = pytest.mark.browser


@pytest.fixture
def floor(console: Console) -> FakeFloor:
    made = console.board.floor
    made.callers, made.people = callers(time.time()), people()
    return made


@pytest.fixture
async def page(floor: FakeFloor, boss_page: Page) -> Page:
    del floor  # what the page will show
    await boss_page.get_by_test_id("nav-floor").click()
    await expect(boss_page.get_by_test_id("waiting").locator("tbody tr")).to_have_count(3)
    return boss_page


async def test_a_queue_is_closed_for_a_reason_and_opened_again(
    page: Page, floor: FakeFloor
) -> None:
    vip = page.get_by_test_id("floor-queues").locator("li[data-queue=vip]")
    await vip.get_by_role("button", name="关闭队列：贵宾专线").click()
    confirm = vip.get_by_test_id("confirm")
    await expect(confirm).to_be_disabled()
    await vip.get_by_label("原因（将记入审计）").fill("消防演习")
    floor.refuse_with = "engine_away"
    await confirm.click()
    await expect(vip.get_by_role("alert")).to_contain_text("电话系统")
    floor.refuse_with = None
    await confirm.click()
    await expect(vip).to_have_attribute("data-closed", "true")
    await expect(vip).to_contain_text("boss")
    await expect(vip).to_contain_text("消防演习")
    assert floor.acts == [("close_queue", "vip", "消防演习", "boss")]
    for language in ("zh", "en"):
        await shoot(page, f"floor-{language}")
        assert await page.evaluate(_TOO_WIDE) == []
        await page.get_by_test_id("language").click()
    await page.get_by_test_id("nav-board").click()
    await expect(page.locator("tr[data-queue=vip]")).to_contain_text("已关闭")
    await page.get_by_test_id("nav-floor").click()
    await vip.get_by_role("button", name="重新开放队列：贵宾专线").click()
    await vip.get_by_test_id("confirm").click()
    await expect(vip).to_have_attribute("data-closed", "false")
    assert floor.acts[-1] == ("open_queue", "vip", "boss")


async def test_announcements_are_made_in_three_ways_and_switched(
    page: Page, floor: FakeFloor, tmp_path: Path
) -> None:
    maker = page.get_by_test_id("maker")
    await expect(maker.get_by_test_id("words-zh")).to_be_disabled()
    await maker.get_by_test_id("words-en").fill("All our lines are down.")
    await maker.get_by_test_id("make").click()
    await expect(maker.get_by_role("status").last).to_contain_text("公告已生成")
    await maker.get_by_test_id("way-recorded").check(force=True)
    await maker.get_by_test_id("recording-title").fill("线路故障")
    sound = tmp_path / "storm.wav"
    sound.write_bytes(b"RIFF" + bytes(100))
    await maker.get_by_test_id("recording-file").set_input_files(sound)
    await maker.get_by_test_id("make").click()
    listed = page.get_by_test_id("announcements").locator("li[data-announcement]")
    await expect(listed).to_have_count(2)
    await maker.get_by_test_id("way-prompt").check(force=True)
    await maker.get_by_test_id("prompt").select_option("all_agents_busy")
    await maker.get_by_test_id("make").click()
    await expect(listed).to_have_count(3)
    storm = listed.filter(has_text="线路故障")
    await storm.get_by_role("button", name="开启公告：线路故障").click()
    await storm.get_by_label("原因（将记入审计）").fill("光缆中断")
    await storm.get_by_test_id("confirm").click()
    playing = page.get_by_test_id("playing")
    await expect(playing).to_contain_text("光缆中断")
    await shoot(page, "floor-playing-zh")
    await page.get_by_test_id("nav-board").click()
    await expect(page.get_by_role("status").filter(has_text="光缆中断")).to_be_visible()
    await page.get_by_test_id("nav-floor").click()
    await playing.get_by_role("button", name="停止播放").click()
    await playing.get_by_test_id("confirm").click()
    await expect(playing).to_have_count(0)
    assert [act[0] for act in floor.acts] == [
        "make_announcement",
        "record_announcement",
        "make_announcement",
        "switch_on",
        "switch_off",
    ]


async def test_callers_are_moved_and_put_first(
    page: Page, console: Console, floor: FakeFloor
) -> None:
    table = page.get_by_test_id("waiting")
    second = table.locator("tr[data-call=c2]")
    await second.get_by_role("combobox").select_option("vip")
    await second.get_by_role("spinbutton").fill("50")
    await second.get_by_role("button").click()
    await expect(table.get_by_role("status")).to_contain_text("已执行")
    assert console.engine.commands == [("move_call", "c2", "vip", "50", "boss")]
    await expect(table.locator("tr[data-call=c3]")).to_contain_text("正在振铃")
    console.engine.refuse_with = "queue_closed"
    first = table.locator("tr[data-call=c1]")
    await first.get_by_role("spinbutton").fill("7")
    await first.get_by_role("button").click()
    await expect(page.get_by_test_id("problem")).to_contain_text("该队列已关闭")


async def test_skills_and_team_change_at_once(
    page: Page, console: Console, floor: FakeFloor
) -> None:
    skills = page.get_by_test_id("skills")
    await skills.get_by_role("searchbox").fill("林小雨")
    await expect(skills.locator("li")).to_have_count(1)
    await skills.get_by_role("button", name="修改技能：林小雨").click()
    await skills.get_by_label("信用卡", exact=True).check()
    await skills.get_by_label("次序：信用卡").fill("2")
    await skills.get_by_label("普通客服", exact=True).uncheck()
    await skills.get_by_label("班组", exact=True).fill("信用卡组")
    await shoot(page, "floor-skills-zh")
    await skills.get_by_role("button", name="立即生效").click()
    await expect(skills.get_by_role("status")).to_contain_text("已生效")
    assert console.engine.commands == [("order_skills", "1002", "vip/3,cards/2", "boss")]
    assert floor.acts == [("set_team", "1002", "信用卡组")]
    assert SkillChoice(queue="vip", penalty=3) in floor.people[1].skills


async def test_a_telephone_is_wide_enough(page: Page) -> None:
    await page.set_viewport_size({"width": 390, "height": 844})
    await shoot(page, "floor-phone-zh")
    assert await page.evaluate("document.documentElement.scrollWidth") == 390
