"""What the console's tests share: people, pops, a cheap hasher and a browser without sockets."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Self

import httpx
import msgspec
from argon2 import PasswordHasher
from starlette.types import ASGIApp

from agent_console.accounts import Passwords, create_user
from agent_console.alarms import AlarmDesk
from agent_console.app import create_app
from agent_console.config import ConsoleConfig
from agent_console.errors import TooManyError
from agent_console.messages import (
    ENVELOPE_DECODER,
    CandidateCard,
    Choice,
    CustomerCard,
    Envelope,
    Hello,
    Me,
    Pop,
    QueueLine,
    RankedOffer,
    Resume,
    ServerMessage,
    SessionView,
)
from agent_console.rest_messages import CustomerGroup, GroupExport, GroupFields, GroupWord
from agent_console.store import (
    MemoryAlarmStore,
    MemoryKnowledgeStore,
    MemoryLookupAudit,
    MemoryUserStore,
    MemoryWorkStore,
)
from agent_console.testing import FakeBoard, FakeDays, FakeEngine, FakeMonitoring, FakeVoices
from agent_console.tickets import Pass
from crm_lookup.model import Held, Text
from crm_lookup.unmasking import MemoryLooks, Unmasker
from cti.history.figures import Figures
from tests.report_kit import StoredFigures, made_reports
from tests.unit.socket_kit import START, FakeClock, FarEnd

ORIGIN = "https://hotline.test"
PASSWORD = "correct horse"
QUEUES = (QueueLine(queue="service", waiting=2, longest_since=START - 30, available=1),)


def cheap_passwords() -> Passwords:
    return Passwords(PasswordHasher(time_cost=1, memory_cost=8, parallelism=1))


def pass_of(agent_id: str | None, session_id: str = "s1", now: float = START) -> Pass:
    me = Me(
        login=f"login-{agent_id}",
        display_name="王静",
        role="agent" if agent_id else "supervisor",
        language="zh",
        agent_id=agent_id,
    )
    return Pass(session_id=session_id, me=me, created_at=now, expires_at=now + 1000)


def pop(call_id: str = "c1", **changes: Any) -> Pop:
    basis = Pop(
        call_id=call_id,
        phase="ringing",
        queue="service",
        reason="balance",
        menu_path=("main", "balance"),
        verified="number",
        number="+86 138****8000",
        queued_at=START - 20,
        raised_at=START,
    )
    return msgspec.structs.replace(basis, **changes)


def card(name: str = "王**") -> CustomerCard:
    return CustomerCard(
        customer_id="C0001",
        name=name,
        phone="+86 138****8000",
        segment="gold",
        segment_reason=Text(zh="资产达标", en="Assets above the threshold"),
        language="zh",
        customer_since="2015-03-08",
        products=(Text(zh="活期账户", en="Current account"),),
        balance_band=Text(zh="50万以上", en="Above 500,000"),
        flags=("complaint",),
        offers=(
            RankedOffer(
                offer_id="o1",
                title=Text(zh="大额存单", en="Certificate of deposit"),
                reason=Text(zh="活期余额高", en="High current balance"),
            ),
        ),
    )


class FakeGroups:
    """Knows the condition ``loyalty>=70`` alone."""

    def __init__(self) -> None:
        self.exports: list[tuple[str, ...]] = []

    async def group(self, conditions: Sequence[str], offer: str) -> CustomerGroup | None:
        if list(conditions) != ["loyalty>=70"] or offer not in ("", "wealth"):
            return None
        return CustomerGroup(
            size=3, segments={"gold": 3}, means={"loyalty": 80.0}, expected_value=12.5
        )

    async def fields(self) -> GroupFields:
        loyalty = Choice(code="loyalty", text=Text(zh="忠诚度", en="Loyalty"))
        wealth = Choice(code="wealth", text=Text(zh="理财产品", en="Wealth management"))
        gold = Choice(code="gold", text=Text(zh="金卡客户", en="Gold"))
        segment = GroupWord(code="segment", text=Text(zh="客户等级", en="Segment"), values=(gold,))
        return GroupFields(numbers=(loyalty,), words=(segment,), offers=(wealth,))

    async def export(self, conditions: Sequence[str], *, by: str, role: str) -> GroupExport | None:
        if not conditions:
            raise TooManyError("add a condition")
        if await self.group(conditions, "") is None:
            return None
        self.exports = [*self.exports, (by, role, *conditions)]
        return GroupExport(size=1, csv="customer_id,segment\r\nC1,gold\r\n")


class FakeCustomers:
    """Knows Wang Xiaoming alone, and whoever is added."""

    def __init__(self) -> None:
        self.linked: list[tuple[str, str]] = []
        self._names = {"C0001": "王**"}

    async def search(self, *, name: str, card_tail: str, number: str) -> tuple[CandidateCard, ...]:
        fits = name in ("", "王小明") and card_tail in ("", "0015")
        found = await self.card("C0001")
        return (found,) if found and fits and number in ("", "13800138000") else ()

    async def card(self, customer_id: str) -> CandidateCard | None:
        name = self._names.get(customer_id)
        if name is None:
            return None
        return CandidateCard(customer_id=customer_id, name=name, phone="", segment="standard")

    async def link_number(self, customer_id: str, number: str) -> bool:
        self.linked.append((customer_id, number))
        return True

    async def add_prospect(self, name: str, language: str, number: str) -> str:
        del language
        self._names["P-1"] = f"{name[0]}**"
        self.linked.append(("P-1", number))
        return "P-1"


class FakeHeld:
    """What the bank holds of the customer on every card."""

    async def held(self, customer_id: str) -> Held | None:
        return Held(name="王小明", family_name="王", phone="+8613800138000", address="canary road")


class Kit:
    """A console with a fake engine, a standing clock and users in memory."""

    def __init__(self, dist: Path, **settings: Any) -> None:
        self.clock = FakeClock()
        self.engine = FakeEngine(self.clock, QUEUES)
        self.users = MemoryUserStore()
        self.work = MemoryWorkStore()
        self.days = FakeDays(self.clock)
        self.board = FakeBoard(self.clock)
        self.floor = self.board.floor
        self.groups = FakeGroups()
        self.customers = FakeCustomers()
        self.lookups = MemoryLookupAudit()
        self.looks = MemoryLooks()
        self.unmasking = Unmasker(FakeHeld(), self.looks, self.clock)
        self.voices = FakeVoices()
        self.knowledge = MemoryKnowledgeStore()
        self.monitoring = FakeMonitoring()
        self.figures = StoredFigures(Figures())
        self.passwords = cheap_passwords()
        made = settings.pop("alarms", None)
        self.alarms: AlarmDesk | None = made(self) if made else self._quiet()
        settings = {"web_dist": dist, "sweep_s": 3600.0, **settings}
        self.config = ConsoleConfig(origins=(ORIGIN,), **settings)
        self.ready = {"asterisk": True, "database": True}
        self.app = create_app(
            self.config,
            self.engine,
            self.users,
            self.work,
            self.days,
            board=self.board,
            groups=self.groups,
            knowledge=self.knowledge,
            customers=self.customers,
            lookups=self.lookups,
            unmasking=self.unmasking,
            voices=self.voices,
            listens=self.looks,
            alarms=self.alarms,
            monitoring=self.monitoring,
            floor=self.floor,
            reports=made_reports(self.clock, self.figures),
            clock=self.clock,
            readiness=lambda: self.ready,
            passwords=self.passwords,
        )

    def _quiet(self) -> AlarmDesk:
        """Alarms of which there is none."""

        async def nothing() -> None:
            return None

        store = MemoryAlarmStore()
        return AlarmDesk(nothing, list, self.users, store, lambda _: None, self.clock)

    async def add(self, login: str, agent_id: str | None, **changes: Any) -> None:
        values: dict[str, Any] = {
            "display_name": login.title(),
            "role": "agent" if agent_id else "supervisor",
            "password": PASSWORD,
            "agent_id": agent_id,
            **changes,
        }
        await create_user(self.users, self.passwords, login=login, now=self.clock(), **values)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        async with self.app.router.lifespan_context(self.app):
            yield self

    async def look(self) -> None:
        """Do at once what the watch does every half second."""
        await self.app.state.watch.look()

    def browser(self, address: str = "127.0.0.1") -> "Browser":
        return Browser(self, address)


class Browser:
    """What a page does: signs in, asks for tickets, opens sockets; keeps its cookie."""

    def __init__(self, kit: Kit, address: str) -> None:
        self._kit = kit
        transport = httpx.ASGITransport(kit.app, client=(address, 5000))
        self.http = httpx.AsyncClient(
            transport=transport, base_url=ORIGIN, headers={"origin": ORIGIN}
        )

    async def sign_in(self, login: str, password: str = PASSWORD) -> SessionView:
        response = await self.http.post(
            "/api/session", json={"login": login, "password": password}
        )
        assert response.status_code == 200, response.text
        view = msgspec.json.decode(response.content, type=SessionView)
        self.http.headers["x-csrf-token"] = view.csrf
        return view

    async def ticket(self) -> str:
        response = await self.http.post("/api/socket-ticket")
        assert response.status_code == 200, response.text
        return str(response.json()["ticket"])

    @asynccontextmanager
    async def page(self, resume: Resume | None = None) -> AsyncIterator["Socket"]:
        """Open a WebSocket and say hello."""
        async with Socket(self._kit.app) as socket:
            socket.send(Hello(ticket=await self.ticket(), resume=resume))
            yield socket


class Socket(FarEnd):
    """The browser's end of a WebSocket."""

    def __init__(self, app: ASGIApp, origin: str | None = ORIGIN) -> None:
        super().__init__(app, "/ws", () if origin is None else [("origin", origin)])

    async def read(self) -> Envelope:
        """Return the next message; fail when the server closes instead."""
        return ENVELOPE_DECODER.decode(await self.read_text())

    async def read_all(self, count: int) -> list[ServerMessage]:
        return [(await self.read()).message for _ in range(count)]
