"""What this package offers to the rest; :mod:`crm_lookup.sql` and ``memory`` implement it."""

from datetime import date
from typing import Literal, Protocol, TypeVar

import msgspec

from crm_lookup.bank.records import CoreHealth
from crm_lookup.bank.requests import Asker, Request
from crm_lookup.model import AccountBalance, CustomerBrief, CustomerId, Recognition, Text

ReplyT = TypeVar("ReplyT")


class CustomerDirectory(Protocol):
    """Who is calling, and what an agent should know of them."""

    async def recognise(self, raw_number: str | None) -> Recognition:
        """Return whom the raw caller id names.  It is never proof of identity."""

    async def by_card_number(self, digits: str) -> CustomerId | None:
        """Return the owner of a card that is not expired; separators in ``digits`` are ignored."""

    async def by_card_tail(self, raw_number: str | None, tail: str) -> CustomerId | None:
        """Return the customer with this number who has a card ending in the four digits.

        ``None`` when nobody has both, or several do.  Cards that are expired do not count.
        """

    async def segment(self, customer_id: CustomerId) -> str:
        """Return the value segment; ``standard`` when there is no such customer."""

    async def brief(self, customer_id: CustomerId) -> CustomerBrief | None:
        """Return the masked brief, or ``None`` when there is no such customer."""


class CustomerSearch(Protocol):
    """Finding customers by what a caller says, and remembering their number."""

    async def search(self, *, name: str, card_tail: str, number: str) -> tuple[CustomerId, ...]:
        """Return at most 20 customers by id.

        ``name`` is a whole name as it is stored, ``number`` E.164; one of them is needed, and
        whatever is not empty must fit.  ``card_tail`` is the last four digits of a living card.
        """

    async def link_number(self, customer_id: CustomerId, number: str, *, mobile: bool) -> bool:
        """Remember the number (E.164, nothing if empty); ``False``: there is no such customer."""

    async def add_prospect(
        self,
        name: str,
        language: Literal["zh", "en"],
        number: str,
        *,
        mobile: bool,
        today: date,
        now: float,
    ) -> CustomerId:
        """Store somebody who is no customer yet, with the number if there is one."""


class LastAgents(Protocol):
    """Who talked with a customer last."""

    async def note_agent(self, customer_id: CustomerId, agent_id: str, at: float) -> None:
        """Remember a conversation that ended at ``at`` (epoch seconds); older ones are ignored.

        An unknown customer is ignored, too.
        """

    async def last_agent(self, customer_id: CustomerId, since: float) -> str | None:
        """Return the agent of the last conversation, if it ended after ``since``."""


class CallContact(msgspec.Struct, frozen=True, kw_only=True):
    """A call that has ended, for the customer's timeline."""

    customer_id: CustomerId
    call_id: str
    at: float
    """When it arrived, epoch seconds."""
    topic: str
    summary: Text
    agent_id: str | None = None
    """Who talked with the customer last."""
    menu_path: str = ""
    satisfaction: int | None = None


class CallContacts(Protocol):
    """The telephone's part of the customers' timelines."""

    async def note_contact(
        self, contact: CallContact, *, instead_of: CustomerId | None = None
    ) -> None:
        """Keep a call; told again (by ``call_id``) it replaces what was told before.

        ``instead_of`` is the customer under whom it was kept before.  An unknown customer is
        ignored.
        """


class OfferAnswers(Protocol):
    """What customers said to the offers that agents made them."""

    async def note_offer(
        self,
        customer_id: CustomerId,
        offer_id: str,
        response: str,
        *,
        at: float,
        agent_id: str,
        call_id: str,
    ) -> None:
        """Remember that an offer was ``presented``, ``accepted`` or ``declined`` at ``at``.

        The same response to the same offer in the same call counts once, and a later one of
        accepted and declined replaces the earlier.  An unknown customer is ignored.
        """


class Balances(Protocol):
    async def balances(self, customer_id: CustomerId) -> tuple[AccountBalance, ...]:
        """Return the accounts that are not closed in the order of their ids; empty if unknown."""


class BankAccounts(Protocol):
    """The bank's services for somebody on the telephone; :mod:`crm_lookup.bank.requests` lists
    what can be asked.

    ``reply = await accounts.ask(TransactionInquiry(limit=5), by=asker)`` is typed: a
    :class:`~crm_lookup.bank.records.TransactionPage`.
    """

    async def ask(self, request: Request[ReplyT], by: Asker) -> ReplyT:
        """Answer an inquiry or carry out an order, within the deadline of the implementation.

        An order is carried out once for each call, kind and subject (card, account, topic): asked
        again it gives the same case number.  Hanging up (cancelling) does not stop an order.

        Raises :class:`~crm_lookup.bank.errors.BankRefusedError` (``reason`` says why; nothing was
        changed) or :class:`~crm_lookup.bank.errors.BankUnavailableError` (slow or failed core).
        """


class BankCore(Protocol):
    """The bank's ledger; trusts that the one who asks may ask."""

    async def perform(self, request: Request[ReplyT], by: Asker, key: str) -> ReplyT:
        """Answer an inquiry (``key`` is empty) or carry out an order once for its key.

        The same key and order give the first answer again, over restarts as well; the same key
        with another order raises ``BankRefusedError("key_reused")``.  Otherwise raises as
        :meth:`BankAccounts.ask` does.
        """

    async def health(self) -> CoreHealth:
        """Say whether the core answers now; never raises."""

    async def close(self) -> None:
        """Give back what was opened."""


class PinSetter(Protocol):
    """Gives customers new PINs; :class:`crm_lookup.pins.PinChecker` does."""

    async def set_pin(self, customer_id: CustomerId, pin: str, *, now: float) -> None:
        """Raises :class:`crm_lookup.errors.UnknownCustomerError`."""


class PersonalDigits(Protocol):
    """What others may know of a customer, so that it makes no good PIN."""

    async def personal_digits(self, customer_id: CustomerId) -> tuple[str, ...]:
        """Return telephone numbers, tails of cards and accounts, and the year of birth."""


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
