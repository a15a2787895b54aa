"""Makes a message that a caller left somebody's follow-up, so that it is not forgotten.

It goes to the agent who talked with the customer last, if they take calls of that queue; else to
whoever takes them and has the fewest open follow-ups, those at work first.  The page of its owner
lists it at once and reminds them when it falls due.
"""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

import structlog

from agent_console.ports import UserStore, WorkStore
from agent_console.store.model import User
from agent_console.store.work_model import FollowUp, message_follow_up
from crm_lookup.masking import masked_phone
from crm_lookup.model import CustomerBrief, CustomerId
from crm_lookup.ports import LastAgents
from cti.core import events as ev
from cti.core.calls import Call
from cti.core.ids import AgentId
from cti.core.world import World
from cti.tasks import Tasks

log = structlog.get_logger(__name__)

_KNOWN_FOR: Final = 90 * 86400.0
"""Seconds after which whoever talked with a customer is no longer asked first."""

BriefOf = Callable[[CustomerId], Awaitable[CustomerBrief | None]]


class VoicemailTasks:
    """Listens to the engine's events, off their way to the pages."""

    def __init__(
        self,
        world: World,
        *,
        users: UserStore,
        work: WorkStore,
        last_agents: LastAgents,
        brief: BriefOf,
        within: float,
    ) -> None:
        """``brief`` looks a customer up; ``within`` so many seconds the message is to be heard."""
        self._world = world
        self._users = users
        self._work = work
        self._last_agents = last_agents
        self._brief = brief
        self._within = within
        self._tasks = Tasks()
        self._one_by_one = asyncio.Lock()

    def take(self, message: object) -> None:
        """Note a message that a caller left."""
        if not isinstance(message, ev.VoicemailLeft):
            return
        call = self._world.calls.get(message.call_id)
        if call is not None:
            number = self._world.trace(call.call_id).caller_number
            presented = self._world.rules.to_e164(number) if number else ""
            self._tasks.spawn(self._note(call, message, presented), "voicemail-task")

    async def stop(self) -> None:
        """Forget what is not written yet; the message itself stays."""
        await self._tasks.stop()

    async def _note(self, call: Call, left: ev.VoicemailLeft, number: str) -> None:
        try:
            async with self._one_by_one:  # so that the next one sees who has got how many
                await self._assign(call, left, number)
        except Exception as error:  # noqa: BLE001 -- the message stays; no call may suffer
            log.warning("voicemail_task_not_made", call=call.call_id, error=type(error).__name__)

    async def _assign(self, call: Call, left: ev.VoicemailLeft, number: str) -> None:
        owner = await self._owner(call, left.at)
        if owner is None:
            log.warning(
                "voicemail_task_not_made",
                call=call.call_id,
                error="nobody takes this queue's calls",
            )
            return
        customer_id = CustomerId(call.customer_id) if call.customer_id is not None else None
        brief = await self._brief(customer_id) if customer_id is not None else None
        await self._work.add_follow_up(
            FollowUp(
                follow_up_id=message_follow_up(call.call_id),
                login=owner.login,
                kind="callback",
                text=(
                    f"语音留言 {left.seconds} 秒，请听后回电"
                    if owner.language == "zh"
                    else f"Voicemail of {left.seconds} s: listen and call back"
                ),
                due_at=left.at + self._within,
                created_at=left.at,
                call_id=call.call_id,
                customer_id=customer_id,
                caller=brief.name if brief is not None else masked_phone(number),
            )
        )
        log.info("voicemail_task_made", call=call.call_id, login=owner.login)

    async def _owner(self, call: Call, now: float) -> User | None:
        queue = call.served_as
        skilled = {skill.login for skill in await self._users.skills() if skill.queue == queue}
        able = [user for user in await self._users.users() if _takes_calls(user)]
        able = [user for user in able if user.login in skilled] or able
        if call.customer_id is not None:
            known = await self._last_agents.last_agent(
                CustomerId(call.customer_id), now - _KNOWN_FOR
            )
            for user in able:
                if user.agent_id == known:
                    return user
        return await self._least_busy(able)

    async def _least_busy(self, able: Sequence[User]) -> User | None:
        ranks = []
        for user in able:
            agent = self._world.agents.get(AgentId(user.agent_id or ""))
            away = agent is None or agent.state == "logged_out"
            held = len(await self._work.follow_ups(user.login, float("inf")))
            ranks.append((away, held, user.login, user))
        return min(ranks, key=lambda rank: rank[:3])[3] if ranks else None


def _takes_calls(user: User) -> bool:
    return user.agent_id is not None and not user.disabled
