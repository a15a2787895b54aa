"""Alarms: rules over the live board, and which of them stand now.  Pure; ``now`` is an argument.

A rule looks at one figure of every queue or agent that it concerns.  Two thresholds and two
durations keep it from flapping: the alarm is raised when the figure has been beyond the first for
``hold`` seconds, and cleared when it has been on the good side of the second for ``quiet``.
docs/alarms.md explains the kinds.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Literal, TypeAlias

import msgspec

from cti.board import AgentBoard, Board, QueueBoard, Window
from cti.core import events as ev
from cti.core.events import AlarmKind, AlarmSeverity
from cti.core.ids import AgentId, QueueName

ABOUT_QUEUES: Final[frozenset[AlarmKind]] = frozenset({"wait", "service_level"})
"""Kinds whose subject is a queue; that of the others is an agent."""

_KINDS_OF_STATE: Final[Mapping[str, AlarmKind]] = {
    "wrap_up": "wrap_up",
    "paused": "pause",
    "on_call": "call",
    "on_hold": "call",
}
Key: TypeAlias = tuple[str, str]
"""Rule and subject."""


class Words(msgspec.Struct, frozen=True):
    """A rule's name for people."""

    zh: str
    en: str


class AlarmRule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule; durations are seconds."""

    id: str
    kind: AlarmKind
    title: Words
    severity: AlarmSeverity = "warning"
    raise_at: float
    """Seconds, or per cent of a service level: worse than this raises the alarm."""
    clear_at: float
    """At this, or better, it clears."""
    hold: float = 0.0
    quiet: float = 0.0
    window: Window = "quarter"
    """Of a service level."""
    least: int = 1
    """Calls that must have been offered in the window before a service level says anything."""
    reasons: tuple[str, ...] = ()
    """Codes of pause reasons; none: every reason."""
    queues: tuple[str, ...] = ()
    """None: every queue."""
    teams: tuple[str, ...] = ()
    """None: every team, also agents without one."""

    @property
    def falls(self) -> bool:
        """Whether lower is worse."""
        return self.kind == "service_level"

    def is_bad(self, value: float) -> bool:
        return value < self.raise_at if self.falls else value > self.raise_at

    def is_good(self, value: float) -> bool:
        return value >= self.clear_at if self.falls else value <= self.clear_at


class Alarm(msgspec.Struct, frozen=True, kw_only=True):
    """One alarm that stands, or stood; times are seconds since the epoch."""

    alarm_id: str
    rule: str
    kind: AlarmKind
    severity: AlarmSeverity
    subject: str
    """The queue or agent."""
    value: float
    """When it was raised: seconds, or per cent."""
    limit: float
    raised_at: float
    acknowledged_at: float | None = None
    acknowledged_by: str = ""
    cleared_at: float | None = None

    @property
    def queue(self) -> QueueName | None:
        return QueueName(self.subject) if self.kind in ABOUT_QUEUES else None

    @property
    def agent_id(self) -> AgentId | None:
        return None if self.kind in ABOUT_QUEUES else AgentId(self.subject)


AlarmEvent: TypeAlias = ev.AlarmRaised | ev.AlarmCleared | ev.AlarmAcknowledged


class AlarmBoard:
    """Which alarms stand; :meth:`look` at the board, about once a second."""

    def __init__(self, standing: Iterable[Alarm] = ()) -> None:
        """``standing``: those that an earlier run left."""
        self._standing: dict[Key, Alarm] = {(a.rule, a.subject): a for a in standing}
        self._since: dict[Key, float] = {}
        """Since when a figure has been bad without an alarm, or good in spite of one."""

    @property
    def standing(self) -> tuple[Alarm, ...]:
        """Return what stands now, the oldest first."""
        return tuple(sorted(self._standing.values(), key=lambda a: a.raised_at))

    def look(
        self, board: Board, rules: Sequence[AlarmRule], teams: Mapping[str, str]
    ) -> list[AlarmEvent]:
        """Return what the board changes; ``teams`` names each agent's team."""
        now = board.at
        events: list[AlarmEvent] = []
        found: set[Key] = set()
        for rule in rules:
            for subject, value in _figures(rule, board, teams):
                key = (rule.id, subject)
                found.add(key)
                event = self._judge(key, rule, value, now)
                if event is not None:
                    events.append(event)
        # What no rule, or no agent or queue, stands for any more.
        known = {rule.id: rule for rule in rules}
        for key in [key for key in self._standing if key not in found]:
            if _cannot_tell(known.get(key[0]), board):
                continue
            events.append(self._clear(key, now, "gone"))
        for key in self._since.keys() - found - self._standing.keys():
            del self._since[key]
        return events

    def acknowledge(self, alarm_id: str, by: str, now: float) -> ev.AlarmAcknowledged | None:
        """Note who has seen a standing alarm; ``None``: there is none, or somebody had."""
        for key, alarm in self._standing.items():
            if alarm.alarm_id == alarm_id and alarm.acknowledged_at is None:
                self._standing[key] = msgspec.structs.replace(
                    alarm, acknowledged_at=now, acknowledged_by=by
                )
                return ev.AlarmAcknowledged(**_about(alarm, now), by=by)
        return None

    def _judge(self, key: Key, rule: AlarmRule, value: float, now: float) -> AlarmEvent | None:
        stands = key in self._standing
        turns = rule.is_good(value) if stands else rule.is_bad(value)
        if not turns:
            self._since.pop(key, None)
            return None
        since = self._since.setdefault(key, now)
        if now - since < (rule.quiet if stands else rule.hold):
            return None
        del self._since[key]
        return self._clear(key, now, "good") if stands else self._raise(key, rule, value, now)

    def _raise(self, key: Key, rule: AlarmRule, value: float, now: float) -> ev.AlarmRaised:
        alarm = Alarm(
            alarm_id=f"{rule.id}:{key[1]}:{round(now * 1000)}",
            rule=rule.id,
            kind=rule.kind,
            severity=rule.severity,
            subject=key[1],
            value=round(value, 1),
            limit=rule.raise_at,
            raised_at=now,
        )
        self._standing[key] = alarm
        return ev.AlarmRaised(**_about(alarm, now), value=alarm.value, limit=alarm.limit)

    def _clear(self, key: Key, now: float, why: Literal["good", "gone"]) -> ev.AlarmCleared:
        self._since.pop(key, None)
        alarm = self._standing.pop(key)
        stood = max(0.0, now - alarm.raised_at)
        return ev.AlarmCleared(**_about(alarm, now), stood=stood, why=why)


