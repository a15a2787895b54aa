"""The records of alarms; the one place of their spelling.

The conventions of :mod:`agent_console.messages` hold; docs/alarms.md explains the rules.
"""

from typing import Literal, TypeAlias

from agent_console.messages import Record
from crm_lookup.model import Text
from cti.alarms import Alarm, AlarmRule

AlarmKind: TypeAlias = Literal["wrap_up", "pause", "call", "wait", "service_level"]
AlarmSeverity: TypeAlias = Literal["warning", "critical"]


class AlarmLine(Record, frozen=True, kw_only=True):
    """One alarm that stands, or stood."""

    alarm_id: str
    title: Text
    """What the rule is called."""
    kind: AlarmKind
    severity: AlarmSeverity
    queue: str | None
    agent_id: str | None
    value: float
    """When it was raised: seconds, or per cent of a service level."""
    limit: float
    raised_at: float
    acknowledged_at: float | None
    acknowledged_by: str
    cleared_at: float | None
    """``null`` while it stands."""


def line_of(alarm: Alarm, rule: AlarmRule | None) -> AlarmLine:
    """Return the wire's record; a rule that is gone leaves its id as the title."""
    title = Text(alarm.rule, alarm.rule) if rule is None else Text(rule.title.zh, rule.title.en)
    return AlarmLine(
        alarm_id=alarm.alarm_id,
        title=title,
        kind=alarm.kind,
        severity=alarm.severity,
        queue=alarm.queue,
        agent_id=alarm.agent_id,
        value=alarm.value,
        limit=alarm.limit,
        raised_at=alarm.raised_at,
        acknowledged_at=alarm.acknowledged_at,
        acknowledged_by=alarm.acknowledged_by,
        cleared_at=alarm.cleared_at,
    )
