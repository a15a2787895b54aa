"""One agent: the record, the state table and its inputs."""

from typing import Final, Literal, TypeAlias

import msgspec

from cti.core.events import AgentState
from cti.core.ids import AgentId, CallId, QueueName
from cti.core.machine import Table
from cti.core.records import Device

WRAP_UP: Final = "wrap-up"
"""The reason under which Asterisk pauses a member while the agent wraps up; ours alone."""

MISSED_CALLS: Final = "missed-calls"
"""The reason under which the engine pauses an agent who let too many calls ring in vain."""

RESERVED: Final = "callback"
"""The reason under which an agent is kept free for a customer who is being called back."""

AgentInput: TypeAlias = Literal[
    "signed_in",
    "signed_out",
    "offered",
    "answered",
    "held",
    "resumed",
    "wrapping",
    "paused",
    "phone_busy",
    "freed",
    "freed, pause wanted",
    "freed, phone busy",
    "freed, signed out",
]

_FREED: Final[dict[str, AgentState]] = {
    "freed": "available",
    "freed, pause wanted": "paused",
    "freed, phone busy": "on_call",
    "freed, signed out": "logged_out",
}
_ENGAGED: Final[dict[str, AgentState]] = {"wrapping": "wrap_up", **_FREED}

TABLE: Final[Table[AgentState]] = Table(
    "agent",
    "logged_out",
    {
        "logged_out": {"signed_in": "available", **_FREED},
        "available": {
            "offered": "ringing",
            "answered": "on_call",
            "paused": "paused",
            "phone_busy": "on_call",
            "signed_out": "logged_out",
            "wrapping": "wrap_up",
            **_FREED,
        },
        "ringing": {"offered": "ringing", "answered": "on_call", **_FREED},
        "on_call": {
            "held": "on_hold",
            "answered": "on_call",
            "offered": "ringing",
            **_ENGAGED,
        },
        "on_hold": {"resumed": "on_call", "answered": "on_call", **_ENGAGED},
        "wrap_up": {"answered": "on_call", "offered": "ringing", **_ENGAGED},
        "paused": {
            "paused": "paused",
            "offered": "ringing",
            "answered": "on_call",
            "signed_out": "logged_out",
            "wrapping": "wrap_up",
            **_FREED,
        },
    },
)


class Membership(msgspec.Struct, frozen=True):
    """The agent takes calls of ``queue``; a lower penalty is asked first."""

    queue: QueueName
    penalty: int = 0


class Agent(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """One agent; times are seconds since the epoch."""

    agent_id: AgentId
    interface: str = ""
    state: AgentState = "logged_out"
    since: float
    """When ``state`` began."""
    memberships: tuple[Membership, ...] = ()
    call_id: CallId | None = None
    queue: QueueName | None = None
    """Queue of the present call or wrap-up."""
    leg_uniqueid: str = ""
    """The agent's own leg of the present call."""
    pause_reason: str = ""
    """Why the agent is, or after this call will be, paused; empty: not paused."""
    misses: int = 0
    """Calls in a row that rang in vain, since the agent last answered or became available."""
    device: Device = "unknown"
    wrap_up_since: float | None = None
    wrap_up_until: float | None = None

    @property
    def reason(self) -> str:
        """The reason that goes with the state: of the pause, or of the wrap-up."""
        if self.state == "wrap_up":
            return WRAP_UP
        return self.pause_reason if self.state == "paused" else ""


def freed(agent: Agent) -> AgentInput:
    """Return the input that lets go of an agent's call or wrap-up, by what waits for the agent."""
    if not agent.memberships:
        return "freed, signed out"
    if agent.pause_reason:
        return "freed, pause wanted"
    return "freed, phone busy" if agent.device in ("in_use", "on_hold") else "freed"


def step(agent: Agent, symbol: AgentInput, at: float, **changes: object) -> Agent:
    """Return the agent after ``symbol``, with the given fields changed too.

    Raises :class:`cti.core.machine.IllegalTransitionError` when the table has no such row.
    """
    state = TABLE.next(agent.state, symbol)
    if state != agent.state:
        changes |= {"state": state, "since": at}
        if agent.state in ("logged_out", "paused"):
            changes["misses"] = 0
    if symbol in _FREED or symbol in ("signed_in", "signed_out"):
        changes |= {
            "call_id": None,
            "queue": None,
            "leg_uniqueid": "",
            "wrap_up_since": None,
            "wrap_up_until": None,
        }
    return msgspec.structs.replace(agent, **changes)
