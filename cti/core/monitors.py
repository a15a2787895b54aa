"""Supervisors who hear a conversation: what their own legs' records mean.

A supervisor's leg carries no call id, so that it is never taken for a leg of the call; it is known
by its uniqueid, which the engine chose (:mod:`cti.monitoring`).
"""

from typing import Final

from cti.core import events as ev
from cti.core.calls import Monitor
from cti.core.records import Leg, Snapshot
from cti.core.world import World

CONTEXT: Final = "hotline-monitor"
"""Where a supervisor's leg is; its extensions are the modes."""


def seen(world: World, leg: Leg, at: float) -> None:
    """Start what the supervisor asked for once the phone is answered."""
    if not leg.up:
        return
    asked = world.monitors_asked.pop(leg.uniqueid)
    world.emit(
        ev.MonitorStarted(
            at=at,
            call_id=asked.call_id,
            monitor_id=asked.monitor_id,
            agent_id=asked.agent_id,
            by=asked.by,
            mode=asked.mode,
        )
    )


def gone(world: World, uniqueid: str, at: float) -> bool:
    """Say whether the leg was a supervisor's, and note the end."""
    if world.monitors_asked.pop(uniqueid, None) is not None:
        return True
    call_id = world.monitor_legs.pop(uniqueid, None)
    if call_id is None:
        return False
    monitor = running(world, uniqueid, call_id)
    if monitor is not None:
        world.emit(
            ev.MonitorEnded(
                at=at,
                call_id=call_id,
                monitor_id=uniqueid,
                agent_id=monitor.agent_id,
                by=monitor.by,
                mode=monitor.mode,
                seconds=max(0.0, at - monitor.since),
            )
        )
    return True


def running(world: World, monitor_id: str, call_id: str) -> Monitor | None:
    """Return what is known of a supervisor who hears."""
    call = world.calls.get(call_id)  # type: ignore[call-overload] # a CallId is a str
    found = call.monitors if call is not None else ()
    return next((one for one in found if one.monitor_id == monitor_id), None)


def compare(world: World, snapshot: Snapshot) -> None:
    """Start and end what a picture of Asterisk shows to have started or ended unseen."""
    legs = {leg.uniqueid: leg for leg in snapshot.legs}
    for uniqueid in list(world.monitors_asked):
        if uniqueid in legs:
            seen(world, legs[uniqueid], snapshot.at)
    for uniqueid in list(world.monitor_legs):
        if uniqueid not in legs:
            gone(world, uniqueid, snapshot.at)


def strays(world: World, snapshot: Snapshot) -> list[Leg]:
    """Return the legs that hear a conversation although nobody knows by whose order."""
    return [
        leg
        for leg in snapshot.legs
        if leg.context == CONTEXT
        and leg.uniqueid not in world.monitor_legs
        and leg.uniqueid not in world.monitors_asked
    ]
