"""The demo bank: plausible, the same for the same seed, all of it or nothing."""

import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from datetime import datetime
from pathlib import Path
from random import Random
from zoneinfo import ZoneInfo

import argon2
import phonenumbers
import pytest

from crm_lookup.keys import DataKey
from crm_lookup.pins import PinChecker
from crm_lookup.sqlite import SqliteBank
from hotline import db
from hotline.demo_bank import (
    AMBIGUOUS_NUMBER,
    DEMO_CUSTOMERS,
    DEMO_PIN,
    UNKNOWN_NUMBER,
    DemoBankError,
    seed,
)
from hotline.demo_bank.cast import luhn_digit
from hotline.demo_bank.dealings import Dealing, with_balances

KEY = DataKey(b"a key for the tests only, no secret")
WEAK = argon2.profiles.CHEAPEST
NOW = 1_782_000_000.0  # in June 2026
PEOPLE = 600


@pytest.fixture(scope="module")
def bank(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("demo") / "bank.db"
    url = f"sqlite:///{path}"
    db.upgrade(url)
    made = seed(url, key=KEY, customers=PEOPLE, now=NOW, pin_parameters=WEAK)
    assert made.created
    assert PEOPLE <= made.customers <= PEOPLE + 50
    return path


@pytest.fixture
def connection(bank: Path) -> Iterator[sqlite3.Connection]:
    with closing(sqlite3.connect(bank)) as opened:
        yield opened


@pytest.fixture
def empty(tmp_path: Path) -> Path:
    path = tmp_path / "empty.db"
    db.upgrade(f"sqlite:///{path}")
    return path


def content(path: Path) -> list[tuple[object, ...]]:
    tables = ("customers", "customer_numbers", "accounts", "cards", "transactions", "pins")
    with closing(sqlite3.connect(path)) as opened:
        return [
            row
            for table in tables
            for row in opened.execute(f"SELECT * FROM {table} ORDER BY 1, 2")  # noqa: S608 - own
        ]


def test_a_second_call_notices_and_does_nothing(bank: Path) -> None:
    before = content(bank)
    again = seed(f"sqlite:///{bank}", key=KEY, customers=5, seed=1, pin_parameters=WEAK)
    assert not again.created
    assert again.customers >= PEOPLE
    assert content(bank) == before


def test_the_same_seed_gives_the_same_bank(tmp_path: Path) -> None:
    made = []
    for name, number in (("a", 7), ("b", 7), ("c", 8)):
        path = tmp_path / name
        db.upgrade(f"sqlite:///{path}")
        seed(
            f"sqlite:///{path}",
            key=KEY,
            customers=40,
            seed=number,
            now=NOW,
            pin_parameters=WEAK,
        )
        made.append(content(path))
    assert made[0] == made[1]
    assert made[0] != made[2]


def test_an_interrupted_seeding_leaves_nothing(empty: Path) -> None:
    def interrupt(made: int, _wanted: int) -> None:
        if made > 250:
            raise KeyboardInterrupt

    url = f"sqlite:///{empty}"
    with pytest.raises(KeyboardInterrupt):
        seed(url, key=KEY, customers=PEOPLE, progress=interrupt, pin_parameters=WEAK)
    rows = db.status(url).tables
    assert {name for name, count in rows.items() if count} == {"alembic_version"}
    assert seed(url, key=KEY, customers=20, pin_parameters=WEAK).created


def test_progress_is_told_to_the_end(empty: Path) -> None:
    told: list[tuple[int, int]] = []
    seed(
        f"sqlite:///{empty}",
        key=KEY,
        customers=300,
        progress=lambda made, wanted: told.append((made, wanted)),
        pin_parameters=WEAK,
    )
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] >= 300


