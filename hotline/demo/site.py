"""One trial installation: its settings, bank, people, Asterisk, roles and carrier.

The demo, the self-test and the tests all stand on it, so that what is tried is what is shipped.
"""

import asyncio
import ssl
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, Self

import msgspec

from agent_console.knowledge.files import read as read_articles
from agent_console.knowledge.files import stored
from crm_lookup.keys import DataKey
from hotline import db, demo_bank, ports
from hotline.accounts import add_user, open_knowledge, open_users
from hotline.asterisk.locate import Install
from hotline.asterisk.render import Phone
from hotline.asterisk.secrets import load_secrets
from hotline.carrier import TRUNK_ADDRESS, Carrier, CarrierConfig, Line
from hotline.demo.people import EMPLOYEES, PASSWORD
from hotline.exchange import Exchange, find_install
from hotline.privacy.convert import seal_base
from hotline.privacy.keys import open_sealer
from hotline.serve import phones
from hotline.settings import Settings, load_settings
from hotline.supervisor import Supervisor

HOST: Final = "127.0.0.1"
KNOWLEDGE: Final = Path(__file__).with_name("knowledge.yaml")
_PHONES_S: Final = 45.0
"""Seconds for the phones to register: who was not heard asks anew after 32 (timer F, RFC 3261)."""
Progress = Callable[[str], None]


class PortPlan(msgspec.Struct, frozen=True, kw_only=True):
    """The ports of one trial installation."""

    sip: int
    websocket: int
    ami: int
    ivr: int
    ivr_metrics: int
    console: int
    carrier: int
    rtp: int
    carrier_rtp: int
    rtp_ports: int = 2000
    """How many from ``rtp`` on; a call takes two for each leg."""

    @classmethod
    def choose(cls, base: int | None = None) -> Self:
        """Take the usual ports where they are free, or claim free ones from ``base`` on."""
        if base is None:
            return cls(
                sip=ports.free_ports(HOST, 5060, 1),
                websocket=ports.free_ports(HOST, 8088, 1, ("tcp",)),
                ami=ports.free_ports(HOST, 5038, 1, ("tcp",)),
                ivr=ports.free_ports(HOST, 4573, 1, ("tcp",)),
                ivr_metrics=ports.free_ports(HOST, 9180, 1, ("tcp",)),
                console=ports.free_ports(HOST, 8080, 1, ("tcp",)),
                carrier=ports.free_ports(TRUNK_ADDRESS, 5070, 1),
                rtp=10000,
                carrier_rtp=12000,
            )
        first = ports.claimed_ports(HOST, base, 8)  # one to spare, for TLS in a trial
        return cls(
            sip=first,
            websocket=first + 1,
            ami=first + 2,
            ivr=first + 3,
            ivr_metrics=first + 4,
            console=first + 5,
            carrier=first + 6,
            rtp=first + 1000,
            carrier_rtp=first + 3000,
        )


def settings_text(
    state_dir: Path,
    plan: PortPlan,
    extra: str = "",
    more: Mapping[str, str] | None = None,
    *,
    survey: bool = False,
) -> str:
    """The settings file of a trial installation.

    ``extra`` stands at its end; ``more`` holds further lines for the sections that are there
    already (``asterisk``, ``ivr``, ``console``).  ``survey`` asks callers for a score after the
    conversation.
    """
    more = more or {}
    asks = 'survey = "survey"' if survey else ""
    softphones = "".join(
        f'\n[[test_phones]]\nnumber = "{customer.number}"\npassword = "{PASSWORD}"\n'
        for customer in demo_bank.DEMO_CUSTOMERS
    )
    return f"""\
# Made by `hotline demo` or `hotline selftest`: everything on loopback, for trials only.
state_dir = "{state_dir}"

[asterisk]
sip_bind = "{HOST}"
sip_port = {plan.sip}
websocket_port = {plan.websocket}
rtp_first = {plan.rtp}
rtp_last = {plan.rtp + plan.rtp_ports - 1}
{more.get("asterisk", "")}

[ami]
port = {plan.ami}

[ivr]
port = {plan.ivr}
metrics_port = {plan.ivr_metrics}
{more.get("ivr", "")}

[ivr.hours] # somebody is always there, so that a trial works at any hour
workday = "00:00-24:00"
weekend = "00:00-24:00"
holiday = "00:00-24:00"

[console]
port = {plan.console}
{more.get("console", "")}

[[trunks]]
name = "carrier"
host = "{TRUNK_ADDRESS}"
port = {plan.carrier}
trust_asserted_identity = true

[[numbers]]
dnis = "95500"
{asks}

[[numbers]]
dnis = "95501"
language = "en"
{asks}

[[numbers]]
dnis = "4008895500"
queue = "vip"
{asks}
{extra}{softphones}"""


