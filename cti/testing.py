"""Twins of Asterisk for tests: play recordings through the real framing and fold, fake a link.

Shipped, so that the packages above this one can test against the engine without an Asterisk.
"""

import asyncio
import random
from collections.abc import Callable, Sequence

from cti import ami_events
from cti.ami.client import AmiConfig
from cti.ami.framing import Framer, Message
from cti.ami.protocol import Reply
from cti.ami_actions import Action
from cti.core import events as ev
from cti.core.fold import apply
from cti.core.world import World
from cti.errors import AmiUnavailableError


def messages(recording: bytes, seed: int | None = None) -> list[Message]:
    """Return the messages of a recorded stream; with a seed, fed in chunks of random sizes."""
    framer = Framer()
    if seed is None:
        return framer.feed(recording)
    rng = random.Random(seed)  # noqa: S311 -- reproducible test data, no secret
    out: list[Message] = []
    at = 0
    while at < len(recording):
        size = rng.choice((1, 2, 3, 7, 64, 1500, 4096))
        out += framer.feed(recording[at : at + size])
        at += size
    return out


def replay(world: World, stream: Sequence[Message]) -> list[ev.DomainEvent]:
    """Apply recorded messages to ``world`` and return the domain events that they meant."""
    out: list[ev.DomainEvent] = []
    for message in stream:
        record = ami_events.decode(message, now=0.0) if message.event else None
        if record is not None:
            out += apply(world, record)
    return out


class FakeLink:
    """Stands in for :class:`cti.ami.client.AmiClient`: no socket, answers at once.

    Pass ``FakeLink`` itself as the engine's ``link``; the engine's ``link`` attribute is then the
    instance, on which a test calls :meth:`boot`, :meth:`say` and :meth:`break_down`.
    """

    def __init__(
        self,
        config: AmiConfig,
        *,
        on_event: Callable[[Message], None],
        on_ready: Callable[[], None],
        on_down: Callable[[str], None],
    ) -> None:
        """Take what the real client takes."""
        del config
        self._on_event = on_event
        self._on_ready = on_ready
        self._on_down = on_down
        self.up = False
        self.hurried = False
        self.sent: list[Action] = []
        self.queues: tuple[Message, ...] = (
            Message({"Event": "QueueParams", "Queue": "service"}, {}),
            Message({"Event": "QueueParams", "Queue": "vip"}, {}),
        )
        """The items with which ``QueueStatus`` is answered."""
        self.channels: tuple[Message, ...] = ()
        self.status: tuple[Message, ...] = ()
        """The items with which ``Status`` of one channel is answered."""
        self.clock = "1.0"
        """Asterisk's clock, as a ``Ping`` tells it."""
        self.refusals: dict[str, str] = {}
        """Answer the action of this name with this error."""

    async def start(self) -> None:
        """Stay down until :meth:`boot`."""

    async def stop(self) -> None:
        """Go down for good."""
        self.up = False

    def boot(self) -> None:
        """Asterisk is fully booted."""
        self.up = True
        self._on_ready()

    def break_down(self, cause: str = "closed") -> None:
        """The connection is lost."""
        self.up = False
        self._on_down(cause)

    def say(self, *stream: Message) -> None:
        """Asterisk publishes events."""
        for message in stream:
            if message.event:
                self._on_event(message)

    def hurry(self, calls_alive: bool) -> None:
        """Remember how fast the engine wants to ping."""
        self.hurried = calls_alive

    async def request(self, action: Action) -> Reply:
        """Answer an action."""
        return await self.post(action)

    def post(self, action: Action) -> "asyncio.Future[Reply]":
        """Answer an action."""
        if not self.up:
            raise AmiUnavailableError("the fake link is down; call boot()")
        self.sent.append(action)
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        answer.set_result(self._answer(action))
        return answer

    def _answer(self, action: Action) -> Reply:
        if action.name in self.refusals:
            headers = {"Response": "Error", "Message": self.refusals[action.name]}
            return Reply(Message(headers, {}))
        success = Message({"Response": "Success", "Timestamp": self.clock}, {})
        items = {"QueueStatus": self.queues, "CoreShowChannels": self.channels}
        items["Status"] = self.status
        return Reply(success, items.get(action.name, ()))
