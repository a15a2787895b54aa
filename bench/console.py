"""A thousand consoles: memory, broadcast beside a plain loop, a killed server, pops over drops.

The server is the real application in a process of its own, over an engine that rings as it is
told; the consoles are headless and resume as the page does.  In the middle of the pops the server
is killed and started again.  Nothing is reported unless every console was there and every pop was
sent.
"""

import argparse
import asyncio
import gzip
import json
import random
import sqlite3
import statistics
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final, Self

import sqlalchemy as sa

from agent_console.config import WEB_DIST
from agent_console.security import token_hash
from agent_console.store.tables import metadata
from bench.console_load.consoles import Console, Listener, gate
from hotline import ports

STANDING: Final = 100
"""Pops that stand on pages at the same time."""
PACE: Final = 400.0
"""Pops a second: ten times what 1,000 agents with calls of 30 s make."""
FIRST: Final = 10
"""Consoles that come before memory is looked at: they pay for what a process loads once."""
NEWS_WITHIN: Final = 10.0
AIM_RESUME_S: Final = 5.0
AIM_MEMORY: Final = 30 * 1024
AIM_BUNDLE: Final = 250 * 1024
ENOUGH: Final = {"consoles": 1_000, "pops": 10_000, "drops": 1_000, "broadcasts": 20}


class Server:
    """The server's process."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self.process = process

    @classmethod
    async def start(cls, job: dict[str, Any], module: str = "bench.console_load.server") -> Self:
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", module),
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
        )
        made = cls(process)
        made._write(job)
        ready = await asyncio.wait_for(made._read(), 30)
        assert ready == "ready", ready
        return made

    def say(self, *words: object) -> None:
        """Give an order; nothing is awaited."""
        self._write(words)

    async def usage(self) -> tuple[float, int]:
        """CPU seconds and resident bytes of the server so far."""
        self.say("usage")
        cpu, resident = json.loads(await asyncio.wait_for(self._read(), 30))
        return cpu, resident

    async def kill(self) -> None:
        """End it as a power cut would."""
        self.process.kill()
        await self.process.wait()

    async def stop(self) -> None:
        """Let it end by itself, but not for ever."""
        assert self.process.stdin is not None
        self.process.stdin.close()
        try:
            await asyncio.wait_for(self.process.wait(), 10)
        except TimeoutError:
            await self.kill()

    def _write(self, words: object) -> None:
        assert self.process.stdin is not None
        self.process.stdin.write(json.dumps(words).encode() + b"\n")

    async def _read(self) -> str:
        assert self.process.stdout is not None
        line = await self.process.stdout.readline()
        if not line:
            message = "the server ended"
            raise RuntimeError(message)
        return line.decode().strip()


class Hall:
    """All consoles, their server, and what was rung."""

    def __init__(self, folder: Path, consoles: int, seed: int) -> None:
        self.port = ports.claimed_ports("127.0.0.1", 46000, 1)
        self.random = random.Random(seed)  # noqa: S311 - to choose, not to hide
        self._database = folder / "console.db"
        tokens = prepare(self._database, consoles)
        dial = gate()
        self.consoles = [Console(self.port, t, f"{n}", dial) for n, t in enumerate(tokens)]
        self._free = set(range(consoles))
        self._standing: deque[tuple[int, str]] = deque()
        self.rung: dict[str, str] = {}
        self.drops = 0
        self._tasks: list[asyncio.Task[None]] = []

    async def open(self) -> None:
        """Start the server, with what rings now."""
        standing = [(str(agent), call) for agent, call in self._standing]
        origin = f"http://127.0.0.1:{self.port}"
        self.server = await Server.start(
            {"port": self.port, "origin": origin, "database": str(self._database)}
            | {"standing": standing}
        )

    async def seat(self, consoles: Sequence[Console]) -> None:
        """Let these consoles come, and wait until they are there."""
        self._tasks += [asyncio.create_task(console.live()) for console in consoles]
        await until(lambda: all(c.is_open for c in consoles), 120, lambda: "they do not come")

    async def close(self) -> None:
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        await self.server.stop()

    async def all_here(self, seconds: float) -> None:
        """Wait until every console was greeted.  Raises ``TimeoutError`` with their number."""
        await until(
            lambda: all(console.is_open for console in self.consoles),
            seconds,
            lambda: f"{sum(c.is_open for c in self.consoles)} of {len(self.consoles)} are there",
        )

    async def ring(self, pops: int, drops: int) -> None:
        """Ring so many pops at random agents, and break so many lines meanwhile."""
        breaks = set(self.random.sample(range(pops), min(drops, pops)))
        began = time.monotonic()
        for n in range(pops):
            if len(self._standing) >= self.most_standing:
                self.end_one()
            self.ring_one()
            if n in breaks:
                here = [console for console in self.consoles if console.is_open]
                self.random.choice(here).drop()
                self.drops += 1
            late = began + n / PACE - time.monotonic()
            if late > 0:
                await asyncio.sleep(late)
            elif n % 20 == 0:
                await asyncio.sleep(0)

    @property
    def most_standing(self) -> int:
        return min(STANDING, len(self.consoles) // 2)

    def ring_all(self) -> None:
        """End what stands, and let as many new calls ring; nothing is awaited."""
        while self._standing:
            self.end_one()
        for _ in range(self.most_standing):
            self.ring_one()

    def ring_one(self) -> None:
        """Let a call ring at somebody who has none."""
        agent = self.random.choice(sorted(self._free))
        self._free.discard(agent)
        call = f"call{len(self.rung)}"
        self.rung[call] = str(agent)
        self._standing.append((agent, call))
        self.server.say("ring", str(agent), call)

    async def all_shown(self) -> None:
        """Wait until no pop is missing.  Raises ``TimeoutError`` with their number."""
        await until(lambda: not self.lost(), 20, lambda: f"{len(self.lost())} pops are missing")

    def end_one(self) -> None:
        """End the oldest call."""
        agent, call = self._standing.popleft()
        self.server.say("end", str(agent), call)
        self._free.add(agent)

    def lost(self) -> list[str]:
        """Pops that their agents never saw."""
        shown = {console.agent: console.shown for console in self.consoles}
        return [call for call, agent in self.rung.items() if call not in shown[agent]]

    def strayed(self) -> int:
        """Pops that somebody else saw."""
        return sum(
            self.rung.get(call) != console.agent
            for console in self.consoles
            for call in console.shown
        )


def prepare(database: Path, consoles: int) -> list[str]:
    """Make users who are signed in already, and return their sessions' tokens."""
    engine = sa.create_engine(f"sqlite:///{database}")
    metadata.create_all(engine)
    engine.dispose()
    now = time.time()
    tokens = [f"token-{n}" for n in range(consoles)]
    with sqlite3.connect(database) as connection:
        connection.execute("PRAGMA journal_mode=WAL")
        connection.executemany(
            "INSERT INTO users (login, agent_id, display_name, role, language, password_hash, "
            "disabled, failed_attempts, locked_until, created_at) "
            "VALUES (?, ?, ?, 'agent', 'zh', 'x', 0, 0, 0, ?)",
            [(f"agent{n}", str(n), f"Agent {n}", now) for n in range(consoles)],
        )
        connection.executemany(
            "INSERT INTO sessions (session_id, token_hash, login, created_at, seen_at, "
            "expires_at, address, user_agent) VALUES (?, ?, ?, ?, ?, ?, '', '')",
            [
                (f"session{n}", token_hash(token), f"agent{n}", now, now, now + 36_000)
                for n, token in enumerate(tokens)
            ],
        )
    return tokens


