"""Playing prompts and taking keys, as AGI commands and their replies.  No I/O.

Keys are taken one by one with ``WAIT FOR DIGIT``, not with ``GET DATA``: a command that may take a
minute would let a frozen menu hold its caller for a minute.  No key is lost in between: the next
one comes 80 ms later at the earliest, and Asterisk drops keys only while no command runs
(``run_agi`` in ``res_agi.c``).  The ``Read`` application is out of the question: it puts the
digits into a channel variable.
"""

from collections.abc import Callable, Generator
from typing import Final, TypeAlias, TypeVar

from ivr.agi import Command, Reply, commands
from ivr.flow.effects import Collect, Keyed, Play
from ivr.prompt_ids import PromptId
from ivr.secret import Secret

T = TypeVar("T")
PhoneScript: TypeAlias = Generator[Command, Reply, T]
Length: TypeAlias = Callable[[PromptId], float]
"""Seconds of a prompt."""

FOLDER: Final = "hotline/"
MOST_IGNORED: Final = 30
"""Meaningless keys in one input; a stuck key counts as silence after that."""


def play(effect: Play, length: Length) -> PhoneScript[str | None]:
    """Play prompts; return the key that ended them."""
    for prompt in effect.prompts:
        reply = yield commands.stream_file(FOLDER + prompt, effect.keys, length(prompt))
        if reply.key is not None:
            return reply.key
    return None


def collect(effect: Collect, length: Length) -> PhoneScript[Keyed]:
    """Play prompts and take keys until the input is complete."""
    typed = effect.typed
    if not typed:
        ends = "".join(dict.fromkeys(effect.keys + effect.finish + effect.clear))
        key = yield from play(Play(prompts=effect.prompts, keys=ends), length)
        typed = Secret(key or "")
    digits = Secret()
    for _ in range(effect.most + MOST_IGNORED):
        if typed:
            first, *rest = typed.one_by_one()
            key, typed = first, Secret(rest)
        else:
            reply = yield commands.wait_for_digit(effect.between if digits else effect.wait)
            key = reply.key
        if key is None:
            break
        if key in effect.finish:
            return Keyed(digits=digits, ended="finished")
        if key in effect.clear:
            return Keyed(ended="cleared")
        if key in effect.keys:
            digits += key
            if len(digits) >= effect.most:
                return Keyed(digits=digits, ended="full")
    return Keyed(digits=digits, ended="timeout")
