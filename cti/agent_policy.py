"""What happens to an agent who lets calls ring in vain.

After a number of misses in a row the member is paused, so that customers do not ring an empty
chair; the agent reads why on the page and comes back with one click.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from cti.ami.protocol import Reply
from cti.ami_actions import Action, queue_pause
from cti.core import events as ev
from cti.core.agents import MISSED_CALLS
from cti.core.ids import AgentId
from cti.core.world import World
from cti.errors import AmiError

if TYPE_CHECKING:
    import asyncio

_log = structlog.get_logger(__name__)


class MissedCalls:
    """Pauses agents who missed ``limit`` calls in a row; 0 never does."""

    def __init__(self, post: "Callable[[Action], asyncio.Future[Reply]]", limit: int) -> None:
        """``post`` puts an action on the wire at once."""
        self._post = post
        self._limit = limit

    def on_event(self, world: World, event: ev.DomainEvent) -> None:
        """React to one event that has been applied to ``world``."""
        if not isinstance(event, ev.AgentMissed) or event.rebuilt or self._limit <= 0:
            return
        agent = world.agent(event.agent_id, event.at)
        if agent.misses < self._limit or agent.pause_reason or not agent.memberships:
            return
        world.order(event.agent_id, "paused", "policy")
        try:
            answer = self._post(queue_pause(agent.interface, MISSED_CALLS))
        except AmiError as error:
            _log.warning("missed_calls_not_sent", agent=event.agent_id, error=str(error))
            return  # the next miss tries again
        _log.info("agent_missed_calls", agent=event.agent_id, misses=agent.misses)
        answer.add_done_callback(lambda f: _report(f, event.agent_id))


def _report(answer: "asyncio.Future[Reply]", agent_id: AgentId) -> None:
    if answer.cancelled() or answer.exception() is not None:
        _log.warning("missed_calls_outcome_unknown", agent=agent_id)
    elif not answer.result().success:
        _log.warning("missed_calls_refused", agent=agent_id, answer=answer.result().text)
