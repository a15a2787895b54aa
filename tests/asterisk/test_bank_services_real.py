"""Each of the bank's services, asked for on a real call: what the journal and the ledger say.

All callers phone at the same time, each as a customer of their own; what they hear is the part of
``test_menu_heard``.
"""

import asyncio
import re
import sqlite3
from collections.abc import AsyncIterator, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any

import msgspec
import pytest
import pytest_asyncio

from crm_lookup.keys import DataKey
from cti.core import events
from hotline import db
from hotline.asterisk.render import DIALPLANS
from hotline.asterisk.secrets import load_secrets
from hotline.demo.site import HOST, PortPlan, Site
from hotline.journal_reader import JournalReader
from tests.asterisk import load
from tests.asterisk.bank_calls import ASKED, CARD, IDENTIFY, NEW_PIN, menu
from tests.asterisk.wire import Call, CallFailedError, Trunk, again, press

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(200)]

OUTSIDE = """
start: over
nodes:
  over: {kind: transfer, to: branch}
"""
SETTINGS = f"""
[[trunks]]
name = "{load.TRUNK}"
host = "{load.SIPP_ADDRESS}"

[[numbers]]
dnis = "95599"
flow = "outside"

[[transfers]]
name = "branch"
number = "+862150000000"
trunk = "carrier"
"""


class Done(msgspec.Struct):
    """One call that was made."""

    customer_id: str
    services: list[tuple[str, str]]


def rows(path: Path, sql: str, *values: Any) -> Sequence[Any]:
    with closing(sqlite3.connect(path)) as connection:
        found = connection.execute(sql, values).fetchall()
        connection.commit()
    return found


def customers(path: Path) -> dict[str, tuple[str, str]]:
    """A customer and their number for each question; nobody has two."""
    single = dict(
        rows(
            path,
            "SELECT customer_id, min(number) FROM customer_numbers WHERE number IN (SELECT number "
            "FROM customer_numbers GROUP BY number HAVING count(*) = 1) AND customer_id > "
            "'C10000010' AND customer_id IN (SELECT customer_id FROM customers WHERE kind = "
            "'person') GROUP BY customer_id",
        )
    )
    chosen: dict[str, tuple[str, str]] = {}
    for name, ask in sorted(ASKED.items(), key=lambda one: not one[1].owns):
        owners = [row[0] for row in rows(path, ask.owns)] if ask.owns else sorted(single)
        taken = {customer for customer, _ in chosen.values()}
        customer = next(one for one in owners if one in single and one not in taken)
        chosen[name] = (customer, single[customer])
    return chosen


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def bank(state_dir: Path) -> AsyncIterator[tuple[Site, Trunk]]:
    flows = state_dir / "flows"
    flows.mkdir()
    for file in (DIALPLANS / "flows").glob("*.yaml"):
        (flows / file.name).write_bytes(file.read_bytes())
    (flows / "outside.yaml").write_text(OUTSIDE, encoding="utf-8")
    site = Site(
        state_dir,
        PortPlan.choose(45300),
        extra=SETTINGS,
        more={"ivr": f'flows = "{flows}"'},
    )
    trunk = Trunk(load.SIPP_ADDRESS, (HOST, site.plan.sip))
    try:
        await site.prepare(400, lambda _: None)
        await site.start()
        await site.ready()
        await trunk.open()
        yield site, trunk
    finally:
        trunk.close()
        await site.stop()