class Site:
    """A trial installation below ``state_dir``."""

    def __init__(
        self,
        state_dir: Path,
        plan: PortPlan,
        *,
        extra: str = "",
        more: Mapping[str, str] | None = None,
        survey: bool = False,
    ) -> None:
        self.state_dir = state_dir
        self.plan = plan
        self.config = state_dir / "hotline.toml"
        state_dir.mkdir(parents=True, exist_ok=True)
        text = settings_text(state_dir, plan, extra, more, survey=survey)
        self.config.write_text(text, encoding="utf-8")
        self._open()

    @classmethod
    def reopen(cls, state_dir: Path) -> Self | None:
        """Return the installation that is there already if its Asterisk still lives."""
        config = state_dir / "hotline.toml"
        if not config.exists():
            return None
        site = cls.__new__(cls)
        site.state_dir, site.config = state_dir, config
        site._open()
        if site.exchange.process.pid() is None:
            return None
        site.plan = _plan_of(site.settings)
        return site

    def _open(self) -> None:
        self.settings: Settings = load_settings(self.config, environ={})
        self.install: Install = find_install(self.settings)
        self.exchange = Exchange(self.settings, self.install)
        self.supervisor: Supervisor | None = None
        self.carrier: Carrier | None = None

    async def prepare(self, customers: int, progress: Progress) -> None:
        """Make database, bank and people; does nothing where that was done."""
        url = self.settings.database_url
        progress("database")
        await asyncio.to_thread(db.upgrade, url)
        progress(f"bank with {customers:,} customers")
        key = DataKey(bytes.fromhex(load_secrets(self.settings).lookup))
        await asyncio.to_thread(demo_bank.seed, url, key=key, customers=customers)
        if self.settings.privacy.seal:
            await asyncio.to_thread(seal_base, url, open_sealer(self.settings))
        progress("people")
        async with open_users(self.settings) as store:
            there = {user.login for user in await store.users()}
            for person in EMPLOYEES:
                if person.login not in there:
                    await add_user(
                        store,
                        person.login,
                        person.name,
                        person.role,
                        person.password,
                        person.agent_id,
                        [person.extension] if person.extension else [],
                    )

        await self._write_articles()

    async def _write_articles(self) -> None:
        async with open_knowledge(self.settings) as knowledge:
            for article_id, draft in read_articles(KNOWLEDGE).items():
                if await knowledge.article(article_id) is None:
                    article = stored(article_id, draft, None, by="demo", now=time.time())
                    if article is not None:
                        await knowledge.save(article)

    def phones(self) -> Sequence[Phone]:
        """The phones of all agents."""
        return phones(self.settings)

    async def start(self, roles: Sequence[str] = ("ivr", "console")) -> None:
        """Start Asterisk and the roles."""
        self.supervisor = Supervisor(
            self.config, self.exchange, self.phones, roles, log_dir=self.state_dir / "log"
        )
        await self.supervisor.start()

    async def start_carrier(
        self,
        *,
        answer_after: float = 1.0,
        talk: int = 0,
        speaks: bool = True,
        with_phones: bool = True,
        lines: Sequence[Line] = (),
        authority: Path | None = None,
    ) -> Carrier:
        """Start the carrier and, with it, the agents' phones; ``lines`` are further trunks."""
        config = CarrierConfig(
            base=self.state_dir / "carrier",
            hotline=f"{HOST}:{self.plan.sip}",
            port=self.plan.carrier,
            rtp_first=self.plan.carrier_rtp,
            rtp_last=self.plan.carrier_rtp + 1999,
            user=self.settings.asterisk.user,
            answer_after=answer_after,
            talk=talk,
            speaks=speaks,
            lines=tuple(lines),
            authority=authority,
        )
        self.carrier = Carrier(config, self.install)
        wanted = self.phones() if with_phones else ()
        await asyncio.to_thread(self.carrier.start, wanted)
        await self._wait_for_phones(self.carrier, wanted)
        return self.carrier

    async def ready(self, seconds: float = 90.0) -> None:
        """Wait until menu and console work.  Raises ``TimeoutError`` naming who is missing."""
        until = time.monotonic() + seconds
        for name, port in (("ivr", self.plan.ivr), ("console", self.plan.console)):
            await self.listening(name, port, max(until - time.monotonic(), 0.1))
        while not await self._console_ready():
            if time.monotonic() > until:
                message = f"the console is not ready after {seconds:g} s; see /readyz"
                raise TimeoutError(message)
            await asyncio.sleep(0.05)

    async def listening(self, name: str, port: int, seconds: float = 90.0) -> None:
        """Wait until a role listens.  Raises ``TimeoutError``."""
        if not await ports.wait_for_port(HOST, port, seconds):
            message = f"{name} does not listen on port {port} after {seconds:g} s"
            raise TimeoutError(message)

    async def stop(self) -> None:
        """Stop everything that belongs to this installation."""
        if self.carrier is not None:
            await asyncio.to_thread(self.carrier.stop)
        if self.supervisor is not None:
            await self.supervisor.stop()
        await asyncio.to_thread(self.exchange.stop)

    def pids(self) -> Mapping[str, int | None]:
        """The process ids, for who wants to break things from outside."""
        roles = self.supervisor.roles if self.supervisor else {}
        return {
            "asterisk": self.exchange.process.pid(),
            "carrier": self.carrier.process.pid() if self.carrier else None,
            **{name: role.pid for name, role in roles.items()},
        }

    async def _console_ready(self) -> bool:
        context = None
        if self.settings.tls.enabled:  # a trial's certificate is signed by nobody
            context = ssl.create_default_context()
            context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        try:  # a console that was just killed may have accepted a moment ago
            reader, writer = await asyncio.open_connection(HOST, self.plan.console, ssl=context)
        except OSError:
            return False
        try:
            writer.write(b"GET /readyz HTTP/1.0\r\nHost: localhost\r\n\r\n")
            line = await asyncio.wait_for(reader.readline(), 2.0)
        except (OSError, TimeoutError):
            return False
        finally:
            writer.close()
        return b" 200 " in line

    async def _wait_for_phones(self, carrier: Carrier, wanted: Sequence[Any]) -> None:
        until = time.monotonic() + _PHONES_S
        while await asyncio.to_thread(carrier.registered) < len(wanted):
            if time.monotonic() > until:
                shown = carrier.process.command("pjsip show registrations")
                message = f"the agents' phones did not register within {_PHONES_S:g} s:\n{shown}"
                raise TimeoutError(message)
            await asyncio.sleep(0.1)
        for phone in wanted:  # else Asterisk asks a new phone at a random moment of half a minute
            await asyncio.to_thread(
                self.exchange.process.command, f"pjsip qualify {phone.extension}"
            )


def _plan_of(settings: Settings) -> PortPlan:
    return PortPlan(
        sip=settings.asterisk.sip_port,
        websocket=settings.asterisk.websocket_port,
        ami=settings.ami.port,
        ivr=settings.ivr.port,
        ivr_metrics=settings.ivr.metrics_port or 0,
        console=settings.console.port,
        carrier=settings.trunks[0].port or 0,
        rtp=settings.asterisk.rtp_first,
        carrier_rtp=settings.asterisk.rtp_first + 2000,
    )
