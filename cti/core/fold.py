"""What each record of Asterisk means for calls and agents.

Asterisk is the truth: a record that contradicts the state never stops the fold.  The customer's
own channel is the first that carries the call id; agents' legs inherit the id and are told apart
by their uniqueid.
"""

from collections.abc import Callable
from typing import Any, Final

from cti.core import events as ev
from cti.core import monitors, transfers
from cti.core import records as rec
from cti.core import user_events as ue
from cti.core.agents import WRAP_UP, AgentInput, Membership, freed
from cti.core.calls import Call
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from cti.core.routing import decode_steps
from cti.core.steps import (
    TALKING,
    WAITING,
    WITH_AGENT,
    abandon,
    call_of,
    end,
    ensure_queued,
    join,
    leave,
    leave_queue,
    withdraw_ringing,
)
from cti.core.transfers import agent_left, other_leg_gone
from cti.core.world import Wish, World


def apply(world: World, record: rec.Record) -> list[ev.DomainEvent]:
    """Return the domain events that ``record`` means, after applying them to ``world``."""
    if record.server:
        world.server = record.server
    handler = _HANDLERS.get(type(record))
    if handler is not None:
        handler(world, record)
    return world.take()


def says_who_hung_up(world: World, record: rec.Record) -> bool:
    """Whether the record tells something of a living call that no picture of Asterisk shows."""
    if not isinstance(record, rec.HangupRequested):
        return False
    call = world.calls.get(CallId(record.leg.vars.call_id))
    return call is not None and not call.over


def _leg_seen(world: World, r: rec.LegSeen) -> None:
    if r.leg.uniqueid in world.monitors_asked:
        monitors.seen(world, r.leg, r.at)
        return
    call_of(world, r.leg, r.at)


def _agent_leg(world: World, leg: rec.Leg, at: float) -> tuple[Call, AgentId] | None:
    """Return the call and agent whose conversation runs over ``leg``."""
    call = call_of(world, leg, at)
    if call is None or call.agent_id is None:
        return None
    agent = world.agent(call.agent_id, at)
    if agent.leg_uniqueid != leg.uniqueid or agent.call_id != call.call_id:
        return None
    return call, agent.agent_id


def _held_by(world: World, leg: rec.Leg, at: float) -> tuple[Call, AgentId] | None:
    """Return the call and its agent if a phone on the agent's side (de)activated hold.

    Behind a ``Local`` member the phone is another leg than the member's own, so any leg counts
    that is not the customer's.
    """
    call = call_of(world, leg, at)
    if call is None or call.agent_id is None or leg.uniqueid == call.uniqueid:
        return None
    return call, call.agent_id


def _leg_held(world: World, r: rec.LegHeld) -> None:
    found = _held_by(world, r.leg, r.at)
    if found and found[0].state == "connected":
        world.emit(ev.CallHeld(at=r.at, call_id=found[0].call_id, agent_id=found[1]))
        world.move(found[1], "held", r.at)


def _leg_unheld(world: World, r: rec.LegUnheld) -> None:
    found = _held_by(world, r.leg, r.at)
    if found and found[0].state == "on_hold":
        world.emit(ev.CallResumed(at=r.at, call_id=found[0].call_id, agent_id=found[1]))
        world.move(found[1], "resumed", r.at)


def _hangup_requested(world: World, r: rec.HangupRequested) -> None:
    call = call_of(world, r.leg, r.at)
    if call is not None:
        world.trace(call.call_id).hangups.add(r.leg.uniqueid)


def _leg_gone(world: World, r: rec.LegGone) -> None:
    if monitors.gone(world, r.leg.uniqueid, r.at):
        return
    call = call_of(world, r.leg, r.at)
    if call is None:
        return
    if r.leg.uniqueid == call.uniqueid:
        if not call.over:
            end(world, call, r.at, r.cause)
        return
    found = _agent_leg(world, r.leg, r.at)
    if found is None:
        other_leg_gone(world, call, r.leg, r.at)
    elif call.state in WITH_AGENT:
        # A blind transfer: app_queue says AgentComplete only when the caller hangs up at last.
        hangups = world.trace(call.call_id).hangups
        by: ev.Party = "agent" if r.leg.uniqueid in hangups else "system"
        agent_left(world, call, r.at, "caller" if call.uniqueid in hangups else by)


