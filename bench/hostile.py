"""Live callers while 10,000 peers do their worst on the FastAGI port, and others storm with keys.

Real calls ask again and again to hear the menu once more; from the packets that reach them comes
how long the menu takes from the key to the first sound.  Then the same while hostile peers of
twelve kinds (noise, other protocols, half-open connections, floods, insiders who know the secret)
come in their thousands, and storming callers press keys without end.  In every other round they
come from the very address of Asterisk, otherwise from another that is allowed.  Afterwards the
menu must be as before: no connection, no call and no memory kept, and no processor time used.

    python -m bench.hostile [--peers 10000] [--callers 8] [--storming 4] [--seconds 40]
"""

import argparse
import asyncio
import contextlib
import json
import math
import os
import random
import shutil
import sys
import tempfile
import time
from collections import Counter
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import NamedTuple

import structlog

from bench.calls import cpu_seconds
from bench.ivr_load.first import environment
from hotline.asterisk.secrets import load_secrets
from hotline.demo.site import HOST, PortPlan, Site
from tests.asterisk import load, prompts
from tests.asterisk.wire import Call, CallFailedError, Trunk

BASE_PORT = 45600
ROUNDS = 4
SOURCES = (HOST, "127.0.0.77")
"""Where the attackers come from in turn: Asterisk's own address, and another."""
WORSE = 2.0
"""How many times as long the 99th percentile may be under attack."""
FRAME = 0.02
"""Seconds of a packet: what is shorter cannot be heard, nor measured here."""
PRESSES = 5
"""How often a caller asks for the menu again; then the next call."""
MEMORY = 20.0
"""Megabytes that may stay; the interpreter's heap never shrinks to the last page."""
IDLE = 0.1
"""Cores that the idle menu may use."""
TRUNK = f'\n[[trunks]]\nname = "{load.TRUNK}"\nhost = "{load.SIPP_ADDRESS}"\n'


class Left(NamedTuple):
    """What a process holds."""

    descriptors: int
    threads: int
    megabytes: float


def left(pid: int) -> Left:
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return Left(
        len(os.listdir(f"/proc/{pid}/fd")),
        int(fields["Threads"]),
        int(fields["VmRSS"].split()[0]) / 1024,
    )


def slowest(values: Sequence[float]) -> str:
    return ", ".join(f"{value * 1000:.0f}" for value in sorted(values)[-5:])


def rank(values: Sequence[float], share: float) -> float:
    return sorted(values)[max(math.ceil(share * len(values)) - 1, 0)]


async def live(trunk: Trunk, until: float, chance: random.Random, found: list[float]) -> list[str]:
    """Phone in and ask for the menu again and again; note the seconds.

    Returns what happened to the calls that were lost.
    """
    known, lost = prompts.frames(), []
    while time.perf_counter() < until:
        try:
            call = await trunk.call("95500", f"+86139{chance.randrange(10**8):08d}")
        except CallFailedError as error:
            lost.append(str(error))
            continue
        try:
            await call.prompt("zh/welcome", 0.0)
            await call.key("1")
            begun = await call.prompt("zh/main_menu", 0.0)
            await asyncio.sleep(0.1)
            start = {one.sound for one in call.frames if one.at >= begun and one.sound}
            start = {sound for sound in start if known.get(sound) == "zh/main_menu"}
            for _ in range(PRESSES):
                await asyncio.sleep(chance.uniform(0.5, 1.0))
                let_go = await call.key("*")
                found.append(await _again(call, let_go, start) - let_go)
        except CallFailedError as error:
            lost.append(str(error))
        finally:
            await call.hang_up()
    return lost


async def _again(call: Call, since: float, start: set[int]) -> float:
    """Wait for the menu's first sounds; return when they came."""
    frames = call.frames
    looked = len(frames) - 20
    until = time.perf_counter() + 10
    while time.perf_counter() < until:
        for frame in frames[max(looked, 0) :]:
            if frame.at > since and frame.sound in start:
                return frame.at
        looked = len(frames) - 1
        await asyncio.sleep(FRAME / 4)
    raise CallFailedError("the menu did not begin again")


async def storm(trunk: Trunk, until: float, chance: random.Random) -> int:
    """Press keys as fast as a telephone can, call after call; return how many."""
    pressed = 0
    while time.perf_counter() < until:
        with contextlib.suppress(CallFailedError):
            call = await trunk.call("95500", f"+86138{chance.randrange(10**8):08d}")
            stop = time.perf_counter() + 5
            while not call.over.is_set() and time.perf_counter() < min(until, stop):
                keys = "".join(chance.choices("123456789*#", k=10))
                await call.key(keys, held=0.04, between=0.01)
                pressed += len(keys)
            await call.hang_up()
    return pressed


