"""Figures of queues and agents by quarter of an hour, as sums that can be added.

Each fact counts in the quarter in which it happened: a caller who joined at 9:59 and was answered
at 10:01 is offered in the one and answered in the next.  Times are whole milliseconds, so that
sums are the same in whatever order they are made.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar
from zoneinfo import ZoneInfo

import msgspec

from cti.core.ids import AgentId, QueueName

QUARTER: Final = 900
"""Seconds of one interval."""
MINUTE: Final = 60
"""Seconds of the interval in which the last hour is kept."""
LONGEST: Final = 3600
"""Waits of this many seconds or more share one bucket."""

Waited: TypeAlias = Literal["answered", "abandoned"]


class QueueKey(NamedTuple):
    """Beginning of the interval (seconds since the epoch), and the queue."""

    start: int
    queue: QueueName


class AgentKey(NamedTuple):
    """Beginning of the interval, agent, and the queue for which the agent worked."""

    start: int
    agent_id: AgentId
    queue: QueueName


class WaitKey(NamedTuple):
    """One bar of the histogram: calls that waited ``seconds`` (rounded up) with that outcome."""

    start: int
    queue: QueueName
    outcome: Waited
    seconds: int


class QueueFigures(msgspec.Struct, kw_only=True):
    """Sums of one queue; ``*_ms`` are milliseconds."""

    offered: int = 0
    """Callers who joined."""
    answered: int = 0
    abandoned: int = 0
    left_queue: int = 0
    """Callers who left the queue alive: time-out, overflow, withdrawn."""
    missed: int = 0
    """Phones that rang in vain."""
    completed: int = 0
    """Conversations that ended; the divisor of the mean talk time."""
    wrapped_up: int = 0
    wait_answered_ms: int = 0
    wait_abandoned_ms: int = 0
    talk_ms: int = 0
    """From answer to end, time on hold included."""
    hold_ms: int = 0
    wrap_up_ms: int = 0


class AgentFigures(msgspec.Struct, kw_only=True):
    """Sums of one agent in one queue; ``*_ms`` are milliseconds.

    The times in a state belong to no queue: they stand in the row whose queue is empty.
    """

    offered: int = 0
    """How often the phone rang."""
    answered: int = 0
    missed: int = 0
    completed: int = 0
    wrapped_up: int = 0
    disposed: int = 0
    ring_ms: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0
    available_ms: int = 0
    """Signed in, and free for a call."""
    engaged_ms: int = 0
    """With a call: ringing, talking, holding or wrapping up."""
    paused_ms: int = 0


SumT = TypeVar("SumT", QueueFigures, AgentFigures)


def add(total: SumT, more: SumT) -> SumT:
    """Add ``more`` to ``total`` and return it."""
    for name in total.__struct_fields__:
        setattr(total, name, getattr(total, name) + getattr(more, name))
    return total


class Figures:
    """A set of rows; adding two sets adds the rows with the same key."""

    def __init__(self) -> None:
        """Start empty."""
        self.queues: dict[QueueKey, QueueFigures] = {}
        self.agents: dict[AgentKey, AgentFigures] = {}
        self.waits: dict[WaitKey, int] = {}

    def __bool__(self) -> bool:
        return bool(self.queues or self.agents or self.waits)

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Figures):
            return NotImplemented
        return self.rows() == other.rows()

    __hash__ = None  # type: ignore[assignment] # changes as it grows

    def rows(self) -> tuple[dict[Any, Any], ...]:
        """Return the rows of queues, agents and waits."""
        return self.queues, self.agents, self.waits

    def queue(self, key: QueueKey) -> QueueFigures:
        """Return the row, made if new."""
        return self.queues.setdefault(key, QueueFigures())

    def agent(self, key: AgentKey) -> AgentFigures:
        """Return the row, made if new."""
        return self.agents.setdefault(key, AgentFigures())

    def waited(self, start: int, queue: QueueName, outcome: Waited, seconds: float) -> None:
        """Count one wait."""
        bucket = min(max(math.ceil(round(seconds, 3)), 0), LONGEST)
        key = WaitKey(start, queue, outcome, bucket)
        self.waits[key] = self.waits.get(key, 0) + 1

    def add(self, other: "Figures") -> "Figures":
        """Add the rows of ``other`` and return self."""
        for queue_key, queue_row in other.queues.items():
            add(self.queue(queue_key), queue_row)
        for agent_key, agent_row in other.agents.items():
            add(self.agent(agent_key), agent_row)
        for key, count in other.waits.items():
            self.waits[key] = self.waits.get(key, 0) + count
        return self

    def between(self, since: float, until: float) -> "Figures":
        """Return the rows whose intervals begin in ``[since, until)``."""
        out = Figures()
        out.queues = {k: v for k, v in self.queues.items() if since <= k.start < until}
        out.agents = {k: v for k, v in self.agents.items() if since <= k.start < until}
        out.waits = {k: v for k, v in self.waits.items() if since <= k.start < until}
        return out

    def together(self) -> "Figures":
        """Return the sums of all intervals, as if they were one that began at 0."""
        out = Figures()
        for key, row in self.queues.items():
            add(out.queue(QueueKey(0, key.queue)), row)
        for agent_key, agent_row in self.agents.items():
            add(out.agent(AgentKey(0, agent_key.agent_id, agent_key.queue)), agent_row)
        for wait, count in self.waits.items():
            bar = WaitKey(0, wait.queue, wait.outcome, wait.seconds)
            out.waits[bar] = out.waits.get(bar, 0) + count
        return out

    def total(self, queue: QueueName) -> QueueFigures:
        """Return the sum over all intervals of one queue."""
        return _sum(QueueFigures, (v for k, v in self.queues.items() if k.queue == queue))

    def agent_total(self, agent_id: AgentId) -> AgentFigures:
        """Return the sum over all intervals and queues of one agent."""
        return _sum(AgentFigures, (v for k, v in self.agents.items() if k.agent_id == agent_id))

    def within(self, queue: QueueName, seconds: int, outcome: Waited = "answered") -> int:
        """Count the calls of a queue that waited ``seconds`` or less: for service levels."""
        return sum(
            count
            for key, count in self.waits.items()
            if key.queue == queue and key.outcome == outcome and key.seconds <= seconds
        )


def _sum(make: Callable[[], SumT], rows: Iterable[SumT]) -> SumT:
    total = make()
    for row in rows:
        add(total, row)
    return total


def quarter(at: float, zone: ZoneInfo, seconds: int = QUARTER) -> int:
    """Return when the interval of ``at`` began on the clocks of ``zone``.

    ``seconds`` is another length, of which a day holds a whole number.
    """
    offset = datetime.fromtimestamp(at, zone).utcoffset()
    shift = int(offset.total_seconds()) if offset is not None else 0
    return (int(at) + shift) // seconds * seconds - shift


def split(
    since: float, until: float, zone: ZoneInfo, seconds: int = QUARTER
) -> Iterator[tuple[int, float]]:
    """Yield each interval that ``[since, until)`` touches, and the seconds that lie in it."""
    while since < until:
        start = quarter(since, zone, seconds)
        end = min(float(start + seconds), until)
        yield start, end - since
        since = end


def day_start(at: float, zone: ZoneInfo) -> float:
    """Return when the day of ``at`` began on the clocks of ``zone``."""
    local = datetime.fromtimestamp(at, zone)
    return local.replace(hour=0, minute=0, second=0, microsecond=0).astimezone(UTC).timestamp()


def differences(one: Figures, other: Figures) -> Iterator[str]:
    """Describe the rows that are not the same in both sets."""
    for mine, its in zip(one.rows(), other.rows(), strict=True):
        for key in sorted(mine.keys() | its.keys()):
            if mine.get(key) != its.get(key):
                yield f"{tuple(key)}: {mine.get(key)} and {its.get(key)}"
