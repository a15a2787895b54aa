"""What importing customers must do, into a real database."""

import csv
import os
import random
import signal
import sqlite3
import traceback
from contextlib import closing
from pathlib import Path
from zoneinfo import ZoneInfo

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from crm_lookup.errors import NotReadyError, WrongKeyError
from crm_lookup.importing import run as run_module
from crm_lookup.importing import sqlite as sqlite_module
from crm_lookup.importing.errors import BusyError, ImportingError
from crm_lookup.importing.records import Note
from crm_lookup.importing.run import discard, resume
from crm_lookup.importing.sqlite import SqliteSink
from crm_lookup.importing.stage import is_running, only_import
from crm_lookup.keys import DataKey
from crm_lookup.testing import KEY, NOW
from tests.contract.import_kit import HEADER, Desk, line, write_file

ZONE = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return Desk(tmp_path)


def counts(desk: Desk, file: Path, **rules: object) -> tuple[int, ...]:
    found = desk.run(file, **rules).counts
    return found.added, found.changed, found.unchanged, found.rejected, found.closed


def test_customers_go_in_with_all_that_belongs_to_them(desk: Desk, tmp_path: Path) -> None:
    lines = [line(1), line(7), line(10, 证件号="11010519491231002X")]
    found = desk.run(write_file(tmp_path / "c.csv", lines))
    assert (found.counts.added, found.counts.lines, found.rejects) == (3, 3, "")
    [(mark, *rest)] = desk.rows(
        "SELECT source_mark, external_id, kind, status, name, family_name, segment, language, "
        "birth_year, since, segment_reason_en, updated_at FROM customers WHERE customer_id = ?",
        "C0000001",
    )
    assert len(mark) == 32
    assert rest == [
        *("C0000001", "person", "customer", "王芳", "王", "silver", "zh", 1911, "2015-03-02"),
        *("Given by the bank's systems", NOW),
    ]
    assert desk.rows("SELECT * FROM customer_numbers WHERE customer_id = 'C0000010'") == [
        ("+861062340005", "C0000010", "home", 0, "household", None),
        ("+8613800000010", "C0000010", "mobile", 1, "own", None),
    ]
    assert desk.rows("SELECT * FROM consents") == [
        ("C0000001", "marketing", 1578153600.0, 1578153600.0),
        ("C0000007", "marketing", 1578153600.0, 1578153600.0),
        ("C0000010", "marketing", 1578153600.0, 1578153600.0),
    ]
    assert desk.rows("SELECT product, opened FROM holdings WHERE customer_id = 'C0000001'") == [
        ("credit_card", "2015-03-02"),
        ("current", "2015-03-02"),
    ]
    assert desk.rows("SELECT id_kind, id_number FROM customer_details WHERE id_number > ''") == [
        ("identity_card", "11010519491231002X")
    ]
    assert desk.rows("SELECT source, lines, added, rejected FROM import_runs") == [
        ("c.csv", 3, 3, 0)
    ]
    assert desk.rows("SELECT count(*) FROM crm_meta WHERE name = 'unfinished_import'") == [(0,)]
    assert [path.name for path in desk.folder.iterdir()] == ["lock"]


def test_the_same_file_again_changes_nothing(desk: Desk, tmp_path: Path) -> None:
    file = write_file(tmp_path / "c.csv", [line(n) for n in range(2_500)])
    assert counts(desk, file) == (2_500, 0, 0, 0, 0)
    before, desk.clock = desk.digest(), lambda: NOW + 100
    assert counts(desk, file) == (0, 0, 2_500, 0, 0)
    assert desk.digest() == before
    assert desk.rows("SELECT max(updated_at) FROM customers") == [(NOW,)]


def test_only_changed_rows_are_written(desk: Desk, tmp_path: Path) -> None:
    lines = [line(n) for n in range(100)]
    desk.run(write_file(tmp_path / "c.csv", lines))
    desk.clock = lambda: NOW + 100
    lines[5] = line(5, 等级="钻石", 手机="13911112222", 产品="储蓄账户", 营销同意="是")
    lines.append(line(100))
    assert counts(desk, write_file(tmp_path / "c.csv", lines)) == (1, 1, 99, 0, 0)
    touched = desk.rows("SELECT customer_id FROM customers WHERE updated_at > ? ORDER BY 1", NOW)
    assert touched == [("C0000005",), ("C0000100",)]
    assert desk.rows("SELECT segment FROM customers WHERE customer_id = 'C0000005'") == [
        ("diamond",)
    ]
    assert desk.rows("SELECT number FROM customer_numbers WHERE customer_id = 'C0000005'") == [
        ("+861062340002",),
        ("+8613911112222",),
    ]
    assert desk.rows("SELECT product FROM holdings WHERE customer_id = 'C0000005'") == [
        ("savings",)
    ]


