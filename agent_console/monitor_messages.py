"""The records of supervisors who hear calls; the one place of their spelling.

The conventions of :mod:`agent_console.messages` hold.
"""

from typing import Annotated, Literal

import msgspec

from agent_console.messages import MonitorMode, Record


class MonitorOrder(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``POST /api/monitor``: ring my phone and let me hear this agent's call."""

    agent_id: Annotated[str, msgspec.Meta(min_length=1, max_length=64)]
    mode: MonitorMode


class ModeOrder(Record, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Body of ``PUT /api/monitor``: go over to another mode."""

    mode: MonitorMode


class MonitorLine(Record, frozen=True, kw_only=True):
    """A supervisor who hears a call, or whose phone rings for it."""

    call_id: str
    agent_id: str
    by: str
    """The supervisor's login."""
    mode: MonitorMode
    state: Literal["ringing", "running"]
    since: float