async def keyed(call: Call, steps: Sequence[tuple[str, str]], since: float = 0.0) -> float:
    """Press keys at prompts in Mandarin; return when the last were let go."""
    return await press(call, [(f"zh/{prompt}", keys) for prompt, keys in steps], since)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def done(bank: tuple[Site, Trunk]) -> dict[str, Done]:
    """Make all the calls; what the journal says of each."""
    site, trunk = bank
    path = db.sqlite_path(site.settings.database_url)
    chosen = customers(path)
    data_key = DataKey(bytes.fromhex(load_secrets(site.settings).lookup))
    owner = chosen["block by number"][0]
    rows(
        path,
        "UPDATE cards SET number_hash = ?, status = 'active' WHERE card_id = "
        "(SELECT min(card_id) FROM cards WHERE customer_id = ?)",
        data_key.card_hash(CARD),
        owner,
    )
    branch = rows(path, "SELECT min(branch_code) FROM branches")[0][0]

    async def make(name: str) -> Done:
        ask, (customer, number) = ASKED[name], chosen[name]
        steps = [(prompt, keys.format(branch=branch)) for prompt, keys in ask.steps]
        call = await trunk.call("95500", number)
        try:
            since = await keyed(call, steps)
        except CallFailedError as error:
            await call.hang_up()
            return Done(customer, [(str(error), "failed")])
        journal = JournalReader(path)
        told = await journal.wait(
            events.CallerRecognised, 10, where=lambda event: event.customer_id == customer
        )
        call_id = told.call_id

        def enough() -> bool:
            there = journal.refresh().of(events.SelfServiceDone, call_id)
            return len(there) >= len(ask.services)

        await again(call, steps[-1][1], since, enough)  # the test of this service tells
        await call.hang_up()
        await journal.wait(events.CallEnded, 10, call_id=call_id)
        found = journal.of(events.SelfServiceDone, call_id)
        return Done(customer, [(one.service, one.outcome) for one in found])

    made: dict[str, Done] = {}
    for half in (0, 1):  # PINs are checked two at a time; nobody should wait for long
        names = [name for number, name in enumerate(ASKED) if number % 2 == half]
        made |= zip(names, await asyncio.gather(*map(make, names)), strict=True)
    return made


@pytest.mark.parametrize("name", ASKED)
async def test_the_service_is_done_and_the_journal_says_so(
    done: dict[str, Done], name: str
) -> None:
    assert done[name].services == [(one, "ok") for one in ASKED[name].services]


async def test_orders_stand_in_the_ledger_and_in_the_audit(
    bank: tuple[Site, Trunk], done: dict[str, Done]
) -> None:
    path = db.sqlite_path(bank[0].settings.database_url)
    status = "SELECT status FROM cards WHERE customer_id = ? AND status = ?"
    for name, wanted in (
        ("block a card", "lost"),
        ("activate a card", "active"),
        ("block by number", "blocked"),
    ):
        assert rows(path, status, done[name].customer_id, wanted), name
    cases = rows(path, "SELECT kind, customer_id FROM bank_cases")
    assert len(cases) == 5, cases
    audited = rows(path, "SELECT action, outcome FROM bank_audit ORDER BY audit_id")
    begun = sorted(action for action, outcome in audited if outcome == "begun")
    assert begun == sorted(action for action, outcome in audited if outcome == "done")
    assert len(begun) == 6, audited  # five cases, and the PIN


async def test_the_new_pin_is_right_and_the_old_one_is_not(
    bank: tuple[Site, Trunk], done: dict[str, Done]
) -> None:
    site, trunk = bank
    path = db.sqlite_path(site.settings.database_url)
    customer = done["change the PIN"].customer_id
    number = customers(path)["change the PIN"][1]
    call = await trunk.call("95500", number)
    await keyed(call, menu(("main_menu", "1"), *IDENTIFY))
    journal = JournalReader(path)
    failed = await journal.wait(events.VerificationFailed, 30)
    await keyed(call, (("details_do_not_match", NEW_PIN),))
    proved = await journal.wait(events.CallerVerified, 15, call_id=failed.call_id)
    await call.hang_up()
    assert failed.outcome == "wrong"
    assert proved.customer_id == customer


async def test_a_call_is_put_through_to_the_number_of_the_settings(
    bank: tuple[Site, Trunk],
) -> None:
    site, trunk = bank
    await site.start_carrier(with_phones=False)
    for _ in range(200):  # Asterisk had found nobody there until now
        shown = await asyncio.to_thread(site.exchange.process.command, "pjsip show contacts")
        if re.search("trunk-carrier.* Avail", shown):
            break
        await asyncio.to_thread(site.exchange.process.command, "pjsip qualify trunk-carrier")
        await asyncio.sleep(0.05)
    call = await trunk.call("95599", "+8613700137001")
    for _ in range(200):
        shown = await asyncio.to_thread(
            site.exchange.process.command, "core show channels concise"
        )
        if "!+862150000000@" in shown or "Dial!PJSIP/+862150000000@trunk-carrier" in shown:
            break
        await asyncio.sleep(0.05)
    else:
        pytest.fail(f"nobody was dialled: {shown}")
    await call.hang_up()
