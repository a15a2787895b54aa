"""The event API as one thing: takes what the engine publishes, serves programs.

Whatever goes wrong here stays here: the engine and the agents' pages never wait for it.
"""

import asyncio
import contextlib
import secrets
from collections.abc import Callable, Sequence

from starlette.routing import BaseRoute, WebSocketRoute

from agent_console.events_api import metrics
from agent_console.events_api.feed import Feed
from agent_console.events_api.lines import Lines
from agent_console.events_api.messages import kind_of
from agent_console.events_api.ports import IntegrationStore
from agent_console.events_api.sender import Poster
from agent_console.events_api.webhooks import WebhookConfig, Webhooks
from agent_console.events_api.websocket import PATH, EventSockets
from agent_console.ports import Clock
from crm_lookup.numbers import NumberReader
from cti.core.ids import CallId


class EventsApi:
    """Everything of the event API in one process."""

    def __init__(
        self,
        store: IntegrationStore,
        numbers: NumberReader,
        queue_of: Callable[[CallId], str | None],
        clock: Clock,
        poster: Poster,
        config: WebhookConfig,
    ) -> None:
        self._clock = clock
        self._feed = Feed(secrets.token_hex(6), numbers, queue_of)
        self._lines = Lines(self._feed.standing)
        self.sockets = EventSockets(store, self._lines, clock)
        self.webhooks = Webhooks(store, poster, config, clock)
        self._tasks: list[asyncio.Task[None]] = []

    def routes(self) -> Sequence[BaseRoute]:
        """Return what the web application serves for programs."""
        return (WebSocketRoute(PATH, self.sockets.endpoint),)

    def take(self, message: object) -> None:
        """Take one thing that the engine publishes; never waits."""
        now = self._clock()
        for event in self._feed.take(message):
            metrics.EVENTS.labels(kind=kind_of(event)).inc()
            self._lines.publish(event, now)
            self.webhooks.take(event, now)

    async def start(self) -> None:
        """Begin to look after connections and to deliver."""
        await self.webhooks.start()
        self._tasks.append(asyncio.create_task(self.sockets.watch(), name="event-api-watch"))

    async def stop(self) -> None:
        """End all connections; what is not delivered stays stored."""
        self._lines.close_all()
        for task in self._tasks:
            task.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await task
        await self.webhooks.stop()
