"""A made-up bank as another system would deliver it: one CSV, its mapping, and what it holds."""

import csv
from collections import defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from bench.bank_data import BankShape
from bench.bank_data.people import make_people

MAPPING: Final = """\
columns:
  external_id: 客户号
  name: 姓名
  family_name: 姓
  kind: 客户类型
  status: 客户状态
  gender: 性别
  birth_year: 出生年份
  language: 语言
  since: 开户日期
  segment: 客户等级
  city_code: 区号
  relationship_manager: 客户经理
  address: 地址
numbers:
  - {column: 手机, primary: true}
  - {column: 家庭电话, kind: home, relation: household}
consents:
  - {column: 营销同意, purpose: marketing, date: 同意日期}
  - {column: 录音同意, purpose: recording, date: 同意日期}
holdings:
  - {column: 产品}
  - {product: term_deposit, amount: 定期余额, unit: fen}
  - {product: wealth, amount: 理财余额, unit: fen}
  - {product: fund, amount: 基金余额, unit: fen}
"""
HEADER: Final = (
    *("客户号", "姓名", "姓", "客户类型", "客户状态", "性别", "出生年份", "语言", "开户日期"),
    *("客户等级", "区号", "客户经理", "地址", "手机", "家庭电话", "营销同意", "录音同意"),
    *("同意日期", "产品", "定期余额", "理财余额", "基金余额"),
)
_COLUMNS: Final = (
    *("customer_id", "name", "family_name", "kind", "status", "gender", "birth_year"),
    *("language", "since", "segment", "city_code", "relationship_manager"),
)
_AMOUNTS: Final = ("term_deposit", "wealth", "fund")
TABLES: Final = (
    "customers",
    "customer_numbers",
    "consents",
    "holdings",
    "customer_details",
)


def write_bank(path: Path, shape: BankShape, *, changed: int = 0) -> dict[str, int]:
    """Write the file, and return how many rows of each table it stands for.

    Every ``changed``-th customer (0: none) has moved to another address.
    """
    held = dict.fromkeys(TABLES, 0)
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for block in shape.blocks():
            tables = make_people(shape, block).tables
            numbers: dict[str, list[str]] = defaultdict(list)
            for customer, number in _pairs(tables["customer_numbers"], "number"):
                if number not in numbers[customer]:
                    numbers[customer].append(number)
            consents: dict[str, set[str]] = defaultdict(set)
            for customer, purpose in _pairs(tables["consents"], "purpose"):
                consents[customer].add(purpose)
            holdings: dict[str, dict[str, int | None]] = defaultdict(dict)
            for (customer, product), balance in zip(
                _pairs(tables["holdings"], "product"), tables["holdings"]["balance"], strict=True
            ):
                if balance or product not in _AMOUNTS:
                    holdings[customer][product] = balance
            columns = [tables["customers"][name] for name in _COLUMNS]
            for place, row in enumerate(zip(*columns, strict=True), block.first):
                customer = row[0]
                own, products = numbers[customer], holdings[customer]
                mobile, *more = own
                moved = "新" if changed and place % changed == 0 else ""
                writer.writerow((
                    *row, f"{moved}中山路{place}号", mobile, more[0] if more else "",
                    "是" if "marketing" in consents[customer] else "",
                    "是" if "recording" in consents[customer] else "", "2025-05-26",
                    "|".join(p for p in products if p not in _AMOUNTS),
                    *(products.get(p, "") for p in _AMOUNTS),
                ))  # fmt: skip
                held["customer_numbers"] += 1 + bool(more)
                held["consents"] += len(consents[customer])
                held["holdings"] += len(products)
            held["customers"] += block.count
            held["customer_details"] += block.count
    return held


def _pairs(table: dict[str, list[str]], column: str) -> Iterator[tuple[str, str]]:
    return zip(table["customer_id"], table[column], strict=True)
