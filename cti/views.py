"""What others may see of the engine's state: frozen views with ages, made for one instant."""

from collections.abc import Iterable
from typing import Literal

import msgspec

from cti.core.agents import Agent, Membership
from cti.core.calls import Call, CallState
from cti.core.events import AgentState, VerifiedLevel
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from cti.core.world import World


class AgentView(msgspec.Struct, frozen=True, kw_only=True):
    """One agent."""

    agent_id: AgentId
    state: AgentState
    reason: str
    """Why paused; ``wrap-up`` in wrap-up; else empty."""
    since: float
    age: float
    """Seconds in this state."""
    queues: tuple[Membership, ...]
    interface: str
    reachable: bool
    """Whether the phone is registered and alive."""
    call_id: CallId | None
    queue: QueueName | None
    wrap_up_until: float | None
    wrap_up_left: float | None
    """Seconds until the wrap-up ends by itself."""


class QueueView(msgspec.Struct, frozen=True, kw_only=True):
    """One queue as it is now."""

    queue: QueueName
    waiting: int
    """Callers in the queue, also those for whom a phone rings."""
    longest_wait: float
    agents: dict[AgentState, int]
    """Members of this queue by state; states without an agent are left out."""


class Queues(msgspec.Struct, frozen=True, kw_only=True):
    """All queues at one instant."""

    at: float
    queues: tuple[QueueView, ...]


class CallView(msgspec.Struct, frozen=True, kw_only=True):
    """One call whose customer or wrap-up is still there."""

    call_id: CallId
    state: CallState
    since: float
    age: float
    arrived_at: float
    dnis: str
    trunk: str
    language: str
    reason: str
    menu_path: str
    verified: VerifiedLevel
    customer_id: CustomerId | None
    queue: QueueName | None
    priority: int
    wait_time: float
    """Seconds waited in the present (or last) queue, until answered."""
    agent_id: AgentId | None
    misses: int


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """Everything at one instant."""

    at: float
    agents: tuple[AgentView, ...]
    queues: tuple[QueueView, ...]
    calls: tuple[CallView, ...]


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """How the engine itself is."""

    ami: Literal["down", "connected", "in_step"]
    """``in_step``: booted and resynchronised."""
    detail: str
    """Why it is down, and what to do; empty if all is well."""
    asterisk: str
    """The system name that Asterisk gives itself."""
    journal: Literal["ok", "behind", "broken"]
    journal_waiting: int
    rejected: int
    """Refused events since the start."""


def agent_view(agent: Agent, now: float) -> AgentView:
    """Return the view of one agent at ``now``."""
    until = agent.wrap_up_until
    return AgentView(
        agent_id=agent.agent_id,
        state=agent.state,
        reason=agent.reason,
        since=agent.since,
        age=max(0.0, now - agent.since),
        queues=tuple(m for m in agent.memberships if m.queue),
        interface=agent.interface,
        reachable=agent.device not in ("unreachable", "unknown"),
        call_id=agent.call_id,
        queue=agent.queue,
        wrap_up_until=until,
        wrap_up_left=None if until is None else max(0.0, until - now),
    )


def call_view(call: Call, now: float) -> CallView:
    """Return the view of one call at ``now``."""
    waited_until = call.connected_at if call.connected_at is not None else now
    return CallView(
        call_id=call.call_id,
        state=call.state,
        since=call.since,
        age=max(0.0, now - call.since),
        arrived_at=call.arrived_at,
        dnis=call.dnis,
        trunk=call.trunk,
        language=call.language,
        reason=call.reason,
        menu_path=call.menu_path,
        verified=call.verified,
        customer_id=call.customer_id,
        queue=call.queue,
        priority=call.priority,
        wait_time=call.wait_time(waited_until if not _waiting(call) else now),
        agent_id=call.agent_id,
        misses=call.misses,
    )


def _waiting(call: Call) -> bool:
    return call.state in ("queued", "ringing")


def queue_views(
    world: World, queues: Iterable[QueueName], now: float
) -> dict[QueueName, QueueView]:
    """Return these queues at ``now``; calls and agents are looked at once, however many."""
    waits: dict[QueueName, list[float]] = {queue: [] for queue in queues}
    agents: dict[QueueName, dict[AgentState, int]] = {queue: {} for queue in waits}
    for call in world.living():
        if call.queue in waits and _waiting(call):
            waits[call.queue].append(call.wait_time(now))
    for agent in world.agents.values():
        for queue in {m.queue for m in agent.memberships}:
            if (counts := agents.get(queue)) is not None:
                counts[agent.state] = counts.get(agent.state, 0) + 1
    return {
        queue: QueueView(
            queue=queue,
            waiting=len(waiting),
            longest_wait=max(waiting, default=0.0),
            agents=agents[queue],
        )
        for queue, waiting in waits.items()
    }


def queues(world: World, now: float) -> Queues:
    """Return every queue at ``now``, by name."""
    views = queue_views(world, sorted(world.queues - {QueueName("")}), now)
    return Queues(at=now, queues=tuple(views.values()))


def snapshot(world: World, now: float) -> Snapshot:
    """Return everything at ``now``; ended calls are left out."""
    return Snapshot(
        at=now,
        agents=tuple(agent_view(a, now) for a in world.agents.values()),
        queues=queues(world, now).queues,
        calls=tuple(call_view(c, now) for c in world.calls.values() if c.state != "ended"),
    )
