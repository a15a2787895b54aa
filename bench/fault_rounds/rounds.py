"""The rounds: calls in every phase, one fault, and the look whether all is well again."""

import asyncio
import contextlib
import random
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Final

import msgspec

from bench.fault_rounds import verdict
from bench.fault_rounds.injectors import FAULTS
from bench.fault_rounds.orders import ordering
from bench.fault_rounds.people import AT_WORK, WITH_PAGE, Customers, Robot, sign_in
from bench.fault_rounds.stand import Stand

WITHIN: Final = 60.0
"""Seconds after a fault within which our state must be Asterisk's; the machine may be busy."""
PLANTED_SHOWS_WITHIN: Final = 3.0
_LOOK_EVERY: Final = 0.02
PHASES: Final = (
    *("menu", "queued", "ringing", "connected", "on_hold", "wrap_up"),
    *("consulting", "conference", "transferring"),
)
"""The phases that the rounds must meet."""
OVER_WITHIN: Final = 240.0
"""Seconds until the last call is over.

Whoever keyed while the menu was frozen comes to a person by the menu's own way, step by step.
"""
SETTLED_WITHIN: Final = 2.0
EQUAL_WITHIN: Final = 1.0
"""Seconds from ``FullyBooted``."""


class Round(msgspec.Struct, frozen=True, kw_only=True):
    """What one round showed; times in seconds."""

    number: int
    fault: str
    phases: Mapping[str, int]
    """Calls by phase when the fault began."""
    lasted: float
    """From the beginning of the fault until the console said that it is ready again."""
    agreed: float
    """From the beginning of the fault until nothing differed."""
    in_step: float | None
    """From the last ``FullyBooted`` until the journal held the engine's picture of Asterisk."""
    after_boot: float | None
    """From the last ``FullyBooted`` until nothing differed; ``None``: the line did not break."""
    differences: Sequence[str]
    """What still differed at the end; nothing, if all is well."""
    wanted: str = ""
    """The phase that was waited for."""
    seen: Mapping[str, float] = {}
    """Every difference on the way, and for how long it was seen; 0: at one look."""
    stood: Mapping[str, float] = {}
    """Differences that stood for longer than an event needs, and for how long."""
    dead: tuple[float, float] | None = None
    """When Asterisk was dead (epoch)."""

    def words(self) -> str:
        phases = " ".join(f"{name}={count}" for name, count in sorted(self.phases.items()))
        boot = ""
        if self.after_boot is not None and self.in_step is not None:
            boot = f" (FullyBooted, in step {self.in_step:.2f} s, equal {self.after_boot:.2f} s)"
        words = (
            "; ".join(self.differences)
            or f"ready {self.lasted:.2f} s, equal {self.agreed:.2f} s{boot}"
        )
        dropped = " (its calls end with it)" if self.dead else ""
        words += "".join(f"; {s:.1f} s: {what}" for what, s in self.stood.items())
        if self.after_boot is not None and self.after_boot > EQUAL_WITHIN:
            words += "".join(f"; seen {s:.2f} s: {what}" for what, s in self.seen.items())
        return f"{self.number:4} {self.fault:15} [{phases}]{dropped}: {words}"


class Result(msgspec.Struct, frozen=True, kw_only=True):
    """All rounds, and what the books say after them."""

    rounds: Sequence[Round]
    served: Mapping[str, int]
    faults: Sequence[str]
    """Everything that is wrong."""

    settled: Sequence[float] = ()
    """Seconds from each reconnection until a stale wrap-up pause was gone on with or lifted."""
    planted: str = ""
    """What showed that an event was lost on purpose."""

    def met(self) -> Counter[str]:
        """In how many rounds each phase was met."""
        return Counter(phase for one in self.rounds for phase in one.phases)


@asynccontextmanager
async def at_work(
    stand: Stand, chance: random.Random
) -> AsyncIterator[tuple[Customers, list[Robot]]]:
    """Agents and customers, until the block ends."""
    await sign_in(stand)
    robots = [Robot(agent, stand.site.plan.console, chance) for agent in WITH_PAGE]
    customers = Customers(stand, chance)
    tasks = [asyncio.create_task(robot.work()) for robot in robots]
    tasks.append(asyncio.create_task(customers.keep_calling()))
    try:
        yield customers, robots
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def run(
    stand: Stand,
    faults: Sequence[str],
    chance: random.Random,
    say: Callable[[str], None],
    seconds: float = float("inf"),
) -> Result:
    """One round for each of ``faults``, as long as ``seconds`` are not over."""
    until = time.monotonic() + seconds
    rounds: list[Round] = []
    wrong: list[str] = []
    async with at_work(stand, chance) as (customers, robots), ordering(stand, chance) as orders:
        met: Counter[str] = Counter()
        for number, fault in enumerate(faults):
            if time.monotonic() > until:
                break
            wanted = min(PHASES, key=lambda phase: (met[phase], chance.random()))
            await orders.reach(wanted)
            one = await _round(stand, number, fault, robots, chance, wanted)
            met.update(one.phases.keys())
            say(one.words())
            rounds.append(one)
            wrong += [f"round {number}, {fault}: {words}" for words in one.differences]
            if len(one.differences) and not await _heal(stand):
                wrong.append(f"after round {number} nothing helped any more")
                break
        planted = await _planted(stand, customers)
    if not planted:
        wrong.append("an event was lost on purpose, and nothing shows it")
    left = await stand.over(OVER_WITHIN)
    wrong += [f"{count} calls are left in {phase}" for phase, count in left.items()]
    _, differences = await stand.agree(WITHIN)
    wrong += [f"at the end: {words}" for words in differences]
    deaths = [one.dead for one in rounds if one.dead is not None]
    events = await asyncio.to_thread(stand.told)
    told = verdict.served(customers.placed, events, stand.pseudonym_key, deaths)
    ours, theirs = await verdict.exported(stand), await verdict.asterisks(stand)
    wrong += told.faults
    wrong += verdict.books_differ(ours, theirs, deaths, verdict.sent_on(events))
    wrong += verdict.misses_differ(ours, theirs)
    return Result(
        rounds=rounds,
        served=told.counts,
        faults=wrong,
        settled=tuple(stand.settled),
        planted=planted,
    )


