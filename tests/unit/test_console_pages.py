"""The whole application without sockets: what reaches which page, and what does not."""

import asyncio
import random
from collections.abc import AsyncIterator
from pathlib import Path
from types import SimpleNamespace

import msgspec
import pytest
from msgspec.structs import replace

from agent_console.connection import failed
from agent_console.messages import (
    Accepted,
    AgentStateChanged,
    AnswerOffer,
    CallEnded,
    CandidateCard,
    ChooseCustomer,
    Consult,
    Consultation,
    ConsultationChanged,
    Dispose,
    ExtendWrapUp,
    Failed,
    HangUp,
    Hello,
    OfferAnswered,
    Ping,
    Pong,
    PopCompleted,
    PopConnected,
    PopRaised,
    PopWithdrawn,
    QueueLine,
    QueueSummary,
    Ready,
    Resume,
    SetState,
    SettleConsultation,
    Shown,
    Snapshot,
    Transfer,
    Welcome,
    WrapUpEnded,
    WrapUpStarted,
    card_of,
)
from agent_console.websocket import finish
from tests.unit.console_kit import ORIGIN, QUEUES, Browser, Kit, Socket, card, pop


@pytest.fixture
async def kit(tmp_path: Path) -> AsyncIterator[Kit]:
    kit = Kit(tmp_path / "dist", slow_frames=8)
    await kit.add("wang", "1001")
    await kit.add("li", "1002")
    await kit.add("boss", None)
    async with kit.running():
        yield kit


@pytest.fixture
async def wang(kit: Kit) -> Browser:
    browser = kit.browser()
    await browser.sign_in("wang")
    return browser


async def test_a_new_page_gets_welcome_and_snapshot(kit: Kit, wang: Browser) -> None:
    kit.engine.state("1001", "available")
    kit.engine.ring("1001", pop())
    async with wang.page() as page:
        first, second = await page.read(), await page.read()
    assert isinstance(first.message, Welcome)
    assert (first.message.me.agent_id, first.message.resumed) == ("1001", False)
    assert first.message.now == kit.clock()
    assert isinstance(second.message, Snapshot)
    assert second.message.status.state == "ringing"
    assert (second.message.pops, second.message.queues) == ((pop(),), QUEUES)


async def test_a_call_reaches_the_agents_page_step_by_step(kit: Kit, wang: Browser) -> None:
    async with wang.page() as page:
        await page.read_all(2)
        kit.engine.ring("1001", pop())
        kit.engine.complete("1001", "c1", card())
        kit.engine.connect("1001", "c1")
        kit.engine.hang_up("1001", "c1")
        kinds = [type(message) for message in await page.read_all(8)]
        assert kinds == [
            PopRaised,
            AgentStateChanged,
            PopCompleted,
            PopConnected,
            AgentStateChanged,
            CallEnded,
            AgentStateChanged,
            WrapUpStarted,
        ]
        kit.engine.end_wrap_up("1001", "timer")
        assert isinstance((await page.read()).message, WrapUpEnded)


async def test_a_withdrawn_pop_says_why(kit: Kit, wang: Browser) -> None:
    async with wang.page() as page:
        await page.read_all(2)
        kit.engine.ring("1001", pop())
        kit.engine.withdraw("1001", "c1", "abandoned")
        assert (await page.read_all(3))[2] == PopWithdrawn(call_id="c1", reason="abandoned")


async def test_all_tabs_of_an_agent_see_one_stream(kit: Kit, wang: Browser) -> None:
    async with wang.page() as one, wang.page() as two:
        await one.read_all(2)
        await two.read_all(2)
        kit.engine.ring("1001", pop())
        assert await one.read() == await two.read()
    assert kit.engine.shown == [("1001", "c1", 2)]


async def test_a_page_says_that_it_shows_a_pop_and_is_not_answered(
    kit: Kit, wang: Browser
) -> None:
    boss = kit.browser()
    await boss.sign_in("boss")
    async with wang.page() as page, boss.page() as bosses:
        await page.read_all(2)
        await bosses.read_all(2)
        page.send(Shown(pop_id="c1/1001/5", page="a1"))
        bosses.send(Shown(pop_id="c1/1001/5", page="b1"))  # has no phone of their own
        page.send(Ping())
        assert isinstance((await page.read()).message, Pong)
        page.send(Shown(pop_id="c1/1001/5", page="x" * 41))
        refused = (await page.read()).message
        assert isinstance(refused, Failed)
        assert refused.code == "bad_message"
    assert kit.engine.seen == [("1001", "c1/1001/5", "a1")]


