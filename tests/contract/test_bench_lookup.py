"""``bench.lookup`` measures what it says, and refuses banks that hold too little."""

import argparse
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from bench import lookup
from bench.bank_data import BankShape
from bench.lookup_banks import CountError, SqliteBanks


def arguments(*sizes: int) -> argparse.Namespace:
    return argparse.Namespace(sizes=list(sizes), rounds=120, cold=3)


async def test_small_banks_are_measured_warm_and_cold(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with SqliteBanks(tmp_path) as banks:
        small, large = await lookup.measure("sqlite", banks, arguments(200, 400))
    assert (small.customers, large.customers) == (200, 400)
    assert large.rows["customers"] == 400
    assert large.rows["interactions"] > 800
    for figures in (small.warm, large.warm):
        assert list(figures) == ["select", "recognise", "brief", "both"]
        assert all(0 < step["p50"] <= step["p99"] for step in figures.values())
    assert small.cold.keys() in (set(), small.warm.keys())  # a folder in memory has no cold
    assert 0 < large.needs < 1
    lookup.report([small, large])
    assert "from 200 to 400 customers" in capsys.readouterr().out


async def test_a_bank_that_lost_rows_is_refused(tmp_path: Path) -> None:
    with SqliteBanks(tmp_path) as banks:
        banks.make(BankShape(customers=200))
        with closing(sqlite3.connect(tmp_path / "lookup-200.db")) as opened:
            opened.execute("DELETE FROM customers WHERE customer_id LIKE '%7'")
            opened.commit()
        with pytest.raises(CountError, match="customers holds 180 rows for 200"):
            banks.make(BankShape(customers=200))


def test_a_slow_brief_and_growth_are_faults(capsys: pytest.CaptureFixture[str]) -> None:
    def figures(size: int, p50: float, p99: float) -> lookup.Figures:
        step = {"p50": p50, "p99": p99}
        return lookup.Figures(
            storage="sqlite",
            customers=size,
            rows={"customers": size},
            rounds=100,
            needs=0.2,
            warm=dict.fromkeys(("select", "recognise", "brief", "both"), step),
            cold={},
            ratio=7.0,
        )

    assert lookup.report([figures(100, 10.0, 20.0), figures(1000, 12.9, 4_999.0)]) == []
    faults = lookup.report([figures(100, 10.0, 20.0), figures(1000, 13.1, 5_001.0)])
    assert len(faults) == 4
    assert "brief p99 above 5.0 ms" in faults[0]
    assert "load of this machine" in capsys.readouterr().out
