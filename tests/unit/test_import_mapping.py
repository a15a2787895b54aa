"""Mapping files: faults with their line and what is accepted, and guesses from headers."""

from pathlib import Path

import pytest

from crm_lookup.importing.errors import MappingError
from crm_lookup.importing.mapping import load_mapping
from crm_lookup.importing.mapping_model import FileOptions
from crm_lookup.importing.source import open_source
from crm_lookup.importing.template import mapping_template

SOUND = """\
file:
  delimiter: tab
columns:
  external_id: 客户号
  name: 姓名
  kind: {column: 类型, values: {零售: person}}
numbers:
  - {column: 手机, primary: true}
consents:
  - {column: 营销, purpose: marketing, granted: [是, yes]}
holdings:
  - {product: wealth, amount: 理财}
"""


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "mapping.yaml"


def test_words_stay_what_they_are(file: Path) -> None:
    file.write_text(SOUND, encoding="utf-8")
    found = load_mapping(file)
    assert found.consents[0].granted == ("是", "yes")  # and not a truth value
    assert found.numbers[0].primary is True
    assert found.file.delimiter == "tab"


@pytest.mark.parametrize(
    ("old", "new", "line", "words"),
    [
        ("primary: true", "primary: often", 8, "accepted: true, false"),
        ("primary: true", "relation: friend", 8, "accepted: own, household, company"),
        ("purpose: marketing", "purpose: sales", 10, "accepted: marketing, recording, analysis"),
        ("  name:", "  shoe_size: x\n  name:", 5, "accepted: external_id, name, family_name"),
        ("  external_id: 客户号\n", "", 3, "missing required field `external_id`"),
        ("  name: 姓名", "  name: [姓名]", 5, "accepted: the name of a column"),
        ("column: 类型", "colum: 类型", 6, "accepted: column, values, default, format"),
        ("file:", "fiel:", 1, "accepted: columns, file, numbers"),
        ("delimiter: tab", "header_row: two", 2, "accepted: a number"),
        ("delimiter: tab", "format: ods", 2, "accepted: auto, csv, xlsx, parquet"),
        ("product: wealth", "product: gold_bars", 12, "accepted: current, savings"),
        ("amount: 理财", "currency: CNY", 12, "name a column, or a product"),
        ("  name: 姓名", "  name: 姓名\n  name: 名", 6, "stands there twice"),
        ("  name: 姓名", "  name: &n 姓名\n  segment: *n", None, "not accepted here"),
        ("columns:", "columns: [", None, "mapping.yaml"),
        ("  name: 姓名", "  ? [a]\n  : b", 5, "must be one word"),
        (SOUND, "", None, "write keys and values"),
        (SOUND, "- a\n", None, "write keys and values"),
    ],
)
def test_a_fault_is_named_with_its_line_and_what_is_accepted(
    file: Path, old: str, new: str, line: int | None, words: str
) -> None:
    assert old in SOUND
    file.write_text(SOUND.replace(old, new, 1), encoding="utf-8")
    with pytest.raises(MappingError) as error:
        load_mapping(file)
    assert words in str(error.value)
    assert str(error.value).startswith(str(file))
    if line is not None:
        assert f", line {line}" in str(error.value)


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(MappingError, match="cannot be read"):
        load_mapping(tmp_path / "none.yaml")
    (tmp_path / "deep.yaml").write_text("[" * 5000)
    with pytest.raises(MappingError, match="nested more than 10"):
        load_mapping(tmp_path / "deep.yaml")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            "客户编号,客户姓名,性别,出生日期,手机号码,单位电话,营销同意,持有产品,备注",
            ["external_id: 客户编号", "name: 客户姓名", "gender: 性别", "birth_date: 出生日期",
             "{column: 手机号码, primary: true}", "kind: work, relation: company",
             "{column: 营销同意, purpose: marketing}", "{column: 持有产品}", "not used: 备注"],
        ),
        (
            "Customer ID,Full Name,Last Name,Date of birth,Mobile Phone,E-mail,Marketing consent",
            ["external_id: Customer ID", "name: Full Name", "family_name: Last Name",
             "birth_date: Date of birth", "{column: Mobile Phone, primary: true}",
             'email: "E-mail"', "{column: Marketing consent, purpose: marketing}"],
        ),
    ],
)  # fmt: skip
def test_a_template_is_guessed_and_can_be_used_at_once(
    tmp_path: Path, file: Path, header: str, expected: list[str]
) -> None:
    data = tmp_path / "data.csv"
    data.write_text(header + "\n", encoding="gbk")
    text = mapping_template(data.name, open_source(data, FileOptions()), {"encoding": "gbk"})
    for words in expected:
        assert words in text
    file.write_text(text, encoding="utf-8")
    assert load_mapping(file).file.encoding == "gbk"


def test_a_template_says_what_it_could_not_guess(tmp_path: Path, file: Path) -> None:
    data = tmp_path / "data.csv"
    data.write_text('甲,"乙: ""丙""\x00",甲\n', encoding="utf-8")
    text = mapping_template(data.name, open_source(data, FileOptions()), {})
    assert "external_id: ???  # 必填 / must be given" in text
    file.write_text(text, encoding="utf-8")
    load_mapping(file)
