"""How much a recognition with its brief costs beside a bare prepared point select.

Both run in turn through aiosqlite on the same file in the same process, so that their ratio says
something on any machine; the absolute times do only for this one.

    python bench/lookup.py [--customers 10000] [--rounds 2000] [--json]
"""

import argparse
import asyncio
import json
import random
import sqlite3
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any

import aiosqlite
import argon2

from crm_lookup.keys import DataKey
from crm_lookup.numbers import NumberReader
from crm_lookup.sqlite import SqliteBank
from hotline import db
from hotline.demo_bank import seed

KEY = DataKey(b"a key for the benchmark, no secret")


def percentiles(seconds: list[float]) -> dict[str, float]:
    ordered = sorted(seconds)
    return {
        "p50_us": round(ordered[len(ordered) // 2] * 1e6, 1),
        "p99_us": round(ordered[len(ordered) * 99 // 100] * 1e6, 1),
    }


async def measure(path: Path, rounds: int) -> dict[str, Any]:
    with closing(sqlite3.connect(path)) as connection:
        held = connection.execute("SELECT count(*) FROM customers").fetchone()[0]
        pairs = connection.execute(
            "SELECT number, min(customer_id) FROM customer_numbers "
            "GROUP BY number HAVING count(*) = 1 ORDER BY number"
        ).fetchall()
    chosen = random.Random(1).choices(pairs, k=rounds)  # noqa: S311 - a sample
    taken: dict[str, list[float]] = {"select": [], "recognise": [], "brief": [], "both": []}
    select = "SELECT customer_id FROM customer_numbers WHERE number = ?"
    bare = await aiosqlite.connect(path, isolation_level=None)
    try:
        async with await SqliteBank.open(path, key=KEY) as bank:
            for number, customer_id in chosen:
                begun = time.perf_counter()
                rows = list(await bare.execute_fetchall(select, (number,)))
                selected = time.perf_counter()
                found = await bank.recognise(number)
                recognised = time.perf_counter()
                assert found.customer_id is not None, f"{found.status}: nobody was recognised"
                brief = await bank.brief(found.customer_id)
                briefed = time.perf_counter()
                assert rows[0][0] == found.customer_id == customer_id
                assert brief is not None
                assert brief.customer_id == customer_id
                taken["select"].append(selected - begun)
                taken["recognise"].append(recognised - selected)
                taken["brief"].append(briefed - recognised)
                taken["both"].append(briefed - selected)
    finally:
        await bare.close()
    reader = NumberReader()
    begun = time.perf_counter()
    for number, _ in chosen:
        reader.read(number)
    parsed = (time.perf_counter() - begun) / rounds
    figures = {name: percentiles(values) for name, values in taken.items()}
    return {
        "customers": held,
        "rounds": rounds,
        "figures": figures,
        "parse_us": round(parsed * 1e6, 1),
        "ratio_p50": round(figures["both"]["p50_us"] / figures["select"]["p50_us"], 2),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--customers", type=int, default=10_000)
    parser.add_argument("--rounds", type=int, default=2_000)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.customers < 100 or arguments.rounds < 100:
        parser.error("below 100 customers or rounds the figures would say nothing")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "bench.db"
        db.upgrade(f"sqlite:///{path}")
        made = seed(
            f"sqlite:///{path}",
            key=KEY,
            customers=arguments.customers,
            pin_parameters=argon2.profiles.CHEAPEST,
        )
        result = asyncio.run(measure(path, arguments.rounds))
    result["seeding_seconds"] = round(made.seconds, 2)
    assert result["customers"] >= arguments.customers, "the database holds too few customers"
    if arguments.json:
        print(json.dumps(result))
        return 0
    print(f"{result['customers']} customers, {result['rounds']} rounds, µs")
    for name, values in result["figures"].items():
        print(f"  {name:10} p50 {values['p50_us']:8}  p99 {values['p99_us']:8}")
    print(f"  reading a number takes {result['parse_us']} µs of it")
    print(f"recognise + brief cost {result['ratio_p50']} bare point selects (p50)")
    return 0


if __name__ == "__main__":
    sys.exit(main())
