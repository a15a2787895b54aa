"""How fast the journal takes events durably, and how soon an engine is ready after a restart.

Both sides of the append figure run in turn in this process on the same disk: ours (hash chain,
group commit, a lasting answer to every caller) beside bare sqlite3 with one commit an event, and
bare sqlite3 with one transaction for all.  The restart is that of a journal with all events on
disk, after a crash: a process writes them and is killed, their pages are dropped from memory, and
a new process opens the file, loads the checkpoint, folds what followed, and restores calls and
agents.

    python -m bench.journal [--events 150000] [--folder DIR] [--json]
    python -m bench.journal --events 10000000 --file FILE --fill     # write, and only that
    python -m bench.journal --events 10000000 --file FILE            # measure what was written

Ten million events take 4 GB and six minutes; so that these need no idle machine, the file can
be written beforehand.  What is measured is the first start after the writer was killed, once.
"""

import argparse
import asyncio
import itertools
import json
import os
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from cti.core import events as ev
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.world import Rules, World
from cti.history.fold import FORMAT, HistoryFold, encode
from cti.history.keeper import HistoryKeeper
from cti.journal.chain import GENESIS, make_row
from cti.journal.checkpoints import Checkpoint
from cti.journal.sqlite import SqliteJournal
from hotline import db

ZONE = ZoneInfo("Asia/Shanghai")
START = 1_767_225_600.0
READY = 3.0
"""Seconds in which an engine must be ready."""
ROUNDS = 3
CALLERS = 50
"""How many wait for their own appends at a time."""
BATCH = 20_000
BETWEEN = 4_000
"""Events between the last checkpoint and a crash: close to the most that there can be."""


def story(number: int) -> list[ev.DomainEvent]:
    """The thirteen events of one answered call."""
    at = START + number * 1.7
    call_id = CallId(f"{number * 2654435761 % 2**32:08x}-0000-4000-8000-{number:012x}")
    agent, queue = AgentId(f"1{number % 200:03}"), QueueName(("service", "vip")[number % 5 == 0])
    wait = 3.0 + number % 40
    up = at + 12 + wait
    down = up + 90 + number % 120
    return [
        ev.CallArrived(
            at=at,
            server="hotline",
            call_id=call_id,
            uniqueid=f"{at:.0f}.{number}",
            linkedid=f"{at:.0f}.{number}",
            dnis="95500",
            trunk="carrier",
            caller_pseudonym=f"{number:032x}",
        ),
        ev.CallerRecognised(at=at + 0.1, server="hotline", call_id=call_id, status="known"),
        ev.MenuEntered(
            at=at + 1,
            server="hotline",
            call_id=call_id,
            flow="main",
            node="main_menu",
            language="zh",
        ),
        ev.CallQueued(at=at + 12, server="hotline", call_id=call_id, queue=queue, position=1),
        ev.AgentRinging(at=up - 2, server="hotline", call_id=call_id, agent_id=agent, queue=queue),
        ev.AgentStateChanged(
            at=up - 2, server="hotline", agent_id=agent, state="ringing", call_id=call_id
        ),
        ev.CallConnected(
            at=up,
            server="hotline",
            call_id=call_id,
            agent_id=agent,
            queue=queue,
            wait_time=wait,
            ring_time=2.0,
        ),
        ev.CallCompleted(
            at=down,
            server="hotline",
            call_id=call_id,
            agent_id=agent,
            queue=queue,
            talk_time=down - up,
            ended_by="caller",
        ),
        ev.WrapUpStarted(
            at=down,
            server="hotline",
            call_id=call_id,
            agent_id=agent,
            queue=queue,
            until=down + 30,
        ),
        ev.CallEnded(at=down, server="hotline", call_id=call_id, cause=16, ended_by="caller"),
        ev.CallDisposed(
            at=down + 20, server="hotline", call_id=call_id, agent_id=agent, disposition="solved"
        ),
        ev.WrapUpEnded(
            at=down + 30,
            server="hotline",
            call_id=call_id,
            agent_id=agent,
            wrap_up_time=30.0,
            ended_by="timer",
        ),
        ev.AgentStateChanged(at=down + 30, server="hotline", agent_id=agent, state="available"),
    ]


def stream() -> Iterator[ev.DomainEvent]:
    """Calls without end."""
    for number in itertools.count():
        yield from story(number)


def create(folder: Path, name: str) -> Path:
    path = folder / name
    db.upgrade(f"sqlite:///{path}")
    return path


