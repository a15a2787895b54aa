"""Points in time as people write them on the command line."""

import re
from datetime import datetime, timedelta
from typing import Final

_BACK: Final = re.compile(r"(\d{1,6})([smhdw])")
_UNITS: Final = {"s": "seconds", "m": "minutes", "h": "hours", "d": "days", "w": "weeks"}


def moment(text: str, now: datetime) -> float:
    """Return seconds since the epoch for ``today``, ``yesterday``, ``now``, ``2h`` or a date.

    ``now`` is aware; dates without an offset are in its time zone.  Raises ``ValueError`` whose
    message names the accepted forms.
    """
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    named = {
        "now": now,
        "today": midnight,
        "yesterday": midnight - timedelta(days=1),
    }
    if text in named:
        return named[text].timestamp()
    back = _BACK.fullmatch(text)
    if back:
        return now.timestamp() - timedelta(**{_UNITS[back[2]]: int(back[1])}).total_seconds()
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        message = f"{text!r} is no time; accepted: today, yesterday, 2h, 3d, 2026-03-01T09:30"
        raise ValueError(message) from None
    return (found if found.tzinfo else found.replace(tzinfo=now.tzinfo)).timestamp()
