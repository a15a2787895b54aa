"""What people call the figures: service level, ASA, AHT, abandon rate …, from sums.  Pure.

docs/figures.md says the same in words.  A measure whose divisor is 0 is ``None``: nothing
happened, which is neither good nor bad.
"""

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, TypeAlias, TypedDict, TypeVar

import msgspec

from cti.core.ids import QueueName
from cti.history.figures import (
    AgentFigures,
    GroupFigures,
    GroupWaitKey,
    NodeFigures,
    QueueFigures,
    WaitKey,
)

Formula: TypeAlias = Literal[
    "of_answered", "of_offered", "short_abandons_left_out", "short_abandons_served"
]


class Waits(NamedTuple):
    """Calls of a span that were answered or given up, and how many of each within the limit."""

    answered: int
    answered_within: int
    abandoned: int
    abandoned_within: int


NO_WAITS: Final = Waits(0, 0, 0, 0)
KeyT = TypeVar("KeyT")
BarT = TypeVar("BarT", WaitKey, GroupWaitKey)


def waits_by(
    bars: Mapping[BarT, int],
    key: Callable[[BarT], KeyT],
    limit: Callable[[QueueName], int],
) -> dict[KeyT, Waits]:
    """Return the waits of a histogram under each ``key``, each queue judged by its own limit.

    ``limit`` gives the seconds of a queue's service level.
    """
    counts: dict[KeyT, list[int]] = {}
    for bar, calls in bars.items():
        counted = counts.setdefault(key(bar), [0, 0, 0, 0])
        first = 0 if bar.outcome == "answered" else 2
        counted[first] += calls
        counted[first + 1] += calls if bar.seconds <= limit(bar.queue) else 0
    return {name: Waits(*counted) for name, counted in counts.items()}


FORMULAS: Final[dict[Formula, Callable[[Waits], tuple[int, int]]]] = {
    "of_answered": lambda w: (w.answered_within, w.answered),
    "of_offered": lambda w: (w.answered_within, w.answered + w.abandoned),
    "short_abandons_left_out": lambda w: (
        w.answered_within,
        w.answered + w.abandoned - w.abandoned_within,
    ),
    "short_abandons_served": lambda w: (
        w.answered_within + w.abandoned_within,
        w.answered + w.abandoned,
    ),
}
"""The four usual service levels, as dividend and divisor: they differ in what they do with
callers who gave up, altogether or within the limit."""


def service_level(waits: Waits, formula: Formula) -> float | None:
    """Return the share, 0 to 1."""
    dividend, divisor = FORMULAS[formula](waits)
    return dividend / divisor if divisor else None


class QueueMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """One queue, or several together, over a span; times are seconds."""

    offered: int
    answered: int
    abandoned: int
    left_queue: int
    found_closed: int
    missed: int
    service_level: float | None
    asa: float | None
    """Average speed of answer: mean wait of answered calls."""
    abandon_rate: float | None
    """Of those who were answered or gave up, the share who gave up."""
    mean_wait_abandoned: float | None
    mean_talk_time: float | None
    """Of conversations that ended; time on hold is part of it."""
    mean_hold_time: float | None
    mean_wrap_up_time: float | None
    aht: float | None
    """Average handling time: talk (with hold) and wrap-up for each conversation that ended."""


class AgentMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """One agent over a span; times are seconds."""

    offered: int
    answered: int
    missed: int
    completed: int
    disposed: int
    mean_ring_time: float | None
    mean_talk_time: float | None
    mean_hold_time: float | None
    mean_wrap_up_time: float | None
    aht: float | None
    signed_in_time: float
    paused_time: float
    occupancy: float | None
    """Of the time with a call or free for one, the share with a call."""


class GroupMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """One topic or segment, or all calls, over a span; times are seconds."""

    calls: int
    solved: int
    messages: int
    hung_up: int
    reached: int
    gave_up: int
    turned_away: int
    self_service_rate: float | None
    """Of the calls that ended, the share that the menu solved."""
    offered: int
    answered: int
    abandoned: int
    left_queue: int
    transferred: int
    service_level: float | None
    asa: float | None
    abandon_rate: float | None
    mean_wait_abandoned: float | None
    mean_talk_time: float | None
    mean_hold_time: float | None
    mean_wrap_up_time: float | None
    aht: float | None
    offers_presented: int
    offers_accepted: int
    offers_declined: int
    acceptance_rate: float | None
    """Of the offers presented, the share accepted."""
    scores: int
    """Customers who gave a score."""
    mean_score: float | None


