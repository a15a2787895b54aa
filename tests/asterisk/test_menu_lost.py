"""A dead, frozen or unreachable menu never costs a caller more than twelve seconds."""

import asyncio
import contextlib
import os
import re
import signal
import time
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from cti.core import events
from hotline import db
from hotline.demo.site import HOST, Site
from hotline.journal_reader import JournalReader

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

CALLS = 3
LIMIT = 12.0
"""Seconds within which every caller must be in the queue."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def silent(site: Site) -> Site:
    """Everything runs, but no agent is signed in: callers stay in the queue."""
    await site.start()
    await site.ready()
    await site.start_carrier(with_phones=False)
    return site


@pytest_asyncio.fixture(loop_scope="module")
async def journal(silent: Site) -> AsyncIterator[JournalReader]:
    reader = JournalReader(db.sqlite_path(silent.settings.database_url)).refresh()
    reader.events.clear()
    yield reader
    assert silent.carrier is not None
    silent.carrier.hang_up_all()
    for arrived in reader.refresh().of(events.CallArrived):
        await reader.wait(events.CallEnded, 10, call_id=arrived.call_id)


async def in_menu(site: Site, journal: JournalReader, node: str, steps: list[str]) -> list[str]:
    """Place calls and wait until each has reached the node; return their ids."""
    assert site.carrier is not None
    for _ in range(CALLS):
        site.carrier.call("95500", caller="+8613800138000", steps=steps)
    ids: set[str] = set()
    while len(ids) < CALLS:
        entered = await journal.wait(
            events.MenuEntered, 20, where=lambda e: e.node == node and e.call_id not in ids
        )
        ids.add(entered.call_id)
    return sorted(ids)


async def all_queued(journal: JournalReader, ids: list[str], since: float) -> float:
    """Wait until every call is in the queue; return how long the slowest took."""
    for call_id in ids:
        await journal.wait(events.CallQueued, LIMIT + 8, call_id=call_id)
        lost = journal.of(events.MenuLost, call_id)
        assert len(lost) == 1, call_id
    return max(journal.of(events.CallQueued, call_id)[0].at for call_id in ids) - since


def time_to_hangup(site: Site) -> list[str]:
    """The guard of each caller's channel, as Asterisk shows it; 0 is none."""
    console = site.exchange.process.command
    names = re.findall(r"^(PJSIP/trunk-\S+)", console("core show channels concise"), re.MULTILINE)
    shown = [console(f"core show channel {name.partition('!')[0]}") for name in names]
    return [re.findall(r"Time to Hangup: (\d+)", text)[0] for text in shown]


async def ivr_back(site: Site, old: int) -> None:
    """Wait until the supervisor has started the menu again."""
    assert site.supervisor is not None
    role = site.supervisor.roles["ivr"]
    until = time.monotonic() + 30
    while role.pid in (None, old) and time.monotonic() < until:  # noqa: ASYNC110 - another process
        await asyncio.sleep(0.1)
    await site.ready()


def ivr_pid(site: Site) -> int:
    assert site.supervisor is not None
    pid = site.supervisor.roles["ivr"].pid
    assert pid is not None
    return pid


@pytest.mark.parametrize(
    ("node", "steps"),
    [
        ("welcome", []),
        ("language", []),
        ("main_menu", []),
        ("balance_identity.card_number", ["w4", "d1", "w1", "d1"]),
    ],
)
async def test_a_killed_menu_sends_its_callers_to_the_queue(
    silent: Site, journal: JournalReader, node: str, steps: list[str]
) -> None:
    ids = await in_menu(silent, journal, node, steps)
    pid, killed = ivr_pid(silent), time.time()
    os.kill(pid, signal.SIGKILL)
    assert await all_queued(journal, ids, killed) < LIMIT
    assert time_to_hangup(silent) == ["0"] * CALLS
    await ivr_back(silent, pid)


@pytest.mark.parametrize(
    ("node", "steps"),
    [
        ("welcome", []),
        ("language", []),
        ("main_menu", []),
        ("balance_identity.card_number", ["w4", "d1", "w1", "d1"]),
    ],
)
async def test_a_frozen_menu_sends_its_callers_to_the_queue(
    silent: Site, journal: JournalReader, node: str, steps: list[str]
) -> None:
    ids = await in_menu(silent, journal, node, steps)
    pid, frozen = ivr_pid(silent), time.time()
    os.kill(pid, signal.SIGSTOP)
    try:
        assert await all_queued(journal, ids, frozen) < LIMIT
        assert time_to_hangup(silent) == ["0"] * CALLS
    finally:
        os.kill(pid, signal.SIGCONT)
    await silent.ready()


async def test_a_menu_that_nobody_serves_is_passed_over(
    silent: Site, journal: JournalReader
) -> None:
    pid = ivr_pid(silent)
    role = silent.supervisor.roles["ivr"] if silent.supervisor else None
    assert role is not None
    stopped = time.time()
    os.kill(pid, signal.SIGSTOP)  # connections are accepted by the kernel, nobody answers
    try:
        assert silent.carrier is not None
        for _ in range(CALLS):
            silent.carrier.call("95500", caller="+8613800138000")
        ids: set[str] = set()
        while len(ids) < CALLS:
            arrived = await journal.wait(
                events.CallArrived, 20, where=lambda e: e.call_id not in ids
            )
            ids.add(arrived.call_id)
        assert await all_queued(journal, sorted(ids), stopped) < LIMIT
    finally:
        os.kill(pid, signal.SIGCONT)
    await silent.ready()


async def test_a_closed_port_is_passed_over_at_once(silent: Site, journal: JournalReader) -> None:
    """The port refuses for as long as the supervisor pauses; a thief keeps it refused."""
    pid = ivr_pid(silent)
    os.kill(pid, signal.SIGKILL)
    thief = await _close_at_once(silent.plan.ivr)
    try:
        assert silent.carrier is not None
        placed = time.time()
        silent.carrier.call("95500", caller="+8613800138000")
        arrived = await journal.wait(events.CallArrived, 10)
        assert await all_queued(journal, [arrived.call_id], placed) < 4.0
    finally:
        thief.close()
        await thief.wait_closed()
    await ivr_back(silent, pid)


async def _close_at_once(port: int) -> asyncio.Server:
    """Take the menu's port and close every connection: a stranger who stole it."""

    async def refuse(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()

    until = time.monotonic() + 5
    while True:
        try:
            return await asyncio.start_server(refuse, HOST, port)
        except OSError:
            if time.monotonic() > until:
                raise
            await asyncio.sleep(0.02)
