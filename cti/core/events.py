"""Domain events: frozen records of what happened, in the past tense.

Every event is appended to the journal; live boards, history and reports are folds over them.  They
hold no direct personal data: a customer is an id, a caller's number a keyed pseudonym.
``at`` is seconds since the epoch (UTC); durations are seconds.
"""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from cti.core.ids import AgentId, CallbackId, CallId, CustomerId, QueueName

AgentState: TypeAlias = Literal[
    "logged_out", "available", "ringing", "on_call", "on_hold", "wrap_up", "paused"
]
VerifiedLevel: TypeAlias = Literal["none", "number", "pin"]
Party: TypeAlias = Literal["caller", "agent", "system"]
AlarmKind: TypeAlias = Literal["wrap_up", "pause", "call", "wait", "service_level"]
AlarmSeverity: TypeAlias = Literal["warning", "critical"]
MonitorMode: TypeAlias = Literal["listen", "whisper", "barge"]
"""``listen``: nobody hears the supervisor; ``whisper``: the agent does; ``barge``: both do."""


class Event(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    tag_field="type",
    tag=True,
    omit_defaults=True,
    gc=False,
):
    """Base of all domain events."""

    at: float
    server: str = ""
    rebuilt: bool = False
    """Not seen live but concluded from a fresh picture of Asterisk; ``at`` is approximate."""


class CallEvent(Event, frozen=True, kw_only=True):
    """Base of the events that belong to one call."""

    call_id: CallId


class CallArrived(CallEvent, frozen=True, kw_only=True):
    uniqueid: str
    linkedid: str
    dnis: str
    trunk: str
    caller_pseudonym: str
    """Keyed hash of the caller's number; empty when the number was withheld."""
    journey_id: CallId | None = None
    """The first of the calls that belong together, if this is a later one."""
    callback_id: CallbackId | None = None
    """The callback by which we called the customer, and not the customer us."""


class CallerRecognised(CallEvent, frozen=True, kw_only=True):
    status: str
    customer_id: CustomerId | None = None
    segment: str = ""
    """The customer's value segment at that moment; empty if unknown."""


class CallerVerified(CallEvent, frozen=True, kw_only=True):
    customer_id: CustomerId
    level: VerifiedLevel
    segment: str = ""
    """As of :class:`CallerRecognised`."""


class VerificationFailed(CallEvent, frozen=True, kw_only=True):
    outcome: str


class MenuEntered(CallEvent, frozen=True, kw_only=True):
    flow: str
    node: str
    language: str


class SelfServiceDone(CallEvent, frozen=True, kw_only=True):
    service: str
    outcome: str


class SurveyAnswered(CallEvent, frozen=True, kw_only=True):
    """The customer gave a score from 1 (bad) to 5 (good) after the conversation."""

    score: Annotated[int, msgspec.Meta(ge=1, le=5)]


class VoicemailLeft(CallEvent, frozen=True, kw_only=True):
    """The customer left a message; the recording is named by the call's id."""

    seconds: int


class MenuLost(CallEvent, frozen=True, kw_only=True):
    """The menu server died, froze or was unreachable; the dialplan took over."""

    cause: str


