"""HTTP requests about an agent's own work: notes, follow-ups, own calls and figures, the team."""

import hashlib
from collections.abc import Sequence
from http import HTTPStatus
from typing import Annotated, Final

import msgspec
from starlette.requests import Request
from starlette.responses import Response

from agent_console.desk_log import desk_call
from agent_console.guard import Endpoint, Query, body_of, done, json_answer, query_of, refuse
from agent_console.hub import Hub
from agent_console.messages import ENCODER
from agent_console.ports import Clock, Days, EnginePort, UserStore, VoiceMessages, WorkStore
from agent_console.rest_messages import (
    CallWork,
    FollowUpChange,
    FollowUpDraft,
    FollowUpLine,
    FollowUpOrder,
    OwnCall,
    OwnDay,
    Preferences,
    TeamMember,
    WorkDraft,
)
from agent_console.sign_in import Visitor
from agent_console.store.model import User
from agent_console.store.work_model import DeskCall, FollowUp, message_follow_up

DONE_SHOWN_S: Final = 24 * 3600.0
"""For so long a follow-up that is done stays in the list."""
_NAMES_S: Final = 30.0
_Limit = Annotated[int, msgspec.Meta(ge=1, le=100)]
_Before = Annotated[float, msgspec.Meta(ge=0, le=4_102_444_800)]


