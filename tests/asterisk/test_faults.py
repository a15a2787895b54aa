"""Each fault once under real calls; tests/unit/test_truth.py proves the comparison itself.

The long version, with a seed of one's own, is ``python -m bench.faults --rounds 200``.
"""

import random
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from bench.fault_rounds import rounds
from bench.fault_rounds.clock import FakeClock
from bench.fault_rounds.injectors import FAULTS
from bench.fault_rounds.stand import Stand, running
from hotline.asterisk.locate import Install

pytestmark = [
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(600),
    pytest.mark.alone,
    # pyst2 calls what newer Pythons deprecate, and leaves its socket to the garbage collector.
    pytest.mark.filterwarnings("ignore::DeprecationWarning"),
    pytest.mark.filterwarnings("ignore::ResourceWarning"),
    pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning"),
]


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def stand(state_dir: Path, install: Install) -> AsyncIterator[Stand]:
    del install
    clock = FakeClock.find(state_dir / "clock")
    assert clock.there, "libfaketime is missing: make setup installs it"
    async with running(state_dir, 42300, clock) as made:
        yield made


async def test_our_state_is_asterisks_after_every_fault(stand: Stand) -> None:
    order = sorted(FAULTS, key=lambda name: name != "kill_engine")
    chance = random.Random(1)  # noqa: S311 - the same rounds each time
    told: list[str] = []
    result = await rounds.run(stand, order, chance, told.append)
    assert result.faults == [], "\n".join(told)
    assert {one.fault for one in result.rounds} == set(FAULTS)
    assert result.served["served by an agent"] >= len(order)
    assert set(result.met()) >= {"menu", "queued", "connected"}, result.met()
