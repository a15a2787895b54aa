"""Callbacks against a real Asterisk: real callers, a real trunk, an engine that dies."""

import os
import signal
import sqlite3
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from agent_console import messages as msg
from cti.core import events as ev
from hotline import db
from hotline.console_client import ConsoleClient
from hotline.demo.people import PASSWORD
from hotline.demo.site import HOST, PortPlan, Site
from hotline.journal_reader import JournalReader
from hotline.selftest.desk import Desk

pytestmark = [
    pytest.mark.alone,  # its customers key by the clock
    pytest.mark.asyncio(loop_scope="module"),
    pytest.mark.timeout(240),
]

CALLER = "+8613800138000"
LATER = "+8613900139000"
EXTRA = """
[agents]
missed_calls = 0
[callbacks]
pause_seconds = 2
ring_seconds = 5
tries = 3
[[queues]]
name = "service"
ring_seconds = 5
wrap_up_seconds = 0
callback = true
position_seconds = 0
[[queues]]
name = "vip"
wrap_up_seconds = 0
"""
RULES = "rules: [{id: all, queue: service}]\n"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bank(state_dir: Path) -> AsyncIterator[Site]:
    """A running installation whose queue offers callbacks."""
    rules = state_dir / "routing.yaml"
    rules.write_text(RULES)
    made = Site(
        state_dir,
        PortPlan.choose(41000),
        extra=EXTRA,
        more={"ivr": f'routing = "{rules}"'},
    )
    await made.prepare(50, lambda _: None)
    try:
        await made.start()
        await made.ready()
        await made.start_carrier(answer_after=0.3, speaks=False)
        yield made
    finally:
        await made.stop()


@pytest_asyncio.fixture(loop_scope="module")
async def journal(bank: Site) -> AsyncIterator[JournalReader]:
    reader = JournalReader(db.sqlite_path(bank.settings.database_url)).refresh()
    reader.events.clear()
    yield reader
    assert bank.carrier is not None
    bank.carrier.hang_up_all()
    for arrived in reader.refresh().of(ev.CallArrived):
        await reader.wait(ev.CallEnded, 10, call_id=arrived.call_id)


async def join(bank: Site, journal: JournalReader, caller: str, *steps: str) -> ev.CallQueued:
    """Phone in, ask for a person, and return how the call was queued."""
    assert bank.carrier is not None
    known = {e.call_id for e in journal.refresh().of(ev.CallQueued)}
    bank.carrier.call("95500", caller=caller, steps=["w1", "d0", *steps])
    return await journal.wait(ev.CallQueued, 30, where=lambda e: e.call_id not in known)


async def ask(bank: Site, journal: JournalReader) -> ev.CallbackRequested:
    """Phone in, wait, and accept a callback on the own number."""
    queued = await join(bank, journal, CALLER, "w6", "d1", "w1", "d1", "w2.5", "h")
    return await journal.wait(ev.CallbackRequested, 40, call_id=queued.call_id)


def hang_up(bank: Site, queued: ev.CallQueued) -> None:
    """End that caller's channel."""
    for channel in bank.exchange.process.command("core show channels concise").splitlines():
        name = channel.partition("!")[0]
        if not name.startswith("PJSIP/trunk-"):
            continue
        shown = bank.exchange.process.command(f"core show channel {name}")
        if f"HOTLINE_CALL_ID={queued.call_id}" in shown:
            bank.exchange.process.command(f"channel request hangup {name}")


def rows(bank: Site) -> list[tuple[str, str]]:
    path = db.sqlite_path(bank.settings.database_url)
    with closing(sqlite3.connect(path)) as connection:
        return connection.execute("SELECT callback_id, number FROM callbacks").fetchall()


