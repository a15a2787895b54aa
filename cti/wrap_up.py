"""The wrap-up's effects: pausing the member in Asterisk, and the timer that ends it.

Asterisk publishes nothing about wrap-up, so the engine owns it: the state is in
:mod:`cti.core.world`, and this module makes Asterisk follow.  The pause must arrive within the
queue's own ``wrapuptime`` (rendered as 3 s), or a waiting caller slips in.
"""

import asyncio
from collections.abc import Callable

import structlog

from cti.ami.protocol import Reply
from cti.ami_actions import Action, queue_pause, queue_unpause
from cti.core import events as ev
from cti.core.agents import WRAP_UP, Agent
from cti.core.ids import AgentId
from cti.core.records import Snapshot
from cti.core.world import World
from cti.errors import AmiError

_log = structlog.get_logger(__name__)


class WrapUps:
    """Keeps Asterisk's pauses and our timers in step with the agents' wrap-ups."""

    def __init__(
        self,
        post: Callable[[Action], "asyncio.Future[Reply]"],
        on_timer: Callable[[AgentId, float], None],
    ) -> None:
        """``post`` puts an action on the wire at once; ``on_timer`` ends that agent's wrap-up.

        It is told when, in seconds since the epoch by Asterisk's clock, which timed the wrap-up.
        So one lasts, however far behind Asterisk the engine is, for as long as Asterisk keeps the
        agent paused: what was granted, and by how much the timer itself came late.
        """
        self._post = post
        self._on_timer = on_timer
        self._timers: dict[AgentId, asyncio.TimerHandle] = {}
        self._running: set[AgentId] = set()

    def on_event(self, world: World, event: ev.DomainEvent) -> None:
        """React to one event that has been applied to ``world``."""
        match event:
            case ev.AgentStateChanged(state="wrap_up"):
                agent = world.agent(event.agent_id, event.at)
                if not event.rebuilt:
                    self._send(queue_pause(agent.interface, WRAP_UP), agent)
                self._running.add(event.agent_id)
                self._arm(agent, event.at)
            case ev.WrapUpExtended():
                self._arm(world.agent(event.agent_id, event.at), event.at)
            case ev.AgentStateChanged():
                if event.agent_id in self._running:
                    self._running.discard(event.agent_id)
                    self._disarm(event.agent_id)
                    self._lift(world.agent(event.agent_id, event.at))

    def reconcile(self, world: World, snapshot: Snapshot) -> None:
        """After a resynchronisation: resume or lift pauses of wrap-ups, and renew the timers."""
        for agent in list(world.agents.values()):
            members = [m for m in snapshot.members if m.member_name == agent.agent_id]
            ours = [m for m in members if m.paused and m.paused_reason == WRAP_UP]
            if agent.state == "wrap_up":
                self._running.add(agent.agent_id)
                if _left(agent, snapshot.at) == 0.0:  # it passed while nobody looked
                    self._disarm(agent.agent_id)
                    self._on_timer(agent.agent_id, snapshot.at)
                    continue
                if len(ours) < len(members):
                    self._send(queue_pause(agent.interface, WRAP_UP), agent)
                self._arm(agent, snapshot.at)
            elif ours:
                self._lift(agent)

    def stop(self) -> None:
        """Cancel the timers; the pauses stay and are adopted at the next start."""
        for timer in self._timers.values():
            timer.cancel()
        self._timers.clear()

    def _arm(self, agent: Agent, now: float) -> None:
        """Start the timer; ``now`` is the event's own time, by the clock that timed the wrap-up.

        Our clock may be stepped or differ from Asterisk's: no wrap-up may last longer by that.
        """
        self._disarm(agent.agent_id)
        left = _left(agent, now)
        if left is not None:
            loop = asyncio.get_running_loop()
            until = max(now, agent.wrap_up_since or now) + left
            self._timers[agent.agent_id] = loop.call_later(
                left, self._fire, agent.agent_id, until, loop.time() + left
            )

    def _fire(self, agent_id: AgentId, until: float, due: float) -> None:
        """End the wrap-up; ``due`` is when that was to be, by the loop's clock."""
        self._timers.pop(agent_id, None)
        late = max(0.0, asyncio.get_running_loop().time() - due)
        self._on_timer(agent_id, until + late)

    def _disarm(self, agent_id: AgentId) -> None:
        timer = self._timers.pop(agent_id, None)
        if timer is not None:
            timer.cancel()

    def _lift(self, agent: Agent) -> None:
        """Unpause, or pause for the reason that the agent had asked for meanwhile."""
        if not agent.memberships:
            return
        if agent.pause_reason:
            self._send(queue_pause(agent.interface, agent.pause_reason), agent)
        else:
            self._send(queue_unpause(agent.interface), agent)

    def _send(self, action: Action, agent: Agent) -> None:
        try:
            answer = self._post(action)
        except AmiError as error:
            # Nothing is lost: the resynchronisation after the next connection reconciles.
            _log.warning("wrap_up_not_sent", agent=agent.agent_id, error=str(error))
            return
        answer.add_done_callback(lambda f: _report(f, action, agent.agent_id))


def _left(agent: Agent, now: float) -> float | None:
    """Return the seconds that are left of the agent's wrap-up; ``None``: it has no end."""
    if agent.state != "wrap_up" or agent.wrap_up_until is None:
        return None
    since = agent.wrap_up_since if agent.wrap_up_since is not None else now
    return max(0.0, agent.wrap_up_until - max(now, since))


def _report(answer: "asyncio.Future[Reply]", action: Action, agent_id: AgentId) -> None:
    if answer.cancelled() or answer.exception() is not None:
        _log.warning("wrap_up_outcome_unknown", agent=agent_id)
    elif not answer.result().success:
        _log.warning("wrap_up_refused", agent=agent_id, answer=answer.result().text)
