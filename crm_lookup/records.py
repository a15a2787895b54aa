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


class NumberRecord(msgspec.Struct, frozen=True, kw_only=True):
    number: str
    """E.164."""
    kind: Literal["mobile", "home", "work"] = "mobile"
    is_primary: bool = True


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
    """Those that are not closed, the next due first, then the oldest."""
    declined: tuple[tuple[str, float], ...] = ()
    """Offers that the customer declined, and when, newest first."""
    accepted: tuple[tuple[str, float], ...] = ()
    presented: tuple[tuple[str, float], ...] = ()
    """The same of those accepted, and of those that an agent presented."""
    scores: Scores | None = None
