"""What a whole picture of Asterisk means: the differences to our state, as rebuilt events.

After every (re)connection the state must equal Asterisk's; what happened meanwhile is concluded as
well as a picture allows, and marked ``rebuilt``.
"""

from typing import Final

from cti.core import events as ev
from cti.core import monitors, pictured
from cti.core.agents import WRAP_UP, Membership
from cti.core.fold import paused, unpaused
from cti.core.ids import AgentId, CallId
from cti.core.own_queue import OWN
from cti.core.records import Leg, Member, Snapshot
from cti.core.steps import (
    WITH_AGENT,
    end,
)
from cti.core.world import World

_JUST_ENDED: Final = 1.0
"""Seconds for which a picture may still show a call whose end has been told."""


def apply_snapshot(world: World, snapshot: Snapshot) -> list[ev.DomainEvent]:
    """Make ``world`` equal to ``snapshot`` and return what that changed, oldest first."""
    if snapshot.server:
        world.server = snapshot.server
    world.rebuilding = True
    try:
        world.queues.update(snapshot.queues)
        _members(world, snapshot)
        by_call = begin_unknown(world, snapshot)
        for call in world.living():
            if all(leg.uniqueid != call.uniqueid for leg in by_call.get(call.call_id, ())):
                end(world, call, pictured.over_at(call, snapshot), 0)
        waiting = {w.uniqueid: w for w in snapshot.waiting}
        for call_id, legs in by_call.items():
            pictured.compare(world, call_id, legs, waiting, snapshot)
        _free_the_forgotten(world, snapshot)
        monitors.compare(world, snapshot)
        for m in snapshot.members:  # whose call we thought to be still running
            if m.paused and m.paused_reason == WRAP_UP:
                _adopt_wrap_up(world, m.member_name, m, snapshot.at)
    finally:
        world.rebuilding = False
    members = len({m.member_name for m in snapshot.members})
    world.emit(ev.EngineResynchronised(at=snapshot.at, calls=len(by_call), members=members))
    return world.take()


def begin_unknown(world: World, snapshot: Snapshot) -> dict[CallId, list[Leg]]:
    """Begin the calls whose arrival nobody saw, and return the legs of all by call."""
    by_call = snapshot.by_call()
    for call_id, legs in by_call.items():
        call = world.calls.get(call_id)
        if call is not None and not call.over:
            continue
        if call is not None and snapshot.at - (call.ended_at or call.since) < _JUST_ENDED:
            continue  # otherwise we were told of an end that did not happen
        at = legs[0].born(snapshot.at) if call is None else snapshot.at
        call = world.arrived(legs[0], at)
        if call.customer_id is not None:
            world.emit(
                ev.CallerRecognised(
                    at=at, call_id=call_id, status="recognised", customer_id=call.customer_id
                )
            )
    return by_call


def _members(world: World, snapshot: Snapshot) -> None:
    by_agent: dict[AgentId, list[Member]] = {}
    for m in snapshot.members:
        by_agent.setdefault(m.member_name, []).append(m)
    for agent_id in [a.agent_id for a in world.agents.values() if a.memberships]:
        if agent_id not in by_agent:
            _sign_out(world, agent_id, snapshot.at)
    for agent_id, members in by_agent.items():
        _sign_in(world, agent_id, members, snapshot.at)


def _sign_out(world: World, agent_id: AgentId, at: float) -> None:
    agent = world.set_agent(agent_id, at, memberships=(), pause_reason="")
    if agent.state == "wrap_up":
        world.end_wrap_up(agent_id, at, "resync")
    elif agent.call_id is None or agent.state in ("available", "paused"):
        world.free(agent_id, at)


def _sign_in(world: World, agent_id: AgentId, members: list[Member], at: float) -> None:
    first = members[0]
    agent = world.set_agent(
        agent_id,
        at,
        interface=first.interface,
        memberships=tuple(Membership(m.queue, m.penalty) for m in members),
        device=first.device,
    )
    if agent.state == "logged_out":
        world.move(agent_id, "signed_in", at)
    pauses = [m for m in members if m.paused]
    stales = [m for m in pauses if m.paused_reason == WRAP_UP]
    stale = next((m for m in stales if m.queue != OWN), stales[0] if stales else None)
    if stale is not None:
        _adopt_wrap_up(world, agent_id, stale, at)
    elif pauses:
        paused(world, pauses[0], at)
    elif world.agent(agent_id, at).state != "wrap_up":
        unpaused(world, first, at)


def _adopt_wrap_up(world: World, agent_id: AgentId, member: Member, at: float) -> None:
    """Go on with a wrap-up whose timer died with an earlier engine; a passed one ends at once."""
    agent = world.agent(agent_id, at)
    if agent.state not in ("available", "paused"):
        return
    since = member.last_pause or at
    length = world.rules.wrap_up_of(member.queue)
    world.move(agent_id, "wrapping", at, wrap_up_since=since, wrap_up_until=since + length)


def _free_the_forgotten(world: World, snapshot: Snapshot) -> None:
    """Free the agents whose call has moved on without them."""
    at = snapshot.at
    for agent in list(world.agents.values()):
        call = world.calls.get(agent.call_id) if agent.call_id else None
        if agent.state == "ringing":
            if call is None or all(a != agent.agent_id for a, _ in call.ringing):
                world.free(agent.agent_id, at)
        elif agent.state in ("on_call", "on_hold"):
            if agent.call_id is None:
                if agent.device != "in_use":
                    world.free(agent.agent_id, at)
            elif (
                call is None
                or agent.agent_id not in (call.agent_id, call.consulted)
                or call.state not in WITH_AGENT
            ):
                world.free(agent.agent_id, at, device="free")
        elif agent.state == "available" and agent.device == "in_use":
            world.move(agent.agent_id, "phone_busy", at)
