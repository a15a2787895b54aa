"""Carrying out what the routing rules say of callers who wait long.

The steps stand in the call's own record (:class:`cti.core.events.CallRouted`), so that they
survive a restart of the engine.  A caller for whom a phone rings is left alone.
"""

from collections.abc import Callable, Collection, Iterator
from typing import TYPE_CHECKING, Final

import msgspec
import structlog

from cti.ami.protocol import Reply
from cti.ami_actions import (
    Action,
    queue_offer_callback,
    queue_overflow,
    queue_priority,
    queue_voicemail,
)
from cti.core import events as ev
from cti.core.calls import Call
from cti.core.ids import CallId, QueueName
from cti.core.own_queue import OWN
from cti.core.routing import due, remaining
from cti.core.world import World
from cti.errors import (
    AmiError,
    AsteriskRefusedError,
    NotAllowedNowError,
    QueueClosedError,
    UnknownCallError,
    UnknownQueueError,
)

if TYPE_CHECKING:
    import asyncio

EVERY: Final = 1.0
"""Seconds between two looks at the waiting callers."""
RETRY_AFTER: Final = 5.0
"""Seconds until a step that Asterisk refused is tried again."""
_log = structlog.get_logger(__name__)


class _Asked(msgspec.Struct, frozen=True):
    """A step that Asterisk was asked for; ``by`` is the supervisor who ordered it, if one did."""

    step: ev.Escalation
    by: str = ""


