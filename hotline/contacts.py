"""Writes a finished call into the customer's timeline: topic, agent, menu path, satisfaction.

The next call's brief reads it there: what was last talked about, how often the customer called,
what score was given.
"""

import asyncio
from typing import Final

import structlog

from crm_lookup.model import CustomerId, Text
from crm_lookup.ports import CallContact, CallContacts
from crm_lookup.topics import GENERAL, TOPICS, topic_name
from cti.core import events as ev
from cti.core.calls import Call
from cti.core.world import World
from cti.tasks import Tasks

log = structlog.get_logger(__name__)

_OUTCOMES: Final = {
    "answered": Text("坐席已接听", "talked with an agent"),
    "abandoned": Text("排队中挂断", "hung up while waiting"),
    "left_queue": Text("离开队列", "left the queue"),
    "callback": Text("预约回电", "asked for a callback"),
    "menu": Text("自助服务", "self-service"),
}


class ContactKeeper:
    """Listens to the engine's events, off their way to the pages.

    A call is written when the customer's channel is gone, and again when something that belongs
    to it comes later: the agent's outcome, or the customer whom the agent chose.
    """

    def __init__(
        self, world: World, store: CallContacts, *, outcomes: dict[str, Text] | None = None
    ) -> None:
        """``outcomes`` are the words of the dispositions, by code."""
        self._world = world
        self._store = store
        self._words = outcomes or {}
        self._tasks = Tasks()
        self._one_by_one = asyncio.Lock()

    def take(self, message: object) -> None:
        """Note a call of a known customer that has ended."""
        if not isinstance(message, ev.CallEnded | ev.CallDisposed | ev.CustomerChosen):
            return
        call = self._world.calls.get(message.call_id)
        if call is None or call.ended_at is None or call.customer_id is None:
            return
        contact = contact_of(call, self._words)
        before = message.instead_of if isinstance(message, ev.CustomerChosen) else None
        instead_of = None if before is None else CustomerId(before)
        self._tasks.spawn(self._note(contact, instead_of), "contact")

    async def stop(self) -> None:
        """Forget what is not written yet."""
        await self._tasks.stop()

    async def _note(self, contact: CallContact, instead_of: CustomerId | None) -> None:
        try:
            async with self._one_by_one:  # so that the later word about a call stays the last
                await self._store.note_contact(contact, instead_of=instead_of)
        except Exception as error:  # noqa: BLE001 -- the journal has it; no call may suffer
            log.warning("contact_not_noted", error=type(error).__name__)


def contact_of(call: Call, words: dict[str, Text]) -> CallContact:
    """Return the call's line for the customer's timeline; the call has ended."""
    topic = topic_of(call)
    name, outcome = topic_name(topic), _OUTCOMES[call.outcome or "menu"]
    said = words.get(call.disposition)
    return CallContact(
        customer_id=CustomerId(str(call.customer_id)),
        call_id=call.call_id,
        at=call.arrived_at,
        topic=topic,
        summary=Text(
            f"来电：{name.zh}，{outcome.zh}" + (f"（{said.zh}）" if said else ""),
            f"Called about {name.en.lower()}: {outcome.en}" + (f" ({said.en})" if said else ""),
        ),
        agent_id=call.agent_id,
        menu_path=call.menu_path,
        satisfaction=call.score or None,
    )


def topic_of(call: Call) -> str:
    """Return what the call was about: what the menu said, else where in the menu it was last."""
    if call.reason and call.reason != GENERAL:
        return call.reason[:24]
    for node in reversed(call.menu_path.split(">")):
        part = node.partition(".")[0]
        for code in (node, part, part.removesuffix("_identity")):
            if code in TOPICS and code != GENERAL:
                return code
    return GENERAL