def _caller_joined(world: World, r: rec.CallerJoined) -> None:
    call = call_of(world, r.leg, r.at, own=True)
    if call is None:
        return
    world.trace(call.call_id).gave_up_at = None
    text = r.leg.vars.priority
    priority = int(text) if text.lstrip("-").isdecimal() else 0
    ensure_queued(world, call, r.queue, r.at, position=r.position, priority=priority)


def _caller_gave_up(world: World, r: rec.CallerGaveUp) -> None:
    call = call_of(world, r.leg, r.at, own=True)
    if call is None or call.state not in WAITING:
        return
    trace = world.trace(call.call_id)
    if call.uniqueid in trace.hangups:
        abandon(world, call, r.at, r.position)
    else:
        trace.gave_up_at = r.position  # QueueLeft or the end of the channel will tell


def _ensure_member(world: World, r: rec.MemberCalled | rec.MemberConnected) -> None:
    """Sign in a member that no event has announced (e.g. one from queues.conf)."""
    agent = world.agent(r.member_name, r.at)
    if agent.state == "logged_out" or all(m.queue != r.queue for m in agent.memberships):
        join(world, r.member_name, r.interface, Membership(r.queue), r.at)
    world.end_wrap_up(r.member_name, r.at, "resync")


def _member_called(world: World, r: rec.MemberCalled) -> None:
    call = call_of(world, r.leg, r.at, own=True)
    if call is None:
        return
    call = ensure_queued(world, call, r.queue, r.at)
    _ensure_member(world, r)
    ringing = ev.AgentRinging(at=r.at, call_id=call.call_id, agent_id=r.member_name, queue=r.queue)
    if world.emit(ringing):
        _engage(world, "offered", r, call)


def _engage(
    world: World,
    symbol: AgentInput,
    r: rec.MemberCalled | rec.MemberConnected,
    call: Call,
) -> None:
    world.move(
        r.member_name,
        symbol,
        r.at,
        call_id=call.call_id,
        queue=r.queue,
        leg_uniqueid=r.agent_leg.uniqueid,
        wrap_up_since=None,
        wrap_up_until=None,
    )


def _member_missed(world: World, r: rec.MemberMissed) -> None:
    call = call_of(world, r.leg, r.at, own=True)
    if call is None:
        return
    ring_time = call.ring_time(r.member_name, r.at) or r.ring_time
    missed = ev.AgentMissed(
        at=r.at,
        call_id=call.call_id,
        agent_id=r.member_name,
        queue=r.queue,
        ring_time=ring_time,
    )
    if not world.emit(missed):
        return
    agent = world.agent(r.member_name, r.at)
    world.set_agent(r.member_name, r.at, misses=agent.misses + 1)
    if agent.call_id == call.call_id:
        world.free(r.member_name, r.at)


def _member_connected(world: World, r: rec.MemberConnected) -> None:
    call = call_of(world, r.leg, r.at, own=True)
    if call is None or (call.state in TALKING and call.agent_id == r.member_name):
        return
    call = ensure_queued(world, call, r.queue, r.at)
    _ensure_member(world, r)
    connected = ev.CallConnected(
        at=r.at,
        call_id=call.call_id,
        agent_id=r.member_name,
        queue=r.queue,
        wait_time=call.wait_time(r.at),
        ring_time=call.ring_time(r.member_name, r.at),
    )
    if world.emit(connected):
        world.trace(call.call_id).gave_up_at = None
        withdraw_ringing(world, call, r.at, keep=r.member_name)
        _engage(world, "answered", r, call)
        world.set_agent(r.member_name, r.at, misses=0)


def _member_completed(world: World, r: rec.MemberCompleted) -> None:
    call = call_of(world, r.leg, r.at, own=True)
    if call is None or call.state not in WITH_AGENT or r.member_name != call.agent_id:
        return  # the end of a leg, or a transfer, has already told it
    by: ev.Party = "caller" if r.reason == "caller" else "agent"
    agent_left(world, call, r.at, by)


