"""Reads ``alarms.yaml`` and keeps it fresh; every error names file, line and what is accepted.

What the rules mean is in :mod:`cti.alarms`.
"""

import difflib
import os
import re
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import Final, get_args

import msgspec
import structlog

from cti.alarms import ABOUT_QUEUES, AlarmRule, Words
from cti.board import Window
from cti.core.events import AlarmKind, AlarmSeverity
from ivr.errors import IvrError
from ivr.flow.yaml_marks import MarkedYaml, Path_, Plain

_log = structlog.get_logger(__name__)

_TOP: Final = ("rules",)
_COMMON: Final = ("id", "kind", "title", "severity", "clear", "hold", "quiet", "queues")
_AGENTS: Final = ("teams",)
_BY_KIND: Final[dict[AlarmKind, tuple[str, ...]]] = {
    "wrap_up": (*_COMMON, *_AGENTS, "over"),
    "pause": (*_COMMON, *_AGENTS, "over", "reasons"),
    "call": (*_COMMON, *_AGENTS, "over"),
    "wait": (*_COMMON, "over"),
    "service_level": (*_COMMON, "below", "window", "least"),
}
_ID: Final = re.compile(r"^[a-z0-9][a-z0-9_-]{0,39}$")
_TIME: Final = re.compile(r"^([0-9]{1,6})(s|m|h)?$")
_UNITS: Final = {None: 1.0, "s": 1.0, "m": 60.0, "h": 3600.0}
_LONGEST: Final = 86_400.0
_QUIET_S: Final = 10.0
_STEP_UP: Final = 5.0
"""Per cent that a service level must climb above ``below`` if ``clear`` is not given."""


class AlarmFileError(IvrError):
    """The rules of the alarms are wrong; the message names file, line and what is accepted."""


class Known(msgspec.Struct, frozen=True, kw_only=True):
    """Names that rules may use; ``None`` accepts any."""

    queues: Collection[str] | None = None
    reasons: Collection[str] | None = None


def load_rules(file: Path, known: Known | None = None) -> tuple[AlarmRule, ...]:
    """Load the rules.  Raises :class:`AlarmFileError`."""
    return _Reader(file, known or Known()).rules()


class RuleBook:
    """The rules as the file says them now; a wrong edit leaves the old ones in force."""

    def __init__(self, file: Path, known: Known) -> None:
        """Load the rules.  Raises :class:`AlarmFileError`."""
        self._file = file
        self._known = known
        self._seen = _stamp(file)
        self._rules: tuple[AlarmRule, ...] = load_rules(file, known)

    def rules(self) -> Sequence[AlarmRule]:
        """Return the newest good rules."""
        stamp = _stamp(self._file)
        if stamp != self._seen:
            self._seen = stamp
            try:
                self._rules = load_rules(self._file, self._known)
            except AlarmFileError as error:
                _log.error("alarm_rules_refused", error=str(error), kept="the rules before")
            else:
                _log.info("alarm_rules_loaded", file=str(self._file), rules=len(self._rules))
        return self._rules


def _stamp(file: Path) -> tuple[int, int, int] | None:
    try:
        found = os.stat(file)
    except OSError:
        return None
    return found.st_mtime_ns, found.st_size, found.st_ino


def told(rule: AlarmRule) -> str:
    """Return what raises and clears the alarm, in words."""
    if rule.falls:
        text = f"below {rule.raise_at:g} % until {rule.clear_at:g} % ({rule.window}"
        text += f", {rule.least} calls at least)"
    else:
        text = f"over {rule.raise_at:g} s until {rule.clear_at:g} s"
    held = [f"{name} {value:g} s" for name, value in (("hold", rule.hold), ("quiet", rule.quiet))]
    return f"{text}, {', '.join(held)}" if rule.hold or rule.quiet else text


