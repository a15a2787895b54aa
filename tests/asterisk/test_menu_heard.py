"""Journeys through the shipped menu as callers hear them: SIP calls, RTP, digits, every packet.

The menu runs in this process over a bank in memory, so that the hour, a slow core and a lost call
can be chosen by the number that is dialled; the calls come over the trunk, all at the same time.
What each caller heard is named by :mod:`tests.hearing`, which compares every stretch with all
prompts of both languages.
"""

import asyncio
import os
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio
import structlog

import dialplans
from agent_console import messages
from crm_lookup.model import CustomerId, Recognition
from cti.core import events
from hotline import db
from hotline.asterisk.secrets import load_secrets
from hotline.console_client import ConsoleClient
from hotline.demo.people import AGENTS
from hotline.demo.site import HOST, PortPlan, Site
from hotline.journal_reader import JournalReader
from hotline.selftest.desk import Desk
from ivr import lengths
from ivr.config import IvrConfig, IvrLimits
from ivr.flow import Flow, load
from ivr.flow.calendar import Moment
from ivr.flow.kinds.branch import BranchNode
from ivr.flow.kinds.set import SetNode
from ivr.flow.kinds.sub_flow import LinkedNode
from ivr.ports import Answer, Bank, Facts, MenuPlace
from ivr.prompt_ids import LANGUAGES
from ivr.server import IvrServer
from ivr.testing import MemoryBank, MemoryPlaces, demo_bank, services, shipped_router
from ivr.testing_bank import demo_desk
from tests.asterisk.caller import Caller, Line
from tests.asterisk.hang_ups import WORLDS, Station, Worlds, stations
from tests.asterisk.journeys import CATALOGUE, CUSTOMER, JOURNEYS, fits, travel
from tests.hearing import Array, Ear, Heard, prompt_sounds, samples

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

FOLDER = Path(dialplans.__path__[0])
LENGTHS = lengths.read(FOLDER / "sounds")
NOON = Moment(datetime(2026, 3, 2, 14, tzinfo=UTC), "workday", is_open=True)
MOMENTS = {
    "night": Moment(datetime(2026, 3, 2, 21, tzinfo=UTC), "workday", is_open=False),
    "holiday": Moment(datetime(2026, 10, 1, 10, tzinfo=UTC), "holiday", is_open=False),
    **{world.name: world.moment for world in WORLDS},
}
"""The time for callers whose number names such a flow; all of them get the shipped menu."""
SERVED: ContextVar[str] = ContextVar("SERVED", default="main")
"""The flow that the dialled number names."""
NUMBERS = """
[[queues]]
name = "service"
members = ["1003"]

[[queues]]
name = "vip"
members = ["1003"]

[[queues]]
name = "patience"
members = ["1003"]
position_seconds = 15

[[queues]]
name = "scored"
members = ["1001"]

[[numbers]]
dnis = "95599"
queue = "scored"
survey = "survey"

[[numbers]]
dnis = "95602"
queue = "patience"
flow = "main"
""" + "".join(
    f'\n[[numbers]]\ndnis = "{dnis}"\nflow = "{flow}"\n'
    for dnis, flow in (
        ("95610", "night"),
        ("95611", "holiday"),
        ("95612", "slow"),
        ("95613", "lost"),
        *((world.dialled, world.name) for world in WORLDS),
    )
)


class OneMenu:
    """The shipped flows under whatever name; who is served by which is noted for the call."""

    def __init__(self) -> None:
        self._flows = load(FOLDER / "flows", CATALOGUE)
        self.asked_for_score = asyncio.Event()

    def get(self, name: str) -> Flow:
        SERVED.set(name)
        if name == "survey":
            self.asked_for_score.set()
        return self._flows.get("survey" if name in ("survey", "scores") else "main")


class MoodyBank:
    """A bank that is slow and fails for those who dialled its number."""

    def __init__(self, bank: Bank) -> None:
        self._bank = bank

    async def ask(self, service: str, facts: Facts) -> Answer:
        if SERVED.get() == "slow":
            await asyncio.sleep(2.5 if service == "transfer_limits" else 60)
        return await self._bank.ask(service, facts)


class Numbers:
    """Notes under which key each number's call is known."""

    def __init__(self, bank: MemoryBank) -> None:
        self.calls: dict[str, str] = {}
        self._bank = bank

    async def recognise(self, raw_number: str) -> Recognition:
        self.calls[raw_number] = structlog.contextvars.get_contextvars()["call_id"]
        return await self._bank.recognise(raw_number)

    async def segment(self, customer_id: CustomerId) -> str:
        return await self._bank.segment(customer_id)


