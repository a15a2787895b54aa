"""The PIN check: deadlines, failures, the uncancellable try, and an even pace of answers."""

import asyncio

import msgspec
import pytest

from crm_lookup.model import CustomerId, Recognition
from ivr.config import IvrLimits
from ivr.flow.effects import (
    Balances,
    CallerClaim,
    CardClaim,
    Checked,
    CheckPin,
    Claim,
    ServiceFailed,
    TailClaim,
)
from ivr.inquiries import Inquiries
from ivr.ports import PinOutcome
from ivr.secret import Secret
from ivr.testing import MemoryBank, demo_bank, services

WANG = CustomerId("C1")
CARD = "6222020000000018"
FAST = IvrLimits(pin_answer=0.0, lookup=5.0)


def check(claim: Claim, pin: str = "135790") -> CheckPin:
    return CheckPin(claim=claim, pin=Secret(pin))


NUMBER = "+8613800138000"


@pytest.mark.parametrize(
    "claim", [CardClaim(Secret(CARD)), CallerClaim(WANG), TailClaim(Secret(CARD[-4:]), NUMBER)]
)
async def test_the_right_pin_names_the_customer(claim: Claim) -> None:
    result = await Inquiries(services(demo_bank()), FAST).check_pin(check(claim))
    assert result == Checked(outcome="ok", customer_id=WANG, segment="gold")


@pytest.mark.parametrize(
    ("claim", "pin"),
    [
        (CardClaim(Secret(CARD)), "000000"),
        (CardClaim(Secret("4000000000000000")), "135790"),
        (CallerClaim(None), "135790"),
        (TailClaim(Secret(CARD[-4:]), NUMBER), "000000"),
        (TailClaim(Secret("9999"), NUMBER), "135790"),
        (TailClaim(Secret(CARD[-4:]), ""), "135790"),
        (CallerClaim(WANG), "13579"),
    ],
)
async def test_everything_else_is_wrong_and_asks_the_same_services(claim: Claim, pin: str) -> None:
    bank = demo_bank()
    result = await Inquiries(services(bank), FAST).check_pin(check(claim, pin))
    assert result == Checked(outcome="wrong")
    assert bank.asked[-1] == "verify"


async def test_a_locked_customer_is_not_named() -> None:
    bank = demo_bank()
    bank.locked.add(WANG)
    result = await Inquiries(services(bank), FAST).check_pin(check(CallerClaim(WANG)))
    assert result == Checked(outcome="locked")


@pytest.mark.parametrize("method", ["by_card_number", "verify"])
async def test_a_failing_service_is_reported_as_such(method: str) -> None:
    bank = demo_bank()
    bank.failing[method] = OSError("the core system is away")
    result = await Inquiries(services(bank), FAST).check_pin(check(CardClaim(Secret(CARD))))
    assert result == ServiceFailed(service="pin")


async def test_a_failing_segment_does_not_undo_the_pin() -> None:
    bank = demo_bank()
    bank.failing["segment"] = OSError()
    result = await Inquiries(services(bank), FAST).check_pin(check(CallerClaim(WANG)))
    assert result == Checked(outcome="ok", customer_id=WANG)


async def test_a_try_is_counted_even_if_the_caller_hangs_up() -> None:
    release, finished = asyncio.Event(), asyncio.Event()

    class Pins:
        async def verify(
            self, customer_id: CustomerId | None, pin: str, *, now: float
        ) -> PinOutcome:
            await release.wait()
            finished.set()
            return "wrong"

    bank = services(demo_bank())
    inquiries = Inquiries(msgspec.structs.replace(bank, pins=Pins()), FAST)
    call = asyncio.create_task(inquiries.check_pin(check(CallerClaim(WANG))))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    call.cancel()
    with pytest.raises(asyncio.CancelledError):
        await call
    release.set()
    async with asyncio.timeout(1):
        await finished.wait()
    assert finished.is_set()


@pytest.mark.parametrize("failing", [{}, {"verify": OSError()}])
@pytest.mark.parametrize("claim", [CallerClaim(None), CallerClaim(WANG)])
async def test_answers_come_at_an_even_pace(
    claim: Claim, failing: dict[str, Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    waited: list[float] = []

    async def note(seconds: float) -> None:
        waited.append(seconds)

    monkeypatch.setattr("ivr.inquiries.asyncio.sleep", note)
    bank = demo_bank()
    bank.failing.update(failing)
    limits = IvrLimits(pin_answer=5.0)
    await Inquiries(services(bank), limits).check_pin(check(claim, "000000"))
    assert len(waited) == 1
    assert 4.0 < waited[0] <= 5.0


async def test_a_lookup_never_raises_and_keeps_what_it_has() -> None:
    bank = demo_bank()
    inquiries = Inquiries(services(bank), FAST)
    recognition, segment = await inquiries.recognise("+8613800138000")
    assert (recognition.customer_id, segment) == (WANG, "gold")
    bank.failing["segment"] = OSError()
    recognition, segment = await inquiries.recognise("+8613800138000")
    assert (recognition.customer_id, segment) == (WANG, "")
    bank.failing["recognise"] = OSError()
    recognition, segment = await inquiries.recognise("+8613800138000")
    assert (recognition.status, segment) == ("unknown", "")


async def test_a_lookup_that_hangs_is_given_up() -> None:
    class Hanging(MemoryBank):
        async def segment(self, customer_id: CustomerId) -> str:
            await asyncio.Event().wait()
            return ""

    bank = demo_bank()
    hanging = Hanging(numbers=bank.numbers)
    inquiries = Inquiries(services(hanging), IvrLimits(lookup=0.01))
    recognition, segment = await inquiries.recognise("+8613800138000")
    assert (recognition.customer_id, segment) == (WANG, "")


@pytest.mark.parametrize("claim", [CardClaim(Secret(CARD)), TailClaim(Secret("0018"), NUMBER)])
async def test_a_card_that_takes_too_long_to_find_is_an_apology(claim: Claim) -> None:
    class Hanging(MemoryBank):
        async def by_card_number(self, digits: str) -> CustomerId | None:
            await asyncio.Event().wait()
            return None

        async def by_card_tail(self, raw_number: str | None, tail: str) -> CustomerId | None:
            return await self.by_card_number(tail)

    inquiries = Inquiries(services(Hanging()), IvrLimits(pin=0.01, pin_answer=0.0))
    assert await inquiries.check_pin(check(claim)) == ServiceFailed(service="pin")


async def test_the_number_is_given_up_at_its_deadline() -> None:
    class Hanging(MemoryBank):
        async def recognise(self, raw_number: str) -> Recognition:
            await asyncio.Event().wait()
            return Recognition(status="unknown")

    recognition, segment = await Inquiries(services(Hanging()), IvrLimits(lookup=0.01)).recognise(
        NUMBER
    )
    assert (recognition.status, recognition.candidates, segment) == ("unknown", (), "")


async def test_balances_are_read_or_reported_as_failed() -> None:
    bank = demo_bank()
    inquiries = Inquiries(services(bank), FAST)
    assert await inquiries.balances(WANG) == Balances(accounts=bank.ledger[WANG])
    bank.failing["balances"] = OSError()
    assert await inquiries.balances(WANG) == ServiceFailed(service="balance")
