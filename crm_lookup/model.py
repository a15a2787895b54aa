"""The records that this package gives to others.

Money is integer minor units (fen, cents) with an ISO 4217 currency.  Texts that people read come
in Chinese (``zh``) and English (``en``).
"""

from typing import Literal, NewType, TypeAlias

import msgspec

CustomerId = NewType("CustomerId", str)
RecognitionStatus: TypeAlias = Literal["recognised", "ambiguous", "unknown", "withheld", "invalid"]


class Text(msgspec.Struct, frozen=True):
    """One text in both languages."""

    zh: str
    en: str


class Recognition(msgspec.Struct, frozen=True, kw_only=True):
    """What the caller's number says about who is calling; never proof of identity."""

    status: RecognitionStatus
    number: str = ""
    """E.164 form, empty unless the number was valid."""
    candidates: tuple[CustomerId, ...] = ()

    @property
    def customer_id(self) -> CustomerId | None:
        """The one customer whom the number names, if exactly one."""
        return self.candidates[0] if self.status == "recognised" else None


class AccountBalance(msgspec.Struct, frozen=True, kw_only=True):
    account_id: str
    kind: Literal["current", "savings", "credit_card", "loan"]
    tail: str
    """Last four digits of the account or card number."""
    currency: str
    balance: int
    """Minor units; what the customer owns (negative: owes)."""


class Interaction(msgspec.Struct, frozen=True, kw_only=True):
    at: float
    channel: Literal["phone", "branch", "app", "web", "message", "email", "chat", "atm"]
    summary: Text
    satisfaction: int | None = None
    """1 to 5, if the customer was asked and answered."""


class OpenCase(msgspec.Struct, frozen=True, kw_only=True):
    """Something that the bank has yet to do for a customer."""

    case_id: str
    kind: Literal["enquiry", "complaint", "dispute", "fraud", "card_loss", "request"]
    status: Literal["open", "waiting"]
    subject: Text
    opened_at: float
    due_at: float | None = None


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
    cases: tuple[OpenCase, ...] = ()
    """What is open, the most urgent first."""
    offers: tuple[Offer, ...]
    scores: tuple[ScoreLine, ...] = ()
    """What the analysis found; empty for somebody it has not looked at."""
    services: tuple[Text, ...] = ()
    """What the customer's segment is entitled to, to be proposed by the agent."""
