"""The bank's services as the settings say: which core, its desk, and a watch over its health."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Final

import structlog
from prometheus_client import Gauge
from sqlalchemy.ext.asyncio import AsyncEngine

from crm_lookup.bank import requests as q
from crm_lookup.bank.desk import BankDesk
from crm_lookup.bank.errors import BankError
from crm_lookup.bank.http import HttpCore, HttpLimits, tls_context
from crm_lookup.bank.records import CoreHealth
from crm_lookup.bank.sql import SqlAudit, SqlCore
from crm_lookup.errors import SettingError
from crm_lookup.keys import DataKey
from crm_lookup.ports import BankCore, PersonalDigits, PinSetter
from hotline import db
from hotline.accounts import async_engine
from hotline.asterisk.secrets import load_secrets
from hotline.settings import Settings

WATCH_SECONDS: Final = 15.0
"""How often the watch asks the core how it is."""

_UP = Gauge("hotline_bank_core_up", "1 if the bank's core answered when it was asked last")
_log = structlog.get_logger(__name__)


def open_core(settings: Settings, key: DataKey, engine: AsyncEngine) -> BankCore:
    """Return the core of these settings; ``engine`` is the hotline's own database.

    Raises :class:`SettingError` when the token or the certificates cannot be read.
    """
    bank = settings.bank
    if bank.kind == "embedded" or bank.url is None:
        return SqlCore(engine, key=key, zone=settings.zone)
    # Our own deadline is the last word, so the core's answer must come a little earlier.
    deadline = bank.deadline * 0.9
    return HttpCore(
        bank.url,
        token=_token(bank.token_file),
        context=tls_context(bank.ca_file),
        limits=HttpLimits(deadline=deadline, attempt=deadline * 0.45, connect=deadline * 0.3),
    )


@asynccontextmanager
async def open_desk(
    settings: Settings, key: DataKey, *, pins: PinSetter, personal: PersonalDigits
) -> AsyncIterator[BankDesk]:
    """Open the bank's services for the voice menu; the database must be up to date."""
    engine = async_engine(settings)
    core = open_core(settings, key, engine)
    desk = BankDesk(
        core,
        audit=SqlAudit(engine),
        key=key,
        pins=pins,
        personal=personal,
        deadline=settings.bank.deadline,
    )
    try:
        yield desk
    finally:
        await desk.close()
        await core.close()
        await engine.dispose()


@asynccontextmanager
async def open_audit(settings: Settings) -> AsyncIterator[SqlAudit]:
    """Open the audit of these settings; the database must be up to date."""
    db.require_current(settings.database_url)
    engine = async_engine(settings)
    try:
        yield SqlAudit(engine)
    finally:
        await engine.dispose()


class CoreWatch:
    """Asks the core how it is, now and then, and says so in the metrics and the log.

    A core that is down makes the menu no less ready: callers get an apology and a person.
    """

    def __init__(self, desk: BankDesk, *, every: float = WATCH_SECONDS) -> None:
        self.is_well = True
        """What the core said last; ``True`` before it was asked."""
        self._desk = desk
        self._every = every

    async def run(self) -> None:
        """Watch until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(self._every)

    async def look(self) -> None:
        """Ask once."""
        found = await self._desk.health()
        if found.ok != self.is_well:
            log = _log.info if found.ok else _log.error
            log("bank_core_well" if found.ok else "bank_core_down", detail=found.detail)
        self.is_well = found.ok
        _UP.set(found.ok)


def check_core(settings: Settings) -> CoreHealth:
    """Ask the core how it is, and for something public, to see that its answers can be read.

    Raises :class:`SettingError` when the token or the certificates cannot be read.
    """
    return asyncio.run(_check(settings))


async def _check(settings: Settings) -> CoreHealth:
    key = DataKey(bytes.fromhex(load_secrets(settings).lookup))
    engine = async_engine(settings)
    core = open_core(settings, key, engine)
    try:
        found = await core.health()
        if found.ok:
            by = q.Asker(customer_id=None, level="none", call_id="")
            await core.perform(q.ExchangeRateInquiry(), by, "")
            await core.perform(q.BranchInquiry(), by, "")
        return found
    except BankError as error:
        return CoreHealth(ok=False, detail=str(error))
    finally:
        await core.close()
        await engine.dispose()


def _token(file: Path | None) -> str:
    if file is None:
        return ""
    try:
        token = file.read_text(encoding="ascii").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingError(f"bank.token_file: {file}: cannot be read ({error})") from error
    if not token or not token.isprintable() or " " in token:
        raise SettingError(f"bank.token_file: {file}: write one token into it, on one line")
    return token
