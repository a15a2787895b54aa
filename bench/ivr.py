"""What our voice menu costs beside the same menu written as plain dialplan.

Four prompts and two keys, 20 s a call, the same files.  Steps of rising rate find for both how
many calls a second get through; a call has failed when it is refused, answered late, or when the
menu does not say goodbye in time (it missed a key, or its audio came late).  Then 200 calls at
once; from an AGI connection to the first command, beside an AGI server that does nothing else; and
one amount, composed.  SIPp's own CPU is printed; above 70 % of a core the step is void.

A step takes about a minute; --into keeps the results of several runs in one file.

    python -m bench.ivr [--part knee|many|small …] [--rates 10 14 20] [--calls 1000] [--into FILE]
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from random import Random
from typing import Any

import structlog

from bench.calls import cpu_seconds
from bench.ivr_load import callers, first, menu
from bench.lookup import percentiles
from hotline.demo.site import PortPlan, Site
from ivr.prompts import PromptCatalogue
from tests.asterisk import load

BASE_PORT = 45000
ALLOWED = 0.001
"""Share of calls that may fail below the knee."""
VOID = 0.7
"""SIPp above so many cores measures itself."""
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
        PortPlan.choose(BASE_PORT),
        extra=extra,
        more={"ivr": f'flows = "{flows}"'},
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


def line(found: dict[str, Any]) -> str:
    cpu = ", ".join(f"{name} {ms:.1f}" for name, ms in found["cpu_ms_per_call"].items())
    return (
        f"{found['side']:6} {found['rate']:5g}/s  {found['calls']} calls of"
        f" {found['mean_seconds']:.1f} s, at most {found['most_at_once']} at once,"
        f" {found['failed']} failed; CPU ms a call: {cpu}; SIPp {found['sipp_cores']:.2f} cores"
        + ("  VOID" if found["void"] else "")
    )


def passed(found: dict[str, Any]) -> bool:
    return not found["void"] and found["failed"] <= ALLOWED * found["calls"]


def knee(steps: Sequence[dict[str, Any]], side: str) -> float | None:
    """The highest rate that passed below every rate that failed."""
    of_side = [one for one in steps if one["side"] == side]
    wrong = [one["rate"] for one in of_side if not passed(one)]
    right = [one["rate"] for one in of_side if passed(one)]
    return max((rate for rate in right if not wrong or rate < min(wrong)), default=None)


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
    ports = iter(range(BASE_PORT + 6000, BASE_PORT + 8000, 10))
    async with running(folder) as site:
        if "small" in options.part:
            ours, control = await first.measure(site, options.connections, "bench")
            kept["first_command"] = {"ours": percentiles(ours), "control": percentiles(control)}
            kept["amount"] = compose(5000)
        if "knee" in options.part:
            for rate in options.rates:
                for side in options.side:
                    kept.setdefault("steps", []).append(
                        await step(site, side, options.calls, rate, next(ports))
                    )
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
    knees = {side: knee(steps, side) for side in DIALLED}
    if steps:
        print(f"knee, calls a second: plain {knees['plain']}, ours {knees['ours']}")
    if knees["plain"] and knees["ours"]:
        print(f"ratio: {knees['ours'] / knees['plain']:.2f} (aim 0.9)")
    if "many" in kept:
        print(f"together: {line(kept['many'])}")
        good = not kept["many"]["failed"] and not kept["many"]["void"]
    return good


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.ivr")
    parser.add_argument("--part", nargs="+", choices=PARTS, default=list(PARTS))
    parser.add_argument("--side", nargs="+", choices=list(DIALLED), default=list(DIALLED))
    parser.add_argument("--rates", type=float, nargs="+", default=[10, 14, 20], help="calls/s")
    parser.add_argument("--calls", type=int, default=1000, help="in each step of the knee")
    parser.add_argument("--together", type=int, default=200, help="calls at once")
    parser.add_argument("--connections", type=int, default=1000, help="to the AGI port")
    parser.add_argument("--into", type=Path, help="JSON file that keeps the results of all runs")
    options = parser.parse_args(arguments)
    if os.geteuid() != 0:
        parser.error("SIPp's play_dtmf needs a raw socket: run this benchmark as root")
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
