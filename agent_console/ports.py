"""What the console needs from others; :mod:`hotline` wires the implementations in."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Literal, Protocol, TypeAlias

import msgspec

from agent_console.board_messages import BoardLegend, BoardPicture, CallLine
from agent_console.floor_messages import (
    AgentSkills,
    AnnouncementLine,
    AnnouncementView,
    ClosedLine,
    NewAnnouncement,
    WaitingLine,
)
from agent_console.messages import (
    AgentStatus,
    CandidateCard,
    ConsultationEnd,
    DeskMessage,
    MonitorMode,
    OfferAnswer,
    QueueSummary,
    Role,
    SkillChoice,
    Snapshot,
)
from agent_console.monitor_messages import MonitorLine
from agent_console.report_messages import DayPlots, ReportFormat, ReportOrder, ReportTable
from agent_console.rest_messages import CustomerGroup, GroupExport, GroupFields, OwnDay
from agent_console.store.floor import Announcement, ClosedQueue
from agent_console.store.knowledge_model import Found, StoredArticle
from agent_console.store.lookups import Lookup
from agent_console.store.model import Language, Phone, Session, Skill, User
from agent_console.store.work_model import DeskCall, FollowUp
from crm_lookup.unmasking import Wish
from cti.alarms import Alarm

Clock: TypeAlias = Callable[[], float]
"""Returns the seconds since the epoch."""

Readiness: TypeAlias = Callable[[], Mapping[str, bool]]
"""Returns, per part of the server, whether it can do its work; must not block."""


class Addressed(msgspec.Struct, frozen=True, kw_only=True):
    """A message for the desk of one agent, or, with ``agent_id`` ``None``, for every desk."""

    agent_id: str | None
    message: DeskMessage


class Resynchronised(msgspec.Struct, frozen=True, kw_only=True):
    """The engine took a fresh picture of everything; every desk has to be drawn anew."""


OrderedState: TypeAlias = Literal["available", "paused", "logged_out"]
Feed: TypeAlias = Addressed | Resynchronised
Listener: TypeAlias = Callable[[Feed], None]


class OrdersPort(Protocol):
    """What supervisors may do with others; ``by`` is the supervisor's login.

    Raises :class:`agent_console.errors.CommandRefusedError`.
    """

    async def order_state(self, agent_id: str, state: OrderedState, reason: str, by: str) -> None:
        """Make the agent available, pause them with the reason's code, or sign them out."""

    async def order_wrap_up_end(self, agent_id: str, by: str) -> None:
        """End the agent's wrap-up; ``not_now`` if there is none."""

    async def order_skills(self, agent_id: str, skills: Sequence[SkillChoice], by: str) -> None:
        """Replace the agent's skills, at once."""

    async def move_call(
        self, call_id: str, queue: str | None, priority: int | None, by: str
    ) -> None:
        """Move a waiting caller, or change the priority, or both."""


class CallsPort(Protocol):
    """What agents may do with the call that they have now.

    Raises :class:`agent_console.errors.CommandRefusedError`; a refused order leaves the customer
    where they are.
    """

    async def leave_call(self, agent_id: str, call_id: str) -> None:
        """End the agent's part of the call."""

    async def transfer(
        self, agent_id: str, call_id: str, *, queue: str | None, target: str | None, reason: str
    ) -> None:
        """Send the customer to a queue or, if there is none, to the colleague ``target``."""

    async def consult(self, agent_id: str, call_id: str, target: str) -> None:
        """Call a colleague while the customer waits."""

    async def settle_consultation(self, agent_id: str, call_id: str, how: ConsultationEnd) -> None:
        """Leave the customer to the colleague, join all three, or end the consultation."""


