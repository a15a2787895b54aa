"""A hotline under load: SIPp's customers on a trunk of their own, and agents who answer."""

import asyncio
import contextlib
import shutil
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

from agent_console import messages
from hotline import db, demo_bank
from hotline.console_client import ConsoleClient
from hotline.demo.people import AGENTS
from hotline.demo.site import HOST, PortPlan, Site
from hotline.selftest.desk import Desk

SIPP_ADDRESS: Final = "127.0.0.21"
TRUNK: Final = "load"
ANSWER_AFTER: Final = 0.3
"""Seconds until an agent's phone answers."""

SCENARIOS: Final = Path(__file__).parent / "sipp"

STRANGERS: Final = "+861391000"
"""How the numbers begin that the bank does not know."""

SETTINGS: Final = f"""
[[trunks]]
name = "{TRUNK}"
host = "{SIPP_ADDRESS}"

[[queues]]
name = "service"
wrap_up_seconds = 0
ring_seconds = 5

[[queues]]
name = "vip"
wrap_up_seconds = 0
ring_seconds = 5
weight = 10

# One phone sleeps at first; its agent is to take calls later, not to be paused for missing some.
[agents]
missed_calls = 0
"""


@asynccontextmanager
async def running(state_dir: Path, base: int) -> AsyncIterator[Site]:
    """A hotline with six agents signed in, whose phones answer and talk for a second or two."""
    site = Site(state_dir, PortPlan.choose(base), extra=SETTINGS)
    desks: list[Desk] = []
    try:
        await site.prepare(300, lambda _: None)
        await site.start()
        await site.ready()
        await site.start_carrier(answer_after=ANSWER_AFTER, talk=1, speaks=False)
        for agent in AGENTS:
            desk = Desk(ConsoleClient(HOST, site.plan.console))
            desks.append(desk)
            await desk.open(agent.login, agent.password)
            await desk.client.send("set_state", state="available")
        for desk in desks:
            await desk.wait(messages.AgentStateChanged, 8, lambda m: m.status.state == "available")
        yield site
    finally:
        for desk in desks:
            await desk.close()
        await site.stop()


def callers(site: Site, count: int) -> list[tuple[str, str, str]]:
    """``(number, dialled, PIN)`` of customers and of strangers, one in four."""
    pins = {customer.number: customer.pin for customer in demo_bank.DEMO_CUSTOMERS}
    path = db.sqlite_path(site.settings.database_url)
    with closing(sqlite3.connect(path)) as connection:
        numbers = [
            row[0]
            for row in connection.execute(
                "SELECT number FROM customer_numbers GROUP BY number HAVING count(*) = 1 "
                "ORDER BY number LIMIT ?",
                (count,),
            )
        ]
    dialled = ("95500", "95500", "95501", "4008895500")
    return [
        (
            f"{STRANGERS}{i % 10_000:04d}" if i % 4 == 3 else numbers[i % len(numbers)],
            dialled[i % len(dialled)],
            pins.get(numbers[i % len(numbers)], demo_bank.DEMO_PIN),
        )
        for i in range(count)
    ]


def is_stranger(number: str) -> bool:
    return number.startswith(STRANGERS)


async def sipp(
    site: Site,
    scenario: str,
    people: Sequence[tuple[str, str, str]],
    *,
    rate: int,
    port: int,
    media: int,
    seconds: int = 170,
) -> str:
    """Place a call for each of ``people``, within so many seconds; return SIPp's statistics.

    Raises ``AssertionError`` with SIPp's own words when it did not work.
    """
    folder = site.state_dir / f"sipp-{scenario}"
    folder.mkdir(exist_ok=True)
    rows = "\n".join(";".join(person) for person in people)
    (folder / "people.csv").write_text(f"SEQUENTIAL\n{rows}\n", encoding="utf-8")
    program = shutil.which("sipp")
    assert program, "SIPp is missing: apt-get install sip-tester"
    command = [program, f"{HOST}:{site.plan.sip}", "-sf", str(SCENARIOS / f"{scenario}.xml")]
    command += ["-inf", str(folder / "people.csv"), "-i", SIPP_ADDRESS, "-p", str(port)]
    command += ["-mi", SIPP_ADDRESS, "-mp", str(media), "-r", str(rate), "-m", str(len(people))]
    command += ["-l", str(len(people)), "-aa", "-nostdin", "-timeout_error"]
    command += ["-timeout", f"{seconds}s"]
    command += ["-trace_stat", "-stf", str(folder / "statistics.csv"), "-fd", "5"]
    command += ["-trace_err", "-error_file", str(folder / "errors.log")]
    child = await asyncio.create_subprocess_exec(
        *command,
        cwd=folder,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    try:
        status = await child.wait()
    finally:
        if child.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                child.kill()
            await child.wait()
    errors = folder / "errors.log"
    words = errors.read_text(encoding="utf-8", errors="replace") if errors.exists() else ""
    assert status == 0, f"SIPp ended with {status}: {words[:2000]}"
    return (folder / "statistics.csv").read_text(encoding="utf-8")
