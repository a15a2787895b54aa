"""Callers who wait long: priorities rise, queues change, and nobody's phone is disturbed."""

import asyncio

import msgspec
import pytest

from cti.ami.framing import Message
from cti.ami.protocol import Reply
from cti.ami_actions import Action
from cti.core import events as ev
from cti.core import fold, records
from cti.core import user_events as ue
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.records import CallVars, Leg
from cti.core.world import Rules, World
from cti.errors import (
    AmiUnavailableError,
    AsteriskRefusedError,
    NotAllowedNowError,
    UnknownCallError,
    UnknownQueueError,
)
from cti.escalation import Escalations, position

SERVICE, VIP = QueueName("service"), QueueName("vip")
ONE = CallId("one")
STEPS = "60.30.;120.40.service"


class Hotline:
    """A world with an escalation on it; actions are answered by the test."""

    def __init__(self) -> None:
        self.now = 0.0
        self.world = World(Rules(pseudonym_key=b"k" * 16))
        self.world.queues |= {SERVICE, VIP}
        self.sent: list[tuple[Action, asyncio.Future[Reply]]] = []
        self.down = False
        self.escalations = Escalations(self.post, lambda: self.now, self.record)
        self.events: list[ev.DomainEvent] = []

    def post(self, action: Action) -> "asyncio.Future[Reply]":
        if self.down:
            raise AmiUnavailableError("down")
        answer: asyncio.Future[Reply] = asyncio.get_running_loop().create_future()
        self.sent.append((action, answer))
        return answer

    def record(self, event: ev.DomainEvent) -> None:
        self.world.emit(event)
        self.spread(self.world.take())

    def spread(self, events: list[ev.DomainEvent]) -> None:
        for event in events:
            self.events.append(event)
            self.escalations.on_event(self.world, event)

    def say(self, *said: records.Record) -> None:
        for record in said:
            self.spread(fold.apply(self.world, record))

    def leg(self, call_id: str, priority: int = 20) -> Leg:
        return Leg(
            channel=f"PJSIP/carrier-{call_id}",
            uniqueid=f"u-{call_id}",
            linkedid=f"u-{call_id}",
            context="hotline-inbound",
            vars=CallVars(call_id=call_id, priority=str(priority)),
        )

    def waits(self, call_id: str, queue: QueueName, steps: str = "", priority: int = 20) -> None:
        leg = self.leg(call_id, priority)
        routed = ue.Routed(
            call_id=call_id,
            rule="gold",
            queue=queue,
            priority=priority,
            reasons="segment=gold,priority=gold",
            steps=steps,
        )
        self.say(
            records.HotlineTold(at=self.now, leg=leg, event=routed),
            records.CallerJoined(at=self.now, leg=leg, queue=queue, position=1),
        )

    async def answer(self, success: bool = True, text: str = "") -> None:
        headers = {"Response": "Success" if success else "Error", "Message": text}
        self.sent[-1][1].set_result(Reply(Message(headers, {}), ()))
        await asyncio.sleep(0)

    def look_at(self, now: float) -> list[str]:
        """Return the names of the actions that this look sends."""
        before = len(self.sent)
        self.now = now
        self.escalations.look(self.world)
        return [action.name for action, _ in self.sent[before:]]

    def leave(self, status: str) -> None:
        left = ue.QueueLeft(call_id="one", queue=VIP, status=status)
        self.say(records.HotlineTold(at=self.now, leg=self.leg("one"), event=left))

    @property
    def routed(self) -> list[ev.CallRouted]:
        return [e for e in self.events if isinstance(e, ev.CallRouted)]


@pytest.fixture
async def hotline() -> Hotline:
    made = Hotline()
    made.waits("one", VIP, STEPS)
    return made


async def test_the_decision_stands_in_the_call(hotline: Hotline) -> None:
    call = hotline.world.calls[ONE]
    assert (call.rule, call.priority) == ("gold", 20)
    assert call.route_reasons == ("segment=gold", "priority=gold")
    assert [step.after for step in call.steps] == [60, 120]


