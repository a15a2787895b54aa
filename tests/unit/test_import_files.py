"""Files of every kind and in every bad shape as rows: clear rejects, never a crash."""

import codecs
import csv
import io
from datetime import date
from pathlib import Path

import polars
import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from crm_lookup.importing import lines as lines_module
from crm_lookup.importing.delimited import DelimitedSource
from crm_lookup.importing.errors import FileError, ImportingError
from crm_lookup.importing.lines import detect
from crm_lookup.importing.mapping_model import FileOptions
from crm_lookup.importing.rows import Refused
from crm_lookup.importing.source import open_source

HEAD = "客户号,姓名,地址\n"


def rows_of(path: Path, data: bytes | str, **options: str) -> list[list[str] | str]:
    """Cells of each row, or ``LINE: REASON`` of one that was refused."""
    path.write_bytes(data.encode() if isinstance(data, str) else data)
    source = DelimitedSource(path, **options)  # type: ignore[arg-type] # as the test gives them
    return [
        f"{row.line}: {row.reason}" if isinstance(row, Refused) else row[1]
        for row in source.rows()
    ]


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "customers.csv"


@pytest.mark.parametrize(
    ("encoding", "mark", "name"),
    [
        ("utf-8", b"", "UTF-8"),
        ("utf-8", codecs.BOM_UTF8, "UTF-8"),
        ("gbk", b"", "GB18030"),
        ("gb18030", b"", "GB18030"),
        ("utf-16-le", codecs.BOM_UTF16_LE, "UTF-16 LE"),
        ("utf-16-be", codecs.BOM_UTF16_BE, "UTF-16 BE"),
        ("utf-16-le", b"", "UTF-16 LE"),
        ("utf-16-be", b"", "UTF-16 BE"),
    ],
)
def test_encodings_are_found_out(file: Path, encoding: str, mark: bytes, name: str) -> None:
    text = HEAD + "C1,王芳,北京市朝阳区\r\nC2,李雷,上海\n"
    assert rows_of(file, mark + text.encode(encoding)) == [
        ["C1", "王芳", "北京市朝阳区"],
        ["C2", "李雷", "上海"],
    ]
    source = DelimitedSource(file)
    assert source.header == ["客户号", "姓名", "地址"]
    assert source.said == f"{name}, delimiter comma"
    assert detect(file, encoding).name in (name, "GB18030")


def test_ascii_first_and_chinese_late_is_found_out_too(file: Path) -> None:
    text = "id,name,more\n" + "C1,Smith,x\n" * 30_000 + "C2,王芳,y\n"
    assert rows_of(file, text.encode("gbk"))[-1] == ["C2", "王芳", "y"]


def test_a_broken_byte_costs_one_row_and_is_located(file: Path) -> None:
    data = HEAD.encode() + "C1,王,a\n".encode() + b"C2,\xff\xfe,b\n" + "C3,李,c\n".encode()
    place = data.index(b"\xff") + 1
    assert rows_of(file, data) == [
        ["C1", "王", "a"],
        f"3: byte {place} of the file is no UTF-8 (byte 4 of the line); give --encoding if the "
        "file has another",
        ["C3", "李", "c"],
    ]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be"])
def test_broken_utf16_is_located(file: Path, encoding: str) -> None:
    broken = "\udc12".encode(encoding, "surrogatepass")
    head = f"\ufeff{HEAD}𠮷1,王,a\n".encode(encoding)
    data = head + "C2,".encode(encoding) + broken + ",b\nC3,李,c\n".encode(encoding)
    said = rows_of(file, data)
    assert said[0] == ["𠮷1", "王", "a"]
    assert said[2] == ["C3", "李", "c"]
    assert f"3: byte {data.index(broken, len(head)) + 1:,} of the file is no UTF-16" in said[1]
    # Half a unit at the end of the file.
    assert "is no UTF-16" in rows_of(file, data + b"C")[-1]


