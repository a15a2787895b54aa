"""A core in dictionaries: the twin of :mod:`crm_lookup.bank.sql`, for tests and trials."""

import time
from collections.abc import Callable
from typing import Any, Final, TypeVar, cast

import msgspec

from crm_lookup.bank import records as r
from crm_lookup.bank import requests as q
from crm_lookup.bank import rules
from crm_lookup.bank.errors import BankRefusedError
from crm_lookup.bank.operations import operation_of
from crm_lookup.bank.requests import Asker, Order, Request
from crm_lookup.keys import DataKey
from crm_lookup.model import AccountBalance, CustomerId

ReplyT = TypeVar("ReplyT")


class CustomerBook(msgspec.Struct, kw_only=True):
    """What the bank holds of one customer."""

    accounts: tuple[AccountBalance, ...] = ()
    transactions: tuple[r.Transaction, ...] = ()
    """In any order; the ids are whole numbers."""
    bills: tuple[r.CardBill, ...] = ()
    loans: tuple[r.Loan, ...] = ()
    deposits: tuple[r.Deposit, ...] = ()
    limits: tuple[r.TransferLimit, ...] = ()
    cards: tuple[r.Card, ...] = ()
    card_orders: tuple[r.CardOrder, ...] = ()


class BankBook(msgspec.Struct, kw_only=True):
    """What the whole bank holds."""

    customers: dict[CustomerId, CustomerBook] = {}
    card_numbers: dict[str, str] = {}
    """Clear card number → card id."""
    exchange_rates: tuple[r.ExchangeRate, ...] = ()
    deposit_rates: tuple[r.DepositRate, ...] = ()
    branches: tuple[r.Branch, ...] = ()


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """Something that an order left behind for the bank's people."""

    case_number: str
    kind: str
    customer_id: CustomerId | None
    subject: str
    at: float


class MemoryCore:
    """A bank in memory; forgets everything when it ends."""

    def __init__(
        self, book: BankBook, *, key: DataKey, clock: Callable[[], float] = time.time
    ) -> None:
        self.book = book
        self.cases: list[Case] = []
        self._key = key
        self._clock = clock
        self._answered: dict[str, tuple[str, r.Receipt]] = {}

    async def perform(self, request: Request[ReplyT], by: Asker, key: str) -> ReplyT:
        """See :class:`crm_lookup.ports.BankCore`."""
        if not isinstance(request, Order):
            return cast(ReplyT, _INQUIRIES[type(request)](self._of(by), self.book, request))
        print_ = fingerprint(self._key, request, by)
        if (before := self._answered.get(key)) is not None:
            if before[0] != print_:
                raise BankRefusedError("key_reused", rules.KEY_REUSED)
            return cast(ReplyT, before[1])
        receipt = self._carry_out(request, by)
        self._answered[key] = (print_, receipt)
        return cast(ReplyT, receipt)

    async def health(self) -> r.CoreHealth:
        return r.CoreHealth(ok=True, detail="a bank in memory")

    async def close(self) -> None:
        """Nothing is open."""

    def _of(self, by: Asker) -> CustomerBook:
        if by.customer_id is None:
            return CustomerBook()
        return self.book.customers.get(by.customer_id, CustomerBook())

    def _carry_out(self, order: Order[Any], by: Asker) -> r.Receipt:
        match order:
            case q.BlockCard(card_id=None, card_number=number):
                return self._block_number(order, by, number or "")
            case q.BlockCard(card_id=card_id):
                card = self._turn(by, card_id, rules.lost_status)
                return self._receipt(order, by, "done", card_id or "", card.tail)
            case q.ActivateCard(card_id=card_id):
                card = self._turn(by, card_id, rules.activated_status)
                book = self._of(by)
                book.card_orders = tuple(
                    msgspec.structs.replace(one, stage="activated")
                    if one.tail == card.tail and one.kind == card.kind
                    else one
                    for one in book.card_orders
                )
                return self._receipt(order, by, "done", card_id, card.tail)
            case q.RequestStatement(account_id=account_id):
                own_account(self._of(by).accounts, account_id)
                return self._receipt(order, by, "accepted", account_id)
            case q.RegisterComplaint(topic=topic):
                return self._receipt(order, by, "accepted", topic)
        raise BankRefusedError("bad_request", f"{type(order).__name__} is not for a core")

    def _block_number(self, order: Order[Any], by: Asker, number: str) -> r.Receipt:
        card_id = self.book.card_numbers.get(number, "")
        for owner in self.book.customers.values():
            self._replace(owner, card_id, rules.emergency_status)
        return self._receipt(order, by, "done", card_id, number[-4:])

    def _turn(
        self, by: Asker, card_id: str | None, rule: Callable[[r.CardStatus], r.CardStatus]
    ) -> r.Card:
        card = self._replace(self._of(by), card_id, rule)
        if card is None:
            raise BankRefusedError("no_such_card", rules.NO_CARD)
        return card

    def _replace(
        self,
        book: CustomerBook,
        card_id: str | None,
        rule: Callable[[r.CardStatus], r.CardStatus],
    ) -> r.Card | None:
        for place, card in enumerate(book.cards):
            if card.card_id == card_id:
                new = msgspec.structs.replace(card, status=rule(card.status))
                book.cards = (*book.cards[:place], new, *book.cards[place + 1 :])
                return new
        return None

    def _receipt(
        self, order: Order[Any], by: Asker, outcome: Any, subject: str, tail: str = ""
    ) -> r.Receipt:
        now = self._clock()
        number = rules.case_number(len(self.cases) + 1)
        self.cases.append(
            Case(
                case_number=number,
                kind=operation_of(order).name,
                customer_id=by.customer_id,
                subject=subject,
                at=now,
            )
        )
        return r.Receipt(case_number=number, outcome=outcome, at=now, tail=tail)


