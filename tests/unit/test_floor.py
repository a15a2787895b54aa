"""What supervisors do, over the engine on a faked link and a store in memory."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from agent_console.errors import CommandRefusedError
from agent_console.floor_messages import NewAnnouncement
from agent_console.messages import SkillChoice
from agent_console.store import MemoryFloorStore, MemoryUserStore, Skill, User
from cti.core import events as ev
from cti.core.ids import CallId, CustomerId
from hotline.announcements import AnnouncementMaker
from hotline.floor import BankFloor
from hotline.settings.centre import QueueSettings
from ivr.prompts import PromptCatalogue
from tests.unit.test_engine import SERVICE, VIP, Bench

QUEUES = (QueueSettings(name="service"), QueueSettings(name="vip"))


class Floor:
    """A floor over a bench; another one over the same store is a restart."""

    def __init__(self, folder: Path) -> None:
        self.bench = Bench()
        self.store = MemoryFloorStore()
        self.users = MemoryUserStore()
        self.maker = AnnouncementMaker(folder, PromptCatalogue.load(), {})
        self.floor = self.make()

    def make(self) -> BankFloor:
        engine: Any = self.bench.engine
        return BankFloor(engine, self.store, self.users, self.maker, QUEUES)


@pytest.fixture
async def floor(tmp_path: Path) -> AsyncIterator[Floor]:
    made = Floor(tmp_path)
    await made.floor.load()
    await made.bench.boot()
    yield made
    await made.bench.engine.stop()


async def test_what_is_closed_and_played_is_there_after_a_restart(floor: Floor) -> None:
    await floor.floor.close_queue("vip", "fire drill", "boss")
    made = await floor.floor.make_announcement(NewAnnouncement(prompt="all_agents_busy"), "boss")
    await floor.floor.switch_on(made.announcement_id, "storm", "boss")
    floor.bench.engine = floor.bench.make()
    again = floor.make()
    await again.load()
    assert floor.bench.engine.doors.closed == {VIP}
    [closed] = again.closed()
    assert (closed.queue, closed.reason, closed.closed_by) == ("vip", "fire drill", "boss")
    playing = again.playing()
    assert playing is not None
    assert (playing.announcement_id, playing.reason) == (made.announcement_id, "storm")
    await floor.bench.boot()
    said = [dict(a.fields)["Value"] for a in floor.bench.link.sent if a.name == "Setvar"]
    assert said == [",vip,", "hotline/all_agents_busy", "hotline/all_agents_busy"]


async def test_what_asterisk_does_not_take_is_taken_back(floor: Floor) -> None:
    made = await floor.floor.make_announcement(NewAnnouncement(prompt="all_agents_busy"), "boss")
    await floor.floor.close_queue("service", "fire", "boss")
    await floor.floor.switch_on(made.announcement_id, "storm", "boss")
    floor.bench.link.break_down()
    for act in (
        floor.floor.close_queue("vip", "fire", "boss"),
        floor.floor.open_queue("service", "boss"),
        floor.floor.switch_off("boss"),
    ):
        with pytest.raises(CommandRefusedError, match="engine_away"):
            await act
    again = floor.make()
    await again.load()
    assert [one.queue for one in again.closed()] == ["service"]
    playing = again.playing()
    assert playing is not None
    assert playing.reason == "storm"


async def test_what_makes_no_sense_is_refused(floor: Floor) -> None:
    await floor.floor.close_queue("vip", "fire", "boss")
    for act, code in (
        (floor.floor.close_queue("nowhere", "x", "boss"), "unknown_queue"),
        (floor.floor.close_queue("vip", "x", "boss"), "not_now"),
        (floor.floor.open_queue("service", "boss"), "not_now"),
        (floor.floor.open_queue("nowhere", "boss"), "unknown_queue"),
        (floor.floor.switch_on("nothing", "x", "boss"), "unknown_announcement"),
        (floor.floor.switch_off("boss"), "not_now"),
        (floor.floor.set_team("9", "a"), "unknown_agent"),
    ):
        with pytest.raises(CommandRefusedError) as caught:
            await act
        assert caught.value.code == code


async def test_callers_are_listed_as_they_will_be_served(floor: Floor) -> None:
    now = floor.bench.now
    told: list[ev.DomainEvent] = []
    for name, queue, at, priority in (
        ("late", SERVICE, 30, 0),
        ("early", SERVICE, 10, 0),
        ("valued", SERVICE, 40, 20),
        ("other", VIP, 5, 0),
    ):
        call_id = CallId(name)
        told += [
            ev.CallArrived(
                at=now,
                call_id=call_id,
                uniqueid=name,
                linkedid=name,
                dnis="95500",
                trunk="carrier",
                caller_pseudonym="",
            ),
            ev.CallerRecognised(
                at=now,
                call_id=call_id,
                status="recognised",
                customer_id=CustomerId("C1"),
                segment="gold" if name == "valued" else "",
            ),
            ev.CallQueued(
                at=now + at, call_id=call_id, queue=queue, position=1, priority=priority
            ),
        ]
    floor.bench.engine.world.restore(told)
    rows = await floor.floor.waiting("service")
    assert [(row.call_id, row.position) for row in rows] == [
        ("valued", 1),
        ("early", 2),
        ("late", 3),
    ]
    assert [row.segment for row in rows] == ["gold", None, None]
    assert [row.queue for row in await floor.floor.waiting("")] == ["service"] * 3 + ["vip"]


async def test_people_are_listed_with_skills_and_teams(floor: Floor) -> None:
    for login, agent_id in (("li", "1001"), ("boss", None)):
        await floor.users.add_user(
            User(
                login=login,
                display_name=login,
                role="agent",
                password_hash="x",
                created_at=1.0,
                agent_id=agent_id,
            )
        )
    await floor.users.set_skill(Skill(login="li", queue="vip", penalty=2))
    await floor.floor.set_team("1001", "loans")
    [person] = await floor.floor.skills()
    assert (person.agent_id, person.team, person.serves) == ("1001", "loans", ())
    assert person.skills == (SkillChoice(queue="vip", penalty=2),)
