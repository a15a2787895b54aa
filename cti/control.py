"""Call control for agents: transfers, consultations, conferences, hanging up.

Only orders: the channels go to contexts of ``dialplans/transfer.conf.j2``; what happens then is
told by the dialplan and applied by :mod:`cti.core.transfers`.  Every order is checked before
anything is sent, so that a refused one leaves the customer where he is; and whatever goes wrong
later, the dialplan gives the customer back to the agent or to a queue.
"""

import asyncio
from collections.abc import Awaitable, Callable, Collection
from typing import Final
from urllib.parse import quote

from cti.ami.framing import Message
from cti.ami_actions import Action, channel_status, hang_up, redirect, redirect_both, set_variable
from cti.core import channel_vars as cv
from cti.core.agents import Agent
from cti.core.calls import Call
from cti.core.ids import AgentId, QueueName
from cti.core.steps import TALKING
from cti.core.transfers import (
    CONFERENCE_CONTEXT,
    CONSULT_CONTEXT,
    TO_AGENT_CONTEXT,
    TO_QUEUE_CONTEXT,
    WAIT_CONTEXT,
)
from cti.core.world import World
from cti.errors import (
    AsteriskRefusedError,
    NotAllowedNowError,
    QueueClosedError,
    UnknownAgentError,
    UnknownQueueError,
)
from cti.link import Link

_PHONE: Final = "PJSIP/"
_INHERITED: Final = "__"
_LONGEST_REASON: Final = 80
_TRIES: Final = 20
_BETWEEN: Final = 0.05
"""Seconds between two looks whether a bridge is there."""

Until = Callable[[Callable[[], bool]], Awaitable[None]]


