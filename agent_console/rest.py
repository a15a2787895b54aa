"""The console's HTTP requests: sign in and out, tickets, own sessions, health, metrics."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_console.config import ConsoleConfig
from agent_console.errors import TooBusyError
from agent_console.guard import (
    Endpoint,
    Guard,
    RefusedError,
    body_of,
    done,
    json_answer,
    refuse,
)
from agent_console.hub import Hub
from agent_console.messages import (
    LanguageChoice,
    PersonSessions,
    ProblemCode,
    Role,
    SessionLine,
    SessionView,
    SignIn,
    TicketView,
)
from agent_console.ports import Clock, EnginePort, Readiness, UserStore
from agent_console.security import client_address, csrf_token, is_loopback
from agent_console.sign_in import Refusal, SignInRefusedError, SignIns, Visitor
from agent_console.store.model import User
from agent_console.tickets import Pass, Tickets

log = structlog.get_logger(__name__)

_MOST_SIGN_IN_BYTES: Final = 16_384
_REFUSED_SIGN_INS: Final[Mapping[Refusal, tuple[HTTPStatus, ProblemCode]]] = {
    "wrong": (HTTPStatus.UNAUTHORIZED, "sign_in_wrong"),
    "too_many": (HTTPStatus.TOO_MANY_REQUESTS, "sign_in_too_many"),
}
MAY_SIGN_OUT: Final[frozenset[Role]] = frozenset({"supervisor", "admin"})
"""Who may see and end others' sessions; those of administrators only they end."""
MAY_SEE: Final[frozenset[Role]] = MAY_SIGN_OUT | {"leader"}
"""Leaders see the people of their own team, and end nobody's sessions but their own."""