async def test_nobody_else_gets_an_agents_pop(kit: Kit, wang: Browser) -> None:
    other, boss = kit.browser(), kit.browser()
    await other.sign_in("li")
    await boss.sign_in("boss")
    async with wang.page() as mine, other.page() as theirs, boss.page() as bosses:
        for page in (mine, theirs, bosses):
            await page.read_all(2)
        kit.engine.ring("1001", pop())
        kit.engine.complete("1001", "c1", card())
        assert len(await mine.read_all(3)) == 3
        assert await theirs.is_quiet()
        assert await bosses.is_quiet()
        kit.engine.set_queues(QueueLine(queue="vip", waiting=1))
        for page in (mine, theirs, bosses):
            assert isinstance((await page.read()).message, QueueSummary)
    assert kit.engine.shown == [("1001", "c1", 1)]


async def test_random_pops_go_to_their_agents_only(tmp_path: Path) -> None:
    kit = Kit(tmp_path, slow_frames=10_000)
    agents = [str(1001 + n) for n in range(4)]
    dice = random.Random(7)  # noqa: S311  # a test's dice need no secrecy
    async with kit.running():
        pages = {}
        for agent in agents:
            await kit.add(f"user{agent}", agent)
            browser = kit.browser()
            await browser.sign_in(f"user{agent}")
            pages[agent] = Socket(kit.app)
            await pages[agent].__aenter__()
            pages[agent].send(Hello(ticket=await browser.ticket()))
            await pages[agent].read_all(2)
        sent: dict[str, list[str]] = {agent: [] for agent in agents}
        for n in range(1000):
            agent = dice.choice(agents)
            kit.engine.tell(agent, PopRaised(pop=pop(f"{agent}-{n}")))
            sent[agent].append(f"{agent}-{n}")
        for agent, page in pages.items():
            got = await page.read_all(len(sent[agent]))
            assert [m.pop.call_id for m in got if isinstance(m, PopRaised)] == sent[agent]
            assert await page.is_quiet()
            await page.__aexit__()


async def test_a_page_that_comes_back_gets_what_it_missed(kit: Kit, wang: Browser) -> None:
    async with wang.page() as page:
        welcome = (await page.read()).message
        await page.read()
        kit.engine.ring("1001", pop())
        last = [await page.read(), await page.read()][-1]
    assert isinstance(welcome, Welcome)
    kit.engine.complete("1001", "c1", card())
    kit.engine.set_queues(QueueLine(queue="service", waiting=9))
    kit.engine.connect("1001", "c1")
    async with wang.page(Resume(stream=welcome.stream, seq=last.seq)) as page:
        again = await page.read()
        assert isinstance(again.message, Welcome)
        assert (again.message.resumed, again.seq) == (True, last.seq)
        missed = [await page.read() for _ in range(4)]
        assert [type(e.message) for e in missed] == [
            PopCompleted,
            QueueSummary,
            PopConnected,
            AgentStateChanged,
        ]
        assert [e.seq for e in missed] == [last.seq + n for n in range(1, 5)]
        assert await page.is_quiet()


async def test_a_restarted_server_sends_a_snapshot(kit: Kit, wang: Browser) -> None:
    async with wang.page(Resume(stream="of another process", seq=5)) as page:
        welcome, snapshot = await page.read_all(2)
    assert isinstance(welcome, Welcome)
    assert not welcome.resumed
    assert isinstance(snapshot, Snapshot)


async def test_a_fresh_picture_of_asterisk_is_drawn_on_every_page(kit: Kit, wang: Browser) -> None:
    boss = kit.browser()
    await boss.sign_in("boss")
    async with wang.page() as page, boss.page() as bosses:
        await page.read_all(2)
        await bosses.read_all(2)
        kit.engine.resynchronise()
        assert isinstance((await page.read()).message, Snapshot)
        assert isinstance((await bosses.read()).message, Snapshot)


