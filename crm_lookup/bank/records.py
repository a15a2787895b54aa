"""What the bank answers.

Money is integer minor units (fen, cents) of an ISO 4217 currency; rates are millionths (14,500 is
1.45 %); days are ISO dates of the bank's time zone, times are epoch seconds (UTC).
"""

from typing import Annotated, Literal, TypeAlias

import msgspec

from crm_lookup.model import AccountBalance, Text

CardKind: TypeAlias = Literal["debit", "credit"]
CardStatus: TypeAlias = Literal["inactive", "active", "lost", "blocked", "expired"]
BillStatus: TypeAlias = Literal["open", "paid", "overdue"]
LimitChannel: TypeAlias = Literal["app", "web", "phone", "atm"]
OrderStage: TypeAlias = Literal["received", "in_production", "sent", "delivered", "activated"]
Months: TypeAlias = Annotated[int, msgspec.Meta(ge=0, le=120)]


class Accounts(msgspec.Struct, frozen=True, kw_only=True):
    """The accounts that are not closed, in the order in which they are to be read."""

    accounts: tuple[AccountBalance, ...]


class Transaction(msgspec.Struct, frozen=True, kw_only=True):
    transaction_id: str
    account_id: str
    booked_at: float
    amount: int
    """Negative: left the account."""
    currency: str
    balance_after: int
    kind: str
    """salary, rent, shopping, instalment, repayment, receipt, payment, …"""
    counterparty: str


class TransactionPage(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first; what is booked meanwhile moves nothing on the pages that follow."""

    transactions: tuple[Transaction, ...]
    next: str | None = None
    """Cursor of the page that follows; ``None``: this was the last one."""


class CardBill(msgspec.Struct, frozen=True, kw_only=True):
    """The last bill of a credit card."""

    account_id: str
    tail: str
    currency: str
    amount: int
    """What the bill demanded."""
    minimum: int
    """The least that had to be paid of it."""
    paid: int
    statement_on: str
    due_on: str
    status: BillStatus


class CardBills(msgspec.Struct, frozen=True, kw_only=True):
    bills: tuple[CardBill, ...]


class Loan(msgspec.Struct, frozen=True, kw_only=True):
    account_id: str
    tail: str
    product: Literal["mortgage", "consumer_loan"]
    currency: str
    outstanding: int
    """What is still owed; above zero."""
    due_on: str
    due_amount: int
    overdue: int
    """Instalments of the past that were not paid, in money."""
    ends_on: str


class Loans(msgspec.Struct, frozen=True, kw_only=True):
    loans: tuple[Loan, ...]


class Deposit(msgspec.Struct, frozen=True, kw_only=True):
    """A term deposit."""

    deposit_id: str
    tail: str
    currency: str
    principal: int
    rate: int
    """Millionths a year."""
    months: Months
    opened_on: str
    matures_on: str
    at_maturity: Literal["renew", "pay_out"]


class Deposits(msgspec.Struct, frozen=True, kw_only=True):
    """The one that matures first comes first."""

    deposits: tuple[Deposit, ...]


class TransferLimit(msgspec.Struct, frozen=True, kw_only=True):
    channel: LimitChannel
    currency: str
    single: int
    """The most in one transfer."""
    daily: int
    """The most in one day."""


class TransferLimits(msgspec.Struct, frozen=True, kw_only=True):
    limits: tuple[TransferLimit, ...]


class ExchangeRate(msgspec.Struct, frozen=True, kw_only=True):
    """What ``units`` of a foreign currency cost in the bank's own currency."""

    currency: str
    units: int
    """The number of units that the prices are for: 100, or 10,000 for the yen."""
    home: str
    buy: int
    """What the bank pays, minor units of ``home``."""
    sell: int
    """What the bank asks, minor units of ``home``."""
    at: float


class ExchangeRates(msgspec.Struct, frozen=True, kw_only=True):
    rates: tuple[ExchangeRate, ...]


class DepositRate(msgspec.Struct, frozen=True, kw_only=True):
    currency: str
    months: Months
    """0: money that can be taken out at any time."""
    rate: int
    """Millionths a year."""
    since: str


class DepositRates(msgspec.Struct, frozen=True, kw_only=True):
    rates: tuple[DepositRate, ...]


class Hours(msgspec.Struct, frozen=True, kw_only=True):
    """Opening hours of a day, ``HH:MM`` in the bank's time zone."""

    opens: str
    closes: str


class Branch(msgspec.Struct, frozen=True, kw_only=True):
    branch_code: str
    """Digits, so that it can be keyed."""
    city_code: str
    """The city's telephone area code with its zero: ``010``, ``021``."""
    name: Text
    address: Text
    phone: str
    weekdays: Hours | None
    """``None``: closed."""
    saturday: Hours | None
    sunday: Hours | None


class Branches(msgspec.Struct, frozen=True, kw_only=True):
    """In the order of their codes."""

    branches: tuple[Branch, ...]


class Card(msgspec.Struct, frozen=True, kw_only=True):
    card_id: str
    account_id: str
    tail: str
    kind: CardKind
    status: CardStatus


class Cards(msgspec.Struct, frozen=True, kw_only=True):
    """Without those that expired, in the order of their ids."""

    cards: tuple[Card, ...]


class CardOrder(msgspec.Struct, frozen=True, kw_only=True):
    """How far a new card is."""

    order_id: str
    kind: CardKind
    stage: OrderStage
    ordered_on: str
    expected_on: str
    tail: str = ""
    """Empty before the card is made."""


class CardOrders(msgspec.Struct, frozen=True, kw_only=True):
    """The newest first."""

    orders: tuple[CardOrder, ...]


class Receipt(msgspec.Struct, frozen=True, kw_only=True):
    """An order was carried out (``done``) or taken on (``accepted``)."""

    case_number: str
    """Digits, to be read to the customer; empty when there is nothing to come back to."""
    outcome: Literal["done", "accepted"]
    at: float
    tail: str = ""
    """Last four digits of the card that it is about."""


class CoreHealth(msgspec.Struct, frozen=True, kw_only=True):
    """Whether the bank's core answers now."""

    ok: bool
    detail: str
    """For the operator: what is asked, or what is wrong and what to do."""
    seconds: float = 0.0
    """How long the answer took."""
