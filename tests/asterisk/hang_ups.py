"""Where callers may hang up in the menu: every node that says something, and every one that waits.

Found by walking the menu over banks in memory.  What a node needs (an hour, a segment, an account
without transactions, a bank that thinks) is a :class:`World` with a number of its own.
"""

import asyncio
import datetime as dt
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from typing import Final

import msgspec
import structlog

from crm_lookup.bank.memory import BankBook
from crm_lookup.model import AccountBalance, CustomerId, Recognition
from ivr.bank_services import ACTIONS, LOOKUPS
from ivr.config import Flows
from ivr.flow.calendar import Moment
from ivr.flow.simulate import Scenario, simulate
from ivr.ports import Answer, Facts, IvrServices, MenuPlace, PinOutcome
from ivr.prompt_ids import Language, PromptId
from ivr.prompts import PromptCatalogue
from ivr.testing import MemoryPlaces, demo_bank, services, shipped_router
from ivr.testing_bank import demo_book, demo_desk

CUSTOMER: Final = CustomerId("C1")
CARD, PIN = "6222020000000018#", "135790"
PROVED = f"{CARD} {PIN}"
PROOFS = (
    *("1 1", "1 2", "1 3 1", "1 3 2", "1 3 3", "1 4 1", "1 4 2", "1 4 3"),
    *("1 6 1", "1 6 2", "1 7 1"),
)
"""Keys after which the caller must prove who they are."""
THINKS: Final = 1.2
"""Seconds for which a bank thinks where it does; the menu says nothing meanwhile."""


class World(msgspec.Struct, frozen=True, kw_only=True):
    """Circumstances of a call, chosen by the number that is dialled."""

    name: str
    dialled: str
    walks: tuple[str, ...]
    flow: str = "main"
    moment: Moment = Moment(dt.datetime(2026, 3, 2, 14, tzinfo=dt.UTC), "workday", is_open=True)
    segment: str = "gold"
    has_nothing: bool = False
    """The bank has nothing to tell."""
    broke_off: str = ""
    """The node in which the customer's last call broke off."""
    two_new_cards: bool = False
    """The menu must ask which of two cards to activate."""
    thinks: bool = False
    """Callers hang up while the bank thinks."""

    async def services(self, catalogue: PromptCatalogue) -> IvrServices:
        """Return services of their own for one call."""
        bank = demo_bank()
        bank.segments[CUSTOMER] = self.segment
        if self.has_nothing:
            bank.ledger.clear()
        places = MemoryPlaces()
        if self.broke_off:
            place = MenuPlace(flow="main", node=self.broke_off, topic="general")
            await places.keep(CUSTOMER, place, now=time.time())
        book = BankBook() if self.has_nothing else demo_book(bank)
        if self.two_new_cards:
            _add_new_card(book)
        return msgspec.structs.replace(
            services(bank), reader=catalogue, bank=demo_desk(bank, book), places=places
        )


def _add_new_card(book: BankBook) -> None:
    known = book.customers[CUSTOMER]
    new = next(card for card in known.cards if card.status == "inactive")
    known.cards += (msgspec.structs.replace(new, card_id="K3", tail="4410"),)


def _moment(hour: int, *, is_open: bool) -> Moment:
    return Moment(dt.datetime(2026, 3, 2, hour, tzinfo=dt.UTC), "workday", is_open=is_open)


