"""The page in a real Chromium, against a real server with an engine that the test drives."""

import re
import time
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest
from playwright.async_api import Browser, BrowserContext, Page, expect

from agent_console.messages import Consultation
from agent_console.store import Session
from agent_console.store.work_model import FollowUp
from crm_lookup.model import Text
from tests.browser.conftest import PASSWORD, Console
from tests.browser.samples import candidates, card, pop

pytestmark = pytest.mark.browser

SHOTS = Path(__file__).resolve().parents[2] / "test-results"


@pytest.fixture
async def context(chromium: Browser) -> AsyncIterator[BrowserContext]:
    context = await chromium.new_context(
        viewport={"width": 1280, "height": 720}, color_scheme="light", reduced_motion="reduce"
    )
    yield context
    await context.close()


@pytest.fixture
async def page(context: BrowserContext, console: Console) -> AsyncIterator[Page]:
    """A page that must stay free of errors, of refusals by the policy and of foreign requests."""
    page = await context.new_page()
    complaints: list[str] = []
    foreign: list[str] = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda entry: complaints.append(entry.text) if _is_bad(entry) else None)
    page.on(
        "request",
        lambda request: foreign.append(request.url) if console.url not in request.url else None,
    )
    await page.goto(console.url)
    yield page
    assert complaints == []
    assert foreign == []


def _is_bad(entry: Any) -> bool:
    # A refused sign-in and a server that is down are shown there by the browser itself.
    expected = re.search(r"status of 401|ERR_CONNECTION_REFUSED|WebSocket connection", entry.text)
    return entry.type in {"error", "warning"} and expected is None


async def sign_in(page: Page, login: str = "1001", password: str = PASSWORD) -> None:
    await page.fill("input[name=login]", login)
    await page.fill("input[name=password]", password)
    await page.press("input[name=password]", "Enter")


async def on_duty(page: Page, console: Console, login: str = "1001") -> None:
    await sign_in(page, login)
    await expect(page.get_by_test_id("line")).to_have_attribute("data-line", "open")
    console.engine.state(login, "available")
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "available")


async def test_the_page_says_why_a_call_came_and_that_it_shows_it(
    page: Page, console: Console
) -> None:
    await on_duty(page, console)
    why = Text(zh="客户上次由您接待", en="You served this customer last time")
    console.engine.ring("1001", pop(pop_id="c1/1001/7", route=(why,)))
    await expect(page.get_by_test_id("route")).to_have_text(why.zh)
    await page.get_by_test_id("language").click()
    await expect(page.get_by_test_id("route")).to_have_text(why.en)
    await console.stop()
    await expect(page.get_by_test_id("line")).not_to_have_attribute("data-line", "open")
    await console.start()
    await expect(page.get_by_test_id("line")).to_have_attribute(
        "data-line", "open", timeout=20_000
    )
    await expect(page.get_by_test_id("pop")).to_be_visible()
    # The same page says it again to the new server, under the same name.
    told = {(agent, pop_id) for agent, pop_id, _ in console.engine.seen}
    assert told == {("1001", "c1/1001/7")}
    assert len({name for _, _, name in console.engine.seen}) == 1
    assert len(console.engine.seen) == 2


