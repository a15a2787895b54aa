"""Wrong folds, which the checker must notice."""

from collections.abc import Callable
from typing import Final

import msgspec

from cti.core import events as ev
from cti.history import fold

_Change = Callable[[ev.DomainEvent], ev.DomainEvent | None]


def _lost(event: ev.DomainEvent) -> ev.DomainEvent | None:
    """Forget who left the queue alive."""
    return None if isinstance(event, ev.CallLeftQueue) else event


def _late(event: ev.DomainEvent) -> ev.DomainEvent:
    """Count waits as three seconds longer."""
    if isinstance(event, ev.CallConnected):
        return msgspec.structs.replace(event, wait_time=event.wait_time + 3.0)
    return event


def _twice(event: ev.DomainEvent) -> ev.DomainEvent:
    """Count every phone that rang in vain as a call given up."""
    if isinstance(event, ev.AgentMissed):
        return ev.CallAbandoned(
            at=event.at, call_id=event.call_id, queue=event.queue, position=1, wait_time=1.0
        )
    return event


FAULTS: Final[dict[str, _Change]] = {"lost": _lost, "late": _late, "twice": _twice}


def plant(name: str) -> Callable[[], None]:
    """Plant the fault in every fold of this process; return what takes it out again."""
    change, count = FAULTS[name], fold.HistoryFold._count

    def wrong(self: fold.HistoryFold, start: int, event: ev.DomainEvent) -> None:
        changed = change(event)
        if changed is not None:
            count(self, start, changed)

    fold.HistoryFold._count = wrong  # type: ignore[method-assign] # the planted fault

    def undo() -> None:
        fold.HistoryFold._count = count  # type: ignore[method-assign] # as it was

    return undo
