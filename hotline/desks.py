"""Between the engine and the console: the engine's events become messages for desks.

The bus calls us while it publishes, so that a desk is never behind the engine, and the number of
pages that showed a pop is known when the engine writes ``PopPresented``.
"""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from typing import Final

import msgspec
import structlog

from agent_console import messages as msg
from agent_console.errors import CommandRefusedError
from agent_console.ports import (
    Addressed,
    Feed,
    Listener,
    OrderedState,
    Resynchronised,
    UserStore,
)
from crm_lookup.masking import masked_phone
from crm_lookup.model import CustomerBrief
from crm_lookup.numbers import NumberReader
from crm_lookup.unmasking import personal_lines
from cti import pops, views
from cti.bus import EVENTS, LocalBus
from cti.core import events as ev
from cti.core.calls import Call
from cti.core.ids import AgentId, CallId, CustomerId, QueueName
from cti.errors import (
    CommandError,
)
from hotline import monitoring
from hotline.agent_calls import AgentCalls
from hotline.roster import BankEngine, Roster, refusal, refusing
from hotline.route_words import route_words
from hotline.settings.centre import MonitoringSettings, QueueSettings

log = structlog.get_logger(__name__)


QUEUES_AFTER: Final = 0.4
"""Seconds by which a summary of the queues lags, so that a burst of events makes one.

Every page gets it: hundreds of pages ten times a second would hold pops up.
"""

_WITHDRAWN: Final[dict[str, msg.WithdrawnReason]] = {
    "missed": "no_answer",
    "abandoned": "abandoned",
    "answered_elsewhere": "elsewhere",
    "left_queue": "ended",
    "resync": "ended",
}
_MOVES_QUEUES: Final = (
    ev.CallQueued,
    ev.CallLeftQueue,
    ev.CallAbandoned,
    ev.CallConnected,
    ev.AgentStateChanged,
)


class TappedBus(LocalBus):
    """A bus that also tells one listener at once; counts the pages among the subscribers."""

    def __init__(self) -> None:
        super().__init__()
        self.tap: Callable[[object], int] = lambda _: 0
        self.watchers: list[Callable[[object], None]] = []
        """Told after the tap; like it, once for each event."""

    def publish(self, topic: str, message: object) -> int:
        """Hand the message to the tap and the subscribers; return how many took it.

        Some events travel under two topics; the tap gets each once.
        """
        pages = 0
        if topic == EVENTS or not isinstance(message, ev.Event):
            try:
                pages = self.tap(message)
            except Exception:
                # A fault on the way to a page must not keep the event from the journal.
                log.exception("desk_message_failed", kind=type(message).__name__)
            for watcher in self.watchers:
                try:
                    watcher(message)
                except Exception:
                    log.exception("watcher_failed", kind=type(message).__name__)
        return pages + super().publish(topic, message)


