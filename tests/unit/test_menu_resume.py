"""Who was lost in the menu is offered, after the PIN, to go on there."""

import asyncio
from datetime import UTC, datetime
from pathlib import Path

import msgspec
import pytest

import dialplans
from crm_lookup.model import CustomerId
from ivr.flow import load
from ivr.flow.calendar import Moment
from ivr.flow.call import Call
from ivr.flow.simulate import Scenario, simulate
from ivr.ports import IvrServices, MenuPlace
from ivr.prompts import PromptCatalogue
from ivr.testing import MemoryPlaces, PlainReader, demo_bank, services, shipped_router
from ivr.testing_bank import demo_desk

CATALOGUE = PromptCatalogue.load()
FLOWS = load(Path(dialplans.__path__[0]) / "flows", CATALOGUE)
NOON = Moment(datetime(2026, 3, 2, 12, tzinfo=UTC), "workday", is_open=True)
WANG = CustomerId("C1")
OFFER = "您上次的通话中断了。"


class Failing(MemoryPlaces):
    async def find(self, customer_id: CustomerId, *, since: float) -> MenuPlace | None:
        raise OSError


def bank(places: MemoryPlaces) -> IvrServices:
    memory = demo_bank()
    return msgspec.structs.replace(
        services(memory), reader=CATALOGUE, bank=demo_desk(memory), places=places
    )


def lost(node: str, topic: str, *, cursor: str = "", flow: str = "main") -> MemoryPlaces:
    """Return the note of a call that broke off just now."""
    places = MemoryPlaces()
    place = MenuPlace(flow=flow, node=node, topic=topic, cursor=cursor)
    asyncio.run(places.keep(WANG, place, now=datetime.now(UTC).timestamp()))
    return places


def heard(keys: str, places: MemoryPlaces, *, caller: str = "+8613800138000") -> str:
    scenario = Scenario(flow="main", caller=caller, keys=keys)

    async def run() -> str:
        lines = simulate(
            scenario, FLOWS, bank(places), shipped_router(), lambda: NOON, CATALOGUE.spell
        )
        return " | ".join([line.text async for line in lines if line.what == "hears"])

    return asyncio.run(run())


def noted(places: MemoryPlaces) -> MenuPlace | None:
    return asyncio.run(places.find(WANG, since=0.0))


def test_the_caller_goes_on_where_the_call_broke_off_and_is_not_asked_again() -> None:
    places = lost("cards.bill", "card_bill")
    words = heard("- 1 # 135790 1 0", places)
    assert f"{OFFER}继续查询信用卡账单，请按1。办理刚才选择的业务，请按2。" in words
    assert "本期账单金额是三千五百八十元整" in words
    assert "余额为" not in words
    assert noted(places) is None
    assert OFFER not in heard("- 1 # 135790 0", places)


def test_a_list_goes_on_with_the_page_that_was_being_read() -> None:
    first = heard("- 2 # 135790 0", MemoryPlaces())
    assert "三月一日支出二百五十八元整" in first
    cursor = asyncio.run(_second_page())
    words = heard(
        "- 1 # 135790 1 0", lost("transactions.next_page", "transactions", cursor=cursor)
    )
    assert "二月二十五日支出一千二百元五角" in words
    assert "三月一日" not in words


async def _second_page() -> str:
    memory = demo_bank()
    engine_keys = Scenario(flow="main", caller="+8613800138000", keys="- 2 # 135790 0")
    asked = msgspec.structs.replace(services(memory), reader=CATALOGUE, bank=memory)
    desk = demo_desk(memory)
    found = []

    class Spy:
        async def ask(self, service: str, facts: object) -> object:
            answer = await desk.ask(service, facts)  # type: ignore[arg-type]
            found.append(answer.cursor)
            return answer

    asked = msgspec.structs.replace(asked, bank=Spy())
    lines = simulate(engine_keys, FLOWS, asked, shipped_router(), lambda: NOON, CATALOGUE.spell)
    async for _ in lines:
        pass
    return found[0]


@pytest.mark.parametrize("answer", ["2", "- -"])
def test_who_declines_or_says_nothing_gets_what_was_chosen(answer: str) -> None:
    places = lost("cards.bill", "card_bill")
    words = heard(f"- 1 # 135790 {answer} 0", places)
    assert OFFER in words
    assert "余额为一万二千三百四十五元六角七分" in words
    assert noted(places) is None


@pytest.mark.parametrize(
    "places",
    [
        MemoryPlaces(),
        lost("balance", "balance"),  # that is where the caller goes anyway
        lost("cards.gone", "card_bill"),  # a menu that was edited
        lost("main_menu", "general"),  # nobody can begin there
        lost("cards.bill", "card_bill", flow="other"),
        Failing(),
    ],
)
def test_others_are_offered_nothing(places: MemoryPlaces) -> None:
    words = heard("- 1 # 135790 0", places)
    assert OFFER not in words
    assert "余额为" in words


@pytest.mark.parametrize("keys", ["- 1 # 111111 111111 111111", "- 5 1 0", "- 0", "- 7 2 -"])
def test_before_the_pin_nothing_of_it_can_be_heard(keys: str) -> None:
    assert heard(keys, lost("cards.bill", "card_bill")) == heard(keys, MemoryPlaces())


def made(*, verified: bool = True) -> Call:
    return Call(
        call_id="c",
        language="zh",
        default_queue="service",
        reader=PlainReader(),
        verified="pin" if verified else "number",
        topic="transactions",
    )


def test_a_place_holds_within_its_part_and_no_further() -> None:
    call = made()
    call.enter("transactions.first_page", "main", is_item=True)
    call.enter("transactions.page", "main", is_item=False)
    assert call.place == MenuPlace(
        flow="main", node="transactions.first_page", topic="transactions"
    )
    call.cursor = "next"
    call.enter("transactions.next_page", "main", is_item=True)
    assert call.place is not None
    assert (call.place.node, call.place.cursor) == ("transactions.next_page", "next")
    call.enter("main_menu", "main", is_item=False)
    assert call.place is None
    call.enter("balance", "main", is_item=True)
    assert call.place is not None
    call.enter("agent", "main", is_item=False)
    assert call.place is None


def test_without_the_pin_no_place_is_noted() -> None:
    call = made(verified=False)
    call.enter("balance", "main", is_item=True)
    assert call.place is None
