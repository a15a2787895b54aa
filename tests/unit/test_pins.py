"""What a PIN check gives away: nothing by its work, its answers or its logs."""

from typing import Final

import argon2
import pytest
import structlog

from crm_lookup.errors import SettingError
from crm_lookup.keys import DataKey
from crm_lookup.memory import MemoryBank
from crm_lookup.model import CustomerId
from crm_lookup.pins import PARAMETERS, PinChecker, PinHasher
from crm_lookup.testing import KEY, LI, NOW, RECORDS, WANG

WEAK: Final = argon2.profiles.CHEAPEST
PIN = "135790"


@pytest.fixture
def bank() -> MemoryBank:
    return MemoryBank(RECORDS, key=KEY)


async def test_every_answer_costs_one_attempt_and_one_hash(
    bank: MemoryBank, monkeypatch: pytest.MonkeyPatch
) -> None:
    hashed: list[argon2.Parameters] = []
    attempts: list[CustomerId] = []
    matches, begin_attempt = PinHasher.matches, MemoryBank.begin_attempt

    def count_hash(self: PinHasher, pin_hash: str, pin: str) -> bool:
        hashed.append(argon2.extract_parameters(pin_hash))
        return matches(self, pin_hash, pin)

    async def count_attempt(self: MemoryBank, customer_id: CustomerId, **rest: object) -> object:
        attempts.append(customer_id)
        return await begin_attempt(self, customer_id, **rest)  # type: ignore[arg-type]  # passed on

    monkeypatch.setattr(PinHasher, "matches", count_hash)
    monkeypatch.setattr(MemoryBank, "begin_attempt", count_attempt)
    checker = PinChecker(bank, KEY, limit=2, parameters=WEAK)
    await checker.set_pin(WANG, PIN, now=NOW)
    tries: tuple[tuple[CustomerId | None, str, str], ...] = (
        (WANG, PIN, "ok"),
        (WANG, "000000", "wrong"),
        (WANG, "000000", "locked"),
        (WANG, PIN, "locked"),
        (LI, PIN, "wrong"),
        (CustomerId("nobody"), PIN, "wrong"),
        (None, PIN, "wrong"),
    )
    for place, (customer_id, pin, expected) in enumerate(tries, 1):
        assert await checker.verify(customer_id, pin, now=NOW) == expected
        assert (len(hashed), len(attempts)) == (place, place)
    assert all(parameters == hashed[0] for parameters in hashed)
    await checker.close()


async def test_no_pin_reaches_the_log(bank: MemoryBank) -> None:
    checker = PinChecker(bank, KEY, limit=1, parameters=WEAK)
    await checker.set_pin(WANG, PIN, now=NOW)
    with structlog.testing.capture_logs() as logged:
        assert await checker.verify(WANG, "864209", now=NOW) == "locked"
    await checker.close()
    assert [entry["event"] for entry in logged] == ["pin_locked"]
    assert "864209" not in str(logged)


async def test_a_ruined_hash_is_a_wrong_pin_and_is_logged(bank: MemoryBank) -> None:
    await bank.set_pin(WANG, "not a hash", now=NOW)
    checker = PinChecker(bank, KEY, parameters=WEAK)
    with structlog.testing.capture_logs() as logged:
        assert await checker.verify(WANG, PIN, now=NOW) == "wrong"
    await checker.close()
    assert [entry["event"] for entry in logged] == ["pin_hash_unreadable"]


def test_hashes_depend_on_the_key_and_the_salt() -> None:
    hasher = PinHasher(KEY, WEAK)
    one, two = hasher.hash(PIN), hasher.hash(PIN)
    assert one != two
    assert hasher.matches(one, PIN)
    assert not hasher.matches(one, "135791")
    assert not PinHasher(DataKey(b"another key" * 3), WEAK).matches(one, PIN)


def test_service_parameters_are_the_recommended_ones() -> None:
    assert PARAMETERS.type is argon2.Type.ID
    assert PARAMETERS.memory_cost >= 64 * 1024  # KiB
    assert PARAMETERS.time_cost >= 3


@pytest.mark.parametrize("wrong", [{"limit": 0}, {"lock_seconds": 0}, {"workers": 0}])
def test_settings_that_cannot_work_are_refused(bank: MemoryBank, wrong: dict[str, int]) -> None:
    with pytest.raises(SettingError, match="above zero"):
        PinChecker(bank, KEY, parameters=WEAK, **wrong)
