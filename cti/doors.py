"""Which queues take new callers, and what every new caller hears first.

Asterisk keeps both in global variables, so that they hold for menus on any machine and while we
are down; a fresh Asterisk forgets them, so each new picture of it is followed by telling them
again.  Whoever keeps them over our own restart calls :meth:`Doors.restore`.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from typing import Final

import structlog

from cti.ami.protocol import Reply
from cti.ami_actions import Action, set_global
from cti.core import channel_vars as cv
from cti.core import events as ev
from cti.core.ids import QueueName
from cti.core.world import World
from cti.errors import AmiError, AsteriskRefusedError, NotAllowedNowError, UnknownQueueError

_log = structlog.get_logger(__name__)

LONGEST: Final = 1000
"""Characters that a variable may have: AGI reads no more."""


class Doors:
    """Closed queues and the announcement, in Asterisk and here."""

    def __init__(
        self,
        post: "Callable[[Action], asyncio.Future[Reply]]",
        clock: Callable[[], float],
        record: Callable[[ev.DomainEvent], None],
    ) -> None:
        """``post`` puts an action on the wire at once; ``record`` lets an event happen."""
        self._post = post
        self._clock = clock
        self._record = record
        self._closed: frozenset[QueueName] = frozenset()
        self._announced: Mapping[str, str] = {}

    @property
    def closed(self) -> frozenset[QueueName]:
        """The queues that take no new callers."""
        return self._closed

    def restore(self, closed: Iterable[QueueName], announced: Mapping[str, str]) -> None:
        """Take over what an earlier run left; Asterisk is told with its next picture."""
        self._closed = frozenset(closed)
        self._announced = dict(announced)

    async def close(self, world: World, queue: QueueName, reason: str, by: str) -> None:
        """Let the queue take no new callers; who waits in it already waits on.

        Raises :class:`cti.errors.CommandError` or :class:`cti.errors.AmiError`.
        """
        if queue not in world.queues:
            raise UnknownQueueError(f"Asterisk has no queue {queue!r}; add it to the settings")
        wanted = self._closed | {queue}
        if len(encoded(wanted)) > LONGEST:
            raise NotAllowedNowError("too many queues are closed; open one first")
        await self._tell({cv.CLOSED_QUEUES: encoded(wanted)})
        self._closed = wanted
        self._record(ev.QueueClosed(at=self._clock(), queue=queue, reason=reason, by=by))

    async def open(self, queue: QueueName, by: str) -> None:
        """Let the queue take callers again.

        Raises :class:`cti.errors.CommandError` or :class:`cti.errors.AmiError`.
        """
        wanted = self._closed - {queue}
        await self._tell({cv.CLOSED_QUEUES: encoded(wanted)})
        self._closed = wanted
        self._record(ev.QueueOpened(at=self._clock(), queue=queue, by=by))

    async def announce(
        self, announcement_id: str, sounds: Mapping[str, str], reason: str, by: str
    ) -> None:
        """Play to new callers, by language, what Asterisk's ``Playback`` takes.

        Raises :class:`cti.errors.CommandError` or :class:`cti.errors.AmiError`.
        """
        await self._tell(_announcement(sounds))
        self._announced = dict(sounds)
        self._record(
            ev.AnnouncementSwitchedOn(
                at=self._clock(), announcement_id=announcement_id, reason=reason, by=by
            )
        )

    async def silence(self, announcement_id: str, by: str) -> None:
        """Play no announcement any more.

        Raises :class:`cti.errors.CommandError` or :class:`cti.errors.AmiError`.
        """
        await self._tell(_announcement({}))
        self._announced = {}
        self._record(
            ev.AnnouncementSwitchedOff(at=self._clock(), announcement_id=announcement_id, by=by)
        )

    def on_event(self, world: World, event: ev.DomainEvent) -> None:
        """Tell a fresh Asterisk, or one that missed something, everything again."""
        del world
        if not isinstance(event, ev.EngineResynchronised):
            return
        values = {cv.CLOSED_QUEUES: encoded(self._closed), **_announcement(self._announced)}
        for name, value in values.items():
            try:
                self._post(set_global(name, value)).add_done_callback(_note)
            except AmiError as error:
                _log.warning("doors_not_told", error=str(error))
                return  # the next picture comes with the next connection

    async def _tell(self, values: Mapping[str, str]) -> None:
        for name, value in values.items():
            reply = await self._post(set_global(name, value))
            if not reply.success:
                raise AsteriskRefusedError(f"Asterisk refused to set {name}: {reply.text}")


def encoded(queues: Iterable[QueueName]) -> str:
    """Return ``,service,vip,``; empty without any, so that one search finds a whole name."""
    names = sorted(queues)
    return f",{','.join(names)}," if names else ""


def decoded(text: str) -> frozenset[QueueName]:
    """Return the queues of :func:`encoded`."""
    return frozenset(QueueName(name) for name in text.split(",") if name)


def _announcement(sounds: Mapping[str, str]) -> dict[str, str]:
    return {name: sounds.get(language, "") for language, name in cv.ANNOUNCEMENTS.items()}


def _note(answer: "asyncio.Future[Reply]") -> None:
    failed = answer.cancelled() or answer.exception() is not None
    if failed or not answer.result().success:
        _log.warning("doors_not_told", error="no answer" if failed else answer.result().text)
