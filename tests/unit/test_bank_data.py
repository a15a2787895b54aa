"""The synthetic bank of the benchmarks: the same each time, sound, with what was planted in it."""

import sqlite3
from contextlib import closing
from pathlib import Path

import numpy as np
import phonenumbers

from bench.bank_data import PERSONAS, BankShape, fill_sqlite, make_dealings, make_people
from bench.bank_data.people import mobile
from hotline import db

SHAPE = BankShape(customers=2_000, months=6)


def test_a_block_is_the_same_each_time() -> None:
    block = next(SHAPE.blocks())
    first, second = make_people(SHAPE, block), make_people(SHAPE, block)
    assert first.tables == second.tables
    one, two = make_dealings(SHAPE, first), make_dealings(SHAPE, second)
    assert all(np.array_equal(a, b) for a, b in zip(one, two, strict=True))


def test_no_two_customers_have_one_mobile_and_all_are_possible() -> None:
    numbers = [mobile(serial) for serial in range(0, 5_000_000, 97)]
    assert len(set(numbers)) == len(numbers)
    assert all(
        phonenumbers.is_valid_number(phonenumbers.parse(number)) for number in numbers[:200]
    )


def test_balances_end_where_the_account_stands_and_leavers_fall_silent() -> None:
    people = make_people(SHAPE, next(SHAPE.blocks()))
    made = make_dealings(SHAPE, people)
    last = {
        int(who): int(left) for who, left in zip(made.customer, made.balance_after, strict=True)
    }
    assert len(last) > 1_800
    assert all(people.balances[who] == left for who, left in last.items())
    leavers = np.isfinite(people.leaves_on)
    assert 10 < leavers.sum() < 500
    recent = made.booked_at > SHAPE.midnight - 14 * 86_400
    busy = np.bincount(made.customer[recent], minlength=people.block.count)
    assert busy[leavers].mean() * 5 < busy[~leavers].mean()
    assert set(people.persona.tolist()) == set(range(len(PERSONAS)))


def test_it_fits_the_schema(tmp_path: Path) -> None:
    path = tmp_path / "bank.db"
    db.upgrade(f"sqlite:///{path}")
    shape = BankShape(customers=300, months=1)
    held = fill_sqlite(path, shape, transactions=True)
    assert held["customers"] == 300
    assert held["transactions"] > 1_000
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
        assert connection.execute("PRAGMA integrity_check").fetchone() == ("ok",)
