"""Who looks at a board: readers of its stream, and a Chromium whose frames are timed."""

import asyncio
import re
import time
from bisect import bisect_left
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any, Final

from playwright.async_api import Page, async_playwright

from tests.browser.conftest import CHROMIUM

_COUNTS: Final = re.compile(rb'"answered":(\d+),"abandoned":(\d+)')
"""The first in a picture is that of all queues today."""
_HEAD: Final = 4000
_FRAME: Final = b"data: {"

_WATCH: Final = """() => {
  window.seen = []
  const read = () => Object.fromEntries([...document.querySelectorAll('tr[data-queue]')].map(row =>
    [row.dataset.queue, ['answered', 'abandoned'].map(name =>
      Number(row.querySelector(`[data-figure=${name}]`).textContent.replace(/[^0-9]/g, '')))]))
  let last = ''
  let asked = false
  // What the next frame shows is read when it is made, and timed when the one after it begins.
  new MutationObserver(() => {
    if (asked) return
    asked = true
    requestAnimationFrame(() => {
      asked = false
      const shown = read()
      const text = JSON.stringify(shown)
      if (text === last) return
      last = text
      requestAnimationFrame(() => window.seen.push([Date.now() / 1000, shown]))
    })
  }).observe(document.querySelector('[data-testid=board]'), {subtree: true, childList: true,
    characterData: true, attributes: true})
}"""


class Reader:
    """One board without a screen: reads the stream, and notes when which count came."""

    def __init__(self, port: int, token: str) -> None:
        self._port = port
        self._token = token
        self.bytes = 0
        self.frames = 0
        self.counts: list[int] = []
        """Calls answered or given up, as each picture told."""
        self.at: list[float] = []
        """When each came."""

    async def read(self) -> None:
        """Read until cancelled.  Raises ``RuntimeError`` if the stream ends or is refused."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port, limit=2**22)
        try:
            writer.write(
                f"GET /api/board/stream HTTP/1.1\r\nHost: 127.0.0.1:{self._port}\r\n"
                f"Cookie: hotline={self._token}\r\nAccept: text/event-stream\r\n\r\n".encode()
            )
            status = await reader.readuntil(b"\r\n\r\n")
            if b" 200 " not in status.partition(b"\r\n")[0]:
                message = f"the stream was refused: {status[:60]!r}"
                raise RuntimeError(message)
            while True:
                size = int((await reader.readuntil(b"\r\n")).strip(), 16)
                if not size:
                    message = "the stream ended"
                    raise RuntimeError(message)
                chunk = (await reader.readexactly(size + 2))[:-2]
                self._take(chunk, size)
        finally:
            writer.close()

    def _take(self, chunk: bytes, size: int) -> None:
        self.bytes += size
        if not chunk.startswith(_FRAME):
            return
        found = _COUNTS.search(chunk, 0, _HEAD)
        assert found is not None, "a picture without counts"
        self.frames += 1
        self.counts.append(int(found[1]) + int(found[2]))
        self.at.append(time.time())

    def late(self, ended: list[float]) -> list[float]:
        """Return for each end, in the order in which they were told, when its picture came after.

        Raises ``RuntimeError`` if one never came.
        """
        if not self.counts or self.counts[-1] < len(ended):
            message = f"a board shows {self.counts[-1:]} of {len(ended)} calls"
            raise RuntimeError(message)
        places = (bisect_left(self.counts, n) for n in range(1, len(ended) + 1))
        return [self.at[place] - told for place, told in zip(places, ended, strict=True)]


class Screen:
    """One board in Chromium."""

    def __init__(self, page: Page) -> None:
        self._page = page

    async def late(self, ended: list[tuple[float, str, int]]) -> list[float]:
        """Return how long after each end its count stood on the screen.

        ``ended``: when, in which queue, and 0 (answered) or 1 (given up), in order.  Raises
        ``RuntimeError`` if one never stood there.
        """
        seen: list[tuple[float, dict[str, list[int]]]] = await self._page.evaluate("window.seen")
        counted: dict[tuple[str, int], int] = {}
        found = []
        for told, queue, which in ended:
            wanted = counted[queue, which] = counted.get((queue, which), 0) + 1
            at = next((at for at, shown in seen if shown[queue][which] >= wanted), None)
            if at is None:
                message = f"the screen never showed call {wanted} of {queue}"
                raise RuntimeError(message)
            found.append(at - told)
        return found


@asynccontextmanager
async def screen(origin: str, token: str, queues: int) -> AsyncIterator[Screen]:
    """Open the board in Chromium; it stands when this is entered."""
    if CHROMIUM is None:
        message = "no chromium on PATH; `make setup` installs it"
        raise RuntimeError(message)
    options: dict[str, Any] = {
        "args": ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
    }
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=CHROMIUM, **options)
        context = await browser.new_context(viewport={"width": 1440, "height": 900})
        await context.add_cookies([{"name": "hotline", "value": token, "url": origin}])
        page = await context.new_page()
        await page.goto(f"{origin}/#/board")
        await page.locator("tr[data-queue]").nth(queues - 1).wait_for()
        await page.evaluate(_WATCH)
        yield Screen(page)
        await browser.close()
