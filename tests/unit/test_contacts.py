"""From the end of a call to a line in the customer's timeline."""

import asyncio
from types import SimpleNamespace
from typing import Any, cast

import pytest

from crm_lookup.model import CustomerId, Text
from crm_lookup.ports import CallContact
from cti.core import events as ev
from cti.core.calls import Call, advance
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.ids import CustomerId as Customer
from cti.core.world import World
from hotline.contacts import ContactKeeper, contact_of, topic_of

ID = CallId("call-1")
AGENT = AgentId("1001")
WORDS = {"solved": Text("已解决", "solved")}
STORY = (
    ev.CallerRecognised(at=2.0, call_id=ID, status="recognised", customer_id=Customer("C1")),
    ev.MenuEntered(at=3.0, call_id=ID, flow="main", node="welcome", language="zh"),
    ev.MenuEntered(at=4.0, call_id=ID, flow="main", node="cards.bill", language="zh"),
    ev.CallQueued(at=5.0, call_id=ID, queue=QueueName("service"), position=1, reason="card_bill"),
    ev.CallConnected(
        at=9.0,
        call_id=ID,
        agent_id=AGENT,
        queue=QueueName("service"),
        wait_time=4.0,
        ring_time=2.0,
    ),
    ev.CallCompleted(
        at=60.0,
        call_id=ID,
        agent_id=AGENT,
        queue=QueueName("service"),
        talk_time=51.0,
        ended_by="agent",
    ),
    ev.SurveyAnswered(at=64.0, call_id=ID, score=4),
    ev.CallEnded(at=66.0, call_id=ID, cause=16, ended_by="caller"),
)
DISPOSED = ev.CallDisposed(at=80.0, call_id=ID, agent_id=AGENT, disposition="solved")


class Store:
    """Keeps what it is told; ``fail`` breaks it."""

    def __init__(self) -> None:
        self.told: list[tuple[CallContact, CustomerId | None]] = []
        self.fail = False

    async def note_contact(
        self, contact: CallContact, *, instead_of: CustomerId | None = None
    ) -> None:
        if self.fail:
            raise OSError("disk full")
        await asyncio.sleep(0)
        self.told.append((contact, instead_of))


class Line:
    """A call, advanced event by event, and the keeper that hears of it."""

    def __init__(self) -> None:
        self.store = Store()
        self.world = SimpleNamespace(
            calls={ID: Call(call_id=ID, since=1.0, arrived_at=1.0, state="menu")}
        )
        self.keeper = ContactKeeper(cast(World, self.world), self.store, outcomes=WORDS)

    async def hears(self, *events: ev.CallEvent) -> None:
        for event in events:
            self.world.calls[ID] = advance(self.world.calls[ID], event)
            self.keeper.take(event)
        for _ in range(9):
            await asyncio.sleep(0)


async def test_a_call_is_written_when_it_ends_and_again_with_its_outcome() -> None:
    line = Line()
    await line.hears(*STORY[:-1])
    assert line.store.told == []
    await line.hears(STORY[-1], DISPOSED)
    (first, _), (second, _) = line.store.told
    assert first == CallContact(
        customer_id=CustomerId("C1"),
        call_id=ID,
        at=1.0,
        topic="card_bill",
        summary=Text(
            "来电：信用卡账单，坐席已接听", "Called about card bill: talked with an agent"
        ),
        agent_id=AGENT,
        menu_path="welcome>cards.bill",
        satisfaction=4,
    )
    assert second.summary.en == "Called about card bill: talked with an agent (solved)"
    assert second.summary.zh.endswith("（已解决）")
    await line.keeper.stop()


async def test_whom_the_agent_chose_after_the_call_gets_it() -> None:
    line = Line()
    unknown = ev.CallerRecognised(at=2.0, call_id=ID, status="ambiguous")
    await line.hears(unknown, *STORY[1:])
    assert line.store.told == []
    choice: dict[str, Any] = {"at": 70.0, "call_id": ID, "agent_id": AGENT, "candidates": 2}
    await line.hears(
        ev.CustomerChosen(**choice, customer_id=Customer("C2")),
        ev.CustomerChosen(**choice, customer_id=Customer("C3"), instead_of=Customer("C2")),
    )
    told = [(contact.customer_id, before) for contact, before in line.store.told]
    assert told == [("C2", None), ("C3", "C2")]
    await line.keeper.stop()


async def test_a_store_that_fails_disturbs_nobody() -> None:
    line = Line()
    line.store.fail = True
    await line.hears(*STORY)
    line.store.fail = False
    await line.hears(DISPOSED)
    assert len(line.store.told) == 1
    await line.keeper.stop()


@pytest.mark.parametrize(
    ("reason", "path", "topic"),
    [
        ("lost_card", "welcome>lost.card", "lost_card"),
        ("general", "welcome>main_menu>cards.card_menu", "cards"),
        ("", "welcome>balance_identity.pin>balance>main_menu", "balance"),
        ("", "welcome>language", "general"),
        ("", "", "general"),
        ("x" * 60, "", "x" * 24),
    ],
)
def test_what_a_call_was_about(reason: str, path: str, topic: str) -> None:
    call = Call(call_id=ID, since=1.0, arrived_at=1.0, reason=reason, menu_path=path)
    assert topic_of(call) == topic


@pytest.mark.parametrize(
    "outcome", ["", "answered", "abandoned", "left_queue", "menu", "callback"]
)
def test_every_outcome_has_words(outcome: Any) -> None:
    call = Call(call_id=ID, since=1.0, arrived_at=1.0, outcome=outcome, customer_id=Customer("C1"))
    said = contact_of(call, {})
    assert said.summary.en.isprintable()
    assert (said.agent_id, said.satisfaction) == (None, None)