def test_what_a_mapping_does_not_give_stays(desk: Desk, tmp_path: Path) -> None:
    file = write_file(tmp_path / "c.csv", [line(1)])
    desk.run(file)
    with closing(sqlite3.connect(desk.path)) as database:
        database.execute("UPDATE customers SET relationship_manager = '李雷', segment = 'gold'")
        database.execute(
            "UPDATE holdings SET opened = '2001-01-01', balance = 7, currency = 'CNY'"
        )
        database.commit()
    columns = msgspec.structs.replace(desk.mapping.columns, segment=None, since=None)
    narrow = msgspec.structs.replace(desk.mapping, columns=columns, numbers=(), consents=())
    assert desk.run(file, narrow).counts.changed == 1
    assert desk.rows("SELECT relationship_manager, segment, since FROM customers") == [
        ("李雷", "gold", "2015-03-02")
    ]
    assert desk.rows("SELECT DISTINCT opened, balance FROM holdings") == [("2001-01-01", 7)]
    assert desk.rows("SELECT count(*) FROM customer_numbers") == [(1,)]


def test_a_row_without_segment_leaves_the_one_that_was_found(desk: Desk, tmp_path: Path) -> None:
    desk.run(write_file(tmp_path / "c.csv", [line(1, 等级="")]))
    assert desk.rows("SELECT segment, segment_reason_zh FROM customers") == [
        ("standard", "尚未分层")
    ]
    with closing(sqlite3.connect(desk.path)) as database:
        database.execute("UPDATE customers SET segment = 'gold', segment_reason_zh = '资产高'")
        database.commit()
    desk.run(write_file(tmp_path / "c.csv", [line(1, 等级="", 地址="上海")]))
    assert desk.rows("SELECT segment, segment_reason_zh FROM customers") == [("gold", "资产高")]
    desk.run(write_file(tmp_path / "c.csv", [line(1, 等级="银")]))
    assert desk.rows("SELECT segment FROM customers") == [("silver",)]


