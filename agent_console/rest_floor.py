"""HTTP requests by which supervisors act on queues, callers and skills; docs/floor.md."""

from collections.abc import Awaitable
from http import HTTPStatus
from typing import Annotated, Final, TypeVar

import msgspec
import structlog
from starlette.requests import Request
from starlette.responses import Response

from agent_console.errors import CommandRefusedError
from agent_console.floor_messages import (
    AgentSkills,
    AnnouncementLine,
    AnnouncementView,
    CloseQueue,
    NewAnnouncement,
    SwitchOn,
    TeamChoice,
    WaitingLine,
)
from agent_console.guard import (
    Endpoint,
    Query,
    RefusedError,
    body_of,
    done,
    json_answer,
    path_of,
    query_of,
    refuse,
)
from agent_console.overrides import MAY_ORDER
from agent_console.ports import Floor
from agent_console.rest_board import WATCHERS
from agent_console.sign_in import Visitor
from agent_console.store.model import Language

log = structlog.get_logger(__name__)

MOST_AUDIO_BYTES: Final = 20_000_000
_Title = Annotated[str, msgspec.Meta(min_length=1, max_length=200)]
_File = Annotated[str, msgspec.Meta(pattern=r"^[^\x00-\x1f/\\]{1,120}$")]
_Id = Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_.-]{1,64}$")]
_STATUS: Final = {
    "unknown_queue": HTTPStatus.NOT_FOUND,
    "unknown_agent": HTTPStatus.NOT_FOUND,
    "unknown_announcement": HTTPStatus.NOT_FOUND,
    "engine_away": HTTPStatus.SERVICE_UNAVAILABLE,
    "bad_request": HTTPStatus.BAD_REQUEST,
    "no_voice": HTTPStatus.CONFLICT,
    "bad_audio": HTTPStatus.BAD_REQUEST,
}
_T = TypeVar("_T")


