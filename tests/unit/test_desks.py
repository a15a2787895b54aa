"""From the engine's events to the messages of a desk."""

from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock

import msgspec
import pytest

from agent_console import messages as msg
from agent_console.errors import CommandRefusedError
from agent_console.ports import Addressed, Feed
from agent_console.store import MemoryUserStore
from crm_lookup.model import Held
from crm_lookup.numbers import NumberReader
from cti import pops, views
from cti.bus import EVENTS, agent_topic
from cti.core import events as ev
from cti.core.calls import Call
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from cti.errors import AmiUnavailableError, NotAllowedNowError
from hotline.desks import Desks, TappedBus
from hotline.settings.centre import QueueSettings
from tests.unit.events_api_kit import BRIEF

AGENT = AgentId("1001")
TARGET = AgentId("1002")
CALL = CallId("c1")
QUEUE = QueueName("service")


def agent_view(**changes: Any) -> views.AgentView:
    fields: dict[str, Any] = {
        "agent_id": AGENT,
        "state": "on_call",
        "reason": "",
        "since": 10.0,
        "age": 0.0,
        "queues": (),
        "interface": "PJSIP/1001",
        "reachable": True,
        "call_id": CALL,
        "queue": QUEUE,
        "wrap_up_until": None,
        "wrap_up_left": None,
    }
    return views.AgentView(**fields | changes)


class StubEngine:
    """Answers what the desks ask; the bus is the real one."""

    def __init__(self) -> None:
        self.view = agent_view()
        self.pop: Any = None
        self.control: Any = None
        self.world = SimpleNamespace(calls={})
        self.waiting = 0
        self.away = False

    def agent(self, _agent_id: AgentId) -> views.AgentView:
        return self.view

    def pop_of(self, _agent_id: AgentId) -> Any:
        return self.pop

    def queues(self) -> views.Queues:
        queue = views.QueueView(
            queue=QUEUE, waiting=self.waiting, longest_wait=7.0, agents={"available": 2}
        )
        return views.Queues(at=100.0, queues=(queue,))

    async def ready(self, _agent_id: AgentId) -> None:
        if self.away:
            raise AmiUnavailableError("no connection")


class Desk:
    """The desks under test, and everything that they tell."""

    def __init__(self) -> None:
        self.engine = StubEngine()
        self.bus = TappedBus()
        self.heard: list[Feed] = []
        engine: Any = self.engine
        self.desks = Desks(
            engine, self.bus, MemoryUserStore(), [QueueSettings(name="service")], NumberReader()
        )
        self.desks.listen(self.heard.append)

    def messages(self) -> list[Any]:
        return [item.message for item in self.heard if isinstance(item, Addressed)]


@pytest.fixture
async def desk() -> Desk:
    return Desk()


def raised(number: str = "013800138000", **changes: Any) -> pops.PopRaised[Any]:
    fields: dict[str, Any] = {
        "pop_id": "p",
        "call_id": CALL,
        "agent_id": AGENT,
        "caller_number": number,
        "dnis": "95500",
        "queue": QUEUE,
        "language": "zh",
        "reason": "balance",
        "menu_path": "welcome>main_menu",
        "verified": "pin",
        "customer_id": None,
        "wait_time": 5.0,
        "brief": None,
        "brief_status": "none",
        "rang_at": 50.0,
        "raised_at": 50.01,
        "latency": 0.01,
    }
    return pops.PopRaised(**fields | changes)


def state(**changes: Any) -> ev.AgentStateChanged:
    fields: dict[str, Any] = {"at": 60.0, "agent_id": AGENT, "state": "available"}
    return ev.AgentStateChanged(**fields | changes)


async def test_a_pop_is_masked_and_knows_when_the_caller_queued(desk: Desk) -> None:
    desk.bus.publish(agent_topic(AGENT), raised())
    (message,) = desk.messages()
    assert message.pop.number == "+86 138****8000"
    assert message.pop.queued_at == 45.0
    assert message.pop.menu_path == ("welcome", "main_menu")
    assert message.pop.brief == "unknown"
    assert message.pop.pop_id == "p"


async def test_a_pop_says_why_it_came(desk: Desk) -> None:
    desk.bus.publish(agent_topic(AGENT), raised(route_reasons=("segment=gold", "queue=default")))
    (message,) = desk.messages()
    told = [text.en for text in message.pop.route]
    assert told == ["Gold customer", "The queue of the number dialled"]


