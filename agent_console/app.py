"""Puts the console's web application together."""

import asyncio
import contextlib
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Any, Final

import msgspec
import structlog
from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.routing import BaseRoute, Mount, WebSocketRoute

from agent_console.accounts import Passwords
from agent_console.alarms import AlarmDesk
from agent_console.board import BoardFeed
from agent_console.commands import Commands
from agent_console.config import ConsoleConfig
from agent_console.desk_log import DeskLog
from agent_console.errors import CommandRefusedError
from agent_console.guard import Guard
from agent_console.hub import Hub
from agent_console.lean_socket import LeanSocket
from agent_console.messages import MAX_MESSAGE_BYTES, FollowUpDue
from agent_console.pages import Pages
from agent_console.ports import (
    BoardSource,
    Clock,
    CustomerDesk,
    Days,
    EnginePort,
    Floor,
    KnowledgeStore,
    LookupAudit,
    MonitorPort,
    Readiness,
    Reports,
    TargetGroups,
    Unmasking,
    UserStore,
    VoiceMessages,
    WorkStore,
)
from agent_console.rest import Rest
from agent_console.rest_alarms import Alarms
from agent_console.rest_board import Boards
from agent_console.rest_customers import Customers
from agent_console.rest_floor import FloorActs
from agent_console.rest_groups import Groups
from agent_console.rest_knowledge import Knowledge
from agent_console.rest_monitor import Monitors
from agent_console.rest_reports import ReportPages
from agent_console.rest_unmask import Unmask
from agent_console.rest_voicemail import Voicemail
from agent_console.rest_work import Work
from agent_console.security import HeadersMiddleware, security_headers
from agent_console.sign_in import SignIns
from agent_console.tickets import Tickets
from agent_console.websocket import SocketServer
from crm_lookup.unmasking import LookAudit

log = structlog.get_logger(__name__)

_KEEP_ALIVE_S: Final = 30.0
_REMIND_EVERY_S: Final = 2.0
_SWEEP_DATABASE_S: Final = 600.0
_PAUSE_S: Final = 0.005
"""Between two parts of what all pages are told: room for pops."""


UVICORN_OPTIONS: Final[dict[str, Any]] = {
    "ws": LeanSocket,
    "ws_max_size": MAX_MESSAGE_BYTES,
    "ws_ping_interval": 20.0,
    "ws_ping_timeout": 20.0,
    "ws_per_message_deflate": False,
    "server_header": False,
    "lifespan": "on",
    "timeout_graceful_shutdown": 3,
}
"""How uvicorn must serve the application.

Compression is off: it costs some 300 KiB a page, and secrets must not be compressed together with
text that others choose.
"""


def always_ready() -> Mapping[str, bool]:
    """Name no part that could be unready."""
    return {}


def create_app(
    config: ConsoleConfig,
    engine: EnginePort,
    users: UserStore,
    work: WorkStore,
    days: Days,
    *,
    clock: Clock = time.time,
    readiness: Readiness = always_ready,
    passwords: Passwords | None = None,
    routes: Sequence[BaseRoute] = (),
    groups: TargetGroups | None = None,
    knowledge: KnowledgeStore | None = None,
    customers: CustomerDesk | None = None,
    lookups: LookupAudit | None = None,
    unmasking: Unmasking | None = None,
    board: BoardSource | None = None,
    reports: Reports | None = None,
    alarms: AlarmDesk | None = None,
    monitoring: MonitorPort | None = None,
    floor: Floor | None = None,
    voices: VoiceMessages | None = None,
    listens: LookAudit | None = None,
) -> Starlette:
    """Return the console as an ASGI application; it works while its lifespan runs.

    Its ``state.end_streams()`` ends answers that would never end by themselves; whoever stops
    the server calls it first.

    ``routes`` are served beside the console's own.

    The engine and the stores belong to the caller, who opens and closes them.
    """
    passwords = passwords or Passwords()
    hub = Hub(engine, config.catalogue, clock, _after_urgent_work)
    tickets = Tickets()
    sign_ins = SignIns(config, users, passwords, clock)
    commands = Commands(config, engine, hub)
    sockets = SocketServer(config, hub, tickets, commands, clock)
    guard = Guard(sign_ins, config.origins, cookie_name(config))
    rest = Rest(config, engine, users, sign_ins, guard, tickets, hub, readiness, clock)
    own_work = Work(engine, hub, work, users, days, clock, voices)
    endpoints = [*rest.endpoints(), *own_work.endpoints()]
    if voices is not None and listens is not None:
        endpoints += Voicemail(work, voices, listens, clock).endpoints()
    if groups is not None:
        endpoints += Groups(groups).endpoints()
    if knowledge is not None:
        endpoints += Knowledge(knowledge, users, clock).endpoints()
    if customers is not None and lookups is not None:
        endpoints += Customers(engine, hub, customers, lookups, clock).endpoints()
    if unmasking is not None:
        endpoints += Unmask(hub, unmasking, clock).endpoints()
    if monitoring is not None:
        endpoints += Monitors(monitoring).endpoints()
    feed = None
    if board is not None:
        feed = BoardFeed(board, users, clock)
        endpoints += Boards(board, feed, clock).endpoints()
    if reports is not None:
        endpoints += ReportPages(reports).endpoints()
    if alarms is not None:
        endpoints += Alarms(alarms).endpoints()
    if floor is not None:
        endpoints += FloorActs(floor).endpoints()
    desk_log = DeskLog(engine, work)
    watch = Watch(config, engine, users, work, sign_ins, hub, sockets, clock)

    @contextlib.asynccontextmanager
    async def lifespan(app: Starlette) -> AsyncIterator[None]:
        hub.start()
        desk_log.start()
        watching = asyncio.create_task(watch.run())
        try:
            yield
        finally:
            watching.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await watching
            hub.stop()
            await app.state.end_streams()
            await desk_log.stop()
            await sign_ins.stop()
            passwords.close()

    app = Starlette(
        routes=[
            *rest.routes(),
            *(guard.route(endpoint) for endpoint in endpoints),
            WebSocketRoute("/ws", sockets.endpoint),
            *routes,
            Mount("/", Pages(config.web_dist)),
        ],
        middleware=[Middleware(HeadersMiddleware, security_headers(config.origins))],
        lifespan=lifespan,
    )
    app.state.watch = watch
    app.state.endpoints = tuple(endpoints)
    app.state.end_streams = feed.stop if feed is not None else _nothing
    app.state.desk_log = desk_log
    return app


