"""What the engine needs of a connection to Asterisk, and how it asks for a whole picture."""

import asyncio
from collections.abc import Callable
from typing import Protocol

from cti import ami_events
from cti.ami.protocol import Reply
from cti.ami_actions import CHANNELS_HELD, CORE_SHOW_CHANNELS, PING, QUEUE_STATUS, Action
from cti.core.records import Snapshot
from cti.errors import AmiError, AsteriskRefusedError


class Link(Protocol):
    """The connection to Asterisk, as :class:`cti.ami.client.AmiClient` has it."""

    async def start(self) -> None:
        """Begin to connect."""

    async def stop(self) -> None:
        """Disconnect for good."""

    async def request(self, action: Action) -> Reply:
        """Send once, return the answer."""

    def post(self, action: Action) -> "asyncio.Future[Reply]":
        """Send once and at once, return the future of the answer."""

    def hurry(self, calls_alive: bool) -> None:
        """Ping fast, or not."""


async def take_picture(link: Link, server: str, clock: Callable[[], float]) -> Snapshot:
    """Ask Asterisk for all queues and channels.

    The ``Ping`` tells the time by Asterisk's clock before the picture: events that are older are
    in it.  ``QueueStatus`` comes first, for a caller may be answered between the two.  Raises
    :class:`cti.errors.AmiError`, :class:`cti.errors.AsteriskRefusedError` or
    :class:`cti.ami_events.MalformedEventError`.
    """
    pong = await link.request(PING)
    queues = await link.request(QUEUE_STATUS)
    channels = await link.request(CORE_SHOW_CHANNELS)
    try:
        held = (await link.request(CHANNELS_HELD)).items
    except AmiError:  # a picture without it is better than none
        held = ()
    for reply in (queues, channels):
        if not reply.success:
            raise AsteriskRefusedError(
                f"Asterisk refused a picture of its state ({reply.text}); give the manager account"
                " the write classes agent and reporting"
            )
    at = ami_events.event_time(pong.message, clock())
    return ami_events.snapshot(at, server, channels.items, queues.items, held)
