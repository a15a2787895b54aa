"""What manager.conf must let through for the engine; the template of that file renders this.

Responses and the items of lists (``QueueStatus``, ``CoreShowChannels``) pass unfiltered.
"""

from typing import Final

EVENTS: Final[tuple[str, ...]] = (
    "FullyBooted",
    "Newstate",
    "Hold",
    "Unhold",
    "HangupRequest",
    "Hangup",
    "QueueCallerJoin",
    "QueueCallerAbandon",
    "AgentCalled",
    "AgentRingNoAnswer",
    "AgentConnect",
    "AgentComplete",
    "QueueMemberAdded",
    "QueueMemberRemoved",
    "QueueMemberPause",
    "QueueMemberPenalty",
    "QueueMemberStatus",
    "UserEvent",
)
"""Each becomes a line ``eventfilter(name(X)) =``, which Asterisk matches by hash."""

READ: Final[tuple[str, ...]] = ("system", "call", "agent", "user")
"""Read classes; ``system`` is needed for ``FullyBooted`` alone (seen on 22.10.1)."""

WRITE: Final[tuple[str, ...]] = ("agent", "call", "reporting")
"""Write classes.

``agent`` for ``QueueAdd`` etc., ``reporting`` for ``CoreShowChannels``, ``call`` for ``Redirect``,
``Hangup`` and ``Setvar`` (transfers); ``Originate`` and dialplan commands stay refused.
"""

WRITE_ORIGINATE: Final[tuple[str, ...]] = (*WRITE, "originate")
"""The same where a queue offers callbacks, or supervisors may hear calls.

``docs/callbacks.md`` and ``docs/monitoring.md`` say what that means.
"""
