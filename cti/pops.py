"""Screen-pops: what an agent's console shows when the phone rings.

The customer's brief is fetched when the call joins the queue, so that it usually is at hand when
an agent's phone rings; who waited for long is looked up anew.  If it is not at hand, the pop waits
for it up to a deadline and then goes out without; :class:`PopCompleted` brings the brief later.

A number that several customers have gives no brief but candidates; once the agent has chosen one
of them (:class:`cti.core.events.CustomerChosen`), :class:`PopCompleted` brings the brief.
"""

import asyncio
from collections.abc import Callable
from typing import Generic, Literal, TypeVar

import msgspec
import structlog

from cti import metrics
from cti.bus import Bus, agent_topic
from cti.core import events as ev
from cti.core.calls import Call
from cti.core.events import VerifiedLevel
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from cti.core.steps import TALKING, WITH_AGENT
from cti.core.world import World
from cti.ports import CustomerBriefs

_log = structlog.get_logger(__name__)

BriefT = TypeVar("BriefT")
_GIVE_UP = 10.0
"""Seconds after which a brief is no longer waited for."""
FRESH = 5.0
"""Seconds for which what was fetched ahead may be shown; then it is fetched anew."""
_MOST_PAGES = 20
"""Pages of one agent that are counted."""


class PopRaised(msgspec.Struct, Generic[BriefT], frozen=True, kw_only=True):
    """An agent's phone rings: show this.  Holds personal data; for that agent's console only."""

    pop_id: str
    """One offer of one call to one agent."""
    call_id: CallId
    agent_id: AgentId
    caller_number: str
    """As presented by the carrier; empty or e.g. ``anonymous`` when withheld."""
    dnis: str
    queue: QueueName
    language: str
    reason: str
    menu_path: str
    verified: VerifiedLevel
    customer_id: CustomerId | None
    wait_time: float
    """Seconds in the queue so far."""
    brief: BriefT | None
    brief_status: Literal["ready", "pending", "none"]
    """``pending``: a :class:`PopCompleted` follows; ``none``: there is no brief to wait for."""
    candidates: tuple[object, ...] = ()
    """The customers who have the number, the likeliest first, while nobody knows who calls."""
    rang_at: float
    """When Asterisk had called the agent's phone, by Asterisk's clock."""
    raised_at: float
    latency: float
    """Seconds from ``rang_at`` to ``raised_at``."""
    route_reasons: tuple[str, ...] = ()
    """Why the call was sent here, as codes; see :class:`cti.core.events.CallRouted`."""
    connected: bool = False
    """Whether the agent has the customer already (on re-delivery)."""
    callback: bool = False
    """Whether we called the customer, who had asked for it."""


class PopCompleted(msgspec.Struct, Generic[BriefT], frozen=True, kw_only=True):
    """The brief of a pop that went out without it; ``None``: none can be had."""

    pop_id: str
    call_id: CallId
    agent_id: AgentId
    brief: BriefT | None
    candidates: tuple[object, ...] = ()


class PopConnected(msgspec.Struct, frozen=True, kw_only=True):
    """The agent has the customer."""

    pop_id: str
    call_id: CallId
    agent_id: AgentId
    at: float


class PopWithdrawn(msgspec.Struct, frozen=True, kw_only=True):
    """The phone rings no more, and not because this agent answered."""

    pop_id: str
    call_id: CallId
    agent_id: AgentId
    at: float
    cause: Literal["missed", "abandoned", "answered_elsewhere", "left_queue", "resync"]


class _Found(msgspec.Struct, Generic[BriefT], frozen=True, kw_only=True):
    """What was fetched for one call."""

    brief: BriefT | None = None
    candidates: tuple[object, ...] = ()


class _Fetch(msgspec.Struct, Generic[BriefT], frozen=True, kw_only=True):
    """A fetch that is under way or done; ``customer_id`` ``None``: of candidates."""

    customer_id: CustomerId | None
    task: "asyncio.Task[_Found[BriefT]]"
    begun: float

    @property
    def failed(self) -> bool:
        """Whether it is over and brought nothing."""
        return self.task.done() and (self.task.cancelled() or self.task.result() == _Found())


