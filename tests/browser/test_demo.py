"""``hotline demo`` as a visitor uses it: a pop in the browser, Ctrl-C, and after a crash."""

import asyncio
import os
import re
import shutil
import signal
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from playwright.async_api import async_playwright, expect

from hotline.demo.people import AGENTS

pytestmark = [pytest.mark.asterisk, pytest.mark.timeout(240)]


class RunningDemo:
    """A demo process and what it has printed."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process
        self.text = ""

    async def wait_for(self, words: str, seconds: float = 60) -> None:
        """Read on until the words are there."""
        assert self.process.stdout is not None
        async with asyncio.timeout(seconds):
            while words not in self.text:
                chunk = await self.process.stdout.read(4096)
                assert chunk, f"the demo ended: {self.text}"
                self.text += chunk.decode()

    @property
    def url(self) -> str:
        found = re.search(r"http://127\.0\.0\.1:\d+/", self.text)
        assert found is not None
        return found[0]


@asynccontextmanager
async def demo(state_dir: Path, *arguments: str) -> AsyncIterator[RunningDemo]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "hotline", "demo", "--state", str(state_dir), *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
        env={**os.environ, "COLUMNS": "120"},
    )
    running = RunningDemo(process)
    try:
        yield running
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGINT)
            assert process.stdout is not None
            running.text += (await process.stdout.read()).decode()
        await process.wait()


def left_over(state_dir: Path) -> list[str]:
    """Command lines of the processes that work below the folder."""
    found = []
    for folder in Path("/proc").glob("[0-9]*"):
        try:
            words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
        except OSError:
            continue
        if str(state_dir) in words and int(folder.name) != os.getpid():
            found.append(words)
    return found


def asterisk_pid(state_dir: Path) -> int:
    return int((state_dir / "asterisk/run/asterisk.pid").read_text())


async def test_a_visitor_sees_pops_without_owning_a_phone(state_dir: Path) -> None:
    chromium = shutil.which("chromium")
    assert chromium is not None, "no chromium on PATH; `make setup` installs it"
    async with demo(state_dir) as running:
        await running.wait_for("Ctrl-C ends")
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(
                executable_path=chromium, args=["--no-sandbox", "--disable-gpu"]
            )
            page = await browser.new_page(locale="zh-CN")
            await page.goto(running.url)
            await page.get_by_label("用户名").fill(AGENTS[0].login)
            await page.get_by_label("密码").fill(AGENTS[0].password)
            await page.keyboard.press("Enter")
            await expect(page.get_by_test_id("line")).to_have_attribute("data-line", "open")
            await expect(page.get_by_test_id("pop").first).to_be_visible(timeout=90_000)
            await browser.close()
    assert running.process.returncode == 0
    assert "everything stopped" in running.text
    assert left_over(state_dir) == []


async def test_after_a_crash_the_next_start_adopts_asterisk(state_dir: Path) -> None:
    async with demo(state_dir, "--quiet") as running:
        await running.wait_for("Ctrl-C ends")
        before = asterisk_pid(state_dir)
        running.process.kill()
        await running.process.wait()
    assert Path(f"/proc/{before}").exists(), "Asterisk must outlive the demo"
    async with demo(state_dir, "--quiet") as again:
        await again.wait_for("Ctrl-C ends")
        assert "adopting" in again.text
        assert asterisk_pid(state_dir) == before
    assert again.process.returncode == 0
    assert left_over(state_dir) == []