def test_other_customers_and_other_keys_are_never_touched(empty: Path, bank: Path) -> None:
    with closing(sqlite3.connect(empty)) as opened:
        opened.execute(
            "INSERT INTO customers (customer_id, kind, status, name, family_name, segment, "
            "segment_reason_zh, segment_reason_en, language, since, updated_at) VALUES "
            "('X', 'person', 'customer', '甲', '甲', 'gold', '', '', 'zh', '2020-01-01', 0)"
        )
        opened.commit()
    with pytest.raises(DemoBankError, match="not the demo bank's"):
        seed(f"sqlite:///{empty}", key=KEY, pin_parameters=WEAK)
    with pytest.raises(DemoBankError, match="another data key"):
        seed(f"sqlite:///{bank}", key=DataKey(b"another key" * 3), pin_parameters=WEAK)


def test_an_unmigrated_database_is_named(tmp_path: Path) -> None:
    with pytest.raises(DemoBankError, match="hotline db upgrade"):
        seed(f"sqlite:///{tmp_path / 'none.db'}", key=KEY, pin_parameters=WEAK)
    with closing(sqlite3.connect(tmp_path / "blank.db")) as opened:
        opened.execute("VACUUM")
    with pytest.raises(DemoBankError, match="hotline db upgrade"):
        seed(f"sqlite:///{tmp_path / 'blank.db'}", key=KEY, pin_parameters=WEAK)


async def test_the_known_people_are_as_announced(bank: Path) -> None:
    async with await SqliteBank.open(bank, key=KEY, clock=lambda: NOW) as opened:
        pins = PinChecker(opened, KEY, parameters=WEAK)
        for known in DEMO_CUSTOMERS:
            found = await opened.recognise(known.number)
            assert found.customer_id == known.customer_id
            assert await opened.by_card_number(known.card) == known.customer_id
            assert await opened.segment(found.customer_id) == known.segment
            assert await pins.verify(found.customer_id, known.pin, now=NOW) == "ok"
            assert await pins.verify(found.customer_id, "000000", now=NOW) == "wrong"
            balances = await opened.balances(found.customer_id)
            assert (balances[0].kind, balances[0].balance) == ("current", known.balance)
            assert balances[0].tail == known.card[-4:]
            brief = await opened.brief(found.customer_id)
            assert brief is not None
            assert (brief.segment, brief.language) == (known.segment, known.language)
            assert brief.interactions
            assert brief.products
        await pins.close()
        assert (await opened.recognise(AMBIGUOUS_NUMBER)).status == "ambiguous"
        assert (await opened.recognise(UNKNOWN_NUMBER)).status == "unknown"


def test_the_known_cards_are_luhn_valid() -> None:
    assert luhn_digit("7992739871") == "3"  # the textbook's example
    for known in DEMO_CUSTOMERS:
        assert known.card[-1] == luhn_digit(known.card[:-1])
        assert len(known.card) == 16
    assert {known.pin for known in DEMO_CUSTOMERS} == {"135790", DEMO_PIN}


def test_every_number_is_valid_and_families_share_some(connection: sqlite3.Connection) -> None:
    numbers = Counter(row[0] for row in connection.execute("SELECT number FROM customer_numbers"))
    assert len(numbers) > PEOPLE * 0.9
    for number in numbers:
        parsed = phonenumbers.parse(number)
        assert phonenumbers.is_valid_number(parsed), number
    shared = [number for number, owners in numbers.items() if owners > 1]
    assert PEOPLE * 0.02 < len(shared) < PEOPLE * 0.15


def test_segments_have_plausible_shares(connection: sqlite3.Connection) -> None:
    shares = Counter(row[0] for row in connection.execute("SELECT segment FROM customers"))
    total = shares.total()
    assert 0.55 < shares["standard"] / total < 0.80
    assert 0.15 < shares["silver"] / total < 0.35
    assert 0.02 < shares["gold"] / total < 0.15
    assert 0.001 < shares["diamond"] / total < 0.04
    firms = connection.execute("SELECT count(*) FROM customers WHERE kind = 'company'").fetchone()
    assert 0.02 < firms[0] / total < 0.10


