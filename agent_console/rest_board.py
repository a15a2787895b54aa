"""HTTP requests of the live board, for those who lead: pictures, a stream, the calls behind."""

from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from agent_console.board import BoardFeed
from agent_console.board_messages import BoardLegend, BoardPicture, CallLine
from agent_console.guard import Endpoint, Query, json_answer, query_of, refuse
from agent_console.messages import Role
from agent_console.ports import BoardSource, Clock
from agent_console.sign_in import Visitor

WATCHERS: Final[frozenset[Role]] = frozenset({"leader", "supervisor", "admin"})
_Since = Annotated[float, msgspec.Meta(ge=0, le=4_102_444_800)]
_Limit = Annotated[int, msgspec.Meta(ge=1, le=200)]


class Boards:
    """The handlers and their endpoints."""

    def __init__(self, source: BoardSource, feed: BoardFeed, clock: Clock) -> None:
        self._source = source
        self._feed = feed
        self._clock = clock

    def endpoints(self) -> tuple[Endpoint, ...]:
        return (
            Endpoint(
                method="GET",
                path="/api/board",
                handler=self._picture,
                summary="Queues and agents now, with the figures of today and the last hour.",
                answer=BoardPicture,
                problems=(HTTPStatus.SERVICE_UNAVAILABLE,),
                roles=WATCHERS,
            ),
            Endpoint(
                method="GET",
                path="/api/board/legend",
                handler=self._legend,
                summary="Titles, service levels to reach, and agents' names.",
                answer=BoardLegend,
                roles=WATCHERS,
            ),
            Endpoint(
                method="GET",
                path="/api/board/calls",
                handler=self._calls,
                summary="The newest calls behind a number; no caller is named.",
                answer=list[CallLine],
                query=(
                    Query(name="since", kind=_Since, why="calls that arrived since then"),
                    Query(name="queue", kind=str, why="calls that were in this queue"),
                    Query(name="agent", kind=str, why="calls that this agent answered"),
                    Query(
                        name="outcome",
                        kind=str,
                        why="`answered`, `abandoned`, …, or `found_closed`",
                    ),
                    Query(name="limit", kind=_Limit, why="at most so many; 50"),
                ),
                problems=(HTTPStatus.BAD_REQUEST,),
                roles=WATCHERS,
            ),
            Endpoint(
                method="GET",
                path="/api/board/stream",
                handler=self._stream,
                summary="Server-sent events: whole pictures as things change; `ended` with the "
                "session, `away` while the engine cannot tell.",
                media_type="text/event-stream",
                roles=WATCHERS,
            ),
        )

    async def _picture(self, request: Request, visitor: Visitor) -> Response:
        del request, visitor
        found = await self._source.picture()
        if found is None:
            refuse(HTTPStatus.SERVICE_UNAVAILABLE, "engine_away")
        return json_answer(found)

    async def _legend(self, request: Request, visitor: Visitor) -> Response:
        del request, visitor
        return json_answer(await self._source.legend())

    async def _calls(self, request: Request, _visitor: Visitor) -> Response:
        ask = request.query_params
        since = query_of(request, "since", _Since, self._clock() - 3600.0)
        limit = query_of(request, "limit", _Limit, 50)
        found = await self._source.calls(
            since, ask.get("queue"), ask.get("agent"), ask.get("outcome"), limit
        )
        return json_answer(list(found))

    async def _stream(self, request: Request, visitor: Visitor) -> Response:
        del request
        return StreamingResponse(
            self._feed.frames(visitor.session.session_id),
            media_type="text/event-stream",
            headers={"Cache-Control": "no-store", "X-Accel-Buffering": "no"},
        )
