"""What a whole picture of Asterisk shows of one call, and what follows for our state of it.

A picture may be taken between two bridges, or while a phone is being answered: what the events
after it will tell is left to them, so that no conversation ends, and no wait begins anew, that did
not.
"""

from typing import Final

from cti.core import events as ev
from cti.core import user_events as ue
from cti.core.agents import Agent
from cti.core.calls import Call
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.own_queue import OWN
from cti.core.records import Leg, Snapshot, Waiting
from cti.core.steps import (
    TALKING,
    WAITING,
    WITH_AGENT,
    complete,
    ensure_queued,
    leave_queue,
    withdraw_ringing,
)
from cti.core.transfers import (
    BACK_CONTEXT,
    CONFERENCE_CONTEXT,
    CONSULT_CONTEXT,
    CONSULTED,
    TO_AGENT_CONTEXT,
    TO_QUEUE_CONTEXT,
    WAIT_CONTEXT,
    conference_started,
    connected,
    consult_answered,
    consult_ended,
    consult_started,
    sent_on,
)
from cti.core.world import World

_SENT_ON: Final = (TO_AGENT_CONTEXT, WAIT_CONTEXT, CONFERENCE_CONTEXT)
"""Where a customer is whom an agent has sent on to a colleague."""
_SENT_AWAY: Final = (TO_AGENT_CONTEXT, TO_QUEUE_CONTEXT, BACK_CONTEXT)
"""Where a customer is from whom the agent has parted."""


def compare(
    world: World,
    call_id: CallId,
    legs: list[Leg],
    waiting: dict[str, Waiting],
    snapshot: Snapshot,
) -> None:
    """Make our state of one call equal to what its ``legs`` and the queues' callers show."""
    at = snapshot.at
    call = world.calls.get(call_id)
    if call is None or call.over:
        return
    own = next(leg for leg in legs if leg.uniqueid == call.uniqueid)
    call = world.refresh(call_id, own)
    place = waiting.get(own.uniqueid)
    if place is not None:
        _waiting(world, call, place, legs, at)
        return
    if _consulting(world, call, own, legs, at):
        return
    if _being_transferred(world, call, own, legs, at):
        return
    partner = _partner(world, own, legs)
    if partner is not None:
        _taken_over(world, call, own, partner, at)
        _talking(world, world.calls[call_id], partner, at)
        _hold(world, world.calls[call_id], own, at)
    elif call.state in WITH_AGENT and _apart_for_a_moment(world, call, own, legs):
        _alone_again(world, call, own, legs, at)
    elif call.state in WITH_AGENT:
        complete(world, call, over_at(call, snapshot), "system")
    elif call.state in WAITING and (answered := _answered(world, own, legs)) is not None:
        _talking(world, call, answered, at)
    elif call.state in WAITING:
        leave_queue(world, call, at, status="")


def _answered(world: World, own: Leg, legs: list[Leg]) -> tuple[Agent, Leg] | None:
    """Return agent and leg with whom the customer, out of the queue, is about to be bridged."""
    apart = (each for each in _phones(world, own, legs) if each[1].up and not each[1].bridge)
    return None if own.bridge else next(apart, None)


def _phones(world: World, own: Leg, legs: list[Leg]) -> list[tuple[Agent, Leg]]:
    """Return the agents whose phones take part in the call, and their legs, oldest first."""
    found = ((_agent_of(world, leg), leg) for leg in legs if leg is not own)
    return [(agent, leg) for agent, leg in found if agent is not None]


def _agent_of(world: World, leg: Leg) -> Agent | None:
    """Return the agent on whose phone ``leg`` is: the channel is named after the interface."""
    interface = leg.channel.rpartition("-")[0]
    for agent in world.agents.values():
        if agent.memberships and agent.interface.removesuffix("/n") == interface:
            return agent
    return None


def _partner(world: World, own: Leg, legs: list[Leg]) -> tuple[Agent, Leg] | None:
    """Return the agent and leg that share a bridge with the customer."""
    together = (each for each in _phones(world, own, legs) if each[1].bridge == own.bridge)
    return next(together, None) if own.bridge else None


