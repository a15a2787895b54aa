"""The in-memory twin of :class:`agent_console.store.work.SqlWorkStore`."""

from collections.abc import Sequence
from typing import Any

from msgspec.structs import replace

from agent_console.store.work_model import DeskCall, FollowUp


class MemoryWorkStore:
    """A :class:`agent_console.ports.WorkStore` that forgets everything at exit."""

    def __init__(self) -> None:
        self._calls: dict[tuple[str, str], DeskCall] = {}
        self._follow_ups: dict[str, FollowUp] = {}
        self._preferences: dict[str, str] = {}

    async def note_call(self, call: DeskCall) -> None:
        self._calls.setdefault((call.agent_id, call.call_id), call)

    async def note_end(self, agent_id: str, call_id: str, ended_at: float) -> None:
        self._change(agent_id, call_id, ended_at=ended_at)

    async def note_disposition(self, agent_id: str, call_id: str, code: str) -> None:
        self._change(agent_id, call_id, disposition=code)

    async def note_customer(
        self, agent_id: str, call_id: str, customer_id: str, caller: str
    ) -> None:
        self._change(agent_id, call_id, customer_id=customer_id, caller=caller)

    async def save_work(
        self, agent_id: str, call_id: str, *, seq: int, note: str, draft: str, now: float
    ) -> bool:
        kept = self._calls.get((agent_id, call_id))
        if kept is None or kept.seq >= seq:
            return False
        self._change(agent_id, call_id, seq=seq, note=note, draft=draft, saved_at=now)
        return True

    async def call(self, agent_id: str, call_id: str) -> DeskCall | None:
        return self._calls.get((agent_id, call_id))

    async def calls(self, agent_id: str, before: float, limit: int) -> Sequence[DeskCall]:
        own = [c for c in self._calls.values() if c.agent_id == agent_id]
        earlier = [c for c in own if c.connected_at < before]
        return sorted(earlier, key=lambda c: (-c.connected_at, c.call_id))[:limit]

    async def add_follow_up(self, follow_up: FollowUp) -> FollowUp:
        return self._follow_ups.setdefault(follow_up.follow_up_id, follow_up)

    async def follow_up(self, login: str, follow_up_id: str) -> FollowUp | None:
        kept = self._follow_ups.get(follow_up_id)
        return kept if kept is not None and kept.login == login else None

    async def follow_ups(self, login: str, done_after: float) -> Sequence[FollowUp]:
        own = [f for f in self._follow_ups.values() if f.login == login]
        shown = [f for f in own if f.done_at is None or f.done_at > done_after]
        return sorted(shown, key=lambda f: (f.due_at, f.follow_up_id))[:500]

    async def due(self, after: float, until: float) -> Sequence[FollowUp]:
        found = (
            f for f in self._follow_ups.values() if f.done_at is None and after < f.due_at <= until
        )
        return sorted(found, key=lambda f: (f.due_at, f.follow_up_id))

    async def change_follow_up(
        self, login: str, follow_up_id: str, *, text: str, due_at: float, done_at: float | None
    ) -> bool:
        kept = await self.follow_up(login, follow_up_id)
        if kept is None:
            return False
        changed = replace(kept, text=text, due_at=due_at, done_at=done_at)
        self._follow_ups[follow_up_id] = changed
        return True

    async def preferences(self, login: str) -> str:
        return self._preferences.get(login, "")

    async def set_preferences(self, login: str, body: str) -> None:
        self._preferences[login] = body

    async def forget_customer(self, customer_id: str) -> int:
        notes = [key for key, c in self._calls.items() if c.customer_id == customer_id]
        for agent_id, call_id in notes:
            self._change(
                agent_id, call_id, customer_id=None, caller="", number="", note="", draft=""
            )
        promised = [k for k, f in self._follow_ups.items() if f.customer_id == customer_id]
        for key in promised:
            del self._follow_ups[key]
        return len(notes) + len(promised)

    def _change(self, agent_id: str, call_id: str, **values: Any) -> None:
        kept = self._calls.get((agent_id, call_id))
        if kept is not None:
            self._calls[agent_id, call_id] = replace(kept, **values)
