"""What every HTTP request of the console goes through: who asks, from where, and in which shape.

Owns sign-in checks, Origin and CSRF checks, the reading of bodies and the shape of refusals.
Routes are declared as :class:`Endpoint` records, from which the OpenAPI document is made, too.
"""

from collections.abc import Awaitable, Callable, Collection
from http import HTTPStatus
from typing import Any, Final, Literal, NoReturn, TypeAlias, TypeVar

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from agent_console.messages import ENCODER, Problem, ProblemCode, Role
from agent_console.security import csrf_matches, origin_allowed
from agent_console.sign_in import SignIns, Visitor

log = structlog.get_logger(__name__)

MOST_BODY_BYTES: Final = 65_536
_T = TypeVar("_T")
Method: TypeAlias = Literal["GET", "POST", "PUT", "DELETE"]
Handler: TypeAlias = Callable[[Request, Visitor], Awaitable[Response]]
OpenHandler: TypeAlias = Callable[[Request], Awaitable[Response]]


class RefusedError(Exception):
    """The request is answered with a :class:`agent_console.messages.Problem`."""

    def __init__(self, status: HTTPStatus, code: ProblemCode) -> None:
        super().__init__(code)
        self.status = status
        self.code: ProblemCode = code


class Query(msgspec.Struct, frozen=True, kw_only=True):
    """One parameter of a request's query string."""

    name: str
    kind: Any
    """``int``, ``float`` or ``str``, possibly annotated with limits, or a ``Literal``."""
    why: str
    many: bool = False
    """The parameter may be repeated."""


class Endpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One route: how it is asked, what it answers, and who may ask."""

    method: Method
    path: str
    handler: Handler
    summary: str
    body: Any = None
    """Type of the JSON body, if there is one."""
    answer: Any = None
    """Type of the JSON answer; ``None``: 204 without a body."""
    query: tuple[Query, ...] = ()
    problems: tuple[HTTPStatus, ...] = ()
    """Refusals beside those that every route knows (401, 403, and 400, 413, 415 with a body)."""
    media_type: str = "application/json"
    """Of the answer."""
    roles: frozenset[Role] | None = None
    """Who may ask; ``None``: everybody who is signed in."""


class Guard:
    """Wraps handlers into routes that let only the right people in."""

    def __init__(self, sign_ins: SignIns, origins: Collection[str], cookie: str) -> None:
        self._sign_ins = sign_ins
        self._origins = origins
        self.cookie = cookie

    def route(self, endpoint: Endpoint) -> Route:
        """Return the route of an endpoint for people who are signed in."""

        async def signed_in(request: Request) -> Response:
            visitor = await self.visitor(request)
            if visitor is None:
                refuse(HTTPStatus.UNAUTHORIZED, "signed_out")
            if endpoint.method != "GET":
                self.check_origin(request)
                if not csrf_matches(request.headers, visitor.token):
                    refuse(HTTPStatus.FORBIDDEN, "csrf")
            if endpoint.roles is not None and visitor.user.role not in endpoint.roles:
                refuse(HTTPStatus.FORBIDDEN, "not_allowed")
            return await endpoint.handler(request, visitor)

        return self.open(endpoint.path, signed_in, endpoint.method)

    def open(self, path: str, handler: OpenHandler, method: Method) -> Route:
        """Return a route that anybody may ask; the handler checks what it must."""

        async def endpoint(request: Request) -> Response:
            try:
                return await handler(request)
            except RefusedError as refused:
                return problem(refused)

        return Route(path, endpoint, methods=[method])

    async def visitor(self, request: Request) -> Visitor | None:
        """Return who is signed in."""
        return await self._sign_ins.identify(request.cookies.get(self.cookie))

    def check_origin(self, request: Request) -> None:
        """Refuse what another site's page asks for."""
        if not origin_allowed(request.headers, self._origins):
            log.warning("foreign_origin_refused", origin=request.headers.get("origin", "")[:200])
            refuse(HTTPStatus.FORBIDDEN, "foreign_origin")


def refuse(status: HTTPStatus, code: ProblemCode) -> NoReturn:
    """Answer the request with a refusal."""
    raise RefusedError(status, code)


async def body_of(request: Request, kind: type[_T], most: int = MOST_BODY_BYTES) -> _T:
    """Return the JSON body as ``kind``; refuses what is too long or has another shape."""
    if request.headers.get("content-type", "").partition(";")[0] != "application/json":
        refuse(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, "bad_request")
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "bad_request")
    try:
        return msgspec.json.decode(bytes(body), type=kind)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "bad_request") from error


def query_of(request: Request, name: str, kind: Any, default: _T) -> _T:
    """Return a parameter of the query string as ``kind``, or the default."""
    given = request.query_params.get(name)
    if given is None:
        return default
    try:
        converted: _T = msgspec.convert(given, kind, strict=False)
    except msgspec.ValidationError as error:
        raise RefusedError(HTTPStatus.BAD_REQUEST, "bad_request") from error
    return converted


def path_of(request: Request, name: str, kind: Any) -> str:
    """Return a parameter of the path; what has not the shape of ``kind`` does not exist."""
    try:
        return str(msgspec.convert(request.path_params[name], kind))
    except msgspec.ValidationError as error:
        raise RefusedError(HTTPStatus.NOT_FOUND, "not_found") from error


def json_answer(value: object, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """Return the value as JSON."""
    return Response(ENCODER.encode(value), status, media_type="application/json")


def done() -> Response:
    """Return the answer of a request that has nothing to tell."""
    return Response(status_code=HTTPStatus.NO_CONTENT)


def problem(refused: RefusedError) -> Response:
    """Return the body of a refusal."""
    body = Problem(code=refused.code, text_key=f"error.{refused.code}")
    return json_answer(body, refused.status)