class CallControl:
    """What an agent may do with the own call.

    Every method raises :class:`cti.errors.NotAllowedNowError` if the state does not allow it,
    :class:`cti.errors.AsteriskRefusedError` or :class:`cti.errors.AmiError` if it did not reach
    Asterisk, and returns when Asterisk's events show the effect, or a short while later.
    """

    def __init__(
        self,
        link: Link,
        world: World,
        until: Until,
        closed: Callable[[], Collection[QueueName]] = tuple,
    ) -> None:
        """``until`` waits for the effect that Asterisk's events show.

        ``closed`` names the queues that take no new callers.
        """
        self._link = link
        self._world = world
        self._until = until
        self._closed = closed

    async def transfer_to_queue(
        self, agent_id: AgentId, queue: QueueName, reason: str = ""
    ) -> None:
        """Send the customer to another queue; the agent's wrap-up begins at once.

        ``reason`` is the topic for which the customer wants a person, shown with the next pop.
        """
        call = self._talking(agent_id)
        if queue not in self._world.queues:
            raise UnknownQueueError(f"Asterisk has no queue {queue!r}; add it to the settings")
        if queue in self._closed():
            raise QueueClosedError(f"queue {queue!r} is closed; name another")
        channel = self._customer(call)
        if reason:
            await self._set(channel, cv.REASON, _topic(reason))
        await self._order(redirect(channel, TO_QUEUE_CONTEXT, queue), "transfer the call")
        await self._left_by(call, agent_id)

    async def transfer_to_agent(
        self, agent_id: AgentId, target: AgentId, reason: str = ""
    ) -> None:
        """Send the customer to a colleague's phone; the agent's wrap-up begins at once.

        A colleague who does not answer gives the customer back to the queue, before all others.
        """
        call = self._talking(agent_id)
        phone = self._free_phone(agent_id, target)
        channel = self._customer(call)
        if reason:
            await self._set(channel, cv.REASON, _topic(reason))
        await self._set(channel, cv.TARGET, quote(target))
        await self._order(redirect(channel, TO_AGENT_CONTEXT, phone), "transfer the call")
        await self._left_by(call, agent_id)

    async def consult(self, agent_id: AgentId, target: AgentId) -> None:
        """Call a colleague while the customer hears music.

        The colleague's refusal or end brings the agent back to the customer; if the agent hangs
        up, the customer goes to the colleague, or to the queue if the colleague has not answered.
        """
        call = self._talking(agent_id)
        phone = self._free_phone(agent_id, target)
        customer, own = self._customer(call), self._own_leg(agent_id)
        await self._set(own, cv.TARGET, quote(target))
        await self._set(own, cv.CUSTOMER_CHANNEL, customer)
        partner = await self._name(own)
        await self._order(set_variable(customer, cv.PARTNER, partner), "name the partner")
        both = redirect_both((customer, WAIT_CONTEXT, "customer"), (own, CONSULT_CONTEXT, phone))
        await self._order(both, f"call agent {target}")
        await self._until(lambda: self._now(call).consulted == target)

    async def complete_transfer(self, agent_id: AgentId) -> None:
        """Leave the customer to the colleague who has answered."""
        call = self._consulting(agent_id)
        if not call.consult_answered:
            raise NotAllowedNowError(
                f"agent {call.consulted} has not answered yet; wait, or end the consultation"
            )
        await self._bridged(agent_id)
        await self._order(hang_up(self._own_leg(agent_id)), "complete the transfer")
        await self._left_by(call, agent_id)

    async def cancel_consult(self, agent_id: AgentId) -> None:
        """End the consultation, or the colleague's part in the conference."""
        call = self._consulting(agent_id)
        target = self._world.agents.get(call.consulted or AgentId(""))
        if target is None or target.call_id != call.call_id or not target.leg_uniqueid:
            raise NotAllowedNowError("the colleague's phone is not called yet; try again")
        await self._order(hang_up(target.leg_uniqueid), "end the consultation")
        await self._until(lambda: self._now(call).consulted is None)

    async def conference(self, agent_id: AgentId) -> None:
        """Let customer, agent and the colleague who has answered hear each other."""
        call = self._consulting(agent_id)
        if call.state != "consulting" or not call.consult_answered:
            raise NotAllowedNowError(
                "a conference needs a colleague who has answered; consult one"
            )
        channel = self._customer(call)
        await self._bridged(agent_id)
        await self._order(redirect(channel, CONFERENCE_CONTEXT, "customer"), "join the three")
        await self._until(lambda: self._now(call).state == "conference")

    async def hang_up(self, agent_id: AgentId) -> None:
        """End the agent's part of the call, as hanging up the phone does."""
        agent, call = self._engaged(agent_id)
        if call.agent_id == agent_id and call.state in TALKING:
            self._world.trace(call.call_id).hangups.add(agent.leg_uniqueid)
        await self._order(hang_up(self._own_leg(agent_id)), "hang up")
        await self._left_by(call, agent_id)

    # --- checks -------------------------------------------------------------------------------

    def _engaged(self, agent_id: AgentId) -> tuple[Agent, Call]:
        agent = self._world.agents.get(agent_id)
        if agent is None or not agent.memberships:
            raise UnknownAgentError(
                f"agent {agent_id} is not signed in to any queue; sign in first"
            )
        call = self._world.calls.get(agent.call_id) if agent.call_id else None
        if call is None or agent.state not in ("on_call", "on_hold"):
            raise NotAllowedNowError(f"agent {agent_id} has no call now; wait for one")
        return agent, call

    def _talking(self, agent_id: AgentId) -> Call:
        _, call = self._engaged(agent_id)
        if call.agent_id != agent_id or call.state not in TALKING:
            raise NotAllowedNowError(
                f"agent {agent_id} is {call.state} with this call; end the consultation first"
            )
        return call

    def _consulting(self, agent_id: AgentId) -> Call:
        _, call = self._engaged(agent_id)
        if call.agent_id != agent_id or call.consulted is None:
            raise NotAllowedNowError(f"agent {agent_id} consults nobody; call a colleague first")
        return call

    def _free_phone(self, agent_id: AgentId, target: AgentId) -> str:
        """Return the extension of the colleague's phone."""
        agent = self._world.agents.get(target)
        if agent is None or not agent.memberships:
            raise UnknownAgentError(f"agent {target} is not signed in; choose a colleague who is")
        if target == agent_id or agent.state not in ("available", "paused"):
            state = "the same agent" if target == agent_id else agent.state
            raise NotAllowedNowError(f"agent {target} is {state}; choose another colleague")
        if agent.device == "unreachable" or not agent.interface.startswith(_PHONE):
            raise NotAllowedNowError(
                f"the phone of agent {target} cannot be called; choose another colleague"
            )
        return agent.interface.removeprefix(_PHONE)

    def _customer(self, call: Call) -> str:
        channel = self._world.trace(call.call_id).channel
        if not channel:
            raise NotAllowedNowError("the customer's channel is not known yet; try again")
        return channel

    def _own_leg(self, agent_id: AgentId) -> str:
        leg = self._world.agents[agent_id].leg_uniqueid
        if not leg:
            raise NotAllowedNowError(f"the leg of agent {agent_id} is not known yet; try again")
        return leg

    # --- orders -------------------------------------------------------------------------------

    async def _set(self, channel: str, name: str, value: str) -> None:
        await self._order(set_variable(channel, _INHERITED + name, value), f"set {name}")

    async def _order(self, action: Action, what: str) -> None:
        reply = await self._link.request(action)
        if not reply.success:
            raise AsteriskRefusedError(f"Asterisk refused to {what}: {reply.text}")

    async def _status(self, channel: str) -> Message | None:
        reply = await self._link.request(channel_status(channel))
        return next((m for m in reply.items if m.event == "Status"), None)

    async def _name(self, uniqueid: str) -> str:
        status = await self._status(uniqueid)
        name = status.get("Channel") if status is not None else ""
        if not name:
            raise NotAllowedNowError("the agent's channel is gone; the call is over")
        return name

    async def _bridged(self, agent_id: AgentId) -> None:
        """Wait until agent and colleague hear each other: the answer is told a moment earlier."""
        for _ in range(_TRIES):
            status = await self._status(self._own_leg(agent_id))
            if status is not None and status.get("BridgeID"):
                return
            await asyncio.sleep(_BETWEEN)
        raise NotAllowedNowError("the colleague is being connected; try again")

    def _now(self, call: Call) -> Call:
        return self._world.calls.get(call.call_id, call)

    async def _left_by(self, call: Call, agent_id: AgentId) -> None:
        def left() -> bool:
            agent = self._world.agents.get(agent_id)
            return agent is None or agent.call_id != call.call_id or agent.state == "wrap_up"

        await self._until(left)


def _topic(reason: str) -> str:
    reason = reason.strip()
    if not reason or len(reason) > _LONGEST_REASON or not reason.isprintable():
        raise NotAllowedNowError(
            f"a reason needs 1 to {_LONGEST_REASON} printable characters; choose another"
        )
    return reason
