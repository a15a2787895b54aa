"""Asks the bank on behalf of a caller, and turns its records into values that can be read aloud.

The services and the names of their values stand in :mod:`ivr.bank_services`.
"""

import datetime as dt
from collections.abc import Awaitable, Callable, Iterable, Mapping
from decimal import Decimal
from typing import Final, TypeAlias

from crm_lookup.bank import records as r
from crm_lookup.bank import requests as q
from crm_lookup.bank.errors import BankRefusedError
from crm_lookup.ports import BankAccounts
from ivr.bank_services import Action, Lookup
from ivr.ports import Answer, Facts
from ivr.values import Money, Percent, Value

Row: TypeAlias = Mapping[str, Value]

CURRENCIES: Final = ("USD", "EUR", "HKD", "GBP", "JPY")
"""The foreign currencies whose names are recorded; others are left out."""
TERMS: Final = (0, 3, 6, 12, 24, 36, 60)
"""The terms of deposits, in months, whose names are recorded; others are left out."""
COMPLAINT: Final = "service"
"""What a complaint is about where no ``set`` node noted it as ``complaint``."""
_IN_USE: Final = ("active", "inactive")
_MILLIONTHS_PER_PERCENT: Final = 10_000


class TelephoneDesk:
    """An :class:`ivr.ports.Bank` over the bank's services.

    ``now`` gives the time in the bank's zone.
    """

    def __init__(self, accounts: BankAccounts, now: Callable[[], dt.datetime]) -> None:
        self._accounts = accounts
        self._now = now

    async def ask(self, service: str, facts: Facts) -> Answer:
        """See :meth:`ivr.ports.Bank.ask`; raises what the bank's services raise, but refusals."""
        try:
            return await _ASKED[service](self, facts)
        except BankRefusedError as error:
            return Answer(outcome="refused", reason=error.reason)

    def _asker(self, facts: Facts) -> q.Asker:
        level: q.Level = "none" if facts.customer_id is None else "pin"
        return q.Asker(customer_id=facts.customer_id, level=level, call_id=facts.call_id)

    # Inquiries -----------------------------------------------------------------------------------

    async def _own_accounts(self, facts: Facts) -> Answer:
        found = await self._accounts.ask(q.AccountInquiry(), self._asker(facts))
        return _found(
            {"account": one.account_id, "tail": one.tail, "account_kind": one.kind}
            for one in found.accounts
        )

    async def _transactions(self, facts: Facts) -> Answer:
        request = q.TransactionInquiry(limit=facts.rows, after=facts.cursor or None)
        page = await self._accounts.ask(request, self._asker(facts))
        return _found(
            (
                {
                    "direction": "out" if one.amount < 0 else "in",
                    "booked": self._day(one.booked_at),
                    "amount": Money(abs(one.amount), one.currency),
                }
                for one in page.transactions
            ),
            page.next or "",
        )

    async def _card_bills(self, facts: Facts) -> Answer:
        found = await self._accounts.ask(q.CardBillInquiry(), self._asker(facts))
        return _found(
            {
                "tail": one.tail,
                "state": one.status,
                "amount": Money(one.amount, one.currency),
                "minimum": Money(one.minimum, one.currency),
                "due": dt.date.fromisoformat(one.due_on),
            }
            for one in found.bills
        )

    async def _loans(self, facts: Facts) -> Answer:
        found = await self._accounts.ask(q.LoanInquiry(), self._asker(facts))
        return _found(
            {
                "tail": one.tail,
                "product": one.product,
                "amount": Money(one.due_amount, one.currency),
                "due": dt.date.fromisoformat(one.due_on),
            }
            for one in found.loans
        )

    async def _deposits(self, facts: Facts) -> Answer:
        found = await self._accounts.ask(q.DepositInquiry(), self._asker(facts))
        return _found(
            {
                "tail": one.tail,
                "amount": Money(one.principal, one.currency),
                "due": dt.date.fromisoformat(one.matures_on),
                "at_maturity": one.at_maturity,
            }
            for one in found.deposits
        )

    async def _limits(self, facts: Facts) -> Answer:
        found = await self._accounts.ask(q.TransferLimitInquiry(), self._asker(facts))
        return _found(
            {
                "channel": one.channel,
                "single": Money(one.single, one.currency),
                "daily": Money(one.daily, one.currency),
            }
            for one in found.limits
        )

    async def _cards(self, facts: Facts, statuses: tuple[str, ...]) -> Answer:
        found = await self._accounts.ask(q.CardInquiry(), self._asker(facts))
        return _found(
            {"card": one.card_id, "tail": one.tail, "card_kind": one.kind}
            for one in found.cards
            if one.status in statuses
        )

    async def _cards_in_use(self, facts: Facts) -> Answer:
        return await self._cards(facts, _IN_USE)

    async def _cards_not_active(self, facts: Facts) -> Answer:
        return await self._cards(facts, ("inactive",))

    async def _card_orders(self, facts: Facts) -> Answer:
        found = await self._accounts.ask(q.CardOrderInquiry(), self._asker(facts))
        return _found(
            {
                "card_kind": one.kind,
                "stage": one.stage,
                "expected": dt.date.fromisoformat(one.expected_on),
            }
            for one in found.orders
            if one.stage != "activated"
        )

    async def _exchange_rates(self, facts: Facts) -> Answer:
        found = await self._accounts.ask(q.ExchangeRateInquiry(), self._asker(facts))
        known = {one.currency: one for one in found.rates}
        return _found(
            {
                "currency": one.currency.lower(),
                "units": one.units,
                "buy": Money(one.buy, one.home),
                "sell": Money(one.sell, one.home),
            }
            for code in CURRENCIES
            if (one := known.get(code)) is not None
        )

    async def _deposit_rates(self, facts: Facts) -> Answer:
        found = await self._accounts.ask(q.DepositRateInquiry(), self._asker(facts))
        return _found(
            {"months": one.months, "rate": _percent(one.rate)}
            for one in sorted(found.rates, key=lambda one: one.months)
            if one.months in TERMS
        )

    async def _branch(self, facts: Facts) -> Answer:
        request = q.BranchInquiry(branch_code=_kept(facts, "branch"))
        found = await self._accounts.ask(request, self._asker(facts))
        if not found.branches:
            return Answer(outcome="none")
        branch = found.branches[0]
        rows: list[Row] = []
        for days in ("weekdays", "saturday", "sunday"):
            hours: r.Hours | None = getattr(branch, days)
            if hours is not None:
                opens, closes = map(dt.time.fromisoformat, (hours.opens, hours.closes))
                rows.append({"days": days, "opens": opens, "closes": closes})
        phone = "".join(c for c in branch.phone.replace("+86", "0", 1) if c.isdecimal())
        return Answer(values={"phone": phone}, rows=tuple(rows))

    # Orders --------------------------------------------------------------------------------------

    async def _block_card(self, facts: Facts) -> Answer:
        order = q.BlockCard(card_id=str(facts.values["card"]))
        receipt = await self._accounts.ask(order, self._asker(facts))
        return Answer(values={"case_number": receipt.case_number, "tail": facts.values["tail"]})

    async def _block_number(self, facts: Facts) -> Answer:
        order = q.BlockCard(card_number=_kept(facts, "card_number"))
        receipt = await self._accounts.ask(order, self._asker(facts))
        return Answer(values={"case_number": receipt.case_number})

    async def _activate_card(self, facts: Facts) -> Answer:
        order = q.ActivateCard(card_id=str(facts.values["card"]))
        await self._accounts.ask(order, self._asker(facts))
        return Answer(values={"tail": facts.values["tail"]})

    async def _change_pin(self, facts: Facts) -> Answer:
        order = q.ChangePin(new_pin=_kept(facts, "new_pin"))
        await self._accounts.ask(order, self._asker(facts))
        return Answer()

    async def _statement(self, facts: Facts) -> Answer:
        """Request the statement of the month before."""
        last = self._now().date().replace(day=1) - dt.timedelta(days=1)
        order = q.RequestStatement(
            account_id=str(facts.values["account"]),
            first_day=last.replace(day=1).isoformat(),
            last_day=last.isoformat(),
        )
        receipt = await self._accounts.ask(order, self._asker(facts))
        return Answer(values={"case_number": receipt.case_number})

    async def _complain(self, facts: Facts) -> Answer:
        receipt = await self._accounts.ask(
            q.RegisterComplaint(topic=facts.noted.get("complaint", COMPLAINT)),
            self._asker(facts),
        )
        return Answer(values={"case_number": receipt.case_number})

    def _day(self, at: float) -> dt.date:
        return dt.datetime.fromtimestamp(at, self._now().tzinfo).date()