class PlacesOfOne(MemoryPlaces):
    """Knows only calls to one number: one customer plays everybody here."""

    async def find(self, customer_id: CustomerId, *, since: float) -> MenuPlace | None:
        found = await super().find(customer_id, since=since)
        return found if SERVED.get() == "lost" else None

    async def keep(self, customer_id: CustomerId, place: MenuPlace, *, now: float) -> None:
        if SERVED.get() == "lost":
            await super().keep(customer_id, place, now=now)

    async def forget(self, customer_id: CustomerId) -> None:
        if SERVED.get() == "lost":
            await super().forget(customer_id)


class Lab(msgspec.Struct, frozen=True, kw_only=True):
    """What the calls left behind."""

    site: Site
    journal: JournalReader
    server: IvrServer
    numbers: Numbers
    worlds: Worlds
    files: int
    """Open files of this process before the calls."""
    tasks: int
    """Its tasks before the calls."""
    places: list[Station]
    """Where callers hung up while others made their journeys."""
    hung_up: asyncio.Task[set[str]]
    """Gives the nodes that they had reached."""
    heard: dict[str, list[Heard]] = msgspec.field(default_factory=dict)
    sounds: dict[str, Array] = msgspec.field(default_factory=dict)


def an_ear(swapped: dict[str, str]) -> Ear:
    """Return an ear for all prompts; ``swapped`` names files that stand in for others."""
    sounds, texts, recorded = {}, {}, prompt_sounds()
    for language in LANGUAGES:
        for prompt in CATALOGUE.prompts(language):
            name = f"{language}/{prompt.id}"
            texts[name] = f"{prompt.voice} {prompt.text}"
            sounds[name] = recorded[swapped.get(name, name)]
    return Ear(sounds, texts)


async def hang_up_everywhere(
    site: Site,
    journal: JournalReader,
    numbers: Numbers,
    worlds: Worlds,
    places: Sequence[Station],
    first: int,
) -> set[str]:
    """Hang up at every station; return the nodes where callers were when they did.

    ``first`` numbers the callers.
    """
    gate = asyncio.Semaphore(45)
    slowest = sorted(places, key=lambda one: -one.seconds - len(one.keys))
    own = [f"+86137000{first + at:05}" for at in range(len(slowest))]
    for number, station in zip(own, slowest, strict=True):
        worlds.pending[number] = station.service

    async def leave(number: str, station: Station, line: Line) -> Caller:
        async with gate:
            return await line.call(station.world.dialled, number, station.steps())

    async with Line(HOST, site.plan.sip) as line:
        callers = await asyncio.gather(*map(leave, own, slowest, [line] * len(slowest)))
    reached = set()
    for caller, station in zip(callers, slowest, strict=True):
        assert (caller.status, caller.ended_by) == (200, "caller"), station
        call_id = numbers.calls[caller.number]
        await journal.wait(events.CallEnded, 20, call_id=call_id)
        ends = [one for one in journal.of(events.CallEnded) if one.call_id == call_id]
        assert [one.ended_by for one in ends] == ["caller"]
        entered = [one for one in journal.of(events.MenuEntered) if one.call_id == call_id]
        reached.add(f"{entered[-1].flow}/{entered[-1].node}")
    queued = {one.call_id for one in journal.of(events.CallQueued)}
    assert queued.isdisjoint(numbers.calls[number] for number in own)
    return reached


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(state_dir: Path, install: object) -> AsyncIterator[Lab]:
    """Place every call and listen to what was heard."""
    site = Site(state_dir, PortPlan.choose(45200), extra=NUMBERS)
    await site.prepare(20, lambda _: None)
    bank = demo_bank()
    bank.numbers[CUSTOMER.removeprefix("+")] = bank.numbers[CUSTOMER]
    numbers, menu = Numbers(bank), OneMenu()
    worlds = Worlds(
        msgspec.structs.replace(
            services(bank),
            callers=numbers,
            reader=CATALOGUE,
            bank=MoodyBank(demo_desk(bank)),
            places=PlacesOfOne(),
        ),
        CATALOGUE,
        SERVED.get,
    )
    server = IvrServer(
        IvrConfig(
            host=HOST,
            port=site.plan.ivr,
            secret=load_secrets(site.settings).ivr,
            allow=(ip_network("127.0.0.0/8"),),
            flows=menu,
            route=shipped_router(),
            clock=lambda: MOMENTS.get(SERVED.get(), NOON),
            lengths=LENGTHS,
            limits=IvrLimits(pin_answer=0.2, accounts=4.0),
        ),
        worlds.services(),
    )
    journal = JournalReader(db.sqlite_path(site.settings.database_url))
    desk = Desk(ConsoleClient(HOST, site.plan.console))
    try:
        await server.start()
        await site.start(("console",))
        await site.ready()
        await site.start_carrier(answer_after=0.5, talk=2)
        await desk.open(AGENTS[0].login, AGENTS[0].password)
        await desk.client.send("set_state", state="available")
        await desk.wait(messages.AgentStateChanged, 8, lambda m: m.status.state == "available")
        journal.refresh()
        places = await stations(OneMenu(), CATALOGUE, LENGTHS)
        files, tasks = len(os.listdir("/proc/self/fd")), len(asyncio.all_tasks())
        leave = hang_up_everywhere(site, journal, numbers, worlds, places, 0)
        lab = Lab(
            site=site,
            journal=journal,
            server=server,
            numbers=numbers,
            worlds=worlds,
            files=files,
            tasks=tasks,
            places=places,
            hung_up=asyncio.create_task(leave),
        )
        async with Line(HOST, site.plan.sip) as line:
            line.told = menu.asked_for_score
            callers = await asyncio.gather(*(travel(line, one) for one in JOURNEYS.values()))
        await asyncio.wait([lab.hung_up])
        lab.sounds.update(zip(JOURNEYS, (one.sound() for one in callers), strict=True))
        ear = await asyncio.to_thread(an_ear, {})
        listening = (asyncio.to_thread(ear.listen, sound) for sound in lab.sounds.values())
        lab.heard.update(zip(lab.sounds, await asyncio.gather(*listening), strict=True))
        yield lab
    finally:
        await desk.close()
        await server.stop(0)
        await site.stop()


