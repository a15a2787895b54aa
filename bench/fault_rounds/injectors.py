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

from bench.fault_rounds.stand import IN_MEETING, QUICK, SLOW, WRAP_UP, Stand
from tests.asterisk.truth import Member

FROZEN: Final = 3.2
"""Seconds of SIGSTOP."""
STALLED: Final = 2.0
"""Seconds for which the database is locked."""
STEPS: Final = (-3600.0, -20.0, 20.0, 3600.0)
"""Seconds by which the clock is stepped."""

_COME_BACK: Final = 12.0
"""Seconds after which a colleague is sent back to their meeting."""
_IDLE_WITHIN: Final = 60.0

SMALL_STEPS: Final = (-1.5, 1.5)
"""Seconds for both clocks: what Asterisk tells of a wait is wrong by that until it ends, and the
comparison must not take it for ours."""

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


async def stale_pause(stand: Stand, chance: random.Random) -> None:
    """While nobody looks, an agent is left in a wrap-up's pause of which no engine knows.

    After the reconnection it is gone on with (the engine was killed, and it is young) or lifted
    (the line was broken, and it is older than a wrap-up).
    """
    agent = await _idle_colleague(stand)
    young = chance.random() < 0.5
    stand.relay.shut = True
    if young:
        await _kill(stand.console.pid)
    else:
        stand.relay.cut()
    begun = time.monotonic()
    members = (await asyncio.to_thread(stand.true)).members[agent]
    for queue in members:
        command = f"queue pause member PJSIP/{agent} queue {queue} reason wrap-up"
        await asyncio.to_thread(stand.site.exchange.process.command, command)
    assert await _wraps_up(stand, agent), f"Asterisk has not paused {agent}"
    if not young:
        await asyncio.sleep(WRAP_UP + 0.5)
    stand.relay.shut = False
    while True:
        known = young and await asyncio.to_thread(_known, stand, agent)
        settled = known or not await _wraps_up(stand, agent)
        if settled and stand.relay.booted_at > begun:
            break
        assert time.monotonic() - begun < 60, f"the stale pause of {agent} stays"
        await asyncio.sleep(0.05)
    stand.settled.append(time.monotonic() - stand.relay.booted_at)
    # The engine's own timer ends what it went on with.
    while await _wraps_up(stand, agent):
        assert time.monotonic() - begun < 60, f"the pause of {agent} does not end"
        await asyncio.sleep(0.1)


async def _idle_colleague(stand: Stand) -> str:
    """Return a colleague who sits in a meeting; one who does not come back is made to."""
    begun = asked = time.monotonic()
    while True:
        true = await asyncio.to_thread(stand.true)
        busy = set(true.engaged).union(*(call.ringing for call in true.calls.values()))
        pauses = {
            person.login: {m.paused for m in true.members.get(person.login, {}).values()}
            for person in (QUICK, SLOW)
        }
        for agent, paused in pauses.items():
            if paused == {IN_MEETING} and agent not in busy:
                return agent
        now = time.monotonic()
        if now - asked > _COME_BACK:
            asked = now
            await asyncio.to_thread(_send_to_meeting, stand, QUICK.login, true.members)
        if now - begun > _IDLE_WITHIN:
            message = f"no colleague is idle within {_IDLE_WITHIN:g} s: {pauses}, busy {busy}"
            raise TimeoutError(message)
        await asyncio.sleep(0.2)


def _send_to_meeting(
    stand: Stand, agent: str, members: Mapping[str, Mapping[str, Member]]
) -> None:
    """End the agent's conversation at the phone, and pause them, as a supervisor would."""
    run = stand.site.exchange.process.command
    for line in run("core show channels concise").splitlines():
        channel = line.partition("!")[0]
        if channel.startswith(f"PJSIP/{agent}-"):
            run(f"channel request hangup {channel}")
    for queue in members.get(agent, {}):
        run(f"queue pause member PJSIP/{agent} queue {queue} reason {IN_MEETING}")


def _known(stand: Stand, agent: str) -> bool:
    return any(
        one.agent_id == agent and one.state == "wrap_up" for one in stand.ours().agents.values()
    )


async def _wraps_up(stand: Stand, agent: str) -> bool:
    members = (await asyncio.to_thread(stand.true)).members[agent]
    return any(member.paused == "wrap-up" for member in members.values())


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


async def step_machine(stand: Stand, chance: random.Random) -> None:
    """Step our clock and Asterisk's by the same, as when the machine's own is set."""
    seconds = chance.choice(SMALL_STEPS)
    stand.clock.step(seconds)
    stand.asterisk_clock.step(seconds)
    until = time.monotonic() + 5
    while abs(await asyncio.to_thread(stand.asterisks_time) - time.time() - seconds) > 0.5:
        assert time.monotonic() < until, "Asterisk's clock is not stepped"
        await asyncio.sleep(0.2)
    await asyncio.sleep(1.0)


FAULTS: Final[Mapping[str, Fault]] = {
    fault.__name__: fault
    for fault in (
        kill_engine,
        stale_pause,
        freeze_engine,
        kill_menu,
        freeze_menu,
        kill_asterisk,
        freeze_asterisk,
        cut_ami,
        stall_database,
        step_clock,
        step_machine,
    )
}
