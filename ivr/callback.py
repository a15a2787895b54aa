"""The dialogue with a waiting caller who wants a callback: which number, and is that right?

Pure: a script of commands and replies, as in :mod:`ivr.phone`.  It decides nothing but the number;
that a callback is promised only when it has been noted is the dialplan's part
(``dialplans/callback.conf.j2``).
"""

from collections.abc import Callable
from typing import Final

import msgspec

from ivr import phone
from ivr.flow.effects import Collect, Play
from ivr.phone import Length, PhoneScript
from ivr.prompt_ids import Language, PromptId
from ivr.say import digits

SCRIPT: Final = "callback"
"""Path of ``agi://…/callback``."""
_CONFIRM, _OTHER, _BACK = "1", "2", "*"
_ROUNDS: Final = 4
"""Questions that are asked at most; then the caller waits on."""
_WAIT: Final = 6.0
_MOST: Final = 18
"""Digits of a number at most, with trunk prefix."""


class CallbackNumbers(msgspec.Struct, frozen=True):
    """What the dialogue must know of telephone numbers."""

    dialable: Callable[[str], str]
    """Returns the E.164 form of a number that may be dialled, else ``""``."""
    spoken: Callable[[str], str]
    """Turns E.164 into digits and spaces as people say them."""


def ask(
    presented: str, language: Language, numbers: CallbackNumbers, length: Length
) -> PhoneScript[str]:
    """Return the number that the caller confirmed, in E.164; ``""``: the caller waits on."""
    number = numbers.dialable(presented)
    for _ in range(_ROUNDS):
        if not number:
            keyed = yield from _enter(length)
            if keyed == _BACK:
                return ""
            number = numbers.dialable(keyed)
            if not number:
                yield from phone.play(
                    Play(prompts=(PromptId("callback_number_invalid"),), keys=""), length
                )
                continue
        key = yield from _confirm(number, language, numbers, length)
        if key == _CONFIRM:
            return number
        if key != _OTHER:
            return ""
        number = ""
    return ""


def _enter(length: Length) -> PhoneScript[str]:
    effect = Collect(
        prompts=(PromptId("callback_enter_number"),),
        keys="0123456789",
        most=_MOST,
        finish="#",
        clear=_BACK,
        wait=_WAIT,
        between=_WAIT,
    )
    keyed = yield from phone.collect(effect, length)
    return _BACK if keyed.ended == "cleared" or not keyed.digits else keyed.digits.reveal()


def _confirm(
    number: str, language: Language, numbers: CallbackNumbers, length: Length
) -> PhoneScript[str]:
    """Read the number back and return the key; silence counts as going back."""
    prompts = (
        PromptId("callback_number_is"),
        *digits(numbers.spoken(number), language),
        PromptId("callback_confirm"),
    )
    for _ in range(2):
        effect = Collect(
            prompts=prompts,
            keys=_CONFIRM + _OTHER + _BACK,
            most=1,
            finish="",
            clear="",
            wait=_WAIT,
            between=_WAIT,
        )
        keyed = yield from phone.collect(effect, length)
        if keyed.digits:
            return keyed.digits.reveal()
    return _BACK
