"""What supervisors order over the console: who may, in which words, and what becomes of it."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from agent_console.messages import (
    ENVELOPE_DECODER,
    Accepted,
    Failed,
    MoveCall,
    OrderSkills,
    OrderState,
    OrderWrapUpEnd,
    ServerMessage,
    SkillChoice,
)
from tests.unit.console_kit import Kit, pop
from tests.unit.socket_kit import FarEnd

ORDERS = (
    OrderState(ref=1, agent_id="1001", state="available"),
    OrderState(ref=2, agent_id="1001", state="paused", reason="lunch"),
    OrderSkills(ref=3, agent_id="1001", skills=(SkillChoice(queue="vip", penalty=3),)),
    MoveCall(ref=4, call_id="c9", queue="vip", priority=40),
    OrderState(ref=5, agent_id="1001", state="logged_out"),
)


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path / "dist")
    await kit.add("wang", "1001")
    await kit.add("boss", None)
    async with kit.running():
        yield kit


async def answer(page: FarEnd) -> ServerMessage:
    """Return the next answer; what happened is told before it."""
    while True:
        message = ENVELOPE_DECODER.decode(await page.read_text()).message
        if isinstance(message, Accepted | Failed):
            return message


async def test_a_supervisors_orders_reach_the_engine_with_the_name(kit: Kit) -> None:
    boss = kit.browser()
    await boss.sign_in("boss")
    async with boss.page() as page:
        for order in ORDERS:
            page.send(order)
            assert await answer(page) == Accepted(ref=order.ref)
    assert kit.engine.commands == [
        ("order_state", "1001", "available", "", "boss"),
        ("order_state", "1001", "paused", "lunch", "boss"),
        ("order_skills", "1001", "vip/3", "boss"),
        ("move_call", "c9", "vip", "40", "boss"),
        ("order_state", "1001", "logged_out", "", "boss"),
    ]


async def test_the_agents_page_shows_what_was_ordered(kit: Kit) -> None:
    wang, boss = kit.browser(), kit.browser()
    await wang.sign_in("wang")
    await boss.sign_in("boss")
    async with wang.page() as page, boss.page() as bosses:
        await page.read_all(2)
        kit.engine.ring("1001", pop())
        kit.engine.connect("1001", "c1")
        kit.engine.hang_up("1001", "c1")
        bosses.send(OrderWrapUpEnd(ref=1, agent_id="1001"))
        assert await answer(bosses) == Accepted(ref=1)
        kinds = [type(message).__name__ for message in await page.read_all(9)]
    assert kinds[-2:] == ["WrapUpEnded", "AgentStateChanged"]


@pytest.mark.parametrize("order", ORDERS)
async def test_an_agent_may_order_nothing(
    kit: Kit, order: OrderState | OrderSkills | MoveCall
) -> None:
    wang = kit.browser()
    await wang.sign_in("wang")
    async with wang.page() as page:
        page.send(order)
        refused = await answer(page)
    assert isinstance(refused, Failed)
    assert (refused.ref, refused.code) == (order.ref, "not_allowed")
    assert kit.engine.commands == []


@pytest.mark.parametrize(
    ("order", "code"),
    [
        (OrderState(ref=1, agent_id="1001", state="paused", reason="mood"), "unknown_code"),
        (MoveCall(ref=1, call_id="c9"), "bad_message"),
    ],
)
async def test_an_order_without_sense_is_refused(
    kit: Kit, order: OrderState | MoveCall, code: str
) -> None:
    boss = kit.browser()
    await boss.sign_in("boss")
    async with boss.page() as page:
        page.send(order)
        refused = await answer(page)
        assert isinstance(refused, Failed)
        assert refused.code == code
        page.send_text(
            msgspec.json.encode(
                {"type": "move_call", "ref": 2, "call_id": "c", "priority": 1001}
            ).decode()
        )
        refused = await answer(page)
        assert isinstance(refused, Failed)
        assert refused.code == "bad_message"
    assert kit.engine.commands == []
