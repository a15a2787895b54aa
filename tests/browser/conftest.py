"""Debian's Chromium, and a real console server with a fake engine."""

import asyncio
import shutil
import time
import wave
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
import uvicorn
from argon2 import PasswordHasher
from playwright.async_api import Browser, Page, async_playwright, expect

from agent_console.accounts import Passwords, create_user
from agent_console.alarms import AlarmDesk
from agent_console.app import UVICORN_OPTIONS, create_app
from agent_console.config import DEFAULT_CATALOGUE, PAUSE_REASONS, WEB_DIST, ConsoleConfig
from agent_console.messages import Catalogue, QueueLine
from agent_console.store import (
    FollowUp,
    MemoryAlarmStore,
    MemoryKnowledgeStore,
    MemoryLookupAudit,
    MemoryUserStore,
    MemoryWorkStore,
)
from agent_console.store.work_model import message_follow_up
from agent_console.testing import FakeBoard, FakeDays, FakeEngine, FakeMonitoring, FakeVoices
from crm_lookup.model import Text
from crm_lookup.unmasking import MemoryLooks
from cti.alarms import AlarmEvent, AlarmRule
from cti.board import Board
from tests.browser.board_samples import LEGEND, board_picture
from tests.browser.samples import ARTICLE, SampleGroups
from tests.report_kit import StoredFigures, busy_clock, busy_weeks, made_reports
from tests.unit.console_kit import FakeCustomers

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PASSWORD = "agent-demo-pass"
CATALOGUE = Catalogue(
    queues={
        "service": Text(zh="普通客服", en="Customer service"),
        "vip": Text(zh="贵宾专线", en="Priority line"),
    },
    reasons={"card": Text(zh="信用卡账单", en="Credit card bill")},
    nodes={
        "main": Text(zh="主菜单", en="Main menu"),
        "card": Text(zh="信用卡", en="Credit cards"),
        "card_bill": Text(zh="账单查询", en="Bill"),
        "agent": Text(zh="人工服务", en="An agent"),
    },
    pause_reasons=PAUSE_REASONS,
    disposition_groups=DEFAULT_CATALOGUE.disposition_groups,
    dispositions=DEFAULT_CATALOGUE.dispositions,
    extend_wrap_up_s=60.0,
)


@pytest.fixture
async def chromium() -> AsyncIterator[Browser]:
    """A headless Chromium of the system."""
    if CHROMIUM is None:
        pytest.skip("no chromium on PATH; `make setup` installs it")
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=CHROMIUM,
            headless=True,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield browser
        await browser.close()


class Console:
    """A console server in this event loop, with an engine that the test drives."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.url = f"http://127.0.0.1:{port}"
        now = time.time()
        self.engine = FakeEngine(
            time.time,
            (
                QueueLine(queue="service", waiting=3, longest_since=now - 47, available=4),
                QueueLine(queue="vip", waiting=0, available=1),
            ),
        )
        self.users = MemoryUserStore()
        self.work = MemoryWorkStore()
        self.days = FakeDays(time.time)
        self.board = FakeBoard(time.time)
        self.board.now, self.board.words = board_picture(now), LEGEND
        self.live: Board | None = None
        """What the alarms look at."""
        self.rules: list[AlarmRule] = []
        self.recorded: list[AlarmEvent] = []
        self.alarms = AlarmDesk(
            self._look,
            lambda: self.rules,
            self.users,
            MemoryAlarmStore(),
            self.recorded.append,
            time.time,
        )
        self.board.standing = self.alarms.standing
        self.monitoring = FakeMonitoring()
        clock = busy_clock(now)
        self.figures = StoredFigures(lambda: busy_weeks(clock()))
        self.reports = made_reports(clock, self.figures)
        self.customers = FakeCustomers()
        self.knowledge = MemoryKnowledgeStore()
        self.voices = FakeVoices()
        self.looks = MemoryLooks()
        self._server: uvicorn.Server | None = None
        self._task: asyncio.Task[None] | None = None

    async def _look(self) -> Board | None:
        return self.live

    async def leave_message(self, folder: Path, seconds: int, login: str = "1001") -> None:
        """Let a caller have left a message, to be heard by ``login`` by now."""
        path = folder / "left.wav"
        with wave.open(str(path), "wb") as sound:
            sound.setnchannels(1)
            sound.setsampwidth(2)
            sound.setframerate(8000)
            sound.writeframes(bytes(16_000 * seconds))
        self.voices.files["left"] = path
        await self.work.add_follow_up(
            FollowUp(
                follow_up_id=message_follow_up("left"),
                login=login,
                kind="callback",
                text=f"语音留言 {seconds} 秒，请听后回电",
                due_at=time.time() - 60,
                created_at=time.time() - 3600,
                call_id="left",
                caller="王**",
            )
        )

    async def start(self) -> None:
        config = ConsoleConfig(
            origins=(self.url,), secure_cookies=False, catalogue=CATALOGUE, idle_timeout_s=300.0
        )
        app = create_app(
            config,
            self.engine,
            self.users,
            self.work,
            self.days,
            passwords=cheap(),
            groups=SampleGroups(),
            board=self.board,
            alarms=self.alarms,
            monitoring=self.monitoring,
            floor=self.board.floor,
            customers=self.customers,
            knowledge=self.knowledge,
            lookups=MemoryLookupAudit(),
            voices=self.voices,
            listens=self.looks,
            reports=self.reports,
        )
        self._server = uvicorn.Server(
            uvicorn.Config(
                app, "127.0.0.1", self.port, log_level="error", log_config=None, **UVICORN_OPTIONS
            )
        )
        self._task = asyncio.create_task(self._server.serve())
        while not self._server.started:
            await asyncio.sleep(0.01)
            assert not self._task.done(), "the server did not start"
        self.port = self._server.servers[0].sockets[0].getsockname()[1]

    async def stop(self) -> None:
        if self._server is not None and self._task is not None:
            self._server.should_exit = True
            await self._task


def cheap() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


@asynccontextmanager
async def running_console(port: int) -> AsyncIterator[Console]:
    console = Console(port)
    passwords = cheap()
    for login, name, agent_id in (
        ("1001", "陈思远", "1001"),
        ("1002", "林小雨", "1002"),
        ("boss", "周岚", None),
        ("root", "管理员", None),
    ):
        await create_user(
            console.users,
            passwords,
            login=login,
            display_name=name,
            role="agent" if agent_id else "admin" if login == "root" else "supervisor",
            password=PASSWORD,
            now=time.time(),
            agent_id=agent_id,
        )
    passwords.close()
    await console.knowledge.save(ARTICLE)
    await console.start()
    try:
        yield console
    finally:
        await console.stop()


@pytest.fixture
async def console(unused_tcp_port: int) -> AsyncIterator[Console]:
    """A real server with the built front end and two agents."""
    if not (Path(WEB_DIST) / "index.html").is_file():
        pytest.skip("the front end is not built; `make setup` builds it")
    async with running_console(unused_tcp_port) as running:
        yield running


@pytest.fixture
async def boss_page(chromium: Browser, console: Console) -> AsyncIterator[Page]:
    """The page of a supervisor who has just signed in; scripts must not fail on it."""
    context = await chromium.new_context(color_scheme="light", reduced_motion="reduce")
    page = await context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    await page.set_viewport_size({"width": 1280, "height": 720})
    await page.goto(console.url)
    await page.fill("input[name=login]", "boss")
    await page.fill("input[name=password]", PASSWORD)
    await page.press("input[name=password]", "Enter")
    await expect(page.get_by_test_id("line")).to_have_attribute("data-line", "open")
    yield page
    assert faults == []
    await context.close()
