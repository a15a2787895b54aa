"""Two pages in one Chromium, each in a window of its own, that note when what was painted.

Chromium itself says when a marked element was on the screen (Element Timing), when the message
had come (the event's own time), and whether anything on the page moved (Layout Instability).
"""

import asyncio
import json
import shutil
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import msgspec
import uvicorn
from argon2 import PasswordHasher
from playwright.async_api import Browser, Page, async_playwright

from agent_console.accounts import Passwords, create_user
from agent_console.app import UVICORN_OPTIONS, create_app
from agent_console.config import WEB_DIST, ConsoleConfig
from agent_console.store import MemoryKnowledgeStore, MemoryUserStore, MemoryWorkStore
from agent_console.testing import FakeDays, FakeEngine
from bench.pixel_pages.floor import Floor
from hotline import ports
from tests.browser.samples import ARTICLE

PAINTED_WITHIN_S: Final = 10.0
NAME: Final = "name"
"""What every page marks: the caller's name."""
DESK_MARKS: Final = {
    NAME: "[data-testid=caller-name]",
    "offer": ".offer-title",
    "script": ".topic-scripts p",
    "score": ".score-value",
    "outcome": "[data-testid=outcome] .choice span",
}
"""One part of each panel that is in view: when the last of them stands, the whole pop does."""
FLOOR_MARKS: Final = {NAME: "h1"}
_PASSWORD: Final = "a password of the bench"  # noqa: S105 - of a user who lives for seconds
_WATCH: Final = """marks => {
  window.came = {}
  window.painted = {}
  window.moved = 0
  let call = ''
  const Plain = window.WebSocket
  window.WebSocket = class extends Plain {
    constructor(...given) {
      super(...given)
      this.addEventListener('message', event => {
        const said = JSON.parse(event.data).message
        if (said.type !== 'pop_raised') return
        call = said.pop.call_id
        window.came[call] = event.timeStamp
      })
    }
  }
  // Marked before it is painted: mutations are told in the same turn.
  new MutationObserver(() => {
    if (call === '') return
    for (const [what, selector] of Object.entries(marks)) {
      const element = document.querySelector(selector)
      if (element !== null && !element.hasAttribute('elementtiming')) {
        element.setAttribute('elementtiming', `${what} ${call}`)
      }
    }
  }).observe(document, {childList: true, subtree: true})
  new PerformanceObserver(list => {
    for (const {identifier, renderTime} of list.getEntries()) {
      const [what, of] = identifier.split(' ')
      window.painted[of] = {[what]: renderTime - window.came[of], ...window.painted[of]}
    }
  }).observe({type: 'element', buffered: true})
  new PerformanceObserver(list => {
    for (const {value} of list.getEntries()) window.moved += value
  }).observe({type: 'layout-shift', buffered: true})
}"""


class Seen(msgspec.Struct, frozen=True):
    """What a page noted; milliseconds."""

    origin: float
    """The page's zero, since the epoch."""
    moved: float
    """How much jumped on the page while calls came: 0 for nothing."""
    came: dict[str, float]
    """When each call's message came."""
    painted: dict[str, dict[str, float]]
    """Of each call, how long after its message each mark was on the screen."""


class Watched:
    """A page that notes what comes and what is painted."""

    def __init__(self, page: Page, marks: dict[str, str]) -> None:
        self.page = page
        self._marks = marks

    @classmethod
    async def open(cls, browser: Browser, url: str, marks: dict[str, str]) -> "Watched":
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        page = await context.new_page()
        await page.add_init_script(f"({_WATCH})({json.dumps(marks)})")
        await page.goto(url)
        return cls(page, marks)

    async def begin(self) -> None:
        """Forget what moved while the page filled itself for the first time."""
        await asyncio.sleep(1.0)
        await self.page.evaluate("() => { window.moved = 0 }")

    async def until_painted(self, call: str) -> None:
        """Wait until all marks of the call were painted.  Raises ``TimeoutError``.

        By questions of ours: the page's policy forbids what Playwright's own waiting evaluates.
        """
        ask = "call => Object.keys(window.painted[call] ?? {}).length"
        async with asyncio.timeout(PAINTED_WITHIN_S):
            # The page notes the moments itself, and asking costs it time: not too early.
            await asyncio.sleep(0.15)
            while await self.page.evaluate(ask, call) < len(self._marks):  # noqa: ASYNC110 - as above
                await asyncio.sleep(0.1)

    async def seen(self) -> Seen:
        """Return what it noted.  Raises ``RuntimeError`` for a page that nobody could see."""
        found: dict[str, Any] = await self.page.evaluate(
            "() => ({origin: performance.timeOrigin, moved, came, painted,"
            " visible: document.visibilityState === 'visible'})"
        )
        if not found.pop("visible"):
            message = "a page was not visible, so that its times say nothing"
            raise RuntimeError(message)
        return msgspec.convert(found, Seen)


@asynccontextmanager
async def serving(app: Any, port: int) -> AsyncIterator[str]:
    """Serve the application on the port as the console is served; yield its address."""
    server = uvicorn.Server(
        uvicorn.Config(app, "127.0.0.1", port, log_config=None, **UVICORN_OPTIONS)
    )
    task = asyncio.create_task(server.serve())
    try:
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(0.01)
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        await task


@asynccontextmanager
async def both_pages(engine: FakeEngine, floor: Floor) -> AsyncIterator[tuple[Watched, Watched]]:
    """Lend the agent's page, signed in and available, and the smallest page."""
    chromium = shutil.which("chromium")
    if chromium is None or not (Path(WEB_DIST) / "index.html").is_file():
        message = "Chromium or the built page is missing; `make setup` brings both"
        raise RuntimeError(message)
    port = ports.claimed_ports("127.0.0.1", 46100, 2)
    async with (
        serving(await _console(engine, f"http://127.0.0.1:{port}"), port) as desk_url,
        serving(floor.app, port + 1) as floor_url,
        async_playwright() as playwright,
    ):
        browser = await playwright.chromium.launch(
            executable_path=chromium,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        desk = await Watched.open(browser, desk_url, DESK_MARKS)
        least = await Watched.open(browser, floor_url, FLOOR_MARKS)
        page = desk.page
        engine.state("1001", "available")
        await page.fill("input[name=login]", "1001")
        await page.fill("input[name=password]", _PASSWORD)
        await page.press("input[name=password]", "Enter")
        await page.wait_for_selector("[data-testid=line][data-line=open]")
        await page.wait_for_selector("[data-testid=empty][data-kind=available]")
        await page.wait_for_selector("[data-testid=team] li")
        async with asyncio.timeout(PAINTED_WITHIN_S):
            while not floor.watched:  # noqa: ASYNC110 - a page comes when it comes
                await asyncio.sleep(0.01)
        await desk.begin()
        yield desk, least
        await browser.close()


async def _console(engine: FakeEngine, url: str) -> Any:
    users, passwords = MemoryUserStore(), Passwords(PasswordHasher(1, 8, 1))
    await create_user(
        users,
        passwords,
        login="1001",
        display_name="Agent",
        role="agent",
        password=_PASSWORD,
        now=time.time(),
        agent_id="1001",
    )
    config = ConsoleConfig(origins=(url,), secure_cookies=False)
    knowledge = MemoryKnowledgeStore()
    await knowledge.save(ARTICLE)
    return create_app(
        config,
        engine,
        users,
        MemoryWorkStore(),
        FakeDays(time.time),
        passwords=passwords,
        knowledge=knowledge,
    )
