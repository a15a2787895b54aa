"""The import of :mod:`bench.imports` into PostgreSQL, beside a plain ``executemany``."""

import time
from pathlib import Path
from typing import Any, Final

from bench.bank_data import BankShape
from bench.import_file import TABLES, write_bank
from bench.imports import Site, run
from hotline.db.private_server import PrivateServer
from hotline.db.server import blocking, connection

_DURABLE: Final = {"fsync": "on", "synchronous_commit": "on", "full_page_writes": "on"}
_PART: Final = 20_000


def report_server(scratch: Path, shape: BankShape) -> None:
    """Import the whole bank into a private server that is as durable as a bank's, and again."""
    file = scratch / "bank.csv"
    held = write_bank(file, shape)
    with PrivateServer.start(**_DURABLE) as server:
        blocking(lambda: _create(server.url(), "bank", "floor"))
        site = Site(scratch / "server", url=server.url("bank"))
        Site(scratch / "plain", url=server.url("floor"))
        first = run(site, file)
        assert first.counts["added"] == shape.customers, first.counts
        found, floor = blocking(lambda: _floor(server.url("bank"), server.url("floor")))
        assert found == held, f"the file holds {held}, the database {found}"
        print(
            f"PostgreSQL: import {first.seconds:.1f} s, {shape.customers / first.seconds:,.0f} "
            f"customers/s ({sum(found.values()) / first.seconds:,.0f} rows/s); plain executemany "
            f"of the same rows {floor:.1f} s, ratio {first.seconds / floor:.2f}; peak RSS of the "
            f"tree without the server {first.peak / 2**20:,.0f} MiB; read back: "
            + ", ".join(f"{count:,} {table}" for table, count in found.items())
        )
        again = run(site, file)
        assert again.counts["unchanged"] == shape.customers, again.counts
        print(f"PostgreSQL: the same file again: 0 added, 0 changed, {again.seconds:.1f} s")


async def _create(url: str, *names: str) -> None:
    server = await connection(url)
    for name in names:
        await server.execute(f"CREATE DATABASE {name}")
    await server.close()


async def _floor(source_url: str, target_url: str) -> tuple[dict[str, int], float]:
    """Copy every row by ``executemany`` in one transaction; return rows by table, and seconds."""
    source, target = await connection(source_url), await connection(target_url)
    taken, counted = 0.0, {}
    reading, writing = source.transaction(), target.transaction()
    await reading.start()
    await writing.start()
    for table in TABLES:
        counted[table] = 0
        rows = await source.cursor(f"SELECT * FROM {table}")  # noqa: S608 - our own names
        while part := await rows.fetch(_PART):
            marks = ", ".join(f"${place}" for place in range(1, len(part[0]) + 1))
            values: list[tuple[Any, ...]] = [tuple(row) for row in part]
            begun = time.perf_counter()
            await target.executemany(f"INSERT INTO {table} VALUES ({marks})", values)  # noqa: S608 - our own names
            taken += time.perf_counter() - begun
            counted[table] += len(part)
    begun = time.perf_counter()
    await writing.commit()
    taken += time.perf_counter() - begun
    for table, count in counted.items():
        there = await target.fetchval(f"SELECT count(*) FROM {table}")  # noqa: S608 - our own names
        assert there == count, f"the floor lacks rows of {table}"
    await source.close()
    await target.close()
    return counted, taken
