"""Reads ``routing.yaml`` and keeps it fresh; every error names file, line and what is accepted.

The rules themselves, and what they decide, are in :mod:`cti.core.routing`.
"""

import difflib
import os
import re
from collections.abc import Callable, Collection, Iterable
from datetime import datetime
from pathlib import Path
from typing import Final, get_args

import msgspec
import structlog

from cti.core.events import VerifiedLevel
from cti.core.ids import QueueName
from cti.core.routing import (
    DEFAULT_QUEUE,
    HIGHEST_PRIORITY,
    MOST_STEPS,
    WEEKDAYS,
    Conditions,
    Decision,
    Escalate,
    Facts,
    Prefer,
    Routing,
    Rule,
    Segment,
    Window,
    decide,
)
from ivr.errors import RoutingFileError
from ivr.flow.effects import Route
from ivr.flow.yaml_marks import MarkedYaml, Path_, Plain
from ivr.prompt_ids import LANGUAGES

_TOP: Final = ("priority", "rules")
_RULE: Final = ("id", "when", "queue", "closed", "priority", "raise", "prefer", "escalate")
_PREFER: Final = ("last_agent", "wait")
_STEP: Final = ("after", "queue", "priority", "raise", "voicemail", "callback")
_ALONE: Final = ("voicemail", "callback")
_ID: Final = re.compile(r"^[a-z0-9][a-z0-9_-]{0,39}$")
_WINDOW: Final = re.compile(r"^([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)$")
_LONGEST_WAIT: Final = 7200
_AGO: Final = re.compile(r"^([1-9][0-9]{0,2})([dhm])$")
_SECONDS: Final = {"d": 86400.0, "h": 3600.0, "m": 60.0}
_LONGEST_PREFER: Final = 60
_log = structlog.get_logger(__name__)


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Names that rules may use; ``None`` accepts any."""

    queues: Collection[str] | None = None
    topics: Collection[str] | None = None
    numbers: Collection[str] | None = None
    callbacks: bool = True
    """Whether a queue offers callbacks, and there is a trunk to dial over."""


def load_routing(file: Path, known: Known | None = None) -> Routing:
    """Load the rules.  Raises :class:`ivr.errors.RoutingFileError`."""
    return _Reader(file, known or Known()).routing()


class RoutingBook:
    """The rules as the file says them now; a wrong edit leaves the old ones in force."""

    def __init__(
        self, file: Path, known: Callable[[], Known] = Known, *, now: Callable[[], datetime]
    ) -> None:
        """Load the rules; ``now`` gives the time in the bank's time zone.

        ``known`` is asked at every load: an edited menu may bring topics of its own.

        Raises :class:`ivr.errors.RoutingFileError`.
        """
        self._file = file
        self._now = now
        self._known = known
        self._seen = _stamp(file)
        self.routing: Routing = load_routing(file, known())

    def route(self, wanted: Route) -> Decision:
        """Decide for a caller, now, by the newest good rules."""
        self.refresh()
        facts = Facts(
            segment=wanted.segment,
            topic=wanted.topic,
            verified=wanted.verified,
            language=wanted.language,
            dnis=wanted.dnis,
            default_queue=QueueName(wanted.default_queue),
            forced_queue=None if wanted.forced_queue is None else QueueName(wanted.forced_queue),
            closed=frozenset(QueueName(queue) for queue in wanted.closed),
            at=self._now(),
        )
        return decide(self.routing, facts)

    def refresh(self) -> bool:
        """Load the file anew if it was changed; say whether other rules are in force now."""
        stamp = _stamp(self._file)
        if stamp == self._seen:
            return False
        self._seen = stamp
        try:
            self.routing = load_routing(self._file, self._known())
        except RoutingFileError as error:
            _log.error("routing_refused", error=str(error), kept="the rules before")
            return False
        _log.info("routing_loaded", file=str(self._file), rules=len(self.routing.rules))
        return True


def _stamp(file: Path) -> tuple[int, int, int] | None:
    """Return what changes when the file is edited or replaced."""
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


class _Reader:
    """Turns one file into rules."""

    def __init__(self, file: Path, known: Known) -> None:
        self._source = MarkedYaml(file, RoutingFileError)
        self._known = known

    def routing(self) -> Routing:
        top = self._mapping(self._source.data, (), "the routing", _TOP)
        raw = top.get("rules")
        if not isinstance(raw, list) or not raw:
            raise self._error(("rules",), "'rules' must be a list with at least one rule")
        rules = tuple(self._rule(item, ("rules", number)) for number, item in enumerate(raw))
        seen: set[str] = set()
        for number, rule in enumerate(rules):
            at = ("rules", number)
            if rule.id in seen:
                raise self._error((*at, "id"), f"rule {rule.id!r} is there twice; rename one")
            seen.add(rule.id)
            last = number == len(rules) - 1
            if not rule.when.given and not last:
                raise self._error(
                    at,
                    f"rule {rule.id!r} has no condition, so that the rules below it never "
                    "decide; move it to the end",
                )
            if last and rule.when.given:
                raise self._error(
                    at,
                    f"rule {rule.id!r} is the last and has conditions, so that some callers "
                    "fit no rule; add one without 'when' at the end",
                )
        return Routing(rules=rules, priority=self._priorities(top.get("priority", {})))

    def _priorities(self, raw: Plain) -> dict[str, int]:
        table = self._mapping(raw, ("priority",), "'priority'", get_args(Segment))
        return {
            name: self._number(value, ("priority", name), f"priority of {name!r}")
            for name, value in table.items()
        }

    def _rule(self, raw: Plain, at: Path_) -> Rule:
        fields = self._mapping(raw, at, "a rule", _RULE)
        name = fields.get("id")
        if not isinstance(name, str) or not _ID.match(name):
            raise self._error(
                (*at, "id"),
                "a rule needs an 'id' of small letters, digits, _ and -, 40 characters at most",
            )
        who = f"rule {name!r}"
        priority = fields.get("priority")
        return Rule(
            id=name,
            when=self._conditions(fields.get("when", {}), (*at, "when"), who),
            queue=self._queue(
                fields.get("queue", DEFAULT_QUEUE), (*at, "queue"), who, or_default=True
            ),
            closed=None
            if "closed" not in fields
            else self._queue(fields["closed"], (*at, "closed"), f"{who}, closed", or_default=True),
            priority=None
            if priority is None
            else self._number(priority, (*at, "priority"), f"{who}, priority"),
            raise_by=self._number(fields.get("raise", "0"), (*at, "raise"), f"{who}, raise"),
            prefer=self._prefer(fields["prefer"], (*at, "prefer"), who)
            if "prefer" in fields
            else None,
            escalate=self._escalation(fields.get("escalate", []), (*at, "escalate"), who),
        )

    def _prefer(self, raw: Plain, at: Path_, who: str) -> Prefer:
        label = f"{who}, prefer"
        fields = self._mapping(raw, at, label, _PREFER)
        ago = fields.get("last_agent")
        match = _AGO.match(ago) if isinstance(ago, str) else None
        if match is None:
            raise self._error(
                (*at, "last_agent"),
                f"{label}: 'last_agent' says how long ago at most, like 7d, 12h or 30m",
            )
        wait = self._number(
            fields.get("wait", "20"), (*at, "wait"), f"{label}, wait", _LONGEST_PREFER
        )
        if wait < 5:
            raise self._error(
                (*at, "wait"), f"{label}: 'wait' must be 5 to {_LONGEST_PREFER} seconds"
            )
        return Prefer(within=int(match[1]) * _SECONDS[match[2]], wait=float(wait))

    def _conditions(self, raw: Plain, at: Path_, who: str) -> Conditions:
        names = Conditions.__struct_fields__
        fields = self._mapping(raw, at, f"{who}, when", names)
        accepted: dict[str, Collection[str] | None] = {
            "segment": get_args(Segment),
            "topic": self._known.topics,
            "verified": get_args(VerifiedLevel),
            "language": LANGUAGES,
            "dnis": self._known.numbers,
            "default_queue": self._known.queues,
        }
        found: dict[str, object] = {}
        for name, value in fields.items():
            here = (*at, name)
            words = self._words(value, here, f"{who}, when {name}")
            if name == "time":
                found[name] = tuple(self._window(word, here, who) for word in words)
            elif name == "weekday":
                found[name] = tuple(day for word in words for day in self._days(word, here, who))
            else:
                for word in words:
                    self._one_of(word, accepted[name], here, f"{who}, when {name}")
                found[name] = tuple(words)
        return msgspec.convert(found, Conditions)

    def _escalation(self, raw: Plain, at: Path_, who: str) -> tuple[Escalate, ...]:
        if not isinstance(raw, list):
            raise self._error(at, f"{who}, escalate: must be a list of steps")
        if len(raw) > MOST_STEPS:
            raise self._error(at, f"{who}, escalate: {MOST_STEPS} steps at most")
        steps: list[Escalate] = []
        for number, item in enumerate(raw):
            here, label = (*at, number), f"{who}, escalate step {number + 1}"
            fields = self._mapping(item, here, label, _STEP)
            if set(fields) <= {"after"}:
                raise self._error(
                    here,
                    f"{label}: say what happens: queue, priority, raise, callback or voicemail",
                )
            after = self._number(
                fields.get("after", ""), (*here, "after"), f"{label}, after", _LONGEST_WAIT
            )
            if after < 1 or (steps and after <= steps[-1].after):
                raise self._error(
                    (*here, "after"), f"{label}: 'after' must be 1 or more, and grow step by step"
                )
            for name in _ALONE:
                if name in fields and (fields[name] not in ("yes", "true") or len(fields) != 2):
                    raise self._error(
                        (*here, name), f"{label}: '{name}: yes' stands alone beside 'after'"
                    )
            if "voicemail" in fields and number != len(raw) - 1:
                raise self._error(
                    (*here, "voicemail"), f"{label}: 'voicemail' must be the last step"
                )
            if "callback" in fields and not self._known.callbacks:
                raise self._error(
                    (*here, "callback"),
                    f"{label}: no queue offers callbacks; set 'callback = true' in one of the "
                    "settings' [[queues]], and declare a trunk",
                )
            queue, priority = fields.get("queue"), fields.get("priority")
            steps.append(
                Escalate(
                    after=float(after),
                    queue=None
                    if queue is None
                    else QueueName(self._queue(queue, (*here, "queue"), label)),
                    priority=None
                    if priority is None
                    else self._number(priority, (*here, "priority"), f"{label}, priority"),
                    raise_by=self._number(
                        fields.get("raise", "0"), (*here, "raise"), f"{label}, raise"
                    ),
                    voicemail="voicemail" in fields,
                    callback="callback" in fields,
                )
            )
        return tuple(steps)

    # --- values --------------------------------------------------------------------------------

    def _error(self, at: Path_, problem: str) -> Exception:
        return self._source.error(at, problem)

    def _mapping(
        self, raw: Plain, at: Path_, who: str, accepted: Iterable[str]
    ) -> dict[str, Plain]:
        accepted = tuple(accepted)
        if not isinstance(raw, dict):
            raise self._error(at, f"{who} must be a mapping with {', '.join(accepted)}")
        for name in raw:
            self._one_of(name, accepted, (*at, name), f"{who}, key")
        return raw

    def _words(self, raw: Plain, at: Path_, who: str) -> list[str]:
        words = [raw] if isinstance(raw, str) else raw
        if not isinstance(words, list) or not words:
            raise self._error(at, f"{who}: must be a value or a list of values")
        found = []
        for word in words:
            if not isinstance(word, str):
                raise self._error(at, f"{who}: each value must be plain text")
            found.append(word)
        return found

    def _one_of(self, word: str, accepted: Collection[str] | None, at: Path_, who: str) -> None:
        if accepted is None or word in accepted:
            return
        close = difflib.get_close_matches(word, list(accepted), n=1)
        meant = f" (did you mean {close[0]!r}?)" if close else ""
        known = ", ".join(accepted) or "none yet"
        raise self._error(at, f"{who}: unknown {word!r}{meant}; accepted: {known}")

    def _queue(self, raw: Plain, at: Path_, who: str, *, or_default: bool = False) -> str:
        if not isinstance(raw, str) or not _ID.match(raw):
            raise self._error(at, f"{who}, queue: must be the name of a queue")
        if or_default and raw == DEFAULT_QUEUE:
            return raw
        self._one_of(raw, self._known.queues, at, f"{who}, queue")
        return raw

    def _number(self, raw: Plain, at: Path_, who: str, most: int = HIGHEST_PRIORITY) -> int:
        if not isinstance(raw, str) or not re.fullmatch(r"[0-9]{1,5}", raw) or int(raw) > most:
            raise self._error(at, f"{who}: must be a whole number from 0 to {most}")
        return int(raw)

    def _window(self, word: str, at: Path_, who: str) -> Window:
        match = _WINDOW.match(word)
        if match is None:
            raise self._error(
                at, f"{who}, when time: {word!r} is no time of day; write it like 09:00-18:00"
            )
        start = int(match[1]) * 60 + int(match[2])
        end = 1440 if match[3] is None else int(match[3]) * 60 + int(match[4])
        if start == end:
            raise self._error(at, f"{who}, when time: {word!r} begins when it ends")
        return Window(start, end)

    def _days(self, word: str, at: Path_, who: str) -> list[str]:
        first, dash, last = word.partition("-")
        for day in (first, *([last] if dash else [])):
            self._one_of(day, WEEKDAYS, at, f"{who}, when weekday")
        begin = WEEKDAYS.index(first)
        end = WEEKDAYS.index(last) if dash else begin
        return [WEEKDAYS[day % 7] for day in range(begin, end + (7 if end < begin else 0) + 1)]


def check_facts(
    known: Known, *, segment: str, topic: str, verified: str, language: str
) -> VerifiedLevel:
    """Refuse words that no caller can have; return the level.

    Raises :class:`ivr.errors.RoutingFileError` naming the accepted ones.
    """
    for name, word, accepted in (
        ("segment", segment, get_args(Segment)),
        ("topic", topic, known.topics),
        ("verified", verified, get_args(VerifiedLevel)),
        ("language", language, LANGUAGES),
    ):
        if accepted is not None and word not in accepted:
            raise RoutingFileError(f"{name}: unknown {word!r}; accepted: {', '.join(accepted)}")
    level: VerifiedLevel = msgspec.convert(verified, VerifiedLevel)
    return level


def told_conditions(when: Conditions) -> list[str]:
    """Return the conditions in words, one a line."""
    lines = []
    for name in when.__struct_fields__:
        if accepted := getattr(when, name):
            words = [_clock(item) if isinstance(item, Window) else str(item) for item in accepted]
            lines.append(f"{name} {', '.join(words)}")
    return lines


def told_step(step: Escalate) -> str:
    """Return a step in words."""
    parts = []
    if step.queue is not None:
        parts.append(f"queue {step.queue}")
    if step.priority is not None:
        parts.append(f"priority {step.priority}")
    if step.voicemail:
        parts.append("asked for a message")
    if step.callback:
        parts.append("offered a callback")
    if step.raise_by:
        parts.append(f"priority + {step.raise_by}")
    return f"{step.after:g} s: {', '.join(parts)}"


def told_prefer(prefer: Prefer) -> str:
    """Return the preference in words."""
    unit, size = next((u, s) for u, s in _SECONDS.items() if prefer.within >= s)
    within = f"{prefer.within / size:g} {unit}"
    return f"first the agent of the last {within}, for {prefer.wait:g} s"


def _clock(window: Window) -> str:
    return "-".join(f"{minute // 60:02}:{minute % 60:02}" for minute in (window.start, window.end))
