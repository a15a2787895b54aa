"""From an event to the pixels of a live board, and what one more board and one more queue cost.

Recordings of Asterisk's manager interface are played, as many calls a second as asked for, into
the real engine with its journal; the real application shows the board to plain readers of its
stream and to a Chromium.  An answered or abandoned call counts from the moment in which Asterisk
says so until a frame with its number has been drawn, on one clock.  Nothing is reported unless
every call was driven and every board ended with the number of calls that were.

    python -m bench.board [--seconds 40] [--json]
"""

import argparse
import asyncio
import json
import random
import sqlite3
import sys
import tempfile
import time
from collections import deque
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any, Final, NamedTuple

from agent_console.security import token_hash
from bench.board_frames.calls import ABANDONED, ANSWERED, Names, Recording
from bench.board_frames.server import WRAP_UP
from bench.board_frames.watchers import Reader, Screen, screen
from bench.console import Server
from hotline import db, ports

AIM_S: Final = 1.0
ENOUGH: Final = {"agents": 200, "queues": 20, "boards": 50, "rate": 10, "seconds": 40}
FEW_BOARDS: Final = 10
MORE_BOARDS: Final = 90
MORE_QUEUES: Final = 60
"""What the runs have from which costs are taken; fewer more would be lost in the noise."""
ROUNDS: Final = 3
"""How often each cost is taken; rounds follow each other, so that a slow minute hits all alike."""
SETTLED_S: Final = 1.5
"""Seconds after the last event until every board must have shown it."""
_ABANDONED_SHARE: Final = 0.15
_LEAST_DRIVEN: Final = 0.9


class Load(NamedTuple):
    """What one run has."""

    agents: int
    queues: int
    boards: int
    rate: float
    seconds: float
    pixels: bool
    lost: float = 0.0
    """Planted: seconds that every picture takes longer."""


class Measured(NamedTuple):
    """What one run gave; times in seconds."""

    calls: int
    told: int
    """Calls whose answer or abandonment was told."""
    cpu: float
    """CPU seconds of the server in each second."""
    bytes: float
    """Bytes for each board in each second."""
    boards: list[float]
    """From event to the bytes at each plain board."""
    pixels: list[float]
    """From event to the frame."""


class Floor:
    """Plays the calls."""

    def __init__(self, server: Server, load: Load, seed: int) -> None:
        self._server = server
        self._load = load
        self._rng = random.Random(seed)  # noqa: S311 -- to choose, not to hide
        self._free = deque(agent_names(load))
        self._recordings = Recording(*ANSWERED), Recording(*ABANDONED)
        self.calls = 0
        self.ended: list[tuple[float, str, int]] = []
        """When an answer (0) or an abandonment (1) was told, and in which queue."""
        self._tasks: set[asyncio.Task[None]] = set()

    async def play(self) -> None:
        """Let calls begin at an even pace, and return when the last one has ended."""
        began = time.monotonic()
        for n in range(round(self._load.rate * self._load.seconds)):
            await asyncio.sleep(max(0.0, began + n / self._load.rate - time.monotonic()))
            if not self._free:
                message = "no agent is free; more agents, or fewer calls"
                raise RuntimeError(message)
            task = asyncio.create_task(self._call(n, self._free.popleft()))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        await asyncio.gather(*self._tasks)

    async def _call(self, number: int, agent: str) -> None:
        which = int(self._rng.random() < _ABANDONED_SHARE)
        place = self._rng.randrange(self._load.queues)
        names = Names.new(number, agent, queue_names(self._load)[place], self._rng)
        began = time.monotonic()
        for moment in self._recordings[which].moments:
            await asyncio.sleep(max(0.0, began + moment.after - time.monotonic()))
            now = time.time()
            self._server.say("say", names.told(moment, now))
            if moment.ends:
                self.ended.append((now, names.queue, which))
        self.calls += 1
        await asyncio.sleep(WRAP_UP + 0.5)
        self._free.append(agent)


def agent_names(load: Load) -> list[str]:
    return [str(1001 + n) for n in range(load.agents)]


def queue_names(load: Load) -> list[str]:
    return [f"queue{n:02}" for n in range(load.queues)]


