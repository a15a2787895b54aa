"""Every message of the event API, version 1; the one place where they are spelled.

The JSON Schema and ``docs/event-api.md`` are generated from here by
``python -m agent_console.events_api.schema``.  Programs that we do not know read these: within
``/v1`` fields and kinds may be added, nothing is renamed, removed or given another meaning.
Times are epoch seconds (UTC), durations seconds.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from agent_console.store.integration_model import Scope
from crm_lookup.model import Text

VERSION: Final = 1

Phase: TypeAlias = Literal["ringing", "connected"]
VerifiedLevel: TypeAlias = Literal["none", "number", "pin"]
BriefState: TypeAlias = Literal["loading", "ready", "unknown"]
WithdrawnReason: TypeAlias = Literal[
    "missed", "abandoned", "answered_elsewhere", "left_queue", "resync"
]
ResetReason: TypeAlias = Literal["start", "unknown_stream", "too_old", "too_slow"]
State: TypeAlias = Literal[
    "logged_out", "available", "ringing", "on_call", "on_hold", "wrap_up", "paused"
]
CloseCode: TypeAlias = Literal[
    4400,  # the program broke the protocol
    4401,  # the token is not, or no longer, good
    4408,  # no hello in time
    4409,  # the same token and client name connected again
    4429,  # too many connections or messages
    4503,  # the server is going down
]
ClientName = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9._-]{0,64}$")]
Sequence = Annotated[int, msgspec.Meta(ge=0)]


def _snake(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a message."""


# --- parts -------------------------------------------------------------------------------------


class Interaction(Record, frozen=True, kw_only=True):
    """One earlier contact with the customer."""

    at: float
    channel: str
    summary: Text


class Offer(Record, frozen=True, kw_only=True):
    """An offer that fits the customer; the best comes first."""

    offer_id: str
    title: Text
    reason: Text


class Customer(Record, frozen=True, kw_only=True):
    """The customer's brief; name and number are masked."""

    customer_id: str
    name: str
    phone: str
    segment: Literal["diamond", "gold", "silver", "standard"]
    segment_reason: Text
    language: Literal["zh", "en"]
    customer_since: str
    """ISO date."""
    products: tuple[Text, ...] = ()
    balance_band: Text
    flags: tuple[str, ...] = ()
    relationship_manager: str | None = None
    interactions: tuple[Interaction, ...] = ()
    offers: tuple[Offer, ...] = ()


class Pop(Record, frozen=True, kw_only=True):
    """A call offered to one agent, with what is known of the caller."""

    pop_id: str
    """One offer of one call to one agent; the same in all events about it."""
    call_id: str
    agent_id: str
    queue: str
    phase: Phase
    dnis: str
    """The number that the customer dialled."""
    reason: str = ""
    """Topic for which the caller wants a person."""
    menu_path: tuple[str, ...] = ()
    """Ids of the visited menu nodes, oldest first."""
    route: tuple[str, ...] = ()
    """Why the call was sent here, as codes (docs/routing.md), such as ``topic=balance``,
    ``waited=90``, ``overflow``; those about the customer's value only with the scope
    ``customer``."""
    callback: bool = False
    """Whether we called the customer, who had asked for it."""
    verified: VerifiedLevel
    language: str
    number: str
    """The caller's number, masked; empty when withheld."""
    customer_id: str | None
    waited_s: float
    """Time in the queue before this phone rang."""
    raised_at: float
    connected_at: float | None = None
    brief: BriefState
    """``loading``: the customer follows in ``pop_completed``; ``unknown``: nobody we know."""
    caller_number: str | None = None
    """The caller's whole number in E.164; only with the scope ``numbers``."""
    customer: Customer | None = None
    """Only with the scope ``customer``."""


# --- events ------------------------------------------------------------------------------------


class Event(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=_snake):
    """Base of all events; ``kind`` names it."""

    id: str
    """Unique for ever; the same in every delivery of this event: use it to drop repetitions."""
    at: float
    rebuilt: bool = False
    """Not seen live but concluded after a reconnection to Asterisk; ``at`` is approximate."""
    call_id: str | None = None
    queue: str | None = None
    agent_id: str | None = None