class EnginePort(OrdersPort, CallsPort, Protocol):
    """The engine as the console sees it.

    Commands raise :class:`agent_console.errors.CommandRefusedError` when the engine cannot or will
    not; what they change comes back through the listener.
    """

    def listen(self, listener: Listener) -> Callable[[], None]:
        """Call ``listener`` for everything from now on; returns the function that ends it.

        The listener is called in the event loop and neither blocks nor raises.
        """

    def seated(self, agent_id: str, role: Role) -> bool:
        """Note who looks at the agent's desk; whether its picture may look different now."""

    def picture(self, agent_id: str) -> Snapshot:
        """Return the agent's desk as of the last message that the listener was given."""

    def queues(self) -> QueueSummary:
        """Return all queues as of the last message that the listener was given."""

    def caller_number(self, agent_id: str, call_id: str) -> str:
        """Return the number (E.164) of the call on the agent's desk; empty if withheld or gone."""

    def presented(self, agent_id: str, call_id: str, sessions: int) -> None:
        """Note to how many open pages of the agent a pop was handed; must not block.

        Called by the listener, before it returns.
        """

    def pop_shown(self, agent_id: str, pop_id: str, page: str) -> None:
        """Note that a page of the agent has the pop on its screen; must not block or raise.

        Called again for the same page after a reconnection, and for pops that are gone.
        """

    def states(self) -> Mapping[str, AgentStatus]:
        """Return what every agent who is known to the engine is doing now."""

    async def sign_out(self, agent_id: str) -> None:
        """Take the agent out of the queues."""

    async def set_available(self, agent_id: str) -> None:
        """Sign the agent in to the queues where needed, and end a pause."""

    async def pause(self, agent_id: str, reason: str) -> None:
        """Sign the agent in where needed, and pause them with the reason's code."""

    async def ready(self, agent_id: str) -> None:
        """End the agent's wrap-up now."""

    async def extend_wrap_up(self, agent_id: str, seconds: float) -> None:
        """Lengthen the agent's running wrap-up."""

    async def dispose(self, agent_id: str, call_id: str, code: str) -> None:
        """Note how the agent's call ended."""

    async def choose_customer(
        self, agent_id: str, call_id: str, customer_id: str, candidates: int
    ) -> None:
        """Note which of the call's ``candidates`` is calling, as the agent says."""

    async def answer_offer(
        self,
        agent_id: str,
        call_id: str,
        customer_id: str,
        offer_id: str,
        rank: int,
        answer: OfferAnswer,
    ) -> None:
        """Note what became of an offer in the agent's call; ``rank`` counts from 1."""


class UserStore(Protocol):
    """Users, their sessions and phones; :mod:`agent_console.store` has the implementations.

    Functions that take a login raise :class:`agent_console.errors.UnknownUserError`.
    """

    async def add_user(self, user: User, phones: Sequence[Phone] = ()) -> None:
        """Store a new user; raises :class:`agent_console.errors.UserExistsError`."""

    async def add_phone(self, phone: Phone) -> None:
        """Store a new phone; raises :class:`agent_console.errors.UserExistsError`."""

    async def user(self, login: str) -> User | None: ...

    async def users(self) -> Sequence[User]:
        """Return all users by login."""

    async def phones(self) -> Sequence[Phone]:
        """Return all phones by extension."""

    async def skills(self, login: str | None = None) -> Sequence[Skill]:
        """Return the skills of one user, or of all, by login and queue."""

    async def set_skill(self, skill: Skill) -> None:
        """Store a skill, or its new penalty."""

    async def remove_skill(self, login: str, queue: str) -> bool:
        """Take a skill away; say whether it was there."""

    async def set_password(self, login: str, password_hash: str) -> None:
        """Replace the hash and lift a lock."""

    async def set_disabled(self, login: str, disabled: bool) -> None:
        """Let the user in or keep them out; keeping out also ends their sessions."""

    async def disabled_agents(self) -> frozenset[str]:
        """Return the agent ids of all who are kept out."""

    async def set_language(self, login: str, language: Language) -> None: ...

    async def set_team(self, login: str, team: str) -> None: ...

    async def note_failure(self, login: str, limit: int, locked_until: float) -> User:
        """Count a wrong password; the ``limit``-th one locks the user and starts anew."""

    async def note_success(self, login: str) -> None:
        """Forget wrong passwords."""

    async def open_session(self, session: Session) -> None: ...

    async def session(self, token_hash: str, now: float) -> tuple[Session, User] | None:
        """Return the living session with this token and its user, who is not disabled."""

    async def sessions(self, now: float) -> Sequence[Session]:
        """Return everybody's living sessions."""

    async def sessions_of(self, login: str, now: float) -> Sequence[Session]:
        """Return the user's living sessions, oldest first."""

    async def living(self, session_ids: Collection[str], now: float) -> frozenset[str]:
        """Return those of the sessions that are neither ended, expired nor of a disabled user."""

    async def touch(
        self, session_ids: Collection[str], now: float, *, idle_s: float, lifetime_s: float
    ) -> None:
        """Note that the sessions are in use; none outlives ``lifetime_s`` or comes back."""

    async def end_session(self, session_id: str) -> None:
        """End the session, if it is there."""

    async def end_sessions_of(self, login: str) -> Sequence[str]:
        """End all sessions of the user and return their ids."""

    async def sweep(self, now: float) -> int:
        """Delete expired sessions and return how many there were."""


