"""What the self-test found out."""

import math
from collections.abc import Sequence

import msgspec


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that was tried."""

    name: str
    ok: bool
    seconds: float
    detail: str


class PopLatency(msgspec.Struct, frozen=True, kw_only=True):
    """Milliseconds from Asterisk's ``AgentCalled`` to the pop at the console."""

    p50: float | None
    p99: float | None
    n: int


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """The whole result; ``ok`` only if every step passed."""

    ok: bool
    asterisk: str
    steps: Sequence[Step]
    pop_ms: PopLatency


def broken(error: Exception) -> Report:
    """Return the result of a self-test that could not even begin, or broke off."""
    detail = f"{type(error).__name__}: {error}"
    step = Step(name="self-test", ok=False, seconds=0.0, detail=detail)
    return Report(ok=False, asterisk="", steps=(step,), pop_ms=latency(()))


def latency(milliseconds: Sequence[float]) -> PopLatency:
    """Summarise latencies; percentiles by nearest rank, ``None`` when there are none."""
    ordered = sorted(milliseconds)

    def rank(share: float) -> float | None:
        if not ordered:
            return None
        return round(ordered[max(math.ceil(share * len(ordered)) - 1, 0)], 1)

    return PopLatency(p50=rank(0.5), p99=rank(0.99), n=len(ordered))
