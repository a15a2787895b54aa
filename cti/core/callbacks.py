"""One callback: its record, its state table, its place, and whose turn it is.

A caller who accepts a callback keeps a virtual place among the callers of the queue.  Pure: no
I/O, no clock.  The number to dial is direct personal data and never stands here:
:mod:`cti.callbacks` keeps it in a table of its own.
"""

from collections.abc import Iterable, Sequence
from typing import Final, Literal, NamedTuple, TypeAlias

import msgspec

from cti.core import events as ev
from cti.core.agents import Agent
from cti.core.calls import Call
from cti.core.ids import AgentId, CallbackId, CallId, CustomerId, QueueName
from cti.core.machine import Table
from cti.core.routing import due, remaining

CallbackState: TypeAlias = Literal[
    "waiting", "dialling", "answered", "failed", "expired", "cancelled"
]

TABLE: Final[Table[CallbackState]] = Table(
    "callback",
    "waiting",
    {
        "waiting": {
            "CallbackDialled": "dialling",
            "CallbackExpired": "expired",
            "CallbackCancelled": "cancelled",
        },
        "dialling": {
            "CallbackAnswered": "answered",
            "CallbackMissed": "waiting",
            "CallbackFailed": "failed",
            "CallbackCancelled": "cancelled",
        },
        "answered": {},
        "failed": {},
        "expired": {},
        "cancelled": {},
    },
)
"""``waiting`` holds also between two tries; the last four are ends."""

ANSWERED_PRIORITY: Final = 95
"""Priority of a customer whom we have called back: before all others, also those given back."""


class Callback(msgspec.Struct, frozen=True, kw_only=True):
    """Everything but the number; times are seconds since the epoch."""

    callback_id: CallbackId
    call_id: CallId
    """The call in which it was asked for."""
    journey_id: CallId
    """The first call of all that belong together."""
    state: CallbackState = "waiting"
    queue: QueueName
    priority: int = 0
    steps: tuple[ev.Escalation, ...] = ()
    """What would have happened to the caller who waits."""
    joined_at: float
    """Since when the customer waits for a person: with the priority, the place."""
    asked_at: float
    expires_at: float
    not_before: float = 0.0
    """When the next try may begin."""
    tries: int = 0
    dialled_at: float = 0.0
    dial_call_id: CallId | None = None
    """Key of the call that the present or last try makes, should it be answered."""
    caller_pseudonym: str = ""
    """Of the number from which the customer asked."""
    number_pseudonym: str = ""
    """Of the number to dial."""
    customer_id: CustomerId | None = None
    language: str = ""
    reason: str = ""
    menu_path: str = ""
    dnis: str = ""

    @property
    def over(self) -> bool:
        """Whether nothing more will happen to it."""
        return not TABLE.rows[self.state]

    def standing(self, now: float) -> tuple[QueueName, int]:
        """Return the queue and the priority that the wait has come to, by the caller's steps."""
        queue, priority, steps = self.queue, self.priority, self.steps
        while (step := due(steps, now - self.joined_at)) is not None:
            queue = step.queue or queue
            priority = max(priority, step.priority)
            steps = remaining(steps, step)
        return queue, priority

    def same_customer(self, pseudonym: str, customer_id: CustomerId | None) -> bool:
        """Say whether this is for who calls from, or has, that number, or is that customer."""
        if pseudonym and pseudonym in (self.caller_pseudonym, self.number_pseudonym):
            return True
        return customer_id is not None and customer_id == self.customer_id


def apply(callback: Callback, event: ev.CallbackEvent) -> Callback:
    """Return the callback after ``event``.

    Raises :class:`cti.core.machine.IllegalTransitionError` when the table has no such row.
    """
    changes: dict[str, object] = {"state": TABLE.next(callback.state, type(event).__name__)}
    match event:
        case ev.CallbackDialled():
            changes |= {
                "tries": event.attempt,
                "dialled_at": event.at,
                "dial_call_id": event.dial_call_id,
            }
        case ev.CallbackMissed():
            changes["not_before"] = event.next_try
    return msgspec.structs.replace(callback, **changes)


class Place(NamedTuple):
    """Smaller is served earlier."""

    priority: int
    """Negated."""
    since: float


def place_of(callback: Callback, now: float) -> Place:
    """Return the virtual place."""
    return Place(-callback.standing(now)[1], callback.joined_at)


def place_of_call(call: Call) -> Place:
    """Return the place of a caller in a queue, by the time for which a person is waited for."""
    since = call.waiting_since if call.waiting_since is not None else call.since
    return Place(-call.priority, since)


class Turn(NamedTuple):
    """A callback whose place has come up, and the agent to reserve for it."""

    callback: Callback
    agent_id: AgentId


def is_free(agent: Agent) -> bool:
    """Say whether the queue could ring this agent now."""
    return (
        agent.state == "available"
        and not agent.pause_reason
        and agent.device in ("free", "unknown")
        and any(m.queue for m in agent.memberships)
    )


def turns(
    callbacks: Iterable[Callback], calls: Iterable[Call], agents: Iterable[Agent], now: float
) -> list[Turn]:
    """Return the callbacks whose place has come up, each with its agent.

    ``callbacks`` are those that may be dialled now.  Whoever waits is served in the order of the
    places, callers and callbacks alike: a free agent of the queue is taken by a caller without our
    doing, and is reserved for a callback.  Of several the one with the lowest penalty is taken,
    then the one who has been idle for longest.
    """
    waiting: list[tuple[Place, QueueName, Callback | None]] = [
        (place_of_call(c), c.served_as or QueueName(""), None)
        for c in calls
        if c.state == "queued"
    ]
    waiting += [(place_of(c, now), c.standing(now)[0], c) for c in callbacks]
    free = [agent for agent in agents if is_free(agent)]
    found: list[Turn] = []
    for _, queue, callback in sorted(waiting, key=lambda w: (w[0], w[2] is not None)):
        serving = [
            (m.penalty, agent.since, index)
            for index, agent in enumerate(free)
            for m in agent.memberships
            if m.queue == queue
        ]
        if not serving:
            continue
        agent = free.pop(min(serving)[2])
        if callback is not None:
            found.append(Turn(callback, agent.agent_id))
    return found


def overtaken(callbacks: Sequence[Callback], call: Call, now: float) -> Callback | None:
    """Return the callback that must be dialled before ``call`` is answered, if there is one.

    ``callbacks`` are those that may be dialled now; the one with the best place is returned.
    """
    ahead = [
        c
        for c in callbacks
        if c.standing(now)[0] == call.served_as and place_of(c, now) < place_of_call(call)
    ]
    return min(ahead, key=lambda c: place_of(c, now), default=None)
