"""``branch``: go on by what is known of the call, without a word.

What depends on the person must not be heard before the PIN; ``hotline flow lint`` sees to it.
"""

from collections.abc import Iterator, Mapping
from typing import ClassVar, Final, Literal, get_args

from cti.core.events import VerifiedLevel
from cti.core.routing import WEEKDAYS
from ivr.flow.calendar import DayKind, Moment, read_window
from ivr.flow.call import Call
from ivr.flow.effects import AskTime, KnowCaller
from ivr.flow.model import Flow, Goto, Node, NodeId, Script, do, register
from ivr.prompt_ids import LANGUAGES

_CLOSED: Final[dict[str, tuple[str, ...]]] = {
    "verified": get_args(VerifiedLevel),
    "language": LANGUAGES,
    "day": get_args(DayKind),
    "office": ("open", "closed"),
    "more": ("yes", "no"),
}
"""Words that a case of these may be; the others take any."""


@register
class BranchNode(Node, frozen=True, kw_only=True, tag="branch"):
    targets: ClassVar[tuple[str, ...]] = ("otherwise",)
    target_maps: ClassVar[tuple[str, ...]] = ("cases",)
    inaudible: ClassVar[tuple[str, ...]] = (*Node.inaudible, "cases")

    on: Literal[
        "segment",
        "verified",
        "language",
        "topic",
        "time",
        "weekday",
        "day",
        "office",
        "more",
        "value",
    ]
    """``day`` is ``workday``, ``weekend`` or ``holiday`` by the bank's calendar; ``office`` is
    ``open`` or ``closed`` by the hours in the settings; ``more`` is ``yes`` if the last
    look-up has another page."""
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
                read_window(case)
            elif self.on == "weekday":
                _weekdays(case)

    @property
    def is_personal(self) -> bool:
        """Whether the way depends on who was recognised."""
        return self.on in ("segment", "verified")

    def edges(self) -> Iterator[tuple[str, NodeId]]:
        yield from self.cases.items()
        yield "otherwise", self.otherwise

    def ways(self, pin: bool) -> Iterator[tuple[str, NodeId, bool]]:
        if self.on != "verified":
            yield from super().ways(pin)
            return
        for level in ("pin",) if pin else ("none", "number"):
            yield level, self.cases.get(level, self.otherwise), pin

    def run(self, flow: Flow, call: Call) -> Script[Goto | None]:
        if self.on in ("time", "weekday", "day", "office"):
            moment = yield from do(AskTime())
            return Goto(self._at(moment))
        if self.is_personal:
            yield from do(KnowCaller())
        if self.on == "more":
            known: str | None = "yes" if call.cursor else "no"
        elif self.on == "value":
            known = call.values.get(self.value)
        else:
            known = getattr(call, self.on)
        return Goto(self.cases.get(known or "", self.otherwise))

    def _at(self, moment: Moment) -> NodeId:
        """Return where the time leads; of several cases that hold, the first."""
        for case, target in self.cases.items():
            if self.on == "day":
                holds = case == moment.day
            elif self.on == "office":
                holds = case == ("open" if moment.is_open else "closed")
            elif self.on == "weekday":
                holds = moment.at.weekday() in _weekdays(case)
            else:
                holds = read_window(case).holds(moment.at.hour * 60 + moment.at.minute)
            if holds:
                return target
        return self.otherwise


def _weekdays(case: str) -> set[int]:
    """Read ``sat`` or ``mon-fri``, also over the week's end; 0 is Monday."""
    first, dash, last = case.partition("-")
    days: list[str] = list(WEEKDAYS)
    if first not in days or (dash and last not in days):
        raise ValueError(f"{case!r} is no weekday; accepted: {', '.join(days)}, or mon-fri")
    begin, end = days.index(first), days.index(last if dash else first)
    return {day % 7 for day in range(begin, end + (7 if end < begin else 0) + 1)}