@pytest.mark.parametrize("name", JOURNEYS)
async def test_the_caller_hears_every_prompt_of_the_journey(lab: Lab, name: str) -> None:
    journey, heard = JOURNEYS[name], lab.heard[name]
    for one in heard:
        print(one)  # noqa: T201 - the margins, for whoever runs this
    prompts = [one.prompt for one in heard if one.prompt or not journey.more]
    assert fits(prompts, journey.heard), "\n".join(map(str, heard))
    named = [one for one in heard if one.prompt in journey.heard]
    assert min(one.margin for one in named) > 0.0


async def test_two_swapped_recordings_would_be_heard(lab: Lab) -> None:
    name = "a lost card, in Mandarin"
    pairs = {"zh/enter_pin": "zh/lost_menu", "zh/lost_menu": "zh/enter_pin"}
    ear = await asyncio.to_thread(an_ear, pairs)
    beginning = lab.sounds[name][: 25 * 8000]
    heard = await asyncio.to_thread(ear.listen, beginning)
    right = [one.prompt for one in lab.heard[name] if one.at < 18]
    assert "zh/enter_pin" in right
    assert [one.prompt for one in heard if one.at < 18] == [pairs.get(one, one) for one in right]


async def test_the_score_and_the_message_are_kept_with_their_calls(lab: Lab) -> None:
    talked = await lab.journal.wait(events.CallConnected, 5)
    answered = await lab.journal.wait(events.SurveyAnswered, 5, call_id=talked.call_id)
    assert answered.score == 5
    assert talked.at < answered.at
    await lab.journal.wait(events.VoicemailLeft, 5)
    left = {one.call_id: one for one in lab.journal.refresh().of(events.VoicemailLeft)}
    folder = lab.site.exchange.dirs.spool / "voicemail"
    assert {file.stem for file in folder.iterdir()} == set(left)
    assert len(left) == len(LANGUAGES)
    for call_id, message in left.items():
        assert len(samples(folder / f"{call_id}.wav")) > 8000
        assert 1 <= message.seconds <= 12


async def test_every_call_left_the_menu_and_ended(lab: Lab) -> None:
    assert lab.server.calls == 0
    for arrived in lab.journal.refresh().of(events.CallArrived):
        await lab.journal.wait(events.CallEnded, 10, call_id=arrived.call_id)


async def test_hanging_up_in_any_node_leaves_nothing_behind(lab: Lab) -> None:
    nodes = {one.node for one in lab.places}
    momentary = (LinkedNode, BranchNode, SetNode)
    lasting = {
        f"{flow}/{name}"
        for flow in ("main", "survey")
        for name, node in OneMenu().get(flow).nodes.items()
        if not isinstance(node, momentary)
    }
    assert nodes == lasting, "every node in which time passes"

    reached = await lab.hung_up
    late = [one for one in lab.places if one.node not in reached]  # on a busy machine
    print(len(lab.places), "callers hung up in", len(reached & nodes), "nodes")  # noqa: T201
    assert len(late) <= len(lab.places) // 5, late
    if late:
        reached |= await hang_up_everywhere(
            lab.site, lab.journal, lab.numbers, lab.worlds, late, len(lab.places)
        )
    assert nodes <= reached, nodes - reached
    async with asyncio.timeout(10):  # orders are finished behind a caller who has gone
        while len(asyncio.all_tasks()) > lab.tasks or len(os.listdir("/proc/self/fd")) > lab.files:  # noqa: ASYNC110
            await asyncio.sleep(0.1)
    assert lab.server.calls == 0
    shown = await asyncio.to_thread(lab.site.exchange.process.command, "core show channels count")
    assert shown.startswith("0 active channels")
