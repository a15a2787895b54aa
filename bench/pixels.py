"""From the socket's message of a ringing call to its pixels, in a real Chromium.

The real page, built, on the real application, with an engine that rings as it is told, each pop
with a full customer.  Chromium itself says when the caller's name was on the screen, and when a
part of every panel was.  Between two pops the same message goes to a page that sets one heading
and nothing else: what that takes is the machine's.  Nothing is reported unless every pop was
painted as a whole and nothing on the page jumped.
"""

import argparse
import asyncio
import os
import statistics
import sys
import time
from typing import Final

import msgspec
from playwright.async_api import Error

from agent_console.messages import PopRaised, encode_body, wrap
from agent_console.testing import FakeEngine
from bench.pixel_pages.floor import Floor
from bench.pixel_pages.pages import DESK_MARKS, NAME, Seen, both_pages
from tests.browser.samples import card, pop

ENOUGH: Final = 100
AIM_MS: Final = 50.0
FREE_S: Final = 0.25
"""Between two calls; a little more each time, so that no pop meets the screen in step."""


class Painted(msgspec.Struct, frozen=True):
    """One pop on the screen; milliseconds."""

    name: float
    """From the message until the caller's name stood there."""
    whole: float
    """Until a part of every panel did."""
    from_sending: float
    """From the server's sending until the name stood there."""
    floor: float
    """What the same message took on the smallest page."""


class Run(msgspec.Struct, frozen=True):
    """What a whole run saw."""

    pops: list[Painted]
    moved: float = 0.0
    """How much the page's parts moved by themselves; 0 for nothing."""
    load: float = 0.0
    """The machine's load average over the last minute, our own included."""


async def measure(pops: int) -> Run:
    """Ring so often; return what came on the screen."""
    engine, floor, sent = FakeEngine(time.time), Floor(), dict[str, float]()
    async with both_pages(engine, floor) as (desk, least):
        for number in range(pops + 1):  # the first one loads fonts and is not counted
            call = f"call-{number}"
            rung = pop(call, brief="ready", customer=card())
            sent[call] = time.time() * 1e3
            engine.ring("1001", rung)
            await desk.until_painted(call)
            engine.withdraw("1001", call)
            await desk.page.wait_for_selector("[data-testid=empty]")
            await asyncio.sleep(FREE_S + number % 17 / 1_000)
            await floor.say(wrap(number, encode_body(PopRaised(pop=rung))))
            await least.until_painted(call)
            await asyncio.sleep(FREE_S / 2)
        return joined(await desk.seen(), await least.seen(), sent)


def joined(desk: Seen, least: Seen, sent: dict[str, float]) -> Run:
    """Return what both pages noted of the calls that were sent when (ms), but for the first."""
    found = []
    for call in list(sent)[1:]:
        marks, floor = desk.painted.get(call, {}), least.painted.get(call, {})
        if set(marks) != set(DESK_MARKS) or NAME not in floor or min(marks.values()) <= 0:
            continue
        on_screen = desk.origin + desk.came[call] + marks[NAME]
        found.append(
            Painted(marks[NAME], max(marks.values()), on_screen - sent[call], floor[NAME])
        )
    return Run(found, desk.moved, os.getloadavg()[0])


def report(run: Run, pops: int, aim_ms: float = AIM_MS) -> list[str]:
    """Return what to print.  Raises ``RuntimeError`` when it is too little or too slow."""
    usable = [one for one in run.pops if one.floor > 0 and one.name <= one.from_sending + 1]
    if len(usable) < pops:
        message = f"only {len(usable)} of {pops} pops were seen on the screen"
        raise RuntimeError(message)
    if run.moved:
        message = f"parts of the page moved by {run.moved:.4f} while pops came"
        raise RuntimeError(message)
    names = sorted(one.name for one in usable)
    wholes = sorted(one.whole for one in usable)
    sendings = sorted(one.from_sending for one in usable)
    floors = sorted(one.floor for one in usable)
    said = [
        f"message to the caller's name: {spread(names)} (aim {aim_ms:.0f} at p95; {pops} pops)",
        f"message to the whole pop: {spread(wholes)}",
        f"sending to the caller's name: {spread(sendings)}",
        f"floor, one heading: {spread(floors)}",
        f"name beside the floor: {statistics.median(names) / statistics.median(floors):.2f}",
        "jumps of the layout: none",
        f"other work on the machine: load {run.load:.1f} on {os.cpu_count()} cores",
    ]
    if p95(names) > aim_ms:
        raise RuntimeError("; ".join(said))
    return said


def spread(times: list[float]) -> str:
    """Return the figures of sorted times in milliseconds."""
    return f"median {statistics.median(times):.1f} ms, p95 {p95(times):.1f}, worst {times[-1]:.1f}"


def p95(times: list[float]) -> float:
    """Return what 95 of 100 do not exceed; the times are sorted."""
    return times[min(len(times) - 1, -(-len(times) * 95 // 100) - 1)]


def parser() -> argparse.ArgumentParser:
    made = argparse.ArgumentParser(prog="python -m bench.pixels", description=__doc__)
    made.add_argument("--pops", type=int, default=ENOUGH, help=f"default {ENOUGH}")
    made.add_argument("--trial", action="store_true", help="allow fewer, and any time")
    return made


def main(arguments: list[str] | None = None) -> int:
    chosen = parser().parse_args(arguments)
    if chosen.pops < ENOUGH and not chosen.trial:
        print(f"too few pops to report anything; at least {ENOUGH}")
        return 1
    aim = float("inf") if chosen.trial else AIM_MS
    try:
        said = report(asyncio.run(measure(chosen.pops)), chosen.pops, aim)
    except (Error, RuntimeError, TimeoutError) as error:
        print(f"failed: {error}")
        return 1
    print("\n".join(said))
    return 0


if __name__ == "__main__":
    sys.exit(main())