async def test_a_callback_outlives_us_is_tried_again_and_dialled_before_later_callers(
    bank: Site, journal: JournalReader
) -> None:
    assert bank.carrier is not None
    asked = await ask(bank, journal)
    [left] = journal.of(ev.CallLeftQueue, asked.call_id)
    assert left.status == "CALLBACK"
    assert journal.of(ev.CallAbandoned) == []
    assert rows(bank) == [(asked.callback_id, CALLER)]

    os.kill(bank.pids()["console"] or 0, signal.SIGKILL)
    await journal.wait(ev.EngineResynchronised, 30)
    await bank.ready()
    later = await join(bank, journal, LATER)
    bank.carrier.set_phone(CALLER.removeprefix("+"), -1)
    desk = Desk(ConsoleClient(HOST, bank.plan.console))
    await desk.open("1001", PASSWORD)
    try:
        await desk.client.send("set_state", state="available")
        first = await journal.wait(ev.CallbackDialled, 15, call_id=asked.call_id)
        assert (first.attempt, first.agent_id) == (1, "1001")
        missed = await journal.wait(ev.CallbackMissed, 20, call_id=asked.call_id)
        assert (missed.attempt, missed.status) == (1, "NOANSWER")
        # Only now the agent, who was kept free, is there for the next.
        other = await journal.wait(ev.CallConnected, 20, call_id=later.call_id)
        assert first.at < missed.at < other.at

        bank.carrier.set_phone(CALLER.removeprefix("+"), 0.5)
        hang_up(bank, later)  # not all channels: the next try may be among them by then
        second = await journal.wait(
            ev.CallbackDialled, 20, call_id=asked.call_id, where=lambda e: e.attempt == 2
        )
        assert second.at >= missed.next_try
        assert second.dial_call_id != first.dial_call_id
        answered = await journal.wait(ev.CallbackAnswered, 15, call_id=asked.call_id)
        tries = [(e.attempt, e.status) for e in journal.of(ev.CallbackMissed, asked.call_id)]
        assert answered.dial_call_id == second.dial_call_id, f"missed tries: {tries}"
        arrived = await journal.wait(ev.CallArrived, 15, call_id=second.dial_call_id)
        assert (arrived.journey_id, arrived.callback_id) == (asked.call_id, asked.callback_id)
        connected = await journal.wait(ev.CallConnected, 25, call_id=second.dial_call_id)
        assert connected.agent_id == "1001"
        _, shown = await desk.wait(
            msg.PopRaised, 5, lambda m: m.pop.call_id == second.dial_call_id
        )
        assert shown.pop.callback
        assert rows(bank) == []  # and with the row the number is gone
        assert CALLER.removeprefix("+86") not in " ".join(str(e) for e in journal.events)
        await desk.client.send("set_state", state="paused", reason="break")
    finally:
        await desk.close()
    assert len(journal.of(ev.CallbackDialled, asked.call_id)) == 2


async def test_a_customer_who_calls_again_gets_the_old_place_and_no_callback(
    bank: Site, journal: JournalReader
) -> None:
    asked = await ask(bank, journal)
    later = await join(bank, journal, LATER)
    again = await join(bank, journal, CALLER)
    cancelled = await journal.wait(ev.CallbackCancelled, 10, call_id=asked.call_id)
    assert (cancelled.cause, cancelled.new_call_id) == ("called_again", again.call_id)
    kept = await journal.wait(ev.PlaceKept, 10, call_id=again.call_id)
    assert (kept.joined_at, kept.journey_id) == (asked.joined_at, asked.call_id)
    moved = await journal.wait(
        ev.CallQueued, 10, call_id=again.call_id, where=lambda e: e.at > again.at
    )
    assert (again.position, moved.position) == (2, 1)
    assert rows(bank) == []
    shown = bank.exchange.process.command("queue show service")
    assert "1. PJSIP/trunk-carrier" in shown
    assert journal.of(ev.CallAbandoned) == []
    assert journal.of(ev.CallConnected, later.call_id) == []


async def test_a_caller_who_waits_long_is_offered_a_callback_and_may_wait_on(
    bank: Site, journal: JournalReader
) -> None:
    rules = bank.state_dir / "routing.yaml"
    rules.write_text(
        "rules: [{id: late, queue: service, escalate: [{after: 1, callback: yes}]}]\n"
    )
    stays = await join(bank, journal, LATER, "w8", "d*")
    later = await join(bank, journal, CALLER, "w8", "d1", "w1", "d1", "w2.5", "h")
    routed = await journal.wait(
        ev.CallRouted, 10, call_id=stays.call_id, where=lambda e: "callback-offered" in e.reasons
    )
    assert (routed.queue, routed.steps) == ("service", ())
    back = await journal.wait(
        ev.CallQueued, 30, call_id=stays.call_id, where=lambda e: e.at > stays.at
    )
    asked = await journal.wait(ev.CallbackRequested, 40, call_id=later.call_id)
    assert (asked.queue, asked.joined_at) == ("service", later.at)
    assert back.position == 1  # before who came later
    assert [left.status for left in journal.of(ev.CallLeftQueue)] == ["WITHDRAW", "WITHDRAW"]
    assert journal.of(ev.CallAbandoned) == []
    rules.write_text(RULES)
