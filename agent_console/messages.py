"""Every message between the console's page and the server; the one place where they are spelled.

The TypeScript types, the JSON Schema and ``docs/websocket-protocol.md`` are generated from here by
``python -m agent_console.schema``.  Times are epoch seconds (UTC) of the server's clock; durations
are seconds.  Texts that people read come in Chinese and English.

A message of the server travels in an :class:`Envelope`.  Messages about the agent's desk (calls,
states, queues) form one numbered stream per agent; all tabs of the agent see the same stream.
"""

from typing import Annotated, Any, Final, Literal, TypeAlias

import msgspec

from crm_lookup.model import Text

AgentState: TypeAlias = Literal[
    "logged_out", "available", "ringing", "on_call", "on_hold", "wrap_up", "paused"
]
VerifiedLevel: TypeAlias = Literal["none", "number", "pin"]
CallPhase: TypeAlias = Literal["ringing", "connected", "ended"]
BriefState: TypeAlias = Literal["loading", "ready", "unknown"]
Segment: TypeAlias = Literal["diamond", "gold", "silver", "standard"]
Flag: TypeAlias = Literal["complaint", "fraud", "collections"]
Channel: TypeAlias = Literal["phone", "branch", "app", "web", "message", "email", "chat", "atm"]
CaseKind: TypeAlias = Literal["enquiry", "complaint", "dispute", "fraud", "card_loss", "request"]
Role: TypeAlias = Literal["agent", "leader", "supervisor", "admin"]
Language: TypeAlias = Literal["zh", "en"]
PersonalField: TypeAlias = Literal["name", "phone", "id_number", "birth_year", "address", "email"]
WithdrawnReason: TypeAlias = Literal["no_answer", "abandoned", "elsewhere", "ended"]
ConsultationEnd: TypeAlias = Literal["transfer", "conference", "cancel"]
OfferAnswer: TypeAlias = Literal["presented", "accepted", "declined"]
WrapUpEnd: TypeAlias = Literal["agent", "timer", "supervisor", "resync"]
MonitorMode: TypeAlias = Literal["listen", "whisper", "barge"]
ErrorCode: TypeAlias = Literal[
    "bad_message",
    "not_an_agent",
    "unknown_call",
    "unknown_code",
    "unknown_agent",
    "unknown_queue",
    "queue_closed",
    "unknown_announcement",
    "no_voice",
    "bad_audio",
    "not_allowed",
    "not_now",
    "engine_away",
    "too_fast",
    "internal",
]
MonitorProblem: TypeAlias = Literal[
    "monitor_off",
    "monitor_no_phone",
    "monitor_unreachable",
    "monitor_nobody",
    "monitor_another",
    "monitor_own_phone",
    "monitor_over",
]
"""Why it was refused: switched off; the supervisor has no phone; it cannot be rung; the agent
talks to nobody; the supervisor hears another call; the phone is in use; the call is over."""
ProblemCode: TypeAlias = Literal[
    ErrorCode,
    "alarm_not_open",
    MonitorProblem,
    "audio_too_long",
    "bad_request",
    "busy",
    "csrf",
    "foreign_origin",
    "newer_article",
    "newer_work",
    "no_value",
    "not_found",
    "reason_needed",
    "sign_in_too_many",
    "sign_in_wrong",
    "signed_out",
    "too_many",
    "too_many_looks",
    "too_long_a_span",
    "too_many_searches",
    "turned_round",
    "unknown_article",
    "unknown_customer",
    "unknown_follow_up",
    "unknown_session",
    "unknown_user",
]
"""Why an HTTP request was refused; the page has words for each of them."""
CloseCode: TypeAlias = Literal[
    4400,  # the client broke the protocol
    4401,  # the ticket or the session is not, or no longer, valid
    4408,  # the client reads too slowly
    4409,  # the client said nothing for too long
    4429,  # the client sends too much
    4503,  # the server is going down
]


def _snake(name: str) -> str:
    return "".join("_" + c.lower() if c.isupper() else c for c in name).lstrip("_")


class Record(msgspec.Struct, frozen=True, kw_only=True):
    """A part of a message."""


class Message(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag=_snake):
    """Base of all messages; ``type`` names the kind."""


