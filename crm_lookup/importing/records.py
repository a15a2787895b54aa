"""What is staged of a customer, and what is known of a run.

Rows are complete and final: writing them needs no rule of the mapping any more, so that a run can
be finished by a later process.
"""

from typing import Final, Literal

import msgspec

COLUMNS: Final = (
    *("kind", "status", "name", "family_name", "segment", "segment_reason_zh"),
    *("segment_reason_en", "language", "birth_year", "gender", "city_code", "since"),
    "relationship_manager",
)
"""Of ``customers``, in the order of :attr:`Customer.values`."""
LAYOUT: Final = 1
"""Of what is staged; raised when an older stage could not be written any more."""
NO_SEGMENT: Final = ("尚未分层", "Not classified yet")
"""The reason, in both languages, of the segment of somebody for whom none was given."""
DETAILS: Final = ("id_kind", "id_number", "address", "email")


class Number(msgspec.Struct, frozen=True, array_like=True):
    key: str
    """E.164, or its keyed hash where numbers are sealed."""
    kind: str
    primary: bool
    relation: str
    sealed: str | None = None


class Consent(msgspec.Struct, frozen=True, array_like=True):
    purpose: str
    at: float
    granted: bool
    dated: bool
    """The file says when; otherwise what stands there already is older and right."""


class Holding(msgspec.Struct, frozen=True, array_like=True):
    product: str
    opened: str | None
    """ISO date; ``None``: as it stands, or else when the customer came."""
    balance: int | None
    currency: str | None
    matures: str | None
    whole: bool
    """Balance and maturity are the file's to say."""


class Customer(msgspec.Struct, frozen=True, array_like=True):
    """One customer to be written, all of it or nothing."""

    change: Literal["added", "changed", "missing"]
    customer_id: str
    external_id: str
    mark: str = ""
    values: tuple[str | int | None, ...] = ()
    numbers: tuple[Number, ...] = ()
    consents: tuple[Consent, ...] = ()
    holdings: tuple[Holding, ...] = ()
    details: tuple[str | None, ...] = ()
    """In the order of ``DETAILS``."""


class Plan(msgspec.Struct, frozen=True, kw_only=True):
    """What a mapping gives; the rest of a customer who is there already stays as it is."""

    columns: tuple[str, ...]
    """Of ``COLUMNS``."""
    numbers: bool
    holdings: bool
    details: tuple[str, ...]
    """Of ``DETAILS``."""


class Counts(msgspec.Struct, kw_only=True):
    """Of rows."""

    lines: int = 0
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    rejected: int = 0
    closed: int = 0
    """Customers whom a full delivery no longer held."""
    left_out: int = 0
    """Values that were left out of rows which went in."""


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """A run whose stage is complete, as it stands in the database until the last row is in."""

    stage: str
    """Name of the file in the folder of imports."""
    source: str
    digest: str
    """SHA-256 of the file, hex."""
    started_at: float
    counts: Counts
    plan: Plan
    rejects: str = ""
    """The reject file; empty if there is none."""
    staged: int
    """Customers to be written."""
    done: int = 0
    """How many of them are."""
    layout: int = LAYOUT
    sealed_under: str = ""
    """Id of the key under which the stage is sealed; empty if it is not."""


class Known(msgspec.Struct, frozen=True):
    """A customer who is there already."""

    customer_id: str
    mark: str | None
