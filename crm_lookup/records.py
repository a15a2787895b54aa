"""What the storage holds of one customer, unmasked; never leaves this package.

Every storage fills a :class:`CustomerRecord`, and :mod:`crm_lookup.brief` turns it into what an
agent may see, so that all storages give the same brief.
"""

from typing import Literal, TypeAlias

import msgspec

from crm_lookup.model import AccountBalance, CustomerId, Interaction, OpenCase, Text
from crm_lookup.scores import Scores

CustomerKind: TypeAlias = Literal["person", "company"]
CustomerStatus: TypeAlias = Literal["customer", "prospect", "closed"]
Segment: TypeAlias = Literal["diamond", "gold", "silver", "standard"]
Flag: TypeAlias = Literal["complaint", "fraud", "collections"]


NumberUse: TypeAlias = Literal["mobile", "home", "work"]
Relation: TypeAlias = Literal["own", "household", "company"]


class NumberRecord(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    """E.164."""
    kind: NumberUse = "mobile"
    is_primary: bool = True
    relation: Relation = "own"
    """Whose telephone it is."""


class NumberMatch(msgspec.Struct, frozen=True, kw_only=True):
    """A customer who has the number that calls."""

    customer_id: CustomerId
    customer_kind: CustomerKind = "person"
    kind: NumberUse = "mobile"
    is_primary: bool = True
    relation: Relation = "own"
    called_at: float | None = None
    """The customer's last call, from whichever number."""


class Bill(msgspec.Struct, frozen=True, kw_only=True):
    """The newest bill of a credit card; money in minor units."""

    tail: str
    due_on: str
    """ISO date."""
    amount: int
    minimum: int
    paid: int


class LoanDue(msgspec.Struct, frozen=True, kw_only=True):
    """The next instalment of a loan."""

    tail: str
    product: str
    due_on: str
    overdue: int
    """Minor units that should have been paid before."""


class CardOrder(msgspec.Struct, frozen=True, kw_only=True):
    """A card that was ordered and is not in use yet."""

    order_id: str
    kind: Literal["debit", "credit"]
    stage: Literal["received", "in_production", "sent", "delivered"]
    ordered_on: str
    expected_on: str


class PaymentFailure(msgspec.Struct, frozen=True, kw_only=True):
    """A payment of the customer that did not go through."""

    at: float
    payee: str
    cause: Literal["funds", "limit", "card_blocked", "wrong_details", "technical"]


class Maturing(msgspec.Struct, frozen=True, kw_only=True):
    """A term deposit or another holding that ends on a day."""

    product: str
    tail: str
    """Empty if it has no number."""
    matures_on: str
    renews: bool = False
    """The customer has ordered that it goes on."""


class LastPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the voice menu the customer's last call broke off."""

    at: float
    topic: str
    node: str


class CustomerRecord(msgspec.Struct, frozen=True, kw_only=True):
    customer_id: CustomerId
    kind: CustomerKind = "person"
    status: CustomerStatus = "customer"
    name: str
    family_name: str
    """Empty for a company."""
    segment: Segment
    segment_reason: Text
    language: Literal["zh", "en"] = "zh"
    birth_year: int | None = None
    id_number: str = ""
    address: str = ""
    email: str = ""
    since: str
    """ISO date."""
    relationship_manager: str | None = None
    numbers: tuple[NumberRecord, ...] = ()
    accounts: tuple[AccountBalance, ...] = ()
    """Open accounts, in the order of their ids."""
    holdings: tuple[str, ...] = ()
    """Product codes of :mod:`crm_lookup.catalogue`, sorted."""
    flags: tuple[Flag, ...] = ()
    marketing_consent: bool = False
    interactions: tuple[Interaction, ...] = ()
    """The last ones, newest first."""
    cases: tuple[OpenCase, ...] = ()
    """Those that are not closed."""
    declined: tuple[tuple[str, float], ...] = ()
    """Offers that the customer declined, and when, newest first."""
    accepted: tuple[tuple[str, float], ...] = ()
    presented: tuple[tuple[str, float], ...] = ()
    """The same of those accepted, and of those that an agent presented."""
    scores: Scores | None = None
    bills: tuple[Bill, ...] = ()
    """The newest of each credit card, by tail."""
    loans: tuple[LoanDue, ...] = ()
    card_orders: tuple[CardOrder, ...] = ()
    failures: tuple[PaymentFailure, ...] = ()
    """Lately, newest first."""
    maturing: tuple[Maturing, ...] = ()
    """Soon, in the order of the days."""
    place: LastPlace | None = None
    pin_locked_until: float | None = None