def prepare(folder: Path, boards: int) -> list[str]:
    """Make a database with supervisors who are signed in, and return their sessions' tokens."""
    file = folder / "hotline.db"
    db.upgrade(f"sqlite:///{file}")
    now = time.time()
    tokens = [f"token-{n}" for n in range(boards)]
    with sqlite3.connect(file) as connection:
        connection.executemany(
            "INSERT INTO users (login, display_name, role, language, password_hash, "
            "disabled, failed_attempts, locked_until, created_at) "
            "VALUES (?, ?, 'supervisor', 'zh', 'x', 0, 0, 0, ?)",
            [(f"boss{n}", f"Boss {n}", now) for n in range(boards)],
        )
        connection.executemany(
            "INSERT INTO sessions (session_id, token_hash, login, created_at, seen_at, "
            "expires_at, address, user_agent) VALUES (?, ?, ?, ?, ?, ?, '', '')",
            [
                (f"session{n}", token_hash(token), f"boss{n}", now, now, now + 36_000)
                for n, token in enumerate(tokens)
            ],
        )
    return tokens


@asynccontextmanager
async def serving(load: Load) -> AsyncIterator[tuple[Server, int, list[str]]]:
    """Run a server; yields it, its port and a token for each board."""
    with tempfile.TemporaryDirectory(prefix="bench-board-") as name:
        folder = Path(name)
        tokens = await asyncio.to_thread(prepare, folder, load.boards)
        port = ports.claimed_ports("127.0.0.1", 46500, 1)
        job = {
            "port": port,
            "origin": f"http://127.0.0.1:{port}",
            "folder": name,
            "database": str(folder / "hotline.db"),
            "queues": queue_names(load),
            "agents": agent_names(load),
            "lost": load.lost,
        }
        server = await Server.start(job, "bench.board_frames.server")
        try:
            yield server, port, tokens
        finally:
            await server.stop()


async def measure(load: Load, seed: int) -> Measured:
    """Run the load once.  Raises ``RuntimeError`` if it was not driven, or a board missed it."""
    async with serving(load) as (server, port, tokens), AsyncExitStack() as stack:
        plain = load.boards - load.pixels
        readers = [Reader(port, token) for token in tokens[:plain]]
        reading = [asyncio.create_task(reader.read()) for reader in readers]
        stack.callback(lambda: [task.cancel() for task in reading])
        chromium: Screen | None = None
        if load.pixels:
            origin = f"http://127.0.0.1:{port}"
            chromium = await stack.enter_async_context(screen(origin, tokens[-1], load.queues))
        while not all(reader.frames for reader in readers):
            await _fail_early(reading)
        floor = Floor(server, load, seed)
        cpu, _ = await server.usage()
        sent, began = sum(reader.bytes for reader in readers), time.monotonic()
        await floor.play()
        taken = time.monotonic() - began
        spent, _ = await server.usage()
        sent = sum(reader.bytes for reader in readers) - sent
        await asyncio.sleep(SETTLED_S + load.lost)
        await _fail_early(reading)
        ended = sorted(floor.ended)
        told = [at for at, _, _ in ended]
        measured = Measured(
            calls=floor.calls,
            told=len(told),
            cpu=(spent - cpu) / taken,
            bytes=sent / taken / max(1, len(readers)),
            boards=[late for reader in readers for late in reader.late(told)],
            pixels=[] if chromium is None else await chromium.late(ended),
        )
    check(load, measured)
    return measured


def check(load: Load, measured: Measured) -> None:
    """Raise ``RuntimeError`` unless the load was driven."""
    wanted = round(load.rate * load.seconds)
    if measured.calls < max(1.0, _LEAST_DRIVEN * wanted) or measured.told != measured.calls:
        message = f"only {measured.told} of {wanted} calls were driven"
        raise RuntimeError(message)
    if load.pixels and len(measured.pixels) != measured.told:
        message = f"only {len(measured.pixels)} of {measured.told} were timed on the screen"
        raise RuntimeError(message)
    if min([*measured.boards, *measured.pixels], default=-1.0) < 0:
        message = "a board showed something before it happened, or nothing was timed"
        raise RuntimeError(message)


async def _fail_early(reading: Sequence[asyncio.Task[None]]) -> None:
    done, _ = await asyncio.wait(reading, timeout=0.02, return_when=asyncio.FIRST_COMPLETED)
    for task in done:
        task.result()


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value that ``share`` of them do not exceed."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]


