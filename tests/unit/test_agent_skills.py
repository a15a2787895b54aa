"""Which queues an agent signs in to: the skills, or the settings of who has none."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

import pytest

from agent_console.errors import CommandRefusedError
from agent_console.messages import SkillChoice
from agent_console.store import MemoryUserStore, Phone, Skill, User
from crm_lookup.numbers import NumberReader
from cti.core.ids import AgentId
from cti.engine import QueueMembership
from hotline.desks import Desks, TappedBus
from hotline.settings.centre import QueueSettings

QUEUES = [
    QueueSettings(name="service"),
    QueueSettings(name="vip", members=("1002",)),
    QueueSettings(name="cards"),
]

OWN = ("hotline-own", 1001)
"""Where the agent can be asked for by address."""


class StubEngine:
    """Signs in whom it is told to."""

    def __init__(self) -> None:
        self.queues: tuple[QueueMembership, ...] = ()
        self.signed_in: list[list[tuple[str, int]]] = []
        self.ordered_by: list[str] = []
        self.noted: list[tuple[str, ...]] = []

    def agent(self, _agent_id: AgentId) -> Any:
        return SimpleNamespace(queues=self.queues)

    async def sign_in(
        self, _agent_id: AgentId, interface: str, queues: Sequence[QueueMembership], by: str = ""
    ) -> None:
        self.ordered_by.append(by)
        assert interface == "PJSIP/1001"
        self.queues = tuple(reversed(queues))
        self.signed_in.append([(m.queue, m.penalty) for m in queues])

    async def ready(self, _agent_id: AgentId) -> None:
        return

    def skills_changed(self, _agent_id: AgentId, skills: tuple[str, ...], by: str) -> None:
        self.noted.append((*skills, by))


class Office:
    """An agent 1001 with a phone."""

    def __init__(self) -> None:
        self.engine = StubEngine()
        self.users = MemoryUserStore()
        engine: Any = self.engine
        self.desks = Desks(engine, TappedBus(), self.users, QUEUES, NumberReader())

    async def hire(self) -> None:
        user = User(
            login="li",
            display_name="李",
            role="agent",
            password_hash="x",
            created_at=0.0,
            agent_id="1001",
        )
        phone = Phone(extension="1001", login="li", sip_secret="x", created_at=0.0)
        await self.users.add_user(user, [phone])

    async def comes(self) -> list[list[tuple[str, int]]]:
        await self.desks.set_available("1001")
        return self.engine.signed_in


@pytest.fixture
async def office() -> Office:
    made = Office()
    await made.hire()
    return made


async def test_who_has_no_skills_gets_the_queues_of_the_settings(office: Office) -> None:
    assert await office.comes() == [[("service", 0), ("cards", 0), OWN]]


async def test_skills_are_served_with_their_penalties_and_no_other_queue(office: Office) -> None:
    await office.users.set_skill(Skill(login="li", queue="vip", penalty=3))
    await office.users.set_skill(Skill(login="li", queue="closed"))
    assert await office.comes() == [[("vip", 3), OWN]]


async def test_a_changed_skill_is_taken_at_the_next_sign_in_and_only_then(office: Office) -> None:
    await office.users.set_skill(Skill(login="li", queue="vip"))
    await office.users.set_skill(Skill(login="li", queue="cards", penalty=1))
    await office.comes()
    assert len(await office.comes()) == 1
    await office.users.set_skill(Skill(login="li", queue="vip", penalty=5))
    assert (await office.comes())[-1] == [("vip", 5), ("cards", 1), OWN]


async def test_without_a_phone_nobody_signs_in() -> None:
    with pytest.raises(CommandRefusedError, match="no phone"):
        await Office().comes()


async def test_a_supervisor_changes_the_skills_of_who_is_signed_in(office: Office) -> None:
    await office.comes()
    await office.desks.order_skills("1001", [SkillChoice(queue="vip", penalty=2)], "chen")
    assert office.engine.signed_in[-1] == [("vip", 2), OWN]
    assert office.engine.ordered_by[-1] == "chen"
    assert office.engine.noted == [("vip/2", "chen")]
    assert [(s.queue, s.penalty) for s in await office.users.skills("li")] == [("vip", 2)]
    for agent, queue, code in (("9", "vip", "unknown_agent"), ("1001", "x", "unknown_queue")):
        with pytest.raises(CommandRefusedError) as refused:
            await office.desks.order_skills(agent, [SkillChoice(queue=queue)], "chen")
        assert refused.value.code == code
    assert len(office.engine.noted) == 1


async def test_skills_of_who_is_away_wait_for_the_next_sign_in(office: Office) -> None:
    await office.desks.order_skills("1001", [SkillChoice(queue="vip")], "chen")
    assert office.engine.signed_in == []
    assert await office.comes() == [[("vip", 0), OWN]]
