"""How long after the INVITE at the agent's phone the pop is at the agent's console.

SIPp's customers phone in over a real trunk, ask for a person and talk to agents whose phones are
UDP sockets of this process; the consoles are WebSocket clients in another process.  Both take the
time from the same clock: the INVITE when it is read from the phone's socket, the pop when it is
read from the console's WebSocket.  Every call must give exactly one pop per INVITE, at the right
agent, with the right caller; the raw pairs are kept.  A second, short run loses 50 ms on purpose:
if that does not show, the figures are worth nothing, and the benchmark fails.

    python -m bench.pop [--calls 100] [--rate 5] [--consoles 40] [--csv FILE] [--json]
        [--append]         add the pairs to those that FILE has: a long measurement in pieces
        [--no-planted]     leave the short run out, once the file has one
    python -m bench.pop --pooled FILE [--least 20000]     judge all pairs of the file
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
import time
from collections import defaultdict
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

import structlog
from argon2 import PasswordHasher

from agent_console.accounts import Passwords, create_user
from bench.calls import cpu_seconds
from bench.phone import Phone
from bench.slow_console import PLANTED, WHILE
from crm_lookup.masking import masked_phone
from crm_lookup.numbers import NumberReader
from hotline.accounts import open_users
from hotline.asterisk.secrets import load_secrets
from hotline.demo.people import PASSWORD
from hotline.demo.site import HOST, PortPlan, Site
from hotline.selftest.report import PopLatency, latency
from tests.asterisk import load

BASE_PORT: Final = 44000
PHONES: Final = "127.0.0.31"
FIRST_AGENT: Final = 3001
TALK: Final = 0.5
"""Seconds that an agent talks."""
CHECK_CALLS: Final = 60
"""Calls of the run with the planted fault."""
PLANTED_RUN: Final = "planted"
"""What stands for the rate in the file, in rows of that run."""
AIM_P50, AIM_P99 = 5.0, 25.0
"""Milliseconds."""
PATIENCE: Final = 120
"""Seconds that a run may take beyond its calls' own time."""


class Ring(NamedTuple):
    """One INVITE at a phone, and the pop that belongs to it."""

    agent: str
    caller: str
    invited: float
    popped: float | None
    shown: str
    call_id: str
    told: float | None
    """When the bare reader had Asterisk's word of it."""


class Figures(NamedTuple):
    """Milliseconds at the median and the 99th percentile."""

    pop: PopLatency
    """From the INVITE at the phone to the pop at the console."""
    floor: PopLatency
    """From the INVITE to Asterisk's event at the bare reader."""
    ours: PopLatency
    """From that event to the pop."""


def figures(rings: list[Ring]) -> Figures:
    both = [(r.invited, r.told, r.popped) for r in rings]
    return Figures(
        pop=latency([(popped - at) * 1000 for at, _, popped in both if popped is not None]),
        floor=latency([(told - at) * 1000 for at, told, _ in both if told is not None]),
        ours=latency(
            [(p - told) * 1000 for _, told, p in both if told is not None and p is not None]
        ),
    )


class Floor:
    """Agents with their phones and consoles, and what both saw."""

    def __init__(self) -> None:
        self.invites: dict[str, list[tuple[float, str]]] = defaultdict(list)
        self.pops: dict[str, list[tuple[float, str, str]]] = defaultdict(list)
        self.told: dict[tuple[str, str], list[float]] = defaultdict(list)
        self.ready = asyncio.Event()

    def clear(self) -> None:
        """Forget what was seen, before the next run."""
        for seen in (self.invites, self.pops, self.told):
            seen.clear()

    def invited(self, extension: str, caller: str, at: float) -> None:
        self.invites[extension].append((at, caller))

    async def watch(self, consoles: asyncio.StreamReader) -> None:
        async for line in consoles:
            if line == b"ready\n":
                self.ready.set()
                continue
            kind, arrived, agent, call_id, *number = json.loads(line)
            if kind == "pop":
                self.pops[agent].append((arrived, call_id, number[0]))
            else:
                self.told[agent, call_id].append(arrived)

    def rings(self) -> tuple[list[Ring], int]:
        """Pair each INVITE with the pop at the same agent; also return the pops left over."""
        rings, extra = [], 0
        for agent in sorted({*self.invites, *self.pops}):
            pops = sorted(self.pops[agent])
            extra += max(0, len(pops) - len(self.invites[agent]))
            for number, (at, caller) in enumerate(sorted(self.invites[agent])):
                popped, call_id, shown = pops[number] if number < len(pops) else (None, "", "")
                told = next((t for t in self.told[agent, call_id] if t > at - 1), None)
                rings.append(Ring(agent, caller, at, popped, shown, call_id, told))
        return sorted(rings, key=lambda ring: ring.invited), extra