# --- parts -------------------------------------------------------------------------------------


class Me(Record, frozen=True, kw_only=True):
    """The signed-in person."""

    login: str
    display_name: str
    role: Role
    language: Language
    agent_id: str | None = None
    """``None`` for somebody who takes no calls."""


class Choice(Record, frozen=True, kw_only=True):
    """One entry of a list to choose from."""

    code: str
    text: Text


class Disposition(Choice, frozen=True, kw_only=True):
    """One way in which a call can end."""

    group: str
    """Code of the group in which it stands."""
    queues: tuple[str, ...] = ()
    """Only for calls of these queues; none: for all."""
    words: tuple[str, ...] = ()
    """Further words by which the search finds it."""


class Catalogue(Record, frozen=True, kw_only=True):
    """The words of this bank: what to call queues, topics and menu nodes, and what to choose."""

    queues: dict[str, Text]
    reasons: dict[str, Text]
    nodes: dict[str, Text]
    pause_reasons: tuple[Choice, ...]
    disposition_groups: tuple[Choice, ...]
    dispositions: tuple[Disposition, ...]
    extend_wrap_up_s: float
    """By how much one "extend" lengthens the wrap-up."""


class AgentStatus(Record, frozen=True, kw_only=True):
    """What the agent is doing, and since when."""

    state: AgentState
    since: float
    reason: str = ""
    """Code of the pause reason, empty unless paused."""


class CustomerInteraction(Record, frozen=True, kw_only=True):
    """One earlier contact with the customer."""

    at: float
    channel: Channel
    summary: Text
    topic: str = ""
    """Code of what it was about."""
    satisfaction: int | None = None
    """1 to 5, if the customer was asked and answered."""


class OpenCase(Record, frozen=True, kw_only=True):
    """Something that the bank has yet to do for the customer."""

    case_id: str
    kind: CaseKind
    status: Literal["open", "waiting"]
    subject: Text
    opened_at: float
    due_at: float | None = None
    """When the customer was promised an answer."""


class ProbableNeed(Record, frozen=True, kw_only=True):
    """Something about which the customer probably calls."""

    need: str
    """Code of the rule that found it."""
    title: Text
    reason: Text
    """Why we think so; names no amount."""
    weight: int
    """1 to 100; the greatest comes first."""
    topic: str
    """Topic of a call about it; the catalogue has the words."""
    facts: dict[str, str | int | float] = {}
    """What the reason stands on: dates (ISO), days, codes, tails of four digits."""


class EarlierPath(Record, frozen=True, kw_only=True):
    """How the customer went through the voice menu in an earlier call."""

    at: float
    path: str
    """Ids of the visited nodes, joined by ``>``; the oldest first."""


class SatisfactionCard(Record, frozen=True, kw_only=True):
    """What the customer said after the last conversations."""

    last: int
    """1 (bad) to 5 (good)."""
    last_at: float
    mean: float
    """Of the last ``count`` scores."""
    count: int


class RankedOffer(Record, frozen=True, kw_only=True):
    """An offer that fits the customer; the best comes first."""

    offer_id: str
    title: Text
    reason: Text
    script: Text = Text("", "")
    """What the agent may say."""
    chance: float = 0.0
    """How likely it is taken, 0 to 1."""
    worth: float = 0.0
    """What it is ranked by: chance × value − fatigue, in the currency's unit a year."""


class ScoreCard(Record, frozen=True, kw_only=True):
    """One score of the customer."""

    score: str
    title: Text
    value: Text
    reasons: tuple[Text, ...] = ()
    """What weighs most in it, at most three."""


class PersonalLine(Record, frozen=True, kw_only=True):
    """One field of the customer's personal data, as this viewer may see it now."""

    field: PersonalField
    shown: str
    """Masked, or the whole value."""
    on_request: bool = False
    """``POST /api/calls/{call_id}/unmask`` gives the whole value for a reason."""


