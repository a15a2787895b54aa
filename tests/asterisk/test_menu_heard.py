"""Journeys through the shipped menu as callers hear them: SIP calls, RTP, digits, every packet.

The menu runs in this process over a bank in memory, so that the hour, a slow core and a lost call
can be chosen by the number that is dialled; the calls come over the trunk, all at the same time.
What each caller heard is named by :mod:`tests.hearing`, which compares every stretch with all
prompts of both languages.
"""

import asyncio
import os
import re
from collections.abc import AsyncIterator, Sequence
from contextvars import ContextVar
from datetime import UTC, date, datetime
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
from ivr.ports import Answer, Bank, Facts, MenuPlace
from ivr.prompt_ids import LANGUAGES, Language
from ivr.prompts import PromptCatalogue
from ivr.server import IvrServer
from ivr.testing import MemoryBank, MemoryPlaces, demo_bank, services, shipped_router
from ivr.testing_bank import demo_desk
from ivr.values import Money
from tests.asterisk.caller import Caller, Line
from tests.asterisk.hang_ups import Station, stations
from tests.hearing import Array, Ear, Heard, prompt_sounds, samples

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

FOLDER = Path(dialplans.__path__[0])
CATALOGUE = PromptCatalogue.load()
CUSTOMER = "+8613800138000"
STRANGER = "+8613900139000"
NOON = Moment(datetime(2026, 3, 2, 14, tzinfo=UTC), "workday", is_open=True)
MOMENTS = {
    "night": Moment(datetime(2026, 3, 2, 21, tzinfo=UTC), "workday", is_open=False),
    "holiday": Moment(datetime(2026, 10, 1, 10, tzinfo=UTC), "holiday", is_open=False),
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
        ("95614", "fresh"),
    )
)


def row(language: Language, name: str, **values: object) -> tuple[str, ...]:
    """Return what is heard of a sentence of the prompt files."""
    pieces = CATALOGUE.sentence(name, language, **values)  # type: ignore[arg-type]
    return tuple(f"{language}/{piece}" for piece in pieces if piece != "pause")


def zh(*ids: str) -> tuple[str, ...]:
    return tuple(f"zh/{one}" for one in ids)


def en(*ids: str) -> tuple[str, ...]:
    return tuple(f"en/{one}" for one in ids)


ANYTHING = "…"
"""Stands for any prompts, or none: the caller keys while a list is read, or an agent speaks."""


def transaction(language: Language, month: int, day: int, way: str, minor: int) -> tuple[str, ...]:
    return row(
        language,
        "transaction_line",
        booked=date(2026, month, day),
        direction=way,
        amount=Money(minor, "CNY"),
    )


def balance(line: str, kind: str, tail: str, minor: int) -> tuple[str, ...]:
    return row("zh", line, kind=kind, tail=tail, balance=Money(minor, "CNY"))


def case(language: Language, line: str, **values: object) -> tuple[str, ...]:
    """Return a sentence up to its case number, which depends on who was first."""
    said = row(language, line, case_number="000000000", **values)
    return said[: -len(row(language, "branch_phone_line", phone="000000000")) + 1]


