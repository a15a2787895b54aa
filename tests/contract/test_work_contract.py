"""One suite over every implementation of :class:`agent_console.ports.WorkStore`."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from msgspec.structs import replace

import agent_console.store.work_tables  # noqa: F401 - adds its tables
from agent_console.ports import WorkStore
from agent_console.store import (
    DeskCall,
    FollowUp,
    MemoryWorkStore,
    SqlUserStore,
    SqlWorkStore,
    User,
)
from agent_console.store.tables import metadata
from tests.postgres_kit import open_engine

NOW = 1_800_000_000.0
CALL = DeskCall(
    agent_id="1001",
    call_id="c1",
    queue="service",
    reason="card",
    verified="number",
    caller="王**",
    number="+86 138****8000",
    customer_id="C0001",
    connected_at=NOW,
)
PROMISE = FollowUp(
    follow_up_id="f1",
    login="wang",
    kind="callback",
    text="问年费",
    due_at=NOW + 100,
    created_at=NOW,
    call_id="c1",
    customer_id="C0001",
    caller="王**",
)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[WorkStore]:
    if request.param == "memory":
        yield MemoryWorkStore()
        return
    async with open_engine(request.param, tmp_path, metadata) as engine:
        for login in ("wang", "li"):
            person = User(
                login=login, display_name=login, role="agent", password_hash="x", created_at=NOW
            )
            await SqlUserStore(engine).add_user(person)
        yield SqlWorkStore(engine)


async def test_a_call_comes_back_with_what_was_noted_of_it(store: WorkStore) -> None:
    await store.note_call(CALL)
    await store.note_call(replace(CALL, caller="somebody else"))
    await store.note_end("1001", "c1", NOW + 60)
    await store.note_disposition("1001", "c1", "solved")
    assert await store.call("1001", "c1") == replace(CALL, ended_at=NOW + 60, disposition="solved")
    assert await store.call("1002", "c1") is None
    await store.note_customer("1001", "c1", "C0002", "李**")
    kept = await store.call("1001", "c1")
    assert kept is not None
    assert (kept.customer_id, kept.caller) == ("C0002", "李**")


async def test_only_a_newer_version_of_the_paperwork_is_stored(store: WorkStore) -> None:
    await store.note_call(CALL)

    async def save(seq: int, note: str) -> bool:
        return await store.save_work("1001", "c1", seq=seq, note=note, draft="", now=NOW + seq)

    assert await save(2, "two")
    assert not await save(2, "another two")
    assert not await save(1, "one")
    kept = await store.call("1001", "c1")
    assert kept is not None
    assert (kept.seq, kept.note, kept.saved_at) == (2, "two", NOW + 2)
    assert await save(3, "")
    assert not await store.save_work("1001", "c9", seq=1, note="", draft="", now=NOW)


async def test_own_calls_come_newest_first_and_page_by_page(store: WorkStore) -> None:
    for n in range(4):
        await store.note_call(replace(CALL, call_id=f"c{n}", connected_at=NOW + n))
    await store.note_call(replace(CALL, agent_id="1002", call_id="theirs"))
    first = await store.calls("1001", NOW + 99, 3)
    assert [call.call_id for call in first] == ["c3", "c2", "c1"]
    rest = await store.calls("1001", first[-1].connected_at, 3)
    assert [call.call_id for call in rest] == ["c0"]


async def test_a_promise_exists_once_and_belongs_to_its_owner(store: WorkStore) -> None:
    assert await store.add_follow_up(PROMISE) == PROMISE
    assert await store.add_follow_up(replace(PROMISE, text="again")) == PROMISE
    sooner = replace(PROMISE, follow_up_id="f2", due_at=NOW + 1)
    await store.add_follow_up(sooner)
    assert list(await store.follow_ups("wang", NOW)) == [sooner, PROMISE]
    assert list(await store.follow_ups("li", NOW)) == []
    assert await store.follow_up("li", "f1") is None
    assert not await store.change_follow_up("li", "f1", text="", due_at=NOW, done_at=None)


async def test_what_was_done_leaves_the_list_after_a_while(store: WorkStore) -> None:
    await store.add_follow_up(PROMISE)
    assert await store.change_follow_up("wang", "f1", text="x", due_at=NOW + 5, done_at=NOW + 10)
    [kept] = await store.follow_ups("wang", NOW)
    assert (kept.text, kept.due_at, kept.done_at) == ("x", NOW + 5, NOW + 10)
    assert list(await store.follow_ups("wang", NOW + 10)) == []
    assert await store.change_follow_up("wang", "f1", text="x", due_at=NOW + 5, done_at=None)
    assert len(await store.follow_ups("wang", NOW + 10)) == 1


async def test_preferences_are_kept_for_each_person(store: WorkStore) -> None:
    assert await store.preferences("wang") == ""
    await store.set_preferences("wang", "{}")
    await store.set_preferences("wang", '{"a":1}')
    assert await store.preferences("wang") == '{"a":1}'
    assert await store.preferences("li") == ""


async def test_nothing_is_left_of_a_forgotten_customer(store: WorkStore) -> None:
    await store.note_call(CALL)
    await store.note_call(replace(CALL, call_id="c2", customer_id="C0002"))
    await store.save_work("1001", "c1", seq=1, note="wants peace", draft="{}", now=NOW)
    await store.add_follow_up(PROMISE)
    assert await store.forget_customer("C0001") == 2
    kept = await store.call("1001", "c1")
    assert kept is not None
    assert (kept.customer_id, kept.caller, kept.number, kept.note, kept.draft) == (
        None,
        "",
        "",
        "",
        "",
    )
    other = await store.call("1001", "c2")
    assert other is not None
    assert other.caller == "王**"
    assert list(await store.follow_ups("wang", NOW)) == []
    assert await store.forget_customer("C0001") == 0


async def test_what_falls_due_is_told_by_moments(store: WorkStore) -> None:
    await store.add_follow_up(PROMISE)
    await store.add_follow_up(replace(PROMISE, follow_up_id="f2", due_at=NOW + 200))
    await store.add_follow_up(replace(PROMISE, follow_up_id="f3", done_at=NOW + 1))
    assert [f.follow_up_id for f in await store.due(NOW, NOW + 100)] == ["f1"]
    assert list(await store.due(NOW + 100, NOW + 199)) == []
    assert [f.follow_up_id for f in await store.due(NOW, NOW + 900)] == ["f1", "f2"]