def fingerprint(key: DataKey, order: Order[Any], by: Asker) -> str:
    """Return what tells two orders with the same key apart."""
    content = msgspec.json.encode(order).decode()
    return key.order_key(operation_of(order).name, by.customer_id or "", content)


def own_account(accounts: tuple[AccountBalance, ...], account_id: str) -> AccountBalance:
    """Return the account of that id; refuses one that is not among ``accounts``."""
    for account in accounts:
        if account.account_id == account_id:
            return account
    raise BankRefusedError("no_such_account", rules.NO_ACCOUNT)


def _page(book: CustomerBook, _bank: BankBook, inquiry: q.TransactionInquiry) -> r.TransactionPage:
    if inquiry.account_id is not None:
        own_account(book.accounts, inquiry.account_id)
    open_ids = {account.account_id for account in book.accounts}
    found = sorted(
        (
            (one.booked_at, int(one.transaction_id), one)
            for one in book.transactions
            if one.account_id in open_ids and inquiry.account_id in (None, one.account_id)
        ),
        key=lambda row: row[:2],
        reverse=True,
    )
    if inquiry.after is not None:
        behind = rules.read_cursor(inquiry.after)
        found = [row for row in found if row[:2] < behind]
    page = found[: inquiry.limit]
    more = len(found) > len(page)
    return r.TransactionPage(
        transactions=tuple(row[2] for row in page),
        next=rules.cursor(*page[-1][:2]) if more else None,
    )


_Answer = Callable[[CustomerBook, BankBook, Any], Any]

_INQUIRIES: Final[dict[type[Request[Any]], _Answer]] = {
    q.AccountInquiry: lambda own, _bank, _asked: r.Accounts(
        accounts=tuple(sorted(own.accounts, key=lambda one: one.account_id))
    ),
    q.TransactionInquiry: _page,
    q.CardBillInquiry: lambda own, _bank, _asked: r.CardBills(bills=own.bills),
    q.LoanInquiry: lambda own, _bank, _asked: r.Loans(loans=own.loans),
    q.DepositInquiry: lambda own, _bank, _asked: r.Deposits(
        deposits=tuple(sorted(own.deposits, key=lambda one: (one.matures_on, one.deposit_id)))
    ),
    q.TransferLimitInquiry: lambda own, _bank, _asked: r.TransferLimits(limits=own.limits),
    q.CardInquiry: lambda own, _bank, _asked: r.Cards(
        cards=tuple(
            sorted(
                (one for one in own.cards if one.status != "expired"),
                key=lambda one: one.card_id,
            )
        )
    ),
    q.CardOrderInquiry: lambda own, _bank, _asked: r.CardOrders(
        orders=tuple(sorted(own.card_orders, key=lambda o: (o.ordered_on, o.order_id))[::-1])
    ),
    q.ExchangeRateInquiry: lambda _own, bank, asked: r.ExchangeRates(
        rates=tuple(o for o in bank.exchange_rates if asked.currency in (None, o.currency))
    ),
    q.DepositRateInquiry: lambda _own, bank, asked: r.DepositRates(
        rates=tuple(o for o in bank.deposit_rates if o.currency == asked.currency)
    ),
    q.BranchInquiry: lambda _own, bank, asked: r.Branches(
        branches=tuple(
            one
            for one in sorted(bank.branches, key=lambda one: one.branch_code)
            if asked.city_code in (None, one.city_code)
            and asked.branch_code in (None, one.branch_code)
        )
    ),
}