class Work:
    """The handlers and their endpoints."""

    def __init__(
        self,
        engine: EnginePort,
        hub: Hub,
        store: WorkStore,
        users: UserStore,
        days: Days,
        clock: Clock,
        voices: VoiceMessages | None = None,
    ) -> None:
        self._engine = engine
        self._hub = hub
        self._store = store
        self._users = users
        self._days = days
        self._clock = clock
        self._voices = voices
        self._colleagues: Sequence[User] = ()
        self._colleagues_at = float("-inf")

    def endpoints(self) -> list[Endpoint]:
        """Return the routes."""
        missing = (HTTPStatus.NOT_FOUND,)
        return [
            Endpoint(
                method="GET",
                path="/api/calls/{call_id}/work",
                handler=self._work,
                summary="What the agent has typed about an own call.",
                answer=CallWork,
                problems=missing,
            ),
            Endpoint(
                method="PUT",
                path="/api/calls/{call_id}/work",
                handler=self._save_work,
                summary="Store what the agent has typed; an older version than the stored one is "
                "refused.",
                body=WorkDraft,
                answer=CallWork,
                problems=(*missing, HTTPStatus.CONFLICT),
            ),
            Endpoint(
                method="GET",
                path="/api/calls",
                handler=self._calls,
                summary="The agent's own calls, newest first.",
                answer=list[OwnCall],
                query=(
                    Query(name="before", kind=_Before, why="answered before that moment"),
                    Query(name="limit", kind=_Limit, why="at most so many; 50 if left out"),
                ),
                problems=missing,
            ),
            Endpoint(
                method="GET",
                path="/api/day",
                handler=self._day,
                summary="The agent's own figures of the day.",
                answer=OwnDay,
                problems=missing,
            ),
            Endpoint(
                method="GET",
                path="/api/team",
                handler=self._team,
                summary="What the colleagues are doing now.",
                answer=list[TeamMember],
            ),
            Endpoint(
                method="GET",
                path="/api/follow-ups",
                handler=self._follow_ups,
                summary="What the person has promised, and what was done in the last day.",
                answer=list[FollowUpLine],
            ),
            Endpoint(
                method="POST",
                path="/api/follow-ups",
                handler=self._order,
                summary="Promise something; the same key again gives the same follow-up.",
                body=FollowUpOrder,
                answer=FollowUpLine,
                problems=missing,
            ),
            Endpoint(
                method="PUT",
                path="/api/follow-ups/{follow_up_id}",
                handler=self._change,
                summary="Change a promise, or say that it was kept.",
                body=FollowUpChange,
                answer=FollowUpLine,
                problems=missing,
            ),
            Endpoint(
                method="GET",
                path="/api/preferences",
                handler=self._preferences,
                summary="What the person likes.",
                answer=Preferences,
            ),
            Endpoint(
                method="PUT",
                path="/api/preferences",
                handler=self._prefer,
                summary="Remember what the person likes, on every browser.",
                body=Preferences,
            ),
        ]

    # --- a call's paperwork --------------------------------------------------------------------

    async def _work(self, request: Request, visitor: Visitor) -> Response:
        call_id = request.path_params["call_id"]
        kept = await self._store.call(_agent(visitor), call_id)
        if kept is None and self._hub.call(visitor.me, call_id) is None:
            refuse(HTTPStatus.NOT_FOUND, "unknown_call")
        return json_answer(_work_of(call_id, kept))

    async def _save_work(self, request: Request, visitor: Visitor) -> Response:
        agent_id, call_id = _agent(visitor), request.path_params["call_id"]
        draft = await body_of(request, WorkDraft)
        kept = await self._store.call(agent_id, call_id)
        if kept is None:
            pop = self._hub.call(visitor.me, call_id)
            if pop is None:
                refuse(HTTPStatus.NOT_FOUND, "unknown_call")
            await self._store.note_call(desk_call(agent_id, pop, self._clock()))
        told = "" if draft.follow_up is None else ENCODER.encode(draft.follow_up).decode()
        stored = await self._store.save_work(
            agent_id, call_id, seq=draft.seq, note=draft.note, draft=told, now=self._clock()
        )
        kept = await self._store.call(agent_id, call_id)
        same = kept is not None and (kept.seq, kept.note, kept.draft) == (
            draft.seq,
            draft.note,
            told,
        )
        if not stored and not same:
            refuse(HTTPStatus.CONFLICT, "newer_work")
        return json_answer(_work_of(call_id, kept))

    # --- own calls and figures -----------------------------------------------------------------

    async def _calls(self, request: Request, visitor: Visitor) -> Response:
        before = query_of(request, "before", _Before, self._clock() + 1)
        limit = query_of(request, "limit", _Limit, 50)
        calls = await self._store.calls(_agent(visitor), before, limit)
        promised = await self._store.follow_ups(visitor.user.login, float("-inf"))
        return json_answer([_own_call(call, promised) for call in calls])

    async def _day(self, request: Request, visitor: Visitor) -> Response:
        del request
        day = await self._days.own(_agent(visitor))
        _, end = self._days.today()
        promised = await self._store.follow_ups(visitor.user.login, self._clock())
        due = sum(1 for each in promised if each.done_at is None and each.due_at < end)
        return json_answer(msgspec.structs.replace(day, follow_ups_due=due))

    async def _team(self, request: Request, visitor: Visitor) -> Response:
        del request, visitor
        now = self._clock()
        if now - self._colleagues_at >= _NAMES_S:
            self._colleagues, self._colleagues_at = await self._users.users(), now
        states = self._engine.states()
        members = []
        for user in self._colleagues:
            status = states.get(user.agent_id or "")
            if status is None or user.agent_id is None or user.disabled:
                continue
            members.append(
                TeamMember(
                    agent_id=user.agent_id,
                    name=user.display_name,
                    state=status.state,
                    since=status.since,
                    reason=status.reason,
                )
            )
        return json_answer(members)

    # --- follow-ups ----------------------------------------------------------------------------

    async def _follow_ups(self, request: Request, visitor: Visitor) -> Response:
        del request
        found = await self._store.follow_ups(visitor.user.login, self._clock() - DONE_SHOWN_S)
        return json_answer([await self._line(each) for each in found])

    async def _order(self, request: Request, visitor: Visitor) -> Response:
        order = await body_of(request, FollowUpOrder)
        call = None
        if order.call_id is not None:
            call = await self._store.call(_agent(visitor), order.call_id)
            if call is None:
                refuse(HTTPStatus.NOT_FOUND, "unknown_call")
        named = hashlib.sha256(f"{visitor.user.login}\0{order.key}".encode()).hexdigest()
        kept = await self._store.add_follow_up(
            FollowUp(
                follow_up_id=named[:32],
                login=visitor.user.login,
                kind=order.kind,
                text=order.text,
                due_at=order.due_at,
                created_at=self._clock(),
                call_id=order.call_id,
                customer_id=call.customer_id if call else None,
                caller=(call.caller or call.number) if call else "",
            )
        )
        return json_answer(await self._line(kept))

    async def _change(self, request: Request, visitor: Visitor) -> Response:
        follow_up_id, login = request.path_params["follow_up_id"], visitor.user.login
        change = await body_of(request, FollowUpChange)
        kept = await self._store.follow_up(login, follow_up_id)
        if kept is None:
            refuse(HTTPStatus.NOT_FOUND, "unknown_follow_up")
        done_at = (kept.done_at or self._clock()) if change.done else None
        await self._store.change_follow_up(
            login, follow_up_id, text=change.text, due_at=change.due_at, done_at=done_at
        )
        changed = msgspec.structs.replace(
            kept, text=change.text, due_at=change.due_at, done_at=done_at
        )
        return json_answer(await self._line(changed))

    async def _line(self, kept: FollowUp) -> FollowUpLine:
        line = msgspec.convert(kept, FollowUpLine, from_attributes=True)
        if self._voices is None or kept.call_id is None:
            return line
        if kept.follow_up_id != message_follow_up(kept.call_id):
            return line
        seconds = await self._voices.seconds(kept.call_id)
        return msgspec.structs.replace(line, message_s=seconds)

    # --- preferences ---------------------------------------------------------------------------

    async def _preferences(self, request: Request, visitor: Visitor) -> Response:
        del request
        kept = await self._store.preferences(visitor.user.login)
        likes = msgspec.json.decode(kept, type=Preferences) if kept else Preferences()
        return json_answer(likes)

    async def _prefer(self, request: Request, visitor: Visitor) -> Response:
        likes = await body_of(request, Preferences)
        await self._store.set_preferences(visitor.user.login, ENCODER.encode(likes).decode())
        return done()


def _agent(visitor: Visitor) -> str:
    agent_id = visitor.user.agent_id
    if agent_id is None:
        refuse(HTTPStatus.NOT_FOUND, "not_an_agent")
    return agent_id


def _work_of(call_id: str, kept: DeskCall | None) -> CallWork:
    if kept is None:
        return CallWork(call_id=call_id, seq=0, note="")
    draft = msgspec.json.decode(kept.draft, type=FollowUpDraft) if kept.draft else None
    return CallWork(
        call_id=call_id, seq=kept.seq, note=kept.note, follow_up=draft, saved_at=kept.saved_at
    )


def _own_call(call: DeskCall, promised: Sequence[FollowUp]) -> OwnCall:
    fields = {name: getattr(call, name) for name in OwnCall.__struct_fields__ if name in _SHARED}
    return OwnCall(
        **fields, follow_ups=sum(1 for each in promised if each.call_id == call.call_id)
    )


_SHARED: Final = frozenset(DeskCall.__struct_fields__)