def _member_added(world: World, r: rec.MemberAdded) -> None:
    m = r.member
    join(world, m.member_name, m.interface, Membership(m.queue, m.penalty), r.at)
    world.set_agent(m.member_name, r.at, device=m.device)
    if m.paused:
        paused(world, m, r.at)


def _member_removed(world: World, r: rec.MemberRemoved) -> None:
    leave(world, r.member.member_name, r.member.queue, r.at)


def paused(world: World, m: rec.Member, at: float) -> None:
    """The member is paused; a wrap-up pause is the engine's own and no wish of the agent."""
    agent = world.agent(m.member_name, at)
    if m.paused_reason == WRAP_UP:
        return
    reason = m.paused_reason or "paused"
    if agent.state in ("available", "paused"):
        world.move(m.member_name, "paused", at, pause_reason=reason)
    else:
        world.set_agent(m.member_name, at, pause_reason=reason)


def unpaused(world: World, m: rec.Member, at: float) -> None:
    """The member is not paused; somebody else may have ended a wrap-up by that."""
    agent = world.set_agent(m.member_name, at, pause_reason="")
    if agent.state == "paused":
        world.free(m.member_name, at)
    elif agent.state == "wrap_up":
        world.end_wrap_up(m.member_name, at, "supervisor")


def _member_paused(world: World, r: rec.MemberPaused) -> None:
    if r.member.paused:
        paused(world, r.member, r.at)
    else:
        unpaused(world, r.member, r.at)


def _member_status(world: World, r: rec.MemberStatus) -> None:
    m = r.member
    agent = world.agent(m.member_name, r.at)
    known = next((one for one in agent.memberships if one.queue == m.queue), None)
    if known is None:
        return  # late word of a membership that has ended
    if known.penalty != m.penalty:
        changed = Membership(m.queue, m.penalty)
        memberships = tuple(changed if one is known else one for one in agent.memberships)
        agent = world.set_agent(m.member_name, r.at, memberships=memberships)
    if agent.device != m.device:
        agent = world.set_agent(m.member_name, r.at, device=m.device)
    if agent.state == "available" and m.device == "in_use":
        world.move(m.member_name, "phone_busy", r.at)
    elif agent.state == "on_call" and agent.call_id is None and m.device in _IDLE:
        world.move(m.member_name, freed(agent), r.at)


_IDLE: Final = ("free", "unreachable")


def _hotline_told(world: World, r: rec.HotlineTold) -> None:
    if isinstance(r.event, ue.CallbackMissed):  # on a leg that belongs to no call
        world.wishes.append(Wish(CallId(r.event.call_id), "missed", r.event.status))
        return
    spoken_by_agents = isinstance(r.event, transfers.KINDS)
    call = call_of(world, r.leg, r.at, own=not spoken_by_agents)
    if call is None:
        return
    call_id, at, told = call.call_id, r.at, r.event
    if told.call_id != call_id:
        world.reject(type(told).__name__, "names another call than its own channel")
        return
    if spoken_by_agents:
        transfers.told(world, call, r.leg, told, at)
        return
    meant = _TOLD.get(type(told))
    if meant is not None:
        meant(world, call, told, at)


def _recognised(world: World, call: Call, told: ue.Recognised, at: float) -> None:
    customer = CustomerId(told.customer_id) if told.customer_id else None
    world.emit(
        ev.CallerRecognised(
            at=at,
            call_id=call.call_id,
            status=told.status,
            customer_id=customer,
            segment=told.segment if customer else "",
        )
    )


def _verified(world: World, call: Call, told: ue.Verified, at: float) -> None:
    call_id = call.call_id
    if told.outcome == "ok" and told.level in ("number", "pin") and told.customer_id:
        level: ev.VerifiedLevel = "pin" if told.level == "pin" else "number"
        customer = CustomerId(told.customer_id)
        world.emit(
            ev.CallerVerified(
                at=at, call_id=call_id, customer_id=customer, level=level, segment=told.segment
            )
        )
    else:
        world.emit(ev.VerificationFailed(at=at, call_id=call_id, outcome=told.outcome))


