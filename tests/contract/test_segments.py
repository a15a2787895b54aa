"""Segments, target groups and the report of responses on a small analysed bank."""

import shutil
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest

from agent_console.errors import TooManyError
from bench.bank_data import BankShape, fill_sqlite
from crm_lookup import segment_moves
from crm_lookup.analysis.run import analyse
from crm_lookup.offer_report import responses
from crm_lookup.segments import SHIPPED, SegmentsError, load_segments, services_of
from crm_lookup.target_groups import (
    MEMBER_COLUMNS,
    NUMBER_COLUMNS,
    WORD_COLUMNS,
    QueryError,
    group,
    members,
)
from crm_lookup.target_words import NUMBERS, WORDS
from hotline import db
from hotline.target_groups import SqliteGroups

SHAPE = BankShape(customers=400, activity=0.1)


@pytest.fixture(scope="module")
def analysed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bank") / "bank.db"
    db.upgrade(f"sqlite:///{path}")
    fill_sqlite(path, SHAPE, transactions=True)
    analyse(path, as_of=SHAPE.midnight)
    return path


@pytest.fixture
def bank(analysed: Path, tmp_path: Path) -> Iterator[sqlite3.Connection]:
    copy = shutil.copy(analysed, tmp_path)
    with closing(sqlite3.connect(copy, isolation_level=None)) as connection:
        yield connection


def segments(bank: sqlite3.Connection) -> dict[str, str]:
    return dict(bank.execute("SELECT customer_id, segment FROM customers").fetchall())


def test_a_preview_changes_nothing_and_applying_does_what_it_said(
    bank: sqlite3.Connection,
) -> None:
    rules = load_segments()
    before = segments(bank)
    expected = segment_moves.preview(bank, rules)
    assert segments(bank) == before
    done = segment_moves.apply(bank, rules, now=5.0)
    assert done == expected
    after = segments(bank)
    moved = {c: (before[c], after[c]) for c in after if after[c] != before[c]}
    assert moved
    assert Counter(moved.values()) == {k: n for k, n in done.moves.items() if k[0] != k[1]}
    rows = bank.execute("SELECT customer_id, before, after, at FROM segment_history").fetchall()
    assert {row[0]: row[1:3] for row in rows} == moved
    cost = {rule.segment: rule.cost for rule in rules}
    customers = {
        c for (c,) in bank.execute("SELECT customer_id FROM customers WHERE status = 'customer'")
    }
    assert done.cost_after == sum(cost[after[c]] for c in customers)
    again = segment_moves.apply(bank, rules, now=6.0)
    assert all(before == after for before, after in again.moves)
    assert bank.execute("SELECT max(at) FROM segment_history").fetchone() == (5.0,)
    assert services_of("diamond")
    assert services_of("standard") == ()


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("assets: 6000000", "asets: 6000000", "asets"),
        ("segment: silver", "segment: gold", "define each of"),
        (
            "- segment: standard\n",
            "- segment: standard\n  any: [{loyalty: 5}]\n",
            "takes everybody",
        ),
        ("cost: 80", "cost: -80", "must not be below"),
        ("{assets: 50000}", "{}", "has no condition"),
    ],
)
def test_a_fault_in_the_definitions_is_named(
    tmp_path: Path, old: str, new: str, message: str
) -> None:
    text = SHIPPED.read_text(encoding="utf-8")
    assert old in text
    path = tmp_path / "segments.yaml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(SegmentsError, match=message):
        load_segments(path)


def test_groups_are_counted_as_their_members_are(bank: sqlite3.Connection) -> None:
    everybody = group(bank, [])
    assert everybody.size == 400
    loyal, others = group(bank, ["loyalty>=50"]), group(bank, ["loyalty<50"])
    assert loyal.size + others.size == 400
    assert loyal.size == len(members(bank, ["loyalty>=50"])) > 20
    assert all(row[4] >= 50 for row in members(bank, ["loyalty>=50"]))
    assert loyal.means["loyalty"] > others.means["loyalty"]
    assert sum(loyal.segments.values()) == loyal.size
    holds, lacks = group(bank, ["holds=payroll"]), group(bank, ["lacks=payroll"])
    assert holds.size + lacks.size == 400
    assert holds.size > 50
    asked = group(bank, ["consent=marketing", "rhythm=salary"], product="wealth", value=900)
    assert 0 < asked.expected_value < 900 * asked.size


