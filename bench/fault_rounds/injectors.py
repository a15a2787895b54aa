"""The faults, one function each; each returns when the fault is over."""

import asyncio
import os
import random
import signal
import sqlite3
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import closing
from typing import Final

from bench.fault_rounds.stand import Stand

FROZEN: Final = 3.2
"""Seconds of SIGSTOP."""
STALLED: Final = 2.0
"""Seconds for which the database is locked."""
STEPS: Final = (-3600.0, -20.0, 20.0, 3600.0)
"""Seconds by which the clock is stepped."""

Fault = Callable[[Stand, random.Random], Awaitable[None]]


async def _kill(pid: int | None) -> None:
    assert pid is not None, "it is dead already"
    os.kill(pid, signal.SIGKILL)
    await asyncio.sleep(0.2)


async def _freeze(pid: int | None) -> None:
    assert pid is not None, "it is dead"
    os.kill(pid, signal.SIGSTOP)
    try:
        await asyncio.sleep(FROZEN)
    finally:
        os.kill(pid, signal.SIGCONT)


async def kill_engine(stand: Stand, _: random.Random) -> None:
    await _kill(stand.console.pid)


async def freeze_engine(stand: Stand, _: random.Random) -> None:
    await _freeze(stand.console.pid)


async def kill_menu(stand: Stand, _: random.Random) -> None:
    await _kill(stand.site.pids()["ivr"])


async def freeze_menu(stand: Stand, _: random.Random) -> None:
    await _freeze(stand.site.pids()["ivr"])


async def kill_asterisk(stand: Stand, _: random.Random) -> None:
    begun = time.monotonic()
    await _kill(stand.site.pids()["asterisk"])
    while stand.relay.booted_at < begun:
        assert time.monotonic() - begun < 60, "Asterisk does not come back"
        await asyncio.sleep(0.05)


async def freeze_asterisk(stand: Stand, _: random.Random) -> None:
    await _freeze(stand.site.pids()["asterisk"])


async def cut_ami(stand: Stand, _: random.Random) -> None:
    stand.relay.cut()
    await asyncio.sleep(0.05)


async def stall_database(stand: Stand, _: random.Random) -> None:
    def stall() -> None:
        with closing(sqlite3.connect(stand.database, isolation_level=None)) as connection:
            connection.execute("PRAGMA busy_timeout = 5000")
            connection.execute("BEGIN EXCLUSIVE")
            time.sleep(STALLED)
            connection.execute("ROLLBACK")

    await asyncio.to_thread(stall)


async def step_clock(stand: Stand, chance: random.Random) -> None:
    stand.clock.step(chance.choice(STEPS))
    await asyncio.sleep(2.0)


FAULTS: Final[Mapping[str, Fault]] = {
    fault.__name__: fault
    for fault in (
        kill_engine,
        freeze_engine,
        kill_menu,
        freeze_menu,
        kill_asterisk,
        freeze_asterisk,
        cut_ami,
        stall_database,
        step_clock,
    )
}
