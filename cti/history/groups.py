"""Counts calls by topic, by segment and all together, and the menu node by node.  Pure.

A call's topic is what its menu said it was about when it joined the queue; its segment that of
the customer when recognised or verified.  Both are asked of the call as it stands at the event.
"""

from collections.abc import Mapping
from typing import Final

import msgspec

from cti.core import events as ev
from cti.core.calls import Call
from cti.core.ids import CallId, QueueName
from cti.core.world import World
from cti.history.figures import (
    Figures,
    GroupKey,
    GroupWaitKey,
    Kind,
    NodeFigures,
    NodeKey,
    Waited,
    bucket,
    milliseconds,
)

_SEGMENT: Final = "segment="
_ALL: Final[list[tuple[Kind, str]]] = [("all", "")]
_IN_MENU: Final = frozenset({ev.MenuEntered, ev.SelfServiceDone, ev.CallQueued, ev.CallEnded})
_COUNTED: Final = frozenset(
    {
        *_IN_MENU,
        *(ev.CallArrived, ev.CallConnected, ev.CallAbandoned, ev.CallLeftQueue),
        *(ev.CallTransferred, ev.CallResumed, ev.CallCompleted, ev.WrapUpEnded),
        *(ev.SurveyAnswered, ev.OfferPresented, ev.OfferAccepted, ev.OfferDeclined),
    }
)
"""Events that count; the others are left out at once, for they are many."""
_LONGEST_NODE: Final = 3600.0
"""Seconds in one node that count at most: no menu keeps a caller longer."""


