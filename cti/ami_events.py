"""How AMI spells what happens: messages to typed records.

No other module names an event's headers.

Headers were checked against recordings of Asterisk 22.10.1 (tests/fixtures/ami).
"""

import math
import re
from collections.abc import Callable, Iterable
from functools import lru_cache
from typing import Final

import msgspec

from cti.ami.framing import Message
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


class MalformedEventError(Exception):
    """An event lacks what it must have; it is counted and skipped."""


def _number(text: str) -> float:
    try:
        number = float(text or 0)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise MalformedEventError(f"{text!r} is not a number")
    return number


def _presented(text: str) -> str:
    return "" if text in ("<unknown>", "unknown") else text


_VARIABLE: Final = "ChanVariable"


@lru_cache(maxsize=4096)
def _vars(text: str) -> rec.CallVars:
    """Return what these lines mean; the events of a call repeat them word by word."""
    found: dict[str, str] = {}
    for line in text.split("\r\n"):
        key, _, assignment = line.partition(":")
        name, _, value = assignment.removeprefix(" ").partition("=")
        field = _FIELDS.get(name)
        if field is not None and value and key.endswith(_VARIABLE):
            found.setdefault(field, value)
    return rec.CallVars(**found)


def _shape(prefix: str, *keys: str) -> re.Pattern[str]:
    """Return a pattern of lines in exactly this order; those with a ``*`` are read."""
    lines = (
        f"\r\n{prefix}{key.removeprefix('*')}: " + ("([^\r]*)" if key[0] == "*" else "[^\r]*")
        for key in keys
    )
    return re.compile("".join(lines) + "(?:\r\n|$)")


_HEAD: Final = _shape("", "*Timestamp", "*SystemName")
_CHANNEL: Final = {
    prefix: _shape(
        prefix,
        *("*Channel", "*ChannelState", "ChannelStateDesc", "*CallerIDNum", "CallerIDName"),
        *("ConnectedLineNum", "ConnectedLineName", "Language", "AccountCode", "*Context"),
        *("*Exten", "Priority", "*Uniqueid", "*Linkedid"),
    )
    for prefix in ("", "Dest")
}
"""A channel as ``ast_manager_build_channel_state_string_prefix`` writes it.

One look takes all that we need; should another Asterisk write another order, only time is lost.
"""


_MEMBER: Final = _shape(
    "",
    *("*Queue", "*MemberName", "*Interface", "StateInterface", "Membership", "*Penalty"),
    *("CallsTaken", "*LastCall", "*LastPause", "LoginTime", "*InCall", "*Status", "*Paused"),
    "*PausedReason",
)
"""A member as ``queue_member_blob_create`` of ``app_queue.c`` describes it; the same holds."""


def leg(message: Message, prefix: str = "") -> rec.Leg:
    """Return the channel that the headers with ``prefix`` (empty or ``Dest``) describe."""
    found = message.match(_CHANNEL[prefix])
    if found is not None:
        channel, state, caller_num, context, exten, uniqueid, linkedid = found.groups()
    else:
        channel, state, caller_num, context, exten, uniqueid, linkedid = (
            message.get(prefix + key)
            for key in (
                *("Channel", "ChannelState", "CallerIDNum", "Context", "Exten"),
                *("Uniqueid", "Linkedid"),
            )
        )
    if not uniqueid:
        raise MalformedEventError(f"{message.event} has no {prefix}Uniqueid")
    return rec.Leg(
        channel=channel,
        uniqueid=uniqueid,
        linkedid=linkedid,
        caller_num=_presented(caller_num),
        context=context,
        exten=exten,
        up=state == "6",
        vars=_vars(message.lines(prefix + _VARIABLE)),
    )


def _shown(message: Message) -> rec.Leg:
    """Return the channel of a line of ``CoreShowChannels``, which says where it is, too."""
    return msgspec.structs.replace(
        leg(message), application=message.get("Application"), bridge=message.get("BridgeId")
    )


def _member(m: Message) -> rec.Member:
    found = m.match(_MEMBER)
    if found is not None:
        queue, name, interface, *numbers, in_call, status, paused, reason = found.groups()
    else:
        interface = m.get("Interface") or m.get("Location")
        queue, name = m.get("Queue"), m.get("MemberName") or m.get("Name") or interface
        numbers = [m.get(key) for key in ("Penalty", "LastCall", "LastPause")]
        in_call, status, paused = m.get("InCall"), m.get("Status"), m.get("Paused")
        reason = m.get("PausedReason")
    if not interface:
        raise MalformedEventError(f"{m.event} names no interface")
    penalty, last_call, last_pause = map(_number, numbers)
    return rec.Member(
        queue=QueueName(queue),
        member_name=AgentId(name),
        interface=interface,
        penalty=int(penalty),
        device=_DEVICES.get(status, "unknown"),
        in_call=in_call == "1",
        paused=paused == "1",
        paused_reason=reason,
        last_pause=last_pause,
        last_call=last_call,
    )


