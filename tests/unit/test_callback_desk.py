"""The desk that dials callbacks: on a fake line, with a store that can fail."""

import asyncio

import pytest

from cti.ami.framing import Message
from cti.ami.protocol import Reply
from cti.ami_actions import Action
from cti.callback_rules import CallbackRules
from cti.callback_store import MemoryCallbacks
from cti.callbacks import Callbacks
from cti.core import events as ev
from cti.core import records as rec
from cti.core.agents import Membership
from cti.core.callbacks import Callback
from cti.core.ids import AgentId, CallbackId, CallId, QueueName
from cti.core.steps import join
from cti.core.world import Rules, Wish, World
from cti.errors import CallbackStoreError

SERVICE = QueueName("service")
ONE = AgentId("1001")
NUMBER = "+8613800138000"


class Desk:
    """A world, a desk, and what was sent and told."""

    def __init__(self, store: MemoryCallbacks | None = None, **rules: object) -> None:
        self.now = 1000.0
        self.world = World(Rules(pseudonym_key=b"a key for tests, 16+", default_wrap_up=0))
        self.sent: list[Action] = []
        self.refuse: set[str] = set()
        self.told: list[ev.DomainEvent] = []
        self.journalled: set[str] = set()
        self.store = store or MemoryCallbacks()
        self.desk = Callbacks(
            CallbackRules(
                queues=frozenset({SERVICE}),
                trunk="carrier",
                tries=2,
                pause=60.0,
                expiry=3600.0,
                **rules,  # type: ignore[arg-type]
            ),
            self.store,
            post=self.post,
            clock=lambda: self.now,
            record=self.record,
            known=self.known,
            world=self.world,
        )
        self._task: asyncio.Task[None] | None = None

    def post(self, action: Action) -> "asyncio.Future[Reply]":
        self.sent.append(action)
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        verdict = "Error" if action.name in self.refuse else "Success"
        answer.set_result(Reply(Message({"Response": verdict}, {})))
        return answer

    def record(self, event: ev.DomainEvent) -> None:
        self.world.emit(event)
        self.spread()

    def spread(self) -> None:
        for event in self.world.take():
            self.told.append(event)
            self.desk.on_event(self.world, event)

    async def known(self, call_id: CallId) -> bool:
        return call_id in self.journalled

    async def settle(self) -> None:
        """Let the jobs and the answers have their turn."""
        if self._task is None:
            self._task = asyncio.create_task(self.desk.work())
        for _ in range(30):
            await asyncio.sleep(0)

    async def close(self) -> None:
        if self._task is not None:
            self._task.cancel()
            await asyncio.gather(self._task, return_exceptions=True)

    # --- what Asterisk and people do ---

    def leg(self, call_id: str, caller: str = NUMBER) -> rec.Leg:
        return rec.Leg(
            channel=f"PJSIP/trunk-{call_id}",
            uniqueid=f"u-{call_id}",
            linkedid=f"u-{call_id}",
            caller_num=caller,
            vars=rec.CallVars(call_id=call_id),
        )

    def queued(self, call_id: str, caller: str = NUMBER, position: int = 1) -> None:
        self.world.arrived(self.leg(call_id, caller), self.now)
        self.record(
            ev.CallQueued(at=self.now, call_id=CallId(call_id), queue=SERVICE, position=position)
        )

    async def asked(self, call_id: str = "first", number: str = NUMBER) -> None:
        self.queued(call_id)
        self.record(
            ev.CallLeftQueue(
                at=self.now,
                call_id=CallId(call_id),
                queue=SERVICE,
                status="CALLBACK",
                wait_time=5,
            )
        )
        self.world.wishes.append(Wish(CallId(call_id), "asked", number))
        self.desk.take_wishes()
        await self.settle()

    async def agent_comes(self, agent_id: AgentId = ONE) -> None:
        join(self.world, agent_id, f"PJSIP/{agent_id}", Membership(SERVICE), self.now)
        self.world.set_agent(agent_id, self.now, device="free")
        self.spread()
        await self.settle()

    @property
    def dialled(self) -> list[Action]:
        return [a for a in self.sent if a.name == "Originate"]

    def of(self, kind: type[ev.Event]) -> list[ev.DomainEvent]:
        return [e for e in self.told if isinstance(e, kind)]

    @property
    def only(self) -> Callback:
        [callback] = self.desk.pending
        return callback

    async def no_answer(self) -> None:
        self.world.wishes.append(Wish(self.only.dial_call_id or CallId(""), "missed", "NOANSWER"))
        self.desk.take_wishes()
        await self.settle()


