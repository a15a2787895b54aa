"""What the operator decides about the console; :mod:`hotline` fills it from the settings."""

from pathlib import Path
from typing import Final

import msgspec

from agent_console import dispositions
from agent_console.messages import Catalogue, Choice
from crm_lookup.model import Text

WEB_DIST: Final = Path(__file__).parent / "web" / "dist"

PAUSE_REASONS: Final = (
    Choice(code="break", text=Text(zh="小休", en="Short break")),
    Choice(code="lunch", text=Text(zh="用餐", en="Lunch")),
    Choice(code="training", text=Text(zh="培训", en="Training")),
    Choice(code="meeting", text=Text(zh="会议", en="Meeting")),
    Choice(code="paperwork", text=Text(zh="案头工作", en="Paperwork")),
)

PAUSES_OF_THE_ENGINE: Final = {
    "missed-calls": Text(zh="连续未接来电", en="Missed calls"),
    "callback": Text(zh="正在为您接通回电", en="Callback being dialled"),
}
"""Reasons for which the engine pauses an agent; nobody can choose them."""

_OUTCOMES: Final = dispositions.read()

DEFAULT_CATALOGUE: Final = Catalogue(
    queues={},
    reasons=PAUSES_OF_THE_ENGINE,
    nodes={},
    pause_reasons=PAUSE_REASONS,
    disposition_groups=_OUTCOMES.groups,
    dispositions=_OUTCOMES.dispositions,
    extend_wrap_up_s=60.0,
)


class ConsoleConfig(msgspec.Struct, frozen=True, kw_only=True):
    """Settings of the console's web application; durations are seconds."""

    origins: tuple[str, ...]
    """Exact origins under which pages are served, e.g. ``https://hotline.bank.example``."""
    secure_cookies: bool = True
    """Browsers keep such cookies only from HTTPS or from this machine itself."""
    catalogue: Catalogue = DEFAULT_CATALOGUE
    session_lifetime_s: float = 12 * 3600.0
    """Nobody stays signed in for longer than this."""
    idle_timeout_s: float = 30 * 60.0
    """A session without an open page ends after this; an open page keeps it."""
    failed_sign_ins: int = 5
    """So many wrong passwords in a row lock an account for ``lock_s``."""
    lock_s: float = 15 * 60.0
    address_failures: int = 20
    """So many failed sign-ins of one address at once are checked; each comes back in
    ``address_refill_s``."""
    address_refill_s: float = 6.0
    slow_frames: int = 512
    """A page that has so many messages unread is closed."""
    slow_bytes: int = 1_048_576
    """The same in bytes."""
    command_timeout_s: float = 5.0
    sweep_s: float = 0.5
    """How often ended, expired and disabled sessions are looked for."""
    metrics_for_all: bool = False
    """Serve ``/metrics`` to other machines too; else only to loopback."""
    web_dist: Path = WEB_DIST
