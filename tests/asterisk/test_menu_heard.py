"""Journeys through the shipped menu as callers hear them: SIP calls, RTP, digits, recordings.

The menu runs in this process over a bank in memory, so that the day and the hour can be chosen;
the calls come over the carrier's trunk, all at the same time.  What each caller heard is named by
:mod:`tests.hearing`, which compares every stretch with all prompts of both languages.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime
from ipaddress import ip_network
from pathlib import Path

import msgspec
import pytest
import pytest_asyncio

import dialplans
from agent_console import messages
from crm_lookup.bank.rules import case_number
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
from ivr.flow import load
from ivr.flow.calendar import Moment
from ivr.prompt_ids import LANGUAGES, Language
from ivr.prompts import PromptCatalogue
from ivr.server import IvrServer
from ivr.testing import demo_bank, services, shipped_router
from ivr.testing_bank import demo_desk
from ivr.values import Money
from tests.hearing import Ear, Heard, master, samples

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(240)]

FOLDER = Path(dialplans.__path__[0])
CATALOGUE = PromptCatalogue.load()
CUSTOMER = "+8613800138000"
NIGHT = Moment(datetime(2026, 10, 1, 21, tzinfo=UTC), "holiday", is_open=False)
NOON = Moment(datetime(2026, 3, 2, 14, tzinfo=UTC), "workday", is_open=True)
LONGEST = 52.0
"""Seconds until the last caller has hung up."""


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
LATEST = (
    (date(2026, 3, 1), "out", 25_800),
    (date(2026, 2, 28), "in", 1_850_000),
    (date(2026, 2, 27), "out", 9_900),
)
HEAD = zh("welcome", "language_menu", "press_9_for_english")
DAY = (*HEAD, *zh("greeting_afternoon", "main_menu"))
DAY_ENGLISH = (*HEAD, *en("greeting_afternoon", "main_menu"))


class Journey(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller keys, and all that they then hear."""

    steps: tuple[str, ...]
    heard: tuple[str, ...]
    dialled: str = "95500"
    caller: str = CUSTOMER
    more: bool = False
    """Something that is no prompt is heard too: music, a tone, an agent."""


JOURNEYS = {
    "a lost card": Journey(
        steps=(
            *("w8", "d1", "w3.5", "d7", "w3", "d1", "w3", "d#", "w3", "d135790"),
            *("w11", "d1", "w3", "d1", "w9", "h"),
        ),
        heard=(
            *DAY,
            *zh("lost_menu", "enter_card_number", "enter_pin", "greeting_gold", "which_card"),
            *row("zh", "choose_card", tail="0018", card_kind="debit", key=1),
            ANYTHING,
            *zh("confirm_block"),
            *row("zh", "card_blocked_line", tail="0018", case_number=case_number(1)),
            *zh("main_menu"),
            ANYTHING,
        ),
    ),
    "wrong three times, with a card that does not exist": Journey(
        steps=(
            *("w8", "d1", "w3.5", "d1", "w3", "d6222020000099999#", "w3", "d111111"),
            *("w3", "d222222", "w3", "d333333", "w14", "h"),
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
        steps=("w8", "d1", "w3.5", "d5", "w3", "d8", "w25", "h"),
        heard=(
            *DAY,
            *zh("rates_menu", "invalid_choice", "rates_menu", "rates_menu_2", "no_input"),
            *zh("rates_menu"),
            ANYTHING,
        ),
    ),
    "exchange rates in English": Journey(
        steps=("w8", "d9", "w3.5", "d5", "w3", "d1", "w25", "h"),
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
            *row(
                "en",
                "exchange_line",
                units=100,
                currency="eur",
                buy=Money(77_801, "CNY"),
                sell=Money(78_350, "CNY"),
            ),
            *en("rates_menu"),
            ANYTHING,
        ),
        caller="",
    ),
    "transactions in English": Journey(
        steps=("w8", "d9", "w3.5", "d2", "w3", "d#", "w3", "d135790", "w26", "h"),
        heard=(
            *DAY_ENGLISH,
            *en("enter_card_number", "enter_pin", "greeting_gold", "transactions_intro"),
            *(
                piece
                for day, direction, minor in LATEST
                for piece in row(
                    "en",
                    "transaction_line",
                    booked=day,
                    direction=direction,
                    amount=Money(minor, "CNY"),
                )
            ),
            *en("more_transactions"),
        ),
    ),
    "a score after the conversation": Journey(
        steps=("w8", "d1", "w3.5", "d0", "w22", "d5", "w8", "h"),
        heard=(
            *DAY,
            "zh/transfer_to_agent",
            ANYTHING,
        ),
        dialled="95599",
        more=True,
    ),
    "a message on a holiday": Journey(
        steps=("w8", "d1", "w3.5", "d0", "w6", "d2", "w9", "d#", "w9", "h"),
        heard=(
            *HEAD,
            *zh("greeting_evening", "main_menu", "agents_closed", "agents_closed_2"),
            *zh("leave_message", "message_saved"),
        ),
        more=True,
    ),
}


