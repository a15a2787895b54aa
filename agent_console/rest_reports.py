"""HTTP requests of reports and plots, for those who lead."""

from datetime import date
from http import HTTPStatus
from typing import Final, Literal

from starlette.requests import Request
from starlette.responses import Response

from agent_console.guard import Endpoint, Query, json_answer, query_of, refuse
from agent_console.ports import Reports
from agent_console.report_messages import (
    Day,
    DayPlots,
    ReportFormat,
    ReportOrder,
    ReportSpan,
    ReportTable,
    ReportWhat,
)
from agent_console.rest_board import WATCHERS
from agent_console.sign_in import Visitor

_LONGEST_DAYS: Final = 800
_LONGEST_FINE_DAYS: Final = 7
"""Days of a report by quarters of an hour or by hours."""
_MEDIA: Final[dict[ReportFormat, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
_ORDER: Final = (
    Query(name="what", kind=ReportWhat, why="`queues`, `agents`, `topics`, `segments` or `nodes`"),
    Query(name="first", kind=Day, why="the first day, `2026-03-01`; today"),
    Query(name="last", kind=Day, why="the last day; today"),
    Query(name="by", kind=ReportSpan, why="`quarter`, `hour`, `day`, `week`, `month` or `whole`"),
    Query(name="queue", kind=str, why="only this queue; of queues and agents"),
)


class ReportPages:
    """The handlers and their endpoints."""

    def __init__(self, reports: Reports) -> None:
        self._reports = reports

    def endpoints(self) -> tuple[Endpoint, ...]:
        return (
            Endpoint(
                method="GET",
                path="/api/reports",
                handler=self._report,
                summary="Figures by queue, agent, topic, segment or menu node over whole days.",
                answer=ReportTable,
                query=_ORDER,
                problems=(HTTPStatus.BAD_REQUEST,),
                roles=WATCHERS,
            ),
            Endpoint(
                method="GET",
                path="/api/reports/file",
                handler=self._file,
                summary="The same as a file for spreadsheets, with every line.",
                query=(
                    *_ORDER,
                    Query(name="format", kind=ReportFormat, why="`csv` or `xlsx`"),
                    Query(
                        name="language",
                        kind=Literal["zh", "en"],
                        why="`zh` or `en`, of the titles",
                    ),
                ),
                problems=(HTTPStatus.BAD_REQUEST,),
                media_type="text/csv",
                roles=WATCHERS,
            ),
            Endpoint(
                method="GET",
                path="/api/plots",
                handler=self._plots,
                summary="Today as pictures show it: arrivals, waiting, menu, offers, scores.",
                answer=DayPlots,
                query=(Query(name="queue", kind=str, why="waits and levels of this queue only"),),
                roles=WATCHERS,
            ),
        )

    async def _report(self, request: Request, _visitor: Visitor) -> Response:
        return json_answer(await self._reports.table(self._order(request)))

    async def _file(self, request: Request, _visitor: Visitor) -> Response:
        order = self._order(request)
        form: ReportFormat = query_of(request, "format", ReportFormat, "csv")
        language: Literal["zh", "en"] = query_of(request, "language", Literal["zh", "en"], "zh")
        found = await self._reports.file(order, form, language)
        name = f"{order.what}-{order.first}-{order.last}.{form}"
        return Response(
            found,
            media_type=_MEDIA[form],
            headers={"Content-Disposition": f'attachment; filename="{name}"'},
        )

    async def _plots(self, request: Request, _visitor: Visitor) -> Response:
        return json_answer(await self._reports.day_plots(request.query_params.get("queue", "")))

    def _order(self, request: Request) -> ReportOrder:
        """Return what is asked for; refuses spans that are no days, turned round or too long."""
        what: ReportWhat = query_of(request, "what", ReportWhat, "queues")
        by: ReportSpan = query_of(request, "by", ReportSpan, "day")
        today = self._reports.today()
        first, last = (query_of(request, name, Day, today) for name in ("first", "last"))
        try:
            days = (date.fromisoformat(last) - date.fromisoformat(first)).days
        except ValueError:
            refuse(HTTPStatus.BAD_REQUEST, "bad_request")
        if days < 0:
            refuse(HTTPStatus.BAD_REQUEST, "turned_round")
        if days >= (_LONGEST_FINE_DAYS if by in ("quarter", "hour") else _LONGEST_DAYS):
            refuse(HTTPStatus.BAD_REQUEST, "too_long_a_span")
        queue = request.query_params.get("queue", "")
        return ReportOrder(what=what, first=first, last=last, by=by, queue=queue)
