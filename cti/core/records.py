"""What Asterisk told us, as typed records without AMI spelling; the input of the fold.

``at`` is seconds since the epoch by Asterisk's clock.
"""

from typing import Literal, TypeAlias

import msgspec

from cti.core.ids import AgentId, CallId, QueueName
from cti.core.user_events import UserEvent

Device: TypeAlias = Literal["unknown", "free", "in_use", "unreachable", "ringing", "on_hold"]


class CallVars(msgspec.Struct, frozen=True, gc=False):
    """The channel variables that Asterisk attaches to every event of a channel, in its order."""

    call_id: str = ""
    customer: str = ""
    verified: str = ""
    language: str = ""
    reason: str = ""
    menu_path: str = ""
    priority: str = ""
    dnis: str = ""
    trunk: str = ""


class Leg(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One channel at one instant."""

    channel: str
    uniqueid: str
    linkedid: str
    caller_num: str = ""
    """As presented; empty when Asterisk says ``<unknown>``."""
    context: str = ""
    exten: str = ""
    up: bool = False
    application: str = ""
    bridge: str = ""
    held: bool | None = None
    """Whether the other side holds this leg; ``None``: not told, as outside pictures."""
    vars: CallVars = CallVars()

    def born(self, now: float) -> float:
        """Return the second in which the channel began, as its uniqueid tells; else ``now``."""
        second, _ = _birth(self.uniqueid)
        return float(second) if second <= now else now


class Record(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Base of all records."""

    at: float
    server: str = ""


class LegSeen(Record, frozen=True, kw_only=True):
    """A channel changed its state (rings, was answered)."""

    leg: Leg


class LegHeld(Record, frozen=True, kw_only=True):
    leg: Leg


class LegUnheld(Record, frozen=True, kw_only=True):
    leg: Leg


class HangupRequested(Record, frozen=True, kw_only=True):
    """The far end of this leg asked to hang up (a SIP BYE, or a refusal while it rang)."""

    leg: Leg


class LegGone(Record, frozen=True, kw_only=True):
    leg: Leg
    cause: int


class CallerJoined(Record, frozen=True, kw_only=True):
    leg: Leg
    queue: QueueName
    position: int


class CallerGaveUp(Record, frozen=True, kw_only=True):
    """``QueueCallerAbandon``: hung up while waiting, **or** left alive by time-out or withdrawal.

    ``app_queue`` (22.10) publishes the same event for both.
    """

    leg: Leg
    queue: QueueName
    position: int


class MemberCalled(Record, frozen=True, kw_only=True):
    leg: Leg
    agent_leg: Leg
    queue: QueueName
    interface: str
    member_name: AgentId


class MemberMissed(Record, frozen=True, kw_only=True):
    leg: Leg
    queue: QueueName
    interface: str
    member_name: AgentId
    ring_time: float


class MemberConnected(Record, frozen=True, kw_only=True):
    leg: Leg
    agent_leg: Leg
    queue: QueueName
    interface: str
    member_name: AgentId


class MemberCompleted(Record, frozen=True, kw_only=True):
    leg: Leg
    queue: QueueName
    interface: str
    member_name: AgentId
    talk_time: float
    reason: str
    """``caller``, ``agent`` or ``transfer``."""


class Member(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One agent's membership of one queue."""

    queue: QueueName
    member_name: AgentId
    interface: str
    penalty: int = 0
    device: Device = "unknown"
    in_call: bool = False
    paused: bool = False
    paused_reason: str = ""
    last_pause: float = 0.0
    """When the pause began, whole seconds since the epoch; 0 if never paused."""
    last_call: float = 0.0
    """When the last call of this queue ended, whole seconds since the epoch; 0 if none did."""


class MemberAdded(Record, frozen=True, kw_only=True):
    member: Member


class MemberRemoved(Record, frozen=True, kw_only=True):
    member: Member


class MemberPaused(Record, frozen=True, kw_only=True):
    """The pause of a membership changed."""

    member: Member


class MemberStatus(Record, frozen=True, kw_only=True):
    """The member's phone or penalty changed."""

    member: Member


class HotlineTold(Record, frozen=True, kw_only=True):
    """The menu or the dialplan spoke through a ``UserEvent``."""

    leg: Leg
    event: UserEvent


class Waiting(msgspec.Struct, frozen=True, kw_only=True):
    """One caller in a queue, as a snapshot shows it."""

    queue: QueueName
    uniqueid: str
    position: int
    wait_time: float
    priority: int = 0


class Snapshot(Record, frozen=True, kw_only=True):
    """A whole picture of Asterisk; ``at`` is taken before the picture, by Asterisk's clock."""

    queues: tuple[QueueName, ...]
    members: tuple[Member, ...]
    waiting: tuple[Waiting, ...]
    legs: tuple[Leg, ...]

    def by_call(self) -> dict[CallId, list[Leg]]:
        """Return the legs of each of our calls, oldest first."""
        calls: dict[CallId, list[Leg]] = {}
        for leg in sorted(self.legs, key=lambda leg: _birth(leg.uniqueid)):
            if leg.vars.call_id:
                calls.setdefault(CallId(leg.vars.call_id), []).append(leg)
        return calls


def _birth(uniqueid: str) -> tuple[int, int]:
    """Return ``(second, number)`` of ``[system-]second.number``; unreadable ones come last."""
    second, _, number = uniqueid.rpartition("-")[2].partition(".")
    if second.isdecimal() and number.isdecimal():
        return int(second), int(number)
    return 1 << 62, 0