class CustomerCard(Record, frozen=True, kw_only=True):
    """What the agent may see of the customer; masked before it gets here."""

    customer_id: str
    name: str
    phone: str
    segment: Segment
    segment_reason: Text
    language: Language
    customer_since: str
    """ISO date."""
    products: tuple[Text, ...] = ()
    balance_band: Text
    flags: tuple[Flag, ...] = ()
    relationship_manager: str | None = None
    interactions: tuple[CustomerInteraction, ...] = ()
    needs: tuple[ProbableNeed, ...] = ()
    """What this customer probably calls about, the likeliest first."""
    cases: tuple[OpenCase, ...] = ()
    """The most urgent first."""
    menu_paths: tuple[EarlierPath, ...] = ()
    """Of the last calls, newest first."""
    satisfaction: SatisfactionCard | None = None
    """``None``: never asked, or never answered."""
    offers: tuple[RankedOffer, ...] = ()
    scores: tuple[ScoreCard, ...] = ()
    """What the analysis found; empty for somebody it has not looked at."""
    services: tuple[Text, ...] = ()
    """What the customer's segment is entitled to, to be proposed by the agent."""
    personal: tuple[PersonalLine, ...] = ()
    """By the viewer's role and the call's verified level; see docs/privacy.md."""


class CandidateCard(Record, frozen=True, kw_only=True):
    """One of several customers who have the calling number, masked; the agent chooses."""

    customer_id: str
    name: str
    phone: str
    segment: Segment
    reasons: tuple[Text, ...] = ()
    """Why it may be this customer, the weightiest first."""
    need: Text | None = None
    """What this customer would most probably call about."""


class Consultation(Record, frozen=True, kw_only=True):
    """A colleague is asked while the customer waits; on the pops of both agents."""

    agent_id: str
    """The colleague."""
    asked_by: str
    """The agent who has the call and asks."""
    answered: bool = False
    conference: bool = False
    """Customer, agent and colleague hear each other."""


class Pop(Record, frozen=True, kw_only=True):
    """A call at this agent's phone, with what is known of the caller."""

    call_id: str
    pop_id: str = ""
    """One offer of this call to this agent; the page names it in ``shown``."""
    phase: CallPhase
    queue: str
    reason: str = ""
    """Topic for which the caller wants a person; the catalogue has the words."""
    menu_path: tuple[str, ...] = ()
    """Ids of the visited menu nodes, oldest first."""
    route: tuple[Text, ...] = ()
    """Why the call was sent here, in words for the agent."""
    callback: bool = False
    """We called the customer, who had asked for it."""
    verified: VerifiedLevel = "none"
    language: Language = "zh"
    number: str = ""
    """The caller's number, masked; empty when withheld."""
    queued_at: float
    raised_at: float
    connected_at: float | None = None
    ended_at: float | None = None
    brief: BriefState = "loading"
    """``loading``: the customer follows in ``pop_completed``; ``unknown``: nobody we know."""
    customer: CustomerCard | None = None
    consultation: Consultation | None = None
    answers: dict[str, OfferAnswer] = {}
    """What was noted in this call of the customer's offers, by their ids."""
    candidates: tuple[CandidateCard, ...] = ()
    """Who may be calling, the likeliest first, when several customers have the number; the agent
    asks, and says who it is with ``choose_customer``."""


class WrapUp(Record, frozen=True, kw_only=True):
    """The agent's time after a call."""

    call_id: str
    started_at: float
    until: float
    disposition: str = ""
    """The code that the agent chose, empty until then."""


class QueueLine(Record, frozen=True, kw_only=True):
    """One queue at this moment."""

    queue: str
    waiting: int
    longest_since: float | None = None
    """When the caller who waits longest joined; ``None`` if nobody waits."""
    available: int = 0
    """Agents who could take a call now."""


# --- server → page -----------------------------------------------------------------------------


class Welcome(Message, frozen=True, kw_only=True):
    """The ticket was good.  A ``snapshot`` or, if ``resumed``, the missed messages follow."""

    stream: str
    """Names the numbered stream; another name means that numbers began anew."""
    resumed: bool
    now: float
    """The server's clock, so that timers on the page run right."""
    heartbeat_s: float
    """Send ``ping`` this often."""
    me: Me
    catalogue: Catalogue


class Monitored(Message, frozen=True, kw_only=True):
    """A supervisor hears the agent's call; whether the agent is told is a setting."""

    call_id: str
    mode: MonitorMode | None
    """``barge``: the customer hears the supervisor, too; ``None``: nobody any more."""