class NodeMeasures(msgspec.Struct, frozen=True, kw_only=True):
    """One node of the menu over a span; times are seconds."""

    entered: int
    services: int
    went_on: int
    queued: int
    solved: int
    hung_up: int
    hang_up_rate: float | None
    """Of the callers who left the node, the share who hung up unserved."""
    mean_time: float | None


class _Waiting(TypedDict):
    """What queues and groups say of waits."""

    service_level: float | None
    asa: float | None
    abandon_rate: float | None
    mean_wait_abandoned: float | None


class _Handling(TypedDict):
    """What queues, agents and groups say of conversations."""

    mean_talk_time: float | None
    mean_hold_time: float | None
    mean_wrap_up_time: float | None
    aht: float | None


def _waiting(f: QueueFigures | GroupFigures, waits: Waits, formula: Formula) -> _Waiting:
    return _Waiting(
        service_level=service_level(waits, formula),
        asa=_mean(f.wait_answered_ms, f.answered),
        abandon_rate=_share(f.abandoned, f.answered + f.abandoned),
        mean_wait_abandoned=_mean(f.wait_abandoned_ms, f.abandoned),
    )


def _handling(f: QueueFigures | AgentFigures | GroupFigures) -> _Handling:
    return _Handling(
        mean_talk_time=_mean(f.talk_ms, f.completed),
        mean_hold_time=_mean(f.hold_ms, f.completed),
        mean_wrap_up_time=_mean(f.wrap_up_ms, f.wrapped_up),
        aht=_mean(f.talk_ms + f.wrap_up_ms, f.completed),
    )


def queue_measures(figures: QueueFigures, waits: Waits, formula: Formula) -> QueueMeasures:
    """Return the measures of sums, and of the waits of the same span."""
    f = figures
    return QueueMeasures(
        offered=f.offered,
        answered=f.answered,
        abandoned=f.abandoned,
        left_queue=f.left_queue,
        found_closed=f.found_closed,
        missed=f.missed,
        **_waiting(f, waits, formula),
        **_handling(f),
    )


def agent_measures(figures: AgentFigures) -> AgentMeasures:
    """Return the measures of sums."""
    f = figures
    return AgentMeasures(
        offered=f.offered,
        answered=f.answered,
        missed=f.missed,
        completed=f.completed,
        disposed=f.disposed,
        mean_ring_time=_mean(f.ring_ms, f.answered + f.missed),
        **_handling(f),
        signed_in_time=(f.available_ms + f.engaged_ms + f.paused_ms) / 1000,
        paused_time=f.paused_ms / 1000,
        occupancy=occupancy(f),
    )


def group_measures(figures: GroupFigures, waits: Waits, formula: Formula) -> GroupMeasures:
    """Return the measures of sums, and of the waits of the same span."""
    f = figures
    scores = (f.score_1, f.score_2, f.score_3, f.score_4, f.score_5)
    return GroupMeasures(
        calls=f.calls,
        solved=f.solved,
        messages=f.messages,
        hung_up=f.hung_up,
        reached=f.reached,
        gave_up=f.gave_up,
        turned_away=f.turned_away,
        self_service_rate=_share(f.solved, f.calls),
        offered=f.offered,
        answered=f.answered,
        abandoned=f.abandoned,
        left_queue=f.left_queue,
        transferred=f.transferred,
        **_waiting(f, waits, formula),
        **_handling(f),
        offers_presented=f.offers_presented,
        offers_accepted=f.offers_accepted,
        offers_declined=f.offers_declined,
        acceptance_rate=_share(f.offers_accepted, f.offers_presented),
        scores=sum(scores),
        mean_score=_share(sum(n * given for n, given in enumerate(scores, 1)), sum(scores)),
    )


def node_measures(figures: NodeFigures) -> NodeMeasures:
    """Return the measures of sums."""
    f = figures
    left = f.went_on + f.queued + f.solved + f.hung_up
    return NodeMeasures(
        entered=f.entered,
        services=f.services,
        went_on=f.went_on,
        queued=f.queued,
        solved=f.solved,
        hung_up=f.hung_up,
        hang_up_rate=_share(f.hung_up, left),
        mean_time=_mean(f.time_ms, left),
    )


def occupancy(figures: AgentFigures) -> float | None:
    """Return the share of the time with a call in the time with or free for one, 0 to 1."""
    ready = figures.engaged_ms + figures.available_ms
    return figures.engaged_ms / ready if ready else None


def _mean(milliseconds: int, count: int) -> float | None:
    return milliseconds / count / 1000 if count else None


def _share(part: int, whole: int) -> float | None:
    return part / whole if whole else None