async def test_an_agent_signs_in_takes_a_call_and_disposes_of_it(
    page: Page, console: Console
) -> None:
    await sign_in(page, password="wrong password")
    await expect(page.get_by_role("alert")).to_contain_text("用户名或密码不正确")
    await sign_in(page)
    await expect(page.get_by_test_id("state")).to_contain_text("未签入")
    await page.get_by_test_id("available").click()
    await expect(page.get_by_test_id("empty")).to_contain_text("正在等待来电")

    console.engine.ring("1001", pop())
    await expect(page.get_by_test_id("pop")).to_have_attribute("data-phase", "ringing")
    await expect(page.get_by_test_id("loading")).to_be_visible()
    await expect(page.get_by_test_id("reason")).to_have_text("信用卡账单")
    console.engine.complete("1001", "c1", card())
    await expect(page.get_by_test_id("caller-name")).to_have_text("王**")
    await expect(page.get_by_test_id("segment")).to_have_text("钻石客户")
    await expect(page.get_by_test_id("verified")).to_contain_text("仅号码匹配")
    await expect(page.get_by_test_id("offers")).to_contain_text("活期余额已闲置 90 天")
    await expect(page.get_by_test_id("announcer")).to_contain_text("来电：王**")

    console.engine.connect("1001", "c1")
    await expect(page.get_by_test_id("pop")).to_have_attribute("data-phase", "connected")
    console.engine.hang_up("1001", "c1")
    await page.get_by_text("需跟进").click()
    await expect(page.get_by_test_id("wrap-up")).to_contain_text("已保存")
    await page.get_by_test_id("extend").click()
    await expect(page.get_by_test_id("wrap-up")).to_contain_text("01:")
    await page.get_by_test_id("ready").click()
    await expect(page.get_by_test_id("empty")).to_be_visible()
    assert console.engine.commands == [
        ("set_available", "1001"),
        ("dispose", "1001", "c1", "follow_up"),
        ("extend_wrap_up", "1001", "60.0"),
        ("ready", "1001"),
    ]
    assert console.engine.shown == [("1001", "c1", 1)]

    await page.get_by_test_id("sign-out").click()
    await expect(page.locator("input[name=login]")).to_be_visible()
    assert console.engine.commands[-1] == ("sign_out", "1001")


async def test_the_pop_is_on_the_screen_at_once(page: Page, console: Console) -> None:
    await on_duty(page, console)
    await page.evaluate(
        """() => { window.seen = new Promise(done => new MutationObserver(() => {
             if (document.querySelector('[data-testid=segment]')) done(Date.now() / 1000)
           }).observe(document.body, {childList: true, subtree: true})) }"""
    )
    sent = time.time()
    console.engine.ring("1001", pop(brief="ready", customer=card()))
    seen = await page.evaluate("() => window.seen")
    assert seen - sent < 1.0


async def test_after_a_reload_everything_is_back(page: Page, console: Console) -> None:
    await on_duty(page, console)
    console.engine.ring("1001", pop(brief="ready", customer=card()))
    console.engine.connect("1001", "c1")
    await page.reload()
    await expect(page.get_by_test_id("caller-name")).to_have_text("王**")
    await expect(page.get_by_test_id("pop")).to_have_attribute("data-phase", "connected")
    console.engine.hang_up("1001", "c1")
    await page.get_by_text("已解决").click()
    await expect(page.get_by_test_id("wrap-up")).to_contain_text("已保存")
    await page.reload()
    await expect(page.get_by_role("radio", name="已解决")).to_be_checked()


async def test_a_pop_that_rang_while_the_server_was_away_is_there_when_it_is_back(
    page: Page, console: Console
) -> None:
    await on_duty(page, console)
    await console.stop()
    await expect(page.get_by_test_id("line")).to_have_attribute(
        "data-line", re.compile("lost|connecting")
    )
    await expect(page.get_by_test_id("pause")).to_be_disabled()
    console.engine.ring("1001", pop(brief="ready", customer=card()))
    await console.start()
    await expect(page.get_by_test_id("caller-name")).to_have_text("王**", timeout=15_000)
    await expect(page.get_by_test_id("line")).to_have_attribute("data-line", "open")


async def test_nobody_sees_a_colleagues_pop(
    page: Page, context: BrowserContext, chromium: Browser, console: Console
) -> None:
    await on_duty(page, console)
    other_context = await chromium.new_context()
    other = await other_context.new_page()
    frames: list[str] = []
    other.on(
        "websocket",
        lambda socket: socket.on("framereceived", lambda text: frames.append(str(text))),
    )
    await other.goto(console.url)
    await on_duty(other, console, "1002")
    console.engine.ring("1001", pop(brief="ready", customer=card()))
    await expect(page.get_by_test_id("pop")).to_be_visible()
    console.engine.state("1002", "paused", "lunch")
    await expect(other.get_by_test_id("state")).to_contain_text("用餐")
    await expect(other.get_by_test_id("pop")).to_have_count(0)
    assert frames
    assert not [frame for frame in frames if "pop_raised" in frame or "王" in frame]
    await other_context.close()


