"""Is every number of the board true?  Thousands of real calls, and the books of others.

SIPp's customers phone in, wait, give up, overflow, are sent on, take callbacks, find a queue
closed; agents answer, refuse, sleep and wrap up.  Then the board (over HTTP, as a supervisor sees
it), `hotline report` and `hotline calls list` are compared with what Asterisk's queue_log, its
call records and SIPp's own logs say; :mod:`bench.board_verdict`, which does so, imports nothing
of the product.  A second, short run with a wrong fold must fail: if it does not, the comparison
is worth nothing.

    python -m bench.board_check [--calls 240] [--rate 4] [--planted FAULT] [--keep FOLDER]
    python -m bench.board_check --calls 2000 --rate 5      at least 150 of each kind; nine minutes
"""

import argparse
import asyncio
import json
import os
import shutil
import sys
import tempfile
import time
from pathlib import Path
from typing import Final

import structlog

from bench import board_books as books
from bench import board_verdict
from bench.board_load.hall import Run, traffic
from bench.board_load.planted import FAULTS

BASE_PORT: Final = 40200
MANY: Final = 2000
LEAST: Final = 150
"""Of each kind, in a run of so many calls."""
PLANTED_CALLS: Final = 48
PLANTED: Final = (
    "the wrong fold of the second run: forgets who left the queue alive (lost, the default), "
    "counts waits as 3 s longer (late), phones that rang in vain as calls given up (twice)"
)


def least(calls: int) -> int:
    """Return how often each kind must happen."""
    return LEAST if calls >= MANY else max(2, calls // 20)


async def measure(folder: Path, calls: int, rate: float, fault: str) -> int:
    """Run both and return how many faults there are."""
    began = time.monotonic()
    honest = folder / "honest"
    await traffic(honest, Run(calls=calls, rate=rate, base_port=BASE_PORT))
    spent = time.monotonic() - began
    opened = books.open_books(honest)
    print(f"{calls} calls at {rate:g}/s, {len(opened.lines)} lines of queue_log, {spent:.0f} s")
    print("  " + json.dumps(books.happened(opened)))
    print(f"  wrap-ups began at most {opened.latest_pause():.1f} s after the conversation")
    compared = board_verdict.compare(honest).compared
    wrong = board_verdict.show(board_verdict.verdict(honest, least(calls)))
    print(f"  {compared} numbers compared, {wrong} faults")
    if not compared:
        return 1
    planted = folder / "planted"
    small = Run(calls=PLANTED_CALLS, rate=4, base_port=BASE_PORT, planted=fault)
    await traffic(planted, small)
    noticed = board_verdict.compare(planted).faults
    print(f"planted fault {fault!r}: {len(noticed)} numbers differ, e.g. {noticed[:1]}")
    if not noticed:
        print("✗ a wrong fold goes unnoticed: nothing of the above is worth anything")
        return wrong + 1
    return wrong


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--calls", type=int, default=240)
    parser.add_argument("--rate", type=float, default=4.0, help="calls a second")
    parser.add_argument("--planted", choices=sorted(FAULTS), default="lost", help=PLANTED)
    parser.add_argument("--keep", type=Path, help="leave all books in this (new) folder")
    arguments = parser.parse_args()
    if not 24 <= arguments.calls <= 5000 or not 1 <= arguments.rate <= 12:
        parser.error("24 to 5000 calls, 1 to 12 a second: the machine must carry them with ease")
    if os.geteuid() != 0:
        parser.error("SIPp's play_dtmf needs a raw socket: run this benchmark as root")
    structlog.configure(logger_factory=structlog.PrintLoggerFactory(sys.stderr))
    folder = arguments.keep or Path(tempfile.mkdtemp(prefix="hb-"))
    folder.mkdir(parents=True, exist_ok=True)
    folder.chmod(0o755)
    try:
        return int(
            asyncio.run(measure(folder, arguments.calls, arguments.rate, arguments.planted)) > 0
        )
    finally:
        if arguments.keep is None:
            shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    sys.exit(main())
