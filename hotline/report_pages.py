"""The console's reports and plots, read from the interval tables beside the running engine.

What many pages ask for is read once: today's plots live some seconds, earlier days a day.
"""

import asyncio
import tempfile
import time
from collections.abc import Mapping
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any, Final, Literal

from agent_console.report_messages import (
    DayPlots,
    ReportColumn,
    ReportFormat,
    ReportLine,
    ReportOrder,
    ReportTable,
)
from crm_lookup.model import Text
from cti.history.figures import QUARTER, Figures
from hotline import plots, reports, tables
from hotline.report_words import NAME, SEGMENTS, SHARES, START, UNKNOWN, WORDS, unit_of
from hotline.reports import Asked, FigureReader, Table
from hotline.settings import Settings

SHOWN_LINES: Final = 1000
_FRESH_S: Final = 10.0
"""Seconds for which plots of today are given out again."""
_SCORE_DAYS: Final = 28


def queue_words(settings: Settings) -> dict[str, Text]:
    """Return what the bank calls its queues."""
    return {
        queue.name: Text(zh=queue.title_zh or queue.name, en=queue.title_en or queue.name)
        for queue in settings.queues
    }


class HistoryReports:
    """See :class:`agent_console.ports.Reports`."""

    def __init__(
        self,
        reader: FigureReader,
        settings: Settings,
        words: Mapping[str, Mapping[str, Text]],
        clock: Any = time.time,
    ) -> None:
        """``words`` name ``queues``, ``topics`` and ``nodes``; ``clock`` gives epoch seconds."""
        self._reader = reader
        self._settings = settings
        self._words = words
        self._clock = clock
        self._busy = asyncio.Lock()
        self._today: tuple[float, Figures] | None = None
        self._past: tuple[date, list[plots.Day], tuple[int, ...]] | None = None

    def today(self) -> str:
        """Return the day that it is on the bank's clocks."""
        return datetime.fromtimestamp(self._clock(), self._settings.zone).date().isoformat()

    async def table(self, order: ReportOrder) -> ReportTable:
        """Return the newest lines of a report."""
        return await asyncio.to_thread(self._shown, order)

    async def file(
        self, order: ReportOrder, form: ReportFormat, language: Literal["zh", "en"]
    ) -> bytes:
        """Return every line as a file; titles and names in that language."""
        return await asyncio.to_thread(self._file, order, form, language)

    async def day_plots(self, queue: str) -> DayPlots:
        """Return today up to the last quarter that is over."""
        async with self._busy:
            return await asyncio.to_thread(self._plots, queue)

    def _table(self, order: ReportOrder) -> Table:
        asked = Asked(
            order.what,
            self._midnight(date.fromisoformat(order.first)),
            self._midnight(date.fromisoformat(order.last) + timedelta(days=1)),
            order.by,
            self._settings.reports.service_level,
            queues=(order.queue,) if order.queue else (),
        )
        return reports.table(
            reports.read(self._reader, self._settings, asked), self._settings, asked
        )

    def _shown(self, order: ReportOrder) -> ReportTable:
        columns, rows = self._table(order)
        return ReportTable(
            columns=tuple(
                ReportColumn(name=name, title=WORDS[name], unit=unit_of(name)) for name in columns
            ),
            lines=tuple(
                ReportLine(
                    start=f"{row[0]:%Y-%m-%dT%H:%M}",
                    name=row[1],
                    title=self._title(order, row[1]),
                    values=row[2:],
                )
                for row in rows[-SHOWN_LINES:]
            ),
            size=len(rows),
            formula=self._settings.reports.service_level,
        )

    def _file(
        self, order: ReportOrder, form: ReportFormat, language: Literal["zh", "en"]
    ) -> bytes:
        columns, rows = self._table(order)
        titles = [WORDS[name] for name in columns]
        header = [getattr(each, language) for each in (START, NAME[order.what], *titles)]
        shares = {getattr(WORDS[name], language) for name in columns if name in SHARES}
        named = [(row[0], getattr(self._title(order, row[1]), language), *row[2:]) for row in rows]
        with tempfile.TemporaryDirectory() as folder:
            file = Path(folder) / f"report.{form}"
            if form == "csv":
                tables.write_csv(file, header, named)
            else:
                tables.write_xlsx(file, header, named, shares=shares)
            return file.read_bytes()

    def _title(self, order: ReportOrder, name: str) -> Text:
        match order.what:
            case "nodes":
                return plots.node_title(name, self._words["nodes"])
            case "segments":
                found = SEGMENTS.get(name)
            case "topics":
                found = self._words["topics"].get(name)
            case "queues":
                found = self._words["queues"].get(name)
            case _:
                found = None
        return found or (Text(zh=name, en=name) if name else UNKNOWN)

    def _plots(self, queue: str) -> DayPlots:
        settings = self._settings
        now = self._clock()
        day = datetime.fromtimestamp(now, settings.zone).date()
        today = self._figures_today(now, day)
        before, scores_before = self._earlier(day)
        over = plots.place_of(int(now) // QUARTER * QUARTER, settings.zone)
        formula = settings.reports.service_level
        return DayPlots(
            at=now,
            day=day.isoformat(),
            minutes=plots.MINUTES,
            arrivals=plots.arrivals(plots.arrivals_of(today, settings.zone), over, before),
            waiting=plots.waiting(
                today, queue, over, settings.zone, reports.limits(settings), formula
            ),
            waits=plots.wait_bars(today, queue),
            funnel=plots.funnel(today, self._words["nodes"]),
            offers=plots.offers(today, tuple(SEGMENTS), {**SEGMENTS, "": UNKNOWN}),
            scores=plots.scores(today),
            scores_before=scores_before,
            formula=formula,
        )

    def _figures_today(self, now: float, day: date) -> Figures:
        if self._today is None or now - self._today[0] >= _FRESH_S or now < self._today[0]:
            read = self._reader.figures(
                self._midnight(day),
                float("inf"),
                self._settings.zone,
                {"queues", "waits", "groups", "nodes"},
            )
            self._today = now, read
        return self._today[1]

    def _earlier(self, day: date) -> tuple[list[plots.Day], tuple[int, ...]]:
        """Return the arrivals of the same weekdays before, and the scores of four weeks."""
        if self._past is None or self._past[0] != day:
            weeks = range(1, plots.SAME_WEEKDAYS + 1)
            days = [
                self._groups(day - timedelta(weeks=n), day - timedelta(weeks=n)) for n in weeks
            ]
            month = self._groups(day - timedelta(days=_SCORE_DAYS), day - timedelta(days=1))
            zone = self._settings.zone
            arrived = [plots.arrivals_of(each, zone) for each in days]
            self._past = day, arrived, plots.scores(month)
        return self._past[1], self._past[2]

    def _groups(self, first: date, last: date) -> Figures:
        until = self._midnight(last + timedelta(days=1))
        return self._reader.figures(self._midnight(first), until, self._settings.zone, {"groups"})

    def _midnight(self, day: date) -> float:
        midnight = datetime(day.year, day.month, day.day, tzinfo=self._settings.zone)
        return midnight.timestamp()
