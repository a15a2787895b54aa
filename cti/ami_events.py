"""How AMI spells what happens: messages to typed records.

No other module names an event's headers.

Headers were checked against recordings of Asterisk 22.10.1 (tests/fixtures/ami).
"""

import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Any, Final

import msgspec

from cti.ami.framing import Message
from cti.ami_actions import HELD
from cti.core import channel_vars as cv
from cti.core import records as rec
from cti.core import user_events
from cti.core.ids import AgentId, QueueName

_FIELDS: Final = {
    cv.CALL_ID: "call_id",
    cv.CUSTOMER: "customer",
    cv.VERIFIED: "verified",
    cv.LANGUAGE: "language",
    cv.REASON: "reason",
    cv.MENU_PATH: "menu_path",
    cv.PRIORITY: "priority",
    cv.DNIS: "dnis",
    cv.TRUNK: "trunk",
}
_DEVICES: Final[dict[str, rec.Device]] = {
    "0": "unknown",
    "1": "free",
    "2": "in_use",
    "3": "in_use",
    "4": "unreachable",
    "5": "unreachable",
    "6": "ringing",
    "7": "in_use",
    "8": "on_hold",
}
"""``AST_DEVICE_*`` of ``include/asterisk/devicestate.h``."""


_LATEST: Final = 1e12
"""Seconds since the epoch that no clock shows."""


class MalformedEventError(Exception):
    """An event lacks what it must have; it is counted and skipped."""


def _number(text: str) -> float:
    if text.isdecimal():
        return float(text)
    if not text:
        return 0.0
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise MalformedEventError(f"{text!r} is not a number")
    return number


_WITHHELD: Final = ("<unknown>", "unknown")
_VARIABLE: Final = "ChanVariable"


_ATTACHED: Final = re.compile(
    "".join(f"(?:\r\n)?(?:Dest)?{_VARIABLE}: {name}=([^\r]*+)" for name in cv.ATTACHED) + r"\Z"
)
"""The variables as ``channelvars`` of manager.conf orders them: one look takes all."""


@lru_cache(maxsize=4096)
def _vars(text: str) -> rec.CallVars:
    """Return what these lines mean; the events of a call repeat them word by word."""
    whole = _ATTACHED.match(text)
    if whole is not None:
        return rec.CallVars(*whole.groups())
    found: dict[str, str] = {}
    for line in text.split("\r\n"):
        key, _, assignment = line.partition(":")
        name, _, value = assignment.removeprefix(" ").partition("=")
        field = _FIELDS.get(name)
        if field is not None and value and key.endswith(_VARIABLE):
            found.setdefault(field, value)
    return rec.CallVars(**found)


def _lines(prefix: str, *keys: str) -> str:
    """Return a pattern of lines in exactly this order; those with a ``*`` are read."""
    return "".join(
        f"\r\n{prefix}{key.removeprefix('*')}: " + ("([^\r]*+)" if key[0] == "*" else "[^\r]*+")
        for key in keys
    )


def _variables(prefix: str) -> str:
    return f"((?:\r\n{prefix}{_VARIABLE}: [^\r]*+)*+)"


def _shape(*lines: str) -> re.Pattern[str]:
    return re.compile("".join(lines) + "(?=\r\n|$)")


_HEAD: Final = _lines("", "Event", "Privilege", "*Timestamp", "*SystemName")
_CHANNEL: Final = {
    prefix: _lines(
        prefix,
        *("*Channel", "*ChannelState", "ChannelStateDesc", "*CallerIDNum", "CallerIDName"),
        *("ConnectedLineNum", "ConnectedLineName", "Language", "AccountCode", "*Context"),
        *("*Exten", "Priority", "*Uniqueid", "*Linkedid"),
    )
    + _variables(prefix)
    for prefix in ("", "Dest")
}
"""A channel as ``ast_manager_build_channel_state_string_prefix`` writes it.

One look takes all that we need; should another Asterisk write another order, only time is lost.
"""
_MEMBER: Final = _lines(
    "",
    *("*Queue", "*MemberName", "*Interface", "StateInterface", "Membership", "*Penalty"),
    *("CallsTaken", "*LastCall", "*LastPause", "LoginTime", "*InCall", "*Status", "*Paused"),
    "*PausedReason",
)
"""A member as ``queue_member_blob_create`` of ``app_queue.c`` describes it; the same holds."""

