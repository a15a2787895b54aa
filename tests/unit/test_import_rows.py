"""Rows as customers by a mapping, or the reasons why not."""

from pathlib import Path
from zoneinfo import ZoneInfo

import phonenumbers
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from crm_lookup.importing import values
from crm_lookup.importing.convert import Converter
from crm_lookup.importing.errors import MappingError
from crm_lookup.importing.mapping import load_mapping
from crm_lookup.importing.phones import PhoneReader
from crm_lookup.importing.ports import Unsealed
from crm_lookup.importing.records import COLUMNS, Customer
from crm_lookup.importing.rejects import Rejects, harmless
from crm_lookup.importing.rows import Refused
from crm_lookup.numbers import NumberReader
from crm_lookup.testing import KEY, NOW

MAPPING = """\
columns:
  external_id: 客户号
  name: 姓名
  kind: {column: 类型, values: {零售: person}}
  gender: 性别
  birth_date: 生日
  since: {column: 开户, default: 2020-01-01}
  segment: 等级
  id_number: 证件号
  email: 邮箱
numbers:
  - {column: 手机, separator: /, primary: true}
  - {column: 家, kind: home, relation: household, invalid: skip}
consents:
  - {column: 营销, purpose: marketing, date: 营销日}
holdings:
  - {column: 产品}
  - {product: wealth, amount: 理财, matures: 到期}
"""
GOOD = {
    "客户号": "C1", "姓名": "欧阳芳", "类型": "零售", "性别": "女", "生日": "1985年3月2日",
    "开户": "20150302", "等级": "金", "证件号": "11010519491231002x", "邮箱": "fang@example.com",
    "手机": "138 0013 8000/13900139000", "家": "010-62345678", "营销": "是",
    "营销日": "2026-01-05", "产品": "活期账户|信用卡", "理财": "1,234.50", "到期": "2027-01-01",
}  # fmt: skip
HEADER = [*GOOD]
ZONE = ZoneInfo("Asia/Shanghai")


def converter(folder: Path, mapping: str = MAPPING, header: list[str] = HEADER) -> Converter:
    file = folder / "mapping.yaml"
    file.write_text(mapping, encoding="utf-8")
    return Converter(
        load_mapping(file), header, key=KEY, phones=PhoneReader(NumberReader()), region="CN",
        seals=Unsealed(), now=NOW, zone=ZONE,
    )  # fmt: skip


def convert(folder: Path, **cells: str) -> tuple[Customer | None, list[Refused]]:
    row = [{**GOOD, **cells}[name] for name in HEADER]
    return converter(folder).customer(
        7, row, change="added", customer_id="C1", external_id="C1", mark="m"
    )


def test_a_good_row_is_a_whole_customer(tmp_path: Path) -> None:
    found, faults = convert(tmp_path)
    assert faults == []
    assert found is not None
    assert dict(zip(COLUMNS, found.values, strict=True)) == {
        "kind": "person", "status": "customer", "name": "欧阳芳", "family_name": "欧阳",
        "segment": "gold", "segment_reason_zh": "银行系统导入",
        "segment_reason_en": "Given by the bank's systems", "language": "zh",
        "birth_year": 1985, "gender": "female", "city_code": None, "since": "2015-03-02",
        "relationship_manager": None,
    }  # fmt: skip
    assert [(n.key, n.kind, n.primary, n.relation) for n in found.numbers] == [
        ("+8613800138000", "mobile", True, "own"),
        ("+8613900139000", "mobile", False, "own"),
        ("+861062345678", "home", False, "household"),
    ]
    [consent] = found.consents
    assert (consent.purpose, consent.granted, consent.dated) == ("marketing", True, True)
    assert consent.at == 1767542400.0  # midnight in Shanghai
    assert [(h.product, h.balance, h.matures) for h in found.holdings] == [
        ("current", None, None), ("credit_card", None, None), ("wealth", 123_450, "2027-01-01"),
    ]  # fmt: skip
    assert found.details == ("identity_card", "11010519491231002X", None, "fang@example.com")


@pytest.mark.parametrize(
    ("column", "cell", "reason"),
    [
        ("姓名", "", "is empty"),
        ("姓名", '=HYPERLINK("http://x")', "begins with = like a spreadsheet's formula"),
        ("姓名", "@SUM(A1)", "begins with @"),
        ("姓名", "＝1+1", "begins with ＝"),
        ("姓名", "王\0芳", "control character"),
        ("姓名", "王\u202e芳", "control character"),
        ("姓名", "王" * 129, "longer than 128"),
        ("类型", "外星人", "accepted: person, company"),
        ("生日", "1985-02-30", "is no day like 2026-06-30"),
        ("生日", "2099-01-01", "lies outside"),
        ("等级", "白金", "accepted: diamond, gold, silver, standard"),
        ("证件号", "110105194912310021", "check digit"),
        ("邮箱", "fang", "is no e-mail address"),
        ("手机", "62345", "too short"),
        ("手机", "95588", "service number"),
        ("手机", "1.38001E+10", "rounded by a spreadsheet"),
        ("手机", "=1+2", "is no number that can be called"),
        ("营销", "也许", "neither yes nor no"),
        ("营销日", "yesterday", "is no day"),
        ("产品", "活期账户|彩票", "no product of ours"),
        ("理财", "many", "is no amount"),
        ("理财", "1.005", "more decimals"),
        ("理财", "1e400", "larger"),
        ("理财", "NaN", "is no amount"),
    ],
)
def test_a_bad_cell_rejects_the_row_with_a_reason(
    tmp_path: Path, column: str, cell: str, reason: str
) -> None:
    found, [fault] = convert(tmp_path, **{column: cell})
    assert found is None
    assert (fault.line, fault.column) == (7, column)
    assert reason in fault.reason
    if column in ("姓名", "生日", "证件号", "邮箱", "手机") and cell:
        assert cell not in fault.shown
        assert fault.shown.startswith(f"{cell[0]}** (")