class Snapshot(Message, frozen=True, kw_only=True):
    """Everything on the desk; replaces what the page knew.

    Also sent in mid-stream, when the engine took a fresh picture of Asterisk.
    """

    status: AgentStatus
    pops: tuple[Pop, ...] = ()
    """Oldest first; an ended call stays until its wrap-up ends."""
    wrap_up: WrapUp | None = None
    queues: tuple[QueueLine, ...] = ()
    monitored: Monitored | None = None


class AgentStateChanged(Message, frozen=True, kw_only=True, tag="agent_state"):
    """The agent's own state changed."""

    status: AgentStatus


class PopRaised(Message, frozen=True, kw_only=True):
    """A call rings at the agent's phone; replaces an earlier pop of the same call."""

    pop: Pop


class PopCompleted(Message, frozen=True, kw_only=True):
    """The brief of a pop arrived; ``None`` means that the caller stays unknown."""

    call_id: str
    customer: CustomerCard | None = None
    candidates: tuple[CandidateCard, ...] = ()
    """Replaces those of the pop, unless empty."""


class PopWithdrawn(Message, frozen=True, kw_only=True):
    """The call no longer rings here and was not answered here."""

    call_id: str
    reason: WithdrawnReason


class PopConnected(Message, frozen=True, kw_only=True):
    """The agent answered."""

    call_id: str
    connected_at: float


class CallEnded(Message, frozen=True, kw_only=True):
    """Agent and customer are no longer connected."""

    call_id: str
    ended_at: float


class ConsultationChanged(Message, frozen=True, kw_only=True):
    """The agent asks a colleague, who answers, joins, or is gone (``None``)."""

    call_id: str
    consultation: Consultation | None = None


class OfferAnswered(Message, frozen=True, kw_only=True):
    """Something was noted of an offer, on whichever page; replaces what was noted before."""

    call_id: str
    offer_id: str
    answer: OfferAnswer


class WrapUpStarted(Message, frozen=True, kw_only=True):
    """The agent has time for the call's paperwork; also sent when the time was extended."""

    wrap_up: WrapUp


class WrapUpEnded(Message, frozen=True, kw_only=True):
    """The wrap-up is over; the call leaves the desk."""

    call_id: str
    ended_by: WrapUpEnd


class QueueSummary(Message, frozen=True, kw_only=True):
    """The agent's queues now; a newer summary replaces an older one."""

    queues: tuple[QueueLine, ...]


class FollowUpDue(Message, frozen=True, kw_only=True):
    """Something that the person promised is due now; the list of follow-ups has it, too."""

    follow_up_id: str
    kind: Literal["task", "callback"]
    text: str
    due_at: float
    caller: str = ""
    """Masked; empty when it belongs to no call."""


class Pong(Message, frozen=True, kw_only=True):
    """Answer to ``ping``."""

    now: float


class Accepted(Message, frozen=True, kw_only=True):
    """The command was carried out; what it changed comes as messages of its own."""

    ref: int


class Failed(Message, frozen=True, kw_only=True):
    """The command was not carried out; nothing changed."""

    ref: int | None
    """The command's number; ``None`` if the message could not be read at all."""
    code: ErrorCode
    text_key: str
    """Key of the words for people, ``error.<code>``."""


ServerMessage: TypeAlias = (
    Welcome
    | Snapshot
    | AgentStateChanged
    | PopRaised
    | PopCompleted
    | PopWithdrawn
    | PopConnected
    | CallEnded
    | ConsultationChanged
    | OfferAnswered
    | WrapUpStarted
    | WrapUpEnded
    | QueueSummary
    | FollowUpDue
    | Monitored
    | Pong
    | Accepted
    | Failed
)

DeskMessage: TypeAlias = (
    Snapshot
    | AgentStateChanged
    | PopRaised
    | PopCompleted
    | PopWithdrawn
    | PopConnected
    | CallEnded
    | ConsultationChanged
    | OfferAnswered
    | WrapUpStarted
    | WrapUpEnded
    | QueueSummary
    | FollowUpDue
    | Monitored
)
"""The messages that change the desk; each takes the next number of the agent's stream."""