async def test_the_priority_rises_once(hotline: Hotline) -> None:
    assert hotline.look_at(59) == []
    assert hotline.look_at(60) == ["QueueChangePriorityCaller"]
    assert dict(hotline.sent[0][0].fields)["Caller"] == "PJSIP/carrier-one"
    assert hotline.look_at(61) == []  # the answer is still to come
    await hotline.answer()
    assert (hotline.routed[-1].priority, hotline.routed[-1].reasons) == (30, ("waited=60",))
    assert hotline.look_at(70) == []
    assert hotline.world.calls[ONE].priority == 30


async def test_an_overflow_keeps_the_wait_and_is_no_abandonment(hotline: Hotline) -> None:
    hotline.now = 100.0
    hotline.waits("two", SERVICE, priority=40)
    assert hotline.look_at(121) == ["QueueWithdrawCaller"]
    info = dict(hotline.sent[0][0].fields)["WithdrawInfo"]
    assert info == "overflow,service,40,1"
    await hotline.answer()
    assert len(hotline.routed) == 2  # nothing is told before it happened
    hotline.leave("WITHDRAW")
    assert hotline.routed[-1].queue == SERVICE
    assert hotline.routed[-1].reasons == ("waited=120", "overflow")
    leg = hotline.leg("one", 40)
    hotline.say(records.CallerJoined(at=121.5, leg=leg, queue=SERVICE, position=1))
    call = hotline.world.calls[ONE]
    assert (call.queue, call.wait_time(131.5), call.waited(131.5)) == (SERVICE, 10.0, 131.5)
    assert call.steps == ()
    assert not any(isinstance(e, ev.CallAbandoned) for e in hotline.events)


async def test_who_overflowed_and_then_hangs_up_has_abandoned(hotline: Hotline) -> None:
    hotline.leave("WITHDRAW")
    leg = hotline.leg("one")
    hotline.say(
        records.CallerJoined(at=5.0, leg=leg, queue=SERVICE, position=1),
        records.HangupRequested(at=6.0, leg=leg),
        records.LegGone(at=6.0, leg=leg, cause=16),
    )
    assert hotline.world.calls[ONE].outcome == "abandoned"


async def test_a_ringing_call_is_left_alone(hotline: Hotline) -> None:
    ringing = records.MemberCalled(
        at=59.0,
        leg=hotline.leg("one"),
        agent_leg=msgspec.structs.replace(hotline.leg("one"), uniqueid="u-agent"),
        queue=VIP,
        interface="PJSIP/1001",
        member_name=AgentId("1001"),
    )
    hotline.say(ringing)
    assert hotline.look_at(500) == []


async def test_a_refused_step_is_tried_again_later(hotline: Hotline) -> None:
    assert hotline.look_at(60) == ["QueueChangePriorityCaller"]
    await hotline.answer(False, "no such caller")
    assert hotline.look_at(61) == []
    assert hotline.look_at(66) == ["QueueChangePriorityCaller"]


async def test_without_a_line_to_asterisk_the_next_look_tries(hotline: Hotline) -> None:
    hotline.down = True
    assert hotline.look_at(60) == []
    hotline.down = False
    assert hotline.look_at(61) == ["QueueChangePriorityCaller"]


async def test_a_queue_that_asterisk_lacks_holds_the_step_back(hotline: Hotline) -> None:
    hotline.world.queues.discard(SERVICE)
    assert hotline.look_at(130) == []
    assert hotline.world.calls[ONE].queue == VIP


async def test_the_place_is_worth_the_whole_wait(hotline: Hotline) -> None:
    hotline.now = 10.0
    hotline.waits("later", SERVICE, priority=40)
    hotline.waits("higher", SERVICE, priority=50)
    call = hotline.world.calls[ONE]
    assert position(hotline.world, call, SERVICE, 40) == 2
    assert position(hotline.world, call, SERVICE, 50) == 1
    assert position(hotline.world, call, SERVICE, 0) == 3


async def test_an_escalation_that_cannot_be_read_is_refused(hotline: Hotline) -> None:
    hotline.waits("odd", VIP, "soon")
    assert hotline.world.calls[CallId("odd")].steps == ()
    assert [r.what for r in hotline.world.take_rejections()] == ["Routed"]


