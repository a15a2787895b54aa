"""How the checker of the board compares a number with the books: equal, near, or between.

Imports nothing of the product.
"""

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from typing import Any, Final

from bench.board_books import Books, Count, Line

SECOND: Final = 1.05
"""By how much a duration of one call may differ: queue_log tells whole seconds, and Asterisk
reads the clock for the manager anew, milliseconds later."""


def mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


class Comparison:
    """Collects every difference in words, and how much was compared."""

    def __init__(self) -> None:
        self.faults: list[str] = []
        self.compared = 0

    def same(self, what: str, board: object, books: object) -> None:
        self.compared += 1
        if board != books:
            self.faults.append(f"{what}: the board says {board}, the books {books}")

    def near(
        self, what: str, board: float | None, books: float | None, by: float = SECOND
    ) -> None:
        self.compared += 1
        if (board is None) != (books is None) or (
            board is not None and books is not None and abs(board - books) > by
        ):
            self.faults.append(f"{what}: the board says {board}, the books {books} (± {by:.3g})")

    def within(self, what: str, board: float | None, low: float | None, high: float) -> None:
        self.compared += 1
        if (board is None) != (low is None) or (
            board is not None and low is not None and not low - 1e-9 <= board <= high + 1e-9
        ):
            self.faults.append(f"{what}: the board says {board}, the books {low} to {high}")


def level(count: Count, limits: Mapping[str, int], formula: str, least: bool) -> float | None:
    """Return the least or the greatest service level that whole seconds allow."""

    def within(seconds: int, queue: str) -> bool:
        # A wait of s whole seconds may have been almost one shorter or longer.
        limit = limits[queue]
        return seconds < limit if least else seconds <= limit

    answered = len(count.talks)
    answered_within = sum(within(talk.wait, talk.queue) for talk in count.talks)
    lost = len(count.lost_waits)
    assert formula == "of_offered", f"this checker knows of_offered, not {formula}"
    return answered_within / (answered + lost) if answered + lost else None


def fate(lines: Sequence[Line]) -> str:
    """Return what became of a call that ended, from its lines in queue_log."""
    if any(line.event == "CONNECT" for line in lines):
        return "reached"
    if not lines:
        return "hung_up"
    return "gave_up" if lines[-1].event == "ABANDON" else "turned_away"


def fates(books: Books) -> Counter[str]:
    """Count what became of the calls that have ended."""
    return Counter(fate(books.events.get(uniqueid, [])) for uniqueid in books.ended())


def wait_of(line: Line) -> int:
    """Return for how many seconds a caller had waited whose wait this line ends."""
    match line.event:
        case "CONNECT":
            return int(line.data[0])
        case "ABANDON":
            return int(line.data[2])
        case "EXITWITHKEY" | "WITHDRAW" | "EXITWITHTIMEOUT":
            return int(line.data[-1] if line.event == "EXITWITHKEY" else line.data[2])
    return 0


def limits_of(legend: Mapping[str, Any]) -> Mapping[str, int]:
    """Return the seconds of each queue's service level; 20 for a queue that names none."""
    limits: dict[str, int] = defaultdict(lambda: 20)
    return limits | {target["queue"]: target["seconds"] for target in legend["targets"]}
