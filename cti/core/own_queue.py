"""The queue in which a caller waits for one certain agent.

``app_queue`` chooses members by penalty, never by name.  So every signed-in agent is a member of
one queue more, with a penalty that nobody else has, and a caller's ``QUEUE_MIN_PENALTY`` and
``QUEUE_MAX_PENALTY`` name it: the call rings there and nowhere else, and everything that Asterisk
and the engine do for queues (pauses, wrap-up, figures, queue_log) holds for it as well.
"""

import zlib
from typing import Final

from cti.core.agents import Membership
from cti.core.ids import AgentId, QueueName

OWN: Final = QueueName("hotline-own")
"""Its name; no queue of the bank may have it."""

_HASHED_FROM: Final = 1_000_000_000


def address(agent_id: AgentId) -> int:
    """Return the agent's penalty in the queue: the id itself where that is a short number.

    Other ids are hashed into a thousand million numbers; should two ever meet, a call meant for
    one of them may ring at the other.
    """
    if agent_id.isascii() and agent_id.isdecimal() and len(agent_id) <= 9 and agent_id[0] != "0":
        return int(agent_id)
    return _HASHED_FROM + zlib.crc32(agent_id.encode()) % _HASHED_FROM


def membership(agent_id: AgentId) -> Membership:
    """Return what makes the agent reachable by address."""
    return Membership(OWN, address(agent_id))
