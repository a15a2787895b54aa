"""What our voice menu costs beside the same menu written as plain dialplan.

Four prompts and two keys, 20 s a call, the same files.  Steps of rising rate find for both how
many calls a second get through, until each has failed, and then what lies between the last rate
that passed and the first that failed; a call has failed when it is refused, answered late, or when
the menu does not say goodbye in time (it missed a key, or its audio came late).  Then 200 calls at
once; from an AGI connection to the first command, beside an AGI server that does nothing else; and
one amount, composed.  SIPp's own CPU is printed; above 70 % of a core the step is void.

A step takes 70 to 120 s.  --into keeps the results of several runs in one file: a further run goes
on with the knee where the last one, bounded by --minutes, had to stop.

    python -m bench.ivr [--part knee|many|small …] [--rates 20 30 40 60 80 100] [--minutes 15]
        [--into FILE]
"""

import argparse
import asyncio
import json
import math
import os
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import msgspec
import structlog

from bench.calls import cpu_seconds
from bench.ivr_load import callers, first, knee, menu
from bench.ivr_load.knee import VOID
from bench.lookup import percentiles
from hotline.demo.site import PortPlan, Site
from ivr.prompts import PromptCatalogue
from tests.asterisk import load

BASE_PORT = 45000
RATES = [20.0, 30.0, 40.0, 60.0, 80.0, 100.0]
HOLD = 50.0
"""Seconds for which calls begin at a rate, at least: two and a half calls, so that as many are
there at once as that rate brings."""
SETTLE = 60.0
"""Seconds in which the calls of a step must be gone."""
CEILING = 2400
"""Calls at once that the settings allow: the knee shall be the machine's, not theirs."""
DIALLED = {"plain": menu.PLAIN, "ours": menu.OURS}
PARTS = ("small", "knee", "many")


@asynccontextmanager
async def running(folder: Path) -> AsyncIterator[Site]:
    """An Asterisk with our menu and its twin; no engine and no console, which the twin has not."""
    flows = folder / "flows"
    flows.mkdir()
    (flows / "bench.yaml").write_text(menu.FLOW, encoding="utf-8")
    extra = f"""
[[numbers]]
dnis = "{menu.OURS}"
flow = "bench"

[[trunks]]
name = "{load.TRUNK}"
host = "{load.SIPP_ADDRESS}"
"""
    site = Site(
        folder / "site",
        msgspec.structs.replace(PortPlan.choose(BASE_PORT), rtp_ports=2 * CEILING),
        extra=extra,
        more={
            "asterisk": f"maximum_calls = {CEILING}",
            "ivr": f'flows = "{flows}"\nmaximum_sessions = {CEILING}',
        },
    )
    try:
        await site.prepare(50, lambda _: None)
        await site.start(("ivr",))
        await site.listening("ivr", site.plan.ivr)
        for extension, application, context in menu.DIALPLAN:
            site.exchange.process.command(
                f"dialplan add extension {extension},{application} into {context}"
            )
        yield site
    finally:
        await site.stop()


async def step(site: Site, side: str, calls: int, rate: float, port: int) -> dict[str, Any]:
    """Place calls at one rate to one menu."""
    pids = {name: pid for name, pid in site.pids().items() if pid is not None}
    before = cpu_seconds(pids)
    ran = await callers.run(site, DIALLED[side], calls=calls, rate=rate, port=port)
    after = cpu_seconds(pids)
    found = {
        "side": side,
        "rate": rate,
        "calls": ran.calls,
        "failed": ran.failed,
        "most_at_once": ran.most_at_once,
        "mean_seconds": round(ran.mean_seconds, 2),
        "sipp_cores": round(ran.cpu, 2),
        "void": ran.cpu > VOID,
        "cpu_ms_per_call": {
            name: round((after[name] - before[name]) / calls * 1000, 2) for name in pids
        },
    }
    print(line(found) + (f"\n  failed: {ran.why}" if ran.failed else ""), flush=True)
    return found


async def settled(site: Site) -> None:
    """Wait until no call is left.  Raises ``TimeoutError``."""
    async with asyncio.timeout(SETTLE):
        while True:
            shown = await asyncio.to_thread(
                site.exchange.process.command, "core show channels count"
            )
            if shown.startswith("0 active channels"):
                return
            await asyncio.sleep(0.5)


def line(found: dict[str, Any]) -> str:
    cpu = ", ".join(f"{name} {ms:.1f}" for name, ms in found["cpu_ms_per_call"].items())
    return (
        f"{found['side']:6} {found['rate']:5g}/s  {found['calls']} calls of"
        f" {found['mean_seconds']:.1f} s, at most {found['most_at_once']} at once,"
        f" {found['failed']} failed; CPU ms a call: {cpu}; SIPp {found['sipp_cores']:.2f} cores"
        + ("  VOID" if found["void"] else "")
    )


