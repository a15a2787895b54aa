"""Typed commands for Asterisk and how AMI spells them; no other module names an action."""

from collections.abc import Mapping
from typing import Final, TypeAlias

import msgspec

from cti.core import channel_vars as cv
from cti.core import monitors
from cti.core.ids import AgentId, QueueName

CALLBACK_CONTEXT: Final = "hotline-callback-dial"
Fields: TypeAlias = tuple[tuple[str, str], ...]


class Action(msgspec.Struct, frozen=True):
    """One AMI action, ready for the wire."""

    name: str
    fields: Fields = ()


PING: Final = Action("Ping")
QUEUE_STATUS: Final = Action("QueueStatus")
CORE_SHOW_CHANNELS: Final = Action("CoreShowChannels")


def login(username: str, secret: str) -> Action:
    """Sign in and ask for every event that the account's filters let through."""
    return Action("Login", (("Username", username), ("Secret", secret), ("Events", "on")))


def queue_add(
    queue: QueueName, interface: str, agent_id: AgentId, penalty: int, paused_reason: str = ""
) -> Action:
    """Make the agent a dynamic member; with a reason, paused from the start."""
    fields: Fields = (
        ("Queue", queue),
        ("Interface", interface),
        ("MemberName", agent_id),
        ("Penalty", str(penalty)),
    )
    if paused_reason:
        fields += (("Paused", "true"), ("Reason", paused_reason))
    return Action("QueueAdd", fields)


def queue_remove(queue: QueueName, interface: str) -> Action:
    """End a dynamic membership."""
    return Action("QueueRemove", (("Queue", queue), ("Interface", interface)))


def queue_penalty(queue: QueueName, interface: str, penalty: int) -> Action:
    """Change the order in which members are asked."""
    return Action(
        "QueuePenalty",
        (("Queue", queue), ("Interface", interface), ("Penalty", str(penalty))),
    )


def queue_pause(interface: str, reason: str) -> Action:
    """Pause the member in all its queues."""
    return Action("QueuePause", (("Interface", interface), ("Paused", "true"), ("Reason", reason)))


def queue_unpause(interface: str, queue: QueueName | None = None) -> Action:
    """End the member's pause in all its queues, or in one only."""
    fields: Fields = (("Interface", interface), ("Paused", "false"))
    return Action("QueuePause", fields if queue is None else (("Queue", queue), *fields))


def queue_priority(queue: QueueName, channel: str, priority: int) -> Action:
    """Give a waiting caller another priority and, by that, another place, at once."""
    return Action(
        "QueueChangePriorityCaller",
        (
            ("Queue", queue),
            ("Caller", channel),
            ("Priority", str(priority)),
            ("Immediate", "yes"),
        ),
    )


def queue_overflow(
    queue: QueueName, channel: str, target: QueueName, priority: int, position: int
) -> Action:
    """Let a waiting caller leave ``queue``; the dialplan puts them into ``target``.

    The information travels with the withdrawal, so that no variable can go stale: see the
    extension ``overflow`` of dialplans/inbound.conf.j2.  A caller for whom a phone rings is
    withdrawn only when nobody answers (``app_queue``, ``queue_exec``).
    """
    info = f"overflow,{target},{priority},{position}"
    return Action(
        "QueueWithdrawCaller", (("Queue", queue), ("Caller", channel), ("WithdrawInfo", info))
    )


def queue_voicemail(queue: QueueName, channel: str) -> Action:
    """Let a waiting caller leave ``queue``; the dialplan asks for a message."""
    return Action(
        "QueueWithdrawCaller",
        (("Queue", queue), ("Caller", channel), ("WithdrawInfo", "voicemail")),
    )


def queue_offer_callback(queue: QueueName, channel: str) -> Action:
    """Let a waiting caller leave ``queue``; the dialplan offers a callback."""
    return Action(
        "QueueWithdrawCaller",
        (("Queue", queue), ("Caller", channel), ("WithdrawInfo", "callback")),
    )


def set_variable(channel: str, name: str, value: str) -> Action:
    """Set a channel's variable; ``channel`` is a name or a uniqueid."""
    return Action("Setvar", (("Channel", channel), ("Variable", name), ("Value", value)))