class Rest:
    """The request handlers and their routes."""

    def __init__(
        self,
        config: ConsoleConfig,
        engine: EnginePort,
        users: UserStore,
        sign_ins: SignIns,
        guard: Guard,
        tickets: Tickets,
        hub: Hub,
        readiness: Readiness,
        clock: Clock,
    ) -> None:
        self._config = config
        self._engine = engine
        self._users = users
        self._sign_ins = sign_ins
        self._guard = guard
        self._tickets = tickets
        self._hub = hub
        self._readiness = readiness
        self._clock = clock

    def routes(self) -> list[Route]:
        """Return the routes that anybody may ask."""
        return [
            self._guard.open("/api/session", self._sign_in, "POST"),
            self._guard.open("/api/session", self._show_session, "GET"),
            self._guard.open("/healthz", self._healthz, "GET"),
            self._guard.open("/readyz", self._readyz, "GET"),
            self._guard.open("/metrics", self._metrics, "GET"),
        ]

    def endpoints(self) -> list[Endpoint]:
        """Return the routes for people who are signed in."""
        return [
            Endpoint(
                method="DELETE",
                path="/api/session",
                handler=self._sign_out,
                summary="Sign out; the last page also takes the agent out of the queues.",
            ),
            Endpoint(
                method="PUT",
                path="/api/session/language",
                handler=self._set_language,
                summary="Remember the language for the next browser.",
                body=LanguageChoice,
            ),
            Endpoint(
                method="GET",
                path="/api/sessions",
                handler=self._list_sessions,
                summary="One's own signed-in browsers, oldest first.",
                answer=list[SessionLine],
            ),
            Endpoint(
                method="DELETE",
                path="/api/sessions/{session_id}",
                handler=self._revoke,
                summary="Sign one of one's own browsers out; its pages close within a second.",
                problems=(HTTPStatus.NOT_FOUND,),
            ),
            Endpoint(
                method="GET",
                path="/api/users",
                handler=self._list_people,
                summary="Everybody who can sign in, for leaders those of their own team, and how "
                "many browsers of theirs are.",
                answer=list[PersonSessions],
                roles=MAY_SEE,
            ),
            Endpoint(
                method="GET",
                path="/api/users/{login}/sessions",
                handler=self._list_others,
                summary="Somebody's signed-in browsers, oldest first.",
                answer=list[SessionLine],
                problems=(HTTPStatus.NOT_FOUND,),
                roles=MAY_SEE,
            ),
            Endpoint(
                method="DELETE",
                path="/api/users/{login}/sessions/{session_id}",
                handler=self._revoke_others,
                summary="Sign one of somebody's browsers out; its pages close within a second.",
                problems=(HTTPStatus.NOT_FOUND,),
                roles=MAY_SIGN_OUT,
            ),
            Endpoint(
                method="POST",
                path="/api/socket-ticket",
                handler=self._give_ticket,
                summary="A ticket that opens one WebSocket, once and within seconds.",
                answer=TicketView,
            ),
        ]

    # --- for people ----------------------------------------------------------------------------

    async def _sign_in(self, request: Request) -> Response:
        self._guard.check_origin(request)
        body = await body_of(request, SignIn, _MOST_SIGN_IN_BYTES)
        try:
            visitor = await self._sign_ins.sign_in(
                body.login,
                body.password,
                client_address(request),
                request.headers.get("user-agent", ""),
            )
        except SignInRefusedError as refused:
            raise RefusedError(*_REFUSED_SIGN_INS[refused.kind]) from refused
        except TooBusyError as busy:
            raise RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "busy") from busy
        response = json_answer(_view(visitor))
        response.set_cookie(
            self._guard.cookie,
            visitor.token,
            max_age=int(self._config.session_lifetime_s),
            path="/",
            secure=self._config.secure_cookies,
            httponly=True,
            samesite="strict",
        )
        return response

    async def _show_session(self, request: Request) -> Response:
        # Nobody being signed in is no error: every page asks this first.
        visitor = await self._guard.visitor(request)
        if visitor is None:
            return done()
        return json_answer(_view(visitor))

    async def _sign_out(self, request: Request, visitor: Visitor) -> Response:
        await self._end(visitor.session.session_id)
        agent_id = visitor.user.agent_id
        if agent_id is not None and not self._hub.has_page(visitor.me):
            try:
                await self._engine.sign_out(agent_id)
            except Exception:
                # Nobody can be kept signed in because Asterisk is away.
                log.exception("agent_sign_out_failed", agent=agent_id)
        response = done()
        response.delete_cookie(
            self._guard.cookie,
            path="/",
            secure=self._config.secure_cookies,
            httponly=True,
            samesite="strict",
        )
        return response

    async def _set_language(self, request: Request, visitor: Visitor) -> Response:
        choice = await body_of(request, LanguageChoice)
        await self._users.set_language(visitor.user.login, choice.language)
        return done()

    async def _list_sessions(self, request: Request, visitor: Visitor) -> Response:
        del request
        return json_answer(await self._lines(visitor.user.login, visitor))

    async def _revoke(self, request: Request, visitor: Visitor) -> Response:
        await self._end_one(visitor.user.login, request.path_params["session_id"], visitor)
        return done()

    async def _list_people(self, request: Request, visitor: Visitor) -> Response:
        del request
        last: dict[str, list[float]] = {}
        for session in await self._users.sessions(self._clock()):
            last.setdefault(session.login, []).append(session.seen_at)
        return json_answer(
            [
                PersonSessions(
                    login=user.login,
                    display_name=user.display_name,
                    role=user.role,
                    agent_id=user.agent_id,
                    disabled=user.disabled,
                    sessions=len(last.get(user.login, ())),
                    seen_at=max(last.get(user.login, ()), default=None),
                    may_end=_may_end(visitor.user, user),
                )
                for user in await self._users.users()
                if _may_see(visitor.user, user)
            ]
        )

    async def _list_others(self, request: Request, visitor: Visitor) -> Response:
        user = await self._other(request)
        if not _may_see(visitor.user, user):
            refuse(HTTPStatus.NOT_FOUND, "unknown_user")
        return json_answer(await self._lines(user.login, visitor))

    async def _revoke_others(self, request: Request, visitor: Visitor) -> Response:
        user = await self._other(request)
        if not _may_end(visitor.user, user):
            refuse(HTTPStatus.FORBIDDEN, "not_allowed")
        await self._end_one(user.login, request.path_params["session_id"], visitor)
        return done()

    async def _other(self, request: Request) -> User:
        user = await self._users.user(request.path_params["login"])
        if user is None:
            refuse(HTTPStatus.NOT_FOUND, "unknown_user")
        return user

    async def _lines(self, login: str, visitor: Visitor) -> list[SessionLine]:
        return [
            SessionLine(
                session_id=session.session_id,
                current=session.session_id == visitor.session.session_id,
                created_at=session.created_at,
                seen_at=session.seen_at,
                address=session.address,
                user_agent=session.user_agent,
            )
            for session in await self._users.sessions_of(login, self._clock())
        ]

    async def _end_one(self, login: str, session_id: str, by: Visitor) -> None:
        theirs = await self._users.sessions_of(login, self._clock())
        if session_id not in {session.session_id for session in theirs}:
            refuse(HTTPStatus.NOT_FOUND, "unknown_session")
        await self._end(session_id)
        log.info("session_revoked", login=login, session=session_id, by=by.user.login)

    async def _give_ticket(self, request: Request, visitor: Visitor) -> Response:
        session = visitor.session
        holder = Pass(
            session_id=session.session_id,
            me=visitor.me,
            created_at=session.created_at,
            expires_at=session.expires_at,
        )
        ticket = self._tickets.issue(holder, self._clock())
        return json_answer(TicketView(ticket=ticket, expires_in_s=self._tickets.lifetime_s))

    async def _end(self, session_id: str) -> None:
        self._tickets.revoke(session_id)
        self._hub.close_sessions([session_id])
        await self._sign_ins.end(session_id)

    # --- for machines --------------------------------------------------------------------------

    async def _healthz(self, request: Request) -> Response:
        return json_answer({"ok": True})

    async def _readyz(self, request: Request) -> Response:
        parts: Mapping[str, bool] = self._readiness()
        ready = all(parts.values())
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return json_answer({"ok": ready, "parts": dict(parts)}, status)

    async def _metrics(self, request: Request) -> Response:
        if not self._config.metrics_for_all and not is_loopback(client_address(request)):
            refuse(HTTPStatus.NOT_FOUND, "not_found")
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})


def _may_end(by: User, whose: User) -> bool:
    return by.role == "admin" or (by.role in MAY_SIGN_OUT and whose.role != "admin")


def _may_see(by: User, whose: User) -> bool:
    own_team = by.team != "" and by.team == whose.team and whose.role in ("agent", "leader")
    return by.role in MAY_SIGN_OUT or by.login == whose.login or own_team


def _view(visitor: Visitor) -> SessionView:
    return SessionView(me=visitor.me, csrf=csrf_token(visitor.token))
