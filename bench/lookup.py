"""How much recognising a caller and reading the whole brief cost beside a bare point select.

All run in turn through the same driver on the same database in the same process, so that their
ratio says something on any machine; the absolute times do only for this one.  Every size is a
synthetic bank of its own; what it holds is counted by the database and must be what was asked for.

    python -m bench.lookup [--sizes 10000,100000] [--rounds 2000] [--cold 100]
                           [--folder DIR] [--storages sqlite postgres] [--json]

The banks take turns, so that what else the machine does meets them alike.  A bank that is in
``--folder`` is used again.  ``cold`` rounds open a new connection after the
file was dropped from the page cache.
"""

import argparse
import asyncio
import itertools
import json
import os
import random
import sys
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Final, TypeAlias

import msgspec

from bench.bank_data.people import KEY, customer_id, mobile
from bench.bank_data.shape import BankShape
from bench.lookup_banks import Counts, PostgresBanks, SqliteBanks
from crm_lookup.model import CustomerId
from crm_lookup.sql.bank import SqlBank
from crm_lookup.sql.port import Database, Statement

Banks: TypeAlias = SqliteBanks | PostgresBanks
_POINT: Final = Statement("SELECT customer_id FROM customer_numbers WHERE number = :number")
_STEPS: Final = ("select", "recognise", "brief", "both")
MOST_GROWTH: Final = 1.3
"""From the first to the last size, in the median."""
MOST_P99_MS: Final = 5.0
"""Of the whole brief."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What one bank took; microseconds."""

    storage: str
    customers: int
    rows: Counts
    rounds: int
    needs: float
    """Share of the briefs that say what the customer probably calls about."""
    warm: dict[str, dict[str, float]]
    """Step → p50 and p99."""
    cold: dict[str, dict[str, float]]
    ratio: float
    """Recognise and brief together, in bare point selects (p50)."""


