"""One call told from its events: a summary for lists, and a timeline to read."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from cti.core import events as ev
from cti.core.calls import Call, CallState, Outcome, advance, arrive
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from cti.core.machine import IllegalTransitionError


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the timeline."""

    at: float
    after: float
    """Seconds since the call arrived."""
    type: str
    what: str
    """In words."""
    seconds: float | None = None
    """How long it had lasted, where that is known."""
    rebuilt: bool = False


class Story(msgspec.Struct, frozen=True, kw_only=True):
    """One call; times are seconds since the epoch, durations seconds."""

    call_id: CallId
    arrived_at: float
    ended_at: float | None
    state: CallState
    outcome: Outcome
    dnis: str
    trunk: str
    language: str
    customer_id: CustomerId | None
    verified: ev.VerifiedLevel
    queues: tuple[QueueName, ...]
    found_closed: tuple[QueueName, ...]
    """Queues that a supervisor had closed when the call was sent there."""
    agents: tuple[AgentId, ...]
    """Those who talked with the customer, in order."""
    wait_time: float
    """In all queues together."""
    talk_time: float
    hold_time: float
    wrap_up_time: float
    misses: int
    disposition: str
    ended_by: ev.Party | None
    rebuilt: bool
    """Nobody followed this call; it was rebuilt from Asterisk's records."""
    uniqueid: str
    entries: tuple[Entry, ...]

    @property
    def duration(self) -> float | None:
        """From arrival to the end of the customer's channel."""
        return None if self.ended_at is None else self.ended_at - self.arrived_at


def follow(events: Iterable[ev.CallEvent]) -> Call | None:
    """Fold the events of one call, leaving out what its table refuses."""
    call: Call | None = None
    for event in events:
        call = advance_or_keep(call, event)
    return call


def advance_or_keep(call: Call | None, event: ev.CallEvent) -> Call | None:
    """Return the call after ``event``, or as it was if the table refuses it."""
    if isinstance(event, ev.CallArrived):
        return arrive(event)
    if call is None:
        return None
    try:
        return advance(call, event)
    except IllegalTransitionError:
        return call


def story(events: Sequence[ev.CallEvent]) -> Story | None:
    """Return the story of one call from all its events; ``None`` without its arrival."""
    call = follow(events)
    if call is None:
        return None
    queues = [e.queue for e in events if isinstance(e, ev.CallQueued)]
    agents = [e.agent_id for e in events if isinstance(e, ev.CallConnected)]
    waits = [
        e.wait_time
        for e in events
        if isinstance(e, ev.CallConnected | ev.CallAbandoned | ev.CallLeftQueue)
    ]
    return Story(
        call_id=call.call_id,
        arrived_at=call.arrived_at,
        ended_at=call.ended_at,
        state=call.state,
        outcome=call.outcome,
        dnis=call.dnis,
        trunk=call.trunk,
        language=call.language,
        customer_id=call.customer_id,
        verified=call.verified,
        queues=tuple(dict.fromkeys(queues)),
        found_closed=tuple(
            dict.fromkeys(e.queue for e in events if isinstance(e, ev.CallTurnedAway))
        ),
        agents=tuple(dict.fromkeys(agents)),
        wait_time=sum(waits),
        talk_time=sum(e.talk_time for e in events if isinstance(e, ev.CallCompleted)),
        hold_time=_hold_time(events),
        wrap_up_time=sum(e.wrap_up_time for e in events if isinstance(e, ev.WrapUpEnded)),
        misses=call.misses,
        disposition=call.disposition,
        ended_by=call.ended_by,
        rebuilt=isinstance(events[0], ev.CallArrived) and events[0].rebuilt,
        uniqueid=call.uniqueid,
        entries=tuple(_entry(e, call.arrived_at) for e in events),
    )


def _hold_time(events: Iterable[ev.CallEvent]) -> float:
    total, since = 0.0, None
    for event in events:
        if isinstance(event, ev.CallHeld):
            since = event.at if since is None else since
        elif isinstance(event, ev.CallResumed | ev.CallCompleted) and since is not None:
            total, since = total + event.at - since, None
    return total


def _entry(event: ev.CallEvent, arrived_at: float) -> Entry:
    name = type(event).__name__
    words = _WORDS.get(name)
    fields = {f: v for f, v in msgspec.structs.asdict(event).items() if f not in _SHOWN_ELSEWHERE}
    plain = ", ".join(f"{f} {v}" for f, v in fields.items() if v not in (None, "", 0, False))
    return Entry(
        at=event.at,
        after=event.at - arrived_at,
        type=name,
        what=words(event) if words else f"{name} {plain}".strip(),
        seconds=next((fields[f] for f in _LASTED if isinstance(fields.get(f), float)), None),
        rebuilt=event.rebuilt,
    )


