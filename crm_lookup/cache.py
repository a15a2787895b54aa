"""Recognitions, segments and briefs that were asked for a moment ago, kept for the next question.

Nothing older than a stated bound is ever given out, whoever writes:

- what this process writes through :class:`CachedCustomers` is forgotten at once;
- writers of many customers (imports, analysis) announce it in the transaction of their rows
  (:data:`ANNOUNCE`); that is looked for each ``look_every`` seconds, and everything is forgotten;
- for all the rest (the menu's process, somebody with a SQL shell), nothing is kept for longer than
  ``age`` seconds.

Who has which card and PIN is never kept.
"""

import time
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Final, Generic, TypeVar

from crm_lookup import metrics
from crm_lookup.model import CustomerBrief, CustomerId, Recognition
from crm_lookup.ports import CallContact
from crm_lookup.sql.bank import SqlBank

SIZE: Final = 5_000
"""Entries of each kind; a brief takes some 10 KiB."""
AGE: Final = 10.0
"""Seconds."""
LOOK_EVERY: Final = 1.0
"""Seconds between two looks for announced changes."""

KeyT = TypeVar("KeyT")
ValueT = TypeVar("ValueT")


class Lately(Generic[KeyT, ValueT]):
    """The last ``size`` values, each for ``age`` seconds at most.  No clock of its own."""

    def __init__(self, size: int, age: float) -> None:
        self._size = size
        self._age = age
        self._kept: OrderedDict[KeyT, tuple[ValueT, float]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: KeyT, now: float) -> ValueT | None:
        """Return what was put under ``key``, unless it is too old."""
        found = self._kept.get(key)
        if found is None:
            return None
        if not 0 <= now - found[1] < self._age:
            del self._kept[key]
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: KeyT, value: ValueT, now: float) -> None:
        """Keep ``value``, which was true at ``now``; the one unused for longest goes."""
        self._kept[key] = value, now
        self._kept.move_to_end(key)
        if len(self._kept) > self._size:
            self._kept.popitem(last=False)

    def drop(self, key: KeyT) -> None:
        self._kept.pop(key, None)

    def clear(self) -> None:
        self._kept.clear()


class CachedCustomers:
    """A directory of customers in front of a bank's; what it writes, it passes on."""

    def __init__(
        self,
        bank: SqlBank,
        *,
        size: int = SIZE,
        age: float = AGE,
        look_every: float = LOOK_EVERY,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        """``clock`` returns seconds, from any beginning."""
        self._bank = bank
        self._look_every = look_every
        self._clock = clock
        self._recognitions: Lately[str | None, Recognition] = Lately(size, age)
        self._segments: Lately[CustomerId, str] = Lately(size, age)
        self._briefs: Lately[CustomerId, CustomerBrief] = Lately(size, age)
        self._seen: str | None = None
        self._looked = float("-inf")
        self._forgotten = 0
        """How often something was forgotten: what was read before that is not kept."""

    async def recognise(self, raw_number: str | None) -> Recognition:
        """See :meth:`crm_lookup.ports.CustomerDirectory.recognise`."""
        found = await self._known(
            "recognition", self._recognitions, raw_number, self._bank.recognise
        )
        if found is None:
            raise RuntimeError("a directory always answers")
        return found

    async def segment(self, customer_id: CustomerId) -> str:
        """See :meth:`crm_lookup.ports.CustomerDirectory.segment`."""
        found = await self._known("segment", self._segments, customer_id, self._bank.segment)
        return found or "standard"

    async def brief(self, customer_id: CustomerId) -> CustomerBrief | None:
        """See :meth:`crm_lookup.ports.CustomerDirectory.brief`."""
        return await self._known("brief", self._briefs, customer_id, self._bank.brief)

    async def by_card_number(self, digits: str) -> CustomerId | None:
        return await self._bank.by_card_number(digits)

    async def by_card_tail(self, raw_number: str | None, tail: str) -> CustomerId | None:
        return await self._bank.by_card_tail(raw_number, tail)

    async def note_offer(
        self,
        customer_id: CustomerId,
        offer_id: str,
        response: str,
        *,
        at: float,
        agent_id: str,
        call_id: str,
    ) -> None:
        """See :meth:`crm_lookup.ports.OfferAnswers.note_offer`."""
        await self._bank.note_offer(
            customer_id, offer_id, response, at=at, agent_id=agent_id, call_id=call_id
        )
        self.forget(customer_id)

    async def note_contact(
        self, contact: CallContact, *, instead_of: CustomerId | None = None
    ) -> None:
        """See :meth:`crm_lookup.ports.CallContacts.note_contact`."""
        await self._bank.note_contact(contact, instead_of=instead_of)
        self.forget(contact.customer_id)
        if instead_of is not None:
            self.forget(instead_of)

    def forget(self, customer_id: CustomerId) -> None:
        """Forget what is kept of one customer, who has changed."""
        self._forgotten += 1
        self._briefs.drop(customer_id)
        self._segments.drop(customer_id)
        self._recognitions.clear()  # their reasons tell when candidates called last

    def forget_all(self) -> None:
        self._forgotten += 1
        for kept in (self._briefs, self._segments, self._recognitions):
            kept.clear()
        metrics.CACHE_CLEARED.inc()

    async def _known(
        self,
        kind: str,
        kept: Lately[KeyT, ValueT],
        key: KeyT,
        ask: Callable[[KeyT], Awaitable[ValueT | None]],
    ) -> ValueT | None:
        await self._look()
        now = self._clock()
        found = kept.get(key, now)
        if found is not None:
            metrics.CACHE.labels(kind, "hit").inc()
            return found
        metrics.CACHE.labels(kind, "miss").inc()
        before = self._forgotten
        found = await ask(key)
        if found is not None and before == self._forgotten:
            kept.put(key, found, now)
        return found

    async def _look(self) -> None:
        """Forget everything if somebody announced changes since the last look."""
        now = self._clock()
        if now - self._looked < self._look_every:
            return
        announced = await self._bank.announced()
        if announced != self._seen:
            self.forget_all()
        self._seen, self._looked = announced, now
