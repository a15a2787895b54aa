"""The console's supervisors who hear calls, over the engine; and what agents are told of it."""

from collections.abc import Awaitable
from typing import Final, TypeVar

import msgspec

from agent_console.errors import MonitorRefusedError
from agent_console.messages import Monitored, MonitorMode, MonitorProblem, Role
from agent_console.monitor_messages import MonitorLine
from agent_console.ports import UserStore
from cti.core.calls import Call
from cti.core.ids import AgentId
from cti.errors import AmiError, CommandError
from cti.monitoring import MonitorRules, MonitorView, NotMonitoredError, Why
from hotline.roster import BankEngine, refusal
from hotline.settings import Settings
from hotline.settings.centre import MonitoringSettings

_T = TypeVar("_T")
_PROBLEMS: Final[dict[Why, MonitorProblem]] = {
    "off": "monitor_off",
    "no_phone": "monitor_no_phone",
    "unreachable": "monitor_unreachable",
    "nobody": "monitor_nobody",
    "another": "monitor_another",
    "own_phone": "monitor_own_phone",
    "over": "monitor_over",
}
_LOUDEST: Final[tuple[MonitorMode, ...]] = ("barge", "whisper", "listen")


def monitor_rules(settings: Settings) -> MonitorRules:
    """Return what the settings say."""
    return MonitorRules(
        enabled=settings.monitoring.enabled, ring=float(settings.monitoring.ring_seconds)
    )


class EngineMonitoring:
    """See :class:`agent_console.ports.MonitorPort`."""

    def __init__(self, engine: BankEngine, users: UserStore, settings: Settings) -> None:
        self._engine = engine
        self._users = users
        self.roles: frozenset[Role] = frozenset(settings.monitoring.roles)

    async def start(self, agent_id: str, mode: MonitorMode, by: str) -> MonitorLine:
        own = [phone.extension for phone in await self._users.phones() if phone.login == by]
        orders = self._engine.monitoring
        found = await _refusing(orders.start(AgentId(agent_id), own[0] if own else "", by, mode))
        return _line(found)

    async def change(self, mode: MonitorMode, by: str) -> MonitorLine:
        return _line(await _refusing(self._engine.monitoring.change(by, mode)))

    async def stop(self, by: str) -> None:
        await _refusing(self._engine.monitoring.stop(by))


def told(settings: MonitoringSettings, call: Call | None, agent_id: str) -> Monitored | None:
    """Return what the agent's page says of supervisors who hear the call; ``None``: nothing."""
    if call is None:
        return None
    modes = {one.mode for one in call.monitors if one.agent_id == agent_id}
    loudest = next((mode for mode in _LOUDEST if mode in modes), None)
    shown = settings.tell_agent == "always" or (
        settings.tell_agent == "barge" and loudest == "barge"
    )
    return Monitored(call_id=call.call_id, mode=loudest) if loudest and shown else None


async def _refusing(order: Awaitable[_T]) -> _T:
    try:
        return await order
    except NotMonitoredError as error:
        raise MonitorRefusedError(_PROBLEMS[error.why], str(error)) from error
    except (CommandError, AmiError) as error:
        raise refusal(error) from error


def _line(view: MonitorView) -> MonitorLine:
    return msgspec.convert(view, MonitorLine, from_attributes=True)
