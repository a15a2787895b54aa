"""Break one part after the other under real calls: nobody is lost, our state is Asterisk's.

A real Asterisk, a carrier's Asterisk with customers and phones, agents at their pages.  Each round
breaks one thing while calls are in many phases, and then compares our state, field by field, with
what another library reads from Asterisk over another connection.  After the rounds every customer
must have been served, and journal and queue_log must tell the same of every call.

At the end of every run one event is lost on purpose: if nothing shows it, the run has failed.

    python -m bench.faults [--rounds 10] [--seed N] [--minutes M] [--only FAULT,…]
        [--to FILE]              append the result to a file
    python -m bench.faults --verdict FILE [--at-least 200] [--least 10]
                                 judge all runs of the file together
"""

import argparse
import asyncio
import random
import shutil
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import msgspec
import structlog

from bench.fault_rounds.clock import FakeClock
from bench.fault_rounds.injectors import FAULTS
from bench.fault_rounds.rounds import EQUAL_WITHIN, PHASES, SETTLED_WITHIN, Result, run
from bench.fault_rounds.stand import running

BASE_PORT = 42000


def schedule(names: Sequence[str], rounds: int, chance: random.Random) -> list[str]:
    """Every fault equally often, in an order that the seed decides."""
    order: list[str] = []
    while len(order) < rounds:
        order += chance.sample(names, len(names))
    return order[:rounds]


def table(result: Result) -> str:
    """What the rounds showed, for people."""
    lines = [f"{'fault':15} {'rounds':>6} {'equal after s, median':>22} {'most':>6} {'wrong':>6}"]
    for name in FAULTS:
        rounds = [one for one in result.rounds if one.fault == name]
        if rounds:
            agreed = [one.agreed for one in rounds]
            wrong = sum(bool(one.differences) for one in rounds)
            median = statistics.median(agreed)
            lines.append(f"{name:15} {len(rounds):6} {median:22.2f} {max(agreed):6.2f} {wrong:6}")
    if result.settled:
        lines.append(
            f"stale wrap-up pauses: settled {max(result.settled):.2f} s after FullyBooted"
            f" at most, {len(result.settled)} times"
        )
    if result.planted:
        lines.append(f"an event that was lost on purpose showed as: {result.planted}")
    booted = sorted(one.after_boot for one in result.rounds if one.after_boot is not None)
    if booted:
        most = booted[-1]
        lines.append(
            f"after FullyBooted: median {statistics.median(booted):.2f} s, most {most:.2f} s,"
            f" {sum(value <= 1 for value in booted)} of {len(booted)} within 1 s"
        )
    met = result.met()
    lines.append("rounds that met a call in: " + ", ".join(f"{p} {met[p]}" for p in sorted(met)))
    lines.append("customers: " + ", ".join(f"{n} {what}" for what, n in result.served.items()))
    return "\n".join(lines)


def late(result: Result) -> list[str]:
    """What came right, but later than it must; on a busy machine that says nothing."""
    return [
        f"round {one.number}, {one.fault}: equal {one.after_boot:.2f} s after FullyBooted"
        for one in result.rounds
        if one.after_boot is not None and one.after_boot > EQUAL_WITHIN
    ] + [
        f"a stale wrap-up pause was settled {value:.2f} s after FullyBooted"
        for value in result.settled
        if value > SETTLED_WITHIN
    ]


def few(result: Result, rounds: int, least: int) -> list[str]:
    """What the rounds did not do often enough."""
    met = result.met()
    found = [
        f"only {met[phase]} rounds met a call in {phase}" for phase in PHASES if met[phase] < least
    ]
    if len(result.rounds) < rounds:
        found.append(f"only {len(result.rounds)} rounds")
    return found


def pooled(file: Path) -> Result:
    """All runs of a file as one, also those that failed."""
    runs = [msgspec.json.decode(line, type=Result) for line in file.read_bytes().splitlines()]
    served: Counter[str] = Counter()
    for run_ in runs:
        served.update(run_.served)
    return Result(
        rounds=[one for run_ in runs for one in run_.rounds],
        served=served,
        faults=[words for run_ in runs for words in run_.faults],
        settled=[value for run_ in runs for value in run_.settled],
        planted=f"{sum(bool(run_.planted) for run_ in runs)} of {len(runs)} runs",
    )


async def measure(
    names: Sequence[str], rounds: int, seed: int, state_dir: Path, seconds: float
) -> Result:
    chance = random.Random(seed)  # noqa: S311 - a printed seed makes the same rounds again
    clock = FakeClock.find(state_dir / "clock")
    if not clock.there:
        print("libfaketime is missing: no clock is stepped (make setup installs it)", flush=True)
        names = [name for name in names if name not in ("step_clock", "step_machine")]
    order = schedule(names, rounds, chance)
    async with running(state_dir, BASE_PORT, clock) as stand:
        return await run(stand, order, chance, lambda words: print(words, flush=True), seconds)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.faults")
    parser.add_argument("--rounds", type=int, default=len(FAULTS))
    parser.add_argument("--seed", type=int, default=time.time_ns() % 1_000_000)
    parser.add_argument("--only", default=",".join(FAULTS), help="faults, joined by commas")
    parser.add_argument("--least", type=int, default=0, help="rounds that must meet each phase")
    parser.add_argument("--at-least", type=int, default=1, help="rounds that there must be")
    parser.add_argument("--to", type=Path, help="append the result to this file")
    parser.add_argument("--verdict", type=Path, help="run nothing, judge the runs of this file")
    parser.add_argument(
        "--minutes", type=float, default=float("inf"), help="begin no further round after these"
    )
    parser.add_argument("--keep", action="store_true", help="keep the state folder")
    chosen = parser.parse_args(arguments)
    if chosen.verdict is not None:
        return judge(pooled(chosen.verdict), chosen.at_least, chosen.least)
    names = chosen.only.split(",")
    unknown = set(names) - set(FAULTS)
    if unknown:
        parser.error(f"no fault {', '.join(sorted(unknown))}; there are {', '.join(FAULTS)}")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    print(f"--rounds {chosen.rounds} --seed {chosen.seed}", flush=True)
    state_dir = Path(tempfile.mkdtemp(prefix="hf-"))
    state_dir.chmod(0o755)
    begun = time.monotonic()
    try:
        result = asyncio.run(
            measure(names, chosen.rounds, chosen.seed, state_dir, 60 * chosen.minutes)
        )
    finally:
        if chosen.keep:
            print(f"state: {state_dir}")
        else:
            shutil.rmtree(state_dir, ignore_errors=True)
    print(f"{len(result.rounds)} rounds in {time.monotonic() - begun:.0f} s")
    if chosen.to is not None:
        with chosen.to.open("ab") as file:
            file.write(msgspec.json.encode(result) + b"\n")
    return judge(result, chosen.at_least, chosen.least)


def judge(result: Result, rounds: int, least: int) -> int:
    """Print what the rounds showed, and the status."""
    print(table(result))
    faults = [*result.faults, *late(result), *few(result, rounds, least)]
    for words in faults:
        print(f"✗ {words}")
    print("FAIL" if faults else "PASS")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