async def test_commands_reach_the_engine_and_are_answered(kit: Kit, wang: Browser) -> None:
    async with wang.page() as page:
        await page.read_all(2)
        page.send(SetState(ref=1, state="available"))
        state, answer = await page.read_all(2)
        assert isinstance(state, AgentStateChanged)
        assert answer == Accepted(ref=1)
        page.send(SetState(ref=2, state="paused", reason="lunch"))
        await page.read_all(2)
        kit.engine.ring("1001", pop())
        kit.engine.connect("1001", "c1")
        kit.engine.hang_up("1001", "c1")
        await page.read_all(7)
        page.send(Dispose(ref=3, call_id="c1", code="solved"))
        disposed, answer = await page.read_all(2)
        assert isinstance(disposed, WrapUpStarted)
        assert (disposed.wrap_up.disposition, answer) == ("solved", Accepted(ref=3))
        page.send(ExtendWrapUp(ref=4))
        await page.read_all(2)
        page.send(Ready(ref=5))
        assert (await page.read_all(3))[2] == Accepted(ref=5)
    assert kit.engine.commands == [
        ("set_available", "1001"),
        ("pause", "1001", "lunch"),
        ("dispose", "1001", "c1", "solved"),
        ("extend_wrap_up", "1001", "60.0"),
        ("ready", "1001"),
    ]


async def test_what_makes_no_sense_is_refused_before_the_engine(kit: Kit, wang: Browser) -> None:
    async with wang.page() as page:
        await page.read_all(2)
        page.send(SetState(ref=1, state="paused", reason="no such reason"))
        page.send(Dispose(ref=2, call_id="c1", code="solved"))
        page.send(Dispose(ref=3, call_id="c1", code="no such code"))
        codes = [m.code for m in await page.read_all(3) if isinstance(m, Failed)]
    assert codes == ["unknown_code", "unknown_call", "unknown_code"]
    assert kit.engine.commands == []


async def test_what_the_customer_said_to_an_offer_reaches_the_engine(
    kit: Kit, wang: Browser
) -> None:
    async with wang.page() as page:
        await page.read_all(2)
        page.send(AnswerOffer(ref=1, call_id="c1", offer_id="o1", answer="accepted"))
        kit.engine.ring("1001", pop())
        await page.read_all(3)
        kit.engine.complete("1001", "c1", card())
        await page.read()
        page.send(AnswerOffer(ref=2, call_id="c1", offer_id="o2", answer="accepted"))
        page.send(AnswerOffer(ref=3, call_id="c1", offer_id="o1", answer="declined"))
        answers = await page.read_all(3)
        told = OfferAnswered(call_id="c1", offer_id="o1", answer="declined")
        assert told in answers
        async with wang.page() as another:
            [_, snapshot] = await another.read_all(2)
    assert isinstance(snapshot, Snapshot)
    assert snapshot.pops[0].answers == {"o1": "declined"}
    assert [m.code for m in answers if isinstance(m, Failed)] == ["unknown_code"]
    assert Accepted(ref=3) in answers
    assert kit.engine.commands == [("answer_offer", "1001", "c1", "C0001", "o1", "1", "declined")]


async def test_what_is_done_with_the_call_reaches_the_engine(kit: Kit, wang: Browser) -> None:
    async with wang.page() as page:
        await page.read_all(2)
        page.send(HangUp(ref=1, call_id="c1"))
        assert await page.read() is not None
        kit.engine.ring("1001", pop())
        kit.engine.connect("1001", "c1")
        await page.read_all(4)
        page.send(Transfer(ref=2, call_id="c1"))
        page.send(Transfer(ref=3, call_id="c1", queue="vip", agent_id="1002"))
        codes = [m.code for m in await page.read_all(2) if isinstance(m, Failed)]
        assert codes == ["bad_message", "bad_message"]
        page.send(SettleConsultation(ref=4, call_id="c1", how="cancel"))
        assert (await page.read()).message == failed("not_now", 4)
        page.send(Consult(ref=5, call_id="c1", agent_id="1002"))
        asked = Consultation(agent_id="1002", asked_by="1001")
        told = ConsultationChanged(call_id="c1", consultation=asked)
        assert await page.read_all(2) == [told, Accepted(ref=5)]
        async with wang.page() as another:
            [_, snapshot] = await another.read_all(2)
        assert isinstance(snapshot, Snapshot)
        assert snapshot.pops[0].consultation == asked
        page.send(SettleConsultation(ref=6, call_id="c1", how="cancel"))
        back = ConsultationChanged(call_id="c1", consultation=None)
        assert await page.read_all(2) == [back, Accepted(ref=6)]
        page.send(Transfer(ref=7, call_id="c1", queue="vip", reason="loans"))
        page.send(HangUp(ref=8, call_id="c1"))
        await page.read_all(4)
    assert kit.engine.commands == [
        ("settle_consultation", "1001", "c1", "cancel"),
        ("consult", "1001", "c1", "1002"),
        ("settle_consultation", "1001", "c1", "cancel"),
        ("transfer", "1001", "c1", "vip", "None", "loans"),
        ("leave_call", "1001", "c1"),
    ]


