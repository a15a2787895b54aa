"""Agents: their phones, which answer, refuse or ring in vain, and their consoles.

They write down themselves when they held whom, and what they noted of calls.
"""

import asyncio
import contextlib
import random
import re
import secrets
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Final, Literal

import msgspec

from agent_console import messages
from bench.phone import Phone
from bench.pop import hire
from hotline.console_client import ConsoleClient
from hotline.demo.people import PASSWORD
from hotline.demo.site import HOST, Site

PHONES: Final = "127.0.0.31"
HOLDS: Final = 0.2
"""Share of the conversations in which the agent holds the customer for a while."""
NOTES: Final = 0.4
"""Share of the wrap-ups in which the agent notes the outcome, and so ends them."""
NOTED_AFTER: Final = 0.3
AT_ONCE: Final = 3
"""Agents who sign in at a time."""
OUTCOME: Final = "solved"
Manner = Literal["answers", "waits", "refuses", "sleeps"]
"""``waits``: answers, and lets the other side end the call."""


class Post(msgspec.Struct, frozen=True):
    """Some agents of one queue whose phones do the same."""

    queue: str
    manner: Manner
    count: int


class BoardPhone(Phone):
    """A phone of one manner; writes down when it held whom."""

    def __init__(
        self, extension: str, secret: str, server: tuple[str, int], manner: Manner, log: Path
    ) -> None:
        super().__init__(extension, secret, server, 0.0, lambda *_: None)
        self._manner = manner
        self._log = log
        self._chance = random.Random(extension)  # noqa: S311 - how long people talk, no secret
        self._ringing: dict[str, tuple[str, str]] = {}
        self._taken: dict[str, asyncio.Event] = {}
        """Calls whose hold, or end of it, waits for the other side's word."""

    def datagram_received(self, data: bytes, address: object) -> None:
        call = _call_id(data.decode(errors="replace"))
        if data.startswith(b"CANCEL "):
            invite = self._ringing.pop(call, None)
            if invite is not None:
                self._send(self._reply(invite[0], "487 Request Terminated", invite[1]))
        elif data.startswith(b"SIP/2.0 200") and call in self._taken:
            self._taken[call].set()
        super().datagram_received(data, address)

    async def _answer(self, invite: str) -> None:
        tag = secrets.token_hex(4)
        if self._manner in ("answers", "waits"):
            await self._pick_up(invite, tag)
            requests = 0
            if self._manner == "answers" and self._chance.random() < HOLDS:
                requests = 2
                await asyncio.sleep(0.3)
                await self._hold(invite, tag, self._chance.uniform(0.4, 1.2))
            talk = self._chance.uniform(1.0, 3.0) if self._manner == "answers" else 30.0
            await asyncio.sleep(talk)
            self._send(self._bye(invite, tag, requests + 1))
            return
        self._send(self._reply(invite, "180 Ringing", tag, self._contact))
        if self._manner == "refuses":
            await asyncio.sleep(self._chance.uniform(0.5, 1.5))
            self._send(self._reply(invite, "486 Busy Here", tag))
        else:
            self._ringing[_call_id(invite)] = (invite, tag)

    async def _hold(self, invite: str, tag: str, seconds: float) -> None:
        """Hold the customer for so long, and note it."""
        caller = re.search(r"sip:([^@>;]*)", _line(invite, "From"))
        began = time.time()
        await self._ask(invite, tag, 1, "sendonly")
        await asyncio.sleep(seconds)
        ended = time.time()
        await self._ask(invite, tag, 2, "sendrecv")
        with self._log.open("a", encoding="utf-8") as log:
            number = caller[1] if caller else ""
            log.write(f"{self._extension}|{number}|{began:.6f}|{ended:.6f}\n")

    async def _ask(self, invite: str, tag: str, number: int, direction: str) -> None:
        call = _call_id(invite)
        taken = self._taken[call] = asyncio.Event()
        self._send(self._request("INVITE", number, invite, tag, self._media(direction)))
        async with asyncio.timeout(5):
            await taken.wait()
        del self._taken[call]
        self._send(self._request("ACK", number, invite, tag))