async def test_a_supervisor_moves_a_waiting_caller_and_is_named(hotline: Hotline) -> None:
    hotline.now = 30.0
    moving = asyncio.create_task(
        hotline.escalations.order(hotline.world, ONE, SERVICE, 50, "chen")
    )
    await asyncio.sleep(0)
    action, _ = hotline.sent[-1]
    assert action.name == "QueueWithdrawCaller"
    assert dict(action.fields)["WithdrawInfo"] == "overflow,service,50,1"
    assert hotline.look_at(70.0) == []  # the rules wait until the order is carried out
    await hotline.answer()
    await moving
    hotline.leave("WITHDRAW")
    told = hotline.routed[-1]
    assert (told.queue, told.priority, told.reasons) == (SERVICE, 50, ("supervisor=chen",))
    assert [step.after for step in told.steps] == [60, 120]  # they still hold


async def test_a_supervisor_may_lower_a_priority(hotline: Hotline) -> None:
    ordering = asyncio.create_task(hotline.escalations.order(hotline.world, ONE, None, 5, "chen"))
    await asyncio.sleep(0)
    assert hotline.sent[-1][0].name == "QueueChangePriorityCaller"
    await hotline.answer()
    await ordering
    assert (hotline.routed[-1].priority, hotline.world.calls[ONE].priority) == (5, 5)
    await hotline.escalations.order(hotline.world, ONE, VIP, 5, "chen")  # nothing to do
    assert len(hotline.sent) == 1


async def test_orders_that_cannot_be_carried_out_say_why(hotline: Hotline) -> None:
    order = hotline.escalations.order
    with pytest.raises(UnknownCallError):
        await order(hotline.world, CallId("gone"), SERVICE, None, "chen")
    with pytest.raises(UnknownQueueError, match="nowhere"):
        await order(hotline.world, ONE, QueueName("nowhere"), None, "chen")
    refused = asyncio.create_task(order(hotline.world, ONE, SERVICE, None, "chen"))
    await asyncio.sleep(0)
    with pytest.raises(NotAllowedNowError):
        await order(hotline.world, ONE, None, 9, "wu")  # one order at a time
    await hotline.answer(success=False, text="No such caller")
    with pytest.raises(AsteriskRefusedError, match="No such caller"):
        await refused
    assert len(hotline.routed) == 1


async def test_a_callback_is_offered_once_and_the_later_steps_hold() -> None:
    hotline = Hotline()
    hotline.escalations = Escalations(
        hotline.post, lambda: hotline.now, hotline.record, callbacks=lambda queue: queue == VIP
    )
    hotline.waits("one", VIP, "60.20.=callback;120.20.service;180.20.=callback")
    assert hotline.look_at(61.0) == ["QueueWithdrawCaller"]
    assert dict(hotline.sent[-1][0].fields)["WithdrawInfo"] == "callback"
    await hotline.answer()
    hotline.leave("WITHDRAW")
    assert hotline.routed[-1].reasons == ("waited=60", "callback-offered")
    leg = hotline.leg("one")  # the caller prefers to wait
    hotline.say(records.CallerJoined(at=75.0, leg=leg, queue=VIP, position=1))
    assert hotline.world.calls[ONE].waited(75.0) == 75.0
    assert hotline.look_at(119.0) == []
    assert hotline.look_at(120.0) == ["QueueWithdrawCaller"]
    await hotline.answer()
    hotline.leave("WITHDRAW")
    hotline.say(records.CallerJoined(at=121.0, leg=leg, queue=SERVICE, position=1))
    assert hotline.look_at(181.0) == []  # this queue offers none: the caller waits on
    assert hotline.world.calls[ONE].queue == SERVICE


async def test_the_last_step_may_ask_for_a_message_while_there_is_room() -> None:
    hotline = Hotline()
    rooms = [False, True]
    hotline.escalations = Escalations(
        hotline.post, lambda: hotline.now, hotline.record, lambda: rooms.pop(0)
    )
    hotline.waits("one", VIP, "60.20.=voicemail")
    assert hotline.world.calls[ONE].steps[0].voicemail
    assert hotline.look_at(61.0) == []  # full: the caller waits on
    assert hotline.look_at(62.0) == []
    assert hotline.look_at(67.0) == ["QueueWithdrawCaller"]
    assert dict(hotline.sent[-1][0].fields)["WithdrawInfo"] == "voicemail"
    await hotline.answer()
    hotline.leave("WITHDRAW")
    assert hotline.routed[-1].reasons == ("waited=60", "voicemail")
    assert hotline.routed[-1].steps == ()