def _found(rows: Iterable[Row], cursor: str = "") -> Answer:
    listed = tuple(rows)
    return Answer(outcome="ok" if listed else "none", rows=listed, cursor=cursor)


def _percent(millionths: int) -> Percent:
    value = (Decimal(millionths) / _MILLIONTHS_PER_PERCENT).normalize()
    return Percent(value.quantize(Decimal(1)) if value == value.to_integral() else value)


def _kept(facts: Facts, name: str) -> str:
    return facts.kept[name].reveal()


_Asked: TypeAlias = Callable[[TelephoneDesk, Facts], Awaitable[Answer]]
_LOOKUPS: Final[Mapping[Lookup, _Asked]] = {
    "accounts": TelephoneDesk._own_accounts,
    "transactions": TelephoneDesk._transactions,
    "card_bills": TelephoneDesk._card_bills,
    "loans": TelephoneDesk._loans,
    "deposits": TelephoneDesk._deposits,
    "transfer_limits": TelephoneDesk._limits,
    "cards_in_use": TelephoneDesk._cards_in_use,
    "cards_not_active": TelephoneDesk._cards_not_active,
    "card_orders": TelephoneDesk._card_orders,
    "exchange_rates": TelephoneDesk._exchange_rates,
    "deposit_rates": TelephoneDesk._deposit_rates,
    "branch": TelephoneDesk._branch,
}
_ACTIONS: Final[Mapping[Action, _Asked]] = {
    "report_lost_card": TelephoneDesk._block_card,
    "block_card_number": TelephoneDesk._block_number,
    "activate_card": TelephoneDesk._activate_card,
    "change_pin": TelephoneDesk._change_pin,
    "request_statement": TelephoneDesk._statement,
    "complaint": TelephoneDesk._complain,
}
_ASKED: Final[dict[str, _Asked]] = {
    **dict(_LOOKUPS.items()),
    **dict(_ACTIONS.items()),
}