HEAD = zh("welcome", "language_menu", "press_9_for_english")
DAY = (*HEAD, *zh("greeting_afternoon", "main_menu"))
DAY_ENGLISH = (*HEAD, *en("greeting_afternoon", "main_menu"))
ZH, EN = ("h6.4", "d1", "h2.6"), ("h6.4", "d9", "h2.6")
"""Chooses the language and hears the beginning of the main menu."""
PROVED = ("h3", "d#", "h3", "d135790")
QUICK = ("h0.5", "d#", "h0.5", "d135790")


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller keys, and all that they then hear."""

    steps: tuple[str, ...]
    heard: tuple[str, ...]
    dialled: str = "95500"
    caller: str = CUSTOMER
    before: tuple[str, ...] = ()
    """Steps of a call before."""
    more: bool = False
    """Something that is no prompt is heard too: music, a tone, an agent."""


JOURNEYS = {
    "a lost card": Journey(
        steps=(*ZH, "d7", "h3", "d1", *PROVED, "h10", "d1", "h3", "d1", "h9"),
        heard=(
            *DAY,
            *zh("lost_menu", "enter_card_number", "enter_pin", "greeting_gold", "which_card"),
            *row("zh", "choose_card", tail="0018", card_kind="debit", key=1),
            ANYTHING,
            *zh("confirm_block"),
            *case("zh", "card_blocked_line", tail="0018"),
            ANYTHING,
        ),
    ),
    "an emergency block without a PIN, in English": Journey(
        steps=(*EN, "d7", "h4", "d2", "h3", "d6222020000099999#", "h4", "d1", "h8"),
        heard=(
            *DAY_ENGLISH,
            *en("lost_menu", "enter_card_to_block", "confirm_block"),
            *case("en", "emergency_block_line"),
            ANYTHING,
        ),
        caller=STRANGER,
    ),
    "wrong three times, with a card that does not exist": Journey(
        steps=(
            *(*ZH, "d1", "h3", "d6222020000099999#", "h3", "d111111"),
            *("h3", "d222222", "h3", "d333333", "h9"),
        ),
        heard=(
            *DAY,
            *zh("enter_card_number", "enter_pin", "details_do_not_match", "details_do_not_match"),
            *zh("too_many_tries", "transfer_to_agent"),
            ANYTHING,
        ),
        caller="",
        more=True,
    ),
    "a wrong key, then none": Journey(
        steps=(*ZH, "d5", "h3", "d8", "h17"),
        heard=(
            *DAY,
            *zh("rates_menu", "invalid_choice", "rates_menu", "rates_menu_2", "no_input"),
            ANYTHING,
        ),
    ),
    "no key at all, in English": Journey(
        steps=(*EN, "d4", "q", "w1", "h17"),
        heard=(
            *DAY_ENGLISH,
            *en("loans_menu", "loans_menu_2", "no_input", "loans_menu", "loans_menu_2"),
            ANYTHING,
        ),
    ),
    "exchange rates in English": Journey(
        steps=(*EN, "d5", "h3", "d1", "h19"),
        heard=(
            *DAY_ENGLISH,
            *en("rates_menu", "exchange_intro"),
            *row(
                "en",
                "exchange_line",
                units=100,
                currency="usd",
                buy=Money(71_632, "CNY"),
                sell=Money(71_930, "CNY"),
            ),
            ANYTHING,
        ),
        caller="",
    ),
    "two pages of transactions, in English": Journey(
        steps=(*EN, "d2", *PROVED, "q", "d1", "h6"),
        heard=(
            *DAY_ENGLISH,
            *en("enter_card_number", "enter_pin", "greeting_gold", "transactions_intro"),
            *transaction("en", 3, 1, "out", 25_800),
            *transaction("en", 2, 28, "in", 1_850_000),
            *transaction("en", 2, 27, "out", 9_900),
            *en("more_transactions"),
            *transaction("en", 2, 25, "out", 120_050),
            ANYTHING,
        ),
    ),
    "the balance": Journey(
        steps=(*ZH, "d1", *PROVED, "h20"),
        heard=(
            *DAY,
            *zh("enter_card_number", "enter_pin", "greeting_gold"),
            *row(
                "zh", "balance_line", kind="current", tail="0018", balance=Money(1_234_567, "CNY")
            ),
            *row("zh", "owed_line", kind="credit_card", tail="9921", balance=Money(980, "CNY")),
            ANYTHING,
        ),
    ),
    "a new card, in English": Journey(
        steps=(*EN, "d3", "h3", "d3", *PROVED, "h8"),
        heard=(
            *DAY_ENGLISH,
            *en("cards_menu", "enter_card_number", "enter_pin", "greeting_gold"),
            *row("en", "card_activated_line", tail="9921"),
            ANYTHING,
        ),
    ),
    "a PIN that is too easy": Journey(
        steps=(*ZH, "d6", "h3", "d1", *PROVED, "h4.5", "d111111", "h3", "d111111", "h6"),
        heard=(
            *DAY,
            *zh("services_menu", "enter_card_number", "enter_pin", "greeting_gold"),
            *zh("enter_new_pin", "repeat_new_pin", "pin_weak", "enter_new_pin"),
            ANYTHING,
        ),
    ),
    "a slow core, in English": Journey(
        steps=(*EN, "d4", "h3", "d3", *PROVED, "h10"),
        heard=(
            *DAY_ENGLISH,
            *en("loans_menu", "enter_card_number", "enter_pin", "greeting_gold", "please_wait"),
            "en/limit_app",
            ANYTHING,
        ),
        dialled="95612",
    ),
    "a core that is down": Journey(
        steps=(*ZH, "d4", "h3", "d1", *PROVED, "h10"),
        heard=(
            *DAY,
            *zh("loans_menu", "enter_card_number", "enter_pin", "greeting_gold", "please_wait"),
            *zh("service_unavailable", "transfer_to_agent"),
            ANYTHING,
        ),
        dialled="95612",
        more=True,
    ),
    "out of hours, in English": Journey(
        steps=(*EN, "d0", "h9", "d9", "h2"),
        heard=(
            *HEAD,
            *en("greeting_evening", "main_menu", "agents_closed", "agents_closed_2"),
            ANYTHING,
            "en/main_menu",
        ),
        dialled="95610",
        caller=STRANGER,
    ),
    "a message on a holiday": Journey(
        steps=(*ZH, "d0", "h6.5", "d2", "q", "s3", "d#", "h4"),
        heard=(
            *HEAD,
            *zh("greeting_morning", "main_menu", "agents_closed", "agents_closed_2"),
            *zh("leave_message", "message_saved"),
        ),
        dialled="95611",
        caller=STRANGER,
        more=True,
    ),
    "the place in the queue": Journey(
        steps=(*ZH, "d0", "h8"),
        heard=(*DAY, *zh("transfer_to_agent", "queue_next"), ANYTHING),
        dialled="95602",
        caller=STRANGER,
        more=True,
    ),
    "going on where the last call broke off": Journey(
        before=(*("h0.5", "d1", "h0.5", "d3", "h0.5", "d1"), *QUICK, "h6"),
        steps=(*ZH, "d1", *PROVED, "h10", "d1", "h12"),
        heard=(
            *DAY,
            *zh("enter_card_number", "enter_pin", "greeting_gold"),
            *zh("resume_intro", "resume_card_bill", "resume_other"),
            ANYTHING,
            *zh("card_tail", "number_9", "number_9", "number_2", "digit_yao", "bill_of"),
            ANYTHING,
        ),
        dialled="95613",
    ),
    "a score after the conversation": Journey(
        # However long the agent took: the score is keyed in the second half of the question.
        steps=(*ZH, "d0", "t", "h9", "d5", "h2", "e"),
        heard=(
            *DAY,
            "zh/transfer_to_agent",
            ANYTHING,
            *zh("survey_question", "survey_question_2", "survey_thanks"),
        ),
        dialled="95599",
        caller=STRANGER,
        more=True,
    ),
}


class OneMenu:
    """The shipped flows under whatever name; who is served by which is noted for the call."""

    def __init__(self) -> None:
        self._flows = load(FOLDER / "flows", CATALOGUE)
        self.asked_for_score = asyncio.Event()

    def get(self, name: str) -> Flow:
        SERVED.set(name)
        if name == "survey":
            self.asked_for_score.set()
        return self._flows.get("survey" if name == "survey" else "main")


class MoodyBank:
    """A bank that is slow and fails for those who dialled its number."""

    def __init__(self, bank: Bank, fresh: Bank) -> None:
        self._bank, self._fresh = bank, fresh

    async def ask(self, service: str, facts: Facts) -> Answer:
        if SERVED.get() == "slow":
            await asyncio.sleep(2.5 if service == "transfer_limits" else 60)
        bank = self._fresh if SERVED.get() == "fresh" else self._bank
        return await bank.ask(service, facts)


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
    heard: dict[str, list[Heard]]
    sounds: dict[str, Array]
    server: IvrServer
    numbers: Numbers


def an_ear(swapped: dict[str, str]) -> Ear:
    """Return an ear for all prompts; ``swapped`` names files that stand in for others."""
    sounds, texts, recorded = {}, {}, prompt_sounds()
    for language in LANGUAGES:
        for prompt in CATALOGUE.prompts(language):
            name = f"{language}/{prompt.id}"
            texts[name] = f"{prompt.voice} {prompt.text}"
            sounds[name] = recorded[swapped.get(name, name)]
    return Ear(sounds, texts)


async def travel(line: Line, journey: Journey) -> Caller:
    if journey.before:
        await line.call(journey.dialled, journey.caller, journey.before)
    return await line.call(journey.dialled, journey.caller, journey.steps)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(state_dir: Path, install: object) -> AsyncIterator[Lab]:
    """Place every call and listen to what was heard."""
    site = Site(state_dir, PortPlan.choose(45200), extra=NUMBERS)
    await site.prepare(20, lambda _: None)
    bank = demo_bank()
    bank.numbers[CUSTOMER.removeprefix("+")] = bank.numbers[CUSTOMER]
    numbers, menu = Numbers(bank), OneMenu()
    server = IvrServer(
        IvrConfig(
            host=HOST,
            port=site.plan.ivr,
            secret=load_secrets(site.settings).ivr,
            allow=(ip_network("127.0.0.0/8"),),
            flows=menu,
            route=shipped_router(),
            clock=lambda: MOMENTS.get(SERVED.get(), NOON),
            lengths=lengths.read(FOLDER / "sounds"),
            limits=IvrLimits(pin_answer=0.2, accounts=4.0),
        ),
        msgspec.structs.replace(
            services(bank),
            callers=numbers,
            reader=CATALOGUE,
            bank=MoodyBank(demo_desk(bank), demo_desk(bank)),
            places=PlacesOfOne(),
        ),
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
        async with Line(HOST, site.plan.sip) as line:
            line.told = menu.asked_for_score
            callers = await asyncio.gather(*(travel(line, one) for one in JOURNEYS.values()))
        sounds = dict(zip(JOURNEYS, (one.sound() for one in callers), strict=True))
        ear = await asyncio.to_thread(an_ear, {})
        heard = {
            name: await asyncio.to_thread(ear.listen, sound) for name, sound in sounds.items()
        }
        yield Lab(
            site=site, journal=journal, heard=heard, sounds=sounds, server=server, numbers=numbers
        )
    finally:
        await desk.close()
        await server.stop(0)
        await site.stop()


def fits(heard: Sequence[str], expected: Sequence[str]) -> bool:
    """Tell whether what was heard is what was expected, word by word."""
    parts = ("(?:[^ ]+ )*" if one == ANYTHING else re.escape(one + " ") for one in expected)
    pattern = "".join(parts)
    return re.fullmatch(pattern, "".join(one + " " for one in heard)) is not None


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
    name = "a lost card"
    pairs = {"zh/enter_pin": "zh/lost_menu", "zh/lost_menu": "zh/enter_pin"}
    ear = await asyncio.to_thread(an_ear, pairs)
    beginning = lab.sounds[name][: 25 * 8000]
    heard = await asyncio.to_thread(ear.listen, beginning)
    right = [one.prompt for one in lab.heard[name] if one.at < 18]
    assert "zh/enter_pin" in right
    assert [one.prompt for one in heard if one.at < 18] == [pairs.get(one, one) for one in right]


async def test_the_score_and_the_message_are_kept_with_their_calls(lab: Lab) -> None:
    answered = await lab.journal.wait(events.SurveyAnswered, 5)
    assert answered.score == 5
    talked = await lab.journal.wait(events.CallConnected, 5, call_id=answered.call_id)
    assert talked.at < answered.at
    left = await lab.journal.wait(events.VoicemailLeft, 5)
    folder = lab.site.exchange.dirs.spool / "voicemail"
    assert [file.stem for file in folder.iterdir()] == [left.call_id]
    assert len(samples(folder / f"{left.call_id}.wav")) > 8000
    assert 1 <= left.seconds <= 12


async def test_every_call_left_the_menu_and_ended(lab: Lab) -> None:
    assert lab.server.calls == 0
    for arrived in lab.journal.refresh().of(events.CallArrived):
        await lab.journal.wait(events.CallEnded, 10, call_id=arrived.call_id)


async def test_hanging_up_in_any_node_leaves_nothing_behind(lab: Lab) -> None:
    places = await stations(OneMenu(), CATALOGUE, NOON)
    wanted = [(one, seconds) for one in places for seconds in (0.2, 3.5)]
    files = len(os.listdir("/proc/self/fd"))
    tasks = len(asyncio.all_tasks())

    async def leave(number: str, station: Station, seconds: float, line: Line) -> Caller:
        async with gate:
            return await line.call("95614", number, station.steps(seconds))

    gate = asyncio.Semaphore(60)
    async with Line(HOST, lab.site.plan.sip) as line:
        callers = await asyncio.gather(
            *(
                leave(f"+86137000{at:05}", station, seconds, line)
                for at, (station, seconds) in enumerate(wanted)
            )
        )
    entered: dict[str, str] = {}
    for caller in callers:
        call_id = lab.numbers.calls[caller.number]
        await lab.journal.wait(events.CallEnded, 20, call_id=call_id)
    for event in lab.journal.of(events.MenuEntered):
        entered[event.call_id] = event.node
    reached = set()
    for caller, (station, _) in zip(callers, wanted, strict=True):
        assert (caller.status, caller.ended_by) == (200, "caller"), station
        call_id = lab.numbers.calls[caller.number]
        mine = [one for one in lab.journal.of(events.CallEnded) if one.call_id == call_id]
        assert [one.ended_by for one in mine] == ["caller"]
        assert entered[call_id] in station.nodes, (station, entered[call_id])
        reached.add(entered[call_id])
    print(len(callers), "calls hung up in", len(reached), "nodes")  # noqa: T201 - for whoever runs this
    assert len(reached) >= 45, sorted(reached)
    queued = {one.call_id for one in lab.journal.of(events.CallQueued)}
    assert queued.isdisjoint(lab.numbers.calls[caller.number] for caller in callers)
    assert lab.server.calls == 0
    assert len(asyncio.all_tasks()) <= tasks
    assert len(os.listdir("/proc/self/fd")) <= files
    shown = await asyncio.to_thread(lab.site.exchange.process.command, "core show channels count")
    assert shown.startswith("0 active channels")