class Desks(AgentCalls):
    """The engine as the console sees it (:class:`agent_console.ports.EnginePort`)."""

    def __init__(
        self,
        engine: BankEngine,
        bus: TappedBus,
        users: UserStore,
        queues: Sequence[QueueSettings],
        numbers: NumberReader,
        told: MonitoringSettings = MonitoringSettings(),  # noqa: B008 - frozen
    ) -> None:
        super().__init__(engine, queues)
        self._monitoring = told
        self._roster = Roster(engine, users, queues)
        self._numbers = numbers
        self._listeners: list[Listener] = []
        self._pages = 0
        self._viewers: dict[str, msg.Role] = {}
        """In which role somebody looks at each agent's desk; nobody yet: the least is shown."""
        self._talking: dict[str, str] = {}
        """The call that each agent answered and whose pop is still on the desk."""
        self._summary_due = False
        self._summary: msg.QueueSummary | None = None
        bus.tap = self._take

    # --- what a desk shows -----------------------------------------------------------------

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def seated(self, agent_id: str, role: msg.Role) -> bool:
        changed = self._viewers.get(agent_id) != role
        self._viewers[agent_id] = role
        return changed

    def picture(self, agent_id: str) -> msg.Snapshot:
        agent = self._engine.agent(AgentId(agent_id))
        raised = self._engine.pop_of(AgentId(agent_id))
        wrap_up = self._wrap_up(agent)
        shown: tuple[msg.Pop, ...] = ()
        if raised is not None:
            if raised.connected:
                self._talking[agent_id] = raised.call_id
            pop = self._pop(raised)
            if wrap_up is not None and wrap_up.call_id == pop.call_id:
                pop = msgspec.structs.replace(pop, phase="ended", ended_at=wrap_up.started_at)
            shown = (pop,)
        return msg.Snapshot(
            status=msg.AgentStatus(state=agent.state, since=agent.since, reason=_reason(agent)),
            pops=shown,
            wrap_up=wrap_up,
            queues=self.queues().queues,
            monitored=None if agent.call_id is None else self._monitored(agent_id, agent.call_id),
        )

    def queues(self) -> msg.QueueSummary:
        snapshot = self._engine.queues()
        known = {view.queue: view for view in snapshot.queues}
        lines = []
        for setting in self._settings:
            view = known.get(QueueName(setting.name))
            waiting = view.waiting if view else 0
            since = round(snapshot.at - view.longest_wait, 1) if view and waiting else None
            lines.append(
                msg.QueueLine(
                    queue=setting.name,
                    waiting=waiting,
                    longest_since=since,
                    available=view.agents.get("available", 0) if view else 0,
                )
            )
        return msg.QueueSummary(queues=tuple(lines))

    def states(self) -> dict[str, msg.AgentStatus]:
        return {
            agent.agent_id: msg.AgentStatus(
                state=agent.state,
                since=agent.since,
                reason=agent.reason if agent.state == "paused" else "",
            )
            for agent in self._engine.world.agents.values()
        }

    def caller_number(self, agent_id: str, call_id: str) -> str:
        raised = self._engine.pop_of(AgentId(agent_id))
        if raised is None or raised.call_id != call_id:
            return ""
        return self._numbers.read(raised.caller_number).e164

    def presented(self, agent_id: str, call_id: str, sessions: int) -> None:
        del agent_id, call_id
        self._pages = sessions

    def pop_shown(self, agent_id: str, pop_id: str, page: str) -> None:
        self._engine.pop_shown(AgentId(agent_id), pop_id, page)

    # --- what an agent asks for ------------------------------------------------------------

    async def set_available(self, agent_id: str) -> None:
        await self._roster.sign_in(agent_id)
        await refusing(self._engine.ready(AgentId(agent_id)))

    async def pause(self, agent_id: str, reason: str) -> None:
        await self._roster.sign_in(agent_id)
        await refusing(self._engine.pause(AgentId(agent_id), reason))

    async def sign_out(self, agent_id: str) -> None:
        await refusing(self._engine.sign_out(AgentId(agent_id)))

    async def ready(self, agent_id: str) -> None:
        await refusing(self._engine.ready(AgentId(agent_id)))

    async def extend_wrap_up(self, agent_id: str, seconds: float) -> None:
        try:
            self._engine.extend_wrap_up(AgentId(agent_id), seconds)
        except CommandError as error:
            raise refusal(error) from error

    async def dispose(self, agent_id: str, call_id: str, code: str) -> None:
        try:
            self._engine.dispose(AgentId(agent_id), CallId(call_id), code, ready=False)
        except CommandError as error:
            raise refusal(error) from error

    async def choose_customer(
        self, agent_id: str, call_id: str, customer_id: str, candidates: int
    ) -> None:
        who, call, customer = AgentId(agent_id), CallId(call_id), CustomerId(customer_id)
        try:
            self._engine.choose_customer(who, call, customer, candidates)
        except CommandError as error:
            raise refusal(error) from error

    async def answer_offer(
        self,
        agent_id: str,
        call_id: str,
        customer_id: str,
        offer_id: str,
        rank: int,
        answer: msg.OfferAnswer,
    ) -> None:
        who, call, customer = AgentId(agent_id), CallId(call_id), CustomerId(customer_id)
        try:
            self._engine.answer_offer(who, call, customer, offer_id, rank, answer)
        except CommandError as error:
            raise refusal(error) from error

    # --- what a supervisor orders ----------------------------------------------------------

    async def order_state(self, agent_id: str, state: OrderedState, reason: str, by: str) -> None:
        who = AgentId(agent_id)
        if state == "logged_out":
            await refusing(self._engine.sign_out(who, by))
            return
        await self._roster.sign_in(agent_id, by)
        if state == "paused":
            await refusing(self._engine.pause(who, reason, by))
        else:
            await refusing(self._engine.ready(who, by))

    async def order_wrap_up_end(self, agent_id: str, by: str) -> None:
        if self._engine.agent(AgentId(agent_id)).state != "wrap_up":
            raise CommandRefusedError("not_now", f"agent {agent_id} is not in wrap-up")
        await refusing(self._engine.ready(AgentId(agent_id), by))

    async def order_skills(
        self, agent_id: str, skills: Sequence[msg.SkillChoice], by: str
    ) -> None:
        await self._roster.set_skills(agent_id, skills)
        told = tuple(f"{skill.queue}/{skill.penalty}" for skill in skills)
        self._engine.skills_changed(AgentId(agent_id), told, by)
        if self._engine.agent(AgentId(agent_id)).queues:
            await self._roster.sign_in(agent_id, by)

    async def move_call(
        self, call_id: str, queue: str | None, priority: int | None, by: str
    ) -> None:
        target = None if queue is None else QueueName(queue)
        await refusing(self._engine.move_call(CallId(call_id), target, priority, by))

    # --- from events to messages -----------------------------------------------------------

    def _take(self, message: object) -> int:
        """Turn one thing that the engine published into messages; return how many saw a pop."""
        self._pages = 0
        for item in self._messages(message):
            self._tell(item)
        if isinstance(message, _MOVES_QUEUES) and not self._summary_due:
            self._summary_due = True
            asyncio.get_running_loop().call_later(QUEUES_AFTER, self._summarise)
        return self._pages

    def _messages(self, message: object) -> Iterable[Feed]:
        match message:
            case pops.PopRaised():
                yield _to(message.agent_id, msg.PopRaised(pop=self._pop(message)))
            case pops.PopCompleted():
                call = self._engine.world.calls.get(message.call_id)
                level = "none" if call is None else call.verified
                customer = self._card(message.brief, message.agent_id, level)
                completed = msg.PopCompleted(
                    call_id=message.call_id,
                    customer=customer,
                    candidates=_candidates(message.candidates),
                )
                yield _to(message.agent_id, completed)
            case pops.PopConnected():
                self._talking[message.agent_id] = message.call_id
                connected = msg.PopConnected(call_id=message.call_id, connected_at=message.at)
                yield _to(message.agent_id, connected)
            case pops.PopWithdrawn():
                reason = _WITHDRAWN[message.cause]
                gone = msg.PopWithdrawn(call_id=message.call_id, reason=reason)
                yield _to(message.agent_id, gone)
            case ev.CallCompleted():
                ended = msg.CallEnded(call_id=message.call_id, ended_at=message.at)
                yield _to(message.agent_id, ended)
            case (
                ev.ConsultStarted()
                | ev.ConsultAnswered()
                | ev.ConsultEnded()
                | ev.ConferenceStarted()
                | ev.ConferenceEnded()
            ):
                call = self._engine.world.calls.get(message.call_id)
                changed = msg.ConsultationChanged(
                    call_id=message.call_id, consultation=_consultation(call)
                )
                yield _to(message.agent_id, changed)
                if call is not None and call.consulted is not None:
                    yield _to(call.consulted, changed)
            case ev.OfferEvent():
                call = self._engine.world.calls.get(message.call_id)
                told = dict(() if call is None else call.offers)
                answer = told.get(message.offer_id)
                if answer is not None:
                    answered = msg.OfferAnswered(
                        call_id=message.call_id, offer_id=message.offer_id, answer=answer
                    )
                    yield _to(message.agent_id, answered)
            case ev.WrapUpStarted() | ev.WrapUpExtended() | ev.CallDisposed():
                wrap_up = self._wrap_up(self._engine.agent(message.agent_id))
                if wrap_up is not None:
                    yield _to(message.agent_id, msg.WrapUpStarted(wrap_up=wrap_up))
            case ev.WrapUpEnded():
                self._talking.pop(message.agent_id, None)
                over = msg.WrapUpEnded(call_id=message.call_id, ended_by=message.ended_by)
                yield _to(message.agent_id, over)
            case ev.AgentStateChanged():
                status = msg.AgentStatus(
                    state=message.state,
                    since=message.at,
                    reason=message.reason if message.state == "paused" else "",
                )
                yield _to(message.agent_id, msg.AgentStateChanged(status=status))
                talked = self._talking.get(message.agent_id)
                if talked is not None and message.call_id != talked:
                    # No wrap-up cleared the desk: its length is 0, or the call went elsewhere.
                    del self._talking[message.agent_id]
                    gone = msg.PopWithdrawn(call_id=CallId(talked), reason="ended")
                    yield _to(message.agent_id, gone)
            case ev.MonitorEvent():
                found = self._monitored(message.agent_id, message.call_id)
                nobody = msg.Monitored(call_id=message.call_id, mode=None)
                if found is not None or self._monitoring.tell_agent != "never":
                    yield _to(message.agent_id, found or nobody)
            case ev.EngineResynchronised():
                yield Resynchronised()
            case _:
                return

    def _summarise(self) -> None:
        self._summary_due = False
        summary = self.queues()
        if summary != self._summary:
            self._summary = summary
            self._tell(Addressed(agent_id=None, message=summary))

    def _tell(self, item: Feed) -> None:
        for listener in self._listeners:
            listener(item)

    def _pop(self, raised: pops.PopRaised[CustomerBrief]) -> msg.Pop:
        states: dict[str, msg.BriefState] = {
            "ready": "ready",
            "pending": "loading",
            "none": "unknown",
        }
        call = self._engine.world.calls.get(raised.call_id)
        asking = call is not None and raised.agent_id in (call.agent_id, call.consulted)
        return msg.Pop(
            call_id=raised.call_id,
            pop_id=raised.pop_id,
            route=route_words(raised.route_reasons, raised.agent_id),
            phase="connected" if raised.connected else "ringing",
            queue=raised.queue,
            reason=raised.reason,
            menu_path=tuple(part for part in raised.menu_path.split(">") if part),
            callback=raised.callback,
            verified=raised.verified,
            language="en" if raised.language == "en" else "zh",
            number=masked_phone(self._numbers.read(raised.caller_number).e164),
            queued_at=raised.rang_at - raised.wait_time,
            raised_at=raised.raised_at,
            connected_at=call.connected_at if call is not None and raised.connected else None,
            brief=states[raised.brief_status],
            customer=self._card(raised.brief, raised.agent_id, raised.verified),
            consultation=_consultation(call) if asking else None,
            answers=dict(call.offers) if call is not None else {},
            candidates=_candidates(raised.candidates),
        )

    def _card(
        self, brief: CustomerBrief | None, agent_id: str, level: str
    ) -> msg.CustomerCard | None:
        """What the one who looks at the agent's desk may see of the customer."""
        if brief is None:
            return None
        viewer = self._viewers.get(agent_id, "none")
        lines = personal_lines(brief.held, viewer=viewer, level=level)
        personal = tuple(
            msg.PersonalLine(field=line.field, shown=line.shown, on_request=line.on_request)
            for line in lines
        )
        return msg.card_of(brief, personal)

    def _monitored(self, agent_id: str, call_id: str) -> msg.Monitored | None:
        call = self._engine.world.calls.get(CallId(call_id))
        return monitoring.told(self._monitoring, call, agent_id)

    def _wrap_up(self, agent: views.AgentView) -> msg.WrapUp | None:
        if agent.state != "wrap_up" or agent.call_id is None or agent.wrap_up_until is None:
            return None
        call = self._engine.world.calls.get(agent.call_id)
        return msg.WrapUp(
            call_id=agent.call_id,
            started_at=agent.since,
            until=agent.wrap_up_until,
            disposition=call.disposition if call is not None else "",
        )


def _to(agent_id: str, message: msg.DeskMessage) -> Addressed:
    return Addressed(agent_id=agent_id, message=message)


def _consultation(call: Call | None) -> msg.Consultation | None:
    if call is None or call.consulted is None or call.agent_id is None:
        return None
    return msg.Consultation(
        agent_id=call.consulted,
        asked_by=call.agent_id,
        answered=call.consult_answered,
        conference=call.state == "conference",
    )


def _candidates(found: Iterable[object]) -> tuple[msg.CandidateCard, ...]:
    return tuple(one for one in found if isinstance(one, msg.CandidateCard))


def _reason(agent: views.AgentView) -> str:
    return agent.reason if agent.state == "paused" else ""
