"""How long after the INVITE at the agent's phone the pop is at the agent's console.

SIPp's customers phone in over a real trunk, ask for a person and talk to agents whose phones are
UDP sockets of this process; the consoles are WebSocket clients in another process.  Both take the
time from the same clock: the INVITE when it is read from the phone's socket, the pop when it is
read from the console's WebSocket.  Every call must give exactly one pop per INVITE, at the right
agent, with the right caller; the raw pairs are kept.  A second, short run loses 50 ms on purpose:
if that does not show, the figures are worth nothing, and the benchmark fails.

    python -m bench.pop [--calls 100] [--rate 5] [--consoles 40] [--csv FILE] [--json]
"""

import argparse
import asyncio
import contextlib
import csv
import json
import os
import shutil
import sys
import tempfile
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog

from bench.phone import Phone
from bench.slow_console import PLANTED
from crm_lookup.masking import masked_phone
from crm_lookup.numbers import NumberReader
from hotline.accounts import add_user, open_users
from hotline.demo.people import PASSWORD
from hotline.demo.site import HOST, PortPlan, Site
from hotline.selftest.report import PopLatency, latency
from tests.asterisk import load

BASE_PORT: Final = 44000
PHONES: Final = "127.0.0.31"
FIRST_AGENT: Final = 3001
TALK: Final = 0.5
"""Seconds that an agent talks."""
CHECK_CALLS: Final = 20
"""Calls of the run with the planted fault."""


class Ring(NamedTuple):
    """One INVITE at a phone, and the pop that belongs to it."""

    agent: str
    caller: str
    invited: float
    popped: float | None
    shown: str
    call_id: str

    @property
    def milliseconds(self) -> float | None:
        return None if self.popped is None else (self.popped - self.invited) * 1000


class Floor:
    """Agents with their phones and consoles, and what both saw."""

    def __init__(self) -> None:
        self.invites: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self.pops: dict[str, list[tuple[float, str, str]]] = defaultdict(list)
        self.ready = asyncio.Event()

    def invited(self, extension: str, caller: str, at: float) -> None:
        self.invites[extension].append((at, caller))

    async def watch(self, consoles: asyncio.StreamReader) -> None:
        async for line in consoles:
            if line == b"ready\n":
                self.ready.set()
                continue
            arrived, agent, call_id, number = json.loads(line)
            self.pops[agent].append((arrived, call_id, number))

    def rings(self) -> tuple[list[Ring], int]:
        """Pair each INVITE with the pop at the same agent; also return the pops left over."""
        rings, extra = [], 0
        for agent in sorted({*self.invites, *self.pops}):
            pops = sorted(self.pops[agent])
            extra += max(0, len(pops) - len(self.invites[agent]))
            for number, (at, caller) in enumerate(sorted(self.invites[agent])):
                popped, call_id, shown = pops[number] if number < len(pops) else (None, "", "")
                rings.append(Ring(agent, caller, at, popped, shown, call_id))
        return sorted(rings, key=lambda ring: ring.invited), extra