def cookie_name(config: ConsoleConfig) -> str:
    """Return the name of the session's cookie; the prefix binds it to this very host."""
    return "__Host-hotline" if config.secure_cookies else "hotline"


async def _nothing() -> None:
    """End no streams: there are none."""


def _after_urgent_work(work: Callable[[], None]) -> None:
    asyncio.get_running_loop().call_later(_PAUSE_S, work)


class Watch:
    """Looks after open pages: closes those whose session ended, keeps the others' alive.

    Whoever was disabled also leaves the queues; a call that runs goes on.
    """

    def __init__(
        self,
        config: ConsoleConfig,
        engine: EnginePort,
        users: UserStore,
        work: WorkStore,
        sign_ins: SignIns,
        hub: Hub,
        sockets: SocketServer,
        clock: Clock,
    ) -> None:
        self._config = config
        self._engine = engine
        self._users = users
        self._sign_ins = sign_ins
        self._hub = hub
        self._sockets = sockets
        self._clock = clock
        self._work = work
        self._reminded_until = clock()
        self._kept_out: frozenset[str] = frozenset()
        self._kept_at = 0.0
        self._swept_at = 0.0

    async def run(self) -> None:
        """Look every ``sweep_s`` until cancelled; a failing database closes nobody's page."""
        while True:
            await asyncio.sleep(self._config.sweep_s)
            try:
                await self.look()
            except Exception:
                log.exception("session_watch_failed")

    async def look(self) -> None:
        """Look once."""
        self._sockets.tick()
        now = self._clock()
        seated = self._hub.session_ids()
        if seated:
            living = await self._users.living(seated, now)
            self._hub.close_sessions(seated - living)
            if living and now - self._kept_at >= _KEEP_ALIVE_S:
                self._kept_at = now
                await self._sign_ins.keep_alive(sorted(living))
                self._hub.prolong(living, lambda opened: self._sign_ins.expiry(opened, now))
        if now - self._reminded_until >= _REMIND_EVERY_S:
            await self._remind(now)
        await self._keep_out(await self._users.disabled_agents())
        if now - self._swept_at >= _SWEEP_DATABASE_S:
            self._swept_at = now
            await self._users.sweep(now)

    async def _remind(self, now: float) -> None:
        """Tell people of what has fallen due since the last look."""
        due = await self._work.due(self._reminded_until, now)
        self._reminded_until = now
        for each in due:
            message = msgspec.convert(each, FollowUpDue, from_attributes=True)
            self._hub.remind(each.login, message)

    async def _keep_out(self, disabled: frozenset[str]) -> None:
        """Take the agents out of the queues, each once; who could not be is tried again."""
        self._kept_out &= disabled
        states = self._engine.states()
        for agent_id in disabled - self._kept_out:
            if agent_id in states and states[agent_id].state != "logged_out":
                try:
                    async with asyncio.timeout(self._config.command_timeout_s):
                        await self._engine.sign_out(agent_id)
                except (CommandRefusedError, TimeoutError) as error:
                    log.warning("agent_not_kept_out", agent=agent_id, error=str(error))
                    continue
                log.info("agent_kept_out", agent=agent_id)
                self._kept_out |= {agent_id}
