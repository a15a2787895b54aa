"""The in-process bus: who wants to know gets told at once, and nobody can slow anybody down.

A subscriber has a bounded queue.  If it does not keep up, its queue is emptied and a single
:class:`Lagged` tells it to take a fresh snapshot; the publisher never waits.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from typing import Final, Protocol, Self

import msgspec

from cti import metrics
from cti.core.ids import AgentId

EVENTS: Final = "events"
"""Topic of every :data:`cti.core.events.DomainEvent`."""

STATUS: Final = "status"
"""Topic of :class:`cti.views.Health`, published when it changes."""


def agent_topic(agent_id: AgentId) -> str:
    """Return the topic of one agent: the pops, and the agent's own ``AgentStateChanged``."""
    return f"agent:{agent_id}"


class Lagged(msgspec.Struct, frozen=True):
    """The subscriber missed ``dropped`` messages: take a snapshot before going on."""

    dropped: int


class Subscription(Protocol):
    """An endless asynchronous iterator of messages; use it as a context manager."""

    def __aiter__(self) -> AsyncIterator[object]:
        """Iterate over the messages in order."""

    async def get(self) -> object:
        """Return the next message; raise :class:`StopAsyncIteration` after :meth:`close`."""

    def close(self) -> None:
        """End the subscription."""

    def __enter__(self) -> Self:
        """Return itself."""

    def __exit__(self, *exc: object) -> None:
        """Close."""


class Bus(Protocol):
    """Carries messages from the engine to whoever subscribed to a topic."""

    def publish(self, topic: str, message: object) -> int:
        """Hand ``message`` to the topic's subscribers and return how many they are."""

    def subscribe(self, *topics: str, size: int = 256) -> Subscription:
        """Return a subscription that holds ``size`` messages before it lags."""


class _LocalSubscription:
    def __init__(self, bus: "LocalBus", topics: tuple[str, ...], size: int) -> None:
        self._bus = bus
        self._topics = topics
        self._size = size
        self._messages: deque[object] = deque()
        self._ready = asyncio.Event()
        self._closed = False

    def put(self, message: object) -> None:
        if len(self._messages) >= self._size:
            first = self._messages[0]
            before = first.dropped - 1 if isinstance(first, Lagged) else 0
            dropped = len(self._messages) + before + 1
            self._messages.clear()
            self._messages.append(Lagged(dropped))
            metrics.SLOW_SUBSCRIBERS.inc()
        else:
            self._messages.append(message)
        self._ready.set()

    async def get(self) -> object:
        while not self._messages:
            if self._closed:
                raise StopAsyncIteration
            self._ready.clear()
            await self._ready.wait()
        return self._messages.popleft()

    def __aiter__(self) -> AsyncIterator[object]:
        return self

    async def __anext__(self) -> object:
        return await self.get()

    def close(self) -> None:
        self._closed = True
        self._ready.set()
        self._bus.remove(self, self._topics)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *exc: object) -> None:
        self.close()


class LocalBus:
    """The bus inside one process; publish from the event loop's own thread only."""

    def __init__(self) -> None:
        """Start without subscribers."""
        self._by_topic: dict[str, list[_LocalSubscription]] = {}

    def publish(self, topic: str, message: object) -> int:
        """Hand ``message`` to the topic's subscribers and return how many they are."""
        subscribers = self._by_topic.get(topic, ())
        for subscriber in subscribers:
            subscriber.put(message)
        return len(subscribers)

    def subscribe(self, *topics: str, size: int = 256) -> Subscription:
        """Return a subscription to all of ``topics``, in the order of publication."""
        if size < 1:
            raise ValueError("a subscription needs room for one message or more")
        subscription = _LocalSubscription(self, topics, size)
        for topic in topics:
            self._by_topic.setdefault(topic, []).append(subscription)
        return subscription

    def remove(self, subscription: _LocalSubscription, topics: tuple[str, ...]) -> None:
        """Forget a closed subscription."""
        for topic in topics:
            left = [s for s in self._by_topic.get(topic, ()) if s is not subscription]
            if left:
                self._by_topic[topic] = left
            else:
                self._by_topic.pop(topic, None)