async def _planted(stand: Stand, customers: Customers) -> str:
    """Lose the news that a customer hung up; return what the comparison says of it, if it does.

    After the proof a fresh picture mends it, as after any reconnection.
    """
    # Of nobody else: who gives up in a queue is told of twice.
    number = f"CallerIDNum: {customers.next_caller}\r\n".encode()
    stand.relay.lose(b"Event: Hangup\r\n", b"PJSIP/trunk-", number)
    await customers.call("leaves in the menu", ("w1", "h"))
    begun, lost = time.monotonic(), stand.relay.lost
    while stand.relay.lost == lost:
        if time.monotonic() - begun > 30:
            return ""
        await asyncio.sleep(0.05)
    _, found = await stand.agree(PLANTED_SHOWS_WITHIN)
    return "; ".join(words for words in found if "gone" in words) if await _heal(stand) else ""


async def _round(
    stand: Stand,
    number: int,
    fault: str,
    robots: Sequence[Robot],
    chance: random.Random,
    wanted: str,
) -> Round:
    phases = Counter(stand.phases().values())
    begun, at = time.monotonic(), time.time()
    broken = ""
    try:
        await FAULTS[fault](stand, chance)
    except Exception as error:  # noqa: BLE001 - a fault that cannot be made is a finding
        broken = f"{fault} failed: {error!r}"
    dead = (at, time.time()) if fault == "kill_asterisk" else None
    ready = asyncio.create_task(_ready(stand, begun))
    await _in_step(stand, begun, ready)
    stand.stood.clear()
    stand.seen.clear()
    agreed, found = await stand.agree(WITHIN)
    lasted = await ready
    if stand.relay.booted_at > agreed:  # the line broke after all
        await _in_step(stand, begun, asyncio.create_task(_ready(stand, begun)))
        agreed, found = await stand.agree(WITHIN)
    if not found:
        found = await _pages(stand, robots)
    if broken:
        found = [broken, *found]
    if fault in ("step_clock", "step_machine"):
        stand.clock.step(0.0)
        stand.asterisk_clock.step(0.0)
    booted = stand.relay.booted_at
    # After a stale pause the comparison begins only when that is settled, which is timed itself.
    reconnected = booted > begun and fault != "stale_pause"
    return Round(
        number=number,
        fault=fault,
        wanted=wanted,
        phases=phases,
        lasted=lasted,
        agreed=agreed - begun,
        in_step=stand.in_step_at - booted if reconnected else None,
        after_boot=agreed - booted if reconnected else None,
        differences=found,
        seen=dict(stand.seen),
        stood=dict(stand.stood),
        dead=dead,
    )


async def _ready(stand: Stand, begun: float) -> float:
    """Return after how many seconds since ``begun`` the console's door was open again."""
    with contextlib.suppress(TimeoutError):  # what differs then says more
        await stand.site.ready(WITHIN)
    return time.monotonic() - begun


async def _in_step(stand: Stand, begun: float, ready: "asyncio.Task[float]") -> None:
    """Return when the engine has looked at Asterisk after its last ``FullyBooted``.

    The journal says so, not the console, which may still be on its way up.  A line that did not
    break leaves nothing to wait for but the console.
    """
    while True:
        await asyncio.to_thread(stand.ours)
        booted = stand.relay.booted_at
        looked = stand.in_step_at > booted
        if (looked and booted > begun) or (ready.done() and (looked or booted <= begun)):
            return
        if time.monotonic() - begun > 2 * WITHIN:
            return  # what differs then says more
        await asyncio.sleep(_LOOK_EVERY)


async def _pages(stand: Stand, robots: Sequence[Robot], seconds: float = 30.0) -> list[str]:
    """What the agents' pages show otherwise than the engine; they may need a moment."""
    until = time.monotonic() + seconds
    while True:
        world = await asyncio.to_thread(stand.ours)
        found = []
        for robot in robots:
            agent = next(
                (a for a in world.agents.values() if a.agent_id == robot.person.login), None
            )
            state = agent.state if agent else "logged_out"
            shown = robot.shows.state if robot.shows else "nothing"
            if shown != state:
                found.append(f"the page of {robot.person.login} shows {shown}, not {state}")
        if not found or time.monotonic() > until:
            return found
        await asyncio.sleep(0.2)


async def _heal(stand: Stand) -> bool:
    """After a difference: a fresh picture, so that the next rounds count for themselves."""
    stand.relay.cut()
    _, found = await stand.agree(WITHIN)
    return not found


__all__ = ["AT_WORK", "PHASES", "Result", "Round", "run"]