async def until(what: Callable[[], bool], seconds: float, told: Callable[[], str]) -> None:
    limit = time.monotonic() + seconds
    while not what():
        if time.monotonic() > limit:
            raise TimeoutError(told())
        await asyncio.sleep(0.005)


async def broadcast(
    server: Server, kind: str, listeners: Sequence[Console | Listener], times: int
) -> tuple[float, float]:
    """Return a broadcast's median seconds until the last has it, and CPU seconds each."""
    taken = []
    cpu, _ = await server.usage()
    for number in range(1, times + 1):
        began = time.monotonic()
        server.say(kind, number)
        await until(
            lambda number=number: all(one.news == number for one in listeners),  # type: ignore[misc]
            NEWS_WITHIN,
            lambda: "a broadcast did not arrive",
        )
        taken.append(max(one.news_at for one in listeners) - began)
    spent, _ = await server.usage()
    return statistics.median(taken), (spent - cpu) / times


async def measure(hall: Hall, broadcasts: int, pops: int, drops: int) -> list[str]:
    """Drive everything and return what to report."""
    count, said = len(hall.consoles), []
    await hall.open()
    dial = gate()
    listeners = [Listener(hall.port, dial) for _ in range(count)]
    _, empty = await hall.server.usage()
    plain = [asyncio.create_task(one.live()) for one in listeners]
    await until(lambda: all(one.is_open for one in listeners), 60, lambda: "no plain sockets")
    _, full = await hall.server.usage()
    floor_each = (full - empty) / count
    floor_wall, floor_cpu = await broadcast(hall.server, "floor", listeners, broadcasts)
    for task in plain:
        task.cancel()
    await asyncio.gather(*plain, return_exceptions=True)
    await hall.server.stop()

    await hall.open()
    first, others = hall.consoles[:FIRST], hall.consoles[FIRST:]
    await hall.seat(first)
    _, empty = await hall.server.usage()
    await hall.seat(others)
    _, full = await hall.server.usage()
    each = (full - empty) / len(others)
    wall, cpu = await broadcast(hall.server, "news", hall.consoles, broadcasts)
    said.append(
        f"memory a console: {each / 1024:.1f} KiB (aim {AIM_MEMORY / 1024:.0f}; a plain socket "
        f"{floor_each / 1024:.1f})"
    )
    said.append(
        f"broadcast to {count:,}: CPU {cpu * 1e3:.1f} ms, {cpu / floor_cpu:.2f} of a plain loop's "
        f"{floor_cpu * 1e3:.1f}; the last has it after {wall * 1e3:.0f} ms, in parts that let "
        f"pops through (plain, at a stretch: {floor_wall * 1e3:.0f})"
    )

    await hall.ring(pops // 2, drops // 2)
    await hall.all_here(60)
    await hall.all_shown()
    hall.ring_all()  # whoever is in the middle of being told hears of it from the next server
    await hall.server.kill()
    killed = time.monotonic()
    await until(lambda: not any(c.is_open for c in hall.consoles), 10, lambda: "still open")
    await hall.open()
    up = time.monotonic()
    await hall.all_here(120)
    back = max(console.greeted_at for console in hall.consoles)
    said.append(
        f"server killed: all {count:,} consoles back {back - up:.2f} s after it listened again "
        f"(aim {AIM_RESUME_S:.0f}), {back - killed:.2f} s after the kill"
    )
    await hall.ring(pops - pops // 2, drops - drops // 2)
    await hall.all_here(60)
    await hall.all_shown()
    doubled = sum(len(console.doubled) for console in hall.consoles)
    resumed = sum(console.resumed for console in hall.consoles)
    said.append(
        f"{len(hall.rung):,} pops over {hall.drops:,} broken lines and the kill: "
        f"{len(hall.lost())} lost, {doubled} doubled, {hall.strayed()} on another's page "
        f"({resumed:,} streams resumed where they broke)"
    )
    if doubled or hall.strayed():
        message = f"{doubled} pops came twice, {hall.strayed()} came to somebody else"
        raise RuntimeError(message)
    if len(hall.rung) < pops or hall.drops < drops:
        message = f"only {len(hall.rung)} pops and {hall.drops} broken lines"
        raise RuntimeError(message)
    if back - up > AIM_RESUME_S:
        raise RuntimeError("; ".join(said))
    return said


def bundle(dist: Path = WEB_DIST) -> int:
    """Return the bytes (gzipped) that a browser fetches before the first call can be shown.

    Raises ``RuntimeError`` when the page is not built.
    """
    files = [path for path in Path(dist).rglob("*") if path.suffix in (".js", ".css", ".html")]
    if not files:
        message = "the page is not built; `make setup` builds it"
        raise RuntimeError(message)
    return sum(len(gzip.compress(path.read_bytes())) for path in files)


async def run(chosen: argparse.Namespace) -> list[str]:
    page = f"page: {bundle() / 1024:.0f} KiB gzipped (aim {AIM_BUNDLE / 1024:.0f})"
    with tempfile.TemporaryDirectory(prefix="bench-console-") as folder:
        hall = Hall(Path(folder), chosen.consoles, chosen.seed)
        try:
            return [*await measure(hall, chosen.broadcasts, chosen.pops, chosen.drops), page]
        finally:
            await hall.close()


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench.console", description=__doc__)
    for name, default in ENOUGH.items():
        made.add_argument(f"--{name}", type=int, default=default, help=f"default {default:,}")
    made.add_argument("--seed", type=int, default=1)
    made.add_argument("--trial", action="store_true", help="allow fewer, to try the tool itself")
    return made


def main(arguments: list[str] | None = None) -> int:
    chosen = parser().parse_args(arguments)
    few = [name for name, wanted in ENOUGH.items() if getattr(chosen, name) < wanted]
    if few and not chosen.trial:
        print(f"too few {', '.join(few)} to report anything")
        return 1
    try:
        said = asyncio.run(run(chosen))
    except (RuntimeError, TimeoutError) as error:
        print(f"failed: {error}")
        return 1
    print("\n".join(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