def test_a_number_may_be_left_out_instead(tmp_path: Path) -> None:
    found, [fault] = convert(tmp_path, 家="999")
    assert found is not None
    assert len(found.numbers) == 2
    assert fault.left_out


def test_empty_cells_mean_nothing_or_the_default(tmp_path: Path) -> None:
    cells = dict.fromkeys(GOOD, "") | {"姓名": "Smith, John"}
    found, faults = convert(tmp_path, **cells)
    assert faults == []
    assert found is not None
    assert found.values[3:7] == ("Smith", "standard", "尚未分层", "Not classified yet")
    assert found.values[11] == "2020-01-01"
    assert (found.numbers, found.consents, found.holdings) == ((), (), ())


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("name: 姓名", "name: 名字", "no column '名字'; its header: 客户号, 姓名"),
        ("default: 2020-01-01", "default: soon", "columns.since: default 'soon' is no day"),
        ("零售: person", "零售: alien", "accepted: person, company"),
        ("gender: 性别", "gender: {column: 性别, format: x}", "format belongs to"),
        ("email: 邮箱", "email: {column: 邮箱, values: {a: b}}", "values belongs to kind"),
    ],
)
def test_a_mapping_that_does_not_fit_the_file_is_refused(
    tmp_path: Path, old: str, new: str, words: str
) -> None:
    assert old in MAPPING
    with pytest.raises(MappingError) as error:
        converter(tmp_path, MAPPING.replace(old, new))
    assert words in str(error.value)


def test_a_mark_follows_what_is_mapped_and_how(tmp_path: Path) -> None:
    row = [GOOD[name] for name in HEADER]
    mark = converter(tmp_path).mark(row)
    assert len(mark) == 32
    wider = converter(tmp_path, header=["备注", *HEADER])
    assert wider.mark(["new", *row]) == mark  # a column that nobody reads, and another order
    assert converter(tmp_path).mark([*row[:-1], "2028-01-01"]) != mark
    other = converter(tmp_path, MAPPING.replace("零售: person", "零售: company"))
    assert other.mark(row) != mark


@pytest.mark.parametrize(
    ("cell", "fits"),
    [("C-1/7", True), ("", False), ("a b", False), ("=1", False), ("1.2E+17", False),
     ("x" * 65, False), ("a,b", False), ("客户7", True), ("\ud800", False)],
)  # fmt: skip
def test_external_ids(cell: str, fits: bool) -> None:
    if fits:
        assert values.external_id(cell) == cell
    else:
        with pytest.raises(ValueError, match=r"id|empty|text"):
            values.external_id(cell)


@pytest.mark.parametrize(
    ("name", "family"),
    [("王芳", "王"), ("欧阳芳", "欧阳"), ("Smith, John", "Smith"), ("John Smith", "Smith"),
     ("买买提·阿不都拉", "买买提"), ("单于", "单")],
)  # fmt: skip
def test_family_names(name: str, family: str) -> None:
    assert values.family_name(name) == family


@given(st.text(alphabet="0123456789+", max_size=16))
@example("13800138000")
@example("+8613800138000")
@example("8613800138000")
def test_the_short_way_finds_what_the_long_way_finds(cell: str) -> None:
    reader = NumberReader()
    long_way = reader.read(cell)
    try:
        phone = PhoneReader(reader).read(cell)
    except ValueError:
        assert long_way.e164 == ""
    else:
        assert (phone.e164, phone.mobile) == (long_way.e164, long_way.kind == "mobile")


def test_every_mobile_prefix_goes_the_short_way_rightly() -> None:
    reader = NumberReader()
    phones = PhoneReader(reader)
    for prefix in range(1000, 2000):
        cell = f"{prefix}2345678"[:11]
        valid = phonenumbers.is_valid_number(phonenumbers.parse(cell, "CN"))
        assert (phones._plain.fullmatch(cell) is not None) <= valid
        if valid:
            assert phones.read(cell).e164 == reader.read(cell).e164


@given(st.text(max_size=30))
def test_no_cell_of_the_reject_file_is_a_formula(cell: str) -> None:
    assert harmless(cell).lstrip(" ")[:1] not in tuple("=+-@\t\r\n＝＋－＠")


def test_the_reject_file_is_written_when_needed_and_never_over_another(tmp_path: Path) -> None:
    path = tmp_path / "rejects.csv"
    Rejects(path).close()
    assert not path.exists()
    for reason in ("first", "second"):
        rejects = Rejects(path)
        rejects.add(Refused(line=2, column="=cmd", shown="+1", reason=reason))
        rejects.close()
    assert path.read_text(encoding="utf-8-sig").splitlines() == [
        '"line","column","value","reason","outcome"',
        '"2","\'=cmd","\'+1","second","row rejected"',
    ]
    assert path.stat().st_mode & 0o777 == 0o600
    path.write_text("mine\n")
    with pytest.raises(Exception, match="is no reject file"):
        Rejects(path)