class WorkStore(Protocol):
    """The agents' paperwork; :mod:`agent_console.store` has the implementations.

    Changes of a call that is not there change nothing.
    """

    async def note_call(self, call: DeskCall) -> None:
        """Store the call; one that is there stays as it is."""

    async def note_end(self, agent_id: str, call_id: str, ended_at: float) -> None: ...

    async def note_disposition(self, agent_id: str, call_id: str, code: str) -> None: ...

    async def note_customer(
        self, agent_id: str, call_id: str, customer_id: str, caller: str
    ) -> None:
        """Note who the caller turned out to be; ``caller`` is masked."""

    async def save_work(
        self, agent_id: str, call_id: str, *, seq: int, note: str, draft: str, now: float
    ) -> bool:
        """Store a version of the paperwork; ``False``: a newer one, or no such call, is there."""

    async def call(self, agent_id: str, call_id: str) -> DeskCall | None: ...

    async def calls(self, agent_id: str, before: float, limit: int) -> Sequence[DeskCall]:
        """Return the agent's calls that were answered before that moment, newest first."""

    async def add_follow_up(self, follow_up: FollowUp) -> FollowUp:
        """Store the follow-up; return the one that is there already under the same id."""

    async def follow_up(self, login: str, follow_up_id: str) -> FollowUp | None:
        """Return the person's own follow-up."""

    async def follow_ups(self, login: str, done_after: float) -> Sequence[FollowUp]:
        """Return those that are open, or were done after that moment; the next due comes first."""

    async def due(self, after: float, until: float) -> Sequence[FollowUp]:
        """Return everybody's open follow-ups that fall due after ``after``, up to ``until``."""

    async def change_follow_up(
        self, login: str, follow_up_id: str, *, text: str, due_at: float, done_at: float | None
    ) -> bool:
        """Change the person's own follow-up; say whether it was there."""

    async def preferences(self, login: str) -> str:
        """Return what was stored for the person; empty when nothing was."""

    async def set_preferences(self, login: str, body: str) -> None: ...

    async def forget_customer(self, customer_id: str) -> int:
        """Delete what was written about the customer; return how many notes and promises."""