async def attack(site: Site, peers: int, source: str) -> dict[str, int]:
    """Let the hostile peers run in a process of their own, and take what it counted."""
    hello = environment(load_secrets(site.settings).ivr, "main").decode()
    child = await asyncio.create_subprocess_exec(
        *("nice", "-n", "19", sys.executable, "-m", "bench.hostile_agi"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    order = {"port": site.plan.ivr, "peers": peers, "hello": hello, "source": source}
    told, _ = await child.communicate(json.dumps(order).encode())
    assert child.returncode == 0, "the attack broke off"
    done: dict[str, int] = json.loads(told)
    return done


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[tuple[Site, Trunk]]:
    site = Site(folder, PortPlan.choose(BASE_PORT), extra=TRUNK)
    trunk = Trunk(load.SIPP_ADDRESS, (HOST, site.plan.sip))
    try:
        await site.prepare(50, lambda _: None)
        await site.start(("ivr",))
        await site.listening("ivr", site.plan.ivr)
        await trunk.open()
        yield site, trunk
    finally:
        trunk.close()
        await site.stop()


async def measure(folder: Path, options: argparse.Namespace) -> list[str]:
    """Run it all and print it; return what went wrong."""
    faults = []
    chance = random.Random(1)  # noqa: S311 - the same calls again
    async with running(folder) as (site, trunk):
        menu = site.pids()["ivr"]
        assert menu is not None
        await attack(
            site, max(options.peers // 10, 24), SOURCES[1]
        )  # what is allocated once is no leak
        await asyncio.sleep(6)
        before = left(menu)

        async def calls(seconds: float, found: list[float]) -> list[str]:
            until = time.perf_counter() + seconds
            many = (live(trunk, until, chance, found) for _ in range(options.callers))
            return [words for some in await asyncio.gather(*many) for words in some]

        calm: list[float] = []
        attacked: list[float] = []
        lost_calm: list[str] = []
        lost: list[str] = []
        done: Counter[str] = Counter()
        pressed, seconds = 0, 0.0
        for number in range(ROUNDS):  # in turn, so that whatever else the machine does meets both
            lost_calm += await calls(options.seconds / ROUNDS, calm)
            begun = time.perf_counter()
            source = SOURCES[number % len(SOURCES)]
            attacking = asyncio.create_task(attack(site, options.peers // ROUNDS, source))
            until = begun + options.seconds / ROUNDS
            storming = [
                asyncio.create_task(storm(trunk, until, chance)) for _ in range(options.storming)
            ]
            while not attacking.done() or time.perf_counter() < until:
                lost += await calls(2, attacked)
            done.update(await attacking)
            pressed += sum(await asyncio.gather(*storming))
            seconds += time.perf_counter() - begun
        assert min(len(calm), len(attacked)) >= 20, "the live callers heard too little"

        await asyncio.sleep(8)  # the longest that a silent peer is waited for, and more
        used = cpu_seconds({"ivr": menu})["ivr"]
        await asyncio.sleep(3)
        idle = (cpu_seconds({"ivr": menu})["ivr"] - used) / 3
        after = left(menu)
    p99, worse = rank(calm, 0.99), rank(attacked, 0.99)
    print(f"{sum(done.values())} hostile peers of {len(done)} kinds in {seconds:.0f} s,", end=" ")
    print(f"{pressed} keys by {options.storming} storming callers")
    for name, found in (("calm", calm), ("attacked", attacked)):
        print(
            f"key to menu, {name:8} p50 {rank(found, 0.5) * 1000:.0f} ms,"
            f" p99 {rank(found, 0.99) * 1000:.0f} ms of {len(found)} (slowest: {slowest(found)})"
        )
    print(
        f"ratio of the p99: {worse / p99:.2f} (at most {WORSE:g}); {len(lost)} live calls lost",
        end=" ",
    )
    print(f"({len(lost_calm)} without an attack)")
    for words in lost[:5]:
        print(f"  lost: {words}")
    print(
        f"menu before and after: {before.descriptors} and {after.descriptors} descriptors,"
        f" {before.threads} and {after.threads} threads, {before.megabytes:.1f} and"
        f" {after.megabytes:.1f} MB; {idle:.3f} cores when idle again"
    )
    assert sum(done.values()) >= options.peers // ROUNDS * ROUNDS * 0.99, f"only {done} attacked"
    if worse > WORSE * max(p99, FRAME):
        faults.append(f"live callers waited {worse / p99:.1f} times as long under attack")
    if len(lost) > len(lost_calm):
        faults.append(f"{len(lost)} live calls were lost")
    if after.descriptors > before.descriptors or after.threads > before.threads + 2:
        faults.append("descriptors or threads stayed")
    if after.megabytes > before.megabytes + MEMORY:
        faults.append("memory stayed")
    if idle > IDLE:
        faults.append("the menu is busy with nothing")
    return faults


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.hostile")
    parser.add_argument("--peers", type=int, default=10_000)
    parser.add_argument("--callers", type=int, default=8, help="live ones")
    parser.add_argument("--storming", type=int, default=4, help="callers who storm with keys")
    parser.add_argument("--seconds", type=float, default=40, help="least time of each part")
    options = parser.parse_args(arguments)
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    folder = Path(tempfile.mkdtemp(prefix="hh-"))
    folder.chmod(0o755)
    try:
        faults = asyncio.run(measure(folder, options))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for words in faults:
        print(f"✗ {words}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