async def test_what_was_noted_of_offers_is_told_and_stands_on_a_new_pop(desk: Desk) -> None:
    noted = Call(call_id=CALL, since=1.0, arrived_at=1.0, offers=(("o1", "declined"),))
    desk.engine.world.calls[CALL] = noted
    said = ev.OfferDeclined(
        at=2.0,
        call_id=CALL,
        agent_id=AGENT,
        customer_id=CustomerId("C1"),
        offer_id="o1",
        rank=1,
    )
    desk.bus.publish(EVENTS, said)
    desk.bus.publish(agent_topic(AGENT), raised())
    answered, raised_again = desk.messages()
    assert answered == msg.OfferAnswered(call_id=CALL, offer_id="o1", answer="declined")
    assert raised_again.pop.answers == {"o1": "declined"}


async def test_a_consultation_is_told_as_the_call_stands(desk: Desk) -> None:
    who: dict[str, Any] = {"at": 2.0, "call_id": CALL, "agent_id": AGENT, "target": TARGET}
    call = Call(call_id=CALL, since=1.0, arrived_at=1.0, agent_id=AGENT, consulted=TARGET)
    calls = desk.engine.world.calls
    calls[CALL] = call
    desk.bus.publish(EVENTS, ev.ConsultStarted(**who))
    desk.bus.publish(agent_topic(AGENT), raised())
    calls[CALL] = msgspec.structs.replace(call, state="conference", consult_answered=True)
    desk.bus.publish(EVENTS, ev.ConferenceStarted(**who))
    desk.bus.publish(agent_topic(TARGET), raised(agent_id=TARGET))
    calls[CALL] = msgspec.structs.replace(call, consulted=None)
    desk.bus.publish(EVENTS, ev.ConsultEnded(**who, status="ANSWER"))
    asked, heard, shown, joined, joined_too, colleagues, over = desk.messages()
    whom = {"agent_id": TARGET, "asked_by": AGENT}
    assert asked.consultation == heard.consultation == msg.Consultation(**whom)
    assert shown.pop.consultation == asked.consultation
    assert joined.consultation == msg.Consultation(**whom, answered=True, conference=True)
    assert joined_too == joined
    assert colleagues.pop.consultation == joined.consultation, "the colleague sees who asks"
    assert over.consultation is None


async def test_a_pop_of_somebody_else_has_no_consultation(desk: Desk) -> None:
    call = Call(call_id=CALL, since=1.0, arrived_at=1.0, agent_id=AGENT, consulted=TARGET)
    desk.engine.world.calls[CALL] = call
    desk.bus.publish(agent_topic(AgentId("1009")), raised(agent_id=AgentId("1009")))
    (shown,) = desk.messages()
    assert shown.pop.consultation is None


async def test_agents_orders_go_to_the_call_that_they_have(desk: Desk) -> None:
    asked = desk.engine.control = AsyncMock()
    await desk.desks.transfer(AGENT, CALL, queue="service", target=None, reason="loans")
    asked.transfer_to_queue.assert_awaited_once_with(AGENT, QUEUE, "loans")
    await desk.desks.transfer(AGENT, CALL, queue=None, target=TARGET, reason="")
    asked.transfer_to_agent.assert_awaited_once_with(AGENT, TARGET, "")
    await desk.desks.consult(AGENT, CALL, TARGET)
    asked.consult.assert_awaited_once_with(AGENT, TARGET)
    for how, method in (
        ("transfer", asked.complete_transfer),
        ("conference", asked.conference),
        ("cancel", asked.cancel_consult),
    ):
        await desk.desks.settle_consultation(AGENT, CALL, how)  # type: ignore[arg-type]
        method.assert_awaited_once_with(AGENT)
    await desk.desks.leave_call(AGENT, CALL)
    asked.hang_up.assert_awaited_once_with(AGENT)
    with pytest.raises(CommandRefusedError, match="unknown_call"):
        await desk.desks.leave_call(AGENT, "another")
    with pytest.raises(CommandRefusedError, match="unknown_queue"):
        await desk.desks.transfer(AGENT, CALL, queue="none", target=None, reason="")
    asked.consult.side_effect = NotAllowedNowError("busy")
    with pytest.raises(CommandRefusedError, match="not_now"):
        await desk.desks.consult(AGENT, CALL, TARGET)


@pytest.mark.parametrize("number", ["", "anonymous", "<unknown>"])
async def test_a_withheld_number_stays_empty(desk: Desk, number: str) -> None:
    desk.bus.publish(agent_topic(AGENT), raised(number))
    assert desk.messages()[0].pop.number == ""


