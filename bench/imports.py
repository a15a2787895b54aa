"""How fast a million customers are imported, what others wait meanwhile, and what a kill leaves.

A seeded CSV of 1,000,000 customers goes through ``hotline customers import`` in a process of its
own, while another one tries PINs in the same database.  It is read back and counted, imported
again (nothing may change), and once more with every hundredth customer changed.  The floor is a
plain ``executemany`` of the same rows into the same schema, in one transaction, in the same run.
Then a smaller file is imported by processes that ``kill -9`` ends at random moments, until it is
in: the tables must be equal to those of a run that was left in peace.  At last the whole file goes
into a private PostgreSQL.

    python -m bench.imports [--part size|kills|server] [--customers N] [--kills N]

Below a million customers, or ten kills, it reports nothing and fails.
"""

import argparse
import asyncio
import hashlib
import json
import os
import random
import signal
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from bench.analysis import _tree
from bench.bank_data import BankShape
from bench.import_file import MAPPING, TABLES, write_bank
from crm_lookup.keys import DataKey
from crm_lookup.model import CustomerId
from crm_lookup.sqlite import SqliteBank
from hotline import db
from hotline.asterisk.secrets import load_secrets
from hotline.settings import load_settings

CUSTOMERS: Final = 1_000_000
KILLS: Final = 10
KILL_CUSTOMERS: Final = 20_000
CHANGED: Final = 100
"""Every so many customers one changes before the incremental run."""
LONGEST_WAIT: Final = 5.0
"""Seconds after which a PIN attempt would fail."""
_EVERY: Final = 0.05
_WHO: Final = CustomerId("PIN")
_PINS: Final = (
    "import asyncio, sys; from pathlib import Path; from bench.imports import try_pins\n"
    "asyncio.run(try_pins(Path(sys.argv[2]), Path(sys.argv[1])))\n"
)


class Site:
    """One installation in a folder, without Asterisk."""

    def __init__(self, folder: Path, url: str = "") -> None:
        """``url`` names another database than a file in the folder."""
        folder.mkdir(parents=True, exist_ok=True)
        self.folder = folder
        self.config = folder / "hotline.toml"
        database = f'[database]\nurl = "{url}"\n' if url else ""
        self.config.write_text(f'state_dir = "{folder / "state"}"\n{database}')
        self.mapping = folder / "mapping.yaml"
        self.mapping.write_text(MAPPING, encoding="utf-8")
        settings = load_settings(self.config)
        db.upgrade(settings.database_url)
        self.path = folder / "state" / "hotline.db"
        load_secrets(settings)  # makes them

    def command(self, *words: str | Path) -> list[str]:
        start = [sys.executable, "-m", "hotline", "-c", str(self.config), "customers", "import"]
        return [*start, *map(str, words)]

    def file(self, path: Path) -> list[str]:
        return self.command(path, "--mapping", self.mapping, "--json")

    def rows(self, table: str) -> int:
        return int(self.one(f"SELECT count(*) FROM {table}"))  # noqa: S608 - our own names

    def one(self, statement: str, *values: Any) -> Any:
        with closing(sqlite3.connect(self.path)) as database:
            return database.execute(statement, values).fetchone()[0]


class Measured(NamedTuple):
    counts: dict[str, int]
    seconds: float
    peak: int
    """Bytes that the process tree held at most."""


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(prog="python -m bench.imports")
    parser.add_argument("--part", choices=("size", "kills", "server"))
    parser.add_argument("--customers", type=int, default=CUSTOMERS)
    parser.add_argument("--kills", type=int, default=KILLS)
    chosen = parser.parse_args(arguments)
    if chosen.customers < CUSTOMERS or chosen.kills < KILLS:
        print("too few customers or kills to report on; leave the options out")
        return 1
    with tempfile.TemporaryDirectory() as scratch:
        shape = BankShape(customers=chosen.customers)
        if chosen.part in (None, "size"):
            report_size(Path(scratch), shape)
        if chosen.part in (None, "kills"):
            report_kills(Path(scratch), BankShape(customers=KILL_CUSTOMERS), chosen.kills)
        if chosen.part in (None, "server"):
            from bench.import_server import report_server

            report_server(Path(scratch), shape)
    return 0


