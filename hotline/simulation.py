"""What ``hotline flow simulate`` asks: a bank in memory, or the database, left unchanged."""

import sqlite3
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, closing
from pathlib import Path
from typing import Final

from crm_lookup.keys import DataKey
from crm_lookup.model import CustomerId
from crm_lookup.pins import PinChecker
from crm_lookup.ports import Attempt
from hotline import db
from hotline.asterisk.secrets import load_secrets
from hotline.roles.ivr import load_prompts, open_bank
from hotline.settings import Settings
from ivr.ports import IvrServices
from ivr.testing import demo_bank
from ivr.testing_bank import demo_desk

_PIN: Final = "SELECT pin_hash, failures, locked_until FROM pins WHERE customer_id = ?"


class PinsUntouched:
    """The PINs of a database; a try is checked but never counted."""

    def __init__(self, path: Path) -> None:
        self._uri: Final = path.absolute().as_uri() + "?mode=ro"

    async def begin_attempt(
        self, customer_id: CustomerId, *, now: float, limit: int, lock_seconds: float
    ) -> Attempt:
        """Return what a try would see.  Blocks for a moment: only for the command line."""
        del limit, lock_seconds
        with closing(sqlite3.connect(self._uri, uri=True)) as connection:
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
        checker = PinChecker(PinsUntouched(db.sqlite_path(settings.database_url)), key)
        try:
            yield IvrServices(
                callers=stored,
                identities=stored,
                pins=checker,
                accounts=stored,
                reader=load_prompts(),
                last_agents=stored,
            )
        finally:
            await checker.close()
