"""The self-test itself: passes on a sound stack, and names the step when something is broken."""

import asyncio
import json
import os
import re
import signal
import sys
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.postgres_kit import databases, query

pytestmark = pytest.mark.timeout(200)

Saboteur = Callable[[dict[str, int]], None]


async def selftest(*arguments: str, sabotage: Saboteur | None = None) -> tuple[int, Any]:
    """Run it as an operator would; ``sabotage`` gets the process ids once all of them run."""
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        *("-m", "hotline", "selftest", "--json", *arguments),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    assert process.stdout is not None
    assert process.stderr is not None
    pids: dict[str, int] = {}

    async def watch(lines: asyncio.StreamReader) -> None:
        async for line in lines:
            found = re.match(r"pid (\w+) (\d+)", line.decode())
            if found:
                pids[found[1]] = int(found[2])
            if sabotage is not None and "agent signs in" in line.decode():
                sabotage(pids)

    reading: Awaitable[Any] = asyncio.gather(process.stdout.read(), watch(process.stderr))
    output, _ = await reading
    return await process.wait(), json.loads(output) if output else None


def failed(report: Any) -> list[str]:
    return [step["name"] for step in report["steps"] if not step["ok"]]


async def test_a_sound_stack_passes() -> None:
    status, report = await selftest()
    assert (status, failed(report)) == (0, [])
    assert report["ok"] is True
    assert report["asterisk"].startswith("22.")
    assert report["pop_ms"]["n"] == 3
    assert report["pop_ms"]["p99"] > 0
    assert sum(step["seconds"] for step in report["steps"]) < 90


async def test_a_wrong_pin_is_named_and_all_else_works_on_postgresql() -> None:
    with databases().fresh(empty=True) as url:
        status, report = await selftest("--pin", "000000", "--database", url)
        assert (status, report["ok"]) == (1, False)
        assert failed(report) == ["known customer: balance with PIN"]
        detail = next(step["detail"] for step in report["steps"] if not step["ok"])
        assert "PIN was refused" in detail
        assert report["pop_ms"]["n"] == 3
        [(kept,)] = query(url, "SELECT count(DISTINCT call_id) FROM journal")
        assert kept == 4
        assert query(url, "SELECT max(failures) FROM pins") == [(1,)]
        again, refused = await selftest("--database", url)
        assert (again, refused) == (1, None)  # it is no empty database any more


async def test_a_killed_asterisk_is_named() -> None:
    status, report = await selftest(
        sabotage=lambda pids: os.kill(pids["asterisk"], signal.SIGKILL)
    )
    assert (status, report["ok"]) == (1, False)
    assert "nothing died meanwhile" in failed(report)


async def test_a_blocked_menu_is_named() -> None:
    """The menu's port accepts, but nobody serves it."""
    status, report = await selftest(
        "--fail-fast", sabotage=lambda pids: os.kill(pids["ivr"], signal.SIGSTOP)
    )
    assert (status, report["ok"]) == (1, False)
    assert "known customer: balance with PIN" in failed(report)