class Clock:
    """The first call comes in the night of a holiday: its two questions; then it is noon."""

    def __init__(self) -> None:
        self.asked = 0

    def __call__(self) -> Moment:
        self.asked += 1
        return NIGHT if self.asked <= 2 else NOON


class Lab(msgspec.Struct, frozen=True, kw_only=True):
    """What the calls left behind."""

    site: Site
    journal: JournalReader
    heard: dict[str, list[Heard]]
    files: dict[str, Path]
    server: IvrServer


def an_ear(swapped: dict[str, str]) -> Ear:
    """Return an ear for all prompts; ``swapped`` names files that stand in for others."""
    sounds, texts = {}, {}
    for language in LANGUAGES:
        for prompt in CATALOGUE.prompts(language):
            name = f"{language}/{prompt.id}"
            texts[name] = f"{prompt.voice} {prompt.text}"
            of, _, file = swapped.get(name, name).partition("/")
            sounds[name] = master(CATALOGUE.recording(file, "zh" if of == "zh" else "en"))
    return Ear(sounds, texts)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def lab(state_dir: Path, install: object) -> AsyncIterator[Lab]:
    """Place every call and listen to the recordings."""
    extra = '\n[[numbers]]\ndnis = "95599"\nsurvey = "survey"\n'
    site = Site(state_dir, PortPlan.choose(45200), extra=extra)
    await site.prepare(20, lambda _: None)
    bank, clock = demo_bank(), Clock()
    bank.numbers[CUSTOMER.removeprefix("+")] = bank.numbers[CUSTOMER]
    server = IvrServer(
        IvrConfig(
            host=HOST,
            port=site.plan.ivr,
            secret=load_secrets(site.settings).ivr,
            allow=(ip_network("127.0.0.0/8"),),
            flows=load(FOLDER / "flows", CATALOGUE),
            route=shipped_router(),
            clock=clock,
            lengths=lengths.read(FOLDER / "sounds"),
            limits=IvrLimits(pin_answer=0.2),
        ),
        msgspec.structs.replace(services(bank), reader=CATALOGUE, bank=demo_desk(bank)),
    )
    journal = JournalReader(db.sqlite_path(site.settings.database_url))
    desk = Desk(ConsoleClient(HOST, site.plan.console))
    try:
        await server.start()
        await site.start(("console",))
        await site.ready()
        carrier = await site.start_carrier(answer_after=0.5, talk=2)
        await desk.open(AGENTS[0].login, AGENTS[0].password)
        await desk.client.send("set_state", state="available")
        await desk.wait(messages.AgentStateChanged, 8, lambda m: m.status.state == "available")
        files = {}
        for number, (name, journey) in enumerate(reversed(JOURNEYS.items())):
            files[name] = site.exchange.dirs.base.parent / "carrier" / "spool" / f"{number}.wav"
            await asyncio.to_thread(
                carrier.call,
                journey.dialled,
                caller=journey.caller,
                steps=journey.steps,
                record=files[name],
            )
            if not number:  # the night's call is ahead of the others
                await asyncio.sleep(5.0)
        async with asyncio.timeout(3 * LONGEST):
            while await asyncio.to_thread(carrier.active_channels):  # noqa: ASYNC110 - Asterisk is asked
                await asyncio.sleep(0.5)  # a recording is whole when its call is over
        ear = await asyncio.to_thread(an_ear, {})
        heard = {}
        for name, file in files.items():
            heard[name] = await asyncio.to_thread(lambda f=file: ear.listen(samples(f)))
        yield Lab(site=site, journal=journal, heard=heard, files=files, server=server)
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
    beginning = samples(lab.files[name])[: 25 * 8000]
    heard = await asyncio.to_thread(lambda: ear.listen(beginning))
    right = [one.prompt for one in lab.heard[name] if one.at < 22]
    assert "zh/enter_pin" in right
    assert [one.prompt for one in heard if one.at < 22] == [pairs.get(one, one) for one in right]


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
