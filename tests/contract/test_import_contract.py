"""What importing customers must do, into a real database."""

import csv
import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

import hypothesis
import msgspec
import pytest
from hypothesis import strategies as st

from crm_lookup import sealing
from crm_lookup.errors import NotReadyError, WrongKeyError
from crm_lookup.importing import checking
from crm_lookup.importing import run as run_module
from crm_lookup.importing import sqlite as sqlite_module
from crm_lookup.importing.errors import BusyError, ImportingError
from crm_lookup.importing.postgres import PostgresSink
from crm_lookup.importing.records import Customer
from crm_lookup.importing.sqlite import SqliteSink
from crm_lookup.importing.stage import Stage, is_running, only_import
from crm_lookup.keys import DataKey
from crm_lookup.sealing import Sealer, SealKey
from crm_lookup.testing import KEY, NOW
from hotline import db
from tests.contract.import_kit import DESKS, HEADER, Desk, SqliteDesk, desk_of, line, write_file
from tests.postgres_kit import databases


@pytest.fixture(params=DESKS)
def desk(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Desk]:
    with desk_of(request.param, tmp_path) as desk:
        yield desk


@pytest.fixture
def file_desk(tmp_path: Path) -> SqliteDesk:
    return SqliteDesk(tmp_path)


def counts(desk: Desk, file: Path, **rules: object) -> tuple[int, ...]:
    found = desk.run(file, **rules).counts
    return found.added, found.changed, found.unchanged, found.rejected, found.closed


