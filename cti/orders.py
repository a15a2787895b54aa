"""What agents and supervisors may order of the engine, one method an order.

Checks and actions are in :mod:`cti.commands`; here an order waits until Asterisk's events show
its effect, and what it changes is told to everybody.
"""

from collections.abc import Callable, Sequence
from typing import Literal

from cti import commands
from cti.core.agents import RESERVED, Agent, Membership
from cti.core.ids import AgentId, CallId, CustomerId
from cti.core.world import World
from cti.link import Link
from cti.spreader import Spreader


class Orders:
    """The part of the engine that takes orders."""

    def __init__(
        self,
        link: Link,
        world: World,
        spreader: Spreader,
        clock: Callable[[], float],
        longest_wrap_up: float,
    ) -> None:
        """``longest_wrap_up`` in seconds."""
        self.link = link
        self.world = world
        self._spreader = spreader
        self._clock = clock
        self._longest_wrap_up = longest_wrap_up

    async def sign_in(
        self, agent_id: AgentId, interface: str, queues: Sequence[Membership], by: str = ""
    ) -> None:
        """Make the agent, on this phone, a member of exactly these queues.

        ``by`` names who orders it, if not the agent; so in the other commands.
        Raises :class:`cti.errors.CommandError` or :class:`cti.errors.AmiError`.
        """
        self.world.order(agent_id, "available", by)
        await commands.sign_in(self.link, self.world, agent_id, interface, queues)
        wanted = {m.queue for m in queues}
        await self._spreader.until(
            lambda: {m.queue for m in self._agent(agent_id).memberships} == wanted
        )

    async def sign_out(self, agent_id: AgentId, by: str = "") -> None:
        """End all memberships; a call that runs goes on."""
        self.world.order(agent_id, "logged_out", by)
        await commands.sign_out(self.link, self.world, agent_id)
        await self._spreader.until(lambda: not self._agent(agent_id).memberships)

    async def pause(self, agent_id: AgentId, reason: str, by: str = "") -> None:
        """Give the agent no more calls; during a call or wrap-up this holds from its end."""
        self.world.order(agent_id, "paused", by)
        await commands.pause(self.link, self.world, agent_id, reason)
        await self._spreader.until(lambda: bool(self._agent(agent_id).pause_reason))

    async def ready(self, agent_id: AgentId, by: str = "") -> None:
        """End the agent's wrap-up or pause; nothing happens if there is none."""
        now = self._clock()
        self.world.order(agent_id, "available", by)
        with self._spreader.changes():
            who: Literal["agent", "supervisor"] = "supervisor" if by else "agent"
            wrapped_up = commands.end_wrap_up(self.world, agent_id, now, who)
        if not wrapped_up:
            await commands.end_pause(self.link, self.world, agent_id)
        await self._spreader.until(lambda: self._agent(agent_id).pause_reason in ("", RESERVED))

    def extend_wrap_up(self, agent_id: AgentId, seconds: float) -> float:
        """Let the wrap-up run longer and return when it ends now (seconds since the epoch)."""
        with self._spreader.changes():
            return commands.extend_wrap_up(
                self.world, agent_id, seconds, self._longest_wrap_up, self._clock()
            )

    def dispose(
        self, agent_id: AgentId, call_id: CallId, disposition: str, *, ready: bool = True
    ) -> None:
        """Note what became of the call; with ``ready`` this also ends the agent's wrap-up."""
        with self._spreader.changes():
            now = self._clock()
            commands.dispose(self.world, agent_id, call_id, disposition, now)
            if ready and self.world.agent(agent_id, now).call_id == call_id:
                self.world.end_wrap_up(agent_id, now, "agent")

    def choose_customer(
        self, agent_id: AgentId, call_id: CallId, customer_id: CustomerId, candidates: int
    ) -> None:
        """Note which of the candidates is calling; the pop gets that customer's brief."""
        with self._spreader.changes():
            commands.choose_customer(
                self.world, agent_id, call_id, customer_id, candidates, self._clock()
            )

    def answer_offer(
        self,
        agent_id: AgentId,
        call_id: CallId,
        customer_id: CustomerId,
        offer_id: str,
        rank: int,
        answer: Literal["presented", "accepted", "declined"],
    ) -> None:
        """Note what the customer said to an offer; the journal and the watchers get it."""
        with self._spreader.changes():
            commands.answer_offer(
                self.world, agent_id, call_id, customer_id, offer_id, rank, answer, self._clock()
            )

    def _agent(self, agent_id: AgentId) -> Agent:
        return self.world.agent(agent_id, self._clock())
