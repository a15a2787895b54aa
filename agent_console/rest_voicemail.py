"""The HTTP request for what a caller said after the tone, by whoever has to call back.

A browser asks for it in parts (``Range``).  That somebody listens stands in the audit before the
first byte leaves.
"""

from http import HTTPStatus
from typing import Final

from starlette.requests import Request
from starlette.responses import FileResponse, Response

from agent_console.guard import Endpoint, path_of, refuse
from agent_console.ports import Clock, VoiceMessages, WorkStore
from agent_console.sign_in import Visitor
from agent_console.store.work_model import message_follow_up
from crm_lookup.masking import VIEWERS
from crm_lookup.unmasking import Look, LookAudit

NOTED_FOR_S: Final = 60.0
"""For so long one line of the audit stands for the parts that one person asks for."""
_MOST_NOTED: Final = 1_000
FIELD: Final = "voicemail"


class Voicemail:
    """The handler and its endpoint."""

    def __init__(
        self, store: WorkStore, voices: VoiceMessages, audit: LookAudit, clock: Clock
    ) -> None:
        self._store = store
        self._voices = voices
        self._audit = audit
        self._clock = clock
        self._noted: dict[tuple[str, str], float] = {}

    def endpoints(self) -> tuple[Endpoint, ...]:
        """Return the route."""
        return (
            Endpoint(
                method="GET",
                path="/api/follow-ups/{follow_up_id}/message",
                handler=self._hear,
                summary="The message that the caller left, as WAV, whole or in parts (`Range`), "
                "for whose follow-up it is. The audit has a line of it first.",
                problems=(HTTPStatus.NOT_FOUND,),
                media_type="audio/wav",
            ),
        )

    async def _hear(self, request: Request, visitor: Visitor) -> Response:
        login = visitor.user.login
        kept = await self._store.follow_up(login, path_of(request, "follow_up_id", str))
        if kept is None or kept.call_id is None:
            refuse(HTTPStatus.NOT_FOUND, "unknown_follow_up")
        of_message = kept.follow_up_id == message_follow_up(kept.call_id)
        path = await self._voices.file(kept.call_id) if of_message else None
        if path is None:
            refuse(HTTPStatus.NOT_FOUND, "no_value")
        now = self._clock()
        if now - self._noted.get((login, kept.call_id), float("-inf")) >= NOTED_FOR_S:
            role = visitor.user.role
            await self._audit.note_look(
                Look(
                    at=now,
                    actor=login,
                    role=role if role in VIEWERS else "none",
                    action="unmask",
                    customer_id=(kept.customer_id or "")[:32],
                    field=FIELD,
                    level="none",
                    reason=f"follow-up {kept.follow_up_id}",
                    call_id=kept.call_id[:64],
                    outcome="shown",
                )
            )
            self._note(login, kept.call_id, now)
        return FileResponse(path, media_type="audio/wav")

    def _note(self, login: str, call_id: str, now: float) -> None:
        self._noted.pop((login, call_id), None)
        self._noted[login, call_id] = now
        while len(self._noted) > _MOST_NOTED:
            del self._noted[next(iter(self._noted))]
