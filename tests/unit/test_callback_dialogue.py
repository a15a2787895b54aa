"""The dialogue in which a waiting caller confirms the number for a callback."""

from collections.abc import Iterator

import pytest

from crm_lookup.numbers import NumberReader
from hotline.callbacks import callback_numbers
from hotline.settings import Settings
from ivr.agi import Command, Reply
from ivr.callback import ask

NUMBERS = callback_numbers(Settings(), NumberReader("CN"))
OWN = "+8613800138000"


def key(digit: str) -> Reply:
    return Reply(code=200, result=str(ord(digit)), data="", text="")


SILENCE = Reply(code=200, result="0", data="", text="")


def talk(presented: str, *keyed: str) -> tuple[str, list[str]]:
    """Key each text as soon as something is asked; return the number and what was heard."""
    keys: Iterator[str] = iter("".join(keyed))
    heard: list[str] = []
    script = ask(presented, "zh", NUMBERS, lambda _: 1.0)
    command: Command = next(script)
    try:
        while True:
            prompt = command.arguments[0].removeprefix("hotline/")
            asked = command.words == "WAIT FOR DIGIT"
            if not asked:
                heard.append(prompt)
            if asked or prompt in ("callback_confirm", "callback_enter_number"):
                digit = next(keys, "")
                command = script.send(SILENCE if digit in ("", " ") else key(digit))
            else:
                command = script.send(SILENCE)
    except StopIteration as stop:
        return stop.value, heard


def test_the_presented_number_is_read_back_and_confirmed_with_one_key() -> None:
    number, heard = talk(OWN, "1")
    assert number == OWN
    assert heard[0] == "callback_number_is"
    digits = [p for p in heard if p.startswith(("number_", "digit_"))]
    assert len(digits) == 11
    assert digits[0] == "digit_yao"


@pytest.mark.parametrize("keyed", ["*", "", "  "])
def test_who_does_not_confirm_waits_on(keyed: str) -> None:
    assert talk(OWN, keyed)[0] == ""


def test_another_number_is_keyed_read_back_and_confirmed() -> None:
    number, heard = talk(OWN, "2", "13900139000#", "1")
    assert number == "+8613900139000"
    assert "callback_enter_number" in heard


def test_a_withheld_number_is_asked_for() -> None:
    number, heard = talk("", "01062345678#", "1")
    assert number == "+861062345678"
    assert heard[0] == "callback_enter_number"


@pytest.mark.parametrize(
    "bad",
    ["95588#", "110#", "123#", "0012025550123#", "4008895500#", "00881631234567#", "16812345678#"],
)
def test_numbers_that_must_not_be_dialled_are_refused_and_asked_for_again(bad: str) -> None:
    number, heard = talk("", bad, "13900139000#", "1")
    assert "callback_number_invalid" in heard
    assert number == "+8613900139000"


def test_nobody_is_asked_for_ever() -> None:
    number, heard = talk("", *("123#" * 20))
    assert number == ""
    assert heard.count("callback_enter_number") == 4
