"""A file of customers, a mapping, and what importing them leaves in the database."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from hashlib import sha256
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from crm_lookup.importing.mapping import load_mapping
from crm_lookup.importing.mapping_model import Mapping
from crm_lookup.importing.run import Outcome, Rules, import_file
from crm_lookup.importing.sqlite import SqliteSink
from crm_lookup.numbers import NumberReader
from crm_lookup.testing import KEY, NOW
from hotline import db

HEADER: Final = (
    "客户号,姓名,类型,出生日期,开户日期,等级,手机,家庭电话,营销同意,同意日期,证件号,地址,产品"
)
MAPPING: Final = """\
columns:
  external_id: 客户号
  name: 姓名
  kind: 类型
  birth_date: 出生日期
  since: 开户日期
  segment: 等级
  id_number: 证件号
  address: 地址
numbers:
  - {column: 手机, primary: true}
  - {column: 家庭电话, kind: home, relation: household, invalid: skip}
consents:
  - {column: 营销同意, purpose: marketing, date: 同意日期}
holdings:
  - {column: 产品}
"""
TABLES: Final = ("customers", "customer_numbers", "consents", "holdings", "customer_details")


def line(serial: int, **changes: str) -> str:
    """One sound row; ``changes`` by the names of the header."""
    row = {
        "客户号": f"C{serial:07}",
        "姓名": "王芳" if serial % 7 else "北京示例科技有限公司",
        "类型": "个人" if serial % 7 else "企业",
        "出生日期": f"19{serial % 80 + 10}-03-02",
        "开户日期": "2015-03-02",
        "等级": ("金", "银", "普通", "钻石")[serial % 4],
        "手机": f"138{serial:08}",
        "家庭电话": f"010-6234{serial // 2 % 10_000:04}" if serial % 5 == 0 else "",
        "营销同意": ("是", "否", "")[serial % 3],
        "同意日期": "2020-01-05",
        "证件号": "",
        "地址": f"北京市朝阳区{serial}号",
        "产品": "活期账户|信用卡" if serial % 2 else "储蓄账户",
    } | changes
    return ",".join(row[name] for name in HEADER.split(","))


def write_file(path: Path, lines: list[str]) -> Path:
    path.write_text("\n".join([HEADER, *lines]) + "\n", encoding="utf-8")
    return path


class Desk:
    """One database with its folder of imports, and imports into it."""

    def __init__(self, folder: Path, clock: Callable[[], float] = lambda: NOW) -> None:
        self.path = folder / "hotline.db"
        self.folder = folder / "imports"
        self.rejects = folder / "rejects.csv"
        self.clock = clock
        db.upgrade(f"sqlite:///{self.path}")
        mapping = folder / "mapping.yaml"
        mapping.write_text(MAPPING, encoding="utf-8")
        self.mapping: Mapping = load_mapping(mapping)

    @contextmanager
    def sink(self) -> Iterator[SqliteSink]:
        with closing(SqliteSink(self.path, key=KEY)) as sink:
            yield sink

    def run(self, file: Path, mapping: Mapping | None = None, **rules: Any) -> Outcome:
        given = Rules(key=KEY, numbers=NumberReader(), zone=ZoneInfo("Asia/Shanghai"), **rules)
        with self.sink() as sink:
            return import_file(
                file,
                mapping or self.mapping,
                sink,
                given,
                folder=self.folder,
                rejects=self.rejects,
                clock=self.clock,
                pause=lambda _seconds: None,
            )

    def rows(self, statement: str, *values: Any) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as database:
            return database.execute(statement, values).fetchall()

    def digest(self) -> str:
        """Of all that was imported, but for the moment of writing."""
        seen = sha256()
        for table in TABLES:
            found = self.rows(f"SELECT * FROM {table} ORDER BY 1, 2")  # noqa: S608 - our own names
            names = [row[1] for row in self.rows(f"PRAGMA table_info({table})")]
            skip = names.index("updated_at") if "updated_at" in names else -1
            for row in found:
                seen.update(repr([v for i, v in enumerate(row) if i != skip]).encode())
            seen.update(f"{table} {len(found)}".encode())
        return seen.hexdigest()

    def reasons(self) -> list[str]:
        """Of the reject file: line and reason."""
        import csv

        with self.rejects.open(encoding="utf-8-sig", newline="") as file:
            return [f"{row['line']}: {row['reason']}" for row in csv.DictReader(file)]
