"""Sums over the last hour and the last quarter of an hour, kept up at little work a second.

Whoever adds all minutes of an hour each second adds the rows of hundreds of agents sixty times
over.  Sums of whole numbers can also be taken apart again: what is new is added, and a minute that
falls out of a window is subtracted from it.
"""

from collections.abc import Iterable
from typing import Final

from cti.history.figures import Figures

HOUR: Final = 3600
FIFTEEN_MINUTES: Final = 900


class Windows:
    """Add what was folded by minutes, then ask for the sums at a moment."""

    def __init__(self, lengths: Iterable[int] = (HOUR, FIFTEEN_MINUTES)) -> None:
        """Keep one sum for each of ``lengths`` (seconds)."""
        self._minutes: dict[int, Figures] = {}
        """By their beginnings; their rows begin at 0."""
        self._sums = {length: Figures() for length in lengths}
        self._begins = dict.fromkeys(self._sums, float("-inf"))
        """Minutes from then on are in the sum."""

    def add(self, figures: Figures) -> None:
        """Count rows of any minutes; those that lie before a window are not in its sum."""
        for start in figures.starts():
            more = figures.between(start, start + 1).together()
            self._minutes.setdefault(start, Figures()).add(more)
            for length, begin in self._begins.items():
                if start >= begin:
                    self._sums[length].add(more)

    def sums(self, now: float) -> tuple[Figures, ...]:
        """Return the sums of the minutes that began since each length ago; do not change them."""
        for length in self._sums:
            self._move(length, now - length)
        oldest = min(self._begins.values())
        for start in [start for start in self._minutes if start < oldest]:
            del self._minutes[start]
        return tuple(self._sums.values())

    def _move(self, length: int, begin: float) -> None:
        """Let the window begin at another moment; a clock that was set back widens it again."""
        total, before = self._sums[length], self._begins[length]
        for start, minute in self._minutes.items():
            if before <= start < begin:
                total.subtract(minute)
            elif begin <= start < before:
                total.add(minute)
        self._begins[length] = begin
