"""One call: its record, its state table, and how each domain event changes it.

A call is a fold over its own events in the journal; what is not in the journal (channel names, the
caller's number) is kept beside it by :mod:`cti.core.world`.
"""

from collections.abc import Callable
from typing import Any, Final, Literal, TypeAlias, get_args

import msgspec

from cti.core import events as ev
from cti.core.ids import AgentId, CallbackId, CallId, CustomerId, QueueName
from cti.core.machine import Table
from cti.core.own_queue import OWN

CallState: TypeAlias = Literal[
    "arriving",
    "menu",
    "queued",
    "ringing",
    "connected",
    "on_hold",
    "consulting",
    "conference",
    "transferring",
    "leaving",
    "wrap_up",
    "ended",
]
"""``consulting``: the customer hears music while the agent talks, or wants to, with a colleague.

``transferring``: on the way from an agent to a queue or to another agent's phone, which may ring.

``leaving``: the customer's channel lives, but is in no queue and with no agent any more.

``wrap_up``: the customer is gone, an agent still works on the call.
"""


def _aside(state: CallState) -> dict[str, CallState]:
    """Return the rows of an earlier agent's wrap-up, which goes on while the call moves."""
    return {"WrapUpEnded": state, "WrapUpEnded, another runs": state, "CallDisposed": state}


def _rung(state: CallState) -> dict[str, CallState]:
    """Return the rows of a phone that rings for the call outside any queue."""
    return {
        "AgentRinging": state,
        "AgentMissed": state,
        "AgentMissed, others ring": state,
    }


_IN_MENU: Final[dict[str, CallState]] = {
    "MenuEntered": "menu",
    "MenuLost": "menu",
    "CallQueued": "queued",
    "CallEnded": "ended",
}
_WITH_AGENT: Final[dict[str, CallState]] = {
    "CallCompleted": "leaving",
}

TABLE: Final[Table[CallState]] = Table(
    "call",
    "arriving",
    {
        "arriving": {**_IN_MENU},
        "menu": {
            **_IN_MENU,
            # After the conversation the customer may be asked for a score.
            "WrapUpStarted": "menu",
            "CallEnded, wrap-up runs": "wrap_up",
            **_aside("menu"),
        },
        "queued": {
            "AgentRinging": "ringing",
            "CallConnected": "connected",
            "CallAbandoned": "leaving",
            "CallLeftQueue": "leaving",
            **_aside("queued"),
        },
        "ringing": {
            "AgentRinging": "ringing",
            "AgentMissed": "queued",
            "AgentMissed, others ring": "ringing",
            "CallConnected": "connected",
            "CallAbandoned": "leaving",
            "CallLeftQueue": "leaving",
            **_aside("ringing"),
        },
        "connected": {
            "CallHeld": "on_hold",
            "ConsultStarted": "consulting",
            **_WITH_AGENT,
            **_aside("connected"),
        },
        "on_hold": {
            "CallResumed": "connected",
            "ConsultStarted": "consulting",
            **_WITH_AGENT,
            **_aside("on_hold"),
        },
        "consulting": {
            **_rung("consulting"),
            "ConsultAnswered": "consulting",
            "ConsultEnded": "connected",
            "ConferenceStarted": "conference",
            **_WITH_AGENT,
            **_aside("consulting"),
        },
        "conference": {
            "ConferenceEnded": "connected",
            **_WITH_AGENT,
            **_aside("conference"),
        },
        "transferring": {
            **_rung("transferring"),
            "CallQueued": "queued",
            "CallConnected": "connected",
            "TransferFailed": "leaving",
            "CallAbandoned": "leaving",
            "CallEnded": "ended",
            "CallEnded, wrap-up runs": "wrap_up",
            "WrapUpStarted": "transferring",
            **_aside("transferring"),
        },
        "leaving": {
            "MenuEntered": "menu",
            "CallQueued": "queued",
            "CallTransferred": "transferring",
            "WrapUpStarted": "leaving",
            **_aside("leaving"),
            "CallEnded": "ended",
            "CallEnded, wrap-up runs": "wrap_up",
        },
        "wrap_up": {
            "CallDisposed": "wrap_up",
            "WrapUpEnded, another runs": "wrap_up",
            "WrapUpEnded": "ended",
        },
        "ended": {"CallDisposed": "ended"},
    },
)
"""Events about the customer rather than the call (recognised, …) are legal in every state."""