def _apart_for_a_moment(world: World, call: Call, own: Leg, legs: list[Leg]) -> bool:
    """Whether the agent's leg lives on: then the two are on their way into a bridge, or out of it.

    The events that follow the picture tell which, so that no conversation is ended that goes on.
    """
    agent = world.agents.get(call.agent_id) if call.agent_id is not None else None
    if agent is None or own.context in _SENT_AWAY:
        return False
    return any(leg.uniqueid == agent.leg_uniqueid for leg in legs)


def _alone_again(world: World, call: Call, own: Leg, legs: list[Leg], at: float) -> None:
    """End a consultation whose colleague is gone; the agent's leg takes the customer back."""
    if call.consulted is None:
        return
    if all(agent.agent_id != call.consulted for agent, _ in _phones(world, own, legs)):
        consult_ended(world, call, "", at)


def _consulting(world: World, call: Call, own: Leg, legs: list[Leg], at: float) -> bool:
    """Conclude a consultation or conference from the places of its legs; say whether it is one."""
    asking = next((leg for leg in legs if leg.context == CONSULT_CONTEXT), None)
    agent = _agent_of(world, asking) if asking is not None else None
    if asking is None or agent is None or own.context not in CONSULTED:
        return False
    others = [(leg, _agent_of(world, leg)) for leg in legs if leg not in (own, asking)]
    colleague = next(((leg, who) for leg, who in others if who is not None), None)
    if colleague is None or (own.bridge == asking.bridge) == (own.context == WAIT_CONTEXT):
        return False  # the two are together again, or the colleague is gone
    leg, target = colleague
    if call.agent_id != agent.agent_id or call.state not in WITH_AGENT:
        _talking(world, call, (agent, asking), at)
        call = world.calls[call.call_id]
    if call.consulted != target.agent_id:
        consult_ended(world, call, "", at)
        consult_started(world, world.calls[call.call_id], target.agent_id, asking, at)
    world.set_agent(agent.agent_id, at, leg_uniqueid=asking.uniqueid)
    if not leg.up:
        _ring(world, world.calls[call.call_id], target.agent_id, leg, at)
        return True
    consult_answered(world, world.calls[call.call_id], leg.uniqueid, at)
    call = world.calls[call.call_id]
    if own.context == CONFERENCE_CONTEXT and call.state == "consulting":
        conference_started(world, call, at)
    return True


def _being_transferred(world: World, call: Call, own: Leg, legs: list[Leg], at: float) -> bool:
    """Say whether the customer waits for a target's phone, and let that phone ring.

    A phone that was answered counts as connected, though the bridge may come after the picture:
    the dialplan's word of the answer may have come before it.
    """
    if own.context != TO_AGENT_CONTEXT or own.bridge:
        return False
    targets = _phones(world, own, legs)
    rings = [(target, leg) for target, leg in targets if not leg.up]
    if rings and call.state in WITH_AGENT:  # nobody told us of the transfer
        target, _ = rings[0]
        sent = ue.Transferred(call_id=call.call_id, kind="agent", target=target.agent_id)
        sent_on(world, call, sent, at)
        call = world.calls[call.call_id]
    if call.state != "transferring":
        return False
    for target, leg in rings:
        _ring(world, call, target.agent_id, leg, at)
    for target, leg in targets:
        if leg.up and target.agent_id != call.agent_id:
            connected(world, call, target.agent_id, leg.uniqueid, at)
            break
    return True


def _taken_over(world: World, call: Call, own: Leg, partner: tuple[Agent, Leg], at: float) -> None:
    """Conclude a transfer from a colleague who has the customer, where nobody told us of it."""
    agent, leg = partner
    if call.agent_id in (None, agent.agent_id) or own.context not in _SENT_ON:
        return
    if call.state in (*WITH_AGENT, "leaving"):
        blind = own.context == TO_AGENT_CONTEXT
        target = str(agent.agent_id)
        sent = ue.Transferred(
            call_id=call.call_id, kind="agent" if blind else "attended", target=target
        )
        sent_on(world, call, sent, at)
        call = world.calls[call.call_id]
    if call.state == "transferring":
        connected(world, call, agent.agent_id, leg.uniqueid, at)


