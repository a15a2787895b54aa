"""A file of customers, a mapping, and what importing them leaves in the database."""

import csv
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from datetime import date
from pathlib import Path
from typing import Any, Final
from zoneinfo import ZoneInfo

from crm_lookup.importing.checking import Progress, Rules
from crm_lookup.importing.mapping import load_mapping
from crm_lookup.importing.mapping_model import Mapping
from crm_lookup.importing.ports import CustomerSink
from crm_lookup.importing.postgres import PostgresSink
from crm_lookup.importing.run import Outcome, import_file
from crm_lookup.importing.sqlite import SqliteSink
from crm_lookup.keys import DataKey
from crm_lookup.numbers import NumberReader
from crm_lookup.testing import KEY, NOW
from hotline import db
from tests.postgres_kit import databases, query

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
COLUMNS: Final = {
    "customers": "customer_id, kind, status, name, family_name, segment, segment_reason_zh, "
    "segment_reason_en, language, birth_year, gender, city_code, since, relationship_manager, "
    "external_id, source_mark",
    "customer_numbers": "customer_id, number, kind, is_primary, relation, sealed",
    "consents": "customer_id, purpose, granted_at, withdrawn_at",
    "holdings": "customer_id, product, opened, balance, currency, matures",
    "customer_details": "customer_id, id_kind, id_number, address, email",
}
"""Of the tables that imports write, all but ``updated_at``."""


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


class Desk(ABC):
    """One database with its folder of imports, and imports into it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "imports"
        self.rejects = folder / "rejects.csv"
        self.clock: Callable[[], float] = lambda: NOW
        mapping = folder / "mapping.yaml"
        mapping.write_text(MAPPING, encoding="utf-8")
        self.mapping: Mapping = load_mapping(mapping)

    @abstractmethod
    def make_sink(self, key: DataKey = KEY) -> CustomerSink:
        """Open the storage."""

    @abstractmethod
    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        """Return what a query finds; days as ISO text, truth as 0 and 1."""

    @abstractmethod
    def execute(self, statement: str) -> None:
        """Change the database beside any import."""

    @contextmanager
    def sink(self) -> Iterator[CustomerSink]:
        with closing(self.make_sink()) as sink:
            yield sink

    def run(
        self,
        file: Path,
        mapping: Mapping | None = None,
        pause: Callable[[float], None] = lambda _seconds: None,
        progress: Progress = lambda _step, _done, _all: None,
        **rules: Any,
    ) -> Outcome:
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
                pause=pause,
                progress=progress,
            )

    def content(self) -> list[str]:
        """All that was imported, but for the moment of writing."""
        found = []
        for table, columns in COLUMNS.items():
            rows = self.rows(f"SELECT {columns} FROM {table}")  # noqa: S608 - our own names
            found += sorted(f"{table} {row}" for row in rows)
        return found

    def reasons(self) -> list[str]:
        """Of the reject file: line and reason."""
        with self.rejects.open(encoding="utf-8-sig", newline="") as file:
            return [f"{row['line']}: {row['reason']}" for row in csv.DictReader(file)]


class SqliteDesk(Desk):
    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.path = folder / "hotline.db"
        db.upgrade(f"sqlite:///{self.path}")

    def make_sink(self, key: DataKey = KEY) -> CustomerSink:
        return SqliteSink(self.path, key=key)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        with closing(sqlite3.connect(self.path)) as database:
            return database.execute(statement).fetchall()

    def execute(self, statement: str) -> None:
        with closing(sqlite3.connect(self.path, timeout=0)) as database, database:
            database.execute(statement)


class PostgresDesk(Desk):
    def __init__(self, folder: Path, url: str) -> None:
        super().__init__(folder)
        self.url = url

    def make_sink(self, key: DataKey = KEY) -> CustomerSink:
        return PostgresSink(db.server_dsn(self.url), key=key)

    def rows(self, statement: str) -> list[tuple[Any, ...]]:
        return [tuple(map(_as_in_sqlite, row)) for row in query(self.url, statement)]

    def execute(self, statement: str) -> None:
        query(self.url, statement)


def _as_in_sqlite(value: Any) -> Any:
    if isinstance(value, date):
        return value.isoformat()
    return int(value) if isinstance(value, bool) else value


DESKS: Final = ("sqlite", "postgres")


@contextmanager
def desk_of(kind: str, folder: Path) -> Iterator[Desk]:
    """Lend a desk over an empty, migrated database."""
    folder.mkdir(exist_ok=True)
    if kind == "sqlite":
        yield SqliteDesk(folder)
        return
    with databases().fresh() as url:
        yield PostgresDesk(folder, url)