class PopDesk(Generic[BriefT]):
    """Turns domain events into pops; driven by the engine from the event loop."""

    def __init__(
        self,
        briefs: CustomerBriefs[BriefT],
        bus: Bus,
        clock: Callable[[], float],
        record: Callable[[ev.DomainEvent], None],
        deadline: float = 0.3,
    ) -> None:
        """``record`` takes the ``PopPresented`` events; ``deadline`` in seconds."""
        self._briefs = briefs
        self._bus = bus
        self._clock = clock
        self._record = record
        self._deadline = deadline
        self._fetches: dict[CallId, _Fetch[BriefT]] = {}
        self._pops: dict[AgentId, PopRaised[BriefT]] = {}
        self._raising: dict[AgentId, tuple[str, asyncio.Task[None]]] = {}
        self._completing: set[asyncio.Task[None]] = set()
        """Briefs of chosen customers on their way to a pop."""
        self._adopted: set[str] = set()
        """Offers of the time before our start that are being raised anew."""
        self._shown: dict[str, set[str]] = {}
        """The pages on which each pop stands."""

    def pop_of(self, agent_id: AgentId) -> PopRaised[BriefT] | None:
        """Return what the agent's console should show now, to a page that was just opened."""
        return self._pops.get(agent_id)

    def shown(self, agent_id: AgentId, pop_id: str, page: str) -> bool:
        """Note that a page has the pop on its screen; say whether that was news.

        A page may say it again (after a reconnection); a pop that is gone is nobody's any more.
        """
        pop = self._pops.get(agent_id)
        if pop is None or pop.pop_id != pop_id:
            return False
        pages = self._shown.setdefault(pop_id, set())
        if page in pages or len(pages) >= _MOST_PAGES:
            return False
        pages.add(page)
        now = self._clock()
        after = max(0.0, now - pop.raised_at)
        metrics.POP_SHOWN.observe(after)
        self._record(
            ev.PopShown(
                at=now,
                call_id=pop.call_id,
                agent_id=agent_id,
                page=page,
                pages=len(pages),
                after=after,
            )
        )
        return True

    def on_event(self, world: World, event: ev.DomainEvent) -> None:
        """React to one event that has been applied to ``world``."""
        match event:
            case ev.AgentRinging() | ev.CallConnected() if event.rebuilt and _past(world, event):
                pass  # told too late: nobody is to see a call that has gone on
            case ev.CallQueued():
                self._prefetch(world, world.calls[event.call_id])
            case ev.CustomerChosen():
                self._chosen(world, event)
            case ev.AgentRinging():
                self._ring(world, world.calls[event.call_id], event)
            case ev.AgentMissed():
                cause: Literal["missed", "resync"] = "resync" if event.rebuilt else "missed"
                self._withdraw(event.agent_id, event.call_id, event.at, cause)
            case ev.CallAbandoned():
                self._withdraw_all(event.call_id, event.at, "abandoned")
            case ev.CallLeftQueue():
                self._withdraw_all(event.call_id, event.at, "left_queue")
            case ev.CallConnected():
                self._connect(world, event)
            case ev.TransferFailed() | ev.ConsultEnded() | ev.ConferenceEnded():
                self._withdraw(event.target, event.call_id, event.at, "left_queue")
            case ev.AgentStateChanged():
                self._agent_changed(event)
            case ev.EngineResynchronised():
                self._adopt(world)
            case ev.CallEnded():
                self._withdraw_all(event.call_id, event.at, "abandoned")
                fetch = self._fetches.pop(event.call_id, None)
                if fetch is not None and not self._in_use(event.call_id):
                    fetch.task.cancel()

    async def stop(self) -> None:
        """Cancel what is under way."""
        tasks: list[asyncio.Task[object]] = [fetch.task for fetch in self._fetches.values()]
        tasks += [t for _, t in self._raising.values()]
        tasks += self._completing
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    def _in_use(self, call_id: CallId) -> bool:
        return any(p.call_id == call_id for p in self._pops.values())

    def _prefetch(
        self, world: World, call: Call, *, fresh: bool = False
    ) -> "asyncio.Task[_Found[BriefT]] | None":
        """Begin to fetch what is known of the caller, unless that was done already.

        ``fresh``: what was fetched more than :data:`FRESH` seconds ago is fetched anew.
        """
        if call.customer_id is None and call.recognition != "ambiguous":
            return None
        now, known = self._clock(), self._fetches.get(call.call_id)
        old: asyncio.Task[_Found[BriefT]] | None = None
        if known is not None and known.customer_id == call.customer_id and not known.failed:
            if not (fresh and known.task.done() and now - known.begun > FRESH):
                return known.task
            old = known.task
        number = world.trace(call.call_id).caller_number
        task = asyncio.create_task(self._fetch(call.customer_id, number, old), name="brief")
        self._fetches[call.call_id] = _Fetch(customer_id=call.customer_id, task=task, begun=now)
        return task

    async def _fetch(
        self,
        customer_id: CustomerId | None,
        caller_number: str,
        old: "asyncio.Task[_Found[BriefT]] | None",
    ) -> _Found[BriefT]:
        """Return the customer's brief, or the candidates; if that fails, what was known before."""
        try:
            async with asyncio.timeout(_GIVE_UP):
                if customer_id is not None:
                    return _Found(brief=await self._briefs.brief(customer_id))
                return _Found(candidates=tuple(await self._briefs.candidates(caller_number)))
        except Exception as error:  # noqa: BLE001 -- whatever the port raises, the pop goes out
            _log.warning("brief_failed", error=type(error).__name__)
            return old.result() if old is not None else _Found()

    def _chosen(self, world: World, event: ev.CustomerChosen) -> None:
        """Bring the brief of the customer whom the agent chose."""
        call = world.calls[event.call_id]
        fetch = self._prefetch(world, call)
        for agent_id, pop in list(self._pops.items()):
            if pop.call_id == event.call_id and fetch is not None:
                self._pops[agent_id] = msgspec.structs.replace(pop, customer_id=event.customer_id)
                task = asyncio.create_task(self._complete(agent_id, pop.pop_id, fetch))
                self._completing.add(task)
                task.add_done_callback(self._completing.discard)

    async def _complete(
        self, agent_id: AgentId, pop_id: str, fetch: "asyncio.Task[_Found[BriefT]]"
    ) -> None:
        """Wait for what is fetched and bring it to the pop, if that still stands."""
        await asyncio.wait((fetch,))
        found = _Found[BriefT]() if fetch.cancelled() else fetch.result()
        pop = self._pops.get(agent_id)
        if pop is None or pop.pop_id != pop_id:
            return
        current = self._fetches.get(pop.call_id)
        if current is not None and current.task is not fetch:
            return  # another customer was chosen meanwhile
        candidates = found.candidates or pop.candidates
        status: Literal["ready", "none"] = "none" if found.brief is None else "ready"
        self._pops[agent_id] = msgspec.structs.replace(
            pop, brief=found.brief, brief_status=status, candidates=candidates
        )
        done = PopCompleted(
            pop_id=pop_id,
            call_id=pop.call_id,
            agent_id=agent_id,
            brief=found.brief,
            candidates=candidates,
        )
        self._bus.publish(agent_topic(agent_id), done)

    def _ring(self, world: World, call: Call, event: ev.AgentRinging) -> None:
        self._cancel_raising(event.agent_id)
        pop_id = _offer(event)
        fetch = self._prefetch(world, call, fresh=True)
        if fetch is None or fetch.done():
            nothing = fetch is None or fetch.cancelled()
            found = _Found[BriefT]() if nothing or fetch is None else fetch.result()
            self._raise(world, call.call_id, event, pop_id, found, pending=False)
            return
        task = asyncio.create_task(self._raise_later(world, call.call_id, event, pop_id, fetch))
        self._raising[event.agent_id] = (pop_id, task)
        task.add_done_callback(lambda _: self._raised(event.agent_id, pop_id))

    def _raised(self, agent_id: AgentId, pop_id: str) -> None:
        if self._raising.get(agent_id, ("",))[0] == pop_id:
            del self._raising[agent_id]

    async def _raise_later(
        self,
        world: World,
        call_id: CallId,
        event: ev.AgentRinging,
        pop_id: str,
        fetch: "asyncio.Task[_Found[BriefT]]",
    ) -> None:
        await asyncio.wait((fetch,), timeout=self._deadline)
        if fetch.done() and not fetch.cancelled():
            self._raise(world, call_id, event, pop_id, fetch.result(), pending=False)
            return
        metrics.POPS_WITHOUT_BRIEF.inc()
        self._raise(world, call_id, event, pop_id, _Found(), pending=True)
        await self._complete(event.agent_id, pop_id, fetch)

    def _raise(
        self,
        world: World,
        call_id: CallId,
        event: ev.AgentRinging,
        pop_id: str,
        found: _Found[BriefT],
        *,
        pending: bool,
    ) -> None:
        call = world.calls[call_id]
        now = self._clock()
        talking = call.state in ("connected", "on_hold")
        status: Literal["ready", "pending", "none"] = "none" if found.brief is None else "ready"
        pop = PopRaised(
            pop_id=pop_id,
            call_id=call_id,
            agent_id=event.agent_id,
            caller_number=world.trace(call_id).caller_number,
            dnis=call.dnis,
            queue=event.queue if event.queue != call.queue else call.served_as or event.queue,
            language=call.language,
            reason=call.reason,
            menu_path=call.menu_path,
            verified=call.verified,
            customer_id=call.customer_id,
            route_reasons=call.route_reasons,
            wait_time=call.wait_time(call.connected_at or now if talking else now),
            brief=found.brief,
            brief_status="pending" if pending else status,
            candidates=found.candidates,
            rang_at=event.at,
            raised_at=now,
            latency=max(0.0, now - event.at),
            connected=talking and call.agent_id == event.agent_id,
            callback=call.callback_id is not None,
        )
        self._pops[event.agent_id] = pop
        sessions = self._bus.publish(agent_topic(event.agent_id), pop)
        if pop_id in self._adopted:
            self._adopted.discard(pop_id)
            return  # it was presented before the restart
        metrics.POP_LATENCY.observe(pop.latency)
        self._record(
            ev.PopPresented(
                at=now,
                call_id=call_id,
                agent_id=event.agent_id,
                customer_id=call.customer_id,
                sessions=sessions,
            )
        )

    def _cancel_raising(self, agent_id: AgentId) -> None:
        raising = self._raising.pop(agent_id, None)
        if raising is not None:
            raising[1].cancel()

    def _withdraw_all(
        self, call_id: CallId, at: float, cause: Literal["abandoned", "left_queue"]
    ) -> None:
        """Withdraw the call's pops, but for the agent's who has, or had, the customer."""
        offered = {a for a, (pop_id, _) in self._raising.items() if pop_id.startswith(call_id)}
        offered |= {a for a, pop in self._pops.items() if pop.call_id == call_id}
        for agent_id in offered:
            pop = self._pops.get(agent_id)
            if pop is None or pop.call_id != call_id or not pop.connected:
                self._withdraw(agent_id, call_id, at, cause)

    def _withdraw(
        self,
        agent_id: AgentId,
        call_id: CallId,
        at: float,
        cause: Literal["missed", "abandoned", "answered_elsewhere", "left_queue", "resync"],
    ) -> None:
        self._cancel_raising(agent_id)
        pop = self._pops.get(agent_id)
        if pop is None or pop.call_id != call_id:
            return
        self._forget(agent_id)
        gone = PopWithdrawn(
            pop_id=pop.pop_id, call_id=call_id, agent_id=agent_id, at=at, cause=cause
        )
        self._bus.publish(agent_topic(agent_id), gone)

    def _connect(self, world: World, event: ev.CallConnected) -> None:
        for pop in [p for p in self._pops.values() if p.call_id == event.call_id]:
            if pop.agent_id != event.agent_id:
                self._withdraw(pop.agent_id, event.call_id, event.at, "answered_elsewhere")
        own = self._pops.get(event.agent_id)
        raising = self._raising.get(event.agent_id)
        if (own is None or own.call_id != event.call_id) and (
            raising is None or not raising[0].startswith(event.call_id)
        ):
            # The ringing was missed (a reconnection): the agent must see the customer anyway.
            ringing = ev.AgentRinging(
                at=event.at, call_id=event.call_id, agent_id=event.agent_id, queue=event.queue
            )
            self._ring(world, world.calls[event.call_id], ringing)
            own = self._pops.get(event.agent_id)
        if own is None:
            return
        self._pops[event.agent_id] = msgspec.structs.replace(own, connected=True)
        now = PopConnected(
            pop_id=own.pop_id, call_id=own.call_id, agent_id=own.agent_id, at=event.at
        )
        self._bus.publish(agent_topic(event.agent_id), now)

    def _adopt(self, world: World) -> None:
        """After a restart: the pops of the phones that ring, and of the calls that agents have."""
        for agent in list(world.agents.values()):
            call = world.calls.get(agent.call_id) if agent.call_id else None
            known = self._pops.get(agent.agent_id)
            if call is None or agent.agent_id in self._raising or known is not None:
                continue
            rang = next((at for who, at in call.ringing if who == agent.agent_id), None)
            if rang is None and agent.agent_id == call.agent_id and call.state in TALKING:
                rang = call.connected_at
            if rang is not None:
                ringing = ev.AgentRinging(
                    at=rang,
                    call_id=call.call_id,
                    agent_id=agent.agent_id,
                    queue=call.queue or QueueName(""),
                )
                self._adopted.add(_offer(ringing))
                self._ring(world, call, ringing)

    def _agent_changed(self, event: ev.AgentStateChanged) -> None:
        """Forget a pop when the agent is done with the call."""
        pop = self._pops.get(event.agent_id)
        if pop is not None and pop.connected and event.call_id != pop.call_id:
            self._cancel_raising(event.agent_id)
            self._forget(event.agent_id)

    def _forget(self, agent_id: AgentId) -> None:
        self._shown.pop(self._pops.pop(agent_id).pop_id, None)


def _offer(event: ev.AgentRinging) -> str:
    """Return the offer's name: after the moment of ringing, so that it survives our restart."""
    return f"{event.call_id}/{event.agent_id}/{round(event.at * 1000)}"


def _past(world: World, event: ev.AgentRinging | ev.CallConnected) -> bool:
    """Say whether the agent's phone rings, or the talk goes on, no longer."""
    call = world.calls[event.call_id]
    if isinstance(event, ev.CallConnected):
        return call.agent_id != event.agent_id or call.state not in WITH_AGENT
    with_agent = call.agent_id == event.agent_id and call.state in WITH_AGENT
    return not with_agent and all(event.agent_id != agent_id for agent_id, _ in call.ringing)
