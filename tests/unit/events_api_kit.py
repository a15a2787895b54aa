"""What the event API's tests share: pops, briefs, grants, and a program without a network."""

from typing import Any

import msgspec

from agent_console.events_api import messages as m
from agent_console.events_api.service import EventsApi
from agent_console.events_api.testing import FakePoster
from agent_console.events_api.tokens import new_token
from agent_console.events_api.webhooks import WebhookConfig
from agent_console.store import MemoryIntegrationStore
from agent_console.store.integration_model import Grant, Scope
from crm_lookup import model
from crm_lookup.model import CustomerBrief, Offer, Text
from crm_lookup.numbers import NumberReader
from cti import pops
from cti.core import events as ev
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from hotline.desks import TappedBus
from tests.unit.socket_kit import START, FakeClock, FarEnd

NUMBER = "+8613800138000"
BRIEF = CustomerBrief(
    customer_id=model.CustomerId("C0001"),
    name="王**",
    phone="+86 138****8000",
    segment="gold",
    segment_reason=Text(zh="资产达标", en="Assets above the threshold"),
    language="zh",
    customer_since="2015-03-08",
    products=(Text(zh="活期账户", en="Current account"),),
    balance_band=Text(zh="50万以上", en="Above 500,000"),
    flags=("complaint",),
    relationship_manager="李经理",
    interactions=(),
    offers=(
        Offer(
            offer_id="o1",
            title=Text(zh="大额存单", en="Certificate of deposit"),
            reason=Text(zh="活期余额高", en="High current balance"),
        ),
    ),
)


def grant(*scopes: Scope, queues: set[str] | None = None, agents: set[str] | None = None) -> Grant:
    return Grant(
        scopes=frozenset(scopes),
        queues=None if queues is None else frozenset(queues),
        agents=None if agents is None else frozenset(agents),
    )


def raised(call: str = "c1", agent: str = "1001", queue: str = "service", **changes: Any) -> Any:
    pop: pops.PopRaised[CustomerBrief] = pops.PopRaised(
        pop_id=f"{call}/{agent}/1",
        call_id=CallId(call),
        agent_id=AgentId(agent),
        caller_number=NUMBER,
        dnis="95500",
        queue=QueueName(queue),
        language="zh",
        reason="balance",
        menu_path="main>balance",
        verified="number",
        customer_id=CustomerId("C0001"),
        wait_time=4.0,
        brief=BRIEF,
        brief_status="ready",
        rang_at=START,
        raised_at=START,
        latency=0.0,
        route_reasons=("segment=gold", "topic=balance", "priority=gold"),
    )
    return msgspec.structs.replace(pop, **changes)


def queued(call: str = "c1", queue: str = "service") -> ev.CallQueued:
    return ev.CallQueued(
        at=START, call_id=CallId(call), queue=QueueName(queue), position=1, reason="balance"
    )


class Kit:
    """The event API on a bus, with a store in memory."""

    def __init__(self, **settings: Any) -> None:
        self.clock = FakeClock()
        self.store = MemoryIntegrationStore()
        self.poster = FakePoster()
        self.bus = TappedBus()
        self.api = EventsApi(
            self.store,
            NumberReader("CN"),
            {"c1": "service"}.get,
            self.clock,
            self.poster,
            WebhookConfig(**settings),
        )
        self.bus.watchers.append(self.api.take)

    async def token(self, held: Grant, lifetime_s: float = 3600.0) -> str:
        text, record = new_token("CRM", held, now=self.clock(), lifetime_s=lifetime_s)
        await self.store.add_token(record)
        return text

    async def look(self) -> None:
        """Do at once what the watch does every half second."""
        await self.api.sockets.look()

    def program(self, token: str | None = None, **scope: Any) -> "Program":
        return Program(self, token, scope)


class Program(FarEnd):
    """A program's end of a WebSocket, straight onto the ASGI endpoint."""

    def __init__(self, kit: Kit, token: str | None, scope: dict[str, Any]) -> None:
        (route,) = kit.api.routes()
        headers = () if token is None else [("authorization", f"Bearer {token}")]
        super().__init__(route.handle, "/api/events/v1", headers, scope)

    async def hello(self, **fields: Any) -> tuple[m.Welcome, m.ServerMessage | None]:
        """Say hello; return the welcome and, unless resumed, the reset."""
        self.send(m.Hello(**fields))
        welcome = await self.read()
        assert isinstance(welcome, m.Welcome)
        return welcome, None if welcome.resumed else await self.read()

    async def read(self) -> m.ServerMessage:
        return m.SERVER_DECODER.decode(await self.read_text())

    async def event(self) -> tuple[int, m.Event]:
        message = await self.read()
        assert isinstance(message, m.EventMessage), message
        return message.seq, message.event
