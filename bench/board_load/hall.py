"""One run: a hotline of its own, its traffic, and what everybody wrote down about it.

What is left in the folder is all that :mod:`bench.board_books` reads: ``queue_log``, ``calls.csv``
(call records), ``sipp/*/calls.log``, ``holds.log`` and ``notes.log`` (the agents), ``board.json``,
``legend.json``, ``plots.json`` (the plots of today), ``calls.json`` (`hotline calls list`) and
``report-….json`` (`hotline report`).
"""

import asyncio
import contextlib
import json
import os
import random
import shutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

import httpx
import msgspec

from agent_console.security import CSRF_HEADER
from bench.board_books import ABOUT, HUNG_UP, SHUT, TURNED_AWAY
from bench.board_load.callers import (
    ADDRESS,
    FIRST_PORT,
    KINDS,
    LISTENING,
    PORTS,
    TRUNK,
    WAITING,
    Kind,
    place,
)
from bench.board_load.staff import Post, Staff
from dialplans import __file__ as dialplans
from hotline import ports
from hotline.demo.people import PASSWORD, SUPERVISOR
from hotline.demo.site import HOST, PortPlan, Site

SHARES: Final = {
    "answered": 0.19,
    "abandoned": 0.15,
    "overflowed": 0.125,
    "missed": 0.125,
    "withdrawn": 0.125,
    "transferred": 0.125,
    TURNED_AWAY: 0.08,
    HUNG_UP: 0.08,
}
FLOW: Final = "start: person\nnodes:\n  person: {{kind: queue, topic: {topic}, prompts: []}}\n"
RULES: Final = """\
rules:
  - id: stairs
    when: {dnis: "96003"}
    queue: default
    escalate: [{after: 3, queue: service}]
  - id: straight
    queue: default
"""
QUEUES: Final = ("service", "nobody", "stairs", "sleepy", "later", "forward", SHUT)
"""For the numbers that the first kinds dial, in their order."""
_NOBODY: Final = "0000"
"""Stands for an agent in queues that nobody serves."""
PARKED: Final = 25.0
"""Seconds for which the last callers stay, while the board is looked at."""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """How much, and how fast."""

    calls: int
    rate: float
    base_port: int
    planted: str = ""


