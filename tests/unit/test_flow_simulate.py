"""Calls walked in the terminal."""

import sqlite3
from contextlib import closing
from pathlib import Path

import argon2
import pytest
import sqlalchemy as sa
from typer.testing import CliRunner

from crm_lookup import tables
from crm_lookup.keys import DataKey
from crm_lookup.model import CustomerId
from crm_lookup.pins import PinChecker, PinHasher
from hotline.cli import app
from hotline.simulation import PinsUntouched

NOON = ("--at", "2026-03-02T14:00")


def walk(*options: str) -> list[tuple[str, str]]:
    done = CliRunner().invoke(app, ["flow", "simulate", "main", *NOON, *options])
    assert done.exit_code == 0, done.output
    lines = [line.strip().split("  ", 1) for line in done.output.splitlines()]
    return [(what, text) for what, text in lines]


def only(lines: list[tuple[str, str]], wanted: str) -> list[str]:
    return [text for what, text in lines if what == wanted]


def test_a_balance_in_mandarin_with_every_side_effect() -> None:
    lines = walk("--keys", "1 1 # 135790# 0")
    heard = only(lines, "hears")
    assert heard[0] == "您好，欢迎致电示例银行。"
    assert any("余额为一万二千三百四十五元六角七分" in text for text in heard)
    assert only(lines, "node") == [
        *("welcome", "language", "part_of_day", "afternoon", "main_menu", "balance_identity"),
        *("balance_identity.card_number", "balance_identity.pin", "balance_identity.segment"),
        *("balance_identity.gold", "balance_identity.last_time", "balance", "main_menu"),
        *("agent", "office", "agent_now"),
    ]
    assert only(lines, "keys") == [
        *("1 (full)", "1 (full)", "nothing (finished)", "•••••• (full)", "0 (full)")
    ]
    assert "HOTLINE_VERIFIED=pin" in only(lines, "sets")
    assert "HotlineServiceDone,call_id:simulated,service:balance,outcome:ok" in only(
        lines, "tells"
    )
    assert only(lines, "ends")[0].startswith("queue at node agent_now (HOTLINE_QUEUE=vip, ")
    assert not any("135790" in text for _, text in lines)


def test_english_a_stranger_and_silence() -> None:
    lines = walk("--from", "", "--keys", "9 - 8", "--language", "en")
    assert only(lines, "hears")[0] == "Hello, and welcome to Demo Bank."
    assert only(lines, "keys") == [
        "9 (full)",
        "nothing (timeout)",
        "8 (full)",
        "nothing (timeout)",
    ]
    assert "HotlineRecognised,call_id:simulated,status:withheld,customer_id:,segment:" in only(
        lines, "tells"
    )
    assert only(lines, "ends")[0].startswith("queue at node agent_now (HOTLINE_QUEUE=service, ")


@pytest.mark.parametrize("wrong", [["--language", "de"], ["--as", "nobody"]])
def test_wrong_options_name_the_accepted(wrong: list[str]) -> None:
    done = CliRunner().invoke(app, ["flow", "simulate", *wrong])
    assert done.exit_code == 1
    assert "accepted: " in done.output


async def test_a_try_at_a_stored_pin_changes_nothing(tmp_path: Path) -> None:
    file, key = tmp_path / "bank.sqlite", DataKey(bytes(32))
    weak = argon2.Parameters(
        type=argon2.Type.ID,
        version=19,
        salt_len=16,
        hash_len=16,
        time_cost=1,
        memory_cost=8,
        parallelism=1,
    )
    engine = sa.create_engine(f"sqlite:///{file}")
    tables.metadata.create_all(engine)
    pin_hash = PinHasher(key, weak).hash("135790")
    with engine.begin() as connection:
        connection.execute(
            sa.insert(tables.pins),
            [
                {**row, "pin_hash": pin_hash, "changed_at": 0.0}
                for row in (
                    {"customer_id": "C1", "failures": 4, "locked_until": None},
                    {"customer_id": "C2", "failures": 5, "locked_until": 50.0},
                )
            ],
        )
    engine.dispose()
    before = file.read_bytes()
    checker = PinChecker(PinsUntouched(file), key, parameters=weak)
    tries = [("C1", "135790"), ("C1", "000000"), ("C2", "135790"), ("C9", "135790")]
    found = [await checker.verify(CustomerId(who), pin, now=10.0) for who, pin in tries]
    assert found == ["ok", "wrong", "locked", "wrong"]
    assert await checker.verify(CustomerId("C2"), "135790", now=60.0) == "ok"
    await checker.close()
    assert file.read_bytes() == before
    with closing(sqlite3.connect(file)) as connection:
        assert connection.execute("SELECT sum(failures) FROM pins").fetchone() == (9,)
