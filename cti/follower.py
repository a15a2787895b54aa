"""Follows one Asterisk: its messages in order, and a picture of it after every connection.

The AMI reader only puts messages into a queue; one task takes them out and applies them to the
state.  Messages that come while a picture is drawn are held, and those that are older than the
picture are dropped.
"""

import asyncio
import time
from collections.abc import Callable, Sequence
from typing import Final

import msgspec
import structlog

from cti import ami_events, metrics
from cti.ami.framing import Message
from cti.callbacks import Callbacks
from cti.core import fold, records, resync
from cti.core.world import World
from cti.errors import AmiError, CommandError
from cti.history.away import AwayCalls
from cti.history.catch_up import catch_up, end_is_missing, needed_since
from cti.history.queue_log import QueueLine
from cti.link import Link, take_picture
from cti.monitoring import Monitoring
from cti.spreader import Spreader
from cti.tasks import Tasks
from cti.wrap_up import WrapUps

_log = structlog.get_logger(__name__)

_RETRY_PICTURE: Final = 0.5
_LINE_WRITTEN: Final = 0.1
"""Seconds after which app_queue has surely written who ended a conversation."""
_REPAIR_EVERY: Final = 10.0
"""Seconds between resynchronisations that refused events cause, at least."""
_AT_A_STRETCH: Final = 0.002
"""Seconds after which others get their turn before the next message is applied."""


class Ready(msgspec.Struct, frozen=True):
    """The connection stands, and Asterisk is fully booted."""


class Down(msgspec.Struct, frozen=True):
    """The connection is gone."""

    cause: str


class Picture(msgspec.Struct, frozen=True):
    """What Asterisk said that there is."""

    snapshot: records.Snapshot
    lines: Sequence[QueueLine]
    """What queue_log has of the calls that live."""


class Inbox:
    """What the connection told and nobody applied yet; its methods never block."""

    def __init__(self) -> None:
        """Start empty."""
        self.items: asyncio.Queue[Message | Ready | Down | Picture] = asyncio.Queue()

    def message(self, message: Message) -> None:
        """Take one message of Asterisk."""
        self.items.put_nowait(message)

    def ready(self) -> None:
        """Take that the connection stands, and that Asterisk is fully booted."""
        self.items.put_nowait(Ready())

    def down(self, cause: str) -> None:
        """Take that the connection is gone."""
        self.items.put_nowait(Down(cause))


