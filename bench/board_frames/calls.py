"""Calls as Asterisk tells of them: recordings of its manager interface, played under new names."""

import random
import re
import uuid
from pathlib import Path
from typing import Final, NamedTuple

_FIXTURES: Final = Path(__file__).parents[2] / "tests/fixtures/ami"
_END: Final = "\r\n\r\n"
_NO_CALL: Final = ("FullyBooted", "QueueMemberAdded", "QueueMemberRemoved")
_NAMES: Final = (
    # What a call is known by in the recording, and what stands for it in the template.
    (r"Timestamp: [0-9.]+", "Timestamp: {at}"),
    (r"PJSIP/1001-[0-9a-f]{8}", "PJSIP/{agent}-{leg}"),
    (r"PJSIP/trunk-carrier-[0-9a-f]{8}", "PJSIP/trunk-carrier-{number}"),
    (r"PJSIP/1001", "PJSIP/{agent}"),
    (r"(?m)^(MemberName|DestCallerIDNum|Exten|DestExten): 1001(?=\r?$)", r"\1: {agent}"),
    (r"(?m)^Queue: service(?=\r?$)", "Queue: {queue}"),
    (r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[0-9a-f]{4}-[0-9a-f]{12}", "{call}"),
)


class Moment(NamedTuple):
    """What Asterisk says at one instant of a call."""

    after: float
    """Seconds after the call's beginning."""
    template: str
    ends: bool
    """Whether it is the answer, or the caller giving up: what the board counts."""


class Recording:
    """One recorded call."""

    def __init__(self, name: str, ending: str) -> None:
        """``ending`` is the event that the board counts."""
        text = (_FIXTURES / f"{name}.ami").read_bytes().decode()
        events = [m for m in text.split(_END) if re.match(r"Event: (?!Queue(Params|Member$))", m)]
        told = [m for m in events if _field(m, "Event") not in _NO_CALL]
        first = float(_field(told[0], "Timestamp"))
        caller = _field(told[0], "Uniqueid")
        self.moments: list[Moment] = []
        for message in told:
            after = float(_field(message, "Timestamp")) - first
            ends = _field(message, "Event") == ending
            template = _template(message, caller) + _END
            last = self.moments[-1] if self.moments else None
            if last is not None and after - last.after < 0.05:
                self.moments[-1] = Moment(last.after, last.template + template, last.ends or ends)
            else:
                self.moments.append(Moment(after, template, ends))
        assert sum(moment.ends for moment in self.moments) == 1, name
        self.length = self.moments[-1].after


ANSWERED: Final = ("answered_caller_ends", "AgentConnect")
ABANDONED: Final = ("abandoned", "QueueCallerAbandon")


class Names(NamedTuple):
    """What one played call is known by."""

    call: str
    number: str
    leg: str
    agent: str
    queue: str

    @classmethod
    def new(cls, number: int, agent: str, queue: str, rng: random.Random) -> "Names":
        call = str(uuid.UUID(int=rng.getrandbits(128), version=4))
        return cls(call, f"{2 * number:08x}", f"{2 * number + 1:08x}", agent, queue)

    def told(self, moment: Moment, at: float) -> str:
        """Return what Asterisk would say ``at`` (seconds since the epoch)."""
        return moment.template.format(at=f"{at:.6f}", **self._asdict())


def _template(message: str, caller: str) -> str:
    text = message.replace("{", "{{").replace("}", "}}")
    for pattern, name in _NAMES:
        text = re.sub(pattern, name, text)
    text = re.sub(re.escape(caller) + r"(?![0-9])", "lab-1795000000.{number}", text)
    text = re.sub(r"lab-1795[0-9]{6}\.[0-9]+(?![0-9])", "lab-1795000000.{leg}", text)
    left = re.search(r"\b1001\b|: service\b|(?m:^Timestamp: [0-9])", text)
    assert left is None, f"the recording's own {left and left[0]!r} was not renamed in {text}"
    return text


def _field(message: str, name: str) -> str:
    found = re.search(rf"(?m)^{name}: ([^\r]*)", message)
    return found[1] if found else ""
