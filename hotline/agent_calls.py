"""What agents do with the call that they have: from the console to the engine's call control."""

from collections.abc import Sequence

from agent_console import messages as msg
from agent_console.errors import CommandRefusedError
from cti.core.ids import AgentId, QueueName
from hotline.roster import BankEngine, refusing
from hotline.settings.centre import QueueSettings


class AgentCalls:
    """Implements :class:`agent_console.ports.CallsPort`."""

    def __init__(self, engine: BankEngine, queues: Sequence[QueueSettings]) -> None:
        self._engine = engine
        self._settings = queues

    async def leave_call(self, agent_id: str, call_id: str) -> None:
        await refusing(self._engine.control.hang_up(self._who(agent_id, call_id)))

    async def transfer(
        self, agent_id: str, call_id: str, *, queue: str | None, target: str | None, reason: str
    ) -> None:
        who, control = self._who(agent_id, call_id), self._engine.control
        if queue is not None:
            if queue not in {setting.name for setting in self._settings}:
                raise CommandRefusedError("unknown_queue", f"there is no queue {queue!r}")
            await refusing(control.transfer_to_queue(who, QueueName(queue), reason))
        elif target is not None:
            await refusing(control.transfer_to_agent(who, AgentId(target), reason))

    async def consult(self, agent_id: str, call_id: str, target: str) -> None:
        who = self._who(agent_id, call_id)
        await refusing(self._engine.control.consult(who, AgentId(target)))

    async def settle_consultation(
        self, agent_id: str, call_id: str, how: msg.ConsultationEnd
    ) -> None:
        who, control = self._who(agent_id, call_id), self._engine.control
        do = {
            "transfer": control.complete_transfer,
            "conference": control.conference,
            "cancel": control.cancel_consult,
        }
        await refusing(do[how](who))

    def _who(self, agent_id: str, call_id: str) -> AgentId:
        """Return the agent, who must have this very call now."""
        if self._engine.agent(AgentId(agent_id)).call_id != call_id:
            raise CommandRefusedError("unknown_call", f"agent {agent_id} has not {call_id} now")
        return AgentId(agent_id)