class FloorActs:
    """The handlers and their endpoints."""

    def __init__(self, floor: Floor) -> None:
        self._floor = floor

    def endpoints(self) -> tuple[Endpoint, ...]:
        bad, missing = HTTPStatus.BAD_REQUEST, HTTPStatus.NOT_FOUND
        conflict, away = HTTPStatus.CONFLICT, HTTPStatus.SERVICE_UNAVAILABLE
        return (
            Endpoint(
                method="PUT",
                path="/api/floor/closed/{queue}",
                handler=self._close,
                summary="Let a queue take no new callers; who waits already waits on.",
                body=CloseQueue,
                problems=(missing, conflict, away),
                roles=MAY_ORDER,
            ),
            Endpoint(
                method="DELETE",
                path="/api/floor/closed/{queue}",
                handler=self._open,
                summary="Let a closed queue take callers again.",
                problems=(missing, conflict, away),
                roles=MAY_ORDER,
            ),
            Endpoint(
                method="GET",
                path="/api/floor/announcements",
                handler=self._announcements,
                summary="Announcements for every new caller, the one that is on first.",
                answer=AnnouncementView,
                roles=WATCHERS,
            ),
            Endpoint(
                method="POST",
                path="/api/floor/announcements",
                handler=self._make,
                summary="Make an announcement of a shipped prompt or of typed words; it is off.",
                body=NewAnnouncement,
                answer=AnnouncementLine,
                problems=(conflict,),
                roles=MAY_ORDER,
            ),
            Endpoint(
                method="POST",
                path="/api/floor/announcements/recorded",
                handler=self._record,
                summary="Make an announcement of a recording, which is the body, in any common "
                "format; it is off.",
                answer=AnnouncementLine,
                query=(
                    Query(name="title", kind=_Title, why="what it is called"),
                    Query(name="file", kind=_File, why="name of the file, for its format"),
                ),
                problems=(bad, conflict, HTTPStatus.REQUEST_ENTITY_TOO_LARGE),
                roles=MAY_ORDER,
            ),
            Endpoint(
                method="GET",
                path="/api/floor/announcements/{announcement_id}/sound",
                handler=self._sound,
                summary="What callers hear, as WAV.",
                query=(Query(name="language", kind=Language, why="`zh` or `en`"),),
                problems=(bad, missing),
                media_type="audio/wav",
                roles=WATCHERS,
            ),
            Endpoint(
                method="PUT",
                path="/api/floor/announcement",
                handler=self._switch_on,
                summary="Play this announcement to every new caller, and no other.",
                body=SwitchOn,
                problems=(missing, conflict, away),
                roles=MAY_ORDER,
            ),
            Endpoint(
                method="DELETE",
                path="/api/floor/announcement",
                handler=self._switch_off,
                summary="Play no announcement any more.",
                problems=(conflict, away),
                roles=MAY_ORDER,
            ),
            Endpoint(
                method="GET",
                path="/api/floor/waiting",
                handler=self._waiting,
                summary="Who waits, the next to be served first; no caller is named.",
                answer=list[WaitingLine],
                query=(Query(name="queue", kind=str, why="only this queue"),),
                roles=WATCHERS,
            ),
            Endpoint(
                method="GET",
                path="/api/floor/skills",
                handler=self._skills,
                summary="Everybody who takes calls: skills, team, and the queues they serve now.",
                answer=list[AgentSkills],
                roles=WATCHERS,
            ),
            Endpoint(
                method="PUT",
                path="/api/floor/teams/{agent_id}",
                handler=self._team,
                summary="Put an agent into a team.",
                body=TeamChoice,
                problems=(missing,),
                roles=MAY_ORDER,
            ),
        )

    # --- queues --------------------------------------------------------------------------------

    async def _close(self, request: Request, visitor: Visitor) -> Response:
        queue = path_of(request, "queue", _Id)
        order = await body_of(request, CloseQueue)
        await _refusing(self._floor.close_queue(queue, order.reason, visitor.user.login))
        log.info("queue_closed", queue=queue, by=visitor.user.login)
        return done()

    async def _open(self, request: Request, visitor: Visitor) -> Response:
        queue = path_of(request, "queue", _Id)
        await _refusing(self._floor.open_queue(queue, visitor.user.login))
        log.info("queue_opened", queue=queue, by=visitor.user.login)
        return done()

    # --- announcements -------------------------------------------------------------------------

    async def _announcements(self, request: Request, visitor: Visitor) -> Response:
        del request, visitor
        return json_answer(await self._floor.announcements())

    async def _make(self, request: Request, visitor: Visitor) -> Response:
        wanted = await body_of(request, NewAnnouncement)
        if bool(wanted.prompt) == bool(wanted.zh.strip() or wanted.en.strip()):
            refuse(HTTPStatus.BAD_REQUEST, "bad_request")
        made = await _refusing(self._floor.make_announcement(wanted, visitor.user.login))
        return json_answer(made)

    async def _record(self, request: Request, visitor: Visitor) -> Response:
        title = query_of(request, "title", _Title, "")
        file_name = query_of(request, "file", _File, "")
        if not title or not file_name:
            refuse(HTTPStatus.BAD_REQUEST, "bad_request")
        audio = bytearray()
        async for chunk in request.stream():
            audio += chunk
            if len(audio) > MOST_AUDIO_BYTES:
                refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "audio_too_long")
        made = await _refusing(
            self._floor.record_announcement(title, file_name, bytes(audio), visitor.user.login)
        )
        return json_answer(made)

    async def _sound(self, request: Request, _visitor: Visitor) -> Response:
        announcement_id = path_of(request, "announcement_id", _Id)
        language: Language = query_of(request, "language", Language, "zh")
        sound = await self._floor.sound(announcement_id, language)
        if sound is None:
            refuse(HTTPStatus.NOT_FOUND, "unknown_announcement")
        return Response(sound, media_type="audio/wav")

    async def _switch_on(self, request: Request, visitor: Visitor) -> Response:
        order = await body_of(request, SwitchOn)
        by = visitor.user.login
        await _refusing(self._floor.switch_on(order.announcement_id, order.reason, by))
        log.info("announcement_on", announcement=order.announcement_id, by=by)
        return done()

    async def _switch_off(self, request: Request, visitor: Visitor) -> Response:
        del request
        await _refusing(self._floor.switch_off(visitor.user.login))
        log.info("announcement_off", by=visitor.user.login)
        return done()

    # --- callers and people --------------------------------------------------------------------

    async def _waiting(self, request: Request, _visitor: Visitor) -> Response:
        return json_answer(list(await self._floor.waiting(request.query_params.get("queue", ""))))

    async def _skills(self, request: Request, visitor: Visitor) -> Response:
        del request, visitor
        return json_answer(list(await self._floor.skills()))

    async def _team(self, request: Request, visitor: Visitor) -> Response:
        agent_id = path_of(request, "agent_id", _Id)
        choice = await body_of(request, TeamChoice)
        await _refusing(self._floor.set_team(agent_id, choice.team.strip()))
        log.info("team_set", agent=agent_id, team=choice.team, by=visitor.user.login)
        return done()


async def _refusing(work: Awaitable[_T]) -> _T:
    try:
        return await work
    except CommandRefusedError as refused:
        status = _STATUS.get(refused.code, HTTPStatus.CONFLICT)
        raise RefusedError(status, refused.code) from refused
