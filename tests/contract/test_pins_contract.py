"""What every PIN store must do, over each implementation, with real argon2 and weak parameters."""

import asyncio
import os
import sqlite3
import threading
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path
from typing import Final

import argon2
import pytest

from crm_lookup.errors import UnknownCustomerError
from crm_lookup.model import CustomerId
from crm_lookup.pins import PinChecker, PinHasher
from crm_lookup.sqlite import SqliteBank
from crm_lookup.testing import FIRM, KEY, LI, NOW, WANG, Bank, sqlite_bank
from tests.postgres_kit import BANKS

WEAK: Final = argon2.profiles.CHEAPEST
LOCK: Final = 600.0
PIN, WRONG = "135790", "000000"


@pytest.fixture(params=sorted(BANKS))
async def bank(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bank]:
    async with BANKS[request.param](tmp_path) as opened:
        yield opened


@pytest.fixture
async def pins(bank: Bank) -> AsyncIterator[PinChecker]:
    checker = PinChecker(bank, KEY, limit=5, lock_seconds=LOCK, parameters=WEAK)
    await checker.set_pin(WANG, PIN, now=NOW)
    await checker.set_pin(FIRM, PIN, now=NOW)
    yield checker
    await checker.close()


async def test_right_and_wrong(pins: PinChecker) -> None:
    assert await pins.verify(WANG, PIN, now=NOW) == "ok"
    assert await pins.verify(WANG, WRONG, now=NOW) == "wrong"
    assert await pins.verify(WANG, "", now=NOW) == "wrong"
    assert await pins.verify(WANG, "王" * 1000, now=NOW) == "wrong"


@pytest.mark.parametrize("nobody", [None, CustomerId(""), CustomerId("nobody"), LI])
async def test_who_is_unknown_or_has_no_pin_is_always_wrong(
    pins: PinChecker, nobody: CustomerId | None
) -> None:
    answers = [await pins.verify(nobody, PIN, now=NOW) for _ in range(7)]
    answers.append(await pins.verify(nobody, "no PIN has letters", now=NOW))  # the dummy's own
    assert answers == ["wrong"] * 8


async def test_the_fifth_failure_in_a_row_locks(pins: PinChecker) -> None:
    answers = [await pins.verify(WANG, WRONG, now=NOW) for _ in range(6)]
    assert answers == ["wrong"] * 4 + ["locked"] * 2
    assert await pins.verify(WANG, PIN, now=NOW) == "locked"
    assert await pins.verify(WANG, PIN, now=NOW + LOCK - 0.001) == "locked"
    assert await pins.verify(FIRM, PIN, now=NOW) == "ok"  # nobody else is locked


async def test_a_lock_ends_and_gives_a_fresh_count(pins: PinChecker) -> None:
    for _ in range(5):
        await pins.verify(WANG, WRONG, now=NOW)
    after = NOW + LOCK
    answers = [await pins.verify(WANG, WRONG, now=after) for _ in range(4)]
    assert answers == ["wrong"] * 4
    assert await pins.verify(WANG, PIN, now=after) == "ok"


async def test_success_forgets_the_failures(pins: PinChecker) -> None:
    for _ in range(3):
        for _ in range(4):
            assert await pins.verify(WANG, WRONG, now=NOW) == "wrong"
        assert await pins.verify(WANG, PIN, now=NOW) == "ok"


async def test_simultaneous_calls_get_no_extra_tries(pins: PinChecker) -> None:
    answers = await asyncio.gather(*(pins.verify(WANG, WRONG, now=NOW) for _ in range(40)))
    assert answers.count("wrong") == 4
    assert answers.count("locked") == 36
    assert await pins.verify(WANG, PIN, now=NOW) == "locked"


async def test_hanging_up_half_way_still_counts(pins: PinChecker) -> None:
    for _ in range(5):
        trying = asyncio.create_task(pins.verify(WANG, WRONG, now=NOW))
        checked = asyncio.create_task(pins.verify(None, WRONG, now=NOW))
        await checked  # by now the first task has counted its try
        trying.cancel()
        await asyncio.gather(trying, return_exceptions=True)
    assert await pins.verify(WANG, PIN, now=NOW) == "locked"


