"""Where a caller goes, and why: rules as data, one pure decision with its explanation.

The first rule whose conditions all hold decides.  Nothing here reads a file, a clock or Asterisk:
the menu's process loads the rules (:mod:`ivr.routing`) and decides at the queue node; the engine
carries out the escalation that the decision brings along (:mod:`cti.escalation`).
"""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, Literal, TypeAlias, get_args

import msgspec

from cti.core.events import Escalation, VerifiedLevel
from cti.core.ids import AgentId, QueueName

Segment: TypeAlias = Literal["diamond", "gold", "silver", "standard", "unknown"]
Weekday: TypeAlias = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]

DEFAULT_QUEUE: Final = "default"
"""In a rule: the queue of the number that was dialled."""
WEEKDAYS: Final[tuple[Weekday, ...]] = get_args(Weekday)
HIGHEST_PRIORITY: Final = 1000
_VOICEMAIL: Final = "=voicemail"
_CALLBACK: Final = "=callback"
"""These stand for a queue in encoded steps; no queue may have such a name."""
MOST_STEPS: Final = 5
"""Steps of an escalation; they travel in one line of AGI."""


class Window(msgspec.Struct, frozen=True):
    """Minutes of the day, from the first to before the last; the first may be the later one."""

    start: int
    end: int

    def holds(self, minute: int) -> bool:
        """Say whether the minute (0 to 1439) lies in the window."""
        if self.start < self.end:
            return self.start <= minute < self.end
        return minute >= self.start or minute < self.end


