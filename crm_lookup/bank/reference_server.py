"""A bank's core over HTTP, as small as can be: serves any :class:`~crm_lookup.ports.BankCore`.

For contract tests, trials, and as an example for a bank that writes its own.  The description is
docs/bank-services.openapi.json.
"""

import hmac
from collections.abc import Callable, Coroutine
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from crm_lookup.bank import wire
from crm_lookup.bank.errors import BankRefusedError, BankUnavailableError
from crm_lookup.bank.operations import Operation
from crm_lookup.ports import BankCore

_Endpoint = Callable[[Request], Coroutine[Any, Any, Response]]


def app(core: BankCore, *, token: str = "") -> Starlette:
    """Return an application that answers for ``core``; with ``token`` it asks everybody for it."""

    def allowed(request: Request) -> bool:
        shown = request.headers.get("authorization", "").encode()
        return not token or hmac.compare_digest(shown, f"Bearer {token}".encode())

    def endpoint(operation: Operation) -> _Endpoint:
        question_type = wire.question_type(operation)

        async def answer(request: Request) -> Response:
            if not allowed(request):
                return Response(status_code=401)
            key = request.headers.get(wire.KEY_HEADER, "")
            if operation.is_order and not key:
                return _refused(BankRefusedError("bad_request", f"{wire.KEY_HEADER} is missing"))
            try:
                question = msgspec.json.decode(await request.body(), type=question_type)
            except (msgspec.DecodeError, UnicodeDecodeError):
                return _refused(BankRefusedError("bad_request", "the body is not as described"))
            try:
                reply = await core.perform(question.request, question.asker, key)
            except BankRefusedError as error:
                return _refused(error)
            except BankUnavailableError:
                return Response(status_code=503)
            return _json(reply)

        return answer

    async def health(request: Request) -> Response:
        if not allowed(request):
            return Response(status_code=401)
        found = await core.health()
        return _json(wire.Health(ok=found.ok, detail=found.detail))

    return Starlette(
        routes=[
            Route(wire.HEALTH, health),
            *(
                Route(wire.PREFIX + operation.name, endpoint(operation), methods=["POST"])
                for operation in wire.REMOTE
            ),
        ]
    )


def _json(body: Any, status: int = 200) -> Response:
    return Response(msgspec.json.encode(body), status, media_type="application/json")


def _refused(error: BankRefusedError) -> Response:
    problem = wire.Problem(reason=error.reason, message=str(error))
    return _json(problem, wire.STATUS[error.reason])
