"""The board: every queue and agent at one instant, with the figures of three windows.  Pure.

Living state comes from the engine's world, figures from the journal's fold; docs/figures.md says
what each means.
"""

from collections.abc import Iterable, Mapping
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from cti import views
from cti.core.agents import Agent
from cti.core.events import AgentState
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.routing import Segment
from cti.core.world import World
from cti.history.figures import AgentFigures, Figures, QueueFigures, add
from cti.history.fold import STATE_SUM
from cti.history.keeper import Live
from cti.history.measures import (
    NO_WAITS,
    AgentMeasures,
    Formula,
    QueueMeasures,
    Waits,
    agent_measures,
    queue_measures,
    waits_by,
)
from cti.monitoring import MonitorView
from cti.monitoring import views as monitor_views

Window: TypeAlias = Literal["today", "hour", "quarter"]
_SEGMENTS: Final = frozenset(get_args(Segment)) - {"unknown"}
_AT_WORK: Final[frozenset[AgentState]] = frozenset(
    {"available", "ringing", "on_call", "on_hold", "wrap_up"}
)


class BoardRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say."""

    formula: Formula = "of_offered"
    limits: dict[QueueName, int] = {}
    """Seconds of each queue's service level."""
    own_limit: int = 20
    """Of a queue that the settings do not name."""

    def limit(self, queue: QueueName) -> int:
        return self.limits.get(queue, self.own_limit)


class QueueBoard(msgspec.Struct, frozen=True, kw_only=True):
    """One queue, or all together (``queue`` empty)."""

    queue: QueueName
    waiting: int
    longest_wait: float
    callbacks: int
    """Customers who keep their place without waiting on the line."""
    agents: dict[AgentState, int]
    expected_wait: float | None
    """Seconds for somebody who joins now; ``None`` if nobody serves, or nothing is known."""
    windows: dict[Window, QueueMeasures]
    """The last hour is missing while a start still looks back."""


class AgentBoard(msgspec.Struct, frozen=True, kw_only=True):
    """One agent who is signed in, or was today."""

    agent_id: AgentId
    state: AgentState
    reason: str
    since: float
    queues: tuple[QueueName, ...]
    call_id: CallId | None
    queue: QueueName | None
    segment: str | None
    """Value segment of the customer of that call; ``None``: no call, or nobody we know."""
    connected_at: float | None
    """When the present conversation began, holds included."""
    today: AgentMeasures


