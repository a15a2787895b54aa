"""Asterisk's ``queue_log``: its lines read, and the same lines written from our events.

A line is ``time|uniqueid|queue|agent|event|data…``; what the data mean is in
https://docs.asterisk.org/Configuration/Applications/Queue-Logs/ and in ``app_queue.c``.
"""

from collections.abc import Iterable, Iterator
from typing import Final

import msgspec

from cti.core import events as ev
from cti.core.calls import Call
from cti.core.ids import CallId
from cti.core.steps import WAITING

NONE: Final = "NONE"


class QueueLine(msgspec.Struct, frozen=True):
    """One line; ``at`` is whole seconds since the epoch."""

    at: float
    uniqueid: str
    queue: str
    agent: str
    event: str
    data: tuple[str, ...]

    def number(self, place: int) -> float:
        """Return that piece of the data as a number; 0 if there is none."""
        try:
            return float(self.data[place])
        except (IndexError, ValueError):
            return 0.0


def parse(lines: Iterable[str]) -> Iterator[QueueLine]:
    """Read the lines that are whole; a line cut short at the end of the file is left out."""
    for line in lines:
        if not line.endswith("\n"):
            continue
        row = line.rstrip("\n").split("|")
        try:
            at = float(row[0])
        except ValueError:
            continue
        if len(row) >= 5:
            yield QueueLine(at, row[1], row[2], row[3], row[4], tuple(row[5:]))


_LEFT: Final = {"TIMEOUT": "EXITWITHTIMEOUT", "WITHDRAW": "WITHDRAW"}
"""QUEUESTATUS and the event that app_queue writes for it; the others are ``EXITEMPTY``."""


class QueueLog:
    """Writes the lines of many calls, event by event.

    The talk with a colleague to whom an agent sent the customer is no queue's, and has no line.
    """

    def __init__(self) -> None:
        """Start with no call."""
        self._beside: set[CallId] = set()

    def line(self, call: Call, event: ev.CallEvent) -> QueueLine | None:
        """Return the line for ``event``, if it has one; ``call`` is as it was before it."""
        match event:
            case ev.AgentMissed() if call.state not in WAITING:
                return None
            case ev.CallConnected() if call.state not in WAITING:
                self._beside.add(call.call_id)
                return None
            case ev.CallConnected():
                self._beside.discard(call.call_id)
            case ev.CallCompleted() if call.call_id in self._beside:
                self._beside.discard(call.call_id)
                return None
        return line_of(call, event)


def line_of(call: Call, event: ev.CallEvent) -> QueueLine | None:
    """Return the line that Asterisk writes for ``event``; ``call`` is as it was before it."""
    queue = str(getattr(event, "queue", None) or call.queue or NONE)

    def line(name: str, *data: object, agent: str = NONE) -> QueueLine:
        texts = tuple(str(piece) for piece in data)
        return QueueLine(int(event.at), call.uniqueid, queue, agent, name, texts)

    position = max(call.position, 1)
    match event:
        case ev.CallQueued():
            return line("ENTERQUEUE", "", "", max(event.position, 1))
        case ev.AgentMissed():
            return line("RINGNOANSWER", round(event.ring_time * 1000), agent=event.agent_id)
        case ev.CallConnected():
            wait, ring = round(event.wait_time), round(event.ring_time)
            return line("CONNECT", wait, "", ring, agent=event.agent_id)
        case ev.CallCompleted():
            name = "COMPLETECALLER" if event.ended_by == "caller" else "COMPLETEAGENT"
            wait = round(max(0.0, (call.connected_at or 0.0) - (call.queued_at or 0.0)))
            return line(name, wait, round(event.talk_time), position, agent=event.agent_id)
        case ev.CallAbandoned():
            return line("ABANDON", max(event.position, 1), position, round(event.wait_time))
        case ev.CallLeftQueue():
            name = _LEFT.get(event.status, "EXITEMPTY")
            return line(name, position, position, round(event.wait_time))
        case _:
            return None


def text_of(line: QueueLine) -> str:
    """Return the line as Asterisk writes it, without its end."""
    pieces = (f"{line.at:.0f}", line.uniqueid, line.queue, line.agent, line.event, *line.data)
    return "|".join(piece.replace("|", "/").replace("\n", " ") for piece in pieces)
