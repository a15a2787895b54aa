"""The engine: follows Asterisk, keeps the state, and tells whoever subscribed.

Here its parts are put together: :mod:`cti.follower` applies what Asterisk says to the state,
:mod:`cti.spreader` hands the events on, :mod:`cti.orders` takes orders.  Orders go to Asterisk;
the state changes when Asterisk says that it did.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Callable
from typing import Final, Generic, TypeVar
from zoneinfo import ZoneInfo

import msgspec
import structlog

from cti import metrics, views
from cti.agent_policy import MissedCalls
from cti.alarms import AlarmEvent
from cti.ami.client import AmiClient, AmiConfig
from cti.board import Board, BoardRules, board
from cti.bus import STATUS, Bus, LocalBus
from cti.callback_rules import CallbackRules
from cti.callback_store import CallbackStore, MemoryCallbacks
from cti.callbacks import Callbacks
from cti.control import CallControl
from cti.core import events as ev
from cti.core.agents import Membership
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.pseudonym import pseudonym
from cti.core.world import Rules, World
from cti.doors import Doors
from cti.escalation import EVERY, Escalations
from cti.follower import Follower, Inbox
from cti.history.away import AwayCalls
from cti.history.figures import Figures
from cti.history.keeper import HistoryKeeper
from cti.journal.writer import JournalWriter
from cti.link import Link
from cti.monitoring import Monitoring, MonitorRules
from cti.orders import Orders
from cti.pops import PopDesk, PopRaised
from cti.ports import Books, CustomerBriefs, Journal
from cti.spreader import Spreader
from cti.tasks import Tasks
from cti.wrap_up import WrapUps

_log = structlog.get_logger(__name__)

BriefT = TypeVar("BriefT")
QueueMembership = Membership

_HOUSEKEEPING: Final = 60.0


class EngineConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the engine; durations in seconds."""

    ami: AmiConfig
    rules: Rules
    server: str = ""
    """Name of the Asterisk (its ``systemname``) until its first event tells it."""
    brief_deadline: float = 0.3
    """How long a pop waits for its brief when the phone rings already."""
    longest_wrap_up: float = 1800.0
    """Up to where an agent may extend a wrap-up, from its beginning."""
    zone: ZoneInfo = ZoneInfo("Asia/Shanghai")
    """Clocks of the intervals in which figures are summed."""
    missed_calls: int = 2
    """An agent who missed so many calls in a row is paused; 0: never."""
    callbacks: CallbackRules = CallbackRules()
    board: BoardRules = BoardRules()
    monitoring: MonitorRules = MonitorRules()