async def test_a_revoked_session_is_shown_the_door(page: Page, console: Console) -> None:
    await on_duty(page, console)
    await console.users.set_disabled("1001", True)
    await expect(page.locator("input[name=login]")).to_be_visible(timeout=3000)
    sessions: list[Session] = list(await console.users.sessions_of("1001", time.time()))
    assert sessions == []


async def test_the_keyboard_is_enough(page: Page, console: Console) -> None:
    await on_duty(page, console)
    await page.get_by_test_id("pause").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("menuitemradio", name="小休")).to_be_focused()
    await page.keyboard.press("ArrowDown")
    await expect(page.get_by_role("menuitemradio", name="用餐")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("state")).to_contain_text("用餐")
    assert console.engine.commands == [("pause", "1001", "lunch")]


@pytest.mark.parametrize("size", [(1280, 720), (1440, 900)], ids=["1280x720", "1440x900"])
async def test_the_page_fits_in_both_languages_and_themes(
    page: Page, console: Console, size: tuple[int, int]
) -> None:
    await page.set_viewport_size({"width": size[0], "height": size[1]})
    await on_duty(page, console)
    SHOTS.mkdir(exist_ok=True)
    for language, theme in (("zh", "light"), ("zh", "dark"), ("en", "dark"), ("en", "light")):
        if (
            await page.locator("html").get_attribute("lang")
            != {"zh": "zh-CN", "en": "en"}[language]
        ):
            await page.get_by_test_id("language").click()
        if await page.locator("html").get_attribute("data-theme") != theme:
            await page.get_by_test_id("theme").click()
        name = f"console-{size[0]}x{size[1]}-{language}-{theme}"
        await _fits(page, size[1])
        await page.screenshot(path=SHOTS / f"{name}-idle.png")
        console.engine.ring("1001", pop(brief="ready", customer=card()))
        console.engine.connect("1001", "c1")
        await expect(page.get_by_test_id("pop")).to_have_attribute("data-phase", "connected")
        await page.keyboard.press("f")
        await _fits(page, size[1])
        await page.screenshot(path=SHOTS / f"{name}.png")
        await page.locator(".follow-actions button").first.click()
        console.engine.hang_up("1001", "c1")
        await expect(page.get_by_test_id("ready")).to_be_in_viewport(ratio=1)
        await expect(page.get_by_test_id("extend")).to_be_in_viewport(ratio=1)
        await _fits(page, size[1])
        await page.screenshot(path=SHOTS / f"{name}-wrap-up.png")
        console.engine.end_wrap_up("1001")
        await expect(page.get_by_test_id("empty")).to_be_visible()
    kept = await console.users.user("1001")
    assert kept is not None
    assert kept.language == "en"


async def _fits(page: Page, height: int) -> None:
    """Nothing is wider than its place, and the page itself does not scroll."""
    too_wide = await page.evaluate(
        """() => [...document.querySelectorAll('body *')]
             .filter(e => e.scrollWidth > e.clientWidth + 1 && e.clientWidth > 1
                          && !e.closest('.unseen') && getComputedStyle(e).display !== 'inline'
                          && getComputedStyle(e).textOverflow !== 'ellipsis')
             .map(e => e.className || e.tagName)"""
    )
    assert too_wide == []
    assert await page.evaluate("document.documentElement.scrollHeight") == height


