"""Remembers which agent talked with each customer last, for rules that prefer that agent."""

import structlog

from crm_lookup.model import CustomerId
from crm_lookup.ports import LastAgents
from cti.core import events as ev
from cti.core.world import World
from cti.tasks import Tasks

log = structlog.get_logger(__name__)


class LastAgentKeeper:
    """Listens to the engine's events, off their way to the pages."""

    def __init__(self, world: World, store: LastAgents) -> None:
        self._world = world
        self._store = store
        self._tasks = Tasks()

    def take(self, message: object) -> None:
        """Note the end of a conversation with a known customer."""
        if not isinstance(message, ev.CallCompleted):
            return
        call = self._world.calls.get(message.call_id)
        if call is not None and call.customer_id is not None:
            customer = CustomerId(call.customer_id)
            self._tasks.spawn(self._note(customer, message), "last-agent")

    async def stop(self) -> None:
        """Forget what is not written yet."""
        await self._tasks.stop()

    async def _note(self, customer_id: CustomerId, done: ev.CallCompleted) -> None:
        try:
            await self._store.note_agent(customer_id, done.agent_id, done.at)
        except Exception as error:  # noqa: BLE001 -- a lost note costs a preference, no call
            log.warning("last_agent_not_noted", error=type(error).__name__)
