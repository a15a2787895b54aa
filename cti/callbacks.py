"""Callbacks: noting them, keeping their places, reserving agents and dialling, at most once a try.

What is to be done is decided by :mod:`cti.core.callbacks`; this module does it.  A try is on the
disk before it is dialled, and is never repeated because nobody knows how it went.  All work that
waits for the disk runs in one task, in order.
"""

import asyncio
import uuid
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from typing import Final, Literal, TypedDict

import msgspec
import structlog

from cti.ami.protocol import Reply
from cti.ami_actions import (
    Action,
    hang_up,
    originate_callback,
    queue_overflow,
    set_variable,
)
from cti.callback_rules import CallbackRules
from cti.callback_store import CallbackStore
from cti.core import channel_vars as cv
from cti.core import events as ev
from cti.core.callbacks import (
    ANSWERED_PRIORITY,
    Callback,
    apply,
    overtaken,
    turns,
)
from cti.core.calls import Call
from cti.core.ids import AgentId, CallbackId, CallId, QueueName
from cti.core.own_queue import OWN
from cti.core.pseudonym import pseudonym
from cti.core.records import Snapshot
from cti.core.world import Journey, Wish, World
from cti.errors import AmiError, CallbackStoreError
from cti.escalation import position
from cti.reservations import Reservations

_log = structlog.get_logger(__name__)

_AFTER_FAULT: Final = 5.0
"""Seconds until a callback that could not be stored is tried again."""
_SLACK: Final = 20.0
"""Seconds after the ringing time at which a try without any news is settled."""
_SETTLE_AFTER: Final = 3.0
"""Seconds after a picture of Asterisk until a lost try is judged: rebuilt calls come first."""


