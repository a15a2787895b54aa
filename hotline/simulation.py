"""What ``hotline flow simulate`` asks: a bank in memory, or the database, left unchanged."""

import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from datetime import datetime
from pathlib import Path
from typing import Final, TypeVar, cast

from crm_lookup.bank.audit import MemoryAudit
from crm_lookup.bank.desk import BankDesk
from crm_lookup.bank.records import CoreHealth, Receipt
from crm_lookup.bank.requests import Asker, Order, Request
from crm_lookup.bank.rules import case_number
from crm_lookup.keys import DataKey
from crm_lookup.model import CustomerId
from crm_lookup.pins import PinChecker
from crm_lookup.ports import Attempt, BankCore
from hotline.accounts import async_engine
from hotline.asterisk.secrets import load_secrets
from hotline.banking import open_core
from hotline.menu_places import StoredPlaces
from hotline.roles.ivr import load_prompts
from hotline.settings import Settings
from hotline.storage import journal_storage, open_bank
from ivr.bank_desk import TelephoneDesk
from ivr.ports import IvrServices, MenuPlace
from ivr.testing import demo_bank
from ivr.testing_bank import demo_desk

ReplyT = TypeVar("ReplyT")
_PIN: Final = "SELECT pin_hash, failures, locked_until FROM pins WHERE customer_id = ?"


class PinsUntouched:
    """The PINs of a database; a try is checked but never counted."""

    def __init__(self, database: str | Path) -> None:
        self._storage = journal_storage(database)

    async def begin_attempt(
        self, customer_id: CustomerId, *, now: float, limit: int, lock_seconds: float
    ) -> Attempt:
        """Return what a try would see.  Blocks for a moment: only for the command line."""
        del limit, lock_seconds
        with closing(self._storage.look()) as connection:
            row = connection.execute(_PIN, (customer_id,)).fetchone()
        if row is None:
            return Attempt(pin_hash="")
        if row[2] is not None and row[2] > now:
            return Attempt(pin_hash="", failures=row[1], locked=True)
        return Attempt(pin_hash=row[0])

    async def succeed(self, customer_id: CustomerId, *, pin_hash: str | None = None) -> None:
        """Change nothing."""

    async def set_pin(self, customer_id: CustomerId, pin_hash: str, *, now: float) -> None:
        """Change nothing."""


class OrdersUntouched:
    """A core of which is asked but to which nothing is ordered: orders seem to be done."""

    def __init__(self, core: BankCore) -> None:
        self._core: Final = core

    async def perform(self, request: Request[ReplyT], by: Asker, key: str) -> ReplyT:
        """See :class:`crm_lookup.ports.BankCore`."""
        if isinstance(request, Order):
            receipt = Receipt(case_number=case_number(0), outcome="done", at=time.time())
            return cast(ReplyT, receipt)
        return await self._core.perform(request, by, key)

    async def health(self) -> CoreHealth:
        return await self._core.health()

    async def close(self) -> None:
        await self._core.close()


class PlacesUntouched(StoredPlaces):
    """Where calls broke off, as the database says; nothing is kept and nothing forgotten."""

    async def keep(self, customer_id: CustomerId, place: MenuPlace, *, now: float) -> None:
        """Change nothing."""

    async def forget(self, customer_id: CustomerId) -> None:
        """Change nothing."""


@asynccontextmanager
async def bank_services(settings: Settings, *, is_demo: bool) -> AsyncIterator[IvrServices]:
    """Services over a bank in memory, or over the database of the settings.

    The bank in memory has one customer: +8613800138000, card 6222020000000018, PIN 135790.
    Raises :class:`crm_lookup.errors.NotReadyError` for a database that cannot be read.
    """
    if is_demo:
        bank = demo_bank()
        yield IvrServices(
            callers=bank,
            identities=bank,
            pins=bank,
            accounts=bank,
            reader=load_prompts(),
            last_agents=bank,
            bank=demo_desk(bank),
        )
        return
    key = DataKey(bytes.fromhex(load_secrets(settings).lookup))
    async with await open_bank(settings, key) as stored:
        untouched = PinsUntouched(settings.database_url)
        checker = PinChecker(untouched, key)
        engine = async_engine(settings)
        core = OrdersUntouched(open_core(settings, key, engine))
        desk = BankDesk(
            core,
            audit=MemoryAudit(),
            key=key,
            pins=checker,
            personal=stored,
            deadline=settings.bank.deadline,
        )
        try:
            yield IvrServices(
                callers=stored,
                identities=stored,
                pins=checker,
                accounts=desk,
                reader=load_prompts(),
                last_agents=stored,
                places=PlacesUntouched(engine),
                bank=TelephoneDesk(desk, lambda: datetime.now(settings.zone)),
            )
        finally:
            await desk.close()
            await core.close()
            await engine.dispose()
            await checker.close()
