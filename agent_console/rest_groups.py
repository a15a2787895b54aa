"""HTTP requests about groups of customers, for those who plan whom to speak to."""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import Response

from agent_console.errors import TooManyError
from agent_console.guard import Endpoint, Query, body_of, json_answer, refuse
from agent_console.messages import Role
from agent_console.ports import TargetGroups
from agent_console.rest_messages import (
    CustomerGroup,
    GroupExport,
    GroupExportOrder,
    GroupFields,
)
from agent_console.sign_in import Visitor

PLANNERS: Final[frozenset[Role]] = frozenset({"supervisor", "admin"})
_MOST_CONDITIONS: Final = 20


class Groups:
    """The handlers and their endpoints."""

    def __init__(self, groups: TargetGroups) -> None:
        self._groups = groups

    def endpoints(self) -> tuple[Endpoint, ...]:
        return (
            Endpoint(
                method="GET",
                path="/api/groups",
                handler=self._group,
                summary="Size, profile and expected value of the customers who meet every "
                "condition; no customer is named.",
                answer=CustomerGroup,
                query=(
                    Query(
                        name="where",
                        kind=str,
                        why="`loyalty>=70`, `segment=gold`; repeated",
                        many=True,
                    ),
                    Query(name="offer", kind=str, why="expect the value of making this offer"),
                ),
                problems=(HTTPStatus.BAD_REQUEST,),
                roles=PLANNERS,
            ),
            Endpoint(
                method="GET",
                path="/api/groups/fields",
                handler=self._fields,
                summary="What conditions may name, and which offers there are.",
                answer=GroupFields,
                roles=PLANNERS,
            ),
            Endpoint(
                method="POST",
                path="/api/groups/export",
                handler=self._export,
                summary="Ids and scores of the customers who meet every condition, as CSV; "
                "written to the audit.",
                body=GroupExportOrder,
                answer=GroupExport,
                problems=(HTTPStatus.BAD_REQUEST, HTTPStatus.CONFLICT),
                roles=PLANNERS,
            ),
        )

    async def _group(self, request: Request, _visitor: Visitor) -> Response:
        conditions = request.query_params.getlist("where")
        if len(conditions) > _MOST_CONDITIONS:
            refuse(HTTPStatus.BAD_REQUEST, "bad_request")
        found = await self._groups.group(conditions, request.query_params.get("offer", ""))
        if found is None:
            refuse(HTTPStatus.BAD_REQUEST, "bad_request")
        return json_answer(found)

    async def _fields(self, _request: Request, _visitor: Visitor) -> Response:
        return json_answer(await self._groups.fields())

    async def _export(self, request: Request, visitor: Visitor) -> Response:
        order = await body_of(request, GroupExportOrder)
        try:
            found = await self._groups.export(
                order.where, by=visitor.user.login, role=visitor.user.role
            )
        except TooManyError:
            refuse(HTTPStatus.CONFLICT, "too_many")
        if found is None:
            refuse(HTTPStatus.BAD_REQUEST, "bad_request")
        return json_answer(found)
