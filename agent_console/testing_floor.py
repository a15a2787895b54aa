"""A stand-in for what supervisors do on the floor, for tests and for looking at the page."""

from collections.abc import Sequence

from msgspec.structs import replace

from agent_console.errors import CommandRefusedError
from agent_console.floor_messages import (
    AgentSkills,
    AnnouncementKind,
    AnnouncementLine,
    AnnouncementView,
    ClosedLine,
    NewAnnouncement,
    PromptChoice,
    WaitingLine,
)
from agent_console.messages import ErrorCode
from agent_console.ports import Clock
from agent_console.store.model import Language
from crm_lookup.model import Text


class FakeFloor:
    """An :class:`agent_console.ports.Floor` in memory; nothing is played to anybody."""

    def __init__(self, clock: Clock, queues: Sequence[str] = ("service", "vip")) -> None:
        self._clock = clock
        self._queues = queues
        self._closed: dict[str, ClosedLine] = {}
        self._made: list[AnnouncementLine] = []
        self.callers: list[WaitingLine] = []
        self.people: list[AgentSkills] = []
        self.voices: tuple[Language, ...] = ("en",)
        self.acts: list[tuple[str, ...]] = []
        self.refuse_with: ErrorCode | None = None

    def closed(self) -> tuple[ClosedLine, ...]:
        return tuple(self._closed.values())

    def playing(self) -> AnnouncementLine | None:
        return next((one for one in self._made if one.on_since is not None), None)

    async def close_queue(self, queue: str, reason: str, by: str) -> None:
        self._act("close_queue", queue, reason, by)
        if queue not in self._queues:
            raise CommandRefusedError("unknown_queue")
        if queue in self._closed:
            raise CommandRefusedError("not_now")
        self._closed[queue] = ClosedLine(
            queue=queue, reason=reason, closed_by=by, closed_at=self._clock()
        )

    async def open_queue(self, queue: str, by: str) -> None:
        self._act("open_queue", queue, by)
        if queue not in self._queues:
            raise CommandRefusedError("unknown_queue")
        if self._closed.pop(queue, None) is None:
            raise CommandRefusedError("not_now")

    async def announcements(self) -> AnnouncementView:
        on = [one for one in self._made if one.on_since is not None]
        off = [one for one in self._made[::-1] if one.on_since is None]
        choice = PromptChoice(prompt="all_agents_busy", text=Text(zh="坐席全忙", en="All busy"))
        return AnnouncementView(announcements=(*on, *off), prompts=(choice,), voices=self.voices)

    async def make_announcement(self, wanted: NewAnnouncement, by: str) -> AnnouncementLine:
        self._act("make_announcement", wanted.prompt, wanted.zh, wanted.en, by)
        if wanted.prompt not in ("", "all_agents_busy"):
            raise CommandRefusedError("unknown_code")
        if wanted.zh and "zh" not in self.voices:
            raise CommandRefusedError("no_voice")
        return self._add("prompt" if wanted.prompt else "typed", wanted.prompt or wanted.en, by)

    async def record_announcement(
        self, title: str, file_name: str, audio: bytes, by: str
    ) -> AnnouncementLine:
        self._act("record_announcement", title, file_name, str(len(audio)), by)
        if not audio.startswith(b"RIFF"):
            raise CommandRefusedError("bad_audio")
        return self._add("recorded", title, by)

    async def sound(self, announcement_id: str, language: Language) -> bytes | None:
        known = {one.announcement_id for one in self._made}
        return b"RIFF" + language.encode() if announcement_id in known else None

    async def switch_on(self, announcement_id: str, reason: str, by: str) -> None:
        self._act("switch_on", announcement_id, reason, by)
        if announcement_id not in {one.announcement_id for one in self._made}:
            raise CommandRefusedError("unknown_announcement")
        self._made = [
            replace(one, on_since=self._clock(), on_by=by, reason=reason)
            if one.announcement_id == announcement_id
            else replace(one, on_since=None)
            for one in self._made
        ]

    async def switch_off(self, by: str) -> None:
        self._act("switch_off", by)
        if self.playing() is None:
            raise CommandRefusedError("not_now")
        self._made = [replace(one, on_since=None) for one in self._made]

    async def waiting(self, queue: str) -> tuple[WaitingLine, ...]:
        return tuple(one for one in self.callers if queue in ("", one.queue))

    async def skills(self) -> tuple[AgentSkills, ...]:
        return tuple(self.people)

    async def set_team(self, agent_id: str, team: str) -> None:
        self._act("set_team", agent_id, team)
        if agent_id not in {one.agent_id for one in self.people}:
            raise CommandRefusedError("unknown_agent")
        self.people = [
            replace(one, team=team) if one.agent_id == agent_id else one for one in self.people
        ]

    def _act(self, *act: str) -> None:
        if self.refuse_with is not None:
            raise CommandRefusedError(self.refuse_with)
        self.acts.append(act)

    def _add(self, kind: AnnouncementKind, title: str, by: str) -> AnnouncementLine:
        made = AnnouncementLine(
            announcement_id=f"a{len(self._made) + 1}",
            kind=kind,
            title=title,
            seconds=4.5,
            made_by=by,
            made_at=self._clock(),
            on_since=None,
            on_by="",
            reason="",
        )
        self._made.append(made)
        return made
