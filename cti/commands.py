"""What agents and supervisors may order: checks, and actions for Asterisk.

The state is changed here only where Asterisk has no say (wrap-up, disposition).
"""

from collections.abc import Sequence
from typing import Final, Literal, Protocol

from cti.ami.protocol import Reply
from cti.ami_actions import (
    ALREADY_THERE,
    INTERFACE_NOT_FOUND,
    NO_SUCH_QUEUE,
    NOT_THERE,
    Action,
    queue_add,
    queue_pause,
    queue_penalty,
    queue_remove,
    queue_unpause,
)
from cti.core import events as ev
from cti.core.agents import RESERVED, WRAP_UP, Agent, Membership
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from cti.core.world import World
from cti.errors import (
    AsteriskRefusedError,
    NotAllowedNowError,
    UnknownAgentError,
    UnknownCallError,
    UnknownQueueError,
)

_LONGEST_TEXT: Final = 80


class Asterisk(Protocol):
    """Where actions go."""

    async def request(self, action: Action) -> Reply:
        """Send once, return the answer."""


def _signed_in(world: World, agent_id: AgentId) -> Agent:
    agent = world.agents.get(agent_id)
    if agent is None or not agent.memberships:
        raise UnknownAgentError(f"agent {agent_id} is not signed in to any queue; sign in first")
    return agent


def _accepted(reply: Reply, what: str, queue: QueueName | None = None) -> None:
    if reply.success:
        return
    if NO_SUCH_QUEUE in reply.text:
        raise UnknownQueueError(f"Asterisk has no queue {queue!r}; add it to the settings")
    if INTERFACE_NOT_FOUND in reply.text:
        raise UnknownAgentError("Asterisk knows no such queue member; sign out and in again")
    raise AsteriskRefusedError(f"Asterisk refused to {what}: {reply.text}")


def _text(text: str, what: str) -> str:
    text = text.strip()
    if not text or len(text) > _LONGEST_TEXT or not text.isprintable():
        raise NotAllowedNowError(
            f"a {what} needs 1 to {_LONGEST_TEXT} printable characters; choose another"
        )
    return text


async def sign_in(
    asterisk: Asterisk,
    world: World,
    agent_id: AgentId,
    interface: str,
    queues: Sequence[Membership],
) -> None:
    """Make the agent a member of exactly ``queues``, on the phone ``interface``."""
    if not queues:
        raise UnknownQueueError(f"agent {agent_id} has no queue; give the agent a skill first")
    for m in queues:
        if world.queues and m.queue not in world.queues:
            raise UnknownQueueError(f"Asterisk has no queue {m.queue!r}; add it to the settings")
    for other in world.agents.values():
        if other.agent_id != agent_id and other.memberships and other.interface == interface:
            raise NotAllowedNowError(
                f"the phone {interface} is in use by agent {other.agent_id}; sign that agent out"
            )
    agent = world.agents.get(agent_id)
    paused = ""
    if agent is not None and agent.memberships:
        paused = WRAP_UP if agent.state == "wrap_up" else agent.pause_reason
        moved = agent.interface != interface
        wanted = {m.queue for m in queues}
        for old in agent.memberships:
            if moved or old.queue not in wanted:
                await _remove(asterisk, old.queue, agent.interface)
    for m in queues:
        known = world.agents.get(agent_id)
        if known is not None and known.pause_reason == RESERVED:
            paused = RESERVED  # since the first queue, for a customer who is called back
        reply = await asterisk.request(queue_add(m.queue, interface, agent_id, m.penalty, paused))
        if ALREADY_THERE in reply.text:
            reply = await asterisk.request(queue_penalty(m.queue, interface, m.penalty))
        _accepted(reply, f"sign agent {agent_id} in to {m.queue}", m.queue)


async def _remove(asterisk: Asterisk, queue: QueueName, interface: str) -> None:
    reply = await asterisk.request(queue_remove(queue, interface))
    if NOT_THERE not in reply.text and NO_SUCH_QUEUE not in reply.text:
        _accepted(reply, f"take {interface} out of {queue}", queue)


async def sign_out(asterisk: Asterisk, world: World, agent_id: AgentId) -> None:
    """End all memberships; nothing happens if there is none."""
    agent = world.agents.get(agent_id)
    if agent is None:
        return
    for m in agent.memberships:
        await _remove(asterisk, m.queue, agent.interface)


async def pause(asterisk: Asterisk, world: World, agent_id: AgentId, reason: str) -> None:
    """Give the agent no more calls; during a wrap-up the wish is kept for its end."""
    agent = _signed_in(world, agent_id)
    reason = _text(reason, "pause reason")
    if reason == WRAP_UP:
        raise NotAllowedNowError(f"the reason {WRAP_UP!r} is the engine's own; choose another")
    if agent.state == "wrap_up":
        world.set_agent(agent_id, agent.since, pause_reason=reason)
        return
    _accepted(await asterisk.request(queue_pause(agent.interface, reason)), f"pause {agent_id}")


