"""In-memory twins of the ports, for tests and for trying a flow without a bank."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import msgspec

import dialplans
from crm_lookup.model import AccountBalance, CustomerId, Recognition
from cti.core.routing import Decision
from ivr.flow.effects import Route
from ivr.ports import Answer, Facts, IvrServices, MenuPlace, PinOutcome
from ivr.prompt_ids import Language, PromptId
from ivr.routing import RoutingBook
from ivr.values import Value


class MemoryBank(msgspec.Struct, kw_only=True):
    """Callers, identities, PINs and accounts in one; fields may be changed between calls."""

    numbers: dict[str, tuple[CustomerId, ...]] = {}
    segments: dict[CustomerId, str] = {}
    cards: dict[str, CustomerId] = {}
    pin_codes: dict[CustomerId, str] = {}
    ledger: dict[CustomerId, tuple[AccountBalance, ...]] = {}
    locked: set[CustomerId] = set()
    agents: dict[CustomerId, tuple[str, float]] = {}
    """The last agent of each customer, and when."""
    failing: dict[str, Exception] = {}
    """Exception to raise by the name of the method."""
    answers: dict[str, Answer] = {}
    """What a service of the bank answers, by its name; others answer ``none``."""
    requests: list[tuple[str, Facts]] = []
    """What the services were asked."""
    asked: list[str] = []
    """Names of the methods that were called."""

    async def recognise(self, raw_number: str) -> Recognition:
        self._enter("recognise")
        if not raw_number:
            return Recognition(status="withheld")
        found = [{"customer_id": one} for one in self.numbers.get(raw_number, ())]
        status = "unknown" if not found else "recognised" if len(found) == 1 else "ambiguous"
        return msgspec.convert(
            {"status": status, "number": raw_number, "candidates": found}, Recognition
        )

    async def segment(self, customer_id: CustomerId) -> str:
        self._enter("segment")
        return self.segments.get(customer_id, "standard")

    async def by_card_number(self, digits: str) -> CustomerId | None:
        self._enter("by_card_number")
        return self.cards.get(digits)

    async def by_card_tail(self, raw_number: str | None, tail: str) -> CustomerId | None:
        self._enter("by_card_tail")
        known = self.numbers.get(raw_number or "", ())
        owners = {
            owner for card, owner in self.cards.items() if card[-4:] == tail and owner in known
        }
        return owners.pop() if len(owners) == 1 else None

    async def verify(
        self, customer_id: CustomerId | None, pin: Sequence[str], *, now: float
    ) -> PinOutcome:
        self._enter("verify")
        if customer_id in self.locked:
            return "locked"
        if customer_id is None or self.pin_codes.get(customer_id) != "".join(pin):
            return "wrong"
        return "ok"

    async def balances(self, customer_id: CustomerId) -> tuple[AccountBalance, ...]:
        self._enter("balances")
        return self.ledger.get(customer_id, ())

    async def last_agent(self, customer_id: CustomerId, since: float) -> str | None:
        self._enter("last_agent")
        agent, at = self.agents.get(customer_id, ("", 0.0))
        return agent if agent and at > since else None

    async def ask(self, service: str, facts: Facts) -> Answer:
        self._enter(service)
        self.requests.append((service, facts))
        return self.answers.get(service, Answer(outcome="none"))

    def _enter(self, method: str) -> None:
        self.asked.append(method)
        if (error := self.failing.get(method)) is not None:
            raise error


class MemoryPlaces:
    """Where customers' calls broke off, in memory."""

    def __init__(self) -> None:
        self._kept: dict[CustomerId, tuple[float, MenuPlace]] = {}

    async def keep(self, customer_id: CustomerId, place: MenuPlace, *, now: float) -> None:
        self._kept[customer_id] = (now, place)

    async def find(self, customer_id: CustomerId, *, since: float) -> MenuPlace | None:
        at, place = self._kept.get(customer_id, (0.0, None))
        return place if at > since else None

    async def forget(self, customer_id: CustomerId) -> None:
        self._kept.pop(customer_id, None)


class PlainReader:
    """Says a balance as a handful of readable ids."""

    def balance(
        self, *, kind: str, tail: str, minor: int, currency: str, language: Language
    ) -> tuple[PromptId, ...]:
        word = "owed" if minor < 0 else "balance"
        return (PromptId(f"{word}_{kind}"), PromptId(f"{tail}_{abs(minor)}_{currency}_{language}"))

    def sentence(self, name: str, language: Language, **slots: Value) -> tuple[PromptId, ...]:
        return (PromptId(f"{name}_{language}"), *(PromptId(f"{k}") for k in slots))


def shipped_router() -> Callable[[Route], Decision]:
    """Return the rules that are shipped, on a Monday at noon."""
    file = Path(dialplans.__path__[0]) / "routing.yaml"
    return RoutingBook(file, now=lambda: datetime(2026, 3, 2, 12, tzinfo=UTC)).route


def services(bank: MemoryBank) -> IvrServices:
    """Return services that are all played by ``bank``."""
    return IvrServices(
        callers=bank,
        identities=bank,
        pins=bank,
        accounts=bank,
        reader=PlainReader(),
        last_agents=bank,
        places=MemoryPlaces(),
        bank=bank,
    )


def demo_bank() -> MemoryBank:
    """Return a bank with one gold customer: +8613800138000, one card, PIN 135790."""
    wang = CustomerId("C1")
    return MemoryBank(
        numbers={"+8613800138000": (wang,)},
        segments={wang: "gold"},
        cards={"6222020000000018": wang},
        pin_codes={wang: "135790"},
        ledger={
            wang: (
                AccountBalance(
                    account_id="A1", kind="current", tail="0018", currency="CNY", balance=1234567
                ),
                AccountBalance(
                    account_id="A2", kind="credit_card", tail="9921", currency="CNY", balance=-980
                ),
            )
        },
    )
