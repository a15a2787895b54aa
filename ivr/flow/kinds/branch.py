"""``branch``: go on by what is known of the call, without a word.

What depends on the person must not be heard before the PIN; ``hotline flow lint`` sees to it.
"""

import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, Literal, get_args

from cti.core.events import VerifiedLevel
from cti.core.routing import WEEKDAYS, Window
from ivr.flow.calendar import DayKind, Moment
from ivr.flow.call import Call
from ivr.flow.effects import AskTime, KnowCaller
from ivr.flow.model import Flow, Goto, Node, NodeId, Script, do, register
from ivr.prompt_ids import LANGUAGES

_CLOSED: Final[dict[str, tuple[str, ...]]] = {
    "verified": get_args(VerifiedLevel),
    "language": LANGUAGES,
    "day": get_args(DayKind),
}
"""Words that a case of these may be; the others take any."""
_WINDOW: Final = re.compile(r"([01]\d|2[0-3]):([0-5]\d)-(?:([01]\d|2[0-3]):([0-5]\d)|24:00)")


@register
class BranchNode(Node, frozen=True, kw_only=True, tag="branch"):
    targets: ClassVar[tuple[str, ...]] = ("otherwise",)
    inaudible: ClassVar[tuple[str, ...]] = (*Node.inaudible, "cases")

    on: Literal["segment", "verified", "language", "topic", "time", "weekday", "day", "value"]
    """``day`` is ``workday``, ``weekend`` or ``holiday`` by the bank's calendar."""
    value: str = ""
    """With ``on: value``: the name that a ``set`` node gave."""
    cases: Mapping[str, NodeId]
    otherwise: NodeId

    def __post_init__(self) -> None:
        if (self.on == "value") != bool(self.value):
            raise ValueError("'on: value' needs the field 'value', and only that does")
        accepted = _CLOSED.get(self.on)
        for case in self.cases:
            if accepted is not None and case not in accepted:
                raise ValueError(f"{self.on} is never {case!r}; accepted: {', '.join(accepted)}")
            if self.on == "time":
                _window(case)
            elif self.on == "weekday":
                _weekdays(case)

    @property
    def is_personal(self) -> bool:
        """Whether the way depends on who was recognised."""
        return self.on in ("segment", "verified")

    def edges(self) -> Iterator[tuple[str, NodeId]]:
        yield from self.cases.items()
        yield "otherwise", self.otherwise

    def place(self, label: str) -> tuple[str | int, ...]:
        return ("cases", label) if label in self.cases else (label,)

    def ways(self, pin: bool) -> Iterator[tuple[str, NodeId, bool]]:
        if self.on != "verified":
            yield from super().ways(pin)
            return
        for level in ("pin",) if pin else ("none", "number"):
            yield level, self.cases.get(level, self.otherwise), pin

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        if self.on in ("time", "weekday", "day"):
            moment = yield from do(AskTime())
            return Goto(self._at(moment))
        if self.is_personal:
            yield from do(KnowCaller())
        known = call.values.get(self.value) if self.on == "value" else getattr(call, self.on)
        return Goto(self.cases.get(known or "", self.otherwise))

    def _at(self, moment: Moment) -> NodeId:
        """Return where the time leads; of several cases that hold, the first."""
        for case, target in self.cases.items():
            if self.on == "day":
                holds = case == moment.day
            elif self.on == "weekday":
                holds = moment.at.weekday() in _weekdays(case)
            else:
                holds = _window(case).holds(moment.at.hour * 60 + moment.at.minute)
            if holds:
                return target
        return self.otherwise


def _window(case: str) -> Window:
    """Read ``09:00-17:30``; ``22:00-06:00`` goes over midnight."""
    match = _WINDOW.fullmatch(case)
    if match is None:
        raise ValueError(f"{case!r} is no time of day; write it like 09:00-17:30")
    end = 1440 if match[3] is None else int(match[3]) * 60 + int(match[4])
    start = int(match[1]) * 60 + int(match[2])
    if start == end:
        raise ValueError(f"{case!r} begins when it ends; write it like 09:00-17:30")
    return Window(start, end)


def _weekdays(case: str) -> set[int]:
    """Read ``sat`` or ``mon-fri``, also over the week's end; 0 is Monday."""
    first, dash, last = case.partition("-")
    days: list[str] = list(WEEKDAYS)
    if first not in days or (dash and last not in days):
        raise ValueError(f"{case!r} is no weekday; accepted: {', '.join(days)}, or mon-fri")
    begin, end = days.index(first), days.index(last if dash else first)
    return {day % 7 for day in range(begin, end + (7 if end < begin else 0) + 1)}