def end_wrap_up(
    world: World, agent_id: AgentId, now: float, by: Literal["agent", "supervisor"]
) -> bool:
    """End a wrap-up, and forget a pause that was to follow it; say whether there was one."""
    if _signed_in(world, agent_id).state != "wrap_up":
        return False
    world.set_agent(agent_id, now, pause_reason="")
    world.end_wrap_up(agent_id, now, by)
    return True


async def end_pause(asterisk: Asterisk, world: World, agent_id: AgentId) -> None:
    """End a pause, if there is one; a reservation for a callback is none and stays."""
    agent = _signed_in(world, agent_id)
    if agent.pause_reason not in ("", RESERVED):
        reply = await asterisk.request(queue_unpause(agent.interface))
        _accepted(reply, f"end the pause of {agent_id}")


def extend_wrap_up(
    world: World, agent_id: AgentId, seconds: float, longest: float, now: float
) -> float:
    """Move the end of the wrap-up and return it."""
    agent = _signed_in(world, agent_id)
    if agent.state != "wrap_up" or agent.wrap_up_until is None:
        raise NotAllowedNowError(f"agent {agent_id} is not in wrap-up; pause the agent instead")
    if not 0 < seconds <= longest:
        raise NotAllowedNowError(f"a wrap-up can be extended by up to {longest:g} s")
    since = agent.wrap_up_since if agent.wrap_up_since is not None else agent.since
    until = min(agent.wrap_up_until + seconds, since + longest)
    if until <= agent.wrap_up_until:
        raise NotAllowedNowError(f"this wrap-up has its greatest length of {longest:g} s already")
    world.extend_wrap_up(agent_id, until, now)
    return until


def dispose(
    world: World, agent_id: AgentId, call_id: CallId, disposition: str, now: float
) -> None:
    """Note the disposition of a call that this agent had."""
    call = world.calls.get(call_id)
    if call is None:
        raise UnknownCallError(
            f"there is no call {call_id}, or it ended too long ago; note it at the customer"
        )
    if agent_id not in (call.agent_id, *call.wrapping):
        raise NotAllowedNowError(f"agent {agent_id} did not have call {call_id}")
    world.emit(
        ev.CallDisposed(
            at=now,
            call_id=call_id,
            agent_id=agent_id,
            disposition=_text(disposition, "disposition"),
        )
    )


def choose_customer(
    world: World,
    agent_id: AgentId,
    call_id: CallId,
    customer_id: CustomerId,
    candidates: int,
    now: float,
) -> None:
    """Note who is calling, as the agent who has or is offered the call says.

    It is one of the ``candidates``; of none for a number that nobody has.
    """
    call = world.calls.get(call_id)
    if call is None:
        raise UnknownCallError(
            f"there is no call {call_id}, or it ended too long ago; note it at the customer"
        )
    ringing = (agent for agent, _ in call.ringing)
    if agent_id not in (call.agent_id, *call.wrapping, *ringing):
        raise NotAllowedNowError(f"agent {agent_id} does not have call {call_id}")
    if call.verified == "pin":
        raise NotAllowedNowError("the caller has shown a PIN, which says who it is")
    if call.recognition == "recognised":
        raise NotAllowedNowError(f"the number of call {call_id} leaves no choice")
    if call.customer_id == customer_id:
        return
    world.emit(
        ev.CustomerChosen(
            at=now,
            call_id=call_id,
            agent_id=agent_id,
            customer_id=customer_id,
            candidates=candidates,
            instead_of=call.customer_id,
        )
    )


OFFER_ANSWERS: Final[
    dict[str, type[ev.OfferPresented] | type[ev.OfferAccepted] | type[ev.OfferDeclined]]
] = {
    "presented": ev.OfferPresented,
    "accepted": ev.OfferAccepted,
    "declined": ev.OfferDeclined,
}


def answer_offer(
    world: World,
    agent_id: AgentId,
    call_id: CallId,
    customer_id: CustomerId,
    offer_id: str,
    rank: int,
    answer: str,
    now: float,
) -> None:
    """Note what became of an offer in a call that this agent has or had."""
    call = world.calls.get(call_id)
    if call is None:
        raise UnknownCallError(
            f"there is no call {call_id}, or it ended too long ago; note it at the customer"
        )
    if agent_id not in (call.agent_id, *call.wrapping):
        raise NotAllowedNowError(f"agent {agent_id} did not have call {call_id}")
    world.emit(
        OFFER_ANSWERS[answer](
            at=now,
            call_id=call_id,
            agent_id=agent_id,
            customer_id=customer_id,
            offer_id=_text(offer_id, "offer"),
            rank=rank,
        )
    )