def test_every_line_end_is_one(file: Path) -> None:
    text = "a,b\r\n1,x\n2,y\r3,z\r\n\r\n4,w"
    assert rows_of(file, text) == [["1", "x"], ["2", "y"], ["3", "z"], ["4", "w"]]


def test_quoted_cells_may_hold_delimiters_marks_and_line_ends(file: Path) -> None:
    text = 'a,b\n1,"x, ""y""\nz"\n"2",w\n'
    assert rows_of(file, text) == [["1", 'x, "y"\nz'], ["2", "w"]]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('1,"open\n2,y\n3,z\n', ["2: a quotation mark opens", ["2", "y"], ["3", "z"]]),
        # The next mark would close it: what does not fit is still one line's fault.
        ('1,"open\n2,"y"\n3,z\n', ["2: a quotation mark opens", ["2", "y"], ["3", "z"]]),
        ('1,"x"y\n2,y\n', ["2: something stands behind a closing", ["2", "y"]]),
        ("1\n2,y\n", ["2: the row has 1 cells, the header 2", ["2", "y"]]),
        ("1" + ",x" * 101 + "\n2,y\n", ["2: the row has 102 cells, the header 2", ["2", "y"]]),
        ("1," + "x" * 200_000 + "\n2,y\n", ["2: a cell is longer than", ["2", "y"]]),
        ("1," + "x" * 10_000_000 + "\n2,y\n", ["2: the line is longer than", ["2", "y"]]),
        ('1,"' + "x" * 10_000_000 + '"\n2,y', ["2: the line is longer than", ["2", "y"]]),
        ("1,\0\n2,y\n", [["1", "\0"], ["2", "y"]]),
        ("1," + "x" * 10_000_000, ["2: the line is longer than"]),
        ("", []),
        ("\n\n,\n", []),
    ],
)
def test_hostile_rows_are_refused_one_by_one(
    file: Path, text: str, expected: list[list[str] | str]
) -> None:
    found = rows_of(file, "a,b\n" + text)
    assert len(found) == len(expected)
    for row, wanted in zip(found, expected, strict=True):
        assert row == wanted or (
            isinstance(row, str) and isinstance(wanted, str) and row.startswith(wanted)
        )


def test_a_long_line_keeps_the_places_behind_it(file: Path) -> None:
    data = b"a,b\n1," + b"x" * 5_000_000 + b"\r\n2,\xff\n"
    said = rows_of(file, data)
    assert "3: byte" in said[1]
    assert f"byte {data.index(0xFF) + 1:,} of the file" in said[1]


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "is empty"),
        (b"\n1,2\n", "the header is blank"),
        (b"," * 1_500 + b"x\n", "1,501 columns"),
        (b'a,"b\n', "never closed"),
        (b"\xff\xffa,b\n", "the header: byte 1"),
        (b"PK\x03\x04zip", "is no text file"),
    ],
)
def test_a_file_without_a_usable_header_is_refused(file: Path, data: bytes, words: str) -> None:
    file.write_bytes(data)
    with pytest.raises(FileError, match=words):
        DelimitedSource(file)


@pytest.mark.parametrize(
    ("asked", "words"), [("latin-9", "there are auto, utf-8"), ("x", "known")]
)
def test_an_unknown_encoding_says_which_there_are(file: Path, asked: str, words: str) -> None:
    with pytest.raises(FileError, match=words):
        rows_of(file, "a,b\n", encoding=asked)


@settings(max_examples=300, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=400),
        st.lists(
            st.sampled_from(
                [b'"', b",", b"\r", b"\n", b"\0", b"\xff", b"=1", "王".encode(),
                 "王".encode("gbk"), b"\xff\xfe", b"a", b";", b"\xed\xa0\x80", b"x" * 60]
            ),
            max_size=60,
        ).map(b"".join),
    ),
    encoding=st.sampled_from(["auto", "utf-8", "gb18030", "utf-16", "utf-16-be"]),
)  # fmt: skip
def test_no_bytes_crash_it(
    tmp_path_factory: pytest.TempPathFactory, data: bytes, encoding: str
) -> None:
    file = tmp_path_factory.getbasetemp() / "any.csv"
    file.write_bytes(data)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines_module, "BLOCK", 7)
        patch.setattr(lines_module, "LONGEST_LINE", 50)
        try:
            source = DelimitedSource(file, encoding=encoding)
        except ImportingError:
            return
        last = 0
        for row in source.rows():
            number = row.line if isinstance(row, Refused) else row[0]
            assert number > last
            last = number
            if not isinstance(row, Refused):
                assert len(row[1]) == len(source.header)


