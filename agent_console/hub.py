"""Brings the engine's messages to the open pages: one desk per person, one seat per page.

Synchronous and pure but for the engine's and the clock's calls: nothing here awaits, so a message
is on every page's outbox before the next one is taken.  Seats are handed in by
:mod:`agent_console.websocket`.
"""

import secrets
from collections import deque
from collections.abc import Callable, Iterable
from typing import Final, Protocol

import structlog
from msgspec.structs import replace

from agent_console import metrics
from agent_console.connection import HEARTBEAT_S
from agent_console.desk import Desk
from agent_console.messages import (
    AgentStatus,
    Catalogue,
    CloseCode,
    DeskMessage,
    Me,
    Pop,
    PopRaised,
    QueueSummary,
    Resume,
    ServerMessage,
    Shown,
    Snapshot,
    Welcome,
    encode_body,
    wrap,
)
from agent_console.ports import Addressed, Clock, EnginePort, Feed
from agent_console.tickets import Pass

log = structlog.get_logger(__name__)

AT_ONCE: Final = 50
"""Desks that hear of the queues without a pause."""

NO_AGENT: Final = AgentStatus(state="logged_out", since=0.0)
"""The state of somebody who takes no calls."""


class Seat(Protocol):
    """One connected page."""

    def offer(self, frame: str) -> None:
        """Queue the frame; never blocks, and closes the page instead when it is too slow."""

    def close(self, code: CloseCode) -> None:
        """End the connection now; nothing more is sent."""