def _proved(proofs: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(f"{keys} {PROVED}" for keys in proofs)


_FRESH = (
    f"1 1 {PROVED}",
    f"1 2 {PROVED} 1 1 1",
    f"1 3 3 {PROVED} 1",
    *(f"{proof} {PROVED} 1 1 1" for proof in PROOFS[2:]),
    *(f"{proof} {CARD} 111111 111111 111111" for proof in PROOFS),
    "1 5 1",
    "1 5 2",
    "1 5 3 1001#",
    "1 5 3 9999#",
    f"1 6 1 {PROVED} 111111 111111",
    f"1 6 1 {PROVED} 748206 748206",
    "1 6 3 1 1",
    "1 6 3 2 1",
    "1 6 3 3 1",
    "1 6 3 4 2",
    f"1 7 1 {PROVED} 1 2",
    "1 7 2 6222020000099999# 1",
    "1 7 2 6222020000099999# 2",
    "1 7 3",
    "1 0",
    "9 1 1",
)
OWN: Final = World(name="own", dialled="95623", walks=())
"""A bank of its own for each call, and else nothing special."""
WORLDS: Final = (
    OWN,
    World(name="fresh", dialled="95614", walks=_FRESH, two_new_cards=True),
    World(
        name="thinking",
        dialled="95615",
        walks=_FRESH,
        segment="standard",
        thinks=True,
        two_new_cards=True,
    ),
    World(name="diamond", dialled="95616", segment="diamond", walks=_proved(PROOFS)),
    World(name="silver", dialled="95617", segment="silver", walks=_proved(PROOFS)),
    World(
        name="nothing",
        dialled="95618",
        has_nothing=True,
        walks=(*_proved(PROOFS), "1 5 1", "1 5 2"),
    ),
    World(name="resumed", dialled="95619", broke_off="balance", walks=_proved(PROOFS[1:])),
    World(name="resumed-2", dialled="95622", broke_off="loans.loan", walks=_proved(PROOFS[:1])),
    World(name="dawn", dialled="95620", walks=("1",), moment=_moment(8, is_open=True)),
    World(name="scores", dialled="95624", walks=("5", "8 8"), flow="survey"),
    World(
        name="late",
        dialled="95621",
        walks=("1 0 2", "1 0 5 5 5"),
        moment=_moment(21, is_open=False),
    ),
)


class Station(msgspec.Struct, frozen=True, kw_only=True):
    """A place to hang up: in the middle of what this node says, or while it waits for the bank."""

    world: World
    keys: tuple[str, ...]
    node: str
    """``flow/node``."""
    seconds: float
    """What is heard behind the keys, up to there."""
    service: str = ""
    """What the bank is asked then."""

    def steps(self) -> tuple[str, ...]:
        """Return the steps of a caller who hangs up there."""
        keyed = (step for key in self.keys for step in ("h0.5", f"d{key}"))
        return (*keyed, f"w{THINKS / 2}" if self.service else f"h{self.seconds:.2f}")


async def stations(
    flows: Flows, catalogue: PromptCatalogue, lengths: Mapping[tuple[Language, str], float]
) -> list[Station]:
    """Return a station for every node of the walks: the one that is reached soonest."""
    found: dict[str, Station] = {}
    for world in WORLDS:
        for keys in world.walks:
            async for station in _walked(flows, catalogue, lengths, world, keys):
                known = found.get(station.node)
                if known is None or _cost(station) < _cost(known):
                    found[station.node] = station
    return list(found.values())


def _cost(station: Station) -> float:
    return 0.8 * len(station.keys) + station.seconds


async def _walked(
    flows: Flows,
    catalogue: PromptCatalogue,
    lengths: Mapping[tuple[Language, str], float],
    world: World,
    keys: str,
) -> AsyncIterator[Station]:
    def spell(prompts: Sequence[PromptId], language: Language) -> str:
        return str(sum(lengths[language, prompt] for prompt in prompts))

    words = keys.split()
    lines = simulate(
        Scenario(flow=world.flow, caller="", keys=keys),
        flows,
        await world.services(catalogue),
        shipped_router(),
        lambda: world.moment,
        spell,
    )
    count, node, heard = 0, "", 0.0
    async for line in lines:
        here = tuple(words[:count])
        if line.what == "node":
            node = f"{world.flow}/{line.text}"
        elif line.what == "hears":
            own = float(line.text)
            if not world.thinks:
                middle = heard + min(own / 3, 1.0)
                yield Station(world=world, keys=here, node=node, seconds=middle)
            heard += own
        elif line.what == "service" and world.thinks and not heard:
            service = line.text.partition(":")[0].partition(" of ")[0]
            if service in LOOKUPS or service in ACTIONS or service == "balances":
                yield Station(world=world, keys=here, node=node, seconds=0.0, service=service)
        elif line.what == "keys":
            count, heard = count + 1, 0.0
            if count > len(words):
                break


class Worlds:
    """The services of all worlds at once; ``served`` tells the name of a call's flow.

    Each call has services of its own, so that what one orders another does not find.  Calls
    elsewhere have ``others``.
    """

    def __init__(
        self, others: IvrServices, catalogue: PromptCatalogue, served: Callable[[], str]
    ) -> None:
        self._others, self._catalogue, self._served = others, catalogue, served
        self._worlds = {world.name: world for world in WORLDS}
        self._made: dict[str, IvrServices] = {}
        self.pending: dict[str, str] = {}
        """Which service makes the bank think, by the calling number."""
        self._waits: dict[str, str] = {}

    def services(self) -> IvrServices:
        """Return services that look at who asks."""
        return msgspec.structs.replace(
            self._others, callers=self, identities=self, pins=self, accounts=self, bank=self,
            places=self,
        )  # fmt: skip

    async def _of_call(self) -> IvrServices:
        world = self._worlds.get(self._served())
        if world is None:
            return self._others
        call_id = _call_id()
        if call_id not in self._made:
            self._made[call_id] = await world.services(self._catalogue)
        return self._made[call_id]

    async def _think(self, service: str) -> None:
        if self._waits.get(_call_id()) == service:
            await asyncio.sleep(THINKS)

    async def recognise(self, raw_number: str) -> Recognition:
        self._waits[_call_id()] = self.pending.get(raw_number, "")
        return await self._others.callers.recognise(raw_number)

    async def segment(self, customer_id: CustomerId) -> str:
        return await (await self._of_call()).callers.segment(customer_id)

    async def by_card_number(self, digits: str) -> CustomerId | None:
        return await (await self._of_call()).identities.by_card_number(digits)

    async def by_card_tail(self, raw_number: str | None, tail: str) -> CustomerId | None:
        return await (await self._of_call()).identities.by_card_tail(raw_number, tail)

    async def verify(
        self, customer_id: CustomerId | None, pin: Sequence[str], *, now: float
    ) -> PinOutcome:
        return await (await self._of_call()).pins.verify(customer_id, pin, now=now)

    async def balances(self, customer_id: CustomerId) -> tuple[AccountBalance, ...]:
        await self._think("balances")
        return await (await self._of_call()).accounts.balances(customer_id)

    async def ask(self, service: str, facts: Facts) -> Answer:
        await self._think(service)
        bank = (await self._of_call()).bank
        assert bank is not None
        return await bank.ask(service, facts)

    async def find(self, customer_id: CustomerId, *, since: float) -> MenuPlace | None:
        places = (await self._of_call()).places
        return await places.find(customer_id, since=since) if places else None

    async def keep(self, customer_id: CustomerId, place: MenuPlace, *, now: float) -> None:
        if places := (await self._of_call()).places:
            await places.keep(customer_id, place, now=now)

    async def forget(self, customer_id: CustomerId) -> None:
        if places := (await self._of_call()).places:
            await places.forget(customer_id)


def _call_id() -> str:
    return str(structlog.contextvars.get_contextvars().get("call_id", ""))
