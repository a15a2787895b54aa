"""Whole values: for a reason, by right, limited, and never without a line in the audit."""

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, Final

import pytest

from agent_console.rest_unmask import LOOKS
from crm_lookup.masking import FIELDS, LEVELS, VIEWERS, may_ask
from crm_lookup.model import CustomerId, Held
from crm_lookup.unmasking import (
    Look,
    LookRefusedError,
    MemoryLooks,
    Unmasker,
    Wish,
    personal_lines,
)
from tests.unit.console_kit import Browser, Kit, card, pop

PATH: Final = "/api/calls/c1/unmask"
ORDER: Final = {"field": "phone", "reason": "客户要求回电"}
HELD: Final = Held(
    name="王芳Canary",
    family_name="王",
    phone="+8613866660000",
    id_number="110105198501230CAN",
    address="上海市Canary路100号门",
    email="canary77@canary.example.com",
    birth_year="1985",
)


class Bank:
    async def held(self, customer_id: CustomerId) -> Held | None:
        return HELD if customer_id == "C1" else None


def wish(**changes: Any) -> Wish:
    fields: dict[str, Any] = {
        **{"actor": "wang", "role": "agent", "level": "pin", "customer_id": "C1"},
        **{"field": "phone", "reason": "客户要求回电", "call_id": "c1"},
    }
    return Wish(**fields | changes)


@pytest.mark.parametrize("role", [*VIEWERS, "root"])
@pytest.mark.parametrize("level", [*LEVELS, "forged"])
async def test_every_try_leaves_one_line_and_the_table_decides(role: str, level: str) -> None:
    for field in (*FIELDS, "pin", "__class__"):
        looks = MemoryLooks()
        unmasker = Unmasker(Bank(), looks, lambda: 7.0)
        allowed = field in FIELDS and may_ask(field, role, level)
        asked = unmasker.show(wish(role=role, level=level, field=field))
        if allowed:
            assert await asked == getattr(HELD, field)
        else:
            with pytest.raises(LookRefusedError, match="may not see"):
                await asked
        (line,) = looks.looks
        assert (line.at, line.outcome) == (7.0, "shown" if allowed else "refused")
        assert line.field in (*FIELDS, "unknown")


@pytest.mark.parametrize("reason", ["", "   ", "abc", "....", "回 电 ！"])
async def test_a_reason_must_say_something(reason: str) -> None:
    looks = MemoryLooks()
    with pytest.raises(LookRefusedError, match="at least 4 characters"):
        await Unmasker(Bank(), looks, lambda: 0.0).show(wish(reason=reason))
    assert looks.looks[0].outcome == "refused"


async def test_nobody_and_nothing_are_refused() -> None:
    looks = MemoryLooks()
    with pytest.raises(LookRefusedError, match="no such value"):
        await Unmasker(Bank(), looks, lambda: 0.0).show(wish(customer_id="C2"))
    assert looks.newest()[0].customer_id == "C2"


async def test_without_the_line_nothing_is_shown() -> None:
    class Broken:
        async def note_look(self, look: Look) -> None:
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        await Unmasker(Bank(), Broken(), lambda: 0.0).show(wish())


@pytest.mark.parametrize("viewer", VIEWERS)
@pytest.mark.parametrize("level", LEVELS)
def test_no_canary_reaches_a_page_without_the_right(viewer: str, level: str) -> None:
    lines = personal_lines(HELD, viewer=viewer, level=level)
    told = json.dumps([[line.field, line.shown] for line in lines], ensure_ascii=False)
    named = viewer in ("agent", "leader", "supervisor") and level == "pin"
    assert ("王芳Canary" in told) == named
    rest = told.replace("王芳Canary", "")
    for canary in ("6666", "19850123", "0CAN", "Canary路", "canary77", "canary.example", "1985"):
        assert canary not in rest
    assert {line.field for line in lines if line.on_request} <= {
        field for field in FIELDS if may_ask(field, viewer, level)
    }


# Over HTTP ---------------------------------------------------------------------------------


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path)
    await kit.add("wang", "1001")
    await kit.add("li", "1002")
    async with kit.running():
        yield kit


@pytest.fixture
async def wang(kit: Kit) -> Browser:
    browser = kit.browser()
    await browser.sign_in("wang")
    return browser


async def ring(kit: Kit, browser: Browser, verified: str) -> None:
    async with browser.page() as page:
        await page.read_all(2)
        kit.engine.ring("1001", pop("c1", verified=verified, brief="ready", customer=card()))
        await page.read()


async def test_an_agent_gets_a_value_of_the_call_at_the_desk(kit: Kit, wang: Browser) -> None:
    assert (await wang.http.post(PATH, json=ORDER)).status_code == 404
    await ring(kit, wang, "pin")
    answer = await wang.http.post(PATH, json=ORDER)
    assert answer.status_code == 200
    assert answer.json() == {"field": "phone", "value": "+8613800138000"}
    assert answer.headers["cache-control"] == "no-store"
    (look,) = kit.looks.looks
    assert (look.actor, look.role, look.level, look.outcome) == ("wang", "agent", "pin", "shown")
    assert (look.reason, look.call_id) == ("客户要求回电", "c1")
    assert look.customer_id == card().customer_id
    assert kit.engine.viewers == {"1001": "agent"}


async def test_others_and_lower_levels_get_nothing(kit: Kit, wang: Browser) -> None:
    await ring(kit, wang, "number")
    other = kit.browser()
    await other.sign_in("li")
    refused = await other.http.post(PATH, json=ORDER)
    assert (refused.status_code, refused.json()["code"]) == (404, "unknown_call")
    refused = await wang.http.post(PATH, json=ORDER)
    assert (refused.status_code, refused.json()["code"]) == (403, "not_allowed")
    assert [look.outcome for look in kit.looks.looks] == ["refused"]
    bodies: list[tuple[dict[str, str], str]] = [
        ({"field": "name", "reason": "..."}, "reason_needed"),
        ({"field": "pin", "reason": "客户要求"}, "bad_request"),
        ({"field": "phone"}, "bad_request"),
        ({"field": "phone", "reason": "x" * 201}, "bad_request"),
    ]
    for body, code in bodies:
        refused = await wang.http.post(PATH, json=body)
        assert (refused.status_code, refused.json()["code"]) == (400, code)


async def test_a_value_that_is_not_there_says_so(kit: Kit, wang: Browser) -> None:
    await ring(kit, wang, "pin")
    refused = await wang.http.post(PATH, json={"field": "email", "reason": "发送账单"})
    assert (refused.status_code, refused.json()["code"]) == (404, "no_value")


async def test_tries_are_limited_and_need_the_token(kit: Kit, wang: Browser) -> None:
    await ring(kit, wang, "pin")
    token = wang.http.headers.pop("x-csrf-token")
    assert (await wang.http.post(PATH, json=ORDER)).json()["code"] == "csrf"
    wang.http.headers["x-csrf-token"] = token
    for _ in range(LOOKS):
        assert (await wang.http.post(PATH, json=ORDER)).status_code == 200
    limited = await wang.http.post(PATH, json=ORDER)
    assert (limited.status_code, limited.json()["code"]) == (429, "too_many_looks")
    assert len(kit.looks.looks) == LOOKS
    kit.clock.advance(16)
    assert (await wang.http.post(PATH, json=ORDER)).status_code == 200