@asynccontextmanager
async def staffed(
    folder: Path, consoles: int, *, slow: bool, planted_while: Path | None = None
) -> AsyncIterator[tuple[Site, Floor]]:
    """A running hotline with so many agents available.

    ``slow`` plants the fault, always or while the file is there.
    """
    site = Site(folder, PortPlan.choose(BASE_PORT), extra=load.SETTINGS)
    logins = [str(FIRST_AGENT + number) for number in range(consoles)]
    floor, phones, children = Floor(), list[Phone](), list[asyncio.subprocess.Process]()
    watching: asyncio.Task[None] | None = None
    try:
        await site.prepare(300, lambda _: None)
        await hire(site, logins)
        await site.start(roles=("ivr",) if slow else ("ivr", "console"))
        if slow:
            children.append(await _slow_console(site, planted_while))
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
        job = {
            **{"host": HOST, "port": site.plan.console, "password": PASSWORD, "logins": logins},
            **{"ami": site.plan.ami, "secret": load_secrets(site.settings).ami},
        }
        console.stdin.write(json.dumps(job).encode() + b"\n")
        watching = asyncio.create_task(floor.watch(console.stdout))
        async with asyncio.timeout(60 + 3 * consoles):
            ready = asyncio.create_task(floor.ready.wait())
            await asyncio.wait({ready, watching}, return_when=asyncio.FIRST_COMPLETED)
            assert ready.done(), "the consoles ended; see their words above"
        yield site, floor
    finally:
        for child in reversed(children):
            with contextlib.suppress(ProcessLookupError):
                child.terminate()
            await child.wait()
        if watching is not None:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)
        for phone in phones:
            phone.close()
        await site.stop()


async def hire(site: Site, logins: list[str]) -> None:
    """Store the agents, under a weak hash: hundreds at full strength would take minutes."""
    weak = Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))
    try:
        async with open_users(site.settings) as store:
            for login in logins:
                await create_user(
                    store,
                    weak,
                    login=login,
                    display_name=f"Agent {login}",
                    role="agent",
                    password=PASSWORD,
                    now=time.time(),
                    agent_id=login,
                    extensions=[login],
                )
    finally:
        weak.close()


async def _slow_console(site: Site, planted_while: Path | None) -> asyncio.subprocess.Process:
    switch = {} if planted_while is None else {WHILE: str(planted_while)}
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.slow_console", "--config", str(site.config)),
        *("serve", "console"),
        env={**os.environ, **switch, "HOTLINE_SUPERVISOR": str(os.getpid())},
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )


async def run(site: Site, floor: Floor, calls: int, rate: int) -> list[Ring]:
    """Place the calls and return every ring; raises ``AssertionError`` if one is not right."""
    floor.clear()
    people = load.callers(site, calls)
    seconds = calls // rate + PATIENCE
    await load.sipp(site, "person", people, rate=rate, port=44900, media=50000, seconds=seconds)
    await asyncio.sleep(1)  # the last pops may still be on their way
    rings, extra = floor.rings()
    numbers = NumberReader()
    missing = [ring for ring in rings if ring.popped is None]
    wrong = [
        ring
        for ring in rings
        if ring.popped is not None and ring.shown != masked_phone(numbers.read(ring.caller).e164)
    ]
    assert len(rings) >= calls, f"only {len(rings)} phones rang for {calls} calls"
    popped = {ring.call_id for ring in rings if ring.call_id}
    assert len(popped) == calls, f"{calls - len(popped)} calls without a pop"
    assert not missing, f"{len(missing)} INVITEs without a pop, e.g. {missing[0]}"
    assert not wrong, f"{len(wrong)} pops show another caller, e.g. {wrong[0]}"
    assert not extra, f"{extra} pops without an INVITE"
    assert all(ring.told for ring in rings), "the bare reader missed events"
    return rings


COLUMNS: Final = ("calls_per_s", "call_id", "agent", "invite_at", "event_at", "pop_at")


