"""What the dialplan's words on transfers, consultations and conferences mean.

The engine only orders (:mod:`cti.control`); ``dialplans/transfer.conf.j2`` says what happened, in
order with everything else, so that an engine that was away learns it the same way.
"""

from cti.core import events as ev
from cti.core import records as rec
from cti.core import user_events as ue
from cti.core.calls import Call
from cti.core.ids import AgentId, QueueName
from cti.core.steps import TALKING, WAITING, WITH_AGENT, complete, withdraw_ringing
from cti.core.world import World

CONFERENCE_CONTEXT = "hotline-conference"
"""Where the customer is in a conference."""
TO_QUEUE_CONTEXT = "hotline-to-queue"
"""Its extensions are the queues."""
TO_AGENT_CONTEXT = "hotline-to-agent"
"""Its extensions are the agents' phones."""
BACK_CONTEXT = "hotline-back"
"""Where a customer is whom nobody took: back to the queue."""
WAIT_CONTEXT = "hotline-wait"
"""Where the customer is during a consultation."""
CONSULTED = frozenset({WAIT_CONTEXT, CONFERENCE_CONTEXT})
"""Where the customer is while the agent has consulted a colleague."""
CONSULT_CONTEXT = "hotline-consult"
"""Where the leg of the agent is who consults a colleague."""
CONTEXTS = frozenset(
    {
        CONFERENCE_CONTEXT,
        TO_QUEUE_CONTEXT,
        TO_AGENT_CONTEXT,
        WAIT_CONTEXT,
        CONSULT_CONTEXT,
        BACK_CONTEXT,
        *("hotline-callee", "hotline-answered", "hotline-take"),
    }
)
"""Every context of ``dialplans/transfer.conf.j2``; no call is born there."""

KINDS = (
    ue.Transferred,
    ue.TransferFailed,
    ue.AgentCalled,
    ue.AgentAnswered,
    ue.ConsultStarted,
    ue.ConsultEnded,
    ue.ConferenceStarted,
)


def told(world: World, call: Call, leg: rec.Leg, event: ue.UserEvent, at: float) -> None:
    """Apply one word of the dialplan; what comes after the customer's end means nothing."""
    if call.over:
        return
    match event:
        case ue.Transferred(kind="attended"):
            hand_over(world, call, AgentId(event.target), leg.uniqueid, at)
        case ue.Transferred():
            sent_on(world, call, event, at)
        case ue.TransferFailed():
            _failed(world, call, AgentId(event.target), event.status, at)
        case ue.AgentCalled():
            _called(world, call, AgentId(event.target), leg.uniqueid, at)
        case ue.AgentAnswered():
            _answered(world, call, AgentId(event.target), leg.uniqueid, at)
        case ue.ConsultStarted():
            consult_started(world, call, AgentId(event.target), leg, at)
        case ue.ConsultEnded():
            consult_ended(world, call, event.status, at)
        case ue.ConferenceStarted():
            conference_started(world, call, at)


def agent_left(world: World, call: Call, at: float, by: ev.Party) -> None:
    """The agent's leg is gone; in a conference the colleague stays with the customer."""
    if call.state == "conference" and call.consulted is not None and by != "caller":
        leg_uniqueid = world.agent(call.consulted, at).leg_uniqueid
        hand_over(world, call, call.consulted, leg_uniqueid, at)
    else:
        complete(world, call, at, by)


def other_leg_gone(world: World, call: Call, leg: rec.Leg, at: float) -> None:
    """A leg is gone that is neither the customer's nor the agent's: a colleague's, perhaps."""
    for agent in list(world.agents.values()):
        if agent.call_id != call.call_id or agent.leg_uniqueid != leg.uniqueid:
            continue
        if call.state == "conference" and call.consulted == agent.agent_id:
            world.emit(
                ev.ConferenceEnded(
                    at=at,
                    call_id=call.call_id,
                    agent_id=call.agent_id or AgentId(""),
                    target=agent.agent_id,
                )
            )
        in_queue = call.state in WAITING  # there the queue's own events tell
        if agent.state in ("ringing", "on_call", "on_hold") and not in_queue:
            world.free(agent.agent_id, at, device="free")


def sent_on(world: World, call: Call, event: ue.Transferred, at: float) -> None:
    """The agent has sent the customer to a queue or a colleague."""
    agent_id = call.agent_id
    if agent_id is None:
        world.reject("Transferred", "the call has no agent")
        return
    if call.state in WITH_AGENT:
        complete(world, call, at, "agent")
    world.emit(
        ev.CallTransferred(
            at=at,
            call_id=call.call_id,
            agent_id=agent_id,
            kind=event.kind,
            target=event.target,
            reason=call.reason,
        )
    )