def test_customers_go_in_with_all_that_belongs_to_them(desk: Desk, tmp_path: Path) -> None:
    lines = [line(1), line(7), line(10, 证件号="11010519491231002X")]
    found = desk.run(write_file(tmp_path / "c.csv", lines))
    assert (found.counts.added, found.counts.lines, found.rejects) == (3, 3, "")
    [(mark, *rest)] = desk.rows(
        "SELECT source_mark, external_id, kind, status, name, family_name, segment, language, "
        "birth_year, since, segment_reason_en, updated_at FROM customers "
        "WHERE customer_id = 'C0000001'"
    )
    assert len(mark) == 32
    assert rest == [
        *("C0000001", "person", "customer", "王芳", "王", "silver", "zh", 1911, "2015-03-02"),
        *("Given by the bank's systems", NOW),
    ]
    assert desk.rows(
        "SELECT number, kind, is_primary, relation, sealed FROM customer_numbers "
        "WHERE customer_id = 'C0000010' ORDER BY is_primary"
    ) == [
        ("+861062340005", "home", 0, "household", None),
        ("+8613800000010", "mobile", 1, "own", None),
    ]
    assert desk.rows(
        "SELECT customer_id, purpose, granted_at, withdrawn_at FROM consents ORDER BY 1"
    ) == [
        ("C0000001", "marketing", 1578153600.0, 1578153600.0),
        ("C0000007", "marketing", 1578153600.0, 1578153600.0),
        ("C0000010", "marketing", 1578153600.0, 1578153600.0),
    ]
    assert desk.rows(
        "SELECT product, opened FROM holdings WHERE customer_id = 'C0000001' ORDER BY 1"
    ) == [
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
    before, desk.clock = desk.content(), lambda: NOW + 100
    assert counts(desk, file) == (0, 0, 2_500, 0, 0)
    assert desk.content() == before
    assert desk.rows("SELECT max(updated_at) FROM customers") == [(NOW,)]


def test_only_changed_rows_are_written(desk: Desk, tmp_path: Path) -> None:
    lines = [line(n) for n in range(100)]
    desk.run(write_file(tmp_path / "c.csv", lines))
    desk.clock = lambda: NOW + 100
    lines[5] = line(5, 等级="钻石", 手机="13911112222", 产品="储蓄账户", 营销同意="是")
    lines.append(line(100))
    assert counts(desk, write_file(tmp_path / "c.csv", lines)) == (1, 1, 99, 0, 0)
    touched = desk.rows(
        f"SELECT customer_id FROM customers WHERE updated_at > {NOW} ORDER BY 1"  # noqa: S608 - a number
    )
    assert touched == [("C0000005",), ("C0000100",)]
    assert desk.rows("SELECT segment FROM customers WHERE customer_id = 'C0000005'") == [
        ("diamond",)
    ]
    assert desk.rows(
        "SELECT number FROM customer_numbers WHERE customer_id = 'C0000005' ORDER BY kind"
    ) == [("+861062340002",), ("+8613911112222",)]
    assert desk.rows("SELECT product FROM holdings WHERE customer_id = 'C0000005'") == [
        ("savings",)
    ]


def test_what_a_mapping_does_not_give_stays(desk: Desk, tmp_path: Path) -> None:
    file = write_file(tmp_path / "c.csv", [line(1)])
    desk.run(file)
    desk.execute("UPDATE customers SET relationship_manager = '李雷', segment = 'gold'")
    desk.execute("UPDATE holdings SET opened = '2001-01-01', balance = 7")
    columns = msgspec.structs.replace(desk.mapping.columns, segment=None, since=None)
    narrow = msgspec.structs.replace(desk.mapping, columns=columns, numbers=(), consents=())
    assert desk.run(file, narrow).counts.changed == 1
    assert desk.rows("SELECT relationship_manager, segment, since FROM customers") == [
        ("李雷", "gold", "2015-03-02")
    ]
    assert desk.rows("SELECT DISTINCT opened, balance FROM holdings") == [("2001-01-01", 7)]
    assert desk.rows("SELECT count(*) FROM customer_numbers") == [(1,)]


def test_personal_data_are_sealed_in_the_database_and_in_the_stage(
    desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sealer = Sealer([SealKey(b"a sealing key for the tests only!")], seals=True)
    staged = []
    add = Stage.add

    def look(stage: Stage, customers: Sequence[Customer]) -> None:
        staged.append(msgspec.json.encode(customers).decode())
        add(stage, customers)

    monkeypatch.setattr(Stage, "add", look)
    row = line(1, 证件号="11010519491231002X", 家庭电话="010-62345678")
    file = write_file(tmp_path / "c.csv", [row])
    assert desk.run(file, sealing=sealer).counts.added == 1
    hidden = ("王芳", "13800000001", "62345678", "11010519491231002X", "北京市朝阳区1号")
    for content in (*staged, *desk.content()):
        assert not [word for word in hidden if word in content]
    [(name, family)] = desk.rows("SELECT name, family_name FROM customers")
    assert sealer.open(sealing.NAME, "C0000001", name) == "王芳"
    assert sealer.open(sealing.FAMILY_NAME, "C0000001", family) == "王"
    numbers = desk.rows("SELECT number, sealed FROM customer_numbers")
    assert {key in sealer.found_by(sealer.phone("C0000001", key, s)) for key, s in numbers} == {
        True
    }
    [(number, address)] = desk.rows("SELECT id_number, address FROM customer_details")
    assert sealer.open(sealing.ID_NUMBER, "C0000001", number) == "11010519491231002X"
    assert sealer.open(sealing.ADDRESS, "C0000001", address) == "北京市朝阳区1号"
    assert desk.run(file, sealing=sealer).counts.unchanged == 1
    # Written in clear again, a number does not stand there twice.
    assert desk.run(write_file(tmp_path / "c.csv", [f"{row} "])).counts.changed == 1
    assert sorted(desk.rows("SELECT number, sealed FROM customer_numbers")) == [
        ("+861062345678", None),
        ("+8613800000001", None),
    ]


def test_a_row_without_segment_leaves_the_one_that_was_found(desk: Desk, tmp_path: Path) -> None:
    desk.run(write_file(tmp_path / "c.csv", [line(1, 等级="")]))
    assert desk.rows("SELECT segment, segment_reason_zh FROM customers") == [
        ("standard", "尚未分层")
    ]
    desk.execute("UPDATE customers SET segment = 'gold', segment_reason_zh = '资产高'")
    desk.run(write_file(tmp_path / "c.csv", [line(1, 等级="", 地址="上海")]))
    assert desk.rows("SELECT segment, segment_reason_zh FROM customers") == [("gold", "资产高")]
    desk.run(write_file(tmp_path / "c.csv", [line(1, 等级="银")]))
    assert desk.rows("SELECT segment FROM customers") == [("silver",)]


@pytest.mark.parametrize("encoding", ["auto", "utf-16"])
def test_no_bytes_crash_an_import(
    file_desk: SqliteDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, encoding: str
) -> None:
    """Each file ends in counts that add up, or in a clear refusal; the database stays sound."""
    monkeypatch.setattr(checking, "BATCH", 3)
    desk, file = file_desk, tmp_path / "any.csv"
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
    assert [path.name for path in desk.folder.iterdir()] == ["lock"]


def test_a_database_that_cannot_be_written_is_named(
    file_desk: SqliteDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_module, "BUSY_SECONDS", 0.05)
    desk = file_desk
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


def test_the_moment_of_a_change_is_taken_when_the_database_is_held(
    file_desk: SqliteDesk, tmp_path: Path
) -> None:
    """Whoever looked for changes just before would otherwise never see this one."""
    held = []

    def clock() -> float:
        with closing(sqlite3.connect(file_desk.path, timeout=0)) as other:
            try:
                other.execute("BEGIN IMMEDIATE")
            except sqlite3.OperationalError:
                held.append(NOW + len(held))
                return held[-1]
        return NOW - 100

    file_desk.clock = clock
    file_desk.run(write_file(tmp_path / "c.csv", [line(1)]))
    assert file_desk.rows("SELECT updated_at FROM customers") == [(held[0],)]


def test_a_customer_without_external_id_is_adopted(desk: Desk, tmp_path: Path) -> None:
    file = write_file(tmp_path / "c.csv", [line(1)])
    desk.run(file)
    desk.execute("UPDATE customers SET external_id = NULL, source_mark = NULL")
    assert counts(desk, file) == (0, 1, 0, 0, 0)
    # An id that is somebody's own already makes another one for the newcomer.
    desk.execute("UPDATE customers SET external_id = 'other'")
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
    lines = [line(n) for n in range(checking.BATCH * 2)] + [line(3, 姓名="李雷")]
    found = desk.run(write_file(tmp_path / "c.csv", lines))
    assert (found.counts.added, found.counts.rejected) == (len(lines) - 1, 1)
    assert desk.reasons() == [
        f"{len(lines) + 1}: stands on line 5 already, and here on line {len(lines) + 1:,} again"
    ]
    assert desk.rows("SELECT name FROM customers WHERE external_id = 'C0000003'") == [("王芳",)]


def test_a_dry_run_counts_and_writes_nothing(desk: Desk, tmp_path: Path) -> None:
    desk.run(write_file(tmp_path / "c.csv", [line(1), line(2)]))
    before = desk.content()
    file = write_file(tmp_path / "c.csv", [line(1), line(2, 地址="上海"), line(3), "x"])
    assert counts(desk, file, dry_run=True) == (1, 1, 1, 1, 0)
    assert desk.content() == before
    assert [path.name for path in desk.folder.iterdir()] == ["lock"]


def test_a_full_delivery_closes_whom_it_lacks(desk: Desk, tmp_path: Path) -> None:
    lines = [line(n) for n in range(20)]
    desk.run(write_file(tmp_path / "c.csv", lines))
    desk.clock = lambda: NOW + 100
    file = write_file(tmp_path / "c.csv", lines[2:])
    assert counts(desk, file) == (0, 0, 18, 0, 0)
    assert counts(desk, file, missing="close") == (0, 0, 18, 0, 2)
    assert desk.rows(
        "SELECT customer_id, updated_at FROM customers WHERE status = 'closed' ORDER BY 1"
    ) == [
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


def test_another_key_is_refused(desk: Desk, tmp_path: Path) -> None:
    desk.run(write_file(tmp_path / "c.csv", [line(1)]))
    with pytest.raises(WrongKeyError):
        desk.make_sink(DataKey(b"another key" * 3))


def test_no_database_or_no_schema_is_refused(tmp_path: Path) -> None:
    with pytest.raises(NotReadyError, match="hotline db upgrade"):
        SqliteSink(tmp_path / "none.db", key=KEY)
    with (
        databases().fresh(empty=True) as url,
        pytest.raises(NotReadyError, match="hotline db upgrade"),
    ):
        PostgresSink(db.server_dsn(url), key=KEY)


def test_others_write_between_two_transactions(
    file_desk: SqliteDesk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever writes during a pause finds the database free."""
    monkeypatch.setattr(run_module, "_MOST", 300)
    file = write_file(tmp_path / "c.csv", [line(n) for n in range(1_000)])
    written = []

    def write(_seconds: float) -> None:
        file_desk.execute(f"INSERT INTO crm_meta VALUES ('other {len(written)}', 'x')")  # noqa: S608 - a number
        written.append(1)

    assert file_desk.run(file, pause=write).counts.added == 1_000
    assert len(written) >= 3
    assert file_desk.rows("SELECT count(*) FROM crm_meta WHERE name LIKE 'other %'") == [
        (len(written),)
    ]