class Escalation(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What is to happen to a caller who has waited ``after`` seconds in queues."""

    after: float
    priority: int
    queue: QueueName | None = None
    """The queue to go to; ``None`` stays."""
    voicemail: bool = False
    """The caller leaves the queue and is asked for a message."""
    callback: bool = False
    """The caller is offered a callback, and without one gets the old place back."""


class CallRouted(CallEvent, frozen=True, kw_only=True):
    """The rules said where the caller waits, at the menu's end or after waiting for so long."""

    rule: str
    """Id of the rule; empty if none fitted."""
    queue: QueueName
    priority: int
    reasons: tuple[str, ...] = ()
    """Codes such as ``segment=gold``, ``queue=default``, ``waited=90``."""
    steps: tuple[Escalation, ...] = ()
    """What is still to come if the caller has to wait."""


class CallTurnedAway(CallEvent, frozen=True, kw_only=True):
    """The caller wanted a person, and a supervisor had closed that queue."""

    queue: QueueName


class CallQueued(CallEvent, frozen=True, kw_only=True):
    queue: QueueName
    position: int
    priority: int = 0
    reason: str = ""


class CallLeftQueue(CallEvent, frozen=True, kw_only=True):
    """The caller left the queue alive and unanswered; ``status`` is Asterisk's QUEUESTATUS."""

    queue: QueueName
    status: str
    wait_time: float


class CallAbandoned(CallEvent, frozen=True, kw_only=True):
    queue: QueueName
    position: int
    wait_time: float


class AgentRinging(CallEvent, frozen=True, kw_only=True):
    agent_id: AgentId
    queue: QueueName


class AgentMissed(CallEvent, frozen=True, kw_only=True):
    agent_id: AgentId
    queue: QueueName
    ring_time: float


class CallConnected(CallEvent, frozen=True, kw_only=True):
    agent_id: AgentId
    queue: QueueName
    wait_time: float
    ring_time: float


class CallHeld(CallEvent, frozen=True, kw_only=True):
    agent_id: AgentId


class CallResumed(CallEvent, frozen=True, kw_only=True):
    agent_id: AgentId


class CallCompleted(CallEvent, frozen=True, kw_only=True):
    """Agent and customer are no longer connected."""

    agent_id: AgentId
    queue: QueueName
    talk_time: float
    ended_by: Party


class CallTransferred(CallEvent, frozen=True, kw_only=True):
    """The agent sent the customer on; the agent's own part ended with ``CallCompleted``."""

    agent_id: AgentId
    kind: Literal["queue", "agent", "attended"]
    """``attended``: the target had been consulted and stays with the customer."""
    target: str
    """A queue, or an agent."""
    reason: str = ""


class TransferFailed(CallEvent, frozen=True, kw_only=True):
    """The target did not answer; the customer goes back to the queue, before all others."""

    target: AgentId
    status: str
    """Asterisk's DIALSTATUS."""


class ConsultStarted(CallEvent, frozen=True, kw_only=True):
    """The customer hears music while the agent calls a colleague."""

    agent_id: AgentId
    target: AgentId


class ConsultAnswered(CallEvent, frozen=True, kw_only=True):
    agent_id: AgentId
    target: AgentId


class ConsultEnded(CallEvent, frozen=True, kw_only=True):
    """The agent is back with the customer."""

    agent_id: AgentId
    target: AgentId
    status: str
    """Asterisk's DIALSTATUS: ``ANSWER`` if the two had talked."""


class ConferenceStarted(CallEvent, frozen=True, kw_only=True):
    """Customer, agent and consulted colleague hear each other."""

    agent_id: AgentId
    target: AgentId


class ConferenceEnded(CallEvent, frozen=True, kw_only=True):
    """The colleague left; agent and customer talk on."""

    agent_id: AgentId
    target: AgentId


class WrapUpStarted(CallEvent, frozen=True, kw_only=True):
    agent_id: AgentId
    queue: QueueName
    until: float


class WrapUpExtended(CallEvent, frozen=True, kw_only=True):
    agent_id: AgentId
    until: float


class WrapUpEnded(CallEvent, frozen=True, kw_only=True):
    agent_id: AgentId
    wrap_up_time: float
    ended_by: Literal["agent", "timer", "supervisor", "resync"]


class CallDisposed(CallEvent, frozen=True, kw_only=True):
    agent_id: AgentId
    disposition: str


class PopPresented(CallEvent, frozen=True, kw_only=True):
    """A screen-pop was handed to the agent's console sessions."""

    agent_id: AgentId
    customer_id: CustomerId | None
    sessions: int
    """How many console sessions of that agent were connected (0: nobody saw it)."""


class PopShown(CallEvent, frozen=True, kw_only=True):
    """A page of the agent's console has the pop on its screen, and says so."""

    agent_id: AgentId
    page: str
    """A random name that the page gave itself when it was loaded."""
    pages: int
    """How many pages have shown this pop by now, as far as this process knows."""
    after: float
    """Seconds since the pop was sent."""


class CustomerChosen(CallEvent, frozen=True, kw_only=True):
    """The agent said which customer is calling from an ambiguous, unknown or withheld number.

    No proof: the verified level stays what it was.
    """

    agent_id: AgentId
    customer_id: CustomerId
    candidates: int
    """How many there were to choose from; 0: the agent searched, or made a prospect."""
    instead_of: CustomerId | None = None
    """Whom the agent had chosen before."""


class OfferEvent(CallEvent, frozen=True, kw_only=True):
    """Base of what became of an offer that stood on the agent's page."""

    agent_id: AgentId
    customer_id: CustomerId
    offer_id: str
    rank: int
    """Its place among the customer's offers, from 1."""


class OfferPresented(OfferEvent, frozen=True, kw_only=True):
    """The agent told the customer of it."""


class OfferAccepted(OfferEvent, frozen=True, kw_only=True):
    pass


class OfferDeclined(OfferEvent, frozen=True, kw_only=True):
    pass


class MonitorEvent(CallEvent, frozen=True, kw_only=True):
    """Base of what a supervisor did with an agent's conversation."""

    monitor_id: str
    """The uniqueid of the supervisor's own leg."""
    agent_id: AgentId
    by: str
    """The supervisor's login."""
    mode: MonitorMode


class MonitorStarted(MonitorEvent, frozen=True, kw_only=True):
    """The supervisor's phone was answered: from now on the conversation is heard."""


class MonitorChanged(MonitorEvent, frozen=True, kw_only=True):
    """The supervisor went over to another mode."""


class MonitorEnded(MonitorEvent, frozen=True, kw_only=True):
    """The supervisor's leg is gone; ``mode`` is the last one."""

    seconds: float
    """Since it started, in whatever modes."""


class CallEnded(CallEvent, frozen=True, kw_only=True):
    """The customer's own channel is gone; ``cause`` is the Q.850 hang-up cause."""

    cause: int
    ended_by: Party


class CallbackEvent(CallEvent, frozen=True, kw_only=True):
    """Base of the events of one callback; ``call_id`` is the call in which it was asked for.

    The number to dial is in none of them: see :mod:`cti.callback_store`.
    """

    callback_id: CallbackId


class CallbackRequested(CallbackEvent, frozen=True, kw_only=True):
    """The caller left the queue for a callback, and keeps the place."""

    journey_id: CallId
    queue: QueueName
    priority: int
    joined_at: float
    """Since when the customer waits for a person."""
    expires_at: float
    number_pseudonym: str
    other_number: bool = False
    """Whether the customer keyed another number than the one presented."""


class CallbackDialled(CallbackEvent, frozen=True, kw_only=True):
    """The place came up: an agent is reserved, and the customer is being dialled."""

    attempt: int
    dial_call_id: CallId
    """Key of the call that begins when the customer answers."""
    agent_id: AgentId


class CallbackAnswered(CallbackEvent, frozen=True, kw_only=True):
    """The customer answered and goes to the agent; this ends the callback."""

    dial_call_id: CallId


class CallbackMissed(CallbackEvent, frozen=True, kw_only=True):
    """A try failed; another follows."""

    attempt: int
    status: str
    """Asterisk's DIALSTATUS; ``REFUSED``: not dialled at all; ``UNKNOWN``: nobody can say."""
    next_try: float


class CallbackFailed(CallbackEvent, frozen=True, kw_only=True):
    """The last try failed."""

    attempt: int
    status: str


class CallbackExpired(CallbackEvent, frozen=True, kw_only=True):
    """Nobody had time for it until its end."""


class CallbackCancelled(CallbackEvent, frozen=True, kw_only=True):
    cause: Literal["called_again", "asked_again", "operator"]
    """``called_again``: the customer waits in the queue anew, at the old place."""
    new_call_id: CallId | None = None


CallbackEnd: TypeAlias = CallbackAnswered | CallbackFailed | CallbackExpired | CallbackCancelled


class PlaceKept(CallEvent, frozen=True, kw_only=True):
    """The customer called again instead of waiting for the callback: the place is kept."""

    callback_id: CallbackId
    journey_id: CallId
    joined_at: float


class AgentStateChanged(Event, frozen=True, kw_only=True):
    agent_id: AgentId
    state: AgentState
    reason: str = ""
    call_id: CallId | None = None
    by: str = ""
    """Who ordered it, if not the agent: a supervisor's login, or ``policy``."""


class AgentSkillsChanged(Event, frozen=True, kw_only=True):
    """Somebody else changed the queues whose calls the agent takes."""

    agent_id: AgentId
    skills: tuple[str, ...]
    """``queue/penalty``; none: the queues that the settings say."""
    by: str


class QueueClosed(Event, frozen=True, kw_only=True):
    """A supervisor lets a queue take no new callers."""

    queue: QueueName
    reason: str
    by: str


class QueueOpened(Event, frozen=True, kw_only=True):
    """A closed queue takes callers again."""

    queue: QueueName
    by: str


class AnnouncementSwitchedOn(Event, frozen=True, kw_only=True):
    """Every new caller hears this announcement first, and no other."""

    announcement_id: str
    reason: str
    by: str


class AnnouncementSwitchedOff(Event, frozen=True, kw_only=True):
    announcement_id: str
    by: str


class AlarmEvent(Event, frozen=True, kw_only=True):
    """Base of what happens to an alarm of a rule (docs/alarms.md)."""

    alarm_id: str
    rule: str
    kind: AlarmKind
    severity: AlarmSeverity
    subject: str
    """The queue, or the agent, that it is about."""


class AlarmRaised(AlarmEvent, frozen=True, kw_only=True):
    value: float
    """Seconds, or per cent of a service level."""
    limit: float


class AlarmCleared(AlarmEvent, frozen=True, kw_only=True):
    stood: float
    """Seconds for which it stood."""
    why: Literal["good", "gone"]
    """``gone``: the rule, or what it was about, is not there any more."""


class AlarmAcknowledged(AlarmEvent, frozen=True, kw_only=True):
    by: str
    """Login of who has seen it."""


class EngineResynchronised(Event, frozen=True, kw_only=True):
    """The engine (re)connected to Asterisk and took a fresh picture of it."""

    calls: int
    members: int


DomainEvent: TypeAlias = (
    CallArrived
    | CallerRecognised
    | CallerVerified
    | VerificationFailed
    | MenuEntered
    | SelfServiceDone
    | SurveyAnswered
    | VoicemailLeft
    | MenuLost
    | CallRouted
    | CallTurnedAway
    | CallQueued
    | CallLeftQueue
    | CallAbandoned
    | AgentRinging
    | AgentMissed
    | CallConnected
    | CallHeld
    | CallResumed
    | CallCompleted
    | CallTransferred
    | TransferFailed
    | ConsultStarted
    | ConsultAnswered
    | ConsultEnded
    | ConferenceStarted
    | ConferenceEnded
    | WrapUpStarted
    | WrapUpExtended
    | WrapUpEnded
    | CallDisposed
    | PopPresented
    | PopShown
    | CustomerChosen
    | OfferPresented
    | OfferAccepted
    | OfferDeclined
    | MonitorStarted
    | MonitorChanged
    | MonitorEnded
    | CallEnded
    | CallbackRequested
    | CallbackDialled
    | CallbackAnswered
    | CallbackMissed
    | CallbackFailed
    | CallbackExpired
    | CallbackCancelled
    | PlaceKept
    | AgentStateChanged
    | AgentSkillsChanged
    | QueueClosed
    | QueueOpened
    | AnnouncementSwitchedOn
    | AnnouncementSwitchedOff
    | AlarmRaised
    | AlarmCleared
    | AlarmAcknowledged
    | EngineResynchronised
)

DECODER: Final = msgspec.json.Decoder(DomainEvent)
ENCODER: Final = msgspec.json.Encoder()
