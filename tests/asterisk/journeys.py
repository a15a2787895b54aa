"""Journeys through the shipped menu: what a caller keys, and all that they then hear."""

import re
from collections.abc import Sequence
from datetime import date
from typing import Final

import msgspec

from ivr.prompt_ids import Language
from ivr.prompts import PromptCatalogue
from ivr.values import Money
from tests.asterisk.caller import Caller, Line
from tests.asterisk.hang_ups import OWN

CATALOGUE: Final = PromptCatalogue.load()
CUSTOMER: Final = "+8613800138000"
STRANGER: Final = "+8613900139000"


def row(language: Language, name: str, **values: object) -> tuple[str, ...]:
    """Return what is heard of a sentence of the prompt files."""
    pieces = CATALOGUE.sentence(name, language, **values)  # type: ignore[arg-type]
    return tuple(f"{language}/{piece}" for piece in pieces if piece != "pause")


def zh(*ids: str) -> tuple[str, ...]:
    return tuple(f"zh/{one}" for one in ids)


ANYTHING = "…"
"""Stands for anything, or nothing: the caller keys while a list is read, an agent speaks, or the
caller hangs up in mid-word, which fits no prompt."""


def transaction(language: Language, month: int, day: int, way: str, minor: int) -> tuple[str, ...]:
    return row(
        language,
        "transaction_line",
        booked=date(2026, month, day),
        direction=way,
        amount=Money(minor, "CNY"),
    )


def balance(language: Language, line: str, kind: str, tail: str, minor: int) -> tuple[str, ...]:
    return row(language, line, kind=kind, tail=tail, balance=Money(minor, "CNY"))


def case(language: Language, line: str, **values: object) -> tuple[str, ...]:
    """Return a sentence up to its case number, which depends on who was first."""
    said = row(language, line, case_number="000000000", **values)
    return said[: -len(row(language, "branch_phone_line", phone="000000000")) + 1]


HEAD = zh("welcome", "language_menu", "press_9_for_english")
DAY = (*HEAD, *zh("greeting_afternoon", "main_menu"))
BEGINS: dict[Language, tuple[str, ...]] = {
    "zh": ("h6.4", "d1", "h2.6"),
    "en": ("h6.4", "d9", "h2.6"),
}
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
    fresh: bool = False
    """The bank is as if nobody had phoned before: what is ordered is not ordered yet."""
    more: bool = False
    """Something that is no prompt is heard too: music, a tone, an agent."""