async def test_what_the_agent_does_in_a_call_reaches_the_server_and_survives_a_reload(
    page: Page, console: Console
) -> None:
    await on_duty(page, console)
    console.engine.ring("1001", pop(brief="ready", customer=card()))
    await page.keyboard.press("a")  # the customer is not on the line yet
    console.engine.connect("1001", "c1")
    await expect(page.get_by_test_id("pop")).to_have_attribute("data-phase", "connected")
    await page.keyboard.press("a")
    await page.keyboard.press("2")
    await page.keyboard.press("d")
    await page.keyboard.press("3")
    await page.keyboard.press("l")
    await expect(page.locator(".told[data-told=true]")).to_have_count(3)
    assert [command[1:] for command in console.engine.commands] == [
        ("1001", "c1", "C0001", "term_deposit", "1", "accepted"),
        ("1001", "c1", "C0001", "fund", "2", "declined"),
        ("1001", "c1", "C0001", "insurance", "3", "presented"),
    ]

    await page.keyboard.press("n")
    await page.keyboard.type("问年费 a d r")  # in a field, keys are letters
    await page.reload()  # before the pause after which it is sent
    await expect(page.get_by_test_id("note")).to_have_value("问年费 a d r")
    await expect(page.get_by_test_id("note-state")).to_contain_text("已保存")
    await expect(page.locator(".told[data-told=true]")).to_have_count(3)
    # They are the server's: another browser shows the same, and what it changes comes here.
    browser = page.context.browser
    assert browser is not None
    other = await (await browser.new_context()).new_page()
    await other.goto(console.url)
    await sign_in(other)
    await expect(other.locator(".told[data-told=true]")).to_have_count(3)
    await other.keyboard.press("a")
    for one in (other, page):
        await expect(one.locator(".told[data-answer=accepted]")).to_have_count(1)
    await other.keyboard.press("d")
    for one in (other, page):
        await expect(one.locator(".told[data-answer=declined]")).to_have_count(2)
    await other.context.close()
    kept = await console.work.call("1001", "c1")
    assert kept is not None
    assert kept.note == "问年费 a d r"

    await page.keyboard.press("f")
    await page.get_by_label("内容").fill("寄送说明")
    await page.get_by_role("button", name="明天 9:00").click()
    await page.reload()
    await expect(page.get_by_label("内容")).to_have_value("寄送说明")
    await page.get_by_role("button", name="安排", exact=True).click()
    await expect(page.locator(".arranged")).to_contain_text("寄送说明")
    console.engine.hang_up("1001", "c1")
    await page.keyboard.press("o")
    await page.keyboard.type("盗刷")  # one of the words by which it is found
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("outcome")).to_contain_text("已保存 · 交易争议")
    await page.keyboard.press("Escape")
    await expect(page.get_by_label("搜索处理结果")).not_to_be_focused()
    await expect(page.get_by_test_id("ready")).to_be_enabled()
    await page.keyboard.press("r")
    await expect(page.get_by_test_id("own-calls")).to_contain_text("交易争议")
    await expect(page.get_by_test_id("own-calls")).to_contain_text("问年费 a d r")
    await page.get_by_role("button", name="标记完成").click()
    await expect(page.get_by_test_id("follow-ups").locator("li")).to_have_attribute(
        "data-done", "true"
    )


async def test_a_callers_message_is_heard_by_keys_and_falls_silent_when_a_call_rings(
    page: Page, console: Console, tmp_path: Path
) -> None:
    await console.leave_message(tmp_path, 60)
    await on_duty(page, console)
    await expect(page.get_by_test_id("due")).to_contain_text("语音留言 60 秒")
    await page.keyboard.press("j")
    voice = page.get_by_test_id("voice")
    await expect(page.get_by_test_id("voice-play")).to_be_focused()
    await page.keyboard.press("Enter")
    await expect(voice).to_have_attribute("data-playing", "true")
    slider = voice.get_by_role("slider")
    await slider.fill("50")
    await expect(voice).to_contain_text(re.compile(r"00:5\d / 01:00"))
    await slider.press("Home")
    await expect(voice).to_contain_text(re.compile(r"00:0\d / 01:00"))
    [look] = console.looks.looks
    assert (look.actor, look.field, look.call_id) == ("1001", "voicemail", "left")

    console.engine.ring("1001", pop())
    await expect(page.get_by_test_id("note-state")).to_have_attribute("data-state", "new")
    console.engine.withdraw("1001", "c1")
    await expect(voice).to_have_attribute("data-playing", "false")
    await page.get_by_test_id("language").click()
    await expect(page.get_by_test_id("voice-play")).to_have_text("Play message")


