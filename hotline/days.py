"""The agents' own figures of the day, for the console, read from the journal's interval tables."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from agent_console.rest_messages import OwnDay
from cti.core.ids import AgentId
from cti.history.figures import AgentFigures, add
from cti.history.reader import HistoryReader

_KEPT_S: Final = 5.0
"""One reading serves everybody who asks within so many seconds."""


class JournalDays:
    """The console's :class:`agent_console.ports.Days` over the journal."""

    def __init__(
        self, reader: HistoryReader, zone: ZoneInfo, clock: Callable[[], float] = time.time
    ) -> None:
        self._reader = reader
        self._zone = zone
        self._clock = clock
        self._lock = asyncio.Lock()
        self._read_at = float("-inf")
        self._figures: dict[AgentId, AgentFigures] = {}

    def today(self) -> tuple[float, float]:
        midnight = datetime.fromtimestamp(self._clock(), self._zone).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        return midnight.timestamp(), (midnight + timedelta(days=1)).timestamp()

    async def own(self, agent_id: str) -> OwnDay:
        since, until = self.today()
        async with self._lock:
            if self._clock() - self._read_at >= _KEPT_S:
                self._figures = await asyncio.to_thread(self._read, since, until)
                self._read_at = self._clock()
        own = self._figures.get(AgentId(agent_id), AgentFigures())
        return OwnDay(
            since=since,
            offered=own.offered,
            answered=own.answered,
            missed=own.missed,
            mean_talk_time=_mean(own.talk_ms, own.completed),
            mean_wrap_up_time=_mean(own.wrap_up_ms, own.wrapped_up),
            disposed=own.disposed,
        )

    def _read(self, since: float, until: float) -> dict[AgentId, AgentFigures]:
        totals: dict[AgentId, AgentFigures] = {}
        for key, figures in self._reader.figures(
            since, until, self._zone, {"agents"}
        ).agents.items():
            add(totals.setdefault(key.agent_id, AgentFigures()), figures)
        return totals


def _mean(milliseconds: int, count: int) -> float | None:
    return round(milliseconds / count / 1000, 1) if count else None
