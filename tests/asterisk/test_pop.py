"""Pairs of INVITE and pop on a real stack: none is missing, and 50 ms lost on purpose show.

The long version is ``python -m bench.pop``.
"""

import asyncio
import os
from pathlib import Path

import pytest

from bench import pop
from bench.slow_console import PLANTED
from hotline.asterisk.locate import Install

pytestmark = [pytest.mark.timeout(120), pytest.mark.alone]

CONSOLES, CALLS, RATE = 6, 16, 8


@pytest.mark.skipif(os.geteuid() != 0, reason="SIPp's play_dtmf needs a raw socket, thus root")
async def test_every_invite_has_its_pop_and_a_planted_delay_shows(
    state_dir: Path, install: Install, tmp_path: Path
) -> None:
    del install
    switch = tmp_path / "planted"
    async with pop.staffed(state_dir, CONSOLES, slow=True, planted_while=switch) as (site, floor):

        async def plant() -> None:
            """From the middle of the calls on."""
            while len(floor.told) < CALLS // 2:  # noqa: ASYNC110 - a task of its own fills it
                await asyncio.sleep(0.05)
            switch.touch()

        planting = asyncio.create_task(plant())
        rings = await pop.run(site, floor, CALLS, RATE)  # raises for a missing or wrong pop
        await planting
    since = switch.stat().st_mtime
    before = [ring for ring in rings if ring.invited < since - 0.1]
    after = [ring for ring in rings if ring.invited > since + 0.1]
    assert len(before) >= CALLS // 3
    assert len(after) >= CALLS // 3
    lost = pop.figures(after).ours.p50, pop.figures(before).ours.p50
    assert lost[0] is not None
    assert lost[1] is not None
    assert lost[0] - lost[1] > PLANTED * 1000 * 0.6
    file = tmp_path / "pairs.csv"
    pop.begin(file, append=False)
    pop.write(file, "6", before)
    assert pop.judge(pop.read(file), CALLS)  # too few, and nothing planted
    pop.write(file, pop.PLANTED_RUN, after)
    words = " ".join(pop.judge(pop.read(file), len(before)))
    assert "calls" not in words
    assert "planted" not in words