class Hub:
    """The desks of this process and who sits at them."""

    def __init__(
        self,
        engine: EnginePort,
        catalogue: Catalogue,
        clock: Clock,
        later: Callable[[Callable[[], None]], object] = lambda work: work(),
    ) -> None:
        """``later`` does some work when what is urgent has had its turn."""
        self._engine = engine
        self._catalogue = catalogue
        self._clock = clock
        self._process = secrets.token_hex(6)
        self._desks: dict[str, Desk] = {}
        self._seats: dict[str, dict[Seat, Pass]] = {}
        self._stop: Callable[[], None] | None = None
        self._later = later
        self._news: tuple[QueueSummary, bytes] | None = None
        self._untold: deque[str] = deque()
        """Desks that have yet to hear the news."""

    def start(self) -> None:
        """Begin to follow the engine."""
        self._stop = self._engine.listen(self.deliver)

    def stop(self) -> None:
        """Stop following the engine and close all pages."""
        if self._stop is not None:
            self._stop()
            self._stop = None
        for seat in self._all_seats():
            seat.close(4503)

    def deliver(self, item: Feed) -> None:
        """Bring one message of the engine to the pages it is for."""
        if not isinstance(item, Addressed):
            for key, desk in self._desks.items():
                self._send(key, desk.apply(self._picture(key)))
        elif isinstance(item.message, QueueSummary) and item.agent_id is None:
            waiting = bool(self._untold)
            self._news = (item.message, encode_body(item.message))
            self._untold = deque(self._desks)
            if not waiting:
                self._tell_some()
        elif item.agent_id is None:
            body = encode_body(item.message)
            for key, desk in self._desks.items():
                self._send(key, desk.apply(item.message, body))
        else:
            self._deliver_to(item.agent_id, item.message)

    def _tell_some(self) -> None:
        """Bring the newest summary to some desks: a pop need not wait until all have it."""
        if self._news is None:
            return
        message, body = self._news
        for _ in range(min(AT_ONCE, len(self._untold))):
            key = self._untold.popleft()
            self._send(key, self._desks[key].apply(message, body))
        if self._untold:
            self._later(self._tell_some)

    def join(self, seat: Seat, holder: Pass, resume: Resume | None) -> None:
        """Seat a page at its person's desk and bring it up to date."""
        key = _key(holder.me)
        desk = self._desks.get(key)
        agent_id = holder.me.agent_id
        if agent_id is not None and self._engine.seated(agent_id, holder.me.role) and desk:
            self._send(key, desk.apply(self._picture(key)))
        if desk is None:
            desk = Desk(f"{self._process}.{secrets.token_hex(4)}", self._picture(key))
            self._desks[key] = desk
        missed = desk.missed(resume)
        welcome = Welcome(
            stream=desk.stream,
            resumed=missed is not None,
            now=self._clock(),
            heartbeat_s=HEARTBEAT_S,
            me=holder.me,
            catalogue=self._catalogue,
        )
        if missed is None or resume is None:
            position, frames = desk.seq, [wrap(desk.seq, encode_body(desk.snapshot()))]
        else:
            position, frames = resume.seq, missed
        metrics.RESUMES.labels(how="snapshot" if missed is None else "replay").inc()
        for frame in (wrap(position, encode_body(welcome)), *frames):
            seat.offer(frame)
        self._seats.setdefault(key, {})[seat] = holder
        metrics.PAGES.inc()

    def leave(self, seat: Seat, holder: Pass) -> None:
        """Forget a page that is gone."""
        if self._seats.get(_key(holder.me), {}).pop(seat, None) is not None:
            metrics.PAGES.dec()

    def answer(self, holder: Pass, message: ServerMessage) -> str:
        """Return the frame of a message that is for one page only."""
        return wrap(self._desks[_key(holder.me)].seq, encode_body(message))

    def shown(self, holder: Pass, message: Shown) -> None:
        """Note that the page has a pop on its screen."""
        if holder.me.agent_id is not None:
            self._engine.pop_shown(holder.me.agent_id, message.pop_id, message.page)

    def call(self, me: Me, call_id: str) -> Pop | None:
        """Return the call as it stands on the person's desk, if it does."""
        desk = self._desks.get(_key(me))
        return None if desk is None else desk.pop(call_id)

    def remind(self, login: str, message: DeskMessage) -> None:
        """Bring the message to the person's open pages; nothing happens if there are none."""
        for key, seats in self._seats.items():
            if any(holder.me.login == login for holder in seats.values()):
                self._send(key, self._desks[key].apply(message))

    def prolong(self, session_ids: frozenset[str], expires: Callable[[float], float]) -> None:
        """Take over that sessions were kept alive.

        ``expires`` says when a session that was opened at the given time now expires.
        """
        for seats in self._seats.values():
            for seat, holder in seats.items():
                if holder.session_id in session_ids:
                    seats[seat] = replace(holder, expires_at=expires(holder.created_at))

    def has_page(self, me: Me) -> bool:
        """Say whether the person has an open page."""
        return bool(self._seats.get(_key(me)))

    def session_ids(self) -> frozenset[str]:
        """Return the sessions that have an open page."""
        return frozenset(h.session_id for seats in self._seats.values() for h in seats.values())

    def close_sessions(self, session_ids: Iterable[str]) -> None:
        """Close the pages of these sessions now."""
        ended = frozenset(session_ids)
        for seats in self._seats.values():
            for seat, holder in list(seats.items()):
                if holder.session_id in ended:
                    seat.close(4401)
                    self.leave(seat, holder)

    def _deliver_to(self, agent_id: str, message: DeskMessage) -> None:
        key = f"agent:{agent_id}"
        desk = self._desks.get(key)
        reached = 0 if desk is None else self._send(key, desk.apply(message))
        if isinstance(message, PopRaised):
            self._engine.presented(agent_id, message.pop.call_id, reached)

    def _send(self, key: str, frame: str) -> int:
        now = self._clock()
        reached = 0
        for seat, holder in list(self._seats.get(key, {}).items()):
            if now < holder.expires_at:
                seat.offer(frame)
                reached += 1
            else:
                seat.close(4401)
        return reached

    def _picture(self, key: str) -> Snapshot:
        kind, _, agent_id = key.partition(":")
        if kind == "agent":
            return self._engine.picture(agent_id)
        return Snapshot(status=NO_AGENT, queues=self._engine.queues().queues)

    def _all_seats(self) -> list[Seat]:
        return [seat for seats in self._seats.values() for seat in seats]


def _key(me: Me) -> str:
    return f"login:{me.login}" if me.agent_id is None else f"agent:{me.agent_id}"