class Escalations:
    """Raises priorities and moves callers to other queues when their time has come."""

    def __init__(
        self,
        post: "Callable[[Action], asyncio.Future[Reply]]",
        clock: Callable[[], float],
        record: Callable[[ev.DomainEvent], None],
        room: Callable[[], bool] = lambda: True,
        callbacks: Callable[[QueueName], bool] = lambda _: False,
        closed: Callable[[], Collection[QueueName]] = tuple,
    ) -> None:
        """``post`` puts an action on the wire at once; ``record`` lets an event happen.

        ``room`` says whether there is room for one more message of a caller, ``callbacks``
        whether a queue offers callbacks; ``closed`` names the queues without new callers.
        """
        self._post = post
        self._clock = clock
        self._record = record
        self._room = room
        self._callbacks = callbacks
        self._closed = closed
        self._asked: dict[CallId, _Asked] = {}
        """Steps that Asterisk was asked for and that it has not shown yet."""
        self._not_before: dict[CallId, float] = {}

    def look(self, world: World) -> None:
        """Take every step that is due now."""
        now = self._clock()
        for call, step in list(self._due(world, now)):
            self._take(world, call, step, now)

    async def order(
        self, world: World, call_id: CallId, queue: QueueName | None, priority: int | None, by: str
    ) -> None:
        """Move a waiting caller to ``queue``, give another priority, or both, for a supervisor.

        The order explains itself in the call's ``CallRouted``; the rules' later steps still hold.
        Raises :class:`cti.errors.CommandError` or :class:`cti.errors.AmiError`.
        """
        call = world.calls.get(call_id)
        if call is None or call.over:
            raise UnknownCallError(f"there is no call {call_id} any more")
        if call.state != "queued" or call_id in self._asked:
            raise NotAllowedNowError(
                f"call {call_id} is {call.state}; only a caller who waits, and for whom no phone "
                "rings, can be moved"
            )
        if queue is not None and queue not in world.queues:
            raise UnknownQueueError(f"Asterisk has no queue {queue!r}; add it to the settings")
        if queue is not None and queue != call.queue and queue in self._closed():
            raise QueueClosedError(f"queue {queue!r} is closed; open it, or name another")
        wanted = call.priority if priority is None else priority
        moves = queue is not None and queue != call.queue
        if not moves and wanted == call.priority:
            return
        now = self._clock()
        step = ev.Escalation(after=call.waited(now), priority=wanted, queue=queue)
        answer = self._send(world, call, step, moves, by)
        reply = await answer
        if not reply.success:
            raise AsteriskRefusedError(f"Asterisk refused to move the call: {reply.text}")

    def on_event(self, world: World, event: ev.DomainEvent) -> None:
        """React to one event that has been applied to ``world``."""
        match event:
            case ev.CallLeftQueue(status="WITHDRAW"):
                asked = self._asked.pop(event.call_id, None)
                if asked is not None:
                    self._done(world.calls[event.call_id], asked.step, event.at, asked.by)
            case ev.CallConnected() | ev.CallAbandoned() | ev.CallEnded() | ev.CallLeftQueue():
                self._asked.pop(event.call_id, None)
                self._not_before.pop(event.call_id, None)

    def _due(self, world: World, now: float) -> Iterator[tuple[Call, ev.Escalation]]:
        for call in world.living():
            if call.state != "queued" or not call.steps or call.call_id in self._asked:
                continue
            if now < self._not_before.get(call.call_id, 0.0):
                continue
            step = due(call.steps, call.waited(now))
            if step is not None:
                yield call, step

    def _take(self, world: World, call: Call, step: ev.Escalation, now: float) -> None:
        queue = call.queue or QueueName("")
        moves = step.voicemail or step.callback or (step.queue is not None and step.queue != queue)
        if step.voicemail and not self._room():
            _log.error("voicemail_full", rule=call.rule, kept="the caller waits on")
            self._not_before[call.call_id] = now + RETRY_AFTER
            return
        if step.callback and (call.callback_id is not None or not self._callbacks(queue)):
            if queue != OWN:  # that wait is short, and the chosen queue comes after it
                _log.info("callback_not_offered", queue=queue, rule=call.rule)
            self._not_before[call.call_id] = now + RETRY_AFTER
            return
        if step.queue is not None and moves and step.queue not in world.queues:
            _log.error("escalation_without_queue", queue=step.queue, rule=call.rule)
            self._not_before[call.call_id] = now + RETRY_AFTER
            return
        if step.queue is not None and moves and step.queue in self._closed():
            _log.info("escalation_to_closed_queue", queue=step.queue, rule=call.rule)
            self._not_before[call.call_id] = now + RETRY_AFTER
            return
        if not moves and step.priority <= call.priority:
            self._done(call, step, now)
            return
        try:
            self._send(world, call, step, moves)
        except AmiError as error:
            _log.warning("escalation_not_sent", call_id=call.call_id, error=str(error))
            return  # the next look tries again

    def _send(
        self, world: World, call: Call, step: ev.Escalation, moves: bool, by: str = ""
    ) -> "asyncio.Future[Reply]":
        channel = world.trace(call.call_id).channel
        queue = call.queue or QueueName("")
        if step.voicemail:
            action = queue_voicemail(queue, channel)
        elif step.callback:
            action = queue_offer_callback(queue, channel)
        elif step.queue is not None and moves:
            place = position(world, call, step.queue, step.priority)
            action = queue_overflow(queue, channel, step.queue, step.priority, place)
        else:
            action = queue_priority(queue, channel, step.priority)
        answer = self._post(action)
        self._asked[call.call_id] = _Asked(step, by)
        answer.add_done_callback(lambda f: self._answered(f, world, call.call_id, step, moves))
        return answer

    def _answered(
        self,
        answer: "asyncio.Future[Reply]",
        world: World,
        call_id: CallId,
        step: ev.Escalation,
        moves: bool,
    ) -> None:
        refused = answer.cancelled() or answer.exception() is not None
        if not refused and answer.result().success:
            if not moves:
                asked = self._asked.pop(call_id, None)
                if asked is not None and call_id in world.calls:
                    self._done(world.calls[call_id], step, self._clock(), asked.by)
            return
        if self._asked.pop(call_id, None) is not None:
            text = "no answer" if refused else answer.result().text
            _log.warning("escalation_refused", call_id=call_id, answer=text)
            self._not_before[call_id] = self._clock() + RETRY_AFTER

    def _done(self, call: Call, step: ev.Escalation, at: float, by: str = "") -> None:
        moved = step.queue is not None and step.queue != call.queue
        self._record(
            ev.CallRouted(
                at=at,
                call_id=call.call_id,
                rule=call.rule,
                queue=step.queue or call.queue or QueueName(""),
                priority=step.priority if by else max(step.priority, call.priority),
                reasons=(
                    f"supervisor={by}" if by else f"waited={step.after:g}",
                    *(("overflow",) if moved and not by else ()),
                    *(("voicemail",) if step.voicemail else ()),
                    *(("callback-offered",) if step.callback else ()),
                ),
                steps=remaining(call.steps, step),
            )
        )


def position(world: World, call: Call, queue: QueueName, priority: int) -> int:
    """Return the place in ``queue`` that the whole wait of ``call`` is worth, from 1."""
    since = call.waiting_since if call.waiting_since is not None else call.since
    ahead = 0
    for other in world.living():
        if other.queue != queue or other.state not in ("queued", "ringing"):
            continue
        began = other.waiting_since if other.waiting_since is not None else other.since
        ahead += (other.priority, -began) > (priority, -since)
    return ahead + 1