def test_the_books_add_up(connection: sqlite3.Connection) -> None:
    rows = connection.execute(
        "SELECT account_id, amount, balance_after, balance, kind_of, booked_at FROM ("
        "SELECT t.*, a.balance, a.kind AS kind_of FROM transactions t "
        "JOIN accounts a USING (account_id)) ORDER BY account_id, booked_at, transaction_id"
    ).fetchall()
    assert len(rows) > PEOPLE * 20
    last: dict[str, tuple[int, int]] = {}
    for account_id, amount, after, balance, kind, booked_at in rows:
        assert kind == "credit_card" or after >= 0
        assert NOW - 125 * 86_400 < booked_at <= NOW
        if account_id in last:
            assert last[account_id][0] + amount == after
        last[account_id] = (after, balance)
    for after, balance in last.values():
        assert after == balance
    kinds = {row[0] for row in connection.execute("SELECT DISTINCT kind FROM transactions")}
    assert kinds >= {"salary", "rent", "shopping", "instalment", "repayment", "receipt"}


def test_a_balance_is_raised_only_where_the_dealings_demand_it() -> None:
    dealings = [Dealing(1.0, -50, "rent", "x"), Dealing(2.0, 80, "salary", "y")]
    assert with_balances(dealings, 100, floor=0) == (100, [20, 100])
    assert with_balances(dealings, 10, floor=0) == (80, [0, 80])
    assert with_balances([], 10, floor=0) == (10, [])


def test_pins_share_a_few_salts(connection: sqlite3.Connection) -> None:
    hashes = Counter(row[0] for row in connection.execute("SELECT pin_hash FROM pins"))
    assert 2 <= len(hashes) <= 8
    assert all(text.startswith("$argon2id$") for text in hashes)


def test_luhn_finds_every_single_error() -> None:
    rng = Random(1)  # noqa: S311 - test data
    for _ in range(100):
        digits = f"{rng.randrange(10**15):015}"
        place = rng.randrange(15)
        wrong = str((int(digits[place]) + rng.randrange(1, 10)) % 10)
        assert luhn_digit(digits) != luhn_digit(digits[:place] + wrong + digits[place + 1 :])


def test_every_service_has_something_to_tell(connection: sqlite3.Connection) -> None:
    """Bills within what is owed, dates on the right side of today, cards that can be activated."""
    today = datetime.fromtimestamp(NOW, ZoneInfo("Asia/Shanghai")).date().isoformat()
    bills = connection.execute(
        "SELECT amount, minimum, paid, statement_on, balance, credit_limit "
        "FROM card_bills JOIN accounts USING (account_id) ORDER BY account_id, statement_on DESC"
    ).fetchall()
    assert len(bills) > 300
    assert all(
        0 <= minimum <= amount and 0 <= paid <= amount for amount, minimum, paid, *_ in bills
    )
    assert all(statement_on <= today for _, _, _, statement_on, *_ in bills)
    loans = connection.execute(
        "SELECT due_on, ends_on, due_amount, kind, balance FROM loans JOIN accounts "
        "USING (account_id)"
    ).fetchall()
    assert len(loans) > 50
    for due_on, ends_on, due_amount, kind, balance in loans:
        assert today < due_on < ends_on
        assert kind == "loan"
        assert 0 < due_amount < -balance
    deposits = connection.execute("SELECT opened_on, matures_on FROM deposits").fetchall()
    assert len(deposits) > 50
    assert all(opened_on < today < matures_on for opened_on, matures_on in deposits)
    new = connection.execute(
        "SELECT stage, status FROM card_orders LEFT JOIN cards USING (card_id)"
    ).fetchall()
    assert {status for stage, status in new if stage == "delivered"} == {"inactive"}
    assert {status for stage, status in new if stage != "delivered"} == {None}
    for known in DEMO_CUSTOMERS:
        stages = connection.execute(
            "SELECT stage FROM card_orders WHERE customer_id = ?", (known.customer_id,)
        ).fetchall()
        assert sorted(stages) == [("delivered",), ("in_production",)]
    public = [
        connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]  # noqa: S608 - ours
        for table in ("exchange_rates", "deposit_rates", "branches", "bank_audit")
    ]
    assert public == [9, 11, 18, 0]
