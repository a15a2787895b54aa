"""Figures of queues and agents by quarter of an hour, as sums that can be added.

Each fact counts in the quarter in which it happened: a caller who joined at 9:59 and was answered
at 10:01 is offered in the one and answered in the next.  Times are whole milliseconds, so that
sums are the same in whatever order they are made.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple, TypeAlias, TypeVar, get_args
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
Part: TypeAlias = Literal["queues", "agents", "waits", "groups", "nodes", "group_waits"]
"""The tables of :class:`Figures`, by their names."""
PARTS: Final = frozenset(get_args(Part))
Kind: TypeAlias = Literal["all", "topic", "segment"]
"""By what calls are grouped."""


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


class GroupKey(NamedTuple):
    """Beginning of the interval, and one topic or segment; ``all`` has an empty name."""

    start: int
    kind: Kind
    name: str


class GroupWaitKey(NamedTuple):
    """One bar of the histogram of a topic or segment; the queue says which limit holds."""

    start: int
    kind: Kind
    name: str
    queue: QueueName
    outcome: Waited
    seconds: int


class NodeKey(NamedTuple):
    """Beginning of the interval, and a node of the menu."""

    start: int
    flow: str
    node: str


class QueueFigures(msgspec.Struct, kw_only=True):
    """Sums of one queue; ``*_ms`` are milliseconds."""

    offered: int = 0
    """Callers who joined."""
    answered: int = 0
    abandoned: int = 0
    left_queue: int = 0
    """Callers who left the queue alive: time-out, overflow, withdrawn."""
    found_closed: int = 0
    """Callers who were sent here while a supervisor had closed the queue; they never joined."""
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
    waiting_ms: int = 0
    """Time that callers spent waiting, in each interval that it touches; counted at its end."""


class GroupFigures(msgspec.Struct, kw_only=True):
    """Sums of one topic or segment, or of all calls; ``*_ms`` are milliseconds."""

    arrived: int = 0
    """Calls that began; only of all together, for neither topic nor segment is known then."""
    calls: int = 0
    """Calls that ended: the sum of the next six."""
    solved: int = 0
    """Ended in the menu after a self-service succeeded, without ever joining a queue."""
    messages: int = 0
    """Left a message, without ever joining a queue."""
    hung_up: int = 0
    """Ended in the menu otherwise."""
    reached: int = 0
    """Joined a queue and talked with an agent."""
    gave_up: int = 0
    """Joined a queue and hung up while waiting."""
    turned_away: int = 0
    """Joined a queue and left it alive: time-out, voicemail, callback."""
    offered: int = 0
    """As of queues, like all down to ``wrap_up_ms``."""
    answered: int = 0
    abandoned: int = 0
    left_queue: int = 0
    transferred: int = 0
    """Customers whom an agent sent on."""
    completed: int = 0
    wrapped_up: int = 0
    wait_answered_ms: int = 0
    wait_abandoned_ms: int = 0
    talk_ms: int = 0
    hold_ms: int = 0
    wrap_up_ms: int = 0
    offers_presented: int = 0
    """Offers of which agents told customers, each once a call."""
    offers_accepted: int = 0
    offers_declined: int = 0
    score_1: int = 0
    score_2: int = 0
    score_3: int = 0
    score_4: int = 0
    score_5: int = 0


class NodeFigures(msgspec.Struct, kw_only=True):
    """Sums of one node of the menu."""

    entered: int = 0
    services: int = 0
    """Self-services that succeeded here."""
    went_on: int = 0
    """Went to another node."""
    queued: int = 0
    """Went to a queue."""
    solved: int = 0
    """The call ended here, and was solved."""
    hung_up: int = 0
    """The call ended here otherwise, without having joined a queue."""
    time_ms: int = 0
    """Spent here by those who left."""


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


SumT = TypeVar("SumT", QueueFigures, AgentFigures, GroupFigures, NodeFigures)


def add(total: SumT, more: SumT) -> SumT:
    """Add ``more`` to ``total`` and return it."""
    for name in total.__struct_fields__:
        setattr(total, name, getattr(total, name) + getattr(more, name))
    return total


def subtract(total: SumT, less: SumT) -> bool:
    """Take ``less`` from ``total``; say whether nothing is left of it."""
    left = False
    for name in total.__struct_fields__:
        rest = getattr(total, name) - getattr(less, name)
        setattr(total, name, rest)
        left = left or rest != 0
    return not left


class Figures:
    """A set of rows; adding two sets adds the rows with the same key."""

    def __init__(self) -> None:
        """Start empty."""
        self.queues: dict[QueueKey, QueueFigures] = {}
        self.agents: dict[AgentKey, AgentFigures] = {}
        self.waits: dict[WaitKey, int] = {}
        self.groups: dict[GroupKey, GroupFigures] = {}
        self.nodes: dict[NodeKey, NodeFigures] = {}
        self.group_waits: dict[GroupWaitKey, int] = {}

    def __bool__(self) -> bool:
        return any(self.rows())

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Figures):
            return NotImplemented
        return self.rows() == other.rows()

    __hash__ = None  # type: ignore[assignment] # changes as it grows

    def rows(self) -> tuple[dict[Any, Any], ...]:
        """Return the rows of queues, agents, waits, groups, nodes and groups' waits."""
        return self.queues, self.agents, self.waits, self.groups, self.nodes, self.group_waits

    def queue(self, key: QueueKey) -> QueueFigures:
        """Return the row, made if new."""
        return _row(self.queues, key, QueueFigures)

    def agent(self, key: AgentKey) -> AgentFigures:
        """Return the row, made if new."""
        return _row(self.agents, key, AgentFigures)

    def group(self, key: GroupKey) -> GroupFigures:
        """Return the row, made if new."""
        return _row(self.groups, key, GroupFigures)

    def node(self, key: NodeKey) -> NodeFigures:
        """Return the row, made if new."""
        return _row(self.nodes, key, NodeFigures)

    def waited(self, start: int, queue: QueueName, outcome: Waited, seconds: float) -> None:
        """Count one wait."""
        key = WaitKey(start, queue, outcome, bucket(seconds))
        self.waits[key] = self.waits.get(key, 0) + 1

    def add(self, other: "Figures") -> "Figures":
        """Add the rows of ``other`` and return self."""
        _add_rows(self.queues, other.queues, QueueFigures)
        _add_rows(self.agents, other.agents, AgentFigures)
        _add_rows(self.groups, other.groups, GroupFigures)
        _add_rows(self.nodes, other.nodes, NodeFigures)
        _add_counts(self.waits, other.waits)
        _add_counts(self.group_waits, other.group_waits)
        return self

    def subtract(self, other: "Figures") -> None:
        """Take away the rows of ``other``, which were added before; empty rows go."""
        for mine, its in zip(self.rows(), other.rows(), strict=True):
            _subtract_rows(mine, its)

    def starts(self) -> set[int]:
        """Return when the intervals of the rows begin."""
        return {key.start for rows in self.rows() for key in rows}

    def board(self) -> "Figures":
        """Return the rows of queues, agents and waits, which are all that boards show."""
        out = Figures()
        out.queues, out.agents, out.waits = self.queues, self.agents, self.waits
        return out

    def between(self, since: float, until: float) -> "Figures":
        """Return the rows whose intervals begin in ``[since, until)``."""
        out = Figures()
        for mine, its in zip(out.rows(), self.rows(), strict=True):
            mine.update((key, row) for key, row in its.items() if since <= key.start < until)
        return out

    def together(self) -> "Figures":
        """Return the sums of all intervals, as if they were one that began at 0."""
        out = Figures()
        for queue_key, queue_row in self.queues.items():
            add(out.queue(queue_key._replace(start=0)), queue_row)
        for agent_key, agent_row in self.agents.items():
            add(out.agent(agent_key._replace(start=0)), agent_row)
        for group_key, group_row in self.groups.items():
            add(out.group(group_key._replace(start=0)), group_row)
        for node_key, node_row in self.nodes.items():
            add(out.node(node_key._replace(start=0)), node_row)
        for wait, calls in self.waits.items():
            _add_counts(out.waits, {wait._replace(start=0): calls})
        for group_wait, calls in self.group_waits.items():
            _add_counts(out.group_waits, {group_wait._replace(start=0): calls})
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


def milliseconds(seconds: float) -> int:
    """Return whole milliseconds, not below 0."""
    return max(0, round(seconds * 1000))


def bucket(seconds: float) -> int:
    """Return the bar in which a wait of so many seconds counts: rounded up to whole ones."""
    return min(max(math.ceil(round(seconds, 3)), 0), LONGEST)


KeyT = TypeVar("KeyT")


def _row(rows: dict[KeyT, SumT], key: KeyT, make: Callable[[], SumT]) -> SumT:
    found = rows.get(key)
    if found is None:
        found = rows[key] = make()
    return found


def _add_rows(mine: dict[KeyT, SumT], its: dict[KeyT, SumT], make: Callable[[], SumT]) -> None:
    for key, row in its.items():
        add(_row(mine, key, make), row)


def _add_counts(mine: dict[KeyT, int], its: dict[KeyT, int]) -> None:
    for key, count in its.items():
        mine[key] = mine.get(key, 0) + count


def _subtract_rows(mine: dict[Any, Any], its: dict[Any, Any]) -> None:
    for key, less in its.items():
        if isinstance(less, int):
            mine[key] -= less
            gone = mine[key] == 0
        else:
            gone = subtract(mine[key], less)
        if gone:
            del mine[key]


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
