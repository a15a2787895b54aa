"""A real call through everything, seen in a real browser: the main job of the product."""

import asyncio
import os
import re
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Page, async_playwright, expect

from crm_lookup.analysis.run import analyse
from cti.core import events
from hotline import db
from hotline.asterisk.books import books_of
from hotline.demo.people import AGENTS, SUPERVISOR
from hotline.demo.site import HOST, Site
from hotline.demo_bank import DEMO_CUSTOMERS, UNKNOWN_NUMBER
from hotline.journal_reader import JournalReader

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.asterisk,
    pytest.mark.timeout(240),
]

PICTURES = Path(os.environ.get("SCREENSHOTS_DIR", "test-results"))
"""Where the screenshots go; the README's were made with SCREENSHOTS_DIR=docs/images."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def page(stack: Site) -> AsyncIterator[Page]:
    """A page on which agent 1001 has signed in and is available."""
    chromium = shutil.which("chromium")
    assert chromium is not None, "no chromium on PATH; `make setup` installs it"
    PICTURES.mkdir(parents=True, exist_ok=True)
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        opened = await browser.new_page(
            viewport={"width": 1440, "height": 900}, locale="zh-CN", timezone_id="Asia/Shanghai"
        )
        problems: list[str] = []
        opened.on("pageerror", lambda error: problems.append(str(error)))
        opened.on(
            "console",
            lambda line: problems.append(line.text) if line.type == "error" else None,
        )
        await opened.goto(f"http://{HOST}:{stack.plan.console}/")
        yield opened
        await browser.close()
    assert [p for p in problems if "401" not in p] == []  # the first look for a session finds none


async def test_the_agent_signs_in_and_takes_calls(stack: Site, page: Page) -> None:
    agent = AGENTS[0]
    await page.get_by_label("用户名").fill(agent.login)
    await page.get_by_label("密码").fill(agent.password)
    await page.keyboard.press("Enter")
    await page.get_by_test_id("available").click()
    await expect(page.locator("header")).to_contain_text("空闲")
    await expect(page.locator("header")).to_contain_text(agent.name)
    shown = stack.exchange.process.command("queue show service")
    assert "1001 (PJSIP/1001)" in shown


async def test_a_real_call_pops_and_is_wrapped_up(stack: Site, page: Page) -> None:
    customer = DEMO_CUSTOMERS[0]
    journal = JournalReader(db.sqlite_path(stack.settings.database_url)).refresh()
    path = db.sqlite_path(stack.settings.database_url)
    assert stack.carrier is not None
    assert (await asyncio.to_thread(analyse, path, as_of=time.time())).customers > 0
    stack.carrier.call(
        "95500",
        caller=customer.number,
        steps=["w4", "d1", "w1", "d1", "w1", "d#", "w1", f"d{customer.pin}#", "w6", "d0"],
    )
    arrived = await journal.wait(events.CallArrived, 10)
    main = page.locator("main")
    await expect(main).to_contain_text("王**", timeout=60_000)
    await expect(main).to_contain_text("138****8000")
    await expect(main).not_to_contain_text(customer.number)
    await journal.wait(events.CallConnected, 10, call_id=arrived.call_id)
    await _sees_what_the_analysis_found(page)
    await page.get_by_test_id("note").fill("询问本月账单，已说明还款日；对存单感兴趣。")
    offered = await _offers(page)
    accepted, declined = offered[:2]
    await page.keyboard.press("Escape")
    await page.keyboard.press("a")
    await page.keyboard.press("2")
    await page.keyboard.press("d")
    await expect(page.locator(".told[data-told=true]")).to_have_count(2)
    await page.keyboard.press("1")
    taken = await journal.wait(events.OfferAccepted, 10, call_id=arrived.call_id)
    refused = await journal.wait(events.OfferDeclined, 10, call_id=arrived.call_id)
    assert (taken.offer_id, refused.offer_id) == (accepted, declined)
    await _another_browser_shows_what_was_noted(stack, page, accepted, declined)
    await page.screenshot(path=PICTURES / "console-zh.png", animations="disabled")
    await _sees_the_whole_number_for_a_reason(stack, page, arrived.call_id)

    await page.set_viewport_size({"width": 1280, "height": 720})
    await page.get_by_test_id("language").click()
    await expect(main).to_contain_text("Gold")
    await page.screenshot(path=PICTURES / "console-en.png", animations="disabled")

    await page.reload()
    await expect(page.locator("main")).to_contain_text("王**")
    await expect(page.get_by_test_id("note")).to_have_value(re.compile("询问本月账单"))

    stack.carrier.hang_up_all()
    await page.get_by_text("Solved", exact=True).click(timeout=10_000)
    await journal.wait(events.CallDisposed, 10, call_id=arrived.call_id)
    await page.screenshot(path=PICTURES / "wrap-up-en.png", animations="disabled")
    await page.get_by_test_id("ready").click()
    ended = await journal.wait(events.WrapUpEnded, 10, call_id=arrived.call_id)
    assert ended.ended_by == "agent"
    await expect(page.get_by_test_id("pop")).to_have_count(0)

    presented = journal.refresh().of(events.PopPresented, arrived.call_id)
    assert [p.sessions for p in presented] == [1]
    verified = journal.of(events.CallerVerified, arrived.call_id)
    assert [(v.customer_id, v.level) for v in verified] == [(customer.customer_id, "pin")]

    # The next call of the same customer: what was answered is not offered again.
    stack.carrier.call("95500", caller=customer.number, steps=["w4", "d1", "w2", "d0"])
    await expect(page.get_by_test_id("segment")).to_be_visible(timeout=60_000)
    now_offered = await _offers(page)
    assert now_offered
    assert not {accepted, declined} & set(now_offered)
    assert set(offered) - {accepted, declined} <= set(now_offered)
    answered = page.get_by_test_id("pop")
    await expect(answered).to_have_attribute("data-phase", "connected", timeout=30_000)
    stack.carrier.hang_up_all()
    await page.get_by_test_id("ready").click(timeout=10_000)
    await expect(page.get_by_test_id("own-calls")).to_contain_text("询问本月账单")


async def test_an_unknown_caller_is_found_and_linked(stack: Site, page: Page) -> None:
    path = db.sqlite_path(stack.settings.database_url)
    journal = JournalReader(path)
    known = DEMO_CUSTOMERS[1]
    arrived = await _phones_in(stack, journal, UNKNOWN_NUMBER)
    await expect(page.get_by_role("heading", name="Unknown caller")).to_be_visible()
    await expect(page.locator("[data-key-target=find]")).to_be_enabled()
    await page.keyboard.press("s")
    await page.keyboard.type(f"{known.name} {known.card[-4:]}")
    await page.keyboard.press("Enter")
    found = page.get_by_test_id("found")
    await expect(found).to_contain_text(f"{known.family_name}**")
    await expect(page.locator("main")).not_to_contain_text(known.number)
    await found.get_by_role("button").click()
    await expect(page.get_by_test_id("caller-name")).to_have_text(f"{known.family_name}**")
    await expect(page.get_by_test_id("segment")).to_have_text("Diamond")
    # An agent's word proves nothing.
    await expect(page.get_by_test_id("verified")).to_contain_text("Not verified")
    chosen = await journal.wait(events.CustomerChosen, 10, call_id=arrived.call_id)
    assert (chosen.customer_id, chosen.candidates) == (known.customer_id, 0)
    await page.screenshot(path=PICTURES / "linked-en.png", animations="disabled")
    looked = await asyncio.to_thread(
        _rows,
        path,
        "SELECT login, action FROM customer_lookups WHERE call_id = ? ORDER BY lookup_id",
        (arrived.call_id,),
    )
    assert looked == [(AGENTS[0].login, "search"), (AGENTS[0].login, "link")]
    # From now on the number is this customer's.
    numbers = await asyncio.to_thread(
        _rows, path, "SELECT customer_id FROM customer_numbers WHERE number = ?", (UNKNOWN_NUMBER,)
    )
    assert numbers == [(known.customer_id,)]
    assert stack.carrier is not None
    stack.carrier.hang_up_all()
    await page.get_by_test_id("ready").click(timeout=10_000)


async def test_agents_ask_each_other_join_all_hand_over_and_send_on(
    stack: Site, page: Page
) -> None:
    journal = JournalReader(db.sqlite_path(stack.settings.database_url))
    arrived = await _phones_in(stack, journal, DEMO_CUSTOMERS[1].number)
    browser = page.context.browser
    assert browser is not None
    context = await browser.new_context()
    colleague = await context.new_page()
    await _sign_in(stack, colleague, AGENTS[1].login, AGENTS[1].password)
    await colleague.get_by_test_id("available").click()
    await expect(colleague.get_by_test_id("state")).to_have_attribute("data-state", "available")

    await page.keyboard.press("q")
    await expect(page.get_by_test_id("targets")).to_contain_text(AGENTS[1].name)
    await page.keyboard.type(AGENTS[1].name)
    await page.keyboard.press("Enter")
    asked = await journal.wait(events.ConsultStarted, 10, call_id=arrived.call_id)
    assert asked.target == AGENTS[1].agent_id
    await expect(colleague.get_by_test_id("asked")).to_contain_text(AGENTS[0].name)
    await page.get_by_test_id("consult-conference").click(timeout=15_000)
    await journal.wait(events.ConferenceStarted, 10, call_id=arrived.call_id)
    await expect(page.get_by_test_id("call-control")).to_contain_text(AGENTS[1].name)
    await page.get_by_test_id("consult-cancel").click()
    await journal.wait(events.ConferenceEnded, 10, call_id=arrived.call_id)
    await expect(page.get_by_test_id("transfer")).to_be_enabled()
    await expect(colleague.get_by_test_id("pop")).to_have_count(0)

    # Asked once more, and then the colleague keeps the customer.
    await page.keyboard.press("q")
    await page.keyboard.type(AGENTS[1].name)
    await page.keyboard.press("Enter")
    await expect(colleague.get_by_test_id("asked")).to_contain_text("客户听不到", timeout=15_000)
    await colleague.screenshot(path=PICTURES / "console-asked-zh.png", animations="disabled")
    await page.get_by_test_id("consult-transfer").click(timeout=15_000)
    await _has_the_customer(journal, arrived.call_id, 1, "attended", colleague)
    await page.get_by_test_id("ready").click(timeout=10_000)

    # And gives them back without a word.
    await expect(page.get_by_test_id("state")).to_have_attribute("data-state", "available")
    await colleague.keyboard.press("x")
    await expect(colleague.get_by_test_id("targets")).to_contain_text(AGENTS[0].name)
    await colleague.keyboard.type(AGENTS[0].name)
    await colleague.keyboard.press("Enter")
    await _has_the_customer(journal, arrived.call_id, 0, "agent", page)
    await expect(colleague.get_by_test_id("wrap-up")).to_be_visible()
    await page.get_by_test_id("hang-up").click()
    await page.get_by_test_id("hang-up").click()
    await page.get_by_test_id("ready").click(timeout=10_000)
    await context.close()


async def _has_the_customer(
    journal: JournalReader, call_id: str, agent: int, kind: str, page: Page
) -> None:
    """The agent has the customer by such a transfer, and the page shows so."""
    agent_id = AGENTS[agent].agent_id
    sent = await journal.wait(
        events.CallTransferred, 10, call_id=call_id, where=lambda one: one.kind == kind
    )
    assert sent.target == agent_id
    await journal.wait(
        events.CallConnected,
        20,
        call_id=call_id,
        where=lambda one: one.agent_id == agent_id and one.at >= sent.at,
    )
    shown = page.get_by_test_id("pop")
    await expect(shown).to_have_attribute("data-phase", "connected", timeout=15_000)
    await expect(page.get_by_test_id("transfer")).to_be_enabled()


async def test_the_board_agrees_with_asterisks_own_book(stack: Site, page: Page) -> None:
    book = [line.split("|") for line in books_of(stack.settings).recent(0.0)]
    answered, abandoned = (
        sum(1 for line in book if len(line) > 4 and line[4] == verb)
        for verb in ("CONNECT", "ABANDON")
    )
    assert answered >= 2
    browser = page.context.browser
    assert browser is not None
    context = await browser.new_context(viewport={"width": 1440, "height": 900})
    board = await context.new_page()
    await _sign_in(stack, board, SUPERVISOR.login, SUPERVISOR.password)
    await board.get_by_test_id("nav-board").click()
    totals = board.get_by_test_id("totals")
    await expect(totals.get_by_role("button").nth(0)).to_have_text(str(answered))
    await expect(totals.get_by_role("button").nth(1)).to_have_text(str(abandoned))
    await expect(board.locator("tr[data-agent='1001']")).to_contain_text(AGENTS[0].name)
    await totals.get_by_role("button").nth(0).click()
    await expect(board.get_by_test_id("board-calls").locator("tbody tr")).to_have_count(answered)
    await board.screenshot(path=PICTURES / "board-zh.png", animations="disabled")
    await context.close()


async def _phones_in(stack: Site, journal: JournalReader, number: str) -> events.CallArrived:
    """Let somebody phone and ask for a person; return once agent 1001 has answered."""
    before = {one.call_id for one in journal.refresh().of(events.CallArrived)}
    assert stack.carrier is not None
    stack.carrier.call("95500", caller=number, steps=["w4", "d1", "w2", "d0"])
    arrived = await journal.wait(
        events.CallArrived, 10, where=lambda one: one.call_id not in before
    )
    connected = await journal.wait(events.CallConnected, 60, call_id=arrived.call_id)
    assert connected.agent_id == AGENTS[0].agent_id
    return arrived


async def _sign_in(stack: Site, page: Page, login: str, password: str) -> None:
    await page.goto(f"http://{HOST}:{stack.plan.console}/")
    await page.fill("input[name=login]", login)
    await page.fill("input[name=password]", password)
    await page.keyboard.press("Enter")


async def _another_browser_shows_what_was_noted(
    stack: Site, page: Page, accepted: str, declined: str
) -> None:
    """The answers are the server's, not this browser's."""
    browser = page.context.browser
    assert browser is not None
    context = await browser.new_context()
    other = await context.new_page()
    await _sign_in(stack, other, AGENTS[0].login, AGENTS[0].password)
    for offer, answer in ((accepted, "accepted"), (declined, "declined")):
        button = other.get_by_test_id(f"offer-{offer}-{answer}")
        await expect(button).to_have_attribute("aria-pressed", "true")
    await expect(other.locator(".told[data-told=true]")).to_have_count(2)
    await context.close()


async def _sees_the_whole_number_for_a_reason(stack: Site, page: Page, call_id: str) -> None:
    """The PIN was right, so the agent may ask; the audit has the line."""
    line = page.get_by_test_id("personal-phone")
    await line.get_by_role("button").click()
    await line.get_by_role("textbox").fill("核对回访电话")
    await page.keyboard.press("Enter")
    await expect(line).to_contain_text(DEMO_CUSTOMERS[0].number)
    await line.get_by_role("button").click()
    await expect(line).not_to_contain_text(DEMO_CUSTOMERS[0].number)
    path = db.sqlite_path(stack.settings.database_url)
    audit = await asyncio.to_thread(
        _rows,
        path,
        "SELECT actor, customer_id, field, outcome, reason FROM privacy_audit WHERE call_id = ?",
        (call_id,),
    )
    who = (AGENTS[0].login, DEMO_CUSTOMERS[0].customer_id, "phone", "shown", "核对回访电话")
    assert audit == [who]


def _rows(path: Path, query: str, values: tuple[str, ...]) -> list[tuple[object, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(query, values).fetchall()


async def _sees_what_the_analysis_found(page: Page) -> None:
    """The pop carries segment, services, scores and their reasons."""
    await expect(page.get_by_test_id("segment")).to_have_text("金卡客户")
    await expect(page.get_by_test_id("cases")).to_contain_text("申请补发近一年账单")
    scores = page.get_by_test_id("scores").locator("details")
    await expect(scores).to_have_count(6)
    await scores.filter(has_text="忠诚度").locator("summary").click()
    await expect(scores.filter(has_text="忠诚度").locator("li").first).to_be_visible()


async def _offers(page: Page) -> list[str]:
    """Return the ids of the offers on the screen, the best first."""
    buttons = page.get_by_test_id(re.compile("^offer-.*-accepted$"))
    await expect(buttons).not_to_have_count(0)
    names = [await button.get_attribute("data-testid") or "" for button in await buttons.all()]
    return [name.removeprefix("offer-").removesuffix("-accepted") for name in names]
