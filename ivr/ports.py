"""What the voice menu needs from others; :mod:`hotline` wires the implementations in.

Every call may be slow or raise: the menu applies its own deadlines, apologises and gives the
caller a person.  :mod:`ivr.testing` has a twin of each port that lives in memory.
"""

from collections.abc import Mapping, Sequence
from typing import Literal, Protocol, TypeAlias

import msgspec

from crm_lookup.bank.errors import Reason
from crm_lookup.model import AccountBalance, CustomerId, Recognition
from ivr.prompt_ids import Language, PromptId
from ivr.secret import Secret
from ivr.values import Value

PinOutcome: TypeAlias = Literal["ok", "wrong", "locked"]


class Callers(Protocol):
    """Who may be behind a number; never proof of identity."""

    async def recognise(self, raw_number: str) -> Recognition:
        """Return what the received number says; an empty one was withheld."""

    async def segment(self, customer_id: CustomerId) -> str:
        """Return the customer's value segment, e.g. ``gold``."""


class LastAgents(Protocol):
    """Who talked with a customer last."""

    async def last_agent(self, customer_id: CustomerId, since: float) -> str | None:
        """Return the agent who did so last, if that was after ``since`` (epoch seconds)."""


class Identities(Protocol):
    """Whom a caller claims to be."""

    async def by_card_number(self, digits: str) -> CustomerId | None:
        """Return the holder of a card, ``None`` if there is no such card."""

    async def by_card_tail(self, raw_number: str | None, tail: str) -> CustomerId | None:
        """Return who has this telephone number and a card with these last four digits.

        ``None`` if nobody has, or several have.
        """


class PinChecks(Protocol):
    """The telephone PIN."""

    async def verify(
        self, customer_id: CustomerId | None, pin: Sequence[str], *, now: float
    ) -> PinOutcome:
        """Check a PIN, given digit by digit; ``now`` is in epoch seconds.

        ``None`` is a claim that names nobody: it must take as long as a wrong PIN and be
        ``wrong``.
        """


class Accounts(Protocol):
    """The customer's accounts."""

    async def balances(self, customer_id: CustomerId) -> tuple[AccountBalance, ...]:
        """Return the balance of each account, in the order in which they are to be read."""


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What a service of the bank may go by; it takes what it needs."""

    call_id: str
    customer_id: CustomerId | None
    """Who showed the PIN; ``None`` before that."""
    values: Mapping[str, Value]
    """What earlier services found and the caller chose from."""
    kept: Mapping[str, Secret]
    """What ``collect`` nodes took."""
    noted: Mapping[str, str] = {}
    """What ``set`` nodes noted."""
    cursor: str = ""
    """Where the next page begins; empty for the first."""
    rows: int = 8
    """Rows that are wanted at most."""
    key: str = ""
    """The same for a repeated request, so that nothing is done twice."""


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What a service of the bank said.

    ``none``: there is nothing to tell; ``refused``: the bank does not do that.
    """

    outcome: Literal["ok", "none", "refused"] = "ok"
    reason: Reason | None = None
    """Why the bank does not do it."""
    values: Mapping[str, Value] = {}
    rows: tuple[Mapping[str, Value], ...] = ()
    cursor: str = ""
    """Where the next page begins; empty if this was the last."""


class Bank(Protocol):
    """The bank's services beyond the balance; :class:`ivr.bank_desk.BankDesk` is one."""

    async def ask(self, service: str, facts: Facts) -> Answer:
        """Ask a service of :mod:`ivr.bank_services`; it answers or raises."""


class MenuPlace(msgspec.Struct, frozen=True, kw_only=True):
    """Where in the menu a customer was."""

    flow: str
    node: str
    topic: str
    cursor: str = ""
    """Where the page began that was being read; empty for the first."""


class Places(Protocol):
    """Where customers' last calls broke off; kept over restarts."""

    async def keep(self, customer_id: CustomerId, place: MenuPlace, *, now: float) -> None:
        """Note that a call broke off; the newest note of a customer counts."""

    async def find(self, customer_id: CustomerId, *, since: float) -> MenuPlace | None:
        """Return where the customer's last call broke off, if that was after ``since``."""

    async def forget(self, customer_id: CustomerId) -> None:
        """Drop the note of a customer."""


class Reader(Protocol):
    """Reads values aloud; :class:`ivr.prompts.PromptCatalogue` does."""

    def balance(
        self, *, kind: str, tail: str, minor: int, currency: str, language: Language
    ) -> tuple[PromptId, ...]:
        """Return the prompts that say an account's balance (``minor`` units, negative: owed)."""

    def sentence(self, name: str, language: Language, **slots: Value) -> tuple[PromptId, ...]:
        """Return the prompts of a sentence with these values."""


class IvrServices(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that a call in the menu may ask of others."""

    callers: Callers
    identities: Identities
    pins: PinChecks
    accounts: Accounts
    reader: Reader
    last_agents: LastAgents
    places: Places | None = None
    """``None``: nobody is offered to go on where a call broke off."""
    bank: Bank | None = None
    """``None``: every service beyond the balance fails, so that callers get a person."""