class KnowledgeStore(Protocol):
    """Articles, their versions and who may write; :mod:`agent_console.store` implements it."""

    async def article(self, article_id: str, version: int | None = None) -> StoredArticle | None:
        """Return a version; the newest, even when it is archived, if none is named."""

    async def versions(self, article_id: str) -> Sequence[StoredArticle]:
        """Return all versions, the newest first; empty when there is no such article."""

    async def articles(self) -> Sequence[StoredArticle]:
        """Return the newest versions of all that are not archived, by id."""

    async def archived(self) -> Sequence[StoredArticle]:
        """Return the newest versions of all that are archived, the last archived first."""

    async def save(self, article: StoredArticle) -> bool:
        """Store the next version; ``False`` when another one was stored meanwhile."""

    async def search(
        self, words: str, *, topic: str, leaders: bool, limit: int
    ) -> Sequence[Found]:
        """Return the articles that fit best; without words the newest ones.

        ``topic``, if not empty, must be one of the article's; ``leaders`` lets also those be found
        that are not for everybody.
        """

    async def departments_of(self, login: str) -> Sequence[str]:
        """Return the departments that the person may write for."""

    async def editors(self) -> Sequence[tuple[str, str]]:
        """Return ``(login, department)`` of all editors, by department."""

    async def set_editor(self, login: str, department: str, may: bool) -> None:
        """Let somebody write for a department, or no longer."""


class Unmasking(Protocol):
    """Whole values for a reason; :class:`crm_lookup.unmasking.Unmasker` implements it."""

    async def show(self, wish: Wish) -> str:
        """Return the value once the audit has the line.

        Raises :class:`crm_lookup.unmasking.LookRefusedError`, which the audit has as well.
        """


class VoiceMessages(Protocol):
    """The messages that callers left, by their calls."""

    async def seconds(self, call_id: str) -> float | None:
        """Return how long the call's message is; ``None`` if there is none."""

    async def file(self, call_id: str) -> Path | None:
        """Return where the message (WAV) lies; ``None`` if there is none."""


class CustomerDesk(Protocol):
    """Customers for an agent whose caller nobody knows; all that comes out is masked."""

    async def search(self, *, name: str, card_tail: str, number: str) -> tuple[CandidateCard, ...]:
        """Return at most 20 who have the whole name or the number, and such a card if given."""

    async def card(self, customer_id: str) -> CandidateCard | None: ...

    async def link_number(self, customer_id: str, number: str) -> bool:
        """Remember the number (E.164; nothing if empty); ``False``: no such customer."""

    async def add_prospect(self, name: str, language: Language, number: str) -> str:
        """Store somebody who is no customer yet; return the new id."""


class LookupAudit(Protocol):
    """Who searched for customers; :mod:`agent_console.store` implements it."""

    async def note(self, lookup: Lookup) -> None:
        """Store a line, which nothing changes any more."""

    async def newest(self, limit: int) -> Sequence[Lookup]: ...


class TargetGroups(Protocol):
    """Groups of customers by conditions over their scores."""

    async def group(self, conditions: Sequence[str], offer: str) -> CustomerGroup | None:
        """Look at all who meet every condition; ``None`` when something makes no sense."""

    async def fields(self) -> GroupFields:
        """Return what conditions may name, with its words."""

    async def export(self, conditions: Sequence[str], *, by: str, role: str) -> GroupExport | None:
        """Return ids and scores of all who meet every condition, after noting who asked.

        ``None`` when a condition makes no sense; raises
        :class:`agent_console.errors.TooManyError` for a group that is too big.
        """


class Reports(Protocol):
    """Figures of the past, and the pictures of today."""

    def today(self) -> str:
        """Return the day that it is on the bank's clocks: ``2026-03-01``."""

    async def table(self, order: ReportOrder) -> ReportTable: ...

    async def file(
        self, order: ReportOrder, form: ReportFormat, language: Literal["zh", "en"]
    ) -> bytes:
        """Return the report as a file of that format, every line of it."""

    async def day_plots(self, queue: str) -> DayPlots:
        """Return today's pictures; waits and levels of one queue, or of all if it is empty."""


class AlarmStore(Protocol):
    """Alarms that stand and stood; :mod:`agent_console.store` implements it."""

    async def save(self, alarms: Iterable[Alarm]) -> None:
        """Store the alarms as they are now, together."""

    async def standing(self) -> Sequence[Alarm]: ...

    async def newest(self, limit: int) -> Sequence[Alarm]:
        """Return those that were raised last, the newest first."""

    async def sweep(self, before: float) -> int:
        """Forget what was cleared before then; return how many."""


