"""HTTP requests of supervisors who listen to calls, whisper to agents, or barge in."""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import TypeVar

import structlog
from starlette.requests import Request
from starlette.responses import Response

from agent_console.errors import CommandRefusedError, MonitorRefusedError
from agent_console.guard import Endpoint, body_of, done, json_answer, refuse
from agent_console.monitor_messages import ModeOrder, MonitorLine, MonitorOrder
from agent_console.ports import MonitorPort
from agent_console.rest_board import WATCHERS
from agent_console.sign_in import Visitor

log = structlog.get_logger(__name__)
_T = TypeVar("_T")


class Monitors:
    """The handlers and their endpoints; one call at a time for each supervisor."""

    def __init__(self, monitoring: MonitorPort) -> None:
        self._monitoring = monitoring

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the routes, for those whom the settings name."""
        problems = (HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE)
        return (
            Endpoint(
                method="POST",
                path="/api/monitor",
                handler=self._start,
                summary="Ring one's own phone; who answers hears the agent's present call.",
                body=MonitorOrder,
                answer=MonitorLine,
                problems=problems,
                roles=WATCHERS,
            ),
            Endpoint(
                method="PUT",
                path="/api/monitor",
                handler=self._change,
                summary="Go over to listening, whispering or barging in.",
                body=ModeOrder,
                answer=MonitorLine,
                problems=problems,
                roles=WATCHERS,
            ),
            Endpoint(
                method="DELETE",
                path="/api/monitor",
                handler=self._stop,
                summary="Hang one's own leg up; the call goes on.",
                problems=problems,
                roles=WATCHERS,
            ),
        )

    async def _start(self, request: Request, visitor: Visitor) -> Response:
        order = await body_of(request, MonitorOrder)
        by = self._entitled(visitor)
        line = await _refusing(self._monitoring.start(order.agent_id, order.mode, by), by)
        log.info("monitor_ordered", by=by, agent=order.agent_id, mode=order.mode)
        return json_answer(line)

    async def _change(self, request: Request, visitor: Visitor) -> Response:
        order = await body_of(request, ModeOrder)
        by = self._entitled(visitor)
        return json_answer(await _refusing(self._monitoring.change(order.mode, by), by))

    async def _stop(self, request: Request, visitor: Visitor) -> Response:
        del request
        by = self._entitled(visitor)
        await _refusing(self._monitoring.stop(by), by)
        return done()

    def _entitled(self, visitor: Visitor) -> str:
        """Return the login of somebody whom the settings allow it."""
        if visitor.user.role not in self._monitoring.roles:
            log.warning("monitor_not_allowed", by=visitor.user.login)
            refuse(HTTPStatus.FORBIDDEN, "not_allowed")
        return visitor.user.login


async def _refusing(order: Awaitable[_T], by: str) -> _T:
    try:
        return await order
    except MonitorRefusedError as refused:
        log.info("monitor_refused", by=by, why=refused.code)
        refuse(HTTPStatus.CONFLICT, refused.code)
    except CommandRefusedError as refused:
        log.warning("monitor_failed", by=by, why=str(refused))
        refuse(HTTPStatus.SERVICE_UNAVAILABLE, refused.code)
