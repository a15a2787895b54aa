"""A stand-in for the engine, for tests and for looking at the page without a telephone."""

import wave
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from agent_console.alarm_messages import AlarmLine
from agent_console.board_messages import (
    BoardLegend,
    BoardPicture,
    CallLine,
    QueueNumbers,
    QueueRow,
)
from agent_console.errors import CommandRefusedError
from agent_console.messages import (
    AgentState,
    AgentStateChanged,
    AgentStatus,
    CallEnded,
    Consultation,
    ConsultationChanged,
    ConsultationEnd,
    CustomerCard,
    DeskMessage,
    ErrorCode,
    MonitorMode,
    OfferAnswer,
    OfferAnswered,
    Pop,
    PopCompleted,
    PopConnected,
    PopRaised,
    PopWithdrawn,
    QueueLine,
    QueueSummary,
    Role,
    SkillChoice,
    Snapshot,
    WithdrawnReason,
    WrapUp,
    WrapUpEnd,
    WrapUpEnded,
    WrapUpStarted,
)
from agent_console.monitor_messages import MonitorLine
from agent_console.ports import (
    Addressed,
    Clock,
    Feed,
    Listener,
    OrderedState,
    Resynchronised,
)
from agent_console.rest_messages import OwnDay
from agent_console.testing_floor import FakeFloor