class Facts(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of a caller who wants a person."""

    segment: str = ""
    """Value segment; empty if nobody was recognised."""
    topic: str = "general"
    verified: VerifiedLevel = "none"
    language: str = "zh"
    dnis: str = ""
    """The number that was dialled."""
    default_queue: QueueName
    forced_queue: QueueName | None = None
    """A queue that the menu insists on; the rule then gives only priority and escalation."""
    closed: frozenset[QueueName] = frozenset()
    """Queues that take no new callers."""
    at: datetime
    """Now, in the bank's time zone."""


class Conditions(msgspec.Struct, frozen=True, kw_only=True):
    """All of them must hold; an empty one always does."""

    segment: tuple[str, ...] = ()
    topic: tuple[str, ...] = ()
    verified: tuple[str, ...] = ()
    language: tuple[str, ...] = ()
    dnis: tuple[str, ...] = ()
    default_queue: tuple[str, ...] = ()
    weekday: tuple[str, ...] = ()
    time: tuple[Window, ...] = ()

    @property
    def given(self) -> bool:
        """Whether there is a condition at all."""
        return any(getattr(self, name) for name in self.__struct_fields__)

    def judge(self, facts: Facts) -> tuple[tuple[str, ...], str]:
        """Return the reason codes of what holds, and the code of the first that does not."""
        met: list[str] = []
        for name in self.__struct_fields__:
            accepted = getattr(self, name)
            if not accepted:
                continue
            value = _value(facts, name)
            code = f"{name}={value}"
            if name == "time":
                minute = facts.at.hour * 60 + facts.at.minute
                holds = any(window.holds(minute) for window in self.time)
            else:
                holds = value in accepted
            if not holds:
                return tuple(met), code
            met.append(code)
        return tuple(met), ""


def _value(facts: Facts, name: str) -> str:
    match name:
        case "segment":
            return facts.segment or "unknown"
        case "weekday":
            return WEEKDAYS[facts.at.weekday()]
        case "time":
            return facts.at.strftime("%H:%M")
        case _:
            return str(getattr(facts, name))


class Escalate(msgspec.Struct, frozen=True, kw_only=True):
    """What a rule does for a caller who has waited ``after`` seconds in queues."""

    after: float
    queue: QueueName | None = None
    """Overflow to this queue."""
    priority: int | None = None
    raise_by: int = 0
    voicemail: bool = False
    """Ask for a message instead; always the last step."""
    callback: bool = False
    """Offer a callback; who does not want one waits on, and the later steps hold."""


class Prefer(msgspec.Struct, frozen=True, kw_only=True):
    """First ask the agent who last talked with the customer."""

    within: float
    """Seconds since that conversation, at most."""
    wait: float
    """Seconds for which that agent is asked; at once over if not signed in, paused or busy."""


class Rule(msgspec.Struct, frozen=True, kw_only=True):
    """One rule; ``priority`` of ``None`` means by segment."""

    id: str
    when: Conditions = Conditions()
    queue: str = DEFAULT_QUEUE
    priority: int | None = None
    raise_by: int = 0
    closed: str | None = None
    """The queue to take while that one is closed."""
    prefer: Prefer | None = None
    escalate: tuple[Escalate, ...] = ()


class Routing(msgspec.Struct, frozen=True, kw_only=True):
    """All rules, in order; the last one has no condition."""

    rules: tuple[Rule, ...]
    priority: dict[str, int] = {}
    """Priority by segment; others get 0."""


class Tried(msgspec.Struct, frozen=True):
    """A rule that did not decide, and the first condition that failed."""

    rule: str
    failed: str


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """Where the caller goes, and why."""

    rule: str
    queue: QueueName
    priority: int
    reasons: tuple[str, ...]
    """Codes such as ``segment=gold``, ``queue=default``, ``queue=forced``."""
    steps: tuple[Escalation, ...] = ()
    prefer: Prefer | None = None
    """Whether the last agent is to be asked first; who that is, :func:`preferring` adds."""
    agent: AgentId | None = None
    """The agent who is asked first."""
    tried: tuple[Tried, ...] = ()
    closed: bool = False
    """Whether the queue takes no new callers, nor the one in its stead."""


def decide(routing: Routing, facts: Facts) -> Decision:
    """Return the decision of the first rule that fits.

    A routing without a rule that fits (the loader refuses such) sends to the default queue.
    Without the PIN a number proves nothing, and nothing audible may depend on whom it names:
    whether such a caller is turned away is decided as for somebody whom nobody knows.
    """
    decision = _decide(routing, facts)
    if not facts.closed or facts.verified == "pin" or not facts.segment:
        return decision
    stranger = _decide(routing, msgspec.structs.replace(facts, segment=""))
    if stranger.closed:
        return msgspec.structs.replace(decision, closed=True)
    if not decision.closed:
        return decision
    reasons = (*decision.reasons, f"closed={decision.queue}")
    return msgspec.structs.replace(
        decision, queue=stranger.queue, steps=stranger.steps, closed=False, reasons=reasons
    )


def _decide(routing: Routing, facts: Facts) -> Decision:
    tried: list[Tried] = []
    for rule in routing.rules:
        met, failed = rule.when.judge(facts)
        if not failed:
            return _decision(routing, rule, facts, met, tuple(tried))
        tried.append(Tried(rule.id, failed))
    queue = facts.forced_queue or facts.default_queue
    return Decision(
        rule="",
        queue=queue,
        priority=0,
        reasons=("no-rule",),
        tried=tuple(tried),
        closed=queue in facts.closed,
    )


def _decision(
    routing: Routing, rule: Rule, facts: Facts, met: tuple[str, ...], tried: tuple[Tried, ...]
) -> Decision:
    reasons = list(met)
    if facts.forced_queue:
        queue = facts.forced_queue
        reasons.append("queue=forced")
    elif rule.queue == DEFAULT_QUEUE:
        queue = facts.default_queue
        reasons.append("queue=default")
    else:
        queue = QueueName(rule.queue)
    if queue in facts.closed and rule.closed is not None:
        instead = facts.default_queue if rule.closed == DEFAULT_QUEUE else QueueName(rule.closed)
        if instead not in facts.closed:
            reasons.append(f"closed={queue}")
            queue = instead
    segment = facts.segment or "unknown"
    if rule.priority is None:
        priority = routing.priority.get(segment, 0)
        if segment in routing.priority:
            reasons.append(f"priority={segment}")
    else:
        priority = rule.priority
    priority = _bounded(priority + rule.raise_by)
    steps: list[Escalation] = []
    at_queue, at_priority = queue, priority
    for escalate in rule.escalate:
        wanted = at_priority if escalate.priority is None else escalate.priority
        at_priority = max(at_priority, _bounded(wanted + escalate.raise_by))
        target = escalate.queue if escalate.queue != at_queue else None
        if escalate.voicemail:
            steps.append(Escalation(after=escalate.after, priority=at_priority, voicemail=True))
            break
        if escalate.callback:
            steps.append(Escalation(after=escalate.after, priority=at_priority, callback=True))
            continue
        if target is None and steps_priority(steps, priority) == at_priority:
            continue  # the caller is there already
        steps.append(Escalation(after=escalate.after, priority=at_priority, queue=target))
        at_queue = target or at_queue
    return Decision(
        rule=rule.id,
        queue=queue,
        priority=priority,
        reasons=tuple(reasons),
        steps=tuple(steps),
        prefer=rule.prefer,
        tried=tried,
        closed=queue in facts.closed,
    )


def preferring(decision: Decision, agent_id: AgentId | None) -> Decision:
    """Return the decision with the agent who last talked with the customer, if there is one."""
    if decision.prefer is None or agent_id is None:
        return decision
    reasons = (*decision.reasons, f"last-agent={agent_id}")
    return msgspec.structs.replace(decision, agent=agent_id, reasons=reasons)


def steps_priority(steps: Sequence[Escalation], first: int) -> int:
    """Return the priority after ``steps``, ``first`` before any."""
    return steps[-1].priority if steps else first


def _bounded(priority: int) -> int:
    return max(0, min(HIGHEST_PRIORITY, priority))


def due(steps: Sequence[Escalation], waited: float) -> Escalation | None:
    """Return the step to take for a caller who has waited ``waited`` seconds: the latest due.

    An overflow that an earlier one still owes is part of it; an offer that is late is left out.
    """
    ripe = [step for step in steps if waited >= step.after]
    if not ripe:
        return None
    queue = next((step.queue for step in reversed(ripe) if step.queue), None)
    return msgspec.structs.replace(ripe[-1], queue=queue)


def remaining(steps: Sequence[Escalation], taken: Escalation) -> tuple[Escalation, ...]:
    """Return what is still to come after ``taken``."""
    return tuple(step for step in steps if step.after > taken.after)


def encode_steps(steps: Sequence[Escalation]) -> str:
    """Return the steps as short text for a ``UserEvent``: ``60.40.;180.40.service``."""
    return ";".join(f"{step.after:.0f}.{step.priority}.{_where(step)}" for step in steps)


def _where(step: Escalation) -> str:
    if step.voicemail:
        return _VOICEMAIL
    return _CALLBACK if step.callback else step.queue or ""


def decode_steps(text: str) -> tuple[Escalation, ...]:
    """Read :func:`encode_steps`; raises :class:`ValueError` on anything else."""
    steps = []
    for part in filter(None, text.split(";")):
        after, priority, queue = part.split(".", 2)
        steps.append(
            Escalation(
                after=float(int(after)),
                priority=_bounded(int(priority)),
                queue=QueueName(queue) if queue not in ("", _VOICEMAIL, _CALLBACK) else None,
                voicemail=queue == _VOICEMAIL,
                callback=queue == _CALLBACK,
            )
        )
    return tuple(steps[:MOST_STEPS])
