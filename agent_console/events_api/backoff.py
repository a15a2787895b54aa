"""When a delivery is tried again, and when it is given up.  Pure."""

import random
from typing import Final

from msgspec.structs import replace

from agent_console.events_api.sender import Outcome
from agent_console.store.integration_model import Delivery

FIRST_S: Final = 2.0
LONGEST_S: Final = 3600.0
GIVE_UP_S: Final = 24 * 3600.0
"""So long after the event a delivery is given up, unless the settings say otherwise."""


def pause(attempts: int, chance: float) -> float:
    """Return the seconds to wait after so many failures; ``chance`` (0…1) is the jitter."""
    whole = min(LONGEST_S, FIRST_S * 2.0 ** min(attempts - 1, 20))
    return whole * (0.5 + 0.5 * chance)


def after_failure(
    delivery: Delivery,
    outcome: Outcome,
    now: float,
    give_up_s: float = GIVE_UP_S,
    chance: float | None = None,
) -> Delivery:
    """Return the delivery as it stands after a failed attempt."""
    attempts = delivery.attempts + 1
    jitter = random.random() if chance is None else chance  # noqa: S311 - spreads load, no secret
    next_at = now + pause(attempts, jitter)
    dead = outcome.gone or next_at - delivery.created_at > give_up_s
    return replace(
        delivery,
        state="dead" if dead else "failed",
        attempts=attempts,
        next_at=next_at,
        last_error=outcome.detail[:200],
    )