class FakeEngine:
    """An :class:`agent_console.ports.EnginePort` that tests drive by hand.

    It keeps each agent's picture right, so that pages that join late see the same as the others.
    """

    def __init__(self, clock: Clock, queues: tuple[QueueLine, ...] = ()) -> None:
        self._clock = clock
        self._listeners: list[Listener] = []
        self._desks: dict[str, Snapshot] = {}
        self._queues = queues
        self.commands: list[tuple[str, ...]] = []
        self.shown: list[tuple[str, str, int]] = []
        """Agent, call and number of pages of every pop so far."""
        self.seen: list[tuple[str, str, str]] = []
        """Agent, pop and page of every word that a pop stands on a screen."""
        self._said: dict[str, str] = {}
        """How agents said that calls end, before they did."""
        self.refuse_with: ErrorCode | None = None
        self.broken = False
        self.viewers: dict[str, Role] = {}
        """The role in which somebody looks at each agent's desk."""
        self.caller = "+8613912345678"
        """The number of every caller."""
        self.wrap_up_s = 30.0

    # --- the port ------------------------------------------------------------------------------

    def listen(self, listener: Listener) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def seated(self, agent_id: str, role: Role) -> bool:
        changed = self.viewers.get(agent_id) != role
        self.viewers[agent_id] = role
        return changed

    def picture(self, agent_id: str) -> Snapshot:
        nothing = Snapshot(status=AgentStatus(state="logged_out", since=self._clock()))
        return replace(self._desks.setdefault(agent_id, nothing), queues=self._queues)

    def queues(self) -> QueueSummary:
        return QueueSummary(queues=self._queues)

    def caller_number(self, agent_id: str, call_id: str) -> str:
        desk = self._desks.get(agent_id)
        known = desk is not None and any(pop.call_id == call_id for pop in desk.pops)
        return self.caller if known else ""

    def presented(self, agent_id: str, call_id: str, sessions: int) -> None:
        self.shown.append((agent_id, call_id, sessions))

    def pop_shown(self, agent_id: str, pop_id: str, page: str) -> None:
        self.seen.append((agent_id, pop_id, page))

    async def order_state(self, agent_id: str, state: OrderedState, reason: str, by: str) -> None:
        self._command("order_state", agent_id, state, reason, by)
        self.state(agent_id, state, reason)

    async def order_wrap_up_end(self, agent_id: str, by: str) -> None:
        self._command("order_wrap_up_end", agent_id, by)
        self.end_wrap_up(agent_id, "supervisor")

    async def order_skills(self, agent_id: str, skills: Sequence[SkillChoice], by: str) -> None:
        told = ",".join(f"{skill.queue}/{skill.penalty}" for skill in skills)
        self._command("order_skills", agent_id, told, by)

    async def move_call(
        self, call_id: str, queue: str | None, priority: int | None, by: str
    ) -> None:
        self._command("move_call", call_id, str(queue), str(priority), by)

    def states(self) -> dict[str, AgentStatus]:
        return {agent_id: desk.status for agent_id, desk in self._desks.items()}

    async def sign_out(self, agent_id: str) -> None:
        self._command("sign_out", agent_id)
        self.state(agent_id, "logged_out")

    async def set_available(self, agent_id: str) -> None:
        self._command("set_available", agent_id)
        self.state(agent_id, "available")

    async def pause(self, agent_id: str, reason: str) -> None:
        self._command("pause", agent_id, reason)
        self.state(agent_id, "paused", reason)

    async def ready(self, agent_id: str) -> None:
        self._command("ready", agent_id)
        self.end_wrap_up(agent_id)

    async def extend_wrap_up(self, agent_id: str, seconds: float) -> None:
        self._command("extend_wrap_up", agent_id, str(seconds))
        wrap_up = self._wrap_up(agent_id)
        self._start_wrap_up(agent_id, replace(wrap_up, until=wrap_up.until + seconds))

    async def dispose(self, agent_id: str, call_id: str, code: str) -> None:
        self._command("dispose", agent_id, call_id, code)
        self._said[call_id] = code
        wrap_up = self.picture(agent_id).wrap_up
        if wrap_up is not None:
            self._start_wrap_up(agent_id, replace(wrap_up, disposition=code))

    async def choose_customer(
        self, agent_id: str, call_id: str, customer_id: str, candidates: int
    ) -> None:
        self._command("choose_customer", agent_id, call_id, customer_id, str(candidates))

    async def answer_offer(
        self,
        agent_id: str,
        call_id: str,
        customer_id: str,
        offer_id: str,
        rank: int,
        answer: OfferAnswer,
    ) -> None:
        self._command("answer_offer", agent_id, call_id, customer_id, offer_id, str(rank), answer)
        pop = self._pop(agent_id, call_id)
        told = OfferAnswered(call_id=call_id, offer_id=offer_id, answer=answer)
        self._set_pop(agent_id, told, replace(pop, answers={**pop.answers, offer_id: answer}))

    async def leave_call(self, agent_id: str, call_id: str) -> None:
        self._command("leave_call", agent_id, call_id)
        self.hang_up(agent_id, call_id)

    async def transfer(
        self, agent_id: str, call_id: str, *, queue: str | None, target: str | None, reason: str
    ) -> None:
        self._command("transfer", agent_id, call_id, str(queue), str(target), reason)
        self.hang_up(agent_id, call_id)

    async def consult(self, agent_id: str, call_id: str, target: str) -> None:
        self._command("consult", agent_id, call_id, target)
        self.consultation(agent_id, call_id, Consultation(agent_id=target, asked_by=agent_id))

    async def settle_consultation(self, agent_id: str, call_id: str, how: ConsultationEnd) -> None:
        self._command("settle_consultation", agent_id, call_id, how)
        asked = self._pop(agent_id, call_id).consultation
        if asked is None:
            raise CommandRefusedError("not_now")
        if how == "transfer":
            self.hang_up(agent_id, call_id)
        elif how == "conference":
            self.consultation(agent_id, call_id, replace(asked, conference=True))
        else:
            self.consultation(agent_id, call_id, None)

    # --- the hands -----------------------------------------------------------------------------

    def state(self, agent_id: str, state: AgentState, reason: str = "") -> None:
        """Put the agent into a state."""
        status = AgentStatus(state=state, since=self._clock(), reason=reason)
        self._change(agent_id, AgentStateChanged(status=status), status=status)

    def ring(self, agent_id: str, pop: Pop) -> None:
        """Let a call ring at the agent's phone."""
        self._set_pop(agent_id, PopRaised(pop=pop), pop)
        self.state(agent_id, "ringing")

    def complete(self, agent_id: str, call_id: str, customer: CustomerCard | None) -> None:
        """Let the brief arrive."""
        brief = "unknown" if customer is None else "ready"
        pop = replace(self._pop(agent_id, call_id), brief=brief, customer=customer)
        self._set_pop(agent_id, PopCompleted(call_id=call_id, customer=customer), pop)

    def withdraw(self, agent_id: str, call_id: str, reason: WithdrawnReason = "no_answer") -> None:
        """Let the call go elsewhere."""
        self._drop_pop(agent_id, PopWithdrawn(call_id=call_id, reason=reason), call_id)
        self.state(agent_id, "available")

    def connect(self, agent_id: str, call_id: str) -> None:
        """Let the agent answer."""
        now = self._clock()
        before = self._pop(agent_id, call_id)
        pop = replace(before, phase="connected", connected_at=now, consultation=None)
        self._set_pop(agent_id, PopConnected(call_id=call_id, connected_at=now), pop)
        self.state(agent_id, "on_call")

    def hang_up(self, agent_id: str, call_id: str) -> None:
        """End the call and begin the wrap-up."""
        now = self._clock()
        pop = replace(self._pop(agent_id, call_id), phase="ended", ended_at=now)
        self._set_pop(agent_id, CallEnded(call_id=call_id, ended_at=now), pop)
        self.state(agent_id, "wrap_up")
        until = now + self.wrap_up_s
        said = self._said.pop(call_id, "")
        wrap_up = WrapUp(call_id=call_id, started_at=now, until=until, disposition=said)
        self._start_wrap_up(agent_id, wrap_up)

    def consultation(self, agent_id: str, call_id: str, asked: Consultation | None) -> None:
        """Let the colleague be called, answer, join or go."""
        told = ConsultationChanged(call_id=call_id, consultation=asked)
        self._set_pop(agent_id, told, replace(self._pop(agent_id, call_id), consultation=asked))

    def end_wrap_up(self, agent_id: str, ended_by: WrapUpEnd = "agent") -> None:
        """End the agent's wrap-up."""
        call_id = self._wrap_up(agent_id).call_id
        self._desks[agent_id] = replace(self._desks[agent_id], wrap_up=None)
        self._drop_pop(agent_id, WrapUpEnded(call_id=call_id, ended_by=ended_by), call_id)
        self.state(agent_id, "available")

    def set_queues(self, *queues: QueueLine) -> None:
        """Change what stands in the queues."""
        self._queues = queues
        self._tell(Addressed(agent_id=None, message=self.queues()))

    def resynchronise(self) -> None:
        """Pretend that the engine took a fresh picture of Asterisk."""
        self._tell(Resynchronised())

    def tell(self, agent_id: str | None, message: DeskMessage) -> None:
        """Send any message, without remembering it."""
        self._tell(Addressed(agent_id=agent_id, message=message))

    # --- inside --------------------------------------------------------------------------------

    def _command(self, *command: str) -> None:
        if self.broken:
            raise RuntimeError("broken on purpose")
        if self.refuse_with is not None:
            raise CommandRefusedError(self.refuse_with)
        self.commands.append(command)

    def _tell(self, item: Feed) -> None:
        for listener in self._listeners:
            listener(item)

    def _change(self, agent_id: str, message: DeskMessage, **changes: object) -> None:
        self._desks[agent_id] = replace(self.picture(agent_id), **changes)
        self.tell(agent_id, message)

    def _pop(self, agent_id: str, call_id: str) -> Pop:
        return next(p for p in self.picture(agent_id).pops if p.call_id == call_id)

    def _set_pop(self, agent_id: str, message: DeskMessage, pop: Pop) -> None:
        pops = {p.call_id: p for p in self.picture(agent_id).pops} | {pop.call_id: pop}
        self._change(agent_id, message, pops=tuple(pops.values()))

    def _drop_pop(self, agent_id: str, message: DeskMessage, call_id: str) -> None:
        pops = tuple(p for p in self.picture(agent_id).pops if p.call_id != call_id)
        self._change(agent_id, message, pops=pops)

    def _start_wrap_up(self, agent_id: str, wrap_up: WrapUp) -> None:
        self._change(agent_id, WrapUpStarted(wrap_up=wrap_up), wrap_up=wrap_up)

    def _wrap_up(self, agent_id: str) -> WrapUp:
        wrap_up = self.picture(agent_id).wrap_up
        if wrap_up is None:
            raise CommandRefusedError("not_now")
        return wrap_up