async def run(chosen: argparse.Namespace) -> dict[str, Any]:
    """Measure the whole load, then what more boards and more queues add to a smaller one."""
    whole = Load(
        *(chosen.agents, chosen.queues, chosen.boards, chosen.rate, chosen.seconds),
        pixels=True,
        lost=chosen.planted,
    )
    main = await measure(whole, chosen.seed)
    found: dict[str, Any] = {
        "calls": main.calls,
        "calls_per_second": whole.rate,
        "boards": whole.boards,
        "queues": whole.queues,
        "agents": whole.agents,
        "timed_on_screen": len(main.pixels),
        "pixels_p50_s": quantile(main.pixels, 0.5),
        "pixels_p99_s": quantile(main.pixels, 0.99),
        "pixels_max_s": max(main.pixels),
        "boards_p99_s": quantile(main.boards, 0.99),
        "boards_max_s": max(main.boards),
        "server_cpu_ms_per_s": main.cpu * 1000,
        "board_bytes_per_s": main.bytes,
    }
    if chosen.costs:
        found |= await costs(whole, chosen.seed)
    return found


async def costs(whole: Load, seed: int) -> dict[str, Any]:
    """Return what one more board and one more queue take: the middle, the least and the most."""
    few = whole._replace(boards=min(FEW_BOARDS, whole.boards), pixels=False, lost=0.0)
    board, queue, wire = [], [], []
    for n in range(ROUNDS):
        small = await measure(few, seed + n)
        many = await measure(few._replace(boards=few.boards + MORE_BOARDS), seed + n)
        wide = await measure(few._replace(queues=few.queues + MORE_QUEUES), seed + n)
        board.append(1000 * (many.cpu - small.cpu) / MORE_BOARDS)
        queue.append(1000 * (wide.cpu - small.cpu) / MORE_QUEUES)
        wire.append((wide.bytes - small.bytes) / MORE_QUEUES)
    return {
        "one_more_board_cpu_ms_per_s": spread(board),
        "one_more_queue_cpu_ms_per_s": spread(queue),
        "one_more_queue_bytes_per_s_and_board": spread(wire),
    }


def spread(values: Sequence[float]) -> tuple[float, float, float]:
    """Return the middle one, the least and the most."""
    return quantile(values, 0.5), min(values), max(values)


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench.board", description=__doc__)
    for name, default in ENOUGH.items():
        made.add_argument(f"--{name}", type=int, default=default, help=f"default {default}")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--aim", type=float, default=AIM_S, help="seconds under which p99 must be")
    made.add_argument(
        "--planted", type=float, default=0.0, help="lose so many seconds for each picture"
    )
    made.add_argument("--no-costs", dest="costs", action="store_false", help="only the times")
    made.add_argument("--json", action="store_true")
    made.add_argument("--trial", action="store_true", help="allow fewer, to try the tool itself")
    return made


def words(found: dict[str, Any]) -> list[str]:
    """Return what to print."""
    said = [
        f"{found['calls']} calls at {found['calls_per_second']}/s, {found['agents']} agents, "
        f"{found['queues']} queues, {found['boards']} boards",
        f"event → pixels: p50 {found['pixels_p50_s']:.3f} s, p99 {found['pixels_p99_s']:.3f} s, "
        f"most {found['pixels_max_s']:.3f} s ({found['timed_on_screen']} events)",
        f"event → bytes at every board: p99 {found['boards_p99_s']:.3f} s, most "
        f"{found['boards_max_s']:.3f} s",
        f"server: {found['server_cpu_ms_per_s']:.0f} ms CPU a second; a board takes "
        f"{found['board_bytes_per_s'] / 1024:.0f} KiB a second",
    ]
    if "one_more_board_cpu_ms_per_s" in found:
        board, queue = (found[f"one_more_{each}_cpu_ms_per_s"] for each in ("board", "queue"))
        wire, _, _ = found["one_more_queue_bytes_per_s_and_board"]
        said.append(
            f"one more board: {_between(board)} ms CPU a second; one more queue: "
            f"{_between(queue)} ms CPU a second and {wire / 1024:.1f} KiB a second and board"
        )
    return said


def _between(found: tuple[float, float, float]) -> str:
    return "{:.2f} ({:.2f} to {:.2f})".format(*found)


def main(arguments: list[str] | None = None) -> int:
    chosen = parser().parse_args(arguments)
    few = [name for name, wanted in ENOUGH.items() if getattr(chosen, name) < wanted]
    if few and not chosen.trial:
        print(f"too few {', '.join(few)} to report anything")
        return 1
    try:
        found = asyncio.run(run(chosen))
    except (RuntimeError, TimeoutError) as error:
        print(f"failed: {error}")
        return 1
    print(json.dumps(found) if chosen.json else "\n".join(words(found)))
    if found["pixels_p99_s"] >= chosen.aim:
        print(f"failed: p99 is not under {chosen.aim:g} s")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