class Engine(Orders, Generic[BriefT]):
    """The CTI engine of one Asterisk."""

    def __init__(
        self,
        config: EngineConfig,
        *,
        briefs: CustomerBriefs[BriefT],
        journal: Journal,
        books: Books | None = None,
        callbacks: CallbackStore | None = None,
        bus: Bus | None = None,
        clock: Callable[[], float] = time.time,
        link: Callable[..., Link] = AmiClient,
        voicemail_room: Callable[[], bool] = lambda: True,
    ) -> None:
        """``clock`` gives seconds since the epoch; it should agree with Asterisk's.

        ``books`` are Asterisk's own records, from which calls are rebuilt that began and ended
        while we were away.  ``callbacks`` keeps callbacks over a restart.  ``link`` makes the
        connection; :class:`cti.testing.FakeLink` needs no Asterisk.  ``voicemail_room`` says
        whether there is room for one more message.
        """
        self._config = config
        self.bus: Bus = bus if bus is not None else LocalBus()
        world = World(config.rules)
        world.server = config.server
        self._journal = journal
        self._writer = JournalWriter(journal)
        self.history = HistoryKeeper(journal, config.zone)
        inbox = Inbox()
        line: Link = link(
            config.ami, on_event=inbox.message, on_ready=inbox.ready, on_down=inbox.down
        )
        spreader = Spreader(world, self.bus, self._writer.put, line.hurry)
        super().__init__(line, world, spreader, clock, config.longest_wrap_up)
        self.doors = Doors(line.post, clock, spreader.record)
        """Which queues take new callers, and the announcement."""
        self.control = CallControl(line, world, spreader.until, lambda: self.doors.closed)
        """Transfers, consultations, conferences."""
        self.monitoring = Monitoring(config.monitoring, line, world, spreader, clock)
        """Supervisors who hear calls."""
        self._away = AwayCalls(
            journal, books, self._writer.put, self._writer.flush, self._pseudonym
        )
        self._pops = PopDesk(
            briefs, self.bus, clock, spreader.record, deadline=config.brief_deadline
        )
        self._wrap_ups = WrapUps(line.post, self._wrap_up_over)
        self._escalations = Escalations(
            line.post,
            clock,
            spreader.record,
            voicemail_room,
            config.callbacks.offered_in,
            lambda: self.doors.closed,
        )
        self.callbacks = Callbacks(
            config.callbacks,
            callbacks if callbacks is not None else MemoryCallbacks(),
            post=line.post,
            clock=clock,
            record=spreader.record,
            known=self._journal_knows,
            world=world,
        )
        self._follower = Follower(
            inbox,
            line,
            world,
            spreader,
            self._wrap_ups,
            self.callbacks,
            self._away,
            self.monitoring,
            clock,
            self._on_step,
        )
        spreader.tell(
            self._pops.on_event,
            self.callbacks.on_event,  # before the wrap-ups: it may reserve the agent
            self._wrap_ups.on_event,
            self._escalations.on_event,
            self.monitoring.on_event,
            self.doors.on_event,
            MissedCalls(line.post, config.missed_calls).on_event,
            on_refused=self._follower.repair,
        )
        self._tasks = Tasks()

    # --- life ---------------------------------------------------------------------------------

    async def start(self) -> None:
        """Restore what the journal tells, and begin to connect; returns at once."""
        await self.history.start()
        await self.history.restore(self.world)
        self._away.away_since(self.history.ended_at)
        await self.callbacks.load()
        self._writer.start()
        self._tasks.spawn(self.callbacks.work(), "cti-callbacks")
        self._follower.start()
        self._tasks.spawn(self._keep_house(), "cti-housekeeping")
        self._tasks.spawn(self._escalate(), "cti-escalation")
        await self.link.start()

    async def stop(self) -> None:
        """Disconnect and write the last events; Asterisk and its calls go on."""
        await self.link.stop()
        self._wrap_ups.stop()
        await self._pops.stop()
        await self._tasks.stop()
        await self._follower.stop()
        await self._writer.stop()
        await self.history.stop()
        metrics.CONNECTED.set(0)

    async def wait_in_step(self) -> None:
        """Return when the state equals Asterisk's."""
        await self._follower.wait_in_step()

    async def flush(self) -> None:
        """Return when every event so far is durable in the journal."""
        await self._writer.flush()

    async def figures(self, since: float, until: float) -> Figures:
        """Return the figures of the quarters of an hour that begin in ``[since, until)``.

        They are those of the journal, up to now.  Raises :class:`cti.errors.JournalError`.
        """
        await self.flush()
        return await self.history.figures(since, until)

    async def board(self) -> Board:
        """Return queues and agents with their figures, up to now, as cheap as once a second.

        Raises :class:`cti.errors.JournalError`.
        """
        await self.flush()
        live = await self.history.live(self._clock())
        waiting = Counter(callback.queue for callback in self.callbacks.pending)
        return board(self.world, live, self._clock(), self._config.board, waiting)

    def _pseudonym(self, presented: str) -> str:
        rules = self._config.rules
        return pseudonym(rules.to_e164(presented), rules.pseudonym_key)

    async def _journal_knows(self, call_id: CallId) -> bool:
        await self.flush()
        return call_id in await self._journal.known([call_id])

    # --- what others see ----------------------------------------------------------------------

    def snapshot(self) -> views.Snapshot:
        """Return agents, queues and calls as they are now."""
        return views.snapshot(self.world, self._clock())

    def queues(self) -> views.Queues:
        """Return the queues as they are now; much cheaper than everything."""
        return views.queues(self.world, self._clock())

    def agent(self, agent_id: AgentId) -> views.AgentView:
        """Return one agent; logged out if never seen."""
        now = self._clock()
        return views.agent_view(self.world.agent(agent_id, now), now)

    def pop_of(self, agent_id: AgentId) -> PopRaised[BriefT] | None:
        """Return the pop that the agent's console should show now, e.g. after a page reload."""
        return self._pops.pop_of(agent_id)

    def pop_shown(self, agent_id: AgentId, pop_id: str, page: str) -> None:
        """Note that a page of the agent has this pop on its screen; others are ignored."""
        self._pops.shown(agent_id, pop_id, page)

    def health(self) -> views.Health:
        """Return how the engine itself is."""
        follower = self._follower
        ami = "in_step" if follower.in_step else "connected" if follower.connected else "down"
        cause = follower.down_cause
        return views.Health(
            ami=ami,  # type: ignore[arg-type] # one of the three literals
            detail="" if follower.connected else _ADVICE.get(cause, cause),
            asterisk=self.world.server,
            journal=self._writer.status,
            journal_waiting=self._writer.waiting,
            rejected=self._spreader.rejected,
        )

    # --- what supervisors order ---------------------------------------------------------------

    async def move_call(
        self, call_id: CallId, queue: QueueName | None, priority: int | None, by: str
    ) -> None:
        """Move a waiting caller to another queue, or change the priority, or both.

        Raises :class:`cti.errors.CommandError` or :class:`cti.errors.AmiError`.
        """
        await self._escalations.order(self.world, call_id, queue, priority, by)
        await self._spreader.until(
            lambda: (
                (call := self.world.calls.get(call_id)) is None
                or call.over
                or (queue in (None, call.queue) and priority in (None, call.priority))
            )
        )

    def skills_changed(self, agent_id: AgentId, skills: tuple[str, ...], by: str) -> None:
        """Note who changed the agent's skills; :meth:`sign_in` makes them effective."""
        self._spreader.record(
            ev.AgentSkillsChanged(at=self._clock(), agent_id=agent_id, skills=skills, by=by)
        )

    def record_alarm(self, event: AlarmEvent) -> None:
        """Let something happen to an alarm: the journal and the watchers get it."""
        self._spreader.record(event)

    # --- what happens by itself ---------------------------------------------------------------

    def _on_step(self) -> None:
        self.bus.publish(STATUS, self.health())

    def _wrap_up_over(self, agent_id: AgentId, at: float) -> None:
        with self._spreader.changes():
            self.world.end_wrap_up(agent_id, at, "timer")

    async def _escalate(self) -> None:
        while True:
            await asyncio.sleep(EVERY)
            if self._follower.in_step:
                try:
                    self._escalations.look(self.world)
                    self.callbacks.look()
                    self.callbacks.look_for_cancellations()
                except Exception:  # noqa: BLE001 -- the next second looks again
                    _log.exception("escalation_failed")

    async def _keep_house(self) -> None:
        while True:
            await asyncio.sleep(_HOUSEKEEPING)
            self.world.forget(self._clock())


_ADVICE: Final = {
    "closed": "Asterisk closed the connection; it is being restored",
    "frozen": "Asterisk did not answer for 2 s; is it overloaded or stopped?",
    "login_refused": "Asterisk refused our account; check [ami] in the settings and manager.conf",
    "protocol": "the port speaks no AMI; check host and port in the settings",
}
