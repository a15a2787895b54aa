"""HTTP requests about alarms, for those who lead: what stood, and that somebody has seen it."""

from http import HTTPStatus
from typing import Annotated

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent_console.alarm_messages import AlarmLine
from agent_console.alarms import AlarmDesk
from agent_console.guard import Endpoint, Query, done, json_answer, query_of, refuse
from agent_console.rest_board import WATCHERS
from agent_console.sign_in import Visitor

_Limit = Annotated[int, msgspec.Meta(ge=1, le=500)]


class Alarms:
    """The handlers and their endpoints."""

    def __init__(self, desk: AlarmDesk) -> None:
        self._desk = desk

    def endpoints(self) -> tuple[Endpoint, ...]:
        return (
            Endpoint(
                method="GET",
                path="/api/alarms",
                handler=self._newest,
                summary="The newest alarms, also those that were cleared; who has seen them.",
                answer=list[AlarmLine],
                query=(Query(name="limit", kind=_Limit, why="at most so many; 100"),),
                problems=(HTTPStatus.BAD_REQUEST,),
                roles=WATCHERS,
            ),
            Endpoint(
                method="POST",
                path="/api/alarms/{alarm_id}/acknowledgement",
                handler=self._acknowledge,
                summary="Note that one has seen a standing alarm; the first to do so stays.",
                problems=(HTTPStatus.CONFLICT,),
                roles=WATCHERS,
            ),
        )

    async def _newest(self, request: Request, _visitor: Visitor) -> Response:
        limit = query_of(request, "limit", _Limit, 100)
        return json_answer(list(await self._desk.newest(limit)))

    async def _acknowledge(self, request: Request, visitor: Visitor) -> Response:
        alarm_id = request.path_params["alarm_id"]
        if not await self._desk.acknowledge(alarm_id, visitor.user.login):
            refuse(HTTPStatus.CONFLICT, "alarm_not_open")
        return done()
