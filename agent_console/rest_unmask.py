"""The HTTP request for a whole value of what is masked, by whoever has the call on their desk."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from agent_console.guard import Endpoint, body_of, json_answer, refuse
from agent_console.hub import Hub
from agent_console.messages import ProblemCode
from agent_console.ports import Clock, Unmasking
from agent_console.rest_messages import Unmasked, UnmaskOrder
from agent_console.security import RateLimit
from agent_console.sign_in import Visitor
from crm_lookup.unmasking import LookRefusedError, Wish

LOOKS: Final = 10
"""Tries of one person at once; one more comes every :data:`LOOK_REFILL_S`."""
LOOK_REFILL_S: Final = 15.0

_PROBLEMS: Final[Mapping[str, tuple[HTTPStatus, ProblemCode]]] = {
    "not_allowed": (HTTPStatus.FORBIDDEN, "not_allowed"),
    "no_reason": (HTTPStatus.BAD_REQUEST, "reason_needed"),
    "nothing_there": (HTTPStatus.NOT_FOUND, "no_value"),
}


class Unmask:
    """The handler and its endpoint."""

    def __init__(self, hub: Hub, unmasking: Unmasking, clock: Clock) -> None:
        self._hub = hub
        self._unmasking = unmasking
        self._clock = clock
        self._limit = RateLimit(LOOKS, LOOK_REFILL_S)

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the route."""
        return (
            Endpoint(
                method="POST",
                path="/api/calls/{call_id}/unmask",
                handler=self._show,
                summary="The whole value of one field of the caller's personal data, for a "
                "reason. Every try is written to the audit first.",
                body=UnmaskOrder,
                answer=Unmasked,
                problems=(
                    HTTPStatus.FORBIDDEN,
                    HTTPStatus.NOT_FOUND,
                    HTTPStatus.TOO_MANY_REQUESTS,
                ),
            ),
        )

    async def _show(self, request: Request, visitor: Visitor) -> Response:
        call_id = request.path_params["call_id"]
        order = await body_of(request, UnmaskOrder)
        pop = self._hub.call(visitor.me, call_id)
        if pop is None or pop.customer is None:
            refuse(HTTPStatus.NOT_FOUND, "unknown_call")
        if not self._limit.spend(visitor.user.login, self._clock()):
            refuse(HTTPStatus.TOO_MANY_REQUESTS, "too_many_looks")
        try:
            value = await self._unmasking.show(
                Wish(
                    actor=visitor.user.login,
                    role=visitor.user.role,
                    level=pop.verified,
                    customer_id=pop.customer.customer_id,
                    field=order.field,
                    reason=order.reason,
                    call_id=call_id,
                )
            )
        except LookRefusedError as refused:
            refuse(*_PROBLEMS[refused.why])
        return json_answer(Unmasked(field=order.field, value=value))