def _queue(m: Message) -> QueueName:
    return QueueName(m.get("Queue"))


def _agent(m: Message) -> AgentId:
    return AgentId(m.get("MemberName") or m.get("Interface"))


def _told(m: Message, at: float) -> rec.Record | None:
    # What Asterisk itself says of the channel comes before; only what follows was sent to us.
    headers = {key.lower(): value for key, value in m.after("UserEvent").items()}
    try:
        event = user_events.decode(m.get("UserEvent"), headers)
    except msgspec.ValidationError as error:
        raise MalformedEventError(f"{m.get('UserEvent')}: {error}") from error
    return None if event is None else rec.HotlineTold(at=at, leg=leg(m), event=event)


_Reader = Callable[[Message, float], rec.Record | None]
_READERS: Final[dict[str, _Reader]] = {
    "Newstate": lambda m, at: rec.LegSeen(at=at, leg=leg(m)),
    "Hold": lambda m, at: rec.LegHeld(at=at, leg=leg(m)),
    "Unhold": lambda m, at: rec.LegUnheld(at=at, leg=leg(m)),
    "HangupRequest": lambda m, at: rec.HangupRequested(at=at, leg=leg(m)),
    "Hangup": lambda m, at: rec.LegGone(at=at, leg=leg(m), cause=int(_number(m.get("Cause")))),
    "QueueCallerJoin": lambda m, at: rec.CallerJoined(
        at=at, leg=leg(m), queue=_queue(m), position=int(_number(m.get("Position")))
    ),
    "QueueCallerAbandon": lambda m, at: rec.CallerGaveUp(
        at=at, leg=leg(m), queue=_queue(m), position=int(_number(m.get("Position")))
    ),
    "AgentCalled": lambda m, at: rec.MemberCalled(
        at=at,
        leg=leg(m),
        agent_leg=leg(m, "Dest"),
        queue=_queue(m),
        interface=m.get("Interface"),
        member_name=_agent(m),
    ),
    "AgentRingNoAnswer": lambda m, at: rec.MemberMissed(
        at=at,
        leg=leg(m),
        queue=_queue(m),
        interface=m.get("Interface"),
        member_name=_agent(m),
        ring_time=_number(m.get("RingTime")) / 1000,
    ),
    "AgentConnect": lambda m, at: rec.MemberConnected(
        at=at,
        leg=leg(m),
        agent_leg=leg(m, "Dest"),
        queue=_queue(m),
        interface=m.get("Interface"),
        member_name=_agent(m),
    ),
    "AgentComplete": lambda m, at: rec.MemberCompleted(
        at=at,
        leg=leg(m),
        queue=_queue(m),
        interface=m.get("Interface"),
        member_name=_agent(m),
        talk_time=_number(m.get("TalkTime")),
        reason=m.get("Reason"),
    ),
    "QueueMemberAdded": lambda m, at: rec.MemberAdded(at=at, member=_member(m)),
    "QueueMemberRemoved": lambda m, at: rec.MemberRemoved(at=at, member=_member(m)),
    "QueueMemberPause": lambda m, at: rec.MemberPaused(at=at, member=_member(m)),
    "QueueMemberPenalty": lambda m, at: rec.MemberStatus(at=at, member=_member(m)),
    "QueueMemberStatus": lambda m, at: rec.MemberStatus(at=at, member=_member(m)),
    "UserEvent": _told,
}


def event_time(message: Message, now: float) -> float:
    """Return when it happened by Asterisk's clock (``timestampevents``), else ``now``."""
    return _time(message.get("Timestamp"), now)


def _time(stamp: str, now: float) -> float:
    try:
        return _number(stamp) or now
    except MalformedEventError:
        return now


def decode(message: Message, now: float) -> rec.Record | None:
    """Return the record of an event, or ``None`` if it means nothing to us.

    Raises :class:`MalformedEventError` if a header is missing or unreadable.
    """
    reader = _READERS.get(message.event)
    if reader is None:
        return None
    found = message.match(_HEAD)
    stamp, server = (
        found.groups() if found else (message.get("Timestamp"), message.get("SystemName"))
    )
    record = reader(message, _time(stamp, now))
    if record is None or not server:
        return record
    return msgspec.structs.replace(record, server=server)


def snapshot(
    at: float, server: str, channels: Iterable[Message], queues: Iterable[Message]
) -> rec.Snapshot:
    """Return the picture that the items of ``CoreShowChannels`` and ``QueueStatus`` draw."""
    names, members, waiting = [], [], []
    for m in queues:
        match m.event:
            case "QueueParams":
                names.append(_queue(m))
            case "QueueMember":
                members.append(_member(m))
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
        legs=tuple(_shown(m) for m in channels if m.event == "CoreShowChannel"),
    )
