"""What the voice-menu server is told at its start; plain records without defaults from outside."""

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from ipaddress import IPv4Network, IPv6Network
from typing import Final, Protocol, TypeAlias

import msgspec

from cti.core.routing import Decision
from ivr.callback import CallbackNumbers
from ivr.flow import Flow
from ivr.flow.calendar import Calendar, Moment
from ivr.flow.effects import Route
from ivr.prompt_ids import Language

Network: TypeAlias = IPv4Network | IPv6Network
Router: TypeAlias = Callable[[Route], Decision]
"""Knows the rules and the time."""
Clock: TypeAlias = Callable[[], Moment]
"""Knows the bank's time zone and holidays."""


NO_CALLBACKS: Final = CallbackNumbers(dialable=lambda _: "", spoken=lambda number: number)


def utc_clock() -> Moment:
    """Return the time in UTC, without holidays."""
    return Calendar().moment(datetime.now(UTC))


class Flows(Protocol):
    """The menus by name; :class:`ivr.flow.book.FlowBook` keeps them fresh."""

    def get(self, name: str) -> Flow:
        """Return the flow for a new call; raise :class:`ivr.errors.UnknownFlowError`."""


class IvrLimits(msgspec.Struct, frozen=True, kw_only=True):
    """How long and how much; all times in seconds."""

    guard: float = 4.0
    """Slack of ``TIMEOUT(absolute)``: after a freeze of ours the caller waits this long."""
    handshake: float = 5.0
    """A peer must have sent its whole environment by then, with the secret."""
    reply: float = 5.0
    """Asterisk must answer so long after what a command may rightly take."""
    sessions: int = 1000
    """Calls in the menu at a time; further ones go to the default queue."""
    strangers: int = 200
    """Connections at a time that have not shown the secret yet; a further one replaces the oldest.

    Asterisk shows it within milliseconds, so that those who wait are not calls.
    """
    connections: float = 100.0
    """Connections without the secret that one address may open in a second; others are hurried."""
    hurry: float = 0.5
    """A hurried peer must have shown the secret by then."""
    lookup: float = 0.05
    """For recognising the caller by number."""
    accounts: float = 8.0
    """For reading accounts."""
    pin: float = 5.0
    """For finding the claimed customer and checking the PIN."""
    resume: float = 600.0
    """For so long after a call broke off its customer is offered to go on; 0: never."""
    pin_answer: float = 1.0
    """A PIN is answered after a multiple of this time, so that the time tells nothing."""
    filler_after: float = 1.5
    """The caller hears ``please_wait`` when an answer takes longer."""
    filler_every: float = 6.0
    unknown_prompt: float = 20.0
    """Length assumed of a prompt whose recording was not found at the start."""


class IvrConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Where to listen, whom to trust, what to play."""

    host: str
    port: int
    """0 picks a free one."""
    secret: str
    """What the dialplan shows as the first AGI argument."""
    allow: tuple[Network, ...]
    """Networks whose Asterisk may connect."""
    flows: Flows
    route: Router
    """Decides where a caller waits; see :class:`ivr.routing.RoutingBook`."""
    callback: CallbackNumbers = NO_CALLBACKS
    """Which numbers a waiting caller may ask to be called back on."""
    clock: Clock = utc_clock
    """What branches on the time go by."""
    lengths: Mapping[tuple[Language, str], float] = {}
    """Seconds of each recording by language and prompt id; see :func:`ivr.lengths.read`."""
    default_language: Language = "zh"
    """When the dialplan names none."""
    limits: IvrLimits = IvrLimits()

    def __repr__(self) -> str:
        return f"IvrConfig(host={self.host!r}, port={self.port}, secret='***')"