async def test_a_callback_is_noted_before_it_is_promised_and_the_journal_has_no_number() -> None:
    d = Desk()
    await d.asked()
    [row] = d.store.rows.values()
    assert row.number == NUMBER
    assert ("Value", "noted") in d.sent[-1].fields
    assert NUMBER.removeprefix("+") not in repr(d.told)
    assert d.world.calls[CallId("first")].outcome == "callback"
    await d.close()


async def test_what_cannot_be_stored_is_not_promised() -> None:
    class Broken(MemoryCallbacks):
        async def put(self, callback: Callback, number: str) -> None:
            raise CallbackStoreError("the disk is full")

    d = Desk(Broken())
    await d.asked()
    assert ("Value", "refused") in d.sent[-1].fields
    assert d.desk.pending == ()
    assert d.of(ev.CallbackRequested) == []
    await d.close()


async def test_a_number_that_must_not_be_dialled_is_refused() -> None:
    d = Desk(dialable=lambda raw: raw if raw.startswith("+86") else "")
    await d.asked(number="+12025550123")
    assert ("Value", "refused") in d.sent[-1].fields
    assert d.store.rows == {}
    await d.close()


async def test_the_agent_is_reserved_and_the_try_is_stored_before_the_one_originate() -> None:
    d = Desk()
    seen: list[str] = []
    put = d.store.put

    async def spy(callback: Callback, number: str) -> None:
        seen.append(f"{callback.state} {len(d.dialled)}")
        await put(callback, number)

    d.store.put = spy  # type: ignore[method-assign]
    await d.asked()
    await d.agent_comes()
    assert seen == ["waiting 0", "dialling 0"]
    assert len(d.dialled) == 1
    names = [a.name for a in d.sent]
    assert names.index("QueuePause") < names.index("Originate")
    for _ in range(5):
        d.desk.look()
        await d.settle()
    assert len(d.dialled) == 1
    await d.close()


async def test_no_answer_is_tried_again_after_the_pause_until_the_tries_are_over() -> None:
    d = Desk()
    await d.asked()
    await d.agent_comes()
    await d.no_answer()
    assert d.only.state == "waiting"
    d.desk.look()
    await d.settle()
    assert len(d.dialled) == 1
    d.now += 61
    d.world.set_agent(ONE, d.now, pause_reason="")
    d.desk.look()
    await d.settle()
    assert len(d.dialled) == 2
    await d.no_answer()
    assert d.desk.pending == ()
    assert d.store.rows == {}
    [failed] = d.of(ev.CallbackFailed)
    assert failed.status == "NOANSWER"  # type: ignore[union-attr]
    await d.close()


async def test_the_answered_call_joins_the_journey_and_the_number_is_deleted() -> None:
    d = Desk()
    await d.asked()
    await d.agent_comes()
    dial = d.only.dial_call_id or CallId("")
    d.world.arrived(d.leg(dial), d.now)
    d.spread()
    await d.settle()
    assert d.store.rows == {}
    call = d.world.calls[dial]
    assert (call.journey_id, call.callback_id is not None) == ("first", True)
    d.record(ev.CallQueued(at=d.now, call_id=dial, queue=SERVICE, position=1, priority=95))
    assert d.sent[-1].fields == (
        ("Queue", SERVICE),
        ("Interface", "PJSIP/1001"),
        ("Paused", "false"),
    )
    await d.close()


async def test_after_our_death_a_try_that_nobody_saw_is_not_repeated_at_once() -> None:
    before = Desk()
    await before.asked()
    await before.agent_comes()
    await before.close()
    after = Desk(before.store)
    after.now = before.now + 10
    await after.desk.load()
    await after.agent_comes()
    after.now += 100  # no news for longer than it can ring
    after.desk.look()
    await after.settle()
    assert after.dialled == []
    [missed] = after.of(ev.CallbackMissed)
    assert missed.status == "UNKNOWN"  # type: ignore[union-attr]
    await after.close()


async def test_after_our_death_a_try_that_was_answered_is_over() -> None:
    before = Desk()
    await before.asked()
    await before.agent_comes()
    await before.close()
    after = Desk(before.store)
    await after.desk.load()
    after.journalled.add(after.only.dial_call_id or "")
    after.now += 100
    after.desk.look()
    await after.settle()
    assert after.desk.pending == ()
    assert len(after.of(ev.CallbackAnswered)) == 1
    await after.close()


