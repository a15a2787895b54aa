"""The steps of a call that several records of Asterisk, or a snapshot, can mean."""

from typing import Final

from cti.core import events as ev
from cti.core import records as rec
from cti.core.agents import Membership
from cti.core.calls import Call
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.world import World

WAITING: Final = ("queued", "ringing")
TALKING: Final = ("connected", "on_hold")
WITH_AGENT: Final = (*TALKING, "consulting", "conference")


def call_of(world: World, leg: rec.Leg, at: float, *, own: bool = False) -> Call | None:
    """Return the call of ``leg``; begin it if ``leg`` is a customer's own, so far unknown channel.

    ``own`` says that the record names the customer's channel by its nature.
    """
    call_id = CallId(leg.vars.call_id or world.own_legs.get(leg.uniqueid, ""))
    if not call_id:
        return None
    call = world.calls.get(call_id)
    if call is None:
        if own or leg.context in world.rules.inbound_contexts:
            return world.arrived(leg, at)
        return None
    if call.uniqueid == leg.uniqueid:
        return world.refresh(call_id, leg)
    return call


def ensure_queued(
    world: World, call: Call, queue: QueueName, at: float, *, position: int = 0, priority: int = 0
) -> Call:
    """Conclude that the caller is waiting in ``queue`` when the joining was missed."""
    if call.state in WAITING and call.queue == queue:
        return call
    if call.state in WAITING:
        leave_queue(world, call, at, status="")
    withdraw_ringing(world, call, at)  # a transfer whose failure was missed
    world.emit(
        ev.CallQueued(
            at=at,
            call_id=call.call_id,
            queue=queue,
            position=position,
            priority=priority,
            reason=call.reason,
        )
    )
    world.queues.add(queue)
    return world.calls[call.call_id]


def withdraw_ringing(world: World, call: Call, at: float, keep: AgentId | None = None) -> None:
    """Free the agents whose phones rang for ``call``."""
    for agent_id, _ in call.ringing:
        if agent_id != keep and world.agent(agent_id, at).call_id == call.call_id:
            world.free(agent_id, at)


def leave_queue(world: World, call: Call, at: float, *, status: str) -> None:
    """The caller left the queue alive and unanswered."""
    world.emit(
        ev.CallLeftQueue(
            at=at,
            call_id=call.call_id,
            queue=call.queue or QueueName(""),
            status=status,
            wait_time=call.wait_time(at),
        )
    )
    withdraw_ringing(world, call, at)


def abandon(world: World, call: Call, at: float, position: int) -> None:
    """The caller hung up while waiting."""
    world.emit(
        ev.CallAbandoned(
            at=at,
            call_id=call.call_id,
            queue=call.queue or QueueName(""),
            position=position,
            wait_time=call.wait_time(at),
        )
    )
    withdraw_ringing(world, call, at)


def complete(world: World, call: Call, at: float, ended_by: ev.Party) -> None:
    """Agent and customer are no longer connected; the wrap-up begins."""
    if call.agent_id is None:
        return
    talked = world.emit(
        ev.CallCompleted(
            at=at,
            call_id=call.call_id,
            agent_id=call.agent_id,
            queue=call.queue or QueueName(""),
            talk_time=max(0.0, at - (call.connected_at or at)),
            ended_by=ended_by,
        )
    )
    if talked:
        withdraw_ringing(world, call, at)  # a colleague who was about to be consulted
    agent = world.agent(call.agent_id, at)
    if talked and agent.call_id == call.call_id:
        world.set_agent(agent.agent_id, at, device="free")
        world.start_wrap_up(call, agent.agent_id, at)


def end(world: World, call: Call, at: float, cause: int) -> None:
    """The customer's own channel is gone."""
    trace = world.trace(call.call_id)
    by_caller = call.uniqueid in trace.hangups
    # An agent's hang-up takes both channels away, and the customer's may be told first.
    leg = world.agent(call.agent_id, at).leg_uniqueid if call.agent_id is not None else ""
    by_agent = bool(leg) and leg in trace.hangups
    if call.state in WAITING:
        position = trace.gave_up_at if trace.gave_up_at is not None else call.position
        abandon(world, call, at, position)
    elif call.state == "transferring":
        withdraw_ringing(world, call, at)
    elif call.state in WITH_AGENT:
        complete(world, call, at, "caller" if by_caller else "agent" if by_agent else "system")
    call = world.calls[call.call_id]
    if call.over:
        return
    ended_by: ev.Party = "system"
    if by_caller:
        ended_by = "caller"
    elif call.state == "leaving" and call.completed_by is not None:
        ended_by = call.completed_by
    world.emit(ev.CallEnded(at=at, call_id=call.call_id, cause=cause, ended_by=ended_by))


def join(
    world: World, agent_id: AgentId, interface: str, membership: Membership, at: float
) -> None:
    """The agent is a member of a queue."""
    agent = world.agent(agent_id, at)
    others = tuple(m for m in agent.memberships if m.queue not in ("", membership.queue))
    world.set_agent(agent_id, at, interface=interface, memberships=(*others, membership))
    world.queues.add(membership.queue)
    if agent.state == "logged_out":
        world.move(agent_id, "signed_in", at)


def leave(world: World, agent_id: AgentId, queue: QueueName, at: float) -> None:
    """The agent is no longer a member of ``queue``."""
    agent = world.agent(agent_id, at)
    left = tuple(m for m in agent.memberships if m.queue != queue)
    agent = world.set_agent(agent_id, at, memberships=left)
    if left:
        return
    world.set_agent(agent_id, at, pause_reason="")
    if agent.state == "wrap_up":
        world.end_wrap_up(agent_id, at, "agent")
    elif agent.state in ("available", "paused") or agent.call_id is None:
        world.free(agent_id, at)
