"""The counter: who may, how often, how long, and what the audit says of it."""

import asyncio
from collections.abc import Sequence
from typing import Any

import pytest

from crm_lookup.bank import requests as q
from crm_lookup.bank import testing as bank
from crm_lookup.bank.audit import AuditEntry, MemoryAudit
from crm_lookup.bank.errors import (
    AuditError,
    BankRefusedError,
    BankTooSlowError,
    BankUnavailableError,
)
from crm_lookup.bank.memory import MemoryCore
from crm_lookup.bank.operations import OPERATIONS
from crm_lookup.bank.requests import Asker
from crm_lookup.testing import WANG

STRANGER = Asker(customer_id=None, level="none", call_id="call-1")
BY_NUMBER = Asker(customer_id=WANG, level="number", call_id="call-1")


class HeldCore(MemoryCore):
    """Answers only when it is let go."""

    def __init__(self) -> None:
        super().__init__(bank.book(), key=bank.KEY)
        self.asked = asyncio.Event()
        self.go = asyncio.Event()

    async def perform(self, request: Any, by: Asker, key: str) -> Any:
        self.asked.set()
        await self.go.wait()
        return await super().perform(request, by, key)


class FullAudit(MemoryAudit):
    async def append(self, entry: AuditEntry) -> None:
        raise OSError("no space left on device")


def told(audit: MemoryAudit) -> Sequence[tuple[str, str, str]]:
    return [(line.action, line.outcome, line.detail) for line in audit.entries]


PUBLIC = {"exchange-rates", "deposit-rates", "branches", "block-card", "register-complaint"}


@pytest.mark.parametrize("by", [STRANGER, BY_NUMBER])
@pytest.mark.parametrize("name", [o.name for o in OPERATIONS])
async def test_only_public_things_go_without_the_pin(name: str, by: Asker) -> None:
    samples: dict[str, Any] = {
        "block-card": {"card_number": bank.ACTIVE_NUMBER},
        "activate-card": {"card_id": bank.NEW_CARD},
        "change-pin": {"new_pin": "482917"},
        "request-statement": {
            "account_id": "A1", "first_day": "2026-01-01", "last_day": "2026-03-31"
        },
        "register-complaint": {"topic": "queue"},
    }  # fmt: skip
    request = next(o.request for o in OPERATIONS if o.name == name)(**samples.get(name, {}))
    if name in PUBLIC:
        await bank.desk().ask(request, by)
    else:
        with pytest.raises(BankRefusedError) as refused:
            await bank.desk().ask(request, by)
        assert refused.value.reason == "not_verified"


async def test_blocking_a_chosen_card_needs_the_pin_and_changes_nothing_without() -> None:
    core = bank.memory_core()
    with pytest.raises(BankRefusedError, match="verify the PIN"):
        await bank.desk(core).ask(q.BlockCard(card_id=bank.ACTIVE_CARD), STRANGER)
    assert core.book.customers[WANG].cards[0].status == "active"


async def test_each_order_leaves_a_beginning_and_an_end() -> None:
    audit = MemoryAudit()
    desk = bank.desk(audit=audit)
    receipt = await desk.ask(q.BlockCard(card_id=bank.ACTIVE_CARD), bank.asker())
    with pytest.raises(BankRefusedError):
        await desk.ask(q.ActivateCard(card_id=bank.FOREIGN_CARD), bank.asker())
    assert told(audit) == [
        ("block-card", "begun", ""),
        ("block-card", "done", ""),
        ("activate-card", "begun", ""),
        ("activate-card", "refused", "no_such_card"),
    ]
    done = audit.entries[1]
    assert done.case_number == receipt.case_number
    assert (done.customer_id, done.channel, done.call_id, done.level, done.subject) == (
        WANG, "phone", "call-1", "pin", "K1",
    )  # fmt: skip
    assert audit.entries[0].key == done.key != audit.entries[2].key


async def test_no_secret_stands_in_the_audit_or_in_a_printed_request() -> None:
    audit = MemoryAudit()
    pins = bank.PlainPins()
    desk = bank.desk(audit=audit, pins=pins)
    orders = [q.BlockCard(card_number=bank.ACTIVE_NUMBER), q.ChangePin(new_pin="482917")]
    for order in orders:
        await desk.ask(order, bank.asker())
    text = f"{audit.entries} {orders}"
    assert pins.pins == {WANG: "482917"}
    assert bank.ACTIVE_NUMBER not in text
    assert "482917" not in text
    assert bank.KEY.order_key("call-1", "change-pin", "482917") not in text
    assert "…0049" in text


async def test_a_weak_pin_is_refused_and_the_old_one_stays() -> None:
    pins = bank.PlainPins()
    desk = bank.desk(pins=pins)
    for weak in ("123456", "198512", "138000"):
        with pytest.raises(BankRefusedError) as refused:
            await desk.ask(q.ChangePin(new_pin=weak), bank.asker())
        assert refused.value.reason == "weak_pin"
    assert pins.pins == {}


async def test_a_slow_core_ends_in_a_typed_error_and_the_order_goes_on() -> None:
    core, audit = HeldCore(), MemoryAudit()
    desk = bank.desk(core, audit=audit, deadline=0.02)
    order = q.BlockCard(card_id=bank.ACTIVE_CARD)
    with pytest.raises(BankTooSlowError, match="hotline bank check"):
        await desk.ask(order, bank.asker())
    with pytest.raises(BankTooSlowError):
        await desk.ask(q.AccountInquiry(), bank.asker())
    core.go.set()
    await desk.close()
    assert told(audit) == [("block-card", "begun", ""), ("block-card", "done", "")]
    again = await desk.ask(order, bank.asker())
    assert again.case_number == audit.entries[1].case_number
    assert len(core.cases) == 1


async def test_hanging_up_does_not_stop_an_order() -> None:
    core, audit = HeldCore(), MemoryAudit()
    desk = bank.desk(core, audit=audit)
    asking = asyncio.create_task(desk.ask(q.BlockCard(card_id="K1"), bank.asker()))
    await core.asked.wait()
    asking.cancel()
    core.go.set()
    await desk.close()
    assert asking.cancelled()
    assert core.book.customers[WANG].cards[0].status == "lost"
    assert told(audit)[-1] == ("block-card", "done", "")


async def test_what_cannot_be_audited_is_not_done() -> None:
    core = bank.memory_core()
    with pytest.raises(AuditError, match="hotline db status") as error:
        await bank.desk(core, audit=FullAudit()).ask(q.BlockCard(card_id="K1"), bank.asker())
    assert isinstance(error.value, BankUnavailableError)
    assert core.book.customers[WANG].cards[0].status == "active"


async def test_one_call_cannot_block_number_after_number() -> None:
    desk = bank.desk()
    numbers = [f"62220200000000{n:02}" for n in range(4)]
    for number in numbers[:3]:
        await desk.ask(q.BlockCard(card_number=number), STRANGER)
    with pytest.raises(BankRefusedError) as refused:
        await desk.ask(q.BlockCard(card_number=numbers[3]), STRANGER)
    assert refused.value.reason == "too_many"
    await desk.ask(q.BlockCard(card_number=numbers[0]), STRANGER)  # the same once more is fine


async def test_an_order_belongs_to_a_call() -> None:
    with pytest.raises(BankRefusedError, match="call_id"):
        await bank.desk().ask(q.RegisterComplaint(topic="queue"), bank.asker(call=""))