class Envelope(Record, frozen=True, kw_only=True):
    """What the server sends.

    ``seq`` is the stream's position once the message is applied.  Answers to one connection
    (``welcome`` and the ``snapshot`` after it, ``pong``, ``accepted``, ``failed``) repeat the
    present position.  Numbers may be skipped: a replay leaves out what a newer message replaced.
    """

    seq: int
    message: ServerMessage


# --- page → server -----------------------------------------------------------------------------


class Resume(Record, frozen=True, kw_only=True):
    """Where the page's knowledge ends."""

    stream: str
    seq: int


class Hello(Message, frozen=True, kw_only=True):
    """The first message of every connection; the ticket works once and for some seconds."""

    ticket: str
    resume: Resume | None = None


class SetState(Message, frozen=True, kw_only=True):
    """Take calls, or pause with a reason from the catalogue."""

    ref: int
    state: Literal["available", "paused"]
    reason: str = ""


class Ready(Message, frozen=True, kw_only=True):
    """End the wrap-up now and take calls."""

    ref: int


class ExtendWrapUp(Message, frozen=True, kw_only=True):
    """Ask for more time after the call."""

    ref: int


class Dispose(Message, frozen=True, kw_only=True):
    """Say how the call ended, with a code from the catalogue; the last choice counts."""

    ref: int
    call_id: str
    code: str


class ChooseCustomer(Message, frozen=True, kw_only=True):
    """Say which of the pop's candidates is calling; the customer follows in ``pop_completed``.

    No proof of identity: the verified level stays.  Not possible once the caller has shown a PIN.
    """

    ref: int
    call_id: str
    customer_id: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]


class AnswerOffer(Message, frozen=True, kw_only=True):
    """Say what became of an offer of this call; the next ranking takes it into account."""

    ref: int
    call_id: str
    offer_id: Annotated[str, msgspec.Meta(min_length=1, max_length=24)]
    answer: OfferAnswer


class HangUp(Message, frozen=True, kw_only=True):
    """End one's own part of the call, as hanging up the phone does."""

    ref: int
    call_id: str


class Transfer(Message, frozen=True, kw_only=True):
    """Send the customer to a queue or to a colleague who is free: exactly one of the two.

    A colleague who does not answer gives the customer back to the queue, before all others.
    """

    ref: int
    call_id: str
    queue: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    agent_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    reason: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """The topic for which the customer wants a person; empty: as before."""


class Consult(Message, frozen=True, kw_only=True):
    """Ask a colleague who is free, while the customer hears music."""

    ref: int
    call_id: str
    agent_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class SettleConsultation(Message, frozen=True, kw_only=True):
    """Leave the customer to the colleague, talk all three, or go back to the customer alone."""

    ref: int
    call_id: str
    how: ConsultationEnd


class SkillChoice(Record, frozen=True, kw_only=True):
    """A queue whose calls an agent takes; who has a lower penalty is asked first."""

    queue: str
    penalty: Annotated[int, msgspec.Meta(ge=0, le=100)] = 0


class OrderState(Message, frozen=True, kw_only=True):
    """A supervisor makes an agent available, pauses them, or signs them out.

    ``available`` also ends a wrap-up.  For supervisors and administrators, like all orders; the
    journal holds who gave it.
    """

    ref: int
    agent_id: str
    state: Literal["available", "paused", "logged_out"]
    reason: str = ""


class OrderWrapUpEnd(Message, frozen=True, kw_only=True):
    """A supervisor ends an agent's wrap-up; a pause that the agent asked for is forgotten."""

    ref: int
    agent_id: str


class OrderSkills(Message, frozen=True, kw_only=True):
    """A supervisor replaces an agent's skills; they hold at once, also for who is signed in."""

    ref: int
    agent_id: str
    skills: Annotated[tuple[SkillChoice, ...], msgspec.Meta(max_length=50)]
    """None: the agent takes calls of the queues that the settings say."""


class MoveCall(Message, frozen=True, kw_only=True):
    """A supervisor moves a waiting caller, gives another priority, or both."""

    ref: int
    call_id: str
    queue: str | None = None
    priority: Annotated[int, msgspec.Meta(ge=0, le=1000)] | None = None