def journeys(language: Language) -> dict[str, Journey]:
    """Return what is done and heard in either language."""

    def say(*ids: str) -> tuple[str, ...]:
        return tuple(f"{language}/{one}" for one in ids)

    def at(*beginning: str) -> tuple[str, ...]:
        return (*HEAD, *say(*beginning, "main_menu"))

    starts, day = BEGINS[language], at("greeting_afternoon")
    identity = say("enter_card_number", "enter_pin", "greeting_gold")
    return {
        "a lost card": Journey(
            steps=(*starts, "d7", "h3", "d1", *PROVED, "h10", "d1", "h3", "d1", "h9"),
            heard=(
                *day,
                *say("lost_menu"),
                *identity,
                *say("which_card"),
                *row(language, "choose_card", tail="0018", card_kind="debit", key=1),
                ANYTHING,
                *say("confirm_block"),
                *case(language, "card_blocked_line", tail="0018"),
                ANYTHING,
            ),
            fresh=True,
        ),
        "an emergency block without a PIN": Journey(
            steps=(*starts, "d7", "h4", "d2", "h3", "d6222020000099999#", "h4", "d1", "h7.6"),
            heard=(
                *day,
                *say("lost_menu", "enter_card_to_block", "confirm_block"),
                *case(language, "emergency_block_line"),
                ANYTHING,
            ),
            caller=STRANGER,
        ),
        "wrong three times, with a card that does not exist": Journey(
            steps=(
                *(*starts, "d1", "h3", "d6222020000099999#", "h3", "d111111"),
                *("h3", "d222222", "h3", "d333333", "h9"),
            ),
            heard=(
                *day,
                *say("enter_card_number", "enter_pin", "details_do_not_match"),
                *say("details_do_not_match", "too_many_tries", "transfer_to_agent"),
                ANYTHING,
            ),
            caller="",
            more=True,
        ),
        "a wrong key, then none": Journey(
            steps=(*starts, "d5", "h3", "d8", "h17"),
            heard=(
                *day,
                *say("rates_menu", "invalid_choice", "rates_menu", "rates_menu_2", "no_input"),
                ANYTHING,
            ),
        ),
        "no key at all": Journey(
            steps=(*starts, "d4", "q", "w1", "h20"),
            heard=(
                *day,
                *say("loans_menu", "loans_menu_2", "no_input", "loans_menu", "loans_menu_2"),
                ANYTHING,
            ),
        ),
        "exchange rates": Journey(
            steps=(*starts, "d5", "h3", "d1", "h19"),
            heard=(
                *day,
                *say("rates_menu", "exchange_intro"),
                *row(
                    language,
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
        "two pages of transactions": Journey(
            steps=(*starts, "d2", *PROVED, "q", "d1", "h6"),
            heard=(
                *day,
                *identity,
                *say("transactions_intro"),
                *transaction(language, 3, 1, "out", 25_800),
                *transaction(language, 2, 28, "in", 1_850_000),
                *transaction(language, 2, 27, "out", 9_900),
                *say("more_transactions"),
                *transaction(language, 2, 25, "out", 120_050),
                ANYTHING,
            ),
        ),
        "the balance": Journey(
            steps=(*starts, "d1", *PROVED, "h20"),
            heard=(
                *day,
                *identity,
                *balance(language, "balance_line", "current", "0018", 1_234_567),
                *balance(language, "owed_line", "credit_card", "9921", 980),
                ANYTHING,
            ),
        ),
        "a new card": Journey(
            steps=(*starts, "d3", "h3", "d3", *PROVED, "h8"),
            heard=(
                *day,
                *say("cards_menu"),
                *identity,
                *row(language, "card_activated_line", tail="9921"),
                ANYTHING,
            ),
            fresh=True,
        ),
        "a PIN that is too easy": Journey(
            steps=(*starts, "d6", "h3", "d1", *PROVED, "h4.5", "d111111", "h3", "d111111", "h6"),
            heard=(
                *day,
                *say("services_menu"),
                *identity,
                *say("enter_new_pin", "repeat_new_pin", "pin_weak", "enter_new_pin"),
                ANYTHING,
            ),
        ),
        "a slow core": Journey(
            steps=(*starts, "d4", "h3", "d3", *PROVED, "h10"),
            heard=(
                *day,
                *say("loans_menu"),
                *identity,
                *say("please_wait", "limit_app"),
                ANYTHING,
            ),
            dialled="95612",
        ),
        "a core that is down": Journey(
            steps=(*starts, "d4", "h3", "d1", *PROVED, "h10"),
            heard=(
                *day,
                *say("loans_menu"),
                *identity,
                *say("please_wait", "service_unavailable", "transfer_to_agent"),
                ANYTHING,
            ),
            dialled="95612",
            more=True,
        ),
        "out of hours": Journey(
            steps=(*starts, "d0", "h9", "d9", "h2"),
            heard=(
                *at("greeting_evening"),
                *say("agents_closed", "agents_closed_2"),
                ANYTHING,
                *say("main_menu"),
            ),
            dialled="95610",
            caller=STRANGER,
        ),
        "a message on a holiday": Journey(
            steps=(*starts, "d0", "h6.5", "d2", "q", "s3", "d#", "h4"),
            heard=(
                *at("greeting_morning"),
                *say("agents_closed", "agents_closed_2", "leave_message", "message_saved"),
            ),
            dialled="95611",
            caller=STRANGER,
            more=True,
        ),
    }


JOURNEYS = {
    **{
        f"{name}, in {spoken}": journey
        for language, spoken in (("zh", "Mandarin"), ("en", "English"))
        for name, journey in journeys(language).items()  # type: ignore[arg-type]
    },
    "the place in the queue": Journey(
        steps=(*BEGINS["zh"], "d0", "h8"),
        heard=(*DAY, *zh("transfer_to_agent", "queue_next"), ANYTHING),
        dialled="95602",
        caller=STRANGER,
        more=True,
    ),
    "going on where the last call broke off": Journey(
        before=(*("h0.5", "d1", "h0.5", "d3", "h0.5", "d1"), *QUICK, "h6"),
        steps=(*BEGINS["zh"], "d1", *PROVED, "h10", "d1", "h12"),
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
        steps=(*BEGINS["zh"], "d0", "t", "h9", "d5", "h2", "e"),
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


def fits(heard: Sequence[str], expected: Sequence[str]) -> bool:
    """Tell whether what was heard is what was expected, word by word."""
    parts = ("(?:[^ ]* )*" if one == ANYTHING else re.escape(one + " ") for one in expected)
    pattern = "".join(parts)
    return re.fullmatch(pattern, "".join(one + " " for one in heard)) is not None


async def travel(line: Line, journey: Journey) -> Caller:
    """Make the journey; return the call that counts."""
    if journey.before:
        await line.call(journey.dialled, journey.caller, journey.before)
    dialled = OWN.dialled if journey.fresh else journey.dialled
    return await line.call(dialled, journey.caller, journey.steps)