async def test_which_customer_is_calling_reaches_the_engine(kit: Kit, wang: Browser) -> None:
    two = tuple(
        CandidateCard(customer_id=one, name="陈**", phone="", segment="silver")
        for one in ("C1", "C2")
    )
    async with wang.page() as page:
        await page.read_all(2)
        page.send(ChooseCustomer(ref=1, call_id="c1", customer_id="C1"))
        refused = (await page.read()).message
        kit.engine.ring("1001", replace(pop(), candidates=two))
        await page.read_all(2)
        page.send(ChooseCustomer(ref=2, call_id="c1", customer_id="C3"))
        page.send(ChooseCustomer(ref=3, call_id="c1", customer_id="C2"))
        answers = await page.read_all(2)
        kit.engine.complete("1001", "c1", card())
        await page.read()
    assert isinstance(refused, Failed)
    assert refused.code == "unknown_call"
    assert [m.code for m in answers if isinstance(m, Failed)] == ["unknown_code"]
    assert Accepted(ref=3) in answers
    assert kit.engine.commands == [("choose_customer", "1001", "c1", "C2", "2")]
    (shown,) = kit.engine.picture("1001").pops
    assert (shown.brief, shown.candidates) == ("ready", two)


async def test_the_engines_refusal_and_failure_are_told(kit: Kit, wang: Browser) -> None:
    async with wang.page() as page:
        await page.read_all(2)
        kit.engine.refuse_with = "engine_away"
        page.send(Ready(ref=1))
        refused = (await page.read()).message
        assert refused == Failed(ref=1, code="engine_away", text_key="error.engine_away")
        kit.engine.refuse_with = None
        kit.engine.broken = True
        page.send(Ready(ref=2))
        broken = (await page.read()).message
        assert broken == Failed(ref=2, code="internal", text_key="error.internal")


async def test_somebody_who_takes_no_calls_commands_nothing(kit: Kit) -> None:
    boss = kit.browser()
    await boss.sign_in("boss")
    async with boss.page() as page:
        await page.read_all(2)
        page.send(SetState(ref=1, state="available"))
        answer = (await page.read()).message
    assert isinstance(answer, Failed)
    assert answer.code == "not_an_agent"
    assert kit.engine.commands == []


async def test_a_slow_page_is_closed_and_the_others_go_on(kit: Kit, wang: Browser) -> None:
    async with wang.page() as stuck, wang.page() as healthy:
        await stuck.read_all(2)
        await healthy.read_all(2)
        stuck.reading.clear()
        for n in range(20):
            kit.engine.set_queues(QueueLine(queue="service", waiting=n))
            await healthy.read()
        assert await stuck.closed_with() == 4408
        kit.engine.ring("1001", pop())
        assert isinstance((await healthy.read()).message, PopRaised)


@pytest.mark.parametrize("how", ["signed out", "revoked", "disabled", "expired", "removed"])
async def test_a_session_that_ended_gets_nothing_more(kit: Kit, wang: Browser, how: str) -> None:
    second = kit.browser()
    view = await second.sign_in("wang")
    assert view.me.agent_id == "1001"
    async with wang.page() as page:
        await page.read_all(2)
        spare = await wang.ticket()
        own = (await wang.http.get("/api/sessions")).json()
        mine = next(line["session_id"] for line in own if line["current"])
        if how == "signed out":
            assert (await wang.http.delete("/api/session")).status_code == 204
        elif how == "revoked":
            assert (await second.http.delete(f"/api/sessions/{mine}")).status_code == 204
        elif how == "disabled":
            await kit.users.set_disabled("wang", True)
            await kit.look()
        elif how == "expired":
            kit.clock.advance(kit.config.idle_timeout_s + 1)
        else:
            await kit.users.end_session(mine)
            await kit.look()
        kit.engine.tell("1001", PopRaised(pop=pop()))
        assert await page.closed_with() == 4401
    if how in {"signed out", "revoked"}:
        async with Socket(kit.app) as late:
            late.send(Hello(ticket=spare))
            assert await late.closed_with() == 4401
    assert (await wang.http.post("/api/socket-ticket")).status_code == 401