def posts(rate: float) -> tuple[Post, ...]:
    """Return enough people for so many calls a second."""
    several = max(1, round(rate))
    return (
        Post("service", "answers", 3 * several + 2),
        Post("vip", "answers", several + 1),
        Post("forward", "waits", several + 1),
        Post("sleepy", "sleeps", max(1, several // 2)),
        Post("sleepy", "refuses", max(1, several // 2)),
        Post("sleepy", "answers", several + 1),
    )


def settings(staff: Staff) -> str:
    """Return the queues, numbers and trunk of the run."""
    parts = [f'\n[agents]\nmissed_calls = 0\n\n[[trunks]]\nname = "{TRUNK}"\nhost = "{ADDRESS}"\n']
    for kind, queue in zip(KINDS, QUEUES, strict=False):
        parts.append(
            f'\n[[numbers]]\ndnis = "{kind.dialled}"\nflow = "straight_{ABOUT[kind.name]}"\n'
            f'queue = "{queue}"\n'
        )
    for queue in ("vip", *QUEUES):
        members = json.dumps(staff.members(queue) or [_NOBODY])
        parts.append(
            f'\n[[queues]]\nname = "{queue}"\nring_seconds = 5\nwrap_up_seconds = 1\n'
            f"service_level_seconds = {2 if queue == 'service' else 4}\nmembers = {members}\n"
            f"position_seconds = 0\ncallback = {'true' if queue == 'later' else 'false'}\n"
        )
    return "".join(parts)


async def traffic(folder: Path, run: Run) -> None:
    """Run everything and leave the books in ``folder``.  Raises ``AssertionError``."""
    state = folder / "state"
    state.mkdir(parents=True)
    holds, notes = folder / "holds.log", folder / "notes.log"
    holds.touch()
    notes.touch()
    staff = Staff(posts(run.rate), holds, notes)
    for path in (folder, state):  # the service user must get in
        path.chmod(0o755)
    flows = state / "flows"
    shutil.copytree(Path(dialplans).parent / "flows", flows)
    for topic in set(ABOUT.values()):
        (flows / f"straight_{topic}.yaml").write_text(FLOW.format(topic=topic), encoding="utf-8")
    rules = state / "routing.yaml"
    rules.write_text(RULES, encoding="utf-8")
    more = {"ivr": f'flows = "{flows}"\nrouting = "{rules}"'}
    site = Site(state, PortPlan.choose(run.base_port), extra=settings(staff), more=more)
    first_port = ports.claimed_ports(ADDRESS, FIRST_PORT, PORTS)
    console: asyncio.subprocess.Process | None = None
    try:
        await site.prepare(20, lambda _: None)
        await staff.hire(site)
        await site.start(roles=("ivr",))
        console = await _console(site, run.planted)
        await site.ready(120)
        await staff.come(site)
        async with httpx.AsyncClient(base_url=f"http://{HOST}:{site.plan.console}") as http:
            await _sign_in(http, site)
            shut = await http.put(f"/api/floor/closed/{SHUT}", json={"reason": "fire drill"})
            shut.raise_for_status()
            people = sum(post.count for post in staff.posts)
            await _until(
                http, 60, lambda board: board["total"]["agents"].get("available") == people
            )
            await _calls(folder, site, run, first_port)
            await _until(http, 60, _idle)
            # One pauses, so that the board has more to show than people who are free.
            await staff.order(0, "set_state", state="paused", reason="lunch")
            await _until(http, 10, lambda board: board["total"]["agents"].get("paused") == 1)
            await _look(folder, http, site, run, first_port)
    finally:
        await staff.leave()
        if console is not None:
            with contextlib.suppress(ProcessLookupError):
                console.terminate()
            await console.wait()
        await site.stop()
    shutil.copy(site.exchange.dirs.queue_log, folder / "queue_log")
    shutil.copy(site.exchange.dirs.call_records, folder / "calls.csv")


async def _console(site: Site, planted: str) -> asyncio.subprocess.Process:
    faults = {"BOARD_PLANTED": planted} if planted else {}
    with (site.state_dir / "bench-console.log").open("wb") as log:
        return await asyncio.create_subprocess_exec(
            *(sys.executable, "-m", "bench.board_load.console", "--config", str(site.config)),
            *("serve", "console"),
            env={
                **os.environ,
                **faults,
                "BOARD_TRANSFERS": "forward:vip:1",
                "HOTLINE_SUPERVISOR": str(os.getpid()),
            },
            stdout=log,
            stderr=log,
        )


async def _sign_in(http: httpx.AsyncClient, site: Site) -> None:
    http.headers["Origin"] = f"http://{HOST}:{site.plan.console}"
    body = {"login": SUPERVISOR.login, "password": PASSWORD}
    answer = (await http.post("/api/session", json=body)).raise_for_status()
    http.headers[CSRF_HEADER] = answer.json()["csrf"]


async def _board(http: httpx.AsyncClient) -> dict[str, Any]:
    found: dict[str, Any] = (await http.get("/api/board", timeout=20)).raise_for_status().json()
    return found


async def _until(
    http: httpx.AsyncClient, seconds: float, holds: Callable[[dict[str, Any]], bool]
) -> dict[str, Any]:
    """Look at the board until it shows what is waited for, and return it."""
    async with asyncio.timeout(seconds):
        while True:
            board = await _board(http)
            if holds(board):
                return board
            await asyncio.sleep(0.2)


async def _calls(folder: Path, site: Site, run: Run, first_port: int) -> None:
    """Place all kinds at once, each at its share of the rate."""
    chance = random.Random(run.calls)  # noqa: S311 - how patient people are, no secret
    first = 0
    jobs = []
    for number, kind in enumerate(KINDS):
        count = round(run.calls * SHARES[kind.name])
        people = [
            (f"+861391{first + each:07d}", chance.randrange(1500, 6000)) for each in range(count)
        ]
        first += count
        rate = run.rate * SHARES[kind.name] * kind.pace
        seconds = int(count / rate) + 240
        jobs.append(_place(folder, site, kind, people, rate, first_port, number, seconds))
    await asyncio.gather(*jobs)


async def _place(
    folder: Path,
    site: Site,
    kind: Kind,
    people: list[tuple[str, int]],
    rate: float,
    first_port: int,
    number: int,
    seconds: int,
) -> None:
    await place(
        folder / "sipp" / kind.name,
        site.plan.sip,
        kind,
        people,
        rate=rate,
        first_port=first_port,
        place=number,
        seconds=seconds,
    )


def _idle(board: dict[str, Any]) -> bool:
    """Say whether every call and wrap-up has ended."""
    total = board["total"]
    busy = total["waiting"] or board["in_menu"]
    return set(total["agents"]) <= {"available", "logged_out"} and not busy


async def _look(
    folder: Path, http: httpx.AsyncClient, site: Site, run: Run, first_port: int
) -> None:
    """Look at the board while some wait in a queue and in the menu, and nothing moves."""
    several = max(2, min(10, run.calls // 50))
    wait = round(PARKED * 1000)
    parked = [
        asyncio.create_task(
            _place(
                folder,
                site,
                kind,
                [(f"+861392{number}{each:06d}", wait) for each in range(several)],
                several,
                first_port,
                len(KINDS) + number,
                60,
            )
        )
        for number, kind in enumerate((WAITING, LISTENING))
    ]
    still = await _until(
        http,
        PARKED,
        lambda board: board["total"]["waiting"] >= several and board["in_menu"] >= several,
    )
    # Until Asterisk's books have the whole seconds of this picture behind them.
    board = await _until(http, 10, lambda board: board["at"] > still["at"] + 2.5)
    assert board["total"]["waiting"] == still["total"]["waiting"], "callers left too early"
    _keep(folder, "board", board)
    _keep(folder, "legend", (await http.get("/api/board/legend")).raise_for_status().json())
    _keep(folder, "plots", (await http.get("/api/plots")).raise_for_status().json())
    report = ("--since", "today", "--json", "--by")
    asked = {
        "report-queues": ("report", "queues", *report, "day"),
        "report-agents": ("report", "agents", *report, "day"),
        "report-segments": ("report", "segments", *report, "day"),
        "report-quarters": ("report", "queues", *report, "quarter"),
        "report-topics": ("report", "topics", *report, "day"),
        "report-nodes": ("report", "nodes", *report, "day"),
        "calls": ("calls", "list", "--since", "1d", "--json", "--limit", "10000"),
    }
    answers = await asyncio.gather(*(_hotline(site, *words) for words in asked.values()))
    for name, answer in zip(asked, answers, strict=True):
        _keep(folder, name, answer)
    assert not any(task.done() for task in parked), "callers left before all was read"
    for task in parked:  # what comes after this picture is compared with nothing
        task.cancel()
    await asyncio.gather(*parked, return_exceptions=True)
    await asyncio.to_thread(site.exchange.process.command, "channel request hangup all")


async def _hotline(site: Site, *arguments: str) -> Any:
    child = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "hotline", "--config", str(site.config), *arguments),
        stdout=asyncio.subprocess.PIPE,
    )
    out, _ = await child.communicate()
    assert child.returncode == 0, f"hotline {' '.join(arguments)} ended with {child.returncode}"
    return json.loads(out)


def _keep(folder: Path, name: str, document: Any) -> None:
    (folder / f"{name}.json").write_text(json.dumps(document), encoding="utf-8")
