"""The records of the live board; the one place of their spelling.

The conventions of :mod:`agent_console.messages` hold; docs/figures.md defines every figure.
"""

from typing import Literal, TypeAlias

import msgspec

from agent_console.alarm_messages import AlarmLine
from agent_console.floor_messages import AnnouncementLine, ClosedLine
from agent_console.messages import AgentState, Record, Role, Segment
from agent_console.monitor_messages import MonitorLine
from crm_lookup.model import Text

BoardWindow: TypeAlias = Literal["today", "hour", "quarter"]
ServiceLevelFormula: TypeAlias = Literal[
    "of_answered", "of_offered", "short_abandons_left_out", "short_abandons_served"
]


class QueueNumbers(Record, frozen=True, kw_only=True):
    """Figures of a queue in one window; ``null``: nothing happened from which to take it."""

    offered: int
    answered: int
    abandoned: int
    left_queue: int
    found_closed: int
    """Callers who were sent to the queue while a supervisor had closed it."""
    missed: int
    service_level: float | None
    asa: float | None
    abandon_rate: float | None
    mean_wait_abandoned: float | None
    mean_talk_time: float | None
    mean_hold_time: float | None
    mean_wrap_up_time: float | None
    aht: float | None


class AgentNumbers(Record, frozen=True, kw_only=True):
    """Figures of an agent today, up to now."""

    offered: int
    answered: int
    missed: int
    completed: int
    disposed: int
    mean_talk_time: float | None
    mean_wrap_up_time: float | None
    aht: float | None
    signed_in_time: float
    paused_time: float
    occupancy: float | None


class QueueRow(Record, frozen=True, kw_only=True):
    """One queue now; the row of all together has an empty name."""

    queue: str
    waiting: int
    longest_wait: float
    callbacks: int
    """Customers who keep their place without waiting on the line."""
    agents: dict[AgentState, int]
    expected_wait: float | None
    """Seconds for somebody who joins now."""
    windows: dict[BoardWindow, QueueNumbers]
    """Hour and quarter are missing while the server still looks back after a start."""


class AgentRow(Record, frozen=True, kw_only=True):
    """One agent who is signed in, or was today."""

    agent_id: str
    state: AgentState
    reason: str
    """Code of the pause reason."""
    since: float
    queues: tuple[str, ...]
    call_id: str | None
    queue: str | None
    segment: Segment | None
    """Tier of the customer of the present call."""
    today: AgentNumbers


class BoardPicture(Record, frozen=True, kw_only=True):
    """Everything at one instant: each event of ``GET /api/board/stream`` is a whole picture."""

    at: float
    in_menu: int
    total: QueueRow
    queues: tuple[QueueRow, ...]
    agents: tuple[AgentRow, ...]
    alarms: tuple[AlarmLine, ...] = ()
    """What stands now; who has not been seen yet comes first."""
    monitors: tuple[MonitorLine, ...] = ()
    """Supervisors who hear calls, or whose phones ring for one."""
    closed: tuple[ClosedLine, ...] = ()
    """Queues that take no new callers."""
    playing: AnnouncementLine | None = None
    """What every new caller hears now, before the menu."""


class QueueTarget(Record, frozen=True, kw_only=True):
    """A queue's title, and the service level that it is to reach: X % within Y seconds."""

    queue: str
    title: Text
    percent: int
    seconds: int


class BoardLegend(Record, frozen=True, kw_only=True):
    """Answer of ``GET /api/board/legend``: what the page needs once."""

    formula: ServiceLevelFormula
    targets: tuple[QueueTarget, ...]
    names: dict[str, str]
    """Agents' names by id."""
    teams: dict[str, str] = msgspec.field(default_factory=dict)
    """Agents' teams by id; who has none is left out."""
    monitor_roles: tuple[Role, ...] = ()
    """Who may listen, whisper and barge in; none: nobody."""


class CallLine(Record, frozen=True, kw_only=True):
    """One call behind a number of the board."""

    call_id: str
    arrived_at: float
    outcome: str
    """What became of it; empty while it lives."""
    queues: tuple[str, ...]
    agents: tuple[str, ...]
    wait_time: float
    talk_time: float
    disposition: str


def picture_of(board: object) -> BoardPicture:
    """Return the wire's record of a :class:`cti.board.Board`, or anything with its attributes."""
    return msgspec.convert(board, BoardPicture, from_attributes=True)
