"""Spies who phone in and try a PIN that is wrong: for cards that exist or not, from any number."""

import asyncio
import math
import time
from collections.abc import Sequence
from typing import Final

import msgspec

from crm_lookup.keys import DataKey
from tests.asterisk.wire import SETTLE, CallFailedError, Trunk

KEYED: Final = "975318"
"""Nobody's PIN."""
GROUPS: Final = (
    *("card", "no card", "locked", "known number", "unknown number"),
    *("card tail", "wrong tail"),
)
PAIRS: Final = (
    ("card", "no card"),
    ("card", "locked"),
    ("locked", "no card"),
    ("known number", "unknown number"),
    ("card tail", "wrong tail"),
)
CALL_SECONDS: Final = 8
"""More than a call takes."""
_LISTENED: Final = 0.5
"""Seconds of the answer that are listened to."""
_PASSES: Final = 0.06
"""Seconds after a key in which what was on its way still comes."""


class Target(msgspec.Struct, frozen=True):
    """What one spy tries."""

    group: str
    number: str
    card: str = ""
    """What is keyed when the menu asks for a card; a tail, or empty for the calling number."""


class Heard(msgspec.Struct, frozen=True):
    """What one spy noticed."""

    group: str
    times: tuple[float, ...]
    """Seconds from the call, and from each group of keys, to what followed; after the PIN, to the
    first sound and to the answer."""
    sound: str
    """The prompts that were heard after the PIN."""


def card_number(place: int, *, exists: bool) -> str:
    return f"6217{'03' if exists else '04'}{place:010d}"


def card_hashes(key: DataKey, count: int) -> list[str]:
    """The hashes under which the cards of the spies stand in the database."""
    return [key.card_hash(card_number(n, exists=True)) for n in range(count)]


STEPS: Final = ("welcome", "main_menu", "enter_card_number", "enter_pin")
ANSWERS: Final = ("zh/details_do_not_match", "zh/service_unavailable")
"""The second where the machine is too busy to check a PIN in time; that may depend on nothing."""


async def spy(trunk: Trunk, target: Target) -> Heard:
    """Phone in, claim to be somebody, key a wrong PIN, listen.

    Raises :class:`CallFailedError`, also when the answer is another one.
    """
    call = await trunk.call("95500", target.number)
    times = [call.answered - call.placed]
    since = call.answered
    try:
        for prompt, keys in zip(STEPS, ("1", "1", f"{target.card}#", KEYED), strict=True):
            begun = await call.prompt(f"zh/{prompt}", since)
            times.append(begun - since)
            await asyncio.sleep(SETTLE)
            since = await call.key(keys, between=0.05)
        first = await call.sounds(since + _PASSES)
        begun = await call.any_prompt(ANSWERS, since)
        times += [first - since, begun - since]
        await asyncio.sleep(_LISTENED)
    finally:
        await call.hang_up()
    heard = ">".join(call.heard(since + _PASSES))
    return Heard(target.group, tuple(times), heard)


async def send(
    trunk: Trunk, targets: Sequence[Target], rate: float, seconds: float = math.inf
) -> tuple[list[Heard], list[str]]:
    """Send spies for so many seconds, ``rate`` a second, as long as not too many are on the line.

    A PIN check costs much, so that they would wait for each other.  Returns what they heard, and
    why others failed.
    """
    places = asyncio.Semaphore(math.ceil(rate * CALL_SECONDS))
    found: list[Heard] = []
    failed: list[str] = []

    async def one(target: Target) -> None:
        try:
            found.append(await spy(trunk, target))
        except CallFailedError as error:
            failed.append(str(error).partition(": ")[2])
        finally:
            places.release()

    begun = time.perf_counter()
    async with asyncio.TaskGroup() as group:
        for place, target in enumerate(targets):
            await asyncio.sleep(max(0.0, begun + place / rate - time.perf_counter()))
            await places.acquire()
            if time.perf_counter() - begun > seconds:
                break
            group.create_task(one(target))
    return found, failed