_LEG: Final = {prefix: _shape(lines) for prefix, lines in _CHANNEL.items()}
_LEG_EVENT: Final = _shape(_HEAD, _CHANNEL[""])
_MEMBER_EVENT: Final = _shape(_HEAD, _MEMBER)
_OFFER: Final = _shape(_lines("", "*Queue", "*Interface", "*MemberName"))


def leg(message: Message, prefix: str = "") -> rec.Leg:
    """Return the channel that the headers with ``prefix`` (empty or ``Dest``) describe."""
    found = message.match(_LEG[prefix], prefix + "Channel")
    if found is not None:
        return _leg(*found.groups())
    fields = ("Channel", "ChannelState", "CallerIDNum", "Context", "Exten", "Uniqueid", "Linkedid")
    values = [message.get(prefix + key) for key in fields]
    if not values[5]:
        raise MalformedEventError(f"{message.event} has no {prefix}Uniqueid")
    values.append(message.lines(prefix + _VARIABLE))
    return _leg(*values)


def _leg(
    channel: str,
    state: str,
    caller_num: str,
    context: str,
    exten: str,
    uniqueid: str,
    linkedid: str,
    variables: str,
) -> rec.Leg:
    if not uniqueid:
        raise MalformedEventError(f"{channel} has no Uniqueid")
    return rec.Leg(
        channel=channel,
        uniqueid=uniqueid,
        linkedid=linkedid,
        caller_num="" if caller_num in _WITHHELD else caller_num,
        context=context,
        exten=exten,
        up=state == "6",
        vars=_vars(variables),
    )


def _shown(message: Message) -> rec.Leg:
    """Return the channel of a line of ``CoreShowChannels``, which says where it is, too."""
    return msgspec.structs.replace(
        leg(message), application=message.get("Application"), bridge=message.get("BridgeId")
    )


def _described(m: Message) -> rec.Member:
    """Return the member that the headers describe in whatever order, also in a list."""
    interface = m.get("Interface") or m.get("Location")
    return _member(
        m.get("Queue"),
        m.get("MemberName") or m.get("Name") or interface,
        interface,
        *(m.get(key) for key in ("Penalty", "LastCall", "LastPause")),
        *(m.get(key) for key in ("InCall", "Status", "Paused", "PausedReason")),
    )


def _member(
    queue: str,
    name: str,
    interface: str,
    penalty: str,
    last_call: str,
    last_pause: str,
    in_call: str,
    status: str,
    paused: str,
    reason: str,
) -> rec.Member:
    if not interface:
        raise MalformedEventError(f"member {name!r} of {queue!r} has no interface")
    return rec.Member(
        queue=QueueName(queue),
        member_name=AgentId(name or interface),
        interface=interface,
        penalty=int(_number(penalty)),
        device=_DEVICES.get(status, "unknown"),
        in_call=in_call == "1",
        paused=paused == "1",
        paused_reason=reason,
        last_pause=_number(last_pause),
        last_call=_number(last_call),
    )


def _queue(m: Message) -> QueueName:
    return QueueName(m.get("Queue"))


def _offer(m: Message) -> dict[str, Any]:
    """Return which queue offers the call to whom."""
    found = m.match(_OFFER, "Queue")
    queue, interface, name = (
        found.groups() if found else (m.get(key) for key in ("Queue", "Interface", "MemberName"))
    )
    return {
        "queue": QueueName(queue),
        "interface": interface,
        "member_name": AgentId(name or interface),
    }


def _place(m: Message) -> dict[str, Any]:
    return {"queue": _queue(m), "position": int(_number(m.get("Position")))}


def _told(m: Message) -> dict[str, Any] | None:
    # What Asterisk itself says of the channel comes before; only what follows was sent to us.
    name = m.get("UserEvent")
    headers = m.after("UserEvent")
    if not all(map(str.islower, headers)):
        headers = {key.lower(): value for key, value in headers.items()}
    try:
        event = user_events.decode(name, headers)
    except msgspec.ValidationError as error:
        raise MalformedEventError(f"{name}: {error}") from error
    return None if event is None else {"event": event}


def _nothing(_: Message) -> dict[str, Any]:
    return {}


