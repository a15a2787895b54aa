"""Flows are edited on a running stack with a call in the menu: real Asterisk, SIP and keys."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from cti.core import events
from hotline import db
from hotline.asterisk.locate import Install
from hotline.demo.site import PortPlan, Site
from hotline.journal_reader import JournalReader

pytestmark = pytest.mark.asyncio(loop_scope="module")

FLOW = """\
start: ask
nodes:
  ask:
    kind: menu
    prompts: [main_menu]
    no_input: [no_input]
    invalid: [invalid_choice]
    wait: 30
    choices: {"1": first}
    failed: first
  first: {kind: hangup, prompts: [goodbye]}
"""
EDITED = FLOW.replace("first", "second")
BROKEN = EDITED.replace("[goodbye]", "[godbye]")


@pytest.fixture(scope="module")
def flow(state_dir: Path) -> Path:
    """The file that is edited."""
    file = state_dir / "flows" / "main.yaml"
    file.parent.mkdir()
    file.write_text(FLOW, encoding="utf-8")
    return file


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def running(state_dir: Path, install: Install, flow: Path) -> AsyncIterator[Site]:
    """An installation whose menu is ``flow``."""
    del install
    made = Site(state_dir, PortPlan.choose(47000), more={"ivr": f'flows = "{flow.parent}"'})
    await made.prepare(100, lambda _: None)
    try:
        await made.start()
        await made.ready()
        await made.start_carrier(with_phones=False)
        yield made
    finally:
        await made.stop()


def edit(file: Path, text: str) -> None:
    """Replace the file as editors do."""
    written = file.with_suffix(".new")
    written.write_text(text, encoding="utf-8")
    written.replace(file)


async def logged(site: Site, *words: str) -> str:
    """Wait for a line of the menu's log that has all these words."""
    async with asyncio.timeout(20):
        while True:
            for log in (site.state_dir / "log").glob("*ivr*"):
                for line in log.read_text(encoding="utf-8").splitlines():
                    if all(word in line for word in words):
                        return line
            await asyncio.sleep(0.1)


async def test_a_call_ends_on_the_version_it_began_with(running: Site, flow: Path) -> None:
    assert running.carrier is not None
    journal = JournalReader(db.sqlite_path(running.settings.database_url)).refresh()
    known: set[str] = set()

    async def place(*steps: str) -> str:
        assert running.carrier is not None
        running.carrier.call("95500", steps=steps)
        arrived = await journal.wait(
            events.CallArrived, 20, where=lambda event: event.call_id not in known
        )
        known.add(arrived.call_id)
        return arrived.call_id

    async def path(call_id: str) -> list[str]:
        await journal.wait(events.CallEnded, 60, call_id=call_id)
        return [event.node for event in journal.of(events.MenuEntered, call_id)]

    during = await place("w15", "d1", "w20")
    await journal.wait(events.MenuEntered, 10, call_id=during)
    edit(flow, EDITED)
    await logged(running, "flow_loaded", "main")
    seen = [event.node for event in journal.refresh().of(events.MenuEntered, during)]
    assert seen == ["ask"], "the edit was in force while the caller stood in the menu"
    after = await place("w2", "d1", "w20")
    assert await path(during) == ["ask", "first"]
    assert await path(after) == ["ask", "second"]

    edit(flow, BROKEN)
    line = await logged(running, "flow_refused", "godbye")
    assert f"{flow}:11: node 'second'" in line
    refused = await place("w2", "d1", "w20")
    assert await path(refused) == ["ask", "second"]
