"""The benchmark of pixels, small: real pops are painted, the name first, and nothing jumps."""

import shutil
from pathlib import Path

import pytest

from agent_console.config import WEB_DIST
from bench import pixels

pytestmark = pytest.mark.browser


async def test_pops_are_painted_without_a_jump() -> None:
    if shutil.which("chromium") is None or not (Path(WEB_DIST) / "index.html").is_file():
        pytest.skip("Chromium or the built page is missing; `make setup` brings both")
    run = await pixels.measure(3)
    assert len(run.pops) == 3
    assert all(0 < pop.name <= pop.whole for pop in run.pops)
    assert "jumps of the layout: none" in pixels.report(run, 3, float("inf"))