class Callbacks:
    """Driven by the engine from the event loop."""

    def __init__(
        self,
        rules: CallbackRules,
        store: CallbackStore,
        *,
        post: "Callable[[Action], asyncio.Future[Reply]]",
        clock: Callable[[], float],
        record: Callable[[ev.DomainEvent], None],
        known: Callable[[CallId], Awaitable[bool]],
        world: World,
    ) -> None:
        """``record`` lets an event happen; ``known`` says whether the journal has a call."""
        self._rules = rules
        self._store = store
        self._post = post
        self._clock = clock
        self._record = record
        self._known = known
        self._world = world
        self._book: dict[CallbackId, Callback] = {}
        self._numbers: dict[CallbackId, str] = {}
        self._busy: set[CallbackId] = set()
        """Those that a job is about to change."""
        self._reserved = Reservations(world, self._send)
        self._intercepted: set[AgentId] = set()
        self._jobs: asyncio.Queue[Callable[[], Awaitable[None]]] = asyncio.Queue()

    @property
    def pending(self) -> Sequence[Callback]:
        """The callbacks that are not over."""
        return tuple(self._book.values())

    async def load(self) -> None:
        """Take up what an earlier engine left; raises :class:`CallbackStoreError`."""
        for kept in await self._store.all():
            callback = kept.callback
            self._book[callback.callback_id] = callback
            self._numbers[callback.callback_id] = kept.number
            if callback.state == "dialling":
                self._expect(callback)

    async def work(self) -> None:
        """Do what waits for the disk, in order, for ever."""
        while True:
            job = await self._jobs.get()
            try:
                await job()
            except CallbackStoreError as error:
                _log.error("callback_not_stored", error=str(error))
            except Exception:  # noqa: BLE001 -- the next job must run
                _log.exception("callback_job_failed")

    # --- what happens -------------------------------------------------------------------------

    def on_event(self, _world: World, event: ev.DomainEvent) -> None:
        """React to one event that has been applied to the world."""
        match event:
            case ev.CallArrived(callback_id=str()):
                self._answered(event.call_id)
            case ev.CallQueued():
                self._queued(event)
            case ev.AgentRinging() if not event.rebuilt:
                self._intercept(event)
            case ev.AgentMissed():
                self._missed_by_agent(event)
            case ev.CallConnected() if self._world.calls[event.call_id].callback_id is None:
                call = self._world.calls[event.call_id]
                for callback in self._pending_of(call):  # served: nothing is left to call for
                    self._cancel(callback, "called_again", call.call_id)
            case ev.CallConnected() | ev.CallAbandoned() | ev.CallLeftQueue() | ev.CallEnded():
                self._release_call(event.call_id)
            case ev.AgentStateChanged(state="logged_out"):
                self._reserved.forget(event.agent_id)
        if isinstance(event, ev.AgentStateChanged) and event.state == "available":
            self.look()

    def take_wishes(self) -> None:
        """Take up what callers and the dialplan told."""
        wishes, self._world.wishes = self._world.wishes, []
        for wish in wishes:
            match wish.kind:
                case "asked":
                    self._jobs.put_nowait(partial(self._accept, wish))
                case "declined":
                    self._give_back(wish.call_id, "back")
                case "missed":
                    for callback in self._dialling(wish.call_id):
                        self._missed(callback, wish.detail)

    def look(self) -> None:
        """Dial whose place has come up, and end what is out of time; about once a second."""
        now = self._clock()
        for callback in list(self._book.values()):
            if callback.callback_id in self._busy:
                continue
            if callback.state == "waiting" and now >= callback.expires_at:
                self._end(callback, ev.CallbackExpired(at=now, **_keys(callback)))
            elif callback.state == "dialling" and now > self._deadline(callback):
                self._settle_soon(callback)
        if not (ready := self._ready(now)):
            return  # at every agent who becomes free: callers and agents need not be looked at
        agents = [a for a in self._world.agents.values() if not self._reserved.holds(a.agent_id)]
        for turn in turns(ready, self._world.living(), agents, now):
            self._begin(turn.callback, turn.agent_id)

    def look_for_cancellations(self) -> None:
        """Cancel what an operator wants cancelled."""
        if self._book:
            self._jobs.put_nowait(self._cancel_wanted)

    def reconcile(self, snapshot: Snapshot) -> None:
        """After a picture of Asterisk: settle lost tries, and lift reservations of nobody."""
        legs = [leg.uniqueid for leg in snapshot.legs]
        for callback in list(self._book.values()):
            if callback.state != "dialling" or callback.dial_call_id is None:
                continue
            if callback.dialled_at >= snapshot.at:
                continue  # the picture is older than the try
            if callback.dial_call_id in self._world.calls:
                self._answered(callback.dial_call_id)
            elif not any(leg.startswith(callback.dial_call_id) for leg in legs):
                asyncio.get_running_loop().call_later(_SETTLE_AFTER, self._settle_soon, callback)
        self._reserved.lift_stale(snapshot)

    # --- noting -------------------------------------------------------------------------------

    async def _accept(self, wish: Wish) -> None:
        call = self._world.calls.get(wish.call_id)
        if call is None:
            return
        number = self._rules.dialable(wish.detail)
        if not number or call.queue is None or not self._rules.offered_in(call.queue):
            _log.warning("callback_refused", call_id=call.call_id, dialable=bool(number))
            self._give_back(call.call_id, "refused")
            return
        callback, earlier = self._made(call, call.queue, number)
        try:
            await self._store.put(callback, number)
        except CallbackStoreError as error:
            _log.error("callback_not_stored", error=str(error))
            self._give_back(call.call_id, "refused")
            return
        self._book[callback.callback_id] = callback
        self._numbers[callback.callback_id] = number
        self._record(
            ev.CallbackRequested(
                at=self._clock(),
                **_keys(callback),
                journey_id=callback.journey_id,
                queue=callback.queue,
                priority=callback.priority,
                joined_at=callback.joined_at,
                expires_at=callback.expires_at,
                number_pseudonym=callback.number_pseudonym,
                other_number=callback.number_pseudonym != callback.caller_pseudonym,
            )
        )
        for old in earlier:
            self._cancel(old, "asked_again", call.call_id)
        self._tell(call.call_id, "noted")
        self.look()

    def _made(self, call: Call, queue: QueueName, number: str) -> tuple[Callback, list[Callback]]:
        """Return the new callback, and those of the same customer that it takes the place of."""
        now = self._clock()
        dialled = pseudonym(number, self._world.rules.pseudonym_key)
        earlier = [
            c
            for c in self._pending_of(call)
            + [c for c in self._book.values() if c.number_pseudonym == dialled]
            if c.state == "waiting"
        ]
        since = call.waiting_since if call.waiting_since is not None else call.since
        first = min(earlier, key=lambda c: c.asked_at, default=None)
        callback = Callback(
            callback_id=CallbackId(str(uuid.uuid4())),
            call_id=call.call_id,
            journey_id=first.journey_id if first else call.journey_id or call.call_id,
            queue=queue,
            priority=max([call.priority, *(c.standing(now)[1] for c in earlier)]),
            steps=call.steps,
            joined_at=min([since, *(c.joined_at for c in earlier)]),
            asked_at=now,
            expires_at=now + self._rules.expiry,
            caller_pseudonym=call.caller_pseudonym,
            number_pseudonym=dialled,
            customer_id=call.customer_id,
            language=call.language,
            reason=call.reason,
            menu_path=call.menu_path,
            dnis=call.dnis,
        )
        return callback, list({c.callback_id: c for c in earlier}.values())

    def _pending_of(self, call: Call) -> list[Callback]:
        return [
            c
            for c in self._book.values()
            if not c.over
            and (
                c.call_id == call.call_id
                or c.same_customer(call.caller_pseudonym, call.customer_id)
            )
        ]

    def _give_back(self, call_id: CallId, answer: str) -> None:
        """Tell a caller's channel which place in the queue is theirs, and let it go there."""
        call = self._world.calls.get(call_id)
        if call is not None and call.queue is not None:
            place = position(self._world, call, call.queue, call.priority)
            self._set(call_id, cv.POSITION, str(place))
            self._set(call_id, "__" + cv.PRIORITY, str(call.priority))
        self._tell(call_id, answer)

    def _tell(self, call_id: CallId, answer: str) -> None:
        self._set(call_id, cv.CALLBACK_STATE, answer)

    def _set(self, call_id: CallId, name: str, value: str) -> None:
        channel = self._world.trace(call_id).channel
        if channel:
            self._send(set_variable(channel, name, value))

    # --- dialling -----------------------------------------------------------------------------

    def _ready(self, now: float) -> list[Callback]:
        """Return the callbacks that may be dialled now."""
        if not self._rules.trunk or not self._rules.open_at(now):
            return []
        return [
            c
            for c in self._book.values()
            if c.state == "waiting"
            and c.not_before <= now < c.expires_at
            and c.callback_id not in self._busy
        ]

    def _begin(self, callback: Callback, agent_id: AgentId) -> None:
        self._busy.add(callback.callback_id)
        self._reserved.reserve(callback.callback_id, agent_id)
        self._jobs.put_nowait(lambda: self._dial(callback, agent_id))

    async def _dial(self, callback: Callback, agent_id: AgentId) -> None:
        now = self._clock()
        dialled = ev.CallbackDialled(
            at=now,
            **_keys(callback),
            attempt=callback.tries + 1,
            dial_call_id=CallId(str(uuid.uuid4())),
            agent_id=agent_id,
        )
        trying = apply(callback, dialled)
        number = self._numbers.get(callback.callback_id, "")
        try:
            if self._book.get(callback.callback_id) is callback:
                await self._store.put(trying, number)
        except CallbackStoreError:
            self._book[callback.callback_id] = msgspec.structs.replace(
                callback, not_before=now + _AFTER_FAULT
            )
            self._reserved.release(callback.callback_id)
            raise
        finally:
            self._busy.discard(callback.callback_id)
        if self._book.get(callback.callback_id) is not callback:
            self._reserved.release(callback.callback_id)  # cancelled meanwhile
            return
        self._book[callback.callback_id] = trying
        self._expect(trying)
        self._record(dialled)
        try:
            answer = self._post(self._order(trying, number))
        except AmiError as error:
            _log.warning("callback_not_dialled", error=str(error))
            self._missed(trying, "REFUSED")
            return
        answer.add_done_callback(lambda f: self._ordered(f, trying))

    def _order(self, callback: Callback, number: str) -> Action:
        rules = self._rules
        queue, _ = callback.standing(self._clock())
        return originate_callback(
            str(callback.dial_call_id),
            rules.trunk,
            rules.ring,
            {
                cv.CALLBACK_CALL: str(callback.dial_call_id),
                cv.CALLBACK_NUMBER: number,
                cv.CALLBACK_DIAL: rules.dial_form(number),
                "HOTLINE_CALLBACK_FROM": rules.caller_id or callback.dnis,
                cv.DNIS: callback.dnis,
                cv.LANGUAGE: callback.language,
                cv.CUSTOMER: callback.customer_id or "",
                cv.REASON: callback.reason,
                cv.MENU_PATH: callback.menu_path,
                cv.VERIFIED: "none",
                cv.QUEUE: queue,
                cv.PRIORITY: str(ANSWERED_PRIORITY),
            },
        )

    def _ordered(self, answer: "asyncio.Future[Reply]", callback: Callback) -> None:
        if answer.cancelled() or answer.exception() is not None:
            _log.warning("callback_outcome_unknown", callback_id=callback.callback_id)
            return  # it may ring: news, a picture or the deadline will tell
        if not answer.result().success:
            _log.error("callback_dial_refused", answer=answer.result().text)
            self._missed(callback, "REFUSED")

    def _expect(self, callback: Callback) -> None:
        if callback.dial_call_id is not None:
            self._world.journeys[callback.dial_call_id] = Journey(
                callback.journey_id, callback.callback_id
            )

    def _dialling(self, dial_call_id: CallId) -> list[Callback]:
        return [
            c
            for c in self._book.values()
            if c.state == "dialling" and c.dial_call_id == dial_call_id
        ]

    def _answered(self, dial_call_id: CallId) -> None:
        for callback in self._dialling(dial_call_id):
            event = ev.CallbackAnswered(
                at=self._clock(), **_keys(callback), dial_call_id=dial_call_id
            )
            self._end(callback, event, release=False)

    def _missed(self, callback: Callback, status: str) -> None:
        if self._book.get(callback.callback_id) is not callback:
            return  # something else has ended it
        now, keys = self._clock(), _keys(callback)
        again = now + self._rules.pause
        self._world.journeys.pop(callback.dial_call_id or CallId(""), None)
        if callback.tries >= self._rules.tries or again >= callback.expires_at:
            failed = ev.CallbackFailed(at=now, **keys, attempt=callback.tries, status=status)
            self._end(callback, failed)
            return
        missed = ev.CallbackMissed(
            at=now, **keys, attempt=callback.tries, status=status, next_try=again
        )
        waiting = self._book[callback.callback_id] = apply(callback, missed)
        number = self._numbers.get(callback.callback_id, "")
        self._jobs.put_nowait(lambda: self._store_if_current(waiting, number))
        self._record(missed)
        self._reserved.release(callback.callback_id)

    async def _store_if_current(self, callback: Callback, number: str) -> None:
        if self._book.get(callback.callback_id) is callback:
            await self._store.put(callback, number)

    def _deadline(self, callback: Callback) -> float:
        return callback.dialled_at + self._rules.ring + _SLACK

    def _settle_soon(self, callback: Callback) -> None:
        self._jobs.put_nowait(lambda: self._settle(callback))

    async def _settle(self, callback: Callback) -> None:
        """Judge a try of which no news came; one that was answered is not repeated."""
        if self._book.get(callback.callback_id) is not callback or callback.dial_call_id is None:
            return
        if callback.dial_call_id in self._world.calls or await self._known(callback.dial_call_id):
            self._answered(callback.dial_call_id)
        else:
            self._missed(callback, "UNKNOWN")

    # --- ends ---------------------------------------------------------------------------------

    def _end(self, callback: Callback, event: ev.CallbackEnd, *, release: bool = True) -> None:
        """Let the callback be over: its row and number are deleted."""
        apply(callback, event)  # an illegal end raises and changes nothing
        self._book.pop(callback.callback_id, None)
        self._numbers.pop(callback.callback_id, None)
        if callback.dial_call_id is not None:
            self._world.journeys.pop(callback.dial_call_id, None)
        self._jobs.put_nowait(lambda: self._store.remove(callback.callback_id))
        self._record(event)
        if release:
            self._reserved.release(callback.callback_id)

    def _cancel(
        self,
        callback: Callback,
        cause: Literal["called_again", "asked_again", "operator"],
        call_id: CallId | None = None,
    ) -> None:
        event = ev.CallbackCancelled(
            at=self._clock(), **_keys(callback), cause=cause, new_call_id=call_id
        )
        self._end(callback, event)
        if callback.state == "dialling" and callback.dial_call_id is not None:
            self._send(hang_up(callback.dial_call_id))

    async def _cancel_wanted(self) -> None:
        for callback_id in await self._store.cancelled():
            callback = self._book.get(callback_id)
            if callback is not None:
                self._cancel(callback, "operator")
            else:
                await self._store.remove(callback_id)

    # --- in the queue -------------------------------------------------------------------------

    def _queued(self, event: ev.CallQueued) -> None:
        call = self._world.calls[event.call_id]
        if call.callback_id is not None:
            self._hand_over(call, event)
            return
        if event.queue == OWN:
            return  # first asks one certain agent; the places are in the queue behind
        for callback in self._pending_of(call):
            self._merge(callback, self._world.calls[event.call_id], event)

    def _merge(self, callback: Callback, call: Call, event: ev.CallQueued) -> None:
        """The customer waits in the queue again: the callback ends, the place is kept."""
        now = self._clock()
        _, priority = callback.standing(now)
        self._cancel(callback, "called_again", call.call_id)
        self._record(
            ev.PlaceKept(
                at=now,
                call_id=call.call_id,
                callback_id=callback.callback_id,
                journey_id=callback.journey_id,
                joined_at=callback.joined_at,
            )
        )
        call = self._world.calls[call.call_id]
        priority = max(priority, call.priority)
        place = position(self._world, call, event.queue, priority)
        if place >= event.position and priority == call.priority:
            return
        channel = self._world.trace(call.call_id).channel
        self._send(queue_overflow(event.queue, channel, event.queue, priority, place))
        self._routed(call, event, priority, ("place-kept",))

    def _hand_over(self, call: Call, event: ev.CallQueued) -> None:
        """The customer waits at the head of the queue: its reserved agent may be rung."""
        if call.attempts > 1:
            return  # given back from a transfer
        self._routed(call, event, event.priority, ("callback",))
        self._reserved.hand_over(call.callback_id, event.queue)

    def _routed(
        self, call: Call, event: ev.CallQueued, priority: int, reasons: tuple[str, ...]
    ) -> None:
        self._record(
            ev.CallRouted(
                at=event.at,
                call_id=call.call_id,
                rule=call.rule or "callback",
                queue=event.queue,
                priority=priority,
                reasons=reasons,
                steps=call.steps,
            )
        )

    def _intercept(self, event: ev.AgentRinging) -> None:
        """Take an agent back whom the queue gave to a caller behind a callback."""
        call = self._world.calls[event.call_id]
        if call.state != "ringing" or call.callback_id is not None:
            return
        callback = overtaken(self._ready(self._clock()), call, self._clock())
        agent = self._world.agents.get(event.agent_id)
        if callback is None or agent is None or not agent.leg_uniqueid:
            return
        _log.info("callback_goes_first", callback_id=callback.callback_id, agent=event.agent_id)
        self._intercepted.add(event.agent_id)
        self._begin(callback, event.agent_id)
        self._send(hang_up(agent.leg_uniqueid))

    def _missed_by_agent(self, event: ev.AgentMissed) -> None:
        if event.agent_id in self._intercepted:  # our doing, no fault of the agent
            self._intercepted.discard(event.agent_id)
            agent = self._world.agents[event.agent_id]
            self._world.set_agent(event.agent_id, agent.since, misses=max(0, agent.misses - 1))
            return
        call = self._world.calls.get(event.call_id)
        if (
            call is not None
            and call.callback_id
            and call.callback_id == self._reserved.of(event.agent_id)
        ):
            self._reserved.free(event.agent_id)

    # --- the line -----------------------------------------------------------------------------

    def _release_call(self, call_id: CallId) -> None:
        call = self._world.calls.get(call_id)
        if call is not None and call.callback_id is not None:
            self._reserved.release(call.callback_id)

    def _send(self, action: Action) -> None:
        try:
            answer = self._post(action)
        except AmiError as error:
            _log.warning("callback_order_not_sent", action=action.name, error=str(error))
            return
        answer.add_done_callback(lambda f: _report(f, action))


def _report(answer: "asyncio.Future[Reply]", action: Action) -> None:
    if answer.cancelled() or answer.exception() is not None:
        _log.warning("callback_order_outcome_unknown", action=action.name)
    elif not answer.result().success:
        _log.info("callback_order_refused", action=action.name, answer=answer.result().text)


class _Keys(TypedDict):
    call_id: CallId
    callback_id: CallbackId


def _keys(callback: Callback) -> _Keys:
    return {"call_id": callback.call_id, "callback_id": callback.callback_id}
