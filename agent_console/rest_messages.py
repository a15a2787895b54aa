"""The records of the console's HTTP requests beside signing in; the one place of their spelling.

The TypeScript types and the OpenAPI document are generated from here, together with
:mod:`agent_console.messages`, whose conventions hold: epoch seconds, texts in two languages.
"""

from typing import Annotated, Final, Literal, TypeAlias

import msgspec

from agent_console.messages import (
    AgentState,
    Choice,
    Language,
    PersonalField,
    Record,
    VerifiedLevel,
)

MOST_NOTE: Final = 8_000
"""Characters of a note; a minute of fast typing makes 400."""
FollowUpKind: TypeAlias = Literal["task", "callback"]
Moment: TypeAlias = Annotated[float, msgspec.Meta(ge=0, le=4_102_444_800)]
"""Epoch seconds until the year 2100."""
Count: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=9_007_199_254_740_991)]
"""What a page's numbers can hold."""
NoteText: TypeAlias = Annotated[str, msgspec.Meta(max_length=MOST_NOTE)]
ShortText: TypeAlias = Annotated[str, msgspec.Meta(max_length=500)]


class Body(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a page sends; an unknown field is refused."""


# --- a call's paperwork ------------------------------------------------------------------------


class FollowUpDraft(Body, frozen=True, kw_only=True):
    """A follow-up that is being written and was not ordered yet."""

    kind: FollowUpKind
    text: ShortText
    due_at: Moment | None


class WorkDraft(Body, frozen=True, kw_only=True):
    """Body of ``PUT /api/calls/{call_id}/work``: all that the agent has typed about a call."""

    seq: Count
    """Greater than any before; an older one is refused, so that nothing newer is lost."""
    note: NoteText
    follow_up: FollowUpDraft | None
    """``None``: its form is shut."""


class CallWork(Record, frozen=True, kw_only=True):
    """What is stored of an agent's paperwork for a call."""

    call_id: str
    seq: int
    """0: nothing was stored yet."""
    note: str
    follow_up: FollowUpDraft | None = None
    saved_at: float | None = None


# --- follow-ups --------------------------------------------------------------------------------


class FollowUpOrder(Body, frozen=True, kw_only=True):
    """Body of ``POST /api/follow-ups``; the same ``key`` twice makes one."""

    key: Annotated[str, msgspec.Meta(min_length=8, max_length=64)]
    """A random name that the page gives, so that a repeated request orders nothing twice."""
    kind: FollowUpKind
    text: ShortText
    due_at: Moment
    call_id: Annotated[str, msgspec.Meta(max_length=64)] | None = None
    """The call that it follows; gives the customer."""


class FollowUpChange(Body, frozen=True, kw_only=True):
    """Body of ``PUT /api/follow-ups/{follow_up_id}``; the last change counts."""

    text: ShortText
    due_at: Moment
    done: bool


class FollowUpLine(Record, frozen=True, kw_only=True):
    """Something that the agent has promised."""

    follow_up_id: str
    kind: FollowUpKind
    text: str
    due_at: float
    created_at: float
    done_at: float | None = None
    call_id: str | None = None
    caller: str = ""
    """The customer as the pop showed them, masked."""
    message_s: float | None = None
    """Seconds of the message that the caller left; ``null`` when there is none to hear."""


# --- own calls and figures ---------------------------------------------------------------------


class OwnCall(Record, frozen=True, kw_only=True):
    """One of the agent's own calls."""

    call_id: str
    caller: str
    """As the pop showed it, masked; empty for nobody we know."""
    number: str
    """Masked."""
    customer_id: str | None = None
    queue: str
    reason: str
    verified: VerifiedLevel
    connected_at: float
    ended_at: float | None = None
    disposition: str = ""
    note: str = ""
    follow_ups: int = 0


class OwnDay(Record, frozen=True, kw_only=True):
    """The agent's figures since midnight in the bank's time zone; durations are seconds."""

    since: float
    offered: int = 0
    """How often the phone rang."""
    answered: int = 0
    missed: int = 0
    mean_talk_time: float | None = None
    """Holding included; ``None`` before the first call has ended."""
    mean_wrap_up_time: float | None = None
    disposed: int = 0
    follow_ups_due: int = 0
    """Own follow-ups that are due today or overdue."""


class TeamMember(Record, frozen=True, kw_only=True):
    """What a colleague is doing now."""

    agent_id: str
    name: str
    state: AgentState
    since: float
    reason: str = ""


class CustomerGroup(Record, frozen=True, kw_only=True):
    """Customers who meet some conditions, as a whole."""

    size: int
    segments: dict[str, int]
    means: dict[str, float]
    """Of each score; money in the currency's unit."""
    expected_value: float
    """The currency's unit a year: what could come, or what making the offer would bring."""


class GroupWord(Choice, frozen=True, kw_only=True):
    """An attribute that is compared with a word, by = and != only."""

    values: tuple[Choice, ...] = ()
    """What may stand there; none: anything."""


class GroupFields(Record, frozen=True, kw_only=True):
    """What conditions may name; they are written ``loyalty>=70`` and ``segment=gold``."""

    numbers: tuple[Choice, ...]
    """Compared with a number, by = != > >= < <=."""
    words: tuple[GroupWord, ...]
    offers: tuple[Choice, ...]


class GroupExportOrder(Body, frozen=True, kw_only=True):
    """Body of ``POST /api/groups/export``."""

    where: Annotated[
        tuple[Annotated[str, msgspec.Meta(min_length=1, max_length=200)], ...],
        msgspec.Meta(max_length=20),
    ]
    """Conditions, all of which must hold; none: all customers who were analysed."""


class GroupExport(Record, frozen=True, kw_only=True):
    """Ids and scores of a group; who took it stands in the audit."""

    size: int
    csv: str
    """With a head line."""


# --- unknown callers ---------------------------------------------------------------------------


class CustomerQuery(Body, frozen=True, kw_only=True):
    """Body of ``POST /api/customers/search``: a whole name, or a number."""

    name: Annotated[str, msgspec.Meta(max_length=80)] = ""
    card_tail: Annotated[str, msgspec.Meta(pattern=r"^([0-9]{4})?$", max_length=4)] = ""
    """The last four digits of a card; narrows what name or number find."""
    number: Annotated[str, msgspec.Meta(max_length=32)] = ""
    """A telephone number as it is spoken here."""
    call_id: Annotated[str, msgspec.Meta(max_length=64)] = ""
    """The call for which is searched; agents must have it."""


class UnmaskOrder(Body, frozen=True, kw_only=True):
    """Body of ``POST /api/calls/{call_id}/unmask``."""

    field: PersonalField
    reason: Annotated[str, msgspec.Meta(max_length=200)]
    """Why it is needed, in at least four letters or signs; stands in the audit."""


class Unmasked(Body, frozen=True, kw_only=True):
    """The whole value."""

    field: PersonalField
    value: str


class CallerChoice(Body, frozen=True, kw_only=True):
    """Body of ``POST /api/calls/{call_id}/customer``."""

    customer_id: Annotated[str, msgspec.Meta(min_length=1, max_length=32)]
    remember: bool = True
    """Recognise the customer by this number from now on."""


class NewProspect(Body, frozen=True, kw_only=True):
    """Body of ``POST /api/calls/{call_id}/prospect``."""

    name: Annotated[str, msgspec.Meta(min_length=1, max_length=80)]
    language: Language = "zh"


# --- preferences -------------------------------------------------------------------------------

Code: TypeAlias = Annotated[str, msgspec.Meta(min_length=1, max_length=64)]


class Preferences(Body, frozen=True, kw_only=True):
    """What a person likes on every browser; answer of ``GET`` and body of ``PUT``."""

    favourites: Annotated[tuple[Code, ...], msgspec.Meta(max_length=30)] = ()
    """Codes of outcomes that stand first."""
    notify: bool = False
    """Show a notification of the system when a call rings."""