async def ours(path: Path, events: Sequence[ev.DomainEvent]) -> float:
    """Events a second when many callers each wait until their own event is durable."""
    journal = SqliteJournal.open(path)
    left = iter(events)

    async def caller() -> None:
        for event in left:
            await journal.append([event])

    begun = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(CALLERS)))
    took = time.perf_counter() - begun
    assert await journal.verify() == len(events), "not every event is in the journal"
    await journal.close()
    return len(events) / took


def bare(path: Path, events: Sequence[ev.DomainEvent], *, each: bool) -> float:
    """Events a second with sqlite3 alone: one commit an event, or one for all."""
    connection = sqlite3.connect(path, isolation_level=None)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    rows, prev = [], GENESIS
    for seq, event in enumerate(events, start=1):
        row = make_row(seq, prev, event)
        prev = row.hash
        rows.append(row)
    insert = "INSERT INTO journal VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
    begun = time.perf_counter()
    if each:
        for row in rows:
            connection.execute(insert, row)
    else:
        connection.execute("BEGIN")
        connection.executemany(insert, rows)
        connection.execute("COMMIT")
    took = time.perf_counter() - begun
    stored = connection.execute("SELECT count(*) FROM journal").fetchone()[0]
    connection.close()
    assert stored == len(events), "not every event was stored"
    return len(events) / took