def begin(path: Path, *, append: bool) -> None:
    """Make the file of the raw pairs, or go on with it."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not append or not path.exists():
        path.write_text(",".join(COLUMNS) + "\r\n", encoding="utf-8")


def write(path: Path, run: str, rings: list[Ring]) -> None:
    with path.open("a", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerows((run, r.call_id, r.agent, r.invited, r.told, r.popped) for r in rings)


def read(path: Path) -> dict[str, list[Ring]]:
    """The raw pairs by run; raises ``ValueError`` for a row that lacks a time."""
    runs: dict[str, list[Ring]] = defaultdict(list)
    with path.open(newline="", encoding="utf-8") as file:
        for row in csv.DictReader(file):
            told, popped = float(row["event_at"]), float(row["pop_at"])
            one = Ring(row["agent"], "", float(row["invite_at"]), popped, "", row["call_id"], told)
            runs[row["calls_per_s"]].append(one)
    return dict(runs)


def judge(runs: dict[str, list[Ring]], least: int) -> list[str]:
    """Print what all pairs of a file show; return what is wrong with it."""
    planted = runs.pop(PLANTED_RUN, [])
    together = [ring for rings in runs.values() for ring in rings]
    faults = []
    calls = len({ring.call_id for ring in together})
    for name, rings in (*runs.items(), ("all", together), (PLANTED_RUN, planted)):
        if rings:
            line(f"{len(rings)} pairs, {name}", by_name(figures(rings)))
    if calls < least:
        faults.append(f"only {calls} calls, not {least}")
    if not planted:
        faults.append("no run with a planted fault: nothing shows that the figures would notice")
    elif together:
        try:
            check(figures(together), figures(planted))
        except AssertionError as error:
            faults.append(str(error))
    pop = figures(together).pop if together else None
    if pop is not None and pop.p50 is not None and pop.p99 is not None:
        if pop.p50 > AIM_P50:
            faults.append(f"p50 {pop.p50} ms, aim {AIM_P50:g} ms")
        if pop.p99 > AIM_P99:
            faults.append(f"p99 {pop.p99} ms, aim {AIM_P99:g} ms")
    return faults


def by_name(found: Figures) -> dict[str, dict[str, float | None]]:
    return {name: {"p50": one.p50, "p99": one.p99} for name, one in found._asdict().items()}


async def measure(folder: Path, options: argparse.Namespace) -> dict[str, Any]:
    runs, cpu = {}, {}
    begin(options.csv, append=options.append)
    async with staffed(folder / "a", options.consoles, slow=False) as (site, floor):
        pids = {name: pid for name, pid in site.pids().items() if name != "carrier"}
        for rate in options.rate:
            before = cpu_seconds(pids)
            runs[rate] = await run(site, floor, options.calls, rate)
            after = cpu_seconds(pids)
            cpu[rate] = {n: round((after[n] - before[n]) / options.calls * 1000, 1) for n in after}
            write(options.csv, str(rate), runs[rate])
    if not options.planted:
        return result_of(options, runs, cpu)
    async with staffed(folder / "b", min(options.consoles, 40), slow=True) as (site, floor):
        slowed = await run(site, floor, CHECK_CALLS, min(options.rate))
    planted = figures(slowed)
    write(options.csv, PLANTED_RUN, slowed)
    real = figures([ring for rings in runs.values() for ring in rings])
    check(real, planted)
    return {**result_of(options, runs, cpu), "with_50_ms_planted": by_name(planted)}


def result_of(
    options: argparse.Namespace, runs: dict[int, list[Ring]], cpu: dict[int, dict[str, float]]
) -> dict[str, Any]:
    return {
        "calls": options.calls,
        "consoles": options.consoles,
        "missing": 0,
        "wrong": 0,
        "runs": {
            str(rate): {
                "rings": len(rings),
                **by_name(figures(rings)),
                "cpu_ms_per_call": cpu[rate],
            }
            for rate, rings in runs.items()
        },
    }


def check(real: Figures, planted: Figures) -> None:
    """See that 50 ms, lost on purpose, show.  Raises ``AssertionError`` if they do not."""
    for name in ("p50", "p99"):
        without, with_fault = getattr(real.ours, name), getattr(planted.ours, name)
        assert without is not None
        assert with_fault is not None
        shift = with_fault - without
        least = PLANTED * 1000 * 0.6 if name == "p50" else 0
        assert shift > least, (
            f"50 ms were lost on purpose, and {name} changed by {shift:.1f} ms: the machine is too"
            " busy with other things, or the figures are wrong"
        )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=100)
    parser.add_argument(
        "--rate", type=int, nargs="+", default=[5, 10], help="calls a second, one run for each"
    )
    parser.add_argument("--consoles", type=int, default=40, help="agents with phone and console")
    parser.add_argument("--csv", type=Path, default=Path("test-results/pop.csv"))
    parser.add_argument("--append", action="store_true", help="add to the file")
    parser.add_argument(
        "--no-planted", dest="planted", action="store_false", help="leave the planted fault out"
    )
    parser.add_argument("--pooled", type=Path, help="run nothing, judge the pairs of this file")
    parser.add_argument("--least", type=int, default=20_000, help="calls that it must hold")
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    options = parser.parse_args()
    if options.pooled is not None:
        faults = judge(read(options.pooled), options.least)
        for words in faults:
            print(f"✗ {words}")
        print("FAIL" if faults else "PASS")
        return 1 if faults else 0
    if options.calls < 20 or not 1 <= options.consoles <= 200 or min(options.rate) < 1:
        parser.error("at least 20 calls, 1 to 200 consoles, 1 call a second")
    structlog.configure(logger_factory=structlog.ReturnLoggerFactory())
    folder = Path(tempfile.mkdtemp(prefix="hb-"))
    folder.chmod(0o755)
    try:
        result = asyncio.run(measure(folder, options))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    if options.json:
        print(json.dumps(result))
    else:
        show(result)
        print(f"raw pairs: {options.csv}")
    return 0


def show(result: dict[str, Any]) -> None:
    print(f"{result['consoles']} consoles, ms: INVITE → pop (INVITE → bare reader; reader → pop)")

    for rate, found in result["runs"].items():
        line(f"{result['calls']} calls at {rate}/s", found)
        cpu = ", ".join(f"{name} {ms}" for name, ms in found["cpu_ms_per_call"].items())
        print(f"  {found['rings']} INVITEs, 0 pops missing, 0 wrong; CPU ms a call: {cpu}")
    if "with_50_ms_planted" in result:
        line("with 50 ms planted", result["with_50_ms_planted"])


def line(title: str, found: dict[str, Any]) -> None:
    pop, floor, ours = found["pop"], found["floor"], found["ours"]
    print(
        f"{title:24} p50 {pop['p50']:7} ({floor['p50']}; {ours['p50']})"
        f"  p99 {pop['p99']:7} ({floor['p99']}; {ours['p99']})"
    )


if __name__ == "__main__":
    sys.exit(main())