async def test_a_new_pin_opens_a_locked_customer(pins: PinChecker) -> None:
    for _ in range(5):
        await pins.verify(WANG, WRONG, now=NOW)
    await pins.set_pin(WANG, "864209", now=NOW)
    assert await pins.verify(WANG, PIN, now=NOW) == "wrong"
    assert await pins.verify(WANG, "864209", now=NOW) == "ok"


async def test_a_pin_needs_a_customer(pins: PinChecker) -> None:
    with pytest.raises(UnknownCustomerError, match="nobody"):
        await pins.set_pin(CustomerId("nobody"), PIN, now=NOW)


async def test_other_parameters_are_renewed_with_the_next_right_pin(bank: Bank) -> None:
    other = argon2.Parameters(
        type=WEAK.type,
        version=19,
        salt_len=16,
        hash_len=32,
        time_cost=2,
        memory_cost=16,
        parallelism=1,
    )
    old = PinChecker(bank, KEY, parameters=other)
    await old.set_pin(WANG, PIN, now=NOW)
    await old.close()
    new = PinChecker(bank, KEY, parameters=WEAK)
    assert await new.verify(WANG, PIN, now=NOW) == "ok"
    attempt = await bank.begin_attempt(WANG, now=NOW, limit=5, lock_seconds=LOCK)
    assert not PinHasher(KEY, WEAK).outdated(attempt.pin_hash)
    assert await new.verify(WANG, PIN, now=NOW) == "ok"
    await new.close()


async def test_the_event_loop_stays_free_while_a_pin_is_checked(bank: Bank) -> None:
    checker = PinChecker(bank, KEY)  # full strength: many milliseconds
    await checker.set_pin(WANG, PIN, now=NOW)
    turns = 0
    checking = asyncio.create_task(checker.verify(WANG, PIN, now=NOW))
    while not checking.done():
        turns += 1
        await asyncio.sleep(0)
    assert checking.result() == "ok"
    assert turns > 100
    await checker.close()


async def test_attempts_survive_and_are_shared_between_processes(tmp_path: Path) -> None:
    async with sqlite_bank(tmp_path) as first:
        path = tmp_path / "bank.db"
        async with await SqliteBank.open(path, key=KEY) as second:
            one = PinChecker(first, KEY, parameters=WEAK)
            two = PinChecker(second, KEY, parameters=WEAK)
            await one.set_pin(WANG, PIN, now=NOW)
            both = [p.verify(WANG, WRONG, now=NOW) for p in (one, two) * 10]
            answers = await asyncio.gather(*both)
            await one.close()
            await two.close()
    assert answers.count("wrong") == 4
    with closing(sqlite3.connect(path)) as connection:
        kept = connection.execute("SELECT failures, locked_until, pin_hash FROM pins").fetchall()
    assert [row[:2] for row in kept] == [(5, NOW + 86_400.0)]
    assert kept[0][2].startswith("$argon2id$")


async def test_every_refusal_costs_a_durable_write(tmp_path: Path) -> None:
    async with sqlite_bank(tmp_path) as bank:
        for _ in range(3):
            await bank.begin_attempt(CustomerId(""), now=NOW, limit=5, lock_seconds=LOCK)
    with closing(sqlite3.connect(tmp_path / "bank.db")) as connection:
        count = connection.execute(
            "SELECT value FROM crm_meta WHERE name = 'refused_pin_attempts'"
        ).fetchone()
    assert count == ("3",)


async def test_hashing_gives_way_to_calls(pins: PinChecker) -> None:
    def priority() -> int:
        return os.getpriority(os.PRIO_PROCESS, threading.get_native_id())

    found = await asyncio.get_running_loop().run_in_executor(pins._threads, priority)
    assert found == min(priority() + 5, 19)
