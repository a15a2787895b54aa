"""From a caller's message to the follow-up of somebody who will hear it."""

import asyncio
from types import SimpleNamespace
from typing import cast

import pytest

from agent_console.store.memory import MemoryUserStore
from agent_console.store.model import Skill, User
from agent_console.store.work_memory import MemoryWorkStore
from agent_console.store.work_model import FollowUp
from crm_lookup.model import CustomerBrief
from crm_lookup.model import CustomerId as Customer
from cti.core import events as ev
from cti.core.calls import Call
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from cti.core.world import Rules, World
from hotline.voicemail_tasks import VoicemailTasks

NOW = 1_795_492_800.0
CALL = CallId("call-1")


class Bank:
    """Who talked with whom last, and what customers are called."""

    def __init__(self) -> None:
        self.last: dict[str, str] = {}
        self.fail = False

    async def note_agent(self, customer_id: Customer, agent_id: str, at: float) -> None:
        del at
        self.last[customer_id] = agent_id

    async def last_agent(self, customer_id: Customer, since: float) -> str | None:
        assert since < NOW
        return self.last.get(customer_id)

    async def brief(self, customer_id: Customer) -> CustomerBrief | None:
        if self.fail:
            raise OSError("the bank is away")
        return cast(CustomerBrief, SimpleNamespace(name="王**")) if customer_id == "C1" else None


class Office:
    """Three agents; 1001 and 1002 take calls of ``service``, 1002 is at work."""

    def __init__(self) -> None:
        self.world = World(Rules(pseudonym_key=b"0123456789abcdef"))
        self.users, self.work, self.bank = MemoryUserStore(), MemoryWorkStore(), Bank()
        self.tasks = VoicemailTasks(
            self.world,
            users=self.users,
            work=self.work,
            last_agents=self.bank,
            brief=self.bank.brief,
            within=3600.0,
        )

    async def open(self) -> "Office":
        for login in ("1001", "1002", "1003"):
            user = User(
                login=login,
                display_name=login,
                role="agent",
                password_hash="-",
                created_at=NOW,
                agent_id=login,
                language="en" if login == "1001" else "zh",
            )
            await self.users.add_user(user)
        for login, queue in (("1001", "service"), ("1002", "service"), ("1003", "vip")):
            await self.users.set_skill(Skill(login=login, queue=queue))
        self.world.set_agent(AgentId("1002"), NOW, state="available")
        return self

    async def hears(self, customer_id: str | None, call_id: CallId = CALL) -> list[FollowUp]:
        self.world.calls[call_id] = Call(
            call_id=call_id,
            since=NOW,
            arrived_at=NOW,
            queue=QueueName("service"),
            customer_id=CustomerId(customer_id) if customer_id else None,
        )
        self.world.trace(call_id).caller_number = "+8613800138000"
        self.tasks.take(ev.VoicemailLeft(at=NOW, call_id=call_id, seconds=23))
        for _ in range(50):
            await asyncio.sleep(0)
        return [f for n in ("1001", "1002", "1003") for f in await self.work.follow_ups(n, 0.0)]


async def test_who_talked_with_the_customer_last_gets_the_message() -> None:
    office = await Office().open()
    office.bank.last["C1"] = "1001"
    [task] = await office.hears("C1")
    assert (task.login, task.kind, task.due_at) == ("1001", "callback", NOW + 3600)
    assert (task.call_id, task.customer_id, task.caller) == (CALL, "C1", "王**")
    assert "23 s" in task.text
    assert await office.hears("C1") == [task]  # heard of it twice: still one
    await office.tasks.stop()


@pytest.mark.parametrize("last", [None, "1003", "9999"])
async def test_somebody_at_work_who_takes_the_queues_calls_gets_it_otherwise(
    last: str | None,
) -> None:
    office = await Office().open()
    if last is not None:
        office.bank.last["C2"] = last
    [task] = await office.hears("C2")
    assert (task.login, task.caller) == ("1002", "+86 138****8000")
    assert "23 秒" in task.text
    await office.tasks.stop()


async def test_messages_are_shared_out() -> None:
    office = await Office().open()
    office.world.set_agent(AgentId("1001"), NOW, state="available")
    for n in range(4):
        tasks = await office.hears(None, CallId(f"call-{n}"))
    assert sorted(task.login for task in tasks) == ["1001", "1001", "1002", "1002"]
    await office.tasks.stop()


async def test_who_is_kept_out_gets_none_and_trouble_disturbs_nobody() -> None:
    office = await Office().open()
    await office.users.set_disabled("1002", True)
    office.bank.fail = True
    assert await office.hears("C1") == []
    office.bank.fail = False
    assert [task.login for task in await office.hears("C1")] == ["1001"]
    await office.tasks.stop()
