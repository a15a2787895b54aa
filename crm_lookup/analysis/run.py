"""Going through all customers: in chunks, each written in one transaction with its progress.

A run that was killed is taken up again where its last chunk ended, with the same yardsticks and
the same day, so that it ends as if nothing had happened.  A full run makes new yardsticks from a
sample; an incremental one keeps them and looks at those customers of whom something changed, and
at those who were not looked at for a week (silence is a change, too).
"""

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Final

import msgspec
import polars as pl

from crm_lookup.analysis.method import with_propensity, with_upside
from crm_lookup.analysis.workers import Workers
from crm_lookup.analysis.yardsticks import Yardsticks, make_yardsticks
from crm_lookup.changes import ANNOUNCE
from crm_lookup.errors import NotReadyError

CHUNK: Final = 10_000
SAMPLE: Final = 20_000
REFRESH_SECONDS: Final = 7 * 86_400.0
_BUSY_SECONDS: Final = 60.0

_CHANGED: Final = """
INSERT OR IGNORE INTO analysis_todo (customer_id)
SELECT c.customer_id FROM customers AS c WHERE c.status <> 'closed' AND c.customer_id IN (
  SELECT customer_id FROM customers WHERE updated_at > :at
  UNION SELECT a.customer_id FROM transactions AS t
    JOIN accounts AS a ON a.account_id = t.account_id WHERE t.transaction_id > :transaction_id
  UNION SELECT customer_id FROM interactions WHERE interaction_id > :interaction_id
  UNION SELECT customer_id FROM payment_failures WHERE failure_id > :failure_id
  UNION SELECT customer_id FROM service_cases WHERE opened_at > :at OR closed_at > :at
  UNION SELECT customer_id FROM customer_flags WHERE since > :at
  UNION SELECT customer_id FROM customer_scores WHERE as_of < :stale
  UNION SELECT customer_id FROM customers
    WHERE customer_id NOT IN (SELECT customer_id FROM customer_scores)
)
"""
_EVERYBODY: Final = """
INSERT INTO analysis_todo (customer_id)
SELECT customer_id FROM customers WHERE status <> 'closed' ORDER BY customer_id
"""
_SOME: Final = """
INSERT INTO analysis_todo (customer_id) SELECT customer_id FROM (
  SELECT customer_id, row_number() OVER (ORDER BY customer_id) - 1 AS place
  FROM customers WHERE status <> 'closed'
) WHERE place % :step = 0
"""
_MARKS: Final = """
SELECT json_object(
  'transaction_id', (SELECT COALESCE(max(transaction_id), 0) FROM transactions),
  'interaction_id', (SELECT COALESCE(max(interaction_id), 0) FROM interactions),
  'failure_id', (SELECT COALESCE(max(failure_id), 0) FROM payment_failures))
"""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One run, as it stands in ``analysis_runs``."""

    run_id: int
    kind: str
    as_of: float
    customers: int
    """To be looked at in the whole run."""
    resumed: bool
    yardsticks: Yardsticks


def analyse(
    path: Path,
    *,
    as_of: float,
    full: bool = False,
    chunk: int = CHUNK,
    clock: Callable[[], float] = time.time,
    progress: Callable[[int, int], None] = lambda _done, _all: None,
) -> Run:
    """Bring ``customer_scores`` to the day that ends at ``as_of`` (epoch seconds).

    ``progress`` hears after each chunk how many customers are done, of how many.  An unfinished
    run comes first, and keeps its own day; ``full`` gives it up.  Raises
    :class:`~crm_lookup.errors.NotReadyError` without customers to look at.
    """
    with closing(_connect(path)) as database, ExitStack() as stack:
        run = None if full else _unfinished(database)
        workers = stack.enter_context(Workers(path, run.as_of if run else as_of))
        run = run or _begin(database, workers, as_of=as_of, now=clock(), full=full)
        left = [
            row[0] for row in database.execute("SELECT customer_id FROM analysis_todo ORDER BY 1")
        ]
        done = run.customers - len(left)
        progress(done, run.customers)
        for first, last, found in workers.scored(left, chunk, run.yardsticks):
            with _transaction(database):
                _write(database, found, run.as_of)
                database.execute(ANNOUNCE)
                database.execute(
                    "DELETE FROM analysis_todo WHERE customer_id BETWEEN ? AND ?", (first, last)
                )
            done = min(done + chunk, run.customers)
            progress(done, run.customers)
        with _transaction(database):
            database.execute(
                "DELETE FROM customer_scores WHERE customer_id IN "
                "(SELECT customer_id FROM customers WHERE status = 'closed')"
            )
            database.execute(
                "UPDATE analysis_runs SET finished_at = ? WHERE run_id = ?", (clock(), run.run_id)
            )
    return run


def _connect(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(
        f"{path.absolute().as_uri()}?mode=rw",
        uri=True,
        timeout=_BUSY_SECONDS,
        isolation_level=None,
    )


@contextmanager
def _transaction(database: sqlite3.Connection) -> Iterator[None]:
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def _unfinished(database: sqlite3.Connection) -> Run | None:
    row = database.execute(
        "SELECT run_id, kind, as_of, customers, yardsticks FROM analysis_runs "
        "WHERE finished_at IS NULL ORDER BY run_id DESC LIMIT 1"
    ).fetchone()
    return None if row is None else _run(*row, resumed=True)


def _run(
    run_id: int, kind: str, as_of: float, customers: int, yardsticks: str, *, resumed: bool
) -> Run:
    return Run(
        run_id=run_id,
        kind=kind,
        as_of=as_of,
        customers=customers,
        resumed=resumed,
        yardsticks=msgspec.json.decode(yardsticks, type=Yardsticks),
    )


def _begin(
    database: sqlite3.Connection, workers: Workers, *, as_of: float, now: float, full: bool
) -> Run:
    database.execute("DELETE FROM analysis_runs WHERE finished_at IS NULL")
    database.execute("DELETE FROM analysis_todo")
    before = database.execute(
        "SELECT run_id, marks, yardsticks FROM analysis_runs ORDER BY run_id DESC LIMIT 1"
    ).fetchone()
    kind = "full" if full or before is None else "incremental"
    if kind == "full":
        yardsticks = msgspec.json.encode(_look_around(database, workers)).decode()
    with _transaction(database):
        marks = {**json.loads(database.execute(_MARKS).fetchone()[0]), "at": now}
        if kind == "full":
            database.execute(_EVERYBODY)
        else:
            yardsticks = before[2]
            database.execute(_CHANGED, {**json.loads(before[1]), "stale": as_of - REFRESH_SECONDS})
        (customers,) = database.execute("SELECT count(*) FROM analysis_todo").fetchone()
        cursor = database.execute(
            "INSERT INTO analysis_runs (kind, started_at, as_of, customers, marks, yardsticks) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (kind, now, as_of, customers, json.dumps(marks), yardsticks),
        )
    assert cursor.lastrowid is not None  # noqa: S101 - sqlite3 has it after an INSERT
    return _run(cursor.lastrowid, kind, as_of, customers, yardsticks, resumed=False)


def _look_around(database: sqlite3.Connection, workers: Workers) -> Yardsticks:
    """Make the yardsticks from every n-th customer."""
    (count,) = database.execute(
        "SELECT count(*) FROM customers WHERE status <> 'closed'"
    ).fetchone()
    if not count:
        raise NotReadyError("there are no customers to analyse; import some first")
    with _transaction(database):
        database.execute(_SOME, {"step": max(1, count // SAMPLE)})
    low, high = database.execute(
        "SELECT min(customer_id), max(customer_id) FROM analysis_todo"
    ).fetchone()
    found = workers.look(low, high)
    with _transaction(database):
        database.execute("DELETE FROM analysis_todo")
    # What could come is itself measured with the shares of the sample.
    draft = make_yardsticks(found, found["profit"], found["profit"])
    hoped = with_upside(with_propensity(found, draft))["upside"]
    return msgspec.structs.replace(draft, upside_median=float(hoped.median() or 0.0))  # type: ignore[arg-type] # numbers have a number as median


def _write(database: sqlite3.Connection, found: pl.DataFrame, as_of: float) -> None:
    columns = ["as_of", *found.columns]
    marks = ", ".join("?" * len(columns))
    database.executemany(
        f"INSERT OR REPLACE INTO customer_scores ({', '.join(columns)}) VALUES ({marks})",  # noqa: S608 - our own names
        ((as_of, *row) for row in found.iter_rows()),
    )