def _ring(world: World, call: Call, agent_id: AgentId, leg: Leg, at: float) -> None:
    if all(agent_id != known for known, _ in call.ringing):
        queue = call.queue or QueueName("")
        world.emit(ev.AgentRinging(at=at, call_id=call.call_id, agent_id=agent_id, queue=queue))
    world.move(
        agent_id,
        "offered",
        at,
        call_id=call.call_id,
        queue=call.queue,
        leg_uniqueid=leg.uniqueid,
    )


def _waiting(world: World, call: Call, place: Waiting, legs: list[Leg], at: float) -> None:
    if call.state in WITH_AGENT:
        complete(world, call, at, "system")
        call = world.calls[call.call_id]
    if call.state not in WAITING or call.queue != place.queue:
        call = ensure_queued(
            world,
            call,
            place.queue,
            at - place.wait_time,
            position=place.position,
            priority=place.priority,
        )
    rang = {agent_id for agent_id, _ in call.ringing}
    # A phone that was just answered still counts: AgentConnect is the next event.
    ringing = {
        agent.agent_id: leg
        for leg in legs
        if (agent := _agent_of(world, leg)) is not None and (not leg.up or agent.agent_id in rang)
    }
    for agent_id, _ in call.ringing:
        if agent_id not in ringing:
            missed = ev.AgentMissed(
                at=at,
                call_id=call.call_id,
                agent_id=agent_id,
                queue=place.queue,
                ring_time=call.ring_time(agent_id, at),
            )
            world.emit(missed)
    for agent_id, leg in ringing.items():
        _ring(world, call, agent_id, leg, at)


def _talking(world: World, call: Call, partner: tuple[Agent, Leg], at: float) -> None:
    agent, leg = partner
    consult_ended(world, call, "", at)
    call = world.calls[call.call_id]
    if call.state in TALKING and call.agent_id != agent.agent_id:
        complete(world, call, at, "system")
        call = world.calls[call.call_id]
    if call.state not in TALKING:
        queues = [m.queue for m in agent.memberships]
        queue = call.queue or next((q for q in queues if q != OWN), queues[0])
        if call.state not in WAITING:
            call = ensure_queued(world, call, queue, at)
        answered = ev.CallConnected(
            at=at,
            call_id=call.call_id,
            agent_id=agent.agent_id,
            queue=queue,
            wait_time=call.wait_time(at),
            ring_time=call.ring_time(agent.agent_id, at),
        )
        if world.emit(answered):
            withdraw_ringing(world, call, at, keep=agent.agent_id)
    call = world.calls[call.call_id]
    now = world.agent(agent.agent_id, at)
    if now.call_id != call.call_id or now.state not in ("on_call", "on_hold"):
        world.move(
            agent.agent_id,
            "answered",
            at,
            call_id=call.call_id,
            queue=call.queue,
            leg_uniqueid=leg.uniqueid,
        )
    else:
        world.set_agent(agent.agent_id, at, leg_uniqueid=leg.uniqueid)


def _hold(world: World, call: Call, own: Leg, at: float) -> None:
    """Take over whether the agent's phone holds the customer."""
    if call.agent_id is None:
        return
    if own.held is True and call.state == "connected":
        world.emit(ev.CallHeld(at=at, call_id=call.call_id, agent_id=call.agent_id))
        world.move(call.agent_id, "held", at)
    elif own.held is False and call.state == "on_hold":
        world.emit(ev.CallResumed(at=at, call_id=call.call_id, agent_id=call.agent_id))
        world.move(call.agent_id, "resumed", at)


def over_at(call: Call, snapshot: Snapshot) -> float:
    """Return when a call that we did not see end was over, as far as its agent's member tells."""
    if call.state in WITH_AGENT and call.connected_at is not None:
        for m in snapshot.members:
            if m.member_name == call.agent_id and m.last_call >= call.connected_at:
                return min(m.last_call, snapshot.at)
    return snapshot.at