async def test_who_calls_again_takes_the_old_place_and_a_dialling_try_is_hung_up() -> None:
    d = Desk()
    await d.asked()
    joined = d.only.joined_at
    await d.agent_comes()
    dial = d.only.dial_call_id
    d.now += 50
    d.queued("other", "+8613900139000")
    d.queued("again", position=2)
    await d.settle()
    assert d.desk.pending == ()
    assert d.store.rows == {}
    call = d.world.calls[CallId("again")]
    assert (call.waiting_since, call.journey_id) == (joined, "first")
    hung = [a for a in d.sent if a.name == "Hangup"]
    assert hung[0].fields[0] == ("Channel", dial)
    [moved] = [a for a in d.sent if a.name == "QueueWithdrawCaller"]
    assert ("WithdrawInfo", "overflow,service,0,1") in moved.fields
    await d.close()


async def test_who_asks_twice_has_one_callback_at_the_first_place() -> None:
    d = Desk()
    await d.asked()
    first = d.only
    d.now += 100
    d.world.arrived(d.leg("second", "+8613900139000"), d.now)
    d.record(ev.CallQueued(at=d.now, call_id=CallId("second"), queue=SERVICE, position=1))
    d.world.wishes.append(Wish(CallId("second"), "asked", NUMBER))
    d.desk.take_wishes()
    await d.settle()
    assert d.only.callback_id != first.callback_id
    assert (d.only.joined_at, d.only.journey_id) == (first.joined_at, "first")
    [cancelled] = d.of(ev.CallbackCancelled)
    assert cancelled.cause == "asked_again"  # type: ignore[union-attr]
    assert len(d.store.rows) == 1
    await d.close()


async def test_an_expired_callback_is_deleted_and_never_dialled() -> None:
    d = Desk()
    await d.asked()
    d.now += 3601
    d.desk.look()
    await d.agent_comes()
    assert d.dialled == []
    assert d.store.rows == {}
    assert len(d.of(ev.CallbackExpired)) == 1
    await d.close()


async def test_outside_the_hours_nobody_is_dialled() -> None:
    d = Desk(open_at=lambda _: False)
    await d.asked()
    await d.agent_comes()
    assert d.dialled == []
    await d.close()


async def test_an_operator_cancels() -> None:
    d = Desk()
    await d.asked()
    assert await d.store.ask_to_cancel(d.only.callback_id)
    assert not await d.store.ask_to_cancel(CallbackId("nothing"))
    d.desk.look_for_cancellations()
    await d.settle()
    assert d.desk.pending == ()
    [cancelled] = d.of(ev.CallbackCancelled)
    assert cancelled.cause == "operator"  # type: ignore[union-attr]
    await d.close()


async def test_an_agent_given_to_a_later_caller_is_taken_back_without_a_miss() -> None:
    d = Desk(open_at=lambda now: now >= 1100)
    await d.asked()
    await d.agent_comes()
    d.now += 50
    d.queued("later", "+8613900139000")
    d.now += 60
    d.record(ev.AgentRinging(at=d.now, call_id=CallId("later"), agent_id=ONE, queue=SERVICE))
    assert d.dialled == []  # the leg is not known: nothing to hang up
    d.record(
        ev.AgentMissed(at=d.now, call_id=CallId("later"), agent_id=ONE, queue=SERVICE, ring_time=1)
    )
    d.world.set_agent(ONE, d.now, leg_uniqueid="agent-leg", misses=1)
    d.record(ev.AgentRinging(at=d.now, call_id=CallId("later"), agent_id=ONE, queue=SERVICE))
    await d.settle()
    assert len(d.dialled) == 1
    assert ("Hangup", ("Channel", "agent-leg")) in [(a.name, a.fields[0]) for a in d.sent]
    d.record(
        ev.AgentMissed(at=d.now, call_id=CallId("later"), agent_id=ONE, queue=SERVICE, ring_time=1)
    )
    assert d.world.agents[ONE].misses == 0
    await d.close()


@pytest.mark.parametrize("refused", ["Originate"])
async def test_a_refused_originate_counts_as_a_try(refused: str) -> None:
    d = Desk()
    d.refuse.add(refused)
    await d.asked()
    await d.agent_comes()
    [missed] = d.of(ev.CallbackMissed)
    assert missed.status == "REFUSED"  # type: ignore[union-attr]
    await d.close()
