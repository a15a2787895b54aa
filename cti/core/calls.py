"""One call: its record, its state table, and how each domain event changes it.

A call is a fold over its own events in the journal; what is not in the journal (channel names, the
caller's number) is kept beside it by :mod:`cti.core.world`.
"""

from typing import Final, Literal, TypeAlias, get_args

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
    ev.WrapUpExtended,
    ev.PopPresented,
    ev.PopShown,
    ev.CustomerChosen,
    ev.OfferEvent,
    ev.CallbackEvent,
    ev.PlaceKept,
)
_STATELESS: Final = frozenset(
    kind for kind in get_args(ev.DomainEvent) if issubclass(kind, _STATELESS_BASES)
)

Outcome: TypeAlias = Literal["", "answered", "abandoned", "left_queue", "menu", "callback"]


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
    score: int = 0
    """The customer's satisfaction from 1 to 5; 0: not given."""
    voicemail: int = 0
    """Seconds of the message that the customer left; 0: none."""
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
    name = type(event).__name__
    if isinstance(event, ev.AgentMissed) and any(a != event.agent_id for a, _ in call.ringing):
        return name + ", others ring"
    if isinstance(event, ev.CallEnded) and call.wrapping:
        return name + ", wrap-up runs"
    if isinstance(event, ev.WrapUpEnded) and any(a != event.agent_id for a in call.wrapping):
        return name + ", another runs"
    return name


def advance(call: Call, event: ev.CallEvent) -> Call:
    """Return the call after ``event``.

    Raises :class:`cti.core.machine.IllegalTransitionError` when the table has no such row.
    """
    changes = _changes(call, event)
    if type(event) not in _STATELESS:
        state = TABLE.next(call.state, _symbol(call, event))
        if state != call.state:
            changes |= {"state": state, "since": event.at}
    if not changes:
        return call
    return msgspec.structs.replace(call, **changes)


_CHANGE_NOTHING: Final = frozenset(
    {
        *(ev.SelfServiceDone, ev.VerificationFailed, ev.MenuLost, ev.PopPresented, ev.PopShown),
        *(ev.CallHeld, ev.CallResumed, ev.WrapUpExtended),
    }
)
"""Events that change no field; known at once, for they are many."""


def _changes(call: Call, event: ev.CallEvent) -> dict[str, object]:
    """Return the fields, other than the state, that ``event`` changes."""
    if type(event) in _CHANGE_NOTHING:
        return {}
    match event:  # the most frequent first
        case ev.MenuEntered():
            path = f"{call.menu_path}>{event.node}" if call.menu_path else event.node
            return {
                "language": event.language,
                "menu_path": path[-500:],
                "waiting_since": None,
            }
        case ev.CallEnded():
            return {
                "ended_at": event.at,
                "ended_by": event.ended_by,
                "cause": event.cause,
                "outcome": call.outcome or "menu",
                "ringing": (),
                "consulted": None,
                "consult_answered": False,
            }
        case ev.CallerRecognised():
            return {
                "recognition": event.status,
                "customer_id": event.customer_id,
                "segment": event.segment or call.segment,
            }
        case ev.CustomerChosen():
            return {"customer_id": event.customer_id}
        case ev.CallerVerified():
            return {
                "customer_id": event.customer_id,
                "verified": event.level,
                "segment": event.segment or call.segment,
            }
        case ev.CallRouted():
            return {
                "rule": event.rule,
                "route_reasons": event.reasons,
                "routed": event.queue,
                "steps": event.steps,
                "priority": event.priority,
            }
        case ev.CallQueued():
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
        case ev.AgentRinging():
            others = tuple(r for r in call.ringing if r[0] != event.agent_id)
            return {"ringing": (*others, (event.agent_id, event.at))}
        case ev.AgentMissed():
            left = tuple(r for r in call.ringing if r[0] != event.agent_id)
            return {"ringing": left, "misses": call.misses + 1}
        case ev.CallConnected():
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
        case ev.CallAbandoned():
            answered = call.outcome == "answered"
            return {"ringing": (), "outcome": "answered" if answered else "abandoned"}
        case ev.CallLeftQueue():
            return {"ringing": (), "outcome": call.outcome or "left_queue"}
        case ev.CallCompleted():
            return {
                "completed_by": event.ended_by,
                "ringing": (),
                "waiting_since": None,
                "steps": (),
            }
        case ev.WrapUpStarted():
            return {"wrapping": (*_without(call.wrapping, event.agent_id), event.agent_id)}
        case ev.WrapUpEnded():
            return {"wrapping": _without(call.wrapping, event.agent_id)}
        case ev.CallTransferred():
            return {"transfers": call.transfers + 1, "reason": event.reason or call.reason}
        case ev.ConsultStarted():
            return {"consulted": event.target, "consult_answered": False}
        case ev.ConsultAnswered():
            return {"consult_answered": True, "ringing": ()}
        case ev.ConsultEnded() | ev.ConferenceEnded():
            return {"consulted": None, "consult_answered": False, "ringing": ()}
        case ev.TransferFailed() | ev.ConferenceStarted():
            return {"ringing": ()}
        case ev.SurveyAnswered():
            return {"score": event.score}
        case ev.VoicemailLeft():
            return {"voicemail": event.seconds}
        case ev.CallbackRequested():
            return {"outcome": "answered" if call.outcome == "answered" else "callback"}
        case ev.PlaceKept():
            return {"journey_id": event.journey_id, "waiting_since": event.joined_at}
        case ev.CallDisposed():
            return {"disposition": event.disposition}
        case _:
            return {}


def _without(agents: tuple[AgentId, ...], agent_id: AgentId) -> tuple[AgentId, ...]:
    return tuple(a for a in agents if a != agent_id)
