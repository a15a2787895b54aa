"""Looks at the board once a second and keeps its alarms: raised, acknowledged, cleared.

Everything that happens to an alarm is an event of the engine: it stands in the journal and goes
to webhooks like the others.  The store keeps what stands over a restart.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from typing import Final

import structlog

from agent_console.alarm_messages import AlarmLine, line_of
from agent_console.ports import AlarmStore, Clock, UserStore
from cti.alarms import Alarm, AlarmBoard, AlarmEvent, AlarmRule, applied
from cti.board import Board

log = structlog.get_logger(__name__)

EVERY_S: Final = 1.0
_TEAMS_S: Final = 10.0
"""How long a change of somebody's team may take to count."""
_SWEEP_S: Final = 3600.0
_KEEP_S: Final = 90 * 86_400.0
"""Cleared alarms stay on the page for so long."""


class AlarmDesk:
    """All alarms of this process."""

    def __init__(
        self,
        board: Callable[[], Awaitable[Board | None]],
        rules: Callable[[], Sequence[AlarmRule]],
        users: UserStore,
        store: AlarmStore,
        record: Callable[[AlarmEvent], None],
        clock: Clock,
        every_s: float = EVERY_S,
    ) -> None:
        """``board`` gives ``None`` while nothing can be told; ``rules`` the rules of now.

        ``record`` lets an event happen.
        """
        self._board = board
        self._rules = rules
        self._users = users
        self._store = store
        self._record = record
        self._clock = clock
        self._every = every_s
        self._alarms = AlarmBoard()
        self._teams: dict[str, str] = {}
        self._teams_at = self._swept_at = float("-inf")
        self._unsaved: dict[str, Alarm] = {}
        self._loaded = False
        self._task: asyncio.Task[None] | None = None

    def start(self) -> None:
        """Begin to look; what an earlier run left is read first."""
        self._task = asyncio.create_task(self._run(), name="alarms")

    async def stop(self) -> None:
        """Look no more; what stands stays stored."""
        task, self._task = self._task, None
        if task is not None:
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        with suppress(Exception):
            await self._save()

    def standing(self) -> tuple[AlarmLine, ...]:
        """Return what stands now: not acknowledged first, then critical, then the oldest."""
        lines = self._lines(self._alarms.standing)
        return tuple(
            sorted(
                lines,
                key=lambda a: (
                    a.acknowledged_at is not None,
                    a.severity != "critical",
                    a.raised_at,
                ),
            )
        )

    async def newest(self, limit: int) -> tuple[AlarmLine, ...]:
        """Return those that were raised last, the newest first, also cleared ones."""
        await self._save()
        return self._lines(await self._store.newest(limit))

    async def acknowledge(self, alarm_id: str, by: str) -> bool:
        """Note who has seen the alarm; ``False``: it does not stand, or somebody had."""
        event = self._alarms.acknowledge(alarm_id, by, self._clock())
        if event is None:
            return False
        before = {alarm.alarm_id: alarm for alarm in self._alarms.standing}
        self._unsaved[alarm_id] = before[alarm_id]
        self._record(event)
        await self._save()
        return True

    async def look(self) -> None:
        """Look once."""
        now = self._clock()
        if not self._loaded:
            self._alarms = AlarmBoard(await self._store.standing())
            self._loaded = True
        if now - self._teams_at >= _TEAMS_S:
            users = await self._users.users()
            self._teams = {user.agent_id: user.team for user in users if user.agent_id}
            self._teams_at = now
        board = await self._board()
        if board is not None:
            before = {alarm.alarm_id: alarm for alarm in self._alarms.standing}
            for event in self._alarms.look(board, self._rules(), self._teams):
                known = self._unsaved.get(event.alarm_id) or before.get(event.alarm_id)
                after = applied(known, event)
                if after is not None:
                    self._unsaved[event.alarm_id] = after
                log.info(
                    "alarm",
                    what=type(event).__name__,
                    rule=event.rule,
                    subject=event.subject,
                )
                self._record(event)
        await self._save()
        if now - self._swept_at >= _SWEEP_S:
            self._swept_at = now
            await self._store.sweep(now - _KEEP_S)

    async def _save(self) -> None:
        """Store what changed; what the database refuses is tried again at the next look."""
        saving = dict(self._unsaved)
        if not saving:
            return
        await self._store.save(saving.values())
        for alarm_id, alarm in saving.items():
            if self._unsaved.get(alarm_id) is alarm:
                del self._unsaved[alarm_id]

    async def _run(self) -> None:
        while True:
            try:
                await self.look()
            except Exception:
                log.exception("alarms_not_looked_at")
            await asyncio.sleep(self._every)

    def _lines(self, alarms: Sequence[Alarm]) -> tuple[AlarmLine, ...]:
        rules = {rule.id: rule for rule in self._rules()}
        return tuple(line_of(alarm, rules.get(alarm.rule)) for alarm in alarms)
