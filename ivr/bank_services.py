"""The bank's services by the names that flows use: who may ask, and which values they give.

Only names and rules; :mod:`ivr.bank_desk` asks the bank.
"""

from typing import Final, Literal, TypeAlias

import msgspec

Lookup: TypeAlias = Literal[
    "accounts",
    "transactions",
    "card_bills",
    "loans",
    "deposits",
    "transfer_limits",
    "cards_in_use",
    "cards_not_active",
    "card_orders",
    "exchange_rates",
    "deposit_rates",
    "branch",
]
Action: TypeAlias = Literal[
    "balance",
    "report_lost_card",
    "block_card_number",
    "activate_card",
    "change_pin",
    "request_statement",
    "complaint",
]


class Service(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a service before it is asked."""

    needs_pin: bool = True
    values: tuple[str, ...] = ()
    """Values that it gives to the call."""
    rows: tuple[str, ...] = ()
    """Values of each of its rows."""

    @property
    def gives(self) -> frozenset[str]:
        """Every value that can be said after it."""
        return frozenset((*self.values, *self.rows))


LOOKUPS: Final[dict[Lookup, Service]] = {
    "accounts": Service(rows=("account", "tail", "account_kind")),
    "transactions": Service(rows=("direction", "booked", "amount")),
    "card_bills": Service(rows=("tail", "state", "amount", "minimum", "due")),
    "loans": Service(rows=("tail", "product", "amount", "due")),
    "deposits": Service(rows=("tail", "amount", "due", "at_maturity")),
    "transfer_limits": Service(rows=("channel", "single", "daily")),
    "cards_in_use": Service(rows=("card", "tail", "card_kind")),
    "cards_not_active": Service(rows=("card", "tail", "card_kind")),
    "card_orders": Service(rows=("card_kind", "stage", "expected")),
    "exchange_rates": Service(needs_pin=False, rows=("currency", "units", "buy", "sell")),
    "deposit_rates": Service(needs_pin=False, rows=("months", "rate")),
    "branch": Service(needs_pin=False, values=("phone",), rows=("days", "opens", "closes")),
}
ACTIONS: Final[dict[Action, Service]] = {
    "balance": Service(),
    "report_lost_card": Service(values=("case_number", "tail")),
    "block_card_number": Service(needs_pin=False, values=("case_number",)),
    "activate_card": Service(values=("tail",)),
    "change_pin": Service(),
    "request_statement": Service(values=("case_number",)),
    "complaint": Service(needs_pin=False, values=("case_number",)),
}