_Beside = Callable[[Message], dict[str, Any] | None]
_Make = Callable[..., rec.Record]
_OF_LEG: Final[dict[str, tuple[_Make, _Beside]]] = {
    "Newstate": (rec.LegSeen, _nothing),
    "Hold": (rec.LegHeld, _nothing),
    "Unhold": (rec.LegUnheld, _nothing),
    "HangupRequest": (rec.HangupRequested, _nothing),
    "Hangup": (rec.LegGone, lambda m: {"cause": int(_number(m.get("Cause")))}),
    "QueueCallerJoin": (rec.CallerJoined, _place),
    "QueueCallerAbandon": (rec.CallerGaveUp, _place),
    "AgentCalled": (rec.MemberCalled, lambda m: {"agent_leg": leg(m, "Dest"), **_offer(m)}),
    "AgentRingNoAnswer": (
        rec.MemberMissed,
        lambda m: {"ring_time": _number(m.get("RingTime")) / 1000, **_offer(m)},
    ),
    "AgentConnect": (rec.MemberConnected, lambda m: {"agent_leg": leg(m, "Dest"), **_offer(m)}),
    "AgentComplete": (
        rec.MemberCompleted,
        lambda m: {
            "talk_time": _number(m.get("TalkTime")),
            "reason": m.get("Reason"),
            **_offer(m),
        },
    ),
    "UserEvent": (rec.HotlineTold, _told),
}
"""The record of each event that shows a channel, and what it says beside that."""

_OF_MEMBER: Final[dict[str, _Make]] = {
    "QueueMemberAdded": rec.MemberAdded,
    "QueueMemberRemoved": rec.MemberRemoved,
    "QueueMemberPause": rec.MemberPaused,
    "QueueMemberPenalty": rec.MemberStatus,
    "QueueMemberStatus": rec.MemberStatus,
}
"""The record of each event that shows a member of a queue, and nothing else."""


def event_time(message: Message, now: float) -> float:
    """Return when it happened by Asterisk's clock (``timestampevents``), else ``now``."""
    return _time(message.get("Timestamp"), now)


def _time(stamp: str, now: float) -> float:
    try:
        at = float(stamp)
    except ValueError:
        return now
    return at if 0.0 < at < _LATEST else now


def decode(message: Message, now: float) -> rec.Record | None:
    """Return the record of an event, or ``None`` if it means nothing to us.

    Raises :class:`MalformedEventError` if a header is missing or unreadable.
    """
    if (known := _OF_LEG.get(message.event)) is not None:
        record, beside = known
        more = beside(message)
        if more is None:
            return None
        found = message.match(_LEG_EVENT)
        if found is not None:
            stamp, server, *fields = found.groups()
            return record(at=_time(stamp, now), server=server, leg=_leg(*fields), **more)
        return record(**_head(message, now), leg=leg(message), **more)
    if (kind := _OF_MEMBER.get(message.event)) is not None:
        found = message.match(_MEMBER_EVENT)
        if found is not None:
            stamp, server, *fields = found.groups()
            return kind(at=_time(stamp, now), server=server, member=_member(*fields))
        return kind(**_head(message, now), member=_described(message))
    return None


def _head(message: Message, now: float) -> dict[str, Any]:
    return {"at": event_time(message, now), "server": message.get("SystemName")}


def _holds(message: Message) -> bool | None:
    """Return what ``Status`` says of hold, ``None`` where this Asterisk does not know."""
    for assignment in message.all("Variable"):
        name, _, value = assignment.partition("=")
        if name == HELD and value in ("0", "1"):
            return value == "1"
    return None


def snapshot(
    at: float,
    server: str,
    channels: Iterable[Message],
    queues: Iterable[Message],
    held: Iterable[Message] = (),
) -> rec.Snapshot:
    """Return the picture that the items of three lists draw.

    ``channels`` of ``CoreShowChannels``, ``queues`` of ``QueueStatus``, ``held`` of ``Status``.
    """
    names, members, waiting = [], [], []
    holds = {m.get("Uniqueid"): _holds(m) for m in held}
    for m in queues:
        match m.event:
            case "QueueParams":
                names.append(_queue(m))
            case "QueueMember":
                members.append(_described(m))
            case "QueueEntry":
                waiting.append(
                    rec.Waiting(
                        queue=_queue(m),
                        uniqueid=m.get("Uniqueid"),
                        position=int(_number(m.get("Position"))),
                        wait_time=_number(m.get("Wait")),
                        priority=int(_number(m.get("Priority"))),
                    )
                )
    return rec.Snapshot(
        at=at,
        server=server,
        queues=tuple(names),
        members=tuple(members),
        waiting=tuple(waiting),
        legs=tuple(
            msgspec.structs.replace(leg, held=holds.get(leg.uniqueid))
            for leg in (_shown(m) for m in channels if m.event == "CoreShowChannel")
        ),
    )
