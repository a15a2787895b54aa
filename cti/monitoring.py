"""Supervisors who listen to an agent's conversation, whisper to the agent, or barge in.

Asterisk rings the supervisor's own phone; who answers hears one channel, the agent's leg, by its
uniqueid (``dialplans/monitor.conf.j2``).  What started, changed and ended is told by the
supervisor's leg and stands in the journal (:mod:`cti.core.monitors`).
"""

import asyncio
import re
import uuid
from collections.abc import Callable
from typing import Final, Literal, TypeAlias

import msgspec

from cti.ami_actions import Action, channel_status, hang_up, originate_monitor, redirect
from cti.core import events as ev
from cti.core import monitors
from cti.core.ids import AgentId, CallId
from cti.core.records import Snapshot
from cti.core.steps import WITH_AGENT
from cti.core.world import World
from cti.errors import AsteriskRefusedError, CommandError
from cti.link import Link
from cti.spreader import Spreader

_EXTENSION: Final = re.compile(r"[0-9]{1,20}")
Why: TypeAlias = Literal[
    "off", "no_phone", "unreachable", "nobody", "another", "own_phone", "over"
]
_TRIES: Final = 20
_BETWEEN: Final = 0.05
"""Seconds between two looks whether the supervisor's phone rings."""
_BUSY: Final = ("ringing", "on_call", "on_hold")


class NotMonitoredError(CommandError):
    """The order is not possible now; ``why`` says it in one word, the message at length."""

    def __init__(self, why: Why, message: str) -> None:
        super().__init__(message)
        self.why: Why = why


class MonitorRules(msgspec.Struct, frozen=True, kw_only=True):
    """What the settings say."""

    enabled: bool = False
    ring: float = 20.0
    """Seconds for which the supervisor's phone rings."""


class MonitorView(msgspec.Struct, frozen=True, kw_only=True):
    """One supervisor who hears a call, or whose phone rings for it."""

    monitor_id: str
    call_id: CallId
    agent_id: AgentId
    by: str
    mode: ev.MonitorMode
    state: Literal["ringing", "running"]
    since: float


def views(world: World) -> list[MonitorView]:
    """Return everybody who hears a call, or is about to."""
    found = [
        MonitorView(
            monitor_id=one.monitor_id,
            call_id=one.call_id,
            agent_id=one.agent_id,
            by=one.by,
            mode=one.mode,
            state="ringing",
            since=one.at,
        )
        for one in world.monitors_asked.values()
    ]
    for monitor_id, call_id in world.monitor_legs.items():
        one = monitors.running(world, monitor_id, call_id)
        if one is not None:
            found.append(
                MonitorView(
                    monitor_id=monitor_id,
                    call_id=call_id,
                    agent_id=one.agent_id,
                    by=one.by,
                    mode=one.mode,
                    state="running",
                    since=one.since,
                )
            )
    return found