@settings(max_examples=150, deadline=None)
@given(
    table=st.lists(
        st.lists(st.text(alphabet='ab王,;"\r\n 𠮷', max_size=6), min_size=3, max_size=3),
        max_size=8,
    ),
    encoding=st.sampled_from(["utf-8", "gb18030", "utf-16"]),
    quoting=st.sampled_from([csv.QUOTE_ALL, csv.QUOTE_MINIMAL]),
    end=st.sampled_from(["\n", "\r\n"]),
)
def test_what_csv_writes_is_read_back(
    tmp_path_factory: pytest.TempPathFactory,
    table: list[list[str]],
    encoding: str,
    quoting: int,
    end: str,
) -> None:
    if quoting == csv.QUOTE_MINIMAL:  # csv before 3.13 leaves a lone CR without marks
        table = [[cell.replace("\r", "") for cell in row] for row in table]
    text = io.StringIO()
    csv.writer(text, quoting=quoting, lineterminator=end).writerows([["号", "b", "c"], *table])  # type: ignore[arg-type] # typeshed wants the constants
    file = tmp_path_factory.getbasetemp() / "table.csv"
    found = rows_of(file, text.getvalue().encode(encoding))
    assert found == [row for row in table if any(row)]


def test_a_workbook_is_read(tmp_path: Path) -> None:
    file = tmp_path / "book.xlsx"
    with xlsxwriter.Workbook(str(file), {"default_date_format": "yyyy-mm-dd"}) as book:
        book.add_worksheet("说明").write(0, 0, "read me")
        sheet = book.add_worksheet("客户")
        sheet.write_row(1, 0, ["客户号", "手机", "开户日期", "余额"])
        sheet.write_row(2, 0, ["C1", 13800138000, date(2020, 1, 31), 12.5])
        sheet.write_row(4, 0, ["C2", "=1+1", "2021-02-03"])
    source = open_source(file, FileOptions(sheet="客户", header_row=2))
    assert source.header == ["客户号", "手机", "开户日期", "余额"]
    assert list(source.rows()) == [
        (3, ["C1", "13800138000", "2020-01-31", "12.5"]),
        (5, ["C2", "0", "2021-02-03", ""]),
    ]
    with pytest.raises(FileError, match="there are 说明, 客户"):
        open_source(file, FileOptions(sheet="Kunden"))


def test_parquet_is_read(tmp_path: Path) -> None:
    file = tmp_path / "customers.parquet"
    polars.DataFrame(
        {"id": ["C1", "C2"], "phone": [13800138000, None], "since": [date(2020, 1, 31)] * 2}
    ).write_parquet(file)
    source = open_source(file, FileOptions())
    assert source.header == ["id", "phone", "since"]
    assert list(source.rows()) == [
        (2, ["C1", "13800138000", "2020-01-31"]),
        (3, ["C2", "", "2020-01-31"]),
    ]


@pytest.mark.parametrize("name", ["x.xlsx", "x.parquet"])
@pytest.mark.parametrize("data", [b"", b"PK\x03\x04broken", b"PAR1broken", b"a,b\n1,2\n"])
def test_what_is_no_workbook_or_parquet_is_refused(tmp_path: Path, name: str, data: bytes) -> None:
    (tmp_path / name).write_bytes(data)
    with pytest.raises(FileError):
        open_source(tmp_path / name, FileOptions())
    with pytest.raises(FileError, match="is no file"):
        open_source(tmp_path, FileOptions())
