"""What is kept for the next question: bounded, never older than stated, forgotten on change."""

import asyncio
from typing import Any, cast

from hypothesis import given
from hypothesis import strategies as st

from crm_lookup.cache import AGE, LOOK_EVERY, CachedCustomers, Lately
from crm_lookup.model import CustomerId, Recognition, Text
from crm_lookup.ports import CallContact

A, B = CustomerId("A"), CustomerId("B")


class Bank:
    """Counts what it is asked; ``version`` makes each answer recognisable."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.version = 1
        self.word: str | None = None
        self.gate = asyncio.Event()
        self.gate.set()

    async def announced(self) -> str | None:
        self.asked.append("announced")
        return self.word

    async def recognise(self, raw_number: str | None) -> Recognition:
        self.asked.append(f"recognise {raw_number}")
        return Recognition(status="unknown", number=f"{self.version}")

    async def segment(self, customer_id: CustomerId) -> str:
        self.asked.append(f"segment {customer_id}")
        return f"{self.version}"

    async def brief(self, customer_id: CustomerId) -> Any:
        self.asked.append(f"brief {customer_id}")
        said = f"brief {customer_id} {self.version}"
        await self.gate.wait()
        return None if customer_id == "nobody" else said

    async def note_contact(self, contact: CallContact, **_: Any) -> None:
        self.version += 1

    async def note_offer(self, *_: Any, **__: Any) -> None:
        self.version += 1


class Desk:
    def __init__(self, **limits: Any) -> None:
        self.now = 100.0
        self.bank = Bank()
        self.customers = CachedCustomers(cast(Any, self.bank), clock=lambda: self.now, **limits)

    async def brief(self, customer_id: CustomerId = A) -> Any:
        return await self.customers.brief(customer_id)


async def test_the_same_question_is_asked_once() -> None:
    desk = Desk()
    for _ in range(3):
        assert await desk.brief() == "brief A 1"
        assert (await desk.customers.recognise("1")).number == "1"
        assert await desk.customers.segment(A) == "1"
    assert desk.bank.asked == ["announced", "brief A", "recognise 1", "segment A"]


async def test_nothing_is_kept_beyond_its_age() -> None:
    desk = Desk()
    await desk.brief()
    desk.bank.version = 2  # somebody wrote without a word
    desk.now += AGE - 0.001
    assert await desk.brief() == "brief A 1"
    desk.now += 0.001
    assert await desk.brief() == "brief A 2"


async def test_announced_changes_are_seen_within_a_second() -> None:
    desk = Desk()
    await desk.brief()
    await desk.brief(B)
    desk.bank.version, desk.bank.word = 2, "7"
    desk.now += LOOK_EVERY - 0.001
    assert await desk.brief() == "brief A 1"
    desk.now += 0.001
    assert await desk.brief() == "brief A 2"
    assert await desk.brief(B) == "brief B 2"


async def test_our_own_writes_are_seen_at_once() -> None:
    desk = Desk()
    call = CallContact(customer_id=A, call_id="c", at=1.0, topic="cards", summary=Text("", ""))
    assert await desk.brief() == "brief A 1"
    await desk.customers.note_contact(call, instead_of=B)
    assert await desk.brief() == "brief A 2"
    await desk.customers.note_offer(A, "o", "accepted", at=1.0, agent_id="1", call_id="c")
    assert await desk.brief() == "brief A 3"


async def test_what_was_read_before_a_write_is_not_kept_after_it() -> None:
    desk = Desk()
    desk.bank.gate.clear()
    slow = asyncio.create_task(desk.brief())
    for _ in range(5):
        await asyncio.sleep(0)
    await desk.customers.note_offer(A, "o", "accepted", at=1.0, agent_id="1", call_id="c")
    desk.bank.gate.set()
    assert await slow == "brief A 1"
    assert await desk.brief() == "brief A 2"


async def test_who_is_not_there_is_asked_for_again() -> None:
    desk = Desk()
    nobody = CustomerId("nobody")
    assert await desk.brief(nobody) is None
    assert await desk.brief(nobody) is None
    assert desk.bank.asked.count("brief nobody") == 2


@given(
    st.integers(1, 5),
    st.lists(st.tuples(st.sampled_from("pgdw"), st.integers(0, 9), st.floats(0, 5)), max_size=60),
)
def test_the_memory_is_bounded_and_never_too_old(
    size: int, acts: list[tuple[str, int, float]]
) -> None:
    kept = Lately[int, float](size, 10.0)
    truth: dict[int, float] = {}
    now = 0.0
    for act, key, wait in acts:
        now += wait
        match act:
            case "p":
                kept.put(key, now, now)
                truth[key] = now
            case "d":
                kept.drop(key)
                truth.pop(key, None)
            case "w":
                kept.clear()
                truth.clear()
            case _:
                found = kept.get(key, now)
                assert found is None or (found == truth[key] and now - found < 10.0)
        assert len(kept) <= size


def test_what_was_used_last_stays() -> None:
    kept = Lately[str, int](2, 10.0)
    kept.put("a", 1, 0.0)
    kept.put("b", 2, 0.0)
    assert kept.get("a", 1.0) == 1
    kept.put("c", 3, 1.0)
    assert (kept.get("a", 1.0), kept.get("b", 1.0), kept.get("c", 1.0)) == (1, None, 3)
