"""How long the analysis of a whole bank takes beside one plain scan, and how much memory.

1 million customers with 30 million transactions are made (the seed is printed), scored by a
process of its own on two cores, read back and compared with what was planted; then 1 % of the
customers deal once more and an incremental run follows.  Below these counts, or above 4 GiB in the
process tree, it reports nothing and fails.

    python -m bench.analysis [--bank FILE] [--customers N --transactions N]

``--bank`` keeps the made bank in FILE, and takes it from there the next time.
"""

import argparse
import os
import sqlite3
import subprocess
import sys
import tempfile
import time
from contextlib import closing
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np

from bench.bank_data import PERSONAS, BankShape
from bench.bank_data.bulk import Planted, fill_for_analysis
from hotline import db

CUSTOMERS: Final = 1_000_000
TRANSACTIONS: Final = 30_000_000
ACTIVITY: Final = 0.1
LIMIT: Final = 4 * 1024**3
_CHILD: Final = (
    "import sys; from pathlib import Path; from crm_lookup.analysis.run import analyse\n"
    "run = analyse(Path(sys.argv[1]), as_of=float(sys.argv[2]))\n"
    "print(run.kind, run.customers)\n"
)


class Measured(NamedTuple):
    seconds: float
    peak: int
    """Bytes that the process tree held at most."""
    kind: str
    customers: int


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.analysis")
    parser.add_argument("--bank", type=Path)
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--transactions", type=int, default=TRANSACTIONS)
    chosen = parser.parse_args(arguments)
    shape = BankShape(customers=chosen.customers, activity=ACTIVITY)
    with tempfile.TemporaryDirectory() as scratch:
        path = chosen.bank or Path(scratch) / "bank.db"
        planted = _bank(path, shape)
        if chosen.customers < CUSTOMERS or chosen.transactions < TRANSACTIONS:
            print("too few customers or transactions to report on; leave the options out")
            return 1
        return _report(path, shape, planted, chosen.transactions)


def _bank(path: Path, shape: BankShape) -> Planted:
    notes = path.with_name(path.name + ".npz")
    if path.exists() and notes.exists():
        with np.load(notes) as kept:
            return Planted(**kept)
    path.unlink(missing_ok=True)
    begun = time.monotonic()
    db.upgrade(f"sqlite:///{path}")
    planted = fill_for_analysis(path, shape)
    np.savez(notes, **planted._asdict())
    print(f"made {shape.customers:,} customers in {time.monotonic() - begun:.0f} s")
    return planted


def _report(path: Path, shape: BankShape, planted: Planted, least: int) -> int:
    held = _one(path, "SELECT count(*) FROM customers WHERE status <> 'closed'")
    rows = _one(path, "SELECT count(*) FROM transactions")
    if held < CUSTOMERS or rows < least:
        print(f"only {held:,} customers and {rows:,} transactions; nothing is reported")
        return 1
    with closing(sqlite3.connect(path)) as connection:
        for table in ("customer_scores", "analysis_runs", "analysis_todo"):
            connection.execute(f"DELETE FROM {table}")  # noqa: S608 - our own names
        connection.commit()
    scan = _scan(path)
    full = run(path, shape.midnight)
    scan = min(scan, _scan(path))
    scored = _one(path, "SELECT count(*) FROM customer_scores")
    assert (full.kind, full.customers, scored) == ("full", held, held), f"{full}, {scored} scored"
    print(f"seed {shape.seed}; read back: {scored:,} scored customers, {rows:,} transactions")
    print(
        f"full run {full.seconds:.1f} s, one plain scan {scan:.2f} s, ratio "
        f"{full.seconds / scan:.1f}; peak RSS of the tree {full.peak / 2**20:,.0f} MiB; "
        f"{len(os.sched_getaffinity(0))} cores"
    )
    found(path, planted)
    changed = deal_again(path, shape, held // 100)
    part = run(path, shape.midnight)
    assert (part.kind, part.customers) == ("incremental", changed), f"{part}, {changed} changed"
    print(
        f"incremental run after {changed:,} customers changed: {part.seconds:.1f} s, "
        f"{part.seconds / full.seconds:.1%} of the full one; peak {part.peak / 2**20:,.0f} MiB"
    )
    if max(full.peak, part.peak) > LIMIT:
        print("✗ more than 4 GiB")
        return 1
    return 0


def run(path: Path, as_of: float) -> Measured:
    """Run the analysis in a process of its own, on two cores."""
    cores = set(sorted(os.sched_getaffinity(0))[:2])
    begun = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", _CHILD, str(path), str(as_of)],
        stdout=subprocess.PIPE,
        text=True,
        preexec_fn=lambda: os.sched_setaffinity(0, cores),  # noqa: PLW1509 - no thread runs here
    ) as child:
        peak = 0
        while child.poll() is None:
            peak = max(peak, _tree(child.pid))
            time.sleep(0.1)
        assert child.stdout is not None
        kind, _, customers = child.stdout.read().strip().partition(" ")
    assert child.returncode == 0, f"the analysis ended with {child.returncode}"
    assert peak, "no memory was seen"
    return Measured(time.monotonic() - begun, peak, kind, int(customers))


