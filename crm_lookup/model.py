"""The records that this package gives to others.

Money is integer minor units (fen, cents) with an ISO 4217 currency.  Texts that people read come
in Chinese (``zh``) and English (``en``).
"""

from typing import Any, Literal, NewType, TypeAlias

import msgspec

CustomerId = NewType("CustomerId", str)
RecognitionStatus: TypeAlias = Literal["recognised", "ambiguous", "unknown", "withheld", "invalid"]


class Text(msgspec.Struct, frozen=True):
    """One text in both languages."""

    zh: str
    en: str


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """One customer who may be behind a number, and why."""

    customer_id: CustomerId
    reasons: tuple[Text, ...] = ()
    """In words for the agent, the weightiest first: ``own mobile``, ``called 3 days ago``, …"""


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller's number says about who is calling; never proof of identity."""

    status: RecognitionStatus
    number: str = ""
    """E.164 form, empty unless the number was valid."""
    candidates: tuple[Candidate, ...] = ()
    """The likeliest first; with several nobody is chosen."""

    @property
    def customer_id(self) -> CustomerId | None:
        """The one customer whom the number names, if exactly one."""
        return self.candidates[0].customer_id if self.status == "recognised" else None


class AccountBalance(msgspec.Struct, frozen=True, kw_only=True):
    account_id: str
    kind: Literal["current", "savings", "credit_card", "loan"]
    tail: str
    """Last four digits of the account or card number."""
    currency: str
    balance: int
    """Minor units; what the customer owns (negative: owes)."""


Channel: TypeAlias = Literal["phone", "branch", "app", "web", "message", "email", "chat", "atm"]


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    """One contact with the customer, on whichever channel."""

    at: float
    channel: Channel
    summary: Text
    topic: str = ""
    """Code of what it was about, e.g. ``card_bill``."""
    menu_path: str = ""
    """Ids of the visited nodes of the voice menu, joined by ``>``; the oldest first."""
    satisfaction: int | None = None
    """The customer's own score, 1 (bad) to 5 (good)."""


class MenuPath(msgspec.Struct, frozen=True, kw_only=True):
    """How the customer went through the voice menu in an earlier call."""

    at: float
    path: str
    """Ids of the visited nodes, joined by ``>``; the oldest first."""


class Satisfaction(msgspec.Struct, frozen=True, kw_only=True):
    """What the customer said after the last conversations."""

    last: int
    """1 (bad) to 5 (good)."""
    last_at: float
    mean: float
    """Of the last ``count`` scores."""
    count: int


class OpenCase(msgspec.Struct, frozen=True, kw_only=True):
    """Something on which the bank still works for the customer."""

    case_id: str
    kind: Literal["enquiry", "complaint", "dispute", "fraud", "card_loss", "request"]
    status: Literal["open", "waiting"]
    """``waiting``: for the customer or somebody outside the bank."""
    subject: Text
    opened_at: float
    due_at: float | None = None
    """When the customer was promised an answer."""
    owner: str | None = None


class Need(msgspec.Struct, frozen=True, kw_only=True):
    """Something about which the customer probably calls."""

    need: str
    """Code of the rule in :mod:`crm_lookup.needs`."""
    title: Text
    reason: Text
    """Why we think so, to be read by the agent; names no amount."""
    weight: int
    """1 to 100; the greatest comes first."""
    topic: str
    """Topic of a call about it, as menus and routing rules name it."""
    facts: dict[str, str | int | float] = {}
    """What the reason stands on: dates (ISO), days, codes, tails of four digits."""


class Offer(msgspec.Struct, frozen=True, kw_only=True):
    offer_id: str
    title: Text
    reason: Text
    """Why this offer fits this customer, to be read by the agent."""
    script: Text = Text("", "")
    """What the agent may say."""
    chance: float = 0.0
    """How likely it is taken, 0 to 1."""
    worth: float = 0.0
    """Chance × value − fatigue, in yuan a year: what it is ranked by."""


class ScoreLine(msgspec.Struct, frozen=True, kw_only=True):
    """One score of a customer as an agent may see it."""

    score: str
    title: Text
    value: Text
    reasons: tuple[Text, ...]
    """What weighs most in it, at most three."""


class Held:
    """Personal data in clear, on their way to a viewer.

    No record on purpose: whoever tries to encode, print or store it gets an error or nothing.
    :func:`crm_lookup.unmasking.personal_lines` makes of it what may be seen.
    """

    __slots__ = (*("address", "birth_year", "email", "family_name", "id_number", "name", "phone"),)

    def __init__(
        self,
        *,
        name: str,
        family_name: str = "",
        phone: str = "",
        id_number: str = "",
        address: str = "",
        email: str = "",
        birth_year: str = "",
    ) -> None:
        self.name = name
        self.family_name = family_name
        self.phone = phone
        self.id_number = id_number
        self.address = address
        self.email = email
        self.birth_year = birth_year

    def __repr__(self) -> str:
        return "Held(…)"

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Held):
            return NotImplemented
        return all(getattr(self, name) == getattr(other, name) for name in self.__slots__)

    def __hash__(self) -> int:
        return hash(self.name)


class PersonalLine(msgspec.Struct, frozen=True, kw_only=True):
    """One field of a customer's personal data, as one viewer may see it."""

    field: Literal["name", "phone", "id_number", "birth_year", "address", "email"]
    """A field of :mod:`crm_lookup.masking`."""
    shown: str
    """Masked, or the whole value."""
    on_request: bool
    """The whole value is given for a reason."""


class CustomerBrief(msgspec.Struct, frozen=True, kw_only=True):
    """What an agent sees of a customer in a screen-pop, masked."""

    customer_id: CustomerId
    name: str
    """Masked by the caller's verified level: the family name and ``**``."""
    phone: str
    """Masked: ``+86 138****8000``."""
    segment: Literal["diamond", "gold", "silver", "standard"]
    segment_reason: Text
    language: Literal["zh", "en"]
    customer_since: str
    """ISO date."""
    products: tuple[Text, ...]
    balance_band: Text
    flags: tuple[Literal["complaint", "fraud", "collections"], ...]
    relationship_manager: str | None
    interactions: tuple[Interaction, ...]
    offers: tuple[Offer, ...]
    needs: tuple[Need, ...] = ()
    """What this customer probably calls about, the likeliest first."""
    cases: tuple[OpenCase, ...] = ()
    """The most urgent first."""
    menu_paths: tuple[MenuPath, ...] = ()
    """Of the last calls, newest first."""
    satisfaction: Satisfaction | None = None
    """``None``: never asked, or never answered."""
    scores: tuple[ScoreLine, ...] = ()
    """What the analysis found; empty for somebody it has not looked at."""
    services: tuple[Text, ...] = ()
    """What the customer's segment is entitled to, to be proposed by the agent."""
    held: Any = msgspec.UNSET
    """A :class:`Held`, for whoever may see more than the lowest level; cannot be encoded."""