@pytest.mark.parametrize("encoding", ["auto", "utf-16"])
def test_no_bytes_crash_an_import(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """Each file ends in counts that add up, or in a clear refusal; the database stays sound."""
    monkeypatch.setattr(run_module, "BATCH", 3)
    file = tmp_path / "any.csv"
    options = msgspec.structs.replace(desk.mapping.file, encoding=encoding)
    mapping = msgspec.structs.replace(desk.mapping, file=options)
    rows = [line(1), line(2), line(3), line(1)]
    codec = "utf-8" if encoding == "auto" else "utf-16"
    sound = "\n".join([HEADER, *rows]).encode(codec)
    bits = st.one_of(
        st.binary(min_size=1, max_size=4),
        st.sampled_from([b'"', b",", b"\n", b"\r", b"\0", b"=", b"\xff", "王".encode("gbk")]),
    )

    @hypothesis.settings(max_examples=60, deadline=None)
    @hypothesis.given(st.lists(st.tuples(st.integers(0, len(sound)), bits), max_size=6))
    def try_it(edits: list[tuple[int, bytes]]) -> None:
        data = sound
        for place, piece in edits:
            data = data[:place] + piece + data[place + len(piece) % 2 :]
        file.write_bytes(data)
        try:
            counts = desk.run(file, mapping).counts
        except ImportingError as error:
            assert len(str(error)) > 20  # noqa: PT017 - refusing is one of two good ends
        else:
            done = counts.added + counts.changed + counts.unchanged + counts.rejected
            assert done == counts.lines

    try_it()
    assert desk.rows("PRAGMA integrity_check") == [("ok",)]
    assert [path.name for path in desk.folder.iterdir()] == ["lock"]


def test_a_database_that_cannot_be_written_is_named(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_module, "BUSY_SECONDS", 0.05)
    file = write_file(tmp_path / "c.csv", [line(1)])
    with closing(sqlite3.connect(desk.path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(ImportingError, match=r"cannot be written now \(database is locked\)"):
            desk.run(file)
    assert desk.run(file).counts.added == 1


def test_consents_keep_their_older_date(desk: Desk, tmp_path: Path) -> None:
    for day, answer in enumerate(("是", "是", "否", "否", "是")):
        desk.clock = lambda at=NOW + day: at
        row = line(1, 营销同意=answer, 同意日期="", 地址=f"{day}")
        desk.run(write_file(tmp_path / "c.csv", [row]))
        expected = {
            0: (NOW, None),
            1: (NOW, None),
            2: (NOW, NOW + 2),
            3: (NOW, NOW + 2),
            4: (NOW + 4, None),
        }[day]
        assert desk.rows("SELECT granted_at, withdrawn_at FROM consents") == [expected]


def test_a_customer_without_external_id_is_adopted(desk: Desk, tmp_path: Path) -> None:
    file = write_file(tmp_path / "c.csv", [line(1)])
    desk.run(file)
    with closing(sqlite3.connect(desk.path)) as database:
        database.execute("UPDATE customers SET external_id = NULL, source_mark = NULL")
        database.commit()
    assert counts(desk, file) == (0, 1, 0, 0, 0)
    # An id that is somebody's own already makes another one for the newcomer.
    with closing(sqlite3.connect(desk.path)) as database:
        database.execute("UPDATE customers SET external_id = 'other'")
        database.commit()
    assert counts(desk, file) == (1, 0, 0, 0, 0)
    [(made,)] = desk.rows("SELECT customer_id FROM customers WHERE external_id = 'C0000001'")
    assert made.startswith("X")
    assert len(made) == 32


def test_rejects_are_counted_and_named(desk: Desk, tmp_path: Path) -> None:
    lines = [
        line(1),
        line(2, 等级="白金", 出生日期="yesterday"),
        line(1, 姓名="李雷"),
        line(3, 家庭电话="999"),
        line(4, 姓名='"=cmd|calc"'),
        "C0000009,too,short",
    ]
    found = desk.run(write_file(tmp_path / "c.csv", lines))
    assert (found.counts.added, found.counts.rejected, found.counts.left_out) == (2, 4, 1)
    assert found.rejects == str(desk.rejects)
    assert sorted(desk.reasons()) == [
        "3: is no day like 2026-06-30",
        "3: is not known; accepted: diamond, gold, silver, standard, or list it in values",
        "4: stands on line 2 already, and here on line 4 again",
        "5: is too short: an area code may be missing",
        "6: begins with = like a spreadsheet's formula",
        "7: the row has 3 cells, the header 13; put cells that hold the delimiter in quotation "
        "marks",
    ]
    text = desk.rejects.read_text(encoding="utf-8-sig")
    assert "yesterday" not in text
    with desk.rejects.open(encoding="utf-8-sig", newline="") as file:
        assert {row["outcome"] for row in csv.DictReader(file)} == {
            "row rejected",
            "value left out",
        }


def test_twins_are_found_over_the_whole_file(desk: Desk, tmp_path: Path) -> None:
    lines = [line(n) for n in range(run_module.BATCH * 2)] + [line(3, 姓名="李雷")]
    found = desk.run(write_file(tmp_path / "c.csv", lines))
    assert (found.counts.added, found.counts.rejected) == (len(lines) - 1, 1)
    assert desk.reasons() == [
        f"{len(lines) + 1}: stands on line 5 already, and here on line {len(lines) + 1:,} again"
    ]
    assert desk.rows("SELECT name FROM customers WHERE external_id = 'C0000003'") == [("王芳",)]


def test_a_dry_run_counts_and_writes_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.run(write_file(tmp_path / "c.csv", [line(1), line(2)]))
    before = desk.path.read_bytes()
    file = write_file(tmp_path / "c.csv", [line(1), line(2, 地址="上海"), line(3), "x"])
    assert counts(desk, file, dry_run=True) == (1, 1, 1, 1, 0)
    assert desk.path.read_bytes() == before
    assert [path.name for path in desk.folder.iterdir()] == ["lock"]


def test_a_full_delivery_closes_whom_it_lacks(desk: Desk, tmp_path: Path) -> None:
    lines = [line(n) for n in range(20)]
    desk.run(write_file(tmp_path / "c.csv", lines))
    desk.clock = lambda: NOW + 100
    file = write_file(tmp_path / "c.csv", lines[2:])
    assert counts(desk, file) == (0, 0, 18, 0, 0)
    assert counts(desk, file, missing="close") == (0, 0, 18, 0, 2)
    assert desk.rows("SELECT customer_id, updated_at FROM customers WHERE status = 'closed'") == [
        ("C0000000", NOW + 100),
        ("C0000001", NOW + 100),
    ]
    assert counts(desk, file, missing="close") == (0, 0, 18, 0, 0)
    # Who comes back is a customer again.
    file = write_file(tmp_path / "c.csv", lines)
    assert counts(desk, file, missing="close") == (0, 2, 18, 0, 0)
    assert desk.rows("SELECT DISTINCT status FROM customers") == [("customer",)]


def test_a_doubtful_delivery_closes_nobody(desk: Desk, tmp_path: Path) -> None:
    lines = [line(n) for n in range(20)]
    desk.run(write_file(tmp_path / "c.csv", lines))
    with pytest.raises(ImportingError, match=r"lacks 15 of 20 customers \(75.0 %\)"):
        desk.run(write_file(tmp_path / "c.csv", lines[:5]), missing="close")
    with pytest.raises(ImportingError, match="1 rows cannot be read"):
        desk.run(write_file(tmp_path / "c.csv", [*lines[:18], "x,y"]), missing="close")
    # A row that is there but was rejected is not missing.
    file = write_file(tmp_path / "c.csv", [*lines[:19], line(19, 等级="?")])
    assert counts(desk, file, missing="close") == (0, 0, 19, 1, 0)
    assert counts(desk, write_file(tmp_path / "c.csv", lines[:5]), missing="close",
                  close_at_most=80.0) == (0, 0, 5, 0, 15)  # fmt: skip


def test_an_empty_file_is_refused_and_a_bare_header_imports_nothing(
    desk: Desk, tmp_path: Path
) -> None:
    assert counts(desk, write_file(tmp_path / "c.csv", [])) == (0, 0, 0, 0, 0)
    (tmp_path / "c.csv").write_bytes(b"")
    with pytest.raises(ImportingError, match="is empty"):
        desk.run(tmp_path / "c.csv")


def test_two_imports_do_not_meet(desk: Desk, tmp_path: Path) -> None:
    file = write_file(tmp_path / "c.csv", [line(1)])
    assert not is_running(desk.folder)
    with only_import(desk.folder):
        assert is_running(desk.folder)
        with pytest.raises(BusyError, match="another import"):
            desk.run(file)


def test_another_key_or_no_schema_is_refused(desk: Desk, tmp_path: Path) -> None:
    desk.run(write_file(tmp_path / "c.csv", [line(1)]))
    with pytest.raises(WrongKeyError):
        SqliteSink(desk.path, key=DataKey(b"another key" * 3))
    with pytest.raises(NotReadyError, match="hotline db upgrade"):
        SqliteSink(tmp_path / "none.db", key=KEY)


def test_others_write_between_two_transactions(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes during a pause finds the database free."""
    monkeypatch.setattr(run_module, "_MOST", 300)
    file = write_file(tmp_path / "c.csv", [line(n) for n in range(1_000)])
    written = []

    def write(_seconds: float) -> None:
        with closing(sqlite3.connect(desk.path, timeout=0)) as other:
            other.execute("INSERT INTO crm_meta VALUES (?, 'x')", (f"other {len(written)}",))
            other.commit()
        written.append(1)

    with desk.sink() as sink:
        found = run_module.import_file(
            file, desk.mapping, sink,
            run_module.Rules(key=KEY, numbers=run_module.NumberReader(), zone=ZONE),
            folder=desk.folder, rejects=desk.rejects, pause=write,
        )  # fmt: skip
    assert found.counts.added == 1_000
    assert len(written) >= 3
    assert desk.rows("SELECT count(*) FROM crm_meta WHERE name LIKE 'other %'") == [
        (len(written),)
    ]


# Killed -----------------------------------------------------------------------------------


def killed(desk: Desk, file: Path, events: int, delay: float) -> str:
    """Import in a process that is killed ``delay`` after so many steps; return where it was."""
    reading, writing = os.pipe()
    child = os.fork()
    if not child:
        try:
            os.close(reading)

            def tell(step: str, _done: int, _all: int) -> None:
                os.write(writing, step[:1].encode())

            with desk.sink() as sink:
                resume(sink, folder=desk.folder, pause=lambda _s: None, progress=tell)
                rules = run_module.Rules(key=KEY, numbers=run_module.NumberReader(), zone=ZONE)
                run_module.import_file(
                    file, desk.mapping, sink, rules, folder=desk.folder, rejects=desk.rejects,
                    pause=lambda _s: None, progress=tell,
                )  # fmt: skip
            os.write(writing, b"e")
        except BaseException:  # noqa: BLE001 - the child has nobody else to tell
            traceback.print_exc()
            os._exit(1)
        os._exit(0)
    os.close(writing)
    heard = b""
    with open(reading, "rb", buffering=0) as pipe:
        while len(heard) < events and (more := pipe.read(1)):
            heard += more
        signal.sigtimedwait([], delay)  # nothing is waited for but the time
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        heard += pipe.read()
    return "ended" if heard.endswith(b"e") else {b"c": "checking", b"w": "writing"}[heard[-1:]]


def test_interrupted_runs_end_as_an_undisturbed_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "BATCH", 100)
    monkeypatch.setattr(run_module, "_FIRST", 20)
    monkeypatch.setattr(run_module, "_MOST", 60)
    rng = random.Random(20260701)  # noqa: S311 - places to be killed at
    first = [line(n) for n in range(600)]
    second = [line(n, 地址="上海", 产品="") if n % 3 else line(n) for n in range(100, 900)]
    second.append(line(5_000, 等级="?"))
    calm, torn = Desk(_made(tmp_path / "calm")), Desk(_made(tmp_path / "torn"))
    old, new = tmp_path / "old.csv", tmp_path / "new.csv"
    write_file(old, first)
    write_file(new, second)
    for desk in (calm, torn):
        desk.run(old)
    before = torn.digest()
    calm.run(new)
    assert calm.digest() != before
    where = []
    while len(where) < 40:
        where.append(killed(torn, new, rng.randrange(1, 25), rng.random() * 0.003))
        if where[-1] == "checking" and "writing" not in where:
            assert torn.digest() == before  # nothing has happened
        _nobody_is_half_in(torn)
        if where[-1] == "ended":
            break
    assert {"checking", "writing", "ended"} == set(where), where
    assert torn.digest() == calm.digest()
    assert torn.run(new).counts.unchanged == 800
    assert [path.name for path in torn.folder.iterdir()] == ["lock"]


def _nobody_is_half_in(desk: Desk) -> None:
    """Who has the new address has the new products too, and a telephone."""
    assert desk.rows(
        "SELECT d.customer_id FROM customer_details AS d WHERE d.address = '上海' AND "
        "(EXISTS (SELECT 1 FROM holdings AS h WHERE h.customer_id = d.customer_id) OR NOT EXISTS "
        "(SELECT 1 FROM customer_numbers AS n WHERE n.customer_id = d.customer_id))"
    ) == []  # fmt: skip


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder


def test_an_unfinished_run_can_be_resumed_or_given_up(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(run_module, "_FIRST", 20)
    monkeypatch.setattr(run_module, "_MOST", 20)
    file = write_file(tmp_path / "c.csv", [line(n) for n in range(100)])
    while killed(desk, file, 4, 0.0) != "writing":
        pass
    with desk.sink() as sink:
        note = sink.unfinished()
        assert isinstance(note, Note)
        assert (note.source, note.staged) == ("c.csv", 100)
        assert 0 < note.done < 100
        assert len(desk.rows("SELECT 1 FROM customers")) == note.done
        with pytest.raises(ImportingError, match="finish it first"):
            desk.run(file)
        assert desk.run(file, dry_run=True).counts.added == 100 - note.done
        stage = desk.folder / note.stage
        assert stage.stat().st_mode & 0o777 == 0o600
        hidden = stage.rename(desk.folder / "hidden")
        with pytest.raises(ImportingError, match="--discard"):
            resume(sink, folder=desk.folder)
        hidden.rename(stage)
        found = resume(sink, folder=desk.folder, pause=lambda _s: None)
        assert found is not None
        assert (found.resumed, found.counts.added) == (True, 100)
        assert len(desk.rows("SELECT 1 FROM customers")) == 100
        assert resume(sink, folder=desk.folder) is None
        sink.begin(note)
        assert discard(sink, folder=desk.folder) == note
        assert discard(sink, folder=desk.folder) is None