class _Reader:
    """Turns one file into rules."""

    def __init__(self, file: Path, known: Known) -> None:
        self._source = MarkedYaml(file, AlarmFileError)
        self._known = known

    def rules(self) -> tuple[AlarmRule, ...]:
        top = self._mapping(self._source.data, (), "the alarms", _TOP)
        raw = top.get("rules")
        if not isinstance(raw, list):
            raise self._error(("rules",), "'rules' must be a list; [] for no alarms at all")
        rules = tuple(self._rule(item, ("rules", number)) for number, item in enumerate(raw))
        seen: set[str] = set()
        for number, rule in enumerate(rules):
            if rule.id in seen:
                at = ("rules", number, "id")
                raise self._error(at, f"rule {rule.id!r} is there twice; rename one")
            seen.add(rule.id)
        return rules

    def _rule(self, raw: Plain, at: Path_) -> AlarmRule:
        if not isinstance(raw, dict):
            raise self._error(at, f"a rule must be a mapping with {', '.join(_COMMON)}")
        name = raw.get("id")
        if not isinstance(name, str) or not _ID.match(name):
            raise self._error(
                (*at, "id"),
                "a rule needs an 'id' of small letters, digits, _ and -, 40 characters at most",
            )
        who = f"rule {name!r}"
        kinds: tuple[AlarmKind, ...] = get_args(AlarmKind)
        kind = msgspec.convert(
            self._word(raw.get("kind", ""), (*at, "kind"), f"{who}, kind", kinds), AlarmKind
        )
        fields = self._mapping(raw, at, f"{who} of kind {kind}", _BY_KIND[kind])
        raise_at, clear_at = self._limits(fields, at, who, kind)
        severities: tuple[str, ...] = get_args(AlarmSeverity)
        severity = self._word(
            fields.get("severity", "warning"), (*at, "severity"), f"{who}, severity", severities
        )
        window = self._word(
            fields.get("window", "quarter"), (*at, "window"), f"{who}, window", get_args(Window)
        )
        quiet = _QUIET_S if kind in ABOUT_QUEUES else 0.0
        return AlarmRule(
            id=name,
            kind=kind,
            title=self._title(fields.get("title", ""), (*at, "title"), who),
            severity=msgspec.convert(severity, AlarmSeverity),
            raise_at=raise_at,
            clear_at=clear_at,
            hold=self._time(fields, "hold", at, who, 0.0),
            quiet=self._time(fields, "quiet", at, who, quiet),
            window=msgspec.convert(window, Window),
            least=self._count(fields.get("least", "10"), (*at, "least"), who),
            reasons=self._words(fields, "reasons", at, who, self._known.reasons),
            queues=self._words(fields, "queues", at, who, self._known.queues),
            teams=self._words(fields, "teams", at, who, None),
        )

    def _limits(
        self, fields: dict[str, Plain], at: Path_, who: str, kind: AlarmKind
    ) -> tuple[float, float]:
        if kind != "service_level":
            over = self._time(fields, "over", at, who, None)
            clear = self._time(fields, "clear", at, who, over)
            if clear > over:
                here = (*at, "clear")
                raise self._error(here, f"{who}, clear: must not be more than 'over' ({over:g} s)")
            return over, clear
        below = self._percent(fields, "below", at, who, None)
        clear = self._percent(fields, "clear", at, who, min(100.0, below + _STEP_UP))
        if clear < below:
            here = (*at, "clear")
            raise self._error(here, f"{who}, clear: must not be less than 'below' ({below:g} %)")
        return below, clear

    # --- values --------------------------------------------------------------------------------

    def _error(self, at: Path_, problem: str) -> Exception:
        return self._source.error(at, problem)

    def _mapping(
        self, raw: Plain, at: Path_, who: str, accepted: Collection[str]
    ) -> dict[str, Plain]:
        if not isinstance(raw, dict):
            raise self._error(at, f"{who} must be a mapping with {', '.join(accepted)}")
        for name in raw:
            self._one_of(name, accepted, (*at, name), f"{who}, key")
        return raw

    def _one_of(self, word: str, accepted: Collection[str] | None, at: Path_, who: str) -> None:
        if accepted is None or word in accepted:
            return
        close = difflib.get_close_matches(word, list(accepted), n=1)
        meant = f" (did you mean {close[0]!r}?)" if close else ""
        raise self._error(
            at, f"{who}: unknown {word!r}{meant}; accepted: {', '.join(accepted) or 'none yet'}"
        )

    def _word(self, raw: Plain, at: Path_, who: str, accepted: Collection[str]) -> str:
        if not isinstance(raw, str):
            raise self._error(at, f"{who}: must be one of {', '.join(accepted)}")
        self._one_of(raw, accepted, at, who)
        return raw

    def _words(
        self,
        fields: dict[str, Plain],
        name: str,
        at: Path_,
        who: str,
        accepted: Collection[str] | None,
    ) -> tuple[str, ...]:
        raw = fields.get(name, [])
        words = [raw] if isinstance(raw, str) else raw
        here, label = (*at, name), f"{who}, {name}"
        if not isinstance(words, list) or (name in fields and not words):
            raise self._error(here, f"{label}: must be a value or a list of values")
        found = []
        for word in words:
            if not isinstance(word, str) or not 0 < len(word) <= 64:
                raise self._error(here, f"{label}: each value must be plain text")
            self._one_of(word, accepted, here, label)
            found.append(word)
        return tuple(found)

    def _title(self, raw: Plain, at: Path_, who: str) -> Words:
        fields = self._mapping(raw, at, f"{who}, title", ("zh", "en"))
        words = [fields.get(language) for language in ("zh", "en")]
        if not all(isinstance(word, str) and 0 < len(word) <= 60 for word in words):
            raise self._error(at, f"{who}, title: needs zh and en, 60 characters at most each")
        return Words(str(words[0]), str(words[1]))

    def _time(
        self, fields: dict[str, Plain], name: str, at: Path_, who: str, default: float | None
    ) -> float:
        if name not in fields and default is not None:
            return default
        raw = fields.get(name)
        match = _TIME.match(raw) if isinstance(raw, str) else None
        seconds = int(match[1]) * _UNITS[match[2]] if match else _LONGEST + 1
        if seconds > _LONGEST:
            raise self._error(
                (*at, name), f"{who}, {name}: must be a time up to 24h, like 90, 90s, 3m or 1h"
            )
        return seconds

    def _percent(
        self, fields: dict[str, Plain], name: str, at: Path_, who: str, default: float | None
    ) -> float:
        if name not in fields and default is not None:
            return default
        raw = fields.get(name)
        if not isinstance(raw, str) or not re.fullmatch(r"[0-9]{1,3}", raw) or int(raw) > 100:
            raise self._error((*at, name), f"{who}, {name}: must be per cent from 0 to 100")
        return float(raw)

    def _count(self, raw: Plain, at: Path_, who: str) -> int:
        if not isinstance(raw, str) or not re.fullmatch(r"[1-9][0-9]{0,4}", raw):
            raise self._error(at, f"{who}, least: must be a whole number from 1")
        return int(raw)