class FloorStore(Protocol):
    """What supervisors switched on the floor; :mod:`agent_console.store` implements it."""

    async def closed(self) -> Sequence[ClosedQueue]:
        """Return the queues that take no new callers, by name."""

    async def set_closed(self, queue: str, closed: ClosedQueue | None) -> None:
        """Note the queue as closed; ``None``: as open."""

    async def announcements(self, limit: int = 50) -> Sequence[Announcement]:
        """Return the one that is on, then the newest."""

    async def announcement(self, announcement_id: str) -> Announcement | None: ...

    async def add_announcement(self, made: Announcement) -> None: ...

    async def switch(self, announcement_id: str | None, at: float, by: str, reason: str) -> None:
        """Let that one be on, and no other; ``None``: none."""


class Floor(Protocol):
    """What supervisors do with queues and callers; ``by`` is the supervisor's login.

    Raises :class:`agent_console.errors.CommandRefusedError`.
    """

    def closed(self) -> tuple[ClosedLine, ...]:
        """Return the queues that take no new callers."""

    def playing(self) -> AnnouncementLine | None:
        """Return what every new caller hears now."""

    async def close_queue(self, queue: str, reason: str, by: str) -> None: ...

    async def open_queue(self, queue: str, by: str) -> None: ...

    async def announcements(self) -> AnnouncementView: ...

    async def make_announcement(self, wanted: NewAnnouncement, by: str) -> AnnouncementLine:
        """Make one of a prompt or of typed words, off."""

    async def record_announcement(
        self, title: str, file_name: str, audio: bytes, by: str
    ) -> AnnouncementLine:
        """Make one of a recording in any common format, off."""

    async def sound(self, announcement_id: str, language: Language) -> bytes | None:
        """Return what callers of the language hear, as WAV; ``None``: there is none."""

    async def switch_on(self, announcement_id: str, reason: str, by: str) -> None: ...

    async def switch_off(self, by: str) -> None: ...

    async def waiting(self, queue: str) -> tuple[WaitingLine, ...]:
        """Return who waits in the queue (in all, if empty), the next to be served first."""

    async def skills(self) -> tuple[AgentSkills, ...]:
        """Return everybody who takes calls, by name."""

    async def set_team(self, agent_id: str, team: str) -> None: ...


class BoardSource(Protocol):
    """The live board, and the calls behind its numbers."""

    async def picture(self) -> BoardPicture | None:
        """Return queues and agents as they are now; ``None`` when it cannot be told."""

    async def legend(self) -> BoardLegend: ...

    async def calls(
        self, since: float, queue: str | None, agent: str | None, outcome: str | None, limit: int
    ) -> Sequence[CallLine]:
        """Return the newest calls that arrived since then."""


class MonitorPort(Protocol):
    """Supervisors who hear calls; ``by`` is the supervisor's login.

    Raises :class:`agent_console.errors.MonitorRefusedError` or
    :class:`agent_console.errors.CommandRefusedError`.
    """

    roles: frozenset[Role]
    """Who may."""

    async def start(self, agent_id: str, mode: MonitorMode, by: str) -> MonitorLine:
        """Ring the supervisor's phone for the agent's present call."""

    async def change(self, mode: MonitorMode, by: str) -> MonitorLine:
        """Go over to another mode."""

    async def stop(self, by: str) -> None:
        """End it; nothing happens if there is nothing to end."""


class Days(Protocol):
    """What agents did today, from the journal."""

    async def own(self, agent_id: str) -> OwnDay:
        """Return the agent's figures since midnight; may lag by some seconds."""

    def today(self) -> tuple[float, float]:
        """Return the beginning and the end of the present day in the bank's time zone."""