class FakeDays:
    """An :class:`agent_console.ports.Days` with figures that tests set."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.figures: dict[str, OwnDay] = {}

    async def own(self, agent_id: str) -> OwnDay:
        return self.figures.get(agent_id, OwnDay(since=self.today()[0]))

    def today(self) -> tuple[float, float]:
        midnight = self._clock() // 86_400 * 86_400
        return midnight, midnight + 86_400


class FakeVoices:
    """Messages of callers (:class:`agent_console.ports.VoiceMessages`) that tests lay down."""

    def __init__(self) -> None:
        self.files: dict[str, Path] = {}

    async def file(self, call_id: str) -> Path | None:
        return self.files.get(call_id)

    async def seconds(self, call_id: str) -> float | None:
        if call_id not in self.files:
            return None
        with wave.open(str(self.files[call_id])) as sound:
            return float(sound.getnframes() / sound.getframerate())


def queue_numbers(**changes: Any) -> QueueNumbers:
    """Return figures of a queue in which nothing happened, but for ``changes``."""
    counts = dict.fromkeys(
        ("offered", "answered", "abandoned", "left_queue", "found_closed", "missed"), 0
    )
    means = dict.fromkeys(
        ("service_level", "asa", "abandon_rate", "mean_wait_abandoned", "mean_talk_time",
         "mean_hold_time", "mean_wrap_up_time", "aht")
    )  # fmt: skip
    return QueueNumbers(**{**counts, **means, **changes})


def queue_row(queue: str, **changes: Any) -> QueueRow:
    """Return a quiet queue, but for ``changes``."""
    quiet: dict[str, Any] = {
        "waiting": 0,
        "longest_wait": 0.0,
        "callbacks": 0,
        "agents": {},
        "expected_wait": None,
        "windows": {name: queue_numbers() for name in ("today", "hour", "quarter")},
    }
    return QueueRow(queue=queue, **{**quiet, **changes})


class FakeBoard:
    """An :class:`agent_console.ports.BoardSource` that shows what tests set."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self.now: BoardPicture | None = BoardPicture(
            at=0.0, in_menu=0, total=queue_row(""), queues=(), agents=()
        )
        self.words = BoardLegend(formula="of_offered", targets=(), names={})
        self.behind: list[CallLine] = []
        self.asked: list[tuple[float, str | None, str | None, str | None, int]] = []
        self.looks = 0
        self.standing: Callable[[], tuple[AlarmLine, ...]] = tuple
        """The alarms of every picture."""
        self.floor = FakeFloor(clock)
        """Whose closed queues and announcement stand in every picture."""

    async def picture(self) -> BoardPicture | None:
        self.looks += 1
        if self.now is None:
            return None
        return replace(
            self.now,
            at=self._clock(),
            alarms=self.standing(),
            closed=self.floor.closed(),
            playing=self.floor.playing(),
        )

    async def legend(self) -> BoardLegend:
        return self.words

    async def calls(
        self, since: float, queue: str | None, agent: str | None, outcome: str | None, limit: int
    ) -> Sequence[CallLine]:
        self.asked.append((since, queue, agent, outcome, limit))
        return self.behind[:limit]


class FakeMonitoring:
    """An :class:`agent_console.ports.MonitorPort` that notes what it is told, or refuses."""

    roles: frozenset[Role] = frozenset({"supervisor", "admin"})

    def __init__(self) -> None:
        self.orders: list[tuple[str, ...]] = []
        self.refusal: Exception | None = None

    async def start(self, agent_id: str, mode: MonitorMode, by: str) -> MonitorLine:
        return self._done("start", agent_id, mode, by)

    async def change(self, mode: MonitorMode, by: str) -> MonitorLine:
        return self._done("change", "1001", mode, by)

    async def stop(self, by: str) -> None:
        self._done("stop", "1001", "listen", by)

    def _done(self, what: str, agent_id: str, mode: MonitorMode, by: str) -> MonitorLine:
        if self.refusal is not None:
            raise self.refusal
        self.orders.append((what, agent_id, mode, by))
        return MonitorLine(
            call_id="c", agent_id=agent_id, by=by, mode=mode, state="ringing", since=1.0
        )