class PopRaised(Event, frozen=True, kw_only=True):
    """A call rings at the agent's phone."""

    pop: Pop


class PopCompleted(Event, frozen=True, kw_only=True):
    """The brief of a pop arrived late; the pop as it is now."""

    pop: Pop


class PopConnected(Event, frozen=True, kw_only=True):
    """The agent answered."""

    pop_id: str


class PopWithdrawn(Event, frozen=True, kw_only=True):
    """The phone rings no more, and the agent did not answer."""

    pop_id: str
    reason: WithdrawnReason


class PopEnded(Event, frozen=True, kw_only=True):
    """Agent and customer are no longer connected."""

    pop_id: str
    talk_time_s: float | None = None


class CallQueued(Event, frozen=True, kw_only=True):
    """A caller began to wait."""

    priority: int
    reason: str


class CallConnected(Event, frozen=True, kw_only=True):
    """An agent answered a caller."""

    wait_time_s: float
    ring_time_s: float


class CallAbandoned(Event, frozen=True, kw_only=True):
    """A caller hung up while waiting."""

    wait_time_s: float


class CallTurnedAway(Event, frozen=True, kw_only=True):
    """A caller wanted a person of a queue that a supervisor had closed."""


class CallEnded(Event, frozen=True, kw_only=True):
    """The customer's line is gone."""

    ended_by: Literal["caller", "agent", "system"]


class CallDisposed(Event, frozen=True, kw_only=True):
    """The agent said how the call ended."""

    disposition: str


class AgentState(Event, frozen=True, kw_only=True):
    """An agent's state changed."""

    state: State
    reason: str = ""
    """Code of the pause reason; empty unless paused."""


class AlarmEvent(Event, frozen=True, kw_only=True):
    """Base of what happens to an alarm of the supervisors' board."""

    alarm_id: str
    """The same in all events about it."""
    rule: str
    """Id of the rule (docs/alarms.md)."""
    alarm_kind: Literal["wrap_up", "pause", "call", "wait", "service_level"]
    severity: Literal["warning", "critical"]


class AlarmRaised(AlarmEvent, frozen=True, kw_only=True):
    """A rule of the board found something; ``queue`` or ``agent_id`` says where."""

    value: float
    """Seconds, or per cent of a service level."""
    limit: float


class AlarmCleared(AlarmEvent, frozen=True, kw_only=True):
    """What the alarm was about is well again, or gone."""

    stood_s: float
    why: Literal["good", "gone"]


class AlarmAcknowledged(AlarmEvent, frozen=True, kw_only=True):
    """Somebody has seen the alarm."""

    by: str
    """Login of who has."""


class QueueClosed(Event, frozen=True, kw_only=True):
    """A supervisor lets the queue take no new callers."""

    reason: str
    by: str
    """Login of who did."""


class QueueOpened(Event, frozen=True, kw_only=True):
    """A closed queue takes callers again."""

    by: str


class AnnouncementOn(Event, frozen=True, kw_only=True):
    """Every new caller hears this announcement first; it replaces another that was on."""

    announcement_id: str
    reason: str
    by: str


class AnnouncementOff(Event, frozen=True, kw_only=True):
    """Callers hear no announcement any more."""

    announcement_id: str
    by: str


class Test(Event, frozen=True, kw_only=True):
    """Sent by ``hotline webhooks test``; means nothing."""


ApiEvent: TypeAlias = (
    PopRaised
    | PopCompleted
    | PopConnected
    | PopWithdrawn
    | PopEnded
    | CallQueued
    | CallConnected
    | CallAbandoned
    | CallTurnedAway
    | CallEnded
    | CallDisposed
    | AgentState
    | AlarmRaised
    | AlarmCleared
    | AlarmAcknowledged
    | QueueClosed
    | QueueOpened
    | AnnouncementOn
    | AnnouncementOff
    | Test
)

