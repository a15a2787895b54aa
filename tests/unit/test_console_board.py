"""The live board: who may see it, one picture for all who watch, the end with the session."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from msgspec.structs import replace

from agent_console.board import BoardFeed
from agent_console.board_messages import BoardPicture, CallLine
from agent_console.testing import FakeBoard, queue_row
from tests.unit.console_kit import Browser, FakeClock, Kit


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path / "dist")
    await kit.add("wang", "1001")
    await kit.add("boss", None)
    async with kit.running():
        yield kit


async def signed_in(kit: Kit, login: str) -> Browser:
    made = kit.browser()
    await made.sign_in(login)
    return made


async def test_a_supervisor_sees_the_board_and_the_calls_behind_it(kit: Kit) -> None:
    boss = await signed_in(kit, "boss")
    kit.board.now = replace(board(kit), in_menu=3)
    found = await boss.http.get("/api/board")
    assert found.status_code == 200
    assert msgspec.json.decode(found.content, type=BoardPicture).in_menu == 3
    assert (await boss.http.get("/api/board/legend")).json()["formula"] == "of_offered"
    kit.board.behind = [
        CallLine(
            call_id="c",
            arrived_at=1.0,
            outcome="abandoned",
            queues=("service",),
            agents=(),
            wait_time=9.0,
            talk_time=0.0,
            disposition="",
        )
    ]
    asked = {"queue": "service", "outcome": "abandoned", "since": "5", "limit": "7"}
    calls = await boss.http.get("/api/board/calls", params=asked)
    assert [call["call_id"] for call in calls.json()] == ["c"]
    assert kit.board.asked == [(5.0, "service", None, "abandoned", 7)]
    for wrong in ({"limit": "0"}, {"since": "yesterday"}):
        assert (await boss.http.get("/api/board/calls", params=wrong)).status_code == 400


async def test_a_board_that_cannot_be_told_is_said(kit: Kit) -> None:
    boss = await signed_in(kit, "boss")
    kit.board.now = None
    assert (await boss.http.get("/api/board")).status_code == 503


@pytest.mark.parametrize("path", ["", "/legend", "/calls", "/stream"])
async def test_agents_are_refused(kit: Kit, path: str) -> None:
    wang = await signed_in(kit, "wang")
    assert (await wang.http.get(f"/api/board{path}")).status_code == 403
    assert (await kit.browser().http.get(f"/api/board{path}")).status_code == 401


async def test_a_stream_ends_with_the_server(kit: Kit) -> None:
    boss = await signed_in(kit, "boss")
    asking = asyncio.create_task(boss.http.get("/api/board/stream"))
    while not kit.board.looks:
        await asyncio.wait({asking}, timeout=0.01)
    await kit.app.state.end_streams()
    answer = await asking
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.text.startswith("data: {")
    assert answer.text.endswith("event: ended\ndata:\n\n")


def board(kit: Kit) -> BoardPicture:
    assert kit.board.now is not None
    return kit.board.now


class Watched:
    """A feed whose sessions are those in ``living``."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.source = FakeBoard(self.clock)
        self.living_sessions = {"one", "two"}
        self.feed = BoardFeed(self.source, self, self.clock, every_s=0.001)  # type: ignore[arg-type] # only `living` is asked

    async def living(self, session_ids: frozenset[str], now: float) -> frozenset[str]:
        del now
        return session_ids & self.living_sessions


async def test_all_who_watch_get_the_same_bytes_when_something_changed() -> None:
    watched = Watched()
    one, two = watched.feed.frames("one"), watched.feed.frames("two")
    first = await anext(one)
    assert await anext(two) is first
    assert watched.source.now is not None
    waiting = asyncio.create_task(anext(one))
    done, _ = await asyncio.wait({waiting}, timeout=0.05)
    assert not done, "nothing changed, and yet a frame came"
    watched.source.now = replace(watched.source.now, queues=(queue_row("vip", waiting=2),))
    second = await waiting
    assert b'"waiting":2' in second
    assert await anext(two) is second
    watched.source.now = None
    assert (await anext(one)).startswith(b"event: away")
    await watched.feed.stop()


async def test_a_session_that_ended_ends_its_watching_alone() -> None:
    watched = Watched()
    one, two = watched.feed.frames("one"), watched.feed.frames("two")
    await anext(one)
    await anext(two)
    watched.living_sessions.discard("one")
    assert (await anext(one)).startswith(b"event: ended")
    with pytest.raises(StopAsyncIteration):
        await anext(one)
    assert watched.feed.watchers == 1
    await two.aclose()
    looks = watched.source.looks
    while watched.source.looks == looks and watched.feed._task is not None:
        await asyncio.wait({watched.feed._task}, timeout=0.05)
    assert watched.feed._task is None, "nobody watches, and yet pictures are taken"
