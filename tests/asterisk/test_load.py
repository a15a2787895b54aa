"""A hundred calls at ten a second through menu, queue and agent: none lost, all books agree."""

import asyncio
import os
from collections import Counter
from pathlib import Path

import pytest

from cti.core import events
from cti.journal.sqlite import SqliteJournal
from hotline import db
from hotline.asterisk.locate import Install
from hotline.demo.site import Site
from hotline.journal_reader import JournalReader
from hotline.selftest.report import latency
from tests.asterisk import books, load

pytestmark = [pytest.mark.timeout(240), pytest.mark.alone]

PERSON, BALANCE = 80, 20
"""How many ask for a person at once, and how many hear their balance first."""

IMPATIENT = 3
"""How many more give up in the queue; they come over the carrier's trunk."""

SLEEPER = "1006"
"""The agent whose phone nobody answers at first."""


@pytest.mark.skipif(os.geteuid() != 0, reason="SIPp's play_dtmf needs a raw socket, thus root")
async def test_a_hundred_calls_and_none_is_lost(
    state_dir: Path, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    del install
    async with load.running(state_dir, 43000) as site:
        carrier = site.carrier
        assert carrier is not None
        path = db.sqlite_path(site.settings.database_url)
        people = load.callers(site, PERSON + BALANCE)
        carrier.set_phone(SLEEPER, -1)
        statistics = await asyncio.gather(
            load.sipp(site, "person", people[:PERSON], rate=8, port=45200, media=52000),
            load.sipp(site, "balance", people[PERSON:], rate=2, port=45400, media=54000),
            impatient(site),
        )
        journal = JournalReader(path).refresh()
        for arrived in journal.of(events.CallArrived):
            await journal.wait(events.CallEnded, 5, call_id=arrived.call_id)
        dirs = site.exchange.dirs
    journal.refresh()  # what the last agents did after their calls, until the console stopped
    loaded = {e.call_id for e in journal.of(events.CallArrived) if e.trunk == load.TRUNK}
    connected = journal.of(events.CallConnected)
    assert len(loaded) == PERSON + BALANCE
    assert {e.call_id for e in connected} == loaded
    assert len(journal.of(events.CallAbandoned)) == IMPATIENT
    assert {e.agent_id for e in journal.of(events.AgentMissed)} == {SLEEPER}
    assert {e.agent_id for e in connected} == {f"100{n}" for n in range(1, 7)}
    assert not journal.of(events.MenuLost)
    done = Counter((s.service, s.outcome) for s in journal.of(events.SelfServiceDone))
    known = sum(not load.is_stranger(number) for number, _, _ in people[PERSON:])
    assert done == {("balance", "ok"): known}

    with dirs.call_records.open(encoding="utf-8") as file:
        records = books.read_call_records(file)
    queue_log = books.read_queue_log(dirs.queue_log.read_text(encoding="utf-8"))
    placed = books.read_sipp(statistics[:2])
    assert placed.created == PERSON + BALANCE
    told = books.read_journal(path)
    assert books.disagreements(told, queue_log, records, placed, load.TRUNK) == []

    kept = SqliteJournal.open(path)
    try:
        assert await kept.verify() == len(journal.events)
    finally:
        await kept.close()

    called = {(e.call_id, e.agent_id): e.at for e in journal.of(events.AgentRinging)}
    pops = [e for e in journal.of(events.PopPresented) if (e.call_id, e.agent_id) in called]
    assert {e.call_id for e in pops} == loaded
    assert all(e.sessions == 1 for e in pops)
    took = latency([(e.at - called[e.call_id, e.agent_id]) * 1000 for e in pops])
    with capsys.disabled():
        print(f"\npop latency: p50 {took.p50} ms, p99 {took.p99} ms of {took.n} pops")  # noqa: T201 - asked for


async def impatient(site: Site) -> str:
    """While the queue is long some callers give up; then the sleeping phone wakes."""
    assert site.carrier is not None
    await asyncio.sleep(6)
    for _ in range(IMPATIENT):
        site.carrier.call("95500", caller="+8613900000000", steps=("w1", "d0"))
    journal = JournalReader(db.sqlite_path(site.settings.database_url))

    def here(event: events.CallArrived) -> bool:
        return event.trunk == "carrier" and event.call_id not in queued

    queued: set[str] = set()
    while len(queued) < IMPATIENT:
        call_id = (await journal.wait(events.CallArrived, 60, where=here)).call_id
        await journal.wait(events.CallQueued, 60, call_id=call_id)
        queued.add(call_id)
    await asyncio.to_thread(site.carrier.hang_up_customers)
    await journal.wait(events.AgentMissed, 60)
    site.carrier.set_phone(SLEEPER, load.ANSWER_AFTER)
    return ""