def compose(rounds: int) -> dict[str, float]:
    """Compose amounts in both languages; return microseconds for one."""
    catalogue = PromptCatalogue.load()
    chance = Random(1)  # noqa: S311 - a sample
    amounts = [chance.randrange(-(10**9), 10**11) for _ in range(rounds)]
    taken = []
    for number, minor in enumerate(amounts):
        language = ("zh", "en")[number % 2]
        begun = time.perf_counter()
        said = catalogue.balance(
            kind="current",
            tail="0018",
            minor=minor,
            currency="CNY",
            language=language,  # type: ignore[arg-type]  # one of the two
        )
        taken.append(time.perf_counter() - begun)
        assert len(said) > 3, "nothing was composed"
    return percentiles(taken)


async def measure(folder: Path, options: argparse.Namespace, kept: dict[str, Any]) -> None:
    ports = iter(range(BASE_PORT + 8000, BASE_PORT + 10000, 10))
    async with running(folder) as site:
        if "small" in options.part:
            ours, control = await first.measure(site, options.connections, "bench")
            kept["first_command"] = {"ours": percentiles(ours), "control": percentiles(control)}
            kept["amount"] = compose(5000)
        if "knee" in options.part:
            until = time.monotonic() + 60 * options.minutes
            steps = kept.setdefault("steps", [])
            while wanted := knee.next_step(steps, options.side, options.rates):
                if time.monotonic() > until:
                    print(f"time is up; next would be {wanted[0]} at {wanted[1]:g}/s")
                    break
                side, rate = wanted
                calls = max(options.calls, round(rate * options.hold))
                steps.append(await step(site, side, calls, rate, next(ports)))
                await settled(site)
        if "many" in options.part:
            rate = options.together / callers.CALL * 1.1  # a tenth more, so that it is reached
            calls = max(2 * options.together, 100)
            found = await step(site, "ours", calls, rate, next(ports))
            assert found["most_at_once"] >= options.together, "so many were never there at once"
            kept["many"] = found


def show(kept: dict[str, Any]) -> bool:
    """Print all that was measured; return whether nothing failed that must not."""
    good = True
    if "first_command" in kept:
        for name, found in kept["first_command"].items():
            print(
                f"connection to first AGI command, {name:8}"
                f" p50 {found['p50'] / 1000:.2f} ms, p99 {found['p99'] / 1000:.2f} ms"
            )
        print(f"one amount composed: p50 {kept['amount']['p50']:.0f} µs,", end=" ")
        print(f"p99 {kept['amount']['p99']:.0f} µs")
    steps = kept.get("steps", [])
    for found in steps:
        print(line(found))
    if steps:
        good = show_knees(steps)
    if "many" in kept:
        print(f"together: {line(kept['many'])}")
        good = good and not kept["many"]["failed"] and not kept["many"]["void"]
    return good


def show_knees(steps: Sequence[dict[str, Any]]) -> bool:
    """Print the knees and their ratio; return whether every side that was tried got through."""
    tried = {one["side"] for one in steps}
    found = {side: knee.knee(steps, side) for side in DIALLED if side in tried}
    for side, of_side in found.items():
        print(knee.told(side, of_side))
    if found.keys() == DIALLED.keys():
        match knee.ratio(found["ours"], found["plain"]):
            case None:
                print("ratio: unknown, the knee of the plain dialplan was not reached")
            case share, exact:
                print(f"ratio: {'' if exact else 'at least '}{share:.2f} (aim 0.9)")
    return all(of_side.passed is not None for of_side in found.values())


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ivr")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--side", nargs="+", choices=list(DIALLED), default=list(DIALLED))
    parser.add_argument(
        "--rates", type=float, nargs="+", default=[20, 30, 40, 60, 80], help="calls/s"
    )
    parser.add_argument("--calls", type=int, default=1000, help="in a step of the knee, at least")
    parser.add_argument("--hold", type=float, default=HOLD, help="seconds of a step, at least")
    parser.add_argument("--minutes", type=float, default=math.inf, help="no step begins later")
    parser.add_argument("--together", type=int, default=200, help="calls at once")
    parser.add_argument("--connections", type=int, default=1000, help="to the AGI port")
    parser.add_argument("--into", type=Path, help="JSON file that keeps the results of all runs")
    options = parser.parse_args(arguments)
    if os.geteuid() != 0:
        parser.error("SIPp's play_dtmf needs a raw socket: run this benchmark as root")
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # Asterisk inherits it
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    kept = json.loads(options.into.read_text()) if options.into and options.into.exists() else {}
    folder = Path(tempfile.mkdtemp(prefix="hb-"))
    folder.chmod(0o755)
    try:
        asyncio.run(measure(folder, options, kept))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
        if options.into:
            options.into.write_text(json.dumps(kept, indent=1))
    return 0 if show(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