def applied(alarm: Alarm | None, event: AlarmEvent) -> Alarm | None:
    """Return the alarm after ``event``; for a store that keeps them."""
    match event:
        case ev.AlarmRaised():
            return Alarm(
                alarm_id=event.alarm_id,
                rule=event.rule,
                kind=event.kind,
                severity=event.severity,
                subject=event.subject,
                value=event.value,
                limit=event.limit,
                raised_at=event.at,
            )
        case ev.AlarmCleared() if alarm is not None:
            return msgspec.structs.replace(alarm, cleared_at=event.at)
        case ev.AlarmAcknowledged() if alarm is not None:
            return msgspec.structs.replace(
                alarm, acknowledged_at=event.at, acknowledged_by=event.by
            )
    return alarm


def _about(alarm: Alarm, at: float) -> dict[str, Any]:
    return {
        "at": at,
        "alarm_id": alarm.alarm_id,
        "rule": alarm.rule,
        "kind": alarm.kind,
        "severity": alarm.severity,
        "subject": alarm.subject,
    }


def _figures(
    rule: AlarmRule, board: Board, teams: Mapping[str, str]
) -> Iterable[tuple[str, float]]:
    """Return every subject of the rule with its figure now."""
    if rule.kind in ABOUT_QUEUES:
        for queue in board.queues:
            if rule.queues and queue.queue not in rule.queues:
                continue
            figure = queue.longest_wait if rule.kind == "wait" else _level(rule, queue)
            if figure is not None:
                yield queue.queue, figure
        return
    for agent in board.agents:
        if rule.teams and teams.get(agent.agent_id, "") not in rule.teams:
            continue
        if rule.queues and not _serves(agent, rule):
            continue
        if _KINDS_OF_STATE.get(agent.state) != rule.kind:
            continue
        if rule.reasons and agent.state == "paused" and agent.reason not in rule.reasons:
            continue
        since = agent.since
        if rule.kind == "call":
            if agent.connected_at is None:
                continue
            since = agent.connected_at
        yield agent.agent_id, max(0.0, board.at - since)


def _serves(agent: AgentBoard, rule: AlarmRule) -> bool:
    """Whether the agent's call, or (without one) the agent, belongs to the rule's queues."""
    if agent.queue is not None:
        return agent.queue in rule.queues
    return any(queue in rule.queues for queue in agent.queues)


def _level(rule: AlarmRule, queue: QueueBoard) -> float | None:
    measures = queue.windows.get(rule.window)
    if measures is None or measures.service_level is None or measures.offered < rule.least:
        return None
    return 100.0 * measures.service_level


def _cannot_tell(rule: AlarmRule | None, board: Board) -> bool:
    """Whether a figure is missing only because a start still looks back."""
    return (
        rule is not None
        and rule.kind == "service_level"
        and rule.window not in board.total.windows
    )