class Follower:
    """Keeps the state in step with Asterisk."""

    def __init__(
        self,
        inbox: Inbox,
        link: Link,
        world: World,
        spreader: Spreader,
        wrap_ups: WrapUps,
        callbacks: Callbacks,
        away: AwayCalls,
        monitoring: Monitoring,
        clock: Callable[[], float],
        on_step: Callable[[], None],
    ) -> None:
        """``on_step`` hears when the state begins to equal Asterisk's, and when it ceases to."""
        self._inbox = inbox.items
        self._link = link
        self._world = world
        self._spreader = spreader
        self._wrap_ups = wrap_ups
        self._callbacks = callbacks
        self._away = away
        self._monitoring = monitoring
        self._clock = clock
        self._on_step = on_step
        self._tasks = Tasks()
        self._held: list[Message] | None = None
        """Events that wait for the picture of Asterisk; ``None`` when in step."""
        self._drawing: asyncio.Task[None] | None = None
        self._last_repair = float("-inf")
        self._in_step = asyncio.Event()
        self.connected = False
        self.down_cause = "not connected yet"

    @property
    def in_step(self) -> bool:
        """Whether the state equals Asterisk's."""
        return self._in_step.is_set()

    def start(self) -> None:
        """Begin to apply what comes in."""
        self._tasks.spawn(self._apply_all(), "cti-apply")

    async def stop(self) -> None:
        """Apply nothing more."""
        await self._tasks.stop()

    async def wait_in_step(self) -> None:
        """Return when the state equals Asterisk's."""
        await self._in_step.wait()

    def repair(self) -> None:
        """Take a fresh picture, because the state and Asterisk's events contradict each other."""
        now = time.monotonic()
        if self.in_step and now - self._last_repair > _REPAIR_EVERY:
            self._last_repair = now
            self._take_picture()

    async def _apply_all(self) -> None:
        begun = time.monotonic()
        while True:
            # The queue alone would not let others run while it holds anything, and a pop that was
            # raised by the first of many messages waits for its turn to be written.
            if time.monotonic() - begun > _AT_A_STRETCH:
                await asyncio.sleep(0)
                begun = time.monotonic()
            item = await self._inbox.get()
            metrics.PENDING.set(self._inbox.qsize())
            try:
                self._take(item)
            except Exception:  # noqa: BLE001 -- one bad message must not end the engine
                _log.exception("cti_apply_failed", item=type(item).__name__)

    def _take(self, item: Message | Ready | Down | Picture) -> None:
        match item:
            case Message():
                if self._held is not None:
                    self._held.append(item)
                else:
                    self._apply(item)
            case Ready():
                self.connected = True
                self._take_picture()
            case Down():
                self.connected = False
                self._held = None
                self._away.away_since(self._clock())
                self.down_cause = item.cause
                self._set_in_step(False)
            case Picture():
                self._apply_picture(item.snapshot, item.lines)

    def _apply(self, message: Message, not_before: float = 0.0) -> None:
        now = self._clock()
        try:
            record = ami_events.decode(message, now)
        except ami_events.MalformedEventError as error:
            metrics.MALFORMED.inc()
            _log.warning("ami_event_malformed", error=str(error))
            return
        if record is None:
            return
        if record.at >= not_before or fold.says_who_hung_up(self._world, record):
            self._spreader.spread(fold.apply(self._world, record))
            if self._world.wishes:
                self._callbacks.take_wishes()

    def _take_picture(self) -> None:
        self._held = self._held or []
        if self._drawing is not None:
            self._drawing.cancel()
        self._drawing = self._tasks.spawn(self._draw(), "cti-resync")

    async def _draw(self) -> None:
        while self.connected:
            try:
                picture = await take_picture(self._link, self._world.server, self._clock)
            except (AmiError, CommandError, ami_events.MalformedEventError) as error:
                _log.warning("cti_resync_failed", error=str(error))
                await asyncio.sleep(_RETRY_PICTURE)
            else:
                since = needed_since(self._world, picture)
                lines = await self._lines(picture, since) if since is not None else []
                self._inbox.put_nowait(Picture(picture, lines))
                return

    async def _lines(self, picture: records.Snapshot, since: float) -> Sequence[QueueLine]:
        lines = await self._away.lines(since)
        if end_is_missing(self._world, picture, lines):
            await asyncio.sleep(_LINE_WRITTEN)
            lines = await self._away.lines(since)
        return lines

    def _apply_picture(self, snapshot: records.Snapshot, lines: Sequence[QueueLine]) -> None:
        if not self.connected:
            return
        metrics.RESYNCS.inc()
        told = catch_up(self._world, snapshot, lines)
        self._spreader.spread(told + resync.apply_snapshot(self._world, snapshot))
        self._wrap_ups.reconcile(self._world, snapshot)
        self._callbacks.reconcile(snapshot)
        self._monitoring.reconcile(snapshot)
        held, self._held = self._held or [], None
        for message in held:
            # What is older than the picture is in it already, but for who is hanging up.
            self._apply(message, not_before=snapshot.at)
        self._set_in_step(True)
        filling = self._away.fill(snapshot.at, self._world.server)
        self._tasks.spawn(filling, "cti-rebuild")

    def _set_in_step(self, in_step: bool) -> None:
        metrics.CONNECTED.set(int(in_step))
        if in_step == self._in_step.is_set():
            return
        if in_step:
            self._in_step.set()
        else:
            self._in_step.clear()
        self._on_step()
