"""What a program sees of an event: its own queues and agents, no personal data unasked.

Pure.  An event about something that a restriction cannot place (an agent's state has no queue) is
hidden from whoever is restricted there.
"""

from typing import Final, TypeVar

from msgspec.structs import replace

from agent_console.events_api import messages as m
from agent_console.store.integration_model import Grant, Scope

PERSONAL: Final[frozenset[Scope]] = frozenset({"customer", "numbers"})
"""Scopes that add personal data to events."""

_OF_THE_CUSTOMER: Final = frozenset({"segment", "priority"})
"""Routing codes that tell what the customer is worth."""

EventT = TypeVar("EventT", bound=m.Event)


def allowed(grant: Grant, event: m.Event) -> bool:
    """Say whether the program may know of the event at all."""
    scope = m.SCOPE_OF.get(m.kind_of(event))
    return scope in grant.scopes and _within(grant, event.queue, event.agent_id)


def pop_allowed(grant: Grant, pop: m.Pop) -> bool:
    """Say whether the program may know of the pop."""
    return "pops" in grant.scopes and _within(grant, pop.queue, pop.agent_id)


def redacted(event: EventT, scopes: frozenset[Scope]) -> EventT:
    """Return the event without the personal data for which the scope is missing."""
    if isinstance(event, m.PopRaised | m.PopCompleted):
        return replace(event, pop=redacted_pop(event.pop, scopes))
    return event


def redacted_pop(pop: m.Pop, scopes: frozenset[Scope]) -> m.Pop:
    """Return the pop without the personal data for which the scope is missing."""
    return replace(
        pop,
        route=tuple(
            code
            for code in pop.route
            if "customer" in scopes or code.partition("=")[0] not in _OF_THE_CUSTOMER
        ),
        customer=pop.customer if "customer" in scopes else None,
        caller_number=pop.caller_number if "numbers" in scopes else None,
    )


def _within(grant: Grant, queue: str | None, agent_id: str | None) -> bool:
    return (grant.queues is None or queue in grant.queues) and (
        grant.agents is None or agent_id in grant.agents
    )