@asynccontextmanager
async def staffed(folder: Path, consoles: int, *, slow: bool) -> AsyncIterator[tuple[Site, Floor]]:
    """A running hotline with so many agents available."""
    site = Site(folder, PortPlan.choose(BASE_PORT), extra=load.SETTINGS)
    logins = [str(FIRST_AGENT + number) for number in range(consoles)]
    floor, phones, children = Floor(), list[Phone](), list[asyncio.subprocess.Process]()
    watching: asyncio.Task[None] | None = None
    try:
        await site.prepare(300, lambda _: None)
        async with open_users(site.settings) as store:
            for login in logins:
                await add_user(store, login, f"Agent {login}", "agent", PASSWORD, login, [login])
        await site.start(roles=("ivr",) if slow else ("ivr", "console"))
        if slow:
            children.append(await _slow_console(site))
        await site.ready(120)
        wanted = {phone.extension: phone.secret for phone in site.phones()}
        loop = asyncio.get_running_loop()
        for login in logins:
            phone = Phone(login, wanted[login], (HOST, site.plan.sip), TALK, floor.invited)
            await loop.create_datagram_endpoint(lambda p=phone: p, local_addr=(PHONES, 0))  # type: ignore[misc] # bound now
            phones.append(phone)
            async with asyncio.timeout(5):
                await phone.registered.wait()
        console = await asyncio.create_subprocess_exec(
            sys.executable,
            "-m",
            "bench.consoles",
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        children.append(console)
        assert console.stdin is not None
        assert console.stdout is not None
        job = {"host": HOST, "port": site.plan.console, "password": PASSWORD, "logins": logins}
        console.stdin.write(json.dumps(job).encode() + b"\n")
        watching = asyncio.create_task(floor.watch(console.stdout))
        async with asyncio.timeout(30 + consoles):
            await floor.ready.wait()
        yield site, floor
    finally:
        for child in reversed(children):
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            await child.wait()
        if watching is not None:
            watching.cancel()
        for phone in phones:
            phone.close()
        await site.stop()


async def _slow_console(site: Site) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.slow_console", "--config", str(site.config)),
        *("serve", "console"),
        env={**os.environ, "HOTLINE_SUPERVISOR": str(os.getpid())},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def run(folder: Path, calls: int, rate: int, consoles: int, *, slow: bool) -> list[Ring]:
    """Place the calls and return every ring; raises ``AssertionError`` if one is not right."""
    async with staffed(folder, consoles, slow=slow) as (site, floor):
        people = load.callers(site, calls)
        await load.sipp(site, "person", people, rate=rate, port=45900, media=50000)
        await asyncio.sleep(0.5)  # the last pops may still be on their way
        rings, extra = floor.rings()
    numbers = NumberReader()
    missing = [ring for ring in rings if ring.popped is None]
    wrong = [
        ring
        for ring in rings
        if ring.popped is not None and ring.shown != masked_phone(numbers.read(ring.caller).e164)
    ]
    assert len(rings) >= calls, f"only {len(rings)} phones rang for {calls} calls"
    assert len({ring.call_id for ring in rings if ring.call_id}) == calls, "calls without a pop"
    assert not missing, f"{len(missing)} INVITEs without a pop, e.g. {missing[0]}"
    assert not wrong, f"{len(wrong)} pops show another caller, e.g. {wrong[0]}"
    assert not extra, f"{extra} pops without an INVITE"
    return rings


def write(path: Path, rings: list[Ring]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(("call_id", "agent", "invite_at", "pop_at", "pop_minus_invite_ms"))
        for ring in rings:
            lines.writerow(
                (ring.call_id, ring.agent, ring.invited, ring.popped, ring.milliseconds)
            )


def summary(rings: list[Ring]) -> PopLatency:
    return latency([ms for ring in rings if (ms := ring.milliseconds) is not None])


async def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    rings = await run(folder / "a", options.calls, options.rate, options.consoles, slow=False)
    write(options.csv, rings)
    slowed = await run(
        folder / "b", CHECK_CALLS, options.rate, min(options.consoles, 20), slow=True
    )
    real, planted = summary(rings), summary(slowed)
    assert real.p99 is not None
    assert planted.p50 is not None
    assert real.p50 is not None
    shift = planted.p50 - real.p50
    assert shift > PLANTED * 1000 * 0.6, f"50 ms were lost on purpose, {shift:.1f} ms were seen"
    return {
        "calls": options.calls,
        "rate": options.rate,
        "consoles": options.consoles,
        "rings": len(rings),
        "missing": 0,
        "wrong": 0,
        "pop_minus_invite_ms": {"p50": real.p50, "p99": real.p99},
        "with_50_ms_planted": {"p50": planted.p50, "p99": planted.p99},
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument("--rate", type=int, default=5, help="calls a second")
    parser.add_argument("--consoles", type=int, default=40, help="agents with phone and console")
    parser.add_argument("--csv", type=Path, default=Path("test-results/pop.csv"))
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.calls < 20 or not 1 <= options.consoles <= 200:
        parser.error("at least 20 calls, and 1 to 200 consoles")
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    folder = Path(tempfile.mkdtemp(prefix="hb-"))
    folder.chmod(0o755)
    try:
        result = asyncio.run(measure(folder, options))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps(result))
        return 0
    real, planted = result["pop_minus_invite_ms"], result["with_50_ms_planted"]
    print(
        f"{result['calls']} calls at {result['rate']}/s, {result['consoles']} consoles:"
        f" {result['rings']} INVITEs, 0 pops missing, 0 wrong"
    )
    print(f"pop after INVITE, ms: p50 {real['p50']}, p99 {real['p99']}")
    print(f"with 50 ms planted:   p50 {planted['p50']}, p99 {planted['p99']}")
    print(f"raw pairs: {options.csv}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