SCOPE_OF: Final[dict[str, Scope]] = {
    "pop_raised": "pops",
    "pop_completed": "pops",
    "pop_connected": "pops",
    "pop_withdrawn": "pops",
    "pop_ended": "pops",
    "call_queued": "calls",
    "call_connected": "calls",
    "call_abandoned": "calls",
    "call_turned_away": "calls",
    "call_ended": "calls",
    "call_disposed": "calls",
    "agent_state": "agents",
    "alarm_raised": "alarms",
    "alarm_cleared": "alarms",
    "alarm_acknowledged": "alarms",
    "queue_closed": "floor",
    "queue_opened": "floor",
    "announcement_on": "floor",
    "announcement_off": "floor",
}
"""The scope that a program needs for each kind of event."""


def kind_of(event: Event) -> str:
    """Return the event's ``kind``."""
    return str(event.__struct_config__.tag)


# --- server → program --------------------------------------------------------------------------


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=_snake):
    """Base of all messages over the WebSocket; ``type`` names it."""


class Welcome(Message, frozen=True, kw_only=True):
    """The token was good.  The missed events follow if ``resumed``, otherwise a ``reset``."""

    version: int
    stream: str
    """Names the numbered stream of this token and client name."""
    resumed: bool
    seq: int
    """Number of the newest event of the stream."""
    now: float
    """The server's clock."""
    scopes: tuple[Scope, ...]
    queues: tuple[str, ...] | None
    """The queues that the token may see; ``None``: all."""
    agents: tuple[str, ...] | None
    """The same for agents."""


class Reset(Message, frozen=True, kw_only=True):
    """Forget what you knew: these are all pops there are now; events go on after ``seq``."""

    seq: int
    reason: ResetReason
    """``start``: nothing was to be resumed; ``unknown_stream``, ``too_old``: the missed events are
    gone; ``too_slow``: too many events were not acknowledged."""
    pops: tuple[Pop, ...]


class EventMessage(Message, frozen=True, kw_only=True, tag="event"):
    """One event with its number in the stream; numbers have no gaps."""

    seq: int
    event: ApiEvent
    """One of the events above."""


class Pong(Message, frozen=True, kw_only=True):
    """Answer to ``ping``."""

    now: float


ServerMessage: TypeAlias = Welcome | Reset | EventMessage | Pong


# --- program → server --------------------------------------------------------------------------


class Resume(Record, frozen=True, kw_only=True):
    """Where the program's knowledge ends."""

    stream: str
    seq: Sequence
    """The last event that was dealt with."""


class Hello(Message, frozen=True, kw_only=True):
    """The first message of every connection."""

    token: str | None = None
    """Not needed when the request carried ``Authorization: Bearer``."""
    client: ClientName = ""
    """Several programs with one token need different names; each has a stream of its own."""
    resume: Resume | None = None


class Ack(Message, frozen=True, kw_only=True):
    """All events up to this number were dealt with; they are not sent again."""

    seq: Sequence


class Ping(Message, frozen=True, kw_only=True):
    """Ask for a sign of life."""


ClientMessage: TypeAlias = Hello | Ack | Ping

MAX_CLIENT_BYTES: Final = 4096
ENCODER: Final = msgspec.json.Encoder()
CLIENT_DECODER: Final[msgspec.json.Decoder[ClientMessage]] = msgspec.json.Decoder(ClientMessage)
SERVER_DECODER: Final[msgspec.json.Decoder[ServerMessage]] = msgspec.json.Decoder(ServerMessage)
EVENT_DECODER: Final[msgspec.json.Decoder[ApiEvent]] = msgspec.json.Decoder(ApiEvent)


def customer_of(brief: Any) -> Customer:
    """Return what programs may see of a brief: these fields and no others.

    ``brief`` has the attributes of :class:`crm_lookup.model.CustomerBrief`; raises
    :class:`msgspec.ValidationError` for anything else.
    """
    return msgspec.convert(brief, Customer, from_attributes=True)


def event_frame(seq: int, body: str) -> str:
    """Return the frame of an encoded event at its place of a stream."""
    return f'{{"type":"event","seq":{seq},"event":{body}}}'
