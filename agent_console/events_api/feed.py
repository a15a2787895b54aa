"""From what the engine publishes to the events of the API; knows which pops stand now.

Pure apart from the id of the run, so that it may run where the engine publishes.
"""

from collections.abc import Callable, Iterator
from typing import Any

from msgspec.structs import replace

from agent_console.events_api import messages as m
from crm_lookup.masking import masked_phone
from crm_lookup.numbers import NumberReader
from cti import pops
from cti.alarms import ABOUT_QUEUES
from cti.core import events as ev
from cti.core.ids import CallId

_BRIEFS: dict[str, m.BriefState] = {"ready": "ready", "pending": "loading", "none": "unknown"}


def _told(raised: pops.PopRaised[Any]) -> Iterator[str]:
    """Return the routing codes without the names of other people of the bank."""
    for code in raised.route_reasons:
        name, _, value = code.partition("=")
        if name in ("last-agent", "supervisor"):
            yield name if value != raised.agent_id else code
        else:
            yield code


class Feed:
    """Turns the engine's messages into events with ids of their own."""

    def __init__(
        self, run: str, numbers: NumberReader, queue_of: Callable[[CallId], str | None]
    ) -> None:
        """``run`` makes the ids unique over restarts; ``queue_of`` gives a call's last queue."""
        self._run = run
        self._numbers = numbers
        self._queue_of = queue_of
        self._count = 0
        self._pops: dict[str, m.Pop] = {}

    def standing(self) -> tuple[m.Pop, ...]:
        """Return the pops that stand now, oldest first, with all their data."""
        return tuple(self._pops.values())

    def take(self, message: object) -> list[m.ApiEvent]:
        """Return the events that one message of the engine means; usually one or none."""
        match message:
            case pops.PopRaised():
                return self._raised(message)
            case pops.PopCompleted() | pops.PopConnected() | pops.PopWithdrawn():
                pop = self._pops.get(message.pop_id)
                return [] if pop is None else [self._changed(pop, message)]
            case ev.AgentStateChanged():
                state = m.AgentState(
                    **self._base(message),
                    agent_id=message.agent_id,
                    state=message.state,
                    reason=message.reason if message.state == "paused" else "",
                )
                return [*self._left(message), state]
            case ev.AlarmEvent():
                return self._alarm(message)
            case ev.CallEvent():
                return self._call(message)
            case _:
                return self._floor(message)

    # --- the floor -------------------------------------------------------------------------

    def _floor(self, message: object) -> list[m.ApiEvent]:
        match message:
            case ev.QueueClosed(queue=queue, reason=reason, by=by):
                return [m.QueueClosed(**self._base(message), queue=queue, reason=reason, by=by)]
            case ev.QueueOpened(queue=queue, by=by):
                return [m.QueueOpened(**self._base(message), queue=queue, by=by)]
            case ev.AnnouncementSwitchedOn(announcement_id=name, reason=why, by=by):
                about = self._base(message)
                return [m.AnnouncementOn(**about, announcement_id=name, reason=why, by=by)]
            case ev.AnnouncementSwitchedOff(announcement_id=name, by=by):
                return [m.AnnouncementOff(**self._base(message), announcement_id=name, by=by)]
            case _:
                return []

    # --- alarms ----------------------------------------------------------------------------

    def _alarm(self, event: ev.AlarmEvent) -> list[m.ApiEvent]:
        of_queue = event.kind in ABOUT_QUEUES
        about: dict[str, Any] = {
            **self._base(event),
            "queue": event.subject if of_queue else None,
            "agent_id": None if of_queue else event.subject,
            "alarm_id": event.alarm_id,
            "rule": event.rule,
            "alarm_kind": event.kind,
            "severity": event.severity,
        }
        match event:
            case ev.AlarmRaised(value=value, limit=limit):
                return [m.AlarmRaised(**about, value=value, limit=limit)]
            case ev.AlarmCleared(stood=stood, why=why):
                return [m.AlarmCleared(**about, stood_s=stood, why=why)]
            case ev.AlarmAcknowledged(by=by):
                return [m.AlarmAcknowledged(**about, by=by)]
            case _:
                return []

    # --- pops ------------------------------------------------------------------------------

    def _raised(self, raised: pops.PopRaised[Any]) -> list[m.ApiEvent]:
        e164 = self._numbers.read(raised.caller_number).e164
        pop = m.Pop(
            pop_id=raised.pop_id,
            call_id=raised.call_id,
            agent_id=raised.agent_id,
            queue=raised.queue,
            phase="connected" if raised.connected else "ringing",
            dnis=raised.dnis,
            reason=raised.reason,
            menu_path=tuple(part for part in raised.menu_path.split(">") if part),
            route=tuple(_told(raised)),
            callback=raised.callback,
            verified=raised.verified,
            language=raised.language,
            number=masked_phone(e164),
            customer_id=raised.customer_id,
            waited_s=raised.wait_time,
            raised_at=raised.raised_at,
            brief=_BRIEFS[raised.brief_status],
            caller_number=e164 or None,
            customer=None if raised.brief is None else m.customer_of(raised.brief),
        )
        self._pops[pop.pop_id] = pop
        return [m.PopRaised(**self._about(pop, raised.raised_at), pop=pop)]

    def _changed(
        self, pop: m.Pop, message: pops.PopCompleted[Any] | pops.PopConnected | pops.PopWithdrawn
    ) -> m.ApiEvent:
        match message:
            case pops.PopCompleted():
                known = message.brief is not None
                pop = replace(
                    pop,
                    brief="ready" if known else "unknown",
                    customer=m.customer_of(message.brief) if known else None,
                )
                self._pops[pop.pop_id] = pop
                return m.PopCompleted(**self._about(pop, pop.raised_at), pop=pop)
            case pops.PopConnected():
                self._pops[pop.pop_id] = replace(pop, phase="connected", connected_at=message.at)
                return m.PopConnected(**self._about(pop, message.at), pop_id=pop.pop_id)
            case _:
                del self._pops[pop.pop_id]
                about = self._about(pop, message.at)
                return m.PopWithdrawn(**about, pop_id=pop.pop_id, reason=message.cause)

    def _left(self, event: ev.AgentStateChanged) -> list[m.ApiEvent]:
        """End the agent's answered pops of other calls: their end was not told."""
        theirs = (event.agent_id, "connected")
        return [
            self._ended(pop, event.at, None)
            for pop in self.standing()
            if (pop.agent_id, pop.phase) == theirs and pop.call_id != event.call_id
        ]

    def _ended(self, pop: m.Pop, at: float, talk_time: float | None) -> m.PopEnded:
        del self._pops[pop.pop_id]
        return m.PopEnded(**self._about(pop, at), pop_id=pop.pop_id, talk_time_s=talk_time)

    # --- calls -----------------------------------------------------------------------------

    def _call(self, event: ev.CallEvent) -> list[m.ApiEvent]:
        base = self._base
        match event:
            case ev.CallQueued(queue=queue, priority=priority, reason=reason):
                about = base(event, queue)
                return [m.CallQueued(**about, priority=priority, reason=reason)]
            case ev.CallConnected():
                about = base(event, event.queue, event.agent_id)
                wait, ring = event.wait_time, event.ring_time
                return [m.CallConnected(**about, wait_time_s=wait, ring_time_s=ring)]
            case ev.CallAbandoned():
                return [m.CallAbandoned(**base(event, event.queue), wait_time_s=event.wait_time)]
            case ev.CallTurnedAway():
                return [m.CallTurnedAway(**base(event, event.queue))]
            case ev.CallCompleted():
                theirs = (event.call_id, event.agent_id, "connected")
                return [
                    self._ended(pop, event.at, event.talk_time)
                    for pop in self.standing()
                    if (pop.call_id, pop.agent_id, pop.phase) == theirs
                ]
            case ev.CallDisposed():
                about = base(event, self._queue_of(event.call_id), event.agent_id)
                return [m.CallDisposed(**about, disposition=event.disposition)]
            case ev.CallEnded():
                about = base(event, self._queue_of(event.call_id))
                return [m.CallEnded(**about, ended_by=event.ended_by)]
            case _:
                return []

    # --- what every event has --------------------------------------------------------------

    def _base(
        self, event: ev.Event, queue: str | None = None, agent_id: str | None = None
    ) -> dict[str, Any]:
        base: dict[str, Any] = {"id": self._next(), "at": event.at, "rebuilt": event.rebuilt}
        if isinstance(event, ev.CallEvent):
            base |= {"call_id": event.call_id, "queue": queue, "agent_id": agent_id}
        return base

    def _about(self, pop: m.Pop, at: float) -> dict[str, Any]:
        return {
            "id": self._next(),
            "at": at,
            "call_id": pop.call_id,
            "queue": pop.queue,
            "agent_id": pop.agent_id,
        }

    def _next(self) -> str:
        self._count += 1
        return f"{self._run}-{self._count}"