async def test_notes_typed_while_the_server_is_away_reach_it_later(
    page: Page, console: Console
) -> None:
    await on_duty(page, console)
    console.engine.ring("1001", pop(brief="ready", customer=card()))
    console.engine.connect("1001", "c1")
    await page.get_by_test_id("note").fill("第一句。")
    await expect(page.get_by_test_id("note-state")).to_contain_text("已保存")
    await console.stop()
    await page.get_by_test_id("note").fill("第一句。第二句。")
    await expect(page.get_by_test_id("note-state")).to_contain_text("尚未保存")
    await console.start()
    await expect(page.get_by_test_id("note-state")).to_contain_text("已保存", timeout=20_000)
    kept = await console.work.call("1001", "c1")
    assert kept is not None
    assert kept.note == "第一句。第二句。"


async def test_a_supervisor_finds_a_group_and_takes_its_file(page: Page, console: Console) -> None:
    await sign_in(page, "boss")
    await page.get_by_test_id("nav-groups").click()
    await page.get_by_test_id("add-condition").click()
    await page.locator(".condition select").first.select_option("segment")
    await page.locator(".condition select").last.select_option("gold")
    await page.get_by_test_id("group-search").click()
    await expect(page.get_by_test_id("group-size")).to_have_text("18,420")
    async with page.expect_download() as downloading:
        await page.get_by_test_id("group-export").click()
    download = await downloading.value
    assert download.suggested_filename == "customers.csv"
    assert Path(await download.path()).read_text() == "customer_id,segment\nC1,boss:1\n"
    await page.reload()
    await expect(page.locator(".condition select").last).to_have_value("gold")


async def test_a_promise_that_is_due_is_told_and_stays_until_it_is_settled(
    page: Page, console: Console
) -> None:
    await on_duty(page, console)
    due = page.get_by_test_id("due")
    now = time.time()
    for name, text, at in (("f1", "回电说明年费", now + 1), ("f2", "寄送合同", now + 1.5)):
        await console.work.add_follow_up(
            FollowUp(
                follow_up_id=name,
                login="1001",
                kind="callback",
                text=text,
                due_at=at,
                created_at=now,
                caller="王**",
            )
        )
    # Nobody asked for the list anew: the server's message brings it.
    await expect(due).to_contain_text("回电说明年费", timeout=10_000)
    await expect(due).to_contain_text("另有 1 项")
    await page.reload()
    await expect(due).to_contain_text("回电说明年费")
    await page.get_by_test_id("nav-knowledge").click()
    await page.keyboard.press("j")
    await expect(page.locator("[data-follow-up=f1] button")).to_be_focused()
    await page.get_by_test_id("due-later").click()
    await expect(due).to_contain_text("寄送合同")
    kept = await console.work.follow_up("1001", "f1")
    assert kept is not None
    assert kept.done_at is None
    assert 590 < kept.due_at - time.time() < 610
    await page.get_by_test_id("due-done").click()
    await expect(due).to_have_count(0)
    kept = await console.work.follow_up("1001", "f2")
    assert kept is not None
    assert kept.done_at is not None


async def test_the_agent_asks_a_colleague_and_sends_the_call_on(
    page: Page, console: Console
) -> None:
    await on_duty(page, console)
    console.engine.state("1002", "available")
    console.engine.ring("1001", pop(brief="ready", customer=card()))
    await page.keyboard.press("x")  # nobody has answered yet
    console.engine.connect("1001", "c1")
    control = page.get_by_test_id("call-control")
    await expect(page.get_by_test_id("consult")).to_be_enabled()
    await page.keyboard.press("q")
    targets = page.get_by_test_id("targets")
    await expect(targets.locator("[data-target='1002']")).to_contain_text("林小雨")
    await expect(targets.locator("[data-target=service]")).to_have_count(0)
    await page.keyboard.press("ArrowDown")
    await page.keyboard.press("Enter")
    await expect(control).to_contain_text("正在呼叫林小雨")
    await page.reload()
    await expect(control).to_contain_text("正在呼叫林小雨")
    asked = Consultation(agent_id="1002", asked_by="1001", answered=True)
    console.engine.consultation("1001", "c1", asked)
    await page.get_by_test_id("consult-conference").click()
    await expect(control).to_contain_text("三方通话中")
    await page.get_by_test_id("consult-cancel").click()
    await expect(page.get_by_test_id("transfer")).to_be_enabled()
    await page.keyboard.press("x")
    await page.keyboard.type("客服")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("wrap-up")).to_be_visible()
    assert console.engine.commands == [
        ("consult", "1001", "c1", "1002"),
        ("settle_consultation", "1001", "c1", "conference"),
        ("settle_consultation", "1001", "c1", "cancel"),
        ("transfer", "1001", "c1", "service", "None", ""),
    ]