def found(path: Path, planted: Planted) -> None:
    """Print how much of what was planted the scores show."""
    with closing(sqlite3.connect(path)) as connection:
        rows = connection.execute(
            "SELECT s.attrition, s.rhythm LIKE 'salary%', s.pattern, c.status "
            "FROM customers AS c JOIN customer_scores AS s USING (customer_id) "
            "ORDER BY customer_id"
        ).fetchall()
    attrition = np.array([row[0] for row in rows])
    salary = np.array([row[1] for row in rows], bool)
    leaves, stays = planted.leaves, ~planted.leaves
    worst = np.argsort(-attrition, kind="stable")[: int(leaves.sum())]
    share = leaves[worst].mean()
    earning = planted.payroll & stays
    print(
        f"known answers: of {int(earning.sum()):,} salary earners {salary[earning].mean():.1%} "
        f"found, {int((salary & ~planted.payroll).sum())} invented; of the {len(worst):,} of "
        f"highest attrition {share:.1%} do leave ({share / leaves.mean():.1f} times chance)"
    )
    patterns = np.array([row[2] for row in rows])
    for place, persona in enumerate(PERSONAS):
        names, counts = np.unique(patterns[planted.persona == place], return_counts=True)
        best = counts.argmax()
        print(f"  {persona.name:10} {counts[best] / counts.sum():.0%} in '{names[best]}'")


def deal_again(path: Path, shape: BankShape, count: int) -> int:
    """Let ``count`` customers deal once more; returns how many."""
    with closing(sqlite3.connect(path)) as connection:
        accounts = connection.execute(
            "SELECT min(a.account_id) FROM accounts AS a GROUP BY a.customer_id "
            "ORDER BY a.customer_id"
        ).fetchall()[::100][:count]
        connection.executemany(
            "INSERT INTO transactions (account_id, booked_at, amount, balance_after, kind, "
            "counterparty) VALUES (?, ?, -5000, 0, 'shopping', '永辉超市')",
            [(account, shape.midnight - 60) for (account,) in accounts],
        )
        connection.commit()
    return len(accounts)


def _scan(path: Path) -> float:
    begun = time.monotonic()
    total = _one(path, "SELECT sum(amount) + sum(booked_at) FROM transactions")
    assert total, "nothing was read"
    return time.monotonic() - begun


def _one(path: Path, sql: str) -> Any:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql).fetchone()[0]


def _tree(pid: int) -> int:
    """Resident bytes of a process and all below it."""
    try:
        held = int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
        below = [
            int(child)
            for task in Path(f"/proc/{pid}/task").iterdir()
            for child in (task / "children").read_text().split()
        ]
    except (OSError, IndexError):
        return 0
    return held + sum(_tree(child) for child in below)


if __name__ == "__main__":
    sys.exit(main())
