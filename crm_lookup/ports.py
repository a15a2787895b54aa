"""What this package offers to the rest; :mod:`crm_lookup.sqlite` and ``memory`` implement it."""

from typing import Protocol

import msgspec

from crm_lookup.model import AccountBalance, CustomerBrief, CustomerId, Recognition


class CustomerDirectory(Protocol):
    """Who is calling, and what an agent should know of them."""

    async def recognise(self, raw_number: str | None) -> Recognition:
        """Return whom the raw caller id names.  It is never proof of identity."""

    async def by_card_number(self, digits: str) -> CustomerId | None:
        """Return the owner of a card that is not expired; separators in ``digits`` are ignored."""

    async def segment(self, customer_id: CustomerId) -> str:
        """Return the value segment; ``standard`` when there is no such customer."""

    async def brief(self, customer_id: CustomerId) -> CustomerBrief | None:
        """Return the masked brief, or ``None`` when there is no such customer."""


class BankAccounts(Protocol):
    async def balances(self, customer_id: CustomerId) -> tuple[AccountBalance, ...]:
        """Return the accounts that are not closed in the order of their ids; empty if unknown."""


class Attempt(msgspec.Struct, frozen=True, kw_only=True):
    """One try at a PIN, counted before it is known whether it is right."""

    pin_hash: str
    """Encoded argon2 hash; empty when the customer has no PIN or is locked."""
    failures: int = 0
    """Consecutive failures, this try included."""
    locked: bool = False
    """The customer was locked before this try."""


class PinStore(Protocol):
    """Keeps PIN hashes and counts tries, durably and atomically."""

    async def begin_attempt(
        self, customer_id: CustomerId, *, now: float, limit: int, lock_seconds: float
    ) -> Attempt:
        """Count one try as failed, and lock with the ``limit``-th, in one atomic step.

        A lock that ended before ``now`` (epoch seconds) starts the count anew.  An unknown
        customer costs as much as a known one.
        """

    async def succeed(self, customer_id: CustomerId, *, pin_hash: str | None = None) -> None:
        """Forget the failures and the lock; ``pin_hash`` replaces the stored hash."""

    async def set_pin(self, customer_id: CustomerId, pin_hash: str, *, now: float) -> None:
        """Store a new PIN's hash and forget all failures.

        Raises :class:`crm_lookup.errors.UnknownCustomerError`.
        """
