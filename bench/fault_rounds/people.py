"""Who is on the phone while things break: customers with a story, and agents who work."""

import asyncio
import contextlib
import random
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec

from agent_console import messages
from bench.fault_rounds.stand import IN_MEETING, QUICK, SLOW, Stand
from hotline.console_client import ConsoleClient, ConsoleClientError
from hotline.demo.people import AGENTS, Employee
from hotline.demo.site import HOST
from hotline.selftest.desk import Desk

AT_WORK: Final = AGENTS[:4]
WITH_PAGE: Final = (AGENTS[0], AGENTS[2])
"""These end their wrap-up themselves; the others leave it to the timer."""
ALIVE: Final = 9
"""Calls at a time, about."""
_SOON: Final = 8.0
BETWEEN: Final = 0.5
"""Seconds between two calls, at least."""

STORIES: Final[dict[str, tuple[str, ...]]] = {
    "asks for a person at once": ("w1", "d0"),
    "stays in the menu, then asks": ("w6", "d0"),
    "leaves in the menu": ("w6", "h"),
    "gives up in the queue": ("w1", "d0", "w7", "h"),
}
WEIGHTS: Final = (4, 3, 1, 1)
WANT_A_PERSON: Final = tuple(STORIES)[:2]


class Placed(msgspec.Struct, frozen=True):
    """One customer who phoned in."""

    caller: str
    story: str
    at: float


class Customers:
    """Phones in again and again, so that there are always calls in many phases."""

    def __init__(self, stand: Stand, chance: random.Random) -> None:
        self._stand = stand
        self._chance = chance
        self._first = chance.randrange(10_000_000, 90_000_000)
        self.placed: list[Placed] = []

    @property
    def next_caller(self) -> str:
        """The number from which the next call will come."""
        return f"+86139{self._first + len(self.placed):08d}"

    async def call(self, story: str, steps: Sequence[str] = ()) -> None:
        """Place one call; ``steps`` instead of the story's own."""
        caller = self.next_caller
        self.placed.append(Placed(caller, story, time.time()))
        await asyncio.to_thread(
            self._stand.carrier.call, "95500", caller=caller, steps=steps or STORIES[story]
        )

    async def keep_calling(self) -> None:
        """For ever."""
        while True:
            # While the engine is away the journal tells of no new call.
            fresh = sum(time.time() - one.at < _SOON for one in self.placed)
            alive = len(await asyncio.to_thread(self._stand.phases))
            if alive < ALIVE and fresh < ALIVE:
                await self.call(self._chance.choices(tuple(STORIES), weights=WEIGHTS)[0])
            await asyncio.sleep(BETWEEN)


class Robot:
    """One agent with an open page; remembers what the page shows."""

    def __init__(self, person: Employee, port: int, chance: random.Random) -> None:
        self.person = person
        self.shows: messages.AgentStatus | None = None
        """What the page shows; ``None`` while it has no line."""
        self._port = port
        self._chance = chance

    async def work(self) -> None:
        """Sign in, take calls, end each wrap-up after a moment, for ever."""
        while True:
            try:
                async with ConsoleClient(HOST, self._port) as client:
                    await client.sign_in(self.person.login, self.person.password)
                    await client.open()
                    await self._take_calls(client)
            except (OSError, ConsoleClientError, ConnectionError, TimeoutError):
                pass  # the console was killed, or is not back yet
            self.shows = None
            await asyncio.sleep(0.5)

    async def _take_calls(self, client: ConsoleClient) -> None:
        async for _, message in client.messages():
            match message:
                case messages.Snapshot(status=status) | messages.AgentStateChanged(status=status):
                    self.shows = status
                    if status.state in ("logged_out", "paused"):
                        await client.send("set_state", state="available")
                    elif status.state == "wrap_up":
                        asyncio.get_running_loop().call_later(
                            self._chance.uniform(0.5, 3.0), self._ready, client
                        )
                case _:
                    pass

    def _ready(self, client: ConsoleClient) -> None:
        self._telling = asyncio.ensure_future(self._say_ready(client))

    async def _say_ready(self, client: ConsoleClient) -> None:
        with contextlib.suppress(Exception):  # the line may be gone meanwhile
            await client.send("ready")


async def sign_in(stand: Stand) -> None:
    """Let everybody take calls, and close the pages again; set how the phones behave."""
    for agent in (*AT_WORK, QUICK, SLOW):
        desk = Desk(ConsoleClient(HOST, stand.site.plan.console))
        await desk.open(agent.login, agent.password)
        await desk.client.send("set_state", state="available")
        await desk.wait(messages.AgentStateChanged, 60, lambda m: m.status.state == "available")
        if agent in (QUICK, SLOW):
            await desk.client.send("set_state", state="paused", reason=IN_MEETING)
            await desk.wait(messages.AgentStateChanged, 60, lambda m: m.status.state == "paused")
        await desk.close()
    set_phone: list[Callable[[], None]] = [
        lambda: stand.carrier.set_phone(AT_WORK[2].login, 3.0),
        lambda: stand.carrier.set_phone(QUICK.login, 0.3),
        lambda: stand.carrier.set_phone(SLOW.login, 3.0),
        lambda: stand.carrier.set_hold(AT_WORK[0].login, 3),
        lambda: stand.carrier.set_hold(AT_WORK[2].login, 4),
    ]
    for work in set_phone:
        await asyncio.to_thread(work)
    await asyncio.sleep(1.5)  # Asterisk keeps members on the disk only after a second (db.c)