def _node_entered(world: World, call: Call, told: ue.NodeEntered, at: float) -> None:
    world.emit(
        ev.MenuEntered(
            at=at, call_id=call.call_id, flow=told.flow, node=told.node, language=told.language
        )
    )


def _service_done(world: World, call: Call, told: ue.ServiceDone, at: float) -> None:
    world.emit(
        ev.SelfServiceDone(at=at, call_id=call.call_id, service=told.service, outcome=told.outcome)
    )


def _survey_answered(world: World, call: Call, told: ue.SurveyAnswered, at: float) -> None:
    if 1 <= told.score <= 5:
        world.emit(ev.SurveyAnswered(at=at, call_id=call.call_id, score=told.score))


def _voicemail_left(world: World, call: Call, told: ue.VoicemailLeft, at: float) -> None:
    world.emit(ev.VoicemailLeft(at=at, call_id=call.call_id, seconds=told.seconds))


def _callback_asked(world: World, call: Call, told: ue.CallbackAsked, _at: float) -> None:
    world.wishes.append(Wish(call.call_id, "asked", told.number))


def _callback_declined(world: World, call: Call, _: ue.CallbackDeclined, _at: float) -> None:
    world.wishes.append(Wish(call.call_id, "declined"))


def _menu_lost(world: World, call: Call, told: ue.MenuLost, at: float) -> None:
    world.emit(ev.MenuLost(at=at, call_id=call.call_id, cause=told.cause))


def _queue_left(world: World, call: Call, told: ue.QueueLeft, at: float) -> None:
    if call.state in WAITING:
        leave_queue(world, call, at, status=told.status)


def _routed(world: World, call: Call, told: ue.Routed, at: float) -> None:
    try:
        steps = decode_steps(told.steps)
    except ValueError:
        world.reject("Routed", "its escalation cannot be read")
        steps = ()
    world.emit(
        ev.CallRouted(
            at=at,
            call_id=call.call_id,
            rule=told.rule,
            queue=QueueName(told.queue),
            priority=told.priority,
            reasons=tuple(part for part in told.reasons.split(",") if part),
            steps=steps,
        )
    )


def _turned_away(world: World, call: Call, told: ue.TurnedAway, at: float) -> None:
    world.emit(ev.CallTurnedAway(at=at, call_id=call.call_id, queue=QueueName(told.queue)))


_TOLD: Final[dict[type[ue.UserEvent], Callable[[World, Call, Any, float], None]]] = {
    ue.Recognised: _recognised,
    ue.Verified: _verified,
    ue.NodeEntered: _node_entered,
    ue.ServiceDone: _service_done,
    ue.SurveyAnswered: _survey_answered,
    ue.VoicemailLeft: _voicemail_left,
    ue.TurnedAway: _turned_away,
    ue.Routed: _routed,
    ue.CallbackAsked: _callback_asked,
    ue.CallbackDeclined: _callback_declined,
    ue.MenuLost: _menu_lost,
    ue.QueueLeft: _queue_left,
}
"""What the menu and the dialplan tell on a customer's own channel."""

_Handler = Callable[[World, Any], None]
_HANDLERS: Final[dict[type[rec.Record], _Handler]] = {
    rec.LegSeen: _leg_seen,
    rec.LegHeld: _leg_held,
    rec.LegUnheld: _leg_unheld,
    rec.HangupRequested: _hangup_requested,
    rec.LegGone: _leg_gone,
    rec.CallerJoined: _caller_joined,
    rec.CallerGaveUp: _caller_gave_up,
    rec.MemberCalled: _member_called,
    rec.MemberMissed: _member_missed,
    rec.MemberConnected: _member_connected,
    rec.MemberCompleted: _member_completed,
    rec.MemberAdded: _member_added,
    rec.MemberRemoved: _member_removed,
    rec.MemberPaused: _member_paused,
    rec.MemberStatus: _member_status,
    rec.HotlineTold: _hotline_told,
}