def hand_over(world: World, call: Call, target: AgentId, leg_uniqueid: str, at: float) -> None:
    """The consulted colleague stays with the customer, the agent is out."""
    if call.state in TALKING and call.agent_id == target:
        return  # told already by the end of a leg
    sent_on(world, call, ue.Transferred(call_id=call.call_id, kind="attended", target=target), at)
    connected(world, world.calls[call.call_id], target, leg_uniqueid, at)


def connected(world: World, call: Call, agent_id: AgentId, leg_uniqueid: str, at: float) -> None:
    """The target of a transfer has the customer."""
    happened = world.emit(
        ev.CallConnected(
            at=at,
            call_id=call.call_id,
            agent_id=agent_id,
            queue=call.queue or QueueName(""),
            wait_time=0.0,
            ring_time=call.ring_time(agent_id, at),
        )
    )
    if happened:
        withdraw_ringing(world, call, at, keep=agent_id)
        _engage(world, call, agent_id, leg_uniqueid, at)


def _engage(world: World, call: Call, agent_id: AgentId, leg_uniqueid: str, at: float) -> None:
    world.move(
        agent_id,
        "answered",
        at,
        call_id=call.call_id,
        queue=call.queue,
        leg_uniqueid=leg_uniqueid,
        wrap_up_since=None,
        wrap_up_until=None,
    )


def _failed(world: World, call: Call, target: AgentId, status: str, at: float) -> None:
    if any(agent_id == target for agent_id, _ in call.ringing):
        world.emit(
            ev.AgentMissed(
                at=at,
                call_id=call.call_id,
                agent_id=target,
                queue=call.queue or QueueName(""),
                ring_time=call.ring_time(target, at),
            )
        )
        if world.agent(target, at).call_id == call.call_id:
            world.free(target, at)
    world.emit(ev.TransferFailed(at=at, call_id=call.call_id, target=target, status=status))


def _called(world: World, call: Call, target: AgentId, leg_uniqueid: str, at: float) -> None:
    ringing = ev.AgentRinging(
        at=at, call_id=call.call_id, agent_id=target, queue=call.queue or QueueName("")
    )
    if call.state not in ("transferring", "consulting") or not world.emit(ringing):
        world.reject("AgentCalled", f"the call is {call.state}")
        return
    world.end_wrap_up(target, at, "resync")
    world.move(
        target,
        "offered",
        at,
        call_id=call.call_id,
        queue=call.queue,
        leg_uniqueid=leg_uniqueid,
        wrap_up_since=None,
        wrap_up_until=None,
    )


def _answered(world: World, call: Call, target: AgentId, leg_uniqueid: str, at: float) -> None:
    if call.state == "transferring":
        connected(world, call, target, leg_uniqueid, at)
    elif call.state == "consulting" and call.consulted == target:
        consult_answered(world, call, leg_uniqueid, at)
    elif not (call.state in TALKING and call.agent_id == target):
        world.reject("AgentAnswered", f"the call is {call.state}")


def consult_started(world: World, call: Call, target: AgentId, leg: rec.Leg, at: float) -> None:
    """The customer waits, the agent calls a colleague from ``leg``."""
    if call.agent_id is None:
        world.reject("ConsultStarted", "the call has no agent")
        return
    world.set_agent(call.agent_id, at, leg_uniqueid=leg.uniqueid)
    started = ev.ConsultStarted(at=at, call_id=call.call_id, agent_id=call.agent_id, target=target)
    if world.emit(started) and world.agent(call.agent_id, at).state == "on_hold":
        world.move(call.agent_id, "resumed", at)


def consult_answered(world: World, call: Call, leg_uniqueid: str, at: float) -> None:
    """Agent and colleague talk."""
    if call.consulted is None or call.consult_answered:
        return
    answered = ev.ConsultAnswered(
        at=at,
        call_id=call.call_id,
        agent_id=call.agent_id or AgentId(""),
        target=call.consulted,
    )
    if world.emit(answered):
        _engage(world, call, call.consulted, leg_uniqueid, at)


def consult_ended(world: World, call: Call, status: str, at: float) -> None:
    """The agent is back with the customer; the colleague is out."""
    target = call.consulted
    if target is None or call.state not in ("consulting", "conference"):
        return
    by = call.agent_id or AgentId("")
    if call.state == "conference":
        world.emit(ev.ConferenceEnded(at=at, call_id=call.call_id, agent_id=by, target=target))
    else:
        world.emit(
            ev.ConsultEnded(at=at, call_id=call.call_id, agent_id=by, target=target, status=status)
        )
    if world.agent(target, at).call_id == call.call_id:
        world.free(target, at, device="free")


def conference_started(world: World, call: Call, at: float) -> None:
    """Customer, agent and colleague hear each other."""
    if call.consulted is None or call.agent_id is None:
        world.reject("ConferenceStarted", "nobody is consulted")
        return
    world.emit(
        ev.ConferenceStarted(
            at=at, call_id=call.call_id, agent_id=call.agent_id, target=call.consulted
        )
    )
