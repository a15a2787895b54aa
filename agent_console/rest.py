"""The console's HTTP requests: sign in and out, tickets, own sessions, health, metrics."""

from collections.abc import Awaitable, Callable, Mapping
from http import HTTPStatus
from typing import Final, TypeAlias, TypeVar

import msgspec
import structlog
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_console.config import ConsoleConfig
from agent_console.errors import TooBusyError
from agent_console.hub import Hub
from agent_console.messages import (
    ENCODER,
    LanguageChoice,
    Problem,
    SessionLine,
    SessionView,
    SignIn,
    TicketView,
)
from agent_console.ports import Clock, EnginePort, Readiness, UserStore
from agent_console.security import (
    client_address,
    csrf_matches,
    csrf_token,
    is_loopback,
    origin_allowed,
)
from agent_console.sign_in import SignInRefusedError, SignIns, Visitor
from agent_console.tickets import Pass, Tickets

log = structlog.get_logger(__name__)

_MOST_BODY_BYTES: Final = 16_384
_T = TypeVar("_T")
Handler: TypeAlias = Callable[[Request, Visitor], Awaitable[Response]]


class _RefusedError(Exception):
    def __init__(self, status: HTTPStatus, code: str) -> None:
        super().__init__(code)
        self.status = status
        self.code = code