async def test_the_pages_that_showed_a_pop_are_counted(desk: Desk) -> None:
    def two_pages(item: Feed) -> None:
        if isinstance(item, Addressed) and isinstance(item.message, msg.PopRaised):
            desk.desks.presented(AGENT, CALL, 2)

    desk.desks.listen(two_pages)
    assert desk.bus.publish(agent_topic(AGENT), raised()) == 2
    assert desk.bus.publish(EVENTS, state()) == 0


async def test_an_event_under_two_topics_is_told_once(desk: Desk) -> None:
    desk.bus.publish(EVENTS, state())
    desk.bus.publish(agent_topic(AGENT), state())
    assert [type(m) for m in desk.messages()] == [msg.AgentStateChanged]


async def test_without_wrap_up_the_call_still_leaves_the_desk(desk: Desk) -> None:
    connected = pops.PopConnected(pop_id="p", call_id=CALL, agent_id=AGENT, at=51.0)
    desk.bus.publish(agent_topic(AGENT), connected)
    desk.bus.publish(EVENTS, state(state="on_call", call_id=CALL))
    assert not any(isinstance(m, msg.PopWithdrawn) for m in desk.messages())
    desk.bus.publish(EVENTS, state())
    assert desk.messages()[-1] == msg.PopWithdrawn(call_id=CALL, reason="ended")


async def test_a_fault_towards_a_page_never_reaches_the_engine(desk: Desk) -> None:
    def broken(_item: Feed) -> None:
        raise RuntimeError("a page broke")

    desk.desks.listen(broken)
    subscription = desk.bus.subscribe(EVENTS)
    assert desk.bus.publish(EVENTS, state()) == 1
    assert isinstance(await subscription.get(), ev.AgentStateChanged)


async def test_the_picture_of_a_wrap_up_shows_the_ended_call(desk: Desk) -> None:
    desk.engine.view = agent_view(state="wrap_up", reason="wrap-up", wrap_up_until=40.0)
    desk.engine.pop = raised(connected=True)
    picture = desk.desks.picture(AGENT)
    assert picture.status == msg.AgentStatus(state="wrap_up", since=10.0)
    assert [(pop.phase, pop.ended_at) for pop in picture.pops] == [("ended", 10.0)]
    assert picture.wrap_up == msg.WrapUp(call_id=CALL, started_at=10.0, until=40.0)


async def test_queues_say_who_waits_longest(desk: Desk) -> None:
    assert desk.desks.queues().queues == (msg.QueueLine(queue="service", waiting=0, available=2),)
    desk.engine.waiting = 3
    line = desk.desks.queues().queues[0]
    assert (line.waiting, line.longest_since) == (3, 93.0)


async def test_an_absent_asterisk_is_a_refusal(desk: Desk) -> None:
    desk.engine.away = True
    with pytest.raises(CommandRefusedError) as caught:
        await desk.desks.ready(AGENT)
    assert caught.value.code == "engine_away"


async def test_an_agent_without_a_phone_cannot_take_calls(desk: Desk) -> None:
    with pytest.raises(CommandRefusedError, match="no phone"):
        await desk.desks.set_available(AGENT)


@pytest.mark.parametrize(
    ("role", "verified", "name", "asks"),
    [
        (None, "pin", "王**", []),
        ("admin", "pin", "王**", []),
        ("agent", "number", "王**", ["name"]),
        ("agent", "pin", "王芳", ["phone", "address"]),
        ("supervisor", "none", "王**", ["name", "phone"]),
    ],
)
async def test_a_brief_is_masked_by_who_looks_and_how_the_caller_is_verified(
    desk: Desk, role: Any, verified: str, name: str, asks: list[str]
) -> None:
    if role is not None:
        assert desk.desks.seated(AGENT, role)
        assert not desk.desks.seated(AGENT, role)
    held = Held(
        name="王芳", family_name="王", phone="+8613800138000", address="上海市浦东新区某路一号"
    )
    brief = msgspec.structs.replace(BRIEF, held=held)
    desk.bus.publish(
        agent_topic(AGENT), raised(brief=brief, brief_status="ready", verified=verified)
    )
    customer = desk.messages()[0].pop.customer
    shown = {line.field: line.shown for line in customer.personal}
    assert shown["name"] == name
    assert shown["phone"] == "+86 138****8000"
    assert [line.field for line in customer.personal if line.on_request] == asks
    assert customer.name == BRIEF.name
    assert b"Held" not in msgspec.json.encode(desk.messages()[0])