class Trace(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What the counting remembers of a call."""

    flow: str = ""
    node: str = ""
    """Where in the menu the call is; empty: in none."""
    since: float = 0.0
    solved: bool = False
    """A self-service succeeded."""
    offers: tuple[str, ...] = ()
    """Offers of which the customer was told."""


class GroupCounter:
    """Feed it the events of calls after the world has taken them."""

    def __init__(self, world: World, traces: Mapping[CallId, Trace]) -> None:
        self._world = world
        self.traces = {
            call_id: msgspec.structs.replace(trace) for call_id, trace in traces.items()
        }

    def forget(self) -> None:
        """Drop what is remembered of calls that the world has forgotten."""
        known = self._world.calls
        self.traces = {c: trace for c, trace in self.traces.items() if c in known}

    def count(
        self, start: int, event: ev.CallEvent, figures: Figures, held: Mapping[CallId, float]
    ) -> None:
        """Count an event of the interval that begins at ``start``.

        ``held`` says since when calls are on hold, before this event.
        """
        kind_of = type(event)
        if kind_of not in _COUNTED:
            return
        call = self._world.calls.get(event.call_id)
        if call is None:
            return
        if kind_of in _IN_MENU:
            self._menu(start, event, call, figures)
        sums = self._sums(event, call, held)
        if not sums:
            return
        groups = _ALL if isinstance(event, ev.CallArrived) else _groups(call)
        for kind, name in groups:
            row = figures.group(GroupKey(start, kind, name))
            for field, more in sums.items():
                setattr(row, field, getattr(row, field) + more)
        if isinstance(event, ev.CallConnected):
            _waited(start, call, event.queue, "answered", event.wait_time, figures)
        elif isinstance(event, ev.CallAbandoned):
            _waited(start, call, event.queue, "abandoned", event.wait_time, figures)

    def _sums(
        self, event: ev.CallEvent, call: Call, held: Mapping[CallId, float]
    ) -> dict[str, int]:
        """Return what the event adds to each of the call's groups."""
        match event:
            case ev.CallArrived():
                return {} if event.callback_id else {"arrived": 1}
            case ev.CallQueued():
                return {"offered": 1}
            case ev.CallConnected():
                return {"answered": 1, "wait_answered_ms": milliseconds(event.wait_time)}
            case ev.CallAbandoned():
                return {"abandoned": 1, "wait_abandoned_ms": milliseconds(event.wait_time)}
            case ev.CallLeftQueue():
                return {"left_queue": 1}
            case ev.CallTransferred():
                return {"transferred": 1}
            case ev.CallResumed():
                return _hold(event, held)
            case ev.CallCompleted():
                talked = {"completed": 1, "talk_ms": milliseconds(event.talk_time)}
                return talked | _hold(event, held)
            case ev.WrapUpEnded():
                return {"wrapped_up": 1, "wrap_up_ms": milliseconds(event.wrap_up_time)}
            case ev.SurveyAnswered():
                return {f"score_{event.score}": 1}
            case ev.OfferEvent():
                return self._offer(event)
            case ev.CallEnded() if call.callback_id is None:
                return {"calls": 1, self._end(call): 1}
            case _:
                return {}

    def _offer(self, event: ev.OfferEvent) -> dict[str, int]:
        trace = self._trace(event.call_id)
        sums = {}
        if event.offer_id not in trace.offers:
            trace.offers += (event.offer_id,)
            sums["offers_presented"] = 1
        if isinstance(event, ev.OfferAccepted):
            sums["offers_accepted"] = 1
        elif isinstance(event, ev.OfferDeclined):
            sums["offers_declined"] = 1
        return sums

    def _end(self, call: Call) -> str:
        """Return what became of a call, as the name of a sum."""
        if call.outcome == "answered":
            return "reached"
        if call.attempts:
            return "gave_up" if call.outcome == "abandoned" else "turned_away"
        if self._trace(call.call_id).solved:
            return "solved"
        return "messages" if call.voicemail else "hung_up"

    def _menu(self, start: int, event: ev.CallEvent, call: Call, figures: Figures) -> None:
        match event:
            case ev.MenuEntered():
                self._leave(start, event, figures, "went_on")
                trace = self._trace(event.call_id)
                trace.flow, trace.node, trace.since = event.flow, event.node, event.at
                figures.node(NodeKey(start, event.flow, event.node)).entered += 1
            case ev.SelfServiceDone() if event.outcome == "ok":
                trace = self._trace(event.call_id)
                trace.solved = True
                if trace.node:
                    figures.node(NodeKey(start, trace.flow, trace.node)).services += 1
            case ev.CallQueued():
                self._leave(start, event, figures, "queued")
            case ev.CallEnded():
                end = self._end(call)
                self._leave(start, event, figures, end if end in ("solved", "hung_up") else "")

    def _leave(self, start: int, event: ev.CallEvent, figures: Figures, how: str) -> None:
        """Count that the caller leaves the node, if there is one."""
        trace = self.traces.get(event.call_id)
        if trace is None or not trace.node:
            return
        row: NodeFigures = figures.node(NodeKey(start, trace.flow, trace.node))
        row.time_ms += milliseconds(min(event.at - trace.since, _LONGEST_NODE))
        if how:
            setattr(row, how, getattr(row, how) + 1)
        trace.flow, trace.node = "", ""

    def _trace(self, call_id: CallId) -> Trace:
        found = self.traces.get(call_id)
        if found is None:
            found = self.traces[call_id] = Trace()
        return found


def segment_of(call: Call) -> str:
    """Return the customer's segment, also of calls whose events did not tell it yet."""
    told = (reason for reason in call.route_reasons if reason.startswith(_SEGMENT))
    found = call.segment or next(told, "").removeprefix(_SEGMENT)
    return "" if found == "unknown" else found


def _groups(call: Call) -> list[tuple[Kind, str]]:
    groups: list[tuple[Kind, str]] = [*_ALL, ("segment", segment_of(call))]
    if call.reason or call.attempts:
        groups.append(("topic", call.reason))
    return groups


def _hold(
    event: ev.CallResumed | ev.CallCompleted, held: Mapping[CallId, float]
) -> dict[str, int]:
    since = held.get(event.call_id)
    return {} if since is None else {"hold_ms": milliseconds(event.at - since)}


def _waited(
    start: int, call: Call, queue: QueueName, outcome: Waited, wait_time: float, figures: Figures
) -> None:
    for kind, name in _groups(call):
        if kind != "all":  # the histogram of queues has them
            key = GroupWaitKey(start, kind, name, queue, outcome, bucket(wait_time))
            figures.group_waits[key] = figures.group_waits.get(key, 0) + 1