@pytest.mark.parametrize(
    "condition", ["shoe_size>40", "loyalty>=high", "segment>gold", "name='; DROP TABLE", "loyalty"]
)
def test_a_condition_that_makes_no_sense_is_refused(
    bank: sqlite3.Connection, condition: str
) -> None:
    with pytest.raises(QueryError):
        group(bank, [condition])


def test_values_are_never_part_of_the_statement(bank: sqlite3.Connection) -> None:
    assert group(bank, ["segment=gold' OR '1'='1"]).size == 0


def test_responses_are_reported_by_offer_segment_and_agent(bank: sqlite3.Connection) -> None:
    rows = [
        ("B000000001", "wealth", 10.0, "presented", "1001", "gold"),
        ("B000000001", "wealth", 10.0, "accepted", "1001", "gold"),
        ("B000000002", "wealth", 11.0, "presented", "1002", "silver"),
        ("B000000002", "wealth", 11.0, "declined", "1002", "silver"),
        ("B000000002", "fund", 3.0, "presented", None, None),
    ]
    bank.executemany(
        "INSERT INTO offer_responses (customer_id, offer_id, at, response, agent_id, segment) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        rows,
    )
    [fund, wealth] = responses(bank, "offer")
    assert (fund.presented, fund.rate) == (1, 0.0)
    assert (wealth.presented, wealth.accepted, wealth.declined, wealth.rate) == (2, 1, 1, 0.5)
    assert [line.name for line in responses(bank, "offer", since=5.0)] == ["wealth"]
    assert [(x.name, x.accepted) for x in responses(bank, "agent")] == [
        ("1001", 1), ("1002", 0), ("unknown", 0),
    ]  # fmt: skip
    assert [x.name for x in responses(bank, "segment")] == ["gold", "silver", "unknown"]


def test_everything_that_can_be_asked_for_has_words() -> None:
    assert set(NUMBERS) == set(NUMBER_COLUMNS)
    assert set(WORDS) == set(WORD_COLUMNS)


async def test_the_console_offers_only_what_the_query_understands(analysed: Path) -> None:
    groups = SqliteGroups(analysed)
    fields = await groups.fields()
    for number in fields.numbers:
        assert await groups.group([f"{number.code}>=0"], "") is not None
    for word in fields.words:
        for value in word.values or (word,):
            assert await groups.group([f"{word.code}={value.code}"], "") is not None
    assert next(word for word in fields.words if word.code == "pattern").values
    assert await groups.group([], fields.offers[0].code) is not None


async def test_an_export_has_ids_and_scores_only_and_stands_in_the_audit(
    analysed: Path, bank: sqlite3.Connection, tmp_path: Path
) -> None:
    groups = SqliteGroups(tmp_path / analysed.name, clock=lambda: 7.0)
    found = await groups.export(["loyalty>=50"], by="boss", role="supervisor")
    assert found is not None
    head, *lines = found.csv.splitlines()
    assert head == ",".join(MEMBER_COLUMNS)
    listed = [line.partition(",")[0] for line in lines]
    assert listed == [row[0] for row in members(bank, ["loyalty>=50"])]
    assert found.size == len(listed) > 0
    assert await groups.export(["shoe_size>40"], by="boss", role="supervisor") is None
    few = SqliteGroups(tmp_path / analysed.name, most=found.size - 1)
    with pytest.raises(TooManyError, match="add a condition"):
        await few.export(["loyalty>=50"], by="boss", role="supervisor")
    noted = bank.execute("SELECT at, actor, action, customer_id, reason FROM privacy_audit")
    assert noted.fetchall() == [
        (7.0, "boss", "export", "*", f"{found.size} customers: loyalty>=50")
    ]
