"""The telephone PIN on real calls: how often it may be tried, and that it stays nowhere.

The same stack as any bank's: Asterisk, menu, engine and console, calls over a trunk.
"""

import asyncio
import itertools
import os
import signal
import sqlite3
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path

import pytest
import pytest_asyncio

from bench.enumeration_calls.spies import Target, send
from crm_lookup.keys import DataKey
from crm_lookup.pins import PinHasher
from cti.core import events
from hotline import db
from hotline.asterisk.secrets import load_secrets
from hotline.demo.site import HOST, PortPlan, Site
from hotline.demo_bank import DEMO_CUSTOMERS, DEMO_PIN, UNKNOWN_NUMBER
from hotline.journal_reader import JournalReader
from tests.asterisk import leaks, load
from tests.asterisk.wire import Call, Trunk, press

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(200)]

WANG, LI, SMITH = DEMO_CUSTOMERS
CANARY, NEW, WRONG = "902837", "748206", "718293"
"""The right PIN of one customer, the one that they change to, and one that is wrong."""
NO_CARD = "6222020000099999"
SETTINGS = f'\n[[trunks]]\nname = "{load.TRUNK}"\nhost = "{load.SIPP_ADDRESS}"\n'


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bank(state_dir: Path) -> AsyncIterator[tuple[Site, Trunk]]:
    """A running hotline; the first customer's PIN is the canary, the third one's is locked."""
    site = Site(state_dir, PortPlan.choose(45400), extra=SETTINGS)
    trunk = Trunk(load.SIPP_ADDRESS, (HOST, site.plan.sip))
    try:
        await site.prepare(100, lambda _: None)
        key = DataKey(bytes.fromhex(load_secrets(site.settings).lookup))
        with closing(sqlite3.connect(db.sqlite_path(site.settings.database_url))) as connection:
            connection.execute(
                "UPDATE pins SET pin_hash = ? WHERE customer_id = ?",
                (PinHasher(key).hash(CANARY), WANG.customer_id),
            )
            connection.execute(
                "UPDATE pins SET failures = 5, locked_until = ? WHERE customer_id = ?",
                (time.time() + 3600, SMITH.customer_id),
            )
            connection.commit()
        await site.start()
        await site.ready()
        await trunk.open()
        yield site, trunk
    finally:
        trunk.close()
        await site.stop()


async def identify(trunk: Trunk, number: str, card: str, pins: Sequence[str]) -> Call:
    """Phone in for a balance and key the PINs, one after the other; the answers are to come."""
    call = await trunk.call("95500", number)
    steps = [("welcome", "1"), ("main_menu", "1"), ("enter_card_number", f"{card}#")]
    steps += [("enter_pin", pins[0]), *[("details_do_not_match", pin) for pin in pins[1:]]]
    await press(call, [(f"zh/{prompt}", keys) for prompt, keys in steps], 0.0)
    return call


async def refused(trunk: Trunk, number: str, card: str, pins: Sequence[str]) -> list[str]:
    """Key PINs that all fail; return what was heard from the first PIN to the queue."""
    call = await identify(trunk, number, card, pins)
    begun = await call.prompt("zh/transfer_to_agent", 0.0)
    async with asyncio.timeout(30):
        while len(call.heard(begun)) < 2:  # noqa: ASYNC110  # the queue; nothing tells
            await asyncio.sleep(0.1)
    named = (name for name in call.heard() if name != "zh/please_wait")
    heard = [name for name, _ in itertools.groupby(named)]
    await call.hang_up()
    return heard[heard.index("zh/enter_pin") : heard.index("zh/transfer_to_agent") + 1]