_STATELESS_BASES: Final[tuple[type[ev.CallEvent], ...]] = (
    ev.CallerRecognised,
    ev.CallerVerified,
    ev.VerificationFailed,
    ev.SelfServiceDone,
    ev.SurveyAnswered,
    ev.VoicemailLeft,
    ev.CallRouted,
    ev.CallTurnedAway,
    ev.WrapUpExtended,
    ev.PopPresented,
    ev.PopShown,
    ev.CustomerChosen,
    ev.OfferEvent,
    ev.CallbackEvent,
    ev.PlaceKept,
    ev.MonitorEvent,
)
_STATELESS: Final = frozenset(
    kind for kind in get_args(ev.DomainEvent) if issubclass(kind, _STATELESS_BASES)
)

OfferAnswer: TypeAlias = Literal["presented", "accepted", "declined"]
Outcome: TypeAlias = Literal["", "answered", "abandoned", "left_queue", "menu", "callback"]
_OFFER_ANSWERS: Final[dict[type[ev.OfferEvent], OfferAnswer]] = {
    ev.OfferPresented: "presented",
    ev.OfferAccepted: "accepted",
    ev.OfferDeclined: "declined",
}


class Monitor(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A supervisor who hears the conversation."""

    monitor_id: str
    agent_id: AgentId
    by: str
    mode: ev.MonitorMode
    since: float
    """When it started, in whatever mode."""


class Call(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """Everything that the journal knows of one call; times are seconds since the epoch."""

    call_id: CallId
    state: CallState = "arriving"
    since: float
    """When ``state`` began."""
    arrived_at: float
    server: str = ""
    uniqueid: str = ""
    linkedid: str = ""
    dnis: str = ""
    trunk: str = ""
    caller_pseudonym: str = ""
    journey_id: CallId | None = None
    """The first of the calls that belong together, if this is a later one."""
    callback_id: CallbackId | None = None
    """The callback by which we called the customer."""
    customer_id: CustomerId | None = None
    segment: str = ""
    """The customer's value segment; empty if unknown."""
    recognition: str = ""
    verified: ev.VerifiedLevel = "none"
    language: str = ""
    reason: str = ""
    menu_path: str = ""
    queue: QueueName | None = None
    priority: int = 0
    position: int = 0
    queued_at: float | None = None
    """When the caller joined the present (or last) queue."""
    waiting_since: float | None = None
    """When the caller began to wait for a person, in whichever queue."""
    rule: str = ""
    """The routing rule that sent the call to its queue."""
    route_reasons: tuple[str, ...] = ()
    """Why, as codes; see :class:`cti.core.events.CallRouted`."""
    routed: QueueName | None = None
    """The queue that the rules chose."""
    steps: tuple[ev.Escalation, ...] = ()
    """What is still to come if the caller has to wait."""
    attempts: int = 0
    """How often the call joined a queue."""
    misses: int = 0
    """How often an agent's phone rang for it in vain."""
    ringing: tuple[tuple[AgentId, float], ...] = ()
    """The agents whose phones ring now, and since when."""
    agent_id: AgentId | None = None
    """The agent who has, or last had, the customer."""
    connected_at: float | None = None
    completed_by: ev.Party | None = None
    consulted: AgentId | None = None
    """The colleague whom the agent consults, or who sits in the conference."""
    consult_answered: bool = False
    transfers: int = 0
    """How often an agent sent the customer on."""
    wrapping: tuple[AgentId, ...] = ()
    """The agents who still wrap up."""
    outcome: Outcome = ""
    disposition: str = ""
    offers: tuple[tuple[str, OfferAnswer], ...] = ()
    """What became of each offer by its id, as the agents noted it; the last word counts."""
    score: int = 0
    """The customer's satisfaction from 1 to 5; 0: not given."""
    voicemail: int = 0
    """Seconds of the message that the customer left; 0: none."""
    monitors: tuple[Monitor, ...] = ()
    """The supervisors who hear the conversation now."""
    ended_at: float | None = None
    ended_by: ev.Party | None = None
    cause: int = 0

    @property
    def served_as(self) -> QueueName | None:
        """The queue whose rules hold: behind the queue for one agent stands the chosen one."""
        return self.routed or self.queue if self.queue == OWN else self.queue

    @property
    def over(self) -> bool:
        """Whether the customer's channel is gone."""
        return self.state in ("wrap_up", "ended")

    def wait_time(self, now: float) -> float:
        """Seconds in the present queue; 0 if in none."""
        return max(0.0, now - self.queued_at) if self.queued_at is not None else 0.0

    def waited(self, now: float) -> float:
        """Seconds for which the caller has waited for a person, in all queues together."""
        return max(0.0, now - self.waiting_since) if self.waiting_since is not None else 0.0

    def ring_time(self, agent_id: AgentId, now: float) -> float:
        """Seconds for which that agent's phone has rung; 0 if it does not ring."""
        return next((max(0.0, now - since) for a, since in self.ringing if a == agent_id), 0.0)


def arrive(event: ev.CallArrived) -> Call:
    """Return the call that begins with ``event``."""
    return Call(
        call_id=event.call_id,
        since=event.at,
        arrived_at=event.at,
        server=event.server,
        uniqueid=event.uniqueid,
        linkedid=event.linkedid,
        dnis=event.dnis,
        trunk=event.trunk,
        caller_pseudonym=event.caller_pseudonym,
        journey_id=event.journey_id,
        callback_id=event.callback_id,
    )


def _symbol(call: Call, event: ev.CallEvent) -> str:
    kind = type(event)
    if kind is ev.CallEnded and call.wrapping:
        return "CallEnded, wrap-up runs"
    if isinstance(event, ev.AgentMissed) and any(a != event.agent_id for a, _ in call.ringing):
        return "AgentMissed, others ring"
    if isinstance(event, ev.WrapUpEnded) and any(a != event.agent_id for a in call.wrapping):
        return "WrapUpEnded, another runs"
    return kind.__name__


def advance(call: Call, event: ev.CallEvent) -> Call:
    """Return the call after ``event``.

    Raises :class:`cti.core.machine.IllegalTransitionError` when the table has no such row.
    """
    kind = type(event)
    fields = _CHANGES.get(kind)
    changes = {} if fields is None else fields(call, event)
    if kind not in _STATELESS:
        state = TABLE.next(call.state, _symbol(call, event))
        if state != call.state:
            changes |= {"state": state, "since": event.at}
    if not changes:
        return call
    return msgspec.structs.replace(call, **changes)


_Changes = dict[str, object]


def _menu_entered(call: Call, event: ev.MenuEntered) -> _Changes:
    path = f"{call.menu_path}>{event.node}" if call.menu_path else event.node
    return {"language": event.language, "menu_path": path[-500:], "waiting_since": None}


def _ended(call: Call, event: ev.CallEnded) -> _Changes:
    return {
        "ended_at": event.at,
        "ended_by": event.ended_by,
        "cause": event.cause,
        "outcome": call.outcome or "menu",
        "ringing": (),
        "consulted": None,
        "consult_answered": False,
    }


def _routed(_: Call, event: ev.CallRouted) -> _Changes:
    return {
        "rule": event.rule,
        "route_reasons": event.reasons,
        "routed": event.queue,
        "steps": event.steps,
        "priority": event.priority,
    }


def _queued(call: Call, event: ev.CallQueued) -> _Changes:
    return {
        "waiting_since": event.at if call.waiting_since is None else call.waiting_since,
        "queue": event.queue,
        "position": event.position,
        "priority": event.priority,
        "reason": event.reason or call.reason,
        "queued_at": event.at,
        "attempts": call.attempts + 1,
        "ringing": (),
        "consulted": None,
        "consult_answered": False,
    }


def _agent_rings(call: Call, event: ev.AgentRinging) -> _Changes:
    others = tuple(r for r in call.ringing if r[0] != event.agent_id)
    return {"ringing": (*others, (event.agent_id, event.at))}


def _agent_missed(call: Call, event: ev.AgentMissed) -> _Changes:
    left = tuple(r for r in call.ringing if r[0] != event.agent_id)
    return {"ringing": left, "misses": call.misses + 1}


def _connected(_: Call, event: ev.CallConnected) -> _Changes:
    return {
        "agent_id": event.agent_id,
        "queue": event.queue,
        "connected_at": event.at,
        "ringing": (),
        "consulted": None,
        "consult_answered": False,
        "completed_by": None,
        "outcome": "answered",
    }


def _abandoned(call: Call, _: ev.CallAbandoned) -> _Changes:
    answered = call.outcome == "answered"
    return {"ringing": (), "outcome": "answered" if answered else "abandoned"}


def _completed(_: Call, event: ev.CallCompleted) -> _Changes:
    return {
        "completed_by": event.ended_by,
        "ringing": (),
        "waiting_since": None,
        "steps": (),
    }


def _offered(call: Call, event: ev.OfferEvent) -> _Changes:
    said = tuple(each for each in call.offers if each[0] != event.offer_id)
    return {"offers": (*said, (event.offer_id, _OFFER_ANSWERS[type(event)]))}


def _conversation_apart(_call: Call, _event: ev.CallEvent) -> _Changes:
    return {"consulted": None, "consult_answered": False, "ringing": ()}


_CHANGES: Final[dict[type[ev.CallEvent], Callable[[Call, Any], _Changes]]] = {
    ev.MenuEntered: _menu_entered,
    ev.CallEnded: _ended,
    ev.CallerRecognised: lambda c, e: {
        "recognition": e.status,
        "customer_id": e.customer_id,
        "segment": e.segment or c.segment,
    },
    ev.CustomerChosen: lambda _, e: {"customer_id": e.customer_id},
    ev.CallerVerified: lambda c, e: {
        "customer_id": e.customer_id,
        "verified": e.level,
        "segment": e.segment or c.segment,
    },
    ev.CallRouted: _routed,
    ev.CallQueued: _queued,
    ev.AgentRinging: _agent_rings,
    ev.AgentMissed: _agent_missed,
    ev.CallConnected: _connected,
    ev.CallAbandoned: _abandoned,
    ev.CallLeftQueue: lambda c, _: {"ringing": (), "outcome": c.outcome or "left_queue"},
    ev.CallCompleted: _completed,
    ev.WrapUpStarted: lambda c, e: {"wrapping": (*_without(c.wrapping, e.agent_id), e.agent_id)},
    ev.WrapUpEnded: lambda c, e: {"wrapping": _without(c.wrapping, e.agent_id)},
    ev.MonitorStarted: lambda c, e: {"monitors": _monitors(c, e)},
    ev.MonitorChanged: lambda c, e: {"monitors": _monitors(c, e)},
    ev.MonitorEnded: lambda c, e: {"monitors": _monitors(c, e)},
    ev.CallTransferred: lambda c, e: {
        "transfers": c.transfers + 1,
        "reason": e.reason or c.reason,
    },
    ev.ConsultStarted: lambda _, e: {"consulted": e.target, "consult_answered": False},
    ev.ConsultAnswered: lambda _, e: {"consult_answered": True, "ringing": ()},
    ev.ConsultEnded: _conversation_apart,
    ev.ConferenceEnded: _conversation_apart,
    ev.TransferFailed: lambda _, e: {"ringing": ()},
    ev.ConferenceStarted: lambda _, e: {"ringing": ()},
    ev.SurveyAnswered: lambda _, e: {"score": e.score},
    ev.VoicemailLeft: lambda _, e: {"voicemail": e.seconds},
    ev.CallbackRequested: lambda c, _: {
        "outcome": "answered" if c.outcome == "answered" else "callback"
    },
    ev.PlaceKept: lambda _, e: {"journey_id": e.journey_id, "waiting_since": e.joined_at},
    ev.CallDisposed: lambda _, e: {"disposition": e.disposition},
    **dict.fromkeys(_OFFER_ANSWERS, _offered),
}
"""The fields, other than the state, that each kind of event changes; others change none."""


def _without(agents: tuple[AgentId, ...], agent_id: AgentId) -> tuple[AgentId, ...]:
    return tuple(a for a in agents if a != agent_id)


def _monitors(call: Call, event: ev.MonitorEvent) -> tuple[Monitor, ...]:
    known = {monitor.monitor_id: monitor for monitor in call.monitors}
    before = known.get(event.monitor_id)
    if isinstance(event, ev.MonitorEnded):
        known.pop(event.monitor_id, None)
    else:
        known[event.monitor_id] = Monitor(
            monitor_id=event.monitor_id,
            agent_id=event.agent_id,
            by=event.by,
            mode=event.mode,
            since=event.at if before is None else before.since,
        )
    return tuple(known.values())