class Shown(Message, frozen=True, kw_only=True):
    """A pop stands on the page's screen.  Not answered; said anew after every reconnection."""

    pop_id: Annotated[str, msgspec.Meta(max_length=200)]
    page: Annotated[str, msgspec.Meta(min_length=1, max_length=40)]
    """A random name that the page gives itself when it is loaded."""


class Ping(Message, frozen=True, kw_only=True):
    """Sign of life."""


Order: TypeAlias = OrderState | OrderWrapUpEnd | OrderSkills | MoveCall
"""What a supervisor wants of somebody else."""
Command: TypeAlias = (
    SetState
    | Ready
    | ExtendWrapUp
    | Dispose
    | ChooseCustomer
    | AnswerOffer
    | HangUp
    | Transfer
    | Consult
    | SettleConsultation
    | OrderState
    | OrderWrapUpEnd
    | OrderSkills
    | MoveCall
)
"""What the person wants; ``ref`` is the page's own number, repeated in the answer."""
ClientMessage: TypeAlias = (
    Hello
    | SetState
    | Ready
    | ExtendWrapUp
    | Dispose
    | ChooseCustomer
    | AnswerOffer
    | HangUp
    | Transfer
    | Consult
    | SettleConsultation
    | OrderState
    | OrderWrapUpEnd
    | OrderSkills
    | MoveCall
    | Shown
    | Ping
)


# --- REST --------------------------------------------------------------------------------------


class SignIn(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /api/session``."""

    login: str
    password: str


class SessionView(Record, frozen=True, kw_only=True):
    """Answer of ``POST /api/session``, and of ``GET`` unless nobody is signed in (204)."""

    me: Me
    csrf: str
    """Send it back as ``X-CSRF-Token`` with everything that changes something."""


class TicketView(Record, frozen=True, kw_only=True):
    """Answer of ``POST /api/socket-ticket``."""

    ticket: str
    expires_in_s: float


class LanguageChoice(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``PUT /api/session/language``."""

    language: Language


class SessionLine(Record, frozen=True, kw_only=True):
    """One signed-in browser."""

    session_id: str
    current: bool
    created_at: float
    seen_at: float
    address: str
    user_agent: str


class PersonSessions(Record, frozen=True, kw_only=True):
    """Somebody who can sign in, and whether they have."""

    login: str
    display_name: str
    role: Role
    agent_id: str | None = None
    disabled: bool = False
    sessions: int = 0
    """Signed-in browsers."""
    seen_at: float | None = None
    """When one of those was last in use; ``None`` if there is none."""
    may_end: bool = False
    """Whether the person who asks may end these sessions."""


class Problem(Record, frozen=True, kw_only=True):
    """Body of every refusal."""

    code: ProblemCode
    text_key: str
    """Key of the words for people, ``error.<code>``."""


MAX_MESSAGE_BYTES: Final = 65_536
"""Neither side sends more in one message."""

ENCODER: Final = msgspec.json.Encoder()
CLIENT_DECODER: Final[msgspec.json.Decoder[ClientMessage]] = msgspec.json.Decoder(ClientMessage)
ENVELOPE_DECODER: Final[msgspec.json.Decoder[Envelope]] = msgspec.json.Decoder(Envelope)


def encode_body(message: ServerMessage) -> bytes:
    """Return the message without its envelope; many envelopes may share it."""
    return ENCODER.encode(message)


def wrap(seq: int, body: bytes) -> str:
    """Return the text frame that holds an encoded message at a position of the stream."""
    return f'{{"seq":{seq},"message":{body.decode()}}}'


def card_of(brief: Any, personal: tuple[PersonalLine, ...] = ()) -> CustomerCard:
    """Return what a page may see of a customer's brief: the fields of the card and no others.

    ``personal`` is what this viewer may see of the personal data.

    ``brief`` is a :class:`crm_lookup.model.CustomerBrief` or anything with the same attributes;
    raises :class:`msgspec.ValidationError` for anything else.
    """
    card = msgspec.convert(brief, CustomerCard, from_attributes=True)
    return msgspec.structs.replace(card, personal=personal)
