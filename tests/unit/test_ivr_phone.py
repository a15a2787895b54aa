"""Playing and taking keys as AGI commands."""

from collections.abc import Iterable

import pytest

from ivr import phone
from ivr.agi import Command, Reply
from ivr.flow.effects import Collect, Keyed, Play
from ivr.phone import PhoneScript, T
from ivr.prompt_ids import PromptId
from ivr.secret import Secret

ONE, TWO = PromptId("one"), PromptId("two")


def drive(script: PhoneScript[T], replies: Iterable[str]) -> tuple[T, list[Command]]:
    """Answer commands with keys (empty: no key); return the result and the commands."""
    sent: list[Command] = []
    answers = iter(replies)
    try:
        command = next(script)
        while True:
            sent.append(command)
            key = next(answers, "")
            command = script.send(Reply(code=200, result=str(ord(key)) if key else "0"))
    except StopIteration as stop:
        result: T = stop.value
        return result, sent


def collect(typed: str = "", most: int = 4, keys: str = "0123456789") -> PhoneScript[Keyed]:
    effect = Collect(
        prompts=(ONE, TWO), most=most, wait=6.0, between=4.0, keys=keys, typed=Secret(typed)
    )
    return phone.collect(effect, lambda prompt: 2.5)


def test_prompts_are_played_in_order_for_their_length() -> None:
    key, sent = drive(phone.play(Play(prompts=(ONE, TWO), keys="0"), lambda prompt: 2.5), [])
    assert key is None
    assert [command.arguments for command in sent] == [("hotline/one", "0"), ("hotline/two", "0")]
    assert [command.takes for command in sent] == [2.5, 2.5]


def test_a_key_ends_the_prompts() -> None:
    key, sent = drive(phone.play(Play(prompts=(ONE, TWO), keys="0"), lambda prompt: 2.5), ["0"])
    assert key == "0"
    assert len(sent) == 1


@pytest.mark.parametrize(
    ("keys", "digits", "ended"),
    [
        (["", "", "1", "2", "3", "4"], "1234", "full"),
        (["1", "2", "3", "4"], "1234", "full"),
        (["", "1", "2", "#"], "12", "finished"),
        (["", "", "#"], "", "finished"),
        (["#"], "", "finished"),
        (["", "", "1", "*"], "", "cleared"),
        (["", "", "1", ""], "1", "timeout"),
        (["", "", ""], "", "timeout"),
        (["", "", "A", "1", "#"], "1", "finished"),
    ],
)
def test_keys_are_collected(keys: list[str], digits: str, ended: str) -> None:
    keyed, _ = drive(collect(), keys)
    assert (keyed.digits.reveal(), keyed.ended) == (digits, ended)


def test_waiting_is_long_for_the_first_key_and_short_after_it() -> None:
    _, sent = drive(collect(), ["", "", "1", "2", "3", "4"])
    assert [command.takes for command in sent] == [2.5, 2.5, 6.0, 4.0, 4.0, 4.0]


def test_a_key_that_was_typed_ahead_skips_the_prompts() -> None:
    keyed, sent = drive(collect(typed="1"), ["2", "#"])
    assert keyed == Keyed(digits=Secret("12"), ended="finished")
    assert {command.words for command in sent} == {"WAIT FOR DIGIT"}


def test_a_stuck_key_that_means_nothing_is_silence_in_the_end() -> None:
    keyed, sent = drive(collect(keys="1"), ["", "", *["9"] * 1000])
    assert keyed.ended == "timeout"
    assert len(sent) < 50
