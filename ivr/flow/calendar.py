"""Which days are worked: public holidays, and weekends that are worked in exchange.

Read from ``dialplans/calendar.yaml``; a day that the file does not name follows the week.
"""

import datetime as dt
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, TypeAlias

import msgspec

from cti.core.routing import Window
from ivr.errors import CalendarFileError
from ivr.flow.yaml_marks import MarkedYaml, Plain

DayKind: TypeAlias = Literal["workday", "weekend", "holiday"]

_FIELDS: Final = ("holidays", "workdays")
_DRAFT: Final = "provisional"
_NOTICE: Final = 11
"""Month in which the State Council has announced the next year's days of late."""
_SATURDAY: Final = 5
_LONGEST: Final = 31
"""Days of one span."""
_WINDOW: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")
ALWAYS: Final = Window(0, 1440)


def read_window(case: str) -> Window:
    """Read ``09:00-17:30``; ``22:00-06:00`` goes over midnight."""
    match = _WINDOW.fullmatch(case)
    if match is None:
        raise ValueError(f"{case!r} is no time of day; write it like 09:00-17:30")
    end = 1440 if match[3] is None else int(match[3]) * 60 + int(match[4])
    start = int(match[1]) * 60 + int(match[2])
    if start == end:
        raise ValueError(f"{case!r} begins when it ends; write it like 09:00-17:30")
    return Window(start, end)


class Moment(msgspec.Struct, frozen=True):
    """A time in the bank's zone, and what kind of day it is."""

    at: dt.datetime
    day: DayKind
    is_open: bool = True
    """Whether agents are at work for ordinary matters."""


class Calendar(msgspec.Struct, frozen=True):
    """Days that differ from the week."""

    holidays: frozenset[dt.date] = frozenset()
    workdays: frozenset[dt.date] = frozenset()
    hours: Mapping[DayKind, Window | None] = {}
    """When agents are at work, by the kind of day: ``None`` is never, a missing kind always."""
    years: frozenset[int] = frozenset()
    """Years whose days are all known, also the weekends that are worked in exchange."""

    def unknown_year(self, today: dt.date) -> int | None:
        """Return the year whose days should be known by now and are not: this one, and from
        November on the next.
        """
        due = (today.year, today.year + 1) if today.month >= _NOTICE else (today.year,)
        return next((year for year in due if year not in self.years), None)

    def day(self, date: dt.date) -> DayKind:
        """Say what kind of day it is; a worked weekend day is a workday."""
        if date in self.holidays:
            return "holiday"
        if date in self.workdays or date.weekday() < _SATURDAY:
            return "workday"
        return "weekend"

    def moment(self, now: dt.datetime) -> Moment:
        """Return the moment ``now``, a time in the bank's zone."""
        day = self.day(now.date())
        hours = self.hours.get(day, ALWAYS)
        is_open = hours is not None and hours.holds(now.hour * 60 + now.minute)
        return Moment(now, day, is_open)


def load_calendar(file: Path) -> Calendar:
    """Read the file; raises :class:`CalendarFileError` naming file, line and what is accepted."""
    source = MarkedYaml(file, CalendarFileError)
    top = source.data
    if not isinstance(top, dict):
        raise source.error((), "the calendar maps years to 'holidays' and 'workdays'")
    found: dict[str, set[dt.date]] = {field: set() for field in _FIELDS}
    years: set[int] = set()
    for year, fields in top.items():
        accepted = (*_FIELDS, _DRAFT)
        if (
            not year.isdecimal()
            or not isinstance(fields, dict)
            or not set(fields) <= set(accepted)
        ):
            raise source.error((year,), f"{year}: accepted: {', '.join(accepted)}")
        draft = fields.get(_DRAFT, "false")
        if draft not in ("true", "false"):
            raise source.error((year, _DRAFT), f"{year}, {_DRAFT}: accepted: true, false")
        if draft == "false":
            years.add(int(year))
        for field, raw in fields.items():
            if field == _DRAFT:
                continue
            spans = _listed(raw)
            if spans is None:
                raise source.error((year, field), f"{year}, {field}: must be a list of days")
            for number, span in enumerate(spans):
                try:
                    days = _days(span)
                except ValueError as error:
                    raise source.error((year, field, number), f"{field}: {error}") from None
                if any(str(day.year) != year for day in days):
                    raise source.error((year, field, number), f"{span} is not in {year}")
                found[field] |= days
    if both := found["holidays"] & found["workdays"]:
        raise source.error((), f"{min(both)} is both a holiday and a workday; remove one")
    return Calendar(
        frozenset(found["holidays"]), frozenset(found["workdays"]), years=frozenset(years)
    )


def _listed(raw: Plain) -> list[str] | None:
    """Return the days as text: a list, or names of feasts mapped to lists."""
    if isinstance(raw, dict):
        parts = [_listed(value) for value in raw.values()]
        return None if None in parts else [day for part in parts for day in part or []]
    if isinstance(raw, str):
        return [raw]
    if all(isinstance(item, str) for item in raw):
        return [str(item) for item in raw]
    return None


def _days(span: str) -> set[dt.date]:
    """Return the days of ``2026-10-01`` or ``2026-10-01..2026-10-07``."""
    first, dots, last = span.partition("..")
    try:
        begin = dt.date.fromisoformat(first)
        end = dt.date.fromisoformat(last) if dots else begin
    except ValueError:
        raise ValueError(
            f"{span!r} is no day; write 2026-10-01, or 2026-10-01..2026-10-07"
        ) from None
    count = (end - begin).days + 1
    if not 1 <= count <= _LONGEST:
        raise ValueError(f"{span!r} has {count} days; accepted: 1 to {_LONGEST}")
    return {begin + dt.timedelta(days=number) for number in range(count)}
