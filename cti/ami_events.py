"""How AMI spells what happens: messages to typed records.

No other module names an event's headers.

Headers were checked against recordings of Asterisk 22.10.1 (tests/fixtures/ami).
"""

import math
from collections.abc import Callable, Iterable
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


def _vars(lines: Iterable[str]) -> rec.CallVars:
    found = {}
    for line in lines:
        name, _, value = line.partition("=")
        field = _FIELDS.get(name)
        if field is not None and value:
            found[field] = value
    return rec.CallVars(**found)


def leg(message: Message, prefix: str = "") -> rec.Leg:
    """Return the channel that the headers with ``prefix`` (empty or ``Dest``) describe."""
    get = message.headers.get
    uniqueid = get(prefix + "Uniqueid", "")
    if not uniqueid:
        raise MalformedEventError(f"{message.event} has no {prefix}Uniqueid")
    return rec.Leg(
        channel=get(prefix + "Channel", ""),
        uniqueid=uniqueid,
        linkedid=get(prefix + "Linkedid", ""),
        caller_num=_presented(get(prefix + "CallerIDNum", "")),
        context=get(prefix + "Context", ""),
        exten=get(prefix + "Exten", ""),
        up=get(prefix + "ChannelState") == "6",
        application=get("Application", ""),
        bridge=get("BridgeId", ""),
        vars=_vars(message.all(prefix + "ChanVariable")),
    )


def _member(m: Message) -> rec.Member:
    interface = m.get("Interface") or m.get("Location")
    name = m.get("MemberName") or m.get("Name") or interface
    if not interface:
        raise MalformedEventError(f"{m.event} names no interface")
    return rec.Member(
        queue=QueueName(m.get("Queue")),
        member_name=AgentId(name),
        interface=interface,
        penalty=int(_number(m.get("Penalty"))),
        device=_DEVICES.get(m.get("Status"), "unknown"),
        in_call=m.get("InCall") == "1",
        paused=m.get("Paused") == "1",
        paused_reason=m.get("PausedReason"),
        last_pause=_number(m.get("LastPause")),
        last_call=_number(m.get("LastCall")),
    )


def _queue(m: Message) -> QueueName:
    return QueueName(m.get("Queue"))


def _agent(m: Message) -> AgentId:
    return AgentId(m.get("MemberName") or m.get("Interface"))


def _told(m: Message, at: float) -> rec.Record | None:
    # What Asterisk itself says of the channel comes before; only what follows was sent to us.
    keys = list(m.headers)
    sent = keys[keys.index("UserEvent") + 1 :] if "UserEvent" in m.headers else []
    headers = {key.lower(): m.headers[key] for key in sent}
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
    try:
        return _number(message.get("Timestamp")) or now
    except MalformedEventError:
        return now


def decode(message: Message, now: float) -> rec.Record | None:
    """Return the record of an event, or ``None`` if it means nothing to us.

    Raises :class:`MalformedEventError` if a header is missing or unreadable.
    """
    reader = _READERS.get(message.event)
    if reader is None:
        return None
    record = reader(message, event_time(message, now))
    server = message.get("SystemName")
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
        legs=tuple(leg(m) for m in channels if m.event == "CoreShowChannel"),
    )