def report_size(scratch: Path, shape: BankShape) -> None:
    """Import the whole bank, and again, and with changes; print what was measured."""
    file = scratch / "bank.csv"
    held = write_bank(file, shape)
    site = Site(scratch / "size")
    with pin_attempts(site) as waits:
        until = time.monotonic() + 30
        while len(waits) < (100 if shape.customers >= CUSTOMERS else 5):
            assert time.monotonic() < until, "no PIN can be tried"
            time.sleep(0.05)
        calm = list(waits)
        first = run(site, file)
        busy = waits[len(calm) :]
    found = {table: site.rows(table) for table in TABLES}
    found["customers"] -= 1  # whose PIN was tried
    assert found == held, f"the file holds {held}, the database {found}"
    assert first.counts["added"] == shape.customers, first.counts
    print(
        f"seed {shape.seed}; {file.stat().st_size / 2**20:,.0f} MiB of CSV; read back: "
        + ", ".join(f"{count:,} {table}" for table, count in found.items())
    )
    floor = plain_floor(site, scratch / "floor")
    print(
        f"import {first.seconds:.1f} s, {shape.customers / first.seconds:,.0f} customers/s "
        f"({sum(found.values()) / first.seconds:,.0f} rows/s); plain executemany of the same "
        f"rows {floor:.1f} s, ratio {first.seconds / floor:.2f}; peak RSS of the tree "
        f"{first.peak / 2**20:,.0f} MiB"
    )
    assert len(busy) > 5, "no PIN was tried during the import"
    for when, taken in (("before", calm), ("during", busy)):
        print(f"  {len(taken):,} PIN attempts {when} the import: {_waits(taken)}")
    assert max(busy) < LONGEST_WAIT, "a PIN attempt waited too long"
    again = run(site, file)
    assert again.counts["unchanged"] == shape.customers, again.counts
    assert again.counts["added"] + again.counts["changed"] == 0, again.counts
    print(f"the same file again: 0 added, 0 changed, {again.seconds:.1f} s; "
          f"peak {again.peak / 2**20:,.0f} MiB")  # fmt: skip
    last = site.one("SELECT max(updated_at) FROM customers")
    write_bank(file, shape, changed=CHANGED)
    part = run(site, file)
    touched = site.one("SELECT count(*) FROM customers WHERE updated_at > ?", last)
    assert part.counts["changed"] == touched == -(-shape.customers // CHANGED), part.counts
    print(f"{touched:,} of them changed: {part.seconds:.1f} s, no other row was touched; "
          f"peak {part.peak / 2**20:,.0f} MiB")  # fmt: skip


def report_kills(scratch: Path, shape: BankShape, kills: int) -> None:
    """Kill imports at random moments until one ends; compare with one left in peace."""
    file = scratch / "small.csv"
    held = write_bank(file, shape)
    calm, torn = Site(scratch / "calm"), Site(scratch / "torn")
    # One data key for both: the marks of the rows depend on it.
    secrets = (calm.folder / "state" / "secrets.json").read_bytes()
    (torn.folder / "state" / "secrets.json").write_bytes(secrets)
    peace = run(calm, file)
    assert peace.counts["added"] == shape.customers, peace.counts
    rng = random.Random(shape.seed)  # noqa: S311 - moments to be killed at
    where = {"checking": 0, "writing": 0}
    while sum(where.values()) < kills or not all(where.values()):
        assert sum(where.values()) < 20 * kills, f"always killed at the same step: {where}"
        if not killed(torn, file, rng.uniform(0.3, 1.05) * peace.seconds):
            torn = _afresh(torn)  # it was quicker than the kill
            continue
        note = json.loads(_output(torn.command("--status", "--json")))["unfinished"]
        where["writing" if note else "checking"] += 1
        rows = torn.rows("customers")
        # None yet, as many as noted, or all: a run that was finished and then looked again.
        expected = {note["done"]} if note else {0, shape.customers}
        assert rows in expected, f"{rows:,} customers, noted: {note}"
    last = run(torn, file)
    assert last.counts["rejected"] == 0, last.counts
    found = {table: torn.rows(table) for table in TABLES}
    assert found == held, f"the file holds {held}, the database {found}"
    equal = digest(calm.path) == digest(torn.path)
    print(
        f"{sum(where.values())} kills of imports of {shape.customers:,} customers: "
        f"{where['checking']} while the file was checked, {where['writing']} while customers were "
        f"written; then {sum(found.values()):,} rows, "
        f"{'equal to' if equal else 'DIFFERENT FROM'} those of an undisturbed run"
    )
    assert equal, "an interrupted run ended differently"


def killed(site: Site, file: Path, seconds: float) -> bool:
    """Start an import and kill it after so long; return whether it was still running."""
    with subprocess.Popen(  # noqa: S603 - our own program
        site.file(file), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as child:
        try:
            child.wait(seconds)
        except subprocess.TimeoutExpired:
            os.kill(child.pid, signal.SIGKILL)
            child.wait()
            return True
    assert child.returncode == 0, f"the import ended with {child.returncode}"
    return False


def _afresh(site: Site) -> Site:
    """The same installation, and the same data key, with no customer in it."""
    secrets = site.folder / "state" / "secrets.json"
    fresh = Site(site.folder.with_name(site.folder.name + "-"))
    (fresh.folder / "state" / "secrets.json").write_bytes(secrets.read_bytes())
    return fresh


def run(site: Site, file: Path) -> Measured:
    """Import a file in a process of its own."""
    begun = time.monotonic()
    with subprocess.Popen(  # noqa: S603 - our own program
        site.file(file), stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        peak = 0
        while child.poll() is None:
            peak = max(peak, _tree(child.pid))
            time.sleep(0.05)
        assert child.stdout is not None
        said = child.stdout.read()
    assert child.returncode == 0, f"the import ended with {child.returncode}: {said}"
    assert peak, "no memory was seen"
    return Measured(json.loads(said)["counts"], time.monotonic() - begun, peak)


def plain_floor(site: Site, folder: Path) -> float:
    """Return the seconds in which the same rows go into an empty database in one transaction."""
    other = Site(folder)
    taken = 0.0
    with (
        closing(sqlite3.connect(site.path)) as source,
        closing(sqlite3.connect(other.path, isolation_level=None)) as target,
    ):
        for pragma in ("synchronous=FULL", "foreign_keys=ON", "cache_size=-64000"):
            target.execute(f"PRAGMA {pragma}")
        target.execute("BEGIN IMMEDIATE")
        for table in TABLES:
            rows = source.execute(f"SELECT * FROM {table}")  # noqa: S608 - our own names
            marks = ", ".join("?" * len(rows.description))
            while part := rows.fetchmany(50_000):
                begun = time.perf_counter()
                target.executemany(f"INSERT INTO {table} VALUES ({marks})", part)  # noqa: S608 - our own names
                taken += time.perf_counter() - begun
        begun = time.perf_counter()
        target.execute("COMMIT")
        taken += time.perf_counter() - begun
    assert all(other.rows(table) == site.rows(table) for table in TABLES), "the floor lacks rows"
    return taken


@contextmanager
def pin_attempts(site: Site) -> Iterator[list[float]]:
    """Try a PIN again and again in another process; yields the seconds that each try took."""
    with closing(sqlite3.connect(site.path)) as database:
        database.execute(
            "INSERT INTO customers (customer_id, kind, status, name, family_name, segment, "
            "segment_reason_zh, segment_reason_en, language, since, updated_at) VALUES "
            "('PIN', 'person', 'customer', '王', '王', 'standard', '', '', 'zh', '2020-01-01', 0)"
        )
        database.execute(
            "INSERT INTO pins (customer_id, pin_hash, failures, changed_at) "
            "VALUES ('PIN', 'x', 0, 0)"
        )
        database.commit()
    waits: list[float] = []
    with subprocess.Popen(  # noqa: S603 - our own program
        [sys.executable, "-c", _PINS, str(site.path), str(site.config)],
        stdout=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        reader = threading.Thread(
            target=lambda pipe: waits.extend(map(float, pipe)), args=(child.stdout,)
        )
        reader.start()
        try:
            yield waits
        finally:
            child.terminate()
            reader.join()
    assert child.returncode == -signal.SIGTERM, "the PIN attempts failed"


def digest(path: Path) -> str:
    """Of every imported row but the moment of writing."""
    seen = hashlib.sha256()
    with closing(sqlite3.connect(path)) as database:
        for table in TABLES:
            names = [row[1] for row in database.execute(f"PRAGMA table_info({table})")]
            kept = ", ".join(name for name in names if name != "updated_at")
            for row in database.execute(f"SELECT {kept} FROM {table} ORDER BY 1, 2"):  # noqa: S608 - our own names
                seen.update(repr(row).encode())
    return seen.hexdigest()


def _waits(taken: list[float]) -> str:
    ordered = [1000 * seconds for seconds in sorted(taken)]
    middle, high = ordered[len(ordered) // 2], ordered[len(ordered) * 99 // 100]
    return f"p50 {middle:.0f} ms, p99 {high:.0f} ms, longest {ordered[-1]:.0f} ms"


def _output(command: list[str]) -> str:
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout  # noqa: S603 - our own program


async def try_pins(site: Path, path: Path) -> None:
    """Try a PIN every 50 ms, and print how long each try took, until the process is ended."""
    key = DataKey(bytes.fromhex(load_secrets(load_settings(site)).lookup))
    async with await SqliteBank.open(path, key=key) as bank:
        while True:
            begun = time.perf_counter()
            await bank.begin_attempt(_WHO, now=time.time(), limit=10**9, lock_seconds=1.0)
            print(time.perf_counter() - begun, flush=True)
            await asyncio.sleep(_EVERY)


if __name__ == "__main__":
    sys.exit(main())