_SHOWN_ELSEWHERE: Final = frozenset({"at", "server", "rebuilt", "call_id"})
_LASTED: Final = ("seconds", "talk_time", "wrap_up_time", "wait_time", "ring_time")


def _customer(event: Any) -> str:
    return f"recognised: {event.status}" + (
        f", customer {event.customer_id}" if event.customer_id else ""
    )


_WORDS: Final[dict[str, Callable[[Any], str]]] = {
    "CallArrived": lambda e: (
        (f"called back over trunk {e.trunk}" if e.callback_id else "arrived")
        + ("" if e.callback_id else _on(e.dnis, "on") + _on(e.trunk, "over trunk"))
        + (f"; the journey began with call {e.journey_id}" if e.journey_id else "")
    ),
    "CallerRecognised": _customer,
    "CallerVerified": lambda e: f"verified by {e.level}, customer {e.customer_id}",
    "VerificationFailed": lambda e: f"verification failed: {e.outcome}",
    "MenuEntered": lambda e: f"menu {e.flow} > {e.node} ({e.language})",
    "SurveyAnswered": lambda e: f"satisfaction: {e.score} of 5",
    "VoicemailLeft": lambda e: f"left a message of {e.seconds} s",
    "SelfServiceDone": lambda e: f"self-service {e.service}: {e.outcome}",
    "MenuLost": lambda e: f"menu lost ({e.cause}); the dialplan took over",
    "CallQueued": lambda e: (
        f"joined queue {e.queue}, position {e.position}, priority {e.priority}"
        + _on(e.reason, "for")
    ),
    "CallTurnedAway": lambda e: f"found queue {e.queue} closed",
    "CallLeftQueue": lambda e: f"left queue {e.queue} unanswered ({e.status or 'unknown'})",
    "CallAbandoned": lambda e: f"gave up in queue {e.queue}",
    "AgentRinging": lambda e: f"phone of {e.agent_id} rings",
    "AgentMissed": lambda e: f"{e.agent_id} did not answer",
    "CallConnected": lambda e: f"{e.agent_id} answered",
    "CallHeld": lambda e: f"on hold by {e.agent_id}",
    "CallResumed": lambda e: f"taken back by {e.agent_id}",
    "CallCompleted": lambda e: f"talk with {e.agent_id} ended by {e.ended_by}",
    "WrapUpStarted": lambda e: f"wrap-up of {e.agent_id} began",
    "WrapUpExtended": lambda e: f"wrap-up of {e.agent_id} was extended",
    "WrapUpEnded": lambda e: f"wrap-up of {e.agent_id} ended by {e.ended_by}",
    "CallDisposed": lambda e: f"{e.agent_id} noted: {e.disposition}",
    "PopPresented": lambda e: f"pop sent to {e.agent_id} on {e.sessions} pages",
    "PopShown": lambda e: f"pop on the screen of {e.agent_id} after {e.after:.2f} s",
    "OfferPresented": lambda e: f"{e.agent_id} presented offer {e.offer_id}, no. {e.rank}",
    "CustomerChosen": lambda e: (
        f"customer {e.customer_id} chosen by {e.agent_id} among {e.candidates} with this number"
    ),
    "OfferAccepted": lambda e: f"offer {e.offer_id} accepted, presented by {e.agent_id}",
    "OfferDeclined": lambda e: f"offer {e.offer_id} declined, presented by {e.agent_id}",
    "CallbackRequested": lambda e: (
        f"wants a callback {e.callback_id[:8]}, keeps the place in queue {e.queue}"
        + (", on another number" if e.other_number else "")
    ),
    "CallbackDialled": lambda e: (
        f"callback: try {e.attempt}, {e.agent_id} reserved, dialled as call {e.dial_call_id}"
    ),
    "CallbackAnswered": lambda e: f"callback: answered, goes on as call {e.dial_call_id}",
    "CallbackMissed": lambda e: f"callback: try {e.attempt} failed ({e.status})",
    "CallbackFailed": lambda e: f"callback: the last try failed ({e.status})",
    "CallbackExpired": lambda e: "callback: expired",
    "CallbackCancelled": lambda e: (
        f"callback: cancelled ({e.cause})" + _on(e.new_call_id or "", "for call")
    ),
    "PlaceKept": lambda e: (
        f"has a callback already: takes its place, the journey began with call {e.journey_id}"
    ),
    "MonitorStarted": lambda e: f"supervisor {e.by} began to {e.mode} with {e.agent_id}",
    "MonitorChanged": lambda e: f"supervisor {e.by} went over to {e.mode} with {e.agent_id}",
    "MonitorEnded": lambda e: f"supervisor {e.by} ended ({e.mode}) with {e.agent_id}",
    "CallEnded": lambda e: f"ended by {e.ended_by} (cause {e.cause})",
}
"""Words for the timeline; an event without any is shown with its fields."""


def _on(value: str, word: str) -> str:
    return f" {word} {value}" if value else ""