def percentiles(seconds: Sequence[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50": round(ordered[len(ordered) // 2] * 1e6, 1),
        "p99": round(ordered[len(ordered) * 99 // 100] * 1e6, 1),
    }


class Watch:
    """Times the steps of looking one caller up."""

    def __init__(self) -> None:
        self.taken: dict[str, list[float]] = {step: [] for step in _STEPS}
        self.with_needs = 0

    async def look_up(self, serial: int, bare: Database, bank: SqlBank) -> None:
        """Recognise the caller and read the brief; raises if either is not the right one."""
        number, wanted = mobile(serial), customer_id(serial)
        begun = time.perf_counter()
        rows = await bare.read(_POINT, {"number": number})
        selected = time.perf_counter()
        found = await bank.recognise(number)
        recognised = time.perf_counter()
        if found.customer_id is None:
            raise RuntimeError(f"{found.status}: nobody was recognised")
        brief = await bank.brief(found.customer_id)
        briefed = time.perf_counter()
        if brief is None or not rows[0][0] == found.customer_id == brief.customer_id == wanted:
            raise RuntimeError("somebody else was found")
        self.with_needs += bool(brief.needs)
        for step, taken in zip(
            _STEPS,
            (selected - begun, recognised - selected, briefed - recognised, briefed - selected),
            strict=True,
        ):
            self.taken[step].append(taken)

    def figures(self) -> dict[str, dict[str, float]]:
        return {step: percentiles(taken) for step, taken in self.taken.items() if taken}


class Bank:
    """One bank under measurement."""

    def __init__(self, banks: Banks, size: int, rows: Counts, *, rounds: int, cold: int) -> None:
        self.banks = banks
        self.size = size
        self.rows = rows
        self.warm, self.chilled = Watch(), Watch()
        serials = random.Random(size).sample(range(size), min(size, rounds + cold))  # noqa: S311 - a sample
        self.cold = serials[:cold]
        self._next = itertools.cycle(serials[cold:])

    async def look_up(self, watch: Watch, bare: Database, bank: SqlBank) -> None:
        """Look up the next customer."""
        await watch.look_up(next(self._next), bare, bank)

    async def look_up_cold(self) -> None:
        """Look customers up with new connections and an empty page cache, where that can be."""
        for serial in self.cold:
            if not self.banks.chill(self.size):
                return
            async with self.lend() as (bare, bank):
                # What a running server has read already: the schema.
                await bank.segment(CustomerId(customer_id(0)))
                before = _read_bytes()
                await self.chilled.look_up(serial, bare, bank)
                if _read_bytes() == before:  # a disk in memory: nothing here is ever cold
                    self.chilled = Watch()
                    return

    @asynccontextmanager
    async def lend(self) -> AsyncIterator[tuple[Database, SqlBank]]:
        bare, bank = await self.banks.open(self.size, key=KEY)
        try:
            yield bare, bank
        finally:
            await bank.close()
            await bare.close()

    def figures(self, storage: str, rounds: int) -> Figures:
        taken = self.warm.figures()
        return Figures(
            storage=storage,
            customers=self.size,
            rows=self.rows,
            rounds=rounds,
            needs=round(self.warm.with_needs / rounds, 3),
            warm=taken,
            cold=self.chilled.figures(),
            ratio=round(taken["both"]["p50"] / taken["select"]["p50"], 2),
        )


async def measure(storage: str, banks: Banks, arguments: argparse.Namespace) -> list[Figures]:
    """Look up different customers; the banks take turns, so that other load meets them alike."""
    rounds, cold = arguments.rounds, arguments.cold if storage == "sqlite" else 0
    found = [
        Bank(banks, size, banks.make(BankShape(customers=size)), rounds=rounds, cold=cold)
        for size in arguments.sizes
    ]
    for one in found:
        banks.warm(one.size)
    async with AsyncExitStack() as stack:
        opened = [(one, *await stack.enter_async_context(one.lend())) for one in found]
        for _ in range(min(rounds, 1_000)):
            for one, bare, bank in opened:
                await one.look_up(Watch(), bare, bank)
        for _ in range(rounds):
            for one, bare, bank in opened:
                await one.look_up(one.warm, bare, bank)
    for one in found:
        await one.look_up_cold()
    return [one.figures(storage, rounds) for one in found]


def _read_bytes() -> int:
    """Bytes that this process made the disk give."""
    for line in Path("/proc/self/io").read_text(encoding="ascii").splitlines():
        if line.startswith("read_bytes:"):
            return int(line.split()[1])
    return 0


async def run(storage: str, arguments: argparse.Namespace, folder: Path) -> list[Figures]:
    if storage == "sqlite":
        with SqliteBanks(folder) as files:
            return await measure(storage, files, arguments)
    with PostgresBanks() as server:
        return await measure(storage, server, arguments)


def report(found: Sequence[Figures]) -> list[str]:
    """Print the figures for people; return what is worse than it may be."""
    faults = []
    for one in found:
        held = ", ".join(f"{count:,} {table}" for table, count in one.rows.items())
        print(f"{one.storage}, {one.customers:,} customers ({held})")
        for state, figures in (("warm", one.warm), ("cold", one.cold)):
            for step, values in figures.items():
                print(
                    f"  {state} {step:10} p50 {values['p50']:9,.1f}  p99 {values['p99']:9,.1f} µs"
                )
        if not one.cold:
            print("  cold: not measured, nothing would be read from a disk")
        print(f"  recognise + brief cost {one.ratio} bare point selects (p50)")
        print(f"  {one.needs:.0%} of the briefs say what the customer probably calls about")
        if not one.needs:
            faults.append(f"{one.storage} {one.customers}: no brief had a need in it")
        if one.warm["brief"]["p99"] > MOST_P99_MS * 1000:
            faults.append(f"{one.storage} {one.customers}: brief p99 above {MOST_P99_MS} ms")
    for storage, sizes in itertools.groupby(found, key=lambda one: one.storage):
        first, *_, last = [*sizes, *[one for one in found if one.storage == storage][-1:]]
        for step in ("recognise", "brief", "both"):
            growth = last.warm[step]["p50"] / first.warm[step]["p50"]
            print(f"{storage}: {step} grew {growth:.2f}× from {first.customers:,} "
                  f"to {last.customers:,} customers")  # fmt: skip
            if growth > MOST_GROWTH:
                faults.append(f"{storage}: {step} grew {growth:.2f}×, at most {MOST_GROWTH}×")
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    print(f"load of this machine (1, 5, 15 minutes): {load} on {os.cpu_count()} cores")
    return faults


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument(
        "--sizes", type=lambda text: [int(part) for part in text.split(",")],
        default=[10_000, 100_000], help="customers of each bank, the smallest first",
    )  # fmt: skip
    parser.add_argument("--rounds", type=int, default=2_000)
    parser.add_argument("--cold", type=int, default=100, help="rounds with a cold page cache")
    parser.add_argument("--folder", type=Path, help="where banks are kept for the next run")
    parser.add_argument(
        "--storages", nargs="+", choices=("sqlite", "postgres"), default=["sqlite"],
        help="PostgreSQL is a private server",
    )  # fmt: skip
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if min(arguments.sizes) < 100 or arguments.rounds < 100:
        parser.error("below 100 customers or rounds the figures would say nothing")
    found, faults = [], []
    with tempfile.TemporaryDirectory() as made:
        folder = arguments.folder or Path(made)
        folder.mkdir(parents=True, exist_ok=True)
        for storage in arguments.storages:
            figures = asyncio.run(run(storage, arguments, folder))
            found += figures
            if not arguments.json:
                faults += report(figures)
                sys.stdout.flush()
    if arguments.json:
        print(json.dumps([msgspec.to_builtins(one) for one in found]))
    for fault in faults:
        print(f"✗ {fault}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
