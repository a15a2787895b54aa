"""What supervisors do with queues, announcements and callers, over the engine and the store.

The store knows what must hold after a restart and is written first; what Asterisk then refuses is
taken back.
"""

import time
from collections.abc import Sequence
from typing import get_args

import msgspec

from agent_console.errors import CommandRefusedError
from agent_console.floor_messages import (
    AgentSkills,
    AnnouncementLine,
    AnnouncementView,
    ClosedLine,
    NewAnnouncement,
    WaitingLine,
)
from agent_console.messages import Segment, SkillChoice
from agent_console.ports import FloorStore, UserStore
from agent_console.store.floor import Announcement, ClosedQueue
from agent_console.store.model import Language
from cti.core.calls import Call
from cti.core.ids import AgentId, QueueName
from hotline.announcements import AnnouncementMaker
from hotline.roster import BankEngine, refusing
from hotline.settings.centre import QueueSettings


class BankFloor:
    """See :class:`agent_console.ports.Floor`."""

    def __init__(
        self,
        engine: BankEngine,
        store: FloorStore,
        users: UserStore,
        maker: AnnouncementMaker,
        queues: Sequence[QueueSettings],
    ) -> None:
        self._engine = engine
        self._store = store
        self._users = users
        self._maker = maker
        self._queues = tuple(queue.name for queue in queues)
        self._closed: tuple[ClosedLine, ...] = ()
        self._playing: Announcement | None = None

    async def load(self) -> None:
        """Take over what an earlier run left; before the engine connects to Asterisk."""
        await self._read()
        on = self._playing
        sounds = {} if on is None else {"zh": on.sound_zh, "en": on.sound_en}
        self._engine.doors.restore((QueueName(one.queue) for one in self._closed), sounds)

    async def _read(self) -> None:
        found = await self._store.closed()
        self._closed = tuple(msgspec.convert(c, ClosedLine, from_attributes=True) for c in found)
        newest = await self._store.announcements(1)
        self._playing = next((one for one in newest if one.on_since is not None), None)

    # --- queues --------------------------------------------------------------------------------

    def closed(self) -> tuple[ClosedLine, ...]:
        return self._closed

    async def close_queue(self, queue: str, reason: str, by: str) -> None:
        if queue not in self._queues:
            raise CommandRefusedError("unknown_queue", f"there is no queue {queue!r}")
        if any(one.queue == queue for one in self._closed):
            raise CommandRefusedError("not_now", f"queue {queue} is closed already")
        closed = ClosedQueue(queue=queue, reason=reason, closed_by=by, closed_at=time.time())
        await self._store.set_closed(queue, closed)
        try:
            await refusing(
                self._engine.doors.close(self._engine.world, QueueName(queue), reason, by)
            )
        except CommandRefusedError:
            await self._store.set_closed(queue, None)
            raise
        await self._read()

    async def open_queue(self, queue: str, by: str) -> None:
        before = {one.queue: one for one in await self._store.closed()}.get(queue)
        if before is None:
            known = queue in self._queues
            raise CommandRefusedError("not_now" if known else "unknown_queue", f"{queue} is open")
        await self._store.set_closed(queue, None)
        try:
            await refusing(self._engine.doors.open(QueueName(queue), by))
        except CommandRefusedError:
            await self._store.set_closed(queue, before)
            raise
        await self._read()

    # --- announcements -------------------------------------------------------------------------

    def playing(self) -> AnnouncementLine | None:
        return None if self._playing is None else _line(self._playing)

    async def announcements(self) -> AnnouncementView:
        found = await self._store.announcements()
        return AnnouncementView(
            announcements=tuple(_line(one) for one in found),
            prompts=self._maker.prompts(),
            voices=self._maker.voices,
        )

    async def make_announcement(self, wanted: NewAnnouncement, by: str) -> AnnouncementLine:
        if wanted.prompt:
            return await self._add(self._maker.of_prompt(wanted.prompt, by))
        return await self._add(await self._maker.of_words(wanted, by))

    async def record_announcement(
        self, title: str, file_name: str, audio: bytes, by: str
    ) -> AnnouncementLine:
        return await self._add(await self._maker.of_recording(title, file_name, audio, by))

    async def _add(self, made: Announcement) -> AnnouncementLine:
        await self._store.add_announcement(made)
        return _line(made)

    async def sound(self, announcement_id: str, language: Language) -> bytes | None:
        found = await self._store.announcement(announcement_id)
        return None if found is None else self._maker.sound(found, language)

    async def switch_on(self, announcement_id: str, reason: str, by: str) -> None:
        found = await self._store.announcement(announcement_id)
        if found is None:
            raise CommandRefusedError("unknown_announcement", announcement_id)
        if found.on_since is not None:
            raise CommandRefusedError("not_now", "it is on already")
        before = self._playing
        await self._store.switch(announcement_id, time.time(), by, reason)
        sounds = {"zh": found.sound_zh, "en": found.sound_en}
        try:
            await refusing(self._engine.doors.announce(announcement_id, sounds, reason, by))
        except CommandRefusedError:
            await self._take_back(before)
            raise
        await self._read()

    async def switch_off(self, by: str) -> None:
        before = self._playing
        if before is None:
            raise CommandRefusedError("not_now", "no announcement is on")
        await self._store.switch(None, time.time(), by, "")
        try:
            await refusing(self._engine.doors.silence(before.announcement_id, by))
        except CommandRefusedError:
            await self._take_back(before)
            raise
        await self._read()

    async def _take_back(self, before: Announcement | None) -> None:
        if before is None:
            await self._store.switch(None, 0.0, "", "")
        else:
            at = before.on_since or time.time()
            await self._store.switch(before.announcement_id, at, before.on_by, before.reason)

    # --- callers and people --------------------------------------------------------------------

    async def waiting(self, queue: str) -> tuple[WaitingLine, ...]:
        calls = [
            call
            for call in self._engine.world.living()
            if call.state in ("queued", "ringing") and call.queue and queue in ("", call.queue)
        ]
        calls.sort(key=lambda call: (call.queue, -call.priority, _since(call)))
        places: dict[str, int] = {}
        found = []
        for call in calls:
            name = str(call.queue)
            places[name] = places.get(name, 0) + 1
            found.append(
                WaitingLine(
                    call_id=call.call_id,
                    queue=name,
                    position=places[name],
                    priority=call.priority,
                    waiting_since=_since(call),
                    ringing=call.state == "ringing",
                    reason=call.reason,
                    language=call.language,
                    verified=call.verified,
                    segment=segment_of(call),
                )
            )
        return tuple(found)

    async def skills(self) -> tuple[AgentSkills, ...]:
        skills = await self._users.skills()
        return tuple(
            AgentSkills(
                agent_id=user.agent_id,
                name=user.display_name,
                team=user.team,
                skills=tuple(
                    SkillChoice(queue=skill.queue, penalty=skill.penalty)
                    for skill in skills
                    if skill.login == user.login
                ),
                serves=tuple(
                    m.queue
                    for m in self._engine.agent(AgentId(user.agent_id)).queues
                    if m.queue in self._queues
                ),
            )
            for user in sorted(await self._users.users(), key=lambda u: (u.team, u.display_name))
            if user.agent_id and not user.disabled
        )

    async def set_team(self, agent_id: str, team: str) -> None:
        users = await self._users.users()
        login = next((user.login for user in users if user.agent_id == agent_id), None)
        if login is None:
            raise CommandRefusedError("unknown_agent", f"there is no agent {agent_id}")
        await self._users.set_team(login, team)


def _line(one: Announcement) -> AnnouncementLine:
    return msgspec.convert(one, AnnouncementLine, from_attributes=True)


def segment_of(call: Call) -> Segment | None:
    """Return the tier of the call's customer, as the menu knew it."""
    return next((name for name in get_args(Segment) if name == call.segment), None)


def _since(call: Call) -> float:
    return call.waiting_since if call.waiting_since is not None else call.since