def _line(text: str, name: str) -> str:
    found = re.search(rf"^{name}: (.*)\r$", text, re.MULTILINE | re.IGNORECASE)
    return found[1] if found else ""


def _call_id(text: str) -> str:
    return _line(text, "Call-ID")


class Staff:
    """Everybody who works; agents are numbered from 3001 on."""

    def __init__(self, posts: Sequence[Post], holds: Path, notes: Path) -> None:
        """The phones write ``agent|number|from|to`` of each hold to ``holds``.

        ``notes`` gets ``agent|time`` of each outcome that an agent noted.
        """
        self.posts = posts
        self._holds = holds
        self._notes = notes
        self.phones: list[BoardPhone] = []
        self.consoles: list[ConsoleClient] = []
        self._tasks: list[asyncio.Task[None]] = []

    def members(self, queue: str) -> list[str]:
        """Return the agents of a queue."""
        return [agent for agent, post in self._people() if post.queue == queue]

    def _people(self) -> list[tuple[str, Post]]:
        posts = [post for post in self.posts for _ in range(post.count)]
        return [(str(3001 + place), post) for place, post in enumerate(posts)]

    async def hire(self, site: Site) -> None:
        """Give them accounts and phones; before Asterisk starts."""
        await hire(site, [agent for agent, _ in self._people()])

    async def come(self, site: Site) -> None:
        """Register the phones and make everybody available."""
        wanted = {phone.extension: phone.secret for phone in site.phones()}
        loop = asyncio.get_running_loop()
        server = (HOST, site.plan.sip)
        for agent, post in self._people():
            phone = BoardPhone(agent, wanted[agent], server, post.manner, self._holds)
            await loop.create_datagram_endpoint(lambda p=phone: p, local_addr=(PHONES, 0))  # type: ignore[misc] # bound now
            self.phones.append(phone)
        self.consoles = [ConsoleClient(HOST, site.plan.console) for _ in self.phones]
        async with asyncio.timeout(120):
            await asyncio.gather(*(phone.registered.wait() for phone in self.phones))
            people = zip(self._people(), self.consoles, strict=True)
            doors = asyncio.Semaphore(AT_ONCE)
            await asyncio.gather(
                *(self._sit_down(agent, seat, doors) for (agent, _), seat in people)
            )

    async def _sit_down(
        self, agent: str, console: ConsoleClient, doors: asyncio.Semaphore
    ) -> None:
        async with doors:
            await console.sign_in(agent, PASSWORD)
            await console.open()
        self._tasks.append(asyncio.create_task(self._work(agent, console)))
        await console.send("set_state", state="available")

    async def order(self, place: int, kind: str, **fields: str) -> None:
        """Let one agent do something at the console."""
        await self.consoles[place].send(kind, **fields)

    async def _work(self, agent: str, console: ConsoleClient) -> None:
        """Read what the page would show, and note the outcome of some calls."""
        chance = random.Random(agent)  # noqa: S311 - who is diligent, no secret
        asked: set[int] = set()
        async for at, message in console.messages():
            match message:
                case messages.WrapUpStarted(wrap_up=wrap_up) if not wrap_up.disposition:
                    if chance.random() < NOTES:
                        await asyncio.sleep(NOTED_AFTER)
                        call_id = wrap_up.call_id
                        asked.add(await console.send("dispose", call_id=call_id, code=OUTCOME))
                        await console.send("ready")
                case messages.Accepted(ref=ref) if ref in asked:
                    with self._notes.open("a", encoding="utf-8") as log:
                        log.write(f"{agent}|{at:.6f}\n")
                case _:
                    pass

    async def leave(self) -> None:
        """Close the consoles and the phones."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        for console in self.consoles:
            with contextlib.suppress(OSError):
                await console.close()
        for phone in self.phones:
            phone.close()