async def test_a_pin_that_was_keyed_is_found_nowhere(bank: tuple[Site, Trunk]) -> None:
    site, trunk = bank
    journal = JournalReader(db.sqlite_path(site.settings.database_url))
    async with leaks.manager_events(site) as told:
        call = await trunk.call("95500", WANG.number)
        steps = [("welcome", "1"), ("main_menu", "6"), ("services_menu", "1")]
        steps += [("enter_card_number", "#"), ("enter_pin", WRONG)]
        steps += [("details_do_not_match", CANARY), ("enter_new_pin", NEW)]
        steps += [("repeat_new_pin", NEW)]
        await press(call, [(f"zh/{prompt}", keys) for prompt, keys in steps], 0.0)
        await call.prompt("zh/pin_changed", 0.0)
        shown = await asyncio.to_thread(leaks.variables, site)
        await call.hang_up()
        await journal.wait(events.CallEnded, 10)
    assert [one.outcome for one in journal.of(events.VerificationFailed)] == ["wrong"]
    assert journal.of(events.CallerVerified)[0].customer_id == WANG.customer_id
    keyed = (CANARY, NEW, WRONG)
    assert "HOTLINE_VERIFIED=pin" in shown
    assert not [pin for pin in keyed if pin in shown]
    assert b"HotlineVerified" in told
    assert b"DTMF" not in told
    assert not [pin for pin in keyed if pin.encode() in told]
    assert leaks.in_files(site.state_dir, keyed) == []


async def test_no_process_keeps_it_in_memory_or_dumps_core(bank: tuple[Site, Trunk]) -> None:
    """Runs after the call above."""
    site, _ = bank
    pids = {name: site.pids()[name] for name in ("asterisk", "ivr", "console")}
    for name in ("asterisk", "ivr"):
        pid = pids[name]
        assert pid is not None
        assert leaks.dumps(pid) == ("0", "00000000"), name
    if os.geteuid() == 0:  # for anybody else, the menu's memory cannot be read at all
        assert leaks.in_memory(pids, (CANARY, NEW, WRONG)) == []
        known = load_secrets(site.settings).ivr
        assert leaks.in_memory({"ivr": pids["ivr"]}, (known,)), "the search finds nothing at all"


async def test_spies_hear_the_same_whoever_they_claim_to_be(bank: tuple[Site, Trunk]) -> None:
    """The short form of ``python -m bench.enumeration``, which also compares the times."""
    targets = [
        Target("card", "+8613700137003", SMITH.card),
        Target("no card", "+8613700137004", NO_CARD),
        Target("known number", WANG.number),
        Target("unknown number", UNKNOWN_NUMBER),
        Target("card tail", WANG.number, WANG.card[-4:]),
        Target("wrong tail", WANG.number, NO_CARD[-4:]),
    ]
    heard, failed = await send(bank[1], targets, rate=10)
    assert failed == []
    assert {one.group for one in heard} == {one.group for one in targets}
    answers = {one.sound.removeprefix("zh/please_wait>") for one in heard}
    assert answers == {"zh/details_do_not_match"}
    assert all(len(one.times) == len(heard[0].times) > 5 for one in heard)


async def test_tries_are_counted_over_calls_callers_and_restarts(
    bank: tuple[Site, Trunk],
) -> None:
    site, trunk = bank
    journal = JournalReader(db.sqlite_path(site.settings.database_url)).refresh()
    before = len(journal.of(events.VerificationFailed))
    wrong = ("111112", "222223", "333334")
    heard = await asyncio.gather(
        refused(trunk, LI.number, "", wrong),  # recognised by the number
        refused(trunk, UNKNOWN_NUMBER, NO_CARD, wrong),
        refused(trunk, "+8613700137002", SMITH.card, (DEMO_PIN,) * 3),  # right, but locked
    )
    assert heard[0] == heard[1] == heard[2]
    assert heard[0][-2:] == ["zh/too_many_tries", "zh/transfer_to_agent"]
    assert len(journal.refresh().of(events.VerificationFailed)) - before == 9

    menu = site.pids()["ivr"]
    assert menu is not None
    os.kill(menu, signal.SIGKILL)
    while site.pids()["ivr"] in (None, menu):  # noqa: ASYNC110  # nothing tells
        await asyncio.sleep(0.05)
    await site.listening("ivr", site.plan.ivr)

    # Two more wrong ones lock the account; then the right PIN sounds as wrong as the others.
    again = await refused(trunk, UNKNOWN_NUMBER, LI.card, (*wrong[:2], DEMO_PIN))
    assert again == heard[0]
    told = [one.outcome for one in journal.refresh().of(events.VerificationFailed)[-3:]]
    assert told == ["wrong", "locked", "locked"]
    assert len(journal.of(events.CallQueued)) == 4  # everyone was given a person
