"""Boards on which alarms are tried: one queue and one agent, made for one instant."""

from typing import Any

import msgspec

from cti.alarms import AlarmRule, Words
from cti.board import AgentBoard, Board, QueueBoard
from cti.core.ids import AgentId, CallId, QueueName
from cti.history.figures import AgentFigures, QueueFigures
from cti.history.measures import NO_WAITS, agent_measures, queue_measures

NOW = 1_800_000_000.0


def rule(kind: str, raise_at: float, clear_at: float | None = None, **changes: Any) -> AlarmRule:
    values: dict[str, Any] = {
        "id": f"a-{kind.replace('_', '-')}",
        "kind": kind,
        "title": Words("告警", "Alarm"),
        "raise_at": raise_at,
        "clear_at": raise_at if clear_at is None else clear_at,
        **changes,
    }
    return AlarmRule(**values)


def queue(name: str = "service", level: float | None = None, **changes: Any) -> QueueBoard:
    """``level`` of the last quarter, of 20 calls; ``None``: nothing was offered."""
    measures = queue_measures(QueueFigures(), NO_WAITS, "of_offered")
    if level is not None:
        measures = msgspec.structs.replace(measures, offered=20, service_level=level)
    values: dict[str, Any] = {
        "waiting": 0,
        "longest_wait": 0.0,
        "callbacks": 0,
        "agents": {},
        "expected_wait": None,
        "windows": {"today": measures, "hour": measures, "quarter": measures},
        **changes,
    }
    return QueueBoard(queue=QueueName(name), **values)


def agent(state: str, since: float, agent_id: str = "1001", **changes: Any) -> AgentBoard:
    values: dict[str, Any] = {
        "reason": "",
        "queues": (QueueName("service"),),
        "call_id": CallId("c1") if state == "on_call" else None,
        "queue": None,
        "segment": None,
        "connected_at": since if state == "on_call" else None,
        "today": agent_measures(AgentFigures()),
        **changes,
    }
    return AgentBoard(agent_id=AgentId(agent_id), state=state, since=since, **values)  # type: ignore[arg-type]


def board(at: float, *parts: QueueBoard | AgentBoard) -> Board:
    return Board(
        at=at,
        in_menu=0,
        total=queue(""),
        queues=tuple(part for part in parts if isinstance(part, QueueBoard)),
        agents=tuple(part for part in parts if isinstance(part, AgentBoard)),
    )