class Board(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at ``at`` (seconds since the epoch)."""

    at: float
    in_menu: int
    total: QueueBoard
    queues: tuple[QueueBoard, ...]
    agents: tuple[AgentBoard, ...]
    monitors: tuple[MonitorView, ...] = ()
    """Supervisors who hear calls."""


def board(
    world: World,
    live: Live,
    now: float,
    rules: BoardRules,
    callbacks: Mapping[QueueName, int] | None = None,
) -> Board:
    """Return the board at ``now``; ``callbacks`` counts those that wait, by queue."""
    waited = {call.queue for call in world.living() if call.queue is not None}
    counted = {key.queue for key in live.today.queues}
    known = sorted({*world.queues, *rules.limits, *waited, *counted} - {""})
    windows = {name: _by_queue(figures, rules) for name, figures in _windows(live).items()}
    shown = tuple(
        _queue(
            view,
            {name: sums.get(queue, _Sums()).measures(rules) for name, sums in windows.items()},
            (callbacks or {}).get(queue, 0),
        )
        for queue, view in views.queue_views(world, known, now).items()
    )
    return Board(
        at=now,
        in_menu=sum(1 for call in world.living() if call.state in ("arriving", "menu")),
        total=_total(world, shown, windows, rules),
        queues=shown,
        agents=_agents(world, live, now),
        monitors=tuple(monitor_views(world)),
    )


def _windows(live: Live) -> dict[Window, Figures]:
    named: dict[Window, Figures | None] = {
        "today": live.today,
        "hour": live.hour,
        "quarter": live.quarter,
    }
    return {name: figures for name, figures in named.items() if figures is not None}


def _queue(
    view: views.QueueView, windows: dict[Window, QueueMeasures], callbacks: int
) -> QueueBoard:
    recent = windows.get("hour") or windows["today"]
    handling = recent.aht if recent.aht is not None else windows["today"].aht
    return QueueBoard(
        queue=view.queue,
        waiting=view.waiting,
        longest_wait=view.longest_wait,
        callbacks=callbacks,
        agents=view.agents,
        expected_wait=expected_wait(view.waiting + callbacks, view.agents, handling),
        windows=windows,
    )


def expected_wait(
    waiting: int, agents: Mapping[AgentState, int], handling: float | None
) -> float | None:
    """Return the seconds that somebody who joins now may wait.

    ``handling`` is the mean seconds for one conversation with its wrap-up.  Every agent at work
    finishes one each so often; agents who work for other queues too make the truth longer.
    """
    at_work = sum(count for state, count in agents.items() if state in _AT_WORK)
    before = waiting - agents.get("available", 0)
    if not at_work:
        return None
    if before < 0:
        return 0.0
    return None if handling is None else (before + 1) * handling / at_work


def _total(
    world: World,
    shown: tuple[QueueBoard, ...],
    windows: dict[Window, dict[QueueName, "_Sums"]],
    rules: BoardRules,
) -> QueueBoard:
    agents: dict[AgentState, int] = {}
    for agent in world.agents.values():
        agents[agent.state] = agents.get(agent.state, 0) + 1
    waits = [queue.expected_wait for queue in shown if queue.expected_wait is not None]
    return QueueBoard(
        queue=QueueName(""),
        waiting=sum(queue.waiting for queue in shown),
        longest_wait=max((queue.longest_wait for queue in shown), default=0.0),
        callbacks=sum(queue.callbacks for queue in shown),
        agents=agents,
        expected_wait=max(waits, default=None),
        windows={name: _all(sums.values()).measures(rules) for name, sums in windows.items()},
    )


class _Sums:
    """Of one queue in one window."""

    def __init__(self) -> None:
        self.figures = QueueFigures()
        self.waits = NO_WAITS

    def measures(self, rules: BoardRules) -> QueueMeasures:
        return queue_measures(self.figures, self.waits, rules.formula)


def _by_queue(figures: Figures, rules: BoardRules) -> dict[QueueName, _Sums]:
    """Return the sums of each queue, judged by its own limit, in one pass over the figures."""
    sums: dict[QueueName, _Sums] = {}
    for key, row in figures.queues.items():
        add(sums.setdefault(key.queue, _Sums()).figures, row)
    for queue, waits in waits_by(figures.waits, lambda bar: bar.queue, rules.limit).items():
        sums.setdefault(queue, _Sums()).waits = waits
    return sums


def _all(sums: Iterable[_Sums]) -> _Sums:
    total = _Sums()
    for one in sums:
        add(total.figures, one.figures)
        total.waits = Waits(*(a + b for a, b in zip(total.waits, one.waits, strict=True)))
    return total


def _agents(world: World, live: Live, now: float) -> tuple[AgentBoard, ...]:
    sums: dict[AgentId, AgentFigures] = {}
    for key, row in live.today.agents.items():
        add(sums.setdefault(key.agent_id, AgentFigures()), row)
    shown = []
    for agent_id in sorted({*sums, *world.agents}):
        agent = world.agents.get(agent_id) or world.agent(agent_id, now)
        figures = sums.get(agent_id, AgentFigures())
        if agent.state == "logged_out" and agent_id not in sums:
            continue
        running = STATE_SUM.get(agent.state)
        if running is not None:
            passed = round(max(0.0, now - max(agent.since, live.since)) * 1000)
            setattr(figures, running, getattr(figures, running) + passed)
        shown.append(
            AgentBoard(
                agent_id=agent_id,
                state=agent.state,
                reason=agent.reason,
                since=agent.since,
                queues=tuple(m.queue for m in agent.memberships if m.queue),
                call_id=agent.call_id,
                queue=agent.queue,
                segment=_segment(world, agent),
                connected_at=_connected_at(world, agent),
                today=agent_measures(figures),
            )
        )
    return tuple(shown)


def _connected_at(world: World, agent: Agent) -> float | None:
    call = None if agent.call_id is None else world.calls.get(agent.call_id)
    talks = call is not None and agent.state in ("on_call", "on_hold")
    return call.connected_at if call is not None and talks else None


def _segment(world: World, agent: Agent) -> str | None:
    call = None if agent.call_id is None else world.calls.get(agent.call_id)
    return call.segment if call is not None and call.segment in _SEGMENTS else None
