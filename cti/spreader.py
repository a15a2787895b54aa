"""Tells everybody what changed in the state, in one fixed order.

Whoever changes :class:`cti.core.world.World` does so inside :meth:`Spreader.changes` or hands the
events to :meth:`Spreader.spread`.  The reactions (pops, wrap-ups, …) come first, in the order in
which they were added, then the bus, then the journal; an event that a reaction causes has its turn
after the one that caused it.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import Final, TypeAlias

import structlog
from prometheus_client import Counter

from cti import metrics
from cti.bus import EVENTS, Bus, agent_topic
from cti.core import events as ev
from cti.core.world import World

_log = structlog.get_logger(__name__)

_SETTLE: Final = 2.0
"""Seconds that a command waits for the events that show its effect."""

Reaction: TypeAlias = Callable[[World, ev.DomainEvent], None]


@cache
def _counted(kind: type[ev.DomainEvent]) -> Counter:
    """The counter of one kind of event; looking it up by its label costs more than an event."""
    return metrics.EVENTS.labels(kind.__name__)


class Spreader:
    """Hands the events of the world to the reactions, the bus and the journal."""

    def __init__(
        self,
        world: World,
        bus: Bus,
        write: Callable[[ev.DomainEvent], None],
        hurry: Callable[[bool], None],
    ) -> None:
        """``write`` puts into the journal; ``hurry`` hears whether any call is alive."""
        self._world = world
        self._bus = bus
        self._write = write
        self._hurry = hurry
        self._reactions: tuple[Reaction, ...] = ()
        self._on_refused: Callable[[], None] = lambda: None
        self._unspread: deque[ev.DomainEvent] = deque()
        self._spreading = False
        self._waiters: list[tuple[Callable[[], bool], asyncio.Future[None]]] = []
        self.rejected = 0
        """Refused events since the start."""

    def tell(self, *reactions: Reaction, on_refused: Callable[[], None]) -> None:
        """Say who reacts to events, in this order, and who hears that one was refused."""
        self._reactions = reactions
        self._on_refused = on_refused

    def record(self, event: ev.DomainEvent) -> None:
        """Let an event happen that no message of Asterisk tells."""
        with self.changes():
            self._world.emit(event)

    @contextmanager
    def changes(self) -> Iterator[None]:
        """Spread what the block does to the world, also if it raises."""
        try:
            yield
        finally:
            self.spread(self._world.take())

    def spread(self, events: Sequence[ev.DomainEvent]) -> None:
        """Hand the events on; returns when everybody was told."""
        self._unspread.extend(events)
        if self._spreading:
            return  # a reaction made a further event; it has its turn in the loop below
        self._spreading = True
        try:
            self._spread_all()
        finally:
            self._spreading = False
        self._hurry(self._world.any_living)
        for predicate, future in self._waiters:
            if not future.done() and predicate():
                future.set_result(None)

    async def until(self, predicate: Callable[[], bool]) -> None:
        """Wait until Asterisk's events show what it has accepted; a short while at most."""
        if predicate():
            return
        waiter = (predicate, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(_SETTLE):
                await waiter[1]
        except TimeoutError:
            _log.warning("cti_command_not_seen")
        finally:
            self._waiters.remove(waiter)

    def _spread_all(self) -> None:
        while self._unspread:
            event = self._unspread.popleft()
            _counted(type(event)).inc()
            for reaction in self._reactions:
                reaction(self._world, event)
            self._bus.publish(EVENTS, event)
            if isinstance(event, ev.AgentStateChanged | ev.WrapUpExtended):
                self._bus.publish(agent_topic(event.agent_id), event)
            self._write(event)
        for refused in self._world.take_rejections():
            self.rejected += 1
            metrics.REJECTED.labels(refused.what).inc()
            _log.warning("cti_event_refused", what=refused.what, why=refused.why)
            self._on_refused()
