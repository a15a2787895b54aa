"""Agents who are kept free for customers who are being called back.

A reservation is a pause of the member with a reason of our own, so that no queue rings the agent;
when the customer waits at the head of the queue, the pause is lifted there, and everywhere when
the conversation begins or nothing comes of it.
"""

from collections.abc import Callable

from cti.ami_actions import Action, queue_pause, queue_unpause
from cti.core.agents import RESERVED
from cti.core.ids import AgentId, CallbackId, QueueName
from cti.core.records import Snapshot
from cti.core.world import World


class Reservations:
    """Which agent is kept free for which callback."""

    def __init__(self, world: World, send: Callable[[Action], None]) -> None:
        """``send`` puts an action on the wire and reports a refusal."""
        self._world = world
        self._send = send
        self._held: dict[AgentId, CallbackId] = {}

    def holds(self, agent_id: AgentId) -> bool:
        """Say whether the agent is reserved."""
        return agent_id in self._held

    def of(self, agent_id: AgentId) -> CallbackId | None:
        """Return the callback for which the agent is reserved."""
        return self._held.get(agent_id)

    def reserve(self, callback_id: CallbackId, agent_id: AgentId) -> None:
        """Keep the agent free from now on."""
        agent = self._world.agents[agent_id]
        self._held[agent_id] = callback_id
        # Known at once, so that the end of a wrap-up does not free the agent in between.
        self._world.set_agent(agent_id, agent.since, pause_reason=RESERVED)
        self._send(queue_pause(agent.interface, RESERVED))

    def hand_over(self, callback_id: CallbackId | None, queue: QueueName) -> None:
        """Let ``queue`` ring the agent: the customer waits at its head."""
        for agent_id in self._of(callback_id):
            agent = self._world.agents[agent_id]
            if agent.pause_reason == RESERVED:
                self._send(queue_unpause(agent.interface, queue))

    def release(self, callback_id: CallbackId) -> None:
        """Free whoever is reserved for the callback."""
        for agent_id in self._of(callback_id):
            self.free(agent_id)

    def free(self, agent_id: AgentId) -> None:
        """Let the queues ring the agent again, unless something else pauses the agent now."""
        self._held.pop(agent_id, None)
        agent = self._world.agents.get(agent_id)
        if agent is None or agent.pause_reason not in ("", RESERVED):
            return
        if agent.pause_reason and agent.state != "paused":
            self._world.set_agent(agent_id, agent.since, pause_reason="")
        if agent.state == "wrap_up":
            return  # its end lifts every pause
        self._send(queue_unpause(agent.interface))

    def forget(self, agent_id: AgentId) -> None:
        """The agent has signed out."""
        self._held.pop(agent_id, None)

    def lift_stale(self, snapshot: Snapshot) -> None:
        """Lift the pauses that an earlier engine left."""
        stale = {
            m.interface
            for m in snapshot.members
            if m.paused and m.paused_reason == RESERVED and m.member_name not in self._held
        }
        for interface in stale:
            self._send(queue_unpause(interface))

    def _of(self, callback_id: CallbackId | None) -> list[AgentId]:
        return [agent_id for agent_id, held in self._held.items() if held == callback_id]
