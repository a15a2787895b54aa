"""The analysis of a small synthetic bank: it finds what was planted; a killed run ends equal."""

import shutil
import signal
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from bench.bank_data import PERSONAS, BankShape, fill_sqlite, make_people
from crm_lookup.analysis.run import analyse
from crm_lookup.scores import COLUMNS, scores_of
from hotline import db

SHAPE = BankShape(customers=2_000, activity=0.35)
CHUNK = 500


def read(path: Path, sql: str, *values: Any) -> list[tuple[Any, ...]]:
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute(sql, values).fetchall()


def all_scores(path: Path) -> list[tuple[Any, ...]]:
    return read(path, "SELECT * FROM customer_scores ORDER BY customer_id")


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Not analysed; take a copy to change it."""
    path = tmp_path_factory.mktemp("bank") / "bank.db"
    db.upgrade(f"sqlite:///{path}")
    assert fill_sqlite(path, SHAPE, transactions=True)["transactions"] > 100_000
    return path


@pytest.fixture(scope="module")
def analysed(bank: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = Path(shutil.copy(bank, tmp_path_factory.mktemp("analysed")))
    run = analyse(path, as_of=SHAPE.midnight, chunk=CHUNK)
    assert (run.kind, run.customers, run.resumed) == ("full", 2_000, False)
    return path


def test_what_was_planted_is_found(analysed: Path) -> None:
    people = make_people(SHAPE, next(SHAPE.blocks()))
    rows = read(
        analysed,
        "SELECT attrition, pattern, rhythm, loyalty, profit, value_class FROM customer_scores "
        "ORDER BY customer_id",
    )
    assert len(rows) == 2_000
    attrition = np.array([row[0] for row in rows])
    leaving = np.isfinite(people.leaves_on)
    worst = np.argsort(-attrition)[: int(leaving.sum())]
    assert leaving[worst].mean() > 5 * leaving.mean()
    names = np.array([persona.name for persona in PERSONAS])[people.persona]
    for persona, pattern in (("trader", "business"), ("investor", "wealth")):
        own = [row[1] == pattern for row, name in zip(rows, names, strict=True) if name == persona]
        assert np.mean(own) > 0.7
    held = people.tables["holdings"]
    pairs = zip(held["customer_id"], held["product"], strict=True)
    payroll = {customer for customer, product in pairs if product == "payroll"}
    gone = zip(people.tables["customers"]["customer_id"], leaving, strict=True)
    stay = {customer for customer, leaves in gone if not leaves}
    earners = {
        row[0]
        for row in read(
            analysed, "SELECT customer_id FROM customer_scores WHERE rhythm LIKE 'salary%'"
        )
    }
    assert len(earners & payroll & stay) / len(payroll & stay) > 0.99
    assert earners <= payroll
    loyalty = np.array([row[3] for row in rows])
    assert loyalty[names == "family"].mean() > loyalty[names == "dormant"].mean() + 10
    assert {row[5] for row in rows} == {"star", "keep", "grow", "lean"}


def test_every_score_says_why(analysed: Path) -> None:
    for row in read(analysed, f"SELECT {', '.join(COLUMNS)} FROM customer_scores LIMIT 200"):  # noqa: S608 - our own names
        found = scores_of(row)
        assert 1 <= len(found.reasons["loyalty"]) <= 3
        assert found.reasons["profit"]
        for score in ("credit_risk", "conduct_risk"):
            points = getattr(found, score)
            assert found.reasons[score] if points >= 3 else points or not found.reasons[score]
        assert all(reason.zh and reason.en for text in found.reasons.values() for reason in text)


def test_a_killed_run_is_taken_up_and_ends_equal(
    bank: Path, analysed: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(bank, tmp_path))
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from crm_lookup.analysis.run import analyse\n"
        "def die(done, total):\n"
        "    if done >= 1000: os.kill(os.getpid(), signal.SIGKILL)\n"
        f"analyse(Path(sys.argv[1]), as_of={SHAPE.midnight}, chunk={CHUNK}, progress=die)\n"
    )
    done = subprocess.run([sys.executable, "-c", program, str(path)], check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(all_scores(path)) == 1_000
    heard: list[int] = []
    run = analyse(path, as_of=0.0, chunk=CHUNK, progress=lambda done, _total: heard.append(done))
    assert run.resumed
    assert heard == [1_000, 1_500, 2_000]
    assert all_scores(path) == all_scores(analysed)


def test_an_incremental_run_looks_at_what_changed_and_agrees_with_a_full_one(
    analysed: Path, tmp_path: Path
) -> None:
    path = Path(shutil.copy(analysed, tmp_path))
    changed = [f"B{n:09}" for n in range(0, 2_000, 100)]
    with closing(sqlite3.connect(path)) as connection:
        for customer in changed:
            connection.execute(
                "INSERT INTO transactions (account_id, booked_at, amount, balance_after, kind, "
                "counterparty) VALUES (?, ?, -9000000, 0, 'shopping', '京东商城')",
                ("AB" + f"{int(customer[1:]) * 2:010}", SHAPE.midnight - 60),
            )
        connection.commit()
    run = analyse(path, as_of=SHAPE.midnight)
    assert (run.kind, run.customers) == ("incremental", len(changed))
    before = {row[0]: row for row in all_scores(analysed)}
    after = {row[0]: row for row in all_scores(path)}
    assert {c for c in after if after[c] != before[c]} == set(changed)
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("DELETE FROM customer_scores")
        connection.commit()
    again = analyse(path, as_of=SHAPE.midnight)
    assert (again.kind, again.customers) == ("incremental", 2_000)
    assert {row[0]: row for row in all_scores(path)} == after
    week = analyse(path, as_of=SHAPE.midnight + 8 * 86_400)
    assert week.customers == 2_000
