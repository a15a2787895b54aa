"""The records of an agent's paperwork: calls at the desk with their notes, and follow-ups.

Times are epoch seconds (UTC).  Names and numbers are masked before they get here.
"""

import hashlib
from typing import Literal

import msgspec


class DeskCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that stood on an agent's desk, and what the agent wrote about it."""

    agent_id: str
    call_id: str
    queue: str
    reason: str
    verified: str
    caller: str
    """As the pop showed it, masked; empty for nobody we know."""
    number: str
    """Masked."""
    customer_id: str | None
    connected_at: float
    ended_at: float | None = None
    disposition: str = ""
    seq: int = 0
    """Number of the newest stored version of the paperwork."""
    note: str = ""
    draft: str = ""
    """The follow-up that is being written, as JSON; empty when there is none."""
    saved_at: float | None = None


class FollowUp(msgspec.Struct, frozen=True, kw_only=True):
    """Something that an agent has promised."""

    follow_up_id: str
    """Made from the owner and the page's key, so that it exists once."""
    login: str
    kind: Literal["task", "callback"]
    text: str
    due_at: float
    created_at: float
    done_at: float | None = None
    call_id: str | None = None
    customer_id: str | None = None
    caller: str = ""


def message_follow_up(call_id: str) -> str:
    """Return the id of the follow-up that a caller's message becomes; no page can make one."""
    return hashlib.sha256(f"voicemail\0{call_id}".encode()).hexdigest()[:32]
