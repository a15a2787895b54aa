"""Turns the engine's pops and queue views into parts of messages.  Pure."""

from typing import Any, Final

from agent_console import messages as m
from crm_lookup.masking import masked_phone
from cti.core.calls import Call
from cti.pops import PopRaised
from cti.views import QueueView

WITHDRAWN: Final[dict[str, m.WithdrawnReason]] = {
    "missed": "no_answer",
    "abandoned": "abandoned",
    "answered_elsewhere": "elsewhere",
    "left_queue": "ended",
    "resync": "ended",
}
"""The engine's causes of withdrawal in the page's words."""


def wire_pop(pop: PopRaised[Any], call: Call | None, e164: str, *, ended: bool = False) -> m.Pop:
    """Return the pop as the page sees it; ``e164`` is the caller's number, which is masked here.

    ``call`` tells when the agent answered, if that was before the pop.
    """
    phase: m.CallPhase = "ended" if ended else "connected" if pop.connected else "ringing"
    connected_at = call.connected_at if call is not None and pop.connected else None
    return m.Pop(
        call_id=pop.call_id,
        phase=phase,
        queue=pop.queue,
        reason=pop.reason,
        menu_path=tuple(filter(None, pop.menu_path.split(">"))),
        verified=pop.verified,
        language="en" if pop.language == "en" else "zh",
        number=masked_phone(e164),
        queued_at=_queued_at(pop, call),
        raised_at=pop.raised_at,
        connected_at=connected_at,
        ended_at=call.since if call is not None and ended else None,
        brief=_BRIEF[pop.brief_status],
        customer=None if pop.brief is None else m.card_of(pop.brief),
    )


def queue_line(view: QueueView, now: float) -> m.QueueLine:
    """Return the queue as the page's strip shows it."""
    # Whole seconds, so that the same caller's beginning does not differ from one look to the next.
    since = round(now - view.longest_wait) if view.waiting else None
    return m.QueueLine(
        queue=view.queue,
        waiting=view.waiting,
        longest_since=since,
        available=view.agents.get("available", 0),
    )


_BRIEF: Final[dict[str, m.BriefState]] = {
    "ready": "ready",
    "pending": "loading",
    "none": "unknown",
}


def _queued_at(pop: PopRaised[Any], call: Call | None) -> float:
    if call is not None and call.queued_at is not None:
        return call.queued_at
    return pop.raised_at - pop.wait_time