async def test_two_calls_keep_two_pops_apart(page: Page, console: Console) -> None:
    await on_duty(page, console)
    console.engine.ring("1001", pop(brief="ready", customer=card()))
    console.engine.connect("1001", "c1")
    console.engine.ring("1001", pop("c2", number="", brief="unknown", verified="none"))
    await expect(page.get_by_test_id("caller-name")).to_have_text("未识别的来电")
    tabs = await page.get_by_role("navigation", name="当前来电").bounding_box()
    shown = await page.get_by_test_id("pop").bounding_box()
    assert tabs is not None
    assert shown is not None
    assert tabs["y"] + tabs["height"] <= shown["y"], "the calls stand above what they show"
    await page.get_by_role("button", name="王**").click()
    await expect(page.get_by_test_id("caller-name")).to_have_text("王**")
    console.engine.withdraw("1001", "c2")
    await expect(page.get_by_role("navigation", name="当前来电")).to_have_count(0)


async def test_the_agent_says_which_of_the_candidates_calls(page: Page, console: Console) -> None:
    await on_duty(page, console)
    console.engine.ring("1001", pop(brief="unknown", candidates=candidates()))
    await expect(page.get_by_test_id("candidates")).to_contain_text("昨天从此号码来电")
    await page.get_by_role("button", name="是这位：李**").click()
    await expect(page.get_by_role("button", name="是这位：李**")).to_be_enabled()
    assert console.engine.commands == [("choose_customer", "1001", "c1", "C0002", "2")]
    console.engine.complete("1001", "c1", card())
    await expect(page.get_by_test_id("candidates")).to_have_count(0)
    await expect(page.get_by_test_id("needs")).to_contain_text("账单 3 天后到期")


async def test_the_agent_finds_a_caller_whom_nobody_knows(page: Page, console: Console) -> None:
    await on_duty(page, console)
    console.engine.ring("1001", pop(brief="unknown", verified="none"))
    console.engine.connect("1001", "c1")
    await expect(page.get_by_test_id("pop")).to_have_attribute("data-phase", "connected")
    await page.keyboard.press("s")
    await page.keyboard.type("王小明 0015")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("found")).to_contain_text("王**")
    await page.get_by_role("button", name="是这位：王**").click()
    await expect(page.get_by_role("button", name="是这位：王**")).to_be_enabled()
    assert console.engine.commands == [("choose_customer", "1001", "c1", "C0001", "0")]
    assert console.customers.linked == [("C0001", console.engine.caller)]
    await page.locator("[data-key-target=find]").fill("李娜")
    await page.keyboard.press("Enter")
    await expect(page.get_by_test_id("find-customer")).to_contain_text("没有找到")
    await page.get_by_test_id("prospect").click()
    await expect(page.get_by_test_id("prospect")).to_be_enabled()
    assert console.customers.linked[1:] == [("P-1", console.engine.caller)]
    console.engine.complete("1001", "c1", card())
    await expect(page.get_by_test_id("find-customer")).to_have_count(0)


async def test_the_knowledge_base_helps_in_a_call(page: Page, console: Console) -> None:
    await on_duty(page, console)
    console.engine.ring("1001", pop(brief="ready", customer=card()))
    await expect(page.get_by_test_id("topic-scripts")).to_contain_text("接近免年费标准")
    await page.keyboard.press("k")
    await page.keyboard.type("yearly")  # in either language
    await expect(page.get_by_test_id("hits").get_by_role("button")).to_have_count(1)
    await page.get_by_test_id("hits").get_by_role("button").click()
    await expect(page.get_by_test_id("article")).to_contain_text("钻石客户可直接减免一次")
    await page.get_by_label("搜索知识库").fill("没有这个词")
    await expect(page.get_by_text("没有匹配的文章")).to_be_visible()