def set_global(name: str, value: str) -> Action:
    """Set a global variable of the dialplan."""
    return Action("Setvar", (("Variable", name), ("Value", value)))


def redirect(channel: str, context: str, exten: str) -> Action:
    """Let a channel go on elsewhere in the dialplan; whoever was bridged with it is hung up."""
    fields = (("Channel", channel), ("Context", context), ("Exten", exten), ("Priority", "1"))
    return Action("Redirect", fields)


def redirect_both(first: tuple[str, str, str], second: tuple[str, str, str]) -> Action:
    """Let two bridged channels go on elsewhere, each ``(channel, context, exten)``."""
    fields: Fields = ()
    for prefix, (channel, context, exten) in (("", first), ("Extra", second)):
        fields += (
            (prefix + "Channel", channel),
            (prefix + "Context", context),
            (prefix + "Exten", exten),
            (prefix + "Priority", "1"),
        )
    return Action("Redirect", fields)


def originate_callback(
    uniqueid: str, trunk: str, ring: float, variables: Mapping[str, str]
) -> Action:
    """Dial a customer who wants to be called back; beside :func:`originate_monitor` our only one.

    It goes through the extension of a declared trunk in a fixed context (the template is
    dialplans/callback.conf.j2): which numbers exist, and what happens with who answers, stands
    there.  ``uniqueid`` is given to the Local channel, so that a picture of Asterisk shows whether
    the try is under way.  ``ring`` in seconds; the variables are inherited by the customer's leg.
    """
    fields: Fields = (
        ("Channel", f"Local/{trunk}@{CALLBACK_CONTEXT}/n"),
        ("ChannelId", uniqueid),
        ("Context", CALLBACK_CONTEXT),
        ("Exten", "nobody"),
        ("Priority", "1"),
        ("Timeout", str(round((ring + 10) * 1000))),
        ("Async", "true"),
    )
    # A comma would begin another variable (``astman_get_variables`` of manager.c).
    values = {k: "".join(c for c in v if c not in ',"\\') for k, v in variables.items()}
    return Action(
        "Originate", fields + tuple(("Variable", f"__{k}={v}") for k, v in values.items())
    )


def originate_monitor(
    uniqueid: str, extension: str, mode: str, heard: str, shown: str, ring: float
) -> Action:
    """Ring a supervisor's own phone; who answers hears one channel, and no other.

    ``heard`` is that channel's uniqueid, ``shown`` what stands on the ringing phone, ``ring`` in
    seconds.  The context (dialplans/monitor.conf.j2) knows nothing but the three modes.
    """
    return Action(
        "Originate",
        (
            ("Channel", f"PJSIP/{extension}"),
            ("ChannelId", uniqueid),
            ("Context", monitors.CONTEXT),
            ("Exten", mode),
            ("Priority", "1"),
            ("CallerID", f'"{shown}" <{extension}>'),
            ("Timeout", str(round(ring * 1000))),
            ("Async", "true"),
            ("Variable", f"{cv.HEARD}={heard}"),
        ),
    )


def channel_status(channel: str) -> Action:
    """Ask where one channel is; the item's ``BridgeID`` is empty while it is in no bridge."""
    return Action("Status", (("Channel", channel),))


HELD: Final = "CHANNEL(onhold)"
"""What :data:`CHANNELS_HELD` asks of each channel: ``1`` or ``0``."""

CHANNELS_HELD: Final = Action("Status", (("Variables", HELD),))
"""Ask for all channels, and which of them the other side has put on hold."""


def hang_up(channel: str) -> Action:
    """End a channel; ``channel`` is a name or a uniqueid."""
    return Action("Hangup", (("Channel", channel), ("Cause", "16")))


ALREADY_THERE: Final = "Already there"
"""In the refusal of a ``QueueAdd`` for a member that exists."""

NOT_THERE: Final = "Not there"
"""In the refusal of a ``QueueRemove`` for a member that does not exist."""

NO_SUCH_QUEUE: Final = "No such queue"
INTERFACE_NOT_FOUND: Final = "Interface not found"
"""The refusal of a ``QueuePause`` for an interface that is a member of no queue."""