class Monitoring:
    """The orders of supervisors; ``by`` is always the supervisor's login.

    Every method raises :class:`cti.errors.CommandError` or :class:`cti.errors.AmiError`.
    """

    def __init__(
        self,
        rules: MonitorRules,
        link: Link,
        world: World,
        spreader: Spreader,
        clock: Callable[[], float],
    ) -> None:
        self._rules = rules
        self._link = link
        self._world = world
        self._spreader = spreader
        self._clock = clock

    def views(self) -> list[MonitorView]:
        """Return everybody who hears a call, or is about to."""
        return views(self._world)

    async def start(
        self, agent_id: AgentId, extension: str, by: str, mode: ev.MonitorMode
    ) -> MonitorView:
        """Ring the supervisor's phone; who answers hears the agent's present call.

        Returns when the phone rings or was answered.
        """
        if not self._rules.enabled:
            raise NotMonitoredError("off", "this is switched off; see [monitoring] enabled")
        call_id, leg = self._conversation(agent_id)
        if self._of(by) is not None:
            raise NotMonitoredError("another", "one at a time: end what you hear first")
        self._check_phone(agent_id, extension)
        monitor_id = f"monitor-{uuid.uuid4()}"
        asked = ev.MonitorStarted(
            at=self._clock(),
            call_id=call_id,
            monitor_id=monitor_id,
            agent_id=agent_id,
            by=by,
            mode=mode,
        )
        self._world.monitors_asked[monitor_id] = asked
        shown = f"{mode} {''.join(c for c in agent_id if c.isalnum())}"
        ring = originate_monitor(monitor_id, extension, mode, leg, shown, self._rules.ring)
        try:
            await self._order(ring, "ring your phone")
            if not await self._rings(monitor_id):
                raise NotMonitoredError(
                    "unreachable", f"your phone {extension} cannot be rung; is it registered?"
                )
        except BaseException:
            self._world.monitors_asked.pop(monitor_id, None)
            raise
        found = self._of(by)
        if found is None:
            raise NotMonitoredError("over", "the call is over, or your phone refused")
        return found

    async def change(self, by: str, mode: ev.MonitorMode) -> MonitorView:
        """Go over to another mode."""
        found = self._of(by)
        if found is None or found.state != "running":
            raise NotMonitoredError("over", "you hear no call now; begin with an agent who talks")
        if found.mode != mode:
            await self._order(redirect(found.monitor_id, monitors.CONTEXT, mode), "change that")
            if self._of(by) is None:
                raise NotMonitoredError("over", "the call is over")
            self._spreader.record(
                ev.MonitorChanged(
                    at=self._clock(),
                    call_id=found.call_id,
                    monitor_id=found.monitor_id,
                    agent_id=found.agent_id,
                    by=by,
                    mode=mode,
                )
            )
        return msgspec.structs.replace(found, mode=mode)

    async def stop(self, by: str) -> None:
        """Hang the supervisor's leg up; nothing happens if there is none."""
        found = self._of(by)
        if found is None:
            return
        await self._order(hang_up(found.monitor_id), "end that")
        await self._spreader.until(lambda: self._of(by) is None)

    def on_event(self, world: World, event: ev.DomainEvent) -> None:
        """Let no phone ring, and nobody hear, for a conversation that is over."""
        if not isinstance(event, ev.CallCompleted):
            return
        asked = [m for m in world.monitors_asked.values() if m.call_id == event.call_id]
        legs = [m.monitor_id for m in asked if m.agent_id == event.agent_id]
        call = world.calls.get(event.call_id)
        if call is not None:
            legs += [m.monitor_id for m in call.monitors if m.agent_id == event.agent_id]
        for leg in legs:
            self._link.post(hang_up(leg))

    def reconcile(self, snapshot: Snapshot) -> None:
        """End what hears a call although no order is known: nobody could say who it is."""
        for leg in monitors.strays(self._world, snapshot):
            self._link.post(hang_up(leg.uniqueid))

    # --- checks -------------------------------------------------------------------------------

    def _of(self, by: str) -> MonitorView | None:
        return next((view for view in self.views() if view.by == by), None)

    def _conversation(self, agent_id: AgentId) -> tuple[CallId, str]:
        agent = self._world.agents.get(agent_id)
        if agent is None:
            raise NotMonitoredError("nobody", f"agent {agent_id} is not signed in")
        call = self._world.calls.get(agent.call_id) if agent.call_id else None
        if (
            call is None
            or agent.state not in ("on_call", "on_hold")
            or call.state not in WITH_AGENT
        ):
            raise NotMonitoredError("nobody", f"agent {agent_id} talks to nobody now")
        if not agent.leg_uniqueid:
            raise NotMonitoredError("nobody", f"agent {agent_id} is being connected; try again")
        return call.call_id, agent.leg_uniqueid

    def _check_phone(self, agent_id: AgentId, extension: str) -> None:
        if not _EXTENSION.fullmatch(extension):
            raise NotMonitoredError("no_phone", "you have no phone; ask for an extension")
        interface = f"PJSIP/{extension}"
        for agent in self._world.agents.values():
            if agent.interface != interface or not agent.memberships:
                continue
            if agent.agent_id == agent_id:
                raise NotMonitoredError("own_phone", f"agent {agent_id} uses your phone now")
            if agent.state in _BUSY:
                raise NotMonitoredError("own_phone", "your own phone is busy; end your call first")

    # --- orders -------------------------------------------------------------------------------

    async def _order(self, action: Action, what: str) -> None:
        reply = await self._link.request(action)
        if not reply.success:
            raise AsteriskRefusedError(f"Asterisk refused to {what}: {reply.text}")

    async def _rings(self, monitor_id: str) -> bool:
        """Say whether Asterisk made the leg: a phone that is away never gets one."""
        for _ in range(_TRIES):
            if monitor_id not in self._world.monitors_asked:
                return True  # answered, or ended, already
            if (await self._link.request(channel_status(monitor_id))).success:
                return True
            await asyncio.sleep(_BETWEEN)
        return False
