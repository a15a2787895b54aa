"""Processes that read and score chunks, beside the one that writes.

They are processes and not threads because ADBC brings an SQLite of its own: two copies of SQLite
in one process undo each other's file locks (https://sqlite.org/howtocorrupt.html, section 2.2.1).
So a worker reads through ADBC alone, and never imports ``sqlite3``.
"""

import ctypes
import multiprocessing
import signal
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ProcessPoolExecutor
from pathlib import Path
from typing import Final

import polars as pl

from crm_lookup.analysis.features import features
from crm_lookup.analysis.method import money, scores
from crm_lookup.analysis.read import read_rows
from crm_lookup.analysis.yardsticks import Yardsticks

_WORKERS: Final = 2
_PR_SET_PDEATHSIG: Final = 1


class Workers:
    """Two of them, of one database and day; use as a context manager."""

    def __init__(self, path: Path, as_of: float) -> None:
        self._path, self._as_of = path, as_of
        self._pool = ProcessPoolExecutor(
            _WORKERS,
            mp_context=multiprocessing.get_context("spawn"),
            initializer=_end_with_parent,
        )

    def __enter__(self) -> "Workers":
        return self

    def __exit__(self, *_: object) -> None:
        self._pool.shutdown(cancel_futures=True)

    def look(self, first: str, last: str) -> pl.DataFrame:
        """Return the features of the customers to do in that range, with their money."""
        return self._pool.submit(_look, self._path, first, last, self._as_of).result()

    def scored(
        self, ids: list[str], chunk: int, yardsticks: Yardsticks
    ) -> Iterator[tuple[str, str, pl.DataFrame]]:
        """Yield first id, last id and scores of each chunk in order; the next are under way."""
        waiting: deque[tuple[str, str, Future[pl.DataFrame]]] = deque()
        for start in range(0, len(ids), chunk):
            part = ids[start : start + chunk]
            future = self._pool.submit(
                _score, self._path, part[0], part[-1], self._as_of, yardsticks
            )
            waiting.append((part[0], part[-1], future))
            if len(waiting) > _WORKERS:
                first, last, future = waiting.popleft()
                yield first, last, future.result()
        while waiting:
            first, last, future = waiting.popleft()
            yield first, last, future.result()


def _look(path: Path, first: str, last: str, as_of: float) -> pl.DataFrame:
    return money(features(read_rows(path, first, last, as_of), as_of))


def _score(
    path: Path, first: str, last: str, as_of: float, yardsticks: Yardsticks
) -> pl.DataFrame:
    return scores(features(read_rows(path, first, last, as_of), as_of), yardsticks)


def _end_with_parent() -> None:
    """A parent that is killed says nothing: Linux ends the worker with it."""
    ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
