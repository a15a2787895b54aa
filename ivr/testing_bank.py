"""The bank of :func:`ivr.testing.demo_bank` with every service, in memory, for trials and tests.

One customer has everything that the menu can tell; nothing is kept when the program ends.
"""

import datetime as dt
from typing import Final

from crm_lookup.bank import records as r
from crm_lookup.bank import sample
from crm_lookup.bank.audit import MemoryAudit
from crm_lookup.bank.desk import BankDesk
from crm_lookup.bank.memory import BankBook, CustomerBook, MemoryCore
from crm_lookup.keys import DataKey
from crm_lookup.model import CustomerId
from ivr.bank_desk import TelephoneDesk
from ivr.testing import MemoryBank

KEY: Final = DataKey(bytes(range(32)))
TODAY: Final = dt.datetime(2026, 3, 2, 12, tzinfo=dt.UTC)
_TRANSACTIONS: Final = ((-25_800, 1), (1_850_000, 2), (-9_900, 3), (-120_050, 5), (-3_600, 8))


class _Pins:
    """Gives customers of a :class:`MemoryBank` new PINs."""

    def __init__(self, bank: MemoryBank) -> None:
        self._bank = bank

    async def set_pin(self, customer_id: CustomerId, pin: str, *, now: float) -> None:
        del now
        self._bank.pin_codes[customer_id] = pin

    async def personal_digits(self, customer_id: CustomerId) -> tuple[str, ...]:
        del customer_id
        return ("13800138000", "0018", "9921")


def demo_book(bank: MemoryBank) -> BankBook:
    """Return what the bank holds of the customer C1, and what everybody may know."""
    wang = CustomerId("C1")
    return BankBook(
        customers={
            wang: CustomerBook(
                accounts=bank.ledger.get(wang, ()),
                transactions=tuple(
                    r.Transaction(
                        transaction_id=str(100 - days),
                        account_id="A1",
                        booked_at=TODAY.timestamp() - days * 86_400,
                        amount=amount,
                        currency="CNY",
                        balance_after=1_234_567,
                        kind="shopping",
                        counterparty="",
                    )
                    for amount, days in _TRANSACTIONS
                ),
                bills=(sample.bill("A2", "9921", 358_000, "2026-02-20", "2026-03-12"),),
                loans=(sample.mortgage("A3", "7704", 98_000_000, "2026-03-20", 652_300),),
                deposits=(
                    sample.deposit(
                        "D1", "5512", 5_000_000, 12_500, "2025-06-01", "2026-06-01", "renew"
                    ),
                ),
                limits=(
                    sample.limit("app", 5_000_000, 20_000_000),
                    sample.limit("atm", 1_000_000, 5_000_000),
                ),
                cards=(
                    r.Card(
                        card_id="K1", account_id="A1", tail="0018", kind="debit", status="active"
                    ),
                    r.Card(
                        card_id="K2",
                        account_id="A2",
                        tail="9921",
                        kind="credit",
                        status="inactive",
                    ),
                ),
                card_orders=(
                    r.CardOrder(
                        order_id="O1",
                        kind="credit",
                        stage="sent",
                        ordered_on="2026-02-20",
                        expected_on="2026-03-05",
                        tail="9921",
                    ),
                ),
            )
        },
        card_numbers={"6222020000000018": "K1"},
        exchange_rates=sample.exchange_rates(TODAY.timestamp()),
        deposit_rates=sample.deposit_rates("2026-01-01"),
        branches=(sample.chaoyang("17:30"),),
    )


def demo_desk(bank: MemoryBank, book: BankBook | None = None) -> TelephoneDesk:
    """Return every service over the demo bank, or another book; PINs change in ``bank``."""
    pins = _Pins(bank)
    core = MemoryCore(demo_book(bank) if book is None else book, key=KEY, clock=TODAY.timestamp)
    desk = BankDesk(core, audit=MemoryAudit(), key=KEY, pins=pins, personal=pins)
    return TelephoneDesk(desk, lambda: TODAY)
