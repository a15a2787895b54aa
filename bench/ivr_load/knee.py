"""Which rate to try next, and what the rates that were tried say about the knee.

A step is one run of SIPp at one rate.  A rate is passed when a step at it passed, and failed when
:data:`TRIES` steps at it did not, so that one hiccup of a shared machine is not taken for a limit.
A step in which SIPp itself was too busy says nothing of the menu: the search of that side ends.
"""

from collections.abc import Sequence
from typing import Any, Final, Literal, NamedTuple, TypeAlias

ALLOWED: Final = 0.001
"""Share of calls that may fail below the knee."""
VOID: Final = 0.7
"""SIPp above so many cores measures itself."""
TRIES: Final = 2
WITHIN: Final = 0.06
"""How near to each other, as a share, the highest passed and the lowest failed rate shall be."""

Step: TypeAlias = dict[str, Any]
Result: TypeAlias = Literal["passed", "failed", "void", "open"]


class Knee(NamedTuple):
    """What is known of one side, in calls a second."""

    passed: float | None
    """The highest rate that passed below every rate that failed or was void."""
    failed: float | None
    """The lowest rate that failed."""
    void: float | None
    """The lowest rate at which SIPp was too busy."""


def passed(step: Step) -> bool:
    """Tell whether a step was valid, placed calls and let no more of them fail than is allowed."""
    return not step["void"] and step["calls"] > 0 and step["failed"] <= ALLOWED * step["calls"]


def result(steps: Sequence[Step], side: str, rate: float) -> Result:
    """Say what the steps of one side at one rate amount to."""
    own = [one for one in steps if one["side"] == side and one["rate"] == rate]
    if any(map(passed, own)):
        return "passed"
    if any(one["void"] for one in own):
        return "void"
    return "failed" if len(own) >= TRIES else "open"


def knee(steps: Sequence[Step], side: str) -> Knee:
    """Return what the steps say of one side."""
    rates = {one["rate"]: "" for one in steps if one["side"] == side}
    found = {rate: result(steps, side, rate) for rate in rates}
    failed = min((rate for rate, what in found.items() if what == "failed"), default=None)
    void = min((rate for rate, what in found.items() if what == "void"), default=None)
    wrong = [rate for rate in (failed, void) if rate is not None]
    right = [rate for rate, what in found.items() if what == "passed"]
    below = [rate for rate in right if not wrong or rate < min(wrong)]
    return Knee(max(below, default=None), failed, void)


def next_step(
    steps: Sequence[Step], sides: Sequence[str], rates: Sequence[float]
) -> tuple[str, float] | None:
    """Return the side and the rate to try next, or nothing when all is known that can be.

    First the given rates from the lowest on, the sides in turn, each until it has failed; then
    rates between the last that passed and the first that failed.
    """
    known = {side: knee(steps, side) for side in sides}
    for rate in sorted(rates):
        for side in sides:
            _, failed, void = known[side]
            over = any(end is not None and end <= rate for end in (failed, void))
            if not over and result(steps, side, rate) == "open":
                return side, rate
    for side in sides:
        low, high, void = known[side]
        if low is None or high is None or void is not None:
            continue
        middle = float(round((low + high) / 2))
        if high - low > WITHIN * high and low < middle < high:
            return side, middle
    return None


def told(side: str, found: Knee) -> str:
    """Say in words what is known of one side."""
    if found.passed is None:
        return f"knee of {side}: below all rates that were tried"
    if found.void is not None and (found.failed is None or found.void < found.failed):
        return f"knee of {side}: not reached; void at {found.void:g}/s, SIPp was too busy"
    if found.failed is None:
        return f"knee of {side}: not reached; {found.passed:g}/s passed"
    return f"knee of {side}: {found.passed:g}/s passed, {found.failed:g}/s failed"


def ratio(ours: Knee, plain: Knee) -> tuple[float, bool] | None:
    """Return our knee as a share of the other, and whether it is exact.

    It is a lower bound when only the other side's knee was reached, and unknown when that was not.
    """
    if ours.passed is None or plain.passed is None or plain.failed is None:
        return None
    return ours.passed / plain.passed, ours.failed is not None
