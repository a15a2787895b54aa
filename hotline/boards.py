"""The console's live board over the engine, and the calls behind it from the journal."""

import asyncio
from collections.abc import Callable, Sequence
from itertools import islice

import msgspec

from agent_console.alarm_messages import AlarmLine
from agent_console.board_messages import (
    BoardLegend,
    BoardPicture,
    CallLine,
    QueueTarget,
    picture_of,
)
from agent_console.ports import Floor, UserStore
from crm_lookup.model import Text
from cti.board import BoardRules
from cti.core.ids import AgentId, QueueName
from cti.core.own_queue import OWN
from cti.errors import JournalError
from cti.history.reader import HistoryReader
from hotline.roster import BankEngine
from hotline.settings import Settings

OWN_TITLE = Text(zh="专属坐席", en="Own agent")
"""Of the queue in which callers wait for the agent whom they know."""


FOUND_CLOSED = "found_closed"
"""Stands for an outcome when the calls behind a number are asked for."""


def board_rules(settings: Settings) -> BoardRules:
    """Return how the board counts."""
    return BoardRules(
        formula=settings.reports.service_level,
        limits={QueueName(q.name): q.service_level_seconds for q in settings.queues},
    )


class EngineBoard:
    """See :class:`agent_console.ports.BoardSource`."""

    def __init__(
        self,
        engine: BankEngine,
        users: UserStore,
        reader: HistoryReader,
        settings: Settings,
        standing: Callable[[], tuple[AlarmLine, ...]],
        floor: Floor,
    ) -> None:
        """``standing`` gives the alarms of now."""
        self._engine = engine
        self._users = users
        self._reader = reader
        self._settings = settings
        self._standing = standing
        self._floor = floor

    async def picture(self) -> BoardPicture | None:
        if self._engine.health().ami != "in_step":
            return None
        try:
            found = picture_of(await self._engine.board())
            return msgspec.structs.replace(
                found,
                alarms=self._standing(),
                closed=self._floor.closed(),
                playing=self._floor.playing(),
            )
        except JournalError:
            return None

    async def legend(self) -> BoardLegend:
        users = await self._users.users()
        targets = (
            *(
                QueueTarget(
                    queue=queue.name,
                    title=Text(zh=queue.title_zh or queue.name, en=queue.title_en or queue.name),
                    percent=queue.service_level_percent,
                    seconds=queue.service_level_seconds,
                )
                for queue in self._settings.queues
            ),
            QueueTarget(queue=OWN, title=OWN_TITLE, percent=80, seconds=20),
        )
        return BoardLegend(
            formula=self._settings.reports.service_level,
            targets=targets,
            names={user.agent_id: user.display_name for user in users if user.agent_id},
            teams={user.agent_id: user.team for user in users if user.agent_id and user.team},
            monitor_roles=self._settings.monitoring.roles
            if self._settings.monitoring.enabled
            else (),
        )

    async def calls(
        self, since: float, queue: str | None, agent: str | None, outcome: str | None, limit: int
    ) -> Sequence[CallLine]:
        return await asyncio.to_thread(self._calls, since, queue, agent, outcome, limit)

    def _calls(
        self, since: float, queue: str | None, agent: str | None, outcome: str | None, limit: int
    ) -> list[CallLine]:
        closed = outcome == FOUND_CLOSED  # whoever found a queue closed was not in it
        found = self._reader.calls(
            since,
            float("inf"),
            queue=QueueName(queue) if queue and not closed else None,
            agent=AgentId(agent) if agent else None,
        )
        if closed:
            wanted = (c for c in found if c.found_closed and queue in (None, "", *c.found_closed))
        else:
            wanted = (call for call in found if not outcome or call.outcome == outcome)
        return [
            CallLine(
                call_id=call.call_id,
                arrived_at=call.arrived_at,
                outcome=call.outcome,
                queues=call.queues,
                agents=call.agents,
                wait_time=call.wait_time,
                talk_time=call.talk_time,
                disposition=call.disposition,
            )
            for call in islice(wanted, limit)
        ]