class Rest:
    """The request handlers and their routes."""

    def __init__(
        self,
        config: ConsoleConfig,
        engine: EnginePort,
        users: UserStore,
        sign_ins: SignIns,
        tickets: Tickets,
        hub: Hub,
        readiness: Readiness,
        clock: Clock,
    ) -> None:
        self._config = config
        self._engine = engine
        self._users = users
        self._sign_ins = sign_ins
        self._tickets = tickets
        self._hub = hub
        self._readiness = readiness
        self._clock = clock
        self._cookie = "__Host-hotline" if config.secure_cookies else "hotline"

    def routes(self) -> list[Route]:
        """Return all routes under ``/api`` and those for machines."""
        return [
            self._open("/api/session", self._sign_in, "POST"),
            self._open("/api/session", self._show_session, "GET"),
            self._guarded("/api/session", self._sign_out, "DELETE"),
            self._guarded("/api/session/language", self._set_language, "PUT"),
            self._guarded("/api/sessions", self._list_sessions, "GET"),
            self._guarded("/api/sessions/{session_id:str}", self._revoke, "DELETE"),
            self._guarded("/api/socket-ticket", self._give_ticket, "POST"),
            self._open("/healthz", self._healthz, "GET"),
            self._open("/readyz", self._readyz, "GET"),
            self._open("/metrics", self._metrics, "GET"),
        ]

    # --- for people ----------------------------------------------------------------------------

    async def _sign_in(self, request: Request) -> Response:
        self._check_origin(request)
        body = await _body(request, SignIn)
        try:
            visitor = await self._sign_ins.sign_in(
                body.login,
                body.password,
                client_address(request),
                request.headers.get("user-agent", ""),
            )
        except SignInRefusedError as refused:
            status = {"wrong": HTTPStatus.UNAUTHORIZED, "too_many": HTTPStatus.TOO_MANY_REQUESTS}
            raise _RefusedError(status[refused.kind], f"sign_in_{refused.kind}") from refused
        except TooBusyError as busy:
            raise _RefusedError(HTTPStatus.SERVICE_UNAVAILABLE, "busy") from busy
        response = _json(_view(visitor))
        response.set_cookie(
            self._cookie,
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
        visitor = await self._sign_ins.identify(request.cookies.get(self._cookie))
        if visitor is None:
            return Response(status_code=HTTPStatus.NO_CONTENT)
        return _json(_view(visitor))

    async def _sign_out(self, request: Request, visitor: Visitor) -> Response:
        await self._end(visitor.session.session_id)
        agent_id = visitor.user.agent_id
        if agent_id is not None and not self._hub.has_page(visitor.me):
            try:
                await self._engine.sign_out(agent_id)
            except Exception:
                # Nobody can be kept signed in because Asterisk is away.
                log.exception("agent_sign_out_failed", agent=agent_id)
        response = Response(status_code=HTTPStatus.NO_CONTENT)
        response.delete_cookie(
            self._cookie,
            path="/",
            secure=self._config.secure_cookies,
            httponly=True,
            samesite="strict",
        )
        return response

    async def _set_language(self, request: Request, visitor: Visitor) -> Response:
        choice = await _body(request, LanguageChoice)
        await self._users.set_language(visitor.user.login, choice.language)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _list_sessions(self, request: Request, visitor: Visitor) -> Response:
        sessions = await self._users.sessions_of(visitor.user.login, self._clock())
        return _json(
            [
                SessionLine(
                    session_id=session.session_id,
                    current=session.session_id == visitor.session.session_id,
                    created_at=session.created_at,
                    seen_at=session.seen_at,
                    address=session.address,
                    user_agent=session.user_agent,
                )
                for session in sessions
            ]
        )

    async def _revoke(self, request: Request, visitor: Visitor) -> Response:
        session_id = request.path_params["session_id"]
        own = await self._users.sessions_of(visitor.user.login, self._clock())
        if session_id not in {session.session_id for session in own}:
            raise _RefusedError(HTTPStatus.NOT_FOUND, "unknown_session")
        await self._end(session_id)
        return Response(status_code=HTTPStatus.NO_CONTENT)

    async def _give_ticket(self, request: Request, visitor: Visitor) -> Response:
        session = visitor.session
        holder = Pass(
            session_id=session.session_id,
            me=visitor.me,
            created_at=session.created_at,
            expires_at=session.expires_at,
        )
        ticket = self._tickets.issue(holder, self._clock())
        return _json(TicketView(ticket=ticket, expires_in_s=self._tickets.lifetime_s))

    async def _end(self, session_id: str) -> None:
        self._tickets.revoke(session_id)
        self._hub.close_sessions([session_id])
        await self._sign_ins.end(session_id)

    # --- for machines --------------------------------------------------------------------------

    async def _healthz(self, request: Request) -> Response:
        return _json({"ok": True})

    async def _readyz(self, request: Request) -> Response:
        parts: Mapping[str, bool] = self._readiness()
        ready = all(parts.values())
        status = HTTPStatus.OK if ready else HTTPStatus.SERVICE_UNAVAILABLE
        return _json({"ok": ready, "parts": dict(parts)}, status)

    async def _metrics(self, request: Request) -> Response:
        if not self._config.metrics_for_all and not is_loopback(client_address(request)):
            raise _RefusedError(HTTPStatus.NOT_FOUND, "not_found")
        return Response(generate_latest(), headers={"content-type": CONTENT_TYPE_LATEST})

    # --- guards --------------------------------------------------------------------------------

    def _open(
        self, path: str, handler: Callable[[Request], Awaitable[Response]], method: str
    ) -> Route:
        async def endpoint(request: Request) -> Response:
            try:
                return await handler(request)
            except _RefusedError as refused:
                return _problem(refused)

        return Route(path, endpoint, methods=[method])

    def _guarded(self, path: str, handler: Handler, method: str) -> Route:
        async def signed_in(request: Request) -> Response:
            visitor = await self._sign_ins.identify(request.cookies.get(self._cookie))
            if visitor is None:
                raise _RefusedError(HTTPStatus.UNAUTHORIZED, "signed_out")
            if method != "GET":
                self._check_origin(request)
                if not csrf_matches(request.headers, visitor.token):
                    raise _RefusedError(HTTPStatus.FORBIDDEN, "csrf")
            return await handler(request, visitor)

        return self._open(path, signed_in, method)

    def _check_origin(self, request: Request) -> None:
        if not origin_allowed(request.headers, self._config.origins):
            log.warning("foreign_origin_refused", origin=request.headers.get("origin", "")[:200])
            raise _RefusedError(HTTPStatus.FORBIDDEN, "foreign_origin")


def _view(visitor: Visitor) -> SessionView:
    return SessionView(me=visitor.me, csrf=csrf_token(visitor.token))


async def _body(request: Request, kind: type[_T]) -> _T:
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        raise _RefusedError(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "bad_request")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > _MOST_BODY_BYTES:
            raise _RefusedError(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "bad_request")
    try:
        return msgspec.json.decode(bytes(body), type=kind)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise _RefusedError(HTTPStatus.BAD_REQUEST, "bad_request") from error


def _json(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    return Response(ENCODER.encode(value), status, media_type="application/json")


def _problem(refused: _RefusedError) -> Response:
    body = Problem(code=refused.code, text_key=f"error.{refused.code}")
    return _json(body, refused.status)
