"""Which queues an agent serves, on which phone: from the users' store into Asterisk."""

from collections.abc import Awaitable, Sequence
from typing import TypeAlias

from agent_console.errors import CommandRefusedError
from agent_console.messages import SkillChoice
from agent_console.ports import UserStore
from agent_console.store import Skill
from crm_lookup.model import CustomerBrief
from cti.core import own_queue
from cti.core.ids import AgentId, QueueName
from cti.engine import Engine, QueueMembership
from cti.errors import (
    AmiError,
    CommandError,
    NotAllowedNowError,
    QueueClosedError,
    UnknownAgentError,
    UnknownCallError,
    UnknownQueueError,
)
from hotline.settings.centre import QueueSettings

BankEngine: TypeAlias = Engine[CustomerBrief]


class Roster:
    """Signs agents in to the queues of their skills."""

    def __init__(
        self, engine: BankEngine, users: UserStore, queues: Sequence[QueueSettings]
    ) -> None:
        self._engine = engine
        self._users = users
        self._settings = queues

    async def set_skills(self, agent_id: str, skills: Sequence[SkillChoice]) -> None:
        """Replace the agent's skills in the store; refuses unknown agents and queues."""
        login = await self._login(agent_id)
        if login is None:
            raise CommandRefusedError("unknown_agent", f"there is no agent {agent_id}")
        known = {queue.name for queue in self._settings}
        wrong = [skill.queue for skill in skills if skill.queue not in known]
        if wrong:
            raise CommandRefusedError("unknown_queue", f"there is no queue {wrong[0]!r}")
        wanted = {skill.queue for skill in skills}
        for old in await self._users.skills(login):
            if old.queue not in wanted:
                await self._users.remove_skill(login, old.queue)
        for skill in skills:
            await self._users.set_skill(
                Skill(login=login, queue=skill.queue, penalty=skill.penalty)
            )

    async def sign_in(self, agent_id: str, by: str = "") -> None:
        """Make the agent a member of the queues of their skills, where that is missing."""
        wanted = await self._memberships(agent_id)
        agent = self._engine.agent(AgentId(agent_id))
        if set(agent.queues) == set(wanted):
            return
        extension = await self._extension(agent_id)
        if extension is None:
            raise CommandRefusedError("not_now", f"agent {agent_id} has no phone, or is disabled")
        await refusing(self._engine.sign_in(AgentId(agent_id), f"PJSIP/{extension}", wanted, by))

    async def _memberships(self, agent_id: str) -> list[QueueMembership]:
        """Return the agent's skills; who has none gets the queues that the settings say."""
        login = await self._login(agent_id)
        skills = [] if login is None else await self._users.skills(login)
        penalties = {skill.queue: skill.penalty for skill in skills}
        queues = [
            QueueMembership(queue=QueueName(q.name), penalty=penalties.get(q.name, 0))
            for q in self._settings
            if (q.name in penalties if skills else not q.members or agent_id in q.members)
        ]
        return [*queues, own_queue.membership(AgentId(agent_id))] if queues else []

    async def _extension(self, agent_id: str) -> str | None:
        logins = {
            user.login
            for user in await self._users.users()
            if user.agent_id == agent_id and not user.disabled
        }
        phones = await self._users.phones()
        return next((phone.extension for phone in phones if phone.login in logins), None)

    async def _login(self, agent_id: str) -> str | None:
        users = await self._users.users()
        return next((user.login for user in users if user.agent_id == agent_id), None)


async def refusing(command: Awaitable[None]) -> None:
    try:
        await command
    except (CommandError, AmiError) as error:
        raise refusal(error) from error


def refusal(error: Exception) -> CommandRefusedError:
    match error:
        case AmiError():
            return CommandRefusedError("engine_away", str(error))
        case UnknownCallError():
            return CommandRefusedError("unknown_call", str(error))
        case QueueClosedError():
            return CommandRefusedError("queue_closed", str(error))
        case UnknownQueueError():
            return CommandRefusedError("unknown_queue", str(error))
        case NotAllowedNowError() | UnknownAgentError():
            return CommandRefusedError("not_now", str(error))
        case _:
            return CommandRefusedError("internal", str(error))