def measure_appends(folder: Path) -> dict[str, float]:
    """The middle of several rounds, all three in turn."""
    events = list(itertools.islice(stream(), 2_000))
    found: dict[str, list[float]] = {"ours": [], "commit_each": [], "one_transaction": []}
    for number in range(ROUNDS):
        one = create(folder, f"ours{number}.db")
        found["ours"].append(asyncio.run(ours(one, events)))
        each = create(folder, f"each{number}.db")
        found["commit_each"].append(bare(each, events, each=True))
        big = create(folder, f"big{number}.db")
        found["one_transaction"].append(bare(big, events, each=False))
    return {name: round(sorted(values)[ROUNDS // 2]) for name, values in found.items()}


async def fill(path: Path, count: int) -> None:
    """Write the events, with the checkpoints and figures that an engine keeps beside them.

    Dies without a word when the last events have no checkpoint yet.
    """
    journal = SqliteJournal.open(path)
    fold, saved = HistoryFold(ZONE), 0
    events = itertools.islice(stream(), count)
    begun = time.perf_counter()
    while batch := list(itertools.islice(events, BATCH)):
        last = await journal.append(batch)
        for seq, event in enumerate(batch, start=last - len(batch) + 1):
            fold.feed(seq, event)
        state = fold.state()
        checkpoint = Checkpoint(seq=last, at=state.at, format=FORMAT, state=encode(state))
        await journal.save(checkpoint, fold.take(), saved)
        saved = last
        if sys.stderr.isatty():
            print(f"\r  {last:,} of {count:,} events", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    took = time.perf_counter() - begun
    await journal.append(list(itertools.islice(stream(), BETWEEN)))
    print(json.dumps({"filled_s": took}), flush=True)
    os.kill(os.getpid(), signal.SIGKILL)  # what follows the checkpoint stands in the log alone


async def restart(path: Path, count: int) -> None:
    """Restore an engine's state, then the day's figures, and print how long each took."""
    begun = time.perf_counter()
    journal = SqliteJournal.open(path)
    keeper = HistoryKeeper(journal, ZONE)
    await keeper.start()
    world = World(Rules(pseudonym_key=b"k" * 16))
    await keeper.restore(world)
    ready = time.perf_counter() - begun
    print(json.dumps({"calls": len(world.calls), "restored_s": ready}), flush=True)
    last = START + count / 13 * 1.7
    figures = await keeper.figures(last - 86_400, last + 86_400)
    shown = time.perf_counter() - begun - ready
    answered = sum(row.answered for row in figures.queues.values())
    print(json.dumps({"answered": answered, "figures_s": shown}), flush=True)
    await keeper.stop()
    await journal.close()


def in_child(step: str, path: Path, count: int) -> Iterator[dict[str, float]]:
    """Run a step in a process of its own; yield what it prints, with the seconds until then."""
    begun = time.perf_counter()
    command = [sys.executable, "-m", "bench.journal", "--step", step]
    command += ["--events", str(count), "--folder", str(path)]
    root = Path(__file__).resolve().parents[1]
    with subprocess.Popen(command, stdout=subprocess.PIPE, cwd=root) as child:  # noqa: S603 - ours
        assert child.stdout is not None
        for line in child.stdout:
            yield {**json.loads(line), "since_start_s": time.perf_counter() - begun}
    killed = -signal.SIGKILL if step == "fill" else 0
    assert child.returncode == killed, f"{step} ended with {child.returncode}"


def forget(path: Path) -> None:
    """Drop the file's pages from memory, as after a restart of the machine."""
    for file in (path, Path(f"{path}-wal")):
        with file.open("rb") as opened:
            os.fsync(opened.fileno())
            os.posix_fadvise(opened.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)


def write(path: Path, count: int) -> float:
    """Write the events; return how many a second, and leave that beside the file."""
    [filled] = in_child("fill", path, count)
    rate = count / filled["filled_s"]
    rate_file(path).write_text(f"{rate}\n")
    return rate


def rate_file(path: Path) -> Path:
    return path.with_suffix(".rate")


def measure(folder: Path, count: int, written: Path | None) -> dict[str, Any]:
    appends = measure_appends(folder)
    if written is None:
        path = create(folder, "big.db")
        rate = write(path, count)
    else:
        path, rate = written, float(rate_file(written).read_text())
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as connection:
        stored = connection.execute("SELECT max(seq) FROM journal").fetchone()[0]
    assert stored == count + BETWEEN, "the journal does not hold what was written"
    size = path.stat().st_size
    forget(path)
    cold = list(in_child("restart", path, count))
    warm = list(in_child("restart", path, count))
    assert cold[0]["calls"] > 0, "no call was restored"
    assert cold[1]["answered"] > 0, "no call was answered"
    return {
        "events": stored,
        "megabytes": round(size / 1e6),
        "filled_per_s": round(rate),
        "appends_per_s": appends,
        "ready_s": round(cold[0]["since_start_s"], 3),
        "of_it_journal_s": round(cold[0]["restored_s"], 3),
        "ready_again_s": round(warm[0]["since_start_s"], 3),
        "figures_s": round(cold[1]["figures_s"], 3),
        "calls_restored": int(cold[0]["calls"]),
    }


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--events", type=int, default=150_000)
    parser.add_argument("--folder", type=Path, help="where the file may grow; default: TMPDIR")
    parser.add_argument("--file", type=Path, help="a journal that --fill writes or has written")
    parser.add_argument("--fill", action="store_true", help="only write --file")
    parser.add_argument("--step", choices=("fill", "restart"), help=argparse.SUPPRESS)
    parser.add_argument("--json", action="store_true", help="print one JSON object")
    arguments = parser.parse_args()
    if arguments.step:
        asyncio.run(
            {"fill": fill, "restart": restart}[arguments.step](arguments.folder, arguments.events)
        )
        return 0
    if arguments.events < 20_000:
        parser.error("below 20,000 events the figures would say nothing")
    if arguments.fill:
        if arguments.file is None or arguments.file.exists():
            parser.error("--fill needs a --file that is not there yet")
        create(arguments.file.parent, arguments.file.name)
        rate = write(arguments.file, arguments.events)
        print(f"{arguments.events:,} events written, {rate:,.0f} a second")
        return 0
    with tempfile.TemporaryDirectory(prefix="hotline-bench-", dir=arguments.folder) as name:
        result = measure(Path(name), arguments.events, arguments.file)
    if arguments.json:
        print(json.dumps(result))
    else:
        show(result)
    return 0 if result["ready_s"] <= READY else 1


def show(result: dict[str, Any]) -> None:
    appends = result["appends_per_s"]
    print(f"durable appends a second ({CALLERS} callers, each waits for its own event)")
    print(f"  ours, chained, group commit   {appends['ours']:>10,}")
    print(f"  sqlite3, a commit each        {appends['commit_each']:>10,}")
    print(f"  sqlite3, one transaction      {appends['one_transaction']:>10,}")
    print(f"{result['events']:,} events on disk ({result['megabytes']:,} MB), with history:")
    print(f"  written at {result['filled_per_s']:,} events a second")
    print(
        f"  after a crash a new process is ready in {result['ready_s']:.2f} s (limit {READY:g} s),"
        f" {result['of_it_journal_s']:.2f} s of it for the journal, {result['calls_restored']}"
        " calls restored"
    )
    print(f"  again, with its pages in memory: {result['ready_again_s']:.2f} s")
    print(f"  the day's figures {result['figures_s']:.2f} s later")


if __name__ == "__main__":
    sys.exit(main())