async def test_an_open_page_keeps_its_session(kit: Kit, wang: Browser) -> None:
    async with wang.page() as page:
        await page.read_all(2)
        for _ in range(4):
            kit.clock.advance(kit.config.idle_timeout_s / 2)
            page.send(Ping())
            await page.read()
            await kit.look()
        kit.engine.tell("1001", PopRaised(pop=pop()))
        assert isinstance((await page.read()).message, PopRaised)
    kit.clock.advance(kit.config.idle_timeout_s + 1)
    assert (await wang.http.get("/api/session")).status_code == 204


async def test_no_page_outlives_the_longest_session(kit: Kit, wang: Browser) -> None:
    async with wang.page() as page:
        await page.read_all(2)
        end = kit.clock() + kit.config.session_lifetime_s
        while kit.clock() + 1000 < end:
            kit.clock.advance(1000)
            page.send(Ping())
            await page.read()
            await kit.look()
        kit.clock.advance(1001)
        kit.engine.tell("1001", PopRaised(pop=pop()))
        assert await page.closed_with() == 4401


async def test_a_failing_database_closes_nobody(
    kit: Kit, wang: Browser, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def broken(*_: object) -> frozenset[str]:
        raise OSError("disk gone")

    async with wang.page() as page:
        await page.read_all(2)
        monkeypatch.setattr(kit.users, "living", broken)
        with pytest.raises(OSError, match="disk gone"):
            await kit.look()
        kit.engine.ring("1001", pop())
        assert isinstance((await page.read()).message, PopRaised)


@pytest.mark.parametrize(
    "origin",
    [
        None,
        "null",
        "https://evil.test",
        ORIGIN + ".evil.test",
        "https://evil" + ORIGIN.removeprefix("https://"),
        ORIGIN.upper(),
        ORIGIN.replace("https", "http"),
        ORIGIN + ":8443",
        ORIGIN + "/",
        "",
    ],
)
async def test_a_foreign_page_opens_no_socket(kit: Kit, origin: str | None) -> None:
    async with Socket(kit.app, origin) as socket:
        assert socket.opening["type"] == "websocket.close"


async def test_a_silent_stranger_is_closed(kit: Kit) -> None:
    async with Socket(kit.app) as socket:
        assert socket.opening["type"] == "websocket.accept"
        kit.clock.advance(10)
        await kit.look()
        assert await socket.closed_with() == 4401


async def test_the_end_of_the_server_is_told(tmp_path: Path) -> None:
    kit = Kit(tmp_path)
    await kit.add("wang", "1001")
    browser = kit.browser()
    async with Socket(kit.app) as socket:
        async with kit.running():
            await browser.sign_in("wang")
            socket.send(Hello(ticket=await browser.ticket()))
            await socket.read_all(2)
        assert await socket.closed_with() == 4503


def test_the_card_holds_nothing_that_is_not_in_the_protocol() -> None:
    fields = {name: getattr(card(), name) for name in card().__struct_fields__}
    shown = card_of(SimpleNamespace(**fields, income="canary"))
    assert shown == card()
    assert b"canary" not in msgspec.json.encode(shown)


async def test_what_a_full_line_held_up_follows_in_order() -> None:
    """A send that had to wait goes on in a task, and nothing overtakes it."""
    room = asyncio.Event()
    sent: list[str] = []

    async def send(frame: str) -> None:
        await room.wait()
        sent.append(frame)

    async def write() -> None:
        for frame in ("a", "b"):
            await send(frame)

    writing = write()
    waits_for = writing.send(None)
    task = asyncio.create_task(finish(writing, waits_for))
    await asyncio.sleep(0)
    assert sent == []
    room.set()
    await task
    assert sent == ["a", "b"]

    room.clear()
    writing = write()
    task = asyncio.create_task(finish(writing, writing.send(None)))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert sent == ["a", "b"]
